#include "edge_world.h"

#include "base/hash.h"
#include "scn_world.h"
#include "virtual.h"

#include "books.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CDRS_MAX 1000
#define SILENCE_US INT64_C(1800000000) /* long enough for the probes of what ended unseen */

struct day {
    struct scn scn;
    struct sim_result *out;
    struct cdr_row *rows;
    int row_count;
    int kill_count;
};

static void violate(struct sim_result *out, const char *format, ...) PRINTF_LIKE(2, 3);

static void violate(struct sim_result *out, const char *format, ...)
{
    va_list args;
    if (out->violation[0] != 0) {
        return; /* the first one counts */
    }
    va_start(args, format);
    vsnprintf(out->violation, sizeof(out->violation), format, args);
    va_end(args);
}

static void listen_event(void *ctx, int agent, const struct ua_event *event)
{
    struct day *day = ctx;
    if (event->kind != UA_EV_REFUSED) {
        return;
    }
    const struct scn_agent *phone = &day->scn.agents[agent];
    bool is_policy = event->status == 402 || event->status == 403 || event->status == 480 ||
                     event->status == 503 || event->status == 404;
    bool is_ours = event->x_reason[0] != 0 && strstr(event->x_reason, "operator") == NULL;
    if (strcmp(event->peer, "112") == 0 && is_policy && is_ours) {
        violate(day->out, "I13 an emergency call of %s was refused: %d %s", phone->name,
                event->status, event->x_reason);
    }
    if (event->is_unheard && day->kill_count == 0) {
        violate(day->out, "a call of %s to %s heard no final response", phone->name, event->peer);
    }
    bool may_be_suspended = phone->is_carrier || phone->account != 0;
    if (!may_be_suspended && strstr(event->x_reason, "suspended") != NULL) {
        violate(day->out, "I6 %s was refused as suspended, which it never was", phone->name);
    }
    if (phone->account == 0 && event->status == 402) {
        violate(day->out, "I7 the rich account was refused for money: %s", event->x_reason);
    }
}

static void records_check(struct day *day)
{
    for (int i = 0; i < day->row_count; i++) {
        const struct usage *usage = &day->rows[i].usage;
        int64_t again = 0;
        if (usage->flags & USAGE_ANSWERED) {
            again = rate_price(&usage->rate, usage->talk_to_us);
            again -= usage->part > 0 ? rate_price(&usage->rate, usage->talk_from_us) : 0;
        }
        if (usage->account_id != 0 && again != usage->charge_micro) {
            violate(day->out, "I10 call %016lx is charged %ld, rated again %ld",
                    (unsigned long)usage->call_key, (long)usage->charge_micro, (long)again);
        }
        if ((usage->flags & USAGE_EMERGENCY) && usage->charge_micro != 0) {
            violate(day->out, "I13 an emergency call was charged");
        }
        for (int k = 0; k < i; k++) {
            const struct usage *other = &day->rows[k].usage;
            bool is_final = !((usage->flags | other->flags) & USAGE_PARTIAL);
            if (usage->call_key == other->call_key && is_final) {
                violate(day->out, "I9 call %016lx has two final records",
                        (unsigned long)usage->call_key);
            }
        }
    }
}

static void balances_check(struct day *day, struct books *books)
{
    for (int a = 0; a < day->scn.account_count; a++) {
        const struct scn_account *account = &day->scn.accounts[a];
        int64_t expected = account->balance_micro, dearest = 0, balance = 0;
        for (int i = 0; i < day->scn.step_count; i++) {
            const struct scn_step *step = &day->scn.steps[i];
            expected += step->verb == SCN_TOPUP && step->account == a ? step->amount_micro : 0;
        }
        for (int i = 0; i < day->row_count; i++) {
            const struct usage *usage = &day->rows[i].usage;
            if (usage->account_id == books->account_ids[a]) {
                expected -= usage->charge_micro;
                /* A dead edge hides 1.5 s of each call, and the increment that they fall in. */
                dearest += rate_price(&usage->rate, 1500000);
            }
        }
        if (books_balance(books, a, &balance).is != TRI_PRESENT || balance != expected) {
            violate(day->out, "I1 balance of %s is %ld, its records make %ld", account->name,
                    (long)balance, (long)expected);
        }
        int64_t bound = account->grace_micro + (day->kill_count > 0 ? dearest : 0);
        if (balance < -bound) {
            violate(day->out, "I4 %s overspent by %ld, bound %ld", account->name, (long)-balance,
                    (long)bound);
        }
    }
}

static void rest_check(struct day *day, struct virtual *virtual, const struct scn_world *world)
{
    char why[SCN_WHY_SIZE] = "";
    struct virtual_totals totals;
    world->advance(world->ctx, world->now_us(world->ctx) + SILENCE_US);
    virtual_sum(virtual, &totals);
    virtual_leftovers(virtual, why);
    if (why[0] != 0) {
        violate(day->out, "I9, I12 %.200s", why);
    }
    if (world->audit(world->ctx, why).is != TRI_PRESENT) {
        violate(day->out, "I1 audit: %.200s", why);
    }
    struct cdr_filter all = {0};
    day->rows = calloc(CDRS_MAX, sizeof(*day->rows));
    if (day->rows == NULL || cdr_page(virtual_books(virtual)->store, &all, day->rows, CDRS_MAX,
                                      &day->row_count) != STORE_OK) {
        violate(day->out, "the records cannot be read");
        return;
    }
    if ((uint64_t)day->row_count != totals.records) {
        violate(day->out, "I5 the edge wrote %lu records, the ledger has %d",
                (unsigned long)totals.records, day->row_count);
    }
    records_check(day);
    balances_check(day, virtual_books(virtual));
    day->out->trace_hash = totals.trace_hash;
    day->out->virtual_us = totals.virtual_us;
    day->out->calls = totals.calls_started;
    day->out->charges = (uint64_t)day->row_count;
}

bool edge_world_knows(enum sim_mutation mutation)
{
    return mutation == SIM_NO_MUTATION || mutation == SIM_UNKNOWN_IS_NO ||
           mutation == SIM_EARLY_ACK;
}

int edge_world_run(const struct sim_plan *plan, struct sim_result *out)
{
    uint64_t seed = plan->seed;
    enum sim_mutation mutation = plan->mutation;
    char why[SCN_WHY_SIZE] = "";
    struct day *day = calloc(1, sizeof(*day));
    *out = (struct sim_result){0};
    if (day == NULL) {
        violate(out, "no memory");
        return 1;
    }
    day->out = out;
    edge_world_make(seed, &day->scn);
    for (int i = 0; i < day->scn.step_count; i++) {
        day->kill_count += day->scn.steps[i].verb == SCN_EDGE;
    }
    struct virtual *virtual = virtual_new(&day->scn, seed, why);
    if (virtual == NULL) {
        violate(out, "%.200s", why);
    } else {
        struct scn_world world;
        virtual_world(virtual, &world);
        world.is_lenient = true;
        virtual_mutate(virtual, mutation == SIM_UNKNOWN_IS_NO ? VIRTUAL_UNKNOWN_IS_NO
                                : mutation == SIM_EARLY_ACK   ? VIRTUAL_EARLY_ACK
                                                              : VIRTUAL_NO_MUTATION);
        virtual_listen(virtual, listen_event, day);
        (void)scn_run(&day->scn, &world, why);
        rest_check(day, virtual, &world);
    }
    virtual_free(virtual);
    free(day->rows);
    free(day);
    return out->violation[0] != 0;
}
