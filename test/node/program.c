#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 30000
#define READY_MS 10000

int64_t program_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void program_sleep_ms(int ms)
{
    struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000L};
    nanosleep(&wait, NULL);
}

/* ---- directories ---- */

void program_dir(char dir[256])
{
    const char *base = getenv("TMPDIR");
    snprintf(dir, 256, "%s/dialtone-node-XXXXXX", base == NULL ? "/tmp" : base);
    if (mkdtemp(dir) == NULL) {
        abort();
    }
}

static int remove_one(const char *path, const struct stat *found, int kind, struct FTW *where)
{
    (void)found;
    (void)kind;
    (void)where;
    return remove(path);
}

void program_remove(const char *dir)
{
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

bool program_write(const char *dir, const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    return file != NULL && fputs(text, file) >= 0 && fclose(file) == 0;
}

/* ---- one command ---- */

static void split(char *line, const char *dir, char *argv[PROGRAM_WORDS_MAX])
{
    int count = 0;
    char *rest = NULL;
    argv[count++] = (char *)(uintptr_t) "dialtone";
    for (char *word = strtok_r(line, " ", &rest); word != NULL && count < PROGRAM_WORDS_MAX - 1;
         word = strtok_r(NULL, " ", &rest)) {
        argv[count++] = strcmp(word, "%") == 0 ? (char *)(uintptr_t)dir : word;
    }
    argv[count] = NULL;
}

static pid_t spawn(char *argv[], int out_fd, int err_fd)
{
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);                    /* Ctrl-C on the tests is not for it */
        prctl(PR_SET_PDEATHSIG, SIGTERM); /* nothing outlives a test that fails */
        dup2(out_fd, STDOUT_FILENO);
        dup2(err_fd, STDERR_FILENO);
        unsetenv("DIALTONE_DIR");
        execv(PROGRAM, argv);
        _exit(127);
    }
    return pid;
}

static void take(int fd, char *text, size_t *size)
{
    char ignored[512];
    bool is_full = *size >= PROGRAM_OUT_SIZE - 1;
    ssize_t got = is_full ? read(fd, ignored, sizeof(ignored))
                          : read(fd, text + *size, PROGRAM_OUT_SIZE - 1 - *size);
    if (got > 0 && !is_full) {
        *size += (size_t)got;
        text[*size] = '\0';
    }
}

/* Reads both until both are closed. False: that took too long. */
static bool read_both(const int fds[2], struct program_output *output)
{
    size_t sizes[2] = {0, 0};
    struct pollfd polled[2] = {{.fd = fds[0], .events = POLLIN}, {.fd = fds[1], .events = POLLIN}};
    int64_t end_ms = program_now_ms() + PATIENCE_MS;
    while (polled[0].fd >= 0 || polled[1].fd >= 0) {
        int64_t left_ms = end_ms - program_now_ms();
        if (left_ms <= 0) {
            return false;
        }
        poll(polled, 2, (int)left_ms);
        for (int i = 0; i < 2; i++) {
            if ((polled[i].revents & POLLIN) != 0) {
                take(polled[i].fd, i == 0 ? output->out : output->err, &sizes[i]);
            } else if (polled[i].revents != 0) {
                polled[i].fd = -1;
            }
        }
    }
    return true;
}

void program_run(const char *line, const char *dir, struct program_output *output)
{
    char words[1024];
    char *argv[PROGRAM_WORDS_MAX];
    int out[2];
    int err[2];
    int status = 0;
    memset(output, 0, sizeof(*output));
    output->status = -1;
    snprintf(words, sizeof(words), "%s", line);
    split(words, dir, argv);
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) {
        abort();
    }
    pid_t pid = spawn(argv, out[1], err[1]);
    close(out[1]);
    close(err[1]);
    if (!read_both((int[2]){out[0], err[0]}, output)) {
        kill(pid, SIGKILL);
    }
    close(out[0]);
    close(err[0]);
    if (waitpid(pid, &status, 0) == pid && WIFEXITED(status)) {
        output->status = WEXITSTATUS(status);
    }
}

/* ---- an installation that runs ---- */

json_t *program_status(const char *dir)
{
    static struct program_output output;
    program_run("status % --json", dir, &output);
    return json_loads(output.out, 0, NULL);
}

pid_t program_role(const char *dir, const char *role)
{
    json_t *status = program_status(dir);
    size_t index;
    json_t *row;
    pid_t pid = 0;
    json_array_foreach(json_object_get(status, "roles"), index, row)
    {
        const char *name = json_string_value(json_object_get(row, "name"));
        if (name != NULL && strcmp(name, role) == 0) {
            pid = (pid_t)json_integer_value(json_object_get(row, "pid"));
        }
    }
    json_decref(status);
    return pid;
}

pid_t program_launch(const char *dir, const char *more)
{
    char words[512];
    char path[512];
    char *argv[PROGRAM_WORDS_MAX];
    snprintf(words, sizeof(words),
             "run %% --listen udp:127.0.0.1:0 --listen tcp:127.0.0.1:0 --http 127.0.0.1:0 "
             "--workers 2 %s",
             more);
    snprintf(path, sizeof(path), "%s/run.out", dir);
    split(words, dir, argv);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    pid_t pid = spawn(argv, fd, fd);
    close(fd);
    return pid;
}

bool program_becomes_ready(const char *dir)
{
    int64_t end_ms = program_now_ms() + READY_MS;
    while (program_now_ms() < end_ms) {
        json_t *status = program_status(dir);
        bool is_ready = json_is_true(json_object_get(status, "ready"));
        json_decref(status);
        if (is_ready) {
            return true;
        }
        program_sleep_ms(20);
    }
    return false;
}

pid_t program_start(const char *dir, const char *more)
{
    pid_t pid = program_launch(dir, more);
    if (program_becomes_ready(dir)) {
        return pid;
    }
    (void)program_stop(pid, SIGKILL);
    return -1;
}

int program_stop(pid_t pid, int signal_number)
{
    int64_t begin_ms = program_now_ms();
    kill(pid, signal_number);
    while (program_now_ms() - begin_ms < 6000) {
        if (waitpid(pid, NULL, WNOHANG) == pid) {
            return (int)(program_now_ms() - begin_ms);
        }
        program_sleep_ms(5);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return -1;
}
