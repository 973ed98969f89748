/* ban_text.c - sources as text, and bans as records. */
#include "guard/ban.h"

#include "base/address.h"
#include "base/wire.h"

#include <string.h>

const char *ban_evidence_name(enum ban_evidence evidence)
{
    static const char *const names[BAN_EVIDENCE_COUNT] = {
        [BAN_TRIED_USER] = "users-tried",  [BAN_TRIED_NOBODY] = "unknown-users-tried",
        [BAN_WRONG] = "wrong-credentials", [BAN_PROBE] = "methods-probed",
        [BAN_PING] = "options-pings",
    };
    return names[evidence];
}

void ban_source_of(const uint8_t address[16], uint8_t source[16])
{
    memcpy(source, address, 16);
    if (!address_is_ipv4(address)) {
        memset(source + 8, 0, 8);
    }
}

bool ban_source_parse(struct slice text, uint8_t source[16])
{
    uint8_t address[ADDRESS_SIZE];
    struct slice bits_text = text;
    struct slice host_text = slice_split(&bits_text, '/');
    bool has_bits = host_text.size != text.size;
    if (!address_parse(host_text, address)) {
        return false;
    }
    uint64_t wanted_bits = address_is_ipv4(address) ? 32 : 64;
    uint64_t bits;
    if (has_bits && (!slice_to_u64(bits_text, 128, &bits) || bits != wanted_bits)) {
        return false;
    }
    ban_source_of(address, source);
    return true;
}

void ban_source_write(struct buf *out, const uint8_t source[16])
{
    char text[ADDRESS_TEXT_SIZE];
    buf_slice(out, address_write(source, text));
    if (!address_is_ipv4(source)) {
        buf_text(out, "/64");
    }
}

void ban_encode(struct buf *out, const struct ban *ban)
{
    wire_put_slice(out, slice_make((const char *)ban->source, sizeof(ban->source)));
    wire_put_u8(out, ban->is_manual ? 1 : 0);
    wire_put_u8(out, ban->level);
    wire_put_i64(out, ban->wall_since_us);
    wire_put_i64(out, ban->wall_until_us);
    wire_put_slice(out, slice_from_text(ban->reason));
    wire_put_slice(out, slice_from_text(ban->actor));
}

bool ban_decode(struct slice record, struct ban *out)
{
    struct wire_reader in = {.rest = record};
    struct ban ban;
    memset(&ban, 0, sizeof(ban));
    struct slice source = wire_get_slice(&in);
    ban.is_manual = wire_get_u8(&in) != 0;
    ban.level = wire_get_u8(&in);
    ban.wall_since_us = wire_get_i64(&in);
    ban.wall_until_us = wire_get_i64(&in);
    wire_get_text(&in, ban.reason, sizeof(ban.reason));
    wire_get_text(&in, ban.actor, sizeof(ban.actor));
    if (in.is_bad || source.size != sizeof(ban.source)) {
        return false;
    }
    memcpy(ban.source, source.data, sizeof(ban.source));
    *out = ban;
    return true;
}
