/* cli_run.c - `dialtone run`, `check`, and the hidden `role`. */
#include "node/cli.h"
#include "node/supervisor.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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
    return supervisor_run(&options);
}

/* ---- check ---- */

static int warning(const char *format, const char *what)
{
    printf("warning: ");
    printf(format, what);
    putchar('\n');
    return 1;
}

static int check_secrets(const char *dir)
{
    char path[CLI_DIR_SIZE + 16];
    struct stat found;
    snprintf(path, sizeof(path), "%s/secrets", dir);
    if (stat(path, &found) != 0) {
        return warning("%s is not there: the edge makes new keys, and every nonce is old", path);
    }
    return (found.st_mode & 077) != 0 ? warning("others can read %s: chmod -R go= it", path) : 0;
}

/* What is allowed and yet seldom meant. */
static int warn(const struct cli *cli, const struct node_config *config)
{
    int count = check_secrets(cli->dir);
    if (config->emergency_count == 0) {
        count += warning("%s", "'emergency' names no number: calls for help are calls like others");
    }
    for (int i = 0; i < config->listen_count; i++) {
        const struct config_listen *listen = &config->listen[i];
        bool is_any = strcmp(listen->host, "0.0.0.0") == 0 || strcmp(listen->host, "::") == 0;
        if (is_any && listen->advertised[0] == '\0') {
            count += warning("'listen' %s is every address: 'advertise' must say which one the "
                             "others send to",
                             listen->host);
        }
    }
    if (config->drill) {
        count += warning("%s", "'drill' is true: the database may be made to fail by a file");
    }
    return count;
}

static int check_database(const struct cli *cli)
{
    char identity[33];
    uint64_t version = 0;
    struct store_options options = {.dir = cli->dir, .deadline_us = 2000000};
    struct store *store = store_new(&options);
    enum store_result result =
        store == NULL ? STORE_UNKNOWN : store_identity(store, identity, &version);
    int status = COMMAND_OK;
    if (result != STORE_OK) {
        status = cli_unknown(cli, "the database gives no clear answer: %s",
                             store == NULL ? "no memory" : store_error(store));
    } else {
        printf("database: answers, version %llu\n", (unsigned long long)version);
    }
    store_free(store);
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
    int status;
    if (config_load(cli.dir, &config, error, sizeof(error))) {
        printf("%s/dialtone.conf: good\n", cli.dir);
        (void)warn(&cli, &config);
        status = check_database(&cli);
    } else {
        status = cli_fail(&cli, "%s", error);
    }
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
static const struct args_known check_known[] = {COMMAND_DIR, COMMAND_HELP, COMMAND_END};

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
