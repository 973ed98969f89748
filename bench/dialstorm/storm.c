#include "base/clock.h"
#include "base/pages.h"
#include "dialstorm/scan.h"
#include "dialstorm/write.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static size_t phone_count(const struct plan *plan)
{
    return (size_t)plan->user_count + plan->dead_count + plan->flood_count;
}

bool storm_init(struct storm *storm, const struct plan *plan)
{
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
        return false;
    }
    *storm = (struct storm){.plan = plan, .generation = (uint32_t)seed, .now_us = clock_mono_us()};
    rng_init(&storm->rng, seed);
    storm->phones = pages_take(phone_count(plan) * sizeof(*storm->phones));
    storm->ops = pages_take(OP_SLOTS * sizeof(*storm->ops));
    storm->texts = pages_take(OP_SLOTS * sizeof(*storm->texts));
    storm->free_slots = pages_take(OP_SLOTS * sizeof(*storm->free_slots));
    storm->tallies = pages_take((PHASES_MAX + 1) * sizeof(*storm->tallies));
    if (storm->phones == NULL || storm->ops == NULL || storm->texts == NULL ||
        storm->free_slots == NULL || storm->tallies == NULL) {
        fprintf(stderr, "dialstorm: no memory\n");
        return false;
    }
    wheel_init(&storm->wheel, storm->now_us);
    return net_init(&storm->net, &plan->net) && auth_init(&storm->auth, seed);
}

void storm_done(struct storm *storm)
{
    net_done(&storm->net);
    auth_done(&storm->auth);
    /* The mappings end with the process, which is about to. */
}

uint32_t phone_socket(const struct storm *storm, uint32_t phone)
{
    const struct plan *plan = storm->plan;
    uint32_t count = storm->net.socket_count;
    if (plan->dead_count == 0) {
        return (phone / SOCKET_RUN) % count;
    }
    bool is_dead = phone >= plan->user_count && phone < plan->user_count + plan->dead_count;
    return is_dead ? count - 1 : (phone / SOCKET_RUN) % (count - 1);
}

struct op *op_take(struct storm *storm, enum work kind, int64_t due_us)
{
    uint32_t slot = 0;
    if (storm->free_count > 0) {
        slot = storm->free_slots[--storm->free_count];
    } else if (storm->fresh_slot < OP_SLOTS) {
        slot = storm->fresh_slot++;
    } else {
        return NULL;
    }
    struct op *op = &storm->ops[slot];
    *op = (struct op){.kind = kind,
                      .slot = slot,
                      .generation = storm->generation++,
                      .phase = (uint8_t)storm->phase,
                      .started_us = due_us,
                      .sent_us = storm->now_us};
    op->client_timer.index = slot;
    op->callee_timer.index = slot;
    op->callee_timer.kind = 1;
    storm->under_way[kind]++;
    op_tally(storm, op)->started++;
    hist_add(&op_tally(storm, op)->lateness, storm->now_us - due_us);
    int64_t bin = (due_us - storm->begin_us) / BIN_US;
    if (bin >= 0 && bin < BINS_MAX) {
        storm->bins[kind][bin].started++;
    }
    return op;
}

void op_free(struct storm *storm, struct op *op)
{
    assert(op->state != OP_FREE);
    wheel_stop(&storm->wheel, &op->client_timer);
    wheel_stop(&storm->wheel, &op->callee_timer);
    op->state = OP_FREE;
    storm->under_way[op->kind]--;
    storm->free_slots[storm->free_count++] = op->slot;
}

struct op *op_find(struct storm *storm, struct slice id)
{
    uint8_t bytes[OP_ID_SIZE / 2];
    if (id.size < OP_ID_SIZE || !slice_from_hex(slice_head(id, OP_ID_SIZE), bytes, sizeof(bytes))) {
        return NULL;
    }
    uint32_t slot = (uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2];
    uint32_t generation =
        (uint32_t)bytes[3] << 24 | (uint32_t)bytes[4] << 16 | (uint32_t)bytes[5] << 8 | bytes[6];
    if (slot >= storm->fresh_slot) {
        return NULL;
    }
    struct op *op = &storm->ops[slot];
    return op->state != OP_FREE && op->generation == generation ? op : NULL;
}

struct op_text *op_text(struct storm *storm, const struct op *op)
{
    return &storm->texts[op->slot];
}

struct tally *op_tally(struct storm *storm, const struct op *op)
{
    return &storm->tallies[op->phase][op->kind];
}

void op_count_ok(struct storm *storm, struct op *op)
{
    struct tally *tally = op_tally(storm, op);
    if (op->is_counted) {
        return;
    }
    op->is_counted = true;
    int64_t took_us = storm->now_us - op->started_us;
    /* A request in a dialog has the time that its transaction has; nobody listens for it. */
    bool is_late = op->kind != WORK_DIALOG && took_us > storm->plan->patience_us;
    tally->ok += !is_late;
    storm->tallies[storm->phase][op->kind].ended_ok += !is_late;
    tally->late += is_late;
    hist_add(&tally->latency, storm->now_us - op->sent_us);
    int64_t bin = (op->started_us - storm->begin_us) / BIN_US;
    if (!is_late && bin >= 0 && bin < BINS_MAX) {
        storm->bins[op->kind][bin].ok++;
    }
}

void op_count_refused(struct storm *storm, struct op *op, int status, int64_t retry_s)
{
    struct tally *tally = op_tally(storm, op);
    if (op->is_counted) {
        return;
    }
    op->is_counted = true;
    tally->refused++;
    tally->statuses[status < STATUS_MAX ? status : STATUS_MAX - 1]++;
    if (retry_s >= 0) {
        uint64_t retry = (uint64_t)retry_s;
        bool is_lowest = tally->retry_count == 0 || retry < tally->retry_min_s;
        tally->retry_min_s = is_lowest ? retry : tally->retry_min_s;
        tally->retry_max_s = retry > tally->retry_max_s ? retry : tally->retry_max_s;
        tally->retry_sum_s += retry;
        tally->retry_count++;
    }
}

void op_count_given_up(struct storm *storm, struct op *op)
{
    if (!op->is_counted) {
        op->is_counted = true;
        op_tally(storm, op)->given_up++;
    }
}

static void take_response(struct storm *storm, const struct message *message, uint32_t socket_index)
{
    static const struct slice cookie = {"z9hG4bK", 7};
    struct slice branch = scan_branch(message->via.items[0]);
    uint8_t transaction = 0;
    struct slice id = slice_skip(branch, cookie.size);
    bool is_ours = id.size == OP_ID_SIZE + 2 && slice_starts_with(branch, cookie) &&
                   slice_from_hex(slice_skip(id, OP_ID_SIZE), &transaction, 1);
    if (!is_ours) {
        storm->strays++;
        return;
    }
    bool is_invites = slice_equal(message->method, SLICE("INVITE"));
    if (is_invites && message->status >= 300) {
        char data[NET_SEND_MAX];
        struct slice ack = write_refusal_ack(storm, message, socket_index, data, sizeof(data));
        if (ack.size > 0) {
            net_send(&storm->net, socket_index, ack);
        }
    }
    struct op *op = op_find(storm, id);
    if (op == NULL) {
        storm->strays++;
        return;
    }
    uint8_t expected = is_invites || slice_equal(message->method, SLICE("CANCEL"))
                           ? op->invite_transaction
                           : op->transaction;
    op_tally(storm, op)->received++;
    if (transaction != expected || op->state == OP_WAITING) {
        return; /* to what was sent before */
    }
    if (op->method == METHOD_REGISTER) {
        register_response(storm, op, message);
    } else {
        call_response(storm, op, message);
    }
}

static void take_datagram(void *context, uint32_t socket_index, struct slice datagram)
{
    struct storm *storm = context;
    struct message message;
    if (storm->is_deaf) {
        return;
    }
    if (!scan_message(datagram, &message)) {
        storm->unreadable++;
    } else if (message.status != 0) {
        take_response(storm, &message, socket_index);
    } else if (storm->plan->dead_count > 0 && socket_index == storm->net.socket_count - 1) {
        storm->dead_requests++;
        storm->dead_invites += slice_equal(message.method, SLICE("INVITE"));
    } else {
        callee_request(storm, &message, socket_index);
    }
}

void storm_turn(struct storm *storm, int64_t until_us)
{
    struct wheel_timer *timer;
    net_flush(&storm->net);
    int64_t next_us = wheel_deadline(&storm->wheel);
    next_us = next_us < until_us ? next_us : until_us;
    int64_t wait_us = next_us - storm->now_us;
    net_receive(&storm->net, wait_us > 0 ? wait_us : 0, take_datagram, storm);
    storm->now_us = clock_mono_us();
    while ((timer = wheel_expire(&storm->wheel, storm->now_us)) != NULL) {
        struct op *op = &storm->ops[timer->index];
        if (timer->kind == 0) {
            client_timer(storm, op);
        } else {
            callee_timer(storm, op);
        }
    }
}

/* While all phones are registered, one that is refused comes again when it may. */
static void register_again_later(struct storm *storm, struct op *op, int status, int64_t retry_s)
{
    (void)status;
    op->is_counted = false;
    op->state = OP_WAITING;
    wheel_start(&storm->wheel, &op->client_timer,
                storm->now_us + (retry_s > 0 ? retry_s : 1) * INT64_C(1000000));
}

static void register_again(struct storm *storm, struct op *op)
{
    op->started_us = op->sent_us = storm->now_us;
    register_start(storm, op, false);
}

bool storm_register_all(struct storm *storm, uint32_t first, uint32_t count, uint32_t at_once,
                        int64_t limit_us)
{
    int64_t until_us = storm->now_us + limit_us;
    uint64_t before = storm->tallies[storm->phase][WORK_REFRESH].ok;
    storm->on_unregistered = register_again_later;
    storm->on_wait_over = register_again;
    for (uint32_t next = 0; next < count || storm->under_way[WORK_REFRESH] > 0;) {
        while (next < count && storm->under_way[WORK_REFRESH] < at_once) {
            struct op *op = op_take(storm, WORK_REFRESH, storm->now_us);
            assert(op != NULL);
            op->caller = first + next++;
            op->callee = op->caller;
            register_start(storm, op, false);
        }
        storm_turn(storm, until_us);
        if (storm->now_us >= until_us) {
            break;
        }
    }
    storm->on_unregistered = NULL;
    storm->on_wait_over = NULL;
    return storm->tallies[storm->phase][WORK_REFRESH].ok - before >= count;
}
