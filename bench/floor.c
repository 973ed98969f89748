/* bench-floor - what a datagram in and one out cost on this machine, with nothing done to them.
 *
 *   bench-floor [--json FILE] [--count N] --step LABEL:DATAGRAMS[:RATE]...
 *
 * A process of its own takes datagrams and gives each back, by the same calls as a worker of
 * dialtone (epoll_wait, recvmmsg, sendmmsg); 16 sockets of this process keep 32 of them under way,
 * or send RATE a second. No SIP server that uses ordinary sockets can do an operation of so many
 * datagrams in and out for less. The figures are written as dialload writes its own, so that
 * summarise.sh has them beside the servers' under one label. Exit status: 0, or 2 for bad options
 * and for a datagram that never came back.
 */
#include "dialload/probe.h"

#include "base/clock.h"
#include "base/slice.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOCKETS 16
#define UNDER_WAY 32
#define BATCH 32
#define DATAGRAM_SIZE 600 /* a REGISTER with credentials; an INVITE has some 900, a BYE 450 */
#define STEPS_MAX 16
#define WAIT_MS 2000
#define COUNT_MAX 100000000

struct step {
    char label[32];
    double datagrams;  /* in, and as many out, of one operation */
    int64_t rate;      /* datagrams a second; 0: as fast as they come back */
    double cpu_us;     /* of the echo, an operation */
    double per_second; /* operations */
};

struct floor {
    int sockets[SOCKETS];
    struct sockaddr_in to;
    struct probe_group echo;
    int64_t count; /* datagrams of each step */
    const char *json_path;
    struct step steps[STEPS_MAX];
    int step_count;
};

_Noreturn static void fail(const char *what)
{
    fprintf(stderr, "bench-floor: %s: %s\n", what, strerror(errno));
    exit(2);
}

static int bound_socket(struct sockaddr_in *at)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int room = 4 << 20;
    *at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(*at);
    if (fd < 0 || bind(fd, (struct sockaddr *)at, size) != 0 ||
        getsockname(fd, (struct sockaddr *)at, &size) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)) != 0) {
        fail("a socket on 127.0.0.1");
    }
    return fd;
}

/* Until it is ended; the kernel ends it with its parent at the latest (main's SIGKILL). */
_Noreturn static void echo(int fd)
{
    static char bytes[BATCH][DATAGRAM_SIZE];
    struct sockaddr_in from[BATCH];
    struct iovec vectors[BATCH];
    struct mmsghdr headers[BATCH];
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    if (epoll_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        fail("epoll");
    }
    for (;;) {
        (void)epoll_wait(epoll_fd, &event, 1, WAIT_MS);
        if (getppid() == 1) {
            _exit(0);
        }
        for (int i = 0; i < BATCH; i++) {
            vectors[i] = (struct iovec){bytes[i], DATAGRAM_SIZE};
            headers[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
                                                 .msg_namelen = sizeof(from[i]),
                                                 .msg_iov = &vectors[i],
                                                 .msg_iovlen = 1};
        }
        int got = recvmmsg(fd, headers, BATCH, MSG_DONTWAIT, NULL);
        for (int at = 0; at < got;) {
            int sent = sendmmsg(fd, headers + at, (unsigned)(got - at), 0);
            at += sent > 0 ? sent : 1;
        }
    }
}

static void send_one(const struct floor *floor, int at)
{
    static const char bytes[DATAGRAM_SIZE] = "x";
    if (sendto(floor->sockets[at], bytes, sizeof(bytes), 0, (const struct sockaddr *)&floor->to,
               sizeof(floor->to)) != (ssize_t)sizeof(bytes)) {
        fail("to send a datagram");
    }
}

/* Sockets that have something, by poll's bits; ends the program when nothing comes for long. */
static void wait_for_some(const struct floor *floor, struct pollfd polls[SOCKETS], int wait_ms,
                          bool is_due)
{
    for (int i = 0; i < SOCKETS; i++) {
        polls[i] = (struct pollfd){.fd = floor->sockets[i], .events = POLLIN};
    }
    if (poll(polls, SOCKETS, wait_ms) <= 0 && is_due) {
        errno = ETIMEDOUT;
        fail("a datagram that does not come back");
    }
}

/* How many came back at this socket. */
static int take(const struct floor *floor, int at)
{
    char bytes[DATAGRAM_SIZE];
    int count = 0;
    while (recv(floor->sockets[at], bytes, sizeof(bytes), 0) == DATAGRAM_SIZE) {
        count++;
    }
    return count;
}

static void run_closed(const struct floor *floor)
{
    int64_t sent = 0;
    for (; sent < UNDER_WAY; sent++) {
        send_one(floor, (int)(sent % SOCKETS));
    }
    for (int64_t back = 0; back < floor->count;) {
        struct pollfd polls[SOCKETS];
        wait_for_some(floor, polls, WAIT_MS, true);
        for (int i = 0; i < SOCKETS; i++) {
            int taken = polls[i].revents != 0 ? take(floor, i) : 0;
            back += taken;
            for (; taken > 0 && sent < floor->count; taken--, sent++) {
                send_one(floor, i);
            }
        }
    }
}

static void run_open(const struct floor *floor, int64_t rate)
{
    int64_t start_us = clock_mono_us();
    int64_t sent = 0;
    for (int64_t back = 0; back < floor->count;) {
        int64_t now_us = clock_mono_us();
        for (; sent < floor->count && start_us + sent * 1000000 / rate <= now_us; sent++) {
            send_one(floor, (int)(sent % SOCKETS));
        }
        struct pollfd polls[SOCKETS];
        wait_for_some(floor, polls, sent < floor->count ? 1 : WAIT_MS, sent == floor->count);
        for (int i = 0; i < SOCKETS; i++) {
            back += polls[i].revents != 0 ? take(floor, i) : 0;
        }
    }
}

static void run_step(const struct floor *floor, struct step *step)
{
    int64_t before_ns = 0;
    int64_t after_ns = 0;
    if (!probe_cpu_ns(&floor->echo, &before_ns)) {
        fail("the echo's processor time");
    }
    int64_t start_us = clock_mono_us();
    if (step->rate == 0) {
        run_closed(floor);
    } else {
        run_open(floor, step->rate);
    }
    int64_t elapsed_us = clock_mono_us() - start_us;
    if (!probe_cpu_ns(&floor->echo, &after_ns)) {
        fail("the echo's processor time");
    }
    double operations = (double)floor->count / step->datagrams;
    step->cpu_us = (double)(after_ns - before_ns) / 1000 / operations;
    step->per_second = operations * 1000000 / (double)(elapsed_us > 0 ? elapsed_us : 1);
    printf("%s: %.2f us of CPU, %.0f a second, for %g datagrams in and out\n", step->label,
           step->cpu_us, step->per_second, step->datagrams);
}

static void write_json(const struct floor *floor)
{
    FILE *out = fopen(floor->json_path, "we");
    if (out == NULL) {
        fail(floor->json_path);
    }
    fprintf(out, "{\"steps\": [");
    for (int i = 0; i < floor->step_count; i++) {
        const struct step *step = &floor->steps[i];
        fprintf(out,
                "%s\n{\"label\": \"%s\", \"ok\": %.0f, \"per_second\": %.1f,"
                " \"usage\": {\"server\": {\"cpu_us_per_operation\": %.3f}}}",
                i == 0 ? "" : ",", step->label, (double)floor->count / step->datagrams,
                step->per_second, step->cpu_us);
    }
    fprintf(out, "]}\n");
    if (fclose(out) != 0) {
        fail(floor->json_path);
    }
}

/* LABEL:DATAGRAMS[:RATE]; false: not that. */
static bool read_step(const char *text, struct step *step)
{
    int end = 0;
    int rate_end = 0;
    *step = (struct step){0};
    if (sscanf(text, "%31[a-z0-9-]:%lf%n:%ld%n", step->label, &step->datagrams, &end, &step->rate,
               &rate_end) < 2) {
        return false;
    }
    end = rate_end > end ? rate_end : end;
    return text[end] == '\0' && step->datagrams >= 1 && step->datagrams <= 100 && step->rate >= 0 &&
           step->rate <= 1000000;
}

static bool read_options(struct floor *floor, int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        uint64_t count = 0;
        if (strcmp(argv[i], "--json") == 0) {
            floor->json_path = argv[i + 1];
        } else if (strcmp(argv[i], "--count") == 0 &&
                   slice_to_u64(slice_from_text(argv[i + 1]), COUNT_MAX, &count) &&
                   count >= UNDER_WAY) {
            floor->count = (int64_t)count;
        } else if (strcmp(argv[i], "--step") != 0 || floor->step_count == STEPS_MAX ||
                   !read_step(argv[i + 1], &floor->steps[floor->step_count++])) {
            fprintf(stderr, "bench-floor: %s %s is not understood\n", argv[i], argv[i + 1]);
            return false;
        }
    }
    return argc % 2 == 1 && floor->step_count > 0;
}

int main(int argc, char **argv)
{
    static struct floor floor = {.count = 200000, .echo = {.name = "echo", .pid_count = 1}};
    if (!read_options(&floor, argc, argv)) {
        fprintf(stderr, "usage: bench-floor [--json FILE] [--count N] "
                        "--step LABEL:DATAGRAMS[:RATE]...\n");
        return 2;
    }
    int fd = bound_socket(&floor.to);
    floor.echo.pids[0] = fork();
    if (floor.echo.pids[0] < 0) {
        fail("fork");
    }
    if (floor.echo.pids[0] == 0) {
        echo(fd);
    }
    close(fd);
    for (int i = 0; i < SOCKETS; i++) {
        struct sockaddr_in own;
        floor.sockets[i] = bound_socket(&own);
    }
    for (int i = 0; i < floor.step_count; i++) {
        run_step(&floor, &floor.steps[i]);
    }
    kill(floor.echo.pids[0], SIGKILL);
    (void)waitpid(floor.echo.pids[0], NULL, 0);
    if (floor.json_path != NULL) {
        write_json(&floor);
    }
    return 0;
}
