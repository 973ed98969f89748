/* main.c - the command line: finds the command, takes its options apart, runs it. */
#include "node/command.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
    &command_init,
    &command_run,
    &command_role,
};

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const struct command *command = argc < 2 ? NULL : find(argv[1]);
    struct args args;
    char error[256];
    if (command == NULL) {
        fprintf(stderr, "usage: dialtone COMMAND ...\n");
        return COMMAND_USAGE;
    }
    if (command->run_raw != NULL) {
        return command->run_raw(argc - 2, argv + 2);
    }
    if (!args_parse(argc - 2, argv + 2, command->options, &args, error, sizeof(error))) {
        fprintf(stderr, "dialtone %s: %s\n", command->name, error);
        return COMMAND_USAGE;
    }
    return command->run(&args);
}
