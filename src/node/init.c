#include "node/init.h"
#include "node/config_edit.h"

#include "api/secret.h"
#include "base/money.h"
#include "node/command.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ACTOR "init"
#define STORE_PATIENCE_US 10000000
#define LOAD_USERS_MAX 9999999 /* seven digits in their names */
#define DOMAIN_MAX 100

enum dir_state { DIR_NEW = 0, DIR_EMPTY, DIR_INSTALLATION, DIR_OTHER, DIR_UNREADABLE };

static enum dir_state look_at(const char *dir)
{
    char path[1024];
    DIR *opened = opendir(dir);
    if (opened == NULL) {
        return errno == ENOENT ? DIR_NEW : DIR_UNREADABLE;
    }
    bool is_empty = true;
    const struct dirent *entry;
    while ((entry = readdir(opened)) != NULL) {
        is_empty =
            is_empty && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                         strcmp(entry->d_name, "lost+found") == 0);
    }
    closedir(opened);
    snprintf(path, sizeof(path), "%s/dialtone.conf", dir);
    return is_empty ? DIR_EMPTY : access(path, F_OK) == 0 ? DIR_INSTALLATION : DIR_OTHER;
}

static bool make_dirs(const char *dir)
{
    static const char *const names[] = {"", "/run", "/log", "/edge", "/web", "/decks", "/secrets"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        char path[1024];
        snprintf(path, sizeof(path), "%s%s", dir, names[i]);
        if (mkdir(path, 0700) != 0 && errno != EEXIST) {
            fprintf(stderr, "dialtone init: %s cannot be made: %s\n", path, strerror(errno));
            return false;
        }
    }
    return true;
}

/* The command line's own key to the API. */
static bool make_admin_key(struct init *init)
{
    struct api_key key = {.name = "admin", .is_operator = true};
    char secret[SECRET_KEY_SIZE];
    char text[SECRET_KEY_SIZE + 1];
    if (!secret_key_make(secret)) {
        fprintf(stderr, "dialtone init: the system gives no random numbers\n");
        return false;
    }
    secret_hash(slice_from_text(secret), key.hash);
    snprintf(text, sizeof(text), "%s\n", secret);
    bool is_made = init_is_stored(init, config_put_key(init->store, &key, ACTOR), "the API key") &&
                   init_write_file(init->options->dir, "secrets/admin.key", text);
    OPENSSL_cleanse(secret, sizeof(secret));
    OPENSSL_cleanse(text, sizeof(text));
    return is_made;
}

static bool make_operator(struct init *init)
{
    return init_password(init->operator_password) &&
           init_is_stored(init,
                          secret_operator_put(init->store, "admin", init->operator_password, ACTOR),
                          "the console's operator");
}

static bool make_load(struct init *init)
{
    struct account account;
    return init_account(init, "load", init->options->load_balance_micro, 0, &account) &&
           init_endpoints(init, account.id, init->options->load_users);
}

static bool keep_password(const struct init_options *options)
{
    char why[1200];
    if (!config_keep_password(options->dir, options->store_password, why, sizeof(why))) {
        fprintf(stderr, "dialtone init: %s\n", why);
        return false;
    }
    return true;
}

/* A server may hold a ledger already: then nothing of it is made again. */
static bool join(struct init *init)
{
    char identity[33];
    uint64_t version = 0;
    init->is_further =
        init->options->store != NULL && store_identity(init->store, identity, &version) == STORE_OK;
    return init->is_further && init_write_conf(init->options);
}

static bool fill(struct init *init)
{
    if (!keep_password(init->options)) {
        return false;
    }
    if (join(init)) {
        return true;
    }
    return !init->is_further && init_is_stored(init, store_migrate(init->store), "the database") &&
           make_admin_key(init) && make_operator(init) &&
           (!init->options->is_demo || init_demo(init)) &&
           (init->options->load_users == 0 || make_load(init)) &&
           init_is_stored(init, store_checkpoint(init->store), "the database") &&
           init_write_conf(init->options);
}

static void say_what_next(const struct init *init)
{
    const struct init_options *options = init->options;
    printf("%s is ready.\n", options->dir);
    if (init->is_further) {
        printf("The database holds a ledger already; nothing in it was changed.\n");
    } else if (options->is_demo) {
        printf("What you need to look around is in %s/demo.txt.\n", options->dir);
    } else {
        printf("Console operator: admin, password %s (shown only now)\n", init->operator_password);
    }
    if (options->load_users > 0 && !init->is_further) {
        printf("%llu users, u0000000 to u%07llu, passwords pw-USER, in the account load.\n",
               (unsigned long long)options->load_users,
               (unsigned long long)options->load_users - 1);
    }
    printf("Settings are in %s/dialtone.conf. Start it: dialtone run %s\n", options->dir,
           options->dir);
}

static int make(const struct init_options *options)
{
    struct init init = {.options = options};
    struct store_options store = {.dir = options->dir,
                                  .url = options->store,
                                  .deadline_us = STORE_PATIENCE_US,
                                  .is_checkpointer = true,
                                  .may_create = true};
    if (!make_dirs(options->dir)) {
        return COMMAND_FAILED;
    }
    init.store = store_new(&store);
    bool is_made = init.store != NULL && fill(&init);
    store_free(init.store);
    if (is_made) {
        say_what_next(&init);
    } else {
        fprintf(stderr, "dialtone init: %s is half made. Remove it before you try again.\n",
                options->dir);
    }
    OPENSSL_cleanse(init.operator_password, sizeof(init.operator_password));
    return is_made ? COMMAND_OK : COMMAND_FAILED;
}

static int init_dir(const struct init_options *options, bool wants_content)
{
    switch (look_at(options->dir)) {
    case DIR_NEW:
    case DIR_EMPTY:
        return make(options);
    case DIR_INSTALLATION:
        if (!wants_content) {
            printf("%s is an installation already; nothing was changed.\n", options->dir);
            return COMMAND_OK;
        }
        fprintf(stderr,
                "dialtone init: %s is an installation already. Choose another directory, or leave "
                "the options away and add what you need by the other commands.\n",
                options->dir);
        return COMMAND_FAILED;
    case DIR_OTHER:
        fprintf(stderr,
                "dialtone init: %s has other files in it. Name a directory that is empty or not "
                "there yet.\n",
                options->dir);
        return COMMAND_FAILED;
    case DIR_UNREADABLE:
        break;
    }
    fprintf(stderr, "dialtone init: %s cannot be read: %s\n", options->dir, strerror(errno));
    return COMMAND_FAILED;
}

/* ---- the command line ---- */

static bool is_domain(const char *text)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
    size_t size = strlen(text);
    return size > 0 && size <= DOMAIN_MAX && strspn(text, letters) == size && text[0] != '-' &&
           text[0] != '.';
}

static bool wrong(const char *what)
{
    fprintf(stderr, "dialtone init: %s\n", what);
    return false;
}

static bool read_listens(const struct args *args, struct init_options *options)
{
    for (int i = 0; i < args->option_count; i++) {
        struct config_listen listen;
        if (strcmp(args->options[i].name, "--listen") != 0) {
            continue;
        }
        if (options->listen_count == INIT_LISTEN_MAX) {
            return wrong("--listen can be given 8 times; add more in dialtone.conf");
        }
        if (!config_listen_parse(args->options[i].value, &listen)) {
            return wrong("--listen is like udp:192.0.2.1:5060 or tcp:[2001:db8::1]:5060");
        }
        options->listen[options->listen_count++] = args->options[i].value;
    }
    return true;
}

static bool read_load(const struct args *args, struct init_options *options)
{
    const char *users = args_value(args, "--load-users");
    const char *balance = args_value(args, "--load-balance");
    const char *price = args_value(args, "--load-price");
    options->load_balance_micro = 1000000 * MONEY_MICRO;
    options->load_price_nano = 10 * MONEY_MICRO; /* 0.01 */
    if (users == NULL) {
        return balance == NULL && price == NULL
                   ? true
                   : wrong("--load-balance and --load-price belong to --load-users");
    }
    if (!slice_to_u64(slice_from_text(users), LOAD_USERS_MAX, &options->load_users) ||
        options->load_users == 0) {
        return wrong("--load-users is a number from 1 to 9999999");
    }
    if (balance != NULL && (!money_parse(slice_from_text(balance), &options->load_balance_micro) ||
                            options->load_balance_micro < 0)) {
        return wrong("--load-balance is an amount such as 20.00");
    }
    if (price != NULL && (!money_parse_nano(slice_from_text(price), &options->load_price_nano) ||
                          options->load_price_nano < 0)) {
        return wrong("--load-price is a price a minute such as 0.01");
    }
    return options->is_demo ? wrong("--demo and --load-users make different installations") : true;
}

static int usage(const char *what)
{
    (void)wrong(what);
    return COMMAND_USAGE;
}

static int run_init(const struct command *command, const struct args *args)
{
    (void)command;
    const char *domain = args_value(args, "--domain");
    const char *http = args_value(args, "--http");
    struct config_listen ignored;
    char with_scheme[CONFIG_ADDRESS_SIZE + 8];
    struct init_options options = {.dir = args_word(args, 0),
                                   .store = args_value(args, "--store"),
                                   .store_password = args_value(args, "--store-password"),
                                   .http = http == NULL ? "127.0.0.1:8080" : http,
                                   .is_demo = args_has(args, "--demo")};
    if (options.dir == NULL || args->word_count > 1 || strlen(options.dir) > 900) {
        return usage("name one directory: dialtone init DIR");
    }
    options.domain = domain != NULL ? domain : options.is_demo ? "demo.test" : "localhost";
    snprintf(with_scheme, sizeof(with_scheme), "tcp:%s", options.http);
    if (!is_domain(options.domain)) {
        return usage("--domain is a name such as sip.example.com");
    }
    if (!config_listen_parse(with_scheme, &ignored)) {
        return usage("--http is an address and a port: 127.0.0.1:8080 or [::1]:8080");
    }
    if (options.store != NULL && (strncmp(options.store, "postgresql://", 13) != 0 ||
                                  strpbrk(options.store, "\"\\\n") != NULL)) {
        return usage("--store is a URL: postgresql://USER@HOST/DATABASE");
    }
    if (!read_listens(args, &options) || !read_load(args, &options)) {
        return COMMAND_USAGE;
    }
    return init_dir(&options, args->option_count > 0);
}

static const struct args_known known[] = {
    ARG("--domain", "NAME", "the SIP domain (localhost); it cannot be changed later"),
    ARG("--demo", NULL, "with two customers, their phones, a carrier, a number and prices"),
    ARG("--listen", "udp:|tcp:ADDR:PORT", "where SIP is taken (udp and tcp on 127.0.0.1:5060)"),
    ARG("--http", "ADDR:PORT", "where API and console are (127.0.0.1:8080)"),
    ARG("--store", "URL", "the ledger is in PostgreSQL: postgresql://USER@HOST/DATABASE"),
    ARG("--store-password", "FILE", "the password of that user, one line; kept in DIR"),
    ARG("--load-users", "N", "with N endpoints u0000000, u0000001, ... for tests of load"),
    ARG("--load-balance", "AMOUNT", "the balance of their account (1000000.00)"),
    ARG("--load-price", "PER_MINUTE", "what a call between them costs (0.01)"),
    COMMAND_HELP,
    COMMAND_END,
};

const struct command cli_init_commands[] = {
    {
        .name = "init",
        .group = "Start and stop",
        .what = "make an installation in a directory",
        .usage = "init DIR [--domain NAME] [--demo] [--listen udp:|tcp:ADDR:PORT]... [--http "
                 "ADDR:PORT]\n"
                 "init DIR --store postgresql://USER@HOST/DATABASE [--store-password FILE]\n"
                 "init DIR --load-users N [--load-balance AMOUNT] [--load-price PER_MINUTE]",
        .help =
            "Makes DIR with dialtone.conf (read its comments), the database, the keys and a "
            "console\n"
            "operator, whose password is shown once. Everything of an installation stays under\n"
            "DIR; many can run side by side. A directory with other files in it is left alone,\n"
            "and one that is an installation already too.\n\n"
            "With --demo the files phones.conf and carrier.conf are for dialtone-phones, which\n"
            "plays the customers and the carrier; demo.txt says how to log in and what to put\n"
            "into your own softphone.",
        .options = known,
        .run = run_init,
    },
    COMMANDS_END,
};
