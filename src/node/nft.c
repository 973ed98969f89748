#include "node/nft.h"

#include "base/address.h"
#include "base/clock.h"
#include "guard/ban.h"
#include "net/control.h"
#include "node/supervisor_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ASK_US 2000000      /* the edge has so long to list its bans */
#define TURN_MS 1000        /* from one look to the next */
#define TURNS_MAX 60        /* then the sets are written anew: somebody may have emptied them */
#define NFT_MS 10000        /* a program that takes longer is killed */
#define WAIT_MS 5           /* between two looks whether it has ended */
#define SCRIPT_SIZE 1048576 /* a line of at most 100 bytes for each ban that ends or begins */
#define WHY_SIZE 200
#define NAMES_SIZE 96
#define SLACK_US 1000000 /* an element that ends so soon may be gone from the set already */

struct element { /* of a set: one ban */
    uint8_t source[16];
    int64_t wall_until_us;
};

struct elements {
    uint32_t count;
    struct element list[BAN_ROWS_MAX]; /* by source */
};

struct sink {
    char table[NAMES_SIZE], set[NAMES_SIZE]; /* "inet TABLE", "SET" */
    struct control_client *edge;
    struct elements held, wanted; /* what the sets hold; what they should */
    bool is_held_known;           /* else they are emptied first */
    int turn_count;               /* since they were written whole */
    bool has_failed;              /* it was said */
    char script[SCRIPT_SIZE];
};

/* ---- names ---- */

static bool is_name(struct slice name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool is_letter = ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
        bool is_inner = (c >= '0' && c <= '9') || c == '-' || c == '.';
        if (!is_letter && (i == 0 || !is_inner)) {
            return false;
        }
    }
    return name.size > 0 && name.size < 32;
}

static bool split_names(const char *text, struct slice *table, struct slice *set)
{
    struct slice rest = slice_from_text(text);
    struct slice family = slice_split(&rest, ' ');
    *table = slice_split(&rest, ' ');
    *set = rest;
    return slice_equal(family, SLICE("inet")) && is_name(*table) && is_name(*set);
}

bool nft_set_is_good(const char *set)
{
    struct slice table, name;
    return split_names(set, &table, &name);
}

/* ---- the edge's list ---- */

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(((struct element *)NULL)->source));
}

static void take_ban(struct elements *out, const json_t *ban, int64_t wall_us)
{
    struct element element;
    const char *source = json_string_value(json_object_get(ban, "source"));
    element.wall_until_us = json_integer_value(json_object_get(ban, "wall_until_us"));
    if (source == NULL || out->count == BAN_ROWS_MAX || element.wall_until_us <= wall_us ||
        !json_is_false(json_object_get(ban, "has_customers")) ||
        !ban_source_parse(slice_from_text(source), element.source)) {
        return;
    }
    out->list[out->count++] = element;
}

/* False: the edge does not say, or does not know yet who is a customer, which changes nothing. */
static bool read_bans(struct sink *sink, int64_t wall_us)
{
    json_t *answer = NULL;
    if (control_client_ask(sink->edge, "bans", NULL, ASK_US, &answer) != CONTROL_OK) {
        return false;
    }
    size_t index;
    json_t *ban;
    sink->wanted.count = 0;
    json_array_foreach(json_object_get(answer, "bans"), index, ban)
    {
        take_ban(&sink->wanted, ban, wall_us);
    }
    bool is_known = json_is_true(json_object_get(answer, "are_customers_known"));
    json_decref(answer);
    if (!is_known) {
        return false;
    }
    qsort(sink->wanted.list, sink->wanted.count, sizeof(struct element), compare);
    return true;
}

/* ---- the script ---- */

static void line_write(const struct sink *sink, struct buf *out, const char *verb,
                       const struct element *element, int64_t timeout_s)
{
    buf_text(out, verb);
    buf_text(out, sink->table);
    buf_char(out, ' ');
    buf_text(out, sink->set);
    buf_text(out, address_is_ipv4(element->source) ? " { " : "6 { ");
    ban_source_write(out, element->source);
    if (timeout_s > 0) {
        buf_text(out, " timeout ");
        buf_i64(out, timeout_s);
        buf_char(out, 's');
    }
    buf_text(out, " }\n");
}

static void add(const struct sink *sink, struct buf *out, const struct element *element,
                int64_t wall_us)
{
    int64_t left_us = element->wall_until_us - wall_us;
    line_write(sink, out, "add element ", element, (left_us + 999999) / 1000000);
}

static void take_away(const struct sink *sink, struct buf *out, const struct element *element,
                      int64_t wall_us)
{
    if (element->wall_until_us > wall_us + SLACK_US) {
        line_write(sink, out, "delete element ", element, 0);
    }
}

static void write_changes(const struct sink *sink, struct buf *out, int64_t wall_us)
{
    const struct elements *held = &sink->held;
    const struct elements *wanted = &sink->wanted;
    uint32_t i = 0;
    for (uint32_t j = 0; j < wanted->count || i < held->count;) {
        int order = i == held->count     ? 1
                    : j == wanted->count ? -1
                                         : compare(&held->list[i], &wanted->list[j]);
        bool is_same = order == 0 && held->list[i].wall_until_us == wanted->list[j].wall_until_us;
        if (order <= 0 && !is_same) {
            take_away(sink, out, &held->list[i], wall_us);
        }
        if (order >= 0 && !is_same) {
            add(sink, out, &wanted->list[j], wall_us);
        }
        i += order <= 0 ? 1 : 0;
        j += order >= 0 ? 1 : 0;
    }
}

static void write_all(const struct sink *sink, struct buf *out, int64_t wall_us)
{
    buf_printf(out, "flush set %s %s\nflush set %s %s6\n", sink->table, sink->set, sink->table,
               sink->set);
    for (uint32_t j = 0; j < sink->wanted.count; j++) {
        add(sink, out, &sink->wanted.list[j], wall_us);
    }
}

/* ---- nft ---- */

static void become_nft(int in_fd, int said_fd)
{
    dup2(in_fd, STDIN_FILENO);
    dup2(said_fd, STDOUT_FILENO);
    dup2(said_fd, STDERR_FILENO);
    execlp("nft", "nft", "-f", "-", (char *)NULL);
    dprintf(STDERR_FILENO, "nft cannot be started: %s\n", strerror(errno));
    _exit(127);
}

/* True: it ended well, as far as is known. */
static bool wait_nft(pid_t pid)
{
    int status = 0;
    pid_t ended = 0;
    for (int waited_ms = 0; (ended = waitpid(pid, &status, WNOHANG)) == 0; waited_ms += WAIT_MS) {
        if (waited_ms >= NFT_MS) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            return false;
        }
        poll(NULL, 0, WAIT_MS);
    }
    return ended == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Its first line, or that it said nothing. */
static void read_why(int said_fd, char *why)
{
    ssize_t got = pread(said_fd, why, WHY_SIZE - 1, 0);
    why[got < 0 ? 0 : got] = '\0';
    why[strcspn(why, "\n")] = '\0';
    if (why[0] == '\0') {
        snprintf(why, WHY_SIZE, "nft did not end well, and did not say why");
    }
}

/* Files of memory, so that neither side waits for the other. */
static bool run_nft(struct slice script, char *why)
{
    bool is_done = false;
    int in_fd = memfd_create("script", MFD_CLOEXEC);
    int said_fd = memfd_create("said", MFD_CLOEXEC);
    snprintf(why, WHY_SIZE, "no memory for a script of %zu bytes", script.size);
    if (in_fd >= 0 && said_fd >= 0 &&
        pwrite(in_fd, script.data, script.size, 0) == (ssize_t)script.size) {
        pid_t pid = fork();
        if (pid == 0) {
            become_nft(in_fd, said_fd);
        }
        is_done = pid > 0 && wait_nft(pid);
        read_why(said_fd, why);
    }
    if (in_fd >= 0) {
        close(in_fd);
    }
    if (said_fd >= 0) {
        close(said_fd);
    }
    return is_done;
}

static void look(struct sink *sink)
{
    char why[WHY_SIZE] = "too many bans for one script";
    struct buf out;
    int64_t wall_us = clock_wall_us();
    if (!read_bans(sink, wall_us)) {
        return;
    }
    buf_init(&out, sink->script, sizeof(sink->script));
    if (sink->is_held_known && ++sink->turn_count < TURNS_MAX) {
        write_changes(sink, &out, wall_us);
    } else {
        write_all(sink, &out, wall_us);
        sink->turn_count = 0;
    }
    if (out.size == 0) {
        sink->held = sink->wanted; /* what was over is gone from the sets by itself */
        return;
    }
    sink->is_held_known = !out.is_full && run_nft(buf_done(&out), why);
    if (sink->is_held_known) {
        sink->held = sink->wanted;
    }
    if (sink->is_held_known == sink->has_failed) {
        sink->has_failed = !sink->is_held_known;
        supervisor_log("nft", sink->has_failed ? "nft-failed" : "nft-works-again",
                       sink->has_failed ? why : NULL);
    }
}

/* ---- the process ---- */

static void run(const char *dir, const char *set, const struct privilege_user *user, int stop_fd)
{
    static struct sink sink; /* some 1.5 MB, of this process alone */
    char run_dir[1024];
    struct slice table, name;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGINT, SIG_IGN); /* both reach the whole group; the supervisor says when */
    signal(SIGTERM, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    clearenv();
    setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
    if (!privilege_keep_net_admin(user)) {
        supervisor_log("nft", "nft-failed", "it needs CAP_NET_ADMIN, which root has");
        return;
    }
    snprintf(run_dir, sizeof(run_dir), "%s/run", dir);
    sink.edge = control_client_new(run_dir, "edge.sock");
    if (sink.edge == NULL || !split_names(set, &table, &name)) {
        return;
    }
    snprintf(sink.table, sizeof(sink.table), "inet " SLICE_FMT, SLICE_ARG(table));
    snprintf(sink.set, sizeof(sink.set), SLICE_FMT, SLICE_ARG(name));
    struct pollfd stop = {.fd = stop_fd, .events = POLLIN};
    while (poll(&stop, 1, TURN_MS) == 0) {
        look(&sink);
    }
    control_client_free(sink.edge);
}

pid_t nft_start(const char *dir, const char *set, const struct privilege_user *user, int *stop_fd)
{
    int stop[2];
    if (pipe2(stop, O_CLOEXEC) != 0) {
        return 0;
    }
    pid_t pid = fork();
    if (pid == 0) {
        int fd = dup2(stop[0], STDERR_FILENO + 1);
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
        close_range(STDERR_FILENO + 2, ~0U, 0);
        run(dir, set, user, fd);
        _exit(0);
    }
    close(stop[0]);
    if (pid < 0) {
        close(stop[1]);
        return 0;
    }
    *stop_fd = stop[1];
    return pid;
}
