/* engine.h - what a database has to be able to do to hold the ledger: SQLite, PostgreSQL.
 *
 * The rules of money, the change feed and the schema stand above this, once; below it are waiting,
 * binding, reading, and what a failure means. Each function that can fail notes in the store what
 * went wrong (store_fail) and answers false.
 */
#ifndef DT_STORE_ENGINE_H
#define DT_STORE_ENGINE_H

#include "store/internal.h"

struct store_engine {
    bool is_remote; /* a question costs a round trip: ask many things at once */

    /* Opens what is not open and checks schema and identity; sees that it is still the same. */
    bool (*connect)(struct store *store);
    void (*disconnect)(struct store *store);
    void (*free)(struct store *store); /* after disconnect */

    /* One writer at a time, over all processes, from begin to commit or roll_back. */
    bool (*begin)(struct store *store, enum store_access access);
    /* The first of a transaction: it fails, at the latest at its first answer, where the database
     * is not at the state that was seen. */
    bool (*check)(struct store *store);
    /* False: what became of it is not known, unless store->failed says more. */
    bool (*commit)(struct store *store);
    void (*roll_back)(struct store *store); /* also after a failed begin */

    bool (*prepare)(struct store *store, struct statement *statement);
    void (*finalize)(struct statement *statement);
    enum row_step (*step)(struct store *store, struct statement *statement);
    bool (*run)(struct store *store, struct statement *statement); /* may be later */
    bool (*run_now)(struct store *store, struct statement *statement, int64_t *touched);
    bool (*run_many)(struct store *store, struct statement *statement); /* adds to ->touched */
    bool (*run_waiting)(struct store *store);
    struct sql_value (*column)(const struct statement *statement, int column);
    void (*reset)(struct statement *statement);
    bool (*exec)(struct store *store, const char *sql);

    enum store_result (*migrate)(struct store *store, int schema);
    enum store_result (*checkpoint)(struct store *store);
};

extern const struct store_engine sqlite_engine;
extern const struct store_engine pg_engine;
bool pg_new(struct store *store);
bool sqlite_new(struct store *store); /* store->options are set; false: no memory, or too long */

/* ---- what both do (migrate.c) ---- */

/* Runs steps from store->schema + 1 to `schema`, within a transaction; makes the identity. */
bool schema_apply_step(struct store *store, int number, const char *sql);

/* ---- what both ask of a statement's text (statement.c) ---- */

/* The bracket that closes the one open at `from`, or the text's end; no literal has brackets. */
const char *statement_closing(const char *from);

#endif
