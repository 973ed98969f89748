/* worker.h - inside the edge: what its files share. Not for other folders.
 *
 * A message is handled by one worker from start to end. Its files:
 *     worker.c     the entry points: message, tick, wake
 *     reply.c      responses of our own, and where responses go
 *     refuse.c     what a request is worth under load, and its refusal from a glance (refuse.h)
 *     require.c    extensions that a request insists on
 *     trust.c      who sent this: digest, trunk ACL; which identities it may use
 *     admit.c      bans: what counts toward one, and who passes all the same
 *     register.c   REGISTER
 *     invite.c     a new call: trust, route, meter, record
 *     branch.c     a call's branches: send, fail over, cancel, choose the best response
 *     trunk.c      the next trunk that a call tries, its limits and its challenges
 *     answer.c     responses to a call's INVITE
 *     dialog.c     requests within a call, and their responses
 *     fraud.c      calls out that look like fraud: evidence for people
 *     destination.c  how much one destination may have unanswered; a trunk's calls a second
 *     finish.c     the end of a call: cut, BYE to both sides, usage
 *     restore.c    replay, probes
 *     txns.c       transactions: find, make, drop, their timers
 *     forward.c    a request or response rewritten for the next hop
 *     token.c      MACed branches, tags and Record-Route
 *     view.c       calls in progress, totals
 */
#ifndef DT_EDGE_WORKER_H
#define DT_EDGE_WORKER_H

#include "base/hash.h"
#include "base/map.h"
#include "base/pool.h"
#include "base/rng.h"
#include "base/slab.h"
#include "base/wheel.h"
#include "calls/call.h"
#include "edge/edge.h"
#include "guard/window.h"
#include "sip/txn.h"
#include "sip/write.h"

#define OUT_SIZE (SIP_MESSAGE_SIZE_MAX + 4096)
#define OVER_US 5000000         /* a call that ended is remembered so long */
#define OVER_CROWDED_US 1000000 /* the same when room runs out: its transactions answer repeats */
#define CANCEL_WAIT_US (64 * TXN_T1_US)
#define NO_ACK_US 32000000
#define PARKED_CANCEL_US 500000
#define PARKED_CANCELS_MAX 64 /* anybody may send them: more are answered 481 at once */
#define PARKED_SIZE_MAX 2048
#define WINDOW_COUNT_MAX 4096 /* destinations of which unanswered INVITEs are counted */
#define OWN_VIAS_MAX 5        /* more of our own Vias than that is a loop */

enum timer_kind { TIMER_TXN = 1, TIMER_CALL };

enum txn_purpose {
    PURPOSE_NONE = 0,
    PURPOSE_INVITE, /* the call's INVITE: server of side A, client a branch */
    PURPOSE_RELAY,  /* a request within the dialog, passed on */
    PURPOSE_OWN_BYE,
    PURPOSE_OWN_CANCEL,
    PURPOSE_PROBE,
    PURPOSE_PARKED /* a CANCEL that came before its INVITE */
};

struct edge_txn {
    struct txn machine;
    struct wheel_timer timer;
    uint64_t key;
    uint64_t flow_hash; /* client without an answer yet: in txn_by_flow's list; 0: not */
    uint32_t flow_next, flow_previous;
    uint64_t window_key;  /* branch: its destination's window; 0: none */
    int32_t window_count; /* messages of it that are counted there as unanswered */
    uint32_t index;
    uint32_t call, call_generation; /* SLAB_NONE: of no call */
    uint32_t peer, peer_generation; /* the other half of a relay */
    uint8_t purpose;                /* enum txn_purpose */
    uint8_t method;                 /* enum sip_method */
    uint8_t side;                   /* server: the side it came from; client: the side it goes to */
    bool is_client;
    bool is_cancelled; /* branch: CANCEL was sent, or is owed once a 1xx comes */
    bool has_provisional;
    bool has_tried_auth;
    bool has_answered; /* branch: its 2xx was taken */
    int step;          /* branch: which step of the plan; -1: an endpoint's contact */
    uint64_t trunk_id;
    int64_t give_up_us;           /* branch: cancelled, and no final response by then; 0: not set */
    uint32_t cseq_offset;         /* of the request that was sent, to be taken off its responses */
    struct reg_flow flow;         /* client: where to; server: where responses go */
    struct reg_flow source;       /* server: where the request came from */
    struct pool_block *message;   /* client: request as sent; server: last response */
    struct pool_block *request;   /* server: request as it came, until its final response */
    struct pool_block *early_tag; /* branch: To tags of its early dialogs, a space between */
    char branch[56];              /* client: our Via branch */
};

struct edge_worker {
    struct edge *edge;
    int index;
    struct edge_shell shell;
    struct rng rng;
    struct digest_context *digest;
    struct window_table *windows; /* by hash of flow */
    struct wheel wheel;
    struct slab txns, calls;
    struct map txn_by_key;
    struct map txn_by_flow; /* first of those that await an answer from one destination */
    struct map call_by_id;  /* hash of Call-ID */
    struct map call_by_key;
    struct pool pool;
    struct edge_time now; /* of the turn under way */
    uint32_t branch_counter;
    uint32_t parked_count; /* CANCELs that wait for their INVITE */
    _Atomic uint64_t counts[EDGE_COUNT_COUNT];
    _Atomic uint32_t calls_open, calls_answered, txn_count;
    _Atomic uint64_t memory_size; /* of the pool */
    bool is_replaying;
    int64_t last_alive_us; /* monotonic: the last heartbeat before the restart; 0: no restart */
    struct sip_msg parsed; /* a stored message, parsed again */
    /* The request under way, where a transaction keeps a copy: it need not be parsed again. */
    const struct sip_msg *kept_msg;
    const struct pool_block *kept_block; /* NULL: none */
    const struct sip_msg *named_msg;     /* the request under way, once asked for its key */
    uint64_t named_hash;                 /* of what names its transaction */
    struct sip_msg sent;                 /* a recorded INVITE, at replay */
    struct route_plan plan;
    struct reg_target targets[CALL_BRANCHES_MAX];
    char out[OUT_SIZE];     /* the message being written */
    char scratch[OUT_SIZE]; /* header lines for it */
    char event[4096];
};

/* ---- worker.c ---- */
void worker_count(struct edge_worker *worker, enum edge_count count);

bool has_listener(const struct edge_worker *worker);

/* ---- reply.c ---- */
void reply_flow(const struct sip_msg *request, const struct reg_flow *from, struct reg_flow *out);
bool flow_is_stream(const struct reg_flow *flow);
bool flow_equal(const struct reg_flow *a, const struct reg_flow *b);
bool flow_is_ipv6(const struct reg_flow *flow);
void send_to(struct edge_worker *worker, const struct reg_flow *to, struct slice message);

struct refusal { /* why, for the caller, the events and the counters */
    int status;
    const char *token; /* "no-credit": X-Reason and Reason text */
    const char *why;   /* a sentence, or NULL */
    uint64_t version;  /* evidence; 0: none */
    int retry_after_s; /* 0: none */
};
/* Without a transaction; the To tag is a MAC, so that any worker knows the ACK that follows. */
void reply_stateless(struct edge_worker *worker, const struct sip_msg *request,
                     const struct reg_flow *from, int status, const char *phrase,
                     struct slice lines);
void refusal_lines(struct buf *out, const struct refusal *refusal);
/* The same with the reason as a token, for people and programs; more: further header lines. */
void reply_why(struct edge_worker *worker, const struct sip_msg *request,
               const struct reg_flow *from, int status, const char *phrase, const char *token,
               struct slice more);
void refuse_stateless(struct edge_worker *worker, const struct sip_msg *request,
                      const struct reg_flow *from, const struct refusal *refusal);
void refusal_event(struct edge_worker *worker, const struct sip_msg *request,
                   const struct refusal *refusal, uint64_t account_id, const char *caller,
                   const char *callee);
/* Through a server transaction; the request that it kept is answered. */
void reply_txn(struct edge_worker *worker, struct edge_txn *txn, int status, const char *phrase,
               struct slice lines);

/* ---- require.c ---- */
/* False: the request insists on an extension that we lack, and was answered 420 (RFC 3261 16.3 step
 * 5; 8.2.2.3 where it is_for_us, who answer it, and not only its proxies). */
bool require_check(struct edge_worker *worker, const struct sip_msg *msg,
                   const struct reg_flow *from, bool is_for_us);

/* ---- txns.c ---- */
struct txn_name { /* what tells a request's transaction from all others (RFC 3261 17.2.3) */
    struct slice branch, host, call_id, from_tag;
    uint16_t port;
    uint32_t cseq;
};
uint64_t txn_name_key(const struct edge *edge, const struct txn_name *name, enum sip_method method);
/* Has any worker taken that INVITE lately? May forget; an answer of true may be another's. */
bool invite_is_seen(const struct edge *edge, uint64_t key);
uint64_t txn_server_key(struct edge_worker *worker, const struct sip_msg *msg,
                        enum sip_method method);
uint64_t txn_client_key(const struct edge_worker *worker, struct slice branch,
                        enum sip_method method);
struct edge_txn *txn_find(struct edge_worker *worker, uint64_t key);
uint64_t txn_flow_hash(const struct edge_worker *worker, const struct reg_flow *flow);
struct edge_txn *txn_at(struct edge_worker *worker, uint32_t index, uint32_t generation);
struct edge_txn *txn_server_new(struct edge_worker *worker, const struct sip_msg *msg,
                                const struct reg_flow *from, enum txn_purpose purpose);
/* Sends worker->out (the request written there) and keeps it for repetition. */
struct edge_txn *txn_client_new(struct edge_worker *worker, enum sip_method method,
                                const char *branch, const struct reg_flow *to, struct slice request,
                                enum txn_purpose purpose);
/* The same with a request that is kept already: the block is the transaction's from now on, and
 * given back where there is none. */
struct edge_txn *txn_client_take(struct edge_worker *worker, enum sip_method method,
                                 const char *branch, const struct reg_flow *to,
                                 struct pool_block *message, enum txn_purpose purpose);
void txn_drop(struct edge_worker *worker, struct edge_txn *txn);
void txn_arm(struct edge_worker *worker, struct edge_txn *txn);
/* Feeds the machine, repeats what it asks to repeat; returns what is left to do for the owner. END
 * is left to the caller too: it drops the transaction. */
unsigned txn_step(struct edge_worker *worker, struct edge_txn *txn, enum txn_event event,
                  int status);
void txn_send_response(struct edge_worker *worker, struct edge_txn *txn, int status,
                       struct slice response);
void txn_timer(struct edge_worker *worker, struct edge_txn *txn);
/* The request that a transaction keeps, parsed: in worker->parsed, or as it came in this turn.
 * NULL: it keeps none. */
const struct sip_msg *txn_parsed(struct edge_worker *worker, struct pool_block *block);

/* ---- token.c ---- */
void token_branch(struct edge_worker *worker, uint64_t call_key, char branch[56]);
void token_branch_numbered(const struct edge *edge, uint64_t call_key, uint32_t number,
                           char branch[56]);
bool token_branch_key(const struct edge *edge, struct slice branch, uint64_t *call_key);
#define TOKEN_TAG_SIZE 18
void token_tag_write(const struct edge *edge, struct slice branch, struct slice call_id,
                     struct slice from_tag, uint32_t cseq, char tag[TOKEN_TAG_SIZE]);
bool token_tag_is_ours(const struct edge *edge, const struct sip_msg *request);
/* "dt=<key>-<side>-<mac>": 37 characters. */
void token_route(const struct edge *edge, uint64_t call_key, enum call_side_name side,
                 struct buf *out);
bool token_route_read(const struct edge *edge, const struct sip_uri *uri, uint64_t *call_key,
                      enum call_side_name *side);

/* The same from the parameter's value alone, as it stands in a message that is not parsed. */
bool token_route_read_value(const struct edge *edge, struct slice value, uint64_t *call_key,
                            enum call_side_name *side);

/* ---- forward.c ---- */
struct forward {
    struct slice uri;            /* Request-URI; empty: keep */
    const struct reg_flow *from; /* it came from: for received/rport; NULL: leave the Via */
    const struct reg_flow *to;
    const char *branch;
    bool has_record_route;
    uint64_t call_key;
    struct slice routes; /* Route values to put in front of what is left; or empty */
    uint32_t cseq_add;
    struct slice lines;    /* more headers, at the end */
    bool is_from_endpoint; /* whose Diversion and History-Info go no further */
    bool replaces_routes;  /* Route of the message is left out: only `routes` counts */
};
/* The request for the next hop, in worker->out; the empty slice: it does not fit. */
struct slice forward_request(struct edge_worker *worker, const struct sip_msg *msg,
                             const struct forward *forward);
/* A response without our Via, for side `to_side` of the call; cseq_sub is taken off. status: 0
 * keeps. */
struct slice forward_response(struct edge_worker *worker, const struct sip_msg *msg,
                              uint64_t call_key, enum call_side_name to_side, uint32_t cseq_sub,
                              struct slice lines);
int listener_for(const struct edge *edge, const struct reg_flow *to);
void via_write(struct edge_worker *worker, const struct reg_flow *to, const char *branch,
               struct buf *out); /* the value */
bool is_own_uri(const struct edge *edge, const struct sip_uri *uri);
/* "sip:user@host:port" of a flow. False: no such address. */
bool flow_from_uri(const struct edge *edge, const struct sip_uri *uri, uint8_t transport,
                   struct reg_flow *out);

/* ---- trust.c ---- */
struct caller { /* who sent a request */
    bool is_trunk;
    const struct trunk *trunk; /* valid while the epoch is online: this turn */
    struct endpoint endpoint;
    char user[ENDPOINT_USER_SIZE];
};
/* True: known. False: the request was answered (challenge, 403, 503, 400). */
bool trust_caller(struct edge_worker *worker, const struct sip_msg *msg,
                  const struct reg_flow *from, bool is_register, struct caller *out);
bool is_emergency_call(const struct edge *edge, const struct sip_msg *msg);
bool is_emergency_uri(const struct edge *edge, const struct sip_uri *uri);
bool trust_identity(const struct sip_msg *msg, const struct caller *caller, const struct edge *edge,
                    char identity[NUMBER_SIZE]);

/* ---- admit.c ---- */
/* A request without credentials is challenged: as whom did it ask? */
void admit_tried(struct edge_worker *worker, const struct sip_msg *msg,
                 const struct reg_flow *from);
void admit_wrong(struct edge_worker *worker, const struct sip_msg *msg, const struct reg_flow *from,
                 const struct digest_credentials *credentials);
/* Credentials were right. */
void admit_right(struct edge_worker *worker, const struct sip_msg *msg, const struct reg_flow *from,
                 const struct digest_credentials *credentials);
/* A method that is refused to all who are not in a dialog. */
void admit_probe(struct edge_worker *worker, const struct sip_msg *msg, const struct reg_flow *from,
                 enum ban_evidence evidence);
bool admit_may_answer_broken(struct edge_worker *worker, const struct reg_flow *from);

/* ---- register.c ---- */
void on_register(struct edge_worker *worker, const struct sip_msg *msg,
                 const struct reg_flow *from);

/* ---- pay.c ---- */
bool is_free_call(const struct call *call); /* nobody is asked for money: no meter counts it */
/* payer: its account as it is now; NULL: looked up. */
void call_try_meter(struct edge_worker *worker, struct call *call, const struct account *payer,
                    bool is_last_try);
/* The next slice, or the end at the paid second. */
void call_renew(struct edge_worker *worker, struct call *call);

/* ---- invite.c ---- */
void on_invite(struct edge_worker *worker, const struct sip_msg *msg, const struct reg_flow *from);
struct call *call_at(struct edge_worker *worker, uint32_t index, uint32_t generation);
struct call *call_by_key(struct edge_worker *worker, uint64_t key);
struct call *call_new(struct edge_worker *worker, struct slice call_id);
void call_forget(struct edge_worker *worker, struct call *call);
void call_arm(struct edge_worker *worker, struct call *call);
void call_journal(struct edge_worker *worker, struct call *call);
void call_timer(struct edge_worker *worker, struct call *call);
void call_event(struct edge_worker *worker, const struct call *call, const char *kind);
struct edge_txn *call_invite_txn(struct edge_worker *worker, const struct call *call);
uint64_t call_id_hash(const struct edge *edge, struct slice call_id);
/* Takes a channel of that trunk instead of the one it has; 0: of none. */
void call_channel(struct edge_worker *worker, struct call *call, uint64_t trunk_id);
void call_ring_done(struct edge_worker *worker, struct call *call); /* gives back what only an
                                                                     * unanswered call needs */

/* ---- branch.c ---- */
void branches_start(struct edge_worker *worker, struct call *call); /* first step, or endpoint */
void branches_cancel(struct edge_worker *worker, struct call *call, uint32_t except);
bool branches_pending(struct edge_worker *worker, const struct call *call);
struct edge_txn *branch_at(struct edge_worker *worker, const struct call *call, int branch);
void branch_cancel(struct edge_worker *worker, struct edge_txn *txn);
struct call_flow flow_to_call(const struct reg_flow *flow);
struct reg_flow flow_of_call(const struct call_flow *flow);
/* A branch is over without an answer: remember the best, try the next step, or tell the caller. */
void branch_failed(struct edge_worker *worker, struct call *call, struct edge_txn *txn, int status,
                   const struct sip_msg *response);
void branch_provisional(struct edge_worker *worker, struct call *call, struct edge_txn *txn);
void call_step_timeout(struct edge_worker *worker, struct call *call);
/* This transaction is no branch of the call any more. */
void branch_detach(struct edge_worker *worker, struct call *call, struct edge_txn *txn);
struct outgoing { /* a branch that is written but not yet sent: the record goes first */
    struct pool_block *request;
    struct reg_flow to;
    char branch[56];
    bool is_flow_lost;
};
/* False: it does not fit. Once all are written the call is journalled, then each is sent. */
bool branch_write(struct edge_worker *worker, struct call *call, const struct sip_msg *msg,
                  const struct forward *forward, struct outgoing *out);
struct edge_txn *branch_send(struct edge_worker *worker, struct call *call, struct outgoing *out,
                             int step);

/* ---- trunk.c ---- */
/* Sends the call to the next target of the plan's trunks that can be tried now (RFC 3263 4.3).
 * False: none is left; *why is set where one was there and had no room. */
bool trunk_next(struct edge_worker *worker, struct call *call, struct refusal *why);
/* Counts how the trunk of this branch did, for the order in which equals are tried. */
void trunk_note(struct edge_worker *worker, const struct call *call, const struct edge_txn *txn,
                bool is_answered);
/* The header that answers a trunk's challenge of txn's request, with the trunk's credentials. */
bool trunk_answer_write(struct edge_worker *worker, const struct edge_txn *txn,
                        const struct sip_msg *response, struct buf *out);
bool branch_authenticate(struct edge_worker *worker, struct call *call, struct edge_txn *txn,
                         const struct sip_msg *response);

/* ---- fraud.c ---- */
/* A paid call that may go out; is_refused: that may not, by a limit of its account. */
void fraud_note_call(struct edge_worker *worker, const struct call *call, bool is_refused);
void fraud_note_refusal(struct edge_worker *worker, const struct route_plan *plan);

/* ---- destination.c ---- */
#define DESTINATION_BUSY_S 2 /* Retry-After: a suspect is probed every second */
/* May an INVITE of this call go there? False: the destination does not answer what it has. */
bool destination_takes(struct edge_worker *worker, const struct call *call,
                       const struct reg_flow *to);
void destination_sent(struct edge_worker *worker, struct edge_txn *txn); /* a branch, or a repeat */
bool destination_takes_repeat(struct edge_worker *worker, const struct edge_txn *txn);
void destination_heard(struct edge_worker *worker, struct edge_txn *txn);
/* Counted no longer. is_silent: it was waited for in vain. */
void destination_left(struct edge_worker *worker, struct edge_txn *txn, bool is_silent);
/* Counts a call against the trunk's calls a second. False: it has had as many. */
bool trunk_start_take(struct edge_worker *worker, const struct call *call,
                      const struct trunk *trunk);

/* ---- answer.c ---- */
void on_response(struct edge_worker *worker, const struct sip_msg *msg,
                 const struct reg_flow *from);
/* ACKs and ends a leg that nobody wants (a 2xx that crossed our end, or an unpaid second one). */
void leg_end(struct edge_worker *worker, const struct sip_msg *answer, const struct reg_flow *to,
             uint64_t call_key, const char *reason);
bool branch_has_early_tag(const struct edge_txn *txn, struct slice tag);
/* Route values from Record-Route, ours left out; reversed for the caller's side of an answer. */
bool routes_from_records(const struct edge *edge, const struct sip_msg *msg, bool is_reversed,
                         struct buf *out);

/* ---- dialog.c ---- */
void on_in_dialog(struct edge_worker *worker, const struct sip_msg *msg,
                  const struct reg_flow *from);
void on_ack(struct edge_worker *worker, const struct sip_msg *msg, const struct reg_flow *from);
void on_cancel(struct edge_worker *worker, const struct sip_msg *msg, const struct reg_flow *from);
void on_relay_response(struct edge_worker *worker, struct edge_txn *txn, const struct sip_msg *msg,
                       const struct reg_flow *from);
void relay_failed(struct edge_worker *worker, struct edge_txn *txn, int status);

/* ---- finish.c ---- */
int64_t over_us(const struct edge_worker *worker); /* how long a call that ended is remembered */
/* Records the usage of a call that is over at mono time end_us and takes it off the meter. */
void call_record(struct edge_worker *worker, struct call *call, enum usage_end end,
                 const char *reason, int64_t end_us, bool is_estimated);
/* Ends a call by ourselves: BYE to both sides, or CANCEL and a final response. */
void call_end(struct edge_worker *worker, struct call *call, enum usage_end end, int status,
              const char *token, const char *text);
void call_partial(struct edge_worker *worker, struct call *call);
/* Final response to the caller of an unanswered call, then its record. */
void call_refuse(struct edge_worker *worker, struct call *call, const struct refusal *refusal,
                 enum usage_end end);
/* A request of our own within the dialog, to one side: BYE or OPTIONS. */
struct edge_txn *send_own(struct edge_worker *worker, struct call *call, enum call_side_name side,
                          enum sip_method method, struct slice lines);
void on_own_response(struct edge_worker *worker, struct edge_txn *txn, int status);
/* A trunk challenged a BYE or OPTIONS of ours: sent again with its credentials. False: not so. */
bool own_authenticate(struct edge_worker *worker, struct edge_txn *txn,
                      const struct sip_msg *response);
const char *reason_of_status(int status);

/* ---- restore.c ---- */
int64_t call_last_alive(const struct edge_worker *worker, const struct call *call);
void call_probe(struct edge_worker *worker, struct call *call);
void probe_answered(struct edge_worker *worker, struct call *call, enum call_side_name side,
                    int status);

#endif
