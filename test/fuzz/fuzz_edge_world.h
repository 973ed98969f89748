/* fuzz_edge_world.h - what changes around an edge while calls are up: rows, decks, trunks, what the
 * ledger says. The bytes of fuzz_edge_dialog.c choose.
 */
#ifndef DT_TEST_FUZZ_EDGE_WORLD_H
#define DT_TEST_FUZZ_EDGE_WORLD_H

#include "edge_harness.h"

/* A deck that costs ten times as much, or the one of the start, or none. */
static void world_deck(struct harness *h, uint8_t what)
{
    static struct deck_build dear;
    struct deck_terms terms = {.id = 7, .version = 2, .currency = "EUR"};
    if (dear.object == NULL) {
        H_CHECK(deck_compile(SLICE("prefix,rate\n49,600\n4930,6000\n"), &terms, &dear));
    }
    const struct deck_build *build = (what & 1) != 0 ? &dear : &h->deck;
    if ((what & 2) != 0) {
        deck_set_remove(h->edge->decks, 7);
    } else {
        H_CHECK(deck_set_put(h->edge->decks, deck_open(build->object, build->object_size),
                             h_deck_release));
    }
}

static void world_account(struct harness *h, uint8_t what)
{
    struct account account;
    uint64_t id = (what & 8) != 0 ? 1 : 2;
    if (directory_account(h->edge->directory, id, &account).is == TRI_PRESENT) {
        account.version++;
        account.is_suspended = what % 8 == 0;
        account.channels_max = (what & 16) != 0 ? 1 : NO_LIMIT;
        account.cps_max = (what & 32) != 0 ? 1 : NO_LIMIT;
        account.spend_day_micro = (what & 64) != 0 ? 500000 : NO_LIMIT;
        H_CHECK(directory_put_account(h->edge->directory, &account));
    }
}

static void world_endpoint(struct harness *h, uint8_t who)
{
    struct endpoint endpoint;
    if (directory_endpoint(h->edge->directory, slice_from_text(h_users[who % 3]), &endpoint).is ==
        TRI_PRESENT) {
        endpoint.version++;
        endpoint.is_disabled = !endpoint.is_disabled;
        H_CHECK(directory_put_endpoint(h->edge->directory, &endpoint));
    }
}

static void world_removal(struct harness *h, uint8_t what)
{
    static struct trunk no_trunks[1];
    static struct route_row no_routes[1];
    switch (what % 8) {
    case 0:
    case 1:
        directory_remove_number(h->edge->directory, 1);
        return;
    case 2:
        H_CHECK(directory_swap_trunks(h->edge->directory, no_trunks, 0, no_routes, 0));
        return;
    case 3:
        directory_remove_endpoint(h->edge->directory, 1 + what / 8 % 3u);
        return;
    case 4:
        meter_wanted(h->edge->meters, 1 + what / 8 % 2u, h->now.mono_us);
        return;
    default:
        world_deck(h, (uint8_t)(what % 8 - 5));
        return;
    }
}

/* One change: an account is suspended, limited or goes, an endpoint is disabled, all rows are as at
 * the start again, trunks get a limit or another transport, the edge drains, something is removed,
 * the deck is another. */
static void world_change(struct harness *h, uint8_t what)
{
    switch (what % 8) {
    case 0:
    case 1:
        world_account(h, what);
        return;
    case 2:
        directory_remove_account(h->edge->directory, (what & 8) != 0 ? 1 : 2);
        return;
    case 3:
        world_endpoint(h, what / 8);
        return;
    case 4:
        h_rows(h);
        return;
    case 5:
        h_trunks(h, (what & 8) != 0 ? 1 : NO_LIMIT, (what & 16) != 0 ? TRUNK_TCP : TRUNK_UDP);
        return;
    case 6:
        atomic_store(&h->edge->is_draining, (what & 8) != 0);
        return;
    default:
        world_removal(h, what / 8);
        return;
    }
}

#endif
