/* epoch.h - when may an object that readers may still look at be freed?
 *
 * Quiescent-state reclamation: the readers are a fixed set of threads, each of which says when it
 * holds no pointer (between batches, and while it sleeps). The writer swaps a pointer, retires the
 * old object, and frees it once every reader has passed such a point. Readers pay one store.
 */
#ifndef DT_BASE_EPOCH_H
#define DT_BASE_EPOCH_H

#include "base/attr.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define EPOCH_READERS_MAX 64
#define EPOCH_RETIRED_MAX 1024

struct epoch {
    _Atomic uint64_t now;
    struct {
        _Alignas(64) _Atomic uint64_t seen; /* UINT64_MAX: asleep, holds nothing */
    } readers[EPOCH_READERS_MAX];
    struct {
        void *object;
        void (*free_object)(void *object);
        uint64_t at;
    } retired[EPOCH_RETIRED_MAX];
    int retired_count;
};

void epoch_init(struct epoch *epoch);
void epoch_done(struct epoch *epoch); /* frees what is still retired: no reader may be left */
void epoch_online(struct epoch *epoch, int reader);  /* from here on pointers may be held */
void epoch_offline(struct epoch *epoch, int reader); /* none is held */

/* Writer only. False: too many are retired; the object was not taken (try after epoch_reclaim). */
MUST_CHECK bool epoch_retire(struct epoch *epoch, void *object, void (*free_object)(void *));
void epoch_reclaim(struct epoch *epoch);

#endif
