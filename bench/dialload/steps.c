#include "dialload/steps.h"

#include "base/clock.h"
#include "dialload/check.h"
#include "dialload/flows.h"

#include <time.h>

#define WAIT_MAX_US 100000 /* the limits of a step are looked at this often */
#define BUSY_TRIES 16

struct run { /* a step under way */
    struct load *load;
    int64_t begin_us;
    uint32_t stride; /* visits every phone once, far from its neighbours */
    uint32_t hangup_slot;
};

static uint32_t gcd(uint32_t a, uint32_t b)
{
    while (b != 0) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Near the golden section of the count, and without a common factor with it. */
static uint32_t choose_stride(uint32_t count)
{
    uint32_t stride = (uint32_t)((uint64_t)count * 618 / 1000) | 1;
    while (gcd(stride, count) != 1) {
        stride += 2;
    }
    return stride;
}

static uint32_t phone_at(const struct run *run, uint64_t visit)
{
    const struct step *step = run->load->step;
    return step->first_user + (uint32_t)(visit * run->stride % step->user_count);
}

/* "c" or any letter, then slot and generation in hex. */
static struct job *find_job(struct load *load, struct slice id)
{
    uint8_t bytes[JOB_ID_SIZE / 2];
    if (id.size < JOB_ID_SIZE ||
        !slice_from_hex(slice_head(id, JOB_ID_SIZE), bytes, sizeof(bytes))) {
        return NULL;
    }
    uint32_t slot = (uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2];
    uint32_t generation =
        (uint32_t)bytes[3] << 24 | (uint32_t)bytes[4] << 16 | (uint32_t)bytes[5] << 8 | bytes[6];
    if (slot >= load->options->slot_count) {
        return NULL;
    }
    struct job *job = &load->jobs[slot];
    return job->state != JOB_FREE && job->generation == generation ? job : NULL;
}

static void take_response(struct load *load, const struct message *message, uint32_t socket_index)
{
    static const struct slice cookie = {"z9hG4bK", 7};
    struct slice branch = {NULL, 0};
    uint8_t transaction = 0;
    (void)reader_param(message->via.items[0], SLICE("branch"), &branch);
    struct slice id = slice_skip(branch, cookie.size);
    if (id.size != JOB_ID_SIZE + 2 || !slice_starts_with(branch, cookie) ||
        !slice_from_hex(slice_skip(id, JOB_ID_SIZE), &transaction, 1)) {
        load->stats->strays++;
        return;
    }
    struct job *job = find_job(load, id);
    if (job == NULL) {
        load->stats->strays++;
        return;
    }
    if (transaction != job->transaction) {
        if (job->state != JOB_ASKING) {
            calling_late_response(load, job, message);
        } else {
            load->stats->duplicates++;
        }
        return;
    }
    enum flaw flaw = check_response(load, job, message, socket_index);
    if (flaw != FLAW_NONE) {
        load_job_flaw(load, job, flaw, message->whole);
    }
    if (job->state == JOB_ASKING) {
        registering_response(load, job, message);
    } else {
        calling_response(load, job, message);
    }
}

static void take_datagram(void *context, uint32_t socket_index, struct slice datagram)
{
    struct load *load = context;
    struct message message;
    load->now_us = clock_mono_us();
    if (!reader_read(datagram, &message)) {
        load->stats->unreadable++;
        return;
    }
    if (message.status != 0) {
        take_response(load, &message, socket_index);
    } else {
        answering_request(load, find_job(load, slice_skip(message.call_id, 1)), &message,
                          socket_index);
    }
}

static void expire_timers(struct load *load)
{
    struct wheel_timer *timer;
    while ((timer = wheel_expire(&load->wheel, load->now_us)) != NULL) {
        struct job *job = &load->jobs[timer->index];
        if (timer == &job->client_timer) {
            load_request_repeat(load, job);
        } else {
            answering_timer(load, job);
        }
    }
}

static bool start_register(struct run *run, uint64_t visit, int64_t at_us)
{
    struct load *load = run->load;
    uint32_t phone = phone_at(run, visit);
    enum method method = load->step->mode == STEP_OPTIONS ? METHOD_OPTIONS : METHOD_REGISTER;
    for (uint64_t i = 1; load->phones[phone].is_busy && i <= BUSY_TRIES; i++) {
        phone = phone_at(run, visit + i);
    }
    struct job *job = load->phones[phone].is_busy ? NULL : load_job_take(load);
    if (job == NULL) {
        return false;
    }
    job->caller = phone;
    job->callee = phone;
    job->client_timer.index = job->slot;
    job->started_us = at_us;
    registering_start(load, job, method);
    return true;
}

static bool start_call(struct run *run, uint64_t visit, int64_t at_us)
{
    struct load *load = run->load;
    struct job *job = load_job_take(load);
    if (job == NULL) {
        return false;
    }
    job->caller = phone_at(run, visit);
    job->callee = phone_at(run, visit + load->step->user_count / 2);
    job->client_timer.index = job->slot;
    job->callee_timer.index = job->slot;
    job->started_us = at_us;
    calling_start(load, job);
    return true;
}

static bool start_hangup(struct run *run, int64_t at_us)
{
    struct load *load = run->load;
    while (run->hangup_slot < load->fresh_slot) {
        struct job *job = &load->jobs[run->hangup_slot++];
        if (job->state != JOB_FREE && job->is_kept) {
            job->is_kept = false;
            load->kept_count--;
            load->under_way++;
            job->started_us = at_us;
            calling_end(load, job);
            return true;
        }
    }
    return false;
}

static void start_one(struct run *run, int64_t at_us)
{
    struct load *load = run->load;
    uint64_t visit = load->stats->started++;
    bool is_started = false;
    switch (load->step->mode) {
    case STEP_REGISTER:
    case STEP_REFRESH:
    case STEP_OPTIONS:
        is_started = start_register(run, visit, at_us);
        break;
    case STEP_CALL:
        is_started = start_call(run, visit, at_us);
        break;
    case STEP_HANGUP:
        is_started = start_hangup(run, at_us);
        break;
    }
    load->stats->not_started += !is_started;
}

static bool may_start(const struct run *run)
{
    const struct load *load = run->load;
    const struct step *step = load->step;
    if (step->mode == STEP_HANGUP) {
        return load->kept_count > 0;
    }
    return (step->count == 0 || load->stats->started < step->count) &&
           (step->duration_us == 0 || load->now_us - run->begin_us < step->duration_us);
}

/* Open loop: when the next operation is due, whatever became of the others. */
static int64_t next_start_us(const struct run *run)
{
    const struct load *load = run->load;
    return run->begin_us + (int64_t)(load->stats->started * 1000000 / load->step->rate_per_s);
}

static void start_due(struct run *run)
{
    struct load *load = run->load;
    const struct step *step = load->step;
    if (step->rate_per_s == 0) {
        while (may_start(run) && load->under_way < step->concurrency) {
            start_one(run, load->now_us);
        }
        return;
    }
    while (may_start(run) && next_start_us(run) <= load->now_us) {
        start_one(run, next_start_us(run));
    }
}

static int64_t wait_us(const struct run *run)
{
    const struct load *load = run->load;
    int64_t at_us = wheel_deadline(&load->wheel);
    if (load->step->rate_per_s != 0 && may_start(run) && next_start_us(run) < at_us) {
        at_us = next_start_us(run);
    }
    int64_t wait = at_us == INT64_MAX ? WAIT_MAX_US : at_us - load->now_us;
    return wait < 0 ? 0 : wait > WAIT_MAX_US ? WAIT_MAX_US : wait;
}

static void turn(struct run *run)
{
    struct load *load = run->load;
    net_flush(&load->net);
    net_receive(&load->net, wait_us(run), take_datagram, load);
    load->now_us = clock_mono_us();
    expire_timers(load);
}

/* What is still open at the limit is given up, except calls that an earlier step left up. */
static void give_up(struct load *load)
{
    for (uint32_t slot = 0; slot < load->fresh_slot; slot++) {
        struct job *job = &load->jobs[slot];
        if (job->state != JOB_FREE && !job->is_kept) {
            load_job_finish(load, job, OUTCOME_UNFINISHED);
        }
    }
}

static void run_operations(struct run *run)
{
    struct load *load = run->load;
    int64_t limit_us = run->begin_us + load->step->limit_us;
    start_due(run);
    while (load->under_way > 0 || may_start(run)) {
        turn(run);
        if (load->now_us >= limit_us) {
            give_up(load);
            break;
        }
        start_due(run);
    }
    net_flush(&load->net);
}

static void settle(struct run *run)
{
    struct load *load = run->load;
    int64_t until_us = load->now_us + load->step->settle_us;
    while (load->now_us < until_us) {
        net_flush(&load->net);
        net_receive(&load->net, WAIT_MAX_US / 10, take_datagram, load);
        load->now_us = clock_mono_us();
        expire_timers(load);
    }
}

static int64_t own_cpu_ns(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

static int64_t own_drops(const struct net *net)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < net->socket_count; i++) {
        sum += probe_port_drops(net->sockets[i].port);
    }
    return sum;
}

static void sample_before(const struct load *load, struct step_result *result)
{
    for (uint32_t i = 0; i < load->options->group_count; i++) {
        struct group_usage *usage = &result->usage[i];
        const struct probe_group *group = &load->options->groups[i];
        usage->is_known =
            probe_pss_kib(group, &usage->pss_before_kib) && probe_cpu_ns(group, &usage->cpu_ns);
    }
    result->drops_server = probe_port_drops(load->net.target_port);
    result->drops_own = own_drops(&load->net);
    result->counts = load->net.counts;
    result->own_cpu_ns = own_cpu_ns();
}

static void sample_cpu_after(const struct load *load, struct step_result *result)
{
    result->own_cpu_ns = own_cpu_ns() - result->own_cpu_ns;
    for (uint32_t i = 0; i < load->options->group_count; i++) {
        struct group_usage *usage = &result->usage[i];
        int64_t cpu_ns = 0;
        usage->is_known = usage->is_known && probe_cpu_ns(&load->options->groups[i], &cpu_ns);
        usage->cpu_ns = cpu_ns - usage->cpu_ns;
    }
    result->counts = (struct net_counts){
        .sent = load->net.counts.sent - result->counts.sent,
        .received = load->net.counts.received - result->counts.received,
        .send_failed = load->net.counts.send_failed - result->counts.send_failed,
        .refused = load->net.counts.refused - result->counts.refused,
    };
}

static void sample_memory_after(const struct load *load, struct step_result *result)
{
    for (uint32_t i = 0; i < load->options->group_count; i++) {
        struct group_usage *usage = &result->usage[i];
        usage->is_known =
            usage->is_known && probe_pss_kib(&load->options->groups[i], &usage->pss_after_kib);
    }
    result->drops_server = probe_port_drops(load->net.target_port) - result->drops_server;
    result->drops_own = own_drops(&load->net) - result->drops_own;
    result->kept_count = load->kept_count;
}

void steps_run(struct load *load, const struct step *step, struct step_result *result)
{
    *result = (struct step_result){.step = step};
    load->step = step;
    load->stats = &result->stats;
    sample_before(load, result);
    load->now_us = clock_mono_us();
    struct run run = {
        .load = load, .begin_us = load->now_us, .stride = choose_stride(step->user_count)};
    run_operations(&run);
    result->elapsed_us = clock_mono_us() - run.begin_us;
    sample_cpu_after(load, result);
    settle(&run);
    sample_memory_after(load, result);
}

bool steps_is_clean(const struct step_result *result)
{
    const struct stats *stats = &result->stats;
    return stats->outcomes[OUTCOME_OK] > 0 && stats->flawed == 0 && stats->not_started == 0 &&
           stats->unreadable == 0 && stats->outcomes[OUTCOME_FAILED] == 0 &&
           stats->outcomes[OUTCOME_TIMEOUT] == 0 && stats->outcomes[OUTCOME_CUT] == 0 &&
           stats->outcomes[OUTCOME_UNFINISHED] == 0;
}
