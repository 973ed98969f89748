/* record.h - an AOR's bindings and nonce windows in one block of exactly the bytes they need.
 *
 * Internal to src/registrar. The block holds, after its head: the nonces, the bindings (each with
 * its texts behind it, padded to 8), the user name. A refresh changes it in place; anything else is
 * unpacked into a draft, changed there, and packed into a new block.
 */
#ifndef DT_REGISTRAR_RECORD_H
#define DT_REGISTRAR_RECORD_H

#include "registrar/registrar.h"

#define REG_USER_SIZE_MAX 255
#define REG_INSTANCE_SIZE_MAX 255
#define REG_AGENT_SIZE_MAX 63
#define DRAFT_CONTACTS_MAX (2 * REG_CONTACTS_MAX) /* while a request is being applied */

struct nonce {
    uint32_t nonce_hash;
    uint32_t nc_high;
    uint32_t seen_low, seen_high; /* bit i: nc_high - i was used */
    int32_t first_s;              /* monotonic; when it was first used here */
};

struct binding { /* the fixed part; uri, path, instance, agent stand behind it in this order */
    uint64_t call_id_hash;
    uint64_t branch_hash; /* of the REGISTER that set it last: tells a repeat */
    uint64_t asked_hash;  /* of that request's Contact and what else shaped it; 0: unknown */
    int64_t expires_at_us;
    struct reg_flow flow;
    uint32_t asked_expires_s; /* before the jitter */
    uint32_t cseq;
    uint32_t wall_registered_s;
    uint32_t wall_refreshed_s;
    uint32_t reg_id; /* RFC 5626 4.1; 0: none */
    uint16_t q;
    uint16_t uri_size;
    uint16_t path_size;
    uint8_t instance_size;
    uint8_t agent_size;
    bool is_flow_lost;
};

struct aor {
    uint64_t user_hash;
    uint64_t account_id;
    uint32_t block_size;
    uint8_t user_size;
    uint8_t binding_count;
    uint8_t nonce_count;
    _Alignas(struct nonce) char rest[];
};

struct binding_texts { /* they lie in its block */
    struct slice uri, path, instance, agent;
};

struct contact { /* a binding taken apart; the texts belong to a request, a record or a block */
    struct binding fixed;
    struct slice uri, path, instance, agent;
};

struct draft { /* an AOR taken apart */
    struct slice user;
    uint64_t user_hash;
    uint64_t account_id;
    int nonce_count;
    int contact_count;
    struct nonce nonces[REG_NONCES_PER_AOR];
    struct contact contacts[DRAFT_CONTACTS_MAX];
};

struct slice aor_user(const struct aor *aor);
struct nonce *aor_nonces(struct aor *aor);
struct binding *aor_first(struct aor *aor); /* meaningful where binding_count > 0 */
struct binding *binding_next(struct binding *binding);
struct binding_texts binding_texts(const struct binding *binding);
struct contact binding_contact(const struct binding *binding);

/* When the first of its bindings expires; without bindings, when its last nonce may be forgotten.
 */
int64_t aor_due_us(struct aor *aor, int64_t nonce_life_s);

/* Expired bindings and forgotten nonces are left out. The draft's texts point into the block. */
void aor_unpack(struct aor *aor, int64_t nonce_life_s, int64_t now_us, struct draft *draft);
/* Exactly draft_size(draft) bytes, malloc'd: the caller frees. NULL: no memory. */
size_t draft_size(const struct draft *draft);
struct aor *draft_pack(const struct draft *draft);

/* Puts a nonce into the block: in the place of one that may be forgotten, or of the oldest where
 * all are taken. False: it has to grow. */
bool aor_take_nonce(struct aor *aor, const struct nonce *nonce, int64_t nonce_life_s,
                    int64_t now_us);
size_t aor_grown_size(const struct aor *aor);
/* A copy with that nonce as well, malloc'd: the caller frees. NULL: no memory. */
struct aor *aor_grow(const struct aor *aor, const struct nonce *nonce);

/* RFC 7616 3.4: an nc counts up from 1 and serves once. Below the 64 newest: refused, not known. */
bool nonce_take(struct nonce *nonce, uint32_t nc);

#endif
