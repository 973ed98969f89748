#include "registrar/inside.h"

static struct nonce *find_nonce(struct aor *aor, uint32_t nonce_hash)
{
    for (int i = 0; i < aor->nonce_count; i++) {
        if (aor_nonces(aor)[i].nonce_hash == nonce_hash) {
            return &aor_nonces(aor)[i];
        }
    }
    return NULL;
}

/* A nonce not known before: the AOR's block grows by it. Where there is no memory it is not
 * remembered, and the request passes: a replay inside the nonce's life is the lesser harm. */
static void remember(struct registrar *registrar, struct shard *shard, uint32_t *index,
                     struct slice user, uint64_t user_hash, const struct nonce *nonce,
                     struct reg_now now, enum inside_room room)
{
    bool is_put;
    if (*index != SHARD_NONE) {
        is_put = inside_put_nonce(registrar, shard, *index, nonce, now.mono_us, room);
    } else {
        struct draft draft;
        draft.user = user;
        draft.user_hash = user_hash;
        draft.account_id = 0;
        draft.nonces[0] = *nonce;
        draft.nonce_count = 1;
        draft.contact_count = 0;
        is_put = inside_put(registrar, shard, index, &draft, room);
    }
    (void)is_put;
}

static void journal_nonce(struct registrar *registrar, const struct shard *shard, struct slice user,
                          const struct nonce *nonce)
{
    char record[REG_USER_SIZE_MAX + 64];
    struct buf buf;
    buf_init(&buf, record, sizeof(record));
    codec_write_nonce(&buf, user, nonce, shard->wall_offset_us);
    registrar->journal.append(registrar->journal.ctx, JOURNAL_NONCE, buf_done(&buf));
}

bool registrar_nc_take(struct registrar *registrar, struct slice user, uint32_t nonce_hash,
                       uint32_t nc, bool is_durable, struct reg_now now)
{
    if (nc == 0 || user.size == 0 || user.size > REG_USER_SIZE_MAX) {
        return false;
    }
    uint64_t user_hash = 0;
    uint32_t index = SHARD_NONE;
    struct shard *shard = inside_enter(registrar, user, &user_hash, &index);
    shard_tell_time(shard, now);
    struct nonce *known =
        index == SHARD_NONE ? NULL : find_nonce(shard->slots[index].aor, nonce_hash);
    struct nonce first = {.nonce_hash = nonce_hash,
                          .nc_high = nc,
                          .seen_low = 1,
                          .first_s = (int32_t)(now.mono_us / 1000000)};
    bool is_taken = known == NULL || nonce_take(known, nc);
    if (known == NULL) {
        remember(registrar, shard, &index, user, user_hash, &first, now, INSIDE_CEILING);
    }
    if (is_taken && is_durable) {
        journal_nonce(registrar, shard, user, known == NULL ? &first : known);
    }
    inside_leave(shard);
    return is_taken;
}

static bool replay_aor(struct registrar *registrar, struct slice record, struct reg_now now)
{
    struct draft draft;
    if (!codec_read_aor(record, now, registrar->settings.expires_max_s, &draft)) {
        return false;
    }
    uint64_t user_hash = 0;
    uint32_t index = SHARD_NONE;
    struct shard *shard = inside_enter(registrar, draft.user, &user_hash, &index);
    shard_tell_time(shard, now);
    draft.user_hash = user_hash;
    bool is_put = inside_put(registrar, shard, &index, &draft, INSIDE_NO_CEILING);
    (void)
        is_put; /* no room for what was granted: the settings were lowered, or there is no memory */
    inside_leave(shard);
    return true;
}

static bool replay_nonce(struct registrar *registrar, struct slice record, struct reg_now now)
{
    struct slice user;
    struct nonce nonce;
    if (!codec_read_nonce(record, now, &user, &nonce)) {
        return false;
    }
    uint64_t user_hash = 0;
    uint32_t index = SHARD_NONE;
    struct shard *shard = inside_enter(registrar, user, &user_hash, &index);
    shard_tell_time(shard, now);
    struct nonce *known =
        index == SHARD_NONE ? NULL : find_nonce(shard->slots[index].aor, nonce.nonce_hash);
    if (known == NULL) {
        remember(registrar, shard, &index, user, user_hash, &nonce, now, INSIDE_NO_CEILING);
    } else if (nonce.nc_high > known->nc_high) {
        *known = nonce;
    }
    inside_leave(shard);
    return true;
}

bool registrar_replay(struct registrar *registrar, enum journal_kind kind, struct slice record,
                      struct reg_now now)
{
    switch (kind) {
    case JOURNAL_BINDING:
        return replay_aor(registrar, record, now);
    case JOURNAL_NONCE:
        return replay_nonce(registrar, record, now);
    case JOURNAL_CALL:
    case JOURNAL_CALL_GONE:
    case JOURNAL_USAGE:
    case JOURNAL_LEASE:
    case JOURNAL_HEARTBEAT:
    case JOURNAL_IDENTITY:
    case JOURNAL_BAN:
        break;
    }
    return false;
}

bool registrar_snapshot(struct registrar *registrar, uint64_t *at, int count)
{
    uint64_t shard_index = *at >> 32;
    uint32_t slot = (uint32_t)*at;
    while (shard_index < SHARD_COUNT && count > 0) {
        struct shard *shard = &registrar->shards[shard_index];
        pthread_mutex_lock(&shard->lock);
        for (; slot < shard->slot_used && count > 0; slot++) {
            if (shard->slots[slot].aor != NULL) {
                inside_journal(registrar, shard, slot, (struct slice){NULL, 0});
                count--;
            }
        }
        if (slot >= shard->slot_used) {
            shard_index++;
            slot = 0;
        }
        pthread_mutex_unlock(&shard->lock);
    }
    *at = shard_index << 32 | slot;
    return shard_index < SHARD_COUNT;
}
