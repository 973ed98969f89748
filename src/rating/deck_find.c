#include "rating/deck_view.h"

#include <string.h>

#define NO_ENTRY UINT32_MAX
#define NODES_A_LINE 8 /* of 64 bytes */
#define ASKED_LINES 6

/* Dates begin by the one, windows hold by the other: a report asks for another week's hours. */
struct moment {
    int64_t wall_s;
    int64_t local_s;         /* the wall time whose minute of the week counts */
    const struct zone *zone; /* where it is read; NULL: in the deck's */
};

struct found {
    uint32_t entry;  /* NO_ENTRY: nothing */
    uint32_t length; /* digits that matched */
};

static struct moment now_at(int64_t wall_s)
{
    return (struct moment){wall_s, wall_s, NULL};
}

static uint32_t week_minute(const struct deck *deck, struct moment when)
{
    return when.zone == NULL
               ? zone_week_minute(deck->changes, deck->header.change_count, when.local_s)
               : zone_week_minute(when.zone->changes, when.zone->change_count, when.local_s);
}

/* The entry of a run that counts: of those with the newest date that has begun, the one whose
 * window holds the moment, else the one without a window (it is the last of them). NO_ENTRY: all
 * are in the future, or none is for this hour. */
static uint32_t begun_entry(const struct deck *deck, uint32_t value, struct moment when)
{
    uint32_t at = value - 1;
    while (deck_entry_date(deck, &deck->entries[at]) > when.wall_s) {
        if ((deck->entries[at].date_more & DECK_ENTRY_MORE) == 0) {
            return NO_ENTRY;
        }
        at++;
    }
    if (deck->header.span_count == 0) {
        return at;
    }
    int64_t date = deck_entry_date(deck, &deck->entries[at]);
    for (;; at++) {
        const struct deck_entry *entry = &deck->entries[at];
        if (deck_entry_date(deck, entry) != date) {
            return NO_ENTRY;
        }
        const struct window_span *window = deck_entry_window(deck, entry);
        if (window == NULL || window_holds(window, week_minute(deck, when))) {
            return at;
        }
        if ((entry->date_more & DECK_ENTRY_MORE) == 0) {
            return NO_ENTRY;
        }
    }
}

/* Walks down from a node at `depth` and comes back up to the longest prefix with a rate that has
 * begun. Looks at no digit from `limit` on. */
static struct found descend(const struct deck *deck, uint64_t node, uint32_t depth, uint32_t limit,
                            const char *digits, struct moment when)
{
    uint32_t values[DECK_PREFIX_DIGITS_MAX + 1];
    uint32_t depths_with_value = 0; /* one bit each */
    for (;;) {
        values[depth] = deck_node_value(node);
        depths_with_value |= (values[depth] != 0 ? 1u : 0u) << depth;
        if (depth == limit) {
            break;
        }
        uint32_t digit = (uint32_t)(digits[depth] - '0');
        uint32_t children = deck_node_children(node);
        if (digit > 9 || (children >> digit & 1) == 0) {
            break;
        }
        uint32_t before = deck_bit_count(children & ((1u << digit) - 1));
        node = deck->nodes[deck_node_first_child(node) + before];
        depth++;
    }
    while (depths_with_value != 0) {
        uint32_t longest = 31 - (uint32_t)__builtin_clz(depths_with_value);
        uint32_t entry = begun_entry(deck, values[longest], when);
        if (entry != NO_ENTRY) {
            return (struct found){entry, longest};
        }
        depths_with_value &= ~(1u << longest);
    }
    return (struct found){NO_ENTRY, 0};
}

/* The node that the direct table has for the first digits; 0: none. */
static uint64_t direct_node(const struct deck *deck, struct slice digits)
{
    uint32_t number = 0;
    if (digits.size < deck->header.direct_digits) {
        return 0;
    }
    for (uint32_t i = 0; i < deck->header.direct_digits; i++) {
        uint32_t digit = (uint32_t)(digits.data[i] - '0');
        if (digit > 9) {
            return 0;
        }
        number = number * 10 + digit;
    }
    return deck->direct[number];
}

/* What is below a node of the direct table stands close behind its first child (deck_build.c),
 * mostly in these lines: to ask for them together costs one wait for memory, to come from one to
 * the next one wait for each. Behind the nodes the object goes on; to ask for too much is no error.
 */
static void ask_for_levels(const struct deck *deck, uint64_t node)
{
    const uint64_t *below = &deck->nodes[deck_node_first_child(node)];
    for (int i = 0; i < ASKED_LINES; i++) {
        __builtin_prefetch(below + i * NODES_A_LINE);
    }
}

static struct found find(const struct deck *deck, struct slice digits, struct moment when)
{
    uint32_t limit =
        digits.size < DECK_PREFIX_DIGITS_MAX ? (uint32_t)digits.size : DECK_PREFIX_DIGITS_MAX;
    uint32_t jump = deck->header.direct_digits;
    uint64_t node = direct_node(deck, digits);
    if (node != 0) {
        if (deck_node_children(node) != 0) {
            ask_for_levels(deck, node);
        }
        struct found found = descend(deck, node, jump, limit, digits.data, when);
        if (found.entry != NO_ENTRY) {
            return found;
        }
    }
    /* Nothing that long: the few nodes above the table's depth. */
    return descend(deck, deck->nodes[0], 0, limit < jump ? limit : jump, digits.data, when);
}

static void fill_rate(const struct deck *deck, struct slice digits, int64_t wall_s,
                      const struct found *found, struct rate *out)
{
    const struct deck_rate *rate = deck_entry_rate(deck, &deck->entries[found->entry]);
    const struct deck_extra *extra = deck_rate_extra(deck, rate);
    const struct deck_header *header = &deck->header;
    *out = (struct rate){.nano_per_min = rate->nano_per_min,
                         .fee_micro = rate->fee_micro,
                         .first_s = rate->first_s,
                         .next_s = rate->next_s,
                         .rounding = (uint8_t)header->rounding,
                         .at_s = wall_s,
                         .deck_id = header->id,
                         .deck_version = header->version};
    if (extra != NULL) {
        out->minimum_micro = extra->minimum_micro;
        out->free_s = extra->free_s;
        out->step_count = (uint8_t)extra->step_count;
        memcpy(out->step_nano, extra->step_nano, sizeof(out->step_nano));
        memcpy(out->step_from_s, extra->step_from_s, sizeof(out->step_from_s));
    }
    memcpy(out->prefix, digits.data, found->length);
    memcpy(out->currency, header->currency, sizeof(out->currency));
}

struct tri deck_lookup(const struct deck *deck, struct slice digits, int64_t wall_s,
                       struct rate *out)
{
    return deck_lookup_in_zone(deck, digits, wall_s, NULL, out);
}

struct tri deck_lookup_in_zone(const struct deck *deck, struct slice digits, int64_t wall_s,
                               const struct zone *zone, struct rate *out)
{
    struct moment when = {wall_s, wall_s, zone};
    struct found found =
        deck->header.kind == DECK_CALLS ? find(deck, digits, when) : (struct found){NO_ENTRY, 0};
    if (found.entry == NO_ENTRY) {
        return (struct tri){TRI_ABSENT};
    }
    fill_rate(deck, digits, wall_s, &found, out);
    return (struct tri){TRI_PRESENT};
}

struct tri deck_lookup_message(const struct deck *deck, const struct deck_network *network,
                               struct slice digits, int64_t wall_s, struct rate *out)
{
    char key[DECK_NETWORK_KEY_SIZE];
    if (deck->header.kind != DECK_MESSAGES) {
        return (struct tri){TRI_ABSENT};
    }
    /* A network's key does not begin with another's, so what is found is it or its country. */
    size_t key_size = deck_network_key(network, key);
    struct found found = {NO_ENTRY, 0};
    if (key_size > 0) {
        found = find(deck, slice_make(key, key_size), now_at(wall_s));
    }
    if (found.entry != NO_ENTRY) {
        fill_rate(deck, slice_make(key, key_size), wall_s, &found, out);
        return (struct tri){TRI_PRESENT};
    }
    bool is_number = digits.size > 0 && digits.data[0] != DECK_NETWORK_MARK;
    found = is_number ? find(deck, digits, now_at(wall_s)) : found;
    if (found.entry == NO_ENTRY) {
        return (struct tri){TRI_ABSENT};
    }
    fill_rate(deck, digits, wall_s, &found, out);
    return (struct tri){TRI_PRESENT};
}

bool deck_lookup_key(const struct deck *deck, struct slice digits, int64_t wall_s, int64_t local_s,
                     struct rate *out)
{
    struct found found = find(deck, digits, (struct moment){wall_s, local_s, NULL});
    if (found.entry == NO_ENTRY) {
        return false;
    }
    fill_rate(deck, digits, wall_s, &found, out);
    return true;
}

struct slice deck_description(const struct deck *deck, struct slice digits, int64_t wall_s)
{
    struct found found = find(deck, digits, now_at(wall_s));
    return found.entry == NO_ENTRY
               ? (struct slice){NULL, 0}
               : slice_from_text(deck->text + deck->entries[found.entry].description);
}
