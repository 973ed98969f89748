#include "node/sockets_thin.h"

#include "guard/thin.h"
#include "node/packet_filter.h"

#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>

#define HEADER 8      /* a socket's filter counts from the UDP header */
#define SIZE_MIN 200  /* shorter: not worth it */
#define SIZE_LONG 344 /* from here on more of it is looked at */
#define MIX_START 40
#define USER_MAX 40
#define START_SIZE 11 /* "INVITE sip:" */

/* An odd number, so that nothing is lost. */
#define MIX 0x9e3779b1u

static uint32_t four(const char *at)
{
    const unsigned char *byte = (const unsigned char *)at;
    return FILTER_FOUR(byte[0], byte[1], byte[2], byte[3]);
}

static void let_through(struct packet_filter *filter)
{
    filter_step(filter, BPF_RET | BPF_K, UINT32_MAX);
}

/* Goes on if the accumulator is that, else lets the datagram through. */
static void only(struct packet_filter *filter, unsigned how, uint32_t value)
{
    filter_jump(filter, how, value, 1, 0);
    let_through(filter);
}

/* X becomes where the host of the request URI begins. What is escaped, has parameters before its
 * host, or may be an emergency number is let through. */
static void find_host(struct packet_filter *filter, size_t emergency_size)
{
    size_t block = 6; /* steps of one letter */
    for (uint32_t i = 0; i < USER_MAX; i++) {
        uint32_t at = HEADER + START_SIZE + i;
        bool is_short = i <= emergency_size + 1; /* "+112" too */
        filter_step(filter, BPF_LD | BPF_B | BPF_ABS, at);
        filter_jump(filter, BPF_JEQ, '%', 0, 1);
        let_through(filter);
        filter_jump(filter, BPF_JEQ, '@', 0, 2);
        filter_step(filter, is_short ? BPF_RET | BPF_K : BPF_LDX | BPF_IMM,
                    is_short ? UINT32_MAX : at + 1);
        filter_step(filter, BPF_JMP | BPF_JA, (uint32_t)((USER_MAX - 1 - i) * block + 1));
    }
    let_through(filter); /* no host so far */
}

static size_t host_step_count(size_t size)
{
    return 2 * (size / 4 + size % 4) + 1;
}

/* One of ours begins at X, or the datagram is let through. */
static void check_host(struct packet_filter *filter, const struct sockets_thin *thin)
{
    size_t behind = 1; /* steps of the hosts behind, with the end */
    for (int i = 0; i < thin->host_count; i++) {
        behind += host_step_count(thin->hosts[i].size);
    }
    for (int i = 0; i < thin->host_count; i++) {
        struct slice host = thin->hosts[i];
        size_t left = host_step_count(host.size);
        behind -= left;
        for (size_t at = 0; at < host.size;) {
            bool is_word = host.size - at >= 4;
            filter_step(filter, BPF_LD | (is_word ? BPF_W : BPF_B) | BPF_IND, (uint32_t)at);
            left -= 2;
            filter_jump(filter, BPF_JEQ,
                        is_word ? four(host.data + at) : (unsigned char)host.data[at], 0, left);
            at += is_word ? 4 : 1;
        }
        filter_step(filter, BPF_JMP | BPF_JA, (uint32_t)behind);
    }
    let_through(filter);
}

static void mix_from(struct packet_filter *filter, uint32_t start, uint32_t end)
{
    for (uint32_t at = start; at < end; at += 4) {
        filter_step(filter, BPF_LD | BPF_W | BPF_ABS, HEADER + at);
        filter_step(filter, BPF_ALU | BPF_XOR | BPF_X, 0);
        filter_step(filter, BPF_ALU | BPF_MUL | BPF_K, MIX);
        filter_step(filter, BPF_MISC | BPF_TAX, 0);
    }
}

/* M[0] becomes a mix of what is in the first lines, where every call differs. */
static void mix(struct packet_filter *filter, uint32_t salt)
{
    filter_step(filter, BPF_LDX | BPF_IMM, salt);
    mix_from(filter, MIX_START, SIZE_MIN);
    filter_step(filter, BPF_LD | BPF_W | BPF_LEN, 0);
    filter_jump(filter, BPF_JGE, HEADER + SIZE_LONG, 1, 0);
    filter_step(filter, BPF_JMP | BPF_JA, SIZE_LONG - SIZE_MIN); /* four steps for four bytes */
    mix_from(filter, SIZE_MIN, SIZE_LONG);
    for (int i = 0; i < 2; i++) {
        filter_step(filter, BPF_MISC | BPF_TXA, 0);
        filter_step(filter, BPF_ALU | BPF_RSH | BPF_K, 15);
        filter_step(filter, BPF_ALU | BPF_XOR | BPF_X, 0);
        filter_step(filter, BPF_ALU | BPF_MUL | BPF_K, MIX);
        filter_step(filter, BPF_MISC | BPF_TAX, 0);
    }
    filter_step(filter, BPF_STX, 0);
}

static uint32_t limit_of(uint32_t parts)
{
    return (uint32_t)((uint64_t)UINT32_MAX * parts / THIN_PARTS);
}

static void decide(struct packet_filter *filter, const struct sockets_thin *thin)
{
    uint32_t proven =
        thin->proven_size > UINT16_MAX ? UINT32_MAX : (uint32_t)thin->proven_size + HEADER;
    filter_step(filter, BPF_LD | BPF_W | BPF_LEN, 0);
    filter_jump(filter, BPF_JGE, proven, 0, 2);
    filter_step(filter, BPF_LD | BPF_MEM, 0);
    filter_jump(filter, BPF_JGT, limit_of(thin->proven_parts), 3, 2);
    filter_step(filter, BPF_LD | BPF_MEM, 0);
    filter_jump(filter, BPF_JGT, limit_of(thin->unproven_parts), 1, 0);
    let_through(filter);
    filter_step(filter, BPF_RET | BPF_K, 0);
}

void sockets_thin_detach(int fd)
{
    int none = 0;
    int status = setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof(none));
    (void)status; /* there was none */
}

bool sockets_thin_attach(int fd, const struct sockets_thin *thin)
{
    struct packet_filter filter;
    memset(&filter, 0, sizeof(filter));
    filter_step(&filter, BPF_LD | BPF_W | BPF_LEN, 0);
    only(&filter, BPF_JGE, HEADER + SIZE_MIN);
    filter_step(&filter, BPF_LD | BPF_W | BPF_ABS, HEADER);
    if (thin->class == SOCKET_INVITE) {
        only(&filter, BPF_JEQ, four("INVI"));
        filter_step(&filter, BPF_LD | BPF_W | BPF_ABS, HEADER + START_SIZE - 4);
        only(&filter, BPF_JEQ, four("sip:"));
        find_host(&filter, thin->emergency_size);
        check_host(&filter, thin);
    } else {
        only(&filter, BPF_JEQ, four("REGI"));
    }
    mix(&filter, thin->salt);
    decide(&filter, thin);
    if (filter_attach(&filter, fd, SO_ATTACH_FILTER)) {
        return true;
    }
    /* The kernel counts the old program and the new one together, against net.core.optmem_max: the
     * 20 KB of kernels before 6.8 hold one. */
    sockets_thin_detach(fd);
    return filter_attach(&filter, fd, SO_ATTACH_FILTER);
}

/* ---- the same decisions, made here ---- */

static bool has_own_host(const struct sockets_thin *thin, struct slice rest)
{
    for (int i = 0; i < thin->host_count; i++) {
        if (slice_starts_with(rest, thin->hosts[i])) {
            return true;
        }
    }
    return false;
}

/* As find_host and check_host. */
static bool is_to_one_of_us(const struct sockets_thin *thin, struct slice bytes)
{
    for (size_t i = 0; i < USER_MAX; i++) {
        char letter = bytes.data[START_SIZE + i];
        if (letter == '%' || (letter == '@' && i <= thin->emergency_size + 1)) {
            return false;
        }
        if (letter == '@') {
            return has_own_host(thin, slice_skip(bytes, START_SIZE + i + 1));
        }
    }
    return false;
}

static uint32_t mix_of(struct slice bytes, uint32_t salt)
{
    uint32_t mixed = salt;
    for (size_t at = MIX_START; at < (bytes.size >= SIZE_LONG ? SIZE_LONG : SIZE_MIN); at += 4) {
        mixed = (four(bytes.data + at) ^ mixed) * MIX;
    }
    for (int i = 0; i < 2; i++) {
        mixed = (mixed >> 15 ^ mixed) * MIX;
    }
    return mixed;
}

bool sockets_thin_takes(const struct sockets_thin *thin, struct slice bytes)
{
    if (bytes.size < SIZE_MIN) {
        return false;
    }
    bool is_meant = thin->class == SOCKET_INVITE
                        ? slice_starts_with(bytes, SLICE("INVI")) &&
                              slice_starts_with(slice_skip(bytes, START_SIZE - 4), SLICE("sip:")) &&
                              is_to_one_of_us(thin, bytes)
                        : slice_starts_with(bytes, SLICE("REGI"));
    uint32_t parts = bytes.size >= thin->proven_size ? thin->proven_parts : thin->unproven_parts;
    return is_meant && mix_of(bytes, thin->salt) > limit_of(parts);
}

uint32_t sockets_lost(int fd)
{
    uint32_t info[SK_MEMINFO_VARS] = {0};
    socklen_t size = sizeof(info);
    return getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &size) == 0 ? info[SK_MEMINFO_DROPS] : 0;
}
