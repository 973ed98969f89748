/* `dialtone ledger recover`: what an older backup misses comes back once, or is named. */
#include "world.h"

#include "api/money_journal.h"
#include "base/money.h"
#include "node/recover.h"
#include "store/promotions.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CHARGE (MONEY_MICRO / 2)

static const struct journal_file_options usual_log = {.dir = NULL};

static void settle(struct world *world, uint64_t sequence, bool is_archived)
{
    char record[4096];
    char error[JOURNAL_ERROR_SIZE];
    struct buf buf;
    uint64_t mark = 0;
    struct usage usage = world_usage(world, CHARGE, sequence);
    assert_int_equal(
        ledger_settle(world->store, world->incarnation, world->session, &usage, 1, &mark),
        STORE_OK);
    assert_int_equal(mark, sequence);
    buf_init(&buf, record, sizeof(record));
    usage_encode(&buf, &usage);
    struct journal_settled settled = {world->incarnation, sequence, buf_done(&buf)};
    if (is_archived) {
        assert_true(journal_archive_settled(world->dir, &settled, 1, WORLD_WALL_S, error));
    }
}

static void note_identity(struct world *world)
{
    char error[JOURNAL_ERROR_SIZE];
    struct edge_identity identity = {.life = 1, .incarnation = world->incarnation};
    snprintf(identity.nonce, sizeof(identity.nonce), "%s", world->nonce);
    struct store_known known;
    assert_int_equal(store_identity(world->store, identity.ledger, &identity.version), STORE_OK);
    store_known(world->store, &known);
    snprintf(identity.timeline, sizeof(identity.timeline), "%s", known.timeline);
    identity.link = known.link.first;
    snprintf(identity.link_hash, sizeof(identity.link_hash), "%s", known.link.hash);
    store_identity_append(&world->role, &identity);
    assert_true(journal_file_sync(world->log, error));
}

static struct world *start(void)
{
    uint64_t mark = 0;
    struct world *world = world_new();
    assert_int_equal(
        ledger_open(world->store, world->incarnation, world->nonce, 0, &world->session, &mark),
        STORE_OK);
    world_open_log(world, &usual_log);
    return world;
}

static const char *copy_of(const struct world *world)
{
    static char path[300];
    snprintf(path, sizeof(path), "%s/copy.db", world->dir);
    return path;
}

static void make_backup(struct world *world)
{
    char error[256];
    assert_int_equal(store_backup(world->dir, copy_of(world), error, sizeof(error)), STORE_OK);
}

static void restore(struct world *world)
{
    char error[256];
    note_identity(world);
    world_close_log(world);
    store_free(world->store);
    assert_int_equal(store_restore(world->dir, copy_of(world), error, sizeof(error)), STORE_OK);
    world_open_store(world);
}

static struct recover_report recover(struct world *world)
{
    struct recover_report report;
    char error[512];
    if (!recover_ledger(world->dir, &report, error, sizeof(error))) {
        fail_msg("%s", error);
    }
    return report;
}

static bool take_version(void *ctx, const struct journal_entry *entry)
{
    struct edge_identity identity;
    if (entry->kind == JOURNAL_IDENTITY && store_identity_read(entry->record, &identity)) {
        *(uint64_t *)ctx = identity.version;
    }
    return true;
}

/* The edge takes no database that is older than what it saw, until somebody has looked. */
static void the_edge_is_told_that_the_older_database_is_meant(void **state)
{
    (void)state;
    struct world *world = start();
    char error[JOURNAL_ERROR_SIZE];
    char ignored[33];
    uint64_t seen = 0;
    uint64_t version = 0;
    make_backup(world);
    struct account row;
    assert_int_equal(config_get_account(world->store, world->account_id, &row), STORE_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(config_put_account(world->store, &row, "test"), STORE_OK);
    }
    restore(world);
    struct recover_report report = recover(world);
    json_decref(report.left);
    world_open_log(world, &usual_log);
    assert_true(journal_file_replay(world->log, take_version, &seen, error));
    assert_int_equal(store_identity(world->store, ignored, &version), STORE_OK);
    assert_true(seen > 0 && seen <= version);
    world_free(world);
}

static void charges_after_the_backup_come_back_once(void **state)
{
    (void)state;
    struct world *world = start();
    settle(world, 1, true);
    settle(world, 2, true);
    make_backup(world);
    for (uint64_t sequence = 3; sequence <= 5; sequence++) {
        settle(world, sequence, true);
    }
    int64_t before = world_balance(world);
    restore(world);
    assert_int_equal(world_balance(world), before + 3 * CHARGE);
    struct recover_report report = recover(world);
    assert_int_equal(report.charges_put, 3);
    assert_int_equal(report.fenced, 1); /* its leases are not those of the restored ledger */
    assert_int_equal(json_array_size(report.left), 0);
    json_decref(report.left);
    assert_int_equal(world_balance(world), before);

    report = recover(world);
    assert_int_equal(report.charges_put, 0);
    json_decref(report.left);
    assert_int_equal(world_balance(world), before);
    world_free(world);
}

static void a_record_that_is_missing_stops_those_behind_it_and_they_are_named(void **state)
{
    (void)state;
    struct world *world = start();
    settle(world, 1, true);
    make_backup(world);
    settle(world, 2, true);
    settle(world, 3, false);
    settle(world, 4, true);
    restore(world);
    int64_t before = world_balance(world);
    struct recover_report report = recover(world);
    assert_int_equal(report.charges_put, 1);
    assert_int_equal(world_balance(world), before - CHARGE);
    assert_int_equal(json_array_size(report.left), 1);
    const char *text = json_string_value(json_array_get(report.left, 0));
    assert_non_null(strstr(text, "charge of 0.50 EUR"));
    assert_non_null(strstr(text, "call call-4"));
    assert_non_null(strstr(text, "records before it are missing"));
    json_decref(report.left);
    world_free(world);
}

static void nothing_is_done_to_books_that_miss_nothing(void **state)
{
    (void)state;
    struct world *world = start();
    settle(world, 1, true);
    note_identity(world);
    world_close_log(world);
    int64_t before = world_balance(world);
    struct recover_report report = recover(world);
    assert_int_equal(report.charges_put, 0);
    assert_int_equal(report.fenced, 0);
    json_decref(report.left);
    assert_int_equal(world_balance(world), before);
    world_free(world);
}

static void charges_of_an_edge_that_the_backup_does_not_know_are_named(void **state)
{
    (void)state;
    struct world *world = start();
    settle(world, 1, true);
    uint64_t known = world->incarnation;
    make_backup(world);
    uint64_t mark = 0;
    static const char other[] = "ffeeddccbbaa99887766554433221100";
    assert_int_equal(ledger_register(world->store, "edge", other, &world->incarnation), STORE_OK);
    assert_int_equal(
        ledger_open(world->store, world->incarnation, other, 0, &world->session, &mark), STORE_OK);
    settle(world, 1, true);
    world->incarnation = known;
    restore(world);
    struct recover_report report = recover(world);
    assert_int_equal(json_array_size(report.left), 1);
    assert_non_null(strstr(json_string_value(json_array_get(report.left, 0)),
                           "the backup does not know its edge"));
    json_decref(report.left);
    world_free(world);
}

#define NAMED_MAX 10000

/* Nobody reads more of them; but that there are more must be said. */
static void what_is_left_beyond_what_is_named_is_counted(void **state)
{
    (void)state;
    static struct journal_settled settled[NAMED_MAX + 2];
    char record[USAGE_ENCODED_MAX], error[JOURNAL_ERROR_SIZE];
    struct world *world = start();
    struct usage usage = world_usage(world, CHARGE, 1);
    struct buf buf;
    buf_init(&buf, record, sizeof(record));
    usage_encode(&buf, &usage);
    for (uint64_t i = 0; i < ARRAY_COUNT(settled); i++) {
        settled[i] = (struct journal_settled){world->incarnation + 7, i + 1, buf_done(&buf)};
    }
    assert_true(
        journal_archive_settled(world->dir, settled, ARRAY_COUNT(settled), WORLD_WALL_S, error));
    note_identity(world);
    world_close_log(world);
    struct recover_report report = recover(world);
    assert_int_equal(json_array_size(report.left), NAMED_MAX);
    assert_int_equal(report.left_out, 2);
    json_decref(report.left);
    world_free(world);
}

/* The disk is newer than the backup: all that it has comes back, whether it was settled or not. */
static void a_disk_that_the_backup_does_not_know_is_numbered_anew(void **state)
{
    (void)state;
    struct world *world = start();
    int64_t before = world_balance(world);
    uint64_t mark = 0;
    make_backup(world);
    world->nonce = "ffeeddccbbaa99887766554433221100";
    assert_int_equal(ledger_register(world->store, "edge", world->nonce, &world->incarnation),
                     STORE_OK);
    assert_int_equal(
        ledger_open(world->store, world->incarnation, world->nonce, 0, &world->session, &mark),
        STORE_OK);
    for (uint64_t sequence = 1; sequence <= 3; sequence++) {
        struct usage usage = world_usage(world, CHARGE, sequence);
        assert_int_equal(world_write(world, &usage), sequence);
    }
    settle(world, 1, true);
    settle(world, 2, true);
    restore(world);
    uint64_t other = 0; /* has the number now */
    assert_int_equal(
        ledger_register(world->store, "edge", "00000000000000000000000000000001", &other),
        STORE_OK);
    assert_int_equal(other, world->incarnation);
    for (int i = 0; i < 2; i++) { /* repeated, it does nothing more */
        struct recover_report report = recover(world);
        assert_int_equal(report.charges_put, i == 0 ? 3 : 0);
        assert_int_equal(json_array_size(report.left), 0);
        json_decref(report.left);
        assert_int_equal(world_balance(world), before - 3 * CHARGE);
    }
    world_free(world);
}

/* ---- a disk whose incarnation was declared dead ---- */

/* Three usages that were not settled, and a lease, in the first life; the second has begun. */
static void write_dead_life(struct world *world)
{
    struct journal *journal = &world->role.edge.journal;
    struct edge_identity fresh = {.life = 2, .nonce = "ffeeddccbbaa99887766554433221100"};
    char error[JOURNAL_ERROR_SIZE], record[4096];
    struct buf buf;
    note_identity(world);
    buf_init(&buf, record, sizeof(record));
    wire_put_u8(&buf, 1); /* format; account, G, R, ended, day, its base */
    wire_put_u64(&buf, world->account_id);
    wire_put_i64(&buf, 4 * MONEY_MICRO);
    for (int i = 0; i < 4; i++) {
        wire_put_i64(&buf, 0);
    }
    journal->append(journal->ctx, JOURNAL_LEASE, buf_done(&buf));
    for (uint64_t sequence = 1; sequence <= 3; sequence++) {
        struct usage usage = world_usage(world, CHARGE, sequence);
        assert_int_equal(world_write(world, &usage), sequence);
    }
    assert_true(journal_file_prepare(world->log, error));
    assert_true(journal_file_begin_life(world->log));
    assert_int_equal(store_identity(world->store, fresh.ledger, &fresh.version), STORE_OK);
    store_identity_append(&world->role, &fresh);
    assert_true(journal_file_sync(world->log, error));
}

/* Does the running edge take anything for granted to it? */
static bool has_leases(const struct world *world)
{
    json_t *status = program_status(world->dir);
    const char *text = json_string_value(
        json_object_get(json_object_get(json_object_get(status, "edge"), "lease"), "outstanding"));
    assert_non_null(text);
    bool is_some = strpbrk(text, "123456789") != NULL;
    json_decref(status);
    return is_some;
}

static void a_dead_life_settles_after_a_restart_and_its_leases_are_gone(void **state)
{
    (void)state;
    struct world *world = start();
    int64_t before = world_balance(world);
    write_dead_life(world);
    world_close_log(world);
    assert_int_equal(ledger_fence(world->store, world->incarnation, "test", "the disk was lost"),
                     STORE_OK);
    pid_t pid = program_start(world->dir, "");
    assert_true(pid > 0);
    int64_t until_ms = program_now_ms() + 10000;
    while (world_balance(world) != before - 3 * CHARGE && program_now_ms() < until_ms) {
        program_sleep_ms(20);
    }
    bool is_leased = has_leases(world); /* nobody is registered: nothing was asked for */
    assert_true(program_stop(pid, SIGTERM) >= 0);
    assert_int_equal(world_balance(world), before - 3 * CHARGE);
    assert_false(is_leased);
    world_free(world);
}

/* ---- money requests ---- */

static struct money_request request_of(const struct world *world, const char *kind, int64_t amount,
                                       const char *key)
{
    struct money_request request = {.account_id = world->account_id, .amount_micro = amount};
    snprintf(request.kind, sizeof(request.kind), "%s", kind);
    snprintf(request.key, sizeof(request.key), "%s", key);
    snprintf(request.request_hash, sizeof(request.request_hash), "%064d", (int)strlen(key));
    snprintf(request.actor, sizeof(request.actor), "key:admin");
    snprintf(request.reason, sizeof(request.reason), "test");
    return request;
}

static void money_requests_come_back_once_but_for_refused_ones_and_refunds(void **state)
{
    (void)state;
    struct world *world = start();
    struct money_answer answer;
    struct money_journal *journal = money_journal_new(world->dir);
    struct money_request first = request_of(world, "topup", 3 * MONEY_MICRO, "first");
    struct money_request second = request_of(world, "topup", 4 * MONEY_MICRO, "second");
    struct money_request refused = request_of(world, "topup", 5 * MONEY_MICRO, "refused");
    struct money_request refund = request_of(world, "refund", CHARGE, "refund");
    struct money_request bonus = request_of(world, "bonus", 2 * MONEY_MICRO, "the bonus");
    refund.linked_transfer = 1;
    bonus.wall_expires_us = INT64_C(4000000000000000);
    assert_true(money_journal_add(journal, &first, 1));
    assert_int_equal(ledger_money(world->store, &first, &answer), STORE_OK);
    make_backup(world);
    assert_true(money_journal_add(journal, &second, 2));
    assert_int_equal(ledger_money(world->store, &second, &answer), STORE_OK);
    assert_true(money_journal_add(journal, &bonus, 3));
    assert_true(money_journal_add(journal, &refused, 3));
    money_journal_refused(journal, &refused, 3);
    assert_true(money_journal_add(journal, &refund, 4));
    money_journal_free(journal);
    char path[300];
    snprintf(path, sizeof(path), "%s/web/money.journal", world->dir);
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    fputs("{\"key\":\"torn\"\n", file); /* a line that a crash tore */
    fclose(file);

    restore(world);
    int64_t before = world_balance(world);
    struct recover_report report = recover(world);
    assert_int_equal(report.requests_put, 2);
    assert_int_equal(report.requests_known, 1);
    assert_int_equal(report.damaged, 1);
    assert_int_equal(json_array_size(report.left), 1);
    assert_non_null(strstr(json_string_value(json_array_get(report.left, 0)), "refund of 0.50"));
    json_decref(report.left);
    assert_int_equal(world_balance(world), before + 6 * MONEY_MICRO);
    struct promotions promotions;
    assert_int_equal(promotions_read(world->store, world->account_id, &promotions), STORE_OK);
    assert_int_equal(promotions.count, 1);
    assert_true(promotions.rows[0].wall_ends_us == bonus.wall_expires_us);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_edge_is_told_that_the_older_database_is_meant),
        cmocka_unit_test(charges_after_the_backup_come_back_once),
        cmocka_unit_test(a_record_that_is_missing_stops_those_behind_it_and_they_are_named),
        cmocka_unit_test(nothing_is_done_to_books_that_miss_nothing),
        cmocka_unit_test(charges_of_an_edge_that_the_backup_does_not_know_are_named),
        cmocka_unit_test(what_is_left_beyond_what_is_named_is_counted),
        cmocka_unit_test(a_disk_that_the_backup_does_not_know_is_numbered_anew),
        cmocka_unit_test(a_dead_life_settles_after_a_restart_and_its_leases_are_gone),
        cmocka_unit_test(money_requests_come_back_once_but_for_refused_ones_and_refunds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
