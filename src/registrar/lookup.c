#include "registrar/ask.h"
#include "registrar/inside.h"

#include <string.h>

#define SECOND_US INT64_C(1000000)
#define AHEAD_COUNT 8 /* AORs lie anywhere: a walk asks memory for them so much earlier */

void registrar_set_loaded(struct registrar *registrar)
{
    atomic_store(&registrar->is_loaded, true);
}

/* Higher q first, then the one heard of last; of two within a second, the one added later. */
static bool is_before(const struct binding *a, const struct binding *b)
{
    return a->q != b->q ? a->q > b->q : a->wall_refreshed_s >= b->wall_refreshed_s;
}

static int sorted(struct aor *aor, int64_t now_us, const struct binding *out[REG_CONTACTS_MAX])
{
    int count = 0;
    struct binding *binding = aor_first(aor);
    for (int i = 0; i < aor->binding_count; i++) {
        if (binding->expires_at_us > now_us) {
            int at = count++;
            for (; at > 0 && is_before(binding, out[at - 1]); at--) {
                out[at] = out[at - 1];
            }
            out[at] = binding;
        }
        binding = binding_next(binding);
    }
    return count;
}

static void copy_text(char *field, struct slice text)
{
    if (text.size > 0) {
        memcpy(field, text.data, text.size);
    }
    field[text.size] = '\0';
}

static void copy_target(struct reg_target *out, const struct binding *binding)
{
    struct contact contact = binding_contact(binding);
    copy_text(out->uri, contact.uri);
    copy_text(out->path, contact.path);
    out->flow = binding->flow;
    out->q = binding->q;
    out->is_flow_lost = binding->is_flow_lost;
    out->expires_at_us = binding->expires_at_us;
}

struct tri registrar_lookup(struct registrar *registrar, struct slice user, struct reg_now now,
                            struct reg_target *out, int max, int *count)
{
    if (!atomic_load_explicit(&registrar->is_loaded, memory_order_relaxed)) {
        return (struct tri){TRI_UNKNOWN};
    }
    uint64_t user_hash = 0;
    uint32_t index = SHARD_NONE;
    int found = 0;
    struct shard *shard = inside_enter(registrar, user, &user_hash, &index);
    if (index != SHARD_NONE) {
        const struct binding *bindings[REG_CONTACTS_MAX];
        found = sorted(shard->slots[index].aor, now.mono_us, bindings);
        found = found > max ? max : found;
        for (int i = 0; i < found; i++) {
            copy_target(&out[i], bindings[i]);
        }
    }
    inside_leave(shard);
    *count = found;
    return (struct tri){found > 0 ? TRI_PRESENT : TRI_ABSENT};
}

bool registrar_is_repeat(struct registrar *registrar, struct slice user,
                         const struct sip_msg *request)
{
    struct ask_mark mark = ask_mark(request, registrar->settings.hash_seed);
    uint64_t user_hash = 0;
    uint32_t index = SHARD_NONE;
    bool is_repeat = false;
    struct shard *shard = inside_enter(registrar, user, &user_hash, &index);
    if (index != SHARD_NONE) {
        struct aor *aor = shard->slots[index].aor;
        struct binding *binding = aor_first(aor);
        for (int i = 0; i < aor->binding_count; i++) {
            is_repeat |= binding->call_id_hash == mark.call_id_hash && binding->cseq == mark.cseq &&
                         binding->branch_hash == mark.branch_hash;
            binding = binding_next(binding);
        }
    }
    inside_leave(shard);
    return is_repeat;
}

static void copy_view(struct reg_view *out, const struct binding *binding, int64_t wall_offset_us)
{
    struct contact contact = binding_contact(binding);
    copy_text(out->uri, contact.uri);
    copy_text(out->user_agent, contact.agent);
    out->flow = binding->flow;
    out->wall_registered_us = binding->wall_registered_s * SECOND_US;
    out->wall_refreshed_us = binding->wall_refreshed_s * SECOND_US;
    out->wall_expires_us = binding->expires_at_us + wall_offset_us;
    out->is_flow_lost = binding->is_flow_lost;
}

struct tri registrar_look(struct registrar *registrar, struct slice user, struct reg_now now,
                          struct reg_view *out, int max, int *count)
{
    if (!atomic_load_explicit(&registrar->is_loaded, memory_order_relaxed)) {
        return (struct tri){TRI_UNKNOWN};
    }
    uint64_t user_hash = 0;
    uint32_t index = SHARD_NONE;
    int found = 0;
    struct shard *shard = inside_enter(registrar, user, &user_hash, &index);
    if (index != SHARD_NONE) {
        const struct binding *bindings[REG_CONTACTS_MAX];
        found = sorted(shard->slots[index].aor, now.mono_us, bindings);
        found = found > max ? max : found;
        for (int i = 0; i < found; i++) {
            copy_view(&out[i], bindings[i], now.wall_us - now.mono_us);
        }
    }
    inside_leave(shard);
    *count = found;
    return (struct tri){found > 0 ? TRI_PRESENT : TRI_ABSENT};
}

struct reg_counts registrar_count(struct registrar *registrar)
{
    struct reg_counts counts = {0};
    for (int i = 0; i < SHARD_COUNT; i++) {
        struct shard *shard = &registrar->shards[i];
        pthread_mutex_lock(&shard->lock);
        counts.aors += shard->aor_count;
        counts.bindings += shard->binding_count;
        counts.memory_size += shard->block_size + shard->slot_used * sizeof(struct slot);
        pthread_mutex_unlock(&shard->lock);
    }
    return counts;
}

void registrar_each(struct registrar *registrar,
                    void (*each)(void *ctx, struct slice user, uint64_t account_id), void *ctx)
{
    for (int i = 0; i < SHARD_COUNT; i++) {
        struct shard *shard = &registrar->shards[i];
        for (uint32_t at = 0;; at++) {
            char user[REG_USER_SIZE_MAX + 1];
            size_t user_size = 0;
            uint64_t account_id = 0;
            pthread_mutex_lock(&shard->lock);
            bool is_over = at >= shard->slot_used;
            const struct aor *aor = is_over ? NULL : shard->slots[at].aor;
            if (at + AHEAD_COUNT < shard->slot_used) {
                __builtin_prefetch(shard->slots[at + AHEAD_COUNT].aor);
            }
            if (aor != NULL && aor->binding_count > 0) {
                copy_text(user, aor_user(aor));
                user_size = aor->user_size;
                account_id = aor->account_id;
            }
            pthread_mutex_unlock(&shard->lock);
            if (is_over) {
                break;
            }
            if (user_size > 0) {
                each(ctx, slice_make(user, user_size), account_id);
            }
        }
    }
}

void registrar_each_flow(struct registrar *registrar,
                         void (*each)(void *ctx, struct slice user, const struct reg_flow *flow),
                         void *ctx)
{
    for (int i = 0; i < SHARD_COUNT; i++) {
        struct shard *shard = &registrar->shards[i];
        bool is_over = false;
        for (uint32_t at = 0; !is_over; at++) {
            pthread_mutex_lock(&shard->lock);
            is_over = at >= shard->slot_used;
            struct aor *aor = is_over ? NULL : shard->slots[at].aor;
            struct binding *binding = aor == NULL ? NULL : aor_first(aor);
            for (int nth = 0; aor != NULL && nth < aor->binding_count; nth++) {
                each(ctx, aor_user(aor), &binding->flow);
                binding = binding_next(binding);
            }
            pthread_mutex_unlock(&shard->lock);
        }
    }
}
