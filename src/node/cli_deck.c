/* cli_deck.c - rate tables in and out as CSV. */
#include "node/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cli_column deck_columns[] = {
    {"DECK", "name", CLI_TEXT},
    {"VERSION", "deck_version", CLI_TEXT},
    {"CURRENCY", "currency", CLI_TEXT},
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
    {"prefixes", "prefix_count", CLI_TEXT},
    {"rounding", "rounding", CLI_TEXT},
    {"imported", "wall_imported_us", CLI_TIME},
    {"bytes", "object_size", CLI_TEXT},
    {"hash", "object_hash", CLI_TEXT},
    {NULL, NULL, CLI_TEXT},
};

/* "lists/retail.csv" is "retail". */
static void name_of_file(const char *file, char name[64])
{
    const char *slash = strrchr(file, '/');
    const char *base = slash == NULL ? file : slash + 1;
    snprintf(name, 64, "%.*s", (int)strcspn(base, "."), base);
}

static int run_import(const struct command *command, const struct args *args)
{
    struct cli cli;
    struct cli_url url;
    char name[64];
    size_t size = 0;
    int status = COMMAND_OK;
    const char *currency = args_value(args, "--currency");
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
    cli_url_query(&url, "currency", currency == NULL ? "EUR" : currency);
    cli_url_query(&url, "rounding", args_value(args, "--rounding"));
    struct cli_request request = {.method = "POST", .url = &url, .csv = slice_make(csv, size)};
    json_t *answer = cli_call(&cli, &request, &status);
    if (answer != NULL && cli.is_json) {
        cli_print_json(answer);
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
    if (answer != NULL && cli.is_json) {
        cli_print_json(answer);
    } else if (answer != NULL) {
        cli_print_one(&cli, deck_show, answer);
    }
    json_decref(answer);
    cli_done(&cli);
    return status;
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
    ARG_MEMBER("--currency", "EUR", "three letters (EUR)", "currency", ARGS_TEXT),
    ARG_MEMBER("--rounding", "half-up|half-even|up", "of charges to a millionth (half-up)",
               "rounding", ARGS_TEXT),
    COMMON,
};

const struct command cli_deck_commands[] = {
    {
        .name = "deck import",
        .group = "Prices",
        .what = "prices from a CSV file, in force within a second",
        .usage = "deck import FILE.csv [--name NAME] [--currency EUR] [--rounding RULE]",
        .help = "Columns, named in the first line: prefix, rate (a minute), and optionally\n"
                "description, connection_fee, first_increment, next_increment, effective. A row\n"
                "that is wrong refuses the whole file, and is named by its line. The same name\n"
                "again makes the next version; calls in progress keep the price they began with.\n"
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
        .usage = "deck export NAME [FILE.csv]",
        .options = plain,
        .run = run_export,
    },
    COMMANDS_END,
};
