/* A ledger is moved from SQLite into PostgreSQL while others use it: all of it arrives, nothing is
 * written twice or lost, who had the file open goes on over there, and what breaks off leaves the
 * file the ledger. */
#include "fixture.h"
#include "pg_server.h"

#include "store/copy.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCOUNTS 40

static int setup(void **state)
{
    (void)pg_server_sql(&pg_group, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    return fixture_setup(state);
}

static enum store_result copy_now(const struct fixture *fixture, struct store_copied *done,
                                  char *error, size_t error_size)
{
    struct store_copy asked = {.dir = fixture->dir, .url = pg_group.url};
    return store_copy(&asked, done, error, error_size);
}

static void assert_copied(const struct fixture *fixture, struct store_copied *done)
{
    char error[320] = "";
    enum store_result result = copy_now(fixture, done, error, sizeof(error));
    if (result != STORE_OK) {
        fail_msg("%s: %s", store_result_name(result), error);
    }
}

static void make_world(struct fixture *fixture, uint64_t *incarnation, uint64_t *session)
{
    *incarnation = make_incarnation(fixture->store, 'a', session);
    for (int i = 0; i < ACCOUNTS; i++) {
        char name[16];
        snprintf(name, sizeof(name), "account %d", i);
        uint64_t id = make_account(fixture->store, name, 0);
        top_up(fixture->store, id, EUROS(10));
        (void)ask(fixture->store, *incarnation, *session, id, 0, 0, EUROS(2));
    }
    for (uint64_t i = 1; i <= ACCOUNTS; i++) {
        assert_int_equal(settle_one(fixture->store, *incarnation, *session,
                                    make_usage(i, i, MONEY_MICRO / 4, MONEY_MICRO / 4)),
                         i);
    }
}

static void everything_arrives_and_who_had_the_file_open_goes_on_there(void **state)
{
    struct fixture *fixture = *state;
    struct store_copied done;
    uint64_t incarnation, session;
    make_world(fixture, &incarnation, &session);
    int64_t entries = fixture_number(fixture, "SELECT count(*) FROM transfer");
    int64_t newest = fixture_number(fixture, "SELECT value FROM counter WHERE name = 'change'");

    assert_copied(fixture, &done);
    assert_int_equal(pg_server_sql(&pg_group, "SELECT count(*) FROM transfer"), entries);
    assert_int_equal(pg_server_sql(&pg_group, "SELECT count(*) FROM cdr"), ACCOUNTS);
    assert_int_equal(pg_server_sql(&pg_group, "SELECT value FROM counter WHERE name = 'change'"),
                     newest);

    /* The same store, with the session of before. */
    struct lease_answer answer =
        ask(fixture->store, incarnation, session, 1, MONEY_MICRO / 4, 0, EUROS(5));
    assert_true(answer.granted_micro > EUROS(2));
    assert_int_equal(settle_one(fixture->store, incarnation, session,
                                make_usage(ACCOUNTS + 1, 1, MONEY_MICRO / 2, MONEY_MICRO / 2)),
                     ACCOUNTS + 1);
    assert_int_equal(balance_of(fixture->store, 1).balance_micro, EUROS(10) - 3 * MONEY_MICRO / 4);
    uint64_t next = make_account(fixture->store, "made there", 0);
    assert_int_equal(next, ACCOUNTS + 1);
    assert_int_equal(pg_server_sql(&pg_group, "SELECT count(*) FROM cdr"), ACCOUNTS + 1);
    assert_clean(fixture->store);

    /* Nothing of that is in the file. */
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM transfer"), entries);
}

static void ids_of_removed_rows_are_not_given_again(void **state)
{
    struct fixture *fixture = *state;
    struct store_copied done;
    (void)make_account(fixture->store, "stays", 0);
    uint64_t gone = make_account(fixture->store, "goes", 0);
    assert_ok(config_remove_account(fixture->store, gone, "test"));
    assert_copied(fixture, &done);
    assert_int_equal(make_account(fixture->store, "comes", 0), gone + 1);
}

static void a_reference_is_guarded_there_as_before(void **state)
{
    struct fixture *fixture = *state;
    struct store_copied done;
    assert_copied(fixture, &done);
    struct endpoint endpoint = {.account_id = 77, .user = "nobody"};
    assert_result(config_put_endpoint(fixture->store, &endpoint, "test"), STORE_REFUSED);
    assert_int_equal(pg_server_sql(&pg_group,
                                   "SELECT count(*) FROM pg_constraint WHERE contype = 'f'"
                                   " AND NOT convalidated"),
                     0);
}

/* ---- while it is written ---- */

struct writer {
    const struct fixture *fixture;
    uint64_t incarnation, session;
    uint64_t mark;          /* of the usages that it settles */
    int refused;            /* answers that were neither OK nor unknown */
    _Atomic bool is_copied; /* it goes on for some more, and ends */
};

static void exchange_names(struct writer *writer, struct store *store)
{
    struct account one, two;
    char name[sizeof(one.name)];
    if (config_get_account(store, 1, &one) != STORE_OK ||
        config_get_account(store, 2, &two) != STORE_OK) {
        return; /* held up by the end of the copy */
    }
    memcpy(name, one.name, sizeof(name));
    snprintf(one.name, sizeof(one.name), "between");
    writer->refused += config_put_account(store, &one, "test") == STORE_REFUSED;
    memcpy(one.name, two.name, sizeof(name));
    memcpy(two.name, name, sizeof(name));
    writer->refused += config_put_account(store, &two, "test") == STORE_REFUSED;
    writer->refused += config_put_account(store, &one, "test") == STORE_REFUSED;
}

static void *write_on(void *ctx)
{
    struct writer *writer = ctx;
    struct store *store = fixture_open(writer->fixture, FIXTURE_PATIENCE_US, false);
    for (int left = 20; left > 0; left -= writer->is_copied) {
        uint64_t next = writer->mark + 1;
        struct usage usage = make_usage(next, 1 + next % ACCOUNTS, 1000, 1000);
        enum store_result result =
            ledger_settle(store, writer->incarnation, writer->session, &usage, 1, &writer->mark);
        writer->refused += result != STORE_UNKNOWN && result != STORE_OK;
        if (next % 16 == 0) {
            exchange_names(writer, store);
        }
    }
    store_free(store);
    return NULL;
}

static void what_is_written_meanwhile_arrives_exactly_once(void **state)
{
    struct fixture *fixture = *state;
    struct store_copied done;
    struct writer writer = {.fixture = fixture, .mark = ACCOUNTS};
    pthread_t thread;
    make_world(fixture, &writer.incarnation, &writer.session);
    assert_int_equal(pthread_create(&thread, NULL, write_on, &writer), 0);
    assert_copied(fixture, &done);
    writer.is_copied = true;
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(writer.refused, 0);
    assert_int_equal(pg_server_sql(&pg_group, "SELECT count(*) FROM cdr"), writer.mark);
    assert_true(fixture_number(fixture, "SELECT count(*) FROM cdr") <
                (int64_t)writer.mark); /* the end was written over there */
    assert_clean(fixture->store);
    assert_true(done.held_us > 0);
}

/* What the first pass copied changes behind its back. */
static void change_everything(void *ctx, const char *text)
{
    const struct fixture *fixture = ctx;
    struct account one, two;
    if (strncmp(text, "pass 1:", 7) != 0) {
        return;
    }
    assert_ok(config_get_account(fixture->store, 1, &one));
    assert_ok(config_get_account(fixture->store, 2, &two));
    assert_ok(config_remove_account(fixture->store, 3, "test"));
    snprintf(one.name, sizeof(one.name), "between");
    assert_ok(config_put_account(fixture->store, &one, "test"));
    snprintf(two.name, sizeof(two.name), "one");
    assert_ok(config_put_account(fixture->store, &two, "test"));
    snprintf(one.name, sizeof(one.name), "two");
    assert_ok(config_put_account(fixture->store, &one, "test"));
    assert_int_equal(make_account(fixture->store, "three", 0), 4); /* the removed one's name */
    top_up(fixture->store, 2, EUROS(7));
}

static void what_changes_and_goes_between_two_passes_does_so_there(void **state)
{
    struct fixture *fixture = *state;
    struct store_copied done;
    char error[320] = "";
    struct account account;
    (void)make_account(fixture->store, "one", 0);
    (void)make_account(fixture->store, "two", 0);
    (void)make_account(fixture->store, "three", 0);
    struct store_copy asked = {
        .dir = fixture->dir, .url = pg_group.url, .say = change_everything, .ctx = fixture};
    if (store_copy(&asked, &done, error, sizeof(error)) != STORE_OK) {
        fail_msg("%s", error);
    }
    assert_ok(config_account_by_name(fixture->store, "one", &account));
    assert_int_equal(account.id, 2);
    assert_ok(config_account_by_name(fixture->store, "two", &account));
    assert_int_equal(account.id, 1);
    assert_ok(config_account_by_name(fixture->store, "three", &account));
    assert_int_equal(account.id, 4);
    assert_result(config_get_account(fixture->store, 3, &account), STORE_ABSENT);
    assert_int_equal(pg_server_sql(&pg_group, "SELECT count(*) FROM account"), 3);
    assert_int_equal(balance_of(fixture->store, 2).balance_micro, EUROS(7));
    assert_clean(fixture->store);
}

/* ---- what goes wrong ---- */

static void a_database_with_another_ledger_is_left_alone(void **state)
{
    struct fixture *fixture = *state;
    struct store_copied done;
    char error[320] = "";
    struct fixture *other = NULL;
    assert_int_equal(fixture_setup((void **)&other), 0);
    (void)make_account(other->store, "theirs", 0);
    assert_copied(other, &done);
    assert_result(copy_now(fixture, &done, error, sizeof(error)), STORE_REFUSED);
    assert_non_null(strstr(error, "another ledger"));
    assert_int_equal(pg_server_sql(&pg_group, "SELECT count(*) FROM account WHERE name = 'theirs'"),
                     1);
    (void)make_account(fixture->store, "still here", 0);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM account"), 1);
    assert_int_equal(fixture_teardown((void **)&other), 0);
}

static void a_copy_that_broke_off_is_used_by_nobody_and_made_again(void **state)
{
    struct fixture *fixture = *state;
    struct store_copied done;
    char error[320] = "";
    uint64_t incarnation, session;
    make_world(fixture, &incarnation, &session);
    assert_copied(fixture, &done);
    fixture_sql(fixture, "DELETE FROM meta WHERE name = 'moved'");
    (void)pg_server_sql(&pg_group, "UPDATE meta SET value = 'copy under way'"
                                   " WHERE name = 'identity'");
    struct store_options options = {
        .dir = fixture->dir, .url = pg_group.url, .deadline_us = FIXTURE_PATIENCE_US};
    struct store *early = store_new(&options);
    struct balance balance;
    assert_result(ledger_balance(early, 1, &balance), STORE_UNKNOWN);
    assert_non_null(strstr(store_error(early), "db copy"));
    store_free(early);

    store_free(fixture->store);
    fixture->store = fixture_open(fixture, FIXTURE_PATIENCE_US, false);
    top_up(fixture->store, 1, EUROS(1));
    if (copy_now(fixture, &done, error, sizeof(error)) != STORE_OK) {
        fail_msg("%s", error);
    }
    assert_int_equal(balance_of(fixture->store, 1).balance_micro, EUROS(11) - MONEY_MICRO / 4);
    assert_clean(fixture->store);
}

static void a_copy_that_others_went_on_with_is_not_overwritten(void **state)
{
    struct fixture *fixture = *state;
    struct store_copied done;
    char error[320] = "";
    uint64_t id = make_account(fixture->store, "a", 0);
    assert_copied(fixture, &done);
    top_up(fixture->store, id, EUROS(3)); /* over there */
    fixture_sql(fixture, "DELETE FROM meta WHERE name = 'moved'");
    assert_result(copy_now(fixture, &done, error, sizeof(error)), STORE_REFUSED);
    assert_non_null(strstr(error, "ahead"));
    assert_int_equal(balance_of(fixture->store, id).balance_micro, EUROS(3));
}

static void what_was_moved_is_not_moved_again(void **state)
{
    struct fixture *fixture = *state;
    struct store_copied done;
    char error[320] = "";
    assert_copied(fixture, &done);
    assert_result(copy_now(fixture, &done, error, sizeof(error)), STORE_REFUSED);
    assert_non_null(strstr(error, "already"));
    char file[128];
    fixture_path(fixture, "backup.db", file);
    assert_result(store_backup(fixture->dir, file, error, sizeof(error)), STORE_REFUSED);
    assert_non_null(strstr(error, "moved"));
}

static void a_server_that_is_not_there_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct store_copied done;
    char error[320] = "";
    struct store_copy asked = {.dir = fixture->dir,
                               .url = "postgresql://nobody@127.0.0.1:1/dialtone"};
    uint64_t id = make_account(fixture->store, "a", 0);
    assert_result(store_copy(&asked, &done, error, sizeof(error)), STORE_UNKNOWN);
    assert_true(error[0] != '\0');
    top_up(fixture->store, id, EUROS(1));
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM meta WHERE name = 'moved'"), 0);
}

static void while_the_server_is_down_the_moved_ledger_is_unknown(void **state)
{
    struct fixture *fixture = *state;
    struct store_copied done;
    struct balance balance;
    uint64_t id = make_account(fixture->store, "a", 0);
    assert_copied(fixture, &done);
    pg_server_kill(&pg_group);
    assert_result(ledger_balance(fixture->store, id, &balance), STORE_UNKNOWN);
    pg_server_start(&pg_group);
    int64_t tries = 0;
    while (ledger_balance(fixture->store, id, &balance) != STORE_OK && tries < 1000) {
        tries++;
        (void)poll(NULL, 0, 10);
    }
    assert_true(tries < 1000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(everything_arrives_and_who_had_the_file_open_goes_on_there),
        TEST(ids_of_removed_rows_are_not_given_again),
        TEST(a_reference_is_guarded_there_as_before),
        TEST(what_is_written_meanwhile_arrives_exactly_once),
        TEST(what_changes_and_goes_between_two_passes_does_so_there),
        TEST(a_database_with_another_ledger_is_left_alone),
        TEST(a_copy_that_broke_off_is_used_by_nobody_and_made_again),
        TEST(a_copy_that_others_went_on_with_is_not_overwritten),
        TEST(what_was_moved_is_not_moved_again),
        TEST(a_server_that_is_not_there_changes_nothing),
        TEST(while_the_server_is_down_the_moved_ledger_is_unknown),
    };
    return cmocka_run_group_tests(tests, pg_group_start, pg_group_stop);
}
