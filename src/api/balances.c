#include "api/balances.h"

#include "base/clock.h"
#include "store/low_balance.h"
#include "store/promotions.h"

static json_t *write_lock(const struct balance *balance)
{
    if (balance->locked_micro == 0) {
        return json_null();
    }
    int64_t until_us = balance->wall_locked_until_us;
    return json_pack("{s:s,s:s,s:o}", "by", balance->locked_by, "why", balance->locked_why,
                     "wall_until_us", until_us == 0 ? json_null() : json_integer(until_us));
}

json_t *balance_write_promotions(const struct promotions *all)
{
    json_t *list = json_array();
    for (int i = 0; i < all->count; i++) {
        const struct promotion *row = &all->rows[i];
        if (row->left_micro > 0) {
            json_array_append_new(
                list, json_pack("{s:I,s:o,s:o,s:I}", "transfer", (json_int_t)row->number, "amount",
                                api_money(row->amount_micro), "left", api_money(row->left_micro),
                                "wall_expires_us", (json_int_t)row->wall_ends_us));
        }
    }
    return list;
}

static json_t *balance_write(const struct account *account, const struct balance *balance,
                             const struct promotions *promotions, int64_t below_micro, bool is_low)
{
    return json_pack(
        "{s:I,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:I,s:o,s:b}", "account_id",
        (json_int_t)account->id, "name", account->name, "currency", account->currency, "balance",
        api_money(balance->balance_micro), "leased", api_money(balance->leased_micro), "available",
        api_money(balance->available_micro), "locked", api_money(balance->locked_micro), "lock",
        write_lock(balance), "promotional", api_money(promotions_left(promotions)), "promotions",
        balance_write_promotions(promotions), "version", (json_int_t)balance->version, "low_below",
        below_micro == 0 ? json_null() : api_money(below_micro), "is_low", is_low);
}

enum store_result balance_read(struct api *api, struct store *store, const struct account *account,
                               json_t **out)
{
    struct balance balance;
    struct promotions promotions;
    int64_t below_micro = 0;
    bool is_low = false;
    enum store_result result = ledger_balance(store, account->id, &balance);
    if (result == STORE_OK) {
        result = low_balance_read(store, account->id, &below_micro, &is_low);
    }
    if (result == STORE_OK) {
        result = promotions_read(store, account->id, &promotions);
    }
    if (result != STORE_OK) {
        return result;
    }
    json_t *object = balance_write(account, &balance, &promotions, below_micro, is_low);
    if (last_good_put(api->last_good, account->id, account->name, NULL, object, clock_wall_us())) {
        api_publish(api, "balance", object);
    }
    *out = object;
    return STORE_OK;
}
