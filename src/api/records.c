/* records.c - what has been: call records, refusals, and the history of changes and alarms. */
#include "api/records.h"
#include "api/handlers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    uint16_t flag;
    const char *name;
} flags[] = {
    {USAGE_PARTIAL, "partial"},   {USAGE_ESTIMATED, "estimated"}, {USAGE_EMERGENCY, "emergency"},
    {USAGE_INBOUND, "inbound"},   {USAGE_ON_NET, "on-net"},       {USAGE_ON_GRACE, "on-grace"},
    {USAGE_ANSWERED, "answered"},
};

static json_t *write_flags(uint16_t set)
{
    json_t *list = json_array();
    for (size_t i = 0; i < ARRAY_COUNT(flags); i++) {
        if ((set & flags[i].flag) != 0) {
            json_array_append_new(list, json_string(flags[i].name));
        }
    }
    return list;
}

static void add_money(json_t *object, const struct usage *usage)
{
    json_object_set_new(object, "charge", api_money(usage->charge_micro));
    json_object_set_new(object, "currency", json_string(usage->rate.currency));
    json_object_set_new(object, "price", api_price(&usage->rate));
    json_object_set_new(object, "cost",
                        usage->has_cost ? api_money(usage->cost_micro) : json_null());
}

/* What a phone sent may hold any bytes; JSON takes UTF-8 only. */
static json_t *any_text(const char *text)
{
    json_t *shown = json_string(text);
    if (shown != NULL) {
        return shown;
    }
    char block[USAGE_CALL_ID_SIZE];
    size_t size = 0;
    for (; text[size] != '\0' && size < sizeof(block) - 1; size++) {
        block[size] = (unsigned char)text[size] < 128 ? text[size] : '?';
    }
    return json_stringn(block, size);
}

json_t *records_write_cdr(const struct cdr_row *row, bool is_operator)
{
    const struct usage *usage = &row->usage;
    json_t *object = json_pack(
        "{s:I,s:I,s:I,s:o,s:i,s:o,s:I,s:o,s:o,s:I,s:I,s:I,s:I,s:i,s:i,s:s,s:o,s:o}", "row",
        (json_int_t)row->row, "incarnation", (json_int_t)row->incarnation, "sequence",
        (json_int_t)usage->sequence, "key", api_key16(usage->call_key), "part", usage->part,
        "call_id", any_text(usage->call_id), "account_id", (json_int_t)usage->account_id, "caller",
        any_text(usage->caller), "callee", any_text(usage->callee), "wall_start_us",
        (json_int_t)usage->wall_start_us, "wall_answer_us", (json_int_t)usage->wall_answer_us,
        "wall_end_us", (json_int_t)usage->wall_end_us, "talk_us",
        (json_int_t)(usage->talk_to_us - usage->talk_from_us), "pdd_ms", (int)usage->pdd_ms,
        "status", usage->status, "end", usage_end_name(usage->end), "reason",
        any_text(usage->reason), "flags", write_flags(usage->flags));
    add_money(object, usage);
    if (is_operator) {
        json_object_set_new(object, "trunk_id",
                            usage->trunk_id == 0 ? json_null() : api_u64(usage->trunk_id));
    } else {
        json_object_del(object, "cost"); /* what it costs us is not the customer's to see */
    }
    return object;
}

static bool read_text(struct api_call *call, const char *name, char *field, size_t field_size)
{
    const char *text = api_argument(call, name);
    if (text == NULL || slice_copy_text(slice_from_text(text), field, field_size)) {
        return true;
    }
    api_problem_field(call, name, "\"%s\" is too long.", name);
    return false;
}

static bool read_filter(struct api_call *call, struct cdr_filter *filter)
{
    return api_argument_time(call, "from", &filter->wall_from_us) &&
           api_argument_time(call, "to", &filter->wall_to_us) &&
           api_argument_u64(call, "cursor", INT64_MAX, &filter->before) &&
           read_text(call, "number", filter->number, sizeof(filter->number)) &&
           read_text(call, "call_id", filter->call_id, sizeof(filter->call_id)) &&
           api_filter_account(call, &filter->account_id);
}

void records_cdrs(struct api_call *call)
{
    struct cdr_filter filter = {0};
    int max = 0;
    int count = 0;
    if (!api_argument_max(call, &max) || !read_filter(call, &filter)) {
        return;
    }
    struct cdr_row *rows = calloc((size_t)max, sizeof(*rows));
    struct store *store = api_store(call);
    if (rows != NULL && store != NULL &&
        api_store_ok(call, cdr_page(store, &filter, rows, max, &count), "call record")) {
        json_t *items = json_array();
        bool is_operator = call->principal.role == API_ROLE_OPERATOR;
        for (int i = 0; i < count; i++) {
            json_array_append_new(items, records_write_cdr(&rows[i], is_operator));
        }
        char next[24];
        snprintf(next, sizeof(next), "%" PRIu64, count == 0 ? 0 : rows[count - 1].row);
        api_json(call, 200,
                 json_pack("{s:o,s:o}", "items", items, "next",
                           count == max ? json_string(next) : json_null()));
    }
    free(rows);
}

/* ---- events of the store ---- */

static json_t *write_event(const struct event_row *row)
{
    json_t *text = json_loads(row->text, JSON_REJECT_DUPLICATES, NULL);
    json_t *object = json_is_object(text) ? text : json_pack("{s:o}", "text", any_text(row->text));
    if (object != text) {
        json_decref(text);
    }
    json_object_set_new(object, "row", api_u64(row->row));
    json_object_set_new(object, "wall_us", json_integer(row->wall_us));
    json_object_set_new(object, "kind", json_string(row->kind));
    if (json_object_get(object, "account_id") == NULL) {
        json_object_set_new(object, "account_id",
                            row->account_id == 0 ? json_null() : api_u64(row->account_id));
    }
    return object;
}

/* A page of stored events as items and next. NULL: answered. */
static json_t *read_events(struct api_call *call, const char *kind, uint64_t account_id, int max)
{
    uint64_t before = 0;
    int count = 0;
    if (!api_argument_u64(call, "cursor", INT64_MAX, &before)) {
        return NULL;
    }
    struct event_row *rows = calloc((size_t)max, sizeof(*rows));
    struct store *store = api_store(call);
    json_t *page = NULL;
    if (rows != NULL && store != NULL &&
        api_store_ok(call, event_page(store, kind, account_id, before, rows, max, &count),
                     "event")) {
        json_t *items = json_array();
        for (int i = 0; i < count; i++) {
            json_array_append_new(items, write_event(&rows[i]));
        }
        char next[24];
        snprintf(next, sizeof(next), "%" PRIu64, count == 0 ? 0 : rows[count - 1].row);
        page = json_pack("{s:o,s:o}", "items", items, "next",
                         count == max ? json_string(next) : json_null());
    }
    free(rows);
    return page;
}

void records_history(struct api_call *call)
{
    const char *kind = api_argument(call, "kind");
    uint64_t account_id = 0;
    int max = 0;
    if (api_argument_max(call, &max) && api_filter_account(call, &account_id)) {
        json_t *page = read_events(call, kind == NULL ? "config" : kind, account_id, max);
        if (page != NULL) {
            api_json(call, 200, page);
        }
    }
}

/* ---- refusals: the edge has the newest in memory; older ones, and all while it does not answer,
 * are in the store ---- */

static json_t *filter_refusals(const json_t *all, uint64_t account_id, int max)
{
    json_t *items = json_array();
    size_t index;
    json_t *row;
    json_array_foreach((json_t *)(uintptr_t)all, index, row)
    {
        json_int_t owner = json_integer_value(json_object_get(row, "account_id"));
        if (json_array_size(items) < (size_t)max &&
            (account_id == 0 || (uint64_t)owner == account_id)) {
            json_array_append(items, row);
        }
    }
    return items;
}

void records_refusals(struct api_call *call)
{
    uint64_t account_id = 0;
    int max = 0;
    if (!api_argument_max(call, &max) || !api_filter_account(call, &account_id)) {
        return;
    }
    json_t *answer =
        api_argument(call, "cursor") != NULL
            ? NULL
            : api_ask(call, API_PEER_EDGE, "refusals", json_pack("{s:i}", "max", API_PAGE_MAX));
    if (answer != NULL) {
        json_t *items = filter_refusals(json_object_get(answer, "refusals"), account_id, max);
        api_json(call, 200,
                 json_pack("{s:o,s:n,s:I,s:b}", "items", items, "next", "as_of_wall_us",
                           (json_int_t)call->wall_us, "is_stale", 0));
        json_decref(answer);
        return;
    }
    api_forget_headers(call);
    json_t *page = read_events(call, "refusal", account_id, max);
    if (page != NULL) {
        json_object_set_new(page, "as_of_wall_us", json_integer(call->wall_us));
        json_object_set_new(page, "is_stale", json_boolean(api_argument(call, "cursor") == NULL));
        api_json(call, 200, page);
    }
}
