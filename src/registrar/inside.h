/* inside.h - the registrar itself, and what its files share.
 *
 * Internal to src/registrar. A shard's lock is held for arithmetic, copying and one append to the
 * journal; never while the caller is called back, and never together with another shard's.
 */
#ifndef DT_REGISTRAR_INSIDE_H
#define DT_REGISTRAR_INSIDE_H

#include "registrar/codec.h"
#include "registrar/shard.h"

struct registrar {
    struct registrar_settings settings;
    struct journal journal;
    _Atomic bool is_loaded;
    _Atomic uint64_t memory_size; /* of all blocks */
    _Atomic uint32_t aor_count;   /* of all slots, those with nonces alone too */
    struct shard shards[SHARD_COUNT];
};

/* Locks the shard of `user` and tells its AOR's slot, or SHARD_NONE. */
struct shard *inside_enter(struct registrar *registrar, struct slice user, uint64_t *user_hash,
                           uint32_t *index);
void inside_leave(struct shard *shard);

enum inside_room { INSIDE_CEILING, INSIDE_NO_CEILING };

/* Makes the AOR of slot `index` (SHARD_NONE: a new one) what the draft says; an empty draft drops
 * it. Returns false, with nothing changed, when memory is short: a new AOR is refused at the
 * ceiling, one that is there may grow a little beyond. NO_CEILING: replay takes back what was
 * granted. *index is set to the slot, or SHARD_NONE. */
MUST_CHECK bool inside_put(struct registrar *registrar, struct shard *shard, uint32_t *index,
                           const struct draft *draft, enum inside_room room);
/* One nonce more for the AOR of slot `index`, with room as above. */
MUST_CHECK bool inside_put_nonce(struct registrar *registrar, struct shard *shard, uint32_t index,
                                 const struct nonce *nonce, int64_t now_us, enum inside_room room);
void inside_drop(struct registrar *registrar, struct shard *shard, uint32_t index);

/* Appends the AOR as it is now; SHARD_NONE: that nothing is left of `user`. */
void inside_journal(struct registrar *registrar, struct shard *shard, uint32_t index,
                    struct slice user);

#endif
