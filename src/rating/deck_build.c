#include "rating/deck_object.h"
#include "rating/deck_rows.h"
#include "rating/deck_sort.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct trie {                           /* while it is made */
    const struct deck_prefix *prefixes; /* sorted */
    struct list nodes;                  /* uint64_t */
    uint64_t *direct;
    uint32_t direct_digits;
};

/* A part of the sorted prefixes that share their first `depth` digits. */
struct part {
    uint32_t from, to;
    uint32_t depth;
    uint32_t number; /* those digits as a number, while depth <= direct_digits */
};

static uint32_t digit_of(const struct trie *trie, uint32_t prefix, uint32_t depth)
{
    return (uint32_t)(trie->prefixes[prefix].key >> (60 - 4 * depth)) & 0xf;
}

/* Cuts a part (without the prefix that ends here) by its next digit. */
static int cut(const struct trie *trie, const struct part *part, struct part children[10],
               uint32_t *child_bits)
{
    int count = 0;
    *child_bits = 0;
    for (uint32_t at = part->from; at < part->to; at++) {
        uint32_t digit = digit_of(trie, at, part->depth) - 1;
        assert(digit < 10); /* they are sorted, each once: all but the first go on */
        if ((*child_bits >> digit & 1) == 0) {
            *child_bits |= 1u << digit;
            bool has_number = part->depth < trie->direct_digits;
            children[count++] = (struct part){.from = at,
                                              .depth = part->depth + 1,
                                              .number = has_number ? part->number * 10 + digit : 0};
        }
        children[count - 1].to = at + 1;
    }
    return count;
}

/* Fills in one node and all below it; they come behind it, near to each other. The depth is at
 * most DECK_PREFIX_DIGITS_MAX. False: no memory. */
static bool fill_node(struct trie *trie, uint32_t node, struct part part)
{
    uint32_t value = 0;
    bool ends_here =
        part.depth == DECK_PREFIX_DIGITS_MAX || digit_of(trie, part.from, part.depth) == 0;
    if (ends_here && part.depth > 0) {
        value = trie->prefixes[part.from++].value;
    }
    struct part children[10];
    uint32_t child_bits = 0;
    int count = cut(trie, &part, children, &child_bits);
    uint32_t first_child = trie->nodes.count;
    static const uint64_t empty[10];
    if (!list_add(&trie->nodes, empty, (uint32_t)count)) {
        return false;
    }
    uint64_t made = deck_node_make(child_bits, value, first_child);
    ((uint64_t *)(void *)trie->nodes.items)[node] = made;
    if (part.depth == trie->direct_digits) {
        trie->direct[part.number] = made;
    }
    for (int i = 0; i < count; i++) {
        if (!fill_node(trie, first_child + (uint32_t)i, children[i])) {
            return false;
        }
    }
    return true;
}

static bool trie_make(struct trie *trie, const struct list *prefixes)
{
    trie->prefixes = (const struct deck_prefix *)(const void *)prefixes->items;
    trie->nodes = (struct list){.item_size = sizeof(uint64_t)};
    trie->direct_digits =
        prefixes->count >= DECK_DIRECT_MANY_FROM ? DECK_DIRECT_DIGITS_MANY : DECK_DIRECT_DIGITS_FEW;
    trie->direct = calloc(deck_direct_count(trie->direct_digits), sizeof(uint64_t));
    static const uint64_t root;
    return trie->direct != NULL && list_add(&trie->nodes, &root, 1) &&
           fill_node(trie, 0, (struct part){.from = 0, .to = prefixes->count});
}

static void put_section(uint8_t *object, size_t at, const void *items, size_t size)
{
    if (size > 0) {
        assert(items != NULL);
        memcpy(object + at, items, size);
    }
}

static bool write_object(const struct deck_rows *rows, const struct deck_runs *runs,
                         const struct trie *trie, const struct deck_terms *terms,
                         struct deck_build *out)
{
    const struct zone *zone = terms->zone;
    struct deck_header header = {.magic = DECK_MAGIC,
                                 .id = terms->id,
                                 .version = terms->version,
                                 .rounding = terms->rounding,
                                 .prefix_count = runs->prefixes.count,
                                 .row_count = rows->rows.count,
                                 .rate_count = rows->rates.list.count,
                                 .date_count = rows->dates.list.count,
                                 .node_count = trie->nodes.count,
                                 .direct_digits = trie->direct_digits,
                                 .entry_count = runs->entries.list.count,
                                 .text_size = rows->text.list.count,
                                 .kind = terms->kind,
                                 .extra_count = rows->extras.list.count,
                                 .change_count = zone == NULL ? 0 : zone->change_count,
                                 .span_count = rows->spans.list.count};
    memcpy(header.currency, terms->currency, sizeof(header.currency) - 1);
    if (zone != NULL) {
        memcpy(header.zone_name, zone->name, sizeof(header.zone_name));
    }
    struct deck_layout at;
    bool is_laid_out = deck_layout_make(&header, &at);
    assert(is_laid_out);
    header.object_size = at.object_size;
    uint8_t *object = malloc(at.object_size);
    if (object == NULL) {
        return false;
    }
    put_section(object, 0, &header, sizeof(header));
    put_section(object, at.rates, rows->rates.list.items, at.dates - at.rates);
    put_section(object, at.dates, rows->dates.list.items, at.extras - at.dates);
    put_section(object, at.extras, rows->extras.list.items, at.changes - at.extras);
    put_section(object, at.changes, zone == NULL ? NULL : zone->changes, at.nodes - at.changes);
    put_section(object, at.nodes, trie->nodes.items, at.direct - at.nodes);
    put_section(object, at.direct, trie->direct, at.entries - at.direct);
    put_section(object, at.entries, runs->entries.list.items, at.spans - at.entries);
    put_section(object, at.spans, rows->spans.list.items, at.text - at.spans);
    put_section(object, at.text, rows->text.list.items, at.object_size - at.text);
    header.checksum = deck_checksum(object, at.object_size);
    put_section(object, 0, &header, sizeof(header));
    out->object = object;
    out->object_size = at.object_size;
    out->row_count = header.row_count;
    out->prefix_count = header.prefix_count;
    return true;
}

/* False: no memory. A deck with problems is not made. */
static bool compile(struct deck_rows *rows, struct deck_runs *runs, struct trie *trie,
                    struct slice csv, const struct deck_terms *terms, struct deck_build *out)
{
    if (!deck_rows_read(rows, csv, terms->kind, out)) {
        return false;
    }
    /* Also after problems: two rows for the same time are named in the same answer. */
    if (rows->rows.count > 0 && !deck_runs_make(runs, rows, out)) {
        return false;
    }
    if (out->problem_count > 0) {
        return true;
    }
    return trie_make(trie, &runs->prefixes) && write_object(rows, runs, trie, terms, out);
}

bool deck_compile(struct slice csv, const struct deck_terms *terms, struct deck_build *out)
{
    memset(out, 0, sizeof(*out));
    struct deck_rows rows = {0};
    struct deck_runs runs = {0};
    struct trie trie = {0};
    if (!compile(&rows, &runs, &trie, csv, terms, out)) {
        deck_problem_add(out, 0, "there is not enough memory to compile this deck");
    }
    deck_rows_done(&rows);
    deck_runs_done(&runs);
    list_done(&trie.nodes);
    free(trie.direct);
    return out->object != NULL;
}

void deck_build_done(struct deck_build *build)
{
    if (build != NULL) {
        free(build->object);
        build->object = NULL;
        build->object_size = 0;
    }
}
