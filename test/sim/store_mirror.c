#include "store_mirror.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static void say(char difference[DIFFERENCE_SIZE], const char *what, int64_t model, int64_t sql)
{
    if (difference[0] == '\0') {
        snprintf(difference, DIFFERENCE_SIZE, "%s: model %lld, SQL %lld", what, (long long)model,
                 (long long)sql);
    }
}

static void compare(char difference[DIFFERENCE_SIZE], const char *what, int64_t model, int64_t sql)
{
    if (model != sql) {
        say(difference, what, model, sql);
    }
}

static enum model_result as_model(enum store_result result)
{
    switch (result) {
    case STORE_OK:
        return MODEL_OK;
    case STORE_FENCED:
        return MODEL_FENCED;
    case STORE_OLD_SESSION:
        return MODEL_OLD_SESSION;
    case STORE_REFUSED:
    case STORE_EXISTS:
    case STORE_CONFLICT:
        return MODEL_REFUSED;
    case STORE_UNKNOWN:
    case STORE_ABSENT:
    case STORE_NEWER_SCHEMA:
        break;
    }
    return MODEL_UNKNOWN;
}

static void compare_result(struct store_mirror *mirror, const char *what, enum model_result model,
                           enum store_result sql, char difference[DIFFERENCE_SIZE])
{
    if (as_model(sql) != model && difference[0] == '\0') {
        snprintf(difference, DIFFERENCE_SIZE, "%s: model %d, SQL %s (%s)", what, (int)model,
                 store_result_name(sql), store_error(mirror->store));
    }
}

static void nonce_text(uint64_t nonce, char text[33])
{
    snprintf(text, 33, "%032llx", (unsigned long long)nonce);
}

static void on_begin(void *ctx, const struct model_ledger *ledger, char difference[DIFFERENCE_SIZE])
{
    struct store_mirror *mirror = ctx;
    for (int i = 0; i < ledger->account_count; i++) {
        struct account row = {.currency = "EUR",
                              .limit_micro = ledger->accounts[i].limit_micro,
                              .grace_micro = -1,
                              .channels_max = NO_LIMIT,
                              .cps_max = NO_LIMIT,
                              .spend_day_micro = NO_LIMIT};
        row.parent_id = i % 2 == 1 ? (uint64_t)i : 0;
        snprintf(row.name, sizeof(row.name), "account %d", i);
        compare_result(mirror, "account", MODEL_OK,
                       config_put_account(mirror->store, &row, "simulator"), difference);
        compare(difference, "account id", i + 1, (int64_t)row.id);
    }
}

static struct ledger_disk disk_of(const struct model_disk *model)
{
    struct ledger_disk disk = {
        .session = model->session,
        .position = model->position < INT64_MAX ? model->position : INT64_MAX,
        .sequence = model->sequence < INT64_MAX ? model->sequence : INT64_MAX};
    nonce_text(model->nonce, disk.nonce);
    disk.start_count = model->start_count;
    for (int i = 0; i < model->start_count; i++) {
        nonce_text(model->starts[i], disk.starts[i]);
    }
    return disk;
}

static void tell(struct store_mirror *mirror, const struct sim_op *op)
{
    struct ledger_disk disk = disk_of(&op->disk);
    ledger_tell(mirror->store, &disk);
}

static void carry_out_refill(struct store_mirror *mirror, const struct sim_op *op,
                             char difference[DIFFERENCE_SIZE])
{
    struct lease_answer answers[OP_ASKS_MAX];
    tell(mirror, op);
    enum store_result result =
        ledger_refill(mirror->store, op->incarnation, op->session, op->asks, op->count, answers);
    compare_result(mirror, "refill", op->result, result, difference);
    for (int i = 0; i < op->count && result == STORE_OK; i++) {
        compare(difference, "G", op->answers[i].granted_micro, answers[i].granted_micro);
        compare(difference, "R", op->answers[i].returned_micro, answers[i].returned_micro);
        compare(difference, "more", op->answers[i].more.is, answers[i].more.is);
        compare(difference, "wanted", op->answers[i].is_wanted, answers[i].is_wanted);
        compare(difference, "locked", op->answers[i].is_locked, answers[i].is_locked);
    }
}

static void carry_out_settle(struct store_mirror *mirror, const struct sim_op *op,
                             char difference[DIFFERENCE_SIZE])
{
    struct usage usages[OP_CHARGES_MAX];
    uint64_t high_water = 0;
    for (int i = 0; i < op->count; i++) {
        usages[i] = (struct usage){.sequence = op->charges[i].sequence,
                                   .account_id = op->charges[i].account_id,
                                   .charge_micro = op->charges[i].charge_micro,
                                   .ended_micro = op->charges[i].ended_micro,
                                   .rate = rate_free("EUR"),
                                   .call_id = "simulated",
                                   .status = 200};
    }
    tell(mirror, op);
    enum store_result result =
        ledger_settle(mirror->store, op->incarnation, op->session, usages, op->count, &high_water);
    compare_result(mirror, "settle", op->result, result, difference);
    if (result == STORE_OK) {
        compare(difference, "high water", (int64_t)op->number, (int64_t)high_water);
    }
}

static void carry_out_wanted(struct store_mirror *mirror, const struct sim_op *op,
                             char difference[DIFFERENCE_SIZE])
{
    uint64_t accounts[MODEL_ACCOUNTS];
    int count = 0;
    enum store_result result =
        ledger_wanted(mirror->store, op->incarnation, 0, accounts, MODEL_ACCOUNTS, &count);
    compare_result(mirror, "wanted", MODEL_OK, result, difference);
    compare(difference, "wanted accounts", op->count, count);
}

static void on_carry_out(void *ctx, const struct sim_op *op, char difference[DIFFERENCE_SIZE])
{
    struct store_mirror *mirror = ctx;
    char nonce[33];
    uint64_t number = 0;
    struct ledger_opened opened = {0};
    struct ledger_disk disk;
    enum store_result result = STORE_UNKNOWN;
    ledger_tell(mirror->store, NULL);
    nonce_text(op->nonce, nonce);
    switch (op->kind) {
    case OP_REGISTER:
        result = ledger_register(mirror->store, "edge", nonce, &number);
        if (result == STORE_OK && op->is_part) {
            result = ledger_fence(mirror->store, number, "simulator", "a copy's");
            result = result == STORE_OK ? STORE_FENCED : result;
        }
        compare_result(mirror, "register", op->result, result, difference);
        break;
    case OP_OPEN:
        disk = disk_of(&op->disk);
        result = ledger_open_disk(mirror->store, op->incarnation, &disk, &opened);
        number = opened.session;
        compare(difference, "copy", op->is_copy, opened.is_copy);
        compare_result(mirror, "open", op->result, result, difference);
        break;
    case OP_REFILL:
        carry_out_refill(mirror, op, difference);
        return;
    case OP_SETTLE:
        carry_out_settle(mirror, op, difference);
        return;
    case OP_WANTED:
        carry_out_wanted(mirror, op, difference);
        return;
    }
    if (result == STORE_OK) {
        compare(difference, "number", (int64_t)op->number, (int64_t)number);
    }
}

static void on_fence(void *ctx, uint64_t incarnation, char difference[DIFFERENCE_SIZE])
{
    struct store_mirror *mirror = ctx;
    compare_result(mirror, "fence", MODEL_OK,
                   ledger_fence(mirror->store, incarnation, "simulator", "a verdict"), difference);
}

static void on_top_up(void *ctx, int account, int64_t amount_micro,
                      char difference[DIFFERENCE_SIZE])
{
    struct store_mirror *mirror = ctx;
    if (amount_micro == 0) {
        return; /* the model takes it, the ledger rightly does not */
    }
    struct money_request request = {.account_id = (uint64_t)account + 1,
                                    .amount_micro = amount_micro,
                                    .kind = "topup",
                                    .actor = "simulator"};
    snprintf(request.key, sizeof(request.key), "key %llu", (unsigned long long)++mirror->key);
    snprintf(request.request_hash, sizeof(request.request_hash), "%064d", 1);
    struct money_answer answer;
    compare_result(mirror, "top-up", MODEL_OK, ledger_money(mirror->store, &request, &answer),
                   difference);
}

static void on_lock(void *ctx, int account, int64_t amount_micro, char difference[DIFFERENCE_SIZE])
{
    struct store_mirror *mirror = ctx;
    struct balance_lock lock = {
        .amount_micro = amount_micro, .actor = "simulator", .why = "a random one"};
    compare_result(mirror, "lock", MODEL_OK,
                   ledger_lock(mirror->store, (uint64_t)account + 1, &lock), difference);
}

static void on_move(void *ctx, int from, int to, int64_t amount_micro, bool is_moved,
                    char difference[DIFFERENCE_SIZE])
{
    struct store_mirror *mirror = ctx;
    struct money_request request = {.account_id = (uint64_t)from + 1,
                                    .to_account_id = (uint64_t)to + 1,
                                    .amount_micro = amount_micro,
                                    .kind = "transfer",
                                    .actor = "simulator"};
    snprintf(request.key, sizeof(request.key), "key %llu", (unsigned long long)++mirror->key);
    snprintf(request.request_hash, sizeof(request.request_hash), "%064d", 1);
    struct money_answer answer;
    compare_result(mirror, "transfer", is_moved ? MODEL_OK : MODEL_REFUSED,
                   ledger_money(mirror->store, &request, &answer), difference);
}

static void on_wrong(void *ctx, const char *text)
{
    snprintf(ctx, DIFFERENCE_SIZE, "audit: %.150s", text);
}

static void on_end(void *ctx, const struct model_ledger *ledger, char difference[DIFFERENCE_SIZE])
{
    struct store_mirror *mirror = ctx;
    for (int i = 0; i < ledger->account_count; i++) {
        struct balance balance = {0};
        compare_result(mirror, "balance", MODEL_OK,
                       ledger_balance(mirror->store, (uint64_t)i + 1, &balance), difference);
        compare(difference, "balance", ledger->accounts[i].balance_micro, balance.balance_micro);
        compare(difference, "available", model_available(ledger, i), balance.available_micro);
    }
    if (difference[0] == '\0') {
        uint64_t transfer_count = 0;
        uint64_t wrong_count = 0;
        compare_result(
            mirror, "audit", MODEL_OK,
            ledger_audit(mirror->store, on_wrong, difference, &transfer_count, &wrong_count),
            difference);
        compare(difference, "wrong rows", 0, (int64_t)wrong_count);
    }
}

struct sim_mirror store_mirror_init(struct store_mirror *mirror, const char *parent)
{
    snprintf(mirror->dir, sizeof(mirror->dir), "%s/dialtone-sim-XXXXXX", parent);
    bool has_dir = mkdtemp(mirror->dir) != NULL;
    assert(has_dir);
    struct store_options options = {.dir = mirror->dir,
                                    .deadline_us = 10 * SECOND,
                                    .is_checkpointer = true,
                                    .may_create = true};
    mirror->store = store_new(&options);
    assert(mirror->store != NULL);
    enum store_result result = store_migrate(mirror->store);
    assert(result == STORE_OK);
    return (struct sim_mirror){mirror,    on_begin, on_carry_out, on_fence,
                               on_top_up, on_lock,  on_move,      on_end};
}

void store_mirror_done(struct store_mirror *mirror)
{
    store_free(mirror->store);
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", mirror->dir);
    if (system(command) != 0) {
        fprintf(stderr, "%s was not removed\n", mirror->dir);
    }
}
