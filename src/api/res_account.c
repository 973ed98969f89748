/* res_account.c - accounts, their balance in what is shown, and their suspension. */
#include "api/balances.h"
#include "api/handlers.h"
#include "api/resource.h"
#include "api/zone_file.h"

#include "account/suspension.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

RESOURCE_FUNCTIONS(account, account)

static const char *const kinds[] = {"prepaid", "postpaid", NULL};
static const char *const classes[] = {"new", "verified", "flagged", NULL};

static json_t *write_until(const void *row);

static const struct field fields[] = {
    {"id", FIELD_U64, FIELD_READ_ONLY, FIELD(account, id)},
    {"version", FIELD_U64, FIELD_READ_ONLY, FIELD(account, version)},
    {"name", FIELD_NAME, FIELD_NEEDED, FIELD(account, name)},
    {"parent", FIELD_ACCOUNT, 0, FIELD(account, parent_id)},
    {"currency", FIELD_CURRENCY, FIELD_NEEDED, FIELD(account, currency)},
    {"kind", FIELD_NAMED, 0, FIELD(account, kind), .names = kinds},
    {"class", FIELD_NAMED, 0, FIELD(account, class_), .names = classes},
    {"limit", FIELD_MONEY, 0, FIELD(account, limit_micro)},
    {"grace", FIELD_MONEY_OR_NULL, 0, FIELD(account, grace_micro)},
    {"channels_max", FIELD_LIMIT, 0, FIELD(account, channels_max), .max = 1000000},
    {"cps_max", FIELD_LIMIT, 0, FIELD(account, cps_max), .max = 1000000},
    {"spend_day_max", FIELD_MONEY_OR_NULL, 0, FIELD(account, spend_day_micro)},
    {"spend_minute_max", FIELD_MONEY, 0, FIELD(account, spend_minute_micro)},
    {"price_max", FIELD_MONEY, 0, FIELD(account, price_max_micro)},
    {"low_balance", FIELD_MONEY_OR_NULL, 0, FIELD(account, low_balance_micro)},
    {"hot_open", FIELD_PREFIXES, 0, FIELD(account, hot_open)},
    {"sell_deck", FIELD_DECK, 0, FIELD(account, sell_deck)},
    {"inbound_deck", FIELD_DECK, 0, FIELD(account, inbound_deck)},
    {"time_zone", FIELD_TEXT, 0, FIELD(account, time_zone)},
    {"country_code", FIELD_DIGITS, 0, FIELD(account, country_code)},
    {"national_prefix", FIELD_DIGITS, 0, FIELD(account, national_prefix)},
    {"international_prefix", FIELD_DIGITS, 0, FIELD(account, international_prefix)},
    {"is_suspended", FIELD_BOOL, FIELD_READ_ONLY, FIELD(account, is_suspended)},
    {"suspended_by", FIELD_TEXT, FIELD_READ_ONLY, FIELD(account, suspended_by)},
    {"suspended_why", FIELD_TEXT, FIELD_READ_ONLY, FIELD(account, suspended_why)},
    {"wall_suspended_until_us", FIELD_SPECIAL, FIELD_READ_ONLY, .write = write_until},
    {0},
};

static json_t *write_until(const void *row)
{
    int64_t until_us = ((const struct account *)row)->wall_suspended_until_us;
    return until_us == 0 ? json_null() : json_integer(until_us);
}

static void prepare(void *row)
{
    struct account *account = row;
    account->class_ = ACCOUNT_NEW;
    account->grace_micro = -1;
    account->channels_max = NO_LIMIT;
    account->cps_max = NO_LIMIT;
    account->spend_day_micro = NO_LIMIT;
    account->low_balance_micro = -1;
}

static uint64_t own_id(const void *row)
{
    return ((const struct account *)row)->id;
}

static uint64_t parent_of(const void *row)
{
    return ((const struct account *)row)->parent_id;
}

static const char *name_of(const void *row)
{
    return ((const struct account *)row)->name;
}

static enum store_result by_name(struct store *store, const char *name, void *row)
{
    return config_account_by_name(store, name, row);
}

/* A deck in another currency would refuse each call (no-rate): it is refused here, once. */
static bool is_in_currency(struct api_call *call, const struct account *account, const char *member,
                           uint32_t deck_id)
{
    struct deck_row deck;
    struct store *store = deck_id == 0 ? NULL : api_store(call);
    if (deck_id == 0) {
        return true;
    }
    if (store == NULL || !api_store_ok(call, config_get_deck(store, deck_id, &deck), member)) {
        return false;
    }
    if (strcmp(deck.currency, account->currency) != 0) {
        api_problem_field(call, member, "Deck %s is in %s, but account %s is in %s.", deck.name,
                          deck.currency, account->name, account->currency);
        return false;
    }
    return true;
}

static bool are_decks_in_currency(struct api_call *call, const json_t *body,
                                  const struct account *account)
{
    bool is_moved = json_object_get(body, "currency") != NULL;
    return (!(is_moved || json_object_get(body, "sell_deck") != NULL) ||
            is_in_currency(call, account, "sell_deck", account->sell_deck)) &&
           (!(is_moved || json_object_get(body, "inbound_deck") != NULL) ||
            is_in_currency(call, account, "inbound_deck", account->inbound_deck));
}

static bool finish(struct api_call *call, const json_t *body, bool is_new, void *row)
{
    (void)is_new;
    const struct account *account = row;
    if (account->kind == ACCOUNT_PREPAID && account->limit_micro != 0) {
        api_problem_field(call, "limit", "Only a postpaid account has a credit limit.");
        return false;
    }
    struct zone zone;
    if (account->time_zone[0] != '\0' && !zone_file_read(account->time_zone, &zone)) {
        api_problem_field(call, "time_zone",
                          "\"time_zone\" is a name such as Europe/Berlin, and this one is not "
                          "known here.");
        return false;
    }
    return are_decks_in_currency(call, body, account);
}

/* What is shown is kept as last good, for when the store does not answer. */
static void decorate(struct api_call *call, const void *row, json_t *object)
{
    const struct account *account = row;
    (void)last_good_put(call->api->last_good, account->id, account->name, object, NULL,
                        call->wall_us);
    json_t *balance = NULL;
    if (call->slot != NULL &&
        balance_read(call->api, stores_store(call->slot), account, &balance) != STORE_OK) {
        balance = NULL;
    }
    json_object_set_new(object, "balance", balance == NULL ? json_null() : balance);
}

static void removed(struct api_call *call, uint64_t id)
{
    last_good_forget(call->api->last_good, id);
}

const struct resource resource_account = {
    .noun = "account",
    RESOURCE_CALLS(account, account),
    .fields = fields,
    .is_seen_by_customers = true,
    .is_found_by_id = true,
    .prepare = prepare,
    .account_id = own_id,
    .parent_id = parent_of,
    .name = name_of,
    .by_name = by_name,
    .finish = finish,
    .decorate = decorate,
    .removed = removed,
};

/* ---- suspension: stored only by a named person, with the reason, or by a named rule, with its
 * evidence and an end ---- */

static void put_suspension(struct api_call *call, struct account *account, bool is_suspended,
                           const char *why)
{
    account->is_suspended = is_suspended;
    account->wall_suspended_until_us = 0;
    snprintf(account->suspended_by, sizeof(account->suspended_by), "%s",
             is_suspended ? call->principal.name : "");
    snprintf(account->suspended_why, sizeof(account->suspended_why), "%s", why);
    struct store *store = api_store(call);
    if (store != NULL &&
        api_store_ok(call, config_put_account(store, account, call->principal.name), "account")) {
        api_log(call->api,
                json_pack("{s:s,s:I,s:s,s:s}", "event",
                          is_suspended ? "account.suspended" : "account.resumed", "account_id",
                          (json_int_t)account->id, "actor", call->principal.name, "why", why));
        api_json(call, 200, rows_write(call, &resource_account, account));
    }
}

static void change_suspension(struct api_call *call, bool is_suspended, const char *why)
{
    struct account *account = malloc(sizeof(*account));
    pthread_mutex_lock(&call->api->change_lock);
    if (account != NULL && rows_find(call, &resource_account, account)) {
        put_suspension(call, account, is_suspended, why);
    }
    pthread_mutex_unlock(&call->api->change_lock);
    free(account);
}

static void answer_rule(struct api_call *call, const struct rule_suspension *asked,
                        const struct account *account, enum suspension_made made)
{
    static const char *const did[] = {
        [SUSPENSION_LEFT] = "account.suspension_left",
        [SUSPENSION_MADE] = "account.suspended",
        [SUSPENSION_RENEWED] = "account.suspension_renewed",
        [SUSPENSION_HELD_BACK] = "account.suspension_held_back",
    };
    api_log(call->api, json_pack("{s:s,s:I,s:s,s:s,s:s}", "event", did[made], "account_id",
                                 (json_int_t)asked->account_id, "actor", call->principal.name,
                                 "rule", asked->rule, "why", asked->evidence));
    if (made == SUSPENSION_HELD_BACK) {
        json_t *alarm = json_pack("{s:s,s:s}", "alarm", "a rule suspends too many accounts", "rule",
                                  asked->rule);
        api_publish(call->api, "alarm", alarm);
        json_decref(alarm);
        api_problem(call, PROBLEM_REFUSED,
                    "Rules suspended as many accounts in ten minutes as they may. A person has to "
                    "look, and can suspend it.");
    } else {
        api_json(call, 200, rows_write(call, &resource_account, account));
    }
}

static void suspend_by_rule(struct api_call *call, struct rule_suspension *asked)
{
    struct account *account = malloc(sizeof(*account));
    enum suspension_made made = SUSPENSION_LEFT;
    pthread_mutex_lock(&call->api->change_lock);
    if (account != NULL && api_find_account_id(call, call->param, &asked->account_id) &&
        api_store_ok(call, config_suspend_by_rule(stores_store(call->slot), asked, account, &made),
                     "account")) {
        answer_rule(call, asked, account, made);
    }
    pthread_mutex_unlock(&call->api->change_lock);
    free(account);
}

/* False: the problem is answered. A rule says for how long its evidence is good. */
static bool read_rule(struct api_call *call, const json_t *body, const char *why,
                      struct rule_suspension *asked)
{
    const json_t *for_s = json_object_get(body, "for_s");
    json_int_t lasts_s = json_integer_value(for_s);
    if (!field_optional_text(call, body, "rule", asked->rule, sizeof(asked->rule))) {
        return false;
    }
    bool has_rule = asked->rule[0] != '\0';
    bool is_time =
        json_is_integer(for_s) && lasts_s >= 1 && lasts_s <= SUSPENSION_LASTS_MAX_US / 1000000;
    if (has_rule ? !is_time : for_s != NULL) {
        api_problem_field(call, "for_s",
                          "A rule, and only a rule, says \"for_s\": 1 to %lld seconds. It renews "
                          "the suspension while its evidence stands.",
                          (long long)(SUSPENSION_LASTS_MAX_US / 1000000));
        return false;
    }
    asked->lasts_us = has_rule ? lasts_s * 1000000 : 0;
    text_copy(asked->evidence, sizeof(asked->evidence), why);
    return true;
}

void account_suspend(struct api_call *call)
{
    static const char *const known[] = {"why", "rule", "for_s", NULL};
    struct rule_suspension asked = {0};
    json_t *body = api_body(call);
    if (body != NULL && field_only(call, body, known)) {
        const char *why = field_text(call, body, "why", SUSPENSION_TEXT_SIZE - 1);
        if (why == NULL || !read_rule(call, body, why, &asked)) {
            json_decref(body);
            return;
        }
        if (asked.rule[0] != '\0') {
            suspend_by_rule(call, &asked);
        } else {
            change_suspension(call, true, why);
        }
    }
    json_decref(body);
}

void account_resume(struct api_call *call)
{
    change_suspension(call, false, "");
}
