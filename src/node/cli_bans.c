/* cli_bans.c - sources that the edge hears no more. It is asked itself, so this works while the API
 * does not. */
#include "node/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cli_column ban_columns[] = {
    {"SOURCE", "source", CLI_TEXT},
    {"SINCE", "wall_since_us", CLI_TIME},
    {"UNTIL", "wall_until_us", CLI_TIME},
    {"TIMES", "times", CLI_TEXT},
    {"DROPPED", "dropped", CLI_TEXT},
    {"CUSTOMERS", "customers", CLI_TEXT},
    {"WHY", "reason", CLI_TEXT},
    {"BY", "actor", CLI_TEXT},
    {NULL, NULL, CLI_TEXT},
};

static void add_words(json_t *rows)
{
    size_t index;
    json_t *row;
    json_array_foreach(rows, index, row)
    {
        json_int_t level = json_integer_value(json_object_get(row, "level"));
        bool has_customers = json_is_true(json_object_get(row, "has_customers"));
        json_object_set_new(row, "times", json_integer(level + 1));
        json_object_set_new(row, "customers", json_string(has_customers ? "pass" : "none known"));
    }
}

static int run_bans(const struct command *command, const struct args *args)
{
    struct cli cli;
    int status = COMMAND_OK;
    if (args->word_count > 0) {
        return cli_usage(command, "`dialtone bans` lists them; `dialtone ban ADDRESS` makes one");
    }
    if (!cli_begin(&cli, command, args, -1)) {
        return COMMAND_USAGE;
    }
    json_t *answer = cli_ask(&cli, "edge.sock", "bans", NULL, &status);
    json_t *rows = json_object_get(answer, "bans");
    if (answer != NULL && cli.is_json) {
        cli_print_json(answer);
    } else if (answer != NULL && json_is_false(json_object_get(answer, "is_on"))) {
        printf("Bans are switched off: `bans = false` in %s/dialtone.conf.\n", cli.dir);
    } else if (answer != NULL && json_array_size(rows) == 0) {
        printf("No source is banned.\n");
    } else if (answer != NULL) {
        add_words(rows);
        cli_print_table(&cli, ban_columns, rows);
    }
    json_decref(answer);
    cli_done(&cli);
    return status;
}

/* "90", "90s", "15m", "1h", "7d" in seconds. */
static bool read_length(const char *text, json_int_t *seconds)
{
    static const char units[] = "smhd";
    static const int factors[] = {1, 60, 3600, 86400};
    struct slice digits = slice_from_text(text);
    uint64_t count;
    uint64_t factor = 1;
    if (digits.size > 0) {
        const char *unit = strchr(units, digits.data[digits.size - 1]);
        if (unit != NULL && *unit != '\0') {
            factor = (uint64_t)factors[unit - units];
            digits.size--;
        }
    }
    if (!slice_to_u64(digits, 31622400, &count) || count == 0) {
        return false;
    }
    *seconds = (json_int_t)(count * factor);
    return true;
}

static void set_actor(char actor[64])
{
    const char *user = getenv("USER");
    snprintf(actor, 64, "cli:%.50s", user == NULL ? "root" : user);
}

static int run_ban(const struct command *command, const struct args *args)
{
    struct cli cli;
    int status = COMMAND_OK;
    char actor[64];
    json_int_t for_s = 3600;
    const char *length = args_value(args, "--for");
    const char *reason = args_value(args, "--reason");
    if (args->word_count != 1) {
        return cli_usage(command, "name one address: dialtone ban 192.0.2.66 --for 1h");
    }
    if (length != NULL && !read_length(length, &for_s)) {
        return cli_usage(command, "--for is a number of seconds, or like 15m, 1h, 7d");
    }
    if (!cli_begin(&cli, command, args, -1)) {
        return COMMAND_USAGE;
    }
    set_actor(actor);
    json_t *members = json_pack("{s:s,s:I,s:s,s:s}", "source", args->words[0], "for_s", for_s,
                                "reason", reason == NULL ? "" : reason, "actor", actor);
    json_t *answer = cli_ask(&cli, "edge.sock", "ban", members, &status);
    json_t *ban = json_object_get(answer, "ban");
    if (ban != NULL) {
        char until[32];
        cli_time(until, sizeof(until), json_integer_value(json_object_get(ban, "wall_until_us")));
        bool has_customers = json_is_true(json_object_get(ban, "has_customers"));
        cli_say(&cli, json_incref(ban), "%s is banned until %s.%s",
                json_string_value(json_object_get(ban, "source")), until,
                has_customers ? " The customers known behind it are heard all the same." : "");
    }
    json_decref(members);
    json_decref(answer);
    cli_done(&cli);
    return status;
}

static int run_unban(const struct command *command, const struct args *args)
{
    struct cli cli;
    int status = COMMAND_OK;
    char actor[64];
    if (args->word_count != 1) {
        return cli_usage(command, "name one address, as `dialtone bans` shows it");
    }
    if (!cli_begin(&cli, command, args, -1)) {
        return COMMAND_USAGE;
    }
    set_actor(actor);
    json_t *members = json_pack("{s:s,s:s}", "source", args->words[0], "actor", actor);
    json_t *answer = cli_ask(&cli, "edge.sock", "unban", members, &status);
    if (answer != NULL) {
        cli_say(&cli, json_pack("{s:s}", "lifted", args->words[0]), "%s is heard again.",
                args->words[0]);
    }
    json_decref(members);
    json_decref(answer);
    cli_done(&cli);
    return status;
}

static const struct args_known plain[] = {COMMAND_DIR, COMMAND_JSON, COMMAND_HELP, COMMAND_END};
static const struct args_known ban_known[] = {
    ARG("--for", "TIME", "so long: seconds, or 15m, 1h, 7d (1h)"),
    ARG("--reason", "TEXT", "shown with it"),
    COMMAND_DIR,
    COMMAND_JSON,
    COMMAND_HELP,
    COMMAND_END};

const struct command cli_ban_commands[] = {
    {
        .name = "bans",
        .group = "Watch",
        .what = "sources that guessed, and are not heard for a while",
        .usage = "bans [--json]",
        .help = "TIMES is how often it was banned lately: each ban is twice as long as the one "
                "before.\nCUSTOMERS pass: phones that registered from there are heard all the "
                "same.",
        .options = plain,
        .run = run_bans,
    },
    {
        .name = "ban",
        .group = "Watch",
        .what = "hear a source no more, for a while",
        .usage = "ban ADDRESS [--for TIME] [--reason TEXT]",
        .help = "ADDRESS is an IPv4 address, or an IPv6 address: its /64 is banned. Trunks and "
                "what `ban_allow`\nnames are never banned; customers known behind the address "
                "are heard all the same.",
        .options = ban_known,
        .run = run_ban,
    },
    {
        .name = "unban",
        .group = "Watch",
        .what = "hear a source again, and forget what was held against it",
        .usage = "unban ADDRESS",
        .options = plain,
        .run = run_unban,
    },
    COMMANDS_END,
};
