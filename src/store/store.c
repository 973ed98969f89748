/* store.c - the end of a store, the ledger's identity, checkpoints, retention. */
#include "store/config_sql.h"
#include "store/fault_vfs.h"
#include "store/internal.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define EXPIRE_ROWS_MAX 2000

void store_free(struct store *store)
{
    if (store == NULL) {
        return;
    }
    store_disconnect(store);
    fault_vfs_free(store->faults);
    config_sql_free(store->config_sql);
    EVP_MD_CTX_free(store->hash_context);
    free(store->settle_scratch);
    if (store->lock_fd >= 0) {
        close(store->lock_fd);
    }
    free(store);
}

static enum store_result read_version(struct store *store, uint64_t *version)
{
    static const char sql[] = "SELECT value FROM counter WHERE name = 'change'";
    sqlite3_stmt *statement = store_query(store, sql, "");
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
    if (now < store->version_seen) {
        return store_fail(store, STORE_UNKNOWN, "%s went back from version %llu to %llu",
                          store->path, (unsigned long long)store->version_seen,
                          (unsigned long long)now);
    }
    store->version_seen = now;
    memcpy(identity, store->identity, sizeof(store->identity));
    *version = now;
    return STORE_OK;
}

bool store_checkpoint_locked(struct store *store)
{
    int rc = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (rc != SQLITE_OK && rc != SQLITE_BUSY) {
        store_take_error(store, rc);
        return false;
    }
    return true;
}

enum store_result store_checkpoint(struct store *store)
{
    store_start_clock(store);
    if (!store->options.is_checkpointer) {
        return store_fail(store, STORE_REFUSED, "another role does the checkpoints");
    }
    enum store_result result = STORE_UNKNOWN;
    store->failed = STORE_UNKNOWN;
    if (store_connect(store) && store_lock(store)) {
        bool is_done = store_is_same_file(store) && store_checkpoint_locked(store);
        result = is_done ? STORE_OK : store->failed;
        store_unlock(store);
    } else {
        result = store->failed;
    }
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
    static const char events[] =
        "DELETE FROM event WHERE row IN (SELECT row FROM"
        " (SELECT row, wall_us FROM event ORDER BY row LIMIT ?2) WHERE wall_us < ?1)";
    static const char imports[] = "DELETE FROM deck_piece WHERE import < ?1 AND import NOT IN"
                                  " (SELECT import FROM deck_version) AND piece >= 0";
    int64_t limit = EXPIRE_ROWS_MAX;
    if (!store_run(store, cdrs, "ui", cdr_row_floor(cdr_before_wall_us), limit)) {
        return store->failed;
    }
    bool is_full = sqlite3_changes(store->db) == EXPIRE_ROWS_MAX;
    if (!store_run(store, events, "ii", event_before_wall_us, limit)) {
        return store->failed;
    }
    is_full |= sqlite3_changes(store->db) == EXPIRE_ROWS_MAX;
    /* Pieces of an import that was given up: an import is numbered by its wall time. */
    int64_t day_ago_us = store_wall_us() - INT64_C(86400000000);
    if (!store_run(store, imports, "i", day_ago_us)) {
        return store->failed;
    }
    *more = is_full;
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
