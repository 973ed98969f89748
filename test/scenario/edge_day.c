#include "edge_world.h"

#include "base/rng.h"

#include <stdio.h>
#include <string.h>

#define DAY_US 120000000 /* of doing; then things come to rest */
#define REST_US 40000000

static int64_t between(struct rng *rng, int64_t low, int64_t high)
{
    return low + (int64_t)rng_below(rng, (uint64_t)(high - low + 1));
}

static bool chance(struct rng *rng, uint32_t percent)
{
    return rng_chance(rng, percent * 10000);
}

static void rule_make(struct rng *rng, struct ua_rule *rule)
{
    *rule = (struct ua_rule){.answer_after_us = between(rng, 100000, 3000000)};
    rule->has_early_media = chance(rng, 20);
    rule->is_reliable = chance(rng, 20);
    rule->is_deaf_to_cancel = chance(rng, 10);
    if (chance(rng, 30)) {
        rule->hangup_after_us = between(rng, 500000, 20000000);
    }
    if (chance(rng, 10)) {
        rule->how = UA_RING_ONLY;
    } else if (chance(rng, 10)) {
        rule->how = UA_REJECT;
        rule->status = chance(rng, 50) ? 486 : 603;
    } else if (chance(rng, 5)) {
        rule->how = UA_SILENT;
    }
}

static void accounts_make(struct rng *rng, struct scn *scn)
{
    scn->account_count = (int)between(rng, 2, 4);
    for (int i = 0; i < scn->account_count; i++) {
        struct scn_account *account = &scn->accounts[i];
        *account = (struct scn_account){
            .day_micro = NO_LIMIT, .channels_max = NO_LIMIT, .cps_max = NO_LIMIT};
        snprintf(account->name, sizeof(account->name), "a%d", i);
        /* The first is rich: whatever happens, it is never refused for money. */
        account->balance_micro =
            i == 0 ? INT64_C(1000000) * 1000000 : between(rng, 0, 40) * 1000000;
        account->grace_micro = chance(rng, 50) ? 500000 : 0;
    }
}

static void phones_make(struct rng *rng, struct scn *scn)
{
    int count = (int)between(rng, 3, 8);
    for (int i = 0; i < count; i++) {
        struct scn_agent *agent = &scn->agents[scn->agent_count++];
        *agent = (struct scn_agent){.target_of = -1,
                                    .account = (int)between(rng, 0, scn->account_count - 1),
                                    .expires_s = (uint32_t)between(rng, 60, 300),
                                    .is_tcp = chance(rng, 20),
                                    .is_ipv6 = chance(rng, 20),
                                    .rule_count = 1};
        snprintf(agent->name, sizeof(agent->name), "p%d", i);
        int user = i;
        if (i > 0 && chance(rng, 15)) { /* another device of the first */
            agent->is_second = true;
            agent->account = scn->agents[0].account;
            user = 0;
        }
        snprintf(agent->user, sizeof(agent->user), "p%d", user);
        snprintf(agent->password, sizeof(agent->password), "pw-p%d", user);
        rule_make(rng, &agent->rules[0]);
    }
}

static void carriers_make(struct rng *rng, struct scn *scn)
{
    for (int i = 0; i < 2; i++) {
        struct scn_agent *agent = &scn->agents[scn->agent_count++];
        *agent = (struct scn_agent){.target_of = -1,
                                    .account = -1,
                                    .is_carrier = true,
                                    .has_prefix = true,
                                    .prefix = "49",
                                    .priority = i + 1,
                                    .takes_emergency = i == 1,
                                    .rule_count = 1};
        snprintf(agent->name, sizeof(agent->name), "c%d", i);
        snprintf(agent->user, sizeof(agent->user), "c%d", i);
        rule_make(rng, &agent->rules[0]);
        if (i == 0 && chance(rng, 40)) {
            agent->is_dead = chance(rng, 30);
            agent->rules[0].how = chance(rng, 50) ? UA_SILENT : UA_REJECT;
            agent->rules[0].status = 503;
        }
        if (i == 1) { /* the one that also takes emergency calls works */
            agent->rules[0].how = UA_ANSWER;
            agent->is_tcp = chance(rng, 20);
        }
    }
    if (chance(rng, 50)) {
        scn->number_count = 1;
        snprintf(scn->numbers[0].digits, sizeof(scn->numbers[0].digits), "4930555");
        scn->numbers[0].agent = 0;
        scn->numbers[0].account = scn->agents[0].account;
    }
}

static void prices_make(struct rng *rng, struct scn *scn)
{
    static const int increments[][2] = {{1, 1}, {6, 6}, {60, 60}, {30, 6}, {60, 1}};
    size_t which = (size_t)rng_below(rng, ARRAY_COUNT(increments));
    scn->price_count = 1;
    scn->prices[0] = (struct scn_price){.deck = SCN_DECK_SELL,
                                        .nano_per_min = between(rng, 1, 6000) * 10000000,
                                        .fee_micro = chance(rng, 30) ? 50000 : 0,
                                        .first_s = increments[which][0],
                                        .next_s = increments[which][1]};
    if (chance(rng, 30)) {
        scn->on_net = (struct scn_price){
            .nano_per_min = between(rng, 1, 100) * 10000000, .first_s = 1, .next_s = 1};
    }
    snprintf(scn->emergency, sizeof(scn->emergency), "112");
}

static struct scn_step *step_take(struct scn *scn, int64_t at_us, enum scn_verb verb)
{
    struct scn_step *step = &scn->steps[scn->step_count++];
    *step = (struct scn_step){.at_us = at_us, .verb = verb, .times = 1};
    return step;
}

static void act_make(struct rng *rng, struct scn *scn, int64_t at_us)
{
    static const enum scn_verb verbs[] = {
        SCN_CALL,      SCN_CALL,    SCN_CALL,      SCN_CALL,     SCN_CALL,       SCN_HANGUP,
        SCN_HOLD,      SCN_SEND,    SCN_RESUME,    SCN_TOPUP,    SCN_UNREGISTER, SCN_REGISTER,
        SCN_END_CALLS, SCN_SUSPEND, SCN_UNSUSPEND, SCN_UNSUSPEND};
    static const enum sip_method methods[] = {SIP_INFO, SIP_MESSAGE, SIP_UPDATE, SIP_OPTIONS};
    struct scn_step *step = step_take(scn, at_us, verbs[rng_below(rng, ARRAY_COUNT(verbs))]);
    int agent = (int)between(rng, 0, scn->agent_count - 3); /* a phone */
    bool is_of_account =
        step->verb == SCN_TOPUP || step->verb == SCN_SUSPEND || step->verb == SCN_UNSUSPEND;
    if (is_of_account) {
        step->account = (int)between(rng, 1, scn->account_count - 1);
        step->amount_micro = between(rng, 1, 10) * 1000000;
        return;
    }
    if (step->verb == SCN_END_CALLS) {
        return;
    }
    step->who = (struct scn_who){agent, 1};
    step->method = methods[rng_below(rng, ARRAY_COUNT(methods))];
    step->for_us = chance(rng, 70) ? between(rng, 500000, 40000000) : 0;
    step->cancel_us = chance(rng, 15) ? between(rng, 100000, 4000000) : 0;
    step->times = chance(rng, 10) ? between(rng, 2, 5) : 1;
    if (chance(rng, 8)) {
        snprintf(step->to, sizeof(step->to), "112");
        step->cancel_us = 0;
    } else if (chance(rng, 10) && scn->number_count > 0) {
        snprintf(step->to, sizeof(step->to), "4930555");
        step->who.first = scn->agent_count - 1;
    } else if (chance(rng, 50)) {
        snprintf(step->to, sizeof(step->to), "49895550");
    } else {
        snprintf(step->to, sizeof(step->to), "p%d", (int)between(rng, 0, scn->agent_count - 3));
    }
}

static void faults_make(struct rng *rng, struct scn *scn)
{
    static const enum scn_fault faults[] = {SCN_STOP, SCN_SLOW, SCN_FAIL_SYNC, SCN_LOCK, SCN_FULL};
    int64_t at_us = 0;
    for (int i = (int)between(rng, 0, 3); i > 0; i--) {
        at_us += between(rng, 1000000, 30000000);
        if (at_us >= DAY_US) {
            break;
        }
        struct scn_step *step = step_take(scn, at_us, SCN_STORE);
        step->fault = faults[rng_below(rng, ARRAY_COUNT(faults))];
        step->latency_us = between(rng, 50000, 1500000);
        at_us += between(rng, 1000000, 40000000);
        step_take(scn, at_us < DAY_US ? at_us : DAY_US, SCN_STORE)->fault = SCN_START;
    }
    for (int i = chance(rng, 40) ? (int)between(rng, 1, 3) : 0; i > 0; i--) {
        step_take(scn, between(rng, 1000000, DAY_US), SCN_EDGE)->fault = SCN_KILL;
    }
    step_take(scn, DAY_US, SCN_STORE)->fault = SCN_START;
}

static void sort(struct scn *scn)
{
    for (int i = 1; i < scn->step_count; i++) {
        struct scn_step step = scn->steps[i];
        int at = i;
        for (; at > 0 && scn->steps[at - 1].at_us > step.at_us; at--) {
            scn->steps[at] = scn->steps[at - 1];
        }
        scn->steps[at] = step;
    }
}

void edge_world_make(uint64_t seed, struct scn *out)
{
    struct rng rng;
    rng_init(&rng, seed ^ 0x6564676564617921);
    memset(out, 0, sizeof(*out));
    snprintf(out->title, sizeof(out->title), "day %lu", (unsigned long)seed);
    accounts_make(&rng, out);
    phones_make(&rng, out);
    carriers_make(&rng, out);
    prices_make(&rng, out);
    if (chance(&rng, 70)) {
        out->network = (struct scn_network){.loss_ppm = (uint32_t)between(&rng, 0, 50000),
                                            .repeat_ppm = (uint32_t)between(&rng, 0, 50000),
                                            .reorder_ppm = (uint32_t)between(&rng, 0, 100000),
                                            .delay_us = between(&rng, 500, 40000)};
    }
    for (int i = (int)between(&rng, 15, 60); i > 0; i--) {
        act_make(&rng, out, between(&rng, 0, DAY_US));
    }
    faults_make(&rng, out);
    sort(out);
    out->run_us = DAY_US + REST_US;
}
