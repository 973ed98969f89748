/* Every path of the API, through its real handlers on a database in memory: whatever the body, the
 * path and the arguments say, there is one answer, its JSON is whole, and no fault of ours (500).
 * The input: route, headers, the path's part and the query's arguments, each up to a line end, then
 * the body. */
#include "fuzz_dir.h"

#include "api/api.h"
#include "api/secret.h"
#include "store/store.h"

#include <limits.h>

#define LINE_SIZE 200

struct question {
    char bearer[80];
    char key[LINE_SIZE];
    char query[LINE_SIZE];
    bool is_csv;
    bool has_key;
    bool has_match;
};

static struct api *api;
static char keys[2][64];

static const char *header_of(const void *from, const char *name)
{
    const struct question *question = from;
    if (strcasecmp(name, "Authorization") == 0) {
        return question->bearer[0] == '\0' ? NULL : question->bearer;
    }
    if (strcasecmp(name, "Idempotency-Key") == 0) {
        return question->has_key ? question->key : NULL;
    }
    if (strcasecmp(name, "Content-Type") == 0) {
        return question->is_csv ? "text/csv" : "application/json";
    }
    return strcasecmp(name, "If-Match") == 0 && question->has_match ? question->key : NULL;
}

/* "name=value&name=value", as it comes. */
static const char *argument_of(const void *from, const char *name)
{
    static char value[LINE_SIZE];
    const struct question *question = from;
    size_t size = strlen(name);
    for (const char *at = question->query; at != NULL; at = strchr(at, '&')) {
        at += *at == '&' ? 1 : 0;
        if (strncmp(at, name, size) == 0 && at[size] == '=') {
            snprintf(value, sizeof(value), "%.*s", (int)strcspn(at + size + 1, "&"), at + size + 1);
            return value;
        }
    }
    return NULL;
}

static enum api_ask ask(void *ctx, enum api_peer peer, const char *command, const json_t *members,
                        json_t **answer)
{
    (void)ctx;
    (void)peer;
    (void)members;
    if (command[0] == 'e') {
        return API_ASK_UNKNOWN;
    }
    *answer = json_pack("{s:[]}", "calls");
    return *answer == NULL ? API_ASK_UNKNOWN : API_ASK_OK;
}

static json_t *own_status(void *ctx)
{
    (void)ctx;
    return json_object();
}

static void ignore(void *ctx, const char *json)
{
    (void)ctx;
    (void)json;
}

static void make_store(void)
{
    struct store_options options = {
        .dir = fuzz_dir("web"), .deadline_us = 2000000, .may_create = true};
    struct store *store = store_new(&options);
    FUZZ_CHECK(store != NULL && store_migrate(store) == STORE_OK);
    struct account account = {.currency = "EUR",
                              .class_ = ACCOUNT_VERIFIED,
                              .grace_micro = -1,
                              .channels_max = NO_LIMIT,
                              .cps_max = NO_LIMIT,
                              .spend_day_micro = NO_LIMIT};
    snprintf(account.name, sizeof(account.name), "acme");
    FUZZ_CHECK(config_put_account(store, &account, "fuzz") == STORE_OK);
    for (int i = 0; i < 2; i++) {
        struct api_key key = {.is_operator = i == 0, .account_id = i == 0 ? 0 : account.id};
        snprintf(key.name, sizeof(key.name), "key%d", i);
        FUZZ_CHECK(secret_key_make(keys[i]));
        secret_hash(slice_from_text(keys[i]), key.hash);
        FUZZ_CHECK(config_put_key(store, &key, "fuzz") == STORE_OK);
    }
    store_free(store);
}

static void start(void)
{
    char *error = NULL;
    make_store();
    struct api_options options = {.dir = fuzz_dir(NULL),
                                  .domain = "example.com",
                                  .ask = ask,
                                  .own_status = own_status,
                                  .log = ignore};
    api = api_new(&options, &error);
    FUZZ_CHECK(api != NULL);
}

static struct slice next_line(struct slice *rest)
{
    struct slice line = slice_split(rest, '\n');
    return slice_head(line, LINE_SIZE - 1);
}

/* "/v1/accounts/{account}/balance" with its part filled in; by default what is there. */
static void path_write(const char *pattern, struct slice part, char *path, size_t path_size)
{
    const char *open = strchr(pattern, '{');
    const char *close = open == NULL ? NULL : strchr(open, '}');
    if (close == NULL) {
        snprintf(path, path_size, "%s", pattern);
        return;
    }
    part = part.size == 0 ? SLICE("acme") : part;
    snprintf(path, path_size, "%.*s" SLICE_FMT "%s", (int)(open - pattern), pattern,
             SLICE_ARG(part), close + 1);
}

static void check(const struct api_response *response)
{
    FUZZ_CHECK(response->status >= 200 && response->status < 600 && response->status != 500);
    if (response->content_type != NULL && strstr(response->content_type, "json") != NULL &&
        response->body_size > 0) {
        json_t *json = json_loadb(response->body, response->body_size, JSON_DECODE_ANY, NULL);
        FUZZ_CHECK(json != NULL);
        json_decref(json);
    }
    for (int i = 0; i < response->header_count; i++) {
        FUZZ_CHECK(strpbrk(response->headers[i].value, "\r\n") == NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3) {
        return 0;
    }
    if (api == NULL) {
        start();
    }
    struct api_route_info route = api_route_at(data[0] % api_route_count());
    struct slice rest = slice_make((const char *)data + 2, size - 2);
    char path[512];
    struct question question = {.is_csv = (data[1] & 1) != 0,
                                .has_key = (data[1] & 2) == 0,
                                .has_match = (data[1] & 4) != 0};
    if ((data[1] & 24) != 24) { /* an operator, now and then a customer, or nobody */
        snprintf(question.bearer, sizeof(question.bearer), "Bearer %s",
                 keys[(data[1] & 24) == 16 ? 1 : 0]);
    }
    path_write(route.path, next_line(&rest), path, sizeof(path));
    (void)!slice_copy_text(next_line(&rest), question.query, sizeof(question.query));
    (void)!slice_copy_text(next_line(&rest), question.key, sizeof(question.key));
    char *body = malloc(rest.size > 0 ? rest.size : 1);
    FUZZ_CHECK(body != NULL);
    memcpy(body, rest.data, rest.size);
    struct api_request request = {.method = route.method,
                                  .path = path,
                                  .body = slice_make(body, rest.size),
                                  .peer = "192.0.2.1",
                                  .from = &question,
                                  .header = header_of,
                                  .argument = argument_of};
    struct api_response response = {0};
    if (rest.size <= api_body_max(api, &request)) {
        api_handle(api, &request, &response);
        check(&response);
        api_response_done(&response);
    }
    free(body);
    return 0;
}
