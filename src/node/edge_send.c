#include "node/edge_thread.h"

#include "base/address.h"
#include "node/send_batch.h"

#include <stdlib.h>
#include <string.h>

struct edge_sender {
    struct send_batch *batch;
    int listener_fds[EDGE_LISTENERS_MAX]; /* this worker's UDP socket of each; -1: it has none */
};

struct edge_sender *edge_sender_new(const struct edge_thread *thread)
{
    struct edge_sender *sender = malloc(sizeof(*sender));
    if (sender == NULL) {
        return NULL;
    }
    sender->batch = send_batch_new();
    if (sender->batch == NULL) {
        free(sender);
        return NULL;
    }
    for (int i = 0; i < EDGE_LISTENERS_MAX; i++) {
        sender->listener_fds[i] = -1;
    }
    const struct role_options *options = thread->role->options;
    for (int i = options->socket_count - 1; i >= 0; i--) { /* the first of its classes stays */
        const struct role_socket *socket = &options->sockets[i];
        if (socket->transport == REG_UDP && socket->listener < EDGE_LISTENERS_MAX &&
            socket->worker == thread->index) {
            sender->listener_fds[socket->listener] = socket->fd;
        }
    }
    return sender;
}

void edge_sender_free(struct edge_sender *sender)
{
    if (sender != NULL) {
        send_batch_free(sender->batch);
        free(sender);
    }
}

static void to_sockaddr(const struct reg_flow *flow, bool is_ipv6, struct sockaddr_in6 *out)
{
    memset(out, 0, sizeof(*out));
    if (is_ipv6) {
        out->sin6_family = AF_INET6;
        out->sin6_port = htons(flow->port);
        memcpy(&out->sin6_addr, flow->address, 16);
        return;
    }
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)out;
    v4->sin_family = AF_INET;
    v4->sin_port = htons(flow->port);
    memcpy(&v4->sin_addr, flow->address + ADDRESS_IPV4_AT, 4);
}

void flow_from_sockaddr(const struct sockaddr_in6 *in, struct reg_flow *flow)
{
    if (in->sin6_family == AF_INET6) {
        memcpy(flow->address, &in->sin6_addr, 16);
        flow->port = ntohs(in->sin6_port);
        return;
    }
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)in;
    address_from_ipv4(flow->address, &v4->sin_addr);
    flow->port = ntohs(v4->sin_port);
}

void edge_thread_flush(struct edge_thread *thread)
{
    int failed = send_batch_flush(thread->sender->batch);
    if (failed > 0) {
        atomic_fetch_add_explicit(&thread->send_failed, (uint64_t)failed, memory_order_relaxed);
    }
}

/* The flow's own listener if it fits, else the first of its family; -1: there is none. */
static int fd_for(const struct edge_thread *thread, const struct reg_flow *to)
{
    const struct edge_settings *settings = &thread->role->edge.settings;
    bool is_ipv6 = !address_is_ipv4(to->address);
    if (to->listener < settings->listener_count &&
        settings->listeners[to->listener].transport == REG_UDP &&
        settings->listeners[to->listener].is_ipv6 == is_ipv6) {
        return thread->sender->listener_fds[to->listener];
    }
    for (int i = 0; i < settings->listener_count; i++) {
        if (settings->listeners[i].transport == REG_UDP &&
            settings->listeners[i].is_ipv6 == is_ipv6) {
            return thread->sender->listener_fds[i];
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
    int fd = fd_for(thread, to);
    if (fd < 0 || message.size > SIP_MESSAGE_SIZE_MAX) {
        count_one(&thread->send_failed);
        return;
    }
    struct sockaddr_in6 address;
    to_sockaddr(to, !address_is_ipv4(to->address), &address);
    struct send_batch *batch = thread->sender->batch;
    if (!send_batch_add(batch, fd, &address, message)) {
        edge_thread_flush(thread);
        if (!send_batch_add(batch, fd, &address, message)) {
            count_one(&thread->send_failed);
        }
    }
}
