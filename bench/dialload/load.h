/* load.h - the phones, the operations under way, and what became of them.
 *
 * One thread, no locks. An operation (job) sits in a slot; its slot and generation are the text of
 * its Call-ID, tags and branches, so an answer finds its job without a table, and an answer to a
 * job that is over is told apart.
 */
#ifndef DT_DIALLOAD_LOAD_H
#define DT_DIALLOAD_LOAD_H

#include "base/wheel.h"
#include "dialload/auth.h"
#include "dialload/hist.h"
#include "dialload/net.h"
#include "dialload/options.h"

#include <stdio.h>

#define JOB_ID_SIZE 14 /* hex digits: slot (6), generation (8) */
#define JOB_ROUTE_MAX 512
#define JOB_MESSAGE_MAX 1792
#define LOAD_STATUS_MAX 700

enum method { METHOD_REGISTER = 0, METHOD_OPTIONS, METHOD_INVITE, METHOD_ACK, METHOD_BYE };

enum side { SIDE_CALLER = 0, SIDE_CALLEE };

enum job_state {
    JOB_FREE = 0,
    JOB_ASKING,   /* REGISTER or OPTIONS is sent */
    JOB_INVITING, /* INVITE is sent */
    JOB_UP,       /* 200 came and ACK is sent */
    JOB_ENDING,   /* BYE is sent */
};

enum callee_state {
    CALLEE_IDLE = 0,
    CALLEE_REFUSED, /* the INVITE was not as it must be */
    CALLEE_RINGING,
    CALLEE_ANSWERED, /* 200 is sent, ACK is awaited */
    CALLEE_TALKING,
    CALLEE_OVER,
};

enum outcome { OUTCOME_OK = 0, OUTCOME_FAILED, OUTCOME_TIMEOUT, OUTCOME_CUT, OUTCOME_UNFINISHED };

/* What was wrong with a message from the server. */
enum flaw {
    FLAW_NONE = 0,
    FLAW_VIA, /* response: not exactly our Via, or no rport filled in (RFC 3581 4) */
    FLAW_CALL_ID,
    FLAW_CSEQ,
    FLAW_FROM,
    FLAW_TO,
    FLAW_TO_TAG,    /* missing, or not the callee's */
    FLAW_CHALLENGE, /* none that we can answer */
    FLAW_BINDING, /* 200 to REGISTER without exactly our contact and a life within what we asked */
    FLAW_CONTACT,
    FLAW_BODY,
    FLAW_RECORD_ROUTE, /* missing, or not what the callee saw */
    FLAW_REQUEST_URI,  /* relayed request: not the other side's contact */
    FLAW_RELAYED_VIA,  /* relayed request: not the server's Via above the sender's */
    FLAW_MAX_FORWARDS, /* not lowered */
    FLAW_ROUTE_LEFT,   /* relayed request: Route not consumed */
    FLAW_SOCKET,       /* came to a socket where its phone is not */
    FLAW_FORKED,       /* a second INVITE with another branch to the same contact */
    FLAW_UNEXPECTED,   /* a message that this state does not know */
    FLAW_COUNT,
};

struct phone {
    struct held_nonce registrar_nonce, call_nonce;
    uint32_t register_cseq;
    bool is_busy; /* a REGISTER of it is under way */
};

struct job {
    enum job_state state;
    enum callee_state callee_state;
    enum outcome outcome;
    enum flaw flaw;     /* the first found */
    enum method method; /* of the request under way */
    enum side sender;   /* who sent it */
    uint32_t slot, generation;
    uint32_t caller, callee; /* phone numbers */
    uint32_t cseq;           /* of the request under way */
    uint32_t invite_cseq;
    uint8_t transaction; /* last byte of the branch of the request under way */
    uint8_t invite_transaction;
    uint8_t challenge_count;
    bool has_credentials;
    bool has_provisional;
    bool has_ringing;
    bool is_kept; /* a call that an earlier step left up */
    int64_t started_us, asked_us;
    int64_t interval_us, answer_interval_us;
    int64_t rang_us, answered_us; /* when the callee sent 180 and its first 200 */
    int64_t up_us, ended_us;      /* when the caller had the 200, and the first BYE was sent */
    int status;                   /* the last final one to a request of ours; 0: none */
    uint64_t callee_branch_hash;
    struct wheel_timer client_timer, callee_timer;
    uint16_t record_route_size, sent_size, answer_size;
    char record_route[JOB_ROUTE_MAX]; /* as the callee saw it, joined by ", " */
    char sent[JOB_MESSAGE_MAX];       /* the last request */
    char answer[JOB_MESSAGE_MAX];     /* the callee's last response to INVITE */
};

struct stats { /* of one step */
    uint64_t started, not_started;
    uint64_t outcomes[OUTCOME_UNFINISHED + 1];
    uint64_t flawed;                    /* operations with at least one flaw; not in ok */
    uint64_t flaws[FLAW_COUNT];         /* messages */
    uint64_t statuses[LOAD_STATUS_MAX]; /* final statuses that failed an operation */
    uint64_t challenges;
    uint64_t stale;       /* challenges to a request that carried credentials */
    uint64_t retransmits; /* by us */
    uint64_t duplicates;  /* by the server, or of ours */
    uint64_t reordered;   /* 18x behind the 200 */
    uint64_t ringing_missed;
    uint64_t strays; /* of operations that are over */
    uint64_t unreadable;
    uint64_t probes;         /* OPTIONS that the server sent to a phone */
    struct hist latency;     /* operation; a call: INVITE to 200, without the time it rings */
    struct hist end_latency; /* BYE to 200 */
};

struct load {
    const struct options *options;
    const struct step *step;
    struct net net;
    struct auth auth;
    struct wheel wheel;
    struct phone *phones;
    uint32_t phone_count;
    struct job *jobs;
    uint32_t *free_slots; /* stack */
    uint32_t free_count, fresh_slot;
    uint32_t generation;
    uint32_t under_way, kept_count;
    uint32_t shown_count;
    FILE *list; /* NULL: none is wanted */
    int64_t now_us;
    struct stats *stats;
};

bool load_init(struct load *load, const struct options *options);
void load_done(struct load *load);

/* A slot, or NULL: all are taken. Counts it as under way. */
struct job *load_job_take(struct load *load);

/* The operation is over; its slot is free afterwards. */
void load_job_finish(struct load *load, struct job *job, enum outcome outcome);

/* The call is up and stays so; it is over as an operation of this step. */
void load_job_keep(struct load *load, struct job *job);

/* Notes a flaw, and shows the message if few were shown. */
void load_job_flaw(struct load *load, struct job *job, enum flaw flaw, struct slice message);

/* Sends job->sent as a new request of its sender and starts its retransmissions. */
void load_request_send(struct load *load, struct job *job);

/* The client's retransmission timer fired (RFC 3261 17.1: A, B, E, F). */
void load_request_repeat(struct load *load, struct job *job);

/* A 401 or 407: the nonce is held, and true says to ask again with it; else the operation failed.
 */
bool load_take_challenge(struct load *load, struct job *job, struct held_nonce *nonce,
                         const struct message *message);
uint32_t load_phone_socket(const struct load *load, uint32_t phone);
uint32_t load_job_phone(const struct job *job, enum side side);
const char *flaw_name(enum flaw flaw);
const char *method_name(enum method method);

#endif
