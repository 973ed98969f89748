#include "registrar/codec.h"

#include "base/wire.h"

#define CODEC_VERSION 1
#define SECOND_US INT64_C(1000000)

static void write_head(struct buf *out, struct slice user, uint64_t account_id, int nonce_count,
                       int binding_count)
{
    wire_put_u8(out, CODEC_VERSION);
    wire_put_slice(out, user);
    wire_put_u64(out, account_id);
    wire_put_u8(out, (uint8_t)nonce_count);
    wire_put_u8(out, (uint8_t)binding_count);
}

static void write_nonce(struct buf *out, const struct nonce *nonce, int64_t wall_offset_us)
{
    const struct __attribute__((packed)) {
        uint32_t nonce_hash, nc_high;
        int64_t wall_first_s;
    } numbers = {nonce->nonce_hash, nonce->nc_high, nonce->first_s + wall_offset_us / SECOND_US};
    WIRE_PUT_ALL(out, numbers);
}

static void write_binding(struct buf *out, const struct binding *binding, int64_t wall_offset_us)
{
    struct __attribute__((packed)) {
        int64_t wall_expires_us;
        uint64_t call_id_hash, branch_hash;
        uint32_t cseq, wall_registered_s, wall_refreshed_s, reg_id;
        uint16_t q;
        uint8_t address[16];
        uint16_t port;
        uint8_t transport, listener;
    } numbers = {.wall_expires_us = binding->expires_at_us + wall_offset_us,
                 .call_id_hash = binding->call_id_hash,
                 .branch_hash = binding->branch_hash,
                 .cseq = binding->cseq,
                 .wall_registered_s = binding->wall_registered_s,
                 .wall_refreshed_s = binding->wall_refreshed_s,
                 .reg_id = binding->reg_id,
                 .q = binding->q,
                 .port = binding->flow.port,
                 .transport = binding->flow.transport,
                 .listener = binding->flow.listener};
    memcpy(numbers.address, binding->flow.address, sizeof(numbers.address));
    WIRE_PUT_ALL(out, numbers);
    struct binding_texts texts = binding_texts(binding);
    wire_put_slice(out, texts.uri);
    wire_put_slice(out, texts.path);
    wire_put_slice(out, texts.instance);
    wire_put_slice(out, texts.agent);
}

void codec_write_aor(struct buf *out, struct aor *aor, int64_t wall_offset_us)
{
    write_head(out, aor_user(aor), aor->account_id, aor->nonce_count, aor->binding_count);
    for (int i = 0; i < aor->nonce_count; i++) {
        write_nonce(out, &aor_nonces(aor)[i], wall_offset_us);
    }
    struct binding *binding = aor_first(aor);
    for (int i = 0; i < aor->binding_count; i++) {
        write_binding(out, binding, wall_offset_us);
        binding = binding_next(binding);
    }
}

void codec_write_gone(struct buf *out, struct slice user)
{
    write_head(out, user, 0, 0, 0);
}

void codec_write_nonce(struct buf *out, struct slice user, const struct nonce *nonce,
                       int64_t wall_offset_us)
{
    wire_put_u8(out, CODEC_VERSION);
    wire_put_slice(out, user);
    write_nonce(out, nonce, wall_offset_us);
}

static struct slice read_user(struct wire_reader *reader)
{
    if (wire_get_u8(reader) != CODEC_VERSION) {
        reader->is_bad = true;
    }
    struct slice user = wire_get_slice(reader);
    if (user.size == 0 || user.size > REG_USER_SIZE_MAX) {
        reader->is_bad = true;
    }
    return user;
}

static struct nonce read_nonce(struct wire_reader *reader, struct reg_now now)
{
    struct nonce nonce = {.seen_low = UINT32_MAX, .seen_high = UINT32_MAX};
    nonce.nonce_hash = wire_get_u32(reader);
    nonce.nc_high = wire_get_u32(reader);
    int64_t wall_first_s = wire_get_i64(reader);
    int64_t age_s = 0;
    if (__builtin_sub_overflow(now.wall_us / SECOND_US, wall_first_s, &age_s) || age_s < 0 ||
        age_s > INT32_MAX) {
        age_s = 0; /* the clock was set back: remembered for a whole life from now on */
    }
    int64_t first_s = now.mono_us / SECOND_US - age_s;
    nonce.first_s = first_s < INT32_MIN ? INT32_MIN : (int32_t)first_s;
    return nonce;
}

static struct contact read_contact(struct wire_reader *reader, struct reg_now now,
                                   int64_t expires_max_s)
{
    struct contact contact = {0};
    struct binding *fixed = &contact.fixed;
    int64_t left_us = wire_get_i64(reader);
    if (__builtin_sub_overflow(left_us, now.wall_us, &left_us)) {
        reader->is_bad = true;
        left_us = 0;
    }
    left_us = left_us > expires_max_s * SECOND_US ? expires_max_s * SECOND_US : left_us;
    fixed->expires_at_us = left_us <= 0 ? INT64_MIN : now.mono_us + left_us;
    fixed->call_id_hash = wire_get_u64(reader);
    fixed->branch_hash = wire_get_u64(reader);
    fixed->cseq = wire_get_u32(reader);
    fixed->wall_registered_s = wire_get_u32(reader);
    fixed->wall_refreshed_s = wire_get_u32(reader);
    fixed->reg_id = wire_get_u32(reader);
    fixed->q = wire_get_u16(reader);
    wire_get(reader, fixed->flow.address, sizeof(fixed->flow.address));
    fixed->flow.port = wire_get_u16(reader);
    fixed->flow.transport = wire_get_u8(reader);
    fixed->flow.listener = wire_get_u8(reader);
    fixed->is_flow_lost = fixed->flow.transport != REG_UDP;
    contact.uri = wire_get_slice(reader);
    contact.path = wire_get_slice(reader);
    contact.instance = wire_get_slice(reader);
    contact.agent = wire_get_slice(reader);
    if (fixed->q > 1000 || fixed->flow.transport > REG_WSS || contact.uri.size == 0 ||
        contact.uri.size >= REG_URI_SIZE_MAX || contact.path.size >= REG_PATH_SIZE_MAX ||
        contact.instance.size > REG_INSTANCE_SIZE_MAX || contact.agent.size > REG_AGENT_SIZE_MAX) {
        reader->is_bad = true;
        return (struct contact){0};
    }
    fixed->uri_size = (uint16_t)contact.uri.size;
    fixed->path_size = (uint16_t)contact.path.size;
    fixed->instance_size = (uint8_t)contact.instance.size;
    fixed->agent_size = (uint8_t)contact.agent.size;
    return contact;
}

bool codec_read_aor(struct slice record, struct reg_now now, int64_t expires_max_s,
                    struct draft *out)
{
    struct wire_reader reader = {.rest = record};
    out->user = read_user(&reader);
    out->account_id = wire_get_u64(&reader);
    int nonce_count = wire_get_u8(&reader);
    int contact_count = wire_get_u8(&reader);
    if (reader.is_bad || nonce_count > REG_NONCES_PER_AOR || contact_count > REG_CONTACTS_MAX) {
        return false;
    }
    out->nonce_count = 0;
    out->contact_count = 0;
    for (int i = 0; i < nonce_count; i++) {
        out->nonces[out->nonce_count++] = read_nonce(&reader, now);
    }
    for (int i = 0; i < contact_count; i++) {
        struct contact contact = read_contact(&reader, now, expires_max_s);
        if (contact.fixed.expires_at_us != INT64_MIN) {
            out->contacts[out->contact_count++] = contact;
        }
    }
    return !reader.is_bad && reader.rest.size == 0;
}

bool codec_read_nonce(struct slice record, struct reg_now now, struct slice *user,
                      struct nonce *out)
{
    struct wire_reader reader = {.rest = record};
    *user = read_user(&reader);
    *out = read_nonce(&reader, now);
    return !reader.is_bad && reader.rest.size == 0;
}
