/* copy.c - the course of a copy: an empty place, passes beside the running system, the last one. */
#include "base/clock.h"
#include "store/copy_inside.h"
#include "store/pg.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOLD_MAX_US 10000000  /* nobody else writes for longer */
#define PATIENCE_US 600000000 /* of one read of a table, and of the lock */
#define FEW_ROWS 20000        /* left of a pass: the next one is the last */
#define PASSES_MAX 8
#define UNDER_WAY "copy under way" /* no identity: nobody uses such a database */

struct place { /* what is over there before the copy */
    int schema;
    char identity[33];
    uint64_t change, transfer;
    bool is_used; /* by an edge */
};

static void say(const struct store_copy *asked, const char *format, ...) PRINTF_LIKE(2, 3);
static void say(const struct store_copy *asked, const char *format, ...)
{
    char text[256];
    va_list arguments;
    if (asked->say == NULL) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    asked->say(asked->ctx, text);
}

/* ---- the place ---- */

static bool read_number(struct store *store, const char *sql, uint64_t *out)
{
    struct statement *statement = store_query(store, sql, "");
    if (store_step(store, statement) != ROW_FOUND) {
        return false;
    }
    *out = column_u64(statement, 0);
    statement_reset(statement);
    return true;
}

static bool read_counters(struct store *store, uint64_t *change, uint64_t *transfer)
{
    static const char changes[] = "SELECT coalesce(max(value), 0) FROM counter"
                                  " WHERE name = 'change'";
    static const char transfers[] = "SELECT coalesce(max(value), 0) FROM counter"
                                    " WHERE name = 'transfer'";
    return read_number(store, changes, change) && read_number(store, transfers, transfer);
}

static bool look_at_place(struct copy *copy, struct place *place)
{
    static const char edges[] = "SELECT count(*) FROM incarnation";
    uint64_t edge_count = 0;
    if (!copy_begin_to(copy)) {
        return false;
    }
    bool is_done = pg_read_schema(copy->to);
    place->schema = copy->to->schema;
    if (is_done && place->schema > 0) {
        is_done = store_read_identity(copy->to, place->identity) &&
                  read_counters(copy->to, &place->change, &place->transfer) &&
                  read_number(copy->to, edges, &edge_count);
    }
    place->is_used = edge_count > 0;
    enum store_result failed = copy->to->failed;
    (void)store_end(copy->to, STORE_UNKNOWN);
    copy->to->failed = failed;
    return is_done;
}

/* A copy of before, that was broken off or whose end was not heard of, and nobody went on with; or
 * nothing. */
static bool may_clear(struct copy *copy, const struct place *place)
{
    uint64_t change = 0, transfer = 0;
    bool is_empty = place->change == 0 && place->transfer == 0 && !place->is_used;
    if (place->schema == 0 || is_empty || strcmp(place->identity, UNDER_WAY) == 0) {
        return true;
    }
    if (strcmp(place->identity, copy->from->identity) != 0) {
        store_fail(copy->to, STORE_REFUSED, "%s holds another ledger: name an empty database",
                   copy->to->name);
        return false;
    }
    if (!store_begin(copy->from, STORE_READ)) {
        return false;
    }
    bool is_read = read_counters(copy->from, &change, &transfer);
    (void)store_end(copy->from, STORE_UNKNOWN);
    if (is_read && (place->change > change || place->transfer > transfer)) {
        store_fail(copy->to, STORE_REFUSED,
                   "%s holds this ledger already, and is ahead of the file: nothing is copied",
                   copy->to->name);
        return false;
    }
    return is_read;
}

static bool drop_tables(struct copy *copy)
{
    char sql[128];
    if (!copy_begin_to(copy)) {
        return false;
    }
    bool is_done = store_exec(copy->to, "DROP TABLE IF EXISTS migration CASCADE");
    for (int i = 0; is_done && i < copy->table_count; i++) {
        snprintf(sql, sizeof(sql), "DROP TABLE IF EXISTS %s CASCADE", copy->tables[i].name);
        is_done = store_exec(copy->to, sql);
    }
    return store_end(copy->to, is_done ? STORE_OK : STORE_UNKNOWN) == STORE_OK;
}

/* Rows come in any order while they are copied, so references wait. */
static bool take_references(struct copy *copy)
{
    static const char list[] =
        "SELECT c.relname::text, f.conname::text, pg_get_constraintdef(f.oid)"
        " FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid WHERE f.contype = 'f'"
        " AND f.connamespace = current_schema()::regnamespace ORDER BY 1, 2";
    char sql[256];
    enum row_step step = ROW_FAILED;
    struct statement *statement = store_query(copy->to, list, "");
    while ((step = store_step(copy->to, statement)) == ROW_FOUND) {
        if (copy->reference_count == COPY_REFERENCES_MAX) {
            store_fail(copy->to, STORE_UNKNOWN, "too many references");
            return false;
        }
        struct copy_reference *reference = &copy->references[copy->reference_count++];
        column_text(statement, 0, reference->table, sizeof(reference->table));
        column_text(statement, 1, reference->name, sizeof(reference->name));
        column_text(statement, 2, reference->what, sizeof(reference->what));
    }
    for (int i = 0; i < copy->reference_count && step == ROW_NONE; i++) {
        snprintf(sql, sizeof(sql), "ALTER TABLE %s DROP CONSTRAINT %s", copy->references[i].table,
                 copy->references[i].name);
        step = store_exec(copy->to, sql) ? ROW_NONE : ROW_FAILED;
    }
    return step == ROW_NONE;
}

/* Steps put rows of their own into new tables: those that are here come instead. */
static bool empty_tables(struct copy *copy)
{
    char sql[128];
    static const char name[] = "UPDATE meta SET value = ?1 WHERE name = 'identity'";
    if (!store_run(copy->to, name, "t", UNDER_WAY)) {
        return false;
    }
    for (int i = 0; i < copy->table_count; i++) {
        snprintf(sql, sizeof(sql), "DELETE FROM %s", copy->tables[i].name);
        if (strcmp(copy->tables[i].name, "meta") != 0 && !store_exec(copy->to, sql)) {
            return false;
        }
    }
    return true;
}

static bool make_place(struct copy *copy)
{
    struct place place = {0};
    if (!look_at_place(copy, &place) || !may_clear(copy, &place) ||
        (place.schema > 0 && !drop_tables(copy))) {
        return false;
    }
    if (store_migrate_to(copy->to, STORE_SCHEMA) != STORE_OK || !copy_begin_to(copy)) {
        return false;
    }
    bool is_done = take_references(copy) && empty_tables(copy);
    return store_end(copy->to, is_done ? STORE_OK : STORE_UNKNOWN) == STORE_OK;
}

/* ---- passes ---- */

static bool pass(struct copy *copy)
{
    copy->pass++;
    copy->pass_rows = 0;
    for (int i = 0; i < copy->table_count; i++) {
        /* Only at the end: it says which ledger this is. */
        bool is_kept_back = strcmp(copy->tables[i].name, "meta") == 0 && !copy->is_last;
        if (!is_kept_back && !copy_pass(copy, &copy->tables[i])) {
            return false;
        }
    }
    copy->row_count += copy->pass_rows;
    return true;
}

static bool pass_beside(struct copy *copy, const struct store_copy *asked)
{
    do {
        if (!pass(copy)) {
            return false;
        }
        say(asked, "pass %d: %llu rows", copy->pass, (unsigned long long)copy->pass_rows);
        if (copy->pass == 1) {
            /* The planner knows what is there before anybody asks. */
            if (!copy_begin_to(copy) || !store_exec(copy->to, "ANALYZE") ||
                store_end(copy->to, STORE_OK) != STORE_OK) {
                return false;
            }
        }
    } while (copy->pass_rows > FEW_ROWS && copy->pass < PASSES_MAX);
    return true;
}

/* ---- the end ---- */

/* Ids go on where they ended, those of removed rows included. */
static bool set_next_ids(struct copy *copy)
{
    static const char newest[] = "SELECT seq FROM sqlite_sequence WHERE name = ?1";
    char sql[256];
    for (int i = 0; i < copy->table_count; i++) {
        const struct copy_table *table = &copy->tables[i];
        if (!table->counts_ids) {
            continue;
        }
        struct statement *statement = store_query(copy->from, newest, "t", table->name);
        enum row_step step = store_step(copy->from, statement);
        uint64_t last = step == ROW_FOUND ? column_u64(statement, 0) : 0;
        if (step == ROW_FAILED) {
            return false;
        }
        statement_reset(statement);
        snprintf(sql, sizeof(sql), "ALTER TABLE %s ALTER COLUMN \"%s\" RESTART WITH %llu",
                 table->name, table->key_name, (unsigned long long)last + 1);
        if (!store_exec(copy->to, sql)) {
            return false;
        }
    }
    return true;
}

static bool give_references(struct copy *copy)
{
    char sql[512];
    for (int i = 0; i < copy->reference_count; i++) {
        const struct copy_reference *reference = &copy->references[i];
        snprintf(sql, sizeof(sql), "ALTER TABLE %s ADD CONSTRAINT %s %s NOT VALID",
                 reference->table, reference->name, reference->what);
        if (!store_exec(copy->to, sql)) {
            return false;
        }
    }
    return true;
}

/* What is there was right before: this only says so to the server, behind the move. */
static void confirm_references(struct copy *copy)
{
    char sql[256];
    bool is_done = copy_begin_to(copy);
    for (int i = 0; is_done && i < copy->reference_count; i++) {
        snprintf(sql, sizeof(sql), "ALTER TABLE %s VALIDATE CONSTRAINT %s",
                 copy->references[i].table, copy->references[i].name);
        is_done = store_exec(copy->to, sql);
    }
    (void)store_end(copy->to, is_done ? STORE_OK : STORE_UNKNOWN);
}

static bool is_rest_copied(struct copy *copy)
{
    return store_exec(copy->to, "DELETE FROM meta") && pass(copy) && set_next_ids(copy) &&
           give_references(copy);
}

/* Over there first: a file that is marked has its ledger elsewhere, for ever. */
static bool move(struct copy *copy, const char *url)
{
    static const char mark[] = "INSERT INTO meta (name, value) VALUES ('" STORE_MOVED "', ?1)";
    if (!copy_begin_to(copy)) {
        return false;
    }
    bool is_done = is_rest_copied(copy);
    if (store_end(copy->to, is_done ? STORE_OK : STORE_UNKNOWN) != STORE_OK) {
        return false;
    }
    return store_run(copy->from, mark, "t", url);
}

static bool finish(struct copy *copy, const char *url, int64_t *held_us)
{
    if (!store_begin(copy->from, STORE_WRITE)) {
        return false;
    }
    int64_t began_us = clock_mono_us();
    copy->from->deadline_us = began_us + HOLD_MAX_US;
    copy->to->options.deadline_us = HOLD_MAX_US;
    copy->is_last = true;
    bool is_moved = move(copy, url);
    enum store_result failed = copy->from->failed;
    bool is_done = store_end(copy->from, is_moved ? STORE_OK : STORE_UNKNOWN) == STORE_OK;
    copy->from->failed = is_moved ? copy->from->failed : failed;
    *held_us = clock_mono_us() - began_us;
    return is_done;
}

/* ---- all of it ---- */

static bool open_both(struct copy *copy, const struct store_copy *asked)
{
    struct store_options from = {.dir = asked->dir, .deadline_us = PATIENCE_US};
    struct store_options to = {
        .dir = asked->dir, .url = asked->url, .deadline_us = HOLD_MAX_US, .may_create = true};
    copy->from = store_new(&from);
    copy->to = store_new(&to);
    if (copy->from == NULL || copy->to == NULL || !store_begin(copy->from, STORE_READ)) {
        return false;
    }
    if (copy->from->engine->is_remote) {
        store_fail(copy->from, STORE_REFUSED, "the ledger was moved to %s already",
                   copy->from->name);
        (void)store_end(copy->from, STORE_UNKNOWN);
        return false;
    }
    bool is_done = copy_find_tables(copy);
    (void)store_end(copy->from, STORE_UNKNOWN);
    return is_done;
}

static enum store_result explain(const struct copy *copy, char *error, size_t error_size)
{
    const struct store *stores[] = {copy->to, copy->from};
    snprintf(error, error_size, "no memory");
    for (size_t i = 0; i < ARRAY_COUNT(stores); i++) {
        if (stores[i] != NULL && stores[i]->error[0] != '\0') {
            snprintf(error, error_size, "%s", stores[i]->error);
            return stores[i]->failed == STORE_OK ? STORE_UNKNOWN : stores[i]->failed;
        }
    }
    return STORE_UNKNOWN;
}

enum store_result store_copy(const struct store_copy *asked, struct store_copied *done, char *error,
                             size_t error_size)
{
    struct copy *copy = calloc(1, sizeof(*copy));
    if (copy == NULL) {
        snprintf(error, error_size, "no memory");
        return STORE_UNKNOWN;
    }
    int64_t held_us = 0;
    bool is_done = open_both(copy, asked) && make_place(copy) && pass_beside(copy, asked) &&
                   finish(copy, asked->url, &held_us);
    enum store_result result = is_done ? STORE_OK : explain(copy, error, error_size);
    if (is_done) {
        confirm_references(copy);
        *done = (struct store_copied){.row_count = copy->row_count,
                                      .table_count = (uint64_t)copy->table_count,
                                      .pass_count = copy->pass,
                                      .held_us = held_us};
    }
    store_free(copy->from);
    store_free(copy->to);
    copy_free_tables(copy);
    free(copy);
    return result;
}
