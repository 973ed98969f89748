#include "virtual_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_US 3000    /* of a ledger that is well */
#define LOCKED_US 2000000 /* a locked database is given up then */
#define RETRY_US 500000
#define SETTLE_MAX 200
#define ROWS_MAX 256

bool virtual_store_open(struct virtual *virtual, char why[SCN_WHY_SIZE])
{
    struct store_options options = {
        .dir = virtual->dir, .deadline_us = 2000000, .is_checkpointer = true, .may_create = true};
    virtual->books.store = store_new(&options);
    if (virtual->books.store == NULL || store_migrate(virtual->books.store) != STORE_OK) {
        snprintf(why, SCN_WHY_SIZE, "no ledger: %s",
                 virtual->books.store != NULL ? store_error(virtual->books.store) : "memory");
        return false;
    }
    return true;
}

static bool is_well(const struct virtual *virtual)
{
    return virtual->fault == SCN_START || virtual->fault == SCN_SLOW;
}

/* When the answer of a transaction that begins now arrives, whatever it says. */
static int64_t answer_at_us(const struct virtual *virtual)
{
    if (virtual->fault == SCN_SLOW) {
        return virtual->now_us + virtual->latency_us;
    }
    return virtual->now_us + (virtual->fault == SCN_LOCK ? LOCKED_US : ANSWER_US);
}

static void deck_free(struct deck *deck)
{
    deck_close(deck);
}

static bool deck_load(struct virtual *virtual, uint64_t id)
{
    uint8_t *object = NULL;
    size_t size = 0;
    if (config_read_deck(virtual->books.store, id, &object, &size) != STORE_OK) {
        return false;
    }
    if (virtual->object_count < VIRTUAL_OBJECTS_MAX) { /* it lives as long as the world */
        virtual->objects[virtual->object_count++] = object;
    }
    struct deck *deck = deck_open(object, size);
    return deck != NULL && deck_set_put(virtual->edge->decks, deck, deck_free);
}

static bool trunks_load(struct virtual *virtual)
{
    static struct trunk trunks[ROWS_MAX];
    static struct route_row routes[ROWS_MAX];
    int trunk_count = 0, route_count = 0;
    struct store *store = virtual->books.store;
    return config_page_trunk(store, 0, trunks, ROWS_MAX, &trunk_count) == STORE_OK &&
           config_page_route(store, 0, routes, ROWS_MAX, &route_count) == STORE_OK &&
           directory_swap_trunks(virtual->edge->directory, trunks, (uint32_t)trunk_count, routes,
                                 (uint32_t)route_count);
}

static bool change_load(struct virtual *virtual, const struct config_change *change)
{
    struct store *store = virtual->books.store;
    struct directory *directory = virtual->edge->directory;
    struct account account;
    struct endpoint endpoint;
    struct number number;
    switch (change->kind) {
    case CONFIG_ACCOUNT:
        return config_get_account(store, change->id, &account) == STORE_OK &&
               directory_put_account(directory, &account);
    case CONFIG_ENDPOINT:
        return config_get_endpoint(store, change->id, &endpoint) == STORE_OK &&
               directory_put_endpoint(directory, &endpoint);
    case CONFIG_NUMBER:
        return config_get_number(store, change->id, &number) == STORE_OK &&
               directory_put_number(directory, &number);
    case CONFIG_TRUNK:
    case CONFIG_ROUTE:
        return trunks_load(virtual);
    case CONFIG_DECK:
        return deck_load(virtual, change->id);
    case CONFIG_BALANCE:
        if (directory_account(directory, change->id, &account).is == TRI_PRESENT) {
            meter_presence(virtual->edge->meters, &account, 0, virtual->now_us);
        }
        return true;
    case CONFIG_SETTING:
    case CONFIG_KEY:
        break;
    }
    return true;
}

bool virtual_config_load(struct virtual *virtual)
{
    static struct config_change changes[ROWS_MAX];
    int count = ROWS_MAX;
    while (is_well(virtual) && count == ROWS_MAX) {
        if (config_changes(virtual->books.store, virtual->config_seen, changes, ROWS_MAX, &count) !=
            STORE_OK) {
            return false;
        }
        for (int i = 0; i < count; i++) {
            if (!change_load(virtual, &changes[i])) {
                return false;
            }
            virtual->config_seen = changes[i].number;
        }
    }
    return true;
}

/* A number at the first start, a session at each. */
static bool session_open(struct virtual *virtual)
{
    struct virtual_ledger *ledger = &virtual->ledger;
    struct store *store = virtual->books.store;
    if (ledger->incarnation == 0 &&
        ledger_register(store, "edge", ledger->nonce, &ledger->incarnation) != STORE_OK) {
        ledger->incarnation = 0;
        return false;
    }
    if (ledger_open(store, ledger->incarnation, ledger->nonce, virtual->sequence, &ledger->session,
                    &ledger->high_water) != STORE_OK) {
        return false;
    }
    ledger->is_open = true;
    meter_set_registered(virtual->edge->meters, true);
    return true;
}

static void refill_start(struct virtual *virtual)
{
    struct virtual_ledger *ledger = &virtual->ledger;
    ledger->ask_count =
        meter_asks_take(virtual->edge->meters, ledger->asks, VIRTUAL_ASKS_MAX, virtual->now_us);
    if (ledger->ask_count == 0) {
        return;
    }
    ledger->is_refilling = true;
    /* A ledger that fails now and then does commit, and only its answer is lost. */
    bool commits =
        is_well(virtual) || (virtual->fault == SCN_FAIL_SYNC && rng_chance(&virtual->rng, 500000));
    ledger->is_answered =
        commits &&
        ledger_refill(virtual->books.store, ledger->incarnation, ledger->session, ledger->asks,
                      ledger->ask_count, ledger->answers) == STORE_OK &&
        is_well(virtual);
    (void)virtual_post(virtual, answer_at_us(virtual), VIRTUAL_REFILL_DONE);
}

void virtual_refill_done(struct virtual *virtual)
{
    struct virtual_ledger *ledger = &virtual->ledger;
    if (!ledger->is_refilling) {
        return; /* of a process that is dead */
    }
    ledger->is_refilling = false;
    if (!ledger->is_answered && virtual->mutation == VIRTUAL_UNKNOWN_IS_NO) {
        for (int i = 0; i < ledger->ask_count; i++) {
            struct lease_answer no = {.account_id = ledger->asks[i].account_id,
                                      .ask_number = ledger->asks[i].ask_number,
                                      .more = {TRI_ABSENT}};
            meter_ask_answered(virtual->edge->meters, &no, virtual->now_us);
        }
        return;
    }
    if (!ledger->is_answered) {
        ledger->retry_at_us = virtual->now_us + RETRY_US;
        meter_asks_failed(virtual->edge->meters, ledger->asks, ledger->ask_count,
                          ledger->retry_at_us);
        return;
    }
    for (int i = 0; i < ledger->ask_count; i++) {
        meter_ask_answered(virtual->edge->meters, &ledger->answers[i], virtual->now_us);
    }
}

static void settle_start(struct virtual *virtual)
{
    static struct usage usages[SETTLE_MAX];
    struct virtual_ledger *ledger = &virtual->ledger;
    int count = 0;
    for (int i = 0; i < virtual->record_count && count < SETTLE_MAX; i++) {
        const struct virtual_record *record = &virtual->records[i];
        if (record->kind == JOURNAL_USAGE && record->sequence > ledger->high_water &&
            usage_decode(slice_make(record->data, record->size), &usages[count])) {
            usages[count++].sequence = record->sequence;
        }
    }
    if (count == 0) {
        return;
    }
    ledger->is_settling = true;
    ledger->settled = 0;
    uint64_t mark = 0;
    bool commits =
        is_well(virtual) || (virtual->fault == SCN_FAIL_SYNC && rng_chance(&virtual->rng, 500000));
    if (!commits && virtual->mutation == VIRTUAL_EARLY_ACK) {
        ledger->settled = usages[count - 1].sequence;
    }
    if (commits &&
        ledger_settle(virtual->books.store, ledger->incarnation, ledger->session, usages, count,
                      &mark) == STORE_OK &&
        is_well(virtual)) {
        ledger->settled = mark;
    }
    (void)virtual_post(virtual, answer_at_us(virtual), VIRTUAL_SETTLE_DONE);
}

void virtual_settle_done(struct virtual *virtual)
{
    struct virtual_ledger *ledger = &virtual->ledger;
    if (!ledger->is_settling) {
        return;
    }
    ledger->is_settling = false;
    if (ledger->settled <= ledger->high_water) {
        ledger->retry_at_us = virtual->now_us + RETRY_US;
        return;
    }
    ledger->high_water = ledger->settled;
}

void virtual_ledger_turn(struct virtual *virtual)
{
    struct virtual_ledger *ledger = &virtual->ledger;
    if (ledger->is_refilling || ledger->is_settling) {
        return; /* one thread, one transaction at a time */
    }
    if (!ledger->is_open) {
        if (virtual->now_us < ledger->retry_at_us) {
            return;
        }
        if (!is_well(virtual) || !session_open(virtual)) {
            /* Nothing can be asked: those who wait learn that the ledger is silent. */
            ledger->retry_at_us = virtual->now_us + RETRY_US;
            return;
        }
    }
    if (meter_has_asks(virtual->edge->meters, virtual->now_us)) {
        refill_start(virtual);
    }
    if (!ledger->is_refilling && virtual->sequence > ledger->high_water &&
        virtual->now_us >= ledger->retry_at_us) {
        settle_start(virtual);
    }
}

int64_t virtual_ledger_deadline(const struct virtual *virtual)
{
    const struct virtual_ledger *ledger = &virtual->ledger;
    if (ledger->is_refilling || ledger->is_settling) {
        return INT64_MAX;
    }
    if (!ledger->is_open) {
        return ledger->retry_at_us;
    }
    int64_t deadline_us = meter_asks_deadline(virtual->edge->meters);
    if (meter_has_asks(virtual->edge->meters, virtual->now_us)) {
        deadline_us = virtual->now_us;
    }
    if (virtual->sequence > ledger->high_water && ledger->retry_at_us < deadline_us) {
        deadline_us = ledger->retry_at_us;
    }
    return deadline_us;
}

bool virtual_act(void *ctx, const struct scn_step *step, char why[SCN_WHY_SIZE])
{
    struct virtual *virtual = ctx;
    switch (step->verb) {
    case SCN_STORE:
        virtual->fault = step->fault;
        virtual->latency_us = step->latency_us;
        virtual->ledger.retry_at_us = virtual->now_us;
        return true;
    case SCN_EDGE:
        virtual_edge_kill(virtual);
        return true;
    case SCN_WEB:
        return true; /* no call depends on it here: what the real run shows */
    case SCN_TOPUP:
    case SCN_LOCK_MONEY:
    case SCN_SUSPEND:
    case SCN_UNSUSPEND:
        return books_act(&virtual->books, step, why);
    case SCN_END_CALLS:
        snprintf(why, SCN_WHY_SIZE, "the edge had no call to end");
        return virtual->is_edge_up && virtual_end_calls(virtual);
    case SCN_CALL:
    case SCN_HANGUP:
    case SCN_CANCEL:
    case SCN_HOLD:
    case SCN_RESUME:
    case SCN_SEND:
    case SCN_REGISTER:
    case SCN_UNREGISTER:
    case SCN_RULE:
        break;
    }
    return false;
}
