#include "account/account.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static char bytes[2048];
static struct buf out;

static struct wire_reader reader_of(size_t size)
{
    return (struct wire_reader){.rest = slice_make(bytes, size)};
}

static const struct account account = {
    .id = 77,
    .version = 9,
    .name = "alice",
    .currency = "EUR",
    .kind = ACCOUNT_POSTPAID,
    .class_ = ACCOUNT_FLAGGED,
    .is_suspended = true,
    .suspended_by = "rule 4",
    .suspended_why = "fraud: 40 calls to one premium number",
    .limit_micro = 5000000,
    .grace_micro = -1,
    .channels_max = NO_LIMIT,
    .cps_max = 20,
    .spend_day_micro = NO_LIMIT,
    .sell_deck = 3,
    .inbound_deck = 4,
    .country_code = "49",
    .national_prefix = "0",
    .international_prefix = "00",
    .spend_minute_micro = 20000000,
    .price_max_micro = 1500000,
    .hot_open = "882,979",
    .parent_id = 12,
    .time_zone = "America/Argentina/Buenos_Aires",
};

static const struct endpoint endpoint = {
    .id = 5,
    .version = 10,
    .account_id = 77,
    .user = "alice-desk",
    .ha1_md5 = {1, 2, 0, 255},
    .ha1_sha256 = {9, 0, 8},
    .digest = ENDPOINT_DIGEST_SHA256,
    .is_disabled = true,
    .display = "Alice \xc3\xa9",
    .identity_count = 2,
    .identities = {"493012345", "493012346"},
};

static const struct trunk trunk = {
    .id = 6,
    .version = 11,
    .account_id = 77,
    .name = "carrier a",
    .host = "sip.example.net",
    .port = 5070,
    .transport = TRUNK_TCP,
    .is_disabled = true,
    .takes_emergency = true,
    .acl_count = 2,
    .acl = {{.address = {1}, .prefix_bits = 8}, {.address = {0x20, 1}, .prefix_bits = 128}},
    .auth_user = "me",
    .auth_password = "secret",
    .tech_prefix = "99",
    .sends_plus = true,
    .cost_deck = 12,
    .channels_max = 30,
    .cps_max = NO_LIMIT,
    .identity = "4930999",
};

static const struct number number = {
    .id = 8,
    .version = 12,
    .account_id = 77,
    .digits = "493012345",
    .target = NUMBER_TO_TRUNK,
    .endpoint_user = "alice-desk",
    .trunk_id = 6,
};

static const struct route_row route_row = {
    .id = 9, .version = 13, .prefix = "49", .trunk_id = 6, .priority = -3, .weight = 1000};

static void every_field_of_a_row_survives_encoding(void **state)
{
    (void)state;
    struct account account_read = {0};
    struct endpoint endpoint_read = {0};
    struct trunk trunk_read = {0};
    struct number number_read = {0};
    struct route_row route_read = {0};
    buf_init(&out, bytes, sizeof(bytes));
    account_encode(&out, &account);
    endpoint_encode(&out, &endpoint);
    trunk_encode(&out, &trunk);
    number_encode(&out, &number);
    route_row_encode(&out, &route_row);
    assert_false(out.is_full);
    struct wire_reader in = reader_of(out.size);
    assert_true(account_decode(&in, &account_read));
    assert_true(endpoint_decode(&in, &endpoint_read));
    assert_true(trunk_decode(&in, &trunk_read));
    assert_true(number_decode(&in, &number_read));
    assert_true(route_row_decode(&in, &route_read));
    assert_int_equal(in.rest.size, 0);
    assert_memory_equal(&account_read, &account, sizeof(account));
    assert_memory_equal(&endpoint_read, &endpoint, sizeof(endpoint));
    assert_memory_equal(&trunk_read, &trunk, sizeof(trunk));
    assert_memory_equal(&number_read, &number, sizeof(number));
    assert_memory_equal(&route_read, &route_row, sizeof(route_row));
}

static void an_endpoint_is_disabled_and_needs_sha_256_or_not(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct endpoint row = endpoint;
        struct endpoint read;
        row.is_disabled = (i & 1) != 0;
        row.digest = (i & 2) != 0 ? ENDPOINT_DIGEST_SHA256 : ENDPOINT_DIGEST_ANY;
        buf_init(&out, bytes, sizeof(bytes));
        endpoint_encode(&out, &row);
        struct wire_reader in = reader_of(out.size);
        assert_true(endpoint_decode(&in, &read));
        assert_int_equal(read.is_disabled, row.is_disabled);
        assert_int_equal(read.digest, row.digest);
    }
}

/* Two amounts, and a text with its size; behind them the parent, and the zone. */
#define ZONE_SIZE (2 + strlen(account.time_zone))
#define PARENT_SIZE (8 + ZONE_SIZE)
#define FRAUD_LIMITS_SIZE (8 + 8 + 2 + strlen(account.hot_open) + PARENT_SIZE)

static void an_account_of_before_sub_accounts_and_zones_has_none(void **state)
{
    (void)state;
    struct account read;
    buf_init(&out, bytes, sizeof(bytes));
    account_encode(&out, &account);
    struct wire_reader in = reader_of(out.size - PARENT_SIZE);
    assert_true(account_decode(&in, &read));
    assert_string_equal(read.hot_open, account.hot_open);
    assert_int_equal(read.parent_id, 0);
    in = reader_of(out.size - ZONE_SIZE);
    assert_true(account_decode(&in, &read));
    assert_int_equal(read.parent_id, account.parent_id);
    assert_string_equal(read.time_zone, "");
}

/* The last good copy on disk is read by the next version, too. */
static void an_account_of_before_the_limits_against_fraud_has_none(void **state)
{
    (void)state;
    struct account read;
    buf_init(&out, bytes, sizeof(bytes));
    account_encode(&out, &account);
    struct wire_reader in = reader_of(out.size - FRAUD_LIMITS_SIZE);
    assert_true(account_decode(&in, &read));
    assert_string_equal(read.international_prefix, account.international_prefix);
    assert_int_equal(read.spend_minute_micro, 0);
    assert_int_equal(read.price_max_micro, 0);
    assert_string_equal(read.hot_open, "");
}

static void a_row_that_is_cut_short_is_damaged_at_every_length(void **state)
{
    (void)state;
    buf_init(&out, bytes, sizeof(bytes));
    account_encode(&out, &account);
    for (size_t size = 0; size < out.size; size++) {
        struct account read = {.id = 1};
        struct wire_reader in = reader_of(size);
        if (size == out.size - FRAUD_LIMITS_SIZE || size == out.size - PARENT_SIZE ||
            size == out.size - ZONE_SIZE) {
            continue; /* a version ended there */
        }
        assert_false(account_decode(&in, &read));
        assert_int_equal(read.id, 1); /* untouched */
    }
    buf_init(&out, bytes, sizeof(bytes));
    trunk_encode(&out, &trunk);
    for (size_t size = 0; size < out.size; size++) {
        struct trunk read;
        struct wire_reader in = reader_of(size);
        assert_false(trunk_decode(&in, &read));
    }
    buf_init(&out, bytes, sizeof(bytes));
    endpoint_encode(&out, &endpoint);
    for (size_t size = 0; size < out.size; size++) {
        struct endpoint read;
        struct wire_reader in = reader_of(size);
        assert_false(endpoint_decode(&in, &read));
    }
}

static void counts_and_kinds_out_of_range_are_damage(void **state)
{
    (void)state;
    struct number bad = number;
    bad.target = NUMBER_TO_TRUNK + 1;
    buf_init(&out, bytes, sizeof(bytes));
    number_encode(&out, &bad);
    struct wire_reader in = reader_of(out.size);
    struct number read;
    assert_false(number_decode(&in, &read));
    struct account bad_account = account;
    bad_account.class_ = 200;
    buf_init(&out, bytes, sizeof(bytes));
    account_encode(&out, &bad_account);
    in = reader_of(out.size);
    struct account account_read;
    assert_false(account_decode(&in, &account_read));
}

static void a_source_is_an_address_or_a_network(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int bits; /* -1: refused */
        const char *written;
    } table[] = {
        {"192.0.2.0/24", 120, "192.0.2.0/24"},
        {"192.0.2.7", 128, "192.0.2.7"},
        {"192.0.2.7/32", 128, "192.0.2.7"},
        {"0.0.0.0/0", 96, "0.0.0.0/0"},
        {"2001:db8::1", 128, "2001:db8::1"},
        {"2001:db8::/32", 32, "2001:db8::/32"},
        {"::ffff:192.0.2.7", 128, "192.0.2.7"},
        {"::/0", 0, "::/0"},
        {"192.0.2.0/33", -1, ""},
        {"2001:db8::/129", -1, ""},
        {"192.0.2", -1, ""},
        {"192.0.2.0/", -1, ""},
        {"192.0.2.0/-1", -1, ""},
        {"/24", -1, ""},
        {"", -1, ""},
        {"sip.example.net", -1, ""},
        {"[2001:db8::1]", -1, ""},
    };
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        struct trunk_acl acl;
        bool is_parsed = trunk_acl_parse(slice_from_text(table[i].text), &acl);
        assert_int_equal(is_parsed, table[i].bits >= 0);
        if (is_parsed) {
            assert_int_equal(acl.prefix_bits, table[i].bits);
            buf_init(&out, bytes, sizeof(bytes));
            trunk_acl_write(&out, &acl);
            assert_true(slice_equal(buf_done(&out), slice_from_text(table[i].written)));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_of_a_row_survives_encoding),
        cmocka_unit_test(an_endpoint_is_disabled_and_needs_sha_256_or_not),
        cmocka_unit_test(an_account_of_before_sub_accounts_and_zones_has_none),
        cmocka_unit_test(an_account_of_before_the_limits_against_fraud_has_none),
        cmocka_unit_test(a_row_that_is_cut_short_is_damaged_at_every_length),
        cmocka_unit_test(counts_and_kinds_out_of_range_are_damage),
        cmocka_unit_test(a_source_is_an_address_or_a_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
