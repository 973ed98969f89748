#include "scn_world.h"

#include "scn_check.h"

#include <stdio.h>
#include <string.h>

#define REGISTER_WAIT_US 8000000 /* phones that stay out longer are as they are */
#define STEP_WAIT_US 50000
#define LEAVE_US 4000000
#define SCN_SERIES_MAX 16

void scn_agent_config(const struct scn *scn, int index, struct ua_config *out)
{
    const struct scn_agent *agent = &scn->agents[index];
    *out = (struct ua_config){.expires_s = agent->expires_s,
                              .call_count_max = agent->is_carrier ? 2048 : 128,
                              .is_any_user = agent->is_carrier,
                              .has_100rel = true,
                              .follows_refer = true};
    snprintf(out->user, sizeof(out->user), "%s", agent->user);
    snprintf(out->password, sizeof(out->password), "%s%s", agent->password,
             agent->has_wrong_password ? "-not" : "");
    snprintf(out->wants_user, sizeof(out->wants_user), "%s", agent->trunk_user);
    snprintf(out->wants_password, sizeof(out->wants_password), "%s", agent->trunk_password);
}

static void flush(const struct scn_world *world, int index)
{
    world->flush(world->ctx, index);
}

static bool is_everybody_in(const struct scn *scn, const struct scn_world *world)
{
    for (int i = 0; i < scn->agent_count; i++) {
        const struct scn_agent *agent = &scn->agents[i];
        struct ua *ua = world->agent(world->ctx, i);
        bool must = !agent->is_carrier && !agent->stays_away && !agent->has_wrong_password;
        if (must && !ua_is_registered(ua)) {
            return false;
        }
        if (agent->has_wrong_password && ua_stats(ua)->register_failed == 0) {
            return false;
        }
    }
    return true;
}

static void register_all(const struct scn *scn, const struct scn_world *world)
{
    int64_t until_us = world->now_us(world->ctx) + REGISTER_WAIT_US;
    for (int i = 0; i < scn->agent_count; i++) {
        struct ua *ua = world->agent(world->ctx, i);
        ua_set_rules(ua, scn->agents[i].rules, scn->agents[i].rule_count);
        if (!scn->agents[i].is_carrier && !scn->agents[i].stays_away) {
            ua_register(ua, world->now_us(world->ctx), world->out(world->ctx));
            flush(world, i);
        }
    }
    while (!is_everybody_in(scn, world) && world->now_us(world->ctx) < until_us) {
        world->advance(world->ctx, world->now_us(world->ctx) + STEP_WAIT_US);
    }
}

static void place(const struct scn_world *world, const struct scn_step *step, int index)
{
    struct ua_call_options options = {.to = step->to,
                                      .from_user = step->from[0] ? step->from : NULL,
                                      .asserted = step->asserted[0] ? step->asserted : NULL,
                                      .cancel_after_us = step->cancel_us,
                                      .hangup_after_us = step->for_us};
    int64_t count = step->every_us > 0 ? 1 : step->times;
    for (int64_t i = 0; i < count; i++) {
        (void)ua_call(world->agent(world->ctx, index), &options, world->now_us(world->ctx),
                      world->out(world->ctx));
        flush(world, index);
    }
}

/* What one agent does. False: it has no call to do it with. */
static bool agent_act(const struct scn_world *world, const struct scn_step *step, int index)
{
    struct ua *ua = world->agent(world->ctx, index);
    struct ua_effects *out = world->out(world->ctx);
    int64_t now_us = world->now_us(world->ctx);
    int call = ua_call_first(ua, 0);
    switch (step->verb) {
    case SCN_CALL:
        place(world, step, index);
        return true;
    case SCN_HANGUP:
    case SCN_CANCEL:
        ua_hangup_all(ua, now_us, out);
        return true;
    case SCN_HOLD:
        return ua_reinvite(ua, call, true, now_us, out);
    case SCN_RESUME:
        return ua_reinvite(ua, call, false, now_us, out);
    case SCN_SEND:
        return ua_send(ua, call, step->method, step->to, now_us, out);
    case SCN_REGISTER:
        ua_register(ua, now_us, out);
        return true;
    case SCN_UNREGISTER:
        ua_unregister(ua, now_us, out);
        return true;
    case SCN_RULE:
        ua_set_rules(ua, &step->rule, 1);
        return true;
    case SCN_STORE:
    case SCN_EDGE:
    case SCN_WEB:
    case SCN_TOPUP:
    case SCN_LOCK_MONEY:
    case SCN_SUSPEND:
    case SCN_UNSUSPEND:
    case SCN_END_CALLS:
        break;
    }
    return false;
}

static bool step_play(const struct scn_world *world, const struct scn_step *step,
                      char why[SCN_WHY_SIZE])
{
    if (step->who.count == 0) {
        char reason[SCN_WHY_SIZE - 40] = "";
        bool is_done = world->act(world->ctx, step, reason);
        if (!is_done) {
            snprintf(why, SCN_WHY_SIZE, "line %d: %s", step->line, reason);
        }
        return is_done || world->is_lenient;
    }
    for (int i = step->who.first; i < step->who.first + step->who.count; i++) {
        bool is_done = agent_act(world, step, i);
        flush(world, i);
        if (!is_done && !world->is_lenient) {
            snprintf(why, SCN_WHY_SIZE, "line %d: %s has no answered call at that time", step->line,
                     ua_config(world->agent(world->ctx, i))->user);
            return false;
        }
    }
    return true;
}

/* Everybody hangs up, so that what the ledger says can become final. */
static void leave(const struct scn *scn, const struct scn_world *world)
{
    int64_t until_us = world->now_us(world->ctx) + LEAVE_US;
    bool is_idle = false;
    for (int i = 0; i < scn->agent_count; i++) {
        ua_hangup_all(world->agent(world->ctx, i), world->now_us(world->ctx),
                      world->out(world->ctx));
        flush(world, i);
    }
    while (!is_idle && world->now_us(world->ctx) < until_us) {
        world->advance(world->ctx, world->now_us(world->ctx) + STEP_WAIT_US);
        is_idle = true;
        for (int i = 0; i < scn->agent_count; i++) {
            is_idle = is_idle && ua_is_idle(world->agent(world->ctx, i));
        }
    }
}

/* Calls of steps with `every`, which go on beside the steps that follow. */
struct series {
    const struct scn_step *step;
    int64_t next_us, left;
};

static struct series *series_first(struct series *series, int count)
{
    struct series *first = NULL;
    for (int i = 0; i < count; i++) {
        if (series[i].left > 0 && (first == NULL || series[i].next_us < first->next_us)) {
            first = &series[i];
        }
    }
    return first;
}

static void advance(const struct scn_world *world, struct series *series, int count,
                    int64_t until_us)
{
    for (;;) {
        struct series *first = series_first(series, count);
        if (first == NULL || first->next_us > until_us) {
            break;
        }
        world->advance(world->ctx, first->next_us);
        const struct scn_who *who = &first->step->who;
        for (int i = who->first; i < who->first + who->count; i++) {
            place(world, first->step, i);
        }
        first->next_us += first->step->every_us;
        first->left--;
    }
    world->advance(world->ctx, until_us);
}

enum scn_verdict scn_run(const struct scn *scn, const struct scn_world *world,
                         char why[SCN_WHY_SIZE])
{
    why[0] = 0;
    register_all(scn, world);
    int64_t origin_us = world->now_us(world->ctx);
    struct series series[SCN_SERIES_MAX];
    int series_count = 0;
    for (int i = 0; i < scn->step_count; i++) {
        const struct scn_step *step = &scn->steps[i];
        advance(world, series, series_count, origin_us + step->at_us);
        if (!step_play(world, step, why)) {
            return SCN_FAIL;
        }
        if (step->every_us > 0 && series_count == SCN_SERIES_MAX) {
            snprintf(why, SCN_WHY_SIZE, "more than %d calls with every", SCN_SERIES_MAX);
            return SCN_FAIL;
        }
        if (step->every_us > 0) {
            series[series_count++] =
                (struct series){step, origin_us + step->at_us + step->every_us, step->times - 1};
        }
    }
    advance(world, series, series_count, origin_us + scn->run_us);
    if (!scn_check_agents(scn, world, why)) {
        return SCN_FAIL;
    }
    leave(scn, world);
    return scn_check_ledger(scn, world, origin_us, why) ? SCN_PASS : SCN_FAIL;
}
