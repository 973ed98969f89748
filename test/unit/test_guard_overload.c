#include "guard/shed.h"
#include "guard/thin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

/* A worker under a storm of calls, in virtual time: the queue in its socket, what sheds it, what
 * thins it, and callers who repeat until they are answered. The costs are those of a worker with a
 * processor of its own (docs/performance.md). A machine that serves others is one that pauses. */
#define CALL_NS 48000
#define FIRST_NS 20000 /* of them with its INVITE, the rest later */
#define REFUSAL_NS 2800
#define CAPACITY (1000000000 / CALL_NS) /* calls a second */
#define QUEUE 7000                      /* datagrams: a buffer of 16 MB (node/sockets_class.c) */
#define BATCH 32

#define WARM_US 5000000 /* at half of the capacity, as behind the storm */
#define STORM_US 8000000
#define STORM_END_US (WARM_US + STORM_US)
#define AFTER_US 7000000
#define END_US (STORM_END_US + AFTER_US)
#define CALLERS_MAX 2000000

/* RFC 3261 17.1.1.2; then the caller has given up. */
#define REPEATS 3
static const int64_t repeat_us[REPEATS] = {500000, 1500000, 3500000};
#define PATIENCE_US 4000000
#define PATIENCE_MS (PATIENCE_US / 1000)

struct storm {
    int times_percent;                /* of the capacity */
    int64_t pause_apart_us, pause_us; /* on average so long from one to the next; 0: none */
};

struct outcome {    /* of the storm's callers, but for the last two */
    double goodput; /* served in time, of what could be done but for the pauses */
    int64_t p99_ms;
    double refused;
    double after;  /* served, of those who called behind it */
    double well_s; /* behind its end the last one called who was not */
};

struct caller {
    int64_t first_us;
    uint32_t mix; /* what the kernel's filter makes of his INVITE */
    bool is_answered;
};

struct fifo { /* of callers */
    uint32_t *items;
    uint64_t size, head, tail;
};

struct world {
    const struct storm *storm;
    struct thin thin;
    struct shed shed;
    struct rng rng;
    struct caller *callers;
    uint32_t caller_count;
    struct fifo repeats[REPEATS]; /* those who repeat after repeat_us of it */
    struct fifo queue;
    int64_t *arrived_us;                  /* of those in the queue */
    int64_t now_ns, next_ns, pause_at_us; /* next_ns: of a new caller */
    int64_t later_ns;                     /* to be spent on calls whose INVITE is done */
    int64_t paused_us;
    uint64_t ok, refused, ok_after;
    uint64_t waits_ms[PATIENCE_MS + 1];
    int64_t bad_us; /* the last one behind the storm called then who was refused */
};

static bool is_storm(int64_t us)
{
    return us >= WARM_US && us < STORM_END_US;
}

static bool is_taken_out(const struct caller *caller, uint32_t parts)
{
    return caller->mix > (uint64_t)UINT32_MAX * parts / THIN_PARTS;
}

static void fifo_put(struct fifo *fifo, uint32_t item)
{
    assert_true(fifo->head - fifo->tail < fifo->size);
    fifo->items[fifo->head++ % fifo->size] = item;
}

/* ---- callers ---- */

static void arrive(struct world *world, uint32_t number, int64_t at_us)
{
    struct fifo *queue = &world->queue;
    if (is_taken_out(&world->callers[number], world->thin.unproven_parts) ||
        queue->head - queue->tail == queue->size) {
        world->thin.lost++;
        return;
    }
    world->arrived_us[queue->head % queue->size] = at_us;
    fifo_put(queue, number);
}

static uint32_t new_caller(struct world *world)
{
    uint32_t number = world->caller_count++;
    int64_t now_us = world->next_ns / 1000;
    assert_true(number < CALLERS_MAX);
    world->callers[number] =
        (struct caller){.first_us = now_us, .mix = (uint32_t)rng_u64(&world->rng)};
    int64_t a_second =
        is_storm(now_us) ? CAPACITY * world->storm->times_percent / 100 : CAPACITY / 2;
    world->next_ns += (int64_t)rng_below(&world->rng, 2000000000 / (uint64_t)a_second);
    return number;
}

/* When the first of them who still waits repeats. */
static int64_t next_repeat_us(struct world *world, int which)
{
    struct fifo *fifo = &world->repeats[which];
    for (; fifo->tail < fifo->head; fifo->tail++) {
        const struct caller *caller = &world->callers[fifo->items[fifo->tail % fifo->size]];
        if (!caller->is_answered) {
            return caller->first_us + repeat_us[which];
        }
    }
    return INT64_MAX;
}

/* All that is sent until then. */
static void deliver(struct world *world, int64_t until_us)
{
    for (;;) {
        int64_t at_us = world->next_ns / 1000;
        int which = -1;
        for (int i = 0; i < REPEATS; i++) {
            int64_t due_us = next_repeat_us(world, i);
            which = due_us < at_us ? i : which;
            at_us = due_us < at_us ? due_us : at_us;
        }
        if (at_us > until_us) {
            return;
        }
        struct fifo *fifo = which < 0 ? NULL : &world->repeats[which];
        uint32_t number = fifo == NULL ? new_caller(world) : fifo->items[fifo->tail++ % fifo->size];
        if (which + 1 < REPEATS) {
            fifo_put(&world->repeats[which + 1], number);
        }
        arrive(world, number, at_us);
    }
}

static void answer(struct world *world, struct caller *caller, bool is_ok)
{
    int64_t took_us = world->now_ns / 1000 - caller->first_us;
    bool is_in_time = is_ok && took_us <= PATIENCE_US;
    if (caller->is_answered) {
        return;
    }
    caller->is_answered = true;
    if (is_storm(caller->first_us)) {
        world->refused += !is_ok;
        world->ok += is_in_time;
        world->waits_ms[is_in_time ? took_us / 1000 : 0] += is_in_time;
    } else if (caller->first_us >= STORM_END_US) {
        world->ok_after += is_in_time;
        world->bad_us = is_in_time ? world->bad_us : caller->first_us;
    }
}

/* ---- the worker ---- */

/* As node/edge_admit.c. */
static bool admit(struct world *world, const struct caller *caller, int64_t age_us, int64_t turn_us)
{
    struct thin *thin = &world->thin;
    bool is_calm = shed_is_calm(&world->shed, age_us, turn_us);
    if (thin_is_telling(thin, turn_us) && is_taken_out(caller, thin->told_from_parts)) {
        return false;
    }
    bool is_admitted =
        is_calm || shed_admit(&world->shed, 0, caller->mix, age_us, rng_u64(&world->rng));
    thin->admitted += is_admitted;
    thin->refused += !is_admitted;
    return is_admitted;
}

static void serve(struct world *world)
{
    struct fifo *queue = &world->queue;
    int64_t turn_us = world->now_ns / 1000;
    for (int i = 0; i < BATCH && queue->tail < queue->head; i++, queue->tail++) {
        uint64_t at = queue->tail % queue->size;
        struct caller *caller = &world->callers[queue->items[at]];
        bool is_admitted = admit(world, caller, turn_us - world->arrived_us[at], turn_us);
        world->now_ns += is_admitted ? FIRST_NS : REFUSAL_NS;
        world->later_ns += is_admitted ? CALL_NS - FIRST_NS : 0;
        answer(world, caller, is_admitted);
    }
}

static void pause_if_due(struct world *world)
{
    const struct storm *storm = world->storm;
    int64_t now_us = world->now_ns / 1000;
    if (storm->pause_us > 0 && now_us >= world->pause_at_us) {
        world->paused_us += is_storm(now_us) ? storm->pause_us : 0;
        world->now_ns += storm->pause_us * 1000;
        world->pause_at_us = now_us + storm->pause_us +
                             (int64_t)rng_below(&world->rng, 2 * (uint64_t)storm->pause_apart_us);
    }
}

static void turn(struct world *world)
{
    deliver(world, world->now_ns / 1000);
    world->now_ns += world->later_ns;
    world->later_ns = 0;
    serve(world);
    bool is_idle = world->queue.tail == world->queue.head && world->later_ns == 0;
    int64_t idle_ns = world->next_ns - world->now_ns;
    if (is_idle && idle_ns > 0) {
        world->now_ns += idle_ns;
        world->thin.idle_us += idle_ns / 1000;
    }
    pause_if_due(world);
    if (thin_is_due(&world->thin, world->now_ns / 1000)) {
        bool is_changed =
            thin_step(&world->thin, shed_is_waiting(&world->shed), world->now_ns / 1000);
        (void)is_changed; /* it is looked at for each datagram */
    }
}

static struct outcome judge(const struct world *world)
{
    int64_t could_us = STORM_US - world->paused_us;
    uint64_t came = 0, came_after = 0;
    int64_t bad_us = world->bad_us;
    for (uint32_t i = 0; i < world->caller_count; i++) {
        const struct caller *caller = &world->callers[i];
        came += is_storm(caller->first_us);
        came_after += caller->first_us >= STORM_END_US;
        bool is_unheard = caller->first_us >= STORM_END_US && caller->first_us < END_US - 1000000 &&
                          !caller->is_answered;
        bad_us = is_unheard && caller->first_us > bad_us ? caller->first_us : bad_us;
    }
    struct outcome outcome = {.goodput =
                                  (double)world->ok * 1e6 / ((double)CAPACITY * (double)could_us),
                              .refused = (double)world->refused / (double)came,
                              .after = (double)world->ok_after / (double)came_after,
                              .well_s = bad_us == 0 ? 0 : (double)(bad_us - STORM_END_US) / 1e6};
    uint64_t longer = 0;
    for (outcome.p99_ms = PATIENCE_MS; outcome.p99_ms > 0; outcome.p99_ms--) {
        longer += world->waits_ms[outcome.p99_ms];
        if (longer * 100 > world->ok) {
            break;
        }
    }
    return outcome;
}

static void *zeroed(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    assert_non_null(memory);
    return memory;
}

static struct outcome play(const struct storm *storm)
{
    struct world *world = zeroed(1, sizeof(*world));
    struct thin_terms terms = thin_terms_calls();
    struct shed_terms shed_terms = shed_terms_default();
    thin_init(&world->thin, &terms);
    shed_init(&world->shed, &shed_terms);
    rng_init(&world->rng, 11);
    world->storm = storm;
    world->callers = zeroed(CALLERS_MAX, sizeof(*world->callers));
    world->queue = (struct fifo){.items = zeroed(QUEUE, sizeof(uint32_t)), .size = QUEUE};
    world->arrived_us = zeroed(QUEUE, sizeof(int64_t));
    for (int i = 0; i < REPEATS; i++) {
        world->repeats[i] =
            (struct fifo){.items = zeroed(CALLERS_MAX, sizeof(uint32_t)), .size = CALLERS_MAX};
    }
    world->now_ns = 1000000;
    world->next_ns = 1000000;
    while (world->now_ns / 1000 < END_US) {
        turn(world);
    }
    struct outcome outcome = judge(world);
    for (int i = 0; i < REPEATS; i++) {
        free(world->repeats[i].items);
    }
    free(world->arrived_us);
    free(world->queue.items);
    free(world->callers);
    free(world);
    return outcome;
}

static struct outcome play_and_say(const struct storm *storm)
{
    struct outcome outcome = play(storm);
    print_message("%d %% for 8 s, pauses of %d ms: goodput %.1f %%, p99 %d ms, refused %.1f %%; "
                  "behind it %.1f %% served, all after %.1f s\n",
                  storm->times_percent, (int)(storm->pause_us / 1000), outcome.goodput * 100,
                  (int)outcome.p99_ms, outcome.refused * 100, outcome.after * 100, outcome.well_s);
    return outcome;
}

static void under_any_load_as_much_is_done_as_can_be(void **state)
{
    (void)state;
    static const struct {
        struct storm storm;
        double goodput, refused, after, well_s;
    } cases[] = {
        {{.times_percent = 150}, 0.965, 0.3, 0.99, 0.1}, /* if all others are refused: 0.969 */
        {{.times_percent = 300}, 0.95, 0.35, 0.65, 5},
        {{.times_percent = 500}, 0.93, 0.3, 0.5, 5},
        {{.times_percent = 1000}, 0.9, 0.25, 0.3, 5.5}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct outcome outcome = play_and_say(&cases[i].storm);
        assert_true(outcome.goodput >= cases[i].goodput);
        assert_true(outcome.p99_ms <= 100);
        assert_true(outcome.refused >= cases[i].refused); /* the others hear nothing */
        assert_true(outcome.after >= cases[i].after);
        assert_true(outcome.well_s <= cases[i].well_s);
    }
}

/* A tenth of the time is others', behind the storm too. What piles up meanwhile is not what is
 * offered. */
static void a_machine_that_pauses_does_as_much_of_what_is_left(void **state)
{
    (void)state;
    static const int times_percent[] = {150, 300, 500, 1000};
    for (size_t i = 0; i < sizeof(times_percent) / sizeof(times_percent[0]); i++) {
        struct storm storm = {
            .times_percent = times_percent[i], .pause_apart_us = 400000, .pause_us = 40000};
        struct outcome outcome = play_and_say(&storm);
        assert_true(outcome.goodput >= 0.9);
        assert_true(outcome.p99_ms <= 100);
        assert_true(outcome.after >= 0.25);
    }
}

/* Each of them loses a buffer full; who is served then repeated. */
static void long_pauses_do_not_cut_too_far(void **state)
{
    (void)state;
    struct storm storm = {.times_percent = 300, .pause_apart_us = 1000000, .pause_us = 200000};
    struct outcome outcome = play_and_say(&storm);
    assert_true(outcome.goodput >= 0.88);
    assert_true(outcome.after >= 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(under_any_load_as_much_is_done_as_can_be),
        cmocka_unit_test(a_machine_that_pauses_does_as_much_of_what_is_left),
        cmocka_unit_test(long_pauses_do_not_cut_too_far),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
