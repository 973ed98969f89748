/* scn.h - a scenario: who there is, what happens when, and what must be true afterwards.
 *
 * One file is run unchanged by the simulator (virtual time) and against the real program over
 * loopback. README.md in this folder describes the language; scn_parse reads it, scn_run plays it
 * in a world (scn_world.h). Nothing here does I/O.
 */
#ifndef DT_TEST_SCN_H
#define DT_TEST_SCN_H

#include "account/account.h"
#include "words.h"

#define SCN_ACCOUNTS_MAX 16
#define SCN_AGENTS_MAX 256
#define SCN_NUMBERS_MAX 32
#define SCN_PRICES_MAX 32
#define SCN_STEPS_MAX 256
#define SCN_EXPECTS_MAX 96
#define SCN_NAME_SIZE 32
#define SCN_TEXT_SIZE 128

struct scn_account {
    char name[SCN_NAME_SIZE];
    int64_t balance_micro;
    int64_t grace_micro;   /* -1: of its class */
    int64_t day_micro;     /* NO_LIMIT */
    int64_t minute_micro;  /* 0: no limit */
    int64_t ceiling_micro; /* of a price a minute; 0: no limit */
    char opens[64];        /* hot destinations that it may call */
    int32_t channels_max, cps_max;
    bool is_new, is_suspended;
};

struct scn_agent { /* a phone, or a carrier's gateway */
    char name[SCN_NAME_SIZE];
    char user[SCN_NAME_SIZE];
    bool is_carrier;
    int account;       /* index; -1: none (a carrier) */
    char password[64]; /* what the phone uses */
    bool has_wrong_password;
    char identity[NUMBER_SIZE]; /* the endpoint's own number; empty: none */
    bool is_tcp, is_ipv6;
    bool stays_away; /* does not register by itself */
    bool is_dead;    /* a carrier whose port is closed */
    bool is_second;  /* another device of an endpoint that is there */
    bool takes_emergency;
    char prefix[NUMBER_SIZE]; /* carrier: numbers that go to it */
    bool has_prefix;
    int32_t priority;
    int32_t cps_limit; /* carrier: calls a second; 0: no limit */
    int target_of;     /* carrier: another address of that carrier's host name; -1 */
    bool is_named;     /* carrier: its trunk has a host name, which others are targets of */
    uint32_t expires_s;
    char trunk_user[64], trunk_password[64]; /* the carrier challenges; empty: it does not */
    int rule_count;
    struct ua_rule rules[UA_RULES_MAX];
};

struct scn_number {
    char digits[NUMBER_SIZE];
    int account;
    int agent;
};

enum scn_deck { SCN_DECK_SELL = 0, SCN_DECK_INBOUND, SCN_DECK_COST, SCN_DECK_COUNT };

struct scn_price {
    enum scn_deck deck;
    char prefix[NUMBER_SIZE];
    int64_t nano_per_min;
    int64_t fee_micro;
    int first_s, next_s;
    int agent; /* the carrier whose cost it is */
    int64_t minimum_micro;
    int64_t free_s;
    char steps[64];     /* as in a deck's CSV; empty: none */
    char window[64];    /* the same */
    char effective[32]; /* the same */
};

struct scn_who { /* agents first..last; count 0: nobody was named */
    int first, count;
};

enum scn_verb {
    SCN_CALL = 0,
    SCN_HANGUP,
    SCN_CANCEL,
    SCN_HOLD,
    SCN_RESUME,
    SCN_SEND, /* method within the call */
    SCN_REGISTER,
    SCN_UNREGISTER,
    SCN_RULE,  /* how calls are met from now on */
    SCN_STORE, /* what happens to the database: fault */
    SCN_EDGE,
    SCN_WEB,
    SCN_TOPUP,
    SCN_LOCK_MONEY, /* so much of a balance; 0 ends it */
    SCN_SUSPEND,
    SCN_UNSUSPEND,
    SCN_END_CALLS /* the operator ends all calls */
};

enum scn_fault {
    SCN_STOP = 0, /* every statement fails */
    SCN_START,    /* all is well again */
    SCN_SLOW,
    SCN_FAIL_READ,
    SCN_FAIL_WRITE,
    SCN_FAIL_SYNC,
    SCN_FULL,
    SCN_LOCK, /* exclusively, by another process */
    SCN_DELETE,
    SCN_REPLACE,
    SCN_KILL /* of a role */
};

struct scn_step {
    int line;
    int64_t at_us;
    enum scn_verb verb;
    struct scn_who who;
    char to[UA_NAME_SIZE];
    char from[UA_NAME_SIZE];     /* empty: own identity */
    char asserted[UA_NAME_SIZE]; /* empty: none */
    int64_t times;
    int64_t every_us; /* between the times; 0: all at once */
    int64_t for_us, cancel_us;
    enum sip_method method;
    enum scn_fault fault;
    int64_t latency_us;
    int account;
    int64_t amount_micro;
    struct ua_rule rule;
};

enum scn_metric {
    SCN_TALK = 0, /* of callers, us */
    SCN_HEARD,    /* of callees, us */
    SCN_PLACED,
    SCN_ANSWERED,
    SCN_REFUSED,
    SCN_INCOMING, /* INVITEs that came */
    SCN_MISSED,
    SCN_CODE, /* finals with `code` */
    SCN_BYES_IN,
    SCN_BYES_REFUSED,
    SCN_EXTRA, /* forks that answered too and were ended */
    SCN_UNACKED,
    SCN_OPEN, /* calls that are still up */
    SCN_REGISTERED,
    SCN_GOT, /* requests of `method` */
    SCN_OK,
    SCN_FAILED,
    SCN_PDD, /* longest, us */
    SCN_REASON,
    SCN_FROM,
    SCN_ASSERTED,
    SCN_BALANCE,
    SCN_CDRS,
    SCN_AUDIT,
    SCN_ALERTED, /* from time 0 to the event fraud.suspected of `account`, us */
    SCN_BACK     /* from the edge's death to its first answer, us */
};

enum scn_compare { SCN_EQUAL = 0, SCN_AT_LEAST, SCN_AT_MOST };

struct scn_expect {
    int line;
    enum scn_metric metric;
    struct scn_who who;
    int account; /* -1 */
    int code;
    enum sip_method method;
    enum scn_compare compare;
    int64_t value, tolerance;
    bool is_absent; /* of a text: must not be there */
    char text[SCN_TEXT_SIZE];
};

struct scn_network { /* simulator only; in parts per million */
    uint32_t loss_ppm, repeat_ppm, reorder_ppm;
    int64_t delay_us;
};

struct scn {
    char title[SCN_TEXT_SIZE];
    bool is_drill; /* too long for the everyday run */
    bool is_sim_only, is_real_only;
    struct scn_account accounts[SCN_ACCOUNTS_MAX];
    int account_count;
    struct scn_agent agents[SCN_AGENTS_MAX];
    int agent_count;
    struct scn_number numbers[SCN_NUMBERS_MAX];
    int number_count;
    struct scn_price prices[SCN_PRICES_MAX];
    int price_count;
    struct scn_price on_net; /* nano_per_min 0: free */
    char emergency[NUMBER_SIZE];
    struct scn_network network;
    struct scn_step steps[SCN_STEPS_MAX]; /* by time */
    int step_count;
    struct scn_expect expects[SCN_EXPECTS_MAX];
    int expect_count;
    int64_t run_us; /* length of the time line */
};

/* False: `error` is one sentence that names line and word. */
MUST_CHECK bool scn_parse(struct slice text, struct scn *out, char *error, size_t error_size);

/* A deck's rows as CSV; empty: the scenario has no such price. */
void scn_deck_csv(const struct scn *scn, enum scn_deck deck, struct buf *out);
void scn_cost_csv(const struct scn *scn, int agent, struct buf *out); /* what a carrier charges */

const char *scn_metric_name(enum scn_metric metric);

#endif
