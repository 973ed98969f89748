/* deck_time.h - effective dates: seconds since 1970 in UTC, from and to text. */
#ifndef DT_RATING_DECK_TIME_H
#define DT_RATING_DECK_TIME_H

#include "base/buf.h"

/* "2025-01-31" (midnight, UTC) or RFC 3339 ("2025-01-31T10:00:00+01:00"; a fraction of a second is
 * dropped). False: neither, or no such day. */
MUST_CHECK bool deck_time_parse(struct slice text, int64_t *wall_s);

/* The day alone where it is midnight, else RFC 3339 in UTC. */
void deck_time_write(struct buf *out, int64_t wall_s);

/* Days since 1970-01-01 of a date of the Gregorian calendar. */
int64_t deck_days_from_date(int64_t year, int64_t month, int64_t day);
int64_t deck_days_in_month(int64_t year, int64_t month);

#endif
