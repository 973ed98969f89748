#include "node/sockets_class.h"

#include <assert.h>
#include <linux/filter.h>
#include <string.h>
#include <sys/socket.h>

#define FOUR(a, b, c, d)                                                                           \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))
#define NET_OFFSET 0xfff00000u /* SKF_NET_OFF: what follows counts from the IP header */
#define PROGRAM_MAX 80

static const struct {
    uint32_t start;
    enum socket_class class;
} starts[] = {
    {FOUR('S', 'I', 'P', '/'), SOCKET_DIALOG}, {FOUR('A', 'C', 'K', ' '), SOCKET_DIALOG},
    {FOUR('B', 'Y', 'E', ' '), SOCKET_DIALOG}, {FOUR('C', 'A', 'N', 'C'), SOCKET_DIALOG},
    {FOUR('P', 'R', 'A', 'C'), SOCKET_DIALOG}, {FOUR('U', 'P', 'D', 'A'), SOCKET_DIALOG},
    {FOUR('I', 'N', 'V', 'I'), SOCKET_INVITE}, {FOUR('R', 'E', 'G', 'I'), SOCKET_REGISTER},
};
#define START_COUNT (sizeof(starts) / sizeof(starts[0]))

/* Calls in progress must get through whatever else comes, so theirs is large; the others hold what
 * a worker can do within some 50 ms, because what waits longer is not worth its place. */
int socket_class_buffer(enum socket_class class)
{
    switch (class) {
    case SOCKET_DIALOG:
        return 4 << 20;
    case SOCKET_INVITE:
    case SOCKET_REGISTER:
        return 1 << 20;
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
    uint32_t start = FOUR(at[0], at[1], at[2], at[3]);
    for (size_t i = 0; i < START_COUNT; i++) {
        if (starts[i].start == start) {
            return starts[i].class;
        }
    }
    return SOCKET_REST;
}

struct program {
    struct sock_filter steps[PROGRAM_MAX];
    unsigned short count;
};

static void step(struct program *program, unsigned code, uint32_t value)
{
    assert(program->count < PROGRAM_MAX);
    program->steps[program->count++] = (struct sock_filter)BPF_STMT((unsigned short)code, value);
}

/* Goes on at the next step if the accumulator passes, else skips `otherwise` steps. */
static void unless(struct program *program, unsigned how, uint32_t value, size_t otherwise)
{
    assert(program->count < PROGRAM_MAX);
    program->steps[program->count++] = (struct sock_filter)BPF_JUMP(
        (unsigned short)(BPF_JMP | how | BPF_K), value, 0, (unsigned char)otherwise);
}

/* The accumulator becomes the class. */
static void write_class(struct program *program)
{
    size_t block = 3; /* steps of one comparison */
    step(program, BPF_LD | BPF_W | BPF_LEN, 0);
    unless(program, BPF_JGE, 4, 1 + START_COUNT * block);
    step(program, BPF_LD | BPF_W | BPF_ABS, 0);
    for (size_t i = 0; i < START_COUNT; i++) {
        unless(program, BPF_JEQ, starts[i].start, block - 1);
        step(program, BPF_LD | BPF_IMM, starts[i].class);
        step(program, BPF_JMP | BPF_JA, (uint32_t)((START_COUNT - 1 - i) * block + 1));
    }
    step(program, BPF_LD | BPF_IMM, SOCKET_REST);
}

/* The accumulator becomes a mix of the source address and port. An IPv4 header with options is
 * taken for one without: the mix is another, and the same for all datagrams like it. */
static void write_mix(struct program *program, bool is_ipv6)
{
    step(program, BPF_LD | BPF_H | BPF_ABS, NET_OFFSET + (is_ipv6 ? 40 : 20));
    step(program, BPF_ALU | BPF_MUL | BPF_K, 0x9e3779b1u);
    for (uint32_t i = 0; i < (is_ipv6 ? 4u : 1u); i++) {
        step(program, BPF_ST, 1);
        step(program, BPF_LD | BPF_W | BPF_ABS, NET_OFFSET + (is_ipv6 ? 8 + 4 * i : 12));
        step(program, BPF_LDX | BPF_MEM, 1);
        step(program, BPF_ALU | BPF_XOR | BPF_X, 0);
        step(program, BPF_ALU | BPF_MUL | BPF_K, 0x85ebca6bu);
    }
    step(program, BPF_MISC | BPF_TAX, 0);
    step(program, BPF_ALU | BPF_RSH | BPF_K, 15);
    step(program, BPF_ALU | BPF_XOR | BPF_X, 0);
}

bool socket_class_attach(int fd, bool is_ipv6, int worker_count)
{
    struct program program;
    memset(&program, 0, sizeof(program));
    write_class(&program);
    step(&program, BPF_ALU | BPF_MUL | BPF_K, (uint32_t)worker_count);
    step(&program, BPF_ST, 0);
    write_mix(&program, is_ipv6);
    step(&program, BPF_ALU | BPF_MOD | BPF_K, (uint32_t)worker_count);
    step(&program, BPF_LDX | BPF_MEM, 0);
    step(&program, BPF_ALU | BPF_ADD | BPF_X, 0);
    step(&program, BPF_RET | BPF_A, 0);
    struct sock_fprog filter;
    memset(&filter, 0, sizeof(filter)); /* the gap between its members too, for valgrind */
    filter.len = program.count;
    filter.filter = program.steps;
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &filter, sizeof(filter)) == 0;
}
