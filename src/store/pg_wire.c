/* pg_wire.c - sending and waiting, bounded by the deadline of the call. */
#include "base/clock.h"
#include "store/pg.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>

static struct pg_store *pg_of(struct store *store)
{
    return store->pg;
}

bool pg_give_up(struct store *store, const char *why)
{
    store_fail(store, STORE_UNKNOWN, "%s: %.*s", store->name, (int)strcspn(why, "\n"), why);
    store->is_broken = true;
    pg_of(store)->is_failed = true;
    return false;
}

static bool is_state(const char *state, const char *wanted)
{
    return strcmp(state, wanted) == 0;
}

/* Only what the server says of a row is an answer; all else is unknown. */
void pg_note_error(struct store *store, const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (state == NULL || PQstatus(pg_conn(store)) != CONNECTION_OK) {
        pg_give_up(store, PQerrorMessage(pg_conn(store)));
        return;
    }
    text = text == NULL ? "?" : text;
    if (is_state(state, "23505")) {
        store_fail(store, STORE_EXISTS, "%s", text);
    } else if (is_state(state, "23503")) {
        store_fail(store, STORE_REFUSED, "it names a row that does not exist");
    } else if (is_state(state, "23502") || is_state(state, "23514")) {
        store_fail(store, STORE_REFUSED, "%s", text);
    } else if (is_state(state, "55P03")) {
        store_fail(store, STORE_UNKNOWN, "the database is locked by another process");
    } else {
        store_fail(store, STORE_UNKNOWN, "%s: %s (%s)", store->name, text, state);
        /* A session that is read-only, shutting down or out of step is not used again. */
        store->is_broken = true;
    }
}

static bool wait_for_input(struct store *store)
{
    PGconn *conn = pg_conn(store);
    while (PQisBusy(conn)) {
        int flushed = PQflush(conn);
        int64_t left_us = store->deadline_us - clock_mono_us();
        if (flushed < 0) {
            return pg_give_up(store, PQerrorMessage(conn));
        }
        if (left_us <= 0) {
            return pg_give_up(store, "no answer in time: the session is closed");
        }
        struct pollfd wait = {.fd = PQsocket(conn),
                              .events = (short)(POLLIN | (flushed > 0 ? POLLOUT : 0))};
        int64_t left_ms = left_us / 1000 + 1;
        int ready = poll(&wait, 1, left_ms > 60000 ? 60000 : (int)left_ms);
        if (ready < 0 && errno != EINTR) {
            return pg_give_up(store, strerror(errno));
        }
        if (ready > 0 && (wait.revents & ~POLLOUT) != 0 && PQconsumeInput(conn) == 0) {
            return pg_give_up(store, PQerrorMessage(conn));
        }
    }
    return true;
}

PGresult *pg_next_result(struct store *store)
{
    return wait_for_input(store) ? PQgetResult(pg_conn(store)) : NULL;
}

int64_t pg_touched(const PGresult *result)
{
    uint64_t count = 0;
    /* PQcmdTuples only reads, though its argument does not say so. */
    return slice_to_u64(slice_from_text(PQcmdTuples((PGresult *)result)), INT64_MAX, &count)
               ? (int64_t)count
               : 0;
}

/* It is not as it was seen: then, and only then, pg_state_sql makes a number of words. */
static bool is_other_state(const struct statement *statement, const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return statement != NULL && statement->sql == pg_state_sql && state != NULL &&
           is_state(state, "22P02");
}

/* Takes the answer to the oldest of what was sent. False: the session is gone. */
static bool take_oldest(struct store *store, PGresult **keep)
{
    struct pg_store *pg = pg_of(store);
    struct pg_sent oldest = pg->sent[pg->sent_first];
    PGresult *result = pg_next_result(store);
    if (result == NULL) {
        return store->is_broken ? false : pg_give_up(store, "an answer is missing");
    }
    pg->sent_first = (pg->sent_first + 1) % PG_SENT_MAX;
    pg->sent_count--;
    ExecStatusType status = PQresultStatus(result);
    if (oldest.kind == PG_SENT_SYNC) {
        PQclear(result);
        pg->is_failed = false;
        return status == PGRES_PIPELINE_SYNC || pg_give_up(store, "answers are out of step");
    }
    bool is_good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!is_good) {
        if (status != PGRES_PIPELINE_ABORTED && !pg->is_failed) {
            pg_note_error(store, result);
            if (is_other_state(oldest.statement, result)) {
                /* The next connection says in words what is not as it was. */
                store_fail(store, STORE_UNKNOWN, "%s is not as it was seen", store->name);
                store->is_foreign = true;
                store->is_broken = true;
            }
            if (oldest.kind == PG_SENT_COMMIT) {
                /* Refused at the very end: not an answer about what was asked for. */
                store->failed = STORE_UNKNOWN;
                store->is_broken = true;
            }
        }
        pg->is_failed = true;
        if (oldest.kind == PG_SENT_PREPARE) {
            ((struct pg_statement *)oldest.statement->handle)->is_prepared = false;
        }
    } else if (oldest.kind == PG_SENT_MANY) {
        oldest.statement->touched += pg_touched(result);
    }
    if (is_good && keep != NULL) {
        PQclear(*keep);
        *keep = result;
    } else {
        PQclear(result);
    }
    /* The end of this one's results. */
    result = store->is_broken ? NULL : pg_next_result(store);
    PQclear(result);
    return !store->is_broken || PQstatus(pg_conn(store)) == CONNECTION_OK;
}

bool pg_note_sent(struct store *store, enum pg_sent_kind kind, struct statement *statement)
{
    struct pg_store *pg = pg_of(store);
    assert(pg->sent_count < PG_SENT_MAX);
    pg->sent[(pg->sent_first + pg->sent_count) % PG_SENT_MAX] = (struct pg_sent){kind, statement};
    pg->sent_count++;
    /* Room for what a transaction's end sends stays. */
    return pg->sent_count < PG_SENT_MAX - 16 || pg_wait_all(store, NULL);
}

bool pg_send_text(struct store *store, const char *sql)
{
    if (PQsendQueryParams(pg_conn(store), sql, 0, NULL, NULL, NULL, NULL, 1) == 0) {
        return pg_give_up(store, PQerrorMessage(pg_conn(store)));
    }
    return pg_note_sent(store, PG_SENT_RUN, NULL);
}

bool pg_send_commit(struct store *store)
{
    if (pg_of(store)->is_failed || !pg_send_waiting(store)) {
        return false;
    }
    if (PQsendQueryParams(pg_conn(store), "COMMIT", 0, NULL, NULL, NULL, NULL, 1) == 0) {
        return pg_give_up(store, PQerrorMessage(pg_conn(store)));
    }
    return pg_note_sent(store, PG_SENT_COMMIT, NULL);
}

bool pg_send_sync(struct store *store)
{
    if (PQpipelineSync(pg_conn(store)) == 0) {
        return pg_give_up(store, PQerrorMessage(pg_conn(store)));
    }
    return pg_note_sent(store, PG_SENT_SYNC, NULL);
}

bool pg_flush(struct store *store)
{
    return PQflush(pg_conn(store)) >= 0 || pg_give_up(store, PQerrorMessage(pg_conn(store)));
}

bool pg_wait_all(struct store *store, PGresult **result)
{
    struct pg_store *pg = pg_of(store);
    if (pg->sent_count > 0 && PQsendFlushRequest(pg_conn(store)) == 0) {
        return pg_give_up(store, PQerrorMessage(pg_conn(store)));
    }
    PGresult *kept = NULL;
    while (pg->sent_count > 0) {
        bool is_last = pg->sent_count == 1;
        if (!take_oldest(store, is_last ? &kept : NULL)) {
            PQclear(kept);
            return false;
        }
    }
    if (result != NULL && !pg->is_failed) {
        *result = kept;
    } else {
        PQclear(kept);
    }
    return !pg->is_failed;
}
