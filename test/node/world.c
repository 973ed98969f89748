#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

void world_open_store(struct world *world)
{
    world->store = store_new(&(struct store_options){.dir = world->dir, .deadline_us = 2000000});
    assert_non_null(world->store);
}

int64_t world_balance(struct world *world)
{
    struct balance found;
    assert_int_equal(ledger_balance(world->store, world->account_id, &found), STORE_OK);
    return found.balance_micro;
}

struct world *world_new(void)
{
    static struct program_output output;
    struct account account;
    struct world *world = calloc(1, sizeof(*world));
    assert_non_null(world);
    world->nonce = WORLD_NONCE;
    program_dir(world->dir);
    program_run("init % --demo", world->dir, &output);
    assert_int_equal(output.status, 0);
    world_open_store(world);
    assert_int_equal(config_account_by_name(world->store, "acme", &account), STORE_OK);
    world->account_id = account.id;
    world->balance_micro = world_balance(world);
    assert_int_equal(ledger_register(world->store, "edge", WORLD_NONCE, &world->incarnation),
                     STORE_OK);
    return world;
}

void world_free(struct world *world)
{
    uint64_t transfers = 0;
    uint64_t wrong = 0;
    assert_int_equal(ledger_audit(world->store, NULL, NULL, &transfers, &wrong), STORE_OK);
    assert_int_equal(wrong, 0);
    store_free(world->store);
    journal_file_close(world->log);
    program_remove(world->dir);
    free(world);
}

void world_open_log(struct world *world, const struct journal_file_options *options)
{
    char error[JOURNAL_ERROR_SIZE];
    struct journal_file_options mine = *options;
    mine.dir = world->dir;
    world->log = journal_file_open(&mine, error);
    assert_non_null(world->log);
    world->role.edge.journal = journal_file_as_journal(world->log);
}

void world_close_log(struct world *world)
{
    char error[JOURNAL_ERROR_SIZE];
    assert_true(journal_file_sync(world->log, error));
    journal_file_close(world->log);
    world->log = NULL;
}

struct usage world_usage(const struct world *world, int64_t charge_micro, uint64_t number)
{
    struct usage usage = {.sequence = number,
                          .account_id = world->account_id,
                          .charge_micro = charge_micro,
                          .ended_micro = charge_micro * (int64_t)number,
                          .rate = {.currency = "EUR"},
                          .talk_to_us = 30000000,
                          .wall_start_us = WORLD_WALL_S * 1000000,
                          .wall_answer_us = WORLD_WALL_S * 1000000,
                          .wall_end_us = (WORLD_WALL_S + 30) * 1000000,
                          .status = 200,
                          .flags = USAGE_ANSWERED,
                          .end = USAGE_END_CALLER,
                          .call_key = 1000 * world->incarnation + number};
    snprintf(usage.call_id, sizeof(usage.call_id), "call-%llu", (unsigned long long)number);
    snprintf(usage.caller, sizeof(usage.caller), "alice");
    snprintf(usage.callee, sizeof(usage.callee), "493042123");
    snprintf(usage.reason, sizeof(usage.reason), "normal");
    return usage;
}

uint64_t world_write(struct world *world, const struct usage *usage)
{
    char record[USAGE_ENCODED_MAX];
    struct buf buf;
    struct journal *journal = &world->role.edge.journal;
    buf_init(&buf, record, sizeof(record));
    usage_encode(&buf, usage);
    uint64_t sequence = journal->append(journal->ctx, JOURNAL_USAGE, buf_done(&buf));
    assert_true(sequence > 0);
    return sequence;
}
