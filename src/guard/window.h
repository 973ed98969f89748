/* window.h - how many requests may be out to one destination that have not been answered yet.
 *
 * A destination that is well answers within milliseconds, so few are out at any time; one that has
 * stopped swallows whatever it is sent, each request with its repeats and its state for half a
 * minute. So every destination has a window of unanswered messages, repeats counted, that grows
 * with answers and shrinks with silence. One that has said nothing at all for suspect_us is a
 * suspect: it gets one request every probe_us, until it answers anything.
 *
 * The table has a fixed size. A destination that has nothing out and is no suspect (or one that was
 * not called for a minute) may be forgotten for another; where no place is left, a destination goes
 * uncounted, which refuses nothing. The caller owns the table and its lock. Keys are hashes of
 * addresses, never 0; times are monotonic and above 0.
 */
#ifndef DT_GUARD_WINDOW_H
#define DT_GUARD_WINDOW_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

struct window_terms {
    int32_t start_count; /* of a destination that is not known yet */
    int32_t count_min, count_max;
    int64_t suspect_us; /* unanswered for so long: a suspect */
    int64_t probe_us;   /* a suspect gets one request in each of these */
};
struct window_terms window_terms_default(void); /* 200, 2 .. 1000; 2 s; 1 s */

enum window_verdict {
    WINDOW_OPEN = 0,
    WINDOW_PROBE,  /* a suspect, and this may be its next probe: counted as such */
    WINDOW_FULL,   /* too many are unanswered */
    WINDOW_SUSPECT /* it has been silent; the next probe is not due */
};

struct window_table;
struct window_table *window_table_new(const struct window_terms *terms, uint32_t count_max);
void window_table_free(struct window_table *table);

/* May one more be sent there? */
MUST_CHECK enum window_verdict window_ask(struct window_table *table, uint64_t key, int64_t now_us);

/* One message went out: a request, or its repeat. True: it is counted, and the caller tells with
 * one of the next three what became of it. */
MUST_CHECK bool window_sent(struct window_table *table, uint64_t key, int64_t now_us);
/* The destination answered a request of which message_count were counted (0: given up before, but
 * it lives). */
void window_answered(struct window_table *table, uint64_t key, int32_t message_count,
                     int64_t now_us);
/* Given up after waiting in vain. */
void window_silent(struct window_table *table, uint64_t key, int32_t message_count, int64_t now_us);
/* Given up for a reason of our own: says nothing about the destination. */
void window_withdrawn(struct window_table *table, uint64_t key, int32_t message_count,
                      int64_t now_us);

struct window_view {
    int32_t open_count, room_count;
    bool is_suspect;
};
/* False: not known here. */
bool window_look(const struct window_table *table, uint64_t key, int64_t now_us,
                 struct window_view *out);

#endif
