/* args.h - a command line taken apart: words and options, checked against what a command knows.
 *
 * "--name value" and "--name=value" are the same; after "--" everything is a word, and so is a
 * number below zero ("-5.00").
 */
#ifndef DT_NODE_ARGS_H
#define DT_NODE_ARGS_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARGS_WORDS_MAX 16
#define ARGS_OPTIONS_MAX 48

enum args_member { /* how the value stands in the JSON of the API */
                   ARGS_NO_MEMBER = 0,
                   ARGS_TEXT,
                   ARGS_TEXT_OR_NULL, /* "none" is null */
                   ARGS_COUNT,
                   ARGS_COUNT_OR_NULL,
                   ARGS_YES_NO,
                   ARGS_LIST /* given several times; "none" alone is the empty list */
};

struct args_known {     /* a list of these ends with a name of NULL */
    const char *name;   /* "--max" */
    const char *value;  /* what it takes, for people: "COUNT"; NULL: nothing */
    const char *what;   /* one line */
    const char *member; /* of options that are members of an API request; else NULL */
    enum args_member kind;
    bool is_secret;         /* a password: nobody else sees it in the list of processes for long */
    const char *secret_for; /* its value is a file, whose first line is the value of this option */
};

#define ARG(name_, value_, what_)                                                                  \
    {                                                                                              \
        .name = (name_), .value = (value_), .what = (what_)                                        \
    }
#define ARG_MEMBER(name_, value_, what_, member_, kind_)                                           \
    {                                                                                              \
        .name = (name_), .value = (value_), .what = (what_), .member = (member_), .kind = (kind_)  \
    }

#define ARG_SECRET(name_, value_, what_, member_)                                                  \
    {                                                                                              \
        .name = (name_), .value = (value_), .what = (what_), .member = (member_),                  \
        .kind = ARGS_TEXT, .is_secret = true                                                       \
    }
#define ARG_SECRET_FILE(name_, for_)                                                               \
    {                                                                                              \
        .name = (name_), .value = "FILE|-", .what = "the same from a file's first line, or asked", \
        .secret_for = (for_)                                                                       \
    }

struct args { /* texts are those of argv */
    const char *words[ARGS_WORDS_MAX];
    int word_count;
    struct {
        const char *name;
        const char *value;
    } options[ARGS_OPTIONS_MAX];
    int option_count;
};

/* argv without the program and the command. False: `error` is a sentence that says what to do. */
MUST_CHECK bool args_parse(int argc, char **argv, const struct args_known *known, struct args *out,
                           char *error, size_t error_size);

#define ARGS_SECRETS_MAX 4
#define ARGS_SECRET_SIZE 256

/* Passwords of a command line: each is copied into `secrets` and overwritten where it came from, so
 * that ps(1) does not show it; one from a file ("-": stdin, without echo on a terminal) becomes the
 * option that it is for. The texts of argv must be writable. False: `error` says what to do. */
struct args_secrets {
    char texts[ARGS_SECRETS_MAX][ARGS_SECRET_SIZE];
    int count;
};
MUST_CHECK bool args_take_secrets(const struct args_known *known, struct args *args,
                                  struct args_secrets *secrets, char *error, size_t error_size);
void args_forget_secrets(struct args_secrets *secrets);

const char *args_word(const struct args *args, int index);         /* NULL: not there */
const char *args_value(const struct args *args, const char *name); /* the last one; NULL: none */
bool args_has(const struct args *args, const char *name);

/* How many letters to change, add or drop to make b of a: to guess what was meant. */
size_t args_distance(const char *a, const char *b);

#endif
