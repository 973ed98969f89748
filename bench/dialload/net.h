/* net.h - a few connected UDP sockets that many phones share; datagrams go and come in batches. */
#ifndef DT_DIALLOAD_NET_H
#define DT_DIALLOAD_NET_H

#include "base/slice.h"
#include "dialload/options.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define NET_BATCH 64
#define NET_SEND_MAX 2048    /* bytes of a datagram that we send */
#define NET_RECEIVE_MAX 4096 /* longer ones are cut, and then fail to parse */
#define NET_ADDRESS_SIZE 64

struct net_socket {
    int fd;
    uint16_t port;
    char address[NET_ADDRESS_SIZE]; /* "127.0.0.1:40000", "[::1]:40000" */
    uint32_t queued_count;
    struct mmsghdr headers[NET_BATCH];
    struct iovec parts[NET_BATCH];
    char data[NET_BATCH][NET_SEND_MAX];
};

struct net_counts {
    uint64_t sent, received;
    uint64_t send_failed; /* the kernel would not take it */
    uint64_t refused;     /* ICMP: nobody listens */
};

struct net {
    struct net_socket *sockets;
    uint32_t socket_count;
    int epoll_fd;
    char target[NET_ADDRESS_SIZE]; /* the server, as text */
    uint16_t target_port;
    bool is_ipv6;
    bool sends_segments;
    struct net_counts counts;
    struct mmsghdr in_headers[NET_BATCH];
    struct iovec in_parts[NET_BATCH];
    char in_data[NET_BATCH][NET_RECEIVE_MAX];
};

typedef void net_receive_fn(void *context, uint32_t socket_index, struct slice datagram);

/* Prints what failed and returns false if the sockets cannot be had. */
bool net_init(struct net *net, const struct options *options);
void net_done(struct net *net);

/* Queues a copy; a full queue is sent first. */
void net_send(struct net *net, uint32_t socket_index, struct slice datagram);
void net_flush(struct net *net);

/* Waits up to wait_us for datagrams and hands them over, one batch a socket. */
void net_receive(struct net *net, int64_t wait_us, net_receive_fn *receive, void *context);

#endif
