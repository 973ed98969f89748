/* cli_deck.c - rate tables in and out as CSV. */
#include "node/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cli_column deck_columns[] = {
    {"DECK", "name", CLI_TEXT},
    {"VERSION", "deck_version", CLI_TEXT},
    {"CURRENCY", "currency", CLI_TEXT},
    {"PRICES OF", "prices_of", CLI_TEXT},
    {"PREFIXES", "prefix_count", CLI_TEXT},
    {"ROUNDING", "rounding", CLI_TEXT},
    {"IMPORTED", "wall_imported_us", CLI_TIME},
    {NULL, NULL, CLI_TEXT},
};
static const struct cli_column deck_show[] = {
    {"deck", "name", CLI_TEXT},
    {"id", "id", CLI_TEXT},
    {"version", "deck_version", CLI_TEXT},
    {"currency", "currency", CLI_TEXT},
    {"prices of", "prices_of", CLI_TEXT},
    {"prefixes", "prefix_count", CLI_TEXT},
    {"rounding", "rounding", CLI_TEXT},
    {"time zone", "time_zone", CLI_TEXT},
    {"imported", "wall_imported_us", CLI_TIME},
    {"bytes", "object_size", CLI_TEXT},
    {"hash", "object_hash", CLI_TEXT},
    {NULL, NULL, CLI_TEXT},
};

static const struct cli_column version_columns[] = {
    {"VERSION", "deck_version", CLI_TEXT},
    {"LIVE", "is_live", CLI_TEXT},
    {"PREFIXES", "prefix_count", CLI_TEXT},
    {"ROUNDING", "rounding", CLI_TEXT},
    {"TIME ZONE", "time_zone", CLI_TEXT},
    {"IMPORTED", "wall_imported_us", CLI_TIME},
    {NULL, NULL, CLI_TEXT},
};
static const struct cli_column change_columns[] = {
    {"PREFIX", "prefix", CLI_TEXT},     {"DESTINATION", "description", CLI_TEXT},
    {"CHANGE", "change", CLI_TEXT},     {"BEFORE", "before_price", CLI_TEXT},
    {"AFTER", "after_price", CLI_TEXT}, {NULL, NULL, CLI_TEXT},
};

/* "lists/retail.csv" is "retail". */
static void name_of_file(const char *file, char name[64])
{
    const char *slash = strrchr(file, '/');
    const char *base = slash == NULL ? file : slash + 1;
    snprintf(name, 64, "%.*s", (int)strcspn(base, "."), base);
}

/* ---- what changes ---- */

static void add_report_options(const struct args *args, struct cli_url *url)
{
    cli_url_query(url, "at", args_value(args, "--at"));
    cli_url_query(url, "max", args_value(args, "--max"));
}

/* "0.05", "0.05 +0.10 60/60": what is seldom is only said where it is. */
static json_t *price_text(const json_t *price)
{
    if (!json_is_object(price)) {
        return json_string("-");
    }
    char text[120];
    char fee[MONEY_TEXT_SIZE];
    const char *per_minute = json_string_value(json_object_get(price, "per_minute"));
    const char *fee_text = json_string_value(json_object_get(price, "connection_fee"));
    cli_money(fee, fee_text == NULL ? "0" : fee_text);
    snprintf(text, sizeof(text), "%s%s%s %lld/%lld%s", per_minute == NULL ? "?" : per_minute,
             strcmp(fee, "0.00") == 0 ? "" : " +", strcmp(fee, "0.00") == 0 ? "" : fee,
             (long long)json_integer_value(json_object_get(price, "first_increment")),
             (long long)json_integer_value(json_object_get(price, "next_increment")),
             json_array_size(json_object_get(price, "steps")) > 0 ? " in steps" : "");
    return json_string(text);
}

static void print_counts(const json_t *counts)
{
    static const char *const names[] = {"up", "down", "mixed", "new", "gone", "same"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        printf("%s%s %lld", i > 0 ? ", " : "", names[i],
               (long long)json_integer_value(json_object_get(counts, names[i])));
    }
    printf("\n");
}

static void print_traffic(const json_t *report)
{
    const json_t *traffic = json_object_get(report, "traffic");
    const char *currency = json_string_value(json_object_get(report, "currency"));
    const char *names[] = {"before", "after", "difference"};
    char texts[3][MONEY_TEXT_SIZE];
    for (size_t i = 0; i < 3; i++) {
        const char *amount = json_string_value(json_object_get(traffic, names[i]));
        cli_money(texts[i], amount == NULL ? "0" : amount);
    }
    printf("Calls of the last 7 days%s: %lld, before %s, after %s %s (%s%s); without a price: "
           "%lld\n",
           json_is_true(json_object_get(traffic, "is_partial")) ? " (a part of them)" : "",
           (long long)json_integer_value(json_object_get(traffic, "calls")), texts[0], texts[1],
           currency == NULL ? "" : currency, texts[2][0] == '-' ? "" : "+", texts[2],
           (long long)json_integer_value(json_object_get(traffic, "unpriced")));
}

static void print_report(struct cli *cli, json_t *report)
{
    size_t index;
    json_t *item;
    char at[32];
    json_t *changes = json_object_get(report, "changes");
    json_array_foreach(changes, index, item)
    {
        json_object_set_new(item, "before_price", price_text(json_object_get(item, "before")));
        json_object_set_new(item, "after_price", price_text(json_object_get(item, "after")));
    }
    if (json_array_size(changes) > 0) {
        cli_print_table(cli, change_columns, changes);
        printf("%s", json_is_true(json_object_get(report, "is_cut"))
                         ? "... and more: --max COUNT shows up to 1000.\n"
                         : "");
    }
    cli_time(at, sizeof(at), json_integer_value(json_object_get(report, "wall_at_us")));
    printf("At %s: ", at);
    print_counts(json_object_get(report, "counts"));
    json_array_foreach(json_object_get(report, "later"), index, item)
    {
        cli_time(at, sizeof(at), json_integer_value(json_object_get(item, "wall_us")));
        printf("From %s: ", at);
        print_counts(json_object_get(item, "counts"));
    }
    print_traffic(report);
}

/* Prints a deck as it is now (NULL: what went wrong is said); takes it, and ends. */
static int end_with_deck(struct cli *cli, json_t *answer, int status)
{
    if (answer != NULL && cli->is_json) {
        cli_print_json(answer);
    } else if (answer != NULL) {
        cli_print_one(cli, deck_show, answer);
    }
    json_decref(answer);
    cli_done(cli);
    return status;
}

static int run_diff(const struct command *command, const struct args *args)
{
    struct cli cli;
    struct cli_url url;
    int status = COMMAND_OK;
    if (args->word_count < 1 || args->word_count > 3) {
        return cli_usage(command, "name one deck, and the two versions to compare");
    }
    if (!cli_begin(&cli, command, args, -1)) {
        return COMMAND_USAGE;
    }
    cli_url_init(&url, "/v1/decks");
    cli_url_part(&url, args->words[0]);
    cli_url_part(&url, "diff");
    cli_url_query(&url, "from", args_word(args, 1));
    cli_url_query(&url, "to", args_word(args, 2));
    add_report_options(args, &url);
    json_t *answer = cli_get(&cli, &url, &status);
    if (answer != NULL && cli.is_json) {
        cli_print_json(answer);
    } else if (answer != NULL) {
        print_report(&cli, answer);
    }
    json_decref(answer);
    cli_done(&cli);
    return status;
}

static int run_versions(const struct command *command, const struct args *args)
{
    struct cli cli;
    struct cli_url url;
    int status = COMMAND_OK;
    if (args->word_count != 1) {
        return cli_usage(command, "name one deck");
    }
    if (!cli_begin(&cli, command, args, -1)) {
        return COMMAND_USAGE;
    }
    cli_url_init(&url, "/v1/decks");
    cli_url_part(&url, args->words[0]);
    cli_url_part(&url, "versions");
    json_t *answer = cli_list(&cli, &url, &status);
    if (answer != NULL && cli.is_json) {
        cli_print_json(answer);
    } else if (answer != NULL) {
        cli_print_table(&cli, version_columns, json_object_get(answer, "items"));
    }
    json_decref(answer);
    cli_done(&cli);
    return status;
}

static int run_rollback(const struct command *command, const struct args *args)
{
    struct cli cli;
    struct cli_url url;
    int status = COMMAND_OK;
    if (args->word_count < 1 || args->word_count > 2) {
        return cli_usage(command, "name one deck, and a version unless it is the one before");
    }
    if (!cli_begin(&cli, command, args, -1)) {
        return COMMAND_USAGE;
    }
    cli_url_init(&url, "/v1/decks");
    cli_url_part(&url, args->words[0]);
    cli_url_part(&url, "rollback");
    cli_url_query(&url, "version", args_word(args, 1));
    struct cli_request request = {.method = "POST", .url = &url};
    json_t *answer = cli_call(&cli, &request, &status);
    return end_with_deck(&cli, answer, status);
}

/* ---- in and out ---- */

static int run_import(const struct command *command, const struct args *args)
{
    struct cli cli;
    struct cli_url url;
    char name[64];
    size_t size = 0;
    int status = COMMAND_OK;
    if (args->word_count != 1) {
        return cli_usage(command, "name one file: dialtone deck import retail.csv");
    }
    if (!cli_begin(&cli, command, args, -1)) {
        return COMMAND_USAGE;
    }
    char *csv = cli_read_file(&cli, args->words[0], &size);
    if (csv == NULL) {
        cli_done(&cli);
        return COMMAND_FAILED;
    }
    name_of_file(args->words[0], name);
    cli_url_init(&url, "/v1/decks");
    cli_url_query(&url, "name", args_has(args, "--name") ? args_value(args, "--name") : name);
    cli_url_query(&url, "currency", args_value(args, "--currency"));
    cli_url_query(&url, "rounding", args_value(args, "--rounding"));
    cli_url_query(&url, "prices_of", args_value(args, "--prices-of"));
    cli_url_query(&url, "time_zone", args_value(args, "--time-zone"));
    if (args_has(args, "--dry-run")) {
        cli_url_query(&url, "dry_run", "true");
        add_report_options(args, &url);
    }
    struct cli_request request = {.method = "POST", .url = &url, .csv = slice_make(csv, size)};
    json_t *answer = cli_call(&cli, &request, &status);
    if (answer != NULL && cli.is_json) {
        cli_print_json(answer);
    } else if (answer != NULL && args_has(args, "--dry-run")) {
        print_report(&cli, answer);
        printf("Nothing was imported: this was a dry run.\n");
    } else if (answer != NULL) {
        cli_print_one(&cli, deck_show, answer);
    }
    json_decref(answer);
    free(csv);
    cli_done(&cli);
    return status;
}

static int run_list(const struct command *command, const struct args *args)
{
    struct cli cli;
    struct cli_url url;
    int status = COMMAND_OK;
    if (args->word_count != 0) {
        return cli_usage(command, "that is one word too many");
    }
    if (!cli_begin(&cli, command, args, -1)) {
        return COMMAND_USAGE;
    }
    cli_url_init(&url, "/v1/decks");
    json_t *answer = cli_list(&cli, &url, &status);
    if (answer != NULL && cli.is_json) {
        cli_print_json(answer);
    } else if (answer != NULL && json_array_size(json_object_get(answer, "items")) == 0) {
        printf("There is no deck. Import one: dialtone deck import FILE.csv\n");
    } else if (answer != NULL) {
        cli_print_table(&cli, deck_columns, json_object_get(answer, "items"));
    }
    json_decref(answer);
    cli_done(&cli);
    return status;
}

static int run_show(const struct command *command, const struct args *args)
{
    struct cli cli;
    struct cli_url url;
    int status = COMMAND_OK;
    if (args->word_count != 1) {
        return cli_usage(command, "name one deck");
    }
    if (!cli_begin(&cli, command, args, -1)) {
        return COMMAND_USAGE;
    }
    cli_url_init(&url, "/v1/decks");
    cli_url_part(&url, args->words[0]);
    json_t *answer = cli_get(&cli, &url, &status);
    return end_with_deck(&cli, answer, status);
}

static int write_out(const struct cli *cli, const char *path, const char *text, size_t size)
{
    FILE *file = path == NULL ? stdout : fopen(path, "wb");
    bool is_written = file != NULL && fwrite(text, 1, size, file) == size;
    if (file != NULL) {
        is_written = (path == NULL ? fflush(file) : fclose(file)) == 0 && is_written;
    }
    return is_written ? COMMAND_OK
                      : cli_fail(cli, "%s cannot be written", path == NULL ? "the output" : path);
}

static int run_export(const struct command *command, const struct args *args)
{
    struct cli cli;
    struct cli_url url;
    size_t size = 0;
    int status = COMMAND_OK;
    if (args->word_count < 1 || args->word_count > 2) {
        return cli_usage(command, "name one deck, and a file unless it is to be printed");
    }
    if (!cli_begin(&cli, command, args, -1)) {
        return COMMAND_USAGE;
    }
    cli_url_init(&url, "/v1/decks");
    cli_url_part(&url, args->words[0]);
    cli_url_part(&url, "csv");
    cli_url_query(&url, "version", args_value(args, "--version"));
    struct cli_request request = {.method = "GET", .url = &url};
    char *csv = cli_fetch(&cli, &request, &size, &status);
    if (csv != NULL) {
        status = write_out(&cli, args_word(args, 1), csv, size);
    }
    free(csv);
    cli_done(&cli);
    return status;
}

/* ---- the commands ---- */

#define COMMON COMMAND_DIR, COMMAND_JSON, COMMAND_HELP, COMMAND_END

static const struct args_known plain[] = {COMMON};
static const struct args_known list_known[] = {ARG("--max", "COUNT", "at most so many (100)"),
                                               COMMON};
static const struct args_known import_known[] = {
    ARG_MEMBER("--name", "NAME", "what it is called (the file's name)", "name", ARGS_TEXT),
    ARG("--dry-run", NULL, "only say what would change, and for last week's calls"),
    ARG("--at", "TIME", "with --dry-run: compare at that date (now)"),
    ARG("--max", "COUNT", "with --dry-run: changes listed (100)"),
    ARG_MEMBER("--prices-of", "calls|messages", "what the rows are for (calls)", "prices_of",
               ARGS_TEXT),
    ARG_MEMBER("--time-zone", "Europe/Berlin", "of the windows (UTC)", "time_zone", ARGS_TEXT),
    ARG_MEMBER("--currency", "EUR", "three letters (EUR)", "currency", ARGS_TEXT),
    ARG_MEMBER("--rounding", "half-up|half-even|up", "of charges to a millionth (half-up)",
               "rounding", ARGS_TEXT),
    COMMON,
};
static const struct args_known diff_known[] = {
    ARG("--at", "TIME", "compare at that date (now)"),
    ARG("--max", "COUNT", "changes listed (100)"),
    COMMON,
};
static const struct args_known export_known[] = {
    ARG("--version", "NUMBER", "an older version (the one in force)"),
    COMMON,
};

const struct command cli_deck_commands[] = {
    {
        .name = "deck import",
        .group = "Prices",
        .what = "prices from a CSV file, in force within a second",
        .usage = "deck import FILE.csv [--dry-run] [--name NAME] [--currency EUR]",
        .help = "Columns, named in the first line: prefix, rate (a minute), and optionally\n"
                "description, connection_fee, first_increment, next_increment, minimum_charge,\n"
                "free_seconds, steps (600:0.05;3600:0.02), window (mon-fri 08:00-20:00),\n"
                "effective. Of messages: mcc, mnc or prefix, and rate (a segment). A row that is\n"
                "wrong refuses the whole file, and is named by its line. The same name again\n"
                "makes the next version, with the terms of the one before unless they are given;\n"
                "calls in progress keep the price they began with. --dry-run says what would\n"
                "change: prefixes up, down, new and gone, and what the calls of the last 7 days\n"
                "would have cost. `deck rollback` brings the version before back.\n"
                "An account gets it by `account set NAME --sell-deck DECK`, a trunk's costs by\n"
                "`trunk set NAME --cost-deck DECK`.",
        .options = import_known,
        .run = run_import,
    },
    {
        .name = "deck list",
        .group = "Prices",
        .what = "decks and their versions",
        .usage = "deck list",
        .options = list_known,
        .run = run_list,
    },
    {
        .name = "deck show",
        .group = "Prices",
        .what = "one deck",
        .usage = "deck show NAME",
        .options = plain,
        .run = run_show,
    },
    {
        .name = "deck export",
        .group = "Prices",
        .what = "a deck as CSV",
        .usage = "deck export NAME [FILE.csv] [--version NUMBER]",
        .options = export_known,
        .run = run_export,
    },
    {
        .name = "deck versions",
        .group = "Prices",
        .what = "a deck's versions, newest first",
        .usage = "deck versions NAME",
        .options = list_known,
        .run = run_versions,
    },
    {
        .name = "deck diff",
        .group = "Prices",
        .what = "what changed from one version to another",
        .usage = "deck diff NAME [FROM [TO]] [--at TIME]",
        .help = "Without versions: from the one before to the one in force. A prefix is up if\n"
                "some call to it costs more, down if some call costs less, mixed if both.",
        .options = diff_known,
        .run = run_diff,
    },
    {
        .name = "deck rollback",
        .group = "Prices",
        .what = "the version before (or any) in force again",
        .usage = "deck rollback NAME [VERSION]",
        .help = "Old versions are never removed; the next import still gets a new number.",
        .options = plain,
        .run = run_rollback,
    },
    COMMANDS_END,
};
