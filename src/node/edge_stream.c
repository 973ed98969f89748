#include "node/edge_thread.h"

#include "base/address.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define STREAM_COUNT_MAX 65536u
#define INPUT_FIRST 4096
#define OUTPUT_MAX (1u << 20) /* bytes that wait for a slow reader: more, and it is cut off */
#define SILENT_US 32000000    /* a connection that sent nothing whole, or has begun a message */
#define CONNECT_US 4000000
#define SHARED_PART 4   /* of a worker's memory: what its connections' larger buffers may take */
#define PAUSE_US 100000 /* a connection whose work is not let in is read again after that */
#define LISTENER_BIT (UINT64_C(1) << 62)
#define WORKER_SHIFT 48

struct stream {
    int fd; /* -1: free */
    uint32_t next_free;
    uint64_t id; /* worker << 48 | serial << 17 | slot; never 0 */
    struct reg_flow flow;
    char *input;
    size_t input_size, input_max;
    char *output;
    size_t output_size, output_max;
    int64_t deadline_us; /* closed then unless a whole message came; 0: none */
    bool is_connecting, is_outbound;
    bool is_paused; /* its next message waits in `input` until there is room for its work */
    bool is_dead;   /* broke while the engine was sending: dropped at the end of the turn */
};

struct stream_table {
    struct edge_thread *thread;
    struct stream *streams;
    uint32_t count, used, first_free;
    size_t shared_size, shared_size_max; /* of all buffers beyond the first */
    uint64_t serial;
    bool has_dead;
    uint32_t paused_count;
    int64_t resume_at_us; /* if any is paused */
    int listener_count;
    const struct role_socket *listeners[CONFIG_LISTEN_MAX];
};

struct stream_table *stream_table_new(struct edge_thread *thread)
{
    struct stream_table *table = calloc(1, sizeof(*table));
    if (table == NULL) {
        return NULL;
    }
    table->thread = thread;
    table->first_free = UINT32_MAX;
    table->shared_size_max = thread->role->edge.settings.memory_max / SHARED_PART;
    table->streams = calloc(STREAM_COUNT_MAX, sizeof(struct stream));
    if (table->streams == NULL) {
        free(table);
        return NULL;
    }
    return table;
}

bool stream_listen(struct stream_table *table, const struct role_socket *socket)
{
    if (table->listener_count == CONFIG_LISTEN_MAX) {
        return false;
    }
    uint64_t tag = STREAM_TAG | LISTENER_BIT | (uint64_t)table->listener_count;
    struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.u64 = tag};
    table->listeners[table->listener_count++] = socket;
    return epoll_ctl(table->thread->epoll_fd, EPOLL_CTL_ADD, socket->fd, &event) == 0;
}

static uint32_t slot_of(uint64_t id)
{
    return (uint32_t)(id & 0x1ffff);
}

static struct stream *stream_add(struct stream_table *table, int fd, const struct reg_flow *flow)
{
    uint32_t slot = table->first_free;
    if (slot != UINT32_MAX) {
        table->first_free = table->streams[slot].next_free;
    } else if (table->used < STREAM_COUNT_MAX) {
        slot = table->used++;
    } else {
        return NULL;
    }
    struct stream *stream = &table->streams[slot];
    memset(stream, 0, sizeof(*stream));
    stream->fd = fd;
    stream->id = (uint64_t)(table->thread->index + 1) << WORKER_SHIFT |
                 (++table->serial & 0x7fffffff) << 17 | slot;
    stream->flow = *flow;
    stream->flow.connection = stream->id;
    table->count++;
    return stream;
}

/* A first buffer is every connection's own, so that nobody's usual message meets the ceiling; what
 * is larger comes out of what all have together. */
static size_t shared_size(size_t size)
{
    return size > INPUT_FIRST ? size : 0;
}

/* False: there is no room for it, and nothing has changed. */
static bool buffer_grow(struct stream_table *table, char **buffer, size_t *size, size_t wanted_size)
{
    size_t all_size = table->shared_size - shared_size(*size) + shared_size(wanted_size);
    if (wanted_size > INPUT_FIRST && all_size > table->shared_size_max) {
        count_one(&table->thread->dropped_full);
        return false;
    }
    char *grown = realloc(*buffer, wanted_size);
    if (grown == NULL) {
        return false;
    }
    table->shared_size = all_size;
    *buffer = grown;
    *size = wanted_size;
    return true;
}

static void buffer_free(struct stream_table *table, char **buffer, size_t *size)
{
    free(*buffer);
    table->shared_size -= shared_size(*size);
    *buffer = NULL;
    *size = 0;
}

static void stream_drop(struct stream_table *table, struct stream *stream)
{
    uint32_t slot = slot_of(stream->id);
    struct reg_flow flow = stream->flow;
    bool is_outbound = stream->is_outbound;
    table->paused_count -= stream->is_paused ? 1 : 0;
    close(stream->fd);
    buffer_free(table, &stream->input, &stream->input_max);
    buffer_free(table, &stream->output, &stream->output_max);
    memset(stream, 0, sizeof(*stream));
    stream->fd = -1;
    stream->next_free = table->first_free;
    table->first_free = slot;
    table->count--;
    registrar_flow_lost(table->thread->role->edge.registrar, flow.connection);
    if (is_outbound) { /* requests to an address go without the connection's number */
        flow.connection = 0;
    }
    edge_thread_unreachable(table->thread, &flow);
}

static bool watch(struct stream_table *table, struct stream *stream, uint32_t events, int how)
{
    struct epoll_event event = {.events = events, .data.u64 = STREAM_TAG | slot_of(stream->id)};
    return epoll_ctl(table->thread->epoll_fd, how, stream->fd, &event) == 0;
}

/* A paused connection is not read: its sender feels it, and what it sends waits with it. */
static uint32_t wanted(const struct stream *stream)
{
    return (stream->is_paused ? 0u : (uint32_t)EPOLLIN) |
           (stream->output_size > 0 || stream->is_connecting ? (uint32_t)EPOLLOUT : 0u);
}

static void pause_reading(struct stream_table *table, struct stream *stream)
{
    if (table->paused_count == 0) {
        table->resume_at_us = table->thread->now.mono_us + PAUSE_US;
    }
    table->paused_count++;
    stream->is_paused = true;
    if (!watch(table, stream, wanted(stream), EPOLL_CTL_MOD)) {
        stream->is_dead = true;
        table->has_dead = true;
    }
}

static void prepare(int fd)
{
    int one = 1;
    unsigned timeout_ms = 30000;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
}

static void accept_some(struct stream_table *table, const struct role_socket *listener)
{
    for (int i = 0; i < 64; i++) {
        struct sockaddr_in6 address; /* or a sockaddr_in, which is shorter */
        socklen_t size = sizeof(address);
        int fd = accept4(listener->fd, (struct sockaddr *)(void *)&address, &size,
                         SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            return;
        }
        struct reg_flow flow = {.transport = REG_TCP, .listener = listener->listener};
        flow_from_sockaddr(&address, &flow);
        prepare(fd);
        struct stream *stream = stream_add(table, fd, &flow);
        if (stream == NULL) {
            close(fd);
            continue;
        }
        stream->deadline_us = table->thread->now.mono_us + SILENT_US;
        if (!watch(table, stream, EPOLLIN, EPOLL_CTL_ADD)) {
            stream_drop(table, stream);
        }
    }
}

/* Writes what it can; false: the connection is broken. */
static bool write_some(struct stream *stream, const char *data, size_t size, size_t *written)
{
    *written = 0;
    while (*written < size) {
        ssize_t sent = send(stream->fd, data + *written, size - *written, MSG_NOSIGNAL);
        if (sent > 0) {
            *written += (size_t)sent;
        } else if (sent < 0 && errno == EINTR) {
            continue;
        } else {
            return errno == EAGAIN || errno == EWOULDBLOCK;
        }
    }
    return true;
}

static bool queue_output(struct stream_table *table, struct stream *stream, const char *data,
                         size_t size)
{
    size_t all_size = stream->output_size + size;
    if (all_size > OUTPUT_MAX ||
        (all_size > stream->output_max &&
         !buffer_grow(table, &stream->output, &stream->output_max, all_size))) {
        return false;
    }
    memcpy(stream->output + stream->output_size, data, size);
    stream->output_size = all_size;
    return true;
}

/* The engine is in the middle of something when it sends: it hears of a broken stream later. */
static void stream_write(struct stream_table *table, struct stream *stream, struct slice bytes)
{
    size_t written = 0;
    bool is_whole = true;
    if (stream->is_dead) {
        return;
    }
    if (!stream->is_connecting && stream->output_size == 0) {
        is_whole = write_some(stream, bytes.data, bytes.size, &written);
    }
    if (is_whole && written < bytes.size) {
        is_whole = queue_output(table, stream, bytes.data + written, bytes.size - written) &&
                   watch(table, stream, wanted(stream), EPOLL_CTL_MOD);
    }
    if (!is_whole) {
        stream->is_dead = true;
        table->has_dead = true;
    }
}

void stream_reap(struct stream_table *table)
{
    if (!table->has_dead) {
        return;
    }
    table->has_dead = false;
    for (uint32_t i = 0; i < table->used; i++) {
        if (table->streams[i].fd >= 0 && table->streams[i].is_dead) {
            stream_drop(table, &table->streams[i]);
        }
    }
}

static void flush_output(struct stream_table *table, struct stream *stream)
{
    size_t written;
    if (stream->is_connecting) {
        int error = 0;
        socklen_t size = sizeof(error);
        getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) {
            stream_drop(table, stream);
            return;
        }
        stream->is_connecting = false;
        stream->deadline_us = 0;
    }
    if (!write_some(stream, stream->output, stream->output_size, &written)) {
        stream_drop(table, stream);
        return;
    }
    memmove(stream->output, stream->output + written, stream->output_size - written);
    stream->output_size -= written;
    if (stream->output_size == 0) {
        buffer_free(table, &stream->output, &stream->output_max);
        if (!watch(table, stream, wanted(stream), EPOLL_CTL_MOD)) {
            stream_drop(table, stream);
        }
    }
}

/* A part of a message, and not of a keep-alive, of which many phones send half. */
static bool has_begun(const struct stream *stream)
{
    return stream->input_size > 0 && !stream->is_paused &&
           (stream->input[0] != '\r' || stream->input_size > 3);
}

/* Frames and hands over what has come; false: the stream cannot be followed, or was dropped by what
 * it caused. */
static bool take_messages(struct stream_table *table, struct stream *stream)
{
    uint64_t id = stream->id;
    size_t at = 0;
    while (at < stream->input_size) {
        size_t size = 0;
        struct slice rest = slice_make(stream->input + at, stream->input_size - at);
        enum sip_frame frame = sip_frame(rest, &size);
        if (frame == SIP_FRAME_INCOMPLETE) {
            break;
        }
        if (frame == SIP_FRAME_BAD) { /* it hears why before it is cut off */
            struct reg_flow from = stream->flow;
            edge_thread_refuse(table->thread, rest, &from);
            return false;
        }
        if (frame == SIP_FRAME_PING) {
            if (size >= 4) {
                stream_write(table, stream, SLICE("\r\n")); /* RFC 5626 4.4.1 */
            }
        } else {
            stream->deadline_us = 0;
            struct reg_flow from = stream->flow;
            if (!admit_stream(table->thread, slice_head(rest, size), &from)) {
                pause_reading(table, stream);
                break;
            }
            edge_thread_handle(table->thread, slice_head(rest, size), &from, 0);
        }
        if (stream->fd < 0 || stream->id != id) {
            return true; /* dropped meanwhile */
        }
        at += size;
    }
    if (at > 0) {
        memmove(stream->input, stream->input + at, stream->input_size - at);
        stream->input_size -= at;
    }
    if (stream->deadline_us == 0 &&
        has_begun(stream)) { /* else it would keep its buffer for ever */
        stream->deadline_us = table->thread->now.mono_us + SILENT_US;
    }
    if (stream->input_size == 0) { /* an idle connection keeps no buffer */
        buffer_free(table, &stream->input, &stream->input_max);
    }
    return true;
}

static void read_some(struct stream_table *table, struct stream *stream)
{
    uint64_t id = stream->id;
    for (int i = 0; i < 8; i++) {
        if (stream->input_size == stream->input_max) {
            size_t grown_max = stream->input_max == 0 ? INPUT_FIRST : stream->input_max * 2;
            if (grown_max > 2 * SIP_MESSAGE_SIZE_MAX ||
                !buffer_grow(table, &stream->input, &stream->input_max, grown_max)) {
                stream_drop(table, stream);
                return;
            }
        }
        size_t room = stream->input_max - stream->input_size;
        ssize_t got = recv(stream->fd, stream->input + stream->input_size, room, 0);
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
            return;
        }
        if (got <= 0) {
            stream_drop(table, stream);
            return;
        }
        stream->input_size += (size_t)got;
        if (!take_messages(table, stream)) {
            stream_drop(table, stream);
            return;
        }
        if (stream->fd < 0 || stream->id != id || stream->is_paused || (size_t)got < room) {
            return;
        }
    }
}

void stream_event(struct stream_table *table, uint64_t tag, uint32_t events)
{
    if ((tag & LISTENER_BIT) != 0) {
        accept_some(table, table->listeners[tag & 0xff]);
        return;
    }
    struct stream *stream = &table->streams[slot_of(tag)];
    uint64_t id = stream->id;
    if (stream->fd < 0 || id == 0) {
        return;
    }
    if ((events & EPOLLOUT) != 0) {
        flush_output(table, stream);
    }
    if (stream->id == id && stream->is_paused && (events & (EPOLLHUP | EPOLLERR)) != 0) {
        stream_drop(table, stream); /* it does not wait for what it sent */
    } else if (stream->id == id && !stream->is_paused &&
               (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
        read_some(table, stream);
    }
}

int64_t stream_resume_at(const struct stream_table *table)
{
    return table->paused_count > 0 ? table->resume_at_us : INT64_MAX;
}

void stream_resume(struct stream_table *table, int64_t now_us)
{
    if (table->paused_count == 0 || now_us < table->resume_at_us) {
        return;
    }
    uint32_t left = table->paused_count; /* those that are paused again have had their turn */
    table->resume_at_us = now_us + PAUSE_US;
    for (uint32_t i = 0; i < table->used && left > 0; i++) {
        struct stream *stream = &table->streams[i];
        if (stream->fd < 0 || !stream->is_paused) {
            continue;
        }
        uint64_t id = stream->id;
        left--;
        table->paused_count--;
        stream->is_paused = false;
        if (!take_messages(table, stream)) {
            stream_drop(table, stream);
        } else if (stream->fd >= 0 && stream->id == id && !stream->is_paused &&
                   !watch(table, stream, wanted(stream), EPOLL_CTL_MOD)) {
            stream_drop(table, stream);
        }
    }
}

static struct stream *find_outbound(struct stream_table *table, const struct reg_flow *to)
{
    for (uint32_t i = 0; i < table->used; i++) {
        struct stream *stream = &table->streams[i];
        if (stream->fd >= 0 && stream->is_outbound && stream->flow.port == to->port &&
            memcmp(stream->flow.address, to->address, 16) == 0) {
            return stream;
        }
    }
    return NULL;
}

static struct stream *stream_connect(struct stream_table *table, const struct reg_flow *to)
{
    bool is_ipv6 = !address_is_ipv4(to->address);
    int fd = socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return NULL;
    }
    prepare(fd);
    struct sockaddr_in6 v6_address = {.sin6_family = AF_INET6, .sin6_port = htons(to->port)};
    struct sockaddr_in v4_address = {.sin_family = AF_INET, .sin_port = htons(to->port)};
    memcpy(&v6_address.sin6_addr, to->address, 16);
    memcpy(&v4_address.sin_addr, to->address + ADDRESS_IPV4_AT, 4);
    int status = is_ipv6 ? connect(fd, (struct sockaddr *)(void *)&v6_address, sizeof(v6_address))
                         : connect(fd, (struct sockaddr *)(void *)&v4_address, sizeof(v4_address));
    if (status != 0 && errno != EINPROGRESS) {
        close(fd);
        return NULL;
    }
    struct stream *stream = stream_add(table, fd, to);
    if (stream == NULL) {
        close(fd);
        return NULL;
    }
    stream->is_connecting = true;
    stream->is_outbound = true;
    stream->deadline_us = table->thread->now.mono_us + CONNECT_US;
    if (!watch(table, stream, EPOLLIN | EPOLLOUT, EPOLL_CTL_ADD)) {
        stream->is_dead = true;
        table->has_dead = true;
        return NULL;
    }
    return stream;
}

void stream_send(struct stream_table *table, const struct reg_flow *to, struct slice bytes)
{
    int owner = (int)(to->connection >> WORKER_SHIFT) - 1;
    struct stream *stream = NULL;
    if (owner >= 0 && owner != table->thread->index && owner < table->thread->role->worker_count) {
        struct note note = {.kind = NOTE_SEND, .flow = *to};
        if (edge_thread_note(&table->thread->role->threads[owner], table->thread->index, &note,
                             bytes)) {
            table->thread->woken |= UINT64_C(1) << owner;
        }
        return;
    }
    if (owner == table->thread->index) {
        stream = &table->streams[slot_of(to->connection)];
        stream = stream->fd >= 0 && stream->id == to->connection ? stream : NULL;
    }
    /* The connection is gone, or there never was one: a contact may be tried, a trunk is called. */
    if (stream == NULL) {
        stream = find_outbound(table, to);
    }
    if (stream == NULL) {
        stream = stream_connect(table, to);
    }
    if (stream == NULL) {
        atomic_fetch_add_explicit(&table->thread->send_failed, 1, memory_order_relaxed);
        return; /* the transaction's own timer speaks */
    }
    stream_write(table, stream, bytes);
}

void stream_sweep(struct stream_table *table, int64_t now_us)
{
    for (uint32_t i = 0; i < table->used; i++) {
        struct stream *stream = &table->streams[i];
        if (stream->fd >= 0 && stream->deadline_us != 0 && stream->deadline_us < now_us) {
            stream_drop(table, stream);
        }
    }
}

void stream_table_free(struct stream_table *table)
{
    if (table == NULL) {
        return;
    }
    for (uint32_t i = 0; i < table->used; i++) {
        if (table->streams[i].fd >= 0) {
            close(table->streams[i].fd);
            free(table->streams[i].input);
            free(table->streams[i].output);
        }
    }
    free(table->streams);
    free(table);
}
