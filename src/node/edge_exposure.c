/* edge_exposure.c - the calls in progress as value at risk, for the control socket. */
#include "base/clock.h"
#include "node/edge_role.h"

#define PATIENCE_US 1000000
#define ROWS_MAX 65536u /* of calls beyond them the count alone is told */

/* Everything that the worker carries. False: it does not answer, which is said. */
static bool add_worker(struct edge_role *role, int worker, struct exposure *exposure,
                       struct control_answer *answer)
{
    uint32_t at = 0;
    bool has_more = true;
    while (has_more) {
        struct command *command = command_new(COMMAND_EXPOSURE);
        if (command == NULL) {
            control_answer_error(answer, "unknown", "no memory");
            return false;
        }
        command->at = at;
        bool is_done =
            edge_command(role, worker, command, PATIENCE_US) && command->answer.is != TRI_UNKNOWN;
        if (is_done) {
            const struct exposure_call *calls = (const void *)command->text;
            for (size_t i = 0; i < command->text_size / sizeof(calls[0]); i++) {
                exposure_add(exposure, &calls[i]);
            }
            at = command->at;
            has_more = command->answer.is == TRI_PRESENT;
        }
        command_release(role, command);
        if (!is_done) {
            control_answer_error(answer, "unknown", "worker %d does not answer", worker);
            return false;
        }
    }
    return true;
}

static json_t *row_json(struct edge_role *role, enum exposure_by by, const struct exposure_row *row)
{
    json_t *out =
        json_pack("{s:s,s:I,s:I,s:o,s:o,s:o}", "currency", row->currency, "calls",
                  (json_int_t)row->calls, "answered", (json_int_t)row->answered, "cost",
                  edge_money_json(row->cost_micro), "cost_per_min",
                  edge_money_json(row->minute_micro), "held", edge_money_json(row->held_micro));
    struct meter_view lease;
    switch (by) {
    case EXPOSURE_BY_ACCOUNT:
        json_object_set_new(out, "account_id", json_integer((json_int_t)row->id));
        if (meter_look(role->edge.meters, row->id, clock_mono_us(), &lease).is == TRI_PRESENT) {
            json_object_set_new(
                out, "left",
                edge_money_json(lease.granted_micro - lease.returned_micro - lease.used_micro));
        }
        break;
    case EXPOSURE_BY_TRUNK:
        json_object_set_new(out, "trunk_id", json_integer((json_int_t)row->id));
        break;
    case EXPOSURE_BY_DESTINATION:
        json_object_set_new(out, "prefix", json_string(row->name));
        break;
    case EXPOSURE_BY_COUNTRY:
    case EXPOSURE_BY_COUNT:
        json_object_set_new(out, "country", json_string(row->name));
        break;
    }
    return out;
}

void exposure_answer(struct edge_role *role, const json_t *request, struct control_answer *answer)
{
    const char *text = json_string_value(json_object_get(request, "by"));
    json_int_t max = json_integer_value(json_object_get(request, "max"));
    enum exposure_by by = EXPOSURE_BY_ACCOUNT;
    struct exposure exposure;
    if (text != NULL && !exposure_by_parse(slice_from_text(text), &by)) {
        control_answer_error(answer, "bad-request",
                             "by is account, trunk, destination or country, and not '%s'", text);
        return;
    }
    if (!exposure_init(&exposure, by, ROWS_MAX)) {
        control_answer_error(answer, "unknown", "no memory");
        return;
    }
    int64_t wall_us = clock_wall_us();
    bool is_whole = true;
    for (int i = 0; is_whole && i < role->worker_count; i++) {
        is_whole = add_worker(role, i, &exposure, answer);
    }
    if (is_whole) {
        exposure_sort(&exposure);
        json_t *rows = json_array();
        for (uint32_t i = 0; i < exposure.row_count && (max <= 0 || i < (uint64_t)max); i++) {
            json_array_append_new(rows, row_json(role, by, &exposure.rows[i]));
        }
        control_answer_json(answer,
                            json_pack("{s:s,s:I,s:o,s:I,s:I}", "by", exposure_by_name(by),
                                      "as_of_wall_us", (json_int_t)wall_us, "rows", rows, "total",
                                      (json_int_t)exposure.row_count, "calls_left_out",
                                      (json_int_t)exposure.calls_left_out));
    }
    exposure_done(&exposure);
}
