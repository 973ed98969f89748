#include "api/balances.h"

#include "base/clock.h"
#include "store/low_balance.h"

static json_t *write_lock(const struct balance *balance)
{
    if (balance->locked_micro == 0) {
        return json_null();
    }
    int64_t until_us = balance->wall_locked_until_us;
    return json_pack("{s:s,s:s,s:o}", "by", balance->locked_by, "why", balance->locked_why,
                     "wall_until_us", until_us == 0 ? json_null() : json_integer(until_us));
}

static json_t *balance_write(const struct account *account, const struct balance *balance,
                             int64_t below_micro, bool is_low)
{
    return json_pack(
        "{s:I,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:I,s:o,s:b}", "account_id", (json_int_t)account->id,
        "name", account->name, "currency", account->currency, "balance",
        api_money(balance->balance_micro), "leased", api_money(balance->leased_micro), "available",
        api_money(balance->available_micro), "locked", api_money(balance->locked_micro), "lock",
        write_lock(balance), "version", (json_int_t)balance->version, "low_below",
        below_micro == 0 ? json_null() : api_money(below_micro), "is_low", is_low);
}

enum store_result balance_read(struct api *api, struct store *store, const struct account *account,
                               json_t **out)
{
    struct balance balance;
    int64_t below_micro = 0;
    bool is_low = false;
    enum store_result result = ledger_balance(store, account->id, &balance);
    if (result == STORE_OK) {
        result = low_balance_read(store, account->id, &below_micro, &is_low);
    }
    if (result != STORE_OK) {
        return result;
    }
    json_t *object = balance_write(account, &balance, below_micro, is_low);
    if (last_good_put(api->last_good, account->id, account->name, NULL, object, clock_wall_us())) {
        api_publish(api, "balance", object);
    }
    *out = object;
    return STORE_OK;
}
