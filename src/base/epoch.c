#include "base/epoch.h"

#include <assert.h>
#include <stddef.h>

#define ASLEEP UINT64_MAX

void epoch_init(struct epoch *epoch)
{
    atomic_init(&epoch->now, 1);
    for (int i = 0; i < EPOCH_READERS_MAX; i++) {
        atomic_init(&epoch->readers[i].seen, ASLEEP);
    }
    epoch->retired_count = 0;
}

void epoch_done(struct epoch *epoch)
{
    if (epoch == NULL) {
        return;
    }
    for (int i = 0; i < epoch->retired_count; i++) {
        epoch->retired[i].free_object(epoch->retired[i].object);
    }
    epoch->retired_count = 0;
}

void epoch_online(struct epoch *epoch, int reader)
{
    assert(reader >= 0 && reader < EPOCH_READERS_MAX);
    /* Sequentially consistent on both sides: either the writer sees this reader, or this reader's
     * next load of a pointer sees what the writer put there before it retired the old object. */
    atomic_store(&epoch->readers[reader].seen, atomic_load(&epoch->now));
}

void epoch_offline(struct epoch *epoch, int reader)
{
    assert(reader >= 0 && reader < EPOCH_READERS_MAX);
    atomic_store_explicit(&epoch->readers[reader].seen, ASLEEP, memory_order_release);
}

bool epoch_retire(struct epoch *epoch, void *object, void (*free_object)(void *))
{
    if (epoch->retired_count == EPOCH_RETIRED_MAX) {
        return false;
    }
    int at = epoch->retired_count++;
    epoch->retired[at].object = object;
    epoch->retired[at].free_object = free_object;
    epoch->retired[at].at = atomic_fetch_add(&epoch->now, 1);
    return true;
}

void epoch_reclaim(struct epoch *epoch)
{
    uint64_t oldest = ASLEEP;
    for (int i = 0; i < EPOCH_READERS_MAX; i++) {
        uint64_t seen = atomic_load(&epoch->readers[i].seen);
        oldest = seen < oldest ? seen : oldest;
    }
    /* In the order in which they were retired, so the first that must stay ends the run. */
    int freed = 0;
    while (freed < epoch->retired_count && epoch->retired[freed].at < oldest) {
        epoch->retired[freed].free_object(epoch->retired[freed].object);
        freed++;
    }
    for (int i = freed; freed > 0 && i < epoch->retired_count; i++) {
        epoch->retired[i - freed] = epoch->retired[i];
    }
    epoch->retired_count -= freed;
}
