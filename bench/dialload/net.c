#include "dialload/net.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define SEGMENTS_SIZE_MAX 60000
#define SOCKET_BUFFER_SIZE (4 << 20) /* the generator must not be the one that loses datagrams */

static uint16_t write_address(char *text, const struct sockaddr_storage *address)
{
    char host[INET6_ADDRSTRLEN] = "";
    uint16_t port = 0;
    if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
        port = ntohs(v6->sin6_port);
        snprintf(text, NET_ADDRESS_SIZE, "[%s]:%u", host, port);
    } else {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
        port = ntohs(v4->sin_port);
        snprintf(text, NET_ADDRESS_SIZE, "%s:%u", host, port);
    }
    return port;
}

/* From 127.0.0.1, 127.0.0.2, ... in turn, so that one address is not all the phones there are. */
static bool bind_source(int fd, uint32_t index, const struct options *options)
{
    struct sockaddr_in own = {.sin_family = AF_INET};
    if (options->source_count < 2 || options->target.ss_family != AF_INET) {
        return true;
    }
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK + index % options->source_count);
    return bind(fd, (const struct sockaddr *)(const void *)&own, sizeof(own)) == 0;
}

static bool open_socket(struct net *net, uint32_t index, const struct options *options)
{
    struct net_socket *s = &net->sockets[index];
    const struct sockaddr *target = (const struct sockaddr *)(const void *)&options->target;
    int size = SOCKET_BUFFER_SIZE;
    s->fd = socket(options->target.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd == -1 || !bind_source(s->fd, index, options) ||
        connect(s->fd, target, options->target_size) == -1) {
        return false;
    }
    if (setsockopt(s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) == -1) {
        (void)setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    }
    struct sockaddr_storage own = {0};
    socklen_t own_size = sizeof(own);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = index};
    if (getsockname(s->fd, (struct sockaddr *)(void *)&own, &own_size) == -1 ||
        epoll_ctl(net->epoll_fd, EPOLL_CTL_ADD, s->fd, &event) == -1) {
        return false;
    }
    s->port = write_address(s->address, &own);
    for (uint32_t i = 0; i < NET_BATCH; i++) {
        s->parts[i].iov_base = s->data[i];
        s->headers[i].msg_hdr = (struct msghdr){.msg_iov = &s->parts[i], .msg_iovlen = 1};
    }
    return true;
}

bool net_init(struct net *net, const struct options *options)
{
    *net = (struct net){.epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
    net->sockets = calloc(options->socket_count, sizeof(*net->sockets));
    net->target_port = write_address(net->target, &options->target);
    net->is_ipv6 = options->target.ss_family == AF_INET6;
    if (net->epoll_fd == -1 || net->sockets == NULL) {
        perror("dialload: epoll");
        return false;
    }
    for (uint32_t i = 0; i < options->socket_count; i++) {
        net->sockets[i].fd = -1;
    }
    net->socket_count = options->socket_count;
    net->sends_segments = options->sends_segments;
    for (uint32_t i = 0; i < options->socket_count; i++) {
        if (!open_socket(net, i, options)) {
            fprintf(stderr, "dialload: UDP socket to %s: %s\n", net->target, strerror(errno));
            return false;
        }
    }
    for (uint32_t i = 0; i < NET_BATCH; i++) {
        net->in_parts[i] = (struct iovec){.iov_base = net->in_data[i], .iov_len = NET_RECEIVE_MAX};
        net->in_headers[i].msg_hdr = (struct msghdr){.msg_iov = &net->in_parts[i], .msg_iovlen = 1};
    }
    return true;
}

void net_done(struct net *net)
{
    for (uint32_t i = 0; i < net->socket_count; i++) {
        if (net->sockets[i].fd != -1) {
            close(net->sockets[i].fd);
        }
    }
    free(net->sockets);
    if (net->epoll_fd != -1) {
        close(net->epoll_fd);
    }
}

/* Datagrams of one size in a row go through the stack as one, which cuts them apart again where
 * they arrive (UDP_SEGMENT): the receiver sees the same datagrams, and the sender pays for a few.
 */
static uint32_t count_alike(const struct net_socket *s, uint32_t first)
{
    uint32_t count = 1;
    size_t size = s->parts[first].iov_len;
    while (first + count < s->queued_count && s->parts[first + count].iov_len == size &&
           (count + 1) * size <= SEGMENTS_SIZE_MAX) {
        count++;
    }
    return count;
}

static bool send_alike(struct net_socket *s, uint32_t first, uint32_t count)
{
    union {
        struct cmsghdr header;
        char data[CMSG_SPACE(sizeof(uint16_t))];
    } control = {.data = {0}};
    uint16_t size = (uint16_t)s->parts[first].iov_len;
    struct msghdr message = {.msg_iov = &s->parts[first],
                             .msg_iovlen = count,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control.data)};
    control.header = (struct cmsghdr){
        .cmsg_level = SOL_UDP, .cmsg_type = UDP_SEGMENT, .cmsg_len = CMSG_LEN(sizeof(size))};
    memcpy(CMSG_DATA(&control.header), &size, sizeof(size));
    return sendmsg(s->fd, &message, 0) >= 0;
}

static void flush_segments(struct net *net, struct net_socket *s)
{
    for (uint32_t first = 0; first < s->queued_count;) {
        uint32_t count = count_alike(s, first);
        bool is_sent = send_alike(s, first, count);
        if (!is_sent && errno == ECONNREFUSED) {
            net->counts.refused++; /* it was about an earlier datagram */
            is_sent = send_alike(s, first, count);
        }
        net->counts.sent += is_sent ? count : 0;
        net->counts.send_failed += is_sent ? 0 : count;
        first += count;
    }
    s->queued_count = 0;
}

static void flush_socket(struct net *net, struct net_socket *s)
{
    uint32_t done = 0;
    uint32_t failures = 0;
    if (net->sends_segments && s->queued_count > 1) {
        flush_segments(net, s);
        return;
    }
    while (done < s->queued_count && failures < NET_BATCH) {
        int count = sendmmsg(s->fd, s->headers + done, s->queued_count - done, 0);
        if (count > 0) {
            done += (uint32_t)count;
            net->counts.sent += (uint64_t)count;
            continue;
        }
        failures++;
        if (errno == ECONNREFUSED) {
            net->counts.refused++; /* it was about an earlier datagram: try this one */
        } else if (errno != EINTR) {
            done++; /* lost; the timers know what to do */
            net->counts.send_failed++;
        }
    }
    s->queued_count = 0;
}

void net_send(struct net *net, uint32_t socket_index, struct slice datagram)
{
    struct net_socket *s = &net->sockets[socket_index];
    assert(datagram.size > 0 && datagram.size <= NET_SEND_MAX);
    if (s->queued_count == NET_BATCH) {
        flush_socket(net, s);
    }
    memcpy(s->data[s->queued_count], datagram.data, datagram.size);
    s->parts[s->queued_count].iov_len = datagram.size;
    s->queued_count++;
}

void net_flush(struct net *net)
{
    for (uint32_t i = 0; i < net->socket_count; i++) {
        if (net->sockets[i].queued_count > 0) {
            flush_socket(net, &net->sockets[i]);
        }
    }
}

static void receive_socket(struct net *net, uint32_t index, net_receive_fn *receive, void *context)
{
    int count = recvmmsg(net->sockets[index].fd, net->in_headers, NET_BATCH, MSG_DONTWAIT, NULL);
    if (count == -1) {
        net->counts.refused += errno == ECONNREFUSED;
        return;
    }
    net->counts.received += (uint64_t)count;
    for (int i = 0; i < count; i++) {
        receive(context, index, slice_make(net->in_data[i], net->in_headers[i].msg_len));
    }
}

void net_receive(struct net *net, int64_t wait_us, net_receive_fn *receive, void *context)
{
    struct epoll_event events[OPTIONS_SOCKETS_MAX];
    struct timespec wait = {.tv_sec = wait_us / 1000000, .tv_nsec = (wait_us % 1000000) * 1000};
    int count = epoll_pwait2(net->epoll_fd, events, OPTIONS_SOCKETS_MAX, &wait, NULL);
    for (int i = 0; i < count; i++) {
        receive_socket(net, events[i].data.u32, receive, context);
    }
}
