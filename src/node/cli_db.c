/* cli_db.c - `dialtone db copy`: the ledger moves from the file into PostgreSQL, calls go on. */
#include "node/cli.h"

#include "node/config_edit.h"
#include "node/database.h"
#include "store/copy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void say_progress(void *ctx, const char *text)
{
    (void)ctx;
    fprintf(stderr, "%s\n", text);
}

static bool is_url(const char *url)
{
    return strncmp(url, "postgresql://", strlen("postgresql://")) == 0 &&
           strpbrk(url, "\"\\\r\n") == NULL;
}

static int say_copied(const struct cli *cli, const char *url, const struct store_copied *copied)
{
    char why[512];
    bool is_noted = config_set_store(cli->dir, url, why, sizeof(why));
    cli_say(cli,
            json_pack("{s:s,s:I,s:i,s:I}", "store", url, "rows", (json_int_t)copied->row_count,
                      "passes", copied->pass_count, "held_us", (json_int_t)copied->held_us),
            "The ledger of %s is in PostgreSQL now: %" PRIu64 " rows, in %d passes.\n"
            "Nobody else could write for %.3f s. What runs has gone on there by itself.\n"
            "Look at the books: dialtone audit %s",
            cli->dir, copied->row_count, copied->pass_count, (double)copied->held_us / 1e6,
            cli->dir);
    return is_noted ? COMMAND_OK
                    : cli_fail(cli,
                               "%s. The file says where the ledger is, so nothing stops; but write "
                               "store = \"%s\"; into %s/dialtone.conf yourself",
                               why, url, cli->dir);
}

static int copy(const struct cli *cli, const char *url, const char *password_file)
{
    char error[512] = "";
    struct store_copied copied;
    struct store_copy asked = {
        .dir = cli->dir, .url = url, .say = cli->is_json ? NULL : say_progress};
    if (database_is_server(cli->dir)) {
        return cli_fail(cli, "%s keeps its ledger in PostgreSQL already", cli->dir);
    }
    if (!config_keep_password(cli->dir, password_file, error, sizeof(error))) {
        return cli_fail(cli, "%s", error);
    }
    enum store_result result = store_copy(&asked, &copied, error, sizeof(error));
    if (result == STORE_OK) {
        return say_copied(cli, url, &copied);
    }
    return result == STORE_UNKNOWN
               ? cli_unknown(cli, "%s. The ledger is where it was; repeat it.", error)
               : cli_fail(cli, "%s. The ledger is where it was.", error);
}

static int run_copy(const struct command *command, const struct args *args)
{
    struct cli cli;
    const char *url = args_value(args, "--to");
    if (args->word_count > 1) {
        return cli_usage(command, "one directory, please");
    }
    if (url == NULL || !is_url(url)) {
        return cli_usage(command, "say where: --to postgresql://USER@HOST/DATABASE");
    }
    if (!cli_begin(&cli, command, args, 0)) {
        return COMMAND_USAGE;
    }
    int status = copy(&cli, url, args_value(args, "--to-password"));
    cli_done(&cli);
    return status;
}

static const struct args_known copy_known[] = {
    ARG("--to", "URL", "postgresql://USER@HOST/DATABASE, an empty database"),
    ARG("--to-password", "FILE", "the password of that user, one line; kept in DIR"),
    COMMAND_DIR,
    COMMAND_JSON,
    COMMAND_HELP,
    COMMAND_END};

const struct command cli_db_commands[] = {
    {
        .name = "db copy",
        .group = "Look after",
        .what = "move the ledger into PostgreSQL, while it runs",
        .usage = "db copy [DIR] --to URL [--to-password FILE] [--json]",
        .help =
            "All of dialtone.db is copied while calls go on, then what was written meanwhile,\n"
            "and the last rows while nobody else can write. In that moment the file is marked:\n"
            "what has it open goes on in PostgreSQL, and dialtone.conf says so. When anything\n"
            "fails before, the ledger is where it was, and the command may be repeated.\n"
            "dialtone.db stays, and is not written any more.",
        .options = copy_known,
        .run = run_copy,
    },
    COMMANDS_END,
};
