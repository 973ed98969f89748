/* cli_records.c - what has been, and what would be: call records, refusals, history, explain; and
 * what is at risk now. */
#include "node/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cli_column cdr_columns[] = {
    {"BEGAN", "wall_start_us", CLI_TIME},
    {"CALLER", "caller", CLI_TEXT},
    {"CALLEE", "callee", CLI_TEXT},
    {"ACCOUNT", "account_id", CLI_ACCOUNT},
    {"STATUS", "status", CLI_TEXT},
    {"ENDED BY", "end", CLI_TEXT},
    {"TALK", "talk_us", CLI_LENGTH},
    {"CHARGE", "charge", CLI_MONEY},
    {"CURRENCY", "currency", CLI_TEXT},
    {"TRUNK", "trunk_id", CLI_TRUNK},
    {"", "flags", CLI_TEXT},
    {NULL, NULL, CLI_TEXT},
};
static const struct cli_column refusal_columns[] = {
    {"WHEN", "wall_us", CLI_TIME},  {"CALLER", "caller", CLI_TEXT},
    {"CALLEE", "callee", CLI_TEXT}, {"ACCOUNT", "account_id", CLI_ACCOUNT},
    {"STATUS", "status", CLI_TEXT}, {"REASON", "reason", CLI_TEXT},
    {"AS OF", "version", CLI_TEXT}, {"WHY", "why", CLI_TEXT},
    {NULL, NULL, CLI_TEXT},
};

static const struct cli_column history_columns[] = {
    {"WHEN", "wall_us", CLI_TIME},  {"BY", "actor", CLI_TEXT},    {"DID", "did", CLI_TEXT},
    {"WHAT", "what", CLI_TEXT},     {"ID", "id", CLI_TEXT},       {"CALL", "callee", CLI_TEXT},
    {"REASON", "reason", CLI_TEXT}, {"ALARM", "alarm", CLI_TEXT}, {NULL, NULL, CLI_TEXT},
};

static int print_list(struct cli *cli, const struct cli_url *url, const struct cli_column *columns,
                      const char *none)
{
    int status = COMMAND_OK;
    json_t *answer = cli_list(cli, url, &status);
    const json_t *items = json_object_get(answer, "items");
    if (answer != NULL && cli->is_json) {
        cli_print_json(answer);
    } else if (answer != NULL && json_array_size(items) == 0) {
        printf("%s\n", none);
    } else if (answer != NULL) {
        cli_print_table(cli, columns, items);
    }
    if (!cli->is_json && json_is_true(json_object_get(answer, "is_stale"))) {
        printf("These are older ones: the edge does not answer now.\n");
    }
    json_decref(answer);
    return status;
}

static int run_cdr(const struct command *command, const struct args *args)
{
    struct cli cli;
    struct cli_url url;
    if (args->word_count != 0) {
        return cli_usage(command, "that is one word too many: filters are options");
    }
    if (!cli_begin(&cli, command, args, -1)) {
        return COMMAND_USAGE;
    }
    cli_url_init(&url, "/v1/cdrs");
    cli_url_query(&url, "account", args_value(args, "--account"));
    cli_url_query(&url, "number", args_value(args, "--number"));
    cli_url_query(&url, "call_id", args_value(args, "--call-id"));
    cli_url_query(&url, "from", args_value(args, "--from"));
    cli_url_query(&url, "to", args_value(args, "--to"));
    int status = print_list(&cli, &url, cdr_columns, "There is no such record.");
    cli_done(&cli);
    return status;
}

static int run_refusals(const struct command *command, const struct args *args)
{
    struct cli cli;
    struct cli_url url;
    if (args->word_count != 0) {
        return cli_usage(command, "that is one word too many: filters are options");
    }
    if (!cli_begin(&cli, command, args, -1)) {
        return COMMAND_USAGE;
    }
    cli_url_init(&url, "/v1/refusals");
    cli_url_query(&url, "account", args_value(args, "--account"));
    int status = print_list(&cli, &url, refusal_columns, "Nothing was refused.");
    cli_done(&cli);
    return status;
}

static int run_history(const struct command *command, const struct args *args)
{
    struct cli cli;
    struct cli_url url;
    const char *kind = args_value(args, "--kind");
    if (kind != NULL && strcmp(kind, "config") != 0 && strcmp(kind, "alarm") != 0 &&
        strcmp(kind, "refusal") != 0 && strcmp(kind, "fraud.suspected") != 0) {
        return cli_usage(command, "--kind is config, alarm, refusal or fraud.suspected");
    }
    if (args->word_count != 0) {
        return cli_usage(command, "that is one word too many: filters are options");
    }
    if (!cli_begin(&cli, command, args, -1)) {
        return COMMAND_USAGE;
    }
    cli_url_init(&url, "/v1/history");
    cli_url_query(&url, "kind", kind);
    cli_url_query(&url, "account", args_value(args, "--account"));
    int status = print_list(&cli, &url, history_columns, "There is nothing of that kind.");
    cli_done(&cli);
    return status;
}

/* ---- explain ---- */

static const char *text_at(const json_t *object, const char *name, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL || text[0] == '\0' ? otherwise : text;
}

static void print_price(const char *title, const json_t *price)
{
    char rate[MONEY_TEXT_SIZE];
    char fee[MONEY_TEXT_SIZE];
    if (!json_is_object(price)) {
        return;
    }
    printf("%-12s%s %s a minute, %s to connect, charged %lld/%lld s", title,
           cli_money(rate, text_at(price, "per_minute", "?")), text_at(price, "currency", ""),
           cli_money(fee, text_at(price, "connection_fee", "0")),
           (long long)json_integer_value(json_object_get(price, "first_increment")),
           (long long)json_integer_value(json_object_get(price, "next_increment")));
    if (json_integer_value(json_object_get(price, "deck")) != 0) {
        printf(" (prefix %s)", text_at(price, "prefix", ""));
    }
    putchar('\n');
}

static void print_lease(const json_t *lease)
{
    static const char *const members[] = {"granted", "used", "held"};
    char texts[3][MONEY_TEXT_SIZE];
    for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
        cli_money(texts[i], text_at(lease, members[i], "0"));
    }
    printf("%-12s", "money here");
    if (strcmp(text_at(lease, "known", ""), "present") != 0) {
        printf("none is set aside yet: the call asks the ledger for it\n");
        return;
    }
    printf("%s set aside, %s used, %s held for %lld calls; more in the ledger: %s\n", texts[0],
           texts[1], texts[2], (long long)json_integer_value(json_object_get(lease, "calls")),
           text_at(lease, "more", "unknown"));
}

static void print_limits(const json_t *limits)
{
    char day[MONEY_TEXT_SIZE];
    char left[MONEY_TEXT_SIZE];
    const json_t *channels = json_object_get(limits, "channels_max");
    const json_t *cps = json_object_get(limits, "cps_max");
    const char *day_max = text_at(limits, "spend_day_max", NULL);
    const char *day_left = text_at(limits, "spend_day_left", day_max);
    const char *minute_max = text_at(limits, "spend_minute_max", NULL);
    const char *minute_left = text_at(limits, "spend_minute_left", minute_max);
    const char *price_max = text_at(limits, "price_max", NULL);
    if (channels == NULL && cps == NULL && day_max == NULL && minute_max == NULL &&
        price_max == NULL) {
        printf("%-12snone of its own\n", "limits");
        return;
    }
    const char *between = "";
    printf("%-12s", "limits");
    if (channels != NULL) {
        printf("%lld of %lld calls at once",
               (long long)json_integer_value(json_object_get(limits, "channels")),
               (long long)json_integer_value(channels));
        between = "; ";
    }
    if (cps != NULL) {
        printf("%s%lld calls a second", between, (long long)json_integer_value(cps));
        between = "; ";
    }
    if (day_max != NULL) {
        printf("%s%s a day, %s of it left", between, cli_money(day, day_max),
               cli_money(left, day_left));
        between = "; ";
    }
    if (minute_max != NULL) {
        printf("%s%s a minute, %s of it left", between, cli_money(day, minute_max),
               cli_money(left, minute_left));
        between = "; ";
    }
    if (price_max != NULL) {
        printf("%sno price above %s", between, cli_money(day, price_max));
    }
    putchar('\n');
}

static void print_steps(struct cli *cli, const json_t *steps)
{
    size_t index;
    json_t *step;
    json_array_foreach((json_t *)(uintptr_t)steps, index, step)
    {
        printf("%zu. trunk     %s, as %s\n", index + 1,
               cli_name_of(cli, "trunks", json_integer_value(json_object_get(step, "trunk"))),
               text_at(step, "number", "?"));
        print_price("   cost", json_object_get(step, "cost"));
    }
}

static void print_explained(struct cli *cli, const json_t *answer)
{
    const json_t *plan = json_object_get(answer, "plan");
    const json_t *to = json_object_get(plan, "destination");
    const char *would = text_at(answer, "would", "?");
    if (strcmp(would, "refuse") == 0) {
        printf("%-12srefused with %lld (%s)\n", "the call is",
               (long long)json_integer_value(json_object_get(answer, "status")),
               text_at(answer, "reason", "?"));
    } else {
        printf("%-12s%s\n", "the call is",
               strcmp(would, "ask") == 0 ? "connected if the ledger has money for it"
                                         : "connected");
    }
    printf("%-12s%s\n", "because", text_at(answer, "why", "?"));
    printf("%-12s%s\n", "number", text_at(plan, "number", "-"));
    if (json_is_object(to)) {
        const char *user = text_at(to, "user", "");
        printf("%-12s%s%s%s\n", "goes to", text_at(to, "kind", "?"), user[0] == '\0' ? "" : " ",
               user);
    }
    if (json_object_get(answer, "registered") != NULL) {
        printf("%-12s%lld\n", "registered",
               (long long)json_integer_value(json_object_get(answer, "bindings")));
    }
    printf("%-12s%s\n", "paid by", text_at(json_object_get(plan, "payer"), "name", "nobody"));
    print_price("price", json_object_get(plan, "price"));
    if (text_at(json_object_get(plan, "payer"), "name", "")[0] != '\0') {
        print_lease(json_object_get(answer, "lease"));
        print_limits(json_object_get(answer, "limits"));
    }
    print_steps(cli, json_object_get(plan, "steps"));
}

static json_t *explain(struct cli *cli, const char *kind, int *status)
{
    struct cli_url url;
    cli_url_init(&url, "/v1/explain");
    cli_url_query(&url, kind, cli->args->words[0]);
    cli_url_query(&url, "number", cli->args->words[1]);
    return cli_get(cli, &url, status);
}

static bool is_answered(struct cli *cli, const struct cli_url *url)
{
    int status = COMMAND_OK;
    struct cli_request request = {.method = "GET", .url = url, .is_quiet = true};
    json_t *answer = cli_call(cli, &request, &status);
    bool is_there = answer != NULL;
    json_decref(answer);
    return is_there;
}

/* The edge knows endpoints also while the database is away; the database knows those made just now.
 */
static bool is_endpoint(struct cli *cli)
{
    struct cli_url known, stored;
    cli_url_init(&known, "/v1/explain");
    cli_url_query(&known, "endpoint", cli->args->words[0]);
    cli_url_query(&known, "number", cli->args->words[1]);
    cli_url_init(&stored, "/v1/endpoints");
    cli_url_part(&stored, cli->args->words[0]);
    return is_answered(cli, &known) || is_answered(cli, &stored);
}

static int run_explain(const struct command *command, const struct args *args)
{
    struct cli cli;
    int status = COMMAND_OK;
    if (args->word_count != 2) {
        return cli_usage(command, "name who would call and what: dialtone explain alice 03042123");
    }
    if (!cli_begin(&cli, command, args, -1)) {
        return COMMAND_USAGE;
    }
    const char *kind = args_has(args, "--trunk")     ? "trunk"
                       : args_has(args, "--account") ? "account"
                       : is_endpoint(&cli)           ? "endpoint"
                                                     : "account";
    json_t *answer = explain(&cli, kind, &status);
    if (answer != NULL && cli.is_json) {
        cli_print_json(answer);
    } else if (answer != NULL) {
        print_explained(&cli, answer);
    }
    json_decref(answer);
    cli_done(&cli);
    return status;
}

/* ---- exposure ---- */

#define EXPOSURE_COLUMNS                                                                           \
    {"CALLS", "calls", CLI_TEXT}, {"ANSWERED", "answered", CLI_TEXT}, {"COST", "cost", CLI_MONEY}, \
        {"A MINUTE", "cost_per_min", CLI_MONEY}, {"SET ASIDE", "held", CLI_MONEY},                 \
    {                                                                                              \
        "CURRENCY", "currency", CLI_TEXT                                                           \
    }
static const struct cli_column exposure_by_account[] = {
    {"ACCOUNT", "account_id", CLI_ACCOUNT},
    EXPOSURE_COLUMNS,
    {"LEFT", "money_left", CLI_MONEY},
    {"SECONDS LEFT", "seconds_left", CLI_TEXT},
    {NULL, NULL, CLI_TEXT},
};
static const struct cli_column exposure_by_trunk[] = {
    {"TRUNK", "trunk_id", CLI_TRUNK}, EXPOSURE_COLUMNS, {NULL, NULL, CLI_TEXT}};
static const struct cli_column exposure_by_destination[] = {
    {"PREFIX", "prefix", CLI_TEXT}, EXPOSURE_COLUMNS, {NULL, NULL, CLI_TEXT}};
static const struct cli_column exposure_by_country[] = {
    {"COUNTRY", "country", CLI_TEXT}, EXPOSURE_COLUMNS, {NULL, NULL, CLI_TEXT}};

static int run_exposure(const struct command *command, const struct args *args)
{
    struct cli cli;
    struct cli_url url;
    int status = COMMAND_OK;
    const char *by = args_value(args, "--by");
    by = by == NULL ? "account" : by;
    const struct cli_column *columns = strcmp(by, "account") == 0       ? exposure_by_account
                                       : strcmp(by, "trunk") == 0       ? exposure_by_trunk
                                       : strcmp(by, "destination") == 0 ? exposure_by_destination
                                       : strcmp(by, "country") == 0     ? exposure_by_country
                                                                        : NULL;
    if (columns == NULL || args->word_count != 0) {
        return cli_usage(command, "--by is account, trunk, destination or country");
    }
    if (!cli_begin(&cli, command, args, -1)) {
        return COMMAND_USAGE;
    }
    cli_url_init(&url, "/v1/exposure");
    cli_url_query(&url, "by", by);
    cli_url_query(&url, "max", args_value(args, "--max"));
    json_t *answer = cli_get(&cli, &url, &status);
    const json_t *items = json_object_get(answer, "items");
    if (answer != NULL && cli.is_json) {
        cli_print_json(answer);
    } else if (answer != NULL && json_array_size(items) == 0) {
        printf("No call is in progress.\n");
    } else if (answer != NULL) {
        cli_print_table(&cli, columns, items);
    }
    if (!cli.is_json && json_is_true(json_object_get(answer, "is_stale"))) {
        printf("That was %.1f s ago: the edge does not answer now.\n",
               (double)json_integer_value(json_object_get(answer, "age_us")) / 1e6);
    }
    json_decref(answer);
    cli_done(&cli);
    return status;
}

/* ---- the commands ---- */

#define COMMON COMMAND_DIR, COMMAND_JSON, COMMAND_HELP, COMMAND_END

static const struct args_known cdr_known[] = {
    ARG("--account", "NAME", "only of this account"),
    ARG("--number", "NUMBER", "caller or callee"),
    ARG("--call-id", "TEXT", "the Call-ID of SIP"),
    ARG("--from", "TIME", "ended then or later: 2026-11-21T10:00:00Z"),
    ARG("--to", "TIME", "ended before"),
    ARG("--max", "COUNT", "the newest so many (100)"),
    COMMON,
};
static const struct args_known refusal_known[] = {
    ARG("--account", "NAME", "only of this account"),
    ARG("--max", "COUNT", "the newest so many (100)"),
    COMMON,
};
static const struct args_known history_known[] = {
    ARG("--kind", "config|alarm|refusal", "what happened (config)"),
    ARG("--account", "NAME", "only of this account"),
    ARG("--max", "COUNT", "the newest so many (100)"),
    COMMON,
};
static const struct args_known explain_known[] = {
    ARG("--account", NULL, "the first word is an account, though an endpoint has that name too"),
    ARG("--trunk", NULL, "the first word is a trunk: a call that comes in by it"),
    COMMON,
};

static const struct args_known exposure_known[] = {
    ARG("--by", "WHAT", "account (if not said), trunk, destination or country"),
    ARG("--max", "COUNT", "the dearest so many (100)"),
    COMMON,
};

const struct command cli_record_commands[] = {
    {
        .name = "exposure",
        .group = "Watch",
        .what = "calls in progress as value at risk: count, cost, cost a minute, time left",
        .usage = "exposure [--by account|trunk|destination|country] [--max COUNT]",
        .help = "The dearest a minute first. SECONDS LEFT is how long the account's money lasts at "
                "this\nrate; SET ASIDE is what open calls hold beyond their cost so far.",
        .options = exposure_known,
        .run = run_exposure,
    },
    {
        .name = "cdr",
        .group = "Watch",
        .what = "call records, newest first",
        .usage = "cdr [--account NAME] [--number NUMBER] [--call-id TEXT] [--from TIME] [--to TIME]"
                 " [--max COUNT]",
        .options = cdr_known,
        .run = run_cdr,
    },
    {
        .name = "refusals",
        .group = "Watch",
        .what = "the last refused calls and registrations, with reasons",
        .usage = "refusals [--account NAME] [--max COUNT]",
        .options = refusal_known,
        .run = run_refusals,
    },
    {
        .name = "history",
        .group = "Watch",
        .what = "who changed what, and alarms",
        .usage =
            "history [--kind config|alarm|refusal|fraud.suspected] [--account NAME] [--max COUNT]",
        .options = history_known,
        .run = run_history,
    },
    {
        .name = "explain",
        .group = "Watch",
        .what = "how a call would be routed, priced and limited, and why",
        .usage = "explain ENDPOINT|ACCOUNT NUMBER\nexplain --trunk TRUNK NUMBER",
        .help = "Nothing is called. It is answered from what the edge knows at this moment, as\n"
                "a call would be.",
        .options = explain_known,
        .run = run_explain,
    },
    COMMANDS_END,
};
