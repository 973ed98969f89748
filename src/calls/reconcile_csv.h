/* reconcile_csv.h - a carrier's file of call records: CSV (RFC 4180) whose first line names the
 * columns. Names that carriers use are known; others are given.
 */
#ifndef DT_CALLS_RECONCILE_CSV_H
#define DT_CALLS_RECONCILE_CSV_H

#include "calls/reconcile.h"

enum reconcile_column {
    RECONCILE_TIME = 0, /* when it was answered */
    RECONCILE_NUMBER,   /* called */
    RECONCILE_DURATION, /* talk */
    RECONCILE_COST,     /* may be missing */
    RECONCILE_CALL_ID,  /* may be missing */
    RECONCILE_COLUMN_COUNT
};
const char *reconcile_column_name(enum reconcile_column column); /* "time" */

struct reconcile_form {
    struct slice names[RECONCILE_COLUMN_COUNT]; /* empty: the known ones are looked for */
    int32_t offset_s; /* local time less UTC, of times that do not say it themselves */
};

#define RECONCILE_FAULTS_MAX 20
struct reconcile_fault {
    uint32_t line;
    char why[160];
};
struct reconcile_faults { /* rows that could not be read; they are left out */
    struct reconcile_fault rows[RECONCILE_FAULTS_MAX];
    uint32_t count; /* of all; the first are kept */
};

/* Adds the rows of `csv` to `out` (ref: the line), except those without talk, which nobody charges:
 * they are counted. False: the file as a whole cannot be read, and error says why. */
MUST_CHECK bool reconcile_csv_read(struct slice csv, const struct reconcile_form *form,
                                   struct reconcile_calls *out, uint32_t *silent_count,
                                   struct reconcile_faults *faults, char error[200]);

/* "2026-11-21 10:00:00", the same with T, a fraction, Z or an offset; or seconds, milliseconds or
 * microseconds since 1970. False: none of them. */
MUST_CHECK bool reconcile_time(struct slice text, int32_t offset_s, int64_t *wall_us);
/* "75", "75.4" (seconds), "1:15", "0:01:15". */
MUST_CHECK bool reconcile_duration(struct slice text, int64_t *us);

#endif
