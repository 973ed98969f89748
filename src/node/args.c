#include "node/args.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_SIZE 48
#define NEAR 3 /* letters that may be wrong in a guess */

size_t args_distance(const char *a, const char *b)
{
    size_t row[NAME_MAX_SIZE];
    size_t b_size = strlen(b);
    if (b_size >= NAME_MAX_SIZE) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= b_size; j++) {
        row[j] = j;
    }
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t corner = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b_size; j++) {
            size_t best = corner + (a[i] == b[j] ? 0 : 1);
            corner = row[j + 1];
            best = row[j] + 1 < best ? row[j] + 1 : best;
            row[j + 1] = corner + 1 < best ? corner + 1 : best;
        }
    }
    return row[b_size];
}

static bool fail_unknown(const char *option, size_t size, const struct args_known *known,
                         char *error, size_t error_size)
{
    char name[NAME_MAX_SIZE];
    const char *nearest = NULL;
    snprintf(name, sizeof(name), "%.*s", (int)(size < sizeof(name) ? size : sizeof(name) - 1),
             option);
    for (const struct args_known *at = known; at->name != NULL; at++) {
        if (args_distance(name, at->name) <= NEAR &&
            (nearest == NULL || args_distance(name, at->name) < args_distance(name, nearest))) {
            nearest = at->name;
        }
    }
    if (nearest != NULL) {
        snprintf(error, error_size, "there is no option %s here: did you mean %s?", name, nearest);
    } else {
        snprintf(error, error_size, "there is no option %s here", name);
    }
    return false;
}

static const struct args_known *find(const char *option, size_t size,
                                     const struct args_known *known)
{
    for (const struct args_known *at = known; at->name != NULL; at++) {
        if (strlen(at->name) == size && memcmp(at->name, option, size) == 0) {
            return at;
        }
    }
    return NULL;
}

/* Takes the option at *index, and the word after it where it has a value. */
static bool take_option(int argc, char **argv, int *index, const struct args_known *known,
                        struct args *args, char *error, size_t error_size)
{
    const char *option = argv[*index];
    const char *equals = strchr(option, '=');
    size_t size = equals == NULL ? strlen(option) : (size_t)(equals - option);
    const struct args_known *at = find(option, size, known);
    if (at == NULL) {
        return fail_unknown(option, size, known, error, error_size);
    }
    const char *value = equals == NULL ? NULL : equals + 1;
    if (at->value == NULL && value != NULL) {
        snprintf(error, error_size, "%s takes no value", at->name);
        return false;
    }
    if (at->value != NULL && value == NULL) {
        if (*index + 1 >= argc) {
            snprintf(error, error_size, "%s needs a value: %s %s", at->name, at->name, at->value);
            return false;
        }
        value = argv[++*index];
    }
    if (args->option_count == ARGS_OPTIONS_MAX) {
        snprintf(error, error_size, "at most %d options are taken", ARGS_OPTIONS_MAX);
        return false;
    }
    args->options[args->option_count].name = at->name;
    args->options[args->option_count].value = value;
    args->option_count++;
    return true;
}

static bool is_option(const char *text)
{
    return text[0] == '-' && text[1] != '\0' && strchr("0123456789.", text[1]) == NULL;
}

bool args_parse(int argc, char **argv, const struct args_known *known, struct args *out,
                char *error, size_t error_size)
{
    struct args args = {.word_count = 0};
    bool is_over = false; /* "--" came */
    for (int i = 0; i < argc; i++) {
        if (!is_over && strcmp(argv[i], "--") == 0) {
            is_over = true;
        } else if (!is_over && is_option(argv[i])) {
            if (!take_option(argc, argv, &i, known, &args, error, error_size)) {
                return false;
            }
        } else if (args.word_count == ARGS_WORDS_MAX) {
            snprintf(error, error_size, "at most %d words are taken", ARGS_WORDS_MAX);
            return false;
        } else {
            args.words[args.word_count++] = argv[i];
        }
    }
    *out = args;
    return true;
}

const char *args_word(const struct args *args, int index)
{
    return index < args->word_count ? args->words[index] : NULL;
}

const char *args_value(const struct args *args, const char *name)
{
    for (int i = args->option_count - 1; i >= 0; i--) {
        if (strcmp(args->options[i].name, name) == 0) {
            return args->options[i].value;
        }
    }
    return NULL;
}

bool args_has(const struct args *args, const char *name)
{
    for (int i = 0; i < args->option_count; i++) {
        if (strcmp(args->options[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}
