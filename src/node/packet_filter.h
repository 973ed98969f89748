/* packet_filter.h - small programs that the kernel runs on each datagram (classic BPF), written
 * step by step. A load from behind the end of a datagram ends the program with 0.
 */
#ifndef DT_NODE_PACKET_FILTER_H
#define DT_NODE_PACKET_FILTER_H

#include "base/attr.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_FILTER_MAX 1024
/* Four letters as the kernel loads them. */
#define FILTER_FOUR(a, b, c, d)                                                                    \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

struct packet_filter { /* zeroed: empty */
    struct sock_filter steps[PACKET_FILTER_MAX];
    unsigned count;
    bool is_full; /* a step did not fit: attaching it fails */
};

void filter_step(struct packet_filter *filter, unsigned code, uint32_t value);

/* Compares the accumulator; `yes` or `no` steps are skipped then, 255 at most. */
void filter_jump(struct packet_filter *filter, unsigned how, uint32_t value, size_t yes, size_t no);

/* option: SO_ATTACH_FILTER or SO_ATTACH_REUSEPORT_CBPF. False: errno says why. */
MUST_CHECK bool filter_attach(const struct packet_filter *filter, int fd, int option);

#endif
