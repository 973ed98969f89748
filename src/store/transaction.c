/* transaction.c - begins and ends each transaction, within the deadline of the call. */
#include "store/engine.h"
#include "store/ledger.h"

/* What was copied into PostgreSQL says so (copy.h), and is not the ledger any more. */
static bool is_moved(struct store *store, char *url, size_t url_size, bool *is_known)
{
    static const char sql[] = "SELECT value FROM meta WHERE name = '" STORE_MOVED "'";
    struct statement *statement = store_query(store, sql, "");
    enum row_step step = store_step(store, statement);
    *is_known = step != ROW_FAILED;
    if (step == ROW_FOUND) {
        column_text(statement, 0, url, url_size);
        statement_reset(statement);
    }
    return step == ROW_FOUND;
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

bool store_begin(struct store *store, enum store_access access)
{
    store_start_clock(store);
    store->failed = STORE_UNKNOWN;
    store->transfer_made = 0;
    store_reset_statements(store); /* a commit runs what waits, and counts it */
    ledger_prefetch_forget(store);
    if (!store_connect(store) || !store->engine->begin(store, access)) {
        return false;
    }
    store->is_writing = access == STORE_WRITE;
    if (store->engine->is_remote) {
        return true;
    }
    char url[STORE_PATH_SIZE];
    bool is_known = false;
    return is_moved(store, url, sizeof(url), &is_known) ? follow(store, access, url) : is_known;
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
