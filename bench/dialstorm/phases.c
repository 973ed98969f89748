/* Phase after phase at the rates that the plan says, and what came of each. */
#include "dialstorm/phases.h"
#include "base/clock.h"

#include <linux/sock_diag.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define STARTS_A_TURN 64
#define LAG_MAX_US INT64_C(200000) /* a start later than this is skipped and said so */
#define SETUP_LIMIT_US INT64_C(120000000)
#define SETUP_AT_ONCE 64

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
        uint32_t info[SK_MEMINFO_VARS] = {0};
        socklen_t size = sizeof(info);
        if (getsockopt(net->sockets[i].fd, SOL_SOCKET, SO_MEMINFO, info, &size) == 0) {
            sum += info[SK_MEMINFO_DROPS];
        }
    }
    return sum;
}

/* Reading a large program's memory takes milliseconds, so the clock is read again behind it. */
static void take_sample(struct storm *storm, struct sample *sample)
{
    const struct plan *plan = storm->plan;
    sample->at_us = clock_mono_us();
    sample->own_cpu_ns = own_cpu_ns();
    for (uint32_t i = 0; i < plan->group_count; i++) {
        (void)probe_cpu_ns(&plan->groups[i], &sample->cpu_ns[i]);
        (void)probe_rss_kib(&plan->groups[i], &sample->rss_kib[i]);
        (void)probe_pss_kib(&plan->groups[i], &sample->pss_kib[i]);
    }
    sample->drops_server = probe_port_drops(storm->net.target_port);
    sample->drops_own = own_drops(&storm->net);
    sample->sent = storm->net.counts.sent;
    sample->received = storm->net.counts.received;
    storm->now_us = clock_mono_us();
}

static bool start_dialog(struct phases *run, int64_t due_us)
{
    struct storm *storm = run->storm;
    for (uint32_t i = 0; i < run->held_count; i++) {
        struct op *op = &storm->ops[run->held_slots[run->visit[WORK_DIALOG]++ % run->held_count]];
        if (op->state == OP_HELD && !op->is_asking) {
            call_inform(storm, op, due_us);
            return true;
        }
    }
    return false;
}

static bool start_one(struct phases *run, enum work work, int64_t due_us)
{
    struct storm *storm = run->storm;
    const struct plan *plan = storm->plan;
    if (work == WORK_DIALOG) {
        return start_dialog(run, due_us);
    }
    struct op *op = op_take(storm, work, due_us);
    if (op == NULL) {
        return false;
    }
    uint32_t half = plan->user_count / 2;
    uint64_t visit = run->visit[work]++;
    op->caller = (uint32_t)(visit % half);
    switch (work) {
    case WORK_CALL:
        op->callee = half + op->caller;
        call_start(storm, op);
        return true;
    case WORK_DEAD:
        op->caller = half - 1 - op->caller; /* from the other end: not those who just call */
        op->callee = plan->user_count + (uint32_t)(visit % plan->dead_count);
        call_start(storm, op);
        return true;
    case WORK_REGISTER:
        op->caller = plan->user_count + plan->dead_count + (uint32_t)(visit % plan->flood_count);
        register_start(storm, op, false);
        return true;
    case WORK_REFRESH:
        op->caller = half + (uint32_t)(visit % half);
        register_start(storm, op, true);
        return true;
    case WORK_DIALOG:
    case WORK_COUNT:
        break;
    }
    return false;
}

/* Starts what is due; returns when to come again. */
static int64_t start_due(struct phases *run, const struct phase *phase, int64_t begin_us)
{
    struct storm *storm = run->storm;
    int64_t next_us = begin_us + phase->duration_us;
    for (enum work work = 0; work < WORK_COUNT; work++) {
        struct tally *tally = &storm->tallies[storm->phase][work];
        for (uint32_t i = 0; storm->under_way[work] < phase->closed[work] && i < STARTS_A_TURN;
             i++) {
            tally->due++;
            tally->skipped += !start_one(run, work, storm->now_us);
        }
        uint32_t rate = phase->rate_per_s[work];
        for (uint32_t i = 0; rate > 0 && i < STARTS_A_TURN; i++) {
            int64_t due_us = begin_us + (int64_t)(tally->due * 1000000 / rate);
            if (due_us > storm->now_us) {
                next_us = due_us < next_us ? due_us : next_us;
                break;
            }
            int64_t lag_us = storm->now_us - due_us;
            int64_t *lag_max_us = &run->lag_max_us[storm->phase - 1];
            *lag_max_us = lag_us > *lag_max_us ? lag_us : *lag_max_us;
            tally->due++;
            tally->skipped += lag_us > LAG_MAX_US || !start_one(run, work, due_us);
            next_us = storm->now_us;
        }
    }
    return next_us;
}

static bool call_from(struct phases *run, uint32_t caller, enum work work)
{
    struct storm *storm = run->storm;
    struct op *op = op_take(storm, work, storm->now_us);
    if (op == NULL) {
        return false;
    }
    op->caller = caller;
    op->callee = storm->plan->user_count / 2 + caller;
    if (work == WORK_DIALOG) {
        run->held_slots[run->held_count++] = op->slot;
    }
    call_start(storm, op);
    return true;
}

static uint32_t count_open_calls(const struct phases *run)
{
    uint32_t count = run->storm->under_way[WORK_CALL];
    for (uint32_t i = 0; i < run->held_count; i++) {
        const struct op *op = &run->storm->ops[run->held_slots[i]];
        count += op->state != OP_HELD && op->state != OP_FREE;
    }
    return count;
}

/* Every caller calls once, so that it holds a nonce for calls; the first calls stay up. */
static bool make_calls(struct phases *run)
{
    struct storm *storm = run->storm;
    uint32_t count = storm->plan->user_count / 2;
    int64_t until_us = storm->now_us + SETUP_LIMIT_US;
    for (uint32_t next = 0; next < count || count_open_calls(run) > 0;) {
        while (next < count &&
               (next < storm->plan->held_count ? count_open_calls(run)
                                               : storm->under_way[WORK_CALL]) < SETUP_AT_ONCE) {
            bool is_held = next < storm->plan->held_count;
            if (!call_from(run, next++, is_held ? WORK_DIALOG : WORK_CALL)) {
                return false;
            }
        }
        storm_turn(storm, storm->now_us + BIN_US);
        if (storm->now_us >= until_us) {
            return false;
        }
    }
    for (uint32_t i = 0; i < run->held_count; i++) {
        if (storm->ops[run->held_slots[i]].state != OP_HELD) {
            return false;
        }
    }
    return true;
}

static bool set_up(struct phases *run)
{
    struct storm *storm = run->storm;
    const struct plan *plan = storm->plan;
    if (!storm_register_all(storm, 0, plan->user_count + plan->dead_count, SETUP_AT_ONCE,
                            SETUP_LIMIT_US)) {
        fprintf(stderr, "dialstorm: not every phone could register\n");
        return false;
    }
    if (!make_calls(run)) {
        fprintf(stderr, "dialstorm: the first calls, one of each phone, did not end well\n");
        return false;
    }
    return true;
}

static void run_phase(struct phases *run, uint32_t index)
{
    struct storm *storm = run->storm;
    const struct phase *phase = &storm->plan->phases[index];
    int64_t begin_us = storm->now_us;
    storm->phase = index + 1;
    while (storm->now_us < begin_us + phase->duration_us) {
        int64_t next_us = start_due(run, phase, begin_us);
        storm_turn(storm, next_us);
    }
    take_sample(storm, &run->samples[index + 1]);
}

/* What began is given its time; nothing new begins. */
static void run_tail(struct phases *run)
{
    struct storm *storm = run->storm;
    int64_t until_us = storm->now_us + storm->plan->tail_us;
    for (;;) {
        uint32_t open_count = count_open_calls(run) + storm->under_way[WORK_REGISTER] +
                              storm->under_way[WORK_REFRESH] + storm->under_way[WORK_DEAD];
        if (storm->now_us >= until_us ||
            (open_count == 0 && storm->under_way[WORK_DIALOG] == run->held_count)) {
            break;
        }
        storm_turn(storm, storm->now_us + BIN_US);
    }
    take_sample(storm, &run->samples[storm->plan->phase_count + 1]);
}

bool run_phases(struct storm *storm)
{
    const struct plan *plan = storm->plan;
    struct phases *run = calloc(1, sizeof(*run));
    bool is_done = false;
    if (run == NULL) {
        return false;
    }
    run->storm = storm;
    if (set_up(run)) {
        take_sample(storm, &run->samples[0]);
        storm->begin_us = storm->now_us;
        for (uint32_t i = 0; i < plan->phase_count; i++) {
            run_phase(run, i);
        }
        run_tail(run);
        phases_report(run);
        is_done = true;
    }
    free(run);
    return is_done;
}
