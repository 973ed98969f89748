/* live.c - what the edge knows: calls in progress, bindings, how a call would go; and the stream of
 * events. */
#include "api/handlers.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

#define LIVE_FRESH_US 300000 /* many viewers ask the edge once */
#define CALLS_MAX 20000
#define EXPOSURE_ROWS_MAX 20000

/* ---- calls in progress ---- */

/* The edge's newest answer, asked again (`members` is taken) where it is old. A new reference to a
 * copy; NULL: there never was one (answered). *is_stale: the edge does not answer now. */
static json_t *read_live(struct api_call *call, enum live_kind kind, const char *command,
                         json_t *members, bool *is_stale)
{
    struct api *api = call->api;
    struct live_copy *live = &api->live[kind];
    pthread_mutex_lock(&api->live_lock);
    *is_stale = false;
    if (live->answer == NULL || clock_mono_us() - live->at_us > LIVE_FRESH_US) {
        json_t *answer = api_ask(call, API_PEER_EDGE, command, json_incref(members));
        if (answer != NULL) {
            json_decref(live->answer);
            live->answer = answer;
            live->at_us = clock_mono_us();
        } else {
            *is_stale = true;
        }
    }
    json_t *copy = json_deep_copy(live->answer); /* reference counts are not shared by threads */
    pthread_mutex_unlock(&api->live_lock);
    json_decref(members);
    return copy;
}

/* What the customer has left: what may still be promised, and what the edge holds of it unused. The
 * two were read at different moments: a grant that only the edge knows must not count twice. False:
 * it is not known. */
static bool add_money_left(struct api_call *call, json_t *row, int64_t *money_micro)
{
    const char *text = json_string_value(json_object_get(row, "left"));
    json_int_t owner = json_integer_value(json_object_get(row, "account_id"));
    int64_t left_micro = 0;
    int64_t available_micro = 0;
    int64_t leased_micro = 0;
    if (text == NULL || !money_parse(slice_from_text(text), &left_micro) ||
        last_good_money(call->api->last_good, (uint64_t)owner, &available_micro, &leased_micro)
                .is != TRI_PRESENT) {
        return false;
    }
    int64_t unused_micro = left_micro < leased_micro ? left_micro : leased_micro;
    *money_micro = money_add_clamped(available_micro, unused_micro);
    json_object_set_new(row, "money_left", api_money(*money_micro));
    return true;
}

void live_calls(struct api_call *call)
{
    uint64_t account_id = 0;
    int max = 0;
    bool is_stale = false;
    if (!api_argument_max(call, &max) || !api_filter_account(call, &account_id)) {
        return;
    }
    json_t *all =
        read_live(call, LIVE_CALLS, "calls", json_pack("{s:i}", "max", CALLS_MAX), &is_stale);
    if (all == NULL) {
        return;
    }
    json_t *items = json_array();
    json_int_t total = 0;
    size_t index;
    json_t *row;
    json_array_foreach(json_object_get(all, "calls"), index, row)
    {
        json_int_t owner = json_integer_value(json_object_get(row, "account_id"));
        if (account_id != 0 && (uint64_t)owner != account_id) {
            continue;
        }
        total++;
        if (json_array_size(items) < (size_t)max) {
            int64_t money_micro;
            (void)!add_money_left(call, row, &money_micro);
            json_array_append(items, row);
        }
    }
    api_forget_headers(call);
    json_t *as_of = json_object_get(all, "as_of_wall_us");
    api_json(
        call, 200,
        json_pack("{s:o,s:I,s:I,s:b}", "items", items, "total", total, "as_of_wall_us",
                  json_is_integer(as_of) ? json_integer_value(as_of) : (json_int_t)call->wall_us,
                  "is_stale", is_stale));
    json_decref(all);
}

/* ---- the same calls as value at risk ---- */

/* "money_left" and, where the calls cost something a minute, how long it lasts at that rate. */
static void add_seconds_left(struct api_call *call, json_t *row)
{
    const char *rate = json_string_value(json_object_get(row, "cost_per_min"));
    int64_t money_micro;
    int64_t minute_micro;
    if (add_money_left(call, row, &money_micro) && rate != NULL &&
        money_parse(slice_from_text(rate), &minute_micro) && minute_micro > 0) {
        int64_t left_micro = money_micro < 0 ? 0 : money_micro;
        int64_t minutes = left_micro / minute_micro;
        if (minutes <= INT32_MAX) {
            int64_t rest_s = left_micro % minute_micro * 60 / minute_micro;
            json_object_set_new(row, "seconds_left", json_integer(minutes * 60 + rest_s));
        }
    }
}

void live_exposure(struct api_call *call)
{
    static const char *const names[] = {"account", "trunk", "destination", "country"};
    const char *wanted = api_argument(call, "by");
    int by = 0;
    int max = 0;
    bool is_stale = false;
    while (wanted != NULL && by < (int)ARRAY_COUNT(names) && strcmp(wanted, names[by]) != 0) {
        by++;
    }
    if (by == (int)ARRAY_COUNT(names)) {
        api_problem_field(call, "by", "?by= is account, trunk, destination or country.");
        return;
    }
    if (!api_argument_max(call, &max)) {
        return;
    }
    json_t *all =
        read_live(call, (enum live_kind)(LIVE_BY_ACCOUNT + by), "exposure",
                  json_pack("{s:s,s:i}", "by", names[by], "max", EXPOSURE_ROWS_MAX), &is_stale);
    if (all == NULL) {
        return;
    }
    json_t *items = json_array();
    size_t index;
    json_t *row;
    json_array_foreach(json_object_get(all, "rows"), index, row)
    {
        if (index < (size_t)max) {
            if (by == 0) {
                add_seconds_left(call, row);
            }
            json_array_append(items, row);
        }
    }
    json_int_t as_of_us = json_integer_value(json_object_get(all, "as_of_wall_us"));
    json_int_t age_us = call->wall_us > as_of_us ? call->wall_us - as_of_us : 0;
    api_forget_headers(call);
    api_json(call, 200,
             json_pack("{s:s,s:o,s:I,s:I,s:I,s:I,s:b}", "by", names[by], "items", items, "total",
                       json_integer_value(json_object_get(all, "total")), "calls_left_out",
                       json_integer_value(json_object_get(all, "calls_left_out")), "as_of_wall_us",
                       as_of_us, "age_us", age_us, "is_stale", is_stale));
    json_decref(all);
}

void live_call_end(struct api_call *call)
{
    json_t *answer =
        api_ask(call, API_PEER_EDGE, "call_end",
                json_pack("{s:s,s:s}", "key", call->param, "actor", call->principal.name));
    if (answer == NULL) {
        return;
    }
    json_decref(answer);
    pthread_mutex_lock(&call->api->live_lock);
    for (int i = 0; i < LIVE_COUNT; i++) {
        call->api->live[i].at_us = 0; /* the next list is a new one */
    }
    pthread_mutex_unlock(&call->api->live_lock);
    api_log(call->api, json_pack("{s:s,s:s,s:s}", "event", "call.end_asked", "key", call->param,
                                 "actor", call->principal.name));
    call->response->status = 204;
}

/* ---- bindings ---- */

void live_bindings(struct api_call *call)
{
    struct endpoint *endpoint = malloc(sizeof(*endpoint));
    if (endpoint != NULL && api_find_endpoint(call, call->param, endpoint)) {
        json_t *answer =
            api_ask(call, API_PEER_EDGE, "bindings", json_pack("{s:s}", "user", endpoint->user));
        if (answer != NULL) {
            json_t *bindings = json_object_get(answer, "bindings");
            api_json(call, 200,
                     json_pack("{s:s,s:o,s:I}", "user", endpoint->user, "items",
                               bindings == NULL ? json_array() : json_incref(bindings),
                               "as_of_wall_us", (json_int_t)call->wall_us));
            json_decref(answer);
        }
    }
    free(endpoint);
}

/* ---- explain ---- */

static json_t *explain_members(struct api_call *call)
{
    const char *number = api_argument(call, "number");
    const char *endpoint = api_argument(call, "endpoint");
    const char *account = api_argument(call, "account");
    const char *trunk = api_argument(call, "trunk");
    int sources = (endpoint != NULL) + (account != NULL) + (trunk != NULL);
    uint64_t id = 0;
    if (number == NULL) {
        api_problem_field(call, "number", "?number= is what would be dialled.");
        return NULL;
    }
    if (sources != 1) {
        api_problem_field(call, "endpoint",
                          "Name who would call: one of ?endpoint=, ?account= and ?trunk=.");
        return NULL;
    }
    if (endpoint != NULL) {
        return json_pack("{s:s,s:s}", "endpoint", endpoint, "number", number);
    }
    if (account != NULL) {
        return api_find_account_id(call, account, &id)
                   ? json_pack("{s:I,s:s}", "account_id", (json_int_t)id, "number", number)
                   : NULL;
    }
    return api_find_trunk_id(call, trunk, &id)
               ? json_pack("{s:I,s:s}", "trunk_id", (json_int_t)id, "number", number)
               : NULL;
}

void live_explain(struct api_call *call)
{
    json_t *members = explain_members(call);
    json_t *answer = members == NULL ? NULL : api_ask(call, API_PEER_EDGE, "explain", members);
    if (answer != NULL) {
        json_object_del(answer, "id");
        json_object_del(answer, "ok");
        api_json(call, 200, answer);
    }
}

/* ---- events ---- */

static ssize_t read_stream(void *stream, char *out, size_t size_max)
{
    return followers_read(stream, out, size_max);
}

static void close_stream(void *stream)
{
    followers_leave(stream);
}

void api_follow_edge(struct api *api)
{
    json_t *answer = NULL;
    enum api_ask asked = api->options.ask(api->options.ctx, API_PEER_EDGE, "follow", NULL, &answer);
    (void)asked; /* an edge that does not answer is asked again while there are followers */
    json_decref(answer);
}

void live_events(struct api_call *call)
{
    uint64_t account_id =
        call->principal.role == API_ROLE_OPERATOR ? 0 : call->principal.account_id;
    struct follower *follower = followers_join(call->api->followers, account_id);
    if (follower == NULL) {
        api_problem(call, PROBLEM_BUSY, "%d others follow the events already.", API_STREAMS_MAX);
        return;
    }
    api_follow_edge(call->api); /* before the first byte: what happens after it is heard */
    struct api_response *response = call->response;
    response->status = 200;
    response->content_type = "text/event-stream; charset=utf-8";
    response->stream = follower;
    response->stream_read = read_stream;
    response->stream_close = close_stream;
    api_header(call, "X-Accel-Buffering", "no"); /* a proxy must not collect events */
}
