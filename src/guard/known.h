/* known.h - a set of hashes that were seen: which flows and which users at which address have
 * proved who they are. Its room is fixed, it has no lock, and it may be a little wrong: a set that
 * is full forgets somebody, and one hash in some thousands is taken for another. So it may only
 * ever open a door that something else closed.
 */
#ifndef DT_GUARD_KNOWN_H
#define DT_GUARD_KNOWN_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

struct known_set;

/* Room for about so many hashes; 4 to 8 bytes each, touched as they come. NULL: no memory. */
struct known_set *known_set_new(uint32_t count);
void known_set_free(struct known_set *set);

void known_set_add(struct known_set *set, uint64_t hash); /* any thread */
bool known_set_has(const struct known_set *set, uint64_t hash);

#endif
