/* Phones that lose the server all at once and come back all at once, as real ones do: RFC 3261
 * timers, Retry-After obeyed, and RFC 5626 4.5 where there is none. And a server that is killed
 * with all its bindings, and how soon it answers for them.
 */
#include "base/clock.h"
#include "dialstorm/storm.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>

#define BACKOFF_MAX_US INT64_C(1800000000)
#define AT_ONCE 64
#define PROBE_US 2000 /* revive: a refresh from the next socket this often */

struct avalanche {
    uint32_t registered_count;
    uint64_t sent_before;
    int64_t begin_us; /* the phones have noticed */
    int64_t back_us;  /* the first 200 after it */
    int64_t t50_us, t99_us, t100_us;
};

static struct avalanche run; /* the callbacks of storm.h carry no context of their own */

static void wait_then_try(struct storm *storm, struct op *op, int64_t wait_us)
{
    op->state = OP_WAITING;
    wheel_start(&storm->wheel, &op->client_timer, storm->now_us + wait_us);
}

static void came_back(struct storm *storm, struct op *op)
{
    uint32_t count = storm->plan->user_count;
    int64_t took_us = storm->now_us - run.begin_us;
    run.registered_count++;
    if (run.registered_count == 1) {
        run.back_us = took_us;
    }
    if (run.registered_count == (count + 1) / 2) {
        run.t50_us = took_us;
    }
    if (run.registered_count == (uint32_t)(((uint64_t)count * 99 + 99) / 100)) {
        run.t99_us = took_us;
    }
    if (run.registered_count == count) {
        run.t100_us = took_us;
    }
    op_free(storm, op);
}

static void try_later(struct storm *storm, struct op *op, int status, int64_t retry_s)
{
    (void)status;
    op->is_counted = false; /* the next attempt counts for itself */
    if (retry_s >= 0) {
        op->attempt_count = 0;
        /* Within the second: phones do not share a clock's edge. */
        wait_then_try(storm, op, retry_s * 1000000 + (int64_t)rng_below(&storm->rng, 1000000));
        return;
    }
    int64_t most_us = storm->plan->backoff_us;
    for (uint8_t i = 0; i < op->attempt_count && most_us < BACKOFF_MAX_US; i++) {
        most_us *= 2;
    }
    most_us = most_us < BACKOFF_MAX_US ? most_us : BACKOFF_MAX_US;
    op->attempt_count++;
    wait_then_try(storm, op,
                  most_us / 2 + (int64_t)rng_below(&storm->rng, (uint64_t)most_us / 2 + 1));
}

static void try_now(struct storm *storm, struct op *op)
{
    register_start(storm, op, !storm->plan->forgets_nonce);
}

/* What never happened (-1) must not look like at once. */
static int64_t whole_ms(int64_t time_us)
{
    return time_us < 0 ? -1 : time_us / 1000;
}

static void report_avalanche(const struct storm *storm, double capacity, uint64_t sent_deaf)
{
    const struct plan *plan = storm->plan;
    const struct tally *tally = &storm->tallies[1][WORK_REFRESH];
    double count = plan->user_count;
    fprintf(plan->out,
            "{\"phones\":%u,\"capacity_per_s\":%.0f,\"registered\":%u,\"first_ms\":%" PRId64
            ",\"t50_ms\":%" PRId64 ",\"t99_ms\":%" PRId64 ",\"t100_ms\":%" PRId64
            ",\"bound_ms\":%.0f,\"packets_per_phone\":%.2f,\"packets_per_phone_deaf\":%.2f"
            ",\"retransmits\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"timeouts\":%" PRIu64
            ",\"retry_after_mean_s\":%.1f,\"retry_after_max_s\":%" PRIu64 "}\n",
            plan->user_count, capacity, run.registered_count, whole_ms(run.back_us),
            whole_ms(run.t50_us), whole_ms(run.t99_us), whole_ms(run.t100_us),
            1000 * (1.3 * count / capacity + 10), (double)(tally->sent - sent_deaf) / count,
            (double)sent_deaf / count, tally->retransmits, tally->refused, tally->timeouts,
            tally->retry_count > 0 ? (double)tally->retry_sum_s / (double)tally->retry_count : 0.0,
            tally->retry_max_s);
}

/* Every phone is offline from now on, and notices within the spread. */
static bool start_all(struct storm *storm)
{
    for (uint32_t phone = 0; phone < storm->plan->user_count; phone++) {
        struct op *op = op_take(storm, WORK_REFRESH, storm->now_us);
        if (op == NULL) {
            fprintf(stderr, "dialstorm: more phones than slots\n");
            return false;
        }
        op->caller = phone;
        op->callee = phone;
        wait_then_try(storm, op,
                      (int64_t)rng_below(&storm->rng, (uint64_t)storm->plan->spread_us + 1));
    }
    return true;
}

static bool lose_server(const struct plan *plan)
{
    if (plan->kill_pid != 0 && kill(plan->kill_pid, SIGKILL) == -1) {
        perror("dialstorm: kill");
        return false;
    }
    return true;
}

bool run_avalanche(struct storm *storm)
{
    const struct plan *plan = storm->plan;
    int64_t asked_us = storm->now_us;
    if (!storm_register_all(storm, 0, plan->user_count, AT_ONCE, plan->limit_us)) {
        fprintf(stderr, "dialstorm: not every phone could register\n");
        return false;
    }
    double capacity = plan->user_count * 1e6 / (double)(storm->now_us - asked_us);
    run = (struct avalanche){
        .begin_us = storm->now_us, .back_us = -1, .t50_us = -1, .t99_us = -1, .t100_us = -1};
    storm->phase = 1;
    storm->on_registered = came_back;
    storm->on_unregistered = try_later;
    storm->on_wait_over = try_now;
    storm->is_deaf = plan->deaf_us > 0;
    if (!lose_server(plan) || !start_all(storm)) {
        return false;
    }
    uint64_t sent_deaf = 0;
    int64_t until_us = storm->now_us + plan->deaf_us + plan->limit_us;
    while (run.registered_count < plan->user_count && storm->now_us < until_us) {
        storm_turn(storm, storm->now_us + BIN_US);
        if (storm->is_deaf && storm->now_us >= run.begin_us + plan->deaf_us) {
            storm->is_deaf = false;
            sent_deaf = storm->tallies[1][WORK_REFRESH].sent;
            run.begin_us = storm->now_us; /* the time counts from when the network is back */
        }
    }
    report_avalanche(storm, capacity, sent_deaf);
    return true;
}

/* A refresh from each socket in turn: the kernel spreads source ports over the workers, so when
 * every socket has its answer every worker has answered. */
struct revive {
    bool is_answered[OPTIONS_SOCKETS_MAX];
    uint32_t answered_count;
    int64_t killed_us, first_us, all_us;
};

static struct revive revival;

static void was_answered(struct storm *storm, struct op *op)
{
    uint32_t socket_index = phone_socket(storm, op->caller);
    if (op->challenge_count == 0 && !revival.is_answered[socket_index]) {
        revival.is_answered[socket_index] = true;
        revival.answered_count++;
        revival.all_us = storm->now_us - revival.killed_us;
        revival.first_us = revival.answered_count == 1 ? revival.all_us : revival.first_us;
    }
    op_free(storm, op);
}

static void was_not_answered(struct storm *storm, struct op *op, int status, int64_t retry_s)
{
    (void)status;
    (void)retry_s;
    op_free(storm, op);
}

/* The next phone whose socket has no answer yet; each phone is asked once. */
static bool ask_next(struct storm *storm, uint32_t *next)
{
    while (*next < storm->plan->user_count && revival.is_answered[phone_socket(storm, *next)]) {
        (*next)++;
    }
    if (*next >= storm->plan->user_count) {
        return false;
    }
    struct op *op = op_take(storm, WORK_REFRESH, storm->now_us);
    if (op == NULL) {
        return false;
    }
    op->caller = *next;
    op->callee = *next;
    *next += SOCKET_RUN;
    register_start(storm, op, true);
    return true;
}

bool run_revive(struct storm *storm)
{
    const struct plan *plan = storm->plan;
    int64_t pss_kib[PROBE_GROUPS_MAX] = {0};
    int64_t empty_kib[PROBE_GROUPS_MAX] = {0};
    for (uint32_t i = 0; i < plan->group_count; i++) {
        (void)probe_pss_kib(&plan->groups[i], &empty_kib[i]);
    }
    storm->now_us = clock_mono_us();
    int64_t begin_us = storm->now_us;
    if (!storm_register_all(storm, 0, plan->user_count, AT_ONCE, plan->limit_us)) {
        fprintf(stderr, "dialstorm: not every phone could register\n");
        return false;
    }
    int64_t took_us = storm->now_us - begin_us;
    for (uint32_t i = 0; i < plan->group_count; i++) {
        (void)probe_pss_kib(&plan->groups[i], &pss_kib[i]);
    }
    storm->phase = 1;
    storm->on_registered = was_answered;
    storm->on_unregistered = was_not_answered;
    if (!lose_server(plan)) {
        return false;
    }
    storm->now_us = clock_mono_us();
    revival = (struct revive){.killed_us = storm->now_us, .first_us = -1, .all_us = -1};
    uint32_t next = 0;
    while (revival.answered_count < storm->net.socket_count &&
           storm->now_us < revival.killed_us + plan->limit_us) {
        int64_t until_us = storm->now_us + PROBE_US;
        (void)ask_next(storm, &next);
        while (storm->now_us < until_us) {
            storm_turn(storm, until_us);
        }
    }
    const struct tally *tally = &storm->tallies[1][WORK_REFRESH];
    if (revival.answered_count < storm->net.socket_count) {
        revival.all_us = -1;
    }
    fprintf(plan->out,
            "{\"bindings\":%u,\"register_per_s\":%.0f,\"first_ms\":%" PRId64 ",\"all_ms\":%" PRId64
            ",\"sockets\":%u,\"sockets_answered\":%u,\"challenged\":%" PRIu64
            ",\"refused\":%" PRIu64 ",\"pss_kib\":{",
            plan->user_count, plan->user_count * 1e6 / (double)took_us, whole_ms(revival.first_us),
            whole_ms(revival.all_us), storm->net.socket_count, revival.answered_count,
            tally->challenges, tally->refused);
    for (uint32_t i = 0; i < plan->group_count; i++) {
        fprintf(plan->out, "%s\"%s\":{\"empty\":%" PRId64 ",\"full\":%" PRId64 "}",
                i > 0 ? "," : "", plan->groups[i].name, empty_kib[i], pss_kib[i]);
    }
    fprintf(plan->out, "}}\n");
    fflush(plan->out);
    return true;
}
