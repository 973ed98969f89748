/* tally.h - sums by a pair of keys, for the audit: grows as it needs to. */
#ifndef DT_STORE_TALLY_H
#define DT_STORE_TALLY_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tally_entry {
    uint64_t a, b; /* the keys */
    int64_t sums[3];
    uint64_t last;
    bool is_seen;
};

struct tally { /* zero: empty */
    struct tally_entry *entries;
    size_t count, count_max;
    uint32_t *slots; /* entry index + 1 */
    size_t slot_count;
};

/* The entry of these keys, made with zeros if there is none; valid until the next call. NULL: no
 * memory. */
struct tally_entry *tally_at(struct tally *tally, uint64_t a, uint64_t b);
void tally_done(struct tally *tally);

#endif
