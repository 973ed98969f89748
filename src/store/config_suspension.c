/* config_suspension.c - suspensions by rules: with evidence, for a time, and few of them. */
#include "store/config_sql.h"

#include "account/suspension.h"
#include "base/clock.h"

#include <stdio.h>
#include <string.h>

static bool read_number(struct store *store, struct statement *statement, int64_t *out)
{
    if (store_step(store, statement) != ROW_FOUND) {
        return false;
    }
    *out = column_i64(statement, 0);
    return true;
}

/* Under the writers' lock, so two processes cannot both take the last place. Rows of the future, as
 * a clock that was set back leaves them, count: better to ask a human once too often. */
static bool may_add(struct store *store, int64_t wall_us, bool *out)
{
    static const char made_sql[] =
        "SELECT count(*) FROM event WHERE kind = 'suspension' AND wall_us > ?1";
    static const char accounts_sql[] = "SELECT count(*) FROM account";
    int64_t made = 0, accounts = 0;
    if (!read_number(store, store_query(store, made_sql, "i", wall_us - SUSPENSION_WINDOW_US),
                     &made)) {
        return false;
    }
    if (made >= SUSPENSION_FREE &&
        !read_number(store, store_query(store, accounts_sql, ""), &accounts)) {
        return false;
    }
    *out = suspension_may_add(made, accounts);
    return true;
}

static bool note(struct store *store, const char *kind, const struct rule_suspension *asked,
                 int64_t wall_us)
{
    struct event_row row = {.wall_us = wall_us, .account_id = asked->account_id};
    struct buf text;
    snprintf(row.kind, sizeof(row.kind), "%s", kind);
    buf_init(&text, row.text, sizeof(row.text) - 1);
    buf_char(&text, '{');
    if (strcmp(kind, "alarm") == 0) {
        buf_text(&text, "\"alarm\":\"a rule suspends too many accounts: it was held back\",");
    }
    buf_text(&text, "\"rule\":");
    buf_json_string(&text, slice_from_text(asked->rule));
    buf_text(&text, ",\"evidence\":");
    buf_json_string(&text, slice_from_text(asked->evidence));
    buf_char(&text, '}');
    return !text.is_full && event_add(store, &row);
}

static enum store_result put_account(struct store *store, struct account *account,
                                     const char *actor, const char *did)
{
    uint64_t number = 0;
    if (!change_number(store, &number)) {
        return store->failed;
    }
    enum store_result result = config_put_row(store, TABLE_ACCOUNT, account, number);
    if (result == STORE_OK && !change_note(store, actor, "account", did, account->id)) {
        return store->failed;
    }
    return result;
}

/* A person's suspension is left as it is; the rule's own is renewed; a new one must be allowed. */
static enum store_result suspend(struct store *store, const struct rule_suspension *asked,
                                 int64_t wall_us, struct account *account,
                                 enum suspension_made *made)
{
    char actor[ACCOUNT_NAME_SIZE];
    int size = snprintf(actor, sizeof(actor), "rule:%s", asked->rule);
    bool is_sound = asked->rule[0] != '\0' && asked->evidence[0] != '\0' && size > 0 &&
                    (size_t)size < sizeof(actor) && asked->lasts_us > 0 &&
                    asked->lasts_us <= SUSPENSION_LASTS_MAX_US;
    if (!is_sound) {
        return store_fail(store, STORE_REFUSED,
                          "a rule has a name, evidence, and suspends for a day at most");
    }
    enum store_result result = config_get_row(store, TABLE_ACCOUNT, asked->account_id, account);
    if (result != STORE_OK) {
        return result;
    }
    bool is_own = account->is_suspended && strcmp(account->suspended_by, actor) == 0;
    if (account->is_suspended && !is_own) {
        *made = SUSPENSION_LEFT;
        return STORE_OK;
    }
    bool is_allowed = true;
    if (!is_own && !may_add(store, wall_us, &is_allowed)) {
        return store->failed;
    }
    *made = is_own ? SUSPENSION_RENEWED : is_allowed ? SUSPENSION_MADE : SUSPENSION_HELD_BACK;
    if (!is_own && !note(store, is_allowed ? "suspension" : "alarm", asked, wall_us)) {
        return store->failed;
    }
    if (!is_allowed) {
        return STORE_OK;
    }
    account->is_suspended = true;
    account->wall_suspended_until_us = wall_us + asked->lasts_us;
    text_copy(account->suspended_by, sizeof(account->suspended_by), actor);
    text_copy(account->suspended_why, sizeof(account->suspended_why), asked->evidence);
    return put_account(store, account, actor, is_own ? "suspension renewed" : "suspended");
}

enum store_result config_suspend_by_rule(struct store *store, const struct rule_suspension *asked,
                                         struct account *account, enum suspension_made *made)
{
    struct account row = {0};
    enum suspension_made did = SUSPENSION_LEFT;
    if (!store_begin(store, STORE_WRITE)) {
        return store_end(store, store->failed);
    }
    enum store_result result = store_end(store, suspend(store, asked, clock_wall_us(), &row, &did));
    if (result == STORE_OK) {
        *account = row;
        *made = did;
    }
    return result;
}

/* The first whose time is over; 0: none. */
static bool find_over(struct store *store, int64_t wall_us, uint64_t *id)
{
    static const char sql[] = "SELECT id FROM account WHERE wall_suspended_until_us <> 0"
                              " AND wall_suspended_until_us <= ?1 ORDER BY id LIMIT 1";
    struct statement *statement = store_query(store, sql, "i", wall_us);
    enum row_step step = store_step(store, statement);
    *id = step == ROW_FOUND ? column_u64(statement, 0) : 0;
    return step != ROW_FAILED;
}

static enum store_result lift_next(struct store *store, uint64_t *id)
{
    struct account account = {0};
    char actor[ACCOUNT_NAME_SIZE];
    if (!find_over(store, clock_wall_us(), id)) {
        return store->failed;
    }
    if (*id == 0) {
        return STORE_OK;
    }
    enum store_result result = config_get_row(store, TABLE_ACCOUNT, *id, &account);
    if (result != STORE_OK) {
        return result;
    }
    text_copy(actor, sizeof(actor), account.suspended_by);
    account.is_suspended = false;
    account.suspended_by[0] = '\0';
    account.suspended_why[0] = '\0';
    account.wall_suspended_until_us = 0;
    return put_account(store, &account, actor, "suspension lifted");
}

enum store_result config_lift_suspension(struct store *store, uint64_t *account_id)
{
    uint64_t id = 0;
    if (!store_begin(store, STORE_READ)) { /* mostly there is none: nobody is kept from writing */
        return store_end(store, store->failed);
    }
    enum store_result result =
        store_end(store, find_over(store, clock_wall_us(), &id) ? STORE_OK : store->failed);
    if (result == STORE_OK && id != 0) {
        result = store_end(store,
                           store_begin(store, STORE_WRITE) ? lift_next(store, &id) : store->failed);
    }
    if (result == STORE_OK) {
        *account_id = id;
    }
    return result;
}
