#include "fixture.h"

#include "api/secret.h"

#include <arpa/inet.h>
#include <assert.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the edge's part ---- */

static json_t *play_call(int index)
{
    char key[17];
    char caller[16];
    snprintf(key, sizeof(key), "%016x", index + 1);
    snprintf(caller, sizeof(caller), "alice%d", index);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    json_int_t wall_us = (json_int_t)now.tv_sec * 1000000;
    return json_pack(
        "{s:s,s:s,s:s,s:s,s:s,s:i,s:n,s:I,s:I,s:i,s:s,s:s,s:s,s:s,s:s,s:i,s:b,s:b,s:b}", "key", key,
        "state", index % 3 == 2 ? "ringing" : "answered", "call_id", "play@edge", "caller", caller,
        "callee", "4930123456", "account_id", index % 2 == 0 ? 1 : 2, "trunk_id", "wall_start_us",
        wall_us - 12000000, "wall_answer_us", index % 3 == 2 ? (json_int_t)0 : wall_us - 10000000,
        "talk_us", index % 3 == 2 ? 0 : 10000000, "price_per_min", "1.00", "currency", "EUR",
        "cost", index % 3 == 2 ? "0.000000" : "0.166667", "held", "0.333333", "left", "24.500000",
        "paid_until_us", 20000000, "is_emergency", 0, "is_inbound", 0, "is_on_net", 0);
}

static void play_calls(struct fixture *fixture, struct control_answer *answer)
{
    json_t *calls = json_array();
    pthread_mutex_lock(&fixture->play.lock);
    fixture->play.ask_count++;
    for (int i = 0; i < fixture->play.call_count; i++) {
        json_t *call = play_call(i);
        if (strcmp(json_string_value(json_object_get(call, "key")), fixture->play.ended) == 0) {
            json_decref(call);
        } else {
            json_array_append_new(calls, call);
        }
    }
    pthread_mutex_unlock(&fixture->play.lock);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    control_answer_json(answer, json_pack("{s:I,s:o}", "as_of_wall_us",
                                          (json_int_t)now.tv_sec * 1000000 + now.tv_nsec / 1000,
                                          "calls", calls));
}

static void play_exposure(struct fixture *fixture, const json_t *request,
                          struct control_answer *answer)
{
    const char *by = json_string_value(json_object_get(request, "by"));
    json_t *row = json_pack("{s:s,s:i,s:i,s:s,s:s,s:s,s:s}", "currency", "EUR", "calls", 3,
                            "answered", 2, "cost", "0.333334", "cost_per_min", "2.000000", "held",
                            "0.666666", "left", "24.500000");
    if (strcmp(by, "account") == 0) {
        json_object_set_new(row, "account_id", json_integer(1));
    } else {
        json_object_set_new(row, strcmp(by, "destination") == 0 ? "prefix" : by, json_string("49"));
    }
    pthread_mutex_lock(&fixture->play.lock);
    fixture->play.ask_count++;
    pthread_mutex_unlock(&fixture->play.lock);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    control_answer_json(answer, json_pack("{s:s,s:I,s:[o],s:i,s:i}", "by", by, "as_of_wall_us",
                                          (json_int_t)now.tv_sec * 1000000 + now.tv_nsec / 1000,
                                          "rows", row, "total", 1, "calls_left_out", 0));
}

static void play_end(struct fixture *fixture, const json_t *request, struct control_answer *answer)
{
    const char *key = json_string_value(json_object_get(request, "key"));
    const char *actor = json_string_value(json_object_get(request, "actor"));
    if (key == NULL || strncmp(key, "00000000", 8) != 0) {
        control_answer_error(answer, "not-found", "There is no such call.");
        return;
    }
    pthread_mutex_lock(&fixture->play.lock);
    snprintf(fixture->play.ended, sizeof(fixture->play.ended), "%s", key);
    snprintf(fixture->play.ended_by, sizeof(fixture->play.ended_by), "%s", actor);
    pthread_mutex_unlock(&fixture->play.lock);
    char json[96];
    int size = snprintf(json, sizeof(json), "{\"key\":\"%s\",\"account_id\":1}", key);
    control_server_publish(fixture->edge, "call.ended", slice_make(json, (size_t)size));
}

static json_t *play_refusal(json_int_t wall_us, int account_id, const char *caller,
                            const char *callee, int status, const char *reason, const char *why)
{
    return json_pack("{s:I,s:i,s:s,s:s,s:i,s:s,s:s}", "wall_us", wall_us, "account_id", account_id,
                     "caller", caller, "callee", callee, "status", status, "reason", reason, "why",
                     why);
}

static void play_refusals(struct control_answer *answer)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    json_int_t wall_us = (json_int_t)now.tv_sec * 1000000;
    json_t *list = json_array();
    json_array_append_new(list, play_refusal(wall_us - 9000000, 1, "alice0", "4990012345", 403,
                                             "no-rate", "The deck has no price for this number."));
    json_array_append_new(list,
                          play_refusal(wall_us - 95000000, 2, "carol", "4930123456", 402,
                                       "no-credit", "The ledger said that there is no more."));
    control_answer_json(answer, json_pack("{s:o}", "refusals", list));
}

static json_t *play_ban(void)
{
    return json_pack("{s:s,s:s,s:n,s:b,s:i,s:I,s:I,s:i,s:b}", "source", "192.0.2.66", "reason",
                     "users-tried", "actor", "is_manual", false, "level", 1, "wall_since_us",
                     (json_int_t)1800000000000000, "wall_until_us", (json_int_t)1800000060000000,
                     "dropped", 7, "has_customers", false);
}

static json_t *play_bans(struct fixture *fixture)
{
    bool is_lifted = atomic_load(&fixture->is_ban_lifted);
    return is_lifted ? json_array() : json_pack("[o]", play_ban());
}

static json_t *play_alerts(void)
{
    return json_pack("[{s:s,s:s,s:I,s:s,s:s,s:I,s:b,s:b,s:b,s:i,s:i,s:s,s:[{s:s,s:i}]}]", "alert",
                     "fraud.suspected", "severity", "critical", "account_id", (json_int_t)1,
                     "account", "acme", "currency", "EUR", "since_wall_us",
                     (json_int_t)1800000000000000, "is_at_limits", true, "is_hot", true,
                     "is_sudden", false, "calls_in_10s", 1000, "refused_in_10s", 997,
                     "money_a_minute", "6.000000", "destinations", "prefix", "8821", "calls", 1000);
}

static void play(void *ctx, const char *command, const json_t *request,
                 struct control_answer *answer)
{
    struct fixture *fixture = ctx;
    if (strcmp(command, "calls") == 0) {
        play_calls(fixture, answer);
    } else if (strcmp(command, "exposure") == 0) {
        play_exposure(fixture, request, answer);
    } else if (strcmp(command, "call_end") == 0) {
        play_end(fixture, request, answer);
    } else if (strcmp(command, "events") == 0) {
        control_answer_events(answer);
    } else if (strcmp(command, "follow") == 0) {
        pthread_mutex_lock(&fixture->play.lock);
        fixture->play.follow_count++;
        pthread_mutex_unlock(&fixture->play.lock);
    } else if (strcmp(command, "status") == 0) {
        control_answer_json(
            answer,
            json_pack("{s:s,s:i,s:s,s:{s:i},s:i,s:i,s:i,s:i,s:{s:s},s:{s:s,s:s,s:s},s:o}", "role",
                      "edge", "pid", 1, "state", "ready", "counts", "invites", 7, "calls_open", 2,
                      "calls_answered", 1, "bindings", 3, "aors", 3, "store", "state", "ok",
                      "lease", "outstanding", "12.500000", "grace_used", "0.000000", "bound",
                      "500.000000", "alerts", play_alerts()));
    } else if (strcmp(command, "alerts") == 0) {
        control_answer_json(answer, json_pack("{s:o}", "alerts", play_alerts()));
    } else if (strcmp(command, "refusals") == 0) {
        play_refusals(answer);
    } else if (strcmp(command, "bindings") == 0) {
        control_answer_json(answer, json_pack("{s:[{s:s,s:s}]}", "bindings", "uri",
                                              "sip:alice@127.0.0.1:5070", "user_agent", "test"));
    } else if (strcmp(command, "explain") == 0) {
        control_answer_json(answer,
                            json_pack("{s:{s:s},s:s}", "plan", "result", "ok", "would", "connect"));
    } else if (strcmp(command, "bans") == 0) {
        control_answer_json(answer, json_pack("{s:o,s:b,s:I}", "bans", play_bans(fixture), "is_on",
                                              true, "as_of_wall_us", (json_int_t)1));
    } else if (strcmp(command, "ban") == 0) {
        control_answer_json(answer, json_pack("{s:o}", "ban", play_ban()));
    } else if (strcmp(command, "unban") == 0) {
        const char *source = json_string_value(json_object_get(request, "source"));
        if (source == NULL || strcmp(source, "192.0.2.66") != 0) {
            control_answer_error(answer, "not-found", "that source is not banned");
        } else {
            atomic_store(&fixture->is_ban_lifted, true);
        }
    } else {
        control_answer_error(answer, "bad-request", "not played: %s", command);
    }
}

void fixture_edge_up(struct fixture *fixture)
{
    char run_dir[300];
    snprintf(run_dir, sizeof(run_dir), "%s/run", fixture->dir);
    struct control_options options = {
        .run_dir = run_dir, .name = "edge.sock", .ctx = fixture, .handle = play};
    fixture->edge = control_server_new(&options, NULL);
    assert(fixture->edge != NULL);
}

void fixture_edge_down(struct fixture *fixture)
{
    control_server_free(fixture->edge);
    fixture->edge = NULL;
}

void fixture_edge_tell(struct fixture *fixture, const char *kind, const char *json)
{
    control_server_publish(fixture->edge, kind, slice_from_text(json));
}

/* ---- the installation ---- */

static uint64_t make_account(struct store *store, const char *name)
{
    struct account account = {.currency = "EUR",
                              .class_ = ACCOUNT_VERIFIED,
                              .grace_micro = -1,
                              .channels_max = NO_LIMIT,
                              .cps_max = NO_LIMIT,
                              .spend_day_micro = NO_LIMIT};
    snprintf(account.name, sizeof(account.name), "%s", name);
    enum store_result result = config_put_account(store, &account, "test");
    assert(result == STORE_OK);
    return account.id;
}

static void make_key(struct store *store, const char *name, uint64_t account_id, char text[64])
{
    struct api_key key = {.is_operator = account_id == 0, .account_id = account_id};
    snprintf(key.name, sizeof(key.name), "%s", name);
    bool is_made = secret_key_make(text);
    assert(is_made);
    secret_hash(slice_from_text(text), key.hash);
    enum store_result result = config_put_key(store, &key, "test");
    assert(result == STORE_OK);
}

static void make_store(struct fixture *fixture)
{
    struct store_options options = {
        .dir = fixture->dir, .deadline_us = 2000000, .may_create = true};
    struct store *store = store_new(&options);
    enum store_result result = store_migrate(store);
    assert(result == STORE_OK);
    fixture->acme = make_account(store, "acme");
    fixture->bravo = make_account(store, "bravo");
    make_key(store, "admin", 0, fixture->operator_key);
    make_key(store, "acme-app", fixture->acme, fixture->customer_key);
    result = secret_operator_put(store, "joan", "correct horse", "test");
    assert(result == STORE_OK);
    store_free(store);
}

static int listen_somewhere(int *port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int failed = bind(fd, (struct sockaddr *)&address, size) || listen(fd, 64) ||
                 getsockname(fd, (struct sockaddr *)&address, &size);
    assert(!failed);
    *port = ntohs(address.sin_port);
    return fd;
}

static void *run_web(void *ctx)
{
    struct fixture *fixture = ctx;
    int status = web_role_run(&fixture->options);
    assert(status == 0);
    return NULL;
}

void fixture_web_start(struct fixture *fixture)
{
    int failed = pipe(fixture->stop_fds);
    fixture->options.stop_fd = fixture->stop_fds[0];
    failed = failed || pthread_create(&fixture->thread, NULL, run_web, fixture);
    assert(!failed);
}

void fixture_web_stop(struct fixture *fixture)
{
    close(fixture->stop_fds[1]);
    pthread_join(fixture->thread, NULL);
    close(fixture->stop_fds[0]);
}

struct fixture *fixture_start(void)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    char run_dir[300];
    snprintf(fixture->dir, sizeof(fixture->dir), "/tmp/dialtone-web-XXXXXX");
    char *made = mkdtemp(fixture->dir);
    assert(made != NULL);
    snprintf(run_dir, sizeof(run_dir), "%s/run", fixture->dir);
    int failed = mkdir(run_dir, 0700);
    assert(!failed);
    pthread_mutex_init(&fixture->play.lock, NULL);
    fixture->play.call_count = 2;
    snprintf(fixture->config.domain, sizeof(fixture->config.domain), "example.test");
    fixture->config.drill = true;
    fixture->config.cdr_days = 400;
    fixture->config.event_days = 35;
    make_store(fixture);
    fixture_edge_up(fixture);
    fixture->options = (struct role_options){.dir = fixture->dir,
                                             .config = &fixture->config,
                                             .http_fd = listen_somewhere(&fixture->port)};
    fixture_web_start(fixture);
    return fixture;
}

void fixture_stop(struct fixture *fixture)
{
    fixture_web_stop(fixture);
    close(fixture->options.http_fd);
    if (fixture->edge != NULL) {
        fixture_edge_down(fixture);
    }
    char command[300];
    snprintf(command, sizeof(command), "rm -rf '%s'", fixture->dir);
    int status = system(command);
    assert(status == 0);
    free(fixture);
}

/* ---- asking ---- */

static size_t keep(char *data, size_t size, size_t count, void *ctx)
{
    FILE *out = ctx;
    return fwrite(data, size, count, out);
}

static struct curl_slist *headers_of(const struct question *question)
{
    struct curl_slist *list = NULL;
    char bearer[128];
    if (question->key != NULL) {
        snprintf(bearer, sizeof(bearer), "Authorization: Bearer %s", question->key);
        list = curl_slist_append(list, bearer);
    }
    bool has_type = false;
    for (size_t i = 0; i < ARRAY_COUNT(question->headers) && question->headers[i] != NULL; i++) {
        has_type = has_type || strncmp(question->headers[i], "Content-Type", 12) == 0;
        list = curl_slist_append(list, question->headers[i]);
    }
    return has_type ? list : curl_slist_append(list, "Content-Type: application/json");
}

struct answer ask_web(const struct fixture *fixture, struct question question)
{
    struct answer answer = {0};
    char url[2048];
    size_t header_size = 0;
    FILE *body = open_memstream(&answer.body, &answer.size);
    FILE *headers = open_memstream(&answer.headers, &header_size);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", fixture->port, question.path);
    CURL *curl = curl_easy_init();
    struct curl_slist *list = headers_of(&question);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, question.method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, headers);
    if (strcmp(question.method, "HEAD") == 0) {
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    }
    if (question.body != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, question.body);
    }
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
    if (code != CURLE_OK) {
        fprintf(stderr, "%s %s: %s\n", question.method, question.path, curl_easy_strerror(code));
        answer.status = -1;
    }
    curl_slist_free_all(list);
    curl_easy_cleanup(curl);
    fclose(body);
    fclose(headers);
    answer.json = json_loads(answer.body, 0, NULL);
    return answer;
}

void answer_done(struct answer *answer)
{
    json_decref(answer->json);
    free(answer->body);
    free(answer->headers);
    *answer = (struct answer){0};
}

const char *text_of(const struct answer *answer, const char *name)
{
    const char *text = json_string_value(json_object_get(answer->json, name));
    return text == NULL ? "" : text;
}
