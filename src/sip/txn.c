#include "sip/txn.h"

#include <assert.h>

#define GIVE_UP_US (64 * (int64_t)TXN_T1_US) /* timers B, D, F, H, J, L, M */
#define NEVER INT64_MAX

static void timers_stop(struct txn *txn)
{
    txn->resend_at_us = NEVER;
    txn->give_up_at_us = NEVER;
}

static unsigned finish(struct txn *txn, unsigned todo)
{
    txn->state = TXN_TERMINATED;
    timers_stop(txn);
    return todo | TXN_DO_END;
}

/* Into a state that ends by itself after `left_us`; at once where that is 0. */
static unsigned linger(struct txn *txn, enum txn_state state, int64_t left_us, int64_t now_us,
                       unsigned todo)
{
    if (left_us == 0) {
        return finish(txn, todo);
    }
    txn->state = (uint8_t)state;
    txn->resend_at_us = NEVER;
    txn->give_up_at_us = now_us + left_us;
    return todo;
}

static void resend_start(struct txn *txn, int64_t now_us)
{
    txn->interval_us = TXN_T1_US;
    txn->resend_at_us = txn->is_reliable ? NEVER : now_us + TXN_T1_US;
}

/* Counted from now, not from when it was due: a process that was held up must not send a burst. */
static unsigned resend(struct txn *txn, int32_t interval_us, int64_t now_us)
{
    txn->interval_us = interval_us;
    txn->resend_at_us = now_us + interval_us;
    return TXN_DO_RETRANSMIT;
}

static int32_t doubled(const struct txn *txn, int32_t limit_us)
{
    return txn->interval_us > limit_us / 2 ? limit_us : txn->interval_us * 2;
}

/* A timer of this transaction is due: which one? */
enum due { DUE_NOTHING = 0, DUE_RESEND, DUE_GIVE_UP };

static enum due timer_due(const struct txn *txn, int64_t now_us)
{
    if (now_us >= txn->give_up_at_us) {
        return DUE_GIVE_UP;
    }
    return now_us >= txn->resend_at_us ? DUE_RESEND : DUE_NOTHING;
}

static unsigned invite_client_response(struct txn *txn, int status, int64_t now_us)
{
    txn->status = (int16_t)status;
    if (status < 200) {
        txn->state = TXN_PROCEEDING;
        timers_stop(txn); /* how long it may ring is the TU's question (timer C) */
        return TXN_DO_PASS;
    }
    if (status < 300) {
        return linger(txn, TXN_ACCEPTED, GIVE_UP_US, now_us, TXN_DO_PASS); /* M */
    }
    int64_t timer_d_us = txn->is_reliable ? 0 : GIVE_UP_US;
    return linger(txn, TXN_COMPLETED, timer_d_us, now_us, TXN_DO_ACK | TXN_DO_PASS);
}

/* RFC 3261 17.1.1.2, RFC 6026 8.4 */
static unsigned invite_client_feed(struct txn *txn, enum txn_event event, int status,
                                   int64_t now_us)
{
    bool is_timer = event == TXN_EV_TIMER;
    enum due due = is_timer ? timer_due(txn, now_us) : DUE_NOTHING;
    switch ((enum txn_state)txn->state) {
    case TXN_CALLING:
        if (due == DUE_GIVE_UP) { /* B */
            return finish(txn, TXN_DO_TIMEOUT);
        }
        if (due == DUE_RESEND) { /* A */
            return resend(txn, doubled(txn, INT32_MAX), now_us);
        }
        if (event == TXN_EV_TRANSPORT_ERROR) {
            return finish(txn, TXN_DO_FAILED);
        }
        return event == TXN_EV_RESPONSE ? invite_client_response(txn, status, now_us) : 0;
    case TXN_PROCEEDING:
        return event == TXN_EV_RESPONSE ? invite_client_response(txn, status, now_us) : 0;
    case TXN_COMPLETED:
        if (due == DUE_GIVE_UP) { /* D */
            return finish(txn, 0);
        }
        if (event == TXN_EV_TRANSPORT_ERROR) {
            return finish(txn, TXN_DO_FAILED);
        }
        return event == TXN_EV_RESPONSE && status >= 300 ? TXN_DO_ACK : 0;
    case TXN_ACCEPTED:
        if (due == DUE_GIVE_UP) { /* M */
            return finish(txn, 0);
        }
        return event == TXN_EV_RESPONSE && status >= 200 && status < 300 ? TXN_DO_PASS : 0;
    case TXN_TERMINATED:
    case TXN_TRYING:
    case TXN_CONFIRMED:
        break;
    }
    return 0;
}

static unsigned client_response(struct txn *txn, int status, int64_t now_us)
{
    txn->status = (int16_t)status;
    if (status < 200) {
        txn->state = TXN_PROCEEDING; /* E and F go on */
        return TXN_DO_PASS;
    }
    int64_t timer_k_us = txn->is_reliable ? 0 : TXN_T4_US;
    return linger(txn, TXN_COMPLETED, timer_k_us, now_us, TXN_DO_PASS);
}

/* RFC 3261 17.1.2.2 */
static unsigned client_feed(struct txn *txn, enum txn_event event, int status, int64_t now_us)
{
    bool is_timer = event == TXN_EV_TIMER;
    enum due due = is_timer ? timer_due(txn, now_us) : DUE_NOTHING;
    switch ((enum txn_state)txn->state) {
    case TXN_TRYING:
    case TXN_PROCEEDING:
        if (due == DUE_GIVE_UP) { /* F */
            return finish(txn, TXN_DO_TIMEOUT);
        }
        if (due == DUE_RESEND) { /* E */
            bool is_trying = txn->state == TXN_TRYING;
            return resend(txn, is_trying ? doubled(txn, TXN_T2_US) : TXN_T2_US, now_us);
        }
        if (event == TXN_EV_TRANSPORT_ERROR) {
            return finish(txn, TXN_DO_FAILED);
        }
        return event == TXN_EV_RESPONSE ? client_response(txn, status, now_us) : 0;
    case TXN_COMPLETED:
        return due == DUE_GIVE_UP ? finish(txn, 0) : 0; /* K */
    case TXN_TERMINATED:
    case TXN_CALLING:
    case TXN_ACCEPTED:
    case TXN_CONFIRMED:
        break;
    }
    return 0;
}

static unsigned invite_server_send(struct txn *txn, int status, int64_t now_us)
{
    txn->status = (int16_t)status;
    if (status < 200) {
        return TXN_DO_SEND;
    }
    if (status < 300) {
        return linger(txn, TXN_ACCEPTED, GIVE_UP_US, now_us, TXN_DO_SEND); /* L */
    }
    txn->state = TXN_COMPLETED;
    resend_start(txn, now_us);                /* G */
    txn->give_up_at_us = now_us + GIVE_UP_US; /* H, over TCP too */
    return TXN_DO_SEND;
}

static unsigned invite_server_completed(struct txn *txn, enum txn_event event, int64_t now_us)
{
    switch (event) {
    case TXN_EV_REQUEST:
        return TXN_DO_RETRANSMIT;
    case TXN_EV_ACK:
        return linger(txn, TXN_CONFIRMED, txn->is_reliable ? 0 : TXN_T4_US, now_us, 0); /* I */
    case TXN_EV_TIMER:
        switch (timer_due(txn, now_us)) {
        case DUE_GIVE_UP: /* H */
            return finish(txn, TXN_DO_TIMEOUT);
        case DUE_RESEND: /* G */
            return resend(txn, doubled(txn, TXN_T2_US), now_us);
        case DUE_NOTHING:
            return 0;
        }
        return 0;
    case TXN_EV_TRANSPORT_ERROR:
        return finish(txn, TXN_DO_FAILED);
    case TXN_EV_RESPONSE:
    case TXN_EV_SEND: /* a final response was sent: there is no second one */
        return 0;
    }
    return 0;
}

/* RFC 3261 17.2.1, RFC 6026 8.5 */
static unsigned invite_server_feed(struct txn *txn, enum txn_event event, int status,
                                   int64_t now_us)
{
    bool is_over = event == TXN_EV_TIMER && timer_due(txn, now_us) == DUE_GIVE_UP;
    switch ((enum txn_state)txn->state) {
    case TXN_PROCEEDING:
        if (event == TXN_EV_REQUEST) {
            return txn->status != 0 ? TXN_DO_RETRANSMIT : 0;
        }
        if (event == TXN_EV_TRANSPORT_ERROR) {
            return finish(txn, TXN_DO_FAILED); /* 17.2.4 */
        }
        return event == TXN_EV_SEND ? invite_server_send(txn, status, now_us) : 0;
    case TXN_COMPLETED:
        return invite_server_completed(txn, event, now_us);
    case TXN_ACCEPTED:
        if (is_over) { /* L */
            return finish(txn, 0);
        }
        if (event == TXN_EV_TRANSPORT_ERROR) {
            return TXN_DO_FAILED; /* the TU repeats its 2xx and may get through yet */
        }
        return event == TXN_EV_SEND && status >= 200 && status < 300 ? TXN_DO_SEND : 0;
    case TXN_CONFIRMED:
        return is_over ? finish(txn, 0) : 0; /* I */
    case TXN_TERMINATED:
    case TXN_CALLING:
    case TXN_TRYING:
        break;
    }
    return 0;
}

static unsigned server_send(struct txn *txn, int status, int64_t now_us)
{
    txn->status = (int16_t)status;
    if (status < 200) {
        txn->state = TXN_PROCEEDING;
        return TXN_DO_SEND;
    }
    int64_t timer_j_us = txn->is_reliable ? 0 : GIVE_UP_US;
    return linger(txn, TXN_COMPLETED, timer_j_us, now_us, TXN_DO_SEND);
}

/* RFC 3261 17.2.2 */
static unsigned server_feed(struct txn *txn, enum txn_event event, int status, int64_t now_us)
{
    switch ((enum txn_state)txn->state) {
    case TXN_TRYING:
    case TXN_PROCEEDING:
        if (event == TXN_EV_REQUEST) {
            return txn->state == TXN_PROCEEDING ? TXN_DO_RETRANSMIT : 0;
        }
        if (event == TXN_EV_TRANSPORT_ERROR) {
            return finish(txn, TXN_DO_FAILED);
        }
        return event == TXN_EV_SEND ? server_send(txn, status, now_us) : 0;
    case TXN_COMPLETED:
        if (event == TXN_EV_TIMER && timer_due(txn, now_us) == DUE_GIVE_UP) { /* J */
            return finish(txn, 0);
        }
        if (event == TXN_EV_TRANSPORT_ERROR) {
            return finish(txn, TXN_DO_FAILED);
        }
        return event == TXN_EV_REQUEST ? TXN_DO_RETRANSMIT : 0;
    case TXN_TERMINATED:
    case TXN_CALLING:
    case TXN_ACCEPTED:
    case TXN_CONFIRMED:
        break;
    }
    return 0;
}

static void deadline_set(struct txn *txn)
{
    bool is_resend_first = txn->resend_at_us < txn->give_up_at_us;
    txn->deadline_us = is_resend_first ? txn->resend_at_us : txn->give_up_at_us;
}

void txn_init(struct txn *txn, enum txn_kind kind, bool is_reliable, int64_t now_us)
{
    *txn = (struct txn){.kind = (uint8_t)kind, .is_reliable = is_reliable};
    timers_stop(txn);
    switch (kind) {
    case TXN_INVITE_CLIENT:
    case TXN_CLIENT:
        txn->state = kind == TXN_CLIENT ? TXN_TRYING : TXN_CALLING;
        resend_start(txn, now_us);                /* A, E */
        txn->give_up_at_us = now_us + GIVE_UP_US; /* B, F */
        break;
    case TXN_INVITE_SERVER:
        txn->state = TXN_PROCEEDING;
        break;
    case TXN_SERVER:
        txn->state = TXN_TRYING;
        break;
    }
    deadline_set(txn);
}

unsigned txn_feed(struct txn *txn, enum txn_event event, int status, int64_t now_us)
{
    assert((event != TXN_EV_RESPONSE && event != TXN_EV_SEND) || (status >= 100 && status <= 699));
    unsigned todo = 0;
    switch ((enum txn_kind)txn->kind) {
    case TXN_INVITE_CLIENT:
        todo = invite_client_feed(txn, event, status, now_us);
        break;
    case TXN_CLIENT:
        todo = client_feed(txn, event, status, now_us);
        break;
    case TXN_INVITE_SERVER:
        todo = invite_server_feed(txn, event, status, now_us);
        break;
    case TXN_SERVER:
        todo = server_feed(txn, event, status, now_us);
        break;
    }
    deadline_set(txn);
    return todo;
}

void txn_shorten(struct txn *txn, int64_t left_us, int64_t now_us)
{
    bool is_finished = txn->state == TXN_ACCEPTED ||
                       (txn->state == TXN_COMPLETED && txn->kind != TXN_INVITE_SERVER);
    if (is_finished && txn->give_up_at_us > now_us + left_us) {
        txn->give_up_at_us = now_us + left_us;
        deadline_set(txn);
    }
}

const char *txn_state_name(enum txn_state state)
{
    switch (state) {
    case TXN_TERMINATED:
        return "terminated";
    case TXN_CALLING:
        return "calling";
    case TXN_TRYING:
        return "trying";
    case TXN_PROCEEDING:
        return "proceeding";
    case TXN_COMPLETED:
        return "completed";
    case TXN_ACCEPTED:
        return "accepted";
    case TXN_CONFIRMED:
        return "confirmed";
    }
    return "?";
}
