#include "node/cli.h"

#include "net/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE_US 3000000
#define FILE_SIZE_MAX (256 << 20)

static void say(const struct command *command, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void say(const struct command *command, const char *format, va_list args)
{
    fprintf(stderr, "dialtone %s: ", command->name);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

int cli_usage(const struct command *command, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(command, format, args);
    va_end(args);
    fprintf(stderr, "See: dialtone help %s\n", command->name);
    return COMMAND_USAGE;
}

int cli_fail(const struct cli *cli, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(cli->command, format, args);
    va_end(args);
    return COMMAND_FAILED;
}

int cli_unknown(const struct cli *cli, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(cli->command, format, args);
    va_end(args);
    return COMMAND_UNKNOWN;
}

void cli_say(const struct cli *cli, json_t *answer, const char *format, ...)
{
    va_list args;
    if (cli->is_json) {
        cli_print_json(answer);
    } else {
        va_start(args, format);
        vprintf(format, args);
        va_end(args);
        putchar('\n');
        fflush(stdout);
    }
    json_decref(answer);
}

/* ---- which installation ---- */

static bool has_conf(const char *dir)
{
    char path[CLI_DIR_SIZE + 20];
    snprintf(path, sizeof(path), "%s/dialtone.conf", dir);
    return access(path, F_OK) == 0;
}

static const char *choose_dir(const struct args *args, int dir_word)
{
    const char *dir = dir_word < 0 ? NULL : args_word(args, dir_word);
    if (dir == NULL) {
        dir = args_value(args, "--dir");
    }
    if (dir == NULL) {
        dir = getenv("DIALTONE_DIR");
    }
    if (dir == NULL && has_conf("demo")) {
        dir = "demo";
    }
    return dir;
}

bool cli_begin(struct cli *cli, const struct command *command, const struct args *args,
               int dir_word)
{
    const char *dir = choose_dir(args, dir_word);
    memset(cli, 0, sizeof(*cli));
    cli->command = command;
    cli->args = args;
    cli->is_json = args_has(args, "--json");
    if (dir == NULL) {
        (void)cli_usage(command, "which installation? Name it by --dir DIR or in $DIALTONE_DIR.");
        return false;
    }
    if (!slice_copy_text(slice_from_text(dir), cli->dir, sizeof(cli->dir))) {
        (void)cli_usage(command, "the directory's name is too long");
        return false;
    }
    if (!has_conf(dir)) {
        (void)cli_fail(cli, "%s is no installation (%s). Make one: dialtone init %s", dir,
                       errno == ENOENT ? "it has no dialtone.conf" : strerror(errno), dir);
        return false;
    }
    snprintf(cli->run_dir, sizeof(cli->run_dir), "%s/run", cli->dir);
    cli->names = json_object();
    return cli->names != NULL;
}

void cli_done(struct cli *cli)
{
    json_decref(cli->names);
    cli->names = NULL;
    explicit_bzero(cli->key, sizeof(cli->key));
}

bool cli_is_running(const struct cli *cli)
{
    char path[CLI_DIR_SIZE + 16];
    snprintf(path, sizeof(path), "%s/run.lock", cli->dir);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool is_free = flock(fd, LOCK_SH | LOCK_NB) == 0;
    close(fd);
    return !is_free;
}

int cli_hold(const char *dir)
{
    char path[CLI_DIR_SIZE + 16];
    snprintf(path, sizeof(path), "%s/run.lock", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* ---- control sockets ---- */

static enum control_result ask(struct cli *cli, const char *socket, const char *command,
                               const json_t *members, json_t **answer)
{
    struct control_client *client = control_client_new(cli->run_dir, socket);
    if (client == NULL) {
        return CONTROL_UNKNOWN;
    }
    enum control_result result = control_client_ask(client, command, members, PATIENCE_US, answer);
    if (result == CONTROL_OK && !cli->is_json) {
        cli_make_harmless(*answer);
    }
    control_client_free(client);
    return result;
}

void cli_make_harmless(json_t *value)
{
    const char *name;
    json_t *below;
    size_t index;
    if (json_is_object(value)) {
        json_object_foreach(value, name, below)
        {
            cli_make_harmless(below);
        }
    } else if (json_is_array(value)) {
        json_array_foreach(value, index, below)
        {
            cli_make_harmless(below);
        }
    } else if (json_is_string(value)) {
        for (char *c = (char *)(uintptr_t)json_string_value(value); *c != '\0'; c++) {
            bool is_c1 = (unsigned char)c[0] == 0xc2 && (unsigned char)c[1] >= 0x80 &&
                         (unsigned char)c[1] < 0xa0;
            if (is_c1) {
                c[0] = '?'; /* two bytes of UTF-8: both go */
                c[1] = '?';
            } else if ((unsigned char)*c < ' ' || *c == 127) {
                *c = '?';
            }
        }
    }
}

json_t *cli_ask_quietly(struct cli *cli, const char *socket, const char *command)
{
    json_t *answer = NULL;
    if (ask(cli, socket, command, NULL, &answer) == CONTROL_OK) {
        json_object_del(answer, "id");
        json_object_del(answer, "ok");
        return answer;
    }
    json_decref(answer);
    return NULL;
}

json_t *cli_ask(struct cli *cli, const char *socket, const char *command, const json_t *members,
                int *status)
{
    json_t *answer = NULL;
    switch (ask(cli, socket, command, members, &answer)) {
    case CONTROL_OK:
        json_object_del(answer, "id");
        json_object_del(answer, "ok");
        return answer;
    case CONTROL_REFUSED: {
        const char *error = json_string_value(json_object_get(answer, "error"));
        const char *code = json_string_value(json_object_get(answer, "code"));
        *status = code != NULL && strcmp(code, "unknown") == 0
                      ? cli_unknown(cli, "%s", error == NULL ? "no clear answer" : error)
                      : cli_fail(cli, "%s", error == NULL ? "refused" : error);
        json_decref(answer);
        return NULL;
    }
    case CONTROL_UNKNOWN:
    case CONTROL_QUIET:
        break;
    }
    *status =
        cli_is_running(cli)
            ? cli_unknown(cli, "%s/%s does not answer. Try again; see `dialtone status %s`.",
                          cli->run_dir, socket, cli->dir)
            : cli_unknown(cli, "%s is not running. Start it: dialtone run %s", cli->dir, cli->dir);
    return NULL;
}

/* ---- files ---- */

char *cli_read_file(const struct cli *cli, const char *path, size_t *size)
{
    struct stat found;
    FILE *file = fopen(path, "rb");
    bool is_file = file != NULL && fstat(fileno(file), &found) == 0 && S_ISREG(found.st_mode);
    if (!is_file || found.st_size > FILE_SIZE_MAX) {
        (void)cli_fail(cli, "%s cannot be read: %s", path,
                       file == NULL ? strerror(errno)
                       : is_file    ? "it is too large"
                                    : "it is no file");
        if (file != NULL) {
            fclose(file);
        }
        return NULL;
    }
    char *text = malloc((size_t)found.st_size + 1);
    size_t got = text == NULL ? 0 : fread(text, 1, (size_t)found.st_size, file);
    fclose(file);
    if (text == NULL || got != (size_t)found.st_size) {
        (void)cli_fail(cli, "%s cannot be read to its end", path);
        free(text);
        return NULL;
    }
    text[got] = '\0';
    *size = got;
    return text;
}
