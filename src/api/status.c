/* status.c - how the parts are: for people, for a load balancer, and for Prometheus. */
#include "api/auth.h"
#include "api/handlers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* {"state":"unknown"} where it does not answer: that is not "stopped". */
static json_t *ask_status(struct api *api, enum api_peer peer)
{
    json_t *answer = NULL;
    if (api->options.ask(api->options.ctx, peer, "status", NULL, &answer) != API_ASK_OK) {
        json_decref(answer);
        return json_pack("{s:s}", "state", "unknown");
    }
    json_object_del(answer, "id");
    json_object_del(answer, "ok");
    return answer;
}

void status_read(struct api_call *call)
{
    struct api *api = call->api;
    json_t *web = api->options.own_status(api->options.ctx);
    json_object_set_new(web, "store", stores_status(api->stores));
    json_object_set_new(web, "followers", json_integer(followers_count(api->followers)));
    api_json(call, 200,
             json_pack("{s:I,s:o,s:o,s:o}", "as_of_wall_us", (json_int_t)call->wall_us,
                       "supervisor", ask_status(api, API_PEER_SUPERVISOR), "edge",
                       ask_status(api, API_PEER_EDGE), "web", web));
}

void status_alerts(struct api_call *call)
{
    json_t *answer = api_ask_for(call, API_PEER_EDGE, "alerts", NULL, "alerts");
    if (answer != NULL) {
        json_t *items = json_object_get(answer, "alerts");
        api_json(
            call, 200,
            json_pack("{s:I,s:O}", "as_of_wall_us", (json_int_t)call->wall_us, "items", items));
        json_decref(answer);
    }
}

void status_health(struct api_call *call)
{
    json_t *edge = ask_status(call->api, API_PEER_EDGE);
    json_t *state = json_object_get(edge, "state");
    api_json(call, 200,
             json_pack("{s:s,s:s,s:o}", "web", "ok", "store",
                       stores_is_ok(call->api->stores) ? "ok" : "unknown", "edge",
                       state != NULL ? json_incref(state) : json_string("unknown")));
    json_decref(edge);
}

/* ---- metrics (Prometheus text format 0.0.4) ---- */

static void write_metric(FILE *out, const char *name, const char *type, const char *help,
                         int64_t value)
{
    fprintf(out, "# HELP dialtone_%s %s\n# TYPE dialtone_%s %s\ndialtone_%s %" PRId64 "\n", name,
            help, name, type, name, value);
}

/* An amount comes as a text; only what is one goes out. */
static void write_money(FILE *out, const char *name, const char *help, const json_t *value)
{
    const char *text = json_string_value(value);
    int64_t micro = 0;
    if (text != NULL && money_parse(slice_from_text(text), &micro)) {
        fprintf(out, "# HELP dialtone_%s %s\n# TYPE dialtone_%s gauge\ndialtone_%s %s\n", name,
                help, name, name, text);
    }
}

static int64_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static bool is_state(const json_t *object, const char *state)
{
    const char *found = json_string_value(json_object_get(object, "state"));
    return found != NULL && strcmp(found, state) == 0;
}

static void write_name(FILE *out, const char *name)
{
    for (const char *c = name; *c != '\0'; c++) {
        bool is_plain = (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9');
        fputc(is_plain ? *c : '_', out);
    }
}

static void write_counts(FILE *out, json_t *counts)
{
    const char *name;
    json_t *value;
    json_object_foreach(counts, name, value)
    {
        fputs("# TYPE dialtone_edge_", out);
        write_name(out, name);
        fputs("_total counter\ndialtone_edge_", out);
        write_name(out, name);
        fprintf(out, "_total %lld\n", (long long)json_integer_value(value));
    }
}

static void write_edge(FILE *out, const json_t *edge)
{
    bool is_up = !is_state(edge, "unknown");
    write_metric(out, "edge_up", "gauge", "1 while the edge answers.", is_up);
    if (!is_up) {
        return; /* no values are better than old ones that look new */
    }
    write_metric(out, "edge_ready", "gauge", "1 while the edge takes new calls.",
                 is_state(edge, "ready"));
    write_metric(out, "calls_open", "gauge", "Calls in progress.", number(edge, "calls_open"));
    write_metric(out, "calls_answered", "gauge", "Answered calls in progress.",
                 number(edge, "calls_answered"));
    write_metric(out, "bindings", "gauge", "Registered contacts.", number(edge, "bindings"));
    write_metric(out, "aors", "gauge", "Addresses of record with a contact.", number(edge, "aors"));
    write_metric(out, "edge_store_ok", "gauge", "1 while the edge reaches the database.",
                 is_state(json_object_get(edge, "store"), "ok"));
    write_metric(out, "disk_free_percent", "gauge", "Of the disk that holds the installation.",
                 number(edge, "disk_free_percent"));
    const json_t *alerts = json_object_get(edge, "alerts");
    if (alerts != NULL) { /* else they could not be listed */
        write_metric(out, "alerts", "gauge", "Accounts under suspicion of fraud.",
                     (int64_t)json_array_size(alerts));
    }
    const json_t *outbox = json_object_get(edge, "outbox");
    write_metric(out, "outbox_unsettled", "gauge", "Usages not settled yet.",
                 number(outbox, "unsettled"));
    const json_t *lease = json_object_get(edge, "lease");
    write_money(out, "lease_outstanding", "Money set aside here and not used.",
                json_object_get(lease, "outstanding"));
    write_money(out, "grace_used", "Spent on grace while the ledger was silent.",
                json_object_get(lease, "grace_used"));
    write_money(out, "grace_bound", "The most that may be lost to grace.",
                json_object_get(lease, "bound"));
    write_counts(out, json_object_get(edge, "counts"));
}

static void write_web(FILE *out, struct api *api)
{
    write_metric(out, "web_store_ok", "gauge", "1 while the API reaches the database.",
                 stores_is_ok(api->stores));
    write_metric(out, "web_followers", "gauge", "Streams of events that are open.",
                 followers_count(api->followers));
    fputs("# TYPE dialtone_web_answers_total counter\n", out);
    for (int class = 2; class <= 5; class ++) {
        fprintf(out, "dialtone_web_answers_total{class=\"%dxx\"} %" PRIu64 "\n", class,
                (uint64_t)atomic_load(&api->answers[class]));
    }
}

void status_metrics(struct api_call *call)
{
    if (!auth_is_local(call)) {
        const struct api_route *route = call->route;
        struct api_route needing = *route;
        needing.role = API_ROLE_OPERATOR;
        call->route = &needing;
        bool may = auth_check(call);
        call->route = route;
        if (!may) {
            return;
        }
    }
    struct api_response *response = call->response;
    FILE *out = open_memstream(&response->body, &response->body_size);
    if (out == NULL) {
        api_problem(call, PROBLEM_INTERNAL, "There is not enough memory.");
        return;
    }
    json_t *edge = ask_status(call->api, API_PEER_EDGE);
    fprintf(out, "# TYPE dialtone_build_info gauge\ndialtone_build_info{version=\"%s\"} 1\n",
            DIALTONE_VERSION);
    write_edge(out, edge);
    write_web(out, call->api);
    json_decref(edge);
    fclose(out);
    response->status = 200;
    response->content_type = "text/plain; version=0.0.4; charset=utf-8";
}
