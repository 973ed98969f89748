#include "dialload/check.h"
#include "dialload/compose.h"
#include "dialload/flows.h"

#include <string.h>

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

void registering_response(struct load *load, struct job *job, const struct message *message)
{
    if (message->status < 200) {
        job->has_provisional = true;
        return;
    }
    if (message->status == 401 || message->status == 407) {
        if (load_take_challenge(load, job, &load->phones[job->caller].registrar_nonce, message)) {
            send_next(load, job);
        }
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
