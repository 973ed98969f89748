#include "proc.h"
#include "base/clock.h"

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

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

static pid_t spawn(char *const argv[], int output_fd)
{
    pid_t pid = fork();
    if (pid != 0) {
        return pid;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    int null_fd = open("/dev/null", O_RDONLY);
    dup2(null_fd, STDIN_FILENO);
    dup2(output_fd, STDOUT_FILENO);
    dup2(output_fd, STDERR_FILENO);
    execv(argv[0], argv);
    dprintf(STDERR_FILENO, "cannot start %s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

pid_t proc_spawn(char *const argv[], const char *log_path)
{
    int fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) {
        return -1;
    }
    pid_t pid = spawn(argv, fd);
    close(fd);
    return pid;
}

static void output_keep(char *output, size_t output_size, size_t *size, const char *more,
                        size_t more_size)
{
    size_t room = output_size - 1;
    if (more_size > room) {
        more += more_size - room;
        more_size = room;
    }
    if (*size + more_size > room) {
        size_t drop = *size + more_size - room;
        memmove(output, output + drop, *size - drop);
        *size -= drop;
    }
    memcpy(output + *size, more, more_size);
    *size += more_size;
    output[*size] = 0;
}

int proc_run(char *const argv[], char *output, size_t output_size, int64_t patience_us)
{
    int pipe_fds[2];
    size_t size = 0;
    output[0] = 0;
    if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
        return -1;
    }
    pid_t pid = spawn(argv, pipe_fds[1]);
    close(pipe_fds[1]);
    int64_t until_us = clock_mono_us() + patience_us;
    bool is_late = pid < 0;
    while (!is_late) {
        struct pollfd poll_fd = {.fd = pipe_fds[0], .events = POLLIN};
        char bytes[4096];
        int64_t left_us = until_us - clock_mono_us();
        is_late = left_us <= 0;
        if (!is_late && poll(&poll_fd, 1, (int)(left_us / 1000) + 1) > 0) {
            ssize_t got = read(pipe_fds[0], bytes, sizeof(bytes));
            if (got <= 0) {
                break;
            }
            output_keep(output, output_size, &size, bytes, (size_t)got);
        }
    }
    close(pipe_fds[0]);
    if (pid < 0) {
        return -1;
    }
    if (is_late) {
        kill(pid, SIGKILL);
    }
    int status;
    waitpid(pid, &status, 0);
    return !is_late && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int64_t proc_stop(pid_t pid, int64_t patience_us)
{
    int status;
    int64_t start_us = clock_mono_us();
    kill(pid, SIGTERM);
    while (clock_mono_us() - start_us < patience_us) {
        if (waitpid(pid, &status, WNOHANG) == pid) {
            return clock_mono_us() - start_us;
        }
        nap();
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return -1;
}

bool proc_file_write(const char *path, const char *text)
{
    char other[600];
    snprintf(other, sizeof(other), "%s.new", path);
    FILE *file = fopen(other, "w");
    if (file == NULL) {
        return false;
    }
    bool is_fine = fputs(text, file) >= 0;
    is_fine = fclose(file) == 0 && is_fine;
    return is_fine && rename(other, path) == 0;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    (void)remove(path);
    return 0;
}

void proc_remove_all(const char *dir)
{
    (void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
