/* metering_fixture.h - a meter table on virtual time, with the simplest ledger that could answer
 * it: one account, one edge, an answer when the test says so. */
#ifndef DT_TEST_METERING_FIXTURE_H
#define DT_TEST_METERING_FIXTURE_H

#include "base/buf.h"
#include "metering/meter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000)
#define COIN MONEY_MICRO /* 1.00 */

struct world {
    struct meter_table *table;
    struct account account;
    int64_t now_us;
    int64_t funds_micro; /* what the ledger may promise in all */
    int64_t granted_micro, returned_micro, used_micro;
    uint64_t version;
    bool is_wanted;
    bool is_locked;
    int grant_count, ask_count;
    int64_t last_want_micro;
    char log[65536]; /* the journal: u16 size and bytes, again and again */
    size_t log_size;
};

static inline uint64_t world_append(void *ctx, enum journal_kind kind, struct slice record)
{
    struct world *world = ctx;
    if (kind == JOURNAL_LEASE && world->log_size + record.size + 2 <= sizeof(world->log)) {
        uint16_t size = (uint16_t)record.size;
        memcpy(world->log + world->log_size, &size, 2);
        memcpy(world->log + world->log_size + 2, record.data, record.size);
        world->log_size += record.size + 2;
    }
    return 0;
}

static inline struct meter_terms world_terms(void)
{
    return (struct meter_terms){.account_count_max = 64,
                                .hash_seed = 7,
                                .grace_verified_micro = COIN / 2,
                                .grace_total_micro = 500 * COIN,
                                .idle_us = 60 * SECOND,
                                .slice_default_micro = COIN / 2};
}

static inline struct account world_account(uint64_t id)
{
    return (struct account){.id = id,
                            .currency = "EUR",
                            .class_ = ACCOUNT_NEW,
                            .grace_micro = -1,
                            .channels_max = NO_LIMIT,
                            .cps_max = NO_LIMIT,
                            .spend_day_micro = NO_LIMIT};
}

static inline void world_init(struct world *world, int64_t funds_micro)
{
    struct meter_terms terms = world_terms();
    *world = (struct world){.now_us = 1000 * SECOND, .funds_micro = funds_micro, .version = 1};
    world->table = meter_table_new(&terms, (struct journal){world, world_append});
    assert_non_null(world->table);
    meter_set_registered(world->table, true);
    world->account = world_account(1);
}

static inline void world_done(struct world *world)
{
    meter_table_free(world->table);
}

static inline struct rate rate_per_second(int64_t micro_per_second)
{
    struct rate rate = rate_free("EUR");
    rate.nano_per_min = micro_per_second * 60 * 1000;
    rate.deck_id = 1;
    return rate;
}

static inline struct lease_answer world_answer_to(struct world *world, const struct lease_ask *ask)
{
    if (ask->used_micro > world->used_micro) {
        world->used_micro = ask->used_micro;
    }
    if (ask->returned_micro > world->returned_micro) {
        world->returned_micro = ask->returned_micro;
    }
    int64_t out_micro = world->granted_micro - world->returned_micro;
    int64_t floor_micro = out_micro > world->used_micro ? out_micro : world->used_micro;
    int64_t available_micro = world->funds_micro - floor_micro;
    int64_t grant_micro = ask->want_micro - (out_micro - world->used_micro);
    grant_micro = grant_micro < available_micro ? grant_micro : available_micro;
    if (grant_micro > 0) {
        world->granted_micro += grant_micro;
        world->grant_count++;
        world->version++;
        available_micro -= grant_micro;
    }
    return (struct lease_answer){.account_id = ask->account_id,
                                 .ask_number = ask->ask_number,
                                 .granted_micro = world->granted_micro,
                                 .returned_micro = world->returned_micro,
                                 .more = {available_micro > 0 ? TRI_PRESENT : TRI_ABSENT},
                                 .version = world->version,
                                 .is_wanted = world->is_wanted,
                                 .is_locked = world->is_locked};
}

/* Carries all that is asked now to the ledger and back. */
static inline int world_exchange(struct world *world)
{
    struct lease_ask asks[8];
    int count = meter_asks_take(world->table, asks, 8, world->now_us);
    for (int i = 0; i < count; i++) {
        world->last_want_micro = asks[i].want_micro;
        struct lease_answer answer = world_answer_to(world, &asks[i]);
        meter_ask_answered(world->table, &answer, world->now_us);
    }
    world->ask_count += count;
    return count;
}

static inline struct meter_view world_look(struct world *world)
{
    struct meter_view view = {0};
    struct tri found = meter_look(world->table, 1, world->now_us, &view);
    assert_int_equal(found.is, TRI_PRESENT);
    return view;
}

static inline enum meter_verdict world_open(struct world *world, struct meter *meter, bool is_last)
{
    return meter_open(world->table, meter, &world->account, world->now_us, is_last);
}

/* Opens with as many exchanges as it needs; the ledger answers at once. */
static inline enum meter_verdict world_open_served(struct world *world, struct meter *meter)
{
    enum meter_verdict verdict = world_open(world, meter, false);
    while (verdict == METER_WAIT) {
        assert_int_equal(world_exchange(world), 1);
        verdict = world_open(world, meter, false);
    }
    return verdict;
}

static inline void world_keep_ended(void *ctx, int64_t charge_micro, int64_t ended_micro)
{
    (void)charge_micro;
    *(int64_t *)ctx = ended_micro;
}

static inline int64_t world_close(struct world *world, struct meter *meter, int64_t talk_us)
{
    struct meter_writer nobody = {0};
    return meter_close(world->table, meter, talk_us, &nobody);
}

#endif
