#include "rating/deck_sort.h"

#include <stdlib.h>
#include <string.h>

#define RADIX_BITS 8
#define RADIX_COUNT (1 << RADIX_BITS)
#define RADIX_PASSES (64 / RADIX_BITS)

struct sort_item {
    uint64_t key;
    uint32_t row;
};

static uint32_t radix_of(uint64_t key, int pass)
{
    return (uint32_t)(key >> (pass * RADIX_BITS)) & (RADIX_COUNT - 1);
}

/* Sorts by key, rows of one key in their order; the items end up in *items (the two are swapped as
 * needed). Half a million keys: a tenth of what qsort takes. */
static void radix_sort(struct sort_item **items, struct sort_item **spare, uint32_t count)
{
    uint32_t counts[RADIX_PASSES][RADIX_COUNT] = {{0}};
    for (uint32_t i = 0; i < count; i++) {
        for (int pass = 0; pass < RADIX_PASSES; pass++) {
            counts[pass][radix_of((*items)[i].key, pass)]++;
        }
    }
    for (int pass = 0; pass < RADIX_PASSES; pass++) {
        if (counts[pass][radix_of((*items)[0].key, pass)] == count) {
            continue; /* all the same here */
        }
        uint32_t at = 0;
        for (int i = 0; i < RADIX_COUNT; i++) {
            uint32_t next = at + counts[pass][i];
            counts[pass][i] = at;
            at = next;
        }
        for (uint32_t i = 0; i < count; i++) {
            (*spare)[counts[pass][radix_of((*items)[i].key, pass)]++] = (*items)[i];
        }
        struct sort_item *sorted = *spare;
        *spare = *items;
        *items = sorted;
    }
}

struct dated { /* a row of one prefix */
    int64_t date;
    const struct deck_row *row;
};

static int newest_first(const void *left, const void *right)
{
    const struct dated *a = left;
    const struct dated *b = right;
    if (a->date != b->date) {
        return a->date > b->date ? -1 : 1;
    }
    return (a->row->line > b->row->line) - (a->row->line < b->row->line);
}

struct gather { /* scratch for the rows of one prefix */
    struct list dated;
    struct list entries;
};

static const struct dated *dated_at(const struct gather *gather, uint32_t index)
{
    return (const struct dated *)(const void *)gather->dated.items + index;
}

/* Turns the rows gathered for one prefix into its run of entries. False: no memory. */
static bool close_prefix(struct deck_runs *runs, struct gather *gather, struct deck_build *build)
{
    uint32_t count = gather->dated.count;
    if (count > 1) {
        qsort(gather->dated.items, count, sizeof(struct dated), newest_first);
    }
    gather->entries.count = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct dated *dated = dated_at(gather, i);
        if (i > 0 && dated->date == dated_at(gather, i - 1)->date) {
            char digits[DECK_PREFIX_DIGITS_MAX + 1];
            deck_key_text(dated->row->key, digits);
            deck_problem_add(build, dated->row->line,
                             "prefix %s has a row with the same effective date in line %u", digits,
                             dated_at(gather, i - 1)->row->line);
        }
        struct deck_entry entry = {.rate = dated->row->rate,
                                   .description = dated->row->description,
                                   .date_more =
                                       dated->row->date | (i + 1 < count ? DECK_ENTRY_MORE : 0)};
        if (!list_add(&gather->entries, &entry, 1)) {
            return false;
        }
    }
    uint32_t first = 0;
    if (!intern_run(&runs->entries, gather->entries.items, count, &first)) {
        return false;
    }
    struct deck_prefix prefix = {.key = dated_at(gather, 0)->row->key, .value = first + 1};
    gather->dated.count = 0;
    return list_add(&runs->prefixes, &prefix, 1);
}

static bool gather_runs(struct deck_runs *runs, struct gather *gather, const struct deck_rows *rows,
                        const struct sort_item *items, struct deck_build *build)
{
    const struct deck_row *all = (const struct deck_row *)(const void *)rows->rows.items;
    const int64_t *dates = (const int64_t *)(const void *)rows->dates.list.items;
    for (uint32_t i = 0; i < rows->rows.count; i++) {
        const struct deck_row *row = &all[items[i].row];
        struct dated dated = {.date = dates[row->date], .row = row};
        if (!list_add(&gather->dated, &dated, 1)) {
            return false;
        }
        bool is_last = i + 1 == rows->rows.count || items[i + 1].key != items[i].key;
        if (is_last && !close_prefix(runs, gather, build)) {
            return false;
        }
    }
    return true;
}

bool deck_runs_make(struct deck_runs *runs, const struct deck_rows *rows, struct deck_build *build)
{
    uint32_t count = rows->rows.count;
    *runs = (struct deck_runs){.prefixes.item_size = sizeof(struct deck_prefix)};
    struct gather gather = {.dated.item_size = sizeof(struct dated),
                            .entries.item_size = sizeof(struct deck_entry)};
    struct sort_item *items = malloc(count * sizeof(*items));
    struct sort_item *spare = malloc(count * sizeof(*spare));
    bool is_ok = intern_init(&runs->entries, sizeof(struct deck_entry), count) && items != NULL &&
                 spare != NULL;
    if (is_ok) {
        const struct deck_row *all = (const struct deck_row *)(const void *)rows->rows.items;
        for (uint32_t i = 0; i < count; i++) {
            items[i] = (struct sort_item){.key = all[i].key, .row = i};
        }
        radix_sort(&items, &spare, count);
        is_ok = gather_runs(runs, &gather, rows, items, build);
    }
    free(items);
    free(spare);
    list_done(&gather.dated);
    list_done(&gather.entries);
    return is_ok;
}

void deck_runs_done(struct deck_runs *runs)
{
    list_done(&runs->prefixes);
    intern_done(&runs->entries);
}
