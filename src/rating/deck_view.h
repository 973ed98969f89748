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

#endif
