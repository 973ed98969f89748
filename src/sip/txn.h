/* txn.h - the four transactions of RFC 3261 17 with the corrections of RFC 6026, as state machines.
 *
 * A transaction here is timing and state only; its owner keeps the bytes, matches messages to it
 * and carries out the actions. Times are microseconds of the monotonic clock.
 *
 *     unsigned todo = txn_feed(&txn, TXN_EV_RESPONSE, 200, now_us);
 *     if (todo & TXN_DO_RETRANSMIT) ...
 *     next call: at txn.deadline_us, with TXN_EV_TIMER
 */
#ifndef DT_SIP_TXN_H
#define DT_SIP_TXN_H

#include <stdbool.h>
#include <stdint.h>

#define TXN_T1_US 500000
#define TXN_T2_US 4000000
#define TXN_T4_US 5000000

enum txn_kind {
    TXN_INVITE_CLIENT = 0, /* RFC 3261 17.1.1 */
    TXN_CLIENT,            /* 17.1.2 */
    TXN_INVITE_SERVER,     /* 17.2.1 */
    TXN_SERVER             /* 17.2.2 */
};

enum txn_state {
    TXN_TERMINATED = 0,
    TXN_CALLING,
    TXN_TRYING,
    TXN_PROCEEDING,
    TXN_COMPLETED,
    TXN_ACCEPTED, /* RFC 6026 */
    TXN_CONFIRMED
};

enum txn_event {
    TXN_EV_REQUEST = 0, /* server: the same request again */
    TXN_EV_ACK,         /* server INVITE: ACK to a non-2xx */
    TXN_EV_RESPONSE,    /* client: a response came, with its status */
    TXN_EV_SEND,        /* server: the TU sends a response, with its status */
    TXN_EV_TIMER,       /* deadline_us has come */
    TXN_EV_TRANSPORT_ERROR
};

/* What the owner must do now; may be several. */
enum txn_do {
    TXN_DO_RETRANSMIT = 1 << 0, /* send the request (client) or the last response (server) again */
    TXN_DO_SEND = 1 << 1,       /* server: send this response */
    TXN_DO_PASS = 1 << 2,       /* client: hand this response to the TU (a 2xx may come often) */
    TXN_DO_ACK = 1 << 3,        /* client INVITE: send the ACK for this non-2xx final */
    TXN_DO_TIMEOUT = 1 << 4,    /* client: no answer in time (acts as 408); server: no ACK came */
    TXN_DO_FAILED = 1 << 5,     /* transport error: acts as 503 */
    TXN_DO_END = 1 << 6         /* terminated: the owner may drop it */
};

struct txn {
    uint8_t kind;     /* enum txn_kind */
    uint8_t state;    /* enum txn_state */
    bool is_reliable; /* TCP, TLS, WebSocket: no retransmissions (timers A, E, G), no D, I, J, K */
    int16_t status;   /* last response seen or sent */
    int64_t deadline_us;   /* when to feed TXN_EV_TIMER; INT64_MAX: never */
    int64_t resend_at_us;  /* timers A, E, G */
    int64_t give_up_at_us; /* timers B, D, F, H, I, J, K, L, M */
    int32_t interval_us;   /* what resend_at_us grows by */
};

/* A client transaction starts when its request is sent, a server one when it arrives. An INVITE
 * server transaction does not send its 100 by itself: the owner does, at once. */
void txn_init(struct txn *txn, enum txn_kind kind, bool is_reliable, int64_t now_us);
unsigned txn_feed(struct txn *txn, enum txn_event event, int status, int64_t now_us);
/* For an owner that runs out of room: one that only awaits repeats (not an ACK) ends after left_us
 * instead of 32 s. T4 is the longest that a network keeps a message. */
void txn_shorten(struct txn *txn, int64_t left_us, int64_t now_us);
const char *txn_state_name(enum txn_state state);

#endif
