#include "routing/quality.h"

/* From the low end: calls 10 bits, answered 10, delays 10, their sum in hundredths of a second. */
#define COUNT_BITS 10
#define COUNT_MAX ((1u << COUNT_BITS) - 1)
#define FULL_COUNT 512
#define UNIT_MS 10
#define DELAY_MAX_MS 120000
#define SUM_MAX ((UINT64_C(1) << 34) - 1)
#define POOR_DELAY_MORE_MS 1000

struct counts {
    uint64_t calls, answered, delays, delay_sum;
};

static struct counts unpack(uint64_t word)
{
    return (struct counts){.calls = word & COUNT_MAX,
                           .answered = word >> COUNT_BITS & COUNT_MAX,
                           .delays = word >> 2 * COUNT_BITS & COUNT_MAX,
                           .delay_sum = word >> 3 * COUNT_BITS};
}

static void halve(struct counts *counts)
{
    counts->calls /= 2;
    counts->answered /= 2;
    counts->delays /= 2;
    counts->delay_sum /= 2;
}

static uint64_t pack(const struct counts *counts)
{
    return counts->calls | counts->answered << COUNT_BITS | counts->delays << 2 * COUNT_BITS |
           counts->delay_sum << 3 * COUNT_BITS;
}

struct quality_sums quality_sums(uint64_t word)
{
    struct counts counts = unpack(word);
    return (struct quality_sums){.calls = (int64_t)counts.calls,
                                 .answered = (int64_t)counts.answered,
                                 .delays = (int64_t)counts.delays,
                                 .delay_sum_ms = (int64_t)(counts.delay_sum * UNIT_MS)};
}

/* What a database holds may be anything. */
uint64_t quality_word(const struct quality_sums *sums)
{
    struct counts counts = {
        .calls = sums->calls > 0 ? (uint64_t)sums->calls : 0,
        .answered = sums->answered > 0 ? (uint64_t)sums->answered : 0,
        .delays = sums->delays > 0 ? (uint64_t)sums->delays : 0,
        .delay_sum = sums->delay_sum_ms > 0 ? (uint64_t)sums->delay_sum_ms / UNIT_MS : 0};
    while (counts.calls >= FULL_COUNT || counts.answered >= FULL_COUNT ||
           counts.delays >= FULL_COUNT || counts.delay_sum > SUM_MAX) {
        halve(&counts);
    }
    return pack(&counts);
}

uint64_t quality_merge(uint64_t a, uint64_t b)
{
    struct quality_sums one = quality_sums(a), other = quality_sums(b);
    one.calls += other.calls;
    one.answered += other.answered;
    one.delays += other.delays;
    one.delay_sum_ms += other.delay_sum_ms;
    return quality_word(&one);
}

void quality_add(_Atomic uint64_t *word, uint64_t other)
{
    uint64_t seen = atomic_load_explicit(word, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(word, &seen, quality_merge(seen, other),
                                                  memory_order_relaxed, memory_order_relaxed)) {
    }
}

struct quality quality_read(uint64_t word)
{
    struct counts counts = unpack(word);
    uint64_t mean = counts.delays == 0 ? 0 : counts.delay_sum * UNIT_MS / counts.delays;
    return (struct quality){.call_count = (uint32_t)counts.calls,
                            .answered_count = (uint32_t)counts.answered,
                            .delay_count = (uint32_t)counts.delays,
                            .delay_ms = (uint32_t)mean};
}

static uint64_t added(uint64_t word, bool is_answered, int64_t delay_ms)
{
    struct counts counts = unpack(word);
    counts.calls++;
    counts.answered += is_answered ? 1 : 0;
    if (delay_ms >= 0) {
        counts.delays++;
        counts.delay_sum += (uint64_t)(delay_ms < DELAY_MAX_MS ? delay_ms : DELAY_MAX_MS) / UNIT_MS;
    }
    if (counts.calls >= FULL_COUNT) {
        halve(&counts);
    }
    return pack(&counts);
}

void quality_note(_Atomic uint64_t *word, bool is_answered, int64_t delay_ms)
{
    uint64_t seen = atomic_load_explicit(word, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(word, &seen, added(seen, is_answered, delay_ms),
                                                  memory_order_relaxed, memory_order_relaxed)) {
    }
}

static bool answers_less(const struct quality *quality, const struct quality *than)
{
    return than->call_count >= QUALITY_CALLS_MIN && quality->call_count >= QUALITY_CALLS_MIN &&
           2 * (uint64_t)quality->answered_count * than->call_count <
               (uint64_t)than->answered_count * quality->call_count;
}

static bool rings_later(const struct quality *quality, const struct quality *than)
{
    return than->delay_count >= QUALITY_CALLS_MIN && quality->delay_count >= QUALITY_CALLS_MIN &&
           quality->delay_ms > 2 * (uint64_t)than->delay_ms + POOR_DELAY_MORE_MS;
}

bool quality_is_poor(const struct quality *quality, const struct quality *peers, int count)
{
    for (int i = 0; i < count; i++) {
        if (answers_less(quality, &peers[i]) || rings_later(quality, &peers[i])) {
            return true;
        }
    }
    return false;
}
