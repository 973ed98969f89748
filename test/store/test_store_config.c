/* Rows of the configuration: what is put is what is got; names are unique; changes are followed. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void a_row_comes_back_as_it_was_put(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t account_id = make_account(store, "acme", EUROS(5));
    struct trunk trunk = {
        .account_id = account_id,
        .name = "carrier",
        .host = "sip.example.net",
        .port = 5070,
        .transport = TRUNK_TCP,
        .takes_emergency = true,
        .acl_count = 2,
        .auth_user = "me",
        .auth_password = "secret",
        .tech_prefix = "99",
        .sends_plus = true,
        .channels_max = 30,
        .cps_max = NO_LIMIT,
        .identity = "4930999",
    };
    assert_true(trunk_acl_parse(SLICE("192.0.2.0/24"), &trunk.acl[0]));
    assert_true(trunk_acl_parse(SLICE("2001:db8::1"), &trunk.acl[1]));
    assert_ok(config_put_trunk(store, &trunk, "test"));
    struct trunk trunk_back;
    assert_ok(config_trunk_by_name(store, "carrier", &trunk_back));
    assert_memory_equal(&trunk, &trunk_back, sizeof(trunk));

    struct endpoint endpoint = {
        .account_id = account_id,
        .user = "alice",
        .digest = ENDPOINT_DIGEST_SHA256,
        .display = "Alice",
        .identity_count = 2,
        .identities = {"4930111", "4930112"},
    };
    memset(endpoint.ha1_md5, 7, sizeof(endpoint.ha1_md5));
    memset(endpoint.ha1_sha256, 9, sizeof(endpoint.ha1_sha256));
    assert_ok(config_put_endpoint(store, &endpoint, "test"));
    struct endpoint endpoint_back;
    assert_ok(config_get_endpoint(store, endpoint.id, &endpoint_back));
    assert_memory_equal(&endpoint, &endpoint_back, sizeof(endpoint));

    struct number number = {
        .account_id = account_id, .digits = "4930111", .endpoint_user = "alice"};
    assert_ok(config_put_number(store, &number, "test"));
    struct number number_back;
    assert_ok(config_number_by_digits(store, "4930111", &number_back));
    assert_memory_equal(&number, &number_back, sizeof(number));

    struct route_row route = {.prefix = "49", .trunk_id = trunk.id, .priority = 10, .weight = 100};
    assert_ok(config_put_route(store, &route, "test"));
    struct route_row routes[2];
    int count = 0;
    assert_ok(config_page_route(store, 0, routes, 2, &count));
    assert_int_equal(count, 1);
    assert_memory_equal(&route, &routes[0], sizeof(route));
}

static void an_account_is_found_by_name_and_changed(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    struct account row, again;
    uint64_t id = make_account(store, "acme", 0);
    assert_ok(config_account_by_name(store, "acme", &row));
    assert_int_equal(row.id, id);
    row.is_suspended = true;
    assert_result(config_put_account(store, &row, "test"), STORE_REFUSED);
    snprintf(row.suspended_by, sizeof(row.suspended_by), "eve");
    uint64_t version = row.version;
    assert_ok(config_put_account(store, &row, "test"));
    assert_true(row.version > version);
    assert_ok(config_get_account(store, id, &again));
    assert_memory_equal(&row, &again, sizeof(row));
    assert_result(config_account_by_name(store, "nobody", &again), STORE_ABSENT);
    assert_result(config_get_account(store, 99, &again), STORE_ABSENT);
}

static void a_name_is_taken_once(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    (void)make_account(store, "acme", 0);
    struct account other = {.name = "acme", .currency = "EUR", .version = 5};
    assert_result(config_put_account(store, &other, "test"), STORE_EXISTS);
    assert_int_equal(other.id, 0);
    assert_int_equal(other.version, 5);
}

static void a_bad_row_is_refused_with_a_sentence(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t id = make_account(store, "acme", 0);
    struct account accounts[] = {
        {.name = "", .currency = "EUR"},
        {.name = "x", .currency = "eur"},
        {.name = "x", .currency = "EUR", .limit_micro = -1},
        {.name = "x", .currency = "EUR", .class_ = 9},
        {.name = "x", .currency = "EUR", .channels_max = -2},
        {.name = "x", .currency = "EUR", .sell_deck = 77},
    };
    for (size_t i = 0; i < ARRAY_COUNT(accounts); i++) {
        assert_result(config_put_account(store, &accounts[i], "test"), STORE_REFUSED);
        assert_true(strlen(store_error(store)) > 0);
    }
    struct endpoint endpoints[] = {
        {.account_id = id, .user = ""},
        {.account_id = 0, .user = "x"},
        {.account_id = 99, .user = "x"},
        {.account_id = id, .user = "x", .identity_count = 1, .identities = {"49a"}},
    };
    for (size_t i = 0; i < ARRAY_COUNT(endpoints); i++) {
        assert_result(config_put_endpoint(store, &endpoints[i], "test"), STORE_REFUSED);
    }
    struct route_row route = {.prefix = "49", .trunk_id = 99, .weight = 1};
    assert_result(config_put_route(store, &route, "test"), STORE_REFUSED);
    struct number number = {.account_id = id, .digits = "+49", .endpoint_user = "x"};
    assert_result(config_put_number(store, &number, "test"), STORE_REFUSED);
    struct account gone = {.id = 4711, .name = "x", .currency = "EUR"};
    assert_result(config_put_account(store, &gone, "test"), STORE_ABSENT);
}

static void a_row_in_use_stays(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t id = make_account(store, "acme", 0);
    struct endpoint endpoint = {.account_id = id, .user = "alice"};
    assert_ok(config_put_endpoint(store, &endpoint, "test"));
    assert_result(config_remove_account(store, id, "test"), STORE_CONFLICT);
    assert_ok(config_remove_endpoint(store, endpoint.id, "test"));
    assert_result(config_remove_endpoint(store, endpoint.id, "test"), STORE_ABSENT);
    assert_ok(config_remove_account(store, id, "test"));
    uint64_t paid = make_account(store, "payer", 0);
    assert_true(paid != id);
    top_up(store, paid, EUROS(1));
    assert_result(config_remove_account(store, paid, "test"), STORE_CONFLICT);
    assert_clean(store);
}

static void pages_go_on_after_the_last_id(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t account_id = make_account(store, "acme", 0);
    enum { COUNT = 2300 };
    struct endpoint *rows = calloc(COUNT, sizeof(*rows));
    for (int i = 0; i < COUNT; i++) {
        rows[i].account_id = account_id;
        snprintf(rows[i].user, sizeof(rows[i].user), "u%07d", i);
    }
    assert_ok(config_put_endpoints(store, rows, COUNT, "test"));
    uint64_t after = 0;
    int total = 0, count = 1;
    while (count > 0) {
        assert_ok(config_page_endpoint(store, after, rows, 1000, &count));
        total += count;
        after = count > 0 ? rows[count - 1].id : after;
    }
    assert_int_equal(total, COUNT);
    free(rows);
}

static void changes_come_in_order_and_once_a_row(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    struct config_change changes[8];
    int count = 0;
    uint64_t a = make_account(store, "a", 0);
    uint64_t b = make_account(store, "b", 0);
    struct account row;
    assert_ok(config_get_account(store, a, &row));
    assert_ok(config_put_account(store, &row, "test"));
    top_up(store, b, EUROS(1));
    assert_ok(config_put_setting(store, "domain", "example.org", "test"));
    assert_ok(config_changes(store, 0, changes, 8, &count));
    assert_int_equal(count, 4);
    assert_int_equal(changes[0].id, b);
    assert_int_equal(changes[1].id, a);
    assert_int_equal(changes[1].number, row.version);
    assert_int_equal(changes[2].kind, CONFIG_BALANCE);
    assert_int_equal(changes[2].id, b);
    assert_int_equal(changes[3].kind, CONFIG_SETTING);
    uint64_t seen = changes[3].number;
    assert_ok(config_changes(store, seen, changes, 8, &count));
    assert_int_equal(count, 0);
    char identity[33];
    uint64_t version = 0;
    assert_ok(store_identity(store, identity, &version));
    assert_int_equal(version, seen);
    assert_int_equal(strlen(identity), 32);
    assert_ok(config_remove_account(store, a, "test"));
    assert_ok(config_changes(store, seen, changes, 8, &count));
    assert_int_equal(count, 1);
    assert_true(changes[0].is_removed);
}

static void a_limit_is_cut_only_by_what_is_available(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t session = 0;
    uint64_t id = make_account(store, "acme", EUROS(10));
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    (void)ask(store, incarnation, session, id, 0, 0, EUROS(6));
    struct account row;
    assert_ok(config_get_account(store, id, &row));
    row.limit_micro = EUROS(5);
    assert_result(config_put_account(store, &row, "test"), STORE_REFUSED);
    row.limit_micro = EUROS(6);
    assert_ok(config_put_account(store, &row, "test"));
    assert_int_equal(balance_of(store, id).available_micro, 0);
    snprintf(row.currency, sizeof(row.currency), "USD");
    assert_result(config_put_account(store, &row, "test"), STORE_REFUSED);
}

static void a_deck_keeps_its_id_and_gains_a_version(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    size_t size = 2500000; /* three pieces */
    uint8_t *object = malloc(size);
    for (size_t i = 0; i < size; i++) {
        object[i] = (uint8_t)(i * 31 >> 3);
    }
    struct deck_row row = {
        .name = "retail", .currency = "EUR", .prefix_count = 3, .object_size = size};
    uint32_t id = 0, version = 0;
    assert_ok(config_deck_next(store, "retail", &id, &version));
    assert_int_equal(version, 1);
    row.id = id;
    row.deck_version = version;
    assert_ok(config_put_deck(store, &row, object, "test"));
    assert_ok(config_deck_next(store, "retail", &id, &version));
    assert_int_equal(id, row.id);
    assert_int_equal(version, 2);
    uint32_t other_id = 0;
    assert_ok(config_deck_next(store, "carrier", &other_id, &version));
    assert_int_not_equal(other_id, id);
    assert_int_equal(version, 1);

    /* Another import came between: its version is taken. */
    struct deck_row late = row;
    assert_result(config_put_deck(store, &late, object, "test"), STORE_CONFLICT);
    object[0] ^= 1;
    row.deck_version = 2;
    row.object_size = 100;
    assert_ok(config_put_deck(store, &row, object, "test"));
    uint8_t *back = NULL;
    size_t back_size = 0;
    assert_ok(config_read_deck(store, id, &back, &back_size));
    assert_int_equal(back_size, 100);
    assert_memory_equal(back, object, 100);
    free(back);
    struct deck_row rows[4];
    int count = 0;
    assert_ok(config_page_deck(store, 0, rows, 4, &count));
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].deck_version, 2);
    assert_ok(config_get_deck(store, id, &rows[1]));
    assert_string_equal(rows[1].object_hash, row.object_hash);
    assert_result(config_get_deck(store, 99, &rows[1]), STORE_ABSENT);
    assert_result(config_read_deck(store, 99, &back, &back_size), STORE_ABSENT);
    free(object);
}

static void an_old_version_of_a_deck_comes_back_whole(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint8_t object[64] = {0};
    uint64_t changes = 0;
    for (uint32_t version = 1; version <= 3; version++) {
        object[0] = (uint8_t)version;
        struct deck_row row = {.id = 1,
                               .deck_version = version,
                               .name = "d",
                               .currency = "EUR",
                               .kind = 1,
                               .time_zone = "Europe/Berlin",
                               .object_size = 64};
        assert_ok(config_put_deck(store, &row, object, "test"));
        changes = row.version;
    }
    struct deck_row row;
    assert_ok(config_use_deck_version(store, 1, 2, "ada", &row));
    assert_int_equal(row.deck_version, 2);
    assert_true(row.version > changes); /* followers see that it moved */
    assert_ok(config_get_deck(store, 1, &row));
    assert_int_equal(row.deck_version, 2);
    assert_int_equal(row.kind, 1);
    assert_string_equal(row.time_zone, "Europe/Berlin");
    uint8_t *back = NULL;
    size_t size = 0;
    assert_ok(config_read_deck(store, 1, &back, &size));
    assert_int_equal(back[0], 2);
    free(back);
    assert_ok(config_read_deck_version(store, 1, 3, &back, &size));
    assert_int_equal(back[0], 3);
    free(back);
    assert_result(config_use_deck_version(store, 1, 4, "ada", &row), STORE_ABSENT);
    assert_result(config_use_deck_version(store, 2, 1, "ada", &row), STORE_ABSENT);
    assert_result(config_get_deck_version(store, 1, 4, &row), STORE_ABSENT);

    /* The next import gets a number that was never given. */
    uint32_t id = 0, next = 0;
    assert_ok(config_deck_next(store, "d", &id, &next));
    assert_int_equal(id, 1);
    assert_int_equal(next, 4);

    struct deck_row rows[2];
    int count = 0;
    assert_ok(config_page_deck_version(store, 1, 0, rows, 2, &count));
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].deck_version, 3);
    assert_int_equal(rows[1].deck_version, 2);
    assert_ok(config_page_deck_version(store, 1, 2, rows, 2, &count));
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].deck_version, 1);
}

static void a_damaged_deck_is_unknown(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    uint8_t object[64] = {1, 2, 3};
    struct deck_row row = {
        .id = 1, .deck_version = 1, .name = "d", .currency = "EUR", .object_size = 64};
    assert_ok(config_put_deck(store, &row, object, "test"));
    uint8_t *back = NULL;
    size_t size = 0;
    fixture_sql(fixture, "UPDATE deck_piece SET bytes = zeroblob(64)");
    assert_result(config_read_deck(store, 1, &back, &size), STORE_UNKNOWN);
    fixture_sql(fixture, "DELETE FROM deck_piece");
    assert_result(config_read_deck(store, 1, &back, &size), STORE_UNKNOWN);
    assert_null(back);
}

static void settings_and_keys_are_kept(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    char value[16];
    assert_result(config_get_setting(store, "domain", value, sizeof(value)), STORE_ABSENT);
    assert_ok(config_put_setting(store, "domain", "example.org", "test"));
    assert_ok(config_put_setting(store, "domain", "example.net", "test"));
    assert_ok(config_get_setting(store, "domain", value, sizeof(value)));
    assert_string_equal(value, "example.net");
    assert_result(config_get_setting(store, "domain", value, 5), STORE_REFUSED);

    struct api_key key = {.name = "console", .is_operator = true}, back;
    memset(key.hash, 'a', 64);
    assert_ok(config_put_key(store, &key, "test"));
    assert_ok(config_key_by_hash(store, key.hash, &back));
    assert_memory_equal(&key, &back, sizeof(key));
    struct api_key wrong = {.name = "customer"};
    memset(wrong.hash, 'b', 64);
    assert_result(config_put_key(store, &wrong, "test"), STORE_REFUSED);
    key.is_revoked = true;
    assert_ok(config_put_key(store, &key, "test"));
    int count = 0;
    assert_ok(config_page_key(store, 0, &back, 1, &count));
    assert_int_equal(count, 1);
    assert_true(back.is_revoked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(a_row_comes_back_as_it_was_put),
        TEST(an_account_is_found_by_name_and_changed),
        TEST(a_name_is_taken_once),
        TEST(a_bad_row_is_refused_with_a_sentence),
        TEST(a_row_in_use_stays),
        TEST(pages_go_on_after_the_last_id),
        TEST(changes_come_in_order_and_once_a_row),
        TEST(a_limit_is_cut_only_by_what_is_available),
        TEST(a_deck_keeps_its_id_and_gains_a_version),
        TEST(an_old_version_of_a_deck_comes_back_whole),
        TEST(a_damaged_deck_is_unknown),
        TEST(settings_and_keys_are_kept),
    };
    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
