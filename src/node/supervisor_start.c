#include "base/clock.h"
#include "node/supervisor_inside.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the child needs, as text in a pipe: it is small, and readable when something is wrong. */
static bool write_handover(int fd, const struct supervisor *supervisor, bool is_web, int stop_fd)
{
    FILE *out = fdopen(fd, "w");
    if (out == NULL) {
        close(fd);
        return false;
    }
    const struct node_config *config = &supervisor->options->config;
    fprintf(out, "workers %d\nstop %d\nhttp %d\n", supervisor->worker_count, stop_fd,
            is_web ? supervisor->sockets.http_fd : -1);
    for (int i = 0; !is_web && i < supervisor->sockets.socket_count; i++) {
        const struct role_socket *socket = &supervisor->sockets.sockets[i];
        fprintf(out, "socket %d %u %u %u %u %u %s %s\n", socket->fd, socket->transport,
                socket->listener, socket->worker, socket->class_index, socket->port, socket->host,
                socket->advertised);
    }
    (void)config;
    return fclose(out) == 0;
}

static bool read_handover(int fd, struct role_options *options, struct role_socket *sockets)
{
    FILE *in = fdopen(fd, "r");
    char line[512];
    if (in == NULL) {
        return false;
    }
    int count = 0;
    while (fgets(line, sizeof(line), in) != NULL) {
        unsigned transport, listener, worker, class_index, port;
        struct role_socket *socket = &sockets[count];
        if (sscanf(line, "workers %d", &options->worker_count) == 1 ||
            sscanf(line, "stop %d", &options->stop_fd) == 1 ||
            sscanf(line, "http %d", &options->http_fd) == 1) {
            continue;
        }
        if (count == ROLE_SOCKETS_MAX ||
            sscanf(line, "socket %d %u %u %u %u %u %63s %63s", &socket->fd, &transport, &listener,
                   &worker, &class_index, &port, socket->host, socket->advertised) != 8) {
            fclose(in);
            return false;
        }
        socket->transport = (uint8_t)transport;
        socket->listener = (uint8_t)listener;
        socket->worker = (uint16_t)worker;
        socket->class_index = (uint8_t)class_index;
        socket->port = (uint16_t)port;
        count++;
    }
    fclose(in);
    options->socket_count = count;
    options->sockets = sockets;
    return options->worker_count > 0;
}

static void confine(const char *name, const char *dir, const struct node_config *config)
{
    char text[256];
    struct privilege_report report;
    struct privilege_terms terms = {.dir = dir,
                                    .role = name,
                                    .is_confined = config->is_confined,
                                    .has_core_dumps = config->has_core_dumps};
    privilege_role_confine(&terms, &report);
    int size = snprintf(text, sizeof(text), "files %s (Landlock %d), system calls %s",
                        privilege_state_name(report.files), report.files_version,
                        privilege_state_name(report.calls));
    if (report.files == PRIVILEGE_MISSING || report.calls == PRIVILEGE_MISSING) {
        snprintf(text + size, sizeof(text) - (size_t)size, ": %s",
                 strerror(report.files_errno != 0 ? report.files_errno : report.calls_errno));
    }
    supervisor_log(name, "confined", text);
}

int supervisor_role_main(const char *name, const char *dir)
{
    static struct role_socket sockets[ROLE_SOCKETS_MAX];
    static struct node_config config;
    char error[512];
    const char *handover = getenv("DIALTONE_HANDOVER");
    struct role_options options = {.dir = dir, .config = &config, .http_fd = -1, .stop_fd = -1};
    uint64_t fd;
    if (handover == NULL || !slice_to_u64(slice_from_text(handover), 65535, &fd) ||
        !read_handover((int)fd, &options, sockets)) {
        fprintf(stderr, "dialtone role: started by `dialtone run`, not by hand\n");
        return 2;
    }
    unsetenv("DIALTONE_HANDOVER");
    if (!config_load(dir, &config, error, sizeof(error))) {
        fprintf(stderr, "%s\n", error);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN); /* Ctrl-C reaches the whole group; the supervisor says when */
    signal(SIGTERM,
           SIG_IGN); /* sent to the whole group, it is the supervisor's to order the ends */
    confine(name, dir, &config);
    return strcmp(name, "edge") == 0  ? edge_role_run(&options)
           : strcmp(name, "web") == 0 ? web_role_run(&options)
                                      : 2;
}

static int open_log(const struct supervisor *supervisor, const char *name)
{
    char path[1024];
    char old[1040];
    struct stat status;
    snprintf(path, sizeof(path), "%s/log/%s.log", supervisor->options->dir, name);
    snprintf(old, sizeof(old), "%s.1", path);
    if (stat(path, &status) == 0 &&
        (uint64_t)status.st_size > supervisor->options->config.log_max && rename(path, old) != 0) {
        return -1;
    }
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void pass(int fd)
{
    if (fd >= 0) {
        fcntl(fd, F_SETFD, 0);
    }
}

static void become_role(const struct supervisor *supervisor, const struct role *role,
                        int handover_fd, int stop_fd, int log_fd, pid_t parent)
{
    char number[16];
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* no role outlives its supervisor */
    if (getppid() != parent) {
        _exit(1);
    }
    if (log_fd >= 0) {
        dup2(log_fd, STDERR_FILENO);
        dup2(log_fd, STDOUT_FILENO);
    }
    bool is_web = strcmp(role->name, "web") == 0;
    pass(handover_fd);
    pass(stop_fd);
    if (is_web) {
        pass(supervisor->sockets.http_fd);
    } else {
        for (int i = 0; i < supervisor->sockets.socket_count; i++) {
            pass(supervisor->sockets.sockets[i].fd);
        }
    }
    snprintf(number, sizeof(number), "%d", handover_fd);
    setenv("DIALTONE_HANDOVER", number, 1);
    execl("/proc/self/exe", "dialtone", "role", role->name, supervisor->options->dir, (char *)NULL);
    _exit(127);
}

bool supervisor_start_role(struct supervisor *supervisor, struct role *role)
{
    int handover[2];
    int stop[2];
    if (pipe2(handover, O_CLOEXEC) != 0) {
        return false;
    }
    if (pipe2(stop, O_CLOEXEC) != 0) {
        close(handover[0]);
        close(handover[1]);
        return false;
    }
    int log_fd = open_log(supervisor, role->name);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        become_role(supervisor, role, handover[0], stop[0], log_fd, parent);
    }
    close(handover[0]);
    close(stop[0]);
    if (log_fd >= 0) {
        close(log_fd);
    }
    bool is_told =
        pid > 0 && write_handover(handover[1], supervisor, strcmp(role->name, "web") == 0, stop[0]);
    if (pid <= 0) {
        close(handover[1]);
    }
    if (!is_told) {
        close(stop[1]);
        if (pid > 0) {
            kill(pid, SIGKILL);
        }
        return false;
    }
    role->pid = pid;
    role->stop_fd = stop[1];
    role->since_wall_us = clock_wall_us();
    role->start_count++;
    role->check_at_us = clock_mono_us() + STARTING_CHECK_US;
    return true;
}
