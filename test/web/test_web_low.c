/* Low balances: the operator's server is told, and what it answers is booked once. */
#include "fixture.h"

#include "api/low_answer.h"
#include "api/low_balance.h"
#include "api/webhook.h"

#include <arpa/inet.h>
#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define TOLD_MAX 16
#define WAIT_MS 20000

struct told { /* one request to the operator's server */
    char id[96], time[32], signature[256], body[1024];
};

struct world {
    struct fixture *web;
    struct http_server *server; /* the operator's */
    int fd, port;
    pthread_mutex_t lock;
    const char *answers[TOLD_MAX]; /* bodies; NULL: status 500; "302": a redirect; "hang" */
    int told_count;
    struct told told[TOLD_MAX];
    _Atomic bool is_released;
};

static size_t body_max(void *ctx, const struct http_request *request)
{
    (void)ctx, (void)request;
    return 65536;
}

static void keep_header(const struct http_request *request, const char *name, char *out,
                        size_t size)
{
    const char *value = http_request_header(request, name);
    snprintf(out, size, "%s", value == NULL ? "" : value);
}

static void handle(void *ctx, const struct http_request *request, struct http_response *response)
{
    struct world *world = ctx;
    pthread_mutex_lock(&world->lock);
    int at = world->told_count < TOLD_MAX - 1 ? world->told_count : TOLD_MAX - 1;
    struct told *told = &world->told[at];
    keep_header(request, "webhook-id", told->id, sizeof(told->id));
    keep_header(request, "webhook-timestamp", told->time, sizeof(told->time));
    keep_header(request, "webhook-signature", told->signature, sizeof(told->signature));
    snprintf(told->body, sizeof(told->body), "%.*s", (int)request->body.size, request->body.data);
    const char *answer = world->answers[at];
    world->told_count++;
    pthread_mutex_unlock(&world->lock);
    response->status = answer == NULL ? 500 : strcmp(answer, "302") == 0 ? 302 : 200;
    response->content_type = "application/json";
    response->is_constant = true;
    response->body = (char *)(uintptr_t)(answer == NULL ? "" : answer);
    response->body_size = strlen(response->body);
    if (response->status == 302) {
        response->headers[0].name = "Location";
        snprintf(response->headers[0].value, sizeof(response->headers[0].value),
                 "http://127.0.0.1:%d/elsewhere", world->port);
        response->header_count = 1;
    }
    for (int i = 0; answer != NULL && strcmp(answer, "hang") == 0 && i < WAIT_MS / 10 &&
                    !atomic_load(&world->is_released);
         i++) {
        usleep(10000);
    }
}

static void listen_somewhere(struct world *world)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    world->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int failed = bind(world->fd, (struct sockaddr *)&address, size) || listen(world->fd, 16) ||
                 getsockname(world->fd, (struct sockaddr *)&address, &size);
    assert(!failed);
    world->port = ntohs(address.sin_port);
}

static int start(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    pthread_mutex_init(&world->lock, NULL);
    listen_somewhere(world);
    struct http_options options = {.listen_fd = world->fd,
                                   .connections_max = 16,
                                   .connections_per_address_max = 16,
                                   .idle_s = 30,
                                   .body_total_max = 1 << 20,
                                   .ctx = world,
                                   .body_max = body_max,
                                   .handle = handle};
    world->server = http_server_new(&options);
    assert(world->server != NULL);
    world->web = fixture_start();
    fixture_web_stop(world->web); /* it starts again with a webhook, when a test says so */
    struct node_config *config = &world->web->config;
    snprintf(config->hook_url, sizeof(config->hook_url), "http://127.0.0.1:%d/hook", world->port);
    config->hook_patience_us = 10000000;
    config->hook_retry_us = 200000;
    config->hook_attempts_max = 4;
    config->low_count = 1;
    config->low[0] = (struct config_low){.currency = "EUR",
                                         .below_micro = 5000000,
                                         .topup_max_micro = 50000000,
                                         .topup_day_micro = 80000000};
    *state = world;
    return 0;
}

static int stop(void **state)
{
    struct world *world = *state;
    atomic_store(&world->is_released, true);
    fixture_stop(world->web);
    http_server_free(world->server);
    close(world->fd);
    free(world);
    return 0;
}

static struct store *open_store(struct world *world)
{
    struct store_options options = {.dir = world->web->dir, .deadline_us = 2000000};
    struct store *store = store_new(&options);
    assert_non_null(store);
    return store;
}

/* acme with 10, and then, by an edge, 4: below its threshold of 5. */
static void fall(struct world *world, int number)
{
    struct store *store = open_store(world);
    struct account row;
    uint64_t incarnation = 0, session = 0, mark = 0;
    char nonce[33], key[32];
    memset(nonce, 'a' + number, 32);
    nonce[32] = '\0';
    snprintf(key, sizeof(key), "first-%d", number);
    assert_int_equal(config_get_account(store, world->web->acme, &row), STORE_OK);
    row.low_balance_micro = 5000000;
    assert_int_equal(config_put_account(store, &row, "test"), STORE_OK);
    struct balance before;
    assert_int_equal(ledger_balance(store, row.id, &before), STORE_OK);
    struct money_request topup = {.account_id = row.id,
                                  .amount_micro = 10000000 - before.balance_micro,
                                  .kind = "adjustment",
                                  .actor = "test",
                                  .request_hash = "h"};
    snprintf(topup.key, sizeof(topup.key), "%s", key);
    struct money_answer answer;
    assert_int_equal(ledger_money(store, &topup, &answer), STORE_OK);
    struct crossing found[4];
    int count = 0;
    bool more = true;
    while (more) {
        assert_int_equal(low_balance_look(store, true, found, 4, &count, &more), STORE_OK);
    }
    struct usage usage = {.sequence = 1,
                          .account_id = row.id,
                          .charge_micro = 6000000,
                          .ended_micro = 6000000,
                          .rate = rate_free("EUR"),
                          .wall_end_us = 1700000060000000,
                          .status = 200,
                          .flags = USAGE_ANSWERED};
    assert_int_equal(ledger_register(store, "n", nonce, &incarnation), STORE_OK);
    assert_int_equal(ledger_open(store, incarnation, nonce, 0, &session, &mark), STORE_OK);
    assert_int_equal(ledger_settle(store, incarnation, session, &usage, 1, &mark), STORE_OK);
    store_free(store);
}

static struct answer get(struct world *world, const char *path)
{
    return ask_web(world->web,
                   (struct question){"GET", path, world->web->operator_key, NULL, {NULL}});
}

/* The newest low balance as the API shows it, once its state is that. */
static json_t *wait_for(struct world *world, const char *wanted)
{
    for (int i = 0; i < WAIT_MS / 20; i++) {
        struct answer answer = get(world, "/v1/low-balances");
        json_t *first = json_incref(json_array_get(json_object_get(answer.json, "items"), 0));
        answer_done(&answer);
        const char *found = json_string_value(json_object_get(first, "state"));
        if (found != NULL && strcmp(found, wanted) == 0) {
            return first;
        }
        json_decref(first);
        usleep(20000);
    }
    fail_msg("no low balance became %s", wanted);
    return NULL;
}

static int told_count(struct world *world)
{
    pthread_mutex_lock(&world->lock);
    int count = world->told_count;
    pthread_mutex_unlock(&world->lock);
    return count;
}

static void wait_told(struct world *world, int count)
{
    for (int i = 0; told_count(world) < count; i++) {
        assert_true(i < WAIT_MS / 20);
        usleep(20000);
    }
}

static int64_t balance_of_acme(struct world *world)
{
    struct store *store = open_store(world);
    struct balance balance;
    assert_int_equal(ledger_balance(store, world->web->acme, &balance), STORE_OK);
    store_free(store);
    return balance.balance_micro;
}

static int events_of(struct world *world, const char *kind)
{
    char path[96];
    snprintf(path, sizeof(path), "/v1/history?kind=%s", kind);
    struct answer answer = get(world, path);
    int count = (int)json_array_size(json_object_get(answer.json, "items"));
    answer_done(&answer);
    return count;
}

static void the_server_is_told_once_and_can_tell_who_says_so(void **state)
{
    struct world *world = *state;
    world->answers[0] = "";
    fixture_web_start(world->web);
    fall(world, 0);
    json_t *row = wait_for(world, "told");
    assert_string_equal(json_string_value(json_object_get(row, "left")), "4.000000");
    const struct told *told = &world->told[0];
    assert_string_equal(told->id, json_string_value(json_object_get(row, "key")));
    char signature[WEBHOOK_SIGNATURE_SIZE];
    assert_true(webhook_sign(world->web->dir, told->id, atoll(told->time),
                             slice_from_text(told->body), signature));
    assert_string_equal(told->signature, signature);
    assert_non_null(strstr(told->body, "\"type\":\"balance.low\""));
    assert_non_null(strstr(told->body, "\"account\":\"acme\""));
    assert_non_null(strstr(told->body, "\"topup_max\":\"50.000000\""));
    struct answer balance = get(world, "/v1/accounts/acme/balance");
    assert_true(json_is_true(json_object_get(balance.json, "is_low")));
    assert_string_equal(text_of(&balance, "low_below"), "5.000000");
    answer_done(&balance);
    /* A restart does not tell it again. */
    fixture_web_stop(world->web);
    fixture_web_start(world->web);
    json_decref(wait_for(world, "told"));
    assert_int_equal(told_count(world), 1);
    assert_int_equal(events_of(world, "balance.low"), 1);
    json_decref(row);
}

static void the_answer_is_booked_once_after_failures_under_one_key(void **state)
{
    struct world *world = *state;
    world->answers[1] = "302"; /* after a 500; not followed */
    world->answers[2] = "{\"amount\":\"20.00\",\"currency\":\"EUR\",\"reference\":\"ch_17\"}";
    fixture_web_start(world->web);
    fall(world, 0);
    json_t *row = wait_for(world, "topped-up");
    assert_int_equal(told_count(world), 3);
    assert_string_equal(world->told[0].id, world->told[1].id);
    assert_string_equal(world->told[0].id, world->told[2].id);
    assert_string_equal(world->told[0].body, world->told[2].body);
    assert_int_equal(json_integer_value(json_object_get(row, "attempts")), 3);
    assert_string_equal(json_string_value(json_object_get(row, "note")), "ch_17");
    assert_int_equal(balance_of_acme(world), 24000000);
    struct answer entries = get(world, "/v1/accounts/acme/transfers?max=1");
    const json_t *entry = json_array_get(json_object_get(entries.json, "items"), 0);
    assert_string_equal(json_string_value(json_object_get(entry, "kind")), "topup");
    assert_string_equal(json_string_value(json_object_get(entry, "actor")), "hook:low-balance");
    assert_string_equal(json_string_value(json_object_get(entry, "reason")), "ch_17");
    assert_int_equal(json_integer_value(json_object_get(entry, "transfer")),
                     json_integer_value(json_object_get(row, "transfer")));
    answer_done(&entries);
    json_decref(row);
}

static void open_again(const struct world *world, uint64_t id)
{
    char sql[96];
    snprintf(sql, sizeof(sql), "UPDATE crossing SET state = 0, wall_next_us = 0 WHERE id = %llu",
             (unsigned long long)id);
    fixture_sql(world->web, sql);
}

/* What a kill -9 leaves behind, at each point; whatever it is, the money comes once. */
static void a_death_at_any_point_books_the_answer_once(void **state)
{
    struct world *world = *state;
    struct store *store = open_store(world);
    struct crossing crossing, again;
    const char *answer = "{\"amount\":\"20.00\",\"reference\":\"ch_17\"}";
    fall(world, 0); /* the web role is away: nobody noticed yet */
    int count = 0;
    bool more = true;
    assert_int_equal(low_balance_look(store, true, &crossing, 1, &count, &more), STORE_OK);
    assert_int_equal(count, 1);
    /* It died while the server answered: it is told again, with the same key. */
    assert_int_equal(crossing_claim(store, INT64_MAX / 2, crossing.wall_us, &again), STORE_OK);
    assert_string_equal(again.key, crossing.key);
    world->answers[0] = answer;
    fixture_web_start(world->web);
    json_decref(wait_for(world, "topped-up"));
    assert_int_equal(told_count(world), 1);
    assert_string_equal(world->told[0].id, crossing.key);
    assert_int_equal(balance_of_acme(world), 24000000);
    /* It died after the ledger had booked it, and before that was noted. */
    fixture_web_stop(world->web);
    open_again(world, crossing.id); /* its claim ran out */
    fixture_web_start(world->web);
    json_decref(wait_for(world, "topped-up"));
    assert_int_equal(told_count(world), 1); /* the answer was kept: nobody is asked again */
    assert_int_equal(balance_of_acme(world), 24000000);
    /* It died with the answer kept and nothing booked. */
    fixture_web_stop(world->web);
    fall(world, 1);
    assert_int_equal(low_balance_look(store, true, &crossing, 1, &count, &more), STORE_OK);
    assert_int_equal(count, 1);
    assert_int_equal(crossing_answer(store, crossing.id, 7000000, 80000000, "ch_18"), STORE_OK);
    fixture_web_start(world->web);
    json_decref(wait_for(world, "topped-up"));
    assert_int_equal(told_count(world), 1);
    assert_int_equal(balance_of_acme(world), 11000000);
    store_free(store);
}

static void what_the_server_books_itself_with_the_key_counts_once_too(void **state)
{
    struct world *world = *state;
    world->answers[0] = "hang";
    world->answers[1] = "{\"amount\":\"20.00\",\"reference\":\"ch_17\"}";
    world->web->config.hook_patience_us = 1000000;
    fixture_web_start(world->web);
    fall(world, 0);
    wait_told(world, 1);
    char header[128];
    snprintf(header, sizeof(header), "Idempotency-Key: %s", world->told[0].id);
    struct answer booked =
        ask_web(world->web, (struct question){"POST",
                                              "/v1/accounts/acme/topups",
                                              world->web->operator_key,
                                              "{\"amount\":\"20.00\",\"reason\":\"card\"}",
                                              {header}});
    assert_int_equal(booked.status, 201);
    answer_done(&booked);
    wait_told(world, 2); /* the first answer came too late */
    json_t *row = wait_for(world, "topped-up");
    assert_int_equal(balance_of_acme(world), 24000000);
    json_decref(row);
}

static void an_answer_beyond_the_bounds_adds_nothing_and_is_an_alarm(void **state)
{
    struct world *world = *state;
    world->answers[0] = "{\"amount\":\"50.000001\"}";
    fixture_web_start(world->web);
    fall(world, 0);
    json_t *row = wait_for(world, "refused");
    assert_int_equal(balance_of_acme(world), 4000000);
    assert_int_equal(events_of(world, "alarm"), 1);
    json_decref(row);
}

static void nobody_hears_and_it_is_given_up_with_an_alarm(void **state)
{
    struct world *world = *state; /* every answer is 500 */
    fixture_web_start(world->web);
    fall(world, 0);
    json_t *row = wait_for(world, "given-up");
    assert_int_equal(told_count(world), 4);
    assert_string_equal(json_string_value(json_object_get(row, "note")), "HTTP status 500");
    assert_int_equal(events_of(world, "alarm"), 1);
    json_decref(row);
}

static void a_server_that_hangs_keeps_nobody_from_stopping(void **state)
{
    struct world *world = *state;
    struct timespec before, after;
    world->answers[0] = "hang";
    fixture_web_start(world->web);
    fall(world, 0);
    wait_told(world, 1);
    struct answer answer = get(world, "/v1/accounts/acme");
    assert_int_equal(answer.status, 200); /* and the API goes on */
    answer_done(&answer);
    clock_gettime(CLOCK_MONOTONIC, &before);
    fixture_web_stop(world->web);
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true(after.tv_sec - before.tv_sec < 8); /* of the server's patience of 10 s */
    fixture_web_start(world->web);
}

static void answers_are_read_with_care(void **state)
{
    (void)state;
    const struct api_low_terms terms = {"EUR", 5000000, 50000000, 80000000};
    static const struct {
        const char *body;
        enum low_verdict verdict;
        int64_t micro;
    } cases[] = {
        {"", LOW_NOTHING, 0},
        {"OK", LOW_NOTHING, 0},
        {"[]", LOW_NOTHING, 0},
        {"{}", LOW_NOTHING, 0},
        {"{\"amount\":null}", LOW_NOTHING, 0},
        {"{\"amount\":\"1\"}", LOW_TOPUP, 1000000},
        {"{\"amount\":\"50\",\"more\":1}", LOW_TOPUP, 50000000},
        {"{\"amount\":\"50.01\"}", LOW_REFUSED, 0},
        {"{\"amount\":25}", LOW_REFUSED, 0}, /* a number may have been rounded */
        {"{\"amount\":\"0\"}", LOW_REFUSED, 0},
        {"{\"amount\":\"-1\"}", LOW_REFUSED, 0},
        {"{\"amount\":\"1e3\"}", LOW_REFUSED, 0},
        {"{\"amount\":\"1\",\"currency\":\"USD\"}", LOW_REFUSED, 0},
        {"{\"amount\":\"1\",\"currency\":1}", LOW_REFUSED, 0},
        {"{\"amount\":\"1\",\"reference\":1}", LOW_REFUSED, 0},
        {"{\"amount\":\"1\",\"amount\":\"2\"}", LOW_NOTHING, 0}, /* no JSON object */
    };
    struct low_answer out;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        low_answer_read(slice_from_text(cases[i].body), "EUR", &terms, &out);
        if (out.verdict != cases[i].verdict || out.topup_micro != cases[i].micro) {
            fail_msg("%s: %d", cases[i].body, (int)out.verdict);
        }
    }
    low_answer_read(SLICE("{\"amount\":\"1\"}"), "EUR", NULL, &out);
    assert_int_equal(out.verdict, LOW_REFUSED);
}

static void pauses_grow_and_are_never_all_the_same(void **state)
{
    (void)state;
    const struct api_hook hook = {.retry_us = 5000000};
    assert_int_equal(low_hook_pause_us(&hook, 1, 0), 2500000);
    assert_int_equal(low_hook_pause_us(&hook, 1, 2500000), 5000000);
    assert_int_equal(low_hook_pause_us(&hook, 3, 0), 10000000);
    assert_int_equal(low_hook_pause_us(&hook, 1000, 1800000000), 3600000000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    static const struct CMUnitTest tests[] = {
        TEST(the_server_is_told_once_and_can_tell_who_says_so),
        TEST(the_answer_is_booked_once_after_failures_under_one_key),
        TEST(a_death_at_any_point_books_the_answer_once),
        TEST(what_the_server_books_itself_with_the_key_counts_once_too),
        TEST(an_answer_beyond_the_bounds_adds_nothing_and_is_an_alarm),
        TEST(nobody_hears_and_it_is_given_up_with_an_alarm),
        TEST(a_server_that_hangs_keeps_nobody_from_stopping),
        cmocka_unit_test(answers_are_read_with_care),
        cmocka_unit_test(pauses_grow_and_are_never_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
