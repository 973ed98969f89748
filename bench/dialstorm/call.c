/* The side of a call that calls. */
#include "dialstorm/storm.h"

/* What ends a call's attempt by refusal is counted like that of a REGISTER. */
static void refuse_call(struct storm *storm, struct op *op, const struct message *message)
{
    op_count_refused(storm, op, message->status, client_retry_after_s(message));
    op_free(storm, op);
}

static void take_refusal(struct storm *storm, struct op *op, const struct message *message)
{
    struct phone *phone = &storm->phones[op->caller];
    bool is_challenge = message->status == 407 || message->status == 401;
    if (is_challenge && op->state == OP_INVITING && !op->is_counted && op->challenge_count < 2 &&
        auth_take_challenge(&phone->call_nonce, message, ALGORITHM_MD5)) {
        op_tally(storm, op)->challenges++;
        phone->nonce_version[1]++;
        op->challenge_count++;
        op->has_credentials = true;
        op->nc = 0;
        op->cseq++;
        op->transaction++;
        op->invite_cseq = op->cseq;
        op->invite_transaction = op->transaction;
        client_send(storm, op);
        return;
    }
    refuse_call(storm, op, message);
}

static void send_ack(struct storm *storm, struct op *op)
{
    enum method method = op->method;
    uint8_t transaction = op->transaction;
    uint32_t cseq = op->cseq;
    op->method = METHOD_ACK;
    op->transaction =
        0xff; /* a branch of its own (RFC 3261 13.2.2.4), the same for each repetition */
    op->cseq = op->invite_cseq;
    client_transmit(storm, op);
    op->method = method;
    op->transaction = transaction;
    op->cseq = cseq;
}

static void take_answer(struct storm *storm, struct op *op)
{
    bool is_unwanted = op->is_counted;
    op->was_answered = true;
    op_count_ok(storm, op);
    send_ack(storm, op);
    if (op->kind == WORK_DIALOG) { /* one of the held calls */
        op->state = OP_HELD;
        wheel_stop(&storm->wheel, &op->client_timer);
        return;
    }
    op->state = OP_UP;
    /* BYE waits for the callee's word that ACK came, so that overtaking is not the phones' own; a
     * lost ACK is repeated when the 200 comes again. */
    bool is_acknowledged = op->callee_state == CALLEE_TALKING;
    wheel_start(&storm->wheel, &op->client_timer,
                storm->now_us + (is_unwanted || is_acknowledged ? storm->plan->hold_us : T2_US));
}

static void take_invite_response(struct storm *storm, struct op *op, const struct message *message)
{
    if (op->state != OP_INVITING && op->state != OP_CANCELLING) {
        if (message->status >= 200 && message->status < 300 && op->was_answered) {
            send_ack(storm, op);
        }
        return;
    }
    if (message->status < 200) {
        bool is_first = !op->has_provisional;
        op->has_provisional = true;
        if (op->state == OP_INVITING && op->is_counted) {
            op->state = OP_CANCELLING;
            op->method = METHOD_CANCEL;
            client_send(storm, op);
        } else if (is_first && op->state == OP_INVITING) {
            op->repeat_us = op->asked_us + TIMER_F_US;
            client_arm(storm, op);
        }
    } else if (message->status < 300) {
        take_answer(storm, op);
    } else {
        take_refusal(storm, op, message);
    }
}

/* The end of BYE or INFO. */
static void take_dialog_response(struct storm *storm, struct op *op, const struct message *message)
{
    if (message->status < 200) {
        op->has_provisional = true;
        return;
    }
    if (message->status < 300) {
        op_count_ok(storm, op);
    } else {
        op_count_refused(storm, op, message->status, -1);
    }
    if (op->state == OP_HELD) {
        op->is_asking = false;
        wheel_stop(&storm->wheel, &op->client_timer);
    } else {
        op_free(storm, op);
    }
}

void call_response(struct storm *storm, struct op *op, const struct message *message)
{
    if (slice_equal(message->method, SLICE("INVITE"))) {
        take_invite_response(storm, op, message);
    } else if (slice_equal(message->method, SLICE("CANCEL"))) {
        if (op->state == OP_CANCELLING && message->status >= 200) {
            op->repeat_us = op->asked_us + TIMER_F_US;
            client_arm(storm, op);
        }
    } else if ((op->state == OP_HELD && op->is_asking) || op->state == OP_ASKING) {
        take_dialog_response(storm, op, message);
    }
}

void call_start(struct storm *storm, struct op *op)
{
    struct phone *phone = &storm->phones[op->caller];
    op->state = OP_INVITING;
    op->method = METHOD_INVITE;
    op->cseq = 1;
    op->transaction = 1;
    op->invite_cseq = 1;
    op->invite_transaction = 1;
    op->has_credentials = !storm->plan->forgets_nonce && phone->call_nonce.nonce[0] != '\0';
    client_send(storm, op);
}

/* RFC 3261 9.1: CANCEL waits for a provisional response; until then the INVITE goes on. */
void call_give_up(struct storm *storm, struct op *op)
{
    op_count_given_up(storm, op);
    if (op->has_provisional) {
        op->state = OP_CANCELLING;
        op->method = METHOD_CANCEL;
        client_send(storm, op);
        return;
    }
    client_arm(storm, op);
}

static void begin_in_dialog(struct storm *storm, struct op *op, enum method method, int64_t due_us)
{
    op->kind = WORK_DIALOG;
    op->phase = (uint8_t)storm->phase;
    op->is_counted = false;
    op->started_us = due_us;
    op->sent_us = storm->now_us;
    op->method = method;
    op->cseq++;
    op->transaction++;
    op_tally(storm, op)->started++;
    hist_add(&op_tally(storm, op)->lateness, storm->now_us - due_us);
    client_send(storm, op);
}

void call_hang_up(struct storm *storm, struct op *op)
{
    storm->under_way[op->kind]--;
    storm->under_way[WORK_DIALOG]++;
    op->state = OP_ASKING;
    begin_in_dialog(storm, op, METHOD_BYE, storm->now_us);
}

void call_inform(struct storm *storm, struct op *op, int64_t due_us)
{
    op->is_asking = true;
    /* After 250 requests the branch's last byte would come to that of ACK. */
    op->transaction = op->transaction >= 250 ? 2 : op->transaction;
    begin_in_dialog(storm, op, METHOD_INFO, due_us);
}
