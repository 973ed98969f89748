/* lock.c - a part of an account's balance that may not be spent: set and ended by a named person,
 * for a reason. */
#include "api/balances.h"
#include "api/handlers.h"

#include <stdlib.h>

#define LOCK_FOR_MAX_S INT64_C(315360000) /* ten years */

/* False: the problem is answered. */
static bool read_lock(struct api_call *call, const json_t *body, struct balance_lock *lock)
{
    static const char *const known[] = {"amount", "why", "for_s", NULL};
    if (!field_only(call, body, known) || !field_money(call, body, "amount", &lock->amount_micro)) {
        return false;
    }
    if (lock->amount_micro < 0) {
        api_problem_field(call, "amount", "\"amount\" is 0, which ends the lock, or more.");
        return false;
    }
    const char *why = field_text(call, body, "why", sizeof(lock->why) - 1);
    if (why == NULL) {
        return false;
    }
    text_copy(lock->why, sizeof(lock->why), why);
    const json_t *for_s = json_object_get(body, "for_s");
    json_int_t lasts_s = json_integer_value(for_s);
    bool is_time = json_is_integer(for_s) && lasts_s >= 1 && lasts_s <= LOCK_FOR_MAX_S &&
                   lock->amount_micro > 0;
    if (for_s != NULL && !is_time) {
        api_problem_field(call, "for_s", "A lock lasts 1 to %lld seconds, or until it is ended.",
                          (long long)LOCK_FOR_MAX_S);
        return false;
    }
    lock->wall_until_us = for_s == NULL ? 0 : call->wall_us + lasts_s * 1000000;
    return true;
}

static void put_lock(struct api_call *call, const struct account *account,
                     const struct balance_lock *lock)
{
    struct store *store = stores_store(call->slot);
    json_t *balance = NULL;
    if (!api_store_ok(call, ledger_lock(store, account->id, lock), "account")) {
        return;
    }
    api_log(call->api, json_pack("{s:s,s:I,s:o,s:s,s:s}", "event", "balance.locked", "account_id",
                                 (json_int_t)account->id, "amount", api_money(lock->amount_micro),
                                 "actor", lock->actor, "why", lock->why));
    if (api_store_ok(call, balance_read(call->api, store, account, &balance), "account")) {
        json_object_set_new(balance, "as_of_wall_us", json_integer(call->wall_us));
        json_object_set_new(balance, "is_stale", json_false());
        api_json(call, 200, balance);
    }
}

void account_lock(struct api_call *call)
{
    struct balance_lock lock = {0};
    struct account *account = malloc(sizeof(*account));
    json_t *body = api_body(call);
    text_copy(lock.actor, sizeof(lock.actor), call->principal.name);
    if (account != NULL && body != NULL && read_lock(call, body, &lock) &&
        api_find_account(call, call->param, account)) {
        put_lock(call, account, &lock);
    }
    json_decref(body);
    free(account);
}
