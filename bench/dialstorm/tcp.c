#include "dialstorm/tcp.h"

#include "base/clock.h"
#include "base/pages.h"
#include "dialload/auth.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#define INPUT_SIZE 2048
#define OPENING_MAX 128 /* below the server's backlog */
#define AT_ONCE 32
#define STEP_LIMIT_US INT64_C(120000000)
#define EVENTS 256
#define ENDS_ON_THIS_MACHINE 2 /* of each connection: the kernel's memory is that of both */

enum conn_state { CONN_CLOSED = 0, CONN_OPENING, CONN_IDLE, CONN_ASKING };

enum ask { ASK_NONE = 0, ASK_OPTIONS, ASK_REGISTER };

struct conn {
    int fd;
    enum conn_state state;
    enum ask ask;
    bool is_challenged;
    uint32_t cseq, input_size;
    struct held_nonce nonce;
    char input[INPUT_SIZE];
};

struct step_figures {
    uint64_t done, failed, messages;
    int64_t took_us;
    int64_t cpu_ns[PROBE_GROUPS_MAX];
};

struct tcp {
    const struct plan *plan;
    struct auth auth;
    int epoll_fd;
    struct conn *conns;
    uint32_t opened, opening, lost;
    uint32_t asking;
    struct step_figures *step;
    enum ask ask; /* of the step under way */
    uint64_t next, count;
};

static void close_conn(struct tcp *tcp, struct conn *conn)
{
    if (conn->state == CONN_ASKING) {
        tcp->asking--;
        tcp->step->failed++;
    }
    tcp->opening -= conn->state == CONN_OPENING;
    tcp->lost++;
    close(conn->fd);
    conn->state = CONN_CLOSED;
}

static bool open_conn(struct tcp *tcp, uint32_t index)
{
    const struct plan *plan = tcp->plan;
    struct conn *conn = &tcp->conns[index];
    int one = 1;
    struct sockaddr_in own = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK + index % plan->source_count),
    };
    conn->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (conn->fd == -1) {
        perror("dialstorm: socket");
        return false;
    }
    (void)setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    (void)setsockopt(conn->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.u32 = index};
    const struct sockaddr *target = (const struct sockaddr *)(const void *)&plan->net.target;
    if (bind(conn->fd, (const struct sockaddr *)(const void *)&own, sizeof(own)) == -1 ||
        (connect(conn->fd, target, plan->net.target_size) == -1 && errno != EINPROGRESS) ||
        epoll_ctl(tcp->epoll_fd, EPOLL_CTL_ADD, conn->fd, &event) == -1) {
        perror("dialstorm: connect");
        close(conn->fd);
        return false;
    }
    conn->state = CONN_OPENING;
    tcp->opening++;
    return true;
}

static void send_request(struct tcp *tcp, uint32_t index)
{
    struct conn *conn = &tcp->conns[index];
    char data[1600];
    char user_data[16];
    struct buf out;
    bool is_register = conn->ask == ASK_REGISTER;
    const char *method = is_register ? "REGISTER" : "OPTIONS";
    const char *domain = tcp->plan->net.domain;
    snprintf(user_data, sizeof(user_data), "u%07u", index % 10000000);
    conn->cseq++;
    buf_init(&out, data, sizeof(data));
    buf_printf(&out,
               "%s sip:%s SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;rport;branch=z9hG4bK%x.%x\r\n"
               "Max-Forwards: 70\r\nFrom: <sip:%s@%s>;tag=%x\r\nTo: <sip:%s%s%s>\r\n"
               "Call-ID: t%x-%s\r\nCSeq: %u %s\r\n",
               method, domain, index, conn->cseq, user_data, domain, index,
               is_register ? user_data : "", is_register ? "@" : "", domain, index,
               tcp->auth.cnonce, conn->cseq, method);
    if (is_register) {
        buf_printf(&out, "Contact: <sip:%s@127.0.0.1:9;transport=tcp>\r\nExpires: 3600\r\n",
                   user_data);
        if (conn->nonce.nonce[0] != '\0') {
            char uri[80];
            snprintf(uri, sizeof(uri), "sip:%s", domain);
            auth_write(&tcp->auth, &conn->nonce, slice_from_text(user_data), SLICE("REGISTER"),
                       slice_from_text(uri), &out);
        }
    }
    buf_text(&out, "User-Agent: dialstorm\r\nContent-Length: 0\r\n\r\n");
    assert(!out.is_full);
    /* One request is open on a connection at a time, so the socket takes it whole. */
    if (send(conn->fd, data, out.size, MSG_NOSIGNAL) != (ssize_t)out.size) {
        close_conn(tcp, conn);
        return;
    }
    tcp->step->messages++;
}

static void ask_next(struct tcp *tcp)
{
    for (uint32_t tries = 0; tcp->next < tcp->count && tries < tcp->plan->connection_count;
         tries++) {
        uint32_t index = (uint32_t)(tcp->next++ % tcp->plan->connection_count);
        struct conn *conn = &tcp->conns[index];
        if (conn->state == CONN_IDLE) {
            conn->state = CONN_ASKING;
            conn->ask = tcp->ask;
            conn->is_challenged = false;
            tcp->asking++;
            send_request(tcp, index);
            return;
        }
        tcp->step->failed++;
    }
}

static void take_response(struct tcp *tcp, uint32_t index, const struct message *message)
{
    struct conn *conn = &tcp->conns[index];
    if (conn->state != CONN_ASKING || message->status < 200 || message->cseq != conn->cseq) {
        return;
    }
    if (message->status == 401 && !conn->is_challenged &&
        auth_take_challenge(&conn->nonce, message, ALGORITHM_MD5)) {
        conn->is_challenged = true;
        send_request(tcp, index);
        return;
    }
    tcp->step->done += message->status == 200;
    tcp->step->failed += message->status != 200;
    conn->state = CONN_IDLE;
    tcp->asking--;
}

/* The server's probes (OPTIONS) are not answered: a run is shorter than its patience. */
static void take_input(struct tcp *tcp, uint32_t index)
{
    struct conn *conn = &tcp->conns[index];
    ssize_t got = recv(conn->fd, conn->input + conn->input_size, INPUT_SIZE - conn->input_size, 0);
    if (got == -1 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got <= 0) {
        close_conn(tcp, conn);
        return;
    }
    conn->input_size += (uint32_t)got;
    char *end = NULL;
    while (conn->state != CONN_CLOSED &&
           (end = memmem(conn->input, conn->input_size, "\r\n\r\n", 4)) != NULL) {
        uint32_t size = (uint32_t)(end - conn->input) + 4;
        struct message message;
        if (reader_read(slice_make(conn->input, size), &message) && message.status != 0) {
            take_response(tcp, index, &message);
        }
        memmove(conn->input, conn->input + size, conn->input_size - size);
        conn->input_size -= size;
    }
    if (conn->input_size == INPUT_SIZE) {
        close_conn(tcp, conn);
    }
}

static void take_event(struct tcp *tcp, const struct epoll_event *event)
{
    struct conn *conn = &tcp->conns[event->data.u32];
    if (conn->state == CONN_OPENING && (event->events & EPOLLOUT) != 0) {
        struct epoll_event wanted = {.events = EPOLLIN, .data.u32 = event->data.u32};
        tcp->opening--;
        tcp->opened++;
        conn->state = CONN_IDLE;
        (void)epoll_ctl(tcp->epoll_fd, EPOLL_CTL_MOD, conn->fd, &wanted);
    }
    if (conn->state != CONN_CLOSED && (event->events & (EPOLLERR | EPOLLHUP)) != 0) {
        close_conn(tcp, conn);
    } else if (conn->state != CONN_CLOSED && (event->events & EPOLLIN) != 0) {
        take_input(tcp, event->data.u32);
    }
}

static void turn(struct tcp *tcp)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(tcp->epoll_fd, events, EVENTS, 100);
    for (int i = 0; i < count; i++) {
        take_event(tcp, &events[i]);
    }
}

static bool open_all(struct tcp *tcp)
{
    int64_t until_us = clock_mono_us() + STEP_LIMIT_US;
    uint32_t begun = 0;
    while (tcp->opened + tcp->lost < tcp->plan->connection_count && clock_mono_us() < until_us) {
        while (begun < tcp->plan->connection_count && tcp->opening < OPENING_MAX) {
            if (!open_conn(tcp, begun++)) {
                return false;
            }
        }
        turn(tcp);
    }
    return true;
}

static void run_step(struct tcp *tcp, enum ask ask, uint64_t count, struct step_figures *step)
{
    const struct plan *plan = tcp->plan;
    int64_t begin_us = clock_mono_us();
    int64_t before_ns[PROBE_GROUPS_MAX] = {0};
    *step = (struct step_figures){.done = 0};
    tcp->step = step;
    tcp->ask = ask;
    tcp->next = 0;
    tcp->count = count;
    for (uint32_t i = 0; i < plan->group_count; i++) {
        (void)probe_cpu_ns(&plan->groups[i], &before_ns[i]);
    }
    while ((tcp->next < count || tcp->asking > 0) && clock_mono_us() < begin_us + STEP_LIMIT_US) {
        while (tcp->asking < AT_ONCE && tcp->next < count) {
            ask_next(tcp);
        }
        turn(tcp);
    }
    step->took_us = clock_mono_us() - begin_us;
    for (uint32_t i = 0; i < plan->group_count; i++) {
        (void)probe_cpu_ns(&plan->groups[i], &step->cpu_ns[i]);
        step->cpu_ns[i] -= before_ns[i];
    }
}

/* What the kernel's own tables take, sockets and all that hangs on them. */
static int64_t slab_kib(void)
{
    FILE *file = fopen("/proc/meminfo", "re");
    char line[128];
    long long kib = 0;
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "Slab: %lld kB", &kib) == 1) {
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return kib;
}

struct memory {
    int64_t slab_kib;
    int64_t pss_kib[PROBE_GROUPS_MAX];
};

static struct memory sample_memory(const struct plan *plan)
{
    struct memory memory = {.slab_kib = slab_kib()};
    for (uint32_t i = 0; i < plan->group_count; i++) {
        (void)probe_pss_kib(&plan->groups[i], &memory.pss_kib[i]);
    }
    return memory;
}

static void put_step(const struct plan *plan, const char *name, const struct step_figures *step)
{
    fprintf(plan->out,
            ",\n\"%s\":{\"done\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"messages\":%" PRIu64
            ",\"per_s\":%.0f,\"cpu_us\":{",
            name, step->done, step->failed, step->messages,
            step->took_us > 0 ? (double)step->done * 1e6 / (double)step->took_us : 0.0);
    for (uint32_t i = 0; i < plan->group_count; i++) {
        fprintf(plan->out, "%s\"%s\":%.2f", i > 0 ? "," : "", plan->groups[i].name,
                step->done > 0 ? (double)step->cpu_ns[i] / 1e3 / (double)step->done : 0.0);
    }
    fprintf(plan->out, "}}");
}

static void put_bytes(const struct tcp *tcp, const char *name, const struct memory *before,
                      const struct memory *after)
{
    const struct plan *plan = tcp->plan;
    double count = tcp->opened > 0 ? tcp->opened : 1;
    fprintf(plan->out, ",\n\"%s\":{\"kernel\":%.0f", name,
            (double)(after->slab_kib - before->slab_kib) * 1024 / ENDS_ON_THIS_MACHINE / count);
    for (uint32_t i = 0; i < plan->group_count; i++) {
        fprintf(plan->out, ",\"%s\":%.0f", plan->groups[i].name,
                (double)(after->pss_kib[i] - before->pss_kib[i]) * 1024 / count);
    }
    fprintf(plan->out, "}");
}

static void measure(struct tcp *tcp)
{
    const struct plan *plan = tcp->plan;
    struct step_figures first;
    struct step_figures options;
    struct step_figures registrations;
    struct step_figures refreshes;
    struct memory empty = sample_memory(plan);
    int64_t begin_us = clock_mono_us();
    bool is_open = open_all(tcp);
    int64_t open_us = clock_mono_us() - begin_us;
    /* A connection that never said anything is not yet one of a phone. */
    run_step(tcp, ASK_OPTIONS, plan->connection_count, &first);
    struct memory open = sample_memory(plan);
    run_step(tcp, ASK_OPTIONS, plan->message_count, &options);
    struct memory warm = sample_memory(plan);
    run_step(tcp, ASK_REGISTER, plan->connection_count, &registrations);
    struct memory bound = sample_memory(plan);
    run_step(tcp, ASK_REGISTER, plan->message_count, &refreshes);
    fprintf(plan->out,
            "{\"connections\":%u,\"opened\":%u,\"lost\":%u,\"all_tried\":%s,\"open_per_s\":%.0f",
            plan->connection_count, tcp->opened, tcp->lost, is_open ? "true" : "false",
            tcp->opened * 1e6 / (double)open_us);
    put_bytes(tcp, "bytes_a_connection", &empty, &open);
    put_bytes(tcp, "bytes_a_binding", &warm, &bound);
    put_step(plan, "options_first", &first);
    put_step(plan, "options", &options);
    put_step(plan, "registrations", &registrations);
    put_step(plan, "refreshes", &refreshes);
    fprintf(plan->out, "}\n");
    fflush(plan->out);
}

bool run_tcp(const struct plan *plan)
{
    struct tcp tcp = {.plan = plan, .epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
    struct rlimit files = {.rlim_cur = 0};
    (void)getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_max < plan->connection_count + 64) {
        fprintf(stderr, "dialstorm: %u connections need a higher 'ulimit -Hn'\n",
                plan->connection_count);
        return false;
    }
    size_t size = plan->connection_count * sizeof(struct conn);
    tcp.conns = pages_take(size);
    if (tcp.conns == NULL || !auth_init(&tcp.auth, (uint64_t)clock_mono_us())) {
        fprintf(stderr, "dialstorm: no memory\n");
        return false;
    }
    measure(&tcp);
    for (uint32_t i = 0; i < plan->connection_count; i++) {
        if (tcp.conns[i].state != CONN_CLOSED) {
            close(tcp.conns[i].fd);
        }
    }
    pages_give(tcp.conns, size);
    auth_done(&tcp.auth);
    return tcp.opened > 0;
}
