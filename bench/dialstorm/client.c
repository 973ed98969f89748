/* The client's transactions: sent, repeated, ended (RFC 3261 17.1), and REGISTER from end to end.
 */
#include "dialstorm/write.h"

#include <string.h>

void client_transmit(struct storm *storm, struct op *op)
{
    char data[NET_SEND_MAX];
    struct slice text = write_request(storm, op, data, sizeof(data));
    net_send(&storm->net, phone_socket(storm, op->caller), text);
    op_tally(storm, op)->sent++;
}

/* A timer that serves two times: the next retransmission, and the end of the caller's patience. */
void client_arm(struct storm *storm, struct op *op)
{
    int64_t at_us = op->repeat_us;
    int64_t patience_us = op->started_us + storm->plan->patience_us;
    bool is_patient = !op->is_counted && (op->state == OP_INVITING || op->kind == WORK_REGISTER);
    if (is_patient && patience_us < at_us) {
        at_us = patience_us;
    }
    wheel_start(&storm->wheel, &op->client_timer, at_us);
}

void client_send(struct storm *storm, struct op *op)
{
    op->asked_us = storm->now_us;
    op->interval_us = T1_US;
    op->repeat_us = storm->now_us + T1_US;
    op->has_provisional = false;
    client_transmit(storm, op);
    client_arm(storm, op);
}

static void time_out(struct storm *storm, struct op *op)
{
    if (!op->is_counted) {
        op->is_counted = true;
        op_tally(storm, op)->timeouts++;
    }
    if (op->method == METHOD_REGISTER && storm->on_unregistered != NULL) {
        storm->on_unregistered(storm, op, 0, -1);
    } else if (op->state == OP_HELD) {
        op->is_asking = false;
    } else {
        op_free(storm, op);
    }
}

static void repeat(struct storm *storm, struct op *op)
{
    bool is_invite = op->state == OP_INVITING;
    int64_t limit_us = op->asked_us + TIMER_F_US;
    if (storm->now_us >= limit_us) {
        time_out(storm, op);
        return;
    }
    if (!op->has_provisional || !is_invite) {
        client_transmit(storm, op);
        op_tally(storm, op)->retransmits++;
    }
    op->interval_us *= 2;
    if (!is_invite && (op->interval_us > T2_US || op->has_provisional)) {
        op->interval_us = T2_US;
    }
    op->repeat_us = storm->now_us + op->interval_us;
    if (op->repeat_us > limit_us || (is_invite && op->has_provisional)) {
        op->repeat_us = limit_us;
    }
    client_arm(storm, op);
}

void client_timer(struct storm *storm, struct op *op)
{
    bool is_impatient = storm->now_us >= op->started_us + storm->plan->patience_us;
    switch (op->state) {
    case OP_INVITING:
        if (is_impatient && !op->is_counted) {
            call_give_up(storm, op);
            return;
        }
        repeat(storm, op);
        return;
    case OP_ASKING:
        if (is_impatient && op->kind == WORK_REGISTER && !op->is_counted) {
            op_count_given_up(storm, op);
            op_free(storm, op);
            return;
        }
        repeat(storm, op);
        return;
    case OP_CANCELLING:
        repeat(storm, op);
        return;
    case OP_UP:
        call_hang_up(storm, op);
        return;
    case OP_HELD:
        if (op->is_asking) {
            repeat(storm, op);
        }
        return;
    case OP_WAITING:
        storm->on_wait_over(storm, op);
        return;
    case OP_FREE:
        return;
    }
}

void register_start(struct storm *storm, struct op *op, bool uses_held_nonce)
{
    struct phone *phone = &storm->phones[op->caller];
    op->state = OP_ASKING;
    op->method = METHOD_REGISTER;
    op->cseq = ++phone->register_cseq;
    op->transaction++;
    op->challenge_count = 0;
    op->nc = 0;
    op->has_credentials = uses_held_nonce && phone->registrar_nonce.nonce[0] != '\0';
    client_send(storm, op);
}

int64_t client_retry_after_s(const struct message *message)
{
    static const struct slice name = {"\r\nRetry-After:", 14};
    const char *at = memmem(message->whole.data, message->whole.size, name.data, name.size);
    if (at == NULL) {
        return -1;
    }
    int64_t seconds = 0;
    const char *end = message->whole.data + message->whole.size;
    for (at += name.size; at < end && (*at == ' ' || (*at >= '0' && *at <= '9')); at++) {
        seconds = *at == ' ' || seconds > 100000 ? seconds : seconds * 10 + (*at - '0');
    }
    return seconds;
}

void register_response(struct storm *storm, struct op *op, const struct message *message)
{
    struct phone *phone = &storm->phones[op->caller];
    if (message->status < 200) {
        op->has_provisional = true;
        return;
    }
    if (message->status < 300) {
        op_count_ok(storm, op);
        if (storm->on_registered != NULL) {
            storm->on_registered(storm, op);
        } else {
            op_free(storm, op);
        }
        return;
    }
    if (message->status == 401 && op->challenge_count < 2 &&
        auth_take_challenge(&phone->registrar_nonce, message, ALGORITHM_MD5)) {
        op_tally(storm, op)->challenges++;
        phone->nonce_version[0]++;
        op->challenge_count++;
        op->has_credentials = true;
        op->nc = 0;
        op->transaction++;
        op->cseq = ++phone->register_cseq;
        client_send(storm, op);
        return;
    }
    int64_t retry_s = client_retry_after_s(message);
    op_count_refused(storm, op, message->status, retry_s);
    if (storm->on_unregistered != NULL) {
        storm->on_unregistered(storm, op, message->status, retry_s);
    } else {
        op_free(storm, op);
    }
}
