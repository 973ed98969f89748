/* storm.h - dialstorm: many phones at once, offered at a rate that does not ask whether the server
 * keeps up. One thread, no locks.
 *
 * An operation (op) sits in a slot; slot and generation are the text of its Call-ID, tags and
 * branches, so an answer finds its op without a table. Nothing that can be written again is kept:
 * at ten times what a server can do, some hundred thousand operations are open at a time.
 */
#ifndef DT_DIALSTORM_STORM_H
#define DT_DIALSTORM_STORM_H

#include "base/rng.h"
#include "base/wheel.h"
#include "dialload/auth.h"
#include "dialload/hist.h"
#include "dialload/net.h"
#include "dialload/reader.h"
#include "dialstorm/plan.h"

#define OP_ID_SIZE 14 /* hex digits: slot (6), generation (8) */
#define SOCKET_RUN 32 /* phones in a row that share a socket: their datagrams go together */
#define OP_SLOTS (1 << 21)
#define OP_ROUTE_MAX 448 /* Record-Route as the callee saw it, joined by ", " */
#define OP_ANSWER_MAX 1536
#define STATUS_MAX 700
#define T1_US INT64_C(500000) /* RFC 3261 17.1.1.1 */
#define T2_US INT64_C(4000000)
#define TIMER_F_US (64 * T1_US)
#define BIN_US INT64_C(100000)
#define BINS_MAX 4096

enum method {
    METHOD_REGISTER = 0,
    METHOD_INVITE,
    METHOD_ACK,
    METHOD_CANCEL,
    METHOD_BYE,
    METHOD_INFO
};

enum op_state {
    OP_FREE = 0,
    OP_ASKING,     /* REGISTER, INFO or BYE is sent */
    OP_INVITING,   /* INVITE is sent */
    OP_CANCELLING, /* the caller has given up and CANCEL is sent */
    OP_UP,         /* answered; BYE comes when its time has come */
    OP_HELD,       /* answered, and stays */
    OP_WAITING,    /* avalanche: the phone waits for its next attempt */
};

enum callee_state { CALLEE_IDLE = 0, CALLEE_ANSWERED, CALLEE_TALKING };

struct phone {
    struct held_nonce registrar_nonce, call_nonce;
    uint32_t register_cseq;
    char ha1[32]; /* MD5(user:realm:password) in hex */
    char ha2[32]; /* MD5(INVITE:URI of ha2_callee) in hex: who is called is mostly the same */
    uint32_t ha2_callee; /* phone number + 1; 0: none yet */
    bool has_ha1;
    uint8_t nonce_version[2]; /* of registrar_nonce and call_nonce: how often they changed */
};

struct op {
    enum op_state state;
    enum callee_state callee_state;
    enum work kind;
    enum method method; /* of the client transaction under way */
    uint32_t slot, generation;
    uint32_t caller, callee; /* phone numbers */
    uint32_t cseq, invite_cseq;
    uint32_t nc;     /* in its credentials, which a repetition carries again; 0: none yet */
    char digest[32]; /* the response in them, in hex */
    uint8_t transaction, invite_transaction;
    uint8_t phase;
    uint8_t challenge_count;
    uint8_t nonce_version;
    uint8_t attempt_count; /* avalanche: REGISTERs that ended without a 200 in a row */
    bool has_credentials, has_provisional;
    bool is_counted;                /* what became of it is in the tally */
    bool is_asking;                 /* a held call: its INFO is under way */
    bool was_answered;              /* 2xx to INVITE came */
    int64_t started_us, sent_us;    /* when it was due; when it was first sent */
    int64_t asked_us;               /* when this transaction began */
    int64_t interval_us, repeat_us; /* of its retransmissions; when the next is due */
    int64_t answer_until_us, answer_interval_us;
    uint16_t route_size, answer_size;
    struct wheel_timer client_timer, callee_timer;
};

struct op_text { /* written only for calls that reach their callee */
    char route[OP_ROUTE_MAX];
    char answer[OP_ANSWER_MAX];
};

struct tally {                      /* of one kind of work that began in one phase */
    uint64_t due, started, skipped; /* skipped: the generator was late by over LAG_MAX_US */
    uint64_t ok;                    /* ended well, within the patience */
    uint64_t ended_ok;              /* the same, of whatever phase it began in: ended in this one */
    uint64_t late;                  /* ended well, after it */
    uint64_t refused, given_up, timeouts;
    uint64_t challenges, sent, retransmits, received;
    uint64_t statuses[STATUS_MAX]; /* of the refusals */
    uint64_t retry_count;          /* refusals with Retry-After */
    uint64_t retry_min_s, retry_max_s, retry_sum_s;
    struct hist latency;  /* of those that ended well: from when they were first sent */
    struct hist lateness; /* from when they were due until they were sent: the generator's own */
};

struct bin {
    uint32_t started, ok;
};

struct storm {
    const struct plan *plan;
    struct net net;
    struct auth auth;
    struct wheel wheel;
    struct rng rng;
    struct phone *phones;
    struct op *ops;
    struct op_text *texts;
    uint32_t *free_slots; /* stack */
    uint32_t free_count, fresh_slot, generation;
    uint32_t under_way[WORK_COUNT];
    int64_t now_us, begin_us;
    uint32_t phase;
    struct tally (
        *tallies)[WORK_COUNT]; /* [phase][work]; phase 0 is what comes before the plan's */
    struct bin bins[WORK_COUNT][BINS_MAX]; /* by when it was due, from begin_us */
    uint64_t dead_invites, dead_requests;  /* what came to the socket of the dead phones */
    bool is_deaf; /* what comes in is thrown away: the network loses answers */
    uint64_t strays, unreadable;
    void (*on_registered)(struct storm *storm, struct op *op); /* NULL, or takes the op over */
    void (*on_unregistered)(struct storm *storm, struct op *op, int status, int64_t retry_s);
    void (*on_wait_over)(struct storm *storm, struct op *op);
};

bool storm_init(struct storm *storm, const struct plan *plan);
void storm_done(struct storm *storm);

/* Sends what is queued, takes in what came or waits for it until until_us, and fires timers. */
void storm_turn(struct storm *storm, int64_t until_us);

/* NULL: no slot is free. */
struct op *op_take(struct storm *storm, enum work kind, int64_t due_us);
void op_free(struct storm *storm, struct op *op);
struct op *op_find(struct storm *storm, struct slice id);
struct op_text *op_text(struct storm *storm, const struct op *op);
struct tally *op_tally(struct storm *storm, const struct op *op);
/* The last socket is that of the dead phones, if there are any. */
uint32_t phone_socket(const struct storm *storm, uint32_t phone);

/* Each may be called once for an op; later calls change nothing. */
void op_count_ok(struct storm *storm, struct op *op);
void op_count_refused(struct storm *storm, struct op *op, int status, int64_t retry_s);
void op_count_given_up(struct storm *storm, struct op *op);

/* Client transactions (RFC 3261 17.1): the request of op->method is written and sent; client_timer
 * is for its timer. */
void client_send(struct storm *storm, struct op *op);
void client_timer(struct storm *storm, struct op *op);
void client_transmit(struct storm *storm, struct op *op); /* writes and sends, no more */
/* Starts the timer for the next repetition or the end of the caller's patience. */
void client_arm(struct storm *storm, struct op *op);
int64_t client_retry_after_s(const struct message *message); /* -1: it has none */

void register_start(struct storm *storm, struct op *op, bool uses_held_nonce);
void register_response(struct storm *storm, struct op *op, const struct message *message);

void call_start(struct storm *storm, struct op *op);
void call_response(struct storm *storm, struct op *op, const struct message *message);
void call_give_up(struct storm *storm, struct op *op);
void call_hang_up(struct storm *storm, struct op *op);
void call_inform(struct storm *storm, struct op *op, int64_t due_us); /* INFO in a held call */
void call_acknowledge_refusal(struct storm *storm, const struct message *message,
                              uint32_t socket_index);

void callee_request(struct storm *storm, const struct message *message, uint32_t socket_index);
void callee_timer(struct storm *storm, struct op *op);

/* Whole runs; each prints its figures as JSON to plan->out. False: something could not be done. */
bool run_phases(struct storm *storm);
bool run_avalanche(struct storm *storm);
bool run_revive(struct storm *storm);

/* Registers phones [first, first + count), some at a time. False: not all within limit_us. */
bool storm_register_all(struct storm *storm, uint32_t first, uint32_t count, uint32_t at_once,
                        int64_t limit_us);

#endif
