#include "node/edge_config.h"

#include "api/zone_file.h"
#include "base/address.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

static void alarm_full(struct config_follower *follower, struct slice event)
{
    edge_event(follower->role, "alarm", event);
}

void follow_put_trunk(struct config_follower *follower, const struct trunk *row)
{
    int at = 0;
    while (at < follower->trunk_count && follower->trunks[at].id != row->id) {
        at++;
    }
    if (at == TRUNKS_MAX) {
        alarm_full(follower, SLICE("{\"alarm\":\"trunk table is full\"}"));
        return;
    }
    follower->trunks[at] = *row;
    follower->trunk_count += at == follower->trunk_count ? 1 : 0;
    follower->has_new_trunks = true;
}

void follow_put_route_row(struct config_follower *follower, const struct route_row *row)
{
    int at = 0;
    while (at < follower->route_count && follower->routes[at].id != row->id) {
        at++;
    }
    if (at == TRUNKS_MAX) {
        alarm_full(follower, SLICE("{\"alarm\":\"route table is full\"}"));
        return;
    }
    follower->routes[at] = *row;
    follower->route_count += at == follower->route_count ? 1 : 0;
    follower->has_new_trunks = true;
}

static void drop_trunk(struct config_follower *follower, uint64_t id)
{
    for (int i = 0; i < follower->trunk_count; i++) {
        if (follower->trunks[i].id == id) {
            follower->trunks[i] = follower->trunks[--follower->trunk_count];
            follower->has_new_trunks = true;
            return;
        }
    }
}

static void drop_route(struct config_follower *follower, uint64_t id)
{
    for (int i = 0; i < follower->route_count; i++) {
        if (follower->routes[i].id == id) {
            follower->routes[i] = follower->routes[--follower->route_count];
            follower->has_new_trunks = true;
            return;
        }
    }
}

static int compare_trunks(const void *a, const void *b)
{
    uint64_t left = ((const struct trunk *)a)->id;
    uint64_t right = ((const struct trunk *)b)->id;
    return left < right ? -1 : left > right;
}

static int compare_routes(const void *a, const void *b)
{
    const struct route_row *left = a;
    const struct route_row *right = b;
    int order = strcmp(left->prefix, right->prefix);
    return order != 0 ? order : left->priority - right->priority;
}

void follow_look_up_trunks(struct config_follower *follower)
{
    follower->looked_up_us = clock_mono_us();
    for (int i = 0; i < follower->trunk_count; i++) {
        const struct trunk *trunk = &follower->trunks[i];
        struct target targets[TARGETS_MAX];
        uint8_t literal[16];
        int count = 0;
        bool is_name =
            trunk->host[0] != '\0' && !address_parse(slice_from_text(trunk->host), literal);
        struct resolver_ask ask = {
            .host = trunk->host, .port = trunk->port, .is_tcp = trunk->transport == TRUNK_TCP};
        if (is_name && !trunk->is_disabled) {
            (void)resolver_look(follower->role->resolver, &ask, targets, &count);
        }
    }
}

bool follow_swap_trunks(struct config_follower *follower)
{
    if (!follower->has_new_trunks) {
        return true;
    }
    qsort(follower->trunks, (size_t)follower->trunk_count, sizeof(struct trunk), compare_trunks);
    qsort(follower->routes, (size_t)follower->route_count, sizeof(struct route_row),
          compare_routes);
    bool is_swapped = directory_swap_trunks(follower->role->edge.directory, follower->trunks,
                                            (uint32_t)follower->trunk_count, follower->routes,
                                            (uint32_t)follower->route_count);
    follower->has_new_trunks = !is_swapped;
    follow_look_up_trunks(follower);
    return is_swapped;
}

void follow_put_endpoint(struct config_follower *follower, const struct endpoint *row)
{
    struct edge *edge = &follower->role->edge;
    if (!directory_put_endpoint(edge->directory, row)) {
        alarm_full(follower, SLICE("{\"alarm\":\"endpoint table is full\"}"));
    }
    /* While the logs are read, the journal's own record of the removal does it. */
    if (row->is_disabled && follower->has_registrations) {
        (void)registrar_remove(edge->registrar, slice_from_text(row->user));
    }
}

/* A zone that this machine does not have: the deck's counts, and somebody is told. */
static void keep_zone(struct config_follower *follower, const char *name)
{
    struct deck_set *decks = follower->role->edge.decks;
    struct zone zone;
    if (name[0] == '\0' || deck_set_zone(decks, name) != NULL) {
        return;
    }
    if (!zone_file_read(name, &zone) || !deck_set_put_zone(decks, &zone)) {
        alarm_full(follower, SLICE("{\"alarm\":\"an account's time zone is not known here\"}"));
    }
}

void follow_put_account(struct config_follower *follower, const struct account *row)
{
    keep_zone(follower, row->time_zone);
    if (!directory_put_account(follower->role->edge.directory, row)) {
        alarm_full(follower, SLICE("{\"alarm\":\"account table is full\"}"));
    }
}

void follow_put_number(struct config_follower *follower, const struct number *row)
{
    if (!directory_put_number(follower->role->edge.directory, row)) {
        alarm_full(follower, SLICE("{\"alarm\":\"number table is full\"}"));
    }
}

void follow_drop(struct config_follower *follower, enum config_kind kind, uint64_t id)
{
    struct edge *edge = &follower->role->edge;
    switch (kind) {
    case CONFIG_ACCOUNT:
        directory_remove_account(edge->directory, id);
        return;
    case CONFIG_ENDPOINT:
        directory_remove_endpoint(edge->directory, id);
        return;
    case CONFIG_NUMBER:
        directory_remove_number(edge->directory, id);
        return;
    case CONFIG_TRUNK:
        drop_trunk(follower, id);
        return;
    case CONFIG_ROUTE:
        drop_route(follower, id);
        return;
    case CONFIG_DECK:
        deck_set_remove(edge->decks, (uint32_t)id);
        return;
    case CONFIG_SETTING:
    case CONFIG_BALANCE:
    case CONFIG_KEY:
        return;
    }
}

static void presence_each(void *ctx, struct slice user, uint64_t account_id)
{
    struct config_follower *follower = ctx;
    struct account account;
    (void)user;
    if (directory_account(follower->role->edge.directory, account_id, &account).is == TRI_PRESENT) {
        meter_presence(follower->role->edge.meters, &account, 1, clock_mono_us());
    }
}

/* The directory is whole: what is not in it is absent from now on. */
void follow_loaded(struct config_follower *follower)
{
    if (!follow_swap_trunks(follower)) {
        return;
    }
    directory_set_loaded(follower->role->edge.directory);
    if (follower->has_registrations) {
        config_follower_presence(follower);
    }
}

void config_follower_presence(struct config_follower *follower)
{
    follower->has_registrations = true;
    if (!follower->has_presence && directory_is_loaded(follower->role->edge.directory)) {
        follower->has_presence = true;
        registrar_each(follower->role->edge.registrar, presence_each, follower);
    }
}
