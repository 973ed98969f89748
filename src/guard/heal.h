/* heal.h - when the supervisor starts, kills and stops a role.
 *
 * A role that died is always started again: at once up to 5 times in 60 s, then after a back-off
 * that doubles to 5 s at most, for ever, with an alarm. A role that is alive and does not answer is
 * killed only within a budget: 3 bad checks in a row, not more than 3 times in 10 minutes, 300 s
 * apart, and never while other roles do not answer either (then the machine is ill, and restarts
 * would only add to its load). Only the role's own health counts; a dependency that fails never
 * restarts anything.
 *
 * A state machine without process, signal or clock: the supervisor tells what happened and does
 * what is answered. It owns the struct; zeroed memory is a role that is not wanted.
 */
#ifndef DT_GUARD_HEAL_H
#define DT_GUARD_HEAL_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAL_TIMES_MAX 8

enum heal_state {
    HEAL_STOPPED = 0,
    HEAL_STARTING, /* its process runs and has not said that it is ready */
    HEAL_READY,
    HEAL_SUSPECT,  /* ready once; its last check or checks were bad */
    HEAL_WAITING,  /* died too often; starts at start_at_us */
    HEAL_KILLED,   /* we sent the signal; it has not died yet */
    HEAL_STOPPING, /* asked to end; it has not died yet */
};

enum heal_event {
    HEAL_EVENT_WANTED,
    HEAL_EVENT_UNWANTED,
    HEAL_EVENT_DIED, /* also: its process could not be started */
    HEAL_EVENT_CAME_UP,
    HEAL_EVENT_CHECK_GOOD,
    HEAL_EVENT_CHECK_BAD,            /* one each check_us at most: no answer in time */
    HEAL_EVENT_CHECK_BAD_EVERYWHERE, /* as above while heal_is_common says so */
    HEAL_EVENT_TIME,                 /* heal_deadline has come */
};

enum heal_act {
    HEAL_ACT_NONE = 0,
    HEAL_ACT_START,
    HEAL_ACT_STOP, /* SIGTERM */
    HEAL_ACT_KILL, /* SIGKILL */
};

struct heal_effect {
    enum heal_act act;
    bool is_alarm_raised; /* tell people, now */
    bool is_alarm_over;
    const char *why; /* a literal; NULL where nothing is to be said */
};

struct heal_terms {
    uint32_t at_once_max; /* starts without waiting in at_once_us; less than HEAL_TIMES_MAX */
    int64_t at_once_us;
    int64_t backoff_us; /* the first wait; doubles */
    int64_t backoff_max_us;
    int64_t start_patience_us; /* not ready by then: an alarm, never a kill */
    int64_t stop_patience_us;  /* not ended by then: killed */
    int64_t calm_us;           /* ready so long: the alarm is over */
    int64_t check_us;          /* how often the supervisor checks */
    uint32_t bad_checks_max;
    uint32_t kills_max; /* in kills_us; less than HEAL_TIMES_MAX */
    int64_t kills_us;
    int64_t kill_gap_us;
    int64_t common_us; /* roles with bad checks so near in time are ill together */
};

struct heal_times { /* the last few points in time, oldest overwritten */
    int64_t at_us[HEAL_TIMES_MAX];
    uint64_t count; /* ever */
};

struct heal {
    enum heal_state state;
    bool is_wanted_again; /* wanted while it was stopping */
    bool is_alarmed;
    bool has_bad_check;
    uint32_t bad_checks;
    uint32_t backoffs; /* in a row */
    int64_t since_us;  /* of the state */
    int64_t start_at_us;
    int64_t bad_check_at_us; /* the last one; if has_bad_check */
    uint64_t start_count;    /* ever */
    struct heal_times deaths;
    struct heal_times kills;
};

struct heal_terms heal_terms_default(void);

struct heal_effect heal_feed(struct heal *heal, const struct heal_terms *terms,
                             enum heal_event event, int64_t now_us);

/* Feed HEAL_EVENT_TIME then; INT64_MAX: nothing pending. */
int64_t heal_deadline(const struct heal *heal, const struct heal_terms *terms);

/* Did two roles or more have a bad check in the last common_us? Ask before feeding one, with
 * `suspect` (may be NULL) counted as if its check of now were bad. */
bool heal_is_common(const struct heal *const roles[], size_t role_count, const struct heal *suspect,
                    const struct heal_terms *terms, int64_t now_us);

const char *heal_state_name(enum heal_state state); /* "stopped", "starting", "ready", ... */

#endif
