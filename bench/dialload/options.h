/* options.h - what the command line asked of dialload: one target, and steps to run one by one. */
#ifndef DT_DIALLOAD_OPTIONS_H
#define DT_DIALLOAD_OPTIONS_H

#include "dialload/probe.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define OPTIONS_STEPS_MAX 32
#define OPTIONS_SOCKETS_MAX 64
#define OPTIONS_USERS_MAX 10000000 /* seven digits in a user's name */
#define OPTIONS_SLOTS_MAX (1 << 20)

enum step_mode {
    STEP_REGISTER = 0, /* as a phone that has no nonce: REGISTER, 401, REGISTER, 200 */
    STEP_REFRESH,      /* with the nonce held and nc one higher: REGISTER, 200 */
    STEP_OPTIONS,
    STEP_CALL,
    STEP_HANGUP, /* ends the calls that a step with --hold keep left up */
};

enum nonce_use { NONCE_HELD = 0, NONCE_FORGET };

enum algorithm_choice { ALGORITHM_FIRST = 0, ALGORITHM_MD5, ALGORITHM_SHA256 };

enum call_ender { ENDER_CALLER = 0, ENDER_CALLEE, ENDER_ALTERNATE };

struct step { /* a step inherits every value of the one before it */
    enum step_mode mode;
    char label[32];
    uint64_t count;       /* operations to start; 0: as many as fit into duration_us */
    int64_t duration_us;  /* start nothing after this; 0: no limit but count */
    int64_t limit_us;     /* operations still open at this time are given up */
    int64_t settle_us;    /* idle time before memory is read at the end */
    uint32_t concurrency; /* closed loop: operations under way */
    uint32_t rate_per_s;  /* open loop: starts a second whatever the answers do; 0: closed loop */
    uint32_t first_user, user_count;
    uint32_t expires_s;
    int64_t ring_us, hold_us;
    bool keeps_calls; /* calls stay up after the step */
    enum nonce_use call_nonce;
    enum call_ender ender;
};

struct options {
    struct sockaddr_storage target;
    socklen_t target_size;
    const char *domain;
    const char *json_path; /* NULL: none; "-": standard output */
    const char *list_path; /* NULL: none; a line for each call that is over */
    uint32_t socket_count;
    uint32_t source_count; /* 127.0.0.1 and those behind it; 0, 1: as the kernel chooses */
    bool sends_segments;   /* alike datagrams in a row pass the stack as one */
    uint32_t slot_count;   /* operations and kept calls at once */
    uint32_t show_count;   /* flawed messages to print in full */
    int64_t t1_us;
    enum algorithm_choice algorithm;
    struct probe_group groups[PROBE_GROUPS_MAX];
    uint32_t group_count;
    struct step steps[OPTIONS_STEPS_MAX];
    uint32_t step_count;
};

/* Reads argv; prints what is wrong (or the help) and returns false if there is nothing to run. */
bool options_read(struct options *options, int argc, char **argv);

const char *step_mode_name(enum step_mode mode);

#endif
