/* What the world does to a database server: stopped, killed, restarted, refusing, put back to an
 * older state, lying about a commit. "Unknown" each time, within the deadline, and never twice. */
#include "base/clock.h"
#include "fixture.h"
#include "pg_server.h"

#include "store/internal.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LONG_US 5000000
#define SHORT_US 300000 /* of a call that is not going to be answered */

struct world {
    char dir[64];
    struct store *store;
    uint64_t account, incarnation, session;
};

static struct store *open_at(const char *dir, const char *url)
{
    struct store_options options = {
        .dir = dir, .url = url, .deadline_us = LONG_US, .may_create = true};
    struct store *store = store_new(&options);
    assert_non_null(store);
    return store;
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    assert_non_null(world);
    snprintf(world->dir, sizeof(world->dir), "/tmp/dialtone-store-XXXXXX");
    assert_non_null(mkdtemp(world->dir));
    (void)pg_server_sql(&pg_group, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    world->store = open_at(world->dir, pg_group.url);
    assert_ok(store_migrate(world->store));
    world->account = make_account(world->store, "a", 0);
    top_up(world->store, world->account, EUROS(10));
    world->incarnation = make_incarnation(world->store, 'a', &world->session);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    char command[128];
    store_free(world->store);
    snprintf(command, sizeof(command), "rm -rf %s", world->dir);
    assert_int_equal(system(command), 0);
    free(world);
    return 0;
}

/* All calls about money answer UNKNOWN, in bounded time. */
static void assert_unknown(struct world *world)
{
    struct lease_ask one = {.account_id = world->account, .want_micro = EUROS(1)};
    struct lease_answer answer = {.more = {TRI_ABSENT}};
    struct usage usage = make_usage(1, world->account, EUROS(1), EUROS(1));
    struct money_request request = {.account_id = world->account,
                                    .amount_micro = 1,
                                    .kind = "topup",
                                    .key = "k",
                                    .actor = "x",
                                    .request_hash = "h"};
    struct money_answer money;
    uint64_t mark = 42;
    int64_t from_us = clock_mono_us();
    world->store->options.deadline_us = SHORT_US;
    assert_result(ledger_refill(world->store, world->incarnation, world->session, &one, 1, &answer),
                  STORE_UNKNOWN);
    assert_int_equal(answer.more.is, TRI_UNKNOWN);
    assert_result(ledger_settle(world->store, world->incarnation, world->session, &usage, 1, &mark),
                  STORE_UNKNOWN);
    assert_int_equal(mark, 42);
    assert_result(ledger_money(world->store, &request, &money), STORE_UNKNOWN);
    assert_true(strlen(store_error(world->store)) > 0);
    assert_true(clock_mono_us() - from_us < 6 * SHORT_US + 2000000);
    world->store->options.deadline_us = LONG_US;
}

/* The result of a call, asked again until it is not UNKNOWN: the reconnecting has pauses. */
static enum store_result settle_until_known(struct world *world, const struct usage *usages,
                                            int count, uint64_t *mark)
{
    enum store_result result = STORE_UNKNOWN;
    int64_t until_us = clock_mono_us() + 15000000;
    while (result == STORE_UNKNOWN && clock_mono_us() < until_us) {
        result =
            ledger_settle(world->store, world->incarnation, world->session, usages, count, mark);
        if (result == STORE_UNKNOWN) {
            store_sleep_us(20000);
        }
    }
    return result;
}

static void assert_served(struct world *world)
{
    struct usage usage = make_usage(1, world->account, EUROS(1), EUROS(1));
    uint64_t mark = 0;
    assert_ok(settle_until_known(world, &usage, 1, &mark));
    assert_int_equal(mark, 1);
    assert_int_equal(balance_of(world->store, world->account).balance_micro, EUROS(9));
    assert_clean(world->store);
}

static void a_stopped_server_is_unknown_and_loses_nothing(void **state)
{
    struct world *world = *state;
    pg_server_freeze(&pg_group, true); /* as a host that hangs */
    assert_unknown(world);
    pg_server_freeze(&pg_group, false);
    assert_served(world);
}

static void a_killed_server_is_unknown_until_it_is_back(void **state)
{
    struct world *world = *state;
    pg_server_kill(&pg_group);
    assert_unknown(world);
    pg_server_start(&pg_group);
    assert_served(world);
}

/* A connection that ended while nobody used it is made anew, and nobody notices. */
static void a_session_that_was_ended_idle_is_made_anew(void **state)
{
    struct world *world = *state;
    assert_int_equal(balance_of(world->store, world->account).balance_micro, EUROS(10));
    (void)pg_server_sql(&pg_group,
                        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
                        " WHERE application_name = 'dialtone'");
    assert_int_equal(balance_of(world->store, world->account).balance_micro, EUROS(10));
}

static void a_writer_that_holds_the_lock_makes_others_unknown(void **state)
{
    struct world *world = *state;
    struct store *other = open_at(world->dir, pg_group.url);
    assert_true(store_begin(other, STORE_WRITE));
    uint64_t number = 0;
    assert_true(store_count(other, "change", 1, &number));
    assert_unknown(world);
    assert_ok(store_end(other, STORE_OK));
    store_free(other);
    assert_served(world);
}

/* The tests' only way to a warning at COMMIT without a standby: the server says one itself. */
static void a_commit_that_is_answered_with_a_warning_is_unknown(void **state)
{
    struct world *world = *state;
    struct usage usage = make_usage(1, world->account, EUROS(1), EUROS(1));
    uint64_t mark = 42;
    (void)pg_server_sql(
        &pg_group, "CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS $$"
                   " BEGIN RAISE WARNING 'canceling wait for synchronous replication'; RETURN NULL;"
                   " END $$;"
                   "CREATE CONSTRAINT TRIGGER warn AFTER UPDATE ON incarnation"
                   " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION warn()");
    assert_result(ledger_settle(world->store, world->incarnation, world->session, &usage, 1, &mark),
                  STORE_UNKNOWN);
    assert_int_equal(mark, 42);
    (void)pg_server_sql(&pg_group, "DROP TRIGGER warn ON incarnation; DROP FUNCTION warn()");
    /* It was carried out all the same: the mark says so, and it is not charged twice. */
    assert_served(world);
}

static void a_commit_that_is_refused_is_unknown(void **state)
{
    struct world *world = *state;
    (void)pg_server_sql(&pg_group,
                        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$"
                        " BEGIN RAISE unique_violation; END $$;"
                        "CREATE CONSTRAINT TRIGGER fail AFTER UPDATE ON counter"
                        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail()");
    assert_unknown(world);
    (void)pg_server_sql(&pg_group, "DROP TRIGGER fail ON counter; DROP FUNCTION fail()");
    assert_served(world);
}

/* The answer to a repeat rests on what may not be on a standby yet: it waits for a commit of its
 * own, which is after it. */
static void an_answer_that_changes_nothing_is_committed_too(void **state)
{
    struct world *world = *state;
    struct usage usage = make_usage(1, world->account, EUROS(1), EUROS(1));
    assert_int_equal(settle_one(world->store, world->incarnation, world->session, usage), 1);
    const char *sql = "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn";
    long long before = pg_server_sql(&pg_group, sql);
    assert_int_equal(settle_one(world->store, world->incarnation, world->session, usage), 1);
    assert_true(pg_server_sql(&pg_group, sql) > before);
}

static void a_server_that_was_put_back_is_unknown(void **state)
{
    struct world *world = *state;
    struct usage usage = make_usage(1, world->account, EUROS(1), EUROS(1));
    store_free(world->store);
    pg_server_keep(&pg_group);
    world->store = open_at(world->dir, pg_group.url);
    assert_int_equal(settle_one(world->store, world->incarnation, world->session, usage), 1);
    pg_server_put_back(&pg_group);
    struct balance balance;
    assert_result(ledger_balance(world->store, world->account, &balance), STORE_UNKNOWN);
    assert_non_null(strstr(store_error(world->store), "went back"));
    uint64_t mark = 42;
    assert_result(ledger_settle(world->store, world->incarnation, world->session, &usage, 1, &mark),
                  STORE_UNKNOWN);
    assert_int_equal(mark, 42);
}

static void another_ledger_is_not_taken_for_ours(void **state)
{
    struct world *world = *state;
    (void)pg_server_sql(&pg_group,
                        "UPDATE meta SET value = repeat('0', 32) WHERE name = 'identity'");
    struct balance balance;
    struct store *late = open_at(world->dir, pg_group.url);
    assert_result(ledger_balance(late, world->account, &balance), STORE_UNKNOWN);
    assert_non_null(strstr(store_error(late), "another ledger"));
    store_free(late);
}

/* Only a comparison that was made says that it is another: a person is called for that. */
static void a_server_that_cannot_compare_is_unknown_but_not_another(void **state)
{
    struct world *world = *state;
    struct balance balance;
    assert_int_equal(balance_of(world->store, world->account).balance_micro, EUROS(10));
    (void)pg_server_sql(&pg_group, "ALTER TABLE link RENAME TO away");
    for (int i = 0; i < 2; i++) { /* in the session that is open, and in a new one */
        assert_result(ledger_balance(world->store, world->account, &balance), STORE_UNKNOWN);
        assert_false(store_is_foreign(world->store));
    }
    (void)pg_server_sql(&pg_group, "ALTER TABLE away RENAME TO link");
    assert_served(world);
    (void)pg_server_sql(&pg_group, "DELETE FROM meta");
    assert_result(ledger_balance(world->store, world->account, &balance), STORE_UNKNOWN);
    assert_true(store_is_foreign(world->store));
}

static void a_read_only_server_is_unknown(void **state)
{
    struct world *world = *state;
    store_free(world->store);
    pg_server_admin(&pg_group, "ALTER DATABASE dialtone SET default_transaction_read_only = on");
    world->store = open_at(world->dir, pg_group.url);
    assert_unknown(world);
    pg_server_admin(&pg_group, "ALTER DATABASE dialtone RESET default_transaction_read_only");
    assert_served(world);
}

static void a_newer_schema_is_refused_and_not_touched(void **state)
{
    struct world *world = *state;
    (void)pg_server_sql(&pg_group, "INSERT INTO migration VALUES (99, 'x', 1, 'x')");
    struct store *late = open_at(world->dir, pg_group.url);
    struct balance balance;
    assert_result(store_migrate(late), STORE_NEWER_SCHEMA);
    assert_result(store_upgrade(late), STORE_NEWER_SCHEMA);
    assert_result(ledger_balance(late, world->account, &balance), STORE_NEWER_SCHEMA);
    store_free(late);
}

static void an_older_schema_is_upgraded_in_place(void **state)
{
    struct world *world = *state;
    store_free(world->store);
    (void)pg_server_sql(&pg_group, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    char command[128];
    snprintf(command, sizeof(command), "rm -f %s/store.identity", world->dir);
    assert_int_equal(system(command), 0);
    world->store = open_at(world->dir, pg_group.url);
    assert_ok(store_migrate_to(world->store, 1));
    struct balance balance;
    assert_result(ledger_balance(world->store, 1, &balance), STORE_UNKNOWN);
    assert_ok(store_upgrade(world->store));
    assert_int_equal(make_account(world->store, "a", 0), 1);
}

static void only_init_makes_a_ledger(void **state)
{
    struct world *world = *state;
    (void)pg_server_sql(&pg_group, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    struct store_options options = {.dir = world->dir, .url = pg_group.url, .deadline_us = LONG_US};
    struct store *late = store_new(&options);
    assert_result(store_upgrade(late), STORE_UNKNOWN);
    assert_result(store_migrate(late), STORE_UNKNOWN);
    assert_int_equal(pg_server_sql(&pg_group, "SELECT count(*) FROM pg_tables"
                                              " WHERE schemaname = 'public'"),
                     0);
    store_free(late);
}

static void a_dead_host_costs_its_share_of_the_deadline_only(void **state)
{
    struct world *world = *state;
    char url[256];
    /* 198.51.100.1 is nobody's (RFC 5737): no answer, or none in time. */
    snprintf(url, sizeof(url), "postgresql://dialtone@/dialtone?host=198.51.100.1,%s",
             pg_group.dir);
    struct store *store = open_at(world->dir, url);
    struct balance balance;
    assert_ok(ledger_balance(store, world->account, &balance));
    store_free(store);
}

static void a_password_in_the_url_or_open_to_others_is_refused(void **state)
{
    struct world *world = *state;
    char url[256], path[96];
    struct balance balance;
    snprintf(url, sizeof(url), "postgresql://dialtone:secret@/dialtone?host=%s", pg_group.dir);
    struct store *store = open_at(world->dir, url);
    assert_result(ledger_balance(store, world->account, &balance), STORE_UNKNOWN);
    assert_non_null(strstr(store_error(store), "store.password"));
    assert_null(strstr(store_error(store), "secret"));
    store_free(store);
    snprintf(path, sizeof(path), "%s/store.password", world->dir);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("secret\n", file);
    fclose(file);
    assert_int_equal(chmod(path, 0644), 0);
    store = open_at(world->dir, pg_group.url);
    assert_result(ledger_balance(store, world->account, &balance), STORE_UNKNOWN);
    assert_non_null(strstr(store_error(store), "mode 600"));
    store_free(store);
    assert_int_equal(chmod(path, 0600), 0);
    store = open_at(world->dir, pg_group.url);
    assert_ok(ledger_balance(store, world->account, &balance));
    store_free(store);
}

static void text_that_is_not_utf8_blocks_nothing(void **state)
{
    struct world *world = *state;
    struct event_row row = {.wall_us = 1, .kind = "refusal", .text = "{\"from\":\"\xff\xc3\"}"};
    struct event_row back;
    int count = 0;
    assert_ok(event_put(world->store, &row, 1));
    assert_ok(event_page(world->store, "refusal", 0, 0, &back, 1, &count));
    assert_int_equal(count, 1);
    assert_string_equal(back.text, "{\"from\":\"??\"}");
}

struct writer {
    struct world *world;
    char digit;
    uint64_t incarnation, session;
    int refused_count;
};

static void *write_some(void *ctx)
{
    struct writer *writer = ctx;
    struct store *store = open_at(writer->world->dir, pg_group.url);
    for (uint64_t sequence = 1; sequence <= 100;) {
        struct usage usages[10];
        for (uint64_t i = 0; i < 10; i++) {
            usages[i] =
                make_usage(sequence + i, writer->world->account, 1, (int64_t)(sequence + i));
        }
        uint64_t mark = 0;
        enum store_result result =
            ledger_settle(store, writer->incarnation, writer->session, usages, 10, &mark);
        writer->refused_count += result != STORE_OK && result != STORE_UNKNOWN;
        sequence = result == STORE_OK ? mark + 1 : sequence;
    }
    store_free(store);
    return NULL;
}

static void writers_side_by_side_lose_and_double_nothing(void **state)
{
    struct world *world = *state;
    struct writer writers[3];
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        writers[i] = (struct writer){.world = world, .digit = (char)('b' + i)};
        writers[i].incarnation =
            make_incarnation(world->store, writers[i].digit, &writers[i].session);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, write_some, &writers[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(writers[i].refused_count, 0);
    }
    assert_int_equal(balance_of(world->store, world->account).balance_micro, EUROS(10) - 300);
    assert_clean(world->store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_stopped_server_is_unknown_and_loses_nothing),
        TEST(a_killed_server_is_unknown_until_it_is_back),
        TEST(a_session_that_was_ended_idle_is_made_anew),
        TEST(a_writer_that_holds_the_lock_makes_others_unknown),
        TEST(a_commit_that_is_answered_with_a_warning_is_unknown),
        TEST(a_commit_that_is_refused_is_unknown),
        TEST(an_answer_that_changes_nothing_is_committed_too),
        TEST(a_server_that_was_put_back_is_unknown),
        TEST(another_ledger_is_not_taken_for_ours),
        TEST(a_server_that_cannot_compare_is_unknown_but_not_another),
        TEST(a_read_only_server_is_unknown),
        TEST(a_newer_schema_is_refused_and_not_touched),
        TEST(an_older_schema_is_upgraded_in_place),
        TEST(only_init_makes_a_ledger),
        TEST(a_dead_host_costs_its_share_of_the_deadline_only),
        TEST(a_password_in_the_url_or_open_to_others_is_refused),
        TEST(text_that_is_not_utf8_blocks_nothing),
        TEST(writers_side_by_side_lose_and_double_nothing),
    };
    return cmocka_run_group_tests(tests, pg_group_start, pg_group_stop);
}
