/* deck_view.h - an opened deck: where its sections are. Every index in it was checked. */
#ifndef DT_RATING_DECK_VIEW_H
#define DT_RATING_DECK_VIEW_H

#include "rating/deck.h"
#include "rating/deck_object.h"

struct deck {
    const struct deck_header *header;
    const struct deck_rate *rates;
    const int64_t *dates;
    const uint64_t *nodes;
    const uint64_t *direct;
    const struct deck_entry *entries;
    const char *text;
};

#endif
