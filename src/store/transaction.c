/* transaction.c - begins and ends each transaction, within the deadline of the call. */
#include "store/engine.h"
#include "store/ledger.h"

bool store_begin(struct store *store, enum store_access access)
{
    store_start_clock(store);
    store->failed = STORE_UNKNOWN;
    store->transfer_made = 0;
    ledger_prefetch_forget(store);
    if (!store_connect(store) || !store->engine->begin(store, access)) {
        return false;
    }
    store->is_writing = access == STORE_WRITE;
    return true;
}

enum store_result store_end(struct store *store, enum store_result result)
{
    bool is_writing = store->is_writing;
    store->is_writing = false;
    store_reset_statements(store);
    if (!is_writing || result != STORE_OK) {
        store->engine->roll_back(store);
    } else if (!store->engine->commit(store)) {
        /* Whether it is on disk is not known: what memory holds must not be used again. */
        result = store->failed == STORE_OK ? STORE_UNKNOWN : store->failed;
        store->engine->roll_back(store);
    }
    if (store->is_broken) {
        store_disconnect(store);
    }
    return result;
}
