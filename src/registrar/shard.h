/* shard.h - one of the registrar's 64 parts: its AORs, found by user, by connection, by due time.
 *
 * Internal to src/registrar. Everything here is called with the shard's lock held. An AOR has a
 * slot; the slot's index stays while the AOR's block is replaced. Due times are kept in buckets of
 * one second: a refresh leaves its AOR in the old bucket, and the sweep that finds it there moves
 * it on, so a refresh costs no list work.
 */
#ifndef DT_REGISTRAR_SHARD_H
#define DT_REGISTRAR_SHARD_H

#include "base/map.h"
#include "registrar/record.h"

#include <pthread.h>
#include <stdatomic.h>

#define SHARD_COUNT 64
#define SHARD_BUCKETS 1024 /* seconds; what is due later is looked at and moved on */
#define SHARD_NONE UINT32_MAX

struct slot {
    struct aor *aor;         /* NULL: free */
    uint32_t next, previous; /* in its bucket; free slots are chained by next */
    uint32_t bucket;         /* SHARD_NONE: in none */
};

struct shard {
    _Alignas(64) pthread_mutex_t lock;
    struct map by_user;       /* hash of the user -> slot */
    struct map by_connection; /* hash of the connection's id -> slot */
    struct slot *slots;
    uint32_t slot_max;
    uint32_t slot_used; /* slots ever taken */
    uint32_t first_free;
    uint32_t aor_count; /* with a binding */
    uint32_t binding_count;
    uint64_t block_size; /* of all blocks, with what malloc adds */
    bool is_started;
    int64_t swept_s;        /* buckets up to this second are done */
    int64_t wall_offset_us; /* wall time less monotonic time, as last heard */
    uint32_t buckets[SHARD_BUCKETS];
};

MUST_CHECK bool shard_init(struct shard *shard, uint32_t slot_max); /* false: no memory */
void shard_done(struct shard *shard);                               /* also after a failed init */

/* Each entry point tells what time it is before it changes anything. */
void shard_tell_time(struct shard *shard, struct reg_now now);

uint32_t shard_find(const struct shard *shard, uint64_t user_hash, struct slice user);
uint64_t shard_connection_hash(uint64_t connection); /* its key in by_connection */
bool shard_has_room(const struct shard *shard);      /* for one more AOR */

/* Puts `aor` (malloc'd; owned by the shard from here on) in place of slot `index`'s block, or in a
 * new slot (SHARD_NONE), and files it by connection and due time. Room was checked. */
uint32_t shard_put(struct shard *shard, uint32_t index, struct aor *aor, int64_t due_us);
void shard_drop(struct shard *shard, uint32_t index); /* the AOR goes; its block is freed */
void shard_file(struct shard *shard, uint32_t index, int64_t due_us);

/* The next slot whose bucket has come by now_us, taken out of its bucket: file it again or drop
 * it. SHARD_NONE: no more. */
uint32_t shard_sweep(struct shard *shard, int64_t now_us);
/* When to sweep again, if that is before until_us: what is due later is not looked for. INT64_MAX:
 * all empty. */
int64_t shard_next_us(const struct shard *shard, int64_t until_us);

size_t shard_block_cost(size_t block_size); /* what malloc makes of it */

#endif
