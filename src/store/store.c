/* store.c - the ledger's identity, checkpoints, retention. */
#include "base/clock.h"
#include "store/engine.h"
#include "store/low_balance.h"

#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#define EXPIRE_ROWS_MAX 2000

static enum store_result read_version(struct store *store, uint64_t *version)
{
    static const char sql[] = "SELECT value FROM counter WHERE name = 'change'";
    struct statement *statement = store_query(store, sql, "");
    if (store_step(store, statement) != ROW_FOUND) {
        return STORE_UNKNOWN;
    }
    *version = column_u64(statement, 0);
    return STORE_OK;
}

enum store_result store_identity(struct store *store, char identity[33], uint64_t *version)
{
    uint64_t now = 0;
    if (!store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    enum store_result result = store_end(store, read_version(store, &now));
    if (result != STORE_OK) {
        return result;
    }
    store->version_seen = now > store->version_seen ? now : store->version_seen;
    memcpy(identity, store->identity, sizeof(store->identity));
    *version = now;
    return STORE_OK;
}

enum store_result store_checkpoint(struct store *store)
{
    store_start_clock(store);
    if (!store->options.is_checkpointer) {
        return store_fail(store, STORE_REFUSED, "another role does the checkpoints");
    }
    store->failed = STORE_UNKNOWN;
    enum store_result result =
        store_connect(store) ? store->engine->checkpoint(store) : store->failed;
    if (store->is_broken) {
        store_disconnect(store);
    }
    return result;
}

static enum store_result expire(struct store *store, int64_t cdr_before_wall_us,
                                int64_t event_before_wall_us, bool *more)
{
    static const char cdrs[] = "DELETE FROM cdr WHERE row IN"
                               " (SELECT row FROM cdr WHERE row < ?1 ORDER BY row LIMIT ?2)";
    static const char events[] = "DELETE FROM event WHERE row IN (SELECT row FROM"
                                 " (SELECT row, wall_us FROM event ORDER BY row LIMIT ?2) AS oldest"
                                 " WHERE wall_us < ?1)";
    static const char imports[] = "DELETE FROM deck_piece WHERE import < ?1 AND import NOT IN"
                                  " (SELECT import FROM deck_version) AND piece >= 0";
    int64_t limit = EXPIRE_ROWS_MAX;
    int64_t cdr_count = 0, event_count = 0;
    if (!store_run_now(store, &cdr_count, cdrs, "ui", cdr_row_floor(cdr_before_wall_us), limit) ||
        !store_run_now(store, &event_count, events, "ii", event_before_wall_us, limit)) {
        return store->failed;
    }
    /* Pieces of an import that was given up: an import is numbered by its wall time. */
    int64_t day_ago_us = clock_wall_us() - INT64_C(86400000000);
    if (!store_run(store, imports, "i", day_ago_us)) {
        return store->failed;
    }
    if (!crossing_expire(store, event_before_wall_us)) {
        return store->failed;
    }
    *more = cdr_count == EXPIRE_ROWS_MAX || event_count == EXPIRE_ROWS_MAX;
    return STORE_OK;
}

enum store_result store_expire(struct store *store, int64_t cdr_before_wall_us,
                               int64_t event_before_wall_us, bool *more)
{
    bool is_full = false;
    if (!store_begin(store, STORE_WRITE)) {
        return store_end(store, store->failed);
    }
    enum store_result result =
        store_end(store, expire(store, cdr_before_wall_us, event_before_wall_us, &is_full));
    if (result == STORE_OK) {
        *more = is_full;
    }
    return result;
}

int store_disk_free_percent(const char *dir)
{
    struct statvfs facts;
    if (statvfs(dir, &facts) != 0 || facts.f_blocks == 0) {
        return -1;
    }
    return (int)(facts.f_bavail * 100 / facts.f_blocks);
}
