#include "registrar/inside.h"

#include <string.h>

#define SECOND_US INT64_C(1000000)

struct departed { /* an AOR whose last binding went, copied so that it can be told without the lock
                   */
    char user[REG_USER_SIZE_MAX];
    size_t user_size;
    uint64_t account_id;
};

/* One AOR that came up in its bucket: takes away what is over and files the rest by what is left.
 * True: its last binding went. The journal need not hear: the expiry stands in its last record. */
static bool clear_one(struct registrar *registrar, struct shard *shard, uint32_t index,
                      int64_t now_us, struct departed *departed)
{
    struct aor *aor = shard->slots[index].aor;
    int64_t nonce_life_s = registrar->settings.nonce_life_s;
    int64_t due_us = aor_due_us(aor, nonce_life_s);
    if (due_us > now_us) {
        shard_file(shard, index, due_us);
        return false;
    }
    struct slice user = aor_user(aor);
    memcpy(departed->user, user.data, user.size);
    departed->user_size = user.size;
    departed->account_id = aor->account_id;
    bool was_present = aor->binding_count > 0;
    struct draft draft;
    aor_unpack(aor, nonce_life_s, now_us, &draft);
    bool has_left = was_present && draft.contact_count == 0;
    if (!inside_put(registrar, shard, &index, &draft, INSIDE_NO_CEILING)) {
        inside_drop(registrar, shard, index); /* no memory: better gone than due for ever */
        return was_present;
    }
    return has_left;
}

int64_t registrar_expire(struct registrar *registrar, struct reg_now now, int max,
                         void (*gone)(void *ctx, struct slice user, uint64_t account_id), void *ctx)
{
    /* What is registered from now on lasts at least that long. */
    int64_t next_us = now.mono_us + registrar->settings.expires_min_s * SECOND_US;
    for (int i = 0; i < SHARD_COUNT; i++) {
        struct shard *shard = &registrar->shards[i];
        pthread_mutex_lock(&shard->lock);
        uint32_t index = 0;
        while (max > 0 && (index = shard_sweep(shard, now.mono_us)) != SHARD_NONE) {
            struct departed departed;
            max--;
            if (clear_one(registrar, shard, index, now.mono_us, &departed)) {
                pthread_mutex_unlock(&shard->lock);
                gone(ctx, slice_make(departed.user, departed.user_size), departed.account_id);
                pthread_mutex_lock(&shard->lock);
            }
        }
        int64_t shard_us = shard_next_us(shard, next_us);
        pthread_mutex_unlock(&shard->lock);
        next_us = shard_us < next_us ? shard_us : next_us;
    }
    return next_us < now.mono_us ? now.mono_us : next_us;
}

bool registrar_remove(struct registrar *registrar, struct slice user)
{
    uint64_t user_hash = 0;
    uint32_t index = SHARD_NONE;
    struct shard *shard = inside_enter(registrar, user, &user_hash, &index);
    bool was_present = index != SHARD_NONE && shard->slots[index].aor->binding_count > 0;
    if (was_present) {
        struct draft draft;
        aor_unpack(shard->slots[index].aor, registrar->settings.nonce_life_s, INT64_MIN, &draft);
        draft.contact_count = 0; /* its nonces stay used */
        if (!inside_put(registrar, shard, &index, &draft, INSIDE_NO_CEILING)) {
            inside_drop(registrar, shard, index);
            index = SHARD_NONE;
        }
        inside_journal(registrar, shard, index, user);
    }
    inside_leave(shard);
    return was_present;
}

void registrar_flow_lost(struct registrar *registrar, uint64_t connection)
{
    uint64_t hash = shard_connection_hash(connection);
    for (int i = 0; connection != 0 && i < SHARD_COUNT; i++) {
        struct shard *shard = &registrar->shards[i];
        pthread_mutex_lock(&shard->lock);
        struct map_cursor cursor;
        for (uint32_t index = map_first(&shard->by_connection, hash, &cursor); index != MAP_NONE;
             index = map_next(&shard->by_connection, &cursor)) {
            struct aor *aor = shard->slots[index].aor;
            struct binding *binding = aor_first(aor);
            for (int j = 0; j < aor->binding_count; j++) {
                binding->is_flow_lost |= binding->flow.connection == connection;
                binding = binding_next(binding);
            }
        }
        pthread_mutex_unlock(&shard->lock);
    }
}
