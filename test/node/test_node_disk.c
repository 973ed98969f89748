/* The edge's disk over time: written by an older program, put back to an older state, fenced again
 * and again. Each usage on it is charged once. */
#include "world.h"

#include "base/money.h"
#include "store/internal.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <sys/stat.h>

#define CHARGE (MONEY_MICRO / 100)
#define SETTLED_IN_MS 10000

static bool take_all(void *ctx, const struct journal_entry *entry)
{
    struct edge_identity identity;
    struct edge_role *role = ctx;
    return entry->kind != JOURNAL_IDENTITY ||
           (identity_decode(entry->record, &identity) &&
            identities_note(role->identities, &role->identity_count, &identity));
}

static void open_log(struct world *world)
{
    char error[JOURNAL_ERROR_SIZE];
    world_open_log(world,
                   &(struct journal_file_options){.segment_size = 256 * 1024, .ahead_count = 1});
    world->role.identity_count = 0;
    assert_true(journal_file_replay(world->log, take_all, &world->role, error));
}

static struct world *start(void)
{
    struct world *world = world_new();
    open_log(world);
    return world;
}

/* The number-th of them. */
static void write_usage(struct world *world, uint64_t number)
{
    struct usage usage = world_usage(world, CHARGE, number);
    (void)world_write(world, &usage);
}

static int charges(struct world *world)
{
    return (int)((world->balance_micro - world_balance(world)) / CHARGE);
}

/* The program runs until so many charges are booked, and then a little longer if it is to be seen
 * that there are no more. */
static void run_until(struct world *world, int count)
{
    pid_t pid = program_start(world->dir, "");
    assert_true(pid > 0);
    int64_t until_ms = program_now_ms() + SETTLED_IN_MS;
    while (charges(world) != count && program_now_ms() < until_ms) {
        program_sleep_ms(20);
    }
    assert_true(program_stop(pid, SIGTERM) >= 0); /* settles what is left before it ends */
    assert_int_equal(charges(world), count);
}

static bool has_alarm(struct world *world, const char *words)
{
    static struct event_row rows[50];
    int count = 0;
    bool is_there = false;
    assert_int_equal(event_page(world->store, "alarm", 0, INT64_MAX, rows, 50, &count), STORE_OK);
    for (int i = 0; i < count; i++) {
        is_there |= strstr(rows[i].text, words) != NULL;
    }
    return is_there;
}

/* The program runs until that is said. */
static void run_until_alarm(struct world *world, const char *words)
{
    pid_t pid = program_start(world->dir, "");
    assert_true(pid > 0);
    int64_t until_ms = program_now_ms() + SETTLED_IN_MS;
    while (!has_alarm(world, words) && program_now_ms() < until_ms) {
        program_sleep_ms(20);
    }
    assert_true(program_stop(pid, SIGTERM) >= 0);
    assert_true(has_alarm(world, words));
}

/* ---- an older program's ---- */

/* DIR/store.identity without the timeline at its end. */
static void cut_pin(const struct world *world)
{
    char path[300], line[256] = "";
    snprintf(path, sizeof(path), "%s/store.identity", world->dir);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof(line), file));
    fclose(file);
    char *last = strrchr(line, ' ');
    assert_non_null(last);
    assert_int_equal(strlen(last), strlen(" ") + 32 + strlen("\n"));
    *last = '\0';
    assert_true(program_write(world->dir, "store.identity", line));
}

static void run_sql(sqlite3 *db, const char *sql)
{
    char *error = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK) {
        fail_msg("%s: %s", sql, error);
    }
}

/* All rows of the newer database, as far as the older one has a place for them. */
static void copy_rows(sqlite3 *old)
{
    static const char copies[] =
        "SELECT 'DELETE FROM main.' || name || '; INSERT INTO main.' || name || ' (' || columns ||"
        " ') SELECT ' || columns || ' FROM newer.' || name FROM (SELECT m.name,"
        " (SELECT group_concat(c.name) FROM pragma_table_info(m.name) c) AS columns"
        " FROM main.sqlite_master m WHERE m.type = 'table' AND m.name <> 'migration'"
        " AND m.name NOT LIKE 'sqlite%')";
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_prepare_v2(old, copies, -1, &statement, NULL), SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        run_sql(old, (const char *)sqlite3_column_text(statement, 0));
    }
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    run_sql(old, "DELETE FROM main.meta WHERE name = 'timeline'");
}

/* Puts a database of that schema in the place of the newest, with the same rows. */
static void go_back_to(struct world *world, int schema)
{
    char old_dir[300], path[360], sql[800];
    sqlite3 *old = NULL;
    snprintf(old_dir, sizeof(old_dir), "%s/older", world->dir);
    assert_int_equal(mkdir(old_dir, 0700), 0);
    struct store *older = store_new(&(struct store_options){
        .dir = old_dir, .deadline_us = 5000000, .may_create = true, .is_checkpointer = true});
    assert_int_equal(store_migrate_to(older, schema), STORE_OK);
    store_free(older);
    snprintf(path, sizeof(path), "%s/dialtone.db", old_dir);
    assert_int_equal(sqlite3_open(path, &old), SQLITE_OK);
    snprintf(sql, sizeof(sql), "ATTACH '%s/dialtone.db' AS newer", world->dir);
    run_sql(old, sql);
    copy_rows(old);
    run_sql(old, "DETACH newer; PRAGMA main.wal_checkpoint(TRUNCATE)");
    sqlite3_close(old);
    snprintf(sql, sizeof(sql),
             "cd %s && rm -f dialtone.db-wal dialtone.db-shm && mv %s dialtone.db", world->dir,
             path);
    assert_int_equal(system(sql), 0);
}

/* As the program before step 13 left it: no marks of disks, no timeline, and a shorter identity. */
static void make_old(struct world *world)
{
    char record[256], ledger[33];
    uint64_t version = 0;
    struct buf buf;
    assert_int_equal(store_identity(world->store, ledger, &version), STORE_OK);
    buf_init(&buf, record, sizeof(record));
    wire_put_u64(&buf, 1);
    wire_put_u64(&buf, world->incarnation);
    wire_put_slice(&buf, slice_from_text(world->nonce));
    wire_put_slice(&buf, slice_from_text(ledger));
    wire_put_u64(&buf, version);
    (void)world->role.edge.journal.append(world->role.edge.journal.ctx, JOURNAL_IDENTITY,
                                          buf_done(&buf));
    store_free(world->store);
    world->store = NULL;
    go_back_to(world, 12);
    cut_pin(world);
}

static void the_disk_of_an_older_program_is_let_in_settled_and_goes_on(void **state)
{
    (void)state;
    uint64_t session = 0, mark = 0;
    struct world *world = start();
    assert_int_equal(
        ledger_open(world->store, world->incarnation, world->nonce, 0, &session, &mark), STORE_OK);
    for (uint64_t i = 1; i <= 3; i++) {
        write_usage(world, i);
    }
    make_old(world);
    world_close_log(world);
    pid_t pid = program_start(world->dir, ""); /* upgrades */
    assert_true(pid > 0);
    assert_true(program_stop(pid, SIGTERM) >= 0);
    world_open_store(world);
    run_until(world, 3);
    open_log(world);
    write_usage(world, 4);
    world_close_log(world);
    run_until(world, 4);
    open_log(world); /* the same incarnation goes on, and knows of its newest session */
    assert_int_equal(world->role.identity_count, 1);
    assert_int_equal(world->role.identities[0].incarnation, world->incarnation);
    assert_true(world->role.identities[0].opened > session);
    assert_true(world->role.identities[0].timeline[0] != '\0');
    world_free(world);
}

/* ---- put back to an older state ---- */

static void copy_edge(const struct world *world, const char *from, const char *to)
{
    char command[1200];
    snprintf(command, sizeof(command), "rm -rf %s/%s && cp -a %s/%s %s/%s", world->dir, to,
             world->dir, from, world->dir, to);
    assert_int_equal(system(command), 0);
}

/* Three were settled, then the disk is copied; a fourth is settled, then the copy comes back, and a
 * process on it wrote two more under the same numbers while the ledger was away. */
static void what_a_disk_wrote_that_was_put_back_is_charged_once(void **state)
{
    (void)state;
    static const char start_nonce[33] = "dddddddddddddddddddddddddddddddd";
    struct world *world = start();
    struct edge_identity identity = {.life = 1, .incarnation = world->incarnation};
    snprintf(identity.nonce, sizeof(identity.nonce), "%s", world->nonce);
    store_identity_append(&world->role, &identity);
    for (uint64_t i = 1; i <= 3; i++) {
        write_usage(world, i);
    }
    world_close_log(world);
    run_until(world, 3);
    copy_edge(world, "edge", "edge.old");
    open_log(world);
    write_usage(world, 4);
    world_close_log(world);
    run_until(world, 4);
    copy_edge(world, "edge.old", "edge");
    open_log(world);
    identity = world->role.identities[0];
    struct journal_file_status status = journal_file_status(world->log);
    identity_begin(&identity, status.loaded_position, status.loaded_sequence, start_nonce);
    store_identity_append(&world->role, &identity);
    write_usage(world, 5);
    write_usage(world, 6);
    world_close_log(world);
    run_until(world, 6);
    run_until(world, 6);
    open_log(world);
    assert_true(world->role.identity_count == 2 && world->role.identities[0].is_cut &&
                world->role.identities[0].is_over && !world->role.identities[1].is_cut);
    world_free(world);
}

/* ---- fenced again and again ---- */

#define LIVES 40

/* Each life with a usage that was not settled, each incarnation declared dead. */
static void a_disk_that_was_fenced_many_times_settles_what_each_life_left(void **state)
{
    (void)state;
    char error[JOURNAL_ERROR_SIZE];
    struct world *world = start();
    for (uint64_t life = 1; life <= LIVES; life++) {
        struct edge_identity identity = {.life = life, .incarnation = world->incarnation};
        snprintf(identity.nonce, sizeof(identity.nonce), "%032llu", (unsigned long long)life);
        assert_int_equal(
            ledger_register(world->store, "edge", identity.nonce, &identity.incarnation), STORE_OK);
        store_identity_append(&world->role, &identity);
        write_usage(world, life);
        if (life < LIVES) {
            assert_int_equal(ledger_fence(world->store, identity.incarnation, "test", "dead"),
                             STORE_OK);
            assert_true(journal_file_prepare(world->log, error));
            assert_true(journal_file_begin_life(world->log));
        }
    }
    world_close_log(world);
    run_until(world, LIVES);
    open_log(world);
    int over = 0;
    for (int i = 0; i < world->role.identity_count; i++) {
        over += world->role.identities[i].is_over;
    }
    assert_int_equal(over, LIVES - 1);
    world_free(world);
}

/* ---- what a program cannot read ---- */

/* Written by a newer program, in a life that is over since: it is no usage that is settled. */
static void a_usage_that_cannot_be_read_is_named_and_stays(void **state)
{
    (void)state;
    static const char newer[] = "\x7f of a format to come";
    char error[JOURNAL_ERROR_SIZE];
    struct world *world = start();
    struct edge_identity identity = {.life = 1, .incarnation = world->incarnation};
    snprintf(identity.nonce, sizeof(identity.nonce), "%s", world->nonce);
    store_identity_append(&world->role, &identity);
    write_usage(world, 1);
    (void)world->role.edge.journal.append(world->role.edge.journal.ctx, JOURNAL_USAGE,
                                          slice_make(newer, sizeof(newer)));
    write_usage(world, 2);
    assert_int_equal(ledger_fence(world->store, world->incarnation, "test", "dead"), STORE_OK);
    assert_true(journal_file_prepare(world->log, error));
    assert_true(journal_file_begin_life(world->log));
    world_close_log(world);
    run_until_alarm(world, "cannot be read");
    assert_int_equal(charges(world), 1); /* what was before it */
    open_log(world);
    assert_int_equal(world->role.identity_count, 2);
    assert_false(world->role.identities[0].is_over);
    world_free(world);
}

/* ---- a ledger that was put back to before it numbered this disk ---- */

/* `ledger recover` has said that it is the right one: the edge gets a new number, and what it
 * cannot settle stays on its disk and is named. */
static void a_disk_that_the_ledger_never_numbered_gets_a_new_number(void **state)
{
    (void)state;
    char path[300];
    sqlite3 *db = NULL;
    struct world *world = start();
    struct edge_identity identity = {.life = 1, .incarnation = world->incarnation + 5};
    snprintf(identity.nonce, sizeof(identity.nonce), "%s", world->nonce);
    store_identity_append(&world->role, &identity);
    write_usage(world, 1);
    world_close_log(world);
    snprintf(path, sizeof(path), "%s/dialtone.db", world->dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "DELETE FROM incarnation", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    run_until_alarm(world, "cannot be settled");
    assert_int_equal(charges(world), 0);
    open_log(world);
    assert_int_equal(world->role.identity_count, 2);
    assert_false(world->role.identities[0].is_over);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_disk_of_an_older_program_is_let_in_settled_and_goes_on),
        cmocka_unit_test(what_a_disk_wrote_that_was_put_back_is_charged_once),
        cmocka_unit_test(a_disk_that_was_fenced_many_times_settles_what_each_life_left),
        cmocka_unit_test(a_usage_that_cannot_be_read_is_named_and_stays),
        cmocka_unit_test(a_disk_that_the_ledger_never_numbered_gets_a_new_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
