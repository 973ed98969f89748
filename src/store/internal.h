/* internal.h - what the files of this folder share: a connection, its transactions, its statements.
 *
 * A public call is: store_begin, statements, store_end. Each helper answers false (or NULL, or
 * ROW_FAILED) after it noted in the store what went wrong; the caller then ends the transaction
 * with store->failed. Monotonic time bounds the waits; wall time only goes into rows.
 */
#ifndef DT_STORE_INTERNAL_H
#define DT_STORE_INTERNAL_H

#include "store/store.h"

#include <sqlite3.h>
#include <sys/types.h>

#define STORE_PATH_SIZE 4096
#define STORE_ERROR_SIZE 320
#define STORE_STATEMENTS_MAX 160
#define STORE_HASH_SIZE 32

struct fault_vfs;
struct config_sql;

struct store_statement {
    const char *sql; /* compared by pointer: the texts are constants */
    sqlite3_stmt *statement;
};

struct store {
    struct store_options options; /* dir points to the copy below */
    char dir[STORE_PATH_SIZE];
    char path[STORE_PATH_SIZE];
    sqlite3 *db;  /* NULL: opened at the next call */
    dev_t device; /* of the file that db is */
    ino_t inode;
    int schema;  /* user_version that was found */
    int lock_fd; /* DIR/store.lock; -1: not open yet */
    bool is_locked;
    bool is_writing; /* in a write transaction */
    bool is_broken;  /* a commit failed: the connection is closed and read anew */
    int64_t deadline_us;
    int wal_pages;     /* as the last commit left it */
    char identity[33]; /* empty: not read yet */
    uint64_t version_seen;
    enum store_result failed; /* what the helper that failed wants answered */
    char error[STORE_ERROR_SIZE];
    int statement_count;
    struct store_statement statements[STORE_STATEMENTS_MAX];
    struct config_sql *config_sql; /* texts built from the column tables */
    struct fault_vfs *faults;
    void *settle_scratch;
    void *hash_context; /* EVP_MD_CTX */
};

int64_t store_now_us(void);      /* monotonic */
int64_t store_wall_us(void);     /* since 1970 */
void store_sleep_us(int64_t us); /* between tries for a lock */

/* ---- connection (connect.c) ---- */
enum store_result store_fail(struct store *store, enum store_result result, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* Opens the file if it is not open, and sees that it is still the same file. */
bool store_connect(struct store *store);
void store_disconnect(struct store *store);
bool store_open_handle(struct store *store); /* without looking at its schema */
bool store_is_same_file(struct store *store);
bool store_file_exists(const char *path);

/* ---- DIR/store.identity (pin.c): which ledger, and which files, this directory is about ---- */
struct store_pin {
    char identity[33];
    uint64_t db_inode, db_born_ns;
    uint64_t wal_inode, wal_born_ns;
};
struct tri store_pin_read(const char *dir, struct store_pin *out);
void store_pin_look(const char *dir, struct store_pin *out); /* as the files are now */
bool store_pin_write(const char *dir, const struct store_pin *pin);

/* ---- lock (lock.c): the exclusive lock on DIR/store.lock ---- */
bool store_lock(struct store *store);
void store_unlock(struct store *store);

/* ---- transactions (transaction.c) ---- */
enum store_access { STORE_READ, STORE_WRITE };
bool store_begin(struct store *store, enum store_access access);
/* OK commits a write transaction; anything else rolls it back. Returns what to answer. */
enum store_result store_end(struct store *store, enum store_result result);
void store_start_clock(struct store *store); /* the deadline of the call under way */

/* ---- statements (statement.c) ---- */
enum row_step { ROW_FAILED = 0, ROW_NONE, ROW_FOUND };
sqlite3_stmt *store_statement(struct store *store, const char *sql); /* reset; NULL: failed */
/* Binds by a format: i int64_t, u uint64_t, n uint64_t with 0 as NULL, t text (NULL or "" as NULL
 * with T), b blob (pointer, size_t). */
sqlite3_stmt *store_query(struct store *store, const char *sql, const char *format, ...);
bool store_run(struct store *store, const char *sql, const char *format, ...);
bool store_exec(struct store *store, const char *sql); /* several statements, not kept */
enum row_step store_step(struct store *store, sqlite3_stmt *statement);
bool store_step_done(struct store *store, sqlite3_stmt *statement); /* of an insert or update */
enum store_result store_take_error(struct store *store, int rc);    /* notes it, answers it */
void store_reset_statements(struct store *store);
void store_finalize_statements(struct store *store);
uint64_t column_u64(sqlite3_stmt *statement, int column);
void column_text(sqlite3_stmt *statement, int column, char *field, size_t field_size);
bool store_count(struct store *store, const char *counter, uint64_t by, uint64_t *after);

/* ---- schema (migrate.c) ---- */
#define STORE_SCHEMA 5
enum store_result store_migrate_to(struct store *store, int schema) MUST_CHECK; /* for tests too */
bool store_read_schema(struct store *store); /* into store->schema */

/* ---- change feed (change.c) ---- */
/* The next number, to be used in the same transaction; then the row that it is about. */
bool change_number(struct store *store, uint64_t *number);
bool change_put(struct store *store, enum config_kind kind, uint64_t id, bool is_removed,
                uint64_t number);
bool change_note(struct store *store, const char *actor, const char *what, const char *did,
                 uint64_t id); /* an event of kind "config" */
bool event_add(struct store *store, const struct event_row *row);

/* ---- records ---- */
uint64_t cdr_row_floor(int64_t wall_us); /* the least row number of calls that ended then */

/* ---- checkpoint and copies ---- */
bool store_checkpoint_locked(struct store *store);
enum store_result store_copy(struct store *store, const char *file); /* consistent, then renamed */

/* ---- SHA-256 (digest.c) ---- */
bool store_sha256_start(struct store *store);
void store_sha256_add(struct store *store, const void *data, size_t size);
void store_sha256_end(struct store *store, uint8_t hash[STORE_HASH_SIZE]);

#endif
