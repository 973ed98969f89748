#include "node/edge_role.h"

#include <assert.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RECEIVE_COUNT 32
#define RECEIVE_SIZE 65536
#define RECEIVE_TURNS 4 /* batches of one socket in a row: the others wait no longer */
#define SEND_COUNT 64
#define SEND_BLOCK (512 * 1024)
#define RING_SIZE (4u << 20)
#define STALE_US 4000000 /* a new request that waited so long was given up or repeated */
#define WAKE_TAG UINT64_MAX
#define SWEEP_US 1000000
#define SECOND_US 1000000
#define EVENTS_A_SECOND 500 /* of calls and registrations, told by each worker */

struct receive_batch {
    struct mmsghdr headers[RECEIVE_COUNT];
    struct iovec vectors[RECEIVE_COUNT];
    struct sockaddr_in6 addresses[RECEIVE_COUNT];
    char control[RECEIVE_COUNT][64];
    char *block;
    struct sip_msg msg;
};

struct send_batch {
    struct mmsghdr headers[SEND_COUNT];
    struct iovec vectors[SEND_COUNT];
    struct sockaddr_in6 addresses[SEND_COUNT];
    int fds[SEND_COUNT];
    int count;
    size_t used_size;
    char *block;
};

int64_t clock_mono_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_wall_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void count(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* ---- sending ---- */

static socklen_t to_sockaddr(const struct reg_flow *flow, bool is_ipv6, struct sockaddr_in6 *out)
{
    memset(out, 0, sizeof(*out));
    if (is_ipv6) {
        out->sin6_family = AF_INET6;
        out->sin6_port = htons(flow->port);
        memcpy(&out->sin6_addr, flow->address, 16);
        return sizeof(*out);
    }
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)out;
    v4->sin_family = AF_INET;
    v4->sin_port = htons(flow->port);
    memcpy(&v4->sin_addr, flow->address + 12, 4);
    return sizeof(*v4);
}

static void from_sockaddr(const struct sockaddr_in6 *in, struct reg_flow *flow)
{
    if (in->sin6_family == AF_INET6) {
        memcpy(flow->address, &in->sin6_addr, 16);
        flow->port = ntohs(in->sin6_port);
        return;
    }
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)in;
    memset(flow->address, 0, 10);
    flow->address[10] = flow->address[11] = 0xff;
    memcpy(flow->address + 12, &v4->sin_addr, 4);
    flow->port = ntohs(v4->sin_port);
}

static void flush(struct edge_thread *thread)
{
    struct send_batch *batch = thread->batch;
    int at = 0;
    while (at < batch->count) {
        int end = at + 1;
        while (end < batch->count && batch->fds[end] == batch->fds[at]) {
            end++;
        }
        int sent = sendmmsg(batch->fds[at], batch->headers + at, (unsigned)(end - at), 0);
        if (sent > 0) {
            at += sent;
        } else if (errno == EINTR) {
            continue;
        } else {
            /* Full or refused: the sender's timers repeat what matters. An error that the socket
             * remembered from earlier (ICMP) is read off by this and costs one message. */
            count(&thread->send_failed);
            at++;
        }
    }
    batch->count = 0;
    batch->used_size = 0;
}

static const struct role_socket *udp_socket(const struct edge_thread *thread, uint8_t listener)
{
    const struct role_options *options = thread->role->options;
    for (int i = 0; i < options->socket_count; i++) {
        const struct role_socket *socket = &options->sockets[i];
        if (socket->transport == REG_UDP && socket->listener == listener &&
            socket->worker == thread->index) {
            return socket;
        }
    }
    return NULL;
}

static bool is_v6(const struct reg_flow *flow)
{
    static const uint8_t prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return memcmp(flow->address, prefix, sizeof(prefix)) != 0;
}

/* The flow's own listener if it fits, else the first of its family. */
static const struct role_socket *socket_for(const struct edge_thread *thread,
                                            const struct reg_flow *to)
{
    const struct edge_settings *settings = &thread->role->edge.settings;
    bool is_ipv6 = is_v6(to);
    if (to->listener < settings->listener_count &&
        settings->listeners[to->listener].transport == REG_UDP &&
        settings->listeners[to->listener].is_ipv6 == is_ipv6) {
        return udp_socket(thread, to->listener);
    }
    for (int i = 0; i < settings->listener_count; i++) {
        if (settings->listeners[i].transport == REG_UDP &&
            settings->listeners[i].is_ipv6 == is_ipv6) {
            return udp_socket(thread, (uint8_t)i);
        }
    }
    return NULL;
}

static void shell_send(void *ctx, const struct reg_flow *to, struct slice message)
{
    struct edge_thread *thread = ctx;
    if (to->transport != REG_UDP) {
        stream_send(thread->streams, to, message);
        return;
    }
    struct send_batch *batch = thread->batch;
    const struct role_socket *socket = socket_for(thread, to);
    if (socket == NULL || message.size > SIP_MESSAGE_SIZE_MAX) {
        count(&thread->send_failed);
        return;
    }
    if (batch->count == SEND_COUNT || batch->used_size + message.size > SEND_BLOCK) {
        flush(thread);
    }
    int at = batch->count++;
    char *copy = batch->block + batch->used_size;
    memcpy(copy, message.data, message.size);
    batch->used_size += message.size;
    batch->vectors[at] = (struct iovec){copy, message.size};
    batch->fds[at] = socket->fd;
    struct msghdr *header = &batch->headers[at].msg_hdr;
    memset(header, 0, sizeof(*header));
    header->msg_name = &batch->addresses[at];
    header->msg_namelen = to_sockaddr(to, is_v6(to), &batch->addresses[at]);
    header->msg_iov = &batch->vectors[at];
    header->msg_iovlen = 1;
}

static void shell_event(void *ctx, const char *kind, struct slice json)
{
    struct edge_thread *thread = ctx;
    edge_event(thread->role, kind, json);
}

/* The console follows a few calls a second with pleasure, and thousands not at all. */
static bool shell_has_listener(void *ctx)
{
    struct edge_thread *thread = ctx;
    struct edge_role *role = thread->role;
    if (role->control == NULL || !control_server_has_readers(role->control)) {
        return false;
    }
    if (thread->now.mono_us - thread->events_since_us >= SECOND_US) {
        thread->events_since_us = thread->now.mono_us;
        thread->events_told = 0;
    }
    return thread->events_told++ < EVENTS_A_SECOND;
}

static struct tri shell_resolve(void *ctx, const char *host, uint8_t address[16], uint16_t *port)
{
    struct edge_thread *thread = ctx;
    return resolver_look(thread->role->resolver, host, address, port);
}

/* ---- between threads ---- */

bool edge_thread_note(struct edge_thread *to, int producer, const struct note *note,
                      struct slice bytes)
{
    char *place = ring_reserve(&to->rings[producer], sizeof(*note) + bytes.size);
    if (place == NULL) {
        return false;
    }
    struct note copy = *note;
    copy.size = (uint32_t)bytes.size;
    memcpy(place, &copy, sizeof(copy));
    if (bytes.size > 0) {
        memcpy(place + sizeof(copy), bytes.data, bytes.size);
    }
    ring_push(&to->rings[producer]);
    return true;
}

void edge_thread_wake(struct edge_thread *thread)
{
    uint64_t one = 1;
    ssize_t written = write(thread->wake_fd, &one, sizeof(one));
    (void)written; /* full means that it is awake */
}

static void pass_on(struct edge_thread *thread, int to, const struct note *note, struct slice bytes)
{
    if (edge_thread_note(&thread->role->threads[to], thread->index, note, bytes)) {
        thread->woken |= UINT64_C(1) << to;
    } else {
        count(&thread->dropped_full);
    }
}

static void wake_others(struct edge_thread *thread)
{
    for (int i = 0; thread->woken != 0 && i < thread->role->worker_count; i++) {
        if ((thread->woken >> i & 1) != 0) {
            edge_thread_wake(&thread->role->threads[i]);
        }
    }
    thread->woken = 0;
}

void edge_thread_handle(struct edge_thread *thread, struct slice bytes, const struct reg_flow *from,
                        int64_t age_us)
{
    struct sip_msg *msg = &thread->receive->msg;
    enum sip_parse result = sip_msg_parse(bytes, msg);
    if (result == SIP_OK) {
        bool is_new = msg->is_request && msg->to.tag.size == 0;
        if (age_us > STALE_US && is_new) {
            count(&thread->dropped_stale);
            return;
        }
        int owner = edge_owner(&thread->role->edge, msg);
        if (owner != EDGE_ANY && owner != thread->index) {
            struct note note = {.kind = NOTE_MESSAGE, .flow = *from};
            pass_on(thread, owner, &note, bytes);
            return;
        }
    }
    edge_message(thread->engine, msg, result, from, &thread->now);
}

void edge_thread_unreachable(struct edge_thread *thread, const struct reg_flow *to)
{
    struct note note = {.kind = NOTE_UNREACHABLE, .flow = *to};
    for (int i = 0; i < thread->role->worker_count; i++) {
        if (i != thread->index) {
            pass_on(thread, i, &note, (struct slice){NULL, 0});
        }
    }
    edge_unreachable(thread->engine, to, &thread->now);
}

static void take_note(struct edge_thread *thread, const struct note *note, struct slice bytes)
{
    switch ((enum note_kind)note->kind) {
    case NOTE_MESSAGE: {
        struct sip_msg *msg = &thread->receive->msg;
        enum sip_parse result = sip_msg_parse(bytes, msg);
        edge_message(thread->engine, msg, result, &note->flow, &thread->now);
        return;
    }
    case NOTE_SEND:
        stream_send(thread->streams, &note->flow, bytes);
        return;
    case NOTE_WAKE:
        edge_wake(thread->engine, note->call, note->generation, &thread->now);
        return;
    case NOTE_UNREACHABLE:
        edge_unreachable(thread->engine, &note->flow, &thread->now);
        return;
    }
}

static void drain_rings(struct edge_thread *thread)
{
    for (int producer = 0; producer < thread->role->worker_count + 2; producer++) {
        if (producer == thread->index) {
            continue;
        }
        struct ring *ring = &thread->rings[producer];
        size_t size;
        const char *bytes;
        for (int i = 0; i < 256 && (bytes = ring_peek(ring, &size)) != NULL; i++) {
            struct note note;
            memcpy(&note, bytes, sizeof(note));
            take_note(thread, &note, slice_make(bytes + sizeof(note), note.size));
            ring_pop(ring);
        }
    }
}

static bool has_notes(struct edge_thread *thread)
{
    for (int producer = 0; producer < thread->role->worker_count + 2; producer++) {
        size_t size;
        if (producer != thread->index && ring_peek(&thread->rings[producer], &size) != NULL) {
            return true;
        }
    }
    return false;
}

void edge_wakeups(struct edge_role *role, int producer, struct edge_thread *self)
{
    struct meter_wakeup wakeups[64];
    int found;
    while ((found = meter_wakeups_take(role->edge.meters, wakeups, 64)) > 0) {
        for (int i = 0; i < found; i++) {
            int to = wakeups[i].worker;
            if (self != NULL && to == self->index) {
                edge_wake(self->engine, wakeups[i].call, wakeups[i].call_generation, &self->now);
                continue;
            }
            struct note note = {.kind = NOTE_WAKE,
                                .call = wakeups[i].call,
                                .generation = wakeups[i].call_generation};
            if (!edge_thread_note(&role->threads[to], producer, &note, (struct slice){NULL, 0})) {
                continue; /* the call's own timer asks again */
            }
            if (self != NULL) {
                self->woken |= UINT64_C(1) << to;
            } else {
                edge_thread_wake(&role->threads[to]);
            }
        }
    }
}

/* ---- receiving ---- */

static int64_t age_of(struct msghdr *header, int64_t wall_us)
{
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control != NULL;
         control = CMSG_NXTHDR(header, control)) {
        if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec stamp;
            memcpy(&stamp, CMSG_DATA(control), sizeof(stamp));
            return wall_us - ((int64_t)stamp.tv_sec * 1000000 + stamp.tv_nsec / 1000);
        }
    }
    return 0;
}

/* ICMP errors of what we sent: the destination refused. */
static void read_errors(struct edge_thread *thread, const struct role_socket *socket)
{
    for (int i = 0; i < 64; i++) {
        char data[64];
        char control[512];
        struct sockaddr_in6 address;
        struct iovec vector = {data, sizeof(data)};
        struct msghdr header = {.msg_name = &address,
                                .msg_namelen = sizeof(address),
                                .msg_iov = &vector,
                                .msg_iovlen = 1,
                                .msg_control = control,
                                .msg_controllen = sizeof(control)};
        if (recvmsg(socket->fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
            return;
        }
        for (struct cmsghdr *at = CMSG_FIRSTHDR(&header); at != NULL;
             at = CMSG_NXTHDR(&header, at)) {
            bool is_error = (at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_RECVERR) ||
                            (at->cmsg_level == IPPROTO_IPV6 && at->cmsg_type == IPV6_RECVERR);
            struct sock_extended_err error;
            if (!is_error) {
                continue;
            }
            memcpy(&error, CMSG_DATA(at), sizeof(error));
            if (error.ee_errno == ECONNREFUSED) {
                struct reg_flow to = {.transport = REG_UDP, .listener = socket->listener};
                from_sockaddr(&address, &to);
                edge_thread_unreachable(thread, &to);
            }
        }
    }
}

static void receive(struct edge_thread *thread, const struct role_socket *socket)
{
    struct receive_batch *batch = thread->receive;
    for (int turn = 0; turn < RECEIVE_TURNS; turn++) {
        for (int i = 0; i < RECEIVE_COUNT; i++) {
            batch->headers[i].msg_hdr.msg_namelen = sizeof(batch->addresses[i]);
            batch->headers[i].msg_hdr.msg_controllen = sizeof(batch->control[i]);
        }
        int got = recvmmsg(socket->fd, batch->headers, RECEIVE_COUNT, MSG_DONTWAIT, NULL);
        if (got <= 0) {
            return;
        }
        thread->now.mono_us = clock_mono_us();
        thread->now.wall_us = clock_wall_us();
        for (int i = 0; i < got; i++) {
            struct msghdr *header = &batch->headers[i].msg_hdr;
            if ((header->msg_flags & MSG_TRUNC) != 0) {
                continue;
            }
            struct reg_flow from = {.transport = REG_UDP, .listener = socket->listener};
            from_sockaddr(&batch->addresses[i], &from);
            edge_thread_handle(thread,
                               slice_make(batch->vectors[i].iov_base, batch->headers[i].msg_len),
                               &from, age_of(header, thread->now.wall_us));
        }
        flush(thread);
        if (got < RECEIVE_COUNT) {
            return;
        }
    }
}

static int timeout_ms(struct edge_thread *thread)
{
    if (atomic_load_explicit(&thread->has_commands, memory_order_relaxed) || has_notes(thread)) {
        return 0;
    }
    int64_t deadline_us = edge_deadline(thread->engine);
    int64_t now_us = clock_mono_us();
    int64_t wait_us = deadline_us == INT64_MAX ? SWEEP_US : deadline_us - now_us;
    if (wait_us <= 0) {
        return 0;
    }
    return wait_us > SWEEP_US ? (int)(SWEEP_US / 1000) : (int)((wait_us + 999) / 1000);
}

void *edge_thread_main(void *argument)
{
    struct edge_thread *thread = argument;
    struct edge_role *role = thread->role;
    int64_t sweep_at_us = 0;
    while (!atomic_load_explicit(&role->is_stopping, memory_order_relaxed)) {
        struct epoll_event events[64];
        int wait_ms = timeout_ms(thread);
        if (wait_ms != 0) {
            epoch_offline(&role->epoch, thread->index);
        }
        int count_of_events = epoll_wait(thread->epoll_fd, events, 64, wait_ms);
        epoch_online(&role->epoch, thread->index);
        thread->now.mono_us = clock_mono_us();
        thread->now.wall_us = clock_wall_us();
        for (int i = 0; i < count_of_events; i++) {
            uint64_t tag = events[i].data.u64;
            if (tag == WAKE_TAG) {
                uint64_t value;
                ssize_t got = read(thread->wake_fd, &value, sizeof(value));
                (void)got;
            } else if ((tag & STREAM_TAG) != 0) {
                stream_event(thread->streams, tag, events[i].events);
            } else {
                const struct role_socket *socket = &role->options->sockets[tag];
                if ((events[i].events & EPOLLERR) != 0) {
                    read_errors(thread, socket);
                }
                receive(thread, socket);
            }
        }
        drain_rings(thread);
        edge_tick(thread->engine, &thread->now);
        edge_wakeups(role, thread->index, thread);
        if (atomic_load_explicit(&thread->has_commands, memory_order_relaxed)) {
            edge_command_take(thread);
        }
        if (meter_has_asks(role->edge.meters, thread->now.mono_us)) {
            uint64_t one = 1;
            ssize_t written = write(role->store_wake_fd, &one, sizeof(one));
            (void)written;
        }
        stream_reap(thread->streams);
        if (thread->now.mono_us >= sweep_at_us) {
            sweep_at_us = thread->now.mono_us + SWEEP_US;
            stream_sweep(thread->streams, thread->now.mono_us);
        }
        flush(thread);
        wake_others(thread);
    }
    epoch_offline(&role->epoch, thread->index);
    return NULL;
}

static bool make_batches(struct edge_thread *thread)
{
    thread->batch = calloc(1, sizeof(*thread->batch));
    thread->receive = calloc(1, sizeof(*thread->receive));
    if (thread->batch == NULL || thread->receive == NULL) {
        return false;
    }
    thread->batch->block = malloc(SEND_BLOCK);
    thread->receive->block = malloc((size_t)RECEIVE_COUNT * RECEIVE_SIZE);
    if (thread->batch->block == NULL || thread->receive->block == NULL) {
        return false;
    }
    struct receive_batch *batch = thread->receive;
    for (int i = 0; i < RECEIVE_COUNT; i++) {
        batch->vectors[i] = (struct iovec){batch->block + (size_t)i * RECEIVE_SIZE, RECEIVE_SIZE};
        struct msghdr *header = &batch->headers[i].msg_hdr;
        header->msg_name = &batch->addresses[i];
        header->msg_iov = &batch->vectors[i];
        header->msg_iovlen = 1;
        header->msg_control = batch->control[i];
    }
    return true;
}

static bool watch(int epoll_fd, int fd, uint64_t tag)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = tag};
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool edge_thread_init(struct edge_thread *thread, struct edge_role *role, int index)
{
    thread->role = role;
    thread->index = index;
    thread->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    thread->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (thread->epoll_fd < 0 || thread->wake_fd < 0 || !make_batches(thread) ||
        !watch(thread->epoll_fd, thread->wake_fd, WAKE_TAG)) {
        return false;
    }
    for (int i = 0; i < role->worker_count + 2; i++) {
        if (!ring_init(&thread->rings[i], i < role->worker_count ? RING_SIZE : 65536)) {
            return false;
        }
    }
    thread->streams = stream_table_new(thread);
    if (thread->streams == NULL) {
        return false;
    }
    const struct role_options *options = role->options;
    for (int i = 0; i < options->socket_count; i++) {
        const struct role_socket *socket = &options->sockets[i];
        bool is_watched = true;
        if (socket->transport == REG_TCP) {
            is_watched = stream_listen(thread->streams, socket);
        } else if (socket->worker == index) {
            is_watched = watch(thread->epoll_fd, socket->fd, (uint64_t)i);
        }
        if (!is_watched) {
            return false;
        }
    }
    struct edge_shell shell = {.ctx = thread,
                               .send = shell_send,
                               .event = shell_event,
                               .has_listener = shell_has_listener,
                               .resolve = shell_resolve};
    uint64_t seed = (uint64_t)clock_wall_us() * 0x9e3779b97f4a7c15u ^ (uint64_t)getpid() << 32 ^
                    (uint64_t)index;
    thread->now.mono_us = clock_mono_us();
    thread->now.wall_us = clock_wall_us();
    thread->engine = edge_worker_new(&role->edge, index, &shell, seed, thread->now.mono_us);
    return thread->engine != NULL;
}

void edge_thread_done(struct edge_thread *thread)
{
    edge_worker_free(thread->engine);
    stream_table_free(thread->streams);
    for (int i = 0; i < PRODUCERS_MAX; i++) {
        ring_done(&thread->rings[i]);
    }
    if (thread->batch != NULL) {
        free(thread->batch->block);
    }
    if (thread->receive != NULL) {
        free(thread->receive->block);
    }
    free(thread->batch);
    free(thread->receive);
    if (thread->epoll_fd > 0) {
        close(thread->epoll_fd);
    }
    if (thread->wake_fd > 0) {
        close(thread->wake_fd);
    }
}
