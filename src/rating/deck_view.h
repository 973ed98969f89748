/* deck_view.h - an opened deck: where its sections are. Every index in it was checked. */
#ifndef DT_RATING_DECK_VIEW_H
#define DT_RATING_DECK_VIEW_H

#include "rating/deck.h"
#include "rating/deck_object.h"

struct deck {
    struct deck_header header; /* of the first format: the fields that it lacks are 0 */
    const struct deck_rate *rates;
    const int64_t *dates;
    const struct deck_extra *extras;
    const struct zone_change *changes;
    const uint64_t *nodes;
    const uint64_t *direct;
    const struct deck_entry *entries;
    const struct window_span *spans;
    const char *text;
};

static inline const struct deck_rate *deck_entry_rate(const struct deck *deck,
                                                      const struct deck_entry *entry)
{
    return &deck->rates[entry->rate];
}

/* NULL: the row has neither minimum, free seconds, steps nor window. */
static inline const struct deck_extra *deck_rate_extra(const struct deck *deck,
                                                       const struct deck_rate *rate)
{
    return rate->extra == 0 ? NULL : &deck->extras[rate->extra - 1];
}

/* NULL: at any time. */
static inline const struct window_span *deck_entry_window(const struct deck *deck,
                                                          const struct deck_entry *entry)
{
    const struct deck_extra *extra = deck_rate_extra(deck, deck_entry_rate(deck, entry));
    return extra == NULL || extra->window == 0 ? NULL : &deck->spans[extra->window - 1];
}

static inline int64_t deck_entry_date(const struct deck *deck, const struct deck_entry *entry)
{
    return deck->dates[entry->date_more & ~DECK_ENTRY_MORE];
}

/* As deck_lookup, in a deck of either kind: rows have begun by wall_s, windows hold by local_s. */
MUST_CHECK bool deck_lookup_key(const struct deck *deck, struct slice digits, int64_t wall_s,
                                int64_t local_s, struct rate *out);

/* Calls visit(ctx, digits) for each prefix, in the order of the digits, until it says false. */
void deck_each_prefix(const struct deck *deck, bool (*visit)(void *ctx, struct slice digits),
                      void *ctx);

/* Does a row have just this prefix? */
bool deck_has_prefix(const struct deck *deck, struct slice digits);

#endif
