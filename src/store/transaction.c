/* transaction.c - begins and ends each transaction, within the deadline of the call. */
#include "store/internal.h"

bool store_begin(struct store *store, enum store_access access)
{
    store_start_clock(store);
    store->failed = STORE_UNKNOWN;
    if (!store_connect(store)) {
        return false;
    }
    if (access == STORE_READ) {
        return store_exec(store, "BEGIN");
    }
    if (!store_lock(store)) {
        return false;
    }
    /* Waiting for the lock took time: the file may have been replaced meanwhile. */
    if (!store_is_same_file(store) || !store_exec(store, "BEGIN IMMEDIATE")) {
        store_unlock(store);
        return false;
    }
    store->is_writing = true;
    return true;
}

static void roll_back(struct store *store)
{
    if (store->db != NULL && !sqlite3_get_autocommit(store->db)) {
        (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    }
}

enum store_result store_end(struct store *store, enum store_result result)
{
    bool is_writing = store->is_writing;
    store->is_writing = false;
    if (store->db != NULL) {
        /* A commit or rollback that has begun is not interrupted: its answer is wanted. */
        store->deadline_us = INT64_MAX;
        store_reset_statements(store);
        if (!is_writing || result != STORE_OK) {
            roll_back(store);
        } else if (!store_exec(store, "COMMIT")) {
            /* Whether it is on disk is not known: what memory holds must not be used again. */
            result = store->failed == STORE_OK ? STORE_UNKNOWN : store->failed;
            roll_back(store);
            store->is_broken = true;
        }
    }
    if (store->is_broken) {
        store_disconnect(store);
    }
    store_unlock(store);
    return result;
}
