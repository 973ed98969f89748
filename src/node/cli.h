/* cli.h - what the commands of the command line share: which installation, how to ask it, how to
 * print what it says. Errors go to standard error and end in what to do.
 */
#ifndef DT_NODE_CLI_H
#define DT_NODE_CLI_H

#include "base/money.h"
#include "node/command.h"

#include <jansson.h>

#define CLI_DIR_SIZE 1024
#define CLI_MAX_DEFAULT 100 /* rows of a list, without --max */

struct cli {
    const struct command *command;
    const struct args *args;
    char dir[CLI_DIR_SIZE];
    char run_dir[CLI_DIR_SIZE + 8];
    bool is_json;
    char http[96]; /* address of the API; empty: not asked yet */
    char key[64];  /* of DIR/secrets/admin.key */
    bool was_sent; /* the last request reached the API, whatever came of it */
    json_t *names; /* "accounts/1" to "acme": asked once each */
};

/* Finds the installation: a word at `dir_word` (-1: none is a directory), --dir, $DIALTONE_DIR,
 * ./demo. False: it is said. End with cli_done. */
MUST_CHECK bool cli_begin(struct cli *cli, const struct command *command, const struct args *args,
                          int dir_word);
void cli_done(struct cli *cli);

/* They print, and return the exit status that fits. */
int cli_usage(const struct command *command, const char *format, ...) PRINTF_LIKE(2, 3);
int cli_fail(const struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);
int cli_unknown(const struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);

/* What was done: the sentence, or with --json the object (taken). */
void cli_say(const struct cli *cli, json_t *answer, const char *format, ...) PRINTF_LIKE(3, 4);

/* ---- control sockets ---- */
/* Asks "edge.sock", "web.sock" or "supervisor.sock". NULL: it is said and *status is set. */
json_t *cli_ask(struct cli *cli, const char *socket, const char *command, const json_t *members,
                int *status);
/* Nothing in its texts below a space or of U+0080 to U+009F is left: what a phone sent may steer a
 * terminal. In place; NULL is harmless. */
void cli_make_harmless(json_t *value);
/* As cli_ask, but NULL without a word where nobody answers. */
json_t *cli_ask_quietly(struct cli *cli, const char *socket, const char *command);
bool cli_is_running(const struct cli *cli); /* somebody holds DIR/run.lock */
int cli_hold(const char *dir); /* holds it, until closed; -1: it runs, or cannot be written */

/* ---- the API ---- */
struct cli_url { /* a path with its query, percent-encoded */
    char text[4096];
    struct buf buf;
    bool has_query;
};
void cli_url_init(struct cli_url *url, const char *path);
void cli_url_part(struct cli_url *url, const char *part);                     /* "/" and it */
void cli_url_query(struct cli_url *url, const char *name, const char *value); /* NULL: left out */

struct cli_request {
    const char *method;
    const struct cli_url *url;
    const json_t *body;          /* borrowed; NULL: none */
    struct slice csv;            /* instead of body */
    const char *idempotency_key; /* NULL: none */
    bool is_quiet;               /* a problem is not said */
};
/* The answer as JSON (an empty object where it has no body). NULL: it is said and *status set. */
json_t *cli_call(struct cli *cli, const struct cli_request *request, int *status);
/* The answer as it came; malloc'd. NULL: it is said and *status set. */
char *cli_fetch(struct cli *cli, const struct cli_request *request, size_t *size, int *status);
json_t *cli_get(struct cli *cli, const struct cli_url *url, int *status);
/* All pages of a list up to --max rows: {"items": [...], "next": ...}. */
json_t *cli_list(struct cli *cli, const struct cli_url *url, int *status);
/* Name of a row: cli_name_of(cli, "accounts", 1). "?" where it cannot be read; kept by cli. */
const char *cli_name_of(struct cli *cli, const char *what, json_int_t id);

/* ---- printing ---- */
enum cli_format {
    CLI_TEXT = 0,
    CLI_MONEY,   /* "12.340000" as 12.34 */
    CLI_TIME,    /* wall microseconds, as local time */
    CLI_LENGTH,  /* microseconds, as 0:15 */
    CLI_ACCOUNT, /* an id, by name */
    CLI_TRUNK,
    CLI_DECK
};
struct cli_column { /* a list ends with a title of NULL */
    const char *title;
    const char *member; /* "a.b": member of a member */
    enum cli_format format;
};
void cli_print_json(const json_t *value);
void cli_print_table(struct cli *cli, const struct cli_column *columns, const json_t *items);
/* One below the other, "title  value"; columns of NULL: every member as it is called. */
void cli_print_one(struct cli *cli, const struct cli_column *columns, const json_t *object);
/* "12.3" of "12.300000", never less than two decimals. */
const char *cli_money(char text[MONEY_TEXT_SIZE], const char *amount);
void cli_time(char *out, size_t size, int64_t wall_us); /* local; "-" for 0 */

/* For files of people: the text, malloc'd with a NUL after it. NULL: it is said. */
char *cli_read_file(const struct cli *cli, const char *path, size_t *size);

#endif
