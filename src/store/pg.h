/* pg.h - what the files of the PostgreSQL engine share.
 *
 * Everything is sent through libpq's pipeline, and nothing waits without a deadline: a statement
 * whose answer is not wanted yet only joins the queue of what was sent. A deadline closes the
 * session; it never cancels a statement, because a cancelled wait for a standby answers "committed"
 * while the row can still vanish.
 */
#ifndef DT_STORE_PG_H
#define DT_STORE_PG_H

#include "store/engine.h"

#include <libpq-fe.h>

#define PG_SENT_MAX 256
#define PG_MANY_MAX 16
#define PG_URL_SIZE 1024

struct pg_bytes { /* grows; the capacity stays */
    char *data;
    size_t size, size_max;
};

struct pg_statement {
    char name[16];
    char *sql; /* as PostgreSQL reads it; NULL: not made yet */
    bool is_many;
    bool is_prepared; /* or the preparation was sent */
    PGresult *result;
    int row, row_count;
    /* Of many: one array for each value. */
    int waiting_count;
    bool has_null[STORE_VALUES_MAX];
    struct pg_bytes arrays[STORE_VALUES_MAX];
};

enum pg_sent_kind { PG_SENT_PREPARE, PG_SENT_RUN, PG_SENT_MANY, PG_SENT_COMMIT, PG_SENT_SYNC };
struct pg_sent { /* what the server has not answered yet, in its order */
    enum pg_sent_kind kind;
    struct statement *statement; /* NULL: not one that is kept */
};

struct pg_store {
    char url[PG_URL_SIZE];
    int host_at;      /* of the hosts in the URL: the one to try next */
    int64_t pause_us; /* between tries; 0: the last one worked */
    int64_t again_at_us;
    char why[STORE_ERROR_SIZE]; /* the last try failed */
    uint64_t serial;            /* names of statements */

    int sent_first, sent_count;
    struct pg_sent sent[PG_SENT_MAX];
    bool is_failed;   /* the server skips everything up to the next sync */
    bool has_written; /* in the transaction under way */
    bool has_warning; /* since it was last cleared */
    int many_count;   /* sets that wait, in the order of their first row */
    struct statement *many[PG_MANY_MAX];
    struct pg_bytes scratch;
};

static inline PGconn *pg_conn(const struct store *store)
{
    return store->connection;
}

/* ---- pg_statement.c: the state that was seen, checked by the server ---- */
extern const char pg_state_sql[];
bool pg_check_state(struct store *store);

/* ---- pg_wire.c ---- */
/* Closes the session: what became of what was sent is not known. Answers false. */
bool pg_give_up(struct store *store, const char *why);
bool pg_note_sent(struct store *store, enum pg_sent_kind kind, struct statement *statement);
bool pg_send_text(struct store *store, const char *sql); /* one statement, not kept */
bool pg_send_commit(struct store *store);                /* after what waits */
bool pg_send_sync(struct store *store);
bool pg_flush(struct store *store); /* as far as it goes without waiting */
/* Waits for all answers. The last one, if asked for, is kept in *result: the caller clears it. */
bool pg_wait_all(struct store *store, PGresult **result);
/* Waits for one more result outside of the pipeline: of the connection's set-up. NULL: the end, or
 * the session is closed. */
PGresult *pg_next_result(struct store *store);
int64_t pg_touched(const PGresult *result); /* rows */
void pg_note_error(struct store *store, const PGresult *result);

/* ---- pg_value.c ---- */
bool pg_bytes_put(struct pg_bytes *bytes, const void *data, size_t size);
uint64_t pg_big_endian(uint64_t number);
/* As PostgreSQL takes it: what is not UTF-8 becomes question marks. */
struct slice pg_clean_text(struct pg_bytes *scratch, struct slice text);
struct sql_value pg_column(const struct statement *statement, int column);
/* An array's element; then its beginning, for which room was left. */
#define PG_ARRAY_HEAD_SIZE 20
bool pg_array_put(struct pg_bytes *array, const struct sql_value *value);
void pg_array_end(struct pg_bytes *array, enum value_kind kind, bool has_null, int count);
#define PG_TYPE_INT8 20
#define PG_TYPE_TEXT 25
#define PG_TYPE_BYTES 17
Oid pg_type(enum value_kind kind, bool is_array);

/* ---- pg_text.c: SQL of both engines as PostgreSQL reads it; malloc'd, NULL: no memory ---- */
char *pg_text_one(const char *sql);
char *pg_text_many(const struct statement *statement);
char *pg_text_schema(const char *sql);

/* ---- pg_statement.c ---- */
bool pg_prepare(struct store *store, struct statement *statement);
void pg_finalize(struct statement *statement);
enum row_step pg_step(struct store *store, struct statement *statement);
bool pg_run(struct store *store, struct statement *statement);
bool pg_run_now(struct store *store, struct statement *statement, int64_t *touched);
bool pg_run_many(struct store *store, struct statement *statement);
bool pg_run_waiting(struct store *store);
bool pg_send_waiting(struct store *store);
void pg_reset(struct statement *statement);

/* ---- pg_connect.c ---- */
bool pg_open(struct store *store); /* a session, without looking at what is in the database */
bool pg_read_schema(struct store *store);
bool pg_connect(struct store *store);
void pg_disconnect(struct store *store);

/* ---- pg_transaction.c ---- */
bool pg_begin(struct store *store, enum store_access access);
void pg_roll_back(struct store *store);

#endif
