/* cli_rows.h - verbs for rows of the configuration; cli_kinds.c says which kinds there are. */
#ifndef DT_NODE_CLI_ROWS_H
#define DT_NODE_CLI_ROWS_H

#include "node/cli.h"

struct cli_kind {            /* of rows: the ctx of its commands */
    const char *noun;        /* "account" */
    const char *path;        /* "/v1/accounts" */
    const char *name_member; /* what the word after "add" is in the API; NULL: there is none */
    const struct cli_column *list, *show;
};

int cli_rows_list(const struct command *command, const struct args *args);
int cli_rows_show(const struct command *command, const struct args *args);
int cli_rows_add(const struct command *command, const struct args *args);
int cli_rows_set(const struct command *command, const struct args *args);
int cli_rows_remove(const struct command *command, const struct args *args);
int cli_rows_suspension(const struct command *command, const struct args *args);
int cli_rows_endpoint_show(const struct command *command, const struct args *args);
int cli_rows_endpoint_add(const struct command *command, const struct args *args);

#endif
