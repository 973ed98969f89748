/* command.h - one command of the command line: what it is called, what it takes, what it does.
 *
 * Each is a constant in the file that carries it out; main.c lists them. Exit status: 0 done,
 * 1 refused or failed (standard error says why and what to do), 2 wrongly called, 3 not known,
 * because what was asked did not answer.
 */
#ifndef DT_NODE_COMMAND_H
#define DT_NODE_COMMAND_H

#include "node/args.h"

#define COMMAND_OK 0
#define COMMAND_FAILED 1
#define COMMAND_USAGE 2
#define COMMAND_UNKNOWN 3

struct command {
    const char *name;
    const char *group; /* heading in `dialtone help`; NULL: not listed */
    const char *what;  /* one line */
    const char *usage; /* lines, each without "dialtone " */
    const char *help;  /* paragraphs; may be NULL */
    const struct args_known *options;
    int (*run)(const struct args *args);
    int (*run_raw)(int argc, char **argv); /* instead of run: takes its command line itself */
};

/* Options that all commands about an installation take. */
#define COMMAND_DIR                                                                                \
    {                                                                                              \
        "--dir", "DIR", "the installation (else $DIALTONE_DIR, else ./demo)"                       \
    }
#define COMMAND_JSON                                                                               \
    {                                                                                              \
        "--json", NULL, "print JSON, for programs"                                                 \
    }
#define COMMAND_HELP                                                                               \
    {                                                                                              \
        "--help", NULL, "print this"                                                               \
    }
#define COMMAND_END                                                                                \
    {                                                                                              \
        NULL, NULL, NULL                                                                           \
    }

extern const struct command command_init, command_run, command_role, command_check;

#endif
