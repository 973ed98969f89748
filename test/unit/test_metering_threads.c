/* Workers that spend from the same accounts while the store thread carries refills: no money is
 * lost or made, and nobody spends more than there is. Built with -fsanitize=thread by ./check. */
#include "metering_fixture.h"

#include "base/rng.h"
#include "base/wire.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define WORKER_COUNT 4
#define ACCOUNT_COUNT 3
#define CALLS_A_WORKER 40
#define ROUNDS 20000
#define ROUNDS_A_TURN 1000 /* of a worker, to one of the store */

struct shop {
    struct world worlds[ACCOUNT_COUNT]; /* only their ledgers are used, by the store thread */
    struct meter_table *table;
    _Atomic int64_t now_us;
    _Atomic int64_t charged_micro[ACCOUNT_COUNT];
    atomic_int running_count;
    atomic_int store_turns;
    pthread_mutex_t journal_lock;
    int64_t recorded_micro[ACCOUNT_COUNT]; /* by usage records, in the journal's order */
    int early_count; /* lease records that told of a charge before its own record did */
};

struct worker {
    struct shop *shop;
    uint16_t number;
    struct meter meters[CALLS_A_WORKER];
    pthread_t thread;
};

/* A crash may come after any record. What a lease record says was charged must be in usage records
 * before it, or it is charged to nobody and its room never comes back. */
static uint64_t append_checked(void *ctx, enum journal_kind kind, struct slice record)
{
    struct shop *shop = ctx;
    struct wire_reader in = {.rest = record};
    (void)wire_get_u8(&in);
    uint64_t account_id = wire_get_u64(&in);
    (void)wire_get_i64(&in);
    (void)wire_get_i64(&in);
    int64_t ended_micro = wire_get_i64(&in);
    pthread_mutex_lock(&shop->journal_lock);
    if (kind == JOURNAL_LEASE && ended_micro != shop->recorded_micro[account_id - 1]) {
        shop->early_count++;
    }
    pthread_mutex_unlock(&shop->journal_lock);
    return 0;
}

struct charge {
    struct shop *shop;
    int account;
};

static void append_charge(void *ctx, int64_t charge_micro, int64_t ended_micro)
{
    const struct charge *charge = ctx;
    (void)ended_micro;
    pthread_mutex_lock(&charge->shop->journal_lock);
    charge->shop->recorded_micro[charge->account] += charge_micro;
    pthread_mutex_unlock(&charge->shop->journal_lock);
}

static void call_end(struct worker *worker, int call)
{
    struct meter *meter = &worker->meters[call];
    int64_t now_us = atomic_load(&worker->shop->now_us);
    struct charge charge = {worker->shop, call % ACCOUNT_COUNT};
    struct meter_writer keep = {&charge, append_charge};
    int64_t talk_us = meter->answered_us == 0 ? -1 : meter_talk_us(meter, now_us);
    int64_t charge_micro = meter_close(worker->shop->table, meter, talk_us, &keep);
    atomic_fetch_add(&worker->shop->charged_micro[call % ACCOUNT_COUNT], charge_micro);
}

static void call_step(struct worker *worker, int call, struct rng *rng)
{
    struct shop *shop = worker->shop;
    struct meter *meter = &worker->meters[call];
    int64_t now_us = atomic_fetch_add(&shop->now_us, 1000);
    struct account account = world_account((uint64_t)(call % ACCOUNT_COUNT) + 1);
    int64_t again_us = 0;
    if (meter->slot == 0) {
        if (meter->is_waiting && rng_chance(rng, 100000)) {
            meter_wait_cancel(shop->table, meter);
            return;
        }
        if (!meter->is_waiting) {
            meter->rate = rate_per_second((int64_t)rng_below(rng, 20000));
            meter->worker = worker->number;
            meter->call = (uint32_t)call;
        }
        (void)meter_open(shop->table, meter, &account, now_us, rng_chance(rng, 300000) != 0);
    } else if (meter->answered_us == 0) {
        meter_answer(shop->table, meter, now_us);
    } else if (rng_chance(rng, 300000)) {
        call_end(worker, call);
    } else if (rng_chance(rng, 100000)) {
        struct charge charge = {shop, call % ACCOUNT_COUNT};
        struct meter_writer keep = {&charge, append_charge};
        int64_t charge_micro =
            meter_partial(shop->table, meter, meter_talk_us(meter, now_us), &keep);
        atomic_fetch_add(&shop->charged_micro[call % ACCOUNT_COUNT], charge_micro);
    } else if (now_us >= meter_paid_until(shop->table, meter)) {
        call_end(worker, call);
    } else {
        (void)meter_renew(shop->table, meter, now_us, &again_us);
    }
}

/* Until the store has looked for asks once more, from start to end. */
static void store_await(const struct shop *shop)
{
    int seen = atomic_load(&shop->store_turns);
    while (atomic_load(&shop->store_turns) < seen + 2) {
        (void)sched_yield();
    }
}

static void *worker_run(void *ctx)
{
    struct worker *worker = ctx;
    struct rng rng;
    rng_init(&rng, worker->number);
    for (int i = 0; i < ROUNDS; i++) {
        call_step(worker, (int)rng_below(&rng, CALLS_A_WORKER), &rng);
        struct meter_wakeup wakeups[4];
        (void)meter_wakeups_take(worker->shop->table, wakeups, 4);
        if (i % ROUNDS_A_TURN == 0) { /* on a busy machine the ledger would never have its turn */
            store_await(worker->shop);
        }
    }
    for (int call = 0; call < CALLS_A_WORKER; call++) {
        meter_wait_cancel(worker->shop->table, &worker->meters[call]);
        if (worker->meters[call].slot != 0) {
            call_end(worker, call);
        }
    }
    atomic_fetch_sub(&worker->shop->running_count, 1);
    return NULL;
}

static void store_run(struct shop *shop)
{
    struct rng rng;
    rng_init(&rng, 99);
    while (atomic_load(&shop->running_count) > 0) {
        struct lease_ask asks[4];
        int64_t now_us = atomic_load(&shop->now_us);
        atomic_fetch_add(&shop->store_turns, 1);
        int count = meter_asks_take(shop->table, asks, 4, now_us);
        if (rng_chance(&rng, 200000)) {
            meter_asks_failed(shop->table, asks, count, now_us + 5000);
            continue;
        }
        for (int i = 0; i < count; i++) {
            struct world *world = &shop->worlds[asks[i].account_id - 1];
            struct lease_answer answer = world_answer_to(world, &asks[i]);
            answer.is_wanted = rng_chance(&rng, 50000) != 0;
            meter_ask_answered(shop->table, &answer, now_us);
        }
    }
}

static void workers_share_accounts_and_nothing_is_spent_twice(void **state)
{
    (void)state;
    static struct shop shop;
    static struct worker workers[WORKER_COUNT];
    struct meter_terms terms = world_terms();
    assert_int_equal(pthread_mutex_init(&shop.journal_lock, NULL), 0);
    shop.table = meter_table_new(&terms, (struct journal){&shop, append_checked});
    assert_non_null(shop.table);
    meter_set_registered(shop.table, true);
    for (int i = 0; i < ACCOUNT_COUNT; i++) {
        shop.worlds[i].funds_micro = 5 * COIN * (i + 1);
        shop.worlds[i].version = 1;
    }
    atomic_store(&shop.now_us, SECOND);
    atomic_store(&shop.running_count, WORKER_COUNT);
    for (uint16_t i = 0; i < WORKER_COUNT; i++) {
        workers[i].shop = &shop;
        workers[i].number = i;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]), 0);
    }
    store_run(&shop);
    for (int i = 0; i < WORKER_COUNT; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    for (int i = 0; i < ACCOUNT_COUNT; i++) {
        struct meter_view view;
        struct tri found = meter_look(shop.table, (uint64_t)i + 1, shop.now_us, &view);
        assert_int_equal(found.is, TRI_PRESENT);
        assert_int_equal(view.covered_micro, 0);
        assert_int_equal(view.open_count, 0);
        assert_int_equal(view.ended_micro, atomic_load(&shop.charged_micro[i]));
        assert_true(view.ended_micro <= shop.worlds[i].funds_micro);
        assert_true(view.ended_micro > 0);
    }
    assert_int_equal(shop.early_count, 0);
    meter_table_free(shop.table);
    pthread_mutex_destroy(&shop.journal_lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_share_accounts_and_nothing_is_spent_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
