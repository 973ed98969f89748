/* cli_run.c - `dialtone run`, `check`, and the hidden `role`. */
#include "node/command.h"
#include "node/supervisor.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int usage(const char *command, const char *what)
{
    fprintf(stderr, "dialtone %s: %s\n", command, what);
    return COMMAND_USAGE;
}

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

static int run_run(const struct args *args)
{
    static struct supervisor_options options;
    static char dir[1024];
    char error[512];
    const char *http = args_value(args, "--http");
    const char *workers = args_value(args, "--workers");
    uint64_t count = 0;
    if (args->word_count != 1) {
        return usage("run", "name the installation: dialtone run DIR");
    }
    snprintf(dir, sizeof(dir), "%s", args->words[0]);
    options.dir = dir;
    if (!config_load(dir, &options.config, error, sizeof(error))) {
        fprintf(stderr, "dialtone run: %s\n", error);
        return COMMAND_FAILED;
    }
    if (!take_listens(args, &options.config)) {
        return usage("run", "--listen is like udp:192.0.2.1:5060 or tcp:[::1]:5060, 16 at most");
    }
    if (http != NULL &&
        !slice_copy_text(slice_from_text(http), options.config.http, sizeof(options.config.http))) {
        return usage("run", "--http is an address and a port: 127.0.0.1:8080 or [::1]:8080");
    }
    if (workers != NULL && (!slice_to_u64(slice_from_text(workers), 32, &count) || count == 0)) {
        return usage("run", "--workers is a number from 1 to 32");
    }
    options.config.workers = workers != NULL ? (int)count : options.config.workers;
    return supervisor_run(&options);
}

static const struct args_known run_known[] = {
    {"--listen", "udp:|tcp:ADDR:PORT", "where SIP is taken, instead of the file's (IPv6: [ADDR])"},
    {"--http", "ADDR:PORT", "where API and console are; port 0: any free one"},
    {"--workers", "N", "threads that carry calls (one for each processor)"},
    COMMAND_HELP,
    COMMAND_END,
};

const struct command command_run = {
    .name = "run",
    .group = "Start and stop",
    .what = "run an installation in the foreground until SIGTERM or Ctrl-C",
    .usage = "run DIR [--listen udp:|tcp:ADDR:PORT]... [--http ADDR:PORT] [--workers N]",
    .help =
        "Binds the sockets, starts the roles edge and web, and starts them again when they die.\n"
        "Prints a line when every role is ready; logs are DIR/log/ROLE.log, one JSON object a\n"
        "line. Calls end when it stops; to let them end by themselves, `dialtone drain` first.",
    .options = run_known,
    .run = run_run,
};

static int run_role(int argc, char **argv)
{
    if (argc != 2) {
        return usage("role", "started by `dialtone run`, not by hand");
    }
    return supervisor_role_main(argv[0], argv[1]);
}

const struct command command_role = {
    .name = "role",
    .what = "one role; started by `dialtone run`",
    .usage = "role NAME DIR",
    .run_raw = run_role,
};
