#include "base/hash.h"
#include "dialload/check.h"
#include "dialload/compose.h"
#include "dialload/flows.h"

#include <assert.h>
#include <string.h>

#define T1_TIMES_LIMIT 64 /* of T1 without an ACK: the callee gives up (RFC 3261 13.3.1.4) */
#define T2_TIMES 8

static void reply(struct load *load, const struct compose_answer *answer)
{
    char data[NET_SEND_MAX];
    struct slice text = compose_answer_write(load, answer, data, sizeof(data));
    if (text.size > 0) {
        net_send(&load->net, answer->socket_index, text);
    }
}

static void reply_plain(struct load *load, const struct message *request, uint32_t socket_index,
                        int status)
{
    struct compose_answer answer = {.request = request,
                                    .status = status,
                                    .socket_index = socket_index,
                                    .tag = SLICE("stateless")};
    reply(load, &answer);
}

static void send_answer(struct load *load, struct job *job)
{
    net_send(&load->net, load_phone_socket(load, job->callee),
             slice_make(job->answer, job->answer_size));
}

/* Writes the callee's response to INVITE into job->answer. */
static void write_answer(struct load *load, struct job *job, const struct message *invite,
                         int status)
{
    char tag_data[JOB_ID_SIZE + 1];
    struct buf tag;
    buf_init(&tag, tag_data, sizeof(tag_data));
    compose_tag(&tag, job, SIDE_CALLEE);
    struct compose_answer answer = {.request = invite,
                                    .status = status,
                                    .phone = job->callee,
                                    .socket_index = load_phone_socket(load, job->callee),
                                    .tag = buf_done(&tag),
                                    .makes_dialog = true,
                                    .has_body = status == 200};
    struct slice text = compose_answer_write(load, &answer, job->answer, sizeof(job->answer));
    job->answer_size = (uint16_t)text.size;
}

static void pick_up(struct load *load, struct job *job, const struct message *invite)
{
    write_answer(load, job, invite, 200);
    send_answer(load, job);
    job->callee_state = CALLEE_ANSWERED;
    job->answered_us = load->now_us;
    job->answer_interval_us = load->options->t1_us;
    wheel_start(&load->wheel, &job->callee_timer, load->now_us + job->answer_interval_us);
}

static bool keep_record_route(struct job *job, const struct message *invite)
{
    struct buf joined;
    buf_init(&joined, job->record_route, sizeof(job->record_route));
    for (uint32_t i = 0; i < invite->record_route.count; i++) {
        buf_text(&joined, i > 0 ? ", " : "");
        buf_slice(&joined, invite->record_route.items[i]);
    }
    job->record_route_size = joined.is_full ? 0 : (uint16_t)joined.size;
    return !joined.is_full && joined.size > 0;
}

static void take_invite(struct load *load, struct job *job, const struct message *invite,
                        uint32_t socket_index)
{
    struct slice branch = {NULL, 0};
    (void)reader_param(invite->via.items[0], SLICE("branch"), &branch);
    uint64_t branch_hash = hash_slice(0, branch);
    if (job->callee_state == CALLEE_REFUSED) {
        reply_plain(load, invite, socket_index, 501);
        return;
    }
    if (job->callee_state != CALLEE_IDLE) {
        load->stats->duplicates++;
        if (branch_hash != job->callee_branch_hash) {
            load_job_flaw(load, job, FLAW_FORKED, invite->whole);
        } else if (job->callee_state <= CALLEE_ANSWERED) {
            send_answer(load, job);
        }
        return;
    }
    enum flaw flaw = job->state == JOB_INVITING
                         ? check_relayed(load, job, METHOD_INVITE, invite, socket_index)
                         : FLAW_UNEXPECTED;
    if (flaw == FLAW_NONE && !keep_record_route(job, invite)) {
        flaw = FLAW_RECORD_ROUTE;
    }
    if (flaw != FLAW_NONE) { /* the call cannot go on as a call: refuse it, so that it ends */
        load_job_flaw(load, job, flaw, invite->whole);
        job->callee_state = CALLEE_REFUSED;
        reply_plain(load, invite, socket_index, 501);
        return;
    }
    job->callee_branch_hash = branch_hash;
    job->callee_state = CALLEE_RINGING;
    job->rang_us = load->now_us;
    write_answer(load, job, invite, 180);
    send_answer(load, job);
    if (job->answer_size == 0) {
        load_job_flaw(load, job, FLAW_UNEXPECTED, invite->whole);
    } else if (load->step->ring_us == 0) {
        pick_up(load, job, invite);
    } else {
        wheel_start(&load->wheel, &job->callee_timer, load->now_us + load->step->ring_us);
    }
}

/* After ringing, the INVITE is gone; its Via, Record-Route and names stand in the 180 as well. */
static void pick_up_after_ring(struct load *load, struct job *job)
{
    char data[JOB_MESSAGE_MAX];
    struct message ringing;
    memcpy(data, job->answer, job->answer_size);
    bool is_read = reader_read(slice_make(data, job->answer_size), &ringing);
    assert(is_read);
    pick_up(load, job, &ringing);
}

static void take_ack(struct load *load, struct job *job, const struct message *ack,
                     uint32_t socket_index)
{
    if (job->callee_state == CALLEE_REFUSED) {
        return; /* it is for the 501 */
    }
    if (job->callee_state == CALLEE_TALKING || job->callee_state == CALLEE_OVER) {
        load->stats->duplicates++;
        return;
    }
    enum flaw flaw = job->state == JOB_UP && job->callee_state == CALLEE_ANSWERED
                         ? check_relayed(load, job, METHOD_ACK, ack, socket_index)
                         : FLAW_UNEXPECTED;
    if (flaw != FLAW_NONE) {
        load_job_flaw(load, job, flaw, ack->whole);
        return;
    }
    job->callee_state = CALLEE_TALKING;
    wheel_stop(&load->wheel, &job->callee_timer);
    if (load->step->keeps_calls) {
        load_job_keep(load, job);
    } else if (load->step->hold_us == 0) {
        calling_end(load, job);
    } else {
        wheel_start(&load->wheel, &job->callee_timer, load->now_us + load->step->hold_us);
    }
}

/* A BYE of the server itself has no Via but the server's: it cut the call. */
static bool is_cut(const struct job *job, const struct message *bye)
{
    return job->state != JOB_ENDING || bye->via.count < 2;
}

static void take_bye(struct load *load, struct job *job, const struct message *bye,
                     uint32_t socket_index)
{
    reply_plain(load, bye, socket_index, 200);
    if (is_cut(job, bye)) {
        load_job_finish(load, job, OUTCOME_CUT);
        return;
    }
    if (job->callee_state == CALLEE_OVER) {
        load->stats->duplicates++;
        return;
    }
    enum flaw flaw = check_relayed(load, job, METHOD_BYE, bye, socket_index);
    if (flaw != FLAW_NONE) {
        load_job_flaw(load, job, flaw, bye->whole);
    }
    job->callee_state = CALLEE_OVER;
}

void answering_request(struct load *load, struct job *job, const struct message *message,
                       uint32_t socket_index)
{
    if (slice_equal(message->method, SLICE("OPTIONS"))) {
        load->stats->probes++;
        reply_plain(load, message, socket_index, 200);
    } else if (job == NULL) {
        load->stats->strays++;
        if (!slice_equal(message->method, SLICE("ACK"))) {
            reply_plain(load, message, socket_index, 481);
        }
    } else if (slice_equal(message->method, SLICE("INVITE"))) {
        take_invite(load, job, message, socket_index);
    } else if (slice_equal(message->method, SLICE("ACK"))) {
        take_ack(load, job, message, socket_index);
    } else if (slice_equal(message->method, SLICE("BYE"))) {
        take_bye(load, job, message, socket_index);
    } else {
        load_job_flaw(load, job, FLAW_UNEXPECTED, message->whole);
        reply_plain(load, message, socket_index, 501);
    }
}

void answering_timer(struct load *load, struct job *job)
{
    int64_t t1_us = load->options->t1_us;
    switch (job->callee_state) {
    case CALLEE_IDLE:
    case CALLEE_REFUSED:
    case CALLEE_OVER:
        break;
    case CALLEE_RINGING:
        pick_up_after_ring(load, job);
        break;
    case CALLEE_TALKING:
        calling_end(load, job);
        break;
    case CALLEE_ANSWERED:
        if (load->now_us - job->answered_us >= T1_TIMES_LIMIT * t1_us) {
            load_job_finish(load, job, OUTCOME_TIMEOUT);
            break;
        }
        load->stats->retransmits++;
        send_answer(load, job);
        job->answer_interval_us = job->answer_interval_us * 2 < T2_TIMES * t1_us
                                      ? job->answer_interval_us * 2
                                      : T2_TIMES * t1_us;
        wheel_start(&load->wheel, &job->callee_timer, load->now_us + job->answer_interval_us);
        break;
    }
}
