#include "node/edge_thread.h"

#include "base/clock.h"
#include "guard/turns.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RECEIVE_COUNT 32
#define RECEIVE_SIZE 65536
#define DIALOG_TURNS 4 /* batches of one socket in a row; of the other classes one */

struct receive_batch {
    struct mmsghdr headers[RECEIVE_COUNT];
    struct iovec vectors[RECEIVE_COUNT];
    struct sockaddr_in6 addresses[RECEIVE_COUNT];
    char control[RECEIVE_COUNT][64];
    char *block;
    struct turns turns;
    int ready_count[SOCKET_CLASS_COUNT]; /* sockets that are readable in this turn */
    const struct role_socket *ready[SOCKET_CLASS_COUNT][CONFIG_LISTEN_MAX];
};

struct receive_batch *receive_batch_new(void)
{
    struct receive_batch *batch = calloc(1, sizeof(*batch));
    if (batch == NULL) {
        return NULL;
    }
    batch->block = malloc((size_t)RECEIVE_COUNT * RECEIVE_SIZE);
    if (batch->block == NULL) {
        free(batch);
        return NULL;
    }
    for (int i = 0; i < RECEIVE_COUNT; i++) {
        batch->vectors[i] = (struct iovec){batch->block + (size_t)i * RECEIVE_SIZE, RECEIVE_SIZE};
        struct msghdr *header = &batch->headers[i].msg_hdr;
        header->msg_name = &batch->addresses[i];
        header->msg_iov = &batch->vectors[i];
        header->msg_iovlen = 1;
        header->msg_control = batch->control[i];
    }
    return batch;
}

void receive_batch_free(struct receive_batch *batch)
{
    if (batch != NULL) {
        free(batch->block);
        free(batch);
    }
}

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
                flow_from_sockaddr(&address, &to);
                edge_thread_unreachable(thread, &to);
            }
        }
    }
}

/* False: the socket is drained. */
static bool receive_once(struct edge_thread *thread, const struct role_socket *socket)
{
    struct receive_batch *batch = thread->receive;
    for (int i = 0; i < RECEIVE_COUNT; i++) {
        batch->headers[i].msg_hdr.msg_namelen = sizeof(batch->addresses[i]);
        batch->headers[i].msg_hdr.msg_controllen = sizeof(batch->control[i]);
    }
    int got = recvmmsg(socket->fd, batch->headers, RECEIVE_COUNT, MSG_DONTWAIT, NULL);
    if (got <= 0) {
        return false;
    }
    thread->now.mono_us = clock_mono_us();
    thread->now.wall_us = clock_wall_us();
    thread->taken += got;
    for (int i = 0; i < got; i++) {
        struct msghdr *header = &batch->headers[i].msg_hdr;
        if ((header->msg_flags & MSG_TRUNC) != 0) {
            continue;
        }
        struct reg_flow from = {.transport = REG_UDP, .listener = socket->listener};
        flow_from_sockaddr(&batch->addresses[i], &from);
        struct slice bytes = slice_make(batch->vectors[i].iov_base, batch->headers[i].msg_len);
        int64_t age_us = age_of(header, thread->now.wall_us);
        if (admit_datagram(thread, bytes, &from, age_us < 0 ? 0 : age_us)) {
            edge_thread_handle(thread, bytes, &from, age_us);
        }
    }
    return got == RECEIVE_COUNT;
}

void receive_ready(struct edge_thread *thread, const struct role_socket *socket, uint32_t events)
{
    struct receive_batch *batch = thread->receive;
    if ((events & EPOLLERR) != 0) {
        read_errors(thread, socket);
    }
    int class = socket->class_index;
    if (batch->ready_count[class] < CONFIG_LISTEN_MAX) {
        batch->ready[class][batch->ready_count[class]++] = socket;
    }
}

/* A socket that is passed over, or not drained, is readable at the next turn again. */
void receive_turns(struct edge_thread *thread)
{
    struct receive_batch *batch = thread->receive;
    bool is_more = false;
    for (int class = 0; class < SOCKET_CLASS_COUNT; class ++) {
        if (batch->ready_count[class] == 0) {
            continue;
        }
        if (turns_may(&batch->turns, class, is_more)) {
            int64_t start_us = clock_mono_us();
            int turns = class == SOCKET_DIALOG ? DIALOG_TURNS : 1;
            for (int i = 0; i < batch->ready_count[class]; i++) {
                bool is_full = true;
                for (int turn = 0; turn < turns && is_full; turn++) {
                    is_full = receive_once(thread, batch->ready[class][i]);
                    edge_thread_flush(thread);
                }
                is_more = is_more || is_full;
            }
            turns_add(&batch->turns, class, clock_mono_us() - start_us);
        }
        batch->ready_count[class] = 0;
    }
}
