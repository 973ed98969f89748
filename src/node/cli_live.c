/* cli_live.c - how it runs now: status, calls in progress, drain, restart, stop. They ask the
 * processes themselves, so they work while the API does not. */
#include "base/clock.h"
#include "node/cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CALLS_MAX 20000
#define STOP_PATIENCE_S 8
#define KEY_SIZE 16 /* hexadecimal digits of a call's key */

static json_int_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static const char *text(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value == NULL ? "?" : value;
}

/* ---- status ---- */

/* {"ready": ..., "roles": [...], "edge": {...}, "web": {...}}: what does not answer is null. */
static json_t *read_status(struct cli *cli)
{
    json_t *supervisor = cli_ask_quietly(cli, "supervisor.sock", "status");
    json_t *edge = supervisor == NULL ? NULL : cli_ask_quietly(cli, "edge.sock", "status");
    json_t *web = supervisor == NULL ? NULL : cli_ask_quietly(cli, "web.sock", "status");
    json_t *roles = json_object_get(supervisor, "roles");
    bool is_ready =
        json_is_true(json_object_get(supervisor, "ready")) && edge != NULL && web != NULL;
    const char *state = supervisor != NULL    ? is_ready ? "ready" : "not ready"
                        : cli_is_running(cli) ? "unknown"
                                              : "stopped";
    json_t *whole = json_pack("{s:b,s:s,s:s,s:O?,s:O?,s:O?}", "ready", is_ready, "state", state,
                              "dir", cli->dir, "pid", json_object_get(supervisor, "pid"), "http",
                              json_object_get(supervisor, "http"), "roles", roles);
    json_object_set_new(whole, "edge", edge == NULL ? json_null() : edge);
    json_object_set_new(whole, "web", web == NULL ? json_null() : web);
    json_decref(supervisor);
    return whole;
}

static const struct cli_column role_columns[] = {
    {"ROLE", "name", CLI_TEXT},         {"PID", "pid", CLI_TEXT},
    {"STATE", "state", CLI_TEXT},       {"SINCE", "since_wall_us", CLI_TIME},
    {"RESTARTS", "restarts", CLI_TEXT}, {NULL, NULL, CLI_TEXT},
};

static void print_store(const char *who, const json_t *store)
{
    const char *state = text(store, "state");
    int64_t last_us = number(store, "last_ok_wall_us");
    char since[32];
    if (strcmp(state, "ok") == 0) {
        printf("Database   %s: ok\n", who);
        return;
    }
    cli_time(since, sizeof(since), last_us);
    printf("Database   %s: no clear answer; the last good one %s. %s\n", who, since,
           text(store, "error"));
}

static void print_money(const json_t *edge)
{
    const json_t *lease = json_object_get(edge, "lease");
    const json_t *outbox = json_object_get(edge, "outbox");
    char set_aside[MONEY_TEXT_SIZE];
    char grace[MONEY_TEXT_SIZE];
    char bound[MONEY_TEXT_SIZE];
    printf("Money      %s set aside here for %" JSON_INTEGER_FORMAT
           " accounts; spent on grace %s; at most %s can be lost\n",
           cli_money(set_aside, text(lease, "outstanding")), number(lease, "accounts"),
           cli_money(grace, text(lease, "grace_used")), cli_money(bound, text(lease, "bound")));
    printf("Outbox     %" JSON_INTEGER_FORMAT " records wait to be settled\n",
           number(outbox, "unsettled"));
}

/* Only where there was more than could be done. */
static void print_load(const json_t *counts)
{
    int64_t calls = number(counts, "shed_invite");
    int64_t registrations = number(counts, "shed_register");
    int64_t others = number(counts, "shed_other");
    int64_t dropped = number(counts, "dropped_kernel");
    int64_t full = number(counts, "refused_full");
    if (calls + registrations + others + dropped + full > 0) {
        printf("Load       refused since the start: %" PRId64 " calls, %" PRId64
               " registrations, %" PRId64 " others; %" PRId64 " at a ceiling; %" PRId64
               " dropped by the kernel\n",
               calls, registrations, others, full, dropped);
    }
}

static void print_alert(const json_t *alert)
{
    char since[32];
    char money[MONEY_TEXT_SIZE];
    size_t index;
    json_t *row;
    cli_time(since, sizeof(since), number(alert, "since_wall_us"));
    printf("ALERT      fraud suspected: account %s since %s: %" JSON_INTEGER_FORMAT
           " calls in 10 s, %" JSON_INTEGER_FORMAT " of them refused, %s %s a minute of talk; to",
           text(alert, "account"), since, number(alert, "calls_in_10s"),
           number(alert, "refused_in_10s"), cli_money(money, text(alert, "money_a_minute")),
           text(alert, "currency"));
    json_array_foreach(json_object_get(alert, "destinations"), index, row)
    {
        printf(" %s... (%" JSON_INTEGER_FORMAT ")", text(row, "prefix"), number(row, "calls"));
    }
    printf("\n");
}

static void print_alerts(const json_t *alerts)
{
    size_t index;
    json_t *alert;
    if (alerts == NULL) {
        printf("ALERT      unknown: the edge could not list whom it suspects\n");
    }
    json_array_foreach(alerts, index, alert)
    {
        print_alert(alert);
    }
}

static void print_edge(const json_t *edge)
{
    char list[512] = "";
    size_t index;
    json_t *row;
    json_array_foreach(json_object_get(edge, "listeners"), index, row)
    {
        size_t size = strlen(list);
        snprintf(list + size, sizeof(list) - size, "%s%s", index == 0 ? "" : " ",
                 json_string_value(row));
    }
    const json_t *config = json_object_get(edge, "config");
    printf("SIP        %s (%s)\n", list, text(edge, "state"));
    printf("Calls      %" JSON_INTEGER_FORMAT " open, %" JSON_INTEGER_FORMAT
           " of them answered; %" JSON_INTEGER_FORMAT " devices registered\n",
           number(edge, "calls_open"), number(edge, "calls_answered"), number(edge, "bindings"));
    printf("Knows      %" JSON_INTEGER_FORMAT " accounts, %" JSON_INTEGER_FORMAT
           " endpoints, %" JSON_INTEGER_FORMAT " numbers, %" JSON_INTEGER_FORMAT
           " trunks at version %" JSON_INTEGER_FORMAT "\n",
           number(config, "accounts"), number(config, "endpoints"), number(config, "numbers"),
           number(config, "trunks"), number(config, "version"));
    print_money(edge);
    print_load(json_object_get(edge, "counts"));
    print_store("edge", json_object_get(edge, "store"));
    if (json_is_true(json_object_get(edge, "is_disk_low"))) {
        printf("DISK       nearly full: only money and calls are written now\n");
    }
    print_alerts(json_object_get(edge, "alerts"));
}

static int run_status(const struct command *command, const struct args *args)
{
    struct cli cli;
    if (args->word_count > 1) {
        return cli_usage(command, "one directory, please");
    }
    if (!cli_begin(&cli, command, args, 0)) {
        return COMMAND_USAGE;
    }
    json_t *whole = read_status(&cli);
    bool is_ready = json_is_true(json_object_get(whole, "ready"));
    const json_t *roles = json_object_get(whole, "roles");
    if (cli.is_json) {
        cli_print_json(whole);
    } else if (!json_is_array(roles)) {
        printf("dialtone in %s: %s\n", cli.dir, text(whole, "state"));
    } else {
        const json_t *web = json_object_get(whole, "web");
        printf("dialtone %s in %s: %s\n\n", DIALTONE_VERSION, cli.dir, text(whole, "state"));
        cli_print_table(&cli, role_columns, roles);
        printf("\nConsole    http://%s/\n", text(whole, "http"));
        if (json_is_object(json_object_get(whole, "edge"))) {
            print_edge(json_object_get(whole, "edge"));
        }
        if (json_is_object(web)) {
            print_store("web", json_object_get(web, "store"));
        }
    }
    int status = is_ready                                       ? COMMAND_OK
                 : strcmp(text(whole, "state"), "unknown") == 0 ? COMMAND_UNKNOWN
                                                                : COMMAND_FAILED;
    json_decref(whole);
    cli_done(&cli);
    return status;
}

/* ---- calls ---- */

static const struct cli_column call_columns[] = {
    {"ID", "key", CLI_TEXT},
    {"STATE", "state", CLI_TEXT},
    {"CALLER", "caller", CLI_TEXT},
    {"CALLEE", "callee", CLI_TEXT},
    {"ACCOUNT", "account_id", CLI_ACCOUNT},
    {"SINCE", "wall_start_us", CLI_TIME},
    {"TALK", "talk_us", CLI_LENGTH},
    {"A MINUTE", "price_per_min", CLI_MONEY},
    {"COST", "cost", CLI_MONEY},
    {"LEFT HERE", "left", CLI_MONEY},
    {NULL, NULL, CLI_TEXT},
};

static json_t *read_calls(struct cli *cli, int max, int *status)
{
    json_t *members = json_pack("{s:i}", "max", max);
    json_t *answer = cli_ask(cli, "edge.sock", "calls", members, status);
    json_decref(members);
    return answer;
}

static int run_alerts(const struct command *command, const struct args *args)
{
    struct cli cli;
    int status = COMMAND_OK;
    if (args->word_count > 1) {
        return cli_usage(command, "one directory, please");
    }
    if (!cli_begin(&cli, command, args, 0)) {
        return COMMAND_USAGE;
    }
    json_t *answer = cli_ask(&cli, "edge.sock", "alerts", NULL, &status);
    const json_t *alerts = json_object_get(answer, "alerts");
    if (answer != NULL && alerts == NULL) {
        fprintf(stderr, "dialtone alerts: the edge could not list whom it suspects\n");
        status = COMMAND_UNKNOWN;
    } else if (answer != NULL && cli.is_json) {
        cli_print_json(alerts);
    } else if (answer != NULL && json_array_size(alerts) == 0) {
        printf("There is nothing to be alarmed about.\n");
    } else if (answer != NULL) {
        print_alerts(alerts);
    }
    json_decref(answer);
    cli_done(&cli);
    return status;
}

static int run_calls(const struct command *command, const struct args *args)
{
    struct cli cli;
    int status = COMMAND_OK;
    uint64_t max = 1000;
    const char *wanted = args_value(args, "--max");
    if (args->word_count > 0) {
        return cli_usage(command,
                         "there is no `calls %s`: `dialtone calls` lists them, "
                         "`dialtone calls end ID` ends one",
                         args->words[0]);
    }
    if (wanted != NULL && !slice_to_u64(slice_from_text(wanted), CALLS_MAX, &max)) {
        return cli_usage(command, "--max is a number up to %d", CALLS_MAX);
    }
    if (!cli_begin(&cli, command, args, -1)) {
        return COMMAND_USAGE;
    }
    json_t *answer = read_calls(&cli, (int)max, &status);
    const json_t *calls = json_object_get(answer, "calls");
    if (answer != NULL && cli.is_json) {
        cli_print_json(answer);
    } else if (answer != NULL && json_array_size(calls) == 0) {
        printf("No call is in progress.\n");
    } else if (answer != NULL) {
        cli_print_table(&cli, call_columns, calls);
    }
    json_decref(answer);
    cli_done(&cli);
    return status;
}

/* The whole key, or as many of its first digits as name one call. */
static bool find_call(struct cli *cli, const char *wanted, char key[KEY_SIZE + 1], int *status)
{
    size_t size = strlen(wanted);
    if (size == 0 || size > KEY_SIZE || strspn(wanted, "0123456789abcdef") != size) {
        *status = cli_usage(cli->command, "ID is what `dialtone calls` shows, or its beginning");
        return false;
    }
    if (size == KEY_SIZE) {
        memcpy(key, wanted, KEY_SIZE + 1);
        return true;
    }
    json_t *answer = read_calls(cli, CALLS_MAX, status);
    size_t index;
    json_t *row;
    int found = 0;
    json_array_foreach(json_object_get(answer, "calls"), index, row)
    {
        const char *one = text(row, "key");
        if (strncmp(one, wanted, size) == 0 && strlen(one) == KEY_SIZE) {
            memcpy(key, one, KEY_SIZE + 1);
            found++;
        }
    }
    if (answer != NULL && found != 1) {
        *status = cli_fail(cli,
                           found == 0 ? "no call in progress begins with %s"
                                      : "several calls begin with %s: give more of it",
                           wanted);
    }
    json_decref(answer);
    return found == 1;
}

static int run_calls_end(const struct command *command, const struct args *args)
{
    struct cli cli;
    int status = COMMAND_OK;
    char key[KEY_SIZE + 1];
    char actor[80];
    const char *user = getenv("USER");
    if (args->word_count != 1) {
        return cli_usage(command, "name the call: dialtone calls end ID");
    }
    if (!cli_begin(&cli, command, args, -1)) {
        return COMMAND_USAGE;
    }
    snprintf(actor, sizeof(actor), "cli:%s", user == NULL ? "root" : user);
    if (find_call(&cli, args->words[0], key, &status)) {
        json_t *members = json_pack("{s:s,s:s}", "key", key, "actor", actor);
        json_t *answer = cli_ask(&cli, "edge.sock", "call_end", members, &status);
        json_decref(members);
        if (answer != NULL) {
            cli_say(&cli, json_pack("{s:s}", "ended", key), "Call %s is ended.", key);
        }
        json_decref(answer);
    }
    cli_done(&cli);
    return status;
}

/* ---- drain, restart, stop ---- */

static int wait_for_calls(struct cli *cli)
{
    int status = COMMAND_OK;
    for (;;) {
        json_t *edge = cli_ask(cli, "edge.sock", "status", NULL, &status);
        json_int_t open = number(edge, "calls_open");
        if (edge == NULL) {
            return status;
        }
        json_decref(edge);
        if (open == 0) {
            cli_say(cli, json_pack("{s:i}", "calls_open", 0), "No call is open.");
            return COMMAND_OK;
        }
        sleep(1);
    }
}

static int run_drain(const struct command *command, const struct args *args)
{
    struct cli cli;
    int status = COMMAND_OK;
    bool is_undo = args_has(args, "--undo");
    if (!cli_begin(&cli, command, args, 0)) {
        return COMMAND_USAGE;
    }
    json_t *answer = cli_ask(&cli, "edge.sock", is_undo ? "undrain" : "drain", NULL, &status);
    if (answer != NULL) {
        bool is_waiting = args_has(args, "--wait") && !is_undo;
        if (!is_waiting || !cli.is_json) { /* one object is enough */
            cli_say(&cli, json_pack("{s:b}", "draining", !is_undo), "%s",
                    is_undo ? "New calls are taken again."
                            : "New calls are refused with 503 now; those in progress go on.");
        }
        status = is_waiting ? wait_for_calls(&cli) : status;
    }
    json_decref(answer);
    cli_done(&cli);
    return status;
}

static int run_restart(const struct command *command, const struct args *args)
{
    struct cli cli;
    int status = COMMAND_OK;
    if (args->word_count != 1) {
        return cli_usage(command, "which role? dialtone restart edge, or dialtone restart web");
    }
    if (!cli_begin(&cli, command, args, -1)) {
        return COMMAND_USAGE;
    }
    json_t *members = json_pack("{s:s}", "role", args->words[0]);
    json_t *answer = cli_ask(&cli, "supervisor.sock", "restart", members, &status);
    if (answer != NULL) {
        cli_say(&cli, json_pack("{s:s}", "restarting", args->words[0]),
                "%s is being started again.", args->words[0]);
    }
    json_decref(members);
    json_decref(answer);
    cli_done(&cli);
    return status;
}

static int run_stop(const struct command *command, const struct args *args)
{
    struct cli cli;
    int status = COMMAND_OK;
    if (!cli_begin(&cli, command, args, 0)) {
        return COMMAND_USAGE;
    }
    int64_t end_us = clock_mono_us() + STOP_PATIENCE_S * INT64_C(1000000);
    json_t *answer = cli_ask(&cli, "supervisor.sock", "stop", NULL, &status);
    while (answer != NULL && cli_is_running(&cli) && clock_mono_us() < end_us) {
        usleep(50000);
    }
    if (answer != NULL && cli_is_running(&cli)) {
        status = cli_unknown(&cli, "%s has not stopped within %d s. See its logs in %s/log.",
                             cli.dir, STOP_PATIENCE_S, cli.dir);
    } else if (answer != NULL) {
        cli_say(&cli, json_pack("{s:s}", "stopped", cli.dir), "%s has stopped.", cli.dir);
    }
    json_decref(answer);
    cli_done(&cli);
    return status;
}

/* ---- the commands ---- */

static const struct args_known plain[] = {COMMAND_DIR, COMMAND_JSON, COMMAND_HELP, COMMAND_END};
static const struct args_known calls_known[] = {ARG("--max", "COUNT", "at most so many (1000)"),
                                                COMMAND_DIR, COMMAND_JSON, COMMAND_HELP,
                                                COMMAND_END};
static const struct args_known drain_known[] = {
    ARG("--wait", NULL, "wait until the last call has ended"),
    ARG("--undo", NULL, "take new calls again"),
    COMMAND_DIR,
    COMMAND_JSON,
    COMMAND_HELP,
    COMMAND_END};

const struct command cli_live_commands[] = {
    {
        .name = "drain",
        .group = "Start and stop",
        .what = "refuse new calls and let those in progress end",
        .usage = "drain [DIR] [--wait]\ndrain [DIR] --undo",
        .help = "Emergency calls are connected all the same. A restart of the edge ends it.",
        .options = drain_known,
        .run = run_drain,
    },
    {
        .name = "restart",
        .group = "Start and stop",
        .what = "start one role again; answered calls go on",
        .usage = "restart edge|web",
        .options = plain,
        .run = run_restart,
    },
    {
        .name = "stop",
        .group = "Start and stop",
        .what = "stop an installation that runs",
        .usage = "stop [DIR]",
        .help = "The same as SIGTERM to `dialtone run`; done within 5 seconds.",
        .options = plain,
        .run = run_stop,
    },
    {
        .name = "status",
        .group = "Watch",
        .what = "roles, calls, money set aside, database",
        .usage = "status [DIR] [--json]",
        .help = "Exit status 0 only when every role is ready.",
        .options = plain,
        .run = run_status,
    },
    {
        .name = "alerts",
        .group = "Watch",
        .what = "what looks like fraud now: account, destinations, rate, money",
        .usage = "alerts [DIR] [--json]",
        .help = "Evidence of the last ten seconds; an alert goes a minute after its evidence has "
                "gone.\nNobody is refused for it: limits are the account's (`account set`).",
        .options = plain,
        .run = run_alerts,
    },
    {
        .name = "calls",
        .group = "Watch",
        .what = "calls in progress: who, since when, price, cost, money left",
        .usage = "calls [--max COUNT] [--json]",
        .help = "LEFT HERE is what this edge may still spend for the account without asking.",
        .options = calls_known,
        .run = run_calls,
    },
    {
        .name = "calls end",
        .group = "Watch",
        .what = "end a call in progress",
        .usage = "calls end ID",
        .help =
            "ID is what `dialtone calls` shows; its first digits are enough where they name one "
            "call.\nBoth sides get a BYE with a reason; what was talked is charged.",
        .options = plain,
        .run = run_calls_end,
    },
    COMMANDS_END,
};
