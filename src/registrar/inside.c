#include "registrar/inside.h"

#include "base/hash.h"
#include "base/pages.h"

#include <stdlib.h>

#define NONCE_LIFE_S 3600
#define SHARD_SLOTS_EXTRA 64 /* hashing fills shards unevenly: 25 % and this much to spare */
#define GROWTH_PART 16       /* AORs that are there may exceed the ceiling by 1/16 of it */

struct registrar *registrar_new(const struct registrar_settings *settings, struct journal journal)
{
    struct registrar *registrar = pages_take(sizeof(*registrar));
    if (registrar == NULL) {
        return NULL;
    }
    registrar->settings = *settings;
    registrar->journal = journal;
    if (settings->contacts_max < 1 || settings->contacts_max > REG_CONTACTS_MAX) {
        registrar->settings.contacts_max = REG_CONTACTS_MAX;
    }
    if (settings->nonce_life_s <= 0) {
        registrar->settings.nonce_life_s = NONCE_LIFE_S;
    }
    uint32_t slot_max = settings->aor_count_max / SHARD_COUNT;
    slot_max += slot_max / 4 + SHARD_SLOTS_EXTRA;
    bool is_made = true;
    for (int i = 0; i < SHARD_COUNT; i++) {
        is_made &= shard_init(&registrar->shards[i], slot_max);
    }
    if (!is_made) {
        registrar_free(registrar);
        return NULL;
    }
    return registrar;
}

void registrar_free(struct registrar *registrar)
{
    if (registrar == NULL) {
        return;
    }
    for (int i = 0; i < SHARD_COUNT; i++) {
        shard_done(&registrar->shards[i]);
    }
    pages_give(registrar, sizeof(*registrar));
}

const char *reg_result_name(enum reg_result result)
{
    switch (result) {
    case REG_UNKNOWN:
        return "unknown";
    case REG_DONE:
        return "done";
    case REG_REPEATED:
        return "repeated";
    case REG_OUT_OF_ORDER:
        return "out-of-order";
    case REG_TOO_BRIEF:
        return "too-brief";
    case REG_TOO_MANY:
        return "too-many-contacts";
    case REG_BAD_CONTACT:
        return "bad-contact";
    case REG_FULL:
        return "full";
    }
    return "?";
}

struct shard *inside_enter(struct registrar *registrar, struct slice user, uint64_t *user_hash,
                           uint32_t *index)
{
    *user_hash = hash_slice(registrar->settings.hash_seed, user);
    /* The map uses the low bits. */
    struct shard *shard = &registrar->shards[*user_hash >> 58];
    pthread_mutex_lock(&shard->lock);
    *index = shard_find(shard, *user_hash, user);
    return shard;
}

void inside_leave(struct shard *shard)
{
    pthread_mutex_unlock(&shard->lock);
}

static bool has_room(struct registrar *registrar, const struct shard *shard, uint32_t index,
                     size_t block_size)
{
    uint64_t memory_max = registrar->settings.memory_max;
    uint64_t cost = shard_block_cost(block_size);
    uint64_t memory_size = atomic_load_explicit(&registrar->memory_size, memory_order_relaxed);
    if (index == SHARD_NONE) {
        return atomic_load_explicit(&registrar->aor_count, memory_order_relaxed) <
                   registrar->settings.aor_count_max &&
               memory_size + cost <= memory_max;
    }
    uint64_t old_cost = shard_block_cost(shard->slots[index].aor->block_size);
    return cost <= old_cost ||
           memory_size + cost - old_cost <= memory_max + memory_max / GROWTH_PART;
}

static uint32_t put_block(struct registrar *registrar, struct shard *shard, uint32_t index,
                          struct aor *aor)
{
    uint64_t before_size = shard->block_size;
    index = shard_put(shard, index, aor, aor_due_us(aor, registrar->settings.nonce_life_s));
    atomic_fetch_add_explicit(&registrar->memory_size, shard->block_size - before_size,
                              memory_order_relaxed);
    return index;
}

bool inside_put(struct registrar *registrar, struct shard *shard, uint32_t *index,
                const struct draft *draft, enum inside_room room)
{
    if (draft->contact_count == 0 && draft->nonce_count == 0) {
        if (*index != SHARD_NONE) {
            inside_drop(registrar, shard, *index);
        }
        *index = SHARD_NONE;
        return true;
    }
    bool is_new = *index == SHARD_NONE;
    if ((is_new && !shard_has_room(shard)) ||
        (room == INSIDE_CEILING && !has_room(registrar, shard, *index, draft_size(draft)))) {
        return false;
    }
    struct aor *aor = draft_pack(draft);
    if (aor == NULL) {
        return false;
    }
    *index = put_block(registrar, shard, *index, aor);
    if (is_new) {
        atomic_fetch_add_explicit(&registrar->aor_count, 1, memory_order_relaxed);
    }
    return true;
}

bool inside_put_nonce(struct registrar *registrar, struct shard *shard, uint32_t index,
                      const struct nonce *nonce, int64_t now_us, enum inside_room room)
{
    struct aor *aor = shard->slots[index].aor;
    if (aor_take_nonce(aor, nonce, registrar->settings.nonce_life_s, now_us)) {
        return true;
    }
    if (room == INSIDE_CEILING && !has_room(registrar, shard, index, aor_grown_size(aor))) {
        return false;
    }
    struct aor *grown = aor_grow(aor, nonce);
    if (grown == NULL) {
        return false;
    }
    put_block(registrar, shard, index, grown);
    return true;
}

void inside_drop(struct registrar *registrar, struct shard *shard, uint32_t index)
{
    uint64_t before_size = shard->block_size;
    shard_drop(shard, index);
    atomic_fetch_sub_explicit(&registrar->memory_size, before_size - shard->block_size,
                              memory_order_relaxed);
    atomic_fetch_sub_explicit(&registrar->aor_count, 1, memory_order_relaxed);
}

void inside_journal(struct registrar *registrar, struct shard *shard, uint32_t index,
                    struct slice user)
{
    char record[CODEC_RECORD_MAX];
    struct buf buf;
    buf_init(&buf, record, sizeof(record));
    if (index == SHARD_NONE) {
        codec_write_gone(&buf, user);
    } else {
        codec_write_aor(&buf, shard->slots[index].aor, shard->wall_offset_us);
    }
    registrar->journal.append(registrar->journal.ctx, JOURNAL_BINDING, buf_done(&buf));
}
