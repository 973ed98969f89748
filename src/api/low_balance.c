#include "api/low_balance.h"

#include "api/handlers.h"
#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOOK_EVERY_US 1000000
#define FOUND_MAX 200
#define ROUNDS_MAX 20 /* then others have the store for a while */
#define SENDERS 2
#define CLAIM_SLACK_US 5000000 /* beyond the patience for an answer */

struct low_balance {
    struct api *api;
    pthread_t looker;
    pthread_t senders[SENDERS];
    int sender_count;
    bool has_looker;
    bool are_defaults_set;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool is_stopping;
};

const struct api_low_terms *low_balance_terms(const struct api *api, const char *currency)
{
    for (int i = 0; i < api->options.low_count; i++) {
        if (strcmp(api->options.low[i].currency, currency) == 0) {
            return &api->options.low[i];
        }
    }
    return NULL;
}

static bool has_hook(const struct api *api)
{
    return api->options.hook.url != NULL && api->options.hook.url[0] != '\0';
}

json_t *low_balance_write(const struct crossing *crossing)
{
    return json_pack(
        "{s:I,s:I,s:s,s:s,s:I,s:o,s:o,s:s,s:i,s:o,s:s,s:o,s:o,s:s}", "id", (json_int_t)crossing->id,
        "account_id", (json_int_t)crossing->account_id, "account", crossing->account, "currency",
        crossing->currency, "wall_us", (json_int_t)crossing->wall_us, "left",
        api_money(crossing->left_micro), "below", api_money(crossing->below_micro), "state",
        crossing_state_name(crossing->state), "attempts", crossing->attempts, "wall_next_us",
        crossing->state == CROSSING_OPEN ? json_integer(crossing->wall_next_us) : json_null(),
        "key", crossing->key, "topup",
        crossing->topup_micro == 0 ? json_null() : api_money(crossing->topup_micro), "transfer",
        crossing->transfer == 0 ? json_null() : api_u64(crossing->transfer), "note",
        crossing->note);
}

void low_balances_list(struct api_call *call)
{
    uint64_t account_id = 0, before = 0;
    int max = 0, count = 0;
    if (!api_argument_max(call, &max) || !api_argument_u64(call, "cursor", INT64_MAX, &before) ||
        !api_filter_account(call, &account_id)) {
        return;
    }
    struct crossing *rows = calloc((size_t)max, sizeof(*rows));
    struct store *store = api_store(call);
    if (rows != NULL && store != NULL &&
        api_store_ok(call, crossing_page(store, account_id, before, rows, max, &count),
                     "low balance")) {
        json_t *items = json_array();
        for (int i = 0; i < count; i++) {
            json_array_append_new(items, low_balance_write(&rows[i]));
        }
        char next[24];
        snprintf(next, sizeof(next), "%" PRIu64, count == 0 ? 0 : rows[count - 1].id);
        api_json(call, 200,
                 json_pack("{s:o,s:o}", "items", items, "next",
                           count == max ? json_string(next) : json_null()));
    }
    free(rows);
}

/* ---- the thread that notices ---- */

static void wake_senders(struct low_balance *low)
{
    pthread_mutex_lock(&low->lock);
    pthread_cond_broadcast(&low->wake);
    pthread_mutex_unlock(&low->lock);
}

void low_balance_say(struct api *api, const struct crossing *crossing)
{
    json_t *object = low_balance_write(crossing);
    if (object != NULL) {
        api_publish(api, "balance.low", object);
    }
    json_decref(object);
    api_log(api, json_pack("{s:s,s:s,s:I,s:s,s:o,s:i,s:s}", "event", "balance.low", "state",
                           crossing_state_name(crossing->state), "account_id",
                           (json_int_t)crossing->account_id, "key", crossing->key, "left",
                           api_money(crossing->left_micro), "attempts", crossing->attempts, "note",
                           crossing->note));
}

/* False: the store gave no answer. */
static bool set_defaults(struct low_balance *low, struct store *store)
{
    struct low_default defaults[API_LOW_TERMS_MAX];
    int count = 0;
    bool more = true;
    for (int i = 0; i < low->api->options.low_count; i++) {
        const struct api_low_terms *terms = &low->api->options.low[i];
        if (terms->below_micro > 0) {
            memcpy(defaults[count].currency, terms->currency, sizeof(terms->currency));
            defaults[count++].below_micro = terms->below_micro;
        }
    }
    for (int round = 0; more && round < ROUNDS_MAX; round++) {
        if (low_balance_defaults(store, defaults, count, &more) != STORE_OK) {
            return false;
        }
    }
    low->are_defaults_set = !more;
    return true;
}

static bool look(struct low_balance *low, struct store *store, struct crossing *found)
{
    bool more = true;
    for (int round = 0; more && round < ROUNDS_MAX; round++) {
        int count = 0;
        if (low_balance_look(store, has_hook(low->api), found, FOUND_MAX, &count, &more) !=
            STORE_OK) {
            return false;
        }
        for (int i = 0; i < count; i++) {
            low_balance_say(low->api, &found[i]);
        }
        if (count > 0) {
            wake_senders(low);
        }
    }
    return true;
}

/* True: it is time to end. Both kinds of threads wait here; no longer than the first retry. */
static bool pause_until_next(struct low_balance *low)
{
    int64_t retry_us = low->api->options.hook.retry_us;
    int64_t pause_us = has_hook(low->api) && retry_us < LOOK_EVERY_US ? retry_us : LOOK_EVERY_US;
    struct timespec until = clock_mono_after(pause_us);
    pthread_mutex_lock(&low->lock);
    if (!low->is_stopping) {
        (void)pthread_cond_timedwait(&low->wake, &low->lock, &until);
    }
    bool is_stopping = low->is_stopping;
    pthread_mutex_unlock(&low->lock);
    return is_stopping;
}

static void *looker_main(void *ctx)
{
    struct low_balance *low = ctx;
    struct crossing *found = calloc(FOUND_MAX, sizeof(*found));
    while (found != NULL && !pause_until_next(low)) {
        const char *why = NULL;
        struct store_slot *slot = stores_take(low->api->stores, &why);
        if (slot == NULL) {
            continue;
        }
        struct store *store = stores_store(slot);
        if ((!low->are_defaults_set && !set_defaults(low, store)) || !look(low, store, found)) {
            stores_note_unknown(slot);
        }
        stores_give(low->api->stores, slot);
    }
    free(found);
    return NULL;
}

/* ---- the threads that tell ---- */

/* False: there is none now. */
static bool claim(struct low_balance *low, struct crossing *out)
{
    const char *why = NULL;
    struct store_slot *slot = stores_take(low->api->stores, &why);
    if (slot == NULL) {
        return false;
    }
    int64_t now_us = clock_wall_us();
    int64_t until_us = now_us + low->api->options.hook.patience_us + CLAIM_SLACK_US;
    bool is_known = crossing_claim(stores_store(slot), now_us, until_us, out) == STORE_OK;
    if (!is_known) {
        stores_note_unknown(slot);
    }
    stores_give(low->api->stores, slot);
    return is_known && out->id != 0;
}

static void *sender_main(void *ctx)
{
    struct low_balance *low = ctx;
    struct api_post_answer *answer = calloc(1, sizeof(*answer));
    while (answer != NULL && !pause_until_next(low)) {
        struct crossing crossing;
        bool is_stopping = false;
        while (!is_stopping && claim(low, &crossing)) {
            low_hook_tell(low->api, &crossing, answer);
            pthread_mutex_lock(&low->lock);
            is_stopping = low->is_stopping;
            pthread_mutex_unlock(&low->lock);
        }
    }
    free(answer);
    return NULL;
}

bool low_balance_start(struct api *api)
{
    struct low_balance *low = calloc(1, sizeof(*low));
    if (low == NULL) {
        return false;
    }
    low->api = api;
    pthread_mutex_init(&low->lock, NULL);
    clock_cond_init(&low->wake);
    api->low_balance = low;
    low->has_looker = pthread_create(&low->looker, NULL, looker_main, low) == 0;
    bool is_started = low->has_looker;
    for (int i = 0; has_hook(api) && i < SENDERS && is_started; i++) {
        is_started = pthread_create(&low->senders[i], NULL, sender_main, low) == 0;
        low->sender_count += is_started ? 1 : 0;
    }
    return is_started;
}

void low_balance_stop(struct api *api)
{
    struct low_balance *low = api->low_balance;
    if (low == NULL) {
        return;
    }
    pthread_mutex_lock(&low->lock);
    low->is_stopping = true;
    pthread_cond_broadcast(&low->wake);
    pthread_mutex_unlock(&low->lock);
    if (low->has_looker) {
        pthread_join(low->looker, NULL);
    }
    for (int i = 0; i < low->sender_count; i++) {
        pthread_join(low->senders[i], NULL);
    }
    pthread_cond_destroy(&low->wake);
    pthread_mutex_destroy(&low->lock);
    free(low);
    api->low_balance = NULL;
}
