/* rate.h - what a call costs: increments, connection fee, one rounding.
 *
 * Money is int64 micro-units, rates are int64 nano-units a minute, durations are microseconds of
 * talk. A price is rounded once, in 128 bits, by the deck's rule.
 */
#ifndef DT_RATING_RATE_H
#define DT_RATING_RATE_H

#include "base/money.h"
#include "base/wire.h"

#define RATE_PREFIX_SIZE 20

struct rate {
    int64_t nano_per_min;
    int64_t fee_micro; /* connection fee: once, when the call is answered */
    uint16_t first_s;  /* first increment, >= 1 */
    uint16_t next_s;   /* every further increment, >= 1 */
    uint8_t rounding;  /* enum money_rounding */
    uint32_t deck_id;  /* 0: a free call (no deck) */
    uint32_t deck_version;
    char prefix[RATE_PREFIX_SIZE]; /* digits that matched, NUL-terminated */
    char currency[4];
};

struct rate rate_free(const char *currency); /* price 0, increments 1/1 */

/* Price of talk of that length; 0 us of an answered call costs the first increment. Never
 * negative; clamped to int64. */
int64_t rate_price(const struct rate *rate, int64_t talk_us);

/* How much talk `money` pays in whole increments: the largest t at an increment's end with
 * rate_price(t) <= money; 0 if not even the first increment is paid; INT64_MAX if the price does
 * not rise any more. */
int64_t rate_covers_us(const struct rate *rate, int64_t money_micro);

/* End of the increment that talk_us is in (talk_us itself where it is an end). */
int64_t rate_increment_end_us(const struct rate *rate, int64_t talk_us);

/* As part of a record on disk; decoding a damaged one sets in->is_bad. */
void rate_encode(struct buf *out, const struct rate *rate);
void rate_decode(struct wire_reader *in, struct rate *rate);

#endif
