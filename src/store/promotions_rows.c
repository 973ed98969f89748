/* promotions_rows.c - promotional credit that ends, as it is stored. */
#include "base/clock.h"
#include "store/promotions_inside.h"

#include <stdio.h>

bool promotions_money(struct store *store, const struct ledger_account *account,
                      struct promotion_money *out)
{
    static const char sql[] =
        "SELECT CAST(coalesce(sum(l.used_known), 0) AS BIGINT),"
        " CAST(coalesce(sum(l.returned), 0) AS BIGINT),"
        " CAST(coalesce(sum(CASE WHEN l.granted - l.returned > l.used_known"
        " THEN l.granted - l.returned - l.used_known ELSE 0 END), 0) AS BIGINT),"
        " CAST(coalesce(sum(l.used_known - l.settled), 0) AS BIGINT)"
        " FROM incarnation i JOIN lease l ON l.id = (i.number << 40) + ?1";
    struct statement *statement = store_query(store, sql, "u", account->id);
    if (store_step(store, statement) != ROW_FOUND) {
        return false;
    }
    int64_t balance_micro = money_add_clamped(account->book_micro, account->leased_micro);
    *out = (struct promotion_money){
        .used_micro = column_i64(statement, 0),
        .returned_micro = column_i64(statement, 1),
        .held_micro = column_i64(statement, 2),
        .spendable_micro = money_add_clamped(money_add_clamped(balance_micro, account->limit_micro),
                                             -column_i64(statement, 3)),
    };
    statement_reset(statement);
    return true;
}

static bool read_rows(struct store *store, uint64_t account_id, struct promotions *out)
{
    static const char sql[] =
        "SELECT number, amount, left_micro, taken_micro, held_micro, wall_ends_us, has_ended,"
        " used_mark, returned_mark FROM promotion WHERE account = ?1 AND is_open = 1"
        " ORDER BY wall_ends_us, number LIMIT ?2";
    struct statement *statement = store_query(store, sql, "ui", account_id, PROMOTIONS_MAX);
    enum row_step step = ROW_NONE;
    *out = (struct promotions){0};
    while (out->count < PROMOTIONS_MAX && (step = store_step(store, statement)) == ROW_FOUND) {
        out->rows[out->count++] = (struct promotion){
            .number = column_u64(statement, 0),
            .amount_micro = column_i64(statement, 1),
            .left_micro = column_i64(statement, 2),
            .taken_micro = column_i64(statement, 3),
            .held_micro = column_i64(statement, 4),
            .wall_ends_us = column_i64(statement, 5),
            .has_ended = column_bool(statement, 6),
        };
        out->used_micro = column_i64(statement, 7); /* all of an account have the same */
        out->returned_micro = column_i64(statement, 8);
    }
    if (statement != NULL) {
        statement_reset(statement);
    }
    return step != ROW_FAILED;
}

bool promotions_load(struct store *store, const struct ledger_account *account,
                     struct promotions *out, struct promotion_money *money)
{
    *money = (struct promotion_money){0};
    if (!read_rows(store, account->id, out)) {
        return false;
    }
    if (out->count == 0) {
        return true;
    }
    if (!promotions_money(store, account, money)) {
        return false;
    }
    promotions_follow(out, money);
    return true;
}

static bool keep_expired(struct store *store, struct ledger_account *account, int64_t expired_micro)
{
    static const char sql[] = "UPDATE book SET expired = ?2 WHERE id = ?1";
    if (account->expired_micro == expired_micro) {
        return true;
    }
    account->expired_micro = expired_micro;
    return store_run_many(store, sql, "ui", account->id, expired_micro);
}

bool promotions_save(struct store *store, struct ledger_account *account,
                     const struct promotions *all, int64_t wall_us)
{
    static const char sql[] =
        "UPDATE promotion SET left_micro = ?2, taken_micro = ?3, held_micro = ?4, has_ended = ?5,"
        " is_open = ?6, wall_look_us = ?7, used_mark = ?8, returned_mark = ?9 WHERE number = ?1";
    for (int i = 0; i < all->count; i++) {
        const struct promotion *row = &all->rows[i];
        if (!store_run_many(store, sql, "uiiiiiiii", row->number, row->left_micro, row->taken_micro,
                            row->held_micro, (int64_t)row->has_ended,
                            (int64_t)(row->left_micro > 0), promotion_next_look(row, wall_us),
                            all->used_micro, all->returned_micro)) {
            return false;
        }
    }
    return keep_expired(store, account, promotions_due(all));
}

enum store_result promotions_give(struct store *store, struct ledger_account *account,
                                  uint64_t number, int64_t amount_micro, int64_t wall_ends_us)
{
    static const char sql[] =
        "INSERT INTO promotion (number, account, amount, left_micro, taken_micro, held_micro,"
        " wall_ends_us, wall_look_us, has_ended, is_open, used_mark, returned_mark)"
        " VALUES (?1, ?2, ?3, ?3, 0, 0, ?4, ?4, 0, 1, ?5, ?6)";
    struct promotions all;
    struct promotion_money money;
    if (!promotions_load(store, account, &all, &money) ||
        (all.count == 0 && !promotions_money(store, account, &money))) {
        return store->failed;
    }
    if (all.count == PROMOTIONS_MAX) {
        return store_fail(store, STORE_REFUSED,
                          "an account has at most %d credits that end at a time", PROMOTIONS_MAX);
    }
    /* The marks of all are the same, and never go down: after a death verdict the sums do. */
    int64_t used_micro = all.count == 0 ? money.used_micro : all.used_micro;
    int64_t returned_micro = all.count == 0 ? money.returned_micro : all.returned_micro;
    return promotions_save(store, account, &all, clock_wall_us()) &&
                   store_run(store, sql, "uuiiii", number, account->id, amount_micro, wall_ends_us,
                             used_micro, returned_micro)
               ? STORE_OK
               : store->failed;
}

enum store_result promotions_check_move(struct store *store, const struct ledger_account *from,
                                        int64_t amount_micro)
{
    struct promotions all;
    struct promotion_money money;
    if (!promotions_load(store, from, &all, &money)) {
        return store->failed;
    }
    int64_t left_micro = promotions_left(&all);
    char text[MONEY_TEXT_SIZE];
    return all.count == 0 || amount_micro <= money_add_clamped(money.spendable_micro, -left_micro)
               ? STORE_OK
               : store_fail(store, STORE_REFUSED,
                            "%s of it is promotional credit, which stays where it was given",
                            money_text(text, left_micro));
}

bool promotions_after_taking(struct store *store, struct ledger_account *account)
{
    struct promotions all;
    struct promotion_money money;
    return promotions_load(store, account, &all, &money) &&
           promotions_save(store, account, &all, clock_wall_us());
}
