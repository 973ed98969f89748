#include "account/account.h"

#include <string.h>

static void put_text(struct buf *out, const char *text)
{
    wire_put_slice(out, slice_from_text(text));
}

static void put_bool(struct buf *out, bool value)
{
    wire_put_u8(out, value ? 1 : 0);
}

static void put_i32(struct buf *out, int32_t value)
{
    wire_put_u32(out, (uint32_t)value);
}

static int32_t get_i32(struct wire_reader *in)
{
    return (int32_t)wire_get_u32(in);
}

static bool get_bool(struct wire_reader *in)
{
    return wire_get_u8(in) != 0;
}

static uint8_t get_u8_up_to(struct wire_reader *in, uint8_t max)
{
    uint8_t value = wire_get_u8(in);
    if (value > max) {
        in->is_bad = true;
        return 0;
    }
    return value;
}

static void put_bytes(struct buf *out, const uint8_t *bytes, size_t size)
{
    wire_put_slice(out, slice_make((const char *)bytes, size));
}

static void get_bytes(struct wire_reader *in, uint8_t *bytes, size_t size)
{
    struct slice got = wire_get_slice(in);
    if (got.size != size) {
        in->is_bad = true;
        return;
    }
    memcpy(bytes, got.data, size);
}

void account_encode(struct buf *out, const struct account *row)
{
    wire_put_u64(out, row->id);
    wire_put_u64(out, row->version);
    put_text(out, row->name);
    put_text(out, row->currency);
    wire_put_u8(out, row->kind);
    wire_put_u8(out, row->class_);
    put_bool(out, row->is_suspended);
    put_text(out, row->suspended_by);
    put_text(out, row->suspended_why);
    wire_put_i64(out, row->limit_micro);
    wire_put_i64(out, row->grace_micro);
    put_i32(out, row->channels_max);
    put_i32(out, row->cps_max);
    wire_put_i64(out, row->spend_day_micro);
    wire_put_u32(out, row->sell_deck);
    wire_put_u32(out, row->inbound_deck);
    put_text(out, row->country_code);
    put_text(out, row->national_prefix);
    put_text(out, row->international_prefix);
    wire_put_i64(out, row->spend_minute_micro);
    wire_put_i64(out, row->price_max_micro);
    put_text(out, row->hot_open);
    wire_put_u64(out, row->parent_id);
    put_text(out, row->time_zone);
}

bool account_decode(struct wire_reader *in, struct account *row)
{
    struct account got = {0};
    got.id = wire_get_u64(in);
    got.version = wire_get_u64(in);
    wire_get_text(in, got.name, sizeof(got.name));
    wire_get_text(in, got.currency, sizeof(got.currency));
    got.kind = get_u8_up_to(in, ACCOUNT_POSTPAID);
    got.class_ = get_u8_up_to(in, ACCOUNT_FLAGGED);
    got.is_suspended = get_bool(in);
    wire_get_text(in, got.suspended_by, sizeof(got.suspended_by));
    wire_get_text(in, got.suspended_why, sizeof(got.suspended_why));
    got.limit_micro = wire_get_i64(in);
    got.grace_micro = wire_get_i64(in);
    got.channels_max = get_i32(in);
    got.cps_max = get_i32(in);
    got.spend_day_micro = wire_get_i64(in);
    got.sell_deck = wire_get_u32(in);
    got.inbound_deck = wire_get_u32(in);
    wire_get_text(in, got.country_code, sizeof(got.country_code));
    wire_get_text(in, got.national_prefix, sizeof(got.national_prefix));
    wire_get_text(in, got.international_prefix, sizeof(got.international_prefix));
    if (in->rest.size > 0) { /* a record of before the limits against toll fraud ends here */
        got.spend_minute_micro = wire_get_i64(in);
        got.price_max_micro = wire_get_i64(in);
        wire_get_text(in, got.hot_open, sizeof(got.hot_open));
    }
    if (in->rest.size > 0) { /* a record of before sub-accounts ends here */
        got.parent_id = wire_get_u64(in);
    }
    if (in->rest.size > 0) { /* a record of before zones ends here */
        wire_get_text(in, got.time_zone, sizeof(got.time_zone));
    }
    if (in->is_bad) {
        return false;
    }
    *row = got;
    return true;
}

/* Of an endpoint, in one byte; records of before knew the first alone. */
#define FLAG_DISABLED 1
#define FLAG_SHA256 2

void endpoint_encode(struct buf *out, const struct endpoint *row)
{
    wire_put_u64(out, row->id);
    wire_put_u64(out, row->version);
    wire_put_u64(out, row->account_id);
    put_text(out, row->user);
    put_bytes(out, row->ha1_md5, sizeof(row->ha1_md5));
    put_bytes(out, row->ha1_sha256, sizeof(row->ha1_sha256));
    wire_put_u8(out, (uint8_t)((row->is_disabled ? FLAG_DISABLED : 0) |
                               (row->digest == ENDPOINT_DIGEST_SHA256 ? FLAG_SHA256 : 0)));
    put_text(out, row->display);
    uint8_t count = row->identity_count < ENDPOINT_IDENTITIES_MAX ? row->identity_count
                                                                  : ENDPOINT_IDENTITIES_MAX;
    wire_put_u8(out, count);
    for (int i = 0; i < count; i++) {
        put_text(out, row->identities[i]);
    }
}

bool endpoint_decode(struct wire_reader *in, struct endpoint *row)
{
    struct endpoint got = {0};
    got.id = wire_get_u64(in);
    got.version = wire_get_u64(in);
    got.account_id = wire_get_u64(in);
    wire_get_text(in, got.user, sizeof(got.user));
    get_bytes(in, got.ha1_md5, sizeof(got.ha1_md5));
    get_bytes(in, got.ha1_sha256, sizeof(got.ha1_sha256));
    uint8_t flags = wire_get_u8(in);
    got.is_disabled = (flags & FLAG_DISABLED) != 0;
    got.digest = (flags & FLAG_SHA256) != 0 ? ENDPOINT_DIGEST_SHA256 : ENDPOINT_DIGEST_ANY;
    wire_get_text(in, got.display, sizeof(got.display));
    got.identity_count = get_u8_up_to(in, ENDPOINT_IDENTITIES_MAX);
    for (int i = 0; i < got.identity_count; i++) {
        wire_get_text(in, got.identities[i], sizeof(got.identities[i]));
    }
    if (in->is_bad) {
        return false;
    }
    *row = got;
    return true;
}

void trunk_encode(struct buf *out, const struct trunk *row)
{
    wire_put_u64(out, row->id);
    wire_put_u64(out, row->version);
    wire_put_u64(out, row->account_id);
    put_text(out, row->name);
    put_text(out, row->host);
    wire_put_u16(out, row->port);
    wire_put_u8(out, row->transport);
    put_bool(out, row->is_disabled);
    put_bool(out, row->takes_emergency);
    uint8_t count = row->acl_count < TRUNK_ACL_MAX ? row->acl_count : TRUNK_ACL_MAX;
    wire_put_u8(out, count);
    for (int i = 0; i < count; i++) {
        put_bytes(out, row->acl[i].address, sizeof(row->acl[i].address));
        wire_put_u8(out, row->acl[i].prefix_bits);
    }
    put_text(out, row->auth_user);
    put_text(out, row->auth_password);
    put_text(out, row->tech_prefix);
    put_bool(out, row->sends_plus);
    wire_put_u32(out, row->cost_deck);
    put_i32(out, row->channels_max);
    put_i32(out, row->cps_max);
    put_text(out, row->identity);
}

bool trunk_decode(struct wire_reader *in, struct trunk *row)
{
    struct trunk got = {0};
    got.id = wire_get_u64(in);
    got.version = wire_get_u64(in);
    got.account_id = wire_get_u64(in);
    wire_get_text(in, got.name, sizeof(got.name));
    wire_get_text(in, got.host, sizeof(got.host));
    got.port = wire_get_u16(in);
    got.transport = get_u8_up_to(in, TRUNK_TCP);
    got.is_disabled = get_bool(in);
    got.takes_emergency = get_bool(in);
    got.acl_count = get_u8_up_to(in, TRUNK_ACL_MAX);
    for (int i = 0; i < got.acl_count; i++) {
        get_bytes(in, got.acl[i].address, sizeof(got.acl[i].address));
        got.acl[i].prefix_bits = get_u8_up_to(in, 128);
    }
    wire_get_text(in, got.auth_user, sizeof(got.auth_user));
    wire_get_text(in, got.auth_password, sizeof(got.auth_password));
    wire_get_text(in, got.tech_prefix, sizeof(got.tech_prefix));
    got.sends_plus = get_bool(in);
    got.cost_deck = wire_get_u32(in);
    got.channels_max = get_i32(in);
    got.cps_max = get_i32(in);
    wire_get_text(in, got.identity, sizeof(got.identity));
    if (in->is_bad) {
        return false;
    }
    *row = got;
    return true;
}

void number_encode(struct buf *out, const struct number *row)
{
    wire_put_u64(out, row->id);
    wire_put_u64(out, row->version);
    wire_put_u64(out, row->account_id);
    put_text(out, row->digits);
    wire_put_u8(out, row->target);
    put_text(out, row->endpoint_user);
    wire_put_u64(out, row->trunk_id);
}

bool number_decode(struct wire_reader *in, struct number *row)
{
    struct number got = {0};
    got.id = wire_get_u64(in);
    got.version = wire_get_u64(in);
    got.account_id = wire_get_u64(in);
    wire_get_text(in, got.digits, sizeof(got.digits));
    got.target = get_u8_up_to(in, NUMBER_TO_TRUNK);
    wire_get_text(in, got.endpoint_user, sizeof(got.endpoint_user));
    got.trunk_id = wire_get_u64(in);
    if (in->is_bad) {
        return false;
    }
    *row = got;
    return true;
}

void route_row_encode(struct buf *out, const struct route_row *row)
{
    wire_put_u64(out, row->id);
    wire_put_u64(out, row->version);
    put_text(out, row->prefix);
    wire_put_u64(out, row->trunk_id);
    put_i32(out, row->priority);
    put_i32(out, row->weight);
}

bool route_row_decode(struct wire_reader *in, struct route_row *row)
{
    struct route_row got = {0};
    got.id = wire_get_u64(in);
    got.version = wire_get_u64(in);
    wire_get_text(in, got.prefix, sizeof(got.prefix));
    got.trunk_id = wire_get_u64(in);
    got.priority = get_i32(in);
    got.weight = get_i32(in);
    if (in->is_bad) {
        return false;
    }
    *row = got;
    return true;
}
