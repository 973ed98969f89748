#include "registrar/record.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)
#define WINDOW_SIZE 64

_Static_assert(offsetof(struct aor, rest) % _Alignof(struct nonce) == 0, "nonces are aligned");

static size_t padded(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

static size_t bindings_offset(size_t nonce_count)
{
    return padded(offsetof(struct aor, rest) + nonce_count * sizeof(struct nonce));
}

static size_t binding_size(const struct binding *fixed)
{
    return padded(sizeof(*fixed) + fixed->uri_size + fixed->path_size + fixed->instance_size +
                  fixed->agent_size);
}

struct slice aor_user(const struct aor *aor)
{
    const char *end = (const char *)aor + aor->block_size;
    return slice_make(end - aor->user_size, aor->user_size);
}

struct nonce *aor_nonces(struct aor *aor)
{
    return (struct nonce *)(void *)aor->rest;
}

struct binding *aor_first(struct aor *aor)
{
    return (struct binding *)(void *)((char *)aor + bindings_offset(aor->nonce_count));
}

struct binding *binding_next(struct binding *binding)
{
    return (struct binding *)(void *)((char *)binding + binding_size(binding));
}

struct binding_texts binding_texts(const struct binding *binding)
{
    const char *uri = (const char *)(binding + 1);
    const char *path = uri + binding->uri_size;
    const char *instance = path + binding->path_size;
    const char *agent = instance + binding->instance_size;
    return (struct binding_texts){.uri = slice_make(uri, binding->uri_size),
                                  .path = slice_make(path, binding->path_size),
                                  .instance = slice_make(instance, binding->instance_size),
                                  .agent = slice_make(agent, binding->agent_size)};
}

struct contact binding_contact(const struct binding *binding)
{
    struct binding_texts texts = binding_texts(binding);
    return (struct contact){.fixed = *binding,
                            .uri = texts.uri,
                            .path = texts.path,
                            .instance = texts.instance,
                            .agent = texts.agent};
}

static int64_t forgotten_at_us(const struct nonce *nonce, int64_t nonce_life_s)
{
    return (nonce->first_s + nonce_life_s) * SECOND_US;
}

int64_t aor_due_us(struct aor *aor, int64_t nonce_life_s)
{
    if (aor->binding_count > 0) {
        struct binding *binding = aor_first(aor);
        int64_t due_us = binding->expires_at_us;
        for (int i = 1; i < aor->binding_count; i++) {
            binding = binding_next(binding);
            due_us = binding->expires_at_us < due_us ? binding->expires_at_us : due_us;
        }
        return due_us;
    }
    int64_t due_us = INT64_MIN;
    for (int i = 0; i < aor->nonce_count; i++) {
        int64_t at_us = forgotten_at_us(&aor_nonces(aor)[i], nonce_life_s);
        due_us = at_us > due_us ? at_us : due_us;
    }
    return due_us;
}

void aor_unpack(struct aor *aor, int64_t nonce_life_s, int64_t now_us, struct draft *draft)
{
    draft->user = aor_user(aor);
    draft->user_hash = aor->user_hash;
    draft->account_id = aor->account_id;
    draft->nonce_count = 0;
    draft->contact_count = 0;
    for (int i = 0; i < aor->nonce_count; i++) {
        const struct nonce *nonce = &aor_nonces(aor)[i];
        if (forgotten_at_us(nonce, nonce_life_s) > now_us) {
            draft->nonces[draft->nonce_count++] = *nonce;
        }
    }
    struct binding *binding = aor_first(aor);
    for (int i = 0; i < aor->binding_count; i++) {
        if (binding->expires_at_us > now_us) {
            draft->contacts[draft->contact_count++] = binding_contact(binding);
        }
        binding = binding_next(binding);
    }
}

size_t draft_size(const struct draft *draft)
{
    size_t size = bindings_offset((size_t)draft->nonce_count);
    for (int i = 0; i < draft->contact_count; i++) {
        size += binding_size(&draft->contacts[i].fixed);
    }
    return size + draft->user.size;
}

static char *put(char *at, struct slice text)
{
    if (text.size > 0) {
        memcpy(at, text.data, text.size);
    }
    return at + text.size;
}

struct aor *draft_pack(const struct draft *draft)
{
    assert(draft->contact_count <= REG_CONTACTS_MAX && draft->user.size <= REG_USER_SIZE_MAX);
    size_t size = draft_size(draft);
    struct aor *aor = malloc(size);
    if (aor == NULL) {
        return NULL;
    }
    *aor = (struct aor){.user_hash = draft->user_hash,
                        .account_id = draft->account_id,
                        .block_size = (uint32_t)size,
                        .user_size = (uint8_t)draft->user.size,
                        .binding_count = (uint8_t)draft->contact_count,
                        .nonce_count = (uint8_t)draft->nonce_count};
    memcpy(aor_nonces(aor), draft->nonces, (size_t)draft->nonce_count * sizeof(struct nonce));
    struct binding *binding = aor_first(aor);
    for (int i = 0; i < draft->contact_count; i++) {
        const struct contact *contact = &draft->contacts[i];
        *binding = contact->fixed;
        char *text = put((char *)(binding + 1), contact->uri);
        text = put(put(put(text, contact->path), contact->instance), contact->agent);
        assert(text <= (char *)binding_next(binding));
        binding = binding_next(binding);
    }
    put((char *)aor + size - draft->user.size, draft->user);
    return aor;
}

bool aor_take_nonce(struct aor *aor, const struct nonce *nonce, int64_t nonce_life_s,
                    int64_t now_us)
{
    struct nonce *nonces = aor_nonces(aor);
    int oldest = 0;
    for (int i = 1; i < aor->nonce_count; i++) {
        oldest = nonces[i].first_s < nonces[oldest].first_s ? i : oldest;
    }
    bool has_place =
        aor->nonce_count == REG_NONCES_PER_AOR ||
        (aor->nonce_count > 0 && forgotten_at_us(&nonces[oldest], nonce_life_s) <= now_us);
    if (has_place) {
        nonces[oldest] = *nonce;
    }
    return has_place;
}

size_t aor_grown_size(const struct aor *aor)
{
    size_t count = aor->nonce_count;
    return aor->block_size - bindings_offset(count) + bindings_offset(count + 1);
}

struct aor *aor_grow(const struct aor *aor, const struct nonce *nonce)
{
    assert(aor->nonce_count < REG_NONCES_PER_AOR);
    size_t size = aor_grown_size(aor);
    struct aor *grown = malloc(size);
    if (grown == NULL) {
        return NULL;
    }
    size_t count = aor->nonce_count;
    size_t from = bindings_offset(count);
    memcpy(grown, aor, offsetof(struct aor, rest) + count * sizeof(*nonce));
    grown->block_size = (uint32_t)size;
    grown->nonce_count++;
    aor_nonces(grown)[count] = *nonce;
    memcpy((char *)grown + bindings_offset(count + 1), (const char *)aor + from,
           aor->block_size - from);
    return grown;
}

bool nonce_take(struct nonce *nonce, uint32_t nc)
{
    if (nc == 0) {
        return false;
    }
    uint64_t seen = (uint64_t)nonce->seen_high << 32 | nonce->seen_low;
    if (nc > nonce->nc_high) {
        uint32_t step = nc - nonce->nc_high;
        seen = (step < WINDOW_SIZE ? seen << step : 0) | 1;
        nonce->nc_high = nc;
    } else {
        uint32_t below = nonce->nc_high - nc;
        if (below >= WINDOW_SIZE || (seen >> below & 1) != 0) {
            return false;
        }
        seen |= UINT64_C(1) << below;
    }
    nonce->seen_low = (uint32_t)seen;
    nonce->seen_high = (uint32_t)(seen >> 32);
    return true;
}
