/* internal.h - what the files of this folder share: a connection, its transactions, its statements.
 *
 * A public call is: store_begin, statements, store_end. Each helper answers false (or NULL, or
 * ROW_FAILED) after it noted in the store what went wrong; the caller then ends the transaction
 * with store->failed. Monotonic time bounds the waits; wall time only goes into rows.
 */
#ifndef DT_STORE_INTERNAL_H
#define DT_STORE_INTERNAL_H

#include "store/store.h"

#include "base/slice.h"

#define STORE_PATH_SIZE 4096
#define STORE_ERROR_SIZE 320
#define STORE_STATEMENTS_MAX 160
#define STORE_VALUES_MAX 32
#define STORE_HASH_SIZE 32

struct config_sql;
struct ledger_prefetched;
struct sqlite_store;
struct pg_store;
struct store_engine;

/* A value that is bound, or one that a row has. */
enum value_kind { VALUE_INT = 0, VALUE_TEXT, VALUE_BLOB, VALUE_NUMBERS /* uint64_t of the host */ };
struct sql_value {
    enum value_kind kind; /* also of a NULL that is bound */
    bool is_null;
    int64_t number;
    struct slice bytes; /* of the others; a bound one lives until the statement was run */
};

struct statement {
    const struct store_engine *engine;
    const char *sql; /* compared by pointer: the texts are constants */
    void *handle;    /* the engine's */
    bool is_started; /* since it was reset */
    int64_t touched; /* rows, by store_run_many in this transaction */
    int value_count;
    struct sql_value values[STORE_VALUES_MAX];
};

struct store {
    struct store_options options; /* dir points to the copy below */
    char dir[STORE_PATH_SIZE];
    const struct store_engine *engine;
    void *connection;           /* the engine's; NULL: opened at the next call */
    char name[STORE_PATH_SIZE]; /* of the database, for sentences */
    int schema;                 /* that was found */
    bool is_writing;            /* in a write transaction */
    bool is_broken;             /* a commit failed: the connection is closed and read anew */
    int64_t deadline_us;
    int log_pages;     /* not checkpointed, as the last commit left it */
    char identity[33]; /* empty: not read yet */
    char timeline[33]; /* the same */
    uint64_t version_seen;
    uint64_t transfer_seen; /* newest transfer that this process knows to be committed */
    struct store_link link_seen, link_made; /* made: in the transaction under way */
    bool is_foreign; /* the last call failed because the database is not as it was seen */
    bool has_disk;
    struct ledger_disk disk;  /* told with refills and settlements */
    enum store_result failed; /* what the helper that failed wants answered */
    char error[STORE_ERROR_SIZE];
    int statement_count;
    const char *statement_texts[STORE_STATEMENTS_MAX]; /* close together: they are searched */
    struct statement statements[STORE_STATEMENTS_MAX];
    struct config_sql *config_sql; /* texts built from the column tables */
    uint64_t transfer_made;        /* the newest of the transaction under way */
    struct sqlite_store *sqlite;   /* NULL: another engine */
    struct pg_store *pg;           /* the same */
    void *settle_scratch;
    struct ledger_prefetched *prefetched;
    void *hash_context; /* EVP_MD_CTX */
};

void store_sleep_us(int64_t us); /* between tries for a lock */

/* ---- connection (connect.c) ---- */
enum store_result store_fail(struct store *store, enum store_result result, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* Opens the database if it is not open, and sees that it is still the same one. */
bool store_connect(struct store *store);
void store_disconnect(struct store *store);
bool store_file_exists(const char *path);
/* The schema and the identity of a database that was just opened are what they should be. */
bool store_check_schema(struct store *store);

/* ---- DIR/store.identity (pin.c): which ledger, and which files, this directory is about ---- */
struct store_pin {
    char identity[33];
    char timeline[33]; /* empty: not written by an older program */
    uint64_t db_inode, db_born_ns;
    uint64_t wal_inode, wal_born_ns;
};
struct tri store_pin_read(const char *dir, struct store_pin *out);
void store_pin_look(const char *dir, struct store_pin *out); /* as the files are now */
bool store_pin_write(const char *dir, const struct store_pin *pin);
/* The database's identity and timeline are the pinned ones, and those that were read before. */
bool store_check_identity(struct store *store, struct tri pinned, const struct store_pin *pin);

/* ---- what was seen of the ledger (state.c) ---- */
bool store_read_identity(struct store *store, char identity[33]);
/* In a transaction: identity, timeline, numbers and link are as they were seen, or have risen.
 * False: the words say what is not. */
bool store_check_state(struct store *store);
bool store_note_foreign(struct store *store); /* answers false */
bool store_random_hex(struct store *store, char hex[33]);

/* ---- transactions (transaction.c) ---- */
#define STORE_MOVED "moved" /* in `meta` of a file: the URL of where its ledger is now */
/* What was copied into PostgreSQL says so (copy.h), and is not the ledger any more. */
struct tri store_moved_to(struct store *store, char url[STORE_PATH_SIZE]);
enum store_access { STORE_READ, STORE_WRITE };
bool store_begin(struct store *store, enum store_access access);
/* OK commits a write transaction; anything else rolls it back. Returns what to answer. */
enum store_result store_end(struct store *store, enum store_result result);
void store_start_clock(struct store *store); /* the deadline of the call under way */

/* ---- statements (statement.c) ----
 * Written in the SQL that both engines read: parameters ?1 ?2 ..., quoted names where one of them
 * keeps a word for itself. */
enum row_step { ROW_FAILED = 0, ROW_NONE, ROW_FOUND };
struct statement *store_statement(struct store *store, const char *sql); /* reset; NULL: failed */
/* Binds by a format: i int64_t, u uint64_t, n uint64_t with 0 as NULL, t text (NULL or "" as NULL
 * with T), b blob (pointer, size_t), a array of uint64_t (pointer, int; not on SQLite). */
struct statement *store_query(struct store *store, const char *sql, const char *format, ...);
/* An engine may run it later, with others, at the latest when something is asked or at the end of
 * the transaction, which then fails. */
bool store_run(struct store *store, const char *sql, const char *format, ...);
/* Runs it now and says how many rows it touched. */
bool store_run_now(struct store *store, int64_t *touched, const char *sql, const char *format, ...);
/* One of many with the same text: INSERT ... VALUES (...) or UPDATE ... WHERE, no row touched by
 * two of them. PostgreSQL gets one statement for all of them. */
bool store_run_many(struct store *store, const char *sql, const char *format, ...);
/* Runs what waits of them; the rows that they touched in this transaction so far. */
bool store_many_touched(struct store *store, const char *sql, int64_t *touched);
bool store_exec(struct store *store, const char *sql); /* several statements, not kept */
enum row_step store_step(struct store *store, struct statement *statement);
struct store_page { /* where the rows of a query go */
    void *rows;
    size_t row_size; /* bytes */
    int max;
    void (*read)(struct statement *statement, void *row);
};
/* Reads at most page->max rows and ends the transaction. *count is set only with STORE_OK. */
enum store_result store_end_page(struct store *store, struct statement *statement,
                                 const struct store_page *page, int *count) MUST_CHECK;
void store_reset_statements(struct store *store);
void store_finalize_statements(struct store *store);

void statement_reset(struct statement *statement); /* its rows are done with */
void bind_i64(struct statement *statement, int64_t number);
void bind_null(struct statement *statement); /* of a number */
void bind_value(struct statement *statement, const struct sql_value *value);
void bind_bytes(struct statement *statement, enum value_kind kind, struct slice bytes);

/* Columns count from 0. Bytes and texts live until the next step. NULL is 0, or empty. */
bool column_is_null(const struct statement *statement, int column);
int64_t column_i64(const struct statement *statement, int column);
uint64_t column_u64(const struct statement *statement, int column);
bool column_bool(const struct statement *statement, int column);
struct slice column_slice(const struct statement *statement, int column);
const char *column_cstr(const struct statement *statement, int column);
void column_text(const struct statement *statement, int column, char *field, size_t field_size);

bool store_count(struct store *store, const char *counter, uint64_t by, uint64_t *after);

/* ---- schema (migrate.c) ---- */
#define STORE_SCHEMA 15
enum store_result store_migrate_to(struct store *store, int schema) MUST_CHECK; /* for tests too */

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

/* ---- SHA-256 (digest.c) ---- */
bool store_sha256_start(struct store *store);
void store_sha256_add(struct store *store, const void *data, size_t size);
void store_sha256_end(struct store *store, uint8_t hash[STORE_HASH_SIZE]);

#endif
