#include "dialload/load.h"

#include "base/clock.h"
#include "base/pages.h"
#include "dialload/compose.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#define CHALLENGES_MAX 2  /* the second is for a nonce that grew stale under way */
#define T1_TIMES_LIMIT 64 /* timers B and F */
#define T2_TIMES 8        /* T2 = 4 s when T1 = 500 ms */

const char *flaw_name(enum flaw flaw)
{
    static const char *const names[FLAW_COUNT] = {
        [FLAW_NONE] = "none",
        [FLAW_VIA] = "via",
        [FLAW_CALL_ID] = "call_id",
        [FLAW_CSEQ] = "cseq",
        [FLAW_FROM] = "from",
        [FLAW_TO] = "to",
        [FLAW_TO_TAG] = "to_tag",
        [FLAW_CHALLENGE] = "challenge",
        [FLAW_BINDING] = "binding",
        [FLAW_CONTACT] = "contact",
        [FLAW_BODY] = "body",
        [FLAW_RECORD_ROUTE] = "record_route",
        [FLAW_REQUEST_URI] = "request_uri",
        [FLAW_RELAYED_VIA] = "relayed_via",
        [FLAW_MAX_FORWARDS] = "max_forwards",
        [FLAW_ROUTE_LEFT] = "route_left",
        [FLAW_SOCKET] = "socket",
        [FLAW_FORKED] = "forked",
        [FLAW_UNEXPECTED] = "unexpected",
    };
    return names[flaw];
}

const char *method_name(enum method method)
{
    static const char *const names[] = {"REGISTER", "OPTIONS", "INVITE", "ACK", "BYE"};
    return names[method];
}

static uint32_t count_phones(const struct options *options)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < options->step_count; i++) {
        uint32_t end = options->steps[i].first_user + options->steps[i].user_count;
        count = end > count ? end : count;
    }
    return count;
}

bool load_init(struct load *load, const struct options *options)
{
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
        return false;
    }
    *load = (struct load){.options = options,
                          .phone_count = count_phones(options),
                          .generation = (uint32_t)seed,
                          .now_us = clock_mono_us()};
    load->phones = pages_take(load->phone_count * sizeof(*load->phones));
    load->jobs = pages_take(options->slot_count * sizeof(*load->jobs));
    load->free_slots = pages_take(options->slot_count * sizeof(*load->free_slots));
    if (load->phones == NULL || load->jobs == NULL || load->free_slots == NULL) {
        fprintf(stderr, "dialload: no memory for %u phones and %u slots\n", load->phone_count,
                options->slot_count);
        return false;
    }
    if (options->list_path != NULL && (load->list = fopen(options->list_path, "we")) == NULL) {
        perror("dialload: --list");
        return false;
    }
    wheel_init(&load->wheel, load->now_us);
    return net_init(&load->net, options) && auth_init(&load->auth, seed);
}

void load_done(struct load *load)
{
    net_done(&load->net);
    if (load->list != NULL && fclose(load->list) != 0) {
        perror("dialload: --list");
    }
    auth_done(&load->auth);
    if (load->phones != NULL) {
        pages_give(load->phones, load->phone_count * sizeof(*load->phones));
    }
    if (load->jobs != NULL) {
        pages_give(load->jobs, load->options->slot_count * sizeof(*load->jobs));
    }
    if (load->free_slots != NULL) {
        pages_give(load->free_slots, load->options->slot_count * sizeof(*load->free_slots));
    }
}

struct job *load_job_take(struct load *load)
{
    uint32_t slot = 0;
    if (load->free_count > 0) {
        slot = load->free_slots[--load->free_count];
    } else if (load->fresh_slot < load->options->slot_count) {
        slot = load->fresh_slot++;
    } else {
        return NULL;
    }
    struct job *job = &load->jobs[slot];
    assert(job->state == JOB_FREE);
    *job = (struct job){.slot = slot, .generation = load->generation++};
    load->under_way++;
    return job;
}

static void count_outcome(struct load *load, const struct job *job, enum outcome outcome)
{
    if (job->flaw != FLAW_NONE) {
        load->stats->flawed++;
    } else {
        load->stats->outcomes[outcome]++;
    }
}

/* What became of a call, for who compares it with records and charges. */
static void list_call(const struct load *load, const struct job *job, enum outcome outcome)
{
    static const char *const names[] = {"ok", "failed", "timeout", "cut", "unfinished"};
    char text[JOB_ID_SIZE + 96];
    struct buf id;
    buf_init(&id, text, sizeof(text));
    compose_call_id(load, &id, job);
    int64_t ended_us = job->ended_us != 0 ? job->ended_us : load->now_us;
    fprintf(load->list, "%s %.*s %u %u %s %d %" PRId64 " %" PRId64 " %" PRId64 "\n",
            load->step->label, (int)id.size, text, job->caller, job->callee, names[outcome],
            job->status, job->started_us,
            job->up_us == 0 ? -1 : job->up_us - job->started_us - (job->answered_us - job->rang_us),
            job->up_us == 0 ? 0 : ended_us - job->up_us);
}

void load_job_finish(struct load *load, struct job *job, enum outcome outcome)
{
    bool is_call = load->step->mode == STEP_CALL || load->step->mode == STEP_HANGUP;
    if (load->list != NULL && is_call) {
        list_call(load, job, outcome);
    }
    wheel_stop(&load->wheel, &job->client_timer);
    wheel_stop(&load->wheel, &job->callee_timer);
    count_outcome(load, job, outcome);
    if (job->is_kept) {
        load->kept_count--;
    } else {
        load->under_way--;
    }
    if (job->method == METHOD_REGISTER) {
        load->phones[job->caller].is_busy = false;
    }
    job->state = JOB_FREE;
    load->free_slots[load->free_count++] = job->slot;
}

void load_job_keep(struct load *load, struct job *job)
{
    count_outcome(load, job, OUTCOME_OK);
    job->is_kept = true;
    load->under_way--;
    load->kept_count++;
}

void load_job_flaw(struct load *load, struct job *job, enum flaw flaw, struct slice message)
{
    load->stats->flaws[flaw]++;
    if (job->flaw == FLAW_NONE) {
        job->flaw = flaw;
    }
    if (load->shown_count < load->options->show_count) {
        load->shown_count++;
        fprintf(stderr, "dialload: flaw '%s' in this message:\n" SLICE_FMT "\n", flaw_name(flaw),
                SLICE_ARG(message));
        fprintf(stderr, "dialload: while this request was under way:\n%.*s\n", (int)job->sent_size,
                job->sent);
    }
}

bool load_take_challenge(struct load *load, struct job *job, struct held_nonce *nonce,
                         const struct message *message)
{
    load->stats->challenges++;
    load->stats->stale += job->has_credentials;
    if (++job->challenge_count > CHALLENGES_MAX) {
        load->stats->statuses[message->status]++;
        load_job_finish(load, job, OUTCOME_FAILED);
        return false;
    }
    if (!auth_take_challenge(nonce, message, load->options->algorithm)) {
        load_job_flaw(load, job, FLAW_CHALLENGE, message->whole);
        load_job_finish(load, job, OUTCOME_FAILED);
        return false;
    }
    job->has_credentials = true;
    return true;
}

uint32_t load_phone_socket(const struct load *load, uint32_t phone)
{
    return phone % load->net.socket_count;
}

uint32_t load_job_phone(const struct job *job, enum side side)
{
    return side == SIDE_CALLER ? job->caller : job->callee;
}

static void transmit(struct load *load, struct job *job)
{
    net_send(&load->net, load_phone_socket(load, load_job_phone(job, job->sender)),
             slice_make(job->sent, job->sent_size));
}

void load_request_send(struct load *load, struct job *job)
{
    job->asked_us = load->now_us;
    job->interval_us = load->options->t1_us;
    job->has_provisional = false;
    transmit(load, job);
    wheel_start(&load->wheel, &job->client_timer, load->now_us + job->interval_us);
}

void load_request_repeat(struct load *load, struct job *job)
{
    int64_t t1_us = load->options->t1_us;
    int64_t limit_us = job->asked_us + T1_TIMES_LIMIT * t1_us;
    bool is_invite = job->method == METHOD_INVITE;
    if (is_invite && job->has_provisional) {
        limit_us += load->step->ring_us; /* the server said that it works on it */
    }
    if (load->now_us >= limit_us) {
        load_job_finish(load, job, OUTCOME_TIMEOUT);
        return;
    }
    if (is_invite && job->has_provisional) {
        wheel_start(&load->wheel, &job->client_timer, limit_us);
        return;
    }
    transmit(load, job);
    load->stats->retransmits++;
    job->interval_us *= 2;
    if (!is_invite && (job->interval_us > T2_TIMES * t1_us || job->has_provisional)) {
        job->interval_us = T2_TIMES * t1_us;
    }
    int64_t next_us = load->now_us + job->interval_us;
    wheel_start(&load->wheel, &job->client_timer, next_us < limit_us ? next_us : limit_us);
}
