/* window.h - parts of the week: "mon-fri 08:00-20:00; sat 09:00-12:00", local time of the deck. */
#ifndef DT_RATING_WINDOW_H
#define DT_RATING_WINDOW_H

#include "base/buf.h"
#include "base/slice.h"

#define WINDOW_MINUTES 10080 /* in a week; minute 0 is Monday 00:00 */
#define WINDOW_SPANS_MAX 32

struct window_span { /* minutes of the week, from <= m < to <= WINDOW_MINUTES */
    uint16_t from, to;
};

#define WINDOW_END UINT16_MAX /* both, in the span behind the last of a window */

/* Days ("mon", "mon-fri", "sat,sun", "fri-mon"; left out: all) and hours ("08:00-20:00", "24:00" is
 * the end of the day, "22:00-06:00" goes on into the next day; left out: all day); several parted
 * by ';'. The spans are sorted and do not overlap. False: not that, or more than WINDOW_SPANS_MAX.
 */
MUST_CHECK bool window_parse(struct slice text, struct window_span out[WINDOW_SPANS_MAX],
                             uint32_t *count);

/* The same spans as text that window_parse reads. */
void window_write(struct buf *out, const struct window_span *spans);

/* spans: up to the one that is WINDOW_END. */
bool window_holds(const struct window_span *spans, uint32_t week_minute);
bool window_overlaps(const struct window_span *a, const struct window_span *b);

#endif
