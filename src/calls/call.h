/* call.h - one call in progress, as the edge that carries it knows it.
 *
 * The edge is a call-stateful, record-routing proxy: the dialog belongs to the phones. For each
 * side it keeps what it needs to end the call by itself (RFC 3261 12.2.1.1): the side's address and
 * tag, remote target, route set, and the CSeq numbers that it has seen. Side A called, side B was
 * called.
 */
#ifndef DT_CALLS_CALL_H
#define DT_CALLS_CALL_H

#include "base/pool.h"
#include "base/wheel.h"
#include "metering/meter.h"
#include "metering/usage.h"
#include "sip/msg.h"

#define CALL_BRANCHES_MAX 16
#define CALL_STEPS_MAX 8
#define CALL_ID_SIZE_MAX 512
#define CALL_TEXT_SIZE_MAX 2048
#define CALL_SIDE_SIZE_MAX 10000 /* all that is kept of a side */

enum call_state {
    CALL_FREE = 0,
    CALL_WAITING, /* for a lease: at most 250 ms */
    CALL_TRYING,  /* branches are out, nothing but 100 came back */
    CALL_RINGING, /* a provisional response above 100 came back */
    CALL_ANSWERED,
    CALL_ENDING, /* we sent BYE to both sides and await their answers; its usage is recorded */
    CALL_OVER    /* recorded; kept while its transactions may repeat */
};
const char *call_state_name(enum call_state state);

enum call_side_name { SIDE_A = 0, SIDE_B = 1 };

struct call_flow { /* where messages to a side go; as registrar's reg_flow, kept here as plain bytes
                    */
    uint8_t address[16];
    uint16_t port;
    uint8_t transport;
    uint8_t listener;
    uint64_t connection;
};

struct call_side {
    struct pool_block *texts; /* owns what the slices below point into */
    struct slice address;     /* the From or To value of this side, tag and all */
    struct slice tag;
    struct slice target; /* its Contact URI: the Request-URI of requests to it */
    struct slice routes; /* Route values for requests to it, comma-separated, ours left out */
    struct call_flow flow;
    uint32_t cseq_sent;     /* highest CSeq number sent to it, ours included (offset applied) */
    uint32_t cseq_offset;   /* added to the CSeq of requests to it, taken off its responses */
    uint32_t invite_offset; /* as it was for the last INVITE to it: its ACK must match */
    uint64_t trunk_id;      /* 0: an endpoint */
    bool
        is_reachable_by_uri; /* a trunk: follows Route and Request-URI where they name an address */
};

struct call_step { /* one trunk to try; what route_plan chose */
    uint64_t trunk_id;
    bool has_cost;
    struct rate cost;
    char number[48];
};

struct call {
    uint64_t key;               /* names the call to people and in MACs: random, never 0 */
    uint32_t index, generation; /* in its worker's slab */
    uint8_t state;              /* enum call_state */
    bool is_emergency, is_inbound, is_on_net;
    bool is_hot;         /* to a destination that fraud likes */
    bool is_unmetered;   /* the account is named in the record and pays nothing: free inbound */
    bool is_caller_told; /* a final response went upstream */
    bool has_start;      /* the step's trunk gave it one of its calls a second */
    bool is_restored;    /* came back from the journal: its transactions did not */
    bool has_ack;        /* the ACK for the 2xx was seen */
    bool is_cancelled;
    uint8_t end; /* enum usage_end, once ending */
    struct pool_block *call_id;
    uint64_t call_id_hash;
    struct call_side sides[2];
    struct meter meter;
    uint64_t account_id; /* who pays, or whose free call it is (is_unmetered); 0: nobody */
    uint64_t evidence_version;
    bool has_cost;
    struct rate cost;    /* of the branch that answered */
    uint64_t trunk_id;   /* it went out by, or came in from */
    uint64_t channel_id; /* the trunk of which it takes a channel now; 0: none */
    char caller[USAGE_PARTY_SIZE];
    char callee[USAGE_PARTY_SIZE];
    char user[64];   /* endpoint that is rung */
    uint16_t status; /* final status of the INVITE */
    char reason[USAGE_REASON_SIZE];
    uint16_t partial_count;
    int64_t partial_talk_us; /* covered by partial records */

    int64_t started_us, wall_start_us; /* INVITE */
    int64_t first_ring_us;             /* for PDD; 0: none yet */
    int64_t answered_us, wall_answer_us;
    int64_t heard_us; /* last message of either side: proof of life */

    /* What the call's one timer is set to: the earliest of these (INT64_MAX: not set). */
    struct wheel_timer timer;
    int64_t wait_at_us;    /* lease: last try */
    int64_t step_at_us;    /* a silent trunk is left */
    int64_t ring_at_us;    /* unanswered for too long */
    int64_t renew_at_us;   /* next slice */
    int64_t ack_at_us;     /* no ACK came */
    int64_t probe_at_us;   /* silent for long: OPTIONS to both sides */
    int64_t partial_at_us; /* hourly record */
    int64_t limit_at_us;   /* longest call */
    int64_t gone_at_us;    /* over: forget it */

    /* Unanswered: what is tried. */
    uint32_t invite_txn; /* server transaction of side A; SLAB_NONE */
    uint32_t invite_generation;
    char identity[24];                    /* number that the caller presents to a trunk; "" */
    uint32_t branches[CALL_BRANCHES_MAX]; /* client transactions of side B; SLAB_NONE: done */
    int branch_count;
    int step_at, step_count;
    int target_at;           /* of the step's trunk: how many of its targets were tried */
    struct call_step *steps; /* in a pool block: only while unanswered */
    struct pool_block *steps_block;
    struct pool_block *best; /* best final response so far, ready to go upstream */
    int best_status;
    struct pool_block *sent;   /* the INVITEs that are out, with where they went: a
                                * restarted edge cancels them and answers the caller */
    uint8_t probe_answers;     /* bit a side: it answered this probe */
    uint8_t probe_failures[2]; /* by side: probes in a row that it let time out */
};

/* Replaces a side's texts by copies of these. False: no room, or too long; nothing changed. */
MUST_CHECK bool call_side_set(struct pool *pool, struct call_side *side, struct slice address,
                              struct slice tag, struct slice target, struct slice routes);
void call_side_done(struct pool *pool, struct call_side *side);

/* Seconds of talk so far; 0 before the answer. */
int64_t call_talk_us(const struct call *call, int64_t now_us);

/* The usage record of this call, all but sequence, charge, ended_micro and talk limits. */
void call_usage(const struct call *call, int64_t wall_end_us, struct usage *out);

/* The journal's record of an open call: everything to go on with it after a restart. */
void call_encode(struct buf *out, const struct call *call, int64_t wall_now_us, int64_t now_us);
/* Monotonic times go on where the monotonic clock does; after a reboot they are made from wall
 * times by wall_now_us - now_us. False: damaged. The caller gives a zeroed call. */
MUST_CHECK bool call_decode(struct slice record, struct pool *pool, struct call *call,
                            int64_t wall_now_us, int64_t now_us);

/* Adds a branch to call->sent. False: no room. */
MUST_CHECK bool call_sent_add(struct pool *pool, struct call *call, const struct call_flow *to,
                              struct slice request);
/* Walks call->sent: false at the end. *rest starts as pool_slice(call->sent). */
bool call_sent_next(struct slice *rest, struct call_flow *to, struct slice *request);

/* What JOURNAL_CALL and JOURNAL_CALL_GONE begin with, to find the call without decoding it. */
MUST_CHECK bool call_record_key(struct slice record, uint64_t *key);

#endif
