/* cli_money.c - money in and out of accounts: each request has a key, so that a repeat counts once.
 */
#include "node/cli.h"

#include "api/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEY_BYTES 12
#define KEY_MAX 79 /* bytes of an idempotency key, as the API takes it */

static void account_url(struct cli_url *url, const char *account, const char *what)
{
    cli_url_init(url, "/v1/accounts");
    cli_url_part(url, account);
    cli_url_part(url, what);
}

/* ---- requests that move money ---- */

static bool make_key(char *key, size_t size)
{
    uint8_t bytes[KEY_BYTES];
    char hex[2 * KEY_BYTES + 1] = {0};
    if (!secret_random(bytes, sizeof(bytes))) {
        return false;
    }
    slice_hex(hex, bytes, sizeof(bytes));
    snprintf(key, size, "cli-%s", hex);
    return true;
}

/* Words: an account and an amount; of a transfer: from, to, an amount. */
static json_t *make_body(const struct args *args, uint64_t transfer)
{
    bool has_to = args->word_count == 3;
    json_t *body = json_pack("{s:s}", "amount", args->words[has_to ? 2 : 1]);
    if (has_to) {
        json_object_set_new(body, "to", json_string(args->words[1]));
    }
    const char *reason = args_value(args, "--reason");
    if (reason != NULL) {
        json_object_set_new(body, "reason", json_string(reason));
    }
    const char *expires = args_value(args, "--expires");
    if (expires != NULL) {
        json_object_set_new(body, "expires_at", json_string(expires));
    }
    if (transfer != 0) {
        json_object_set_new(body, "transfer", json_integer((json_int_t)transfer));
    }
    return body;
}

static void print_moved(const struct cli *cli, const json_t *answer)
{
    char amount[MONEY_TEXT_SIZE];
    char balance[MONEY_TEXT_SIZE];
    const char *moved = json_string_value(json_object_get(answer, "amount"));
    const char *after = json_string_value(json_object_get(answer, "balance"));
    printf("%s %s to %s: entry %lld%s, balance of %s %s\n", cli->command->name,
           cli_money(amount, moved == NULL ? "?" : moved),
           cli->args->words[cli->args->word_count - 2],
           (long long)json_integer_value(json_object_get(answer, "transfer")),
           json_is_true(json_object_get(answer, "is_repeat")) ? " (booked before, not again)" : "",
           cli->args->words[0], cli_money(balance, after == NULL ? "?" : after));
}

/* The ctx is the last part of the path: "topups". */
static int run_money(const struct command *command, const struct args *args)
{
    struct cli cli;
    struct cli_url url;
    char made[80];
    const char *key = args_value(args, "--key");
    const char *transfer = args_value(args, "--transfer");
    uint64_t number = 0;
    int status = COMMAND_OK;
    bool is_transfer = strcmp(command->ctx, "transfers") == 0;
    if (args->word_count != (is_transfer ? 3 : 2)) {
        return cli_usage(command, "name an account%s and an amount: dialtone %s acme%s 25.00",
                         is_transfer ? ", another" : "", command->name,
                         is_transfer ? " acme-shop" : "");
    }
    if (transfer != NULL && !slice_to_u64(slice_from_text(transfer), INT64_MAX, &number)) {
        return cli_usage(command, "--transfer is the number of an entry: see dialtone statement");
    }
    if (key != NULL && (key[0] == '\0' || strlen(key) > KEY_MAX)) {
        return cli_usage(command, "--key is a text of 1 to %d bytes", KEY_MAX);
    }
    if (!cli_begin(&cli, command, args, -1)) {
        return COMMAND_USAGE;
    }
    if (key == NULL && make_key(made, sizeof(made))) {
        key = made;
    }
    account_url(&url, args->words[0], command->ctx);
    json_t *body = make_body(args, number);
    struct cli_request request = {
        .method = "POST", .url = &url, .body = body, .idempotency_key = key};
    json_t *answer = cli_call(&cli, &request, &status);
    if (answer != NULL && cli.is_json) {
        cli_print_json(answer);
    } else if (answer != NULL) {
        print_moved(&cli, answer);
    } else if (status == COMMAND_UNKNOWN && cli.was_sent) {
        fprintf(stderr, "It may have been booked. Repeat it with --key %s, and it counts once.\n",
                key);
    }
    json_decref(answer);
    json_decref(body);
    cli_done(&cli);
    return status;
}

/* ---- what there is ---- */

static const struct cli_column balance_columns[] = {
    {"account", "name", CLI_TEXT},
    {"balance", "balance", CLI_MONEY},
    {"set aside for calls", "leased", CLI_MONEY},
    {"available", "available", CLI_MONEY},
    {"of it credit that expires", "promotional", CLI_MONEY},
    {"locked", "locked", CLI_MONEY},
    {"locked by", "lock.by", CLI_TEXT},
    {"locked because", "lock.why", CLI_TEXT},
    {"locked until", "lock.wall_until_us", CLI_TIME},
    {"currency", "currency", CLI_TEXT},
    {"as of", "as_of_wall_us", CLI_TIME},
    {"stale", "is_stale", CLI_TEXT},
    {NULL, NULL, CLI_TEXT},
};

static const struct cli_column promotion_columns[] = {
    {"EXPIRES", "wall_expires_us", CLI_TIME},
    {"LEFT", "left", CLI_MONEY},
    {"OF", "amount", CLI_MONEY},
    {"ENTRY", "transfer", CLI_TEXT},
    {NULL, NULL, CLI_TEXT},
};

static void print_balance(struct cli *cli, const json_t *answer)
{
    const json_t *promotions = json_object_get(answer, "promotions");
    cli_print_one(cli, balance_columns, answer);
    if (json_array_size(promotions) > 0) {
        printf("\n");
        cli_print_table(cli, promotion_columns, promotions);
    }
}

static int run_balance(const struct command *command, const struct args *args)
{
    struct cli cli;
    struct cli_url url;
    int status = COMMAND_OK;
    if (args->word_count != 1) {
        return cli_usage(command, "name one account");
    }
    if (!cli_begin(&cli, command, args, -1)) {
        return COMMAND_USAGE;
    }
    account_url(&url, args->words[0], "balance");
    json_t *answer = cli_get(&cli, &url, &status);
    if (answer != NULL && cli.is_json) {
        cli_print_json(answer);
    } else if (answer != NULL) {
        print_balance(&cli, answer);
    }
    json_decref(answer);
    cli_done(&cli);
    return status;
}

/* ---- a lock ---- */

static bool read_seconds(const char *text, uint64_t *seconds)
{
    return text == NULL || slice_to_u64(slice_from_text(text), INT32_MAX, seconds);
}

/* The ctx: the amount of `unlock`, NULL for `lock`, which names it. */
static int run_lock(const struct command *command, const struct args *args)
{
    struct cli cli;
    struct cli_url url;
    const char *amount = command->ctx;
    const char *why = args_value(args, "--why");
    const char *lasts = args_value(args, "--for");
    uint64_t lasts_s = 0;
    int status = COMMAND_OK;
    if (args->word_count != (amount == NULL ? 2 : 1)) {
        return cli_usage(command,
                         amount == NULL ? "name an account and an amount" : "name one account");
    }
    if (why == NULL || !read_seconds(lasts, &lasts_s)) {
        return cli_usage(command, "say --why; --for is a number of seconds");
    }
    if (!cli_begin(&cli, command, args, -1)) {
        return COMMAND_USAGE;
    }
    account_url(&url, args->words[0], "lock");
    json_t *body =
        json_pack("{s:s,s:s}", "amount", amount == NULL ? args->words[1] : amount, "why", why);
    if (lasts != NULL) {
        json_object_set_new(body, "for_s", json_integer((json_int_t)lasts_s));
    }
    struct cli_request request = {.method = "PUT", .url = &url, .body = body};
    json_t *answer = cli_call(&cli, &request, &status);
    if (answer != NULL && cli.is_json) {
        cli_print_json(answer);
    } else if (answer != NULL) {
        cli_print_one(&cli, balance_columns, answer);
    }
    json_decref(answer);
    json_decref(body);
    cli_done(&cli);
    return status;
}

static const struct cli_column transfer_columns[] = {
    {"ENTRY", "transfer", CLI_TEXT}, {"WHEN", "wall_us", CLI_TIME}, {"AMOUNT", "amount", CLI_MONEY},
    {"KIND", "kind", CLI_TEXT},      {"BY", "actor", CLI_TEXT},     {"REASON", "reason", CLI_TEXT},
    {"OF", "linked", CLI_TEXT},      {NULL, NULL, CLI_TEXT},
};

static int list_entries(struct cli *cli)
{
    struct cli_url url;
    int status = COMMAND_OK;
    account_url(&url, cli->args->words[0], "transfers");
    json_t *answer = cli_list(cli, &url, &status);
    const json_t *items = json_object_get(answer, "items");
    if (answer != NULL && cli->is_json) {
        cli_print_json(answer);
    } else if (answer != NULL && json_array_size(items) == 0) {
        printf("%s has no entries.\n", cli->args->words[0]);
    } else if (answer != NULL) {
        cli_print_table(cli, transfer_columns, items);
    }
    json_decref(answer);
    return status;
}

static int write_file(const struct cli *cli, const char *path, const char *data, size_t size)
{
    FILE *file = path == NULL ? stdout : fopen(path, "wb");
    bool is_written = file != NULL && fwrite(data, 1, size, file) == size;
    if (file != NULL) {
        is_written = (path == NULL ? fflush(file) : fclose(file)) == 0 && is_written;
    }
    return is_written ? COMMAND_OK
                      : cli_fail(cli, "%s cannot be written", path == NULL ? "the output" : path);
}

static int fetch_month(struct cli *cli, const char *format)
{
    struct cli_url url;
    size_t size = 0;
    int status = COMMAND_OK;
    account_url(&url, cli->args->words[0], "statement");
    cli_url_query(&url, "month", args_value(cli->args, "--month"));
    cli_url_query(&url, "format", format);
    struct cli_request request = {.method = "GET", .url = &url};
    char *data = cli_fetch(cli, &request, &size, &status);
    if (data != NULL) {
        status = write_file(cli, args_value(cli->args, "--output"), data, size);
    }
    free(data);
    return status;
}

static int run_statement(const struct command *command, const struct args *args)
{
    struct cli cli;
    bool is_month = args_value(args, "--month") != NULL;
    const char *output = args_value(args, "--output");
    const char *format = args_value(args, "--format");
    if (args->word_count != 1) {
        return cli_usage(command, "name one account");
    }
    if (!is_month && (format != NULL || output != NULL)) {
        return cli_usage(command, "--format and --output go with --month");
    }
    if (is_month && args_value(args, "--max") != NULL) {
        return cli_usage(command, "a month is whole: --max does not go with --month");
    }
    if (format != NULL && strcmp(format, "pdf") == 0 && output == NULL && isatty(STDOUT_FILENO)) {
        return cli_usage(command, "say where the PDF goes: --output FILE");
    }
    if (!cli_begin(&cli, command, args, -1)) {
        return COMMAND_USAGE;
    }
    const char *wanted = format != NULL ? format : cli.is_json ? "json" : "csv";
    int status = is_month ? fetch_month(&cli, wanted) : list_entries(&cli);
    cli_done(&cli);
    return status;
}

/* ---- low balances ---- */

static const struct cli_column low_columns[] = {
    {"WHEN", "wall_us", CLI_TIME}, {"ACCOUNT", "account", CLI_TEXT},
    {"LEFT", "left", CLI_MONEY},   {"BELOW", "below", CLI_MONEY},
    {"STATE", "state", CLI_TEXT},  {"TRIES", "attempts", CLI_TEXT},
    {"ADDED", "topup", CLI_MONEY}, {"ENTRY", "transfer", CLI_TEXT},
    {"NOTE", "note", CLI_TEXT},    {NULL, NULL, CLI_TEXT},
};

static int run_low(const struct command *command, const struct args *args)
{
    struct cli cli;
    struct cli_url url;
    int status = COMMAND_OK;
    if (args->word_count != 0) {
        return cli_usage(command, "an account is named with --account");
    }
    if (!cli_begin(&cli, command, args, -1)) {
        return COMMAND_USAGE;
    }
    cli_url_init(&url, "/v1/low-balances");
    cli_url_query(&url, "account", args_value(args, "--account"));
    json_t *answer = cli_list(&cli, &url, &status);
    const json_t *items = json_object_get(answer, "items");
    if (answer != NULL && cli.is_json) {
        cli_print_json(answer);
    } else if (answer != NULL && json_array_size(items) == 0) {
        printf("No balance fell below its threshold.\n");
    } else if (answer != NULL) {
        cli_print_table(&cli, low_columns, items);
    }
    json_decref(answer);
    cli_done(&cli);
    return status;
}

/* ---- the commands ---- */

#define COMMON COMMAND_DIR, COMMAND_JSON, COMMAND_HELP, COMMAND_END
#define KEY                                                                                        \
    ARG("--key", "TEXT", "the idempotency key (one is made): the same one again books nothing")
#define REASON ARG_MEMBER("--reason", "TEXT", "stands in the statement", "reason", ARGS_TEXT)
#define WHY_KEY                                                                                    \
    "Where no clear answer comes, repeat it with the --key that is named then: it counts once."

static const struct args_known plain[] = {COMMON};
static const struct args_known money_known[] = {REASON, KEY, COMMON};
static const struct args_known bonus_known[] = {ARG_MEMBER("--expires", "TIME",
                                                           "what is left of it then is taken back",
                                                           "expires_at", ARGS_TEXT),
                                                REASON, KEY, COMMON};
static const struct args_known refund_known[] = {ARG_MEMBER("--transfer", "NUMBER",
                                                            "the charge that is given back; needed",
                                                            "transfer", ARGS_COUNT),
                                                 REASON, KEY, COMMON};
static const struct args_known statement_known[] = {
    ARG("--month", "YYYY-MM", "the statement of that month (UTC)"),
    ARG("--format", "csv|json|pdf", "of the month (csv)"),
    ARG("--output", "FILE", "where the month is written to (it is printed)"),
    ARG("--max", "COUNT", "the newest so many (100)"),
    COMMON,
};

static const struct args_known lock_known[] = {
    ARG("--why", "TEXT", "kept with the lock"),
    ARG("--for", "SECONDS", "it ends by itself after so long"),
    COMMON,
};
static const struct args_known unlock_known[] = {
    ARG("--why", "TEXT", "kept in the history"),
    COMMON,
};

static const struct args_known low_known[] = {
    ARG("--account", "NAME", "only of this account"),
    ARG("--max", "COUNT", "the newest so many (100)"),
    COMMON,
};

const struct command cli_money_commands[] = {
    {
        .name = "topup",
        .group = "Money",
        .what = "add money that a customer paid",
        .usage = "topup ACCOUNT AMOUNT [--reason TEXT] [--key TEXT]",
        .help = WHY_KEY,
        .options = money_known,
        .ctx = "topups",
        .run = run_money,
    },
    {
        .name = "bonus",
        .group = "Money",
        .what = "add money that nobody paid, also for a time",
        .usage = "bonus ACCOUNT AMOUNT [--expires TIME] [--reason TEXT] [--key TEXT]",
        .help = "TIME is a day (2027-01-31: its first moment, UTC) or 2027-01-31T18:00:00Z. Calls "
                "use\nwhat expires first, and paid money last. What is left is taken back as an "
                "entry \"expiry\".\n" WHY_KEY,
        .options = bonus_known,
        .ctx = "bonuses",
        .run = run_money,
    },
    {
        .name = "adjust",
        .group = "Money",
        .what = "correct a balance, either way, for a reason",
        .usage = "adjust ACCOUNT AMOUNT --reason TEXT [--key TEXT]",
        .help = "AMOUNT may be below zero: dialtone adjust acme -3.50 --reason \"charged "
                "twice\"\n" WHY_KEY,
        .options = money_known,
        .ctx = "adjustments",
        .run = run_money,
    },
    {
        .name = "refund",
        .group = "Money",
        .what = "give back a charge, or a part of it",
        .usage = "refund ACCOUNT AMOUNT --transfer NUMBER [--reason TEXT] [--key TEXT]",
        .help = "NUMBER is the entry in `dialtone statement`.\n" WHY_KEY,
        .options = refund_known,
        .ctx = "refunds",
        .run = run_money,
    },
    {
        .name = "balance",
        .group = "Money",
        .what = "what an account has",
        .usage = "balance ACCOUNT",
        .help = "What is set aside for calls is the customer's until it is talked away.",
        .options = plain,
        .run = run_balance,
    },
    {
        .name = "transfer",
        .group = "Money",
        .what = "move money from an account to its sub-account, or back",
        .usage = "transfer FROM TO AMOUNT [--reason TEXT] [--key TEXT]",
        .help = "Only what is available is moved. " WHY_KEY,
        .options = money_known,
        .ctx = "transfers",
        .run = run_money,
    },
    {
        .name = "lock",
        .group = "Money",
        .what = "keep a part of a balance from being spent",
        .usage = "lock ACCOUNT AMOUNT --why TEXT [--for SECONDS]",
        .help = "It replaces the lock before it. What calls in progress hold is spent all the "
                "same; what is\nidle at edges comes back within about a second. AMOUNT may be "
                "more than there is.",
        .options = lock_known,
        .run = run_lock,
    },
    {
        .name = "unlock",
        .group = "Money",
        .what = "end the lock of a balance",
        .usage = "unlock ACCOUNT --why TEXT",
        .help = "See: dialtone help lock",
        .options = unlock_known,
        .ctx = "0",
        .run = run_lock,
    },
    {
        .name = "statement",
        .group = "Money",
        .what = "entries of an account, newest first; or one month of it, as CSV, JSON or PDF",
        .usage = "statement ACCOUNT [--max COUNT]\n"
                 "statement ACCOUNT --month YYYY-MM [--format csv|json|pdf] [--output FILE]",
        .help = "The closing balance of a month is the opening balance of the next one. The PDF "
                "sums\nup the calls by destination; CSV and JSON have each of them.",
        .options = statement_known,
        .run = run_statement,
    },
    {
        .name = "low-balances",
        .group = "Money",
        .what = "when balances fell below their thresholds, and who was told",
        .usage = "low-balances [--account NAME] [--max COUNT]",
        .help = "Thresholds are in dialtone.conf (low_balance), or of one account:\n"
                "dialtone account set acme --low-balance 5.00. STATE is open (it is still being\n"
                "told), kept (there is nobody to be told), told, topped-up, refused (the answer "
                "may\nnot add so much: see NOTE) or given-up.",
        .options = low_known,
        .run = run_low,
    },
    COMMANDS_END,
};
