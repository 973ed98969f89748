/* crossing.c - a low balance on its way to who is to be told: tried again until it was heard, and
 * the money that the answer names. */
#include "base/clock.h"
#include "store/internal.h"
#include "store/low_balance.h"

#include <stdio.h>
#include <string.h>

#define DAY_US INT64_C(86400000000)
#define EXPIRE_MAX 500

#define COLUMNS                                                                                    \
    "c.id, c.account, a.name, b.currency, c.key, c.wall_us, c.left_micro, c.below_micro, c.state," \
    " c.attempts, c.wall_next_us, c.topup_micro, c.transfer, c.note"
#define TABLES                                                                                     \
    " FROM crossing c LEFT JOIN account a ON a.id = c.account"                                     \
    " LEFT JOIN book b ON b.id = c.account"

const char *crossing_state_name(enum crossing_state state)
{
    switch (state) {
    case CROSSING_OPEN:
        return "open";
    case CROSSING_KEPT:
        return "kept";
    case CROSSING_TOLD:
        return "told";
    case CROSSING_TOPPED_UP:
        return "topped-up";
    case CROSSING_REFUSED:
        return "refused";
    case CROSSING_GIVEN_UP:
        return "given-up";
    }
    return "?";
}

static void read_row(struct statement *statement, void *row)
{
    struct crossing *out = row;
    *out = (struct crossing){
        .id = column_u64(statement, 0),
        .account_id = column_u64(statement, 1),
        .wall_us = column_i64(statement, 5),
        .left_micro = column_i64(statement, 6),
        .below_micro = column_i64(statement, 7),
        .state = (enum crossing_state)column_i64(statement, 8),
        .attempts = (int)column_i64(statement, 9),
        .wall_next_us = column_i64(statement, 10),
        .topup_micro = column_i64(statement, 11),
        .transfer = column_u64(statement, 12),
    };
    column_text(statement, 2, out->account, sizeof(out->account));
    column_text(statement, 3, out->currency, sizeof(out->currency));
    column_text(statement, 4, out->key, sizeof(out->key));
    column_text(statement, 13, out->note, sizeof(out->note));
}

/* ABSENT: there is none. */
static enum store_result read_one(struct store *store, struct statement *statement,
                                  struct crossing *out)
{
    switch (store_step(store, statement)) {
    case ROW_FOUND:
        read_row(statement, out);
        statement_reset(statement);
        return STORE_OK;
    case ROW_NONE:
        return store_fail(store, STORE_ABSENT, "there is no such crossing");
    case ROW_FAILED:
        break;
    }
    return store->failed;
}

/* A clock that was set back must not let one wait for ever: none is put off by more than a day. */
static enum store_result find_due(struct store *store, int64_t wall_us, struct crossing *out)
{
    static const char sql[] =
        "SELECT " COLUMNS TABLES " WHERE c.state = 0 AND (c.wall_next_us <= ?1"
        " OR c.wall_next_us > ?2) ORDER BY c.wall_next_us LIMIT 1";
    return read_one(store, store_query(store, sql, "ii", wall_us, wall_us + DAY_US), out);
}

static enum store_result claim(struct store *store, int64_t wall_us, int64_t until_us,
                               struct crossing *out)
{
    static const char sql[] =
        "UPDATE crossing SET attempts = attempts + 1, wall_next_us = ?2 WHERE id = ?1";
    enum store_result result = find_due(store, wall_us, out);
    if (result == STORE_OK && !store_run(store, sql, "ui", out->id, until_us)) {
        return store->failed;
    }
    out->attempts++;
    out->wall_next_us = until_us;
    return result;
}

enum store_result crossing_claim(struct store *store, int64_t wall_us, int64_t until_us,
                                 struct crossing *out)
{
    struct crossing found = {0};
    if (!store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    enum store_result result = store_end(store, find_due(store, wall_us, &found));
    if (result == STORE_OK) {
        if (!store_begin(store, STORE_WRITE)) {
            return store_end(store, store->failed);
        }
        result = store_end(store, claim(store, wall_us, until_us, &found));
    }
    if (result == STORE_ABSENT) {
        found = (struct crossing){0};
        result = STORE_OK;
    }
    if (result == STORE_OK) {
        *out = found;
    }
    return result;
}

enum store_result crossing_later(struct store *store, uint64_t id, int64_t wall_next_us)
{
    static const char sql[] = "UPDATE crossing SET wall_next_us = ?2 WHERE id = ?1 AND state = 0";
    if (!store_begin(store, STORE_WRITE)) {
        return store_end(store, store->failed);
    }
    return store_end(store,
                     store_run(store, sql, "ui", id, wall_next_us) ? STORE_OK : store->failed);
}

/* Who was slow, and another took its place: what that did stands. */
static enum store_result is_over(struct store *store)
{
    return store_fail(store, STORE_CONFLICT, "the crossing was ended or answered already");
}

static enum store_result answer(struct store *store, uint64_t id, int64_t topup_micro,
                                int64_t day_max_micro, const char *note)
{
    static const char day_sql[] =
        "SELECT CAST(coalesce(sum(d.topup_micro), 0) AS BIGINT) FROM crossing d WHERE d.account ="
        " (SELECT account FROM crossing WHERE id = ?1) AND d.id <> ?1 AND d.wall_us > ?2"
        " AND d.state <> ?3";
    static const char keep_sql[] =
        "UPDATE crossing SET topup_micro = ?2, note = ?3 WHERE id = ?1 AND state = 0"
        " AND (topup_micro = 0 OR topup_micro = ?2)";
    int64_t touched = 0;
    struct statement *statement =
        store_query(store, day_sql, "uii", id, clock_wall_us() - DAY_US, (int64_t)CROSSING_REFUSED);
    if (store_step(store, statement) != ROW_FOUND) {
        return store->failed;
    }
    int64_t day_micro = column_i64(statement, 0);
    statement_reset(statement);
    if (topup_micro > day_max_micro - day_micro) {
        return store_fail(store, STORE_REFUSED, "more would be added than may be within a day");
    }
    if (!store_run_now(store, &touched, keep_sql, "uit", id, topup_micro, note)) {
        return store->failed;
    }
    return touched != 0 ? STORE_OK : is_over(store);
}

enum store_result crossing_answer(struct store *store, uint64_t id, int64_t topup_micro,
                                  int64_t day_max_micro, const char *note)
{
    if (!store_begin(store, STORE_WRITE)) {
        return store_end(store, store->failed);
    }
    return store_end(store, answer(store, id, topup_micro, day_max_micro, note));
}

static bool note_alarm(struct store *store, const struct crossing *crossing, const char *what,
                       const char *note)
{
    struct event_row row = {
        .wall_us = clock_wall_us(), .account_id = crossing->account_id, .kind = "alarm"};
    struct buf text;
    buf_init(&text, row.text, sizeof(row.text) - 1);
    buf_printf(&text, "{\"alarm\":\"%s\",\"key\":\"%s\",\"why\":", what, crossing->key);
    buf_json_string(&text, slice_from_text(note));
    buf_char(&text, '}');
    return !text.is_full && event_add(store, &row);
}

static enum store_result end(struct store *store, uint64_t id, enum crossing_state state,
                             uint64_t transfer, const char *note)
{
    static const char find_sql[] = "SELECT " COLUMNS TABLES " WHERE c.id = ?1";
    static const char sql[] =
        "UPDATE crossing SET state = ?2, transfer = ?3, note = ?4 WHERE id = ?1";
    struct crossing crossing = {0};
    enum store_result result = read_one(store, store_query(store, find_sql, "u", id), &crossing);
    if (result != STORE_OK) {
        return result;
    }
    if (crossing.state != CROSSING_OPEN) {
        return is_over(store);
    }
    bool is_alarm = state == CROSSING_GIVEN_UP || state == CROSSING_REFUSED;
    if (is_alarm && !note_alarm(store, &crossing,
                                state == CROSSING_REFUSED ? "an automatic top-up was refused"
                                                          : "nobody heard of a low balance",
                                note)) {
        return store->failed;
    }
    return store_run(store, sql, "uiut", id, (int64_t)state, transfer, note) ? STORE_OK
                                                                             : store->failed;
}

enum store_result crossing_end(struct store *store, uint64_t id, enum crossing_state state,
                               uint64_t transfer, const char *note)
{
    if (!store_begin(store, STORE_WRITE)) {
        return store_end(store, store->failed);
    }
    return store_end(store, end(store, id, state, transfer, note));
}

enum store_result crossing_page(struct store *store, uint64_t account_id, uint64_t before,
                                struct crossing *out, int max, int *count)
{
    static const char of_all[] =
        "SELECT " COLUMNS TABLES " WHERE c.id < ?1 ORDER BY c.id DESC LIMIT ?2";
    static const char of_account[] = "SELECT " COLUMNS TABLES " WHERE c.account = ?3 AND c.id < ?1"
                                     " ORDER BY c.id DESC LIMIT ?2";
    struct store_page page = {out, sizeof(*out), max, read_row};
    uint64_t below = before == 0 ? INT64_MAX : before;
    if (!store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    struct statement *statement =
        account_id == 0 ? store_query(store, of_all, "ui", below, (int64_t)max)
                        : store_query(store, of_account, "uiu", below, (int64_t)max, account_id);
    return store_end_page(store, statement, &page, count);
}

bool crossing_expire(struct store *store, int64_t before_wall_us)
{
    static const char sql[] = "DELETE FROM crossing WHERE id IN (SELECT id FROM crossing"
                              " WHERE state <> 0 AND wall_us < ?1 ORDER BY id LIMIT ?2)";
    return store_run(store, sql, "ii", before_wall_us, (int64_t)EXPIRE_MAX);
}
