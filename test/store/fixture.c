#include "fixture.h"
#include "pg_server.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct pg_server server;

static bool is_on_server(void)
{
    return server.pid != 0;
}

int fixture_group_setup(void **state)
{
    const char *engine = getenv("DT_STORE");
    (void)state;
    if (engine != NULL && strcmp(engine, "postgresql") == 0) {
        pg_server_make(&server);
    }
    return 0;
}

int fixture_group_teardown(void **state)
{
    (void)state;
    if (is_on_server()) {
        pg_server_done(&server);
    }
    return 0;
}

int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    snprintf(fixture->dir, sizeof(fixture->dir), "/tmp/dialtone-store-XXXXXX");
    assert_non_null(mkdtemp(fixture->dir));
    if (is_on_server()) {
        (void)pg_server_sql(&server, "DROP SCHEMA public CASCADE; CREATE SCHEMA public;"
                                     "CREATE FUNCTION zeroblob(size int) RETURNS bytea LANGUAGE sql"
                                     " AS $$ SELECT decode(repeat('00', size), 'hex') $$");
    }
    fixture->store = fixture_open(fixture, FIXTURE_PATIENCE_US, false);
    if (store_migrate(fixture->store) != STORE_OK) {
        fail_msg("%s", store_error(fixture->store));
    }
    *state = fixture;
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    store_free(fixture->store);
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", fixture->dir);
    assert_int_equal(system(command), 0);
    free(fixture);
    return 0;
}

struct store *fixture_open(const struct fixture *fixture, int64_t deadline_us, bool has_fault_layer)
{
    struct store_options options = {
        .dir = fixture->dir,
        .url = is_on_server() ? server.url : NULL,
        .deadline_us = deadline_us,
        .is_checkpointer = true,
        .may_create = true,
        .has_fault_layer = has_fault_layer,
    };
    struct store *store = store_new(&options);
    assert_non_null(store);
    return store;
}

void fixture_path(const struct fixture *fixture, const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", fixture->dir, name);
}

void fixture_write(const struct fixture *fixture, const char *name, const char *text)
{
    char path[128], part[140];
    fixture_path(fixture, name, path);
    snprintf(part, sizeof(part), "%s.part", path);
    FILE *file = fopen(part, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(part, path), 0);
}

static sqlite3 *open_raw(const struct fixture *fixture)
{
    char path[128];
    fixture_path(fixture, "dialtone.db", path);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return db;
}

void fixture_sql(const struct fixture *fixture, const char *sql)
{
    if (is_on_server()) {
        (void)pg_server_sql(&server, sql);
        return;
    }
    sqlite3 *db = open_raw(fixture);
    char *error = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK) {
        fail_msg("%s: %s", sql, error);
    }
    sqlite3_close(db);
}

int64_t fixture_number(const struct fixture *fixture, const char *sql)
{
    if (is_on_server()) {
        return pg_server_sql(&server, sql);
    }
    sqlite3 *db = open_raw(fixture);
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return number;
}

void fixture_keep(struct fixture *fixture)
{
    char copy[128], error[256];
    fixture_path(fixture, "kept.db", copy);
    if (is_on_server()) {
        store_free(fixture->store);
        pg_server_keep(&server);
        fixture->store = fixture_open(fixture, FIXTURE_PATIENCE_US, false);
    } else {
        assert_ok(store_backup(fixture->dir, copy, error, sizeof(error)));
    }
}

void fixture_put_back(struct fixture *fixture)
{
    char command[512];
    store_free(fixture->store);
    if (is_on_server()) {
        pg_server_put_back(&server);
    } else {
        snprintf(command, sizeof(command),
                 "cd %s && cp kept.db dialtone.db && rm -f dialtone.db-wal dialtone.db-shm"
                 " store.identity",
                 fixture->dir);
        assert_int_equal(system(command), 0);
    }
    fixture->store = fixture_open(fixture, FIXTURE_PATIENCE_US, false);
    assert_ok(store_migrate(fixture->store));
}

uint64_t make_account(struct store *store, const char *name, int64_t limit_micro)
{
    struct account row = {
        .currency = "EUR",
        .class_ = ACCOUNT_VERIFIED,
        .limit_micro = limit_micro,
        .grace_micro = -1,
        .channels_max = NO_LIMIT,
        .cps_max = NO_LIMIT,
        .spend_day_micro = NO_LIMIT,
    };
    snprintf(row.name, sizeof(row.name), "%s", name);
    assert_ok(config_put_account(store, &row, "test"));
    return row.id;
}

void top_up(struct store *store, uint64_t account_id, int64_t amount_micro)
{
    struct money_request request = {
        .account_id = account_id,
        .amount_micro = amount_micro,
        .kind = "topup",
        .request_hash = "hash",
        .actor = "test",
    };
    uint64_t random = 0;
    FILE *file = fopen("/dev/urandom", "r");
    assert_non_null(file);
    assert_int_equal(fread(&random, sizeof(random), 1, file), 1);
    fclose(file);
    snprintf(request.key, sizeof(request.key), "key-%llx", (unsigned long long)random);
    struct money_answer answer;
    assert_ok(ledger_money(store, &request, &answer));
}

uint64_t make_incarnation(struct store *store, char digit, uint64_t *session)
{
    char nonce[33];
    memset(nonce, digit, 32);
    nonce[32] = '\0';
    uint64_t incarnation = 0, high_water = 0;
    assert_ok(ledger_register(store, "node", nonce, &incarnation));
    assert_ok(ledger_open(store, incarnation, nonce, 0, session, &high_water));
    assert_int_equal(high_water, 0);
    return incarnation;
}

struct usage make_usage(uint64_t sequence, uint64_t account_id, int64_t charge_micro,
                        int64_t ended_micro)
{
    struct usage usage = {
        .sequence = sequence,
        .account_id = account_id,
        .charge_micro = charge_micro,
        .ended_micro = ended_micro,
        .rate = rate_free("EUR"),
        .wall_start_us = INT64_C(1700000000000000) + (int64_t)sequence * 1000000,
        .wall_answer_us = INT64_C(1700000005000000) + (int64_t)sequence * 1000000,
        .wall_end_us = INT64_C(1700000060000000) + (int64_t)sequence * 1000000,
        .talk_to_us = 55000000,
        .status = 200,
        .flags = USAGE_ANSWERED,
        .end = USAGE_END_CALLER,
        .caller = "alice",
        .callee = "4930123456",
        .reason = "normal",
    };
    snprintf(usage.call_id, sizeof(usage.call_id), "call-%llu@example.org",
             (unsigned long long)sequence);
    return usage;
}

struct lease_answer ask(struct store *store, uint64_t incarnation, uint64_t session,
                        uint64_t account_id, int64_t used_micro, int64_t returned_micro,
                        int64_t want_micro)
{
    struct lease_ask one = {
        .account_id = account_id,
        .used_micro = used_micro,
        .returned_micro = returned_micro,
        .want_micro = want_micro,
        .ask_number = 7,
    };
    struct lease_answer answer;
    assert_ok(ledger_refill(store, incarnation, session, &one, 1, &answer));
    assert_int_equal(answer.account_id, account_id);
    assert_int_equal(answer.ask_number, 7);
    return answer;
}

uint64_t settle_one(struct store *store, uint64_t incarnation, uint64_t session, struct usage usage)
{
    uint64_t high_water = 0;
    assert_ok(ledger_settle(store, incarnation, session, &usage, 1, &high_water));
    return high_water;
}

struct balance balance_of(struct store *store, uint64_t account_id)
{
    struct balance balance;
    assert_ok(ledger_balance(store, account_id, &balance));
    return balance;
}

struct text {
    char *text;
    size_t size_max;
};

static void collect(void *ctx, const char *line)
{
    struct text *text = ctx;
    size_t size = strlen(text->text);
    snprintf(text->text + size, text->size_max - size, "%s\n", line);
}

uint64_t audit(struct store *store, char *text, size_t text_size)
{
    struct text found = {text, text_size};
    uint64_t transfer_count = 0, wrong_count = 0;
    text[0] = '\0';
    assert_ok(ledger_audit(store, collect, &found, &transfer_count, &wrong_count));
    return wrong_count;
}

void assert_clean(struct store *store)
{
    char text[4096];
    if (audit(store, text, sizeof(text)) != 0) {
        fail_msg("the audit found:\n%s", text);
    }
}
