/* transaction.c - begins and ends each transaction, within the deadline of the call. */
#include "store/engine.h"
#include "store/ledger.h"

struct tri store_moved_to(struct store *store, char url[STORE_PATH_SIZE])
{
    static const char sql[] = "SELECT value FROM meta WHERE name = '" STORE_MOVED "'";
    struct statement *statement = store_query(store, sql, "");
    switch (store_step(store, statement)) {
    case ROW_FOUND:
        column_text(statement, 0, url, STORE_PATH_SIZE);
        statement_reset(statement);
        return (struct tri){TRI_PRESENT};
    case ROW_NONE:
        return (struct tri){TRI_ABSENT};
    case ROW_FAILED:
        break;
    }
    return (struct tri){TRI_UNKNOWN};
}

static bool follow(struct store *store, enum store_access access, const char *url)
{
    const struct store_engine *left = store->engine;
    left->roll_back(store);
    left->disconnect(store);
    store->options.url = url;
    if (!pg_new(store)) {
        store->options.url = NULL;
        store_fail(store, STORE_UNKNOWN, "no memory");
        return false;
    }
    left->free(store);
    store->sqlite = NULL;
    return store_connect(store) && store->engine->begin(store, access);
}

/* What was seen of the ledger is compared with where it is now. */
static bool is_at_ledger(struct store *store, enum store_access access)
{
    char url[STORE_PATH_SIZE];
    if (store->engine->is_remote) {
        return true;
    }
    switch (store_moved_to(store, url).is) {
    case TRI_PRESENT:
        return follow(store, access, url);
    case TRI_ABSENT:
        return true;
    case TRI_UNKNOWN:
        break;
    }
    return false;
}

bool store_begin(struct store *store, enum store_access access)
{
    store_start_clock(store);
    store->failed = STORE_UNKNOWN;
    store->transfer_made = 0;
    store_reset_statements(store); /* a commit runs what waits, and counts it */
    store->link_made.first = 0;
    ledger_prefetch_forget(store);
    if (!store_connect(store) || !store->engine->begin(store, access) ||
        !is_at_ledger(store, access) || !store->engine->check(store)) {
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
    } else if (store->transfer_made > store->transfer_seen) {
        store->transfer_seen = store->transfer_made;
        store->link_seen = store->link_made;
    }
    if (store->is_broken) {
        store_disconnect(store);
    }
    return result;
}
