#include "dialload/check.h"
#include "dialload/compose.h"
#include "dialload/flows.h"

static void send_invite(struct load *load, struct job *job)
{
    job->cseq++;
    job->transaction++;
    job->invite_cseq = job->cseq;
    job->invite_transaction = job->transaction;
    compose_request(load, job);
    load_request_send(load, job);
}

void calling_start(struct load *load, struct job *job)
{
    struct phone *phone = &load->phones[job->caller];
    job->state = JOB_INVITING;
    job->method = METHOD_INVITE;
    job->sender = SIDE_CALLER;
    if (load->step->call_nonce == NONCE_FORGET) {
        phone->call_nonce = (struct held_nonce){.nc = 0};
    }
    job->has_credentials = phone->call_nonce.nonce[0] != '\0';
    send_invite(load, job);
}

static void acknowledge_refusal(struct load *load, const struct job *job,
                                const struct message *message)
{
    char data[JOB_MESSAGE_MAX];
    struct slice ack = compose_refusal_ack(load, job, message, data, sizeof(data));
    net_send(&load->net, load_phone_socket(load, job->caller), ack);
}

/* The call is up for the caller. BYE waits until the callee has the ACK as well: one that overtakes
 * it would be the generator's fault. */
static void take_answer(struct load *load, struct job *job)
{
    job->state = JOB_UP;
    job->up_us = load->now_us;
    wheel_stop(&load->wheel, &job->client_timer);
    int64_t rung_us = job->answered_us - job->rang_us;
    hist_add(&load->stats->latency, load->now_us - job->started_us - rung_us);
    job->method = METHOD_ACK;
    job->transaction++;
    compose_request(load, job);
    net_send(&load->net, load_phone_socket(load, job->caller),
             slice_make(job->sent, job->sent_size));
}

static void take_invite_response(struct load *load, struct job *job, const struct message *message)
{
    int status = message->status;
    if (status < 200) {
        job->has_provisional = true;
        job->has_ringing |= status > 100;
        return;
    }
    job->status = status;
    if (status == 200) {
        if (job->callee_state < CALLEE_ANSWERED) { /* nobody here gave that answer */
            load_job_flaw(load, job, FLAW_UNEXPECTED, message->whole);
            load_job_finish(load, job, OUTCOME_FAILED);
            return;
        }
        take_answer(load, job);
        return;
    }
    acknowledge_refusal(load, job, message);
    if (status == 401 || status == 407) {
        if (load_take_challenge(load, job, &load->phones[job->caller].call_nonce, message)) {
            send_invite(load, job);
        }
        return;
    }
    load->stats->statuses[status]++;
    load_job_finish(load, job, OUTCOME_FAILED);
}

static void take_bye_response(struct load *load, struct job *job, const struct message *message)
{
    if (message->status < 200) {
        job->has_provisional = true;
        return;
    }
    job->status = message->status;
    if (message->status != 200) {
        load->stats->statuses[message->status]++;
        load_job_finish(load, job, OUTCOME_FAILED);
        return;
    }
    if (job->callee_state != CALLEE_OVER) { /* the other side never saw the BYE */
        load_job_flaw(load, job, FLAW_UNEXPECTED, message->whole);
    }
    load->stats->ringing_missed += !job->has_ringing;
    hist_add(&load->stats->end_latency, load->now_us - job->asked_us);
    load_job_finish(load, job, OUTCOME_OK);
}

void calling_response(struct load *load, struct job *job, const struct message *message)
{
    if (job->state == JOB_INVITING) {
        take_invite_response(load, job, message);
    } else if (job->state == JOB_ENDING) {
        take_bye_response(load, job, message);
    } else {
        load_job_flaw(load, job, FLAW_UNEXPECTED, message->whole);
    }
}

void calling_late_response(struct load *load, struct job *job, const struct message *message)
{
    bool is_invite = slice_equal(message->method, SLICE("INVITE"));
    if (is_invite && message->status > 100 && message->status < 200) {
        load->stats->reordered += job->state != JOB_INVITING;
        job->has_ringing = true;
        return;
    }
    load->stats->duplicates++;
    if (!is_invite || message->status < 200 || job->sender != SIDE_CALLER) {
        return;
    }
    if (message->status >= 300) {
        acknowledge_refusal(load, job, message);
    } else if (job->state == JOB_UP) { /* 200 again: our ACK was lost (RFC 3261 13.2.2.4) */
        load->stats->retransmits++;
        net_send(&load->net, load_phone_socket(load, job->caller),
                 slice_make(job->sent, job->sent_size));
    }
}

static enum side choose_ender(const struct load *load, const struct job *job)
{
    switch (load->step->ender) {
    case ENDER_CALLER:
        return SIDE_CALLER;
    case ENDER_CALLEE:
        return SIDE_CALLEE;
    case ENDER_ALTERNATE:
        break;
    }
    return job->generation % 2 == 0 ? SIDE_CALLER : SIDE_CALLEE;
}

void calling_end(struct load *load, struct job *job)
{
    job->state = JOB_ENDING;
    job->ended_us = load->now_us;
    job->method = METHOD_BYE;
    job->sender = choose_ender(load, job);
    job->cseq = job->sender == SIDE_CALLER ? job->invite_cseq + 1 : 1;
    job->transaction++;
    compose_request(load, job);
    load_request_send(load, job);
}
