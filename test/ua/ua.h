/* ua.h - a SIP user agent as an engine: a phone, or a carrier's gateway.
 *
 * Messages and the time go in; messages to send and events come out (struct ua_effects). Nothing
 * here opens a socket, reads a clock or draws a random number except from the seed it was given,
 * so one engine serves the demo phones, the scenarios on loopback and the simulator.
 *
 * Times are microseconds of the caller's monotonic clock. A call is named by its index, which is
 * reused some time after the call ended; events carry it.
 */
#ifndef DT_TEST_UA_H
#define DT_TEST_UA_H

#include "sip/msg.h"

#define UA_NAME_SIZE 96
#define UA_HOST_SIZE 64
#define UA_REASON_SIZE 128
#define UA_RULES_MAX 16
#define UA_MESSAGE_SIZE_MAX 6000 /* of what a user agent sends */
#define UA_METHODS 16            /* more than the highest enum sip_method */
#define UA_NEVER INT64_MAX

struct ua_address {
    char host[UA_HOST_SIZE]; /* IP as text, IPv6 without brackets */
    uint16_t port;
    bool is_tcp;
};

enum ua_answer {
    UA_ANSWER = 0,
    UA_REJECT,    /* with `status`, after answer_after_us */
    UA_RING_ONLY, /* rings, or plays early media, and never answers */
    UA_SILENT     /* not even 100 */
};

struct ua_rule {     /* how calls to a number are met; the longest matching suffix counts */
    char suffix[32]; /* of the Request-URI's user; empty matches all */
    enum ua_answer how;
    int status;
    int64_t ring_after_us;   /* UA_NEVER: does not ring */
    int64_t answer_after_us; /* from the INVITE */
    int64_t hangup_after_us; /* BYE that long after the answer; 0: never */
    bool has_early_media;    /* 183 with SDP instead of 180 */
    bool is_reliable;        /* 18x with 100rel where the caller supports it (RFC 3262) */
    bool is_deaf_to_cancel;  /* answers when the CANCEL comes: the two cross */
};

struct ua_config {
    char user[UA_NAME_SIZE];
    char auth_user[UA_NAME_SIZE]; /* empty: user */
    char password[UA_NAME_SIZE];
    char domain[UA_NAME_SIZE];
    struct ua_address local; /* what Via and Contact say */
    struct ua_address proxy; /* where requests outside dialogs go */
    uint16_t rtp_port;
    uint32_t expires_s; /* asked for at REGISTER */
    uint64_t seed;
    int call_count_max;
    bool is_any_user; /* takes calls to every user part (a carrier) */
    bool has_100rel;  /* says Supported: 100rel when it calls, and sends PRACK */
    bool follows_refer;
    /* A carrier that challenges: INVITEs outside dialogs need these. Empty: it does not. */
    char wants_user[UA_NAME_SIZE];
    char wants_password[UA_NAME_SIZE];
};

struct ua_call_options {
    const char *to;          /* user or number, in the proxy's domain */
    const char *from_user;   /* instead of one's own; NULL: own */
    const char *asserted;    /* P-Asserted-Identity; NULL: none */
    int64_t cancel_after_us; /* 0: never */
    int64_t hangup_after_us; /* after the answer; 0: never */
};

enum ua_event_kind {
    UA_EV_REGISTERED = 0,
    UA_EV_REGISTER_FAILED,
    UA_EV_UNREGISTERED,
    UA_EV_INCOMING,
    UA_EV_PROGRESS, /* 18x came; status */
    UA_EV_ANSWERED,
    UA_EV_REFUSED, /* final non-2xx to a call of ours, or 408 of our own */
    UA_EV_MISSED,  /* an incoming call ended before it was answered */
    UA_EV_ENDED,
    UA_EV_REQUEST, /* a request within a dialog came */
    UA_EV_RESPONSE /* the final response to one of ours */
};

struct ua_event {
    enum ua_event_kind kind;
    int call; /* -1: none */
    enum sip_method method;
    int status;
    int64_t talk_us;
    bool is_by_us;
    bool is_unheard; /* refused by our own timer: no final response came */
    char peer[UA_NAME_SIZE];
    char reason[UA_REASON_SIZE];   /* Reason header of the BYE, CANCEL or response */
    char x_reason[UA_REASON_SIZE]; /* X-Reason */
};

const char *ua_event_name(enum ua_event_kind kind);

enum ua_effect_kind { UA_DO_SEND = 0, UA_DO_TELL };

struct ua_effect {
    enum ua_effect_kind kind;
    struct slice bytes; /* lives in the effects' block */
    struct ua_address to;
    uint64_t flow; /* the connection that the request came on; 0: find one by address */
    struct ua_event event;
};

struct ua_effects { /* the caller owns list and block, and empties both with ua_effects_clear */
    struct ua_effect *list;
    int count, count_max;
    char *block;
    size_t block_size, used_size;
    bool is_full; /* something was lost */
};

struct ua_stats {
    uint64_t registered, register_failed, register_challenged, unregistered;
    uint64_t placed, answered_out, refused_out, answered_in, incoming, missed;
    uint64_t repeated_2xx; /* the same answer again: ACKed again */
    uint64_t extra_2xx;    /* another fork answered: ACKed and ended */
    uint64_t bye_in, bye_out, bye_refused, acked, unacked;
    uint64_t ended_by_timeout;
    uint64_t bad_messages, strays;
    uint32_t finals[700];            /* final responses to our calls, by status */
    uint32_t got[UA_METHODS];        /* requests that came, without repeats, by enum sip_method */
    uint32_t ok[UA_METHODS];         /* 2xx to our requests within dialogs */
    uint32_t failed[UA_METHODS];     /* other finals, and time-outs */
    int64_t talk_out_us, talk_in_us; /* of ended calls: answer (or ACK) to BYE */
    int64_t pdd_sum_us, pdd_max_us;  /* INVITE to the first 18x or final */
    uint64_t pdd_count;
    char last_reason[UA_REASON_SIZE], last_x_reason[UA_REASON_SIZE];
    char last_from[UA_NAME_SIZE]; /* user part of From, and the whole P-Asserted-Identity, of the */
    char last_asserted[UA_REASON_SIZE]; /* last INVITE that came */
    char last_to[UA_NAME_SIZE];         /* and its Request-URI's user */
};

struct ua_media { /* where a call's audio goes now */
    char host[UA_HOST_SIZE];
    uint16_t port;
    bool is_sending; /* neither side put the call on hold */
};

struct ua;

struct ua *ua_new(const struct ua_config *config); /* NULL: no memory */
void ua_free(struct ua *ua);

/* Replaces all rules. Without any, calls ring at once and are answered after 1 s. */
void ua_set_rules(struct ua *ua, const struct ua_rule *rules, int rule_count);

void ua_effects_clear(struct ua_effects *out);

void ua_feed(struct ua *ua, struct slice bytes, const struct ua_address *from, uint64_t flow,
             int64_t now_us, struct ua_effects *out);
int64_t ua_deadline(const struct ua *ua); /* call ua_tick then; UA_NEVER: nothing is pending */
void ua_tick(struct ua *ua, int64_t now_us, struct ua_effects *out);

void ua_register(struct ua *ua, int64_t now_us, struct ua_effects *out);
void ua_unregister(struct ua *ua, int64_t now_us, struct ua_effects *out);
bool ua_is_registered(const struct ua *ua);
/* The connection broke: what waited for an answer fails, and a registered phone registers again
 * within 1 s (RFC 5626 4.4.1). */
void ua_flow_lost(struct ua *ua, int64_t now_us, struct ua_effects *out);

/* The call's index, or -1: no room. */
int ua_call(struct ua *ua, const struct ua_call_options *options, int64_t now_us,
            struct ua_effects *out);

/* BYE, CANCEL or 486, as the state of the call asks. */
void ua_hangup(struct ua *ua, int call, int64_t now_us, struct ua_effects *out);
void ua_hangup_all(struct ua *ua, int64_t now_us, struct ua_effects *out);
int ua_calls_open(const struct ua *ua);           /* not yet ended, answered or not */
int ua_calls_talking(const struct ua *ua);        /* answered and not ended */
int ua_call_first(const struct ua *ua, int from); /* first answered call at or after from; -1 */
bool ua_is_idle(const struct ua *ua);             /* no call, and no request waits for its answer */

/* Within an answered call: INFO, MESSAGE, OPTIONS, UPDATE; REFER with the target's user in
 * `argument`. False: there is no such call. */
bool ua_send(struct ua *ua, int call, enum sip_method method, const char *argument, int64_t now_us,
             struct ua_effects *out);
/* re-INVITE; is_hold: sendonly, else sendrecv. */
bool ua_reinvite(struct ua *ua, int call, bool is_hold, int64_t now_us, struct ua_effects *out);

bool ua_call_media(const struct ua *ua, int call, struct ua_media *out); /* false: no audio now */
const struct ua_stats *ua_stats(const struct ua *ua);
int64_t ua_talk_us(const struct ua *ua, bool is_out, int64_t now_us); /* with calls in progress */
const struct ua_config *ua_config(const struct ua *ua);

#endif
