/* cli_usage.c - call records out to other programs, by sequence, so that nothing is left out. */
#include "node/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MARKS_SIZE 4096

static const char *const csv_members[] = {
    "incarnation",   "sequence",    "part",    "key",      "account_id", "caller", "callee",
    "wall_start_us", "wall_end_us", "talk_us", "charge",   "currency",   "status", "wall_answer_us",
    "end",           "reason",      "cost",    "trunk_id", "call_id",    "flags",
};

static void write_quoted(FILE *out, const char *text)
{
    putc('"', out);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"') {
            putc('"', out); /* RFC 4180 2.7 */
        }
        putc(*c, out);
    }
    putc('"', out);
}

static void write_flags(FILE *out, const json_t *flags)
{
    size_t index;
    json_t *flag;
    json_array_foreach((json_t *)(uintptr_t)flags, index, flag)
    {
        fprintf(out, "%s%s", index == 0 ? "" : " ", json_string_value(flag));
    }
}

static void write_csv_row(FILE *out, const json_t *record)
{
    for (size_t i = 0; i < ARRAY_COUNT(csv_members); i++) {
        const json_t *value = json_object_get(record, csv_members[i]);
        if (i != 0) {
            putc(',', out);
        }
        if (json_is_string(value)) {
            write_quoted(out, json_string_value(value));
        } else if (json_is_integer(value)) {
            fprintf(out, "%lld", (long long)json_integer_value(value));
        } else if (json_is_array(value)) {
            write_flags(out, value);
        }
    }
    putc('\n', out);
}

static void write_csv_titles(FILE *out)
{
    for (size_t i = 0; i < ARRAY_COUNT(csv_members); i++) {
        fprintf(out, "%s%s", i == 0 ? "" : ",", csv_members[i]);
    }
    putc('\n', out);
}

/* ---- the state: how far it went, for the next time ---- */

/* A file that is not there is a beginning; one that cannot be read is none. */
static bool read_state(const struct cli *cli, const char *path, char marks[MARKS_SIZE])
{
    FILE *file = fopen(path, "r");
    marks[0] = '\0';
    if (file == NULL) {
        if (errno != ENOENT) {
            (void)cli_fail(cli, "%s cannot be read: %s", path, strerror(errno));
        }
        return errno == ENOENT;
    }
    bool is_read = fgets(marks, MARKS_SIZE, file) != NULL && strchr(marks, '\n') != NULL;
    fclose(file);
    marks[strcspn(marks, "\n")] = '\0';
    if (!is_read) {
        (void)cli_fail(cli, "%s does not say how far an export went", path);
    }
    return is_read;
}

/* As a whole or not at all. */
static bool write_state(const struct cli *cli, const char *path, const char *marks)
{
    char made[CLI_DIR_SIZE];
    int size = snprintf(made, sizeof(made), "%s.new", path);
    FILE *file = size > 0 && (size_t)size < sizeof(made) ? fopen(made, "w") : NULL;
    bool is_written = file != NULL && fprintf(file, "%s\n", marks) > 0 && fflush(file) == 0 &&
                      fsync(fileno(file)) == 0;
    if (file != NULL) {
        is_written = fclose(file) == 0 && is_written;
    }
    is_written = is_written && rename(made, path) == 0;
    if (!is_written) {
        (void)cli_fail(cli, "%s cannot be written", path);
    }
    return is_written;
}

/* What was printed is with the reader, or on disk, before the state says so. */
static bool deliver(const struct cli *cli)
{
    bool is_out = fflush(stdout) == 0 && !ferror(stdout);
    if (is_out && fsync(STDOUT_FILENO) != 0) {
        is_out = errno == EINVAL || errno == EROFS || errno == ENOTSUP; /* a pipe or a terminal */
    }
    if (!is_out) {
        (void)cli_fail(cli, "the output cannot be written");
    }
    return is_out;
}

/* ---- export ---- */

static json_t *read_page(struct cli *cli, const char *marks, int *status)
{
    struct cli_url url;
    cli_url_init(&url, "/v1/usage");
    cli_url_query(&url, "account", args_value(cli->args, "--account"));
    cli_url_query(&url, "after", marks[0] == '\0' ? NULL : marks);
    cli_url_query(&url, "max", "1000");
    if (url.buf.is_full) {
        *status = cli_fail(cli, "there are too many marks");
        return NULL;
    }
    return cli_get(cli, &url, status);
}

static void write_page(const struct cli *cli, const json_t *items)
{
    bool is_csv = args_has(cli->args, "--csv");
    size_t index;
    json_t *record;
    json_array_foreach((json_t *)(uintptr_t)items, index, record)
    {
        if (is_csv) {
            write_csv_row(stdout, record);
        } else {
            json_dumpf(record, stdout, JSON_COMPACT);
            putchar('\n');
        }
    }
}

static int export_all(struct cli *cli, char marks[MARKS_SIZE])
{
    const char *state = args_value(cli->args, "--state");
    int status = COMMAND_OK;
    bool has_more = true;
    bool goes_on = state != NULL && marks[0] != '\0'; /* in the same file, perhaps */
    if (args_has(cli->args, "--csv") && !goes_on) {
        write_csv_titles(stdout);
    }
    while (has_more && status == COMMAND_OK) {
        json_t *page = read_page(cli, marks, &status);
        const char *next = json_string_value(json_object_get(page, "next"));
        has_more = json_is_true(json_object_get(page, "has_more"));
        if (page != NULL && (next == NULL || strlen(next) >= MARKS_SIZE)) {
            status = cli_fail(cli, "the answer does not say how far it went");
        } else if (page != NULL) {
            write_page(cli, json_object_get(page, "items"));
            snprintf(marks, MARKS_SIZE, "%s", next);
            bool is_kept = deliver(cli) && (state == NULL || write_state(cli, state, marks));
            status = is_kept ? COMMAND_OK : COMMAND_FAILED;
        }
        json_decref(page);
    }
    return status;
}

static int run_usage_export(const struct command *command, const struct args *args)
{
    struct cli cli;
    char marks[MARKS_SIZE] = "";
    const char *after = args_value(args, "--after");
    const char *state = args_value(args, "--state");
    if (args->word_count != 0 || (after != NULL && state != NULL)) {
        return cli_usage(command, "say --state FILE, or --after MARKS, or neither");
    }
    if (after != NULL && strlen(after) >= sizeof(marks)) {
        return cli_usage(command, "--after is what the export before printed last");
    }
    if (!cli_begin(&cli, command, args, -1)) {
        return COMMAND_USAGE;
    }
    snprintf(marks, sizeof(marks), "%s", after == NULL ? "" : after);
    int status = COMMAND_FAILED;
    if (state == NULL || read_state(&cli, state, marks)) {
        status = export_all(&cli, marks);
        if (state == NULL && marks[0] != '\0') {
            fprintf(stderr, "go on with: --after %s\n", marks);
        }
    }
    cli_done(&cli);
    return status;
}

static const struct args_known export_known[] = {
    ARG("--state", "FILE", "go on from where the file says, and note there how far it went"),
    ARG("--after", "MARKS", "go on after these, as an export without --state says at its end"),
    ARG("--account", "NAME", "only of this account"),
    ARG("--csv", NULL,
        "CSV, the first time with a line of titles, instead of one JSON object a line"),
    COMMAND_DIR,
    COMMAND_HELP,
    COMMAND_END,
};

const struct command cli_usage_commands[] = {
    {
        .name = "usage export",
        .group = "Watch",
        .what = "call records by sequence, for a billing system: none is left out",
        .usage = "usage export [--state FILE | --after MARKS] [--account NAME] [--csv]",
        .help = "Records stand in the order in which each edge numbered them, so that the next\n"
                "export goes on where this one ended, whatever was settled late. FILE is written\n"
                "after the records are: should the machine stop in between, some come again, with "
                "the\nsame incarnation and sequence. Use one FILE for each choice of options.",
        .options = export_known,
        .run = run_usage_export,
    },
    COMMANDS_END,
};
