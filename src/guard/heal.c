#include "guard/heal.h"

#include <assert.h>

#define S INT64_C(1000000)

struct heal_terms heal_terms_default(void)
{
    return (struct heal_terms){
        .at_once_max = 5,
        .at_once_us = 60 * S,
        .backoff_us = S / 4,
        .backoff_max_us = 5 * S,
        .start_patience_us = 30 * S,
        .stop_patience_us = 4 * S,
        .calm_us = 120 * S,
        .check_us = 5 * S,
        .bad_checks_max = 3,
        .kills_max = 3,
        .kills_us = 600 * S,
        .kill_gap_us = 300 * S,
        .common_us = 60 * S,
    };
}

const char *heal_state_name(enum heal_state state)
{
    switch (state) {
    case HEAL_STOPPED:
        return "stopped";
    case HEAL_STARTING:
        return "starting";
    case HEAL_READY:
        return "ready";
    case HEAL_SUSPECT:
        return "suspect";
    case HEAL_WAITING:
        return "waiting";
    case HEAL_KILLED:
        return "killed";
    case HEAL_STOPPING:
        return "stopping";
    }
    return "stopped";
}

static void times_add(struct heal_times *times, int64_t now_us)
{
    times->at_us[times->count++ % HEAL_TIMES_MAX] = now_us;
}

/* How many of those kept lie within the last span_us. */
static uint32_t times_within(const struct heal_times *times, int64_t span_us, int64_t now_us)
{
    uint32_t count = 0;
    for (size_t i = 0; i < HEAL_TIMES_MAX && i < times->count; i++) {
        count += now_us - times->at_us[i] < span_us ? 1U : 0U;
    }
    return count;
}

static void enter(struct heal *heal, enum heal_state state, int64_t now_us)
{
    heal->state = state;
    heal->since_us = now_us;
}

static struct heal_effect quiet(void)
{
    return (struct heal_effect){HEAL_ACT_NONE, false, false, NULL};
}

static struct heal_effect act(enum heal_act what, const char *why)
{
    return (struct heal_effect){.act = what, .why = why};
}

/* One alarm for one trouble: what goes on is not told again. */
static struct heal_effect alarm_too(struct heal *heal, struct heal_effect effect)
{
    effect.is_alarm_raised = !heal->is_alarmed;
    heal->is_alarmed = true;
    return effect;
}

static struct heal_effect start(struct heal *heal, int64_t now_us, const char *why)
{
    heal->bad_checks = 0;
    heal->is_wanted_again = false;
    heal->start_count++;
    enter(heal, HEAL_STARTING, now_us);
    return act(HEAL_ACT_START, why);
}

static struct heal_effect died(struct heal *heal, const struct heal_terms *terms, int64_t now_us)
{
    assert(terms->at_once_max < HEAL_TIMES_MAX);
    times_add(&heal->deaths, now_us);
    if (times_within(&heal->deaths, terms->at_once_us, now_us) <= terms->at_once_max) {
        heal->backoffs = 0;
        return start(heal, now_us, "died; started again at once");
    }
    int64_t wait_us = terms->backoff_us;
    for (uint32_t i = 0; i < heal->backoffs && wait_us < terms->backoff_max_us; i++) {
        wait_us *= 2;
    }
    wait_us = wait_us < terms->backoff_max_us ? wait_us : terms->backoff_max_us;
    heal->backoffs++;
    heal->start_at_us = now_us + wait_us;
    enter(heal, HEAL_WAITING, now_us);
    return alarm_too(heal, act(HEAL_ACT_NONE, "dies again and again; starts after a wait"));
}

static struct heal_effect check_good(struct heal *heal, const struct heal_terms *terms,
                                     int64_t now_us)
{
    heal->bad_checks = 0;
    if (heal->state == HEAL_SUSPECT) {
        enter(heal, HEAL_READY, now_us);
        return act(HEAL_ACT_NONE, "answers its checks again");
    }
    if (!heal->is_alarmed || now_us - heal->since_us < terms->calm_us) {
        return quiet();
    }
    heal->is_alarmed = false;
    heal->backoffs = 0;
    return (struct heal_effect){.is_alarm_over = true, .why = "ready and calm again"};
}

static bool may_kill(const struct heal *heal, const struct heal_terms *terms, int64_t now_us)
{
    assert(terms->kills_max < HEAL_TIMES_MAX);
    return times_within(&heal->kills, terms->kill_gap_us, now_us) == 0 &&
           times_within(&heal->kills, terms->kills_us, now_us) < terms->kills_max;
}

static struct heal_effect check_bad(struct heal *heal, const struct heal_terms *terms,
                                    bool is_everywhere, int64_t now_us)
{
    heal->has_bad_check = true;
    heal->bad_check_at_us = now_us;
    heal->bad_checks++;
    if (heal->state == HEAL_READY) {
        enter(heal, HEAL_SUSPECT, now_us);
    }
    if (heal->bad_checks < terms->bad_checks_max) {
        return quiet();
    }
    if (is_everywhere) {
        return alarm_too(heal, act(HEAL_ACT_NONE, "several roles do not answer; none is killed"));
    }
    if (!may_kill(heal, terms, now_us)) {
        return alarm_too(heal, act(HEAL_ACT_NONE, "does not answer; the budget of kills is spent"));
    }
    times_add(&heal->kills, now_us);
    enter(heal, HEAL_KILLED, now_us);
    return alarm_too(heal, act(HEAL_ACT_KILL, "does not answer its checks"));
}

static struct heal_effect stop(struct heal *heal, int64_t now_us)
{
    heal->is_wanted_again = false;
    enter(heal, HEAL_STOPPING, now_us);
    return act(HEAL_ACT_STOP, "asked to stop");
}

static struct heal_effect when_stopped(struct heal *heal, enum heal_event event, int64_t now_us)
{
    return event == HEAL_EVENT_WANTED ? start(heal, now_us, "wanted") : quiet();
}

static struct heal_effect when_starting(struct heal *heal, const struct heal_terms *terms,
                                        enum heal_event event, int64_t now_us)
{
    switch (event) {
    case HEAL_EVENT_UNWANTED:
        return stop(heal, now_us);
    case HEAL_EVENT_DIED:
        return died(heal, terms, now_us);
    case HEAL_EVENT_CAME_UP:
        enter(heal, HEAL_READY, now_us);
        return act(HEAL_ACT_NONE, "ready");
    case HEAL_EVENT_TIME:
        /* It may be reading a large file, and would read it again after a kill. */
        if (now_us - heal->since_us >= terms->start_patience_us && !heal->is_alarmed) {
            return alarm_too(heal, act(HEAL_ACT_NONE, "takes long to become ready"));
        }
        return quiet();
    case HEAL_EVENT_WANTED:
    case HEAL_EVENT_CHECK_GOOD:
    case HEAL_EVENT_CHECK_BAD:
    case HEAL_EVENT_CHECK_BAD_EVERYWHERE:
        return quiet();
    }
    return quiet();
}

static struct heal_effect when_running(struct heal *heal, const struct heal_terms *terms,
                                       enum heal_event event, int64_t now_us)
{
    switch (event) {
    case HEAL_EVENT_UNWANTED:
        return stop(heal, now_us);
    case HEAL_EVENT_DIED:
        return died(heal, terms, now_us);
    case HEAL_EVENT_CHECK_GOOD:
        return check_good(heal, terms, now_us);
    case HEAL_EVENT_CHECK_BAD:
        return check_bad(heal, terms, false, now_us);
    case HEAL_EVENT_CHECK_BAD_EVERYWHERE:
        return check_bad(heal, terms, true, now_us);
    case HEAL_EVENT_WANTED:
    case HEAL_EVENT_CAME_UP:
    case HEAL_EVENT_TIME:
        return quiet();
    }
    return quiet();
}

static struct heal_effect when_waiting(struct heal *heal, enum heal_event event, int64_t now_us)
{
    if (event == HEAL_EVENT_UNWANTED) {
        enter(heal, HEAL_STOPPED, now_us);
        return act(HEAL_ACT_NONE, "stopped while it waited to start");
    }
    if (event == HEAL_EVENT_TIME && now_us >= heal->start_at_us) {
        return start(heal, now_us, "started after a wait");
    }
    return quiet();
}

static struct heal_effect when_killed(struct heal *heal, enum heal_event event, int64_t now_us)
{
    if (event == HEAL_EVENT_UNWANTED) {
        enter(heal, HEAL_STOPPING, now_us);
    } else if (event == HEAL_EVENT_DIED) {
        /* Our own doing, and already counted: not one of its deaths. */
        return start(heal, now_us, "killed; started again");
    }
    return quiet();
}

static struct heal_effect when_stopping(struct heal *heal, const struct heal_terms *terms,
                                        enum heal_event event, int64_t now_us)
{
    switch (event) {
    case HEAL_EVENT_WANTED:
        heal->is_wanted_again = true;
        return quiet();
    case HEAL_EVENT_UNWANTED:
        heal->is_wanted_again = false;
        return quiet();
    case HEAL_EVENT_DIED:
        if (heal->is_wanted_again) {
            return start(heal, now_us, "wanted again");
        }
        enter(heal, HEAL_STOPPED, now_us);
        return act(HEAL_ACT_NONE, "stopped");
    case HEAL_EVENT_TIME:
        if (now_us - heal->since_us >= terms->stop_patience_us) {
            heal->since_us = now_us;
            return act(HEAL_ACT_KILL, "did not stop in time");
        }
        return quiet();
    case HEAL_EVENT_CAME_UP:
    case HEAL_EVENT_CHECK_GOOD:
    case HEAL_EVENT_CHECK_BAD:
    case HEAL_EVENT_CHECK_BAD_EVERYWHERE:
        return quiet();
    }
    return quiet();
}

struct heal_effect heal_feed(struct heal *heal, const struct heal_terms *terms,
                             enum heal_event event, int64_t now_us)
{
    switch (heal->state) {
    case HEAL_STOPPED:
        return when_stopped(heal, event, now_us);
    case HEAL_STARTING:
        return when_starting(heal, terms, event, now_us);
    case HEAL_READY:
    case HEAL_SUSPECT:
        return when_running(heal, terms, event, now_us);
    case HEAL_WAITING:
        return when_waiting(heal, event, now_us);
    case HEAL_KILLED:
        return when_killed(heal, event, now_us);
    case HEAL_STOPPING:
        return when_stopping(heal, terms, event, now_us);
    }
    return quiet();
}

int64_t heal_deadline(const struct heal *heal, const struct heal_terms *terms)
{
    switch (heal->state) {
    case HEAL_STARTING:
        return heal->is_alarmed ? INT64_MAX : heal->since_us + terms->start_patience_us;
    case HEAL_WAITING:
        return heal->start_at_us;
    case HEAL_STOPPING:
        return heal->since_us + terms->stop_patience_us;
    case HEAL_STOPPED:
    case HEAL_READY:
    case HEAL_SUSPECT:
    case HEAL_KILLED:
        return INT64_MAX;
    }
    return INT64_MAX;
}

bool heal_is_common(const struct heal *const roles[], size_t role_count, const struct heal *suspect,
                    const struct heal_terms *terms, int64_t now_us)
{
    size_t bad_count = 0;
    for (size_t i = 0; i < role_count; i++) {
        const struct heal *role = roles[i];
        bool was_bad = role->has_bad_check && now_us - role->bad_check_at_us < terms->common_us;
        bad_count += was_bad || role == suspect ? 1U : 0U;
    }
    return bad_count >= 2;
}
