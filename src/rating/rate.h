/* rate.h - what a call or a message costs: increments, steps, fee, minimum, one rounding.
 *
 * Money is int64 micro-units, rates are int64 nano-units a minute (a segment for messages),
 * durations are microseconds of talk. A price is rounded once, in 128 bits, by the deck's rule:
 *
 *   max(minimum, fee + round(sum over the billed seconds of the rate of each))
 *
 * Billed seconds are whole increments. The first `free_s` of them cost nothing, and from a step on
 * they cost the step's rate. `at_s` is the time that the deck was asked for: with the deck, its
 * version and the number it finds this rate again.
 */
#ifndef DT_RATING_RATE_H
#define DT_RATING_RATE_H

#include "base/money.h"
#include "base/wire.h"

#define RATE_PREFIX_SIZE 20
#define RATE_STEPS_MAX 3

struct rate {
    int64_t nano_per_min;
    int64_t fee_micro;     /* connection fee: once, when the call is answered */
    int64_t minimum_micro; /* an answered call costs at least this, the fee included; 0: none */
    int64_t step_nano[RATE_STEPS_MAX];    /* rate a minute from a step on */
    uint32_t step_from_s[RATE_STEPS_MAX]; /* billed second that a step begins with; rising, >= 1 */
    uint16_t free_s;                      /* billed seconds that cost nothing; 0: none */
    uint16_t first_s;                     /* first increment, >= 1 */
    uint16_t next_s;                      /* every further increment, >= 1 */
    uint8_t rounding;                     /* enum money_rounding */
    uint8_t step_count;                   /* 0: one rate from the first second to the last */
    int64_t at_s;     /* wall time of the look-up, seconds since 1970; 0: not from a deck */
    uint32_t deck_id; /* 0: a free call (no deck) */
    uint32_t deck_version;
    char prefix[RATE_PREFIX_SIZE]; /* digits that matched, NUL-terminated */
    char currency[4];
};

struct rate rate_free(const char *currency); /* price 0, increments 1/1 */

/* Price of talk of that length; 0 us of an answered call costs the first increment. Never
 * negative; clamped to int64. */
int64_t rate_price(const struct rate *rate, int64_t talk_us);

/* Price of a message of so many segments (at least 1 is charged); the rate is one of a deck of
 * message prices. Never negative; clamped to int64. */
int64_t rate_price_message(const struct rate *rate, uint32_t segment_count);

/* It costs nothing, however long the call is. */
bool rate_is_free(const struct rate *rate);

/* The dearest minute of a call: the highest of the rate and its steps. */
int64_t rate_highest_nano(const struct rate *rate);

/* True if a call of some length costs more by `cost` than by `price`: before rounding, at the
 * start of the increments, in every step, and for a call that never ends. The currencies are the
 * caller's to compare. */
bool rate_is_dearer(const struct rate *cost, const struct rate *price);

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
