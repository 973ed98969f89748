/* What the world does to a database: locked, slow, failing, full, replaced, deleted, killed; and
 * migrations, backup and restore. "Unknown" each time, never a "no", and nothing written twice. */
#include "fixture.h"

#include "base/clock.h"
#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHORT_US 150000

static void shell(const char *format, const char *a, const char *b)
{
    char command[512];
    snprintf(command, sizeof(command), format, a, b);
    assert_int_equal(system(command), 0);
}

/* A child that holds the database until it is killed; returns when it holds it. */
static pid_t hold(const struct fixture *fixture, bool is_store_lock)
{
    int ready[2];
    char byte, path[128];
    assert_int_equal(pipe(ready), 0);
    fixture_path(fixture, is_store_lock ? "store.lock" : "dialtone.db", path);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (is_store_lock) {
            struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
            int fd = open(path, O_RDWR);
            if (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
                _exit(1);
            }
        } else {
            sqlite3 *db = NULL;
            sqlite3_open(path, &db);
            if (sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL) != SQLITE_OK) {
                _exit(1);
            }
        }
        (void)!write(ready[1], "x", 1);
        pause();
        _exit(0);
    }
    assert_true(pid > 0);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void let_go(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* Each call of the ledger answers UNKNOWN, within its deadline. */
static void assert_money_is_unknown(struct store *store, uint64_t incarnation, uint64_t session)
{
    struct lease_ask one = {.account_id = 1, .want_micro = EUROS(1)};
    struct lease_answer answer = {.more = {TRI_ABSENT}};
    struct usage usage = make_usage(1, 1, EUROS(1), EUROS(1));
    struct money_request request = {.account_id = 1,
                                    .amount_micro = 1,
                                    .kind = "topup",
                                    .key = "k",
                                    .actor = "x",
                                    .request_hash = "h"};
    struct money_answer money;
    uint64_t mark = 42;
    int64_t from_us = clock_mono_us();
    assert_result(ledger_refill(store, incarnation, session, &one, 1, &answer), STORE_UNKNOWN);
    assert_int_equal(answer.more.is, TRI_UNKNOWN);
    assert_result(ledger_settle(store, incarnation, session, &usage, 1, &mark), STORE_UNKNOWN);
    assert_int_equal(mark, 42);
    assert_result(ledger_money(store, &request, &money), STORE_UNKNOWN);
    assert_true(strlen(store_error(store)) > 0);
    assert_true(clock_mono_us() - from_us < 3 * SHORT_US + 1000000);
}

/* After healing the same calls are served, once. */
static void assert_money_is_served(struct store *store, uint64_t incarnation, uint64_t session)
{
    struct usage usage = make_usage(1, 1, EUROS(1), EUROS(1));
    assert_int_equal(ask(store, incarnation, session, 1, 0, 0, EUROS(1)).granted_micro, EUROS(1));
    assert_int_equal(settle_one(store, incarnation, session, usage), 1);
    assert_int_equal(balance_of(store, 1).balance_micro, EUROS(9));
    assert_clean(store);
}

/* An account with 10 euros, an incarnation, and a store with a short deadline in *store. */
static uint64_t prepare(struct fixture *fixture, struct store **store, uint64_t *session)
{
    top_up(fixture->store, make_account(fixture->store, "a", 0), EUROS(10));
    uint64_t incarnation = make_incarnation(fixture->store, 'a', session);
    *store = fixture_open(fixture, SHORT_US, true);
    assert_int_equal(balance_of(*store, 1).balance_micro, EUROS(10));
    return incarnation;
}

static void a_lock_held_by_another_process_is_unknown(void **state)
{
    for (int is_store_lock = 0; is_store_lock < 2; is_store_lock++) {
        struct fixture *fixture = *state;
        struct store *store = NULL;
        uint64_t session = 0;
        static uint64_t incarnation;
        if (is_store_lock == 0) {
            incarnation = prepare(fixture, &store, &session);
        } else {
            store = fixture_open(fixture, SHORT_US, false);
            session = 1;
        }
        pid_t pid = hold(fixture, is_store_lock != 0);
        assert_money_is_unknown(store, incarnation, session);
        let_go(pid);
        if (is_store_lock == 1) {
            assert_money_is_served(store, incarnation, session);
        }
        store_free(store);
    }
}

static void a_failing_disk_is_unknown(void **state)
{
    static const char *const faults[] = {"fail write\n", "fail sync\n", "fail all\n", "full\n",
                                         "fail read\nfail write\n"};
    struct fixture *fixture = *state;
    struct store *store = NULL;
    uint64_t session = 0;
    uint64_t incarnation = prepare(fixture, &store, &session);
    for (size_t i = 0; i < ARRAY_COUNT(faults); i++) {
        fixture_write(fixture, "drill.faults", faults[i]);
        store_sleep_us(15000);
        assert_money_is_unknown(store, incarnation, session);
    }
    fixture_write(fixture, "drill.faults", "");
    store_sleep_us(15000);
    assert_money_is_served(store, incarnation, session);
    store_free(store);
}

static void faults_need_the_layer(void **state)
{
    struct fixture *fixture = *state;
    uint64_t session = 0;
    top_up(fixture->store, make_account(fixture->store, "a", 0), EUROS(10));
    uint64_t incarnation = make_incarnation(fixture->store, 'a', &session);
    fixture_write(fixture, "drill.faults", "fail all\n");
    assert_money_is_served(fixture->store, incarnation, session);
}

static void a_slow_disk_takes_its_time_and_loses_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = NULL;
    uint64_t session = 0;
    uint64_t incarnation = prepare(fixture, &store, &session);
    fixture_write(fixture, "drill.faults", "latency_ms 3\n");
    store_sleep_us(15000);
    assert_money_is_served(store, incarnation, session);
    store_free(store);
}

static void a_replaced_file_is_never_written(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = NULL;
    uint64_t session = 0;
    char path[128], aside[128], error[256];
    uint64_t incarnation = prepare(fixture, &store, &session);
    fixture_path(fixture, "dialtone.db", path);
    fixture_path(fixture, "aside.db", aside);
    assert_ok(store_backup(fixture->dir, aside, error, sizeof(error)));
    shell("mv %s %s.real", path, path);
    shell("cp %s %s", aside, path);
    assert_money_is_unknown(store, incarnation, session);
    /* Also for a process that starts only now: the log beside it is not the new file's. */
    struct store *late = fixture_open(fixture, SHORT_US, false);
    struct balance balance;
    assert_result(ledger_balance(late, 1, &balance), STORE_UNKNOWN);
    assert_result(store_checkpoint(store), STORE_UNKNOWN);
    shell("cmp %s %s", aside, path);
    shell("mv %s.real %s", path, path);
    assert_money_is_served(store, incarnation, session);
    assert_ok(ledger_balance(late, 1, &balance));
    store_free(late);
    store_free(store);
}

static void another_ledger_is_not_taken_for_ours(void **state)
{
    struct fixture *fixture = *state;
    struct fixture other = *fixture;
    char path[128], other_path[128];
    store_free(fixture->store);
    snprintf(other.dir, sizeof(other.dir), "%.40s/other", fixture->dir);
    assert_int_equal(mkdir(other.dir, 0700), 0);
    other.store = fixture_open(&other, SHORT_US, false);
    assert_ok(store_migrate(other.store));
    assert_ok(store_checkpoint(other.store));
    store_free(other.store);
    fixture_path(fixture, "dialtone.db", path);
    fixture_path(&other, "dialtone.db", other_path);
    shell("rm -f %s* %s", path, "");
    shell("cp %s %s", other_path, path);
    fixture->store = fixture_open(fixture, SHORT_US, false);
    struct balance balance;
    assert_result(ledger_balance(fixture->store, 1, &balance), STORE_UNKNOWN);
    assert_non_null(strstr(store_error(fixture->store), "another ledger"));
}

static void a_deleted_file_is_not_made_anew(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = NULL;
    uint64_t session = 0;
    char path[128];
    uint64_t incarnation = prepare(fixture, &store, &session);
    fixture_path(fixture, "dialtone.db", path);
    shell("mv %s %s.gone", path, path);
    assert_money_is_unknown(store, incarnation, session);
    struct store *late = fixture_open(fixture, SHORT_US, false);
    assert_money_is_unknown(late, incarnation, session);
    assert_int_not_equal(access(path, F_OK), 0);
    shell("mv %s.gone %s", path, path);
    assert_money_is_served(store, incarnation, session);
    store_free(late);
    store_free(store);
}

static void a_killed_writer_leaves_whole_transactions(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = NULL;
    uint64_t session = 0;
    uint64_t incarnation = prepare(fixture, &store, &session);
    store_free(store);
    uint64_t mark = 0;
    for (int round = 0; round < 8; round++) {
        pid_t pid = fork();
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            static struct usage usages[500];
            struct store *writer = fixture_open(fixture, 2000000, false);
            for (uint64_t from = mark;; from += 500) {
                for (uint64_t i = 0; i < 500; i++) {
                    usages[i] = make_usage(from + i + 1, 1, 1, (int64_t)(from + i + 1));
                }
                uint64_t reached = 0;
                if (ledger_settle(writer, incarnation, session, usages, 500, &reached) !=
                    STORE_OK) {
                    _exit(1);
                }
                if (from % 2000 == 0 && store_checkpoint(writer) != STORE_OK) {
                    _exit(2);
                }
            }
        }
        store_sleep_us(30000 + round * 7919);
        let_go(pid);
        assert_ok(ledger_settle(fixture->store, incarnation, session, NULL, 0, &mark));
        assert_int_equal(mark % 500, 0);
        assert_int_equal(balance_of(fixture->store, 1).balance_micro, EUROS(10) - (int64_t)mark);
        assert_clean(fixture->store);
    }
    assert_true(mark > 0);
}

static void a_newer_schema_is_refused_and_not_touched(void **state)
{
    struct fixture *fixture = *state;
    char path[128], copy[128];
    fixture_path(fixture, "dialtone.db", path);
    fixture_path(fixture, "copy.db", copy);
    store_free(fixture->store);
    fixture_sql(fixture, "PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)");
    shell("cp %s %s", path, copy);
    fixture->store = fixture_open(fixture, SHORT_US, false);
    struct balance balance;
    assert_result(store_migrate(fixture->store), STORE_NEWER_SCHEMA);
    assert_result(store_upgrade(fixture->store), STORE_NEWER_SCHEMA);
    assert_result(ledger_balance(fixture->store, 1, &balance), STORE_NEWER_SCHEMA);
    struct account row = {.name = "x", .currency = "EUR"};
    assert_result(config_put_account(fixture->store, &row, "test"), STORE_NEWER_SCHEMA);
    shell("cmp %s %s", path, copy);
}

static void an_upgrade_keeps_a_copy_of_what_was(void **state)
{
    struct fixture *fixture = *state;
    char path[128];
    store_free(fixture->store);
    fixture_path(fixture, "dialtone.db", path);
    shell("rm -f %s* %s", path, "");
    shell("rm -f %s/store.identity %s", fixture->dir, "");
    fixture->store = fixture_open(fixture, SHORT_US, false);
    assert_ok(store_migrate_to(fixture->store, 1));
    fixture_sql(fixture, "INSERT INTO setting (version, name, value) VALUES (1, 'was', 'here')");
    struct balance balance;
    assert_result(ledger_balance(fixture->store, 1, &balance), STORE_UNKNOWN);
    assert_ok(store_upgrade(fixture->store));
    char value[8];
    assert_ok(config_get_setting(fixture->store, "was", value, sizeof(value)));
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    snprintf(path + strlen(path), sizeof(path) - strlen(path), ".before-2");
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT value FROM setting", -1, &statement, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    /* Doing it again changes nothing. */
    assert_ok(store_migrate(fixture->store));
}

static void only_init_makes_a_database(void **state)
{
    struct fixture *fixture = *state;
    struct store_options options = {.dir = fixture->dir, .deadline_us = SHORT_US};
    char path[128];
    store_free(fixture->store);
    fixture_path(fixture, "dialtone.db", path);
    shell("rm -f %s* %s", path, "");
    fixture->store = store_new(&options);
    assert_result(store_upgrade(fixture->store), STORE_UNKNOWN);
    assert_result(store_migrate(fixture->store), STORE_UNKNOWN);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void secrets_are_readable_by_the_owner_only(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"dialtone.db", "dialtone.db-wal", "store.lock"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        char path[128];
        struct stat facts;
        fixture_path(fixture, names[i], path);
        assert_int_equal(stat(path, &facts), 0);
        assert_int_equal(facts.st_mode & 077, 0);
    }
}

struct writer {
    struct fixture *fixture;
    uint64_t incarnation, session;
    atomic_bool is_stopped;
    atomic_uint_fast64_t mark;
};

static void *write_on(void *ctx)
{
    struct writer *writer = ctx;
    static struct usage usages[100];
    struct store *store = fixture_open(writer->fixture, 2000000, false);
    while (!writer->is_stopped) {
        for (uint64_t i = 0; i < 100; i++) {
            usages[i] = make_usage(writer->mark + i + 1, 1, 1, (int64_t)(writer->mark + i + 1));
        }
        uint64_t mark = 0;
        if (ledger_settle(store, writer->incarnation, writer->session, usages, 100, &mark) !=
            STORE_OK) {
            break;
        }
        writer->mark = mark;
    }
    store_free(store);
    return NULL;
}

static void a_backup_under_load_is_of_one_moment_and_comes_back(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = NULL;
    char file[128], path[128], error[256];
    struct writer writer = {.fixture = fixture};
    writer.incarnation = prepare(fixture, &store, &writer.session);
    store_free(store);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, write_on, &writer), 0);
    while (writer.mark < 3000) {
        store_sleep_us(5000);
    }
    fixture_path(fixture, "backup.db", file);
    fixture_path(fixture, "run.lock", path);
    assert_ok(store_backup(fixture->dir, file, error, sizeof(error)));
    assert_result(store_backup(fixture->dir, file, error, sizeof(error)), STORE_EXISTS);
    writer.is_stopped = true;
    pthread_join(thread, NULL);
    store_free(fixture->store);

    int held = open(path, O_RDWR | O_CREAT, 0600);
    assert_int_equal(flock(held, LOCK_EX | LOCK_NB), 0);
    assert_result(store_restore(fixture->dir, file, error, sizeof(error)), STORE_REFUSED);
    close(held);
    assert_ok(store_restore(fixture->dir, file, error, sizeof(error)));
    fixture->store = fixture_open(fixture, 2000000, false);
    uint64_t mark = 0;
    assert_ok(ledger_settle(fixture->store, writer.incarnation, writer.session, NULL, 0, &mark));
    assert_true(mark >= 3000 && mark <= writer.mark);
    assert_int_equal(balance_of(fixture->store, 1).balance_micro, EUROS(10) - (int64_t)mark);
    assert_clean(fixture->store);
}

static void a_bad_backup_is_not_restored(void **state)
{
    struct fixture *fixture = *state;
    char file[128], error[256];
    fixture_path(fixture, "backup.db", file);
    (void)make_account(fixture->store, "a", 0);
    assert_ok(store_checkpoint(fixture->store));
    assert_result(store_restore(fixture->dir, "/nonexistent", error, sizeof(error)), STORE_REFUSED);
    fixture_write(fixture, "backup.db", "this is no database");
    assert_result(store_restore(fixture->dir, file, error, sizeof(error)), STORE_REFUSED);
    /* Torn: the end is missing. */
    unlink(file);
    assert_ok(store_backup(fixture->dir, file, error, sizeof(error)));
    assert_int_equal(truncate(file, 40960), 0);
    assert_result(store_restore(fixture->dir, file, error, sizeof(error)), STORE_REFUSED);
    /* Of another installation. */
    unlink(file);
    assert_ok(store_backup(fixture->dir, file, error, sizeof(error)));
    fixture_write(fixture, "store.identity", "00000000000000000000000000000000 1 1 1 1\n");
    assert_result(store_restore(fixture->dir, file, error, sizeof(error)), STORE_REFUSED);
    assert_int_equal(balance_of(fixture->store, 1).balance_micro, 0);
}

static void free_space_is_told_in_percent(void **state)
{
    struct fixture *fixture = *state;
    int percent = store_disk_free_percent(fixture->dir);
    assert_true(percent >= 0 && percent <= 100);
    assert_int_equal(store_disk_free_percent("/nonexistent/anywhere"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(a_lock_held_by_another_process_is_unknown),
        TEST(a_failing_disk_is_unknown),
        TEST(faults_need_the_layer),
        TEST(a_slow_disk_takes_its_time_and_loses_nothing),
        TEST(a_replaced_file_is_never_written),
        TEST(another_ledger_is_not_taken_for_ours),
        TEST(a_deleted_file_is_not_made_anew),
        TEST(a_killed_writer_leaves_whole_transactions),
        TEST(a_newer_schema_is_refused_and_not_touched),
        TEST(an_upgrade_keeps_a_copy_of_what_was),
        TEST(only_init_makes_a_database),
        TEST(secrets_are_readable_by_the_owner_only),
        TEST(a_backup_under_load_is_of_one_moment_and_comes_back),
        TEST(a_bad_backup_is_not_restored),
        TEST(free_space_is_told_in_percent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
