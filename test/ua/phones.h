/* phones.h - the file that dialtone-phones reads. One statement a line, '#' begins a comment:
 *
 *   registrar 127.0.0.1:5060 [tcp]
 *   domain demo.local
 *   bind 127.0.0.1
 *   audio on
 *   phone alice password pw-alice [tcp] [port N] [expires 120s] [CLAUSES]
 *   carrier acme port 5070 [tcp] [CLAUSES]           takes calls to any number
 *   rule acme to 99 busy                              for numbers that end in 99
 *   calls alice to 4930123456 every 20s for 8s        also from a carrier: an inbound call
 *
 * CLAUSES say how a call is met: see words_rule.
 */
#ifndef DT_TEST_PHONES_H
#define DT_TEST_PHONES_H

#include "words.h"

#define PHONES_AGENTS_MAX 256
#define PHONES_PLANS_MAX 256

struct phones_agent {
    struct ua_config config;
    struct ua_rule rules[UA_RULES_MAX];
    int rule_count;
    bool is_carrier;
};

struct phones_plan { /* calls that are placed again and again */
    int agent;
    char to[UA_NAME_SIZE];
    int64_t every_us, hold_us;
};

struct phones_file {
    struct ua_address registrar;
    char domain[UA_NAME_SIZE];
    char bind[UA_HOST_SIZE];
    bool has_audio;
    struct phones_agent agents[PHONES_AGENTS_MAX];
    int agent_count;
    struct phones_plan plans[PHONES_PLANS_MAX];
    int plan_count;
};

/* False: `error` names the line and what is wrong with it. */
MUST_CHECK bool phones_file_parse(struct slice text, struct phones_file *out, char *error,
                                  size_t error_size);

#endif
