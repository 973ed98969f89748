#include "account/directory.h"
#include "base/rng.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct epoch epoch;

static struct directory *directory_made(uint32_t count_max)
{
    struct directory_limits limits = {.account_count_max = count_max,
                                      .endpoint_count_max = count_max,
                                      .number_count_max = count_max,
                                      .hash_seed = 42};
    epoch_init(&epoch);
    struct directory *directory = directory_new(&limits, &epoch);
    assert_non_null(directory);
    return directory;
}

static void done(struct directory *directory)
{
    directory_free(directory);
    epoch_done(&epoch);
}

static struct endpoint endpoint_of(uint64_t id, const char *user)
{
    struct endpoint row = {.id = id, .account_id = 1};
    snprintf(row.user, sizeof(row.user), "%s", user);
    return row;
}

static enum tri_is endpoint_is(const struct directory *directory, const char *user, uint64_t *id)
{
    struct endpoint row = {.id = 0};
    struct tri found = directory_endpoint(directory, slice_from_text(user), &row);
    *id = row.id;
    return found.is;
}

static void what_is_not_there_is_unknown_until_the_load_is_complete(void **state)
{
    (void)state;
    struct directory *directory = directory_made(10);
    struct account account = {.id = 5, .name = "alice"};
    assert_true(directory_put_account(directory, &account));
    struct account found = {0};
    struct number number;
    const struct trunk *trunk = NULL;
    uint8_t source[16] = {0};
    uint64_t id = 0;
    assert_int_equal(directory_account(directory, 5, &found).is, TRI_PRESENT);
    assert_int_equal(directory_account(directory, 6, &found).is, TRI_UNKNOWN);
    assert_int_equal(endpoint_is(directory, "bob", &id), TRI_UNKNOWN);
    assert_int_equal(directory_number(directory, SLICE("49"), &number).is, TRI_UNKNOWN);
    assert_int_equal(directory_trunk_by_source(directory, source, &trunk).is, TRI_UNKNOWN);
    directory_set_loaded(directory);
    assert_int_equal(directory_account(directory, 5, &found).is, TRI_PRESENT);
    assert_string_equal(found.name, "alice");
    assert_int_equal(directory_account(directory, 6, &found).is, TRI_ABSENT);
    assert_int_equal(endpoint_is(directory, "bob", &id), TRI_ABSENT);
    assert_int_equal(directory_number(directory, SLICE("49"), &number).is, TRI_ABSENT);
    assert_int_equal(directory_trunk_by_source(directory, source, &trunk).is, TRI_ABSENT);
    done(directory);
}

static void a_changed_user_name_leaves_nothing_under_the_old_one(void **state)
{
    (void)state;
    struct directory *directory = directory_made(10);
    directory_set_loaded(directory);
    struct endpoint row = endpoint_of(7, "bob");
    uint64_t id = 0;
    assert_true(directory_put_endpoint(directory, &row));
    row = endpoint_of(7, "robert");
    row.version = 2;
    assert_true(directory_put_endpoint(directory, &row));
    assert_int_equal(endpoint_is(directory, "bob", &id), TRI_ABSENT);
    assert_int_equal(endpoint_is(directory, "robert", &id), TRI_PRESENT);
    assert_int_equal(id, 7);
    assert_int_equal(directory_count(directory).endpoints, 1);
    directory_remove_endpoint(directory, 7);
    directory_remove_endpoint(directory, 7);
    assert_int_equal(endpoint_is(directory, "robert", &id), TRI_ABSENT);
    assert_int_equal(directory_count(directory).endpoints, 0);
    done(directory);
}

/* The feed may tell of the new owner of a name before it tells that the old row is gone. */
static void a_name_belongs_to_the_row_that_came_last(void **state)
{
    (void)state;
    struct directory *directory = directory_made(10);
    directory_set_loaded(directory);
    struct endpoint first = endpoint_of(1, "bob");
    struct endpoint second = endpoint_of(2, "carol");
    uint64_t id = 0;
    assert_true(directory_put_endpoint(directory, &first));
    assert_true(directory_put_endpoint(directory, &second));
    second = endpoint_of(2, "bob");
    assert_true(directory_put_endpoint(directory, &second));
    assert_int_equal(endpoint_is(directory, "bob", &id), TRI_PRESENT);
    assert_int_equal(id, 2);
    assert_int_equal(endpoint_is(directory, "carol", &id), TRI_ABSENT);
    directory_remove_endpoint(directory, 1); /* late, and harmless */
    assert_int_equal(endpoint_is(directory, "bob", &id), TRI_PRESENT);
    assert_int_equal(directory_count(directory).endpoints, 1);
    first = endpoint_of(1, "dave");
    assert_true(directory_put_endpoint(directory, &first));
    assert_int_equal(endpoint_is(directory, "dave", &id), TRI_PRESENT);
    assert_int_equal(id, 1);
    done(directory);
}

static void a_full_table_refuses_a_new_row_and_takes_a_changed_one(void **state)
{
    (void)state;
    struct directory *directory = directory_made(3);
    directory_set_loaded(directory);
    for (uint64_t id = 1; id <= 3; id++) {
        struct account row = {.id = id};
        assert_true(directory_put_account(directory, &row));
    }
    struct account extra = {.id = 4};
    assert_false(directory_put_account(directory, &extra));
    struct account changed = {.id = 2, .name = "changed"};
    struct account found;
    assert_true(directory_put_account(directory, &changed));
    assert_int_equal(directory_account(directory, 4, &found).is, TRI_ABSENT);
    assert_int_equal(directory_account(directory, 2, &found).is, TRI_PRESENT);
    assert_string_equal(found.name, "changed");
    struct number number = {.id = 1, .digits = "491"};
    for (uint64_t id = 1; id <= 3; id++) {
        number.id = id;
        number.digits[2] = (char)('0' + id);
        assert_true(directory_put_number(directory, &number));
    }
    memcpy(number.digits, "550", sizeof("550")); /* another key, while the table is full */
    assert_true(directory_put_number(directory, &number));
    assert_int_equal(directory_number(directory, SLICE("550"), &number).is, TRI_PRESENT);
    assert_int_equal(directory_number(directory, SLICE("493"), &number).is, TRI_ABSENT);
    done(directory);
}

/* Random puts and removals beside a plain array that says what must be there. */
static void many_changes_leave_what_a_plain_array_says(void **state)
{
    (void)state;
    enum { IDS = 200, USERS = 150 };
    struct directory *directory = directory_made(IDS);
    directory_set_loaded(directory);
    int user_of[IDS] = {0}; /* 0: not there */
    struct rng rng;
    rng_init(&rng, 3);
    for (int i = 0; i < 20000; i++) {
        uint64_t id = rng_below(&rng, IDS);
        int user = 1 + (int)rng_below(&rng, USERS);
        if (rng_chance(&rng, 300000)) {
            directory_remove_endpoint(directory, id + 1);
            user_of[id] = 0;
        } else {
            char name[16];
            snprintf(name, sizeof(name), "u%d", user);
            struct endpoint row = endpoint_of(id + 1, name);
            assert_true(directory_put_endpoint(directory, &row));
            for (int other = 0; other < IDS; other++) {
                user_of[other] = user_of[other] == user ? 0 : user_of[other];
            }
            user_of[id] = user;
        }
    }
    uint64_t expected[USERS + 1] = {0};
    uint32_t count = 0;
    for (uint64_t id = 0; id < IDS; id++) {
        if (user_of[id] != 0) {
            expected[user_of[id]] = id + 1;
            count++;
        }
    }
    for (int user = 1; user <= USERS; user++) {
        char name[16];
        uint64_t id = 0;
        snprintf(name, sizeof(name), "u%d", user);
        enum tri_is is = endpoint_is(directory, name, &id);
        assert_int_equal(is, expected[user] == 0 ? TRI_ABSENT : TRI_PRESENT);
        assert_int_equal(id, expected[user]);
    }
    assert_int_equal(directory_count(directory).endpoints, count);
    done(directory);
}

static bool sum_ids(void *ctx, const struct endpoint *row)
{
    uint64_t *sum = ctx;
    *sum += row->id;
    return *sum < 1000;
}

static void a_walk_meets_every_row_once_and_stops_when_told(void **state)
{
    (void)state;
    struct directory *directory = directory_made(100);
    uint64_t sum = 0;
    for (uint64_t id = 1; id <= 40; id++) {
        char name[16];
        snprintf(name, sizeof(name), "u%d", (int)id);
        struct endpoint row = endpoint_of(id, name);
        assert_true(directory_put_endpoint(directory, &row));
    }
    directory_each_endpoint(directory, sum_ids, &sum);
    assert_int_equal(sum, 40 * 41 / 2);
    sum = 1000;
    directory_each_endpoint(directory, sum_ids, &sum);
    assert_in_range(sum, 1001, 1040);
    done(directory);
}

static struct trunk trunk_of(uint64_t id, const char *source)
{
    struct trunk row = {.id = id, .acl_count = source == NULL ? 0 : 1};
    assert_true(source == NULL || trunk_acl_parse(slice_from_text(source), &row.acl[0]));
    return row;
}

static uint64_t trunk_at(const struct directory *directory, const char *source)
{
    struct trunk_acl acl;
    const struct trunk *trunk = NULL;
    assert_true(trunk_acl_parse(slice_from_text(source), &acl));
    struct tri found = directory_trunk_by_source(directory, acl.address, &trunk);
    assert_int_equal(found.is, trunk == NULL ? TRI_ABSENT : TRI_PRESENT);
    return trunk == NULL ? 0 : trunk->id;
}

static void a_source_is_the_trunk_with_the_narrowest_network(void **state)
{
    (void)state;
    struct directory *directory = directory_made(10);
    directory_set_loaded(directory);
    struct trunk trunks[] = {
        trunk_of(9, "192.0.2.0/24"), trunk_of(3, "192.0.2.7"),       trunk_of(4, "2001:db8::/32"),
        trunk_of(5, NULL),           trunk_of(6, "192.0.2.7/29"),    trunk_of(2, "198.51.100.1"),
        trunk_of(7, "198.51.100.1"), trunk_of(8, "255.255.255.255"),
    };
    trunks[5].is_disabled = true; /* an enabled one with the same source goes before it */
    assert_true(directory_swap_trunks(directory, trunks, ARRAY_COUNT(trunks), NULL, 0));
    static const struct {
        const char *source;
        uint64_t trunk;
    } table[] = {
        {"192.0.2.7", 3},       {"192.0.2.1", 6},       {"192.0.2.8", 9},  {"192.0.3.1", 0},
        {"198.51.100.1", 7},    {"2001:db8:5::1", 4},   {"2001:db9::", 0}, {"::1", 0},
        {"255.255.255.255", 8}, {"255.255.255.254", 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        assert_int_equal(trunk_at(directory, table[i].source), table[i].trunk);
    }
    done(directory);
}

static void trunks_are_sorted_and_an_old_set_lives_while_it_is_read(void **state)
{
    (void)state;
    struct directory *directory = directory_made(10);
    struct trunk trunks[] = {trunk_of(9, NULL), trunk_of(3, NULL)};
    struct route_row routes[] = {{.id = 1, .prefix = "49", .priority = 2},
                                 {.id = 2, .prefix = "4", .priority = 9},
                                 {.id = 3, .prefix = "49", .priority = 1}};
    assert_int_equal(directory_trunks(directory)->trunk_count, 0);
    assert_true(directory_swap_trunks(directory, trunks, 2, routes, 3));
    epoch_online(&epoch, 0);
    const struct trunk_set *set = directory_trunks(directory);
    assert_true(directory_swap_trunks(directory, trunks, 1, NULL, 0));
    epoch_reclaim(&epoch);
    assert_int_equal(set->trunks[0].id, 3);
    assert_int_equal(trunk_set_by_id(set, 9)->id, 9);
    assert_null(trunk_set_by_id(set, 4));
    assert_int_equal(set->routes[0].id, 2);
    assert_int_equal(set->routes[1].id, 3);
    assert_int_equal(set->routes[2].id, 1);
    assert_int_equal(directory_count(directory).trunks, 1);
    assert_int_equal(directory_count(directory).routes, 0);
    epoch_offline(&epoch, 0);
    done(directory);
}

struct race {
    struct directory *directory;
    _Atomic bool is_over;
    _Atomic uint32_t torn_count;
};

/* Every version of the row has its number in three places, far from each other. */
static void *read_rows(void *context)
{
    struct race *race = context;
    while (!atomic_load(&race->is_over)) {
        struct endpoint row;
        epoch_online(&epoch, 0);
        if (directory_endpoint(race->directory, SLICE("bob"), &row).is == TRI_PRESENT) {
            bool is_whole = row.ha1_sha256[31] == (uint8_t)row.version && row.id == 1 &&
                            row.account_id == row.version;
            atomic_fetch_add(&race->torn_count, is_whole ? 0 : 1);
        }
        const struct trunk_set *set = directory_trunks(race->directory);
        bool is_whole = set->trunk_count == 0 || set->trunks[0].version == set->trunks[0].id;
        atomic_fetch_add(&race->torn_count, is_whole ? 0 : 1);
        epoch_offline(&epoch, 0);
    }
    return NULL;
}

static void a_reader_beside_the_writer_never_sees_half_a_row(void **state)
{
    (void)state;
    struct race race = {.directory = directory_made(10)};
    pthread_t reader;
    assert_int_equal(pthread_create(&reader, NULL, read_rows, &race), 0);
    for (uint64_t version = 1; version <= 20000; version++) {
        struct endpoint row = endpoint_of(1, "bob");
        row.version = version;
        row.account_id = version;
        row.ha1_sha256[31] = (uint8_t)version;
        assert_true(directory_put_endpoint(race.directory, &row));
        if (version % 16 == 0) {
            struct trunk trunk = {.id = version, .version = version};
            bool is_swapped = directory_swap_trunks(race.directory, &trunk, 1, NULL, 0);
            (void)is_swapped; /* false where the reader slept with a set in its hand */
        }
        if (version % 1000 == 0) {
            directory_remove_endpoint(race.directory, 1);
        }
    }
    atomic_store(&race.is_over, true);
    pthread_join(reader, NULL);
    assert_int_equal(race.torn_count, 0);
    done(race.directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_there_is_unknown_until_the_load_is_complete),
        cmocka_unit_test(a_changed_user_name_leaves_nothing_under_the_old_one),
        cmocka_unit_test(a_name_belongs_to_the_row_that_came_last),
        cmocka_unit_test(a_full_table_refuses_a_new_row_and_takes_a_changed_one),
        cmocka_unit_test(many_changes_leave_what_a_plain_array_says),
        cmocka_unit_test(a_walk_meets_every_row_once_and_stops_when_told),
        cmocka_unit_test(a_source_is_the_trunk_with_the_narrowest_network),
        cmocka_unit_test(trunks_are_sorted_and_an_old_set_lives_while_it_is_read),
        cmocka_unit_test(a_reader_beside_the_writer_never_sees_half_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
