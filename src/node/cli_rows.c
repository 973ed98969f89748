/* cli_rows.c - accounts, endpoints, trunks, numbers, routes and keys: five verbs, one table each.
 */
#include "node/cli_rows.h"

#include "node/init.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- options as members ---- */

static bool add_count(json_t *body, const struct args_known *known, const char *value)
{
    uint64_t count;
    bool is_below = value[0] == '-';
    if (!slice_to_u64(slice_from_text(value + is_below), 1000000000, &count)) {
        return false;
    }
    json_int_t number = (json_int_t)count;
    return json_object_set_new(body, known->member, json_integer(is_below ? -number : number)) == 0;
}

static bool add_to_list(json_t *body, const struct args_known *known, const char *value)
{
    json_t *list = json_object_get(body, known->member);
    if (list == NULL) {
        list = json_array();
        json_object_set_new(body, known->member, list);
    }
    return strcmp(value, "none") == 0 || json_array_append_new(list, json_string(value)) == 0;
}

static bool add_member(json_t *body, const struct args_known *known, const char *value)
{
    bool is_none = strcmp(value, "none") == 0;
    switch (known->kind) {
    case ARGS_NO_MEMBER:
        return true;
    case ARGS_TEXT_OR_NULL:
    case ARGS_COUNT_OR_NULL:
        if (is_none) {
            return json_object_set_new(body, known->member, json_null()) == 0;
        }
        return known->kind == ARGS_COUNT_OR_NULL
                   ? add_count(body, known, value)
                   : json_object_set_new(body, known->member, json_string(value)) == 0;
    case ARGS_TEXT:
        return json_object_set_new(body, known->member, json_string(value)) == 0;
    case ARGS_COUNT:
        return add_count(body, known, value);
    case ARGS_YES_NO:
        return (strcmp(value, "yes") == 0 || strcmp(value, "no") == 0) &&
               json_object_set_new(body, known->member, json_boolean(value[0] == 'y')) == 0;
    case ARGS_LIST:
        return add_to_list(body, known, value);
    }
    return false;
}

/* False: it is said; *status is set. */
static bool add_options(const struct cli *cli, json_t *body, int *status)
{
    for (int i = 0; i < cli->args->option_count; i++) {
        const struct args_known *known = cli->command->options;
        while (strcmp(known->name, cli->args->options[i].name) != 0) {
            known++;
        }
        if (known->member != NULL && !add_member(body, known, cli->args->options[i].value)) {
            *status = cli_usage(cli->command, "%s takes %s", known->name, known->value);
            return false;
        }
    }
    return true;
}

/* ---- verbs ---- */

static const struct cli_kind *kind_of(const struct command *command)
{
    return command->ctx;
}

static void url_of(const struct cli *cli, const struct cli_kind *kind, struct cli_url *url)
{
    cli_url_init(url, kind->path);
    if (cli->args->word_count > 0) {
        cli_url_part(url, cli->args->words[0]);
    }
}

static bool begin(struct cli *cli, const struct command *command, const struct args *args,
                  int words)
{
    const struct cli_kind *kind = kind_of(command);
    if (args->word_count != words) {
        (void)cli_usage(command, words == 0 ? "that is one word too many" : "name one %s",
                        kind->noun);
        return false;
    }
    return cli_begin(cli, command, args, -1);
}

static void print_row(struct cli *cli, const json_t *answer)
{
    if (answer != NULL && cli->is_json) {
        cli_print_json(answer);
    } else if (answer != NULL) {
        cli_print_one(cli, kind_of(cli->command)->show, answer);
    }
}

int cli_rows_list(const struct command *command, const struct args *args)
{
    struct cli cli;
    struct cli_url url;
    int status = COMMAND_OK;
    if (!begin(&cli, command, args, 0)) {
        return COMMAND_USAGE;
    }
    url_of(&cli, kind_of(command), &url);
    cli_url_query(&url, "account", args_value(args, "--account"));
    cli_url_query(&url, "parent", args_value(args, "--parent"));
    json_t *answer = cli_list(&cli, &url, &status);
    const json_t *items = json_object_get(answer, "items");
    if (answer != NULL && cli.is_json) {
        cli_print_json(answer);
    } else if (answer != NULL) {
        cli_print_table(&cli, kind_of(command)->list, items);
        if (json_array_size(items) == 0) {
            printf("There is no %s.\n", kind_of(command)->noun);
        } else if (json_is_string(json_object_get(answer, "next"))) {
            printf("... and more: --max COUNT\n");
        }
    }
    json_decref(answer);
    cli_done(&cli);
    return status;
}

int cli_rows_show(const struct command *command, const struct args *args)
{
    struct cli cli;
    struct cli_url url;
    int status = COMMAND_OK;
    if (!begin(&cli, command, args, 1)) {
        return COMMAND_USAGE;
    }
    url_of(&cli, kind_of(command), &url);
    json_t *answer = cli_get(&cli, &url, &status);
    print_row(&cli, answer);
    json_decref(answer);
    cli_done(&cli);
    return status;
}

static int send(struct cli *cli, const char *method, const struct cli_url *url, const json_t *body)
{
    int status = COMMAND_OK;
    struct cli_request request = {.method = method, .url = url, .body = body};
    json_t *answer = cli_call(cli, &request, &status);
    print_row(cli, answer);
    json_decref(answer);
    return status;
}

int cli_rows_add(const struct command *command, const struct args *args)
{
    const struct cli_kind *kind = kind_of(command);
    struct cli cli;
    struct cli_url url;
    int status = COMMAND_OK;
    if (!begin(&cli, command, args, kind->name_member == NULL ? 0 : 1)) {
        return COMMAND_USAGE;
    }
    json_t *body = json_object();
    if (kind->name_member != NULL) {
        json_object_set_new(body, kind->name_member, json_string(args->words[0]));
    }
    cli_url_init(&url, kind->path);
    status = add_options(&cli, body, &status) ? send(&cli, "POST", &url, body) : status;
    json_decref(body);
    cli_done(&cli);
    return status;
}

int cli_rows_set(const struct command *command, const struct args *args)
{
    struct cli cli;
    struct cli_url url;
    int status = COMMAND_OK;
    if (!begin(&cli, command, args, 1)) {
        return COMMAND_USAGE;
    }
    json_t *body = json_object();
    url_of(&cli, kind_of(command), &url);
    if (add_options(&cli, body, &status)) {
        status = json_object_size(body) == 0
                     ? cli_usage(command, "say what to change, by one or more of the options")
                     : send(&cli, "PATCH", &url, body);
    }
    json_decref(body);
    cli_done(&cli);
    return status;
}

int cli_rows_remove(const struct command *command, const struct args *args)
{
    struct cli cli;
    struct cli_url url;
    int status = COMMAND_OK;
    if (!begin(&cli, command, args, 1)) {
        return COMMAND_USAGE;
    }
    url_of(&cli, kind_of(command), &url);
    struct cli_request request = {.method = "DELETE", .url = &url};
    json_t *answer = cli_call(&cli, &request, &status);
    if (answer != NULL) {
        cli_say(&cli, json_pack("{s:s}", "removed", args->words[0]), "%s %s is %s.",
                kind_of(command)->noun, args->words[0],
                strcmp(command->name, "key revoke") == 0 ? "revoked" : "removed");
    }
    json_decref(answer);
    cli_done(&cli);
    return status;
}

/* ---- what only accounts and endpoints have ---- */

int cli_rows_suspension(const struct command *command, const struct args *args)
{
    bool is_suspend = strcmp(command->name, "account suspend") == 0;
    const char *why = args_value(args, "--why");
    const char *rule = args_value(args, "--rule");
    const char *lasts = args_value(args, "--for");
    uint64_t lasts_s = 0;
    struct cli cli;
    struct cli_url url;
    if ((rule == NULL) != (lasts == NULL) ||
        (lasts != NULL && !slice_to_u64(slice_from_text(lasts), INT32_MAX, &lasts_s))) {
        return cli_usage(command, "--rule NAME and --for SECONDS go together");
    }
    if (is_suspend && why == NULL) {
        return cli_usage(command, "say --why: it is kept with the account, and the caller's "
                                  "refusal names it");
    }
    if (!begin(&cli, command, args, 1)) {
        return COMMAND_USAGE;
    }
    json_t *body = is_suspend ? json_pack("{s:s}", "why", why) : NULL;
    if (rule != NULL) {
        json_object_set_new(body, "rule", json_string(rule));
        json_object_set_new(body, "for_s", json_integer((json_int_t)lasts_s));
    }
    url_of(&cli, kind_of(command), &url);
    cli_url_part(&url, "suspension");
    int status = send(&cli, is_suspend ? "PUT" : "DELETE", &url, body);
    json_decref(body);
    cli_done(&cli);
    return status;
}

static const struct cli_column binding_columns[] = {
    {"CONTACT", "uri", CLI_TEXT},
    {"FROM", "source", CLI_TEXT},
    {"DEVICE", "user_agent", CLI_TEXT},
    {"REFRESHED", "wall_refreshed_us", CLI_TIME},
    {"UNTIL", "wall_expires_us", CLI_TIME},
    {"FLOW LOST", "is_flow_lost", CLI_TEXT},
    {NULL, NULL, CLI_TEXT},
};

/* With the devices that are registered, where the edge answers. */
int cli_rows_endpoint_show(const struct command *command, const struct args *args)
{
    struct cli cli;
    struct cli_url url;
    int status = COMMAND_OK;
    if (!begin(&cli, command, args, 1)) {
        return COMMAND_USAGE;
    }
    url_of(&cli, kind_of(command), &url);
    json_t *answer = cli_get(&cli, &url, &status);
    json_t *bindings = NULL;
    if (answer != NULL) {
        cli_url_part(&url, "bindings");
        bindings = cli_get(&cli, &url, &status);
        json_t *items = json_object_get(bindings, "items");
        json_object_set_new(answer, "bindings", items == NULL ? json_null() : json_incref(items));
    }
    if (answer != NULL && !cli.is_json) {
        const json_t *items = json_object_get(answer, "bindings");
        cli_print_one(&cli, kind_of(command)->show, answer);
        printf(json_array_size(items) == 0 ? "\nNo device is registered.\n" : "\n");
        cli_print_table(&cli, binding_columns, items);
    } else if (answer != NULL) {
        cli_print_json(answer);
    }
    json_decref(bindings);
    json_decref(answer);
    cli_done(&cli);
    return status;
}

/* Without --password one is made, and shown once. */
int cli_rows_endpoint_add(const struct command *command, const struct args *args)
{
    char password[INIT_PASSWORD_SIZE];
    struct args more = *args;
    bool is_made = !args_has(args, "--password") && args->option_count < ARGS_OPTIONS_MAX;
    if (is_made) {
        if (!init_password(password)) {
            return COMMAND_FAILED;
        }
        more.options[more.option_count].name = "--password";
        more.options[more.option_count++].value = password;
    }
    int status = cli_rows_add(command, &more);
    if (is_made && status == COMMAND_OK) {
        fprintf(args_has(args, "--json") ? stderr : stdout, "password    %s (shown only now)\n",
                password);
    }
    return status;
}
