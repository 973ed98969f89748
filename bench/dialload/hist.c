#include "dialload/hist.h"

#define SUB_BITS 6 /* log2 of HIST_SUB_COUNT */

static uint32_t bucket_of(uint64_t value)
{
    if (value < HIST_SUB_COUNT) {
        return (uint32_t)value;
    }
    uint32_t top_bit = 63 - (uint32_t)__builtin_clzll(value);
    uint32_t shift = top_bit - SUB_BITS;
    uint32_t index = (shift + 1) * HIST_SUB_COUNT + (uint32_t)((value >> shift) - HIST_SUB_COUNT);
    return index < HIST_BUCKETS ? index : HIST_BUCKETS - 1;
}

static int64_t bucket_value(uint32_t index)
{
    if (index < HIST_SUB_COUNT) {
        return index;
    }
    uint32_t shift = index / HIST_SUB_COUNT - 1;
    return (int64_t)(index % HIST_SUB_COUNT + HIST_SUB_COUNT) << shift;
}

void hist_add(struct hist *hist, int64_t value_us)
{
    int64_t value = value_us > 0 ? value_us : 0;
    hist->buckets[bucket_of((uint64_t)value)]++;
    hist->count++;
    hist->max_us = value > hist->max_us ? value : hist->max_us;
}

int64_t hist_permille_us(const struct hist *hist, uint64_t permille)
{
    uint64_t wanted = (hist->count * permille + 999) / 1000;
    uint64_t seen = 0;
    for (uint32_t i = 0; i < HIST_BUCKETS && hist->count > 0; i++) {
        seen += hist->buckets[i];
        if (seen >= wanted && seen > 0) {
            return bucket_value(i);
        }
    }
    return 0;
}
