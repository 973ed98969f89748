/* The phones that are called: they ring, answer at once, and say yes to whatever comes in a call.
 */
#include "dialstorm/write.h"

#include <string.h>

static void reply(struct storm *storm, const struct op *op, const struct message *message,
                  int status, uint32_t socket_index)
{
    char data[NET_SEND_MAX];
    struct slice text = write_answer(storm, op, message, status, data, sizeof(data));
    if (text.size > 0) {
        net_send(&storm->net, socket_index, text);
    }
}

static void send_answer(struct storm *storm, struct op *op)
{
    net_send(&storm->net, phone_socket(storm, op->callee),
             slice_make(op_text(storm, op)->answer, op->answer_size));
}

static void take_invite(struct storm *storm, struct op *op, const struct message *message,
                        uint32_t socket_index)
{
    struct op_text *text = op_text(storm, op);
    if (op->callee_state != CALLEE_IDLE) {
        if (op->callee_state == CALLEE_ANSWERED) {
            send_answer(storm, op);
        }
        return;
    }
    struct buf route;
    buf_init(&route, text->route, sizeof(text->route));
    for (uint32_t i = 0; i < message->record_route.count; i++) {
        buf_text(&route, i > 0 ? ", " : "");
        buf_slice(&route, message->record_route.items[i]);
    }
    struct slice answer = write_answer(storm, op, message, 200, text->answer, OP_ANSWER_MAX);
    if (route.is_full || answer.size == 0) {
        reply(storm, NULL, message, 500, socket_index);
        return;
    }
    op->route_size = (uint16_t)route.size;
    op->answer_size = (uint16_t)answer.size;
    reply(storm, op, message, 180, socket_index);
    send_answer(storm, op);
    op->callee_state = CALLEE_ANSWERED;
    op->answer_until_us = storm->now_us + TIMER_F_US;
    op->answer_interval_us = T1_US;
    wheel_start(&storm->wheel, &op->callee_timer, storm->now_us + T1_US);
}

/* RFC 3261 13.3.1.4: the 200 is repeated until ACK comes. */
void callee_timer(struct storm *storm, struct op *op)
{
    if (storm->now_us >= op->answer_until_us) {
        op->callee_state = CALLEE_TALKING;
        return;
    }
    send_answer(storm, op);
    op->answer_interval_us =
        op->answer_interval_us * 2 > T2_US ? T2_US : op->answer_interval_us * 2;
    wheel_start(&storm->wheel, &op->callee_timer, storm->now_us + op->answer_interval_us);
}

static void take_ack(struct storm *storm, struct op *op)
{
    if (op->callee_state != CALLEE_ANSWERED) {
        return;
    }
    op->callee_state = CALLEE_TALKING;
    wheel_stop(&storm->wheel, &op->callee_timer);
    if (op->state == OP_UP) {
        wheel_start(&storm->wheel, &op->client_timer, storm->now_us + storm->plan->hold_us);
    }
}

void callee_request(struct storm *storm, const struct message *message, uint32_t socket_index)
{
    struct op *op = op_find(storm, slice_skip(message->call_id, 1));
    if (slice_equal(message->method, SLICE("ACK"))) {
        if (op != NULL) {
            take_ack(storm, op);
        }
    } else if (slice_equal(message->method, SLICE("INVITE"))) {
        if (op != NULL) {
            take_invite(storm, op, message, socket_index);
        } else {
            reply(storm, NULL, message, 480, socket_index); /* its caller has gone */
        }
    } else {
        reply(storm, NULL, message, 200, socket_index);
    }
}
