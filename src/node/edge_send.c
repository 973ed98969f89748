#include "node/edge_thread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SEND_COUNT 64
#define SEND_BLOCK (512 * 1024)

struct send_batch {
    struct mmsghdr headers[SEND_COUNT];
    struct iovec vectors[SEND_COUNT];
    struct sockaddr_in6 addresses[SEND_COUNT];
    int fds[SEND_COUNT];
    int count;
    size_t used_size;
    int listener_fds[EDGE_LISTENERS_MAX]; /* this worker's UDP socket of each; -1: it has none */
    char *block;
};

struct send_batch *send_batch_new(const struct edge_thread *thread)
{
    struct send_batch *batch = calloc(1, sizeof(*batch));
    if (batch == NULL) {
        return NULL;
    }
    batch->block = malloc(SEND_BLOCK);
    if (batch->block == NULL) {
        free(batch);
        return NULL;
    }
    for (int i = 0; i < EDGE_LISTENERS_MAX; i++) {
        batch->listener_fds[i] = -1;
    }
    const struct role_options *options = thread->role->options;
    for (int i = options->socket_count - 1; i >= 0; i--) { /* the first of its classes stays */
        const struct role_socket *socket = &options->sockets[i];
        if (socket->transport == REG_UDP && socket->listener < EDGE_LISTENERS_MAX &&
            socket->worker == thread->index) {
            batch->listener_fds[socket->listener] = socket->fd;
        }
    }
    return batch;
}

void send_batch_free(struct send_batch *batch)
{
    if (batch != NULL) {
        free(batch->block);
        free(batch);
    }
}

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

void flow_from_sockaddr(const struct sockaddr_in6 *in, struct reg_flow *flow)
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

void edge_thread_flush(struct edge_thread *thread)
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
            count_one(&thread->send_failed);
            at++;
        }
    }
    batch->count = 0;
    batch->used_size = 0;
}

static bool is_v6(const struct reg_flow *flow)
{
    static const uint8_t prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return memcmp(flow->address, prefix, sizeof(prefix)) != 0;
}

/* The flow's own listener if it fits, else the first of its family; -1: there is none. */
static int fd_for(const struct edge_thread *thread, const struct reg_flow *to)
{
    const struct edge_settings *settings = &thread->role->edge.settings;
    bool is_ipv6 = is_v6(to);
    if (to->listener < settings->listener_count &&
        settings->listeners[to->listener].transport == REG_UDP &&
        settings->listeners[to->listener].is_ipv6 == is_ipv6) {
        return thread->batch->listener_fds[to->listener];
    }
    for (int i = 0; i < settings->listener_count; i++) {
        if (settings->listeners[i].transport == REG_UDP &&
            settings->listeners[i].is_ipv6 == is_ipv6) {
            return thread->batch->listener_fds[i];
        }
    }
    return -1;
}

void edge_thread_send(void *ctx, const struct reg_flow *to, struct slice message)
{
    struct edge_thread *thread = ctx;
    if (to->transport != REG_UDP) {
        stream_send(thread->streams, to, message);
        return;
    }
    struct send_batch *batch = thread->batch;
    int fd = fd_for(thread, to);
    if (fd < 0 || message.size > SIP_MESSAGE_SIZE_MAX) {
        count_one(&thread->send_failed);
        return;
    }
    if (batch->count == SEND_COUNT || batch->used_size + message.size > SEND_BLOCK) {
        edge_thread_flush(thread);
    }
    int at = batch->count++;
    char *copy = batch->block + batch->used_size;
    memcpy(copy, message.data, message.size);
    batch->used_size += message.size;
    batch->vectors[at] = (struct iovec){copy, message.size};
    batch->fds[at] = fd;
    struct msghdr *header = &batch->headers[at].msg_hdr;
    memset(header, 0, sizeof(*header));
    header->msg_name = &batch->addresses[at];
    header->msg_namelen = to_sockaddr(to, is_v6(to), &batch->addresses[at]);
    header->msg_iov = &batch->vectors[at];
    header->msg_iovlen = 1;
}
