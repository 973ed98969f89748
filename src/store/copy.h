/* copy.h - moves a ledger from SQLite into PostgreSQL while everything goes on.
 *
 * The rows are copied beside the running system, then what changed meanwhile, again and again, and
 * at last the rest while nobody else can write. In that same moment the file is marked as moved:
 * whoever has it open goes on in PostgreSQL with the next transaction (transaction.c), so nothing
 * is restarted, and no row can be written to the file any more.
 */
#ifndef DT_STORE_COPY_H
#define DT_STORE_COPY_H

#include "store/store.h"

struct store_copy {
    const char *dir; /* of the SQLite database; store.password of the other one lies there */
    const char *url; /* "postgresql://..."; without a ledger, or with a copy that was broken off */
    void (*say)(void *ctx, const char *text); /* what it is at, a sentence; NULL: nobody listens */
    void *ctx;
};

struct store_copied {
    uint64_t row_count;   /* written over there */
    uint64_t table_count; /* of the database */
    int pass_count;
    int64_t held_us; /* how long nobody else could write */
};

/* OK: the ledger is in PostgreSQL. Anything else: it is where it was, `error` says why in one
 * sentence, and the copy may be made again. REFUSED: there is another ledger, or one that is ahead;
 * or too much is written for the last step to end within 10 s. */
enum store_result store_copy(const struct store_copy *asked, struct store_copied *done, char *error,
                             size_t error_size) MUST_CHECK;

#endif
