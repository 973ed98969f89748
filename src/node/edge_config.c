#include "node/edge_config.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 1000
#define LOG_AGAIN_US 30000000
#define LOOK_UP_EVERY_US 600000000 /* far less than the hour of node/resolver.h */
#define REWRITE_MIN (UINT64_C(16) << 20)

static enum store_result deck_fetch(struct config_follower *follower, struct store *store,
                                    const struct deck_row *row)
{
    uint8_t *object = NULL;
    size_t size = 0;
    if (deck_file_map(follower->role, row->object_hash)) {
        return STORE_OK;
    }
    enum store_result result = config_read_deck(store, row->id, &object, &size);
    if (result != STORE_OK) {
        return result;
    }
    bool is_mapped = deck_file_write(follower->role, row->object_hash, object, size) &&
                     deck_file_map(follower->role, row->object_hash);
    free(object);
    return is_mapped ? STORE_OK : STORE_UNKNOWN;
}

#define LOAD_ALL(name, type, put, log)                                                             \
    static enum store_result load_##name##s(struct config_follower *follower, struct store *store) \
    {                                                                                              \
        struct type *rows = calloc(PAGE, sizeof(*rows));                                           \
        uint64_t after = 0;                                                                        \
        int count = rows == NULL ? 0 : PAGE;                                                       \
        enum store_result result = rows == NULL ? STORE_UNKNOWN : STORE_OK;                        \
        while (result == STORE_OK && count == PAGE) {                                              \
            result = config_page_##name(store, after, rows, PAGE, &count);                         \
            for (int i = 0; result == STORE_OK && i < count; i++) {                                \
                put(follower, &rows[i]);                                                           \
                log(follower, &rows[i]);                                                           \
                after = rows[i].id;                                                                \
            }                                                                                      \
        }                                                                                          \
        free(rows);                                                                                \
        return result;                                                                             \
    }
LOAD_ALL(account, account, follow_put_account, follow_log_account)
LOAD_ALL(endpoint, endpoint, follow_put_endpoint, follow_log_endpoint)
LOAD_ALL(number, number, follow_put_number, follow_log_number)
LOAD_ALL(trunk, trunk, follow_put_trunk, follow_log_trunk)
LOAD_ALL(route, route_row, follow_put_route_row, follow_log_route_row)
#undef LOAD_ALL

static enum store_result load_decks(struct config_follower *follower, struct store *store)
{
    struct deck_row rows[16];
    uint64_t after = 0;
    int count = 16;
    while (count == 16) {
        enum store_result result = config_page_deck(store, after, rows, 16, &count);
        if (result != STORE_OK) {
            return result;
        }
        for (int i = 0; i < count; i++) {
            result = deck_fetch(follower, store, &rows[i]);
            if (result != STORE_OK) {
                return result;
            }
            follow_log_deck(follower, &rows[i]);
            after = rows[i].id;
        }
    }
    return STORE_OK;
}

static enum store_result load_all(struct config_follower *follower, struct store *store,
                                  const char *ledger, uint64_t version)
{
    char temporary[640];
    snprintf(temporary, sizeof(temporary), "%s.new", follower->path);
    follow_log_stop(follower);
    follower->fd = open(temporary, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    follower->size = 0;
    follower->must_read_whole = true;
    follower->has_new_trunks = true;
    enum store_result (*const loads[])(struct config_follower *, struct store *) = {
        load_decks, load_accounts, load_endpoints, load_numbers, load_trunks, load_routes};
    for (size_t i = 0; i < ARRAY_COUNT(loads); i++) {
        enum store_result result = loads[i](follower, store);
        if (result != STORE_OK) {
            follow_log_stop(follower);
            unlink(temporary);
            return result;
        }
    }
    snprintf(follower->ledger, sizeof(follower->ledger), "%s", ledger);
    follower->version = version;
    follower->is_complete = true;
    follower->must_read_whole = false;
    follow_log_version(follower);
    if (follower->fd >= 0 &&
        (fdatasync(follower->fd) != 0 || rename(temporary, follower->path) != 0)) {
        follow_log_stop(follower);
    }
    follower->size_rewritten = follower->size;
    follow_loaded(follower);
    return STORE_OK;
}

static void on_balance(struct config_follower *follower, uint64_t account_id)
{
    struct account account;
    if (directory_account(follower->role->edge.directory, account_id, &account).is == TRI_PRESENT) {
        meter_presence(follower->role->edge.meters, &account, 0, clock_mono_us());
    }
}

#define FOLLOW_ROW(type, get, put, log)                                                            \
    {                                                                                              \
        struct type row;                                                                           \
        enum store_result result = get(store, change->id, &row);                                   \
        if (result == STORE_OK) {                                                                  \
            put(follower, &row);                                                                   \
            log(follower, &row);                                                                   \
        }                                                                                          \
        return result;                                                                             \
    }

static enum store_result follow_row(struct config_follower *follower, struct store *store,
                                    const struct config_change *change)
{
    switch (change->kind) {
    case CONFIG_ACCOUNT:
        FOLLOW_ROW(account, config_get_account, follow_put_account, follow_log_account)
    case CONFIG_ENDPOINT:
        FOLLOW_ROW(endpoint, config_get_endpoint, follow_put_endpoint, follow_log_endpoint)
    case CONFIG_NUMBER:
        FOLLOW_ROW(number, config_get_number, follow_put_number, follow_log_number)
    case CONFIG_TRUNK:
        FOLLOW_ROW(trunk, config_get_trunk, follow_put_trunk, follow_log_trunk)
    case CONFIG_ROUTE:
        FOLLOW_ROW(route_row, config_get_route, follow_put_route_row, follow_log_route_row)
    case CONFIG_DECK: {
        struct deck_row row;
        enum store_result result = config_get_deck(store, change->id, &row);
        if (result == STORE_OK) {
            result = deck_fetch(follower, store, &row);
        }
        if (result == STORE_OK) {
            follow_log_deck(follower, &row);
        }
        return result;
    }
    case CONFIG_BALANCE:
        on_balance(follower, change->id);
        return STORE_OK;
    case CONFIG_SETTING:
    case CONFIG_KEY:
        return STORE_OK;
    }
    return STORE_OK;
}

static enum store_result follow(struct config_follower *follower, struct store *store)
{
    int count = 0;
    enum store_result result =
        config_changes(store, follower->version, follower->changes, CHANGES_MAX, &count);
    for (int i = 0; result == STORE_OK && i < count; i++) {
        const struct config_change *change = &follower->changes[i];
        if (!change->is_removed) {
            result = follow_row(follower, store, change);
        }
        if (change->is_removed ||
            result == STORE_ABSENT) { /* gone since: its removal follows too */
            follow_drop(follower, change->kind, change->id);
            follow_log_removed(follower, change->kind, change->id);
            result = STORE_OK;
        }
        if (result == STORE_OK) {
            follower->version = change->number;
        }
    }
    if (count > 0) {
        if (!follow_swap_trunks(follower)) {
            result = STORE_UNKNOWN;
        }
        follow_log_version(follower);
    }
    return result;
}

/* Whoever was removed since is removed first: what is read whole says nothing of who is not there.
 */
static enum store_result follow_to(struct config_follower *follower, struct store *store,
                                   uint64_t version)
{
    enum store_result result = STORE_OK;
    uint64_t before = 0;
    while (result == STORE_OK && follower->version < version && follower->version != before) {
        before = follower->version;
        result = follow(follower, store);
    }
    return result;
}

static enum store_result read_whole(struct config_follower *follower, struct store *store)
{
    char ledger[33];
    uint64_t version;
    follower->log_again_us = clock_mono_us() + LOG_AGAIN_US;
    enum store_result result = store_identity(store, ledger, &version);
    if (result == STORE_OK && follower->is_complete) {
        result = follow_to(follower, store, version);
    }
    return result == STORE_OK ? load_all(follower, store, ledger, version) : result;
}

enum store_result config_follower_step(struct config_follower *follower, struct store *store)
{
    bool is_grown = follower->size > REWRITE_MIN && follower->size > 2 * follower->size_rewritten;
    bool has_no_log = follower->fd < 0 && clock_mono_us() >= follower->log_again_us;
    bool is_partial = !follower->is_complete || follower->version == 0 || follower->must_read_whole;
    enum store_result result = is_partial || has_no_log || is_grown ? read_whole(follower, store)
                                                                    : follow(follower, store);
    if (clock_mono_us() - follower->looked_up_us > LOOK_UP_EVERY_US) {
        follow_look_up_trunks(follower);
    }
    epoch_reclaim(&follower->role->epoch);
    pthread_mutex_lock(&follower->role->lock);
    follower->role->view.config_version = follower->version;
    if (result == STORE_OK) {
        follower->role->view.config_at_us = clock_mono_us();
    }
    pthread_mutex_unlock(&follower->role->lock);
    return result;
}

struct config_follower *config_follower_new(struct edge_role *role)
{
    struct config_follower *follower = calloc(1, sizeof(*follower));
    if (follower == NULL) {
        return NULL;
    }
    char decks[600];
    follower->role = role;
    follower->fd = -1;
    follower->trunks = calloc(TRUNKS_MAX, sizeof(struct trunk));
    follower->routes = calloc(TRUNKS_MAX, sizeof(struct route_row));
    snprintf(follower->path, sizeof(follower->path), "%s/config.log", role->edge_dir);
    snprintf(decks, sizeof(decks), "%s/decks", role->options->dir);
    bool has_dir = mkdir(decks, 0700) == 0 || errno == EEXIST;
    if (follower->trunks == NULL || follower->routes == NULL || !has_dir) {
        config_follower_free(follower);
        return NULL;
    }
    return follower;
}

void config_follower_free(struct config_follower *follower)
{
    if (follower == NULL) {
        return;
    }
    follow_log_stop(follower);
    free(follower->trunks);
    free(follower->routes);
    free(follower);
}
