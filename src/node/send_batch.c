#include "node/send_batch.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define SEND_COUNT 64 /* datagrams; also the most that a kernel cuts out of one packet */
#define SEND_BLOCK (512 * 1024)
#define PACKET_SIZE_MAX 60000
#define SEGMENT_SIZE_MAX 1400 /* longer ones may not fit the way's frames, and go alone */

struct datagram {
    struct sockaddr_in6 to;
    uint32_t to_mix; /* differs: another address */
    int fd;
    struct iovec bytes;
    bool is_packed;
};

union segment_control {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(uint16_t))];
};

struct send_batch {
    struct datagram datagrams[SEND_COUNT];
    int count;
    size_t used_size;
    /* Made by the flush: packets, and the datagrams in the packets' order. */
    struct mmsghdr packets[SEND_COUNT];
    union segment_control controls[SEND_COUNT];
    int packet_fds[SEND_COUNT];
    struct iovec vectors[SEND_COUNT];
    char block[SEND_BLOCK];
};

struct send_batch *send_batch_new(void)
{
    struct send_batch *batch = malloc(sizeof(*batch));
    if (batch != NULL) {
        batch->count = 0;
        batch->used_size = 0;
    }
    return batch;
}

void send_batch_free(struct send_batch *batch)
{
    free(batch);
}

static bool is_v6(const struct sockaddr_in6 *to)
{
    return to->sin6_family == AF_INET6;
}

static uint32_t mix(const struct sockaddr_in6 *to)
{
    uint32_t low = 0;
    /* The port is at the same place in both. */
    if (is_v6(to)) {
        memcpy(&low, to->sin6_addr.s6_addr + 12, sizeof(low));
    } else {
        low = ((const struct sockaddr_in *)(const void *)to)->sin_addr.s_addr;
    }
    return low ^ (uint32_t)to->sin6_port << 8;
}

static bool is_same_way(const struct datagram *a, const struct datagram *b)
{
    size_t size = is_v6(&a->to) ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    return a->to_mix == b->to_mix && a->fd == b->fd && memcmp(&a->to, &b->to, size) == 0;
}

bool send_batch_add(struct send_batch *batch, int fd, const struct sockaddr_in6 *to,
                    struct slice datagram)
{
    if (batch->count == SEND_COUNT || datagram.size > SEND_BLOCK - batch->used_size) {
        return false;
    }
    char *copy = batch->block + batch->used_size;
    memcpy(copy, datagram.data, datagram.size);
    batch->used_size += datagram.size;
    struct datagram *added = &batch->datagrams[batch->count++];
    added->to = *to;
    added->to_mix = mix(to);
    added->fd = fd;
    added->bytes = (struct iovec){copy, datagram.size};
    added->is_packed = false;
    return true;
}

/* Tells the kernel where to cut. */
static void set_segment_size(struct msghdr *packet, union segment_control *control, uint16_t size)
{
    memset(control, 0, sizeof(*control));
    control->header = (struct cmsghdr){
        .cmsg_level = SOL_UDP, .cmsg_type = UDP_SEGMENT, .cmsg_len = CMSG_LEN(sizeof(size))};
    memcpy(CMSG_DATA(&control->header), &size, sizeof(size));
    packet->msg_control = control;
    packet->msg_controllen = sizeof(*control);
}

/* The first datagram and those after it that may be one packet with it. Whatever goes there and
 * cannot join ends the search: it must not be overtaken. Returns how many, laid out in `vectors`.
 */
static size_t pack_after(struct send_batch *batch, int first_index, struct iovec *vectors)
{
    struct datagram *first = &batch->datagrams[first_index];
    size_t segment_size = first->bytes.iov_len;
    size_t last_size = segment_size;
    size_t size = segment_size;
    size_t count = 1;
    vectors[0] = first->bytes;
    for (int i = first_index + 1; i < batch->count && segment_size <= SEGMENT_SIZE_MAX; i++) {
        struct datagram *next = &batch->datagrams[i];
        if (next->is_packed || !is_same_way(first, next)) {
            continue;
        }
        size_t next_size = next->bytes.iov_len;
        bool joins = last_size == segment_size && next_size <= segment_size && next_size > 0 &&
                     size + next_size <= PACKET_SIZE_MAX;
        if (!joins) {
            break;
        }
        next->is_packed = true;
        vectors[count++] = next->bytes;
        last_size = next_size;
        size += next_size;
    }
    return count;
}

static int pack(struct send_batch *batch)
{
    int packet_count = 0;
    size_t placed = 0;
    for (int i = 0; i < batch->count; i++) {
        struct datagram *first = &batch->datagrams[i];
        if (first->is_packed) {
            continue;
        }
        struct iovec *vectors = batch->vectors + placed;
        size_t joined = pack_after(batch, i, vectors);
        struct mmsghdr *packet = &batch->packets[packet_count];
        memset(packet, 0, sizeof(*packet));
        packet->msg_hdr.msg_name = &first->to;
        packet->msg_hdr.msg_namelen =
            is_v6(&first->to) ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
        packet->msg_hdr.msg_iov = vectors;
        packet->msg_hdr.msg_iovlen = joined;
        if (joined > 1) {
            set_segment_size(&packet->msg_hdr, &batch->controls[packet_count],
                             (uint16_t)first->bytes.iov_len);
        }
        batch->packet_fds[packet_count++] = first->fd;
        placed += joined;
    }
    return packet_count;
}

/* A way that does not take several as one (a narrow link, an old kernel) takes them one by one; and
 * an error that the socket remembered, of what went to others (ICMP), is gone the second time. */
static int send_singly(int fd, const struct msghdr *packet)
{
    int failed = 0;
    for (size_t i = 0; i < packet->msg_iovlen; i++) {
        struct msghdr one = {.msg_name = packet->msg_name,
                             .msg_namelen = packet->msg_namelen,
                             .msg_iov = packet->msg_iov + i,
                             .msg_iovlen = 1};
        failed += sendmsg(fd, &one, 0) < 0;
    }
    return failed;
}

int send_batch_flush(struct send_batch *batch)
{
    int count = pack(batch);
    int failed = 0;
    int at = 0;
    while (at < count) {
        int fd = batch->packet_fds[at];
        int end = at + 1;
        while (end < count && batch->packet_fds[end] == fd) {
            end++;
        }
        int sent = sendmmsg(fd, batch->packets + at, (unsigned)(end - at), 0);
        if (sent > 0) {
            at += sent;
        } else if (errno != EINTR) {
            /* What is full or refused even so, the senders' timers repeat. */
            failed += send_singly(fd, &batch->packets[at].msg_hdr);
            at++;
        }
    }
    batch->count = 0;
    batch->used_size = 0;
    return failed;
}
