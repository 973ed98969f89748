/* args_secret.c - passwords on a command line. */
#include "node/args.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const struct args_known *find(const struct args_known *known, const char *name)
{
    for (; known != NULL && known->name != NULL; known++) {
        if (strcmp(known->name, name) == 0) {
            return known;
        }
    }
    return NULL;
}

static bool read_line(FILE *in, char text[ARGS_SECRET_SIZE])
{
    if (fgets(text, ARGS_SECRET_SIZE, in) == NULL) {
        text[0] = '\0';
        return false;
    }
    size_t size = strcspn(text, "\r\n");
    bool is_whole = text[size] != '\0' || feof(in);
    text[size] = '\0';
    return is_whole && size > 0;
}

/* Who ends us meanwhile would keep a terminal that shows nothing: that waits for the line's end. */
static void hold_signals(sigset_t *before)
{
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGQUIT);
    sigaddset(&held, SIGTERM);
    sigaddset(&held, SIGTSTP);
    sigprocmask(SIG_BLOCK, &held, before);
}

/* From a terminal: asked for, and not shown. */
static bool read_stdin(const char *name, char text[ARGS_SECRET_SIZE])
{
    struct termios shown;
    bool is_terminal = tcgetattr(STDIN_FILENO, &shown) == 0;
    if (!is_terminal) {
        return read_line(stdin, text);
    }
    sigset_t before;
    hold_signals(&before);
    struct termios hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    fprintf(stderr, "%s: ", name + strspn(name, "-"));
    bool is_read = tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0 && read_line(stdin, text);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    fputc('\n', stderr);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return is_read;
}

static bool read_file(const char *path, char text[ARGS_SECRET_SIZE])
{
    FILE *in = fopen(path, "re");
    bool is_read = in != NULL && read_line(in, text);
    if (in != NULL) {
        fclose(in);
    }
    return is_read;
}

static bool take_file(const struct args_known *option, const char *path, char *text, char *error,
                      size_t error_size)
{
    errno = 0;
    bool is_read =
        strcmp(path, "-") == 0 ? read_stdin(option->secret_for, text) : read_file(path, text);
    if (!is_read) {
        snprintf(error, error_size, "%s: %s: %s", option->name, path,
                 errno != 0 ? strerror(errno) : "its first line is empty or too long");
    }
    return is_read;
}

static bool take_text(const struct args_known *option, const char *value, char *text, char *error,
                      size_t error_size)
{
    size_t size = strlen(value);
    if (size >= ARGS_SECRET_SIZE) {
        snprintf(error, error_size, "%s is longer than %d bytes", option->name,
                 ARGS_SECRET_SIZE - 1);
        return false;
    }
    memcpy(text, value, size + 1);
    explicit_bzero((char *)(uintptr_t)value, size); /* what the system shows of us */
    return true;
}

bool args_take_secrets(const struct args_known *known, struct args *args,
                       struct args_secrets *secrets, char *error, size_t error_size)
{
    for (int i = 0; i < args->option_count; i++) {
        const struct args_known *option = find(known, args->options[i].name);
        if (option == NULL || (!option->is_secret && option->secret_for == NULL)) {
            continue;
        }
        if (secrets->count == ARGS_SECRETS_MAX) {
            snprintf(error, error_size, "%s is given too often", option->name);
            return false;
        }
        char *text = secrets->texts[secrets->count];
        const char *value = args->options[i].value;
        bool is_taken = option->is_secret ? take_text(option, value, text, error, error_size)
                                          : take_file(option, value, text, error, error_size);
        if (!is_taken) {
            return false;
        }
        secrets->count++;
        args->options[i].name = option->is_secret ? option->name : option->secret_for;
        args->options[i].value = text;
    }
    return true;
}

void args_forget_secrets(struct args_secrets *secrets)
{
    explicit_bzero(secrets, sizeof(*secrets));
}
