/* cli_dir.c - what is done to the directory itself, whether it runs or not: audit, backup, restore,
 * operators of the console. */
#include "node/cli.h"

#include "api/secret.h"
#include "node/database.h"
#include "node/init.h"
#include "node/recover.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_US 10000000
#define SHOWN_MAX 100 /* of what is wrong; a table that is torn can have millions */

static struct store *open_store(const struct cli *cli)
{
    struct store_options options = {.dir = cli->dir, .deadline_us = PATIENCE_US};
    char why[512] = "";
    struct store *store = database_new(&options, why, sizeof(why));
    if (store == NULL) {
        fprintf(stderr, "dialtone: %s\n", why);
    }
    return store;
}

/* ---- audit ---- */

static void note_wrong(void *ctx, const char *text)
{
    json_t *wrong = ctx;
    if (json_array_size(wrong) < SHOWN_MAX) {
        json_array_append_new(wrong, json_string(text));
    }
}

static int print_audit(const struct cli *cli, enum store_result result, const char *error,
                       uint64_t transfers, uint64_t wrong_count, const json_t *wrong)
{
    bool is_known = result == STORE_OK;
    bool is_clean = is_known && wrong_count == 0;
    if (cli->is_json) {
        json_t *answer = json_pack("{s:s,s:b,s:I,s:I,s:O}", "state",
                                   is_clean   ? "clean"
                                   : is_known ? "wrong"
                                              : "unknown",
                                   "clean", is_clean, "transfers", (json_int_t)transfers,
                                   "wrong_count", (json_int_t)wrong_count, "wrong", wrong);
        if (!is_known) {
            json_object_set_new(answer, "error", json_string(error));
        }
        cli_print_json(answer);
        json_decref(answer);
    } else if (is_clean) {
        printf("The books of %s are clean: %" PRIu64 " entries.\n", cli->dir, transfers);
    } else if (is_known) {
        size_t index;
        json_t *text;
        json_array_foreach((json_t *)(uintptr_t)wrong, index, text)
        {
            printf("wrong: %s\n", json_string_value(text));
        }
        printf("The books of %s are NOT clean: %" PRIu64 " things are wrong in %" PRIu64
               " entries.\n",
               cli->dir, wrong_count, transfers);
    }
    if (!is_known) {
        return cli_unknown(cli, "no clear answer: %s. Nothing is known to be wrong; try again.",
                           error);
    }
    return is_clean ? COMMAND_OK : COMMAND_FAILED;
}

static int run_audit(const struct command *command, const struct args *args)
{
    struct cli cli;
    uint64_t transfers = 0;
    uint64_t wrong_count = 0;
    if (args->word_count > 1) {
        return cli_usage(command, "one directory, please");
    }
    if (!cli_begin(&cli, command, args, 0)) {
        return COMMAND_USAGE;
    }
    struct store *store = open_store(&cli);
    json_t *wrong = json_array();
    enum store_result result =
        store == NULL ? STORE_UNKNOWN
                      : ledger_audit(store, note_wrong, wrong, &transfers, &wrong_count);
    int status = print_audit(&cli, result, store == NULL ? "no memory" : store_error(store),
                             transfers, wrong_count, wrong);
    json_decref(wrong);
    store_free(store);
    cli_done(&cli);
    return status;
}

/* ---- backup and restore ---- */

static void say_copied(const struct cli *cli, bool is_backup, const char *file)
{
    json_t *answer = json_pack("{s:s,s:s}", "dir", cli->dir, is_backup ? "copy" : "restored", file);
    if (is_backup) {
        cli_say(cli, answer, "%s is a copy of the database of %s.", file, cli->dir);
        return;
    }
    cli_say(cli, answer,
            "The database of %s is that of %s now; the old one is kept beside it.\n"
            "Put back what came after it, before you start: dialtone ledger recover %s",
            cli->dir, file, cli->dir);
}

static int run_copy(const struct command *command, const struct args *args)
{
    bool is_backup = strcmp(command->name, "backup") == 0;
    struct cli cli;
    char error[512] = "";
    if (args->word_count != 2) {
        return cli_usage(command, "name the installation and a file: dialtone %s DIR FILE",
                         command->name);
    }
    if (!cli_begin(&cli, command, args, 0)) {
        return COMMAND_USAGE;
    }
    int status = COMMAND_OK;
    if (database_is_server(cli.dir)) {
        status = cli_fail(&cli,
                          "%s keeps its ledger in PostgreSQL: copy and restore it with that "
                          "(docs/databases.md)",
                          cli.dir);
    } else if (!is_backup && cli_is_running(&cli)) {
        status = cli_fail(&cli, "%s is running. Stop it first: dialtone stop %s", cli.dir, cli.dir);
    } else {
        enum store_result result =
            is_backup ? store_backup(cli.dir, args->words[1], error, sizeof(error))
                      : store_restore(cli.dir, args->words[1], error, sizeof(error));
        status = result == STORE_OK        ? COMMAND_OK
                 : result == STORE_UNKNOWN ? cli_unknown(&cli, "%s", error)
                                           : cli_fail(&cli, "%s", error);
    }
    if (status == COMMAND_OK) {
        say_copied(&cli, is_backup, args->words[1]);
    }
    cli_done(&cli);
    return status;
}

/* ---- recover ---- */

/* The edge's copy of the configuration may be newer than what was put back: now that this is the
 * ledger, it reads all of it again. */
static void forget_copy(const struct cli *cli)
{
    char path[CLI_DIR_SIZE + 24];
    snprintf(path, sizeof(path), "%s/edge/config.log", cli->dir);
    (void)unlink(path);
}

static int print_recovery(const struct cli *cli, const struct recover_report *report)
{
    bool is_whole = json_array_size(report->left) + report->left_out == 0 && report->damaged == 0;
    size_t index;
    json_t *text;
    if (cli->is_json) {
        json_t *answer = json_pack(
            "{s:I,s:I,s:I,s:I,s:I,s:O,s:I}", "charges_put", (json_int_t)report->charges_put,
            "requests_put", (json_int_t)report->requests_put, "requests_known",
            (json_int_t)report->requests_known, "fenced", (json_int_t)report->fenced, "damaged",
            (json_int_t)report->damaged, "left", report->left, "left_out",
            (json_int_t)report->left_out);
        cli_print_json(answer);
        json_decref(answer);
        return is_whole ? COMMAND_OK : COMMAND_FAILED;
    }
    printf("Put back: %" PRIu64 " call records with their charges, %" PRIu64
           " money requests (%" PRIu64 " were there).\n",
           report->charges_put, report->requests_put, report->requests_known);
    json_array_foreach(report->left, index, text)
    {
        printf("left: %s\n", json_string_value(text));
    }
    if (report->left_out > 0) {
        printf("left: %" PRIu64 " more, which are not named here.\n", report->left_out);
    }
    if (report->damaged > 0) {
        printf("%" PRIu64 " lines or files of the journals are damaged.\n", report->damaged);
    }
    return is_whole ? COMMAND_OK : COMMAND_FAILED;
}

static int run_recover(const struct command *command, const struct args *args)
{
    struct cli cli;
    struct recover_report report;
    char error[512];
    if (args->word_count > 1) {
        return cli_usage(command, "one directory, please");
    }
    if (!cli_begin(&cli, command, args, 0)) {
        return COMMAND_USAGE;
    }
    int lock = cli_hold(cli.dir);
    int status;
    if (lock < 0) {
        status = cli_fail(&cli, "%s is running. Stop it first: dialtone stop %s", cli.dir, cli.dir);
    } else if (recover_ledger(cli.dir, &report, error, sizeof(error))) {
        forget_copy(&cli);
        status = print_recovery(&cli, &report);
    } else {
        status = cli_unknown(&cli, "%s. What was put back stays; repeat it.", error);
    }
    if (lock >= 0) {
        json_decref(report.left);
        close(lock);
    }
    cli_done(&cli);
    return status;
}

/* ---- the death verdict ---- */

static int fence(struct cli *cli, uint64_t incarnation, const char *why)
{
    json_t *edge = cli_ask_quietly(cli, "edge.sock", "status");
    bool is_alive =
        (uint64_t)json_integer_value(json_object_get(edge, "incarnation")) == incarnation;
    const char *user = getenv("USER");
    char actor[64];
    json_decref(edge);
    if (is_alive) {
        return cli_fail(cli, "incarnation %" PRIu64 " is the edge that runs here: it is alive",
                        incarnation);
    }
    snprintf(actor, sizeof(actor), "cli:%.50s", user == NULL ? "root" : user);
    struct store *store = open_store(cli);
    enum store_result result =
        store == NULL ? STORE_UNKNOWN : ledger_fence(store, incarnation, actor, why);
    int status = COMMAND_OK;
    if (result == STORE_OK) {
        cli_say(cli, json_pack("{s:I}", "fenced", (json_int_t)incarnation),
                "Incarnation %" PRIu64 " is dead; the money that it held is free again.",
                incarnation);
    } else if (result == STORE_ABSENT || result == STORE_REFUSED) {
        status = cli_fail(cli, "%s", store_error(store));
    } else {
        status = cli_unknown(cli, "no clear answer: %s. Repeat it.",
                             store == NULL ? "no memory" : store_error(store));
    }
    store_free(store);
    return status;
}

static int run_fence(const struct command *command, const struct args *args)
{
    struct cli cli;
    uint64_t incarnation = 0;
    const char *why = args_value(args, "--why");
    if (args->word_count != 1 || why == NULL || why[0] == '\0' ||
        !slice_to_u64(slice_from_text(args->words[0]), INT64_MAX, &incarnation)) {
        return cli_usage(command, "name an incarnation by its number, and say --why");
    }
    if (!cli_begin(&cli, command, args, -1)) {
        return COMMAND_USAGE;
    }
    int status = fence(&cli, incarnation, why);
    cli_done(&cli);
    return status;
}

/* ---- operators ---- */

static int run_operator(const struct command *command, const struct args *args)
{
    struct cli cli;
    char password[INIT_PASSWORD_SIZE];
    if (args->word_count != 1 || !secret_operator_name_ok(args->words[0])) {
        return cli_usage(command, "name one operator: letters, digits, '-', '_' and '.'");
    }
    if (!cli_begin(&cli, command, args, -1)) {
        return COMMAND_USAGE;
    }
    struct store *store = open_store(&cli);
    int status = COMMAND_FAILED;
    if (store != NULL && init_password(password)) {
        enum store_result result = secret_operator_put(store, args->words[0], password, "cli");
        if (result == STORE_OK) {
            cli_say(&cli, json_pack("{s:s,s:s}", "operator", args->words[0], "password", password),
                    "Operator %s, password %s (shown only now)", args->words[0], password);
            status = COMMAND_OK;
        } else {
            status = cli_unknown(&cli, "no clear answer: %s", store_error(store));
        }
    }
    OPENSSL_cleanse(password, sizeof(password));
    store_free(store);
    cli_done(&cli);
    return status;
}

/* ---- the commands ---- */

static const struct args_known audit_known[] = {COMMAND_DIR, COMMAND_JSON, COMMAND_HELP,
                                                COMMAND_END};
static const struct args_known fence_known[] = {
    ARG("--why", "TEXT", "kept in the books with your name"), COMMAND_DIR, COMMAND_JSON,
    COMMAND_HELP, COMMAND_END};
static const struct args_known copy_known[] = {COMMAND_JSON, COMMAND_HELP, COMMAND_END};
static const struct args_known operator_known[] = {COMMAND_DIR, COMMAND_JSON, COMMAND_HELP,
                                                   COMMAND_END};

const struct command cli_dir_commands[] = {
    {
        .name = "audit",
        .group = "Look after",
        .what = "recompute the books from their entries",
        .usage = "audit [DIR] [--json]",
        .help = "Every balance from its entries, and the chain of hashes over them; while it runs\n"
                "or not. Exit status 0 only when all is clean, 1 when something is wrong (each\n"
                "thing is named), 3 when the database gives no clear answer.",
        .options = audit_known,
        .run = run_audit,
    },
    {
        .name = "backup",
        .group = "Look after",
        .what = "a consistent copy of the database, while it runs",
        .usage = "backup DIR FILE",
        .help = "FILE must not be there yet. It holds money, configuration and records; keep\n"
                "DIR/dialtone.conf and DIR/secrets beside it. Money that is set aside at the\n"
                "edge and its records come after it: DIR/edge is not part of it.",
        .options = copy_known,
        .run = run_copy,
    },
    {
        .name = "restore",
        .group = "Look after",
        .what = "put a backup in place",
        .usage = "restore DIR FILE",
        .help = "Refused while it runs. The copy is checked first; the old database is kept. Then\n"
                "`dialtone ledger recover DIR` puts back what came after the copy.",
        .options = copy_known,
        .run = run_copy,
    },
    {
        .name = "ledger recover",
        .group = "Look after",
        .what = "after a restore: put back what came after the copy",
        .usage = "ledger recover [DIR] [--json]",
        .help = "Charges from the edge's own records (35 days), top-ups and the like from the\n"
                "journal of the API. Each counts once, so it may be repeated. What cannot be put\n"
                "back is named line by line, and the exit status is 1 then: decide each by hand,\n"
                "with `dialtone adjust`. Money that the edge had set aside is free again.\n"
                "Configuration that was changed after the copy is not put back.",
        .options = audit_known,
        .run = run_recover,
    },
    {
        .name = "ledger fence",
        .group = "Look after",
        .what = "declare an edge's disk dead: what it had set aside is free again",
        .usage = "ledger fence INCARNATION --why TEXT",
        .help =
            "For an edge whose DIR/edge is lost for good. Until then its money stays set aside,\n"
            "because it might come back and say what it spent. INCARNATION is the number that\n"
            "`status --json` showed as the edge's, and that its call records carry. Records\n"
            "that turn up after all are still charged.",
        .options = fence_known,
        .run = run_fence,
    },
    {
        .name = "operator",
        .group = "API and console",
        .what = "make a console operator, or give one a new password",
        .usage = "operator NAME",
        .help = "The password is made and shown once.",
        .options = operator_known,
        .run = run_operator,
    },
    COMMANDS_END,
};
