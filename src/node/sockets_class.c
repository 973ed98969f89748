#include "node/sockets_class.h"

#include "node/packet_filter.h"

#include <string.h>
#include <sys/socket.h>

#define NET_OFFSET 0xfff00000u /* SKF_NET_OFF: what follows counts from the IP header */

static const struct {
    uint32_t start;
    enum socket_class class;
} starts[] = {
    {FILTER_FOUR('S', 'I', 'P', '/'), SOCKET_DIALOG},
    {FILTER_FOUR('A', 'C', 'K', ' '), SOCKET_DIALOG},
    {FILTER_FOUR('B', 'Y', 'E', ' '), SOCKET_DIALOG},
    {FILTER_FOUR('C', 'A', 'N', 'C'), SOCKET_DIALOG},
    {FILTER_FOUR('P', 'R', 'A', 'C'), SOCKET_DIALOG},
    {FILTER_FOUR('U', 'P', 'D', 'A'), SOCKET_DIALOG},
    {FILTER_FOUR('I', 'N', 'V', 'I'), SOCKET_INVITE},
    {FILTER_FOUR('R', 'E', 'G', 'I'), SOCKET_REGISTER},
};
#define START_COUNT (sizeof(starts) / sizeof(starts[0]))

/* Calls in progress must get through whatever else comes. New work is refused by how long it
 * waited; its buffers hold a sudden load until that has caught up with it: 7,000 calls (the kernel
 * doubles the figure, and counts 2.3 KB for a datagram), which is what comes in 70 ms at five times
 * what a worker can do. The rest may be lost. */
int socket_class_buffer(enum socket_class class)
{
    switch (class) {
    case SOCKET_DIALOG:
        return 4 << 20;
    case SOCKET_INVITE:
    case SOCKET_REGISTER:
        return 8 << 20;
    case SOCKET_REST:
    case SOCKET_CLASS_COUNT:
        break;
    }
    return 64 << 10;
}

enum socket_class socket_class_of(struct slice datagram)
{
    if (datagram.size < 4) {
        return SOCKET_REST;
    }
    const unsigned char *at = (const unsigned char *)datagram.data;
    uint32_t start = FILTER_FOUR(at[0], at[1], at[2], at[3]);
    for (size_t i = 0; i < START_COUNT; i++) {
        if (starts[i].start == start) {
            return starts[i].class;
        }
    }
    return SOCKET_REST;
}

/* The accumulator becomes the class. */
static void write_class(struct packet_filter *program)
{
    size_t block = 3; /* steps of one comparison */
    filter_step(program, BPF_LD | BPF_W | BPF_LEN, 0);
    filter_jump(program, BPF_JGE, 4, 0, 1 + START_COUNT * block);
    filter_step(program, BPF_LD | BPF_W | BPF_ABS, 0);
    for (size_t i = 0; i < START_COUNT; i++) {
        filter_jump(program, BPF_JEQ, starts[i].start, 0, block - 1);
        filter_step(program, BPF_LD | BPF_IMM, starts[i].class);
        filter_step(program, BPF_JMP | BPF_JA, (uint32_t)((START_COUNT - 1 - i) * block + 1));
    }
    filter_step(program, BPF_LD | BPF_IMM, SOCKET_REST);
}

/* The accumulator becomes a mix of the source address and port. An IPv4 header with options is
 * taken for one without: the mix is another, and the same for all datagrams like it. */
static void write_mix(struct packet_filter *program, bool is_ipv6)
{
    filter_step(program, BPF_LD | BPF_H | BPF_ABS, NET_OFFSET + (is_ipv6 ? 40 : 20));
    filter_step(program, BPF_ALU | BPF_MUL | BPF_K, 0x9e3779b1u);
    for (uint32_t i = 0; i < (is_ipv6 ? 4u : 1u); i++) {
        filter_step(program, BPF_ST, 1);
        filter_step(program, BPF_LD | BPF_W | BPF_ABS, NET_OFFSET + (is_ipv6 ? 8 + 4 * i : 12));
        filter_step(program, BPF_LDX | BPF_MEM, 1);
        filter_step(program, BPF_ALU | BPF_XOR | BPF_X, 0);
        filter_step(program, BPF_ALU | BPF_MUL | BPF_K, 0x85ebca6bu);
    }
    filter_step(program, BPF_MISC | BPF_TAX, 0);
    filter_step(program, BPF_ALU | BPF_RSH | BPF_K, 15);
    filter_step(program, BPF_ALU | BPF_XOR | BPF_X, 0);
}

bool socket_class_attach(int fd, bool is_ipv6, int worker_count)
{
    struct packet_filter program;
    memset(&program, 0, sizeof(program));
    write_class(&program);
    filter_step(&program, BPF_ALU | BPF_MUL | BPF_K, (uint32_t)worker_count);
    filter_step(&program, BPF_ST, 0);
    write_mix(&program, is_ipv6);
    filter_step(&program, BPF_ALU | BPF_MOD | BPF_K, (uint32_t)worker_count);
    filter_step(&program, BPF_LDX | BPF_MEM, 0);
    filter_step(&program, BPF_ALU | BPF_ADD | BPF_X, 0);
    filter_step(&program, BPF_RET | BPF_A, 0);
    return filter_attach(&program, fd, SO_ATTACH_REUSEPORT_CBPF);
}
