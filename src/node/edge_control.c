#include "node/edge_role.h"

#include "base/address.h"
#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_US 1000000
#define TEXT_MAX (256 * 1024)

json_t *edge_money_json(int64_t micro)
{
    char text[64];
    struct buf out;
    buf_init(&out, text, sizeof(text));
    money_write(&out, micro);
    return json_stringn(text, out.size);
}

static json_t *counts_json(struct edge_role *role, uint32_t *open, uint32_t *answered)
{
    uint64_t sums[EDGE_COUNT_COUNT] = {0};
    uint64_t stale = 0, full = 0, kernel = 0, failed = 0, thin_failed = 0;
    uint64_t admits[ADMIT_COUNT_COUNT] = {0};
    *open = *answered = 0;
    for (int i = 0; i < role->worker_count; i++) {
        struct edge_totals totals;
        edge_sum(role->threads[i].engine, &totals);
        for (int at = 0; at < EDGE_COUNT_COUNT; at++) {
            sums[at] += totals.counts[at];
        }
        *open += totals.calls_open;
        *answered += totals.calls_answered;
        for (int at = 0; at < ADMIT_COUNT_COUNT; at++) {
            admits[at] += admission_count(role->threads[i].admission, (enum admit_count)at);
        }
        stale += atomic_load(&role->threads[i].dropped_stale);
        full += atomic_load(&role->threads[i].dropped_full);
        kernel += atomic_load(&role->threads[i].dropped_kernel);
        thin_failed += atomic_load(&role->threads[i].thin_failed);
        failed += atomic_load(&role->threads[i].send_failed);
    }
    json_t *counts = json_object();
    for (int at = 0; at < EDGE_COUNT_COUNT; at++) {
        json_object_set_new(counts, edge_count_name((enum edge_count)at),
                            json_integer((json_int_t)sums[at]));
    }
    for (int at = 0; at < ADMIT_COUNT_COUNT; at++) {
        json_object_set_new(counts, admit_count_name((enum admit_count)at),
                            json_integer((json_int_t)admits[at]));
    }
    json_object_set_new(counts, "dropped_stale", json_integer((json_int_t)stale));
    json_object_set_new(counts, "dropped_full", json_integer((json_int_t)full));
    json_object_set_new(counts, "dropped_kernel", json_integer((json_int_t)kernel));
    json_object_set_new(counts, "thinning_failed", json_integer((json_int_t)thin_failed));
    json_object_set_new(counts, "send_failed", json_integer((json_int_t)failed));
    return counts;
}

static json_t *listeners_json(const struct edge_role *role)
{
    json_t *list = json_array();
    const struct edge_settings *settings = &role->edge.settings;
    for (int i = 0; i < settings->listener_count; i++) {
        char text[96];
        snprintf(text, sizeof(text), "%s:%s",
                 settings->listeners[i].transport == REG_TCP ? "tcp" : "udp",
                 settings->listeners[i].advertised);
        json_array_append_new(list, json_string(text));
    }
    return list;
}

static json_t *lease_json(struct edge_role *role)
{
    struct meter_totals totals;
    meter_sum(role->edge.meters, clock_mono_us(), &totals);
    return json_pack(
        "{s:o,s:o,s:o,s:I,s:I,s:I,s:I}", "outstanding", edge_money_json(totals.outstanding_micro),
        "grace_used", edge_money_json(totals.grace_used_micro), "bound",
        edge_money_json(totals.grace_bound_micro), "accounts", (json_int_t)totals.account_count,
        "open", (json_int_t)totals.open_count, "asks", (json_int_t)totals.ask_count, "silent",
        (json_int_t)totals.silent_count);
}

/* NULL: they could not be listed, which is not that there are none. */
static json_t *alerts_json(struct edge_role *role)
{
    char text[FRAUD_ALERTS_MAX * 800];
    struct buf out;
    struct edge_time now = {clock_mono_us(), clock_wall_us()};
    buf_init(&out, text, sizeof(text));
    epoch_online(&role->epoch, role->worker_count); /* it looks into the directory */
    edge_alerts_json(&role->edge, &now, &out);
    epoch_offline(&role->epoch, role->worker_count);
    return out.is_full ? NULL : json_loadb(text, out.size, 0, NULL);
}

static void do_status(struct edge_role *role, struct control_answer *answer)
{
    uint32_t open, answered;
    json_t *counts = counts_json(role, &open, &answered);
    struct reg_counts bindings = registrar_count(role->edge.registrar);
    int reader = role->worker_count; /* this thread's place among the readers, as for explain */
    epoch_online(&role->epoch, reader);
    struct directory_counts rows = directory_count(role->edge.directory);
    epoch_offline(&role->epoch, reader);
    struct journal_file_status journal = journal_file_status(role->journal);
    pthread_mutex_lock(&role->lock);
    struct store_view view = role->view;
    pthread_mutex_unlock(&role->lock);
    bool is_draining = atomic_load(&role->edge.is_draining);
    /* Before every row was read, calls are answered 503: nothing can be said of anybody. */
    bool is_ready = atomic_load(&role->is_ready) && directory_is_loaded(role->edge.directory);
    const char *state = !is_ready ? "starting" : is_draining ? "draining" : "ready";
    int64_t now_us = clock_mono_us();
    json_t *members = json_pack(
        "{s:s,s:I,s:s,s:I,s:s,s:i,s:o,s:o,s:I,s:I,s:I,s:I,s:I}", "role", "edge", "pid",
        (json_int_t)getpid(), "state", state, "uptime_us", (json_int_t)(now_us - role->started_us),
        "version", DIALTONE_VERSION, "workers", role->worker_count, "listeners",
        listeners_json(role), "counts", counts, "calls_open", (json_int_t)open, "calls_answered",
        (json_int_t)answered, "bindings", (json_int_t)bindings.bindings, "aors",
        (json_int_t)bindings.aors, "binding_memory", (json_int_t)bindings.memory_size);
    json_object_set_new(
        members, "store",
        json_pack("{s:s,s:I,s:I,s:s}", "state", view.answers.is == TRI_PRESENT ? "ok" : "unknown",
                  "since_wall_us", (json_int_t)view.since_wall_us, "last_ok_wall_us",
                  (json_int_t)view.last_ok_wall_us, "error", view.error));
    json_object_set_new(
        members, "config",
        json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:b}", "version", (json_int_t)view.config_version,
                  "age_us", (json_int_t)(view.config_at_us == 0 ? -1 : now_us - view.config_at_us),
                  "accounts", (json_int_t)rows.accounts, "endpoints", (json_int_t)rows.endpoints,
                  "numbers", (json_int_t)rows.numbers, "trunks", (json_int_t)rows.trunks, "loaded",
                  directory_is_loaded(role->edge.directory)));
    json_object_set_new(members, "lease", lease_json(role));
    json_object_set_new(members, "outbox",
                        json_pack("{s:I,s:I,s:I}", "unsettled", (json_int_t)view.unsettled,
                                  "high_water", (json_int_t)view.high_water, "sequence",
                                  (json_int_t)journal.sequence));
    json_object_set_new(members, "journal",
                        json_pack("{s:I,s:i,s:b,s:s}", "bytes", (json_int_t)journal.file_size,
                                  "segments", journal.segment_count, "is_low", journal.is_low,
                                  "sync_error", view.sync_error));
    json_object_set_new(members, "disk_free_percent", json_integer(view.disk_free_percent));
    json_object_set_new(members, "is_disk_low", json_boolean(view.is_disk_low));
    json_object_set_new(
        members, "bans",
        json_integer(role->edge.bans == NULL ? 0 : (json_int_t)ban_count(role->edge.bans)));
    json_object_set_new(members, "alerts", alerts_json(role));
    json_object_set_new(members, "incarnation", json_integer((json_int_t)view.incarnation));
    json_object_set_new(members, "session", json_integer((json_int_t)view.session));
    control_answer_json(answer, members);
}

static uint64_t json_u64(const json_t *request, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(request, name));
}

#define CALLS_ANSWER_MAX (8u << 20)

/* Appends a worker's calls in progress. False: not all of them, which is said. */
static bool add_calls(struct edge_role *role, int worker, uint64_t account_id, struct buf *out,
                      struct control_answer *answer)
{
    uint32_t at = 0;
    bool has_more = true;
    while (has_more && !out->is_full) {
        struct command *command = command_new(COMMAND_CALLS);
        if (command == NULL) {
            control_answer_error(answer, "unknown", "no memory");
            return false;
        }
        command->account_id = account_id;
        command->at = at;
        bool is_done =
            edge_command(role, worker, command, PATIENCE_US) && command->answer.is != TRI_UNKNOWN;
        if (is_done && command->text_size > 0) {
            buf_text(out, out->data[out->size - 1] == '[' ? "" : ",");
            buf_put(out, command->text, command->text_size);
        }
        at = is_done ? command->at : at;
        has_more = is_done && command->answer.is == TRI_PRESENT;
        command_release(role, command);
        if (!is_done) {
            control_answer_error(answer, "unknown", "worker %d does not answer", worker);
            return false;
        }
    }
    return true;
}

static void do_calls(struct edge_role *role, const json_t *request, struct control_answer *answer)
{
    char *text = malloc(CALLS_ANSWER_MAX);
    struct buf out;
    if (text == NULL) {
        control_answer_error(answer, "unknown", "no memory");
        return;
    }
    buf_init(&out, text, CALLS_ANSWER_MAX);
    buf_printf(&out, "\"as_of_wall_us\":%" PRId64 ",\"calls\":[", clock_wall_us());
    bool is_whole = true;
    for (int i = 0; is_whole && i < role->worker_count; i++) {
        is_whole = add_calls(role, i, json_u64(request, "account_id"), &out, answer);
    }
    buf_char(&out, ']');
    buf_char(&out, '\0');
    if (is_whole && !out.is_full) {
        control_answer_text(answer, text);
        return;
    }
    free(text);
    if (is_whole) {
        control_answer_error(answer, "unknown", "too many calls for one answer");
    }
}

static void do_end(struct edge_role *role, const json_t *request, struct control_answer *answer)
{
    const char *text = json_string_value(json_object_get(request, "key"));
    const char *actor = json_string_value(json_object_get(request, "actor"));
    char *end = NULL;
    uint64_t key = text == NULL ? 0 : strtoull(text, &end, 16);
    if (key == 0 || *end != '\0') {
        control_answer_error(answer, "bad-request",
                             "a call's key is 16 hexadecimal digits, and not all of them 0");
        return;
    }
    for (int i = 0; i < role->worker_count; i++) {
        struct command *command = command_new(COMMAND_END);
        if (command == NULL) {
            control_answer_error(answer, "unknown", "no memory");
            return;
        }
        command->key = key;
        snprintf(command->actor, sizeof(command->actor), "%s", actor == NULL ? "" : actor);
        bool is_done = edge_command(role, i, command, PATIENCE_US);
        bool has_ended = is_done && command->answer.is == TRI_PRESENT;
        command_release(role, command);
        if (has_ended) {
            return;
        }
        if (!is_done) {
            control_answer_error(answer, "unknown", "worker %d does not answer", i);
            return;
        }
    }
    control_answer_error(answer, "not-found", "no call in progress has the key %s", text);
}

static const char *lease_says(const struct route_plan *plan, const struct meter_view *lease,
                              struct tri known)
{
    if (plan->is_emergency || plan->payer_account_id == 0) {
        return "connect";
    }
    if (plan->payer.channels_max >= 0 && lease->channel_count >= plan->payer.channels_max) {
        return "channels";
    }
    if (known.is != TRI_PRESENT) {
        return "ask"; /* no lease here yet: the call would ask for one */
    }
    if (rate_price(&plan->price, 0) > lease->day_left_micro) {
        return "day";
    }
    if (rate_price(&plan->price, 0) > lease->minute_left_micro || lease->minute_left_micro == 0) {
        return "minute";
    }
    int64_t room_micro =
        lease->granted_micro - lease->returned_micro - lease->ended_micro - lease->covered_micro;
    if (rate_price(&plan->price, 0) <= room_micro) {
        return "connect";
    }
    if (lease->more.is != TRI_ABSENT) {
        return "ask";
    }
    return lease->is_locked ? "locked" : "refuse";
}

/* What stands between a call that has a route and its being connected. */
static const struct obstacle {
    const char *says;
    int status;
    const char *reason, *why;
} obstacles[] = {
    {"away", 480, "not-registered", "No device of that user is registered."},
    {"draining", 503, "draining", "The edge takes no new calls: it drains."},
    {"channels", 480, "channel-limit", "The account has as many calls open as it may."},
    {"day", 402, "day-limit", "The account has spent what it may in a day."},
    {"minute", 402, "minute-limit", "The account has spent what it may in a minute."},
    {"locked", 402, "balance-locked", "What is left of the balance is locked."},
    {"refuse", 402, "no-credit", "The account has no money for the first increment."},
};

/* `says`: "connect", "ask", or that of an obstacle. */
static void explain_verdict(struct buf *out, const struct route_plan *plan, const char *says)
{
    const char *would = says;
    const char *reason = "ok";
    const char *why = plan->why;
    int status = 0;
    for (size_t i = 0; i < ARRAY_COUNT(obstacles); i++) {
        if (strcmp(says, obstacles[i].says) == 0) {
            would = "refuse";
            reason = obstacles[i].reason;
            why = obstacles[i].why;
            status = obstacles[i].status;
        }
    }
    if (plan->refusal != ROUTE_OK) {
        would = "refuse";
        reason = route_refusal_name(plan->refusal);
        why = plan->why;
        status = route_refusal_status(plan->refusal);
    }
    buf_json_text(out, "would", slice_from_text(would));
    buf_json_i64(out, "status", status);
    buf_json_text(out, "reason", slice_from_text(reason));
    buf_json_text(out, "why", slice_from_text(why));
}

/* Of the account that pays; a member that is missing is not limited. */
static void explain_limits(struct buf *out, const struct account *payer,
                           const struct meter_view *lease)
{
    buf_text(out, ",\"limits\":{");
    buf_json_i64(out, "channels", lease->channel_count);
    if (payer->channels_max >= 0) {
        buf_json_i64(out, "channels_max", payer->channels_max);
    }
    if (payer->cps_max >= 0) {
        buf_json_i64(out, "cps_max", payer->cps_max);
    }
    if (payer->spend_day_micro >= 0) {
        buf_json_money(out, "spend_day_max", payer->spend_day_micro);
    }
    if (payer->spend_day_micro >= 0 && lease->day_left_micro != INT64_MAX) {
        buf_json_money(out, "spend_day_left", lease->day_left_micro);
    }
    if (payer->spend_minute_micro > 0) {
        bool is_known = lease->minute_left_micro != INT64_MAX;
        buf_json_money(out, "spend_minute_max", payer->spend_minute_micro);
        buf_json_money(out, "spend_minute_left",
                       is_known ? lease->minute_left_micro : payer->spend_minute_micro);
    }
    if (payer->price_max_micro > 0) {
        buf_json_money(out, "price_max", payer->price_max_micro);
    }
    buf_char(out, '}');
}

static void explain_answer(struct edge_role *role, const struct route_plan *plan,
                           struct control_answer *answer)
{
    char *text = malloc(TEXT_MAX);
    if (text == NULL) {
        control_answer_error(answer, "unknown", "no memory");
        return;
    }
    struct buf out;
    struct meter_view lease;
    memset(&lease, 0, sizeof(lease));
    lease.day_left_micro = lease.minute_left_micro = INT64_MAX;
    struct tri known = {TRI_ABSENT};
    if (plan->payer_account_id != 0) {
        known = meter_look(role->edge.meters, plan->payer_account_id, clock_mono_us(), &lease);
    }
    buf_init(&out, text, TEXT_MAX);
    buf_text(&out, "\"plan\":{");
    route_plan_write_json(&out, plan);
    buf_text(&out, "},\"lease\":{");
    buf_json_text(&out, "known", slice_from_text(tri_name(known)));
    buf_json_money(&out, "granted", lease.granted_micro);
    buf_json_money(&out, "returned", lease.returned_micro);
    buf_json_money(&out, "used", lease.used_micro);
    buf_json_money(&out, "held", lease.ended_micro + lease.covered_micro - lease.used_micro);
    buf_json_i64(&out, "calls", lease.open_count);
    buf_json_text(&out, "more", slice_from_text(tri_name(lease.more)));
    buf_json_i64(&out, "version", (int64_t)lease.version);
    buf_char(&out, '}');
    if (plan->payer_account_id != 0) {
        explain_limits(&out, &plan->payer, &lease);
    }
    bool is_away = false;
    if (plan->kind == ROUTE_TO_ENDPOINT && plan->refusal == ROUTE_OK) {
        struct reg_now now = {clock_mono_us(), clock_wall_us()};
        struct reg_view bindings[REG_CONTACTS_MAX];
        int count = 0;
        struct tri reach = registrar_look(role->edge.registrar, slice_from_text(plan->user), now,
                                          bindings, REG_CONTACTS_MAX, &count);
        buf_json_text(&out, "registered", slice_from_text(tri_name(reach)));
        buf_json_i64(&out, "bindings", count);
        is_away = reach.is == TRI_ABSENT;
    }
    bool is_draining = atomic_load(&role->edge.is_draining) && !plan->is_emergency;
    explain_verdict(&out, plan,
                    is_draining ? "draining"
                    : is_away   ? "away"
                                : lease_says(plan, &lease, known));
    buf_char(&out, '\0');
    control_answer_text(answer, text);
}

/* Who would call: an endpoint, a trunk, or (as a device of the account without a name) an account.
 */
static void do_explain(struct edge_role *role, const json_t *request, struct control_answer *answer)
{
    const char *number = json_string_value(json_object_get(request, "number"));
    const char *user = json_string_value(json_object_get(request, "endpoint"));
    uint64_t account_id = json_u64(request, "account_id");
    uint64_t trunk_id = json_u64(request, "trunk_id");
    struct endpoint endpoint;
    memset(&endpoint, 0, sizeof(endpoint));
    struct route_request ask = {.wall_s = clock_wall_us() / 1000000,
                                .quality = role->edge.trunk_quality,
                                .quality_count = EDGE_TRUNK_IDS};
    if (number == NULL || (user == NULL && account_id == 0 && trunk_id == 0)) {
        control_answer_error(answer, "bad-request",
                             "needs number, and one of endpoint, account_id, trunk_id");
        return;
    }
    int reader = role->worker_count; /* this thread's place among the epoch's readers */
    epoch_online(&role->epoch, reader);
    ask.dialled = slice_from_text(number);
    ask.endpoint = &endpoint;
    endpoint.account_id = account_id;
    bool is_known = true;
    if (trunk_id != 0) {
        ask.trunk = trunk_set_by_id(directory_trunks(role->edge.directory), trunk_id);
        ask.endpoint = NULL;
        is_known = ask.trunk != NULL;
    } else if (user != NULL) {
        is_known = directory_endpoint(role->edge.directory, slice_from_text(user), &endpoint).is ==
                   TRI_PRESENT;
    }
    struct route_plan *plan = is_known ? calloc(1, sizeof(*plan)) : NULL;
    if (plan != NULL) {
        route_plan(role->edge.directory, role->edge.decks, &role->edge.settings.routing, &ask,
                   plan);
    }
    epoch_offline(&role->epoch, reader);
    if (plan == NULL) {
        control_answer_error(answer, "not-found", "the edge knows no such %s",
                             trunk_id != 0 ? "trunk" : "endpoint");
        return;
    }
    explain_answer(role, plan, answer);
    free(plan);
}

static void do_refusals(struct edge_role *role, const json_t *request,
                        struct control_answer *answer)
{
    uint64_t max = json_u64(request, "max");
    max = max == 0 || max > EVENT_RING_COUNT ? EVENT_RING_COUNT : max;
    size_t text_max = EVENT_RING_COUNT * (EVENT_TEXT_SIZE + 8) + 64;
    char *text = malloc(text_max);
    if (text == NULL) {
        control_answer_error(answer, "unknown", "no memory");
        return;
    }
    struct buf out;
    buf_init(&out, text, text_max);
    buf_text(&out, "\"refusals\":[");
    pthread_mutex_lock(&role->lock);
    uint64_t kept = role->event_count < EVENT_RING_COUNT ? role->event_count : EVENT_RING_COUNT;
    uint64_t written = 0;
    for (uint64_t i = 1; i <= kept && written < max; i++) {
        const struct stored_event *event =
            &role->events[(role->event_count - i) % EVENT_RING_COUNT];
        if (strcmp(event->kind, "refusal") != 0) {
            continue;
        }
        if (written++ > 0) {
            buf_char(&out, ',');
        }
        buf_text(&out, event->text);
    }
    pthread_mutex_unlock(&role->lock);
    buf_char(&out, ']');
    buf_char(&out, '\0');
    control_answer_text(answer, text);
}

static void do_bindings(struct edge_role *role, const json_t *request,
                        struct control_answer *answer)
{
    const char *user = json_string_value(json_object_get(request, "user"));
    struct reg_view bindings[REG_CONTACTS_MAX];
    struct reg_now now = {clock_mono_us(), clock_wall_us()};
    int count = 0;
    if (user == NULL) {
        control_answer_error(answer, "bad-request", "needs user");
        return;
    }
    struct tri known = registrar_look(role->edge.registrar, slice_from_text(user), now, bindings,
                                      REG_CONTACTS_MAX, &count);
    if (known.is == TRI_UNKNOWN) {
        control_answer_error(answer, "unknown", "registrations are being read");
        return;
    }
    json_t *list = json_array();
    for (int i = 0; i < count; i++) {
        const struct reg_view *view = &bindings[i];
        char host[ADDRESS_TEXT_SIZE];
        char source[80];
        (void)address_write(view->flow.address, host);
        snprintf(source, sizeof(source),
                 address_is_ipv4(view->flow.address) ? "%s:%s:%u" : "%s:[%s]:%u",
                 view->flow.transport == REG_TCP ? "tcp" : "udp", host, view->flow.port);
        json_t *row = json_object();
        json_object_set_new(row, "uri", json_string(view->uri));
        json_object_set_new(row, "source", json_string(source));
        json_object_set_new(row, "user_agent", json_string(view->user_agent));
        json_object_set_new(row, "wall_registered_us", json_integer(view->wall_registered_us));
        json_object_set_new(row, "wall_refreshed_us", json_integer(view->wall_refreshed_us));
        json_object_set_new(row, "wall_expires_us", json_integer(view->wall_expires_us));
        json_object_set_new(row, "is_flow_lost", json_boolean(view->is_flow_lost));
        json_array_append_new(list, row);
    }
    control_answer_json(answer, json_pack("{s:o}", "bindings", list));
}

static void handle(void *ctx, const char *command, const json_t *request,
                   struct control_answer *answer)
{
    struct edge_role *role = ctx;
    if (strcmp(command, "status") == 0) {
        do_status(role, answer);
    } else if (strcmp(command, "calls") == 0) {
        do_calls(role, request, answer);
    } else if (strcmp(command, "exposure") == 0) {
        exposure_answer(role, request, answer);
    } else if (strcmp(command, "call_end") == 0) {
        do_end(role, request, answer);
    } else if (strcmp(command, "explain") == 0) {
        do_explain(role, request, answer);
    } else if (strcmp(command, "refusals") == 0) {
        do_refusals(role, request, answer);
    } else if (strcmp(command, "bindings") == 0) {
        do_bindings(role, request, answer);
    } else if (strcmp(command, "alerts") == 0) {
        control_answer_json(answer, json_pack("{s:o*}", "alerts", alerts_json(role)));
    } else if (strcmp(command, "bans") == 0) {
        bans_answer_list(role, answer);
    } else if (strcmp(command, "ban") == 0) {
        bans_answer_ban(role, request, answer);
    } else if (strcmp(command, "unban") == 0) {
        bans_answer_lift(role, request, answer);
    } else if (strcmp(command, "drain") == 0) {
        atomic_store(&role->edge.is_draining, true);
    } else if (strcmp(command, "undrain") == 0) {
        atomic_store(&role->edge.is_draining, false);
    } else if (strcmp(command, "events") == 0) {
        control_answer_events(answer);
    } else if (strcmp(command, "follow") == 0) { /* calls and registrations too, for a while */
        atomic_store(&role->followed_until_us, clock_mono_us() + EDGE_FOLLOWED_US);
    } else {
        control_answer_error(answer, "bad-request", "the edge knows no command '%s'", command);
    }
}

bool edge_control_start(struct edge_role *role, char **error)
{
    char run_dir[600];
    snprintf(run_dir, sizeof(run_dir), "%s/run", role->options->dir);
    struct control_options options = {
        .run_dir = run_dir, .name = "edge.sock", .ctx = role, .handle = handle};
    struct control_server *server = control_server_new(&options, error);
    role->control = server;
    return server != NULL;
}
