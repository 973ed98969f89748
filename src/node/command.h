/* command.h - one command of the command line: what it is called, what it takes, what it does.
 *
 * Each is a constant in the file that carries it out; main.c lists them. Exit status: 0 done,
 * 1 refused or failed (standard error says why and what to do), 2 wrongly called, 3 not known: what
 * was asked did not answer.
 */
#ifndef DT_NODE_COMMAND_H
#define DT_NODE_COMMAND_H

#include "node/args.h"

#define COMMAND_OK 0
#define COMMAND_FAILED 1
#define COMMAND_USAGE 2
#define COMMAND_UNKNOWN 3

struct command {
    const char *name;  /* one word or two: "topup", "account add" */
    const char *group; /* heading in `dialtone help`; NULL: not listed */
    const char *what;  /* one line */
    const char *usage; /* lines, each without "dialtone " */
    const char *help;  /* paragraphs; may be NULL */
    const struct args_known *options;
    const void *ctx; /* what `run` is about, where several commands share it */
    int (*run)(const struct command *command, const struct args *args);
    int (*run_raw)(int argc, char **argv); /* instead of run: takes its command line itself */
};

/* Options that all commands about an installation take. */
#define COMMAND_DIR ARG("--dir", "DIR", "the installation (else $DIALTONE_DIR, else ./demo)")
#define COMMAND_JSON ARG("--json", NULL, "print JSON, for programs")
#define COMMAND_HELP ARG("--help", NULL, "print this")
#define COMMAND_END ARG(NULL, NULL, NULL)

/* Lists of commands end so. */
#define COMMANDS_END                                                                               \
    {                                                                                              \
        .name = NULL                                                                               \
    }

extern const struct command cli_init_commands[];  /* init */
extern const struct command cli_start_commands[]; /* run, check, role, simulate */
extern const struct command cli_live_commands[];  /* drain, restart, stop, status, calls */
extern const struct command cli_ban_commands[];   /* bans, ban, unban */
extern const struct command cli_account_commands[], cli_endpoint_commands[], cli_trunk_commands[],
    cli_number_commands[], cli_route_commands[], cli_key_commands[];
extern const struct command cli_money_commands[];     /* topup, balance, ... */
extern const struct command cli_deck_commands[];      /* deck */
extern const struct command cli_record_commands[];    /* cdr, refusals, history, explain */
extern const struct command cli_usage_commands[];     /* usage export */
extern const struct command cli_reconcile_commands[]; /* reconcile */
extern const struct command cli_dir_commands[];       /* audit, backup, restore, operator */
extern const struct command cli_db_commands[];        /* db copy */

#endif
