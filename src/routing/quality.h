/* quality.h - how good a trunk has been lately: answer-seizure ratio and post-dial delay.
 *
 * One word a trunk, so that workers count without a lock. It remembers the last 256 to 512 calls:
 * when it is full all of it is halved. Few calls say nothing: such a trunk is as good as any.
 */
#ifndef DT_ROUTING_QUALITY_H
#define DT_ROUTING_QUALITY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define QUALITY_CALLS_MIN 20 /* fewer are no evidence */

struct quality {
    uint32_t call_count; /* that the trunk was tried with, and that nobody gave up */
    uint32_t answered_count;
    uint32_t delay_count; /* calls whose delay was measured */
    uint32_t delay_ms;    /* their mean, from INVITE to the first ringing or answer */
};

struct quality quality_read(uint64_t word);

/* delay_ms < 0: not measured. */
void quality_note(_Atomic uint64_t *word, bool is_answered, int64_t delay_ms);

/* A word as sums, which can be kept and added elsewhere. */
struct quality_sums {
    int64_t calls, answered, delays, delay_sum_ms;
};
struct quality_sums quality_sums(uint64_t word);
uint64_t quality_word(const struct quality_sums *sums); /* halved until it fits */
uint64_t quality_merge(uint64_t a, uint64_t b);         /* calls of both */
void quality_add(_Atomic uint64_t *word, uint64_t other);

/* Clearly worse than the best of its peers: less than half of its calls are answered, or ringing
 * takes more than twice as long and a second more. False where there is too little to say so. */
bool quality_is_poor(const struct quality *quality, const struct quality *peers, int count);

#endif
