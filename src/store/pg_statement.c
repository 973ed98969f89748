/* pg_statement.c - statements on PostgreSQL: prepared at their first use, sent without waiting
 * where no answer is needed, and many of one text as one statement over arrays. */
#include "base/drill.h"
#include "store/pg.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool pg_prepare(struct store *store, struct statement *statement)
{
    struct pg_statement *own = calloc(1, sizeof(*own));
    if (own == NULL) {
        store_fail(store, STORE_UNKNOWN, "no memory");
        return false;
    }
    store->pg->serial++;
    snprintf(own->name, sizeof(own->name), "s%llu", (unsigned long long)store->pg->serial);
    statement->handle = own;
    return true;
}

void pg_reset(struct statement *statement)
{
    struct pg_statement *own = statement->handle;
    PQclear(own->result);
    own->result = NULL;
}

void pg_finalize(struct statement *statement)
{
    struct pg_statement *own = statement->handle;
    PQclear(own->result);
    free(own->sql);
    for (int i = 0; i < STORE_VALUES_MAX; i++) {
        free(own->arrays[i].data);
    }
    free(own);
}

static bool no_memory(struct store *store)
{
    store_fail(store, STORE_UNKNOWN, "no memory");
    return false;
}

static bool send_prepare(struct store *store, struct statement *statement)
{
    struct pg_statement *own = statement->handle;
    Oid types[STORE_VALUES_MAX];
    if (own->sql == NULL) {
        own->sql = own->is_many ? pg_text_many(statement) : pg_text_one(statement->sql);
        if (own->sql == NULL) {
            return no_memory(store);
        }
    }
    for (int i = 0; i < statement->value_count; i++) {
        types[i] = pg_type(statement->values[i].kind, own->is_many);
    }
    if (PQsendPrepare(pg_conn(store), own->name, own->sql, statement->value_count, types) == 0) {
        return pg_give_up(store, PQerrorMessage(pg_conn(store)));
    }
    own->is_prepared = true;
    return pg_note_sent(store, PG_SENT_PREPARE, statement);
}

static bool is_usable(struct store *store)
{
    /* After a failure the transaction is over; what failed was noted then. */
    return store->connection != NULL && !store->pg->is_failed && !store->is_broken;
}

static bool send_values(struct store *store, struct statement *statement,
                        const char *const values[], const int sizes[])
{
    static const int formats[STORE_VALUES_MAX] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                                  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    struct pg_statement *own = statement->handle;
    if (!own->is_prepared && !send_prepare(store, statement)) {
        return false;
    }
    if (PQsendQueryPrepared(pg_conn(store), own->name, statement->value_count, values, sizes,
                            formats, 1) == 0) {
        return pg_give_up(store, PQerrorMessage(pg_conn(store)));
    }
    return pg_note_sent(store, own->is_many ? PG_SENT_MANY : PG_SENT_RUN, statement);
}

/* An array of numbers, into the scratch. */
static bool make_numbers(struct pg_bytes *scratch, struct slice numbers)
{
    size_t count = numbers.size / sizeof(uint64_t);
    scratch->size = 0;
    for (size_t i = 0; i < count; i++) {
        struct sql_value one = {0};
        memcpy(&one.number, numbers.data + i * sizeof(uint64_t), sizeof(one.number));
        if (!pg_array_put(scratch, &one)) {
            return false;
        }
    }
    if (count > 0) {
        pg_array_end(scratch, VALUE_INT, false, (int)count);
    }
    return count > 0;
}

static bool send_one(struct store *store, struct statement *statement)
{
    const char *values[STORE_VALUES_MAX];
    int sizes[STORE_VALUES_MAX];
    uint64_t numbers[STORE_VALUES_MAX];
    struct pg_bytes clean[STORE_VALUES_MAX] = {0};
    bool is_done = true;
    for (int i = 0; i < statement->value_count; i++) {
        const struct sql_value *value = &statement->values[i];
        struct slice bytes = value->bytes;
        numbers[i] = pg_big_endian((uint64_t)value->number);
        if (value->kind == VALUE_INT) {
            bytes = slice_make((const char *)&numbers[i], sizeof(numbers[i]));
        } else if (value->kind == VALUE_TEXT) {
            bytes = pg_clean_text(&clean[i], bytes);
        } else if (value->kind == VALUE_NUMBERS) {
            is_done = is_done && make_numbers(&store->pg->scratch, bytes);
            bytes = slice_make(store->pg->scratch.data, store->pg->scratch.size);
        }
        values[i] = value->is_null ? NULL : bytes.data == NULL ? "" : bytes.data;
        sizes[i] = value->is_null ? 0 : (int)bytes.size;
    }
    is_done = is_done ? send_values(store, statement, values, sizes) : no_memory(store);
    for (int i = 0; i < statement->value_count; i++) {
        free(clean[i].data);
    }
    return is_done;
}

/* ---- many ---- */

static bool send_many(struct store *store, struct statement *statement)
{
    struct pg_statement *own = statement->handle;
    const char *values[STORE_VALUES_MAX];
    int sizes[STORE_VALUES_MAX];
    for (int i = 0; i < statement->value_count; i++) {
        pg_array_end(&own->arrays[i], statement->values[i].kind, own->has_null[i],
                     own->waiting_count);
        values[i] = own->arrays[i].data;
        sizes[i] = (int)own->arrays[i].size;
    }
    bool is_done = send_values(store, statement, values, sizes);
    for (int i = 0; i < statement->value_count; i++) {
        own->arrays[i].size = 0;
        own->has_null[i] = false;
    }
    own->waiting_count = 0;
    return is_done;
}

bool pg_send_waiting(struct store *store)
{
    struct pg_store *pg = store->pg;
    bool is_done = true;
    for (int i = 0; i < pg->many_count; i++) {
        is_done = is_done && send_many(store, pg->many[i]);
    }
    pg->many_count = 0;
    return is_done;
}

bool pg_run_waiting(struct store *store)
{
    return is_usable(store) && pg_send_waiting(store) && pg_wait_all(store, NULL);
}

bool pg_run_many(struct store *store, struct statement *statement)
{
    struct pg_statement *own = statement->handle;
    struct pg_store *pg = store->pg;
    if (!is_usable(store)) {
        return false;
    }
    own->is_many = true;
    if (own->waiting_count == 0) {
        if (pg->many_count == PG_MANY_MAX && !pg_send_waiting(store)) {
            return false;
        }
        pg->many[pg->many_count] = statement;
        pg->many_count++;
    }
    for (int i = 0; i < statement->value_count; i++) {
        struct sql_value value = statement->values[i];
        if (value.kind == VALUE_TEXT && !value.is_null) {
            value.bytes = pg_clean_text(&pg->scratch, value.bytes);
        }
        own->has_null[i] |= value.is_null;
        if (!pg_array_put(&own->arrays[i], &value)) {
            return no_memory(store);
        }
    }
    own->waiting_count++;
    pg->has_written = true;
    return true;
}

/* ---- one ---- */

bool pg_run(struct store *store, struct statement *statement)
{
    store->pg->has_written = true;
    return is_usable(store) && pg_send_waiting(store) && send_one(store, statement);
}

/* What was seen is there, or the transaction fails; nobody waits for it. */
const char pg_state_sql[] =
    "SELECT CASE WHEN (SELECT value FROM meta WHERE name = 'identity') = ?1"
    " AND (SELECT value FROM meta WHERE name = 'timeline') = ?2"
    " AND (SELECT value FROM counter WHERE name = 'change') >= ?3"
    " AND (SELECT value FROM counter WHERE name = 'transfer') >= ?4"
    " AND (?5 = 0 OR EXISTS (SELECT 1 FROM link WHERE first = ?5"
    " AND substr(encode(hash, 'hex'), 1, 16) = ?6)) THEN 1"
    " ELSE CAST('another state than was seen: ' || coalesce((SELECT min(value) FROM meta), '')"
    " AS integer) END";

bool pg_check_state(struct store *store)
{
    if (drill_is("wrong/any-ledger-believed")) {
        return true;
    }
    struct statement *statement = store_query(
        store, pg_state_sql, "ttuuut", store->identity, store->timeline, store->version_seen,
        store->transfer_seen, store->link_seen.first, store->link_seen.hash);
    return statement != NULL && is_usable(store) && send_one(store, statement);
}

static bool ask(struct store *store, struct statement *statement)
{
    struct pg_statement *own = statement->handle;
    assert(!own->is_many);
    return is_usable(store) && pg_send_waiting(store) && send_one(store, statement) &&
           pg_wait_all(store, &own->result);
}

bool pg_run_now(struct store *store, struct statement *statement, int64_t *touched)
{
    struct pg_statement *own = statement->handle;
    store->pg->has_written = true;
    if (!ask(store, statement)) {
        return false;
    }
    *touched = pg_touched(own->result);
    pg_reset(statement);
    return true;
}

enum row_step pg_step(struct store *store, struct statement *statement)
{
    struct pg_statement *own = statement->handle;
    if (!statement->is_started) {
        if (!ask(store, statement)) {
            return drill_is("wrong/short-answer-is-empty") ? ROW_NONE : ROW_FAILED;
        }
        own->row = -1;
        own->row_count = PQntuples(own->result);
        /* Also what answers rows may have changed some: RETURNING. */
        store->pg->has_written |= PQcmdTuples(own->result)[0] != '\0' &&
                                  strncmp(PQcmdStatus(own->result), "SELECT", 6) != 0;
    }
    own->row++;
    if (own->row < own->row_count) {
        return ROW_FOUND;
    }
    pg_reset(statement);
    return ROW_NONE;
}
