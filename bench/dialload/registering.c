#include "dialload/check.h"
#include "dialload/compose.h"
#include "dialload/flows.h"

#include <string.h>

#define CHALLENGES_MAX 2 /* the second is for a nonce that grew stale under way */

static void send_next(struct load *load, struct job *job)
{
    struct phone *phone = &load->phones[job->caller];
    job->cseq = job->method == METHOD_REGISTER ? ++phone->register_cseq : job->cseq + 1;
    job->transaction++;
    compose_request(load, job);
    load_request_send(load, job);
}

void registering_start(struct load *load, struct job *job, enum method method)
{
    struct phone *phone = &load->phones[job->caller];
    job->state = JOB_ASKING;
    job->method = method;
    job->sender = SIDE_CALLER;
    phone->is_busy = method == METHOD_REGISTER;
    if (load->step->mode == STEP_REGISTER) {
        phone->registrar_nonce = (struct held_nonce){.nc = 0};
    }
    job->has_credentials = load->step->mode == STEP_REFRESH && phone->registrar_nonce.nonce[0];
    send_next(load, job);
}

static void answer_challenge(struct load *load, struct job *job, const struct message *message)
{
    struct phone *phone = &load->phones[job->caller];
    load->stats->challenges++;
    load->stats->stale += job->has_credentials;
    if (++job->challenge_count > CHALLENGES_MAX) {
        load->stats->statuses[message->status]++;
        load_job_finish(load, job, OUTCOME_FAILED);
        return;
    }
    if (!auth_take_challenge(&phone->registrar_nonce, message, load->options->algorithm)) {
        load_job_flaw(load, job, FLAW_CHALLENGE, message->whole);
        load_job_finish(load, job, OUTCOME_FAILED);
        return;
    }
    job->has_credentials = true;
    send_next(load, job);
}

void registering_response(struct load *load, struct job *job, const struct message *message)
{
    if (message->status < 200) {
        job->has_provisional = true;
        return;
    }
    if (message->status == 401 || message->status == 407) {
        answer_challenge(load, job, message);
        return;
    }
    if (message->status != 200) {
        load->stats->statuses[message->status]++;
        load_job_finish(load, job, OUTCOME_FAILED);
        return;
    }
    if (job->method == METHOD_REGISTER) {
        enum flaw flaw = check_bindings(load, job, message);
        if (flaw != FLAW_NONE) {
            load_job_flaw(load, job, flaw, message->whole);
        }
    }
    hist_add(&load->stats->latency, load->now_us - job->started_us);
    load_job_finish(load, job, OUTCOME_OK);
}
