/* cli_reconcile_report.c - what `dialtone reconcile` found, as JSON and for people. */
#include "node/cli_reconcile.h"

#include <stdio.h>
#include <stdlib.h>

#define SECOND_US INT64_C(1000000)
#define SHOWN_MAX 20

static json_int_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static json_t *money_json(int64_t micro)
{
    char text[MONEY_TEXT_SIZE];
    return json_string(money_text(text, micro));
}

static json_t *cost_json(const struct reconcile_call *call)
{
    return call->has_cost ? money_json(call->cost_micro) : json_null();
}

/* One of the two may be NULL. */
static json_t *row_json(const struct reconcile_call *our, const struct reconcile_call *their)
{
    const struct reconcile_call *any = our != NULL ? our : their;
    json_t *row = json_pack("{s:s,s:s,s:I}", "number", any->number, "call_id",
                            our != NULL ? our->call_id : their->call_id, "wall_answer_us",
                            (json_int_t)any->wall_answer_us);
    if (our != NULL) {
        json_object_set_new(row, "row", json_integer((json_int_t)our->ref));
        json_object_set_new(row, "our_talk_us", json_integer(our->talk_us));
        json_object_set_new(row, "our_cost", cost_json(our));
    }
    if (their != NULL) {
        json_object_set_new(row, "line", json_integer((json_int_t)their->ref));
        json_object_set_new(row, "their_talk_us", json_integer(their->talk_us));
        json_object_set_new(row, "their_cost", cost_json(their));
    }
    return row;
}

static json_t *sums_json(const struct reconcile_calls *list, const bool *is_in)
{
    json_int_t calls = 0;
    int64_t talk_us = 0;
    int64_t cost_micro = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (is_in == NULL || is_in[i]) {
            calls++;
            talk_us += list->calls[i].talk_us;
            cost_micro = money_add_clamped(cost_micro, list->calls[i].cost_micro);
        }
    }
    return json_pack("{s:I,s:I,s:o}", "calls", calls, "talk_us", (json_int_t)talk_us, "cost",
                     money_json(cost_micro));
}

static json_t *faults_json(const struct reconcile_faults *faults)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < faults->count && i < RECONCILE_FAULTS_MAX; i++) {
        json_array_append_new(list, json_pack("{s:i,s:s}", "line", (int)faults->rows[i].line, "why",
                                              faults->rows[i].why));
    }
    return list;
}

/* Ours that were answered while the file goes on, and are not in it. */
static json_t *missing_json(const struct reconciling *r, int64_t from_us, int64_t to_us,
                            bool *is_ours)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->ours.count; i++) {
        const struct reconcile_call *call = &r->ours.calls[i];
        bool is_within = call->wall_answer_us >= from_us && call->wall_answer_us <= to_us;
        is_ours[i] = is_within || r->result.is_our_matched[i];
        if (is_within && !r->result.is_our_matched[i]) {
            json_array_append_new(list, row_json(call, NULL));
        }
    }
    return list;
}

json_t *reconcile_report(const struct reconciling *r, int64_t from_us, int64_t to_us)
{
    json_t *duration = json_array();
    json_t *price = json_array();
    json_t *extra = json_array();
    bool *is_ours = calloc(r->ours.count + 1, sizeof(bool));
    if (is_ours == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < r->result.pair_count; i++) {
        const struct reconcile_pair *pair = &r->result.pairs[i];
        json_t *row = row_json(&r->ours.calls[pair->ours], &r->theirs.calls[pair->theirs]);
        if (pair->is_talk_different) {
            json_array_append(duration, row);
        }
        if (pair->is_cost_different) {
            json_array_append(price, row);
        }
        json_decref(row);
    }
    for (size_t i = 0; i < r->theirs.count; i++) {
        if (!r->result.is_their_matched[i]) {
            json_array_append_new(extra, row_json(NULL, &r->theirs.calls[i]));
        }
    }
    json_t *missing = missing_json(r, from_us, to_us, is_ours);
    json_t *report =
        json_pack("{s:s,s:I,s:I,s:o,s:o,s:I,s:o,s:o,s:o,s:o,s:I,s:I,s:o}", "trunk", r->trunk,
                  "wall_from_us", (json_int_t)from_us, "wall_to_us", (json_int_t)to_us, "ours",
                  sums_json(&r->ours, is_ours), "theirs", sums_json(&r->theirs, NULL), "matched",
                  (json_int_t)r->result.pair_count, "missing", missing, "extra", extra, "duration",
                  duration, "price", price, "without_talk", (json_int_t)r->silent_count,
                  "unreadable", (json_int_t)r->faults.count, "faults", faults_json(&r->faults));
    free(is_ours);
    return report;
}

static void print_sums(const char *who, const json_t *sums)
{
    char text[MONEY_TEXT_SIZE];
    printf("%-8s %" JSON_INTEGER_FORMAT " calls, %" JSON_INTEGER_FORMAT " s, %s\n", who,
           number(sums, "calls"), number(sums, "talk_us") / SECOND_US,
           cli_money(text, json_string_value(json_object_get(sums, "cost"))));
}

static const struct cli_column columns[] = {
    {"LINE", "line", CLI_TEXT},
    {"ROW", "row", CLI_TEXT},
    {"ANSWERED", "wall_answer_us", CLI_TIME},
    {"NUMBER", "number", CLI_TEXT},
    {"OUR TALK", "our_talk_us", CLI_LENGTH},
    {"THEIRS", "their_talk_us", CLI_LENGTH},
    {"OUR COST", "our_cost", CLI_MONEY},
    {"THEIRS", "their_cost", CLI_MONEY},
    {NULL, NULL, CLI_TEXT},
};

static void print_list(struct cli *cli, const char *title, json_t *rows)
{
    size_t count = json_array_size(rows);
    printf("%-28s %zu\n", title, count);
    if (count == 0) {
        return;
    }
    json_t *shown = json_array();
    for (size_t i = 0; i < count && i < SHOWN_MAX; i++) {
        json_array_append(shown, json_array_get(rows, i));
    }
    cli_print_table(cli, columns, shown);
    if (count > SHOWN_MAX) {
        printf("... and %zu more: --json prints all\n", count - SHOWN_MAX);
    }
    json_decref(shown);
}

void reconcile_report_print(struct cli *cli, const json_t *report)
{
    size_t index;
    json_t *fault;
    print_sums("ours", json_object_get(report, "ours"));
    print_sums("theirs", json_object_get(report, "theirs"));
    printf("%-28s %" JSON_INTEGER_FORMAT "\n", "in both", number(report, "matched"));
    print_list(cli, "missing from their file", json_object_get(report, "missing"));
    print_list(cli, "extra in their file", json_object_get(report, "extra"));
    print_list(cli, "with another duration", json_object_get(report, "duration"));
    print_list(cli, "with another price", json_object_get(report, "price"));
    printf("%-28s %" JSON_INTEGER_FORMAT "\n", "rows that cannot be read",
           number(report, "unreadable"));
    json_array_foreach(json_object_get(report, "faults"), index, fault)
    {
        printf("line %" JSON_INTEGER_FORMAT ": %s\n", number(fault, "line"),
               json_string_value(json_object_get(fault, "why")));
    }
}

bool reconcile_report_is_clean(const json_t *report)
{
    static const char *const lists[] = {"missing", "extra", "duration", "price"};
    size_t count = (size_t)number(report, "unreadable");
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
        count += json_array_size(json_object_get(report, lists[i]));
    }
    return count == 0;
}
