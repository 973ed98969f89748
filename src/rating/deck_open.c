#include "rating/deck_view.h"

#include <stdlib.h>
#include <string.h>

static bool is_header_good(const struct deck_header *header)
{
    return header->currency[sizeof(header->currency) - 1] == '\0' && header->rounding <= MONEY_UP &&
           header->kind <= DECK_MESSAGES && header->change_count <= ZONE_CHANGES_MAX &&
           header->zone_name[sizeof(header->zone_name) - 1] == '\0' && header->node_count >= 1 &&
           header->entry_count < DECK_NODE_VALUE_MAX && header->date_count < DECK_ENTRY_MORE &&
           header->row_count <= DECK_ROWS_MAX;
}

/* Its children lie behind `index`, inside the nodes, and its entries inside the entries. */
static bool is_node_good(const struct deck_header *header, uint64_t node, uint32_t index)
{
    uint64_t first = deck_node_first_child(node);
    uint32_t count = deck_bit_count(deck_node_children(node));
    return deck_node_value(node) <= header->entry_count &&
           (count == 0 || (first > index && first + count <= header->node_count));
}

/* A node has one parent only: a walk takes no more steps than there are nodes. */
static bool are_nodes_good(const struct deck *deck)
{
    const struct deck_header *header = &deck->header;
    uint8_t *has_parent = calloc(header->node_count / 8 + 1, 1);
    if (has_parent == NULL) {
        return false;
    }
    bool is_good = true;
    uint32_t prefix_count = 0;
    for (uint32_t i = 0; is_good && i < header->node_count; i++) {
        uint64_t node = deck->nodes[i];
        is_good = is_node_good(header, node, i);
        uint32_t child = deck_node_first_child(node);
        uint32_t behind = child + deck_bit_count(deck_node_children(node));
        for (; is_good && child < behind; child++) {
            uint8_t bit = (uint8_t)(1u << (child % 8));
            is_good = (has_parent[child / 8] & bit) == 0;
            has_parent[child / 8] |= bit;
        }
        prefix_count += deck_node_value(node) != 0 ? 1 : 0;
    }
    free(has_parent);
    return is_good && prefix_count == header->prefix_count;
}

static bool is_direct_good(const struct deck *deck)
{
    uint32_t count = deck_direct_count(deck->header.direct_digits);
    for (uint32_t i = 0; i < count; i++) {
        if (!is_node_good(&deck->header, deck->direct[i], 0)) {
            return false;
        }
    }
    return true;
}

static bool are_entries_good(const struct deck *deck)
{
    const struct deck_header *header = &deck->header;
    for (uint32_t i = 0; i < header->entry_count; i++) {
        const struct deck_entry *entry = &deck->entries[i];
        if (entry->rate >= header->rate_count || entry->description >= header->text_size ||
            (entry->date_more & ~DECK_ENTRY_MORE) >= header->date_count) {
            return false;
        }
    }
    /* A run that does not end would leave the section. */
    return header->entry_count == 0 ||
           (deck->entries[header->entry_count - 1].date_more & DECK_ENTRY_MORE) == 0;
}

static bool are_rates_good(const struct deck *deck)
{
    for (uint32_t i = 0; i < deck->header.rate_count; i++) {
        const struct deck_rate *rate = &deck->rates[i];
        if (rate->nano_per_min < 0 || rate->fee_micro < 0 || rate->first_s == 0 ||
            rate->next_s == 0 || rate->extra > deck->header.extra_count) {
            return false;
        }
    }
    return true;
}

static bool is_extra_good(const struct deck *deck, const struct deck_extra *extra)
{
    if (extra->minimum_micro < 0 || extra->step_count > RATE_STEPS_MAX ||
        extra->window > deck->header.span_count) {
        return false;
    }
    for (int i = 0; i < extra->step_count; i++) {
        uint32_t before_s = i > 0 ? extra->step_from_s[i - 1] : 0;
        if (extra->step_nano[i] < 0 || extra->step_from_s[i] <= before_s) {
            return false;
        }
    }
    return true;
}

static bool are_extras_good(const struct deck *deck)
{
    for (uint32_t i = 0; i < deck->header.extra_count; i++) {
        if (!is_extra_good(deck, &deck->extras[i])) {
            return false;
        }
    }
    return true;
}

/* A window that does not end would leave the section. */
static bool are_spans_good(const struct deck *deck)
{
    uint32_t count = deck->header.span_count;
    for (uint32_t i = 0; i < count; i++) {
        const struct window_span *span = &deck->spans[i];
        if (span->from != WINDOW_END && (span->from >= span->to || span->to > WINDOW_MINUTES)) {
            return false;
        }
    }
    return count == 0 || deck->spans[count - 1].from == WINDOW_END;
}

static bool are_changes_good(const struct deck *deck)
{
    for (uint32_t i = 0; i < deck->header.change_count; i++) {
        const struct zone_change *change = &deck->changes[i];
        bool is_later =
            i == 0 ? change->from_s == INT64_MIN : change->from_s > deck->changes[i - 1].from_s;
        if (!is_later || change->offset_s > 26 * 3600 || change->offset_s < -26 * 3600) {
            return false;
        }
    }
    return true;
}

static bool is_text_good(const struct deck *deck)
{
    return deck->header.text_size == 0 || deck->text[deck->header.text_size - 1] == '\0';
}

/* The header, in full for either format; false: not a deck's. */
static bool read_header(const uint8_t *object, size_t object_size, struct deck_header *out)
{
    char magic[sizeof(out->magic)];
    if (object == NULL || (uintptr_t)object % _Alignof(struct deck_header) != 0 ||
        object_size < sizeof(magic)) {
        return false;
    }
    memcpy(magic, object, sizeof(magic));
    size_t size = deck_header_size(magic);
    if (size == 0 || object_size < size) {
        return false;
    }
    *out = (struct deck_header){.kind = DECK_CALLS};
    memcpy(out, object, size);
    return is_header_good(out);
}

struct deck *deck_open(const uint8_t *object, size_t object_size)
{
    struct deck_layout at;
    struct deck_header header;
    if (!read_header(object, object_size, &header) || !deck_layout_make(&header, &at) ||
        header.object_size != object_size || at.object_size != object_size ||
        header.checksum != deck_checksum(object, object_size)) {
        return NULL;
    }
    struct deck *deck = malloc(sizeof(*deck));
    if (deck == NULL) {
        return NULL;
    }
    *deck = (struct deck){.header = header,
                          .rates = (const void *)(object + at.rates),
                          .dates = (const void *)(object + at.dates),
                          .extras = (const void *)(object + at.extras),
                          .changes = (const void *)(object + at.changes),
                          .nodes = (const void *)(object + at.nodes),
                          .direct = (const void *)(object + at.direct),
                          .entries = (const void *)(object + at.entries),
                          .spans = (const void *)(object + at.spans),
                          .text = (const void *)(object + at.text)};
    if (!are_nodes_good(deck) || !is_direct_good(deck) || !are_entries_good(deck) ||
        !are_rates_good(deck) || !are_extras_good(deck) || !are_spans_good(deck) ||
        !are_changes_good(deck) || !is_text_good(deck)) {
        deck_close(deck);
        return NULL;
    }
    return deck;
}

void deck_close(struct deck *deck)
{
    free(deck);
}

uint32_t deck_id(const struct deck *deck)
{
    return deck->header.id;
}

uint32_t deck_version(const struct deck *deck)
{
    return deck->header.version;
}

const char *deck_currency(const struct deck *deck)
{
    return deck->header.currency;
}

uint32_t deck_prefix_count(const struct deck *deck)
{
    return deck->header.prefix_count;
}

enum deck_kind deck_kind(const struct deck *deck)
{
    return (enum deck_kind)deck->header.kind;
}

const char *deck_time_zone(const struct deck *deck)
{
    return deck->header.zone_name[0] == '\0' ? "UTC" : deck->header.zone_name;
}

const char *deck_kind_name(enum deck_kind kind)
{
    switch (kind) {
    case DECK_CALLS:
        return "calls";
    case DECK_MESSAGES:
        return "messages";
    }
    return "calls";
}

bool deck_kind_parse(struct slice name, enum deck_kind *out)
{
    bool is_messages = slice_equal(name, SLICE("messages"));
    if (!is_messages && !slice_equal(name, SLICE("calls"))) {
        return false;
    }
    *out = is_messages ? DECK_MESSAGES : DECK_CALLS;
    return true;
}
