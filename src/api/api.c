/* api.c - from a request to its handler. */
#include "api/api.h"

#include "api/auth.h"
#include "api/call.h"
#include "api/keeper.h"
#include "api/low_balance.h"
#include "api/webhook.h"
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define STORE_PATIENCE_US 2000000
#define BODY_MAX (64 * 1024)
#define DECK_BODY_MAX (160 * 1024 * 1024)

static bool make_directory(const char *dir)
{
    char path[4096];
    int size = snprintf(path, sizeof(path), "%s/web", dir);
    return size > 0 && (size_t)size < sizeof(path) && (mkdir(path, 0700) == 0 || errno == EEXIST);
}

static bool make_parts(struct api *api)
{
    const struct api_options *options = &api->options;
    int64_t patience_us =
        options->store_patience_us == 0 ? STORE_PATIENCE_US : options->store_patience_us;
    api->stores =
        stores_new(options->dir, options->store_url, patience_us, options->has_fault_layer);
    api->keys = keys_new();
    api->sessions = sessions_new(options->dir);
    api->followers = followers_new();
    api->last_good = last_good_new(options->dir);
    api->money_journal = money_journal_new(options->dir);
    return api->stores != NULL && api->keys != NULL && api->sessions != NULL &&
           api->followers != NULL && api->last_good != NULL && api->money_journal != NULL;
}

struct api *api_new(const struct api_options *options, char **error)
{
    struct api *api = calloc(1, sizeof(*api));
    if (api != NULL) {
        api->options = *options;
        pthread_mutex_init(&api->change_lock, NULL);
        pthread_mutex_init(&api->login_lock, NULL);
        pthread_mutex_init(&api->statement_lock, NULL);
        pthread_mutex_init(&api->live_lock, NULL);
        if (!make_directory(options->dir)) {
            if (asprintf(error, "Cannot make %s/web: %s.", options->dir, strerror(errno)) < 0) {
                *error = NULL;
            }
            api_free(api);
            return NULL;
        }
    }
    if (api != NULL && options->hook.url != NULL && options->hook.url[0] != '\0' &&
        !webhook_key_make(options->dir, error)) {
        api_free(api);
        return NULL;
    }
    if (api == NULL || !make_parts(api) || !keeper_start(api) || !low_balance_start(api)) {
        *error = strdup("There is not enough memory for the API.");
        api_free(api);
        return NULL;
    }
    return api;
}

void api_stop(struct api *api)
{
    followers_stop(api->followers);
    low_balance_stop(api);
    keeper_stop(api);
}

void api_free(struct api *api)
{
    if (api == NULL) {
        return;
    }
    low_balance_stop(api);
    keeper_stop(api);
    stores_free(api->stores);
    keys_free(api->keys);
    sessions_free(api->sessions);
    followers_free(api->followers);
    last_good_free(api->last_good);
    money_journal_free(api->money_journal);
    for (int i = 0; i < LIVE_COUNT; i++) {
        json_decref(api->live[i].answer);
    }
    pthread_mutex_destroy(&api->change_lock);
    pthread_mutex_destroy(&api->login_lock);
    pthread_mutex_destroy(&api->statement_lock);
    pthread_mutex_destroy(&api->live_lock);
    free(api);
}

void api_response_done(struct api_response *response)
{
    if (!response->is_constant) {
        free(response->body);
    }
    if (response->stream != NULL) {
        response->stream_close(response->stream);
    }
    *response = (struct api_response){0};
}

void api_publish(struct api *api, const char *kind, const json_t *data)
{
    followers_publish(api->followers, kind, data);
}

bool api_has_followers(const struct api *api)
{
    return followers_count(api->followers) > 0;
}

json_t *api_store_status(struct api *api)
{
    return stores_status(api->stores);
}

void api_log(struct api *api, json_t *line)
{
    char *text = line == NULL ? NULL : json_dumps(line, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(line);
    if (text != NULL && api->options.log != NULL) {
        api->options.log(api->options.ctx, text);
    }
    free(text);
}

size_t api_route_count(void)
{
    return api_routes_count;
}

struct api_route_info api_route_at(size_t index)
{
    return (struct api_route_info){api_routes[index].method, api_routes[index].path};
}

/* ---- dispatch ---- */

/* Compares segment by segment; {name} takes any one segment that is not empty. */
static bool path_matches(const char *pattern, const char *path, char param[API_PARAM_SIZE])
{
    struct slice expected = slice_from_text(pattern);
    struct slice found = slice_from_text(path);
    while (expected.size > 0 && found.size > 0) {
        struct slice wanted = slice_split(&expected, '/');
        struct slice given = slice_split(&found, '/');
        if (wanted.size > 0 && wanted.data[0] == '{') {
            if (given.size == 0 || !slice_copy_text(given, param, API_PARAM_SIZE)) {
                return false;
            }
        } else if (!slice_equal(wanted, given)) {
            return false;
        }
        if (expected.size == 0 && found.size == 0) {
            size_t size = strlen(path);
            return size == 1 || path[size - 1] != '/';
        }
    }
    return false;
}

static void note_method(char *allowed, size_t allowed_size, const char *method)
{
    size_t size = strlen(allowed);
    snprintf(allowed + size, allowed_size - size, "%s%s", size == 0 ? "" : ", ", method);
}

/* The route, or NULL: the problem is answered. HEAD is answered as GET; its body is not sent. */
static const struct api_route *find_route(struct api_call *call)
{
    char allowed[96] = "";
    const char *method = call->request->method;
    if (strcmp(method, "HEAD") == 0) {
        method = "GET";
    }
    for (size_t i = 0; i < api_routes_count; i++) {
        if (!path_matches(api_routes[i].path, call->request->path, call->param)) {
            continue;
        }
        if (strcmp(api_routes[i].method, method) == 0) {
            return &api_routes[i];
        }
        note_method(allowed, sizeof(allowed), api_routes[i].method);
    }
    if (allowed[0] == '\0') {
        api_problem(call, PROBLEM_NOT_FOUND, "There is nothing at this path.");
    } else {
        api_problem(call, PROBLEM_METHOD, "This path takes %s.", allowed);
        api_header(call, "Allow", "%s", allowed);
    }
    return NULL;
}

static void call_init(struct api_call *call, struct api *api, const struct api_request *request,
                      struct api_response *response)
{
    *call = (struct api_call){.api = api,
                              .request = request,
                              .response = response,
                              .now_us = clock_mono_us(),
                              .wall_us = clock_wall_us()};
}

static void call_done(struct api_call *call)
{
    if (call->slot != NULL) {
        stores_give(call->api->stores, call->slot);
        call->slot = NULL;
    }
}

static void count_answer(struct api *api, int status)
{
    int class = status / 100;
    if (class >= 1 && class <= 5) {
        atomic_fetch_add(&api->answers[class], 1);
    }
}

void api_handle(struct api *api, const struct api_request *request, struct api_response *response)
{
    struct api_call call;
    call_init(&call, api, request, response);
    api_header(&call, "X-Content-Type-Options", "nosniff");
    if (strncmp(request->path, "/v1/", 4) == 0) {
        api_header(&call, "Cache-Control", "no-store");
    }
    call.base_header_count = response->header_count;
    call.route = find_route(&call);
    if (call.route != NULL && auth_check(&call)) {
        call.route->handle(&call);
    }
    call_done(&call);
    count_answer(api, response->status);
}

/* Before its body is taken, who sends a deck is asked to show a key that may. */
size_t api_body_max(struct api *api, const struct api_request *request)
{
    if (strcmp(request->method, "POST") != 0 || strcmp(request->path, "/v1/decks") != 0) {
        return BODY_MAX;
    }
    struct api_call call;
    struct api_response response = {0};
    call_init(&call, api, request, &response);
    call.route = find_route(&call);
    size_t max = call.route != NULL && auth_check(&call) ? DECK_BODY_MAX : BODY_MAX;
    call_done(&call);
    api_response_done(&response);
    return max;
}
