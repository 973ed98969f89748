/* pg_transaction.c - transactions on PostgreSQL, and what a commit's answer is worth.
 *
 * One writer at a time, as on SQLite, by a lock that ends with the transaction: what a writer read
 * is still so when it commits, and a session that was given up and goes on at the server is in
 * nobody's way. Batches make that cheap.
 */
#include "base/clock.h"
#include "base/drill.h"
#include "store/pg.h"
#include "store/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WRITER_LOCK "7235421394785234533" /* the bytes "dialtone" */

bool pg_begin(struct store *store, enum store_access access)
{
    struct pg_store *pg = store->pg;
    pg->has_written = false;
    pg->many_count = 0;
    if (access == STORE_READ) {
        return pg_send_text(store, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    }
    /* Each statement sees what was committed before it: the lock comes first. */
    return pg_send_text(store, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE") &&
           pg_send_text(store, "SELECT pg_advisory_xact_lock(" WRITER_LOCK ")");
}

static void forget_waiting(struct store *store)
{
    struct pg_store *pg = store->pg;
    for (int i = 0; i < pg->many_count; i++) {
        struct pg_statement *own = pg->many[i]->handle;
        own->waiting_count = 0;
        for (int at = 0; at < STORE_VALUES_MAX; at++) {
            own->arrays[at].size = 0;
            own->has_null[at] = false;
        }
    }
    pg->many_count = 0;
}

/* Nobody waits for it: its answers are taken before those of the next transaction. After a failure
 * the server skips all up to a sync, so one comes first. */
void pg_roll_back(struct store *store)
{
    if (store->connection == NULL) {
        return;
    }
    forget_waiting(store);
    if (store->is_broken) {
        return; /* closed by the caller */
    }
    enum store_result failed = store->failed;
    if (!pg_send_sync(store) || !pg_send_text(store, "ROLLBACK") || !pg_send_sync(store) ||
        !pg_flush(store)) {
        store->failed = failed;
        return;
    }
    if (store->pg->is_failed) {
        (void)pg_wait_all(store, NULL);
        store->failed = failed;
    }
}

static bool commit(struct store *store)
{
    static const char touch[] = "UPDATE counter SET value = value WHERE name = 'change'";
    struct pg_store *pg = store->pg;
    /* What is answered here may rest on a commit that no standby has yet (its wait was cut off).
     * Something of our own to commit makes us wait until all before it is there too. */
    PGresult *result = NULL;
    pg->has_warning = false;
    store->deadline_us = clock_mono_us() + store->options.deadline_us; /* of its own */
    drill_point("at/commit-begun");
    if ((!pg->has_written && !store_run(store, touch, "")) || !pg_send_commit(store) ||
        !pg_wait_all(store, &result)) {
        return false;
    }
    drill_point("at/commit-answered");
    bool is_committed = strcmp(PQcmdStatus(result), "COMMIT") == 0;
    PQclear(result);
    if (!is_committed || pg->has_warning) {
        /* A wait for the standby that was cancelled says "committed", with a warning. */
        return pg_give_up(store, is_committed ? "the commit was answered with a warning"
                                              : "the commit was not carried out");
    }
    return pg_send_sync(store) && pg_flush(store);
}

static bool exec(struct store *store, const char *sql)
{
    char *text = pg_text_schema(sql);
    if (text == NULL) {
        store_fail(store, STORE_UNKNOWN, "no memory");
        return false;
    }
    bool is_done = true;
    store->pg->has_written = true;
    char *rest = text, *one;
    while (is_done && (one = strsep(&rest, ";")) != NULL) {
        is_done = one[0] == '\0' || pg_send_text(store, one);
    }
    free(text);
    return is_done && pg_wait_all(store, NULL);
}

/* ---- migration: all steps in one transaction ---- */

static bool tune(struct store *store)
{
    /* Rows that are written again and again: room beside them saves the index. */
    return exec(store, "ALTER TABLE book SET (fillfactor = 60);"
                       "ALTER TABLE lease SET (fillfactor = 60);"
                       "ALTER TABLE counter SET (fillfactor = 20);"
                       "ALTER TABLE chain SET (fillfactor = 20);"
                       "ALTER TABLE incarnation SET (fillfactor = 40)");
}

static enum store_result migrate_locked(struct store *store, int schema)
{
    if (!pg_read_schema(store)) {
        return store->failed;
    }
    if (store->schema > STORE_SCHEMA) {
        (void)store_check_schema(store);
        return store->failed;
    }
    if (store->schema == 0 && !store->options.may_create) {
        return store_fail(store, STORE_UNKNOWN, "%s holds no ledger of dialtone", store->name);
    }
    store->deadline_us = INT64_MAX; /* the steps take as long as they take */
    while (store->schema < schema) {
        int number = store->schema + 1;
        if (!schema_apply_step(store, number, schema_steps[number - 1].sql) ||
            (number == 1 && !tune(store))) {
            return store->failed;
        }
        store->schema = number;
    }
    return STORE_OK;
}

static enum store_result migrate(struct store *store, int schema)
{
    store->failed = STORE_UNKNOWN;
    if (!pg_open(store) || !pg_begin(store, STORE_WRITE)) {
        return store->failed;
    }
    store->is_writing = true;
    enum store_result result = store_end(store, migrate_locked(store, schema));
    store_disconnect(store);
    return result;
}

static enum store_result checkpoint(struct store *store)
{
    (void)store;
    return STORE_OK; /* the server does them */
}

static void free_pg(struct store *store)
{
    if (store->pg != NULL) {
        free(store->pg->scratch.data);
        free(store->pg);
    }
}

const struct store_engine pg_engine = {
    .is_remote = true,
    .connect = pg_connect,
    .disconnect = pg_disconnect,
    .free = free_pg,
    .begin = pg_begin,
    .check = pg_check_state,
    .commit = commit,
    .roll_back = pg_roll_back,
    .prepare = pg_prepare,
    .finalize = pg_finalize,
    .step = pg_step,
    .run = pg_run,
    .run_now = pg_run_now,
    .run_many = pg_run_many,
    .run_waiting = pg_run_waiting,
    .column = pg_column,
    .reset = pg_reset,
    .exec = exec,
    .migrate = migrate,
    .checkpoint = checkpoint,
};
