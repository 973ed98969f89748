/* main.c - the command line: finds the command, takes its options apart, runs it; help. */
#include "node/command.h"
#include "sim_main.h"

#include <stdio.h>
#include <string.h>

#define NAME_SIZE 64
#define NEAR 3 /* letters that may be wrong in a guess */

static const struct command simulate[];

static const struct command *const lists[] = {
    cli_init_commands,    cli_start_commands,  cli_live_commands,
    cli_ban_commands,     cli_record_commands, cli_reconcile_commands,
    cli_account_commands, cli_money_commands,  cli_endpoint_commands,
    cli_number_commands,  cli_trunk_commands,  cli_route_commands,
    cli_deck_commands,    cli_key_commands,    cli_usage_commands,
    cli_dir_commands,     cli_db_commands,     simulate,
};

/* ---- finding ---- */

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
        for (const struct command *at = lists[i]; at->name != NULL; at++) {
            if (strcmp(at->name, name) == 0) {
                return at;
            }
        }
    }
    return NULL;
}

/* Does a command of two words begin with this one? */
static bool is_first_word(const struct command *command, const char *word)
{
    size_t size = strlen(word);
    return strncmp(command->name, word, size) == 0 && command->name[size] == ' ';
}

static bool has_second_words(const char *word)
{
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
        for (const struct command *at = lists[i]; at->name != NULL; at++) {
            if (is_first_word(at, word)) {
                return true;
            }
        }
    }
    return false;
}

/* Of commands of two words the first one counts too: "acount list" is meant for "account list". */
static size_t distance_to(const struct command *command, const char *wanted, size_t *meant)
{
    char first[NAME_SIZE];
    size_t size = strcspn(command->name, " ");
    snprintf(first, sizeof(first), "%.*s", (int)size, command->name);
    size_t whole = args_distance(wanted, command->name);
    size_t part = args_distance(wanted, first);
    *meant = part <= whole ? size : strlen(command->name);
    return part <= whole ? part : whole;
}

static void suggest(const char *wanted)
{
    const struct command *nearest = NULL;
    size_t best = NEAR + 1;
    size_t best_size = 0;
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
        for (const struct command *at = lists[i]; at->name != NULL; at++) {
            size_t size = 0;
            size_t distance = distance_to(at, wanted, &size);
            if (at->group != NULL && distance < best) {
                best = distance;
                best_size = size;
                nearest = at;
            }
        }
    }
    fprintf(stderr, "dialtone: there is no command '%s'.", wanted);
    if (nearest != NULL) {
        fprintf(stderr, " Did you mean '%.*s'?", (int)best_size, nearest->name);
    }
    fprintf(stderr, " See: dialtone help\n");
}

/* ---- help ---- */

static void print_lines(const char *prefix, const char *text)
{
    while (text != NULL && *text != '\0') {
        size_t size = strcspn(text, "\n");
        printf("%s%.*s\n", prefix, (int)size, text);
        text += size + (text[size] == '\n' ? 1 : 0);
    }
}

static void print_options(const struct args_known *known)
{
    char left[NAME_SIZE];
    size_t width = 0;
    for (const struct args_known *at = known; at != NULL && at->name != NULL; at++) {
        size_t size = strlen(at->name) + (at->value == NULL ? 0 : strlen(at->value) + 1);
        width = size > width ? size : width;
    }
    printf("\nOptions:\n");
    for (const struct args_known *at = known; at != NULL && at->name != NULL; at++) {
        snprintf(left, sizeof(left), "%s%s%s", at->name, at->value == NULL ? "" : " ",
                 at->value == NULL ? "" : at->value);
        printf("  %-*s  %s\n", (int)width, left, at->what);
    }
}

static void print_command(const struct command *command)
{
    printf("dialtone %s: %s\n\n", command->name, command->what);
    print_lines("  dialtone ", command->usage);
    if (command->help != NULL) {
        putchar('\n');
        print_lines("", command->help);
    }
    if (command->options != NULL) {
        print_options(command->options);
    }
}

static void print_list(const char *group, const char *word)
{
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
        for (const struct command *at = lists[i]; at->name != NULL; at++) {
            bool is_wanted = word != NULL ? is_first_word(at, word)
                                          : at->group != NULL && strcmp(at->group, group) == 0;
            if (is_wanted) {
                printf("  %-17s %s\n", at->name, at->what);
            }
        }
    }
}

static void print_all(void)
{
    static const char *const groups[] = {"Start and stop", "Watch",  "Customers and carriers",
                                         "Money",          "Prices", "API and console",
                                         "Look after"};
    printf("dialtone %s: a prepaid telephone carrier in one program\n", DIALTONE_VERSION);
    for (size_t i = 0; i < ARRAY_COUNT(groups); i++) {
        printf("\n%s\n", groups[i]);
        print_list(groups[i], NULL);
    }
    printf("\nThe installation is named by --dir DIR, else by $DIALTONE_DIR, else it is ./demo.\n"
           "More: dialtone help COMMAND. Exit status: 0 done, 1 refused or failed, 2 wrongly\n"
           "called, 3 not known, because what was asked did not answer.\n");
}

static int run_help(int argc, char **argv)
{
    char name[NAME_SIZE];
    if (argc == 0) {
        print_all();
        return COMMAND_OK;
    }
    snprintf(name, sizeof(name), "%s%s%s", argv[0], argc > 1 ? " " : "", argc > 1 ? argv[1] : "");
    const struct command *command = find(name);
    command = command == NULL ? find(argv[0]) : command;
    if (command != NULL) {
        print_command(command);
    }
    if (argc == 1 && has_second_words(argv[0])) {
        printf("%sdialtone help %s COMMAND tells more of:\n", command == NULL ? "" : "\n", argv[0]);
        print_list(NULL, argv[0]);
    } else if (command == NULL) {
        suggest(name);
        return COMMAND_USAGE;
    }
    return COMMAND_OK;
}

static int run_version(int argc, char **argv)
{
    bool is_json = argc == 1 && strcmp(argv[0], "--json") == 0;
    if (argc > 0 && !is_json) {
        fprintf(stderr, "dialtone version: it takes --json and no more\n");
        return COMMAND_USAGE;
    }
    printf(is_json ? "{\"version\": \"%s\"}\n" : "dialtone %s\n", DIALTONE_VERSION);
    return COMMAND_OK;
}

static const struct command simulate[] = {
    {
        .name = "simulate",
        .group = "Look after",
        .what = "play random days of faults in virtual time and check the books",
        .usage = SIM_USAGE,
        .help = SIM_HELP,
        .run_raw = sim_main,
    },
    {.name = "help",
     .group = "Look after",
     .what = "this; or more of one command",
     .usage = "help [COMMAND]",
     .run_raw = run_help},
    {.name = "version",
     .group = "Look after",
     .what = "which dialtone this is",
     .usage = "version [--json]",
     .run_raw = run_version},
    COMMANDS_END,
};

/* ---- running ---- */

static int run(const struct command *command, int argc, char **argv)
{
    struct args args;
    char error[256];
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_command(command);
            return COMMAND_OK;
        }
    }
    if (command->run_raw != NULL) {
        return command->run_raw(argc, argv);
    }
    if (!args_parse(argc, argv, command->options, &args, error, sizeof(error))) {
        fprintf(stderr, "dialtone %s: %s\nSee: dialtone help %s\n", command->name, error,
                command->name);
        return COMMAND_USAGE;
    }
    static struct args_secrets secrets;
    int status = COMMAND_USAGE;
    if (args_take_secrets(command->options, &args, &secrets, error, sizeof(error))) {
        status = command->run(command, &args);
    } else {
        fprintf(stderr, "dialtone %s: %s\n", command->name, error);
    }
    args_forget_secrets(&secrets);
    return status;
}

int main(int argc, char **argv)
{
    char name[NAME_SIZE];
    if (argc < 2) {
        print_all();
        return COMMAND_USAGE;
    }
    if (argc > 2) {
        snprintf(name, sizeof(name), "%s %s", argv[1], argv[2]);
        const struct command *command = find(name);
        if (command != NULL) {
            return run(command, argc - 3, argv + 3);
        }
    }
    bool is_help = strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0;
    const struct command *command = find(is_help                             ? "help"
                                         : strcmp(argv[1], "--version") == 0 ? "version"
                                                                             : argv[1]);
    if (command != NULL) {
        return run(command, argc - 2, argv + 2);
    }
    if (has_second_words(argv[1])) {
        fprintf(stderr, "dialtone %s: %s%s. See: dialtone help %s\n", argv[1],
                argc > 2 ? "there is no " : "say what to do", argc > 2 ? argv[2] : "", argv[1]);
        return COMMAND_USAGE;
    }
    suggest(argv[1]);
    return COMMAND_USAGE;
}
