/* sqlite.h - what the files of the SQLite engine share. */
#ifndef DT_STORE_SQLITE_H
#define DT_STORE_SQLITE_H

#include "store/engine.h"

#include <sqlite3.h>
#include <sys/types.h>

struct fault_vfs;
struct sqlite_many;

struct sqlite_store {
    char path[STORE_PATH_SIZE];
    dev_t device; /* of the file that is open */
    ino_t inode;
    int lock_fd; /* DIR/store.lock; -1: not open yet */
    bool is_locked;
    struct fault_vfs *faults;
    struct sqlite_many *many; /* NULL: not needed yet */
};

static inline sqlite3 *sqlite_db(const struct store *store)
{
    return store->connection;
}

/* ---- sqlite_connect.c ---- */
bool sqlite_open_handle(struct store *store); /* without looking at its schema */
bool sqlite_is_same_file(struct store *store);
bool sqlite_read_schema(struct store *store); /* into store->schema */
bool sqlite_connect(struct store *store);
void sqlite_disconnect(struct store *store);

/* ---- sqlite_lock.c: the exclusive lock on DIR/store.lock ---- */
bool sqlite_lock(struct store *store);
void sqlite_unlock(struct store *store);

/* ---- sqlite_statement.c ---- */
enum store_result sqlite_take_error(struct store *store, int rc); /* notes it, answers it */
bool sqlite_exec(struct store *store, const char *sql);
void sqlite_bind(sqlite3_stmt *handle, int at, const struct sql_value *value); /* counts from 1 */

/* ---- sqlite_many.c: rows that wait for others of the same text ---- */
/* Keeps a copy of what is bound, and runs the rows that wait when they are many. Not taken: it is
 * no INSERT of that kind, and is to be run by itself. False: the database failed. */
bool sqlite_many_add(struct store *store, struct statement *statement, bool *is_taken);
bool sqlite_many_run(struct store *store);    /* all that wait */
void sqlite_many_forget(struct store *store); /* the transaction is given up */
void sqlite_many_free(struct store *store);   /* before the connection ends */

/* ---- sqlite_migrate.c, backup.c ---- */
enum store_result sqlite_migrate(struct store *store, int schema);
enum store_result sqlite_copy(struct store *store, const char *file); /* consistent, then renamed */

#endif
