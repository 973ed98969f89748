/* cdr_export.c - call records in the order in which their edges numbered them. */
#include "store/internal.h"

#define EXPORT_SCAN_MAX 20000 /* records looked at in one call, of other accounts too */

/* The least incarnation above `after` that has records; 0: none is left. */
static bool next_incarnation(struct store *store, uint64_t after, uint64_t *out)
{
    static const char sql[] = "SELECT min(incarnation) FROM cdr WHERE incarnation > ?1";
    struct statement *statement = store_query(store, sql, "u", after);
    switch (store_step(store, statement)) {
    case ROW_FOUND:
        *out = column_is_null(statement, 0) ? 0 : column_u64(statement, 0);
        return true;
    case ROW_NONE:
        *out = 0;
        return true;
    case ROW_FAILED:
        break;
    }
    return false;
}

static uint64_t mark_of(const struct usage_marks *marks, uint64_t incarnation)
{
    for (int i = 0; i < marks->count; i++) {
        if (marks->marks[i].incarnation == incarnation) {
            return marks->marks[i].sequence;
        }
    }
    return 0;
}

struct export_run {
    uint64_t account_id; /* 0: all */
    struct cdr_row *out;
    int max;
    int found;
    int scanned;
};

static bool is_over(const struct export_run *run)
{
    return run->found == run->max || run->scanned == EXPORT_SCAN_MAX;
}

/* One incarnation's records above the mark, as many as fit; the mark goes along. */
static enum store_result read_incarnation(struct store *store, struct export_run *run,
                                          struct usage_mark *mark)
{
    static const char sql[] = "SELECT row, account, sequence, usage FROM cdr"
                              " WHERE incarnation = ?1 AND sequence > ?2 ORDER BY sequence"
                              " LIMIT ?3";
    int64_t limit = EXPORT_SCAN_MAX - run->scanned;
    struct statement *statement =
        store_query(store, sql, "uui", mark->incarnation, mark->sequence, limit);
    enum row_step step = ROW_NONE;
    while (!is_over(run) && (step = store_step(store, statement)) == ROW_FOUND) {
        struct cdr_row *row = &run->out[run->found];
        run->scanned++;
        mark->sequence = column_u64(statement, 2);
        if (run->account_id != 0 && column_u64(statement, 1) != run->account_id) {
            continue;
        }
        row->row = column_u64(statement, 0);
        row->incarnation = mark->incarnation;
        if (!usage_decode(column_slice(statement, 3), &row->usage)) {
            return store_fail(store, STORE_UNKNOWN, "CDR %llu is damaged",
                              (unsigned long long)row->row);
        }
        run->found++;
    }
    return step == ROW_FAILED ? store->failed : STORE_OK;
}

/* Marks are made for the incarnations that have records: one whose records are all expired needs
 * none, as what may come late for it is above every mark that it could have had. */
static enum store_result read_all(struct store *store, struct export_run *run,
                                  const struct usage_marks *after, struct usage_marks *reached)
{
    uint64_t incarnation = 0;
    for (;;) {
        if (!next_incarnation(store, incarnation, &incarnation)) {
            return store->failed;
        }
        if (incarnation == 0) {
            return STORE_OK;
        }
        if (reached->count == USAGE_MARKS_MAX) {
            return store_fail(store, STORE_REFUSED,
                              "records of more than %d incarnations are kept: shorten the time "
                              "for which they are",
                              USAGE_MARKS_MAX);
        }
        struct usage_mark *mark = &reached->marks[reached->count++];
        *mark = (struct usage_mark){incarnation, mark_of(after, incarnation)};
        enum store_result result = is_over(run) ? STORE_OK : read_incarnation(store, run, mark);
        if (result != STORE_OK) {
            return result;
        }
    }
}

enum store_result cdr_export(struct store *store, uint64_t account_id, struct usage_marks *marks,
                             struct cdr_row *out, int max, int *count, bool *has_more)
{
    struct export_run run = {.account_id = account_id, .out = out, .max = max};
    struct usage_marks reached = {0};
    if (!store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    enum store_result result = store_end(store, read_all(store, &run, marks, &reached));
    if (result == STORE_OK) {
        *marks = reached;
        *count = run.found;
        *has_more = is_over(&run);
    }
    return result;
}
