#include "api/keeper.h"

#include "api/balances.h"
#include "api/rows.h"
#include "base/clock.h"
#include "store/promotions.h"

#include <stdlib.h>
#include <time.h>

#define PAUSE_FOLLOWED_S 2 /* between two looks while somebody follows */
#define PAUSE_ALONE_S 10
#define ACCOUNTS_EACH 200 /* looked at in one round; the next goes on from there */
#define SAVE_EVERY 30     /* rounds */
#define LIFTS_EACH 100    /* suspensions, and locks, that end in one round */
#define EXPIRIES_EACH 50  /* times that some credit is taken back in one round */

/* False: the store gave no answer. */
static bool read_accounts(struct api *api, struct store *store, struct account *rows,
                          uint64_t *after)
{
    int count = 0;
    if (config_page_account(store, *after, rows, ACCOUNTS_EACH, &count) != STORE_OK) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        json_t *balance = NULL;
        if (balance_read(api, store, &rows[i], &balance) != STORE_OK) {
            return false;
        }
        json_decref(balance);
        json_t *object = fields_write(resource_account.fields, &rows[i]);
        (void)last_good_put(api->last_good, rows[i].id, rows[i].name, object, NULL,
                            clock_wall_us());
        json_decref(object);
        *after = rows[i].id;
    }
    if (count < ACCOUNTS_EACH) {
        *after = 0;
    }
    return true;
}

/* Suspensions by rules end when their time is over; false: the store gave no answer. */
static bool lift_suspensions(struct api *api, struct store *store)
{
    for (int i = 0; i < LIFTS_EACH; i++) {
        uint64_t account_id = 0;
        pthread_mutex_lock(&api->change_lock);
        enum store_result result = config_lift_suspension(store, &account_id);
        pthread_mutex_unlock(&api->change_lock);
        if (result != STORE_OK) {
            return false;
        }
        if (account_id == 0) {
            break;
        }
        api_log(api, json_pack("{s:s,s:I}", "event", "account.suspension_lifted", "account_id",
                               (json_int_t)account_id));
    }
    return true;
}

/* So do locks: the balance is looked at, since money can be spent again. */
static bool end_locks(struct api *api, struct store *store)
{
    for (int i = 0; i < LIFTS_EACH; i++) {
        uint64_t account_id = 0;
        if (ledger_lock_end(store, &account_id) != STORE_OK) {
            return false;
        }
        if (account_id == 0) {
            break;
        }
        api_log(api, json_pack("{s:s,s:I}", "event", "account.lock_ended", "account_id",
                               (json_int_t)account_id));
    }
    return true;
}

/* Promotional credit ends when its time is over; false: the store gave no answer. */
static bool expire_promotions(struct api *api, struct store *store)
{
    bool more = true;
    for (int i = 0; i < EXPIRIES_EACH && more; i++) {
        int count = 0;
        if (promotions_look(store, &count, &more) != STORE_OK) {
            return false;
        }
        if (count > 0) {
            api_log(api, json_pack("{s:s,s:i}", "event", "promotions.expired", "entries", count));
        }
    }
    return true;
}

static void tell_store(struct api *api, bool is_ok)
{
    json_t *status = stores_status(api->stores);
    api_publish(api, "store", status);
    api_log(api, json_pack("{s:s,s:o}", "event", is_ok ? "store.answers" : "store.lost", "store",
                           status));
}

static void look(struct api *api, struct account *rows, uint64_t *after, bool *was_ok)
{
    const char *why = NULL;
    struct store_slot *slot = stores_take(api->stores, &why);
    if (slot != NULL) {
        if (!lift_suspensions(api, stores_store(slot)) || !end_locks(api, stores_store(slot)) ||
            !expire_promotions(api, stores_store(slot)) ||
            !read_accounts(api, stores_store(slot), rows, after)) {
            stores_note_unknown(slot);
        }
        stores_give(api->stores, slot);
    }
    bool is_ok = stores_is_ok(api->stores);
    if (is_ok != *was_ok) {
        *was_ok = is_ok;
        tell_store(api, is_ok);
    }
}

/* False: it is time to end. */
static bool pause_until_next(struct api *api)
{
    int64_t pause_s =
        api_has_followers(api) || !stores_is_ok(api->stores) ? PAUSE_FOLLOWED_S : PAUSE_ALONE_S;
    struct timespec until = clock_mono_after(pause_s * 1000000);
    pthread_mutex_lock(&api->keeper_lock);
    int waited = 0;
    while (!api->is_stopping && waited == 0) {
        waited = pthread_cond_timedwait(&api->keeper_wake, &api->keeper_lock, &until);
    }
    bool goes_on = !api->is_stopping;
    pthread_mutex_unlock(&api->keeper_lock);
    return goes_on;
}

static void *keep(void *ctx)
{
    struct api *api = ctx;
    struct account *rows = calloc(ACCOUNTS_EACH, sizeof(*rows));
    uint64_t after = 0;
    bool was_ok = true;
    int round = 0;
    while (rows != NULL) {
        look(api, rows, &after, &was_ok);
        if (round++ % SAVE_EVERY == 0) {
            last_good_save(api->last_good);
        }
        if (!pause_until_next(api)) {
            break;
        }
    }
    last_good_save(api->last_good);
    free(rows);
    return NULL;
}

bool keeper_start(struct api *api)
{
    pthread_mutex_init(&api->keeper_lock, NULL);
    clock_cond_init(&api->keeper_wake);
    api->has_keeper = pthread_create(&api->keeper, NULL, keep, api) == 0;
    return api->has_keeper;
}

void keeper_stop(struct api *api)
{
    if (!api->has_keeper) {
        return;
    }
    pthread_mutex_lock(&api->keeper_lock);
    api->is_stopping = true;
    pthread_cond_broadcast(&api->keeper_wake);
    pthread_mutex_unlock(&api->keeper_lock);
    pthread_join(api->keeper, NULL);
    api->has_keeper = false;
    pthread_cond_destroy(&api->keeper_wake);
    pthread_mutex_destroy(&api->keeper_lock);
}
