/* cli_reconcile.c - our records of calls by a trunk against its carrier's file. */
#include "node/cli_reconcile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)
#define LONGEST_US (24 * 3600 * SECOND_US)

/* ---- options ---- */

static bool read_columns(struct reconciling *r, const char *text)
{
    struct slice rest = slice_from_text(text == NULL ? "" : text);
    while (rest.size > 0) {
        struct slice name = slice_trim(slice_split(&rest, ','));
        struct slice column = slice_trim(slice_split(&name, '='));
        bool is_known = false;
        for (int i = 0; i < RECONCILE_COLUMN_COUNT; i++) {
            if (slice_equal(column,
                            slice_from_text(reconcile_column_name((enum reconcile_column)i)))) {
                r->form.names[i] = slice_trim(name);
                is_known = r->form.names[i].size > 0;
            }
        }
        if (!is_known) {
            return false;
        }
    }
    return true;
}

/* "+01:00" */
static bool read_offset(const char *text, int32_t *offset_s)
{
    int hours = 0;
    int minutes = 0;
    int size = 0;
    if (text == NULL || strcmp(text, "Z") == 0) {
        return true;
    }
    if ((text[0] != '+' && text[0] != '-') || strlen(text) != 6 ||
        sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &size) != 2 || size != 5 || hours > 14 ||
        minutes > 59) {
        return false;
    }
    *offset_s = (hours * 3600 + minutes * 60) * (text[0] == '-' ? -1 : 1);
    return true;
}

/* 0: done. */
static int read_options(struct reconciling *r, const struct command *command,
                        const struct args *args)
{
    const char *window = args_value(args, "--window");
    const char *slack = args_value(args, "--duration-slack");
    const char *cost_slack = args_value(args, "--cost-slack");
    r->terms = (struct reconcile_terms){60 * SECOND_US, SECOND_US, 100};
    r->trunk = args_value(args, "--trunk");
    if (args->word_count != 1 || r->trunk == NULL) {
        return cli_usage(command, "name the carrier's file and the trunk: "
                                  "dialtone reconcile november.csv --trunk carrier");
    }
    if (!read_columns(r, args_value(args, "--columns"))) {
        return cli_usage(command, "--columns is like time=Connected,number=Dialled: of time, "
                                  "number, duration, cost and call-id");
    }
    if (!read_offset(args_value(args, "--offset"), &r->form.offset_s)) {
        return cli_usage(command, "--offset is like +01:00");
    }
    if ((window != NULL && !reconcile_duration(slice_from_text(window), &r->terms.window_us)) ||
        (slack != NULL && !reconcile_duration(slice_from_text(slack), &r->terms.talk_slack_us))) {
        return cli_usage(command, "--window and --duration-slack are seconds");
    }
    if (cost_slack != NULL &&
        (!money_parse(slice_from_text(cost_slack), &r->terms.cost_slack_micro) ||
         r->terms.cost_slack_micro < 0)) {
        return cli_usage(command, "--cost-slack is an amount such as 0.0001");
    }
    return COMMAND_OK;
}

/* ---- our records ---- */

static json_int_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static bool has_flag(const json_t *record, const char *name)
{
    size_t index;
    json_t *flag;
    json_array_foreach(json_object_get(record, "flags"), index, flag)
    {
        if (strcmp(json_string_value(flag), name) == 0) {
            return true;
        }
    }
    return false;
}

/* Long calls leave a record an hour: they are put together by the call's key. */
static bool add_part(struct reconciling *r, json_t *by_key, const json_t *record)
{
    const char *key = json_string_value(json_object_get(record, "key"));
    const char *cost = json_string_value(json_object_get(record, "cost"));
    const char *call_id = json_string_value(json_object_get(record, "call_id"));
    const char *callee = json_string_value(json_object_get(record, "callee"));
    const json_t *known = json_object_get(by_key, key);
    struct reconcile_call part = {.ref = (uint64_t)number(record, "row"),
                                  .wall_answer_us = number(record, "wall_answer_us"),
                                  .talk_us = number(record, "talk_us"),
                                  .has_cost = cost != NULL};
    if (cost != NULL && !money_parse(slice_from_text(cost), &part.cost_micro)) {
        return false;
    }
    if (known != NULL) {
        struct reconcile_call *call = &r->ours.calls[json_integer_value(known)];
        call->talk_us += part.talk_us;
        call->cost_micro = money_add_clamped(call->cost_micro, part.cost_micro);
        call->has_cost &= part.has_cost;
        return true;
    }
    if (!reconcile_number(slice_from_text(callee), part.number) ||
        !slice_copy_text(slice_from_text(call_id), part.call_id, sizeof(part.call_id))) {
        return false;
    }
    json_object_set_new(by_key, key, json_integer((json_int_t)r->ours.count));
    return reconcile_calls_add(&r->ours, &part);
}

static bool add_page(struct reconciling *r, json_t *by_key, const json_t *items)
{
    size_t index;
    json_t *record;
    json_array_foreach((json_t *)(uintptr_t)items, index, record)
    {
        bool is_wanted = (uint64_t)number(record, "trunk_id") == r->trunk_id &&
                         has_flag(record, "answered") && !has_flag(record, "inbound") &&
                         number(record, "talk_us") > 0;
        if (is_wanted && !add_part(r, by_key, record)) {
            return false;
        }
    }
    return true;
}

/* Those that ended from .. to, a day more: which of them count is decided by when they were
 * answered. */
static int read_ours(struct reconciling *r, int64_t from_us, int64_t to_us)
{
    int status = COMMAND_OK;
    char from[24];
    char to[24];
    char cursor[32] = "";
    bool has_more = true;
    json_t *by_key = json_object();
    snprintf(from, sizeof(from), "%" PRId64, from_us < 1 ? 1 : from_us);
    snprintf(to, sizeof(to), "%" PRId64, to_us + LONGEST_US);
    while (has_more) {
        struct cli_url url;
        cli_url_init(&url, "/v1/cdrs");
        cli_url_query(&url, "from", from);
        cli_url_query(&url, "to", to);
        cli_url_query(&url, "max", "1000");
        cli_url_query(&url, "cursor", cursor[0] == '\0' ? NULL : cursor);
        json_t *page = cli_get(r->cli, &url, &status);
        const char *next = json_string_value(json_object_get(page, "next"));
        has_more = page != NULL && next != NULL;
        snprintf(cursor, sizeof(cursor), "%s", next == NULL ? "" : next);
        if (page != NULL && !add_page(r, by_key, json_object_get(page, "items"))) {
            status = cli_fail(r->cli, "a record of ours cannot be read");
            has_more = false;
        }
        json_decref(page);
    }
    json_decref(by_key);
    return status;
}

static int find_trunk(struct reconciling *r)
{
    int status = COMMAND_OK;
    struct cli_url url;
    cli_url_init(&url, "/v1/trunks");
    cli_url_part(&url, r->trunk);
    json_t *row = cli_get(r->cli, &url, &status);
    r->trunk_id = (uint64_t)number(row, "id");
    json_decref(row);
    return status;
}

/* ---- the command ---- */

/* From when their first call was answered to the end of the second in which the last one was: most
 * carriers write whole seconds. */
static void span_of(const struct reconcile_calls *list, int64_t *from_us, int64_t *to_us)
{
    *from_us = INT64_MAX;
    *to_us = 0;
    for (size_t i = 0; i < list->count; i++) {
        int64_t at_us = list->calls[i].wall_answer_us;
        *from_us = at_us < *from_us ? at_us : *from_us;
        *to_us = at_us > *to_us ? at_us : *to_us;
    }
    *to_us += SECOND_US - 1;
}

static int compare(struct reconciling *r, int64_t from_us, int64_t to_us)
{
    if (!reconcile_match(&r->ours, &r->theirs, &r->terms, &r->result)) {
        return cli_fail(r->cli, "no memory to compare %zu and %zu calls", r->ours.count,
                        r->theirs.count);
    }
    json_t *report = reconcile_report(r, from_us, to_us);
    if (report == NULL) {
        return cli_fail(r->cli, "no memory for the report");
    }
    cli_make_harmless(report);
    if (r->cli->is_json) {
        cli_print_json(report);
    } else {
        reconcile_report_print(r->cli, report);
    }
    int status = reconcile_report_is_clean(report) ? COMMAND_OK : COMMAND_FAILED;
    json_decref(report);
    reconcile_done(&r->result);
    return status;
}

static int reconcile(struct reconciling *r, const char *path)
{
    char error[200];
    size_t size = 0;
    int64_t from_us, to_us;
    char *csv = cli_read_file(r->cli, path, &size);
    if (csv == NULL) {
        return COMMAND_FAILED;
    }
    bool is_read = reconcile_csv_read(slice_make(csv, size), &r->form, &r->theirs, &r->silent_count,
                                      &r->faults, error);
    free(csv);
    if (!is_read) {
        return cli_fail(r->cli, "%s: %s", path, error);
    }
    span_of(&r->theirs, &from_us, &to_us);
    if (r->theirs.count == 0) {
        return cli_fail(r->cli,
                        "%s: no row tells of a call that was answered (%u cannot be read%s%s)",
                        path, r->faults.count, r->faults.count > 0 ? ", the first: " : "",
                        r->faults.count > 0 ? r->faults.rows[0].why : "");
    }
    int status = find_trunk(r);
    if (status == COMMAND_OK) {
        status = read_ours(r, from_us - r->terms.window_us, to_us + r->terms.window_us);
    }
    return status == COMMAND_OK ? compare(r, from_us, to_us) : status;
}

static int run_reconcile(const struct command *command, const struct args *args)
{
    struct cli cli;
    struct reconciling *r = calloc(1, sizeof(*r));
    if (r == NULL) {
        return COMMAND_FAILED;
    }
    int status = read_options(r, command, args);
    if (status == COMMAND_OK) {
        status = COMMAND_USAGE;
        if (cli_begin(&cli, command, args, -1)) {
            r->cli = &cli;
            status = reconcile(r, args->words[0]);
            cli_done(&cli);
        }
    }
    reconcile_calls_done(&r->ours);
    reconcile_calls_done(&r->theirs);
    free(r);
    return status;
}

static const struct args_known known[] = {
    ARG("--trunk", "NAME", "the trunk whose carrier wrote the file"),
    ARG("--columns", "LIST",
        "names of its columns: time=...,number=...,duration=...,cost=...,call-id=..."),
    ARG("--offset", "+01:00", "local time of the file less UTC, where its times do not say (UTC)"),
    ARG("--window", "SECONDS", "how far the clocks may differ (60)"),
    ARG("--duration-slack", "SECONDS", "a smaller difference of duration is none (1)"),
    ARG("--cost-slack", "AMOUNT", "a smaller difference of price is none (0.0001)"),
    COMMAND_DIR,
    COMMAND_JSON,
    COMMAND_HELP,
    COMMAND_END,
};

const struct command cli_reconcile_commands[] = {
    {
        .name = "reconcile",
        .group = "Watch",
        .what = "our records against a carrier's file: missing, extra, other duration or price",
        .usage = "reconcile FILE.csv --trunk NAME [--columns LIST] [--offset +01:00] [--json]",
        .help = "The first line of the file names its columns. Calls belong together by Call-ID, "
                "else by\nnumber and the time of answering. Missing are ours, answered between the "
                "file's first and\nlast call, that it does not have. Exit status 0 only where "
                "nothing differs.",
        .options = known,
        .run = run_reconcile,
    },
    COMMANDS_END,
};
