/* low_balance.c - notices when an account crosses its threshold, and brings thresholds into force.
 */
#include "store/low_balance.h"

#include "base/clock.h"
#include "store/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LOOK_MAX 200     /* accounts in one transaction */
#define DEFAULT_MAX 5000 /* accounts that get a new default in one transaction */

/* What is left to spend, as a column of book b; ?2 is now. Open calls: what live edges said they
 * used, less what was charged already. */
#define LEFT                                                                                       \
    "b.balance + b.leased + b.credit_limit - coalesce((SELECT CAST(sum(l.used_known - l.settled)"  \
    " AS BIGINT) FROM incarnation i JOIN lease l ON l.id = (i.number << 40) + b.id"                \
    " WHERE i.is_dead = 0), 0) - CASE WHEN b.wall_locked_until_us = 0"                             \
    " OR b.wall_locked_until_us > ?2 THEN b.locked ELSE 0 END - b.expired"

struct looked { /* an account whose money moved */
    uint64_t id;
    char account[ACCOUNT_NAME_SIZE];
    char currency[4];
    int64_t left_micro, below_micro;
    bool was_low;
};

static bool is_any_due(struct store *store, bool *out)
{
    static const char sql[] = "SELECT 1 FROM book WHERE low_due <> 0 LIMIT 1";
    enum row_step step = store_step(store, store_query(store, sql, ""));
    *out = step == ROW_FOUND;
    return step != ROW_FAILED;
}

/* -1: failed. */
static int read_due(struct store *store, int64_t wall_us, struct looked *out, int max)
{
    static const char sql[] = "SELECT b.id, b.currency, " LEFT ", b.low_below, b.is_low,"
                              " a.name FROM book b JOIN account a ON a.id = b.id"
                              " WHERE b.low_due <> 0 LIMIT ?1";
    struct statement *statement = store_query(store, sql, "ii", (int64_t)max, wall_us);
    int count = 0;
    enum row_step step;
    while (count < max && (step = store_step(store, statement)) != ROW_NONE) {
        if (step == ROW_FAILED) {
            return -1;
        }
        struct looked *row = &out[count++];
        row->id = column_u64(statement, 0);
        column_text(statement, 1, row->currency, sizeof(row->currency));
        row->left_micro = column_i64(statement, 2);
        row->below_micro = column_i64(statement, 3);
        row->was_low = column_bool(statement, 4);
        column_text(statement, 5, row->account, sizeof(row->account));
    }
    statement_reset(statement);
    return count;
}

static bool note_event(struct store *store, const struct crossing *crossing)
{
    char left[MONEY_TEXT_SIZE], below[MONEY_TEXT_SIZE];
    struct event_row row = {
        .wall_us = crossing->wall_us, .account_id = crossing->account_id, .kind = "balance.low"};
    snprintf(row.text, sizeof(row.text),
             "{\"left\":\"%s\",\"below\":\"%s\",\"currency\":\"%s\",\"key\":\"%s\"}",
             money_text(left, crossing->left_micro), money_text(below, crossing->below_micro),
             crossing->currency, crossing->key);
    return event_add(store, &row);
}

/* The key is never used again, not even after the database was put back to yesterday. */
static bool keep_crossing(struct store *store, const struct looked *row, int64_t wall_us,
                          enum crossing_state state, struct crossing *out)
{
    static const char sql[] =
        "INSERT INTO crossing (account, key, wall_us, left_micro, below_micro, state, attempts,"
        " wall_next_us, topup_micro, transfer, note)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?3, 0, 0, '') RETURNING id";
    *out = (struct crossing){.account_id = row->id,
                             .wall_us = wall_us,
                             .left_micro = row->left_micro,
                             .below_micro = row->below_micro,
                             .state = state,
                             .wall_next_us = wall_us};
    memcpy(out->currency, row->currency, sizeof(out->currency));
    memcpy(out->account, row->account, sizeof(out->account));
    snprintf(out->key, sizeof(out->key), "low-%" PRIu64 "-%" PRId64, row->id, wall_us);
    struct statement *statement = store_query(store, sql, "utiiii", row->id, out->key, wall_us,
                                              row->left_micro, row->below_micro, (int64_t)state);
    if (store_step(store, statement) != ROW_FOUND) {
        return false;
    }
    out->id = column_u64(statement, 0);
    statement_reset(statement);
    return note_event(store, out);
}

static enum store_result look(struct store *store, enum crossing_state state, struct crossing *out,
                              int max, int *count, bool *more)
{
    static const char done[] = "UPDATE book SET low_due = 0, is_low = ?2 WHERE id = ?1";
    struct looked rows[LOOK_MAX];
    int64_t wall_us = clock_wall_us();
    int wanted = max < LOOK_MAX ? max : LOOK_MAX;
    int found = read_due(store, wall_us, rows, wanted);
    if (found < 0) {
        return store->failed;
    }
    for (int i = 0; i < found; i++) {
        bool is_low = rows[i].below_micro > 0 && rows[i].left_micro < rows[i].below_micro;
        if (is_low && !rows[i].was_low) {
            if (!keep_crossing(store, &rows[i], wall_us, state, &out[*count])) {
                return store->failed;
            }
            ++*count;
        }
        if (!store_run_many(store, done, "ui", rows[i].id, (int64_t)is_low)) {
            return store->failed;
        }
    }
    *more = found == wanted;
    return STORE_OK;
}

enum store_result low_balance_look(struct store *store, bool is_told, struct crossing *out, int max,
                                   int *count, bool *more)
{
    bool is_due = false, has_more = false;
    int found = 0;
    if (!store_begin(store, STORE_READ)) { /* mostly there is none: nobody is kept from writing */
        return store_end(store, store->failed);
    }
    enum store_result result =
        store_end(store, is_any_due(store, &is_due) ? STORE_OK : store->failed);
    if (result == STORE_OK && is_due) {
        if (!store_begin(store, STORE_WRITE)) {
            return store_end(store, store->failed);
        }
        result = store_end(store, look(store, is_told ? CROSSING_OPEN : CROSSING_KEPT, out, max,
                                       &found, &has_more));
    }
    if (result == STORE_OK) {
        *count = found;
        *more = has_more;
    }
    return result;
}

enum store_result low_balance_read(struct store *store, uint64_t account_id, int64_t *below_micro,
                                   bool *is_low)
{
    static const char sql[] = "SELECT low_below, is_low FROM book WHERE id = ?1";
    if (!store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    struct statement *statement = store_query(store, sql, "u", account_id);
    enum row_step step = store_step(store, statement);
    int64_t below = step == ROW_FOUND ? column_i64(statement, 0) : 0;
    bool is_below = step == ROW_FOUND && column_bool(statement, 1);
    enum store_result result =
        store_end(store, step == ROW_FAILED  ? store->failed
                         : step == ROW_FOUND ? STORE_OK
                                             : store_fail(store, STORE_ABSENT, "no such account"));
    if (result == STORE_OK) {
        *below_micro = below;
        *is_low = is_below;
    }
    return result;
}

/* ---- thresholds ---- */

/* 0: the currency has none. */
static bool read_default(struct store *store, const char *currency, int64_t *below_micro)
{
    static const char sql[] = "SELECT below FROM low_default WHERE currency = ?1";
    struct statement *statement = store_query(store, sql, "t", currency);
    enum row_step step = store_step(store, statement);
    *below_micro = step == ROW_FOUND ? column_i64(statement, 0) : 0;
    return step != ROW_FAILED;
}

bool low_balance_follow(struct store *store, const struct account *row, bool is_new)
{
    static const char new_sql[] = "UPDATE book SET low_below = ?2, is_low ="
                                  " CASE WHEN credit_limit < ?2 THEN 1 ELSE 0 END WHERE id = ?1";
    static const char sql[] =
        "UPDATE book SET low_below = ?2, low_due = ?2, is_low ="
        " CASE WHEN low_below = 0 OR ?2 = 0 THEN 0 ELSE is_low END WHERE id = ?1";
    int64_t below_micro = row->low_balance_micro;
    if (below_micro < 0 && !read_default(store, row->currency, &below_micro)) {
        return false;
    }
    return store_run(store, is_new ? new_sql : sql, "ui", row->id, below_micro);
}

/* The first that is not in force for all; currency empty: there is none. after: where to go on. */
static bool find_behind(struct store *store, const struct low_default *defaults, int count,
                        struct low_default *out, int64_t *after)
{
    static const char sql[] = "SELECT currency, below, after FROM low_default";
    struct low_default stored[LOW_DEFAULTS_MAX * 4];
    int64_t reached[LOW_DEFAULTS_MAX * 4];
    size_t stored_count = 0;
    struct statement *statement = store_query(store, sql, "");
    enum row_step step = ROW_NONE;
    while (stored_count < ARRAY_COUNT(stored) &&
           (step = store_step(store, statement)) == ROW_FOUND) {
        column_text(statement, 0, stored[stored_count].currency, sizeof(stored[0].currency));
        stored[stored_count].below_micro = column_i64(statement, 1);
        reached[stored_count++] = column_i64(statement, 2);
    }
    *out = (struct low_default){0};
    *after = 0;
    for (int i = 0; i < count; i++) {
        size_t at = 0;
        while (at < stored_count && strcmp(stored[at].currency, defaults[i].currency) != 0) {
            at++;
        }
        bool is_same = at < stored_count && stored[at].below_micro == defaults[i].below_micro;
        if (!is_same || reached[at] >= 0) {
            *out = defaults[i];
            *after = is_same ? reached[at] : 0;
            return step != ROW_FAILED;
        }
    }
    for (size_t at = 0; at < stored_count; at++) {
        bool is_wanted = false;
        for (int i = 0; i < count; i++) {
            is_wanted |= strcmp(stored[at].currency, defaults[i].currency) == 0;
        }
        if (!is_wanted && (stored[at].below_micro != 0 || reached[at] >= 0)) {
            *out = stored[at];
            *after = stored[at].below_micro == 0 ? reached[at] : 0;
            out->below_micro = 0;
            return step != ROW_FAILED;
        }
    }
    return step != ROW_FAILED;
}

static bool apply_some(struct store *store, const struct low_default *next, int64_t after)
{
    static const char last_sql[] =
        "SELECT max(id) FROM (SELECT id FROM account WHERE id > ?2 AND currency = ?1"
        " AND low_balance_micro = -1 ORDER BY id LIMIT ?3) AS page";
    static const char apply_sql[] =
        "UPDATE book SET low_below = ?4, low_due = 0, is_low ="
        " CASE WHEN ?4 > 0 AND balance + leased + credit_limit < ?4 THEN 1 ELSE 0 END WHERE id IN"
        " (SELECT id FROM account WHERE id > ?2 AND id <= ?3 AND currency = ?1"
        " AND low_balance_micro = -1)";
    static const char note_sql[] =
        "INSERT INTO low_default (currency, below, after) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (currency) DO UPDATE SET below = ?2, after = ?3";
    struct statement *statement =
        store_query(store, last_sql, "tii", next->currency, after, (int64_t)DEFAULT_MAX);
    if (store_step(store, statement) != ROW_FOUND) {
        return false;
    }
    int64_t last = column_is_null(statement, 0) ? -1 : column_i64(statement, 0);
    statement_reset(statement);
    return (last < 0 ||
            store_run(store, apply_sql, "tiii", next->currency, after, last, next->below_micro)) &&
           store_run(store, note_sql, "tii", next->currency, next->below_micro, last);
}

enum store_result low_balance_defaults(struct store *store, const struct low_default *defaults,
                                       int count, bool *more)
{
    struct low_default next;
    int64_t after = 0;
    if (!store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    bool is_read = find_behind(store, defaults, count, &next, &after);
    enum store_result result = store_end(store, is_read ? STORE_OK : store->failed);
    if (result == STORE_OK && next.currency[0] != '\0') {
        if (!store_begin(store, STORE_WRITE)) {
            return store_end(store, store->failed);
        }
        result = store_end(store, apply_some(store, &next, after) ? STORE_OK : store->failed);
    }
    if (result == STORE_OK) {
        *more = next.currency[0] != '\0';
    }
    return result;
}
