/* cli_run.c - `dialtone run`, `check`, and the hidden `role`. */
#include "node/cli.h"
#include "node/database.h"
#include "node/supervisor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Listening addresses of the command line are instead of those of the file. */
static bool take_listens(const struct args *args, struct node_config *config)
{
    int count = 0;
    for (int i = 0; i < args->option_count; i++) {
        if (strcmp(args->options[i].name, "--listen") != 0) {
            continue;
        }
        if (count == CONFIG_LISTEN_MAX ||
            !config_listen_parse(args->options[i].value, &config->listen[count])) {
            return false;
        }
        count++;
    }
    config->listen_count = count > 0 ? count : config->listen_count;
    return true;
}

/* Brings the database to this program's schema. A database that does not answer is no reason not to
 * start: calls go on from what is known. One of a newer program is: nothing here can read it. */
static bool upgrade(const char *dir)
{
    struct store_options options = {.dir = dir, .deadline_us = 2000000};
    int lock = cli_hold(dir);
    if (lock < 0) {
        return true; /* the supervisor says why it cannot be started */
    }
    char why[512] = "";
    struct store *store = database_new(&options, why, sizeof(why));
    enum store_result result = store == NULL ? STORE_UNKNOWN : store_migrate(store);
    if (result != STORE_OK) {
        fprintf(stderr, "dialtone run: the database: %s%s\n",
                store == NULL ? why : store_error(store),
                result == STORE_NEWER_SCHEMA ? ". Use that dialtone." : "; starting without it");
    }
    store_free(store);
    close(lock);
    return result != STORE_NEWER_SCHEMA;
}

static int run_run(const struct command *command, const struct args *args)
{
    static struct supervisor_options options;
    static char dir[1024];
    char error[512];
    const char *http = args_value(args, "--http");
    const char *workers = args_value(args, "--workers");
    uint64_t count = 0;
    if (args->word_count != 1) {
        return cli_usage(command, "name the installation: dialtone run DIR");
    }
    snprintf(dir, sizeof(dir), "%s", args->words[0]);
    options.dir = dir;
    if (!config_load(dir, &options.config, error, sizeof(error))) {
        fprintf(stderr, "dialtone run: %s\n", error);
        return COMMAND_FAILED;
    }
    if (!take_listens(args, &options.config)) {
        return cli_usage(command,
                         "--listen is like udp:192.0.2.1:5060 or tcp:[::1]:5060, 16 at most");
    }
    if (http != NULL &&
        !slice_copy_text(slice_from_text(http), options.config.http, sizeof(options.config.http))) {
        return cli_usage(command, "--http is an address and a port: 127.0.0.1:8080 or [::1]:8080");
    }
    if (workers != NULL && (!slice_to_u64(slice_from_text(workers), 32, &count) || count == 0)) {
        return cli_usage(command, "--workers is a number from 1 to 32");
    }
    options.config.workers = workers != NULL ? (int)count : options.config.workers;
    return supervisor_become(&options) && upgrade(dir) ? supervisor_run(&options) : COMMAND_FAILED;
}

/* ---- check ---- */

static void warn(json_t *warnings, const char *format, ...) PRINTF_LIKE(2, 3);

static void warn(json_t *warnings, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    json_array_append_new(warnings, json_string(text));
}

static void check_secrets(const char *dir, json_t *warnings)
{
    char path[CLI_DIR_SIZE + 16];
    struct stat found;
    snprintf(path, sizeof(path), "%s/secrets", dir);
    if (stat(path, &found) != 0) {
        warn(warnings, "%s is not there: the edge makes new keys, and every nonce is old", path);
    } else if ((found.st_mode & 077) != 0) {
        warn(warnings, "others can read %s: chmod -R go= %s", path, path);
    }
}

/* What is allowed and yet seldom meant. */
static void check_habits(const struct node_config *config, json_t *warnings)
{
    if (config->emergency_count == 0) {
        warn(warnings, "'emergency' names no number: calls for help are calls like others");
    }
    for (int i = 0; i < config->listen_count; i++) {
        const struct config_listen *listen = &config->listen[i];
        bool is_any = strcmp(listen->host, "0.0.0.0") == 0 || strcmp(listen->host, "::") == 0;
        if (is_any && listen->advertised[0] == '\0') {
            warn(warnings,
                 "'listen' on %s is every address: 'advertise' must say which one the others send "
                 "to",
                 listen->host);
        }
    }
    if (config->drill) {
        warn(warnings, "'drill' is true: a file may make the database fail");
    }
}

static int check_database(const struct cli *cli, uint64_t *version)
{
    char identity[33];
    struct store_options options = {.dir = cli->dir, .deadline_us = 2000000};
    char why[512] = "";
    struct store *store = database_new(&options, why, sizeof(why));
    enum store_result result =
        store == NULL ? STORE_UNKNOWN : store_identity(store, identity, version);
    int status = result == STORE_OK ? COMMAND_OK
                                    : cli_unknown(cli, "the database gives no clear answer: %s",
                                                  store == NULL ? why : store_error(store));
    store_free(store);
    return status;
}

static int check_dir(const struct cli *cli, const struct node_config *config)
{
    uint64_t version = 0;
    size_t index;
    json_t *text;
    json_t *warnings = json_array();
    check_secrets(cli->dir, warnings);
    check_habits(config, warnings);
    int status = check_database(cli, &version);
    json_t *answer =
        json_pack("{s:b,s:b,s:I,s:O}", "is_configuration_good", 1, "does_database_answer",
                  status == COMMAND_OK, "version", (json_int_t)version, "warnings", warnings);
    if (!cli->is_json) {
        json_array_foreach(warnings, index, text)
        {
            printf("warning: %s\n", json_string_value(text));
        }
    }
    cli_say(cli, answer, "%s/dialtone.conf is good%s", cli->dir,
            status == COMMAND_OK ? "; the database answers" : "");
    json_decref(warnings);
    return status;
}

static int run_check(const struct command *command, const struct args *args)
{
    static struct node_config config;
    struct cli cli;
    char error[512];
    if (args->word_count > 1) {
        return cli_usage(command, "one directory, please");
    }
    if (!cli_begin(&cli, command, args, 0)) {
        return COMMAND_USAGE;
    }
    int status = config_load(cli.dir, &config, error, sizeof(error)) ? check_dir(&cli, &config)
                                                                     : cli_fail(&cli, "%s", error);
    cli_done(&cli);
    return status;
}

/* ---- processes that are not for people ---- */

static int run_role(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "dialtone role: started by `dialtone run`, not by hand\n");
        return COMMAND_USAGE;
    }
    return supervisor_role_main(argv[0], argv[1]);
}

/* ---- the commands ---- */

static const struct args_known run_known[] = {
    ARG("--listen", "udp:|tcp:ADDR:PORT",
        "where SIP is taken, instead of the file's (IPv6: [ADDR])"),
    ARG("--http", "ADDR:PORT", "where API and console are; port 0: any free one"),
    ARG("--workers", "N", "threads that carry calls (one for each processor)"),
    COMMAND_HELP,
    COMMAND_END,
};
static const struct args_known check_known[] = {COMMAND_DIR, COMMAND_JSON, COMMAND_HELP,
                                                COMMAND_END};

const struct command cli_start_commands[] = {
    {
        .name = "check",
        .group = "Start and stop",
        .what = "test dialtone.conf, and whether the database answers",
        .usage = "check [DIR]",
        .help = "Names the line and what is wrong. Exit status 0: it can be started so.",
        .options = check_known,
        .run = run_check,
    },
    {
        .name = "run",
        .group = "Start and stop",
        .what = "run an installation in the foreground until SIGTERM or Ctrl-C",
        .usage = "run DIR [--listen udp:|tcp:ADDR:PORT]... [--http ADDR:PORT] [--workers N]",
        .help =
            "Binds the sockets, starts the roles edge and web, and starts them again when they\n"
            "die. Prints a line when every role is ready; logs are DIR/log/ROLE.log, one JSON\n"
            "object a line. Stops within 5 seconds; to let calls end by themselves before:\n"
            "`dialtone drain --wait`.",
        .options = run_known,
        .run = run_run,
    },
    {
        .name = "role",
        .what = "one role; started by `dialtone run`",
        .usage = "role NAME DIR",
        .run_raw = run_role,
    },
    COMMANDS_END,
};
