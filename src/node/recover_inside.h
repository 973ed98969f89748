/* recover_inside.h - what the files of `ledger recover` (recover.h) share.
 *
 *     recover.c           the lives of the disk, their charges, and the order of it all
 *     recover_kept.c      the usages that the edge kept on its disk
 *     recover_requests.c  the money requests that the API kept
 */
#ifndef DT_NODE_RECOVER_INSIDE_H
#define DT_NODE_RECOVER_INSIDE_H

#include "metering/identity.h"
#include "metering/usage.h"
#include "node/recover.h"
#include "store/store.h"

struct kept { /* a usage on the edge's disk */
    uint64_t incarnation;
    struct usage usage;
};

struct recovery {
    struct store *store;
    struct recover_report *report;
    char *error;
    size_t error_size;
    struct journal_file *log;
    int identity_count;
    struct edge_identity identities[IDENTITY_LIVES_MAX];
    uint64_t numbers[IDENTITY_LIVES_MAX]; /* that they had, in the archive, too */
    bool is_dead[IDENTITY_LIVES_MAX];     /* by a verdict, or not known to the ledger */
    bool has_gone_back;                   /* the database, from what this disk knows of it */
    uint64_t incarnation;                 /* whose usages the log is read for */
    struct kept *kept;
    size_t kept_count, kept_max;
    bool is_memory_short;
    bool is_giving;    /* the money requests that add money are on */
    char timeline[33]; /* that this disk knows */
};

/* Says what stopped it; false. */
bool recover_stop(struct recovery *recovery, const char *what, const char *why);
/* Names what a person must decide. */
void recover_leave(struct recovery *recovery, const char *text);

/* ---- recover_kept.c ---- */
void recover_leave_usage(struct recovery *recovery, const struct kept *kept, const char *why);
/* What the log and the archive have beyond the ledger's marks, sorted, each once. */
MUST_CHECK bool recover_kept_read(struct recovery *recovery, const char *dir);
/* The first of that incarnation, or where it would stand. */
size_t recover_kept_first(const struct recovery *recovery, uint64_t incarnation);

/* ---- recover_requests.c ---- */
/* Charges come between those that add money and the others: calls used credit that expires, and
 * only with the leases of before gone is all available that can be taken. */
MUST_CHECK bool recover_requests_put(struct recovery *recovery, const char *dir, bool is_giving);

#endif
