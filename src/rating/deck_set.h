/* deck_set.h - the decks in force, by id: an immutable set, swapped by pointer. */
#ifndef DT_RATING_DECK_SET_H
#define DT_RATING_DECK_SET_H

#include "base/epoch.h"
#include "rating/deck.h"

#define DECK_SET_MAX 1024

struct deck_set; /* readers look decks up in it while their epoch is online */

struct deck_set *deck_set_new(struct epoch *epoch);
void deck_set_free(struct deck_set *set);

/* NULL: no such deck here. */
const struct deck *deck_set_find(const struct deck_set *set, uint32_t id);

/* Writer: puts a deck in the place of the one with its id. The set takes the deck and calls
 * release(ctx, deck) through the epoch when no reader can hold it any more. False: too many. */
MUST_CHECK bool deck_set_put(struct deck_set *set, struct deck *deck,
                             void (*release)(struct deck *deck));
void deck_set_remove(struct deck_set *set, uint32_t id);

#define DECK_SET_ZONES_MAX 1024 /* there are some 600 */

/* Time zones that accounts have their windows in. NULL: not here; then the deck's own counts. What
 * is found lives as long as the set. */
const struct zone *deck_set_zone(const struct deck_set *set, const char *name);
/* Writer: a zone that is not there yet is copied. False: too many, or no memory. */
MUST_CHECK bool deck_set_put_zone(struct deck_set *set, const struct zone *zone);

#endif
