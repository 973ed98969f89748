/* hist.h - latencies in buckets of 1/64 of a power of two, so that a percentile is within 1.6 %. */
#ifndef DT_DIALLOAD_HIST_H
#define DT_DIALLOAD_HIST_H

#include <stdint.h>

#define HIST_SUB_COUNT 64 /* buckets to a power of two; values below are exact */
#define HIST_OCTAVES 32
#define HIST_BUCKETS (HIST_SUB_COUNT * HIST_OCTAVES)

struct hist { /* zero: empty */
    uint64_t buckets[HIST_BUCKETS];
    uint64_t count;
    int64_t max_us;
};

void hist_add(struct hist *hist, int64_t value_us);

/* The smallest bucket's value with at least this share (in 1/1000) at or below it; 0 when empty. */
int64_t hist_permille_us(const struct hist *hist, uint64_t permille);

#endif
