/* money.h - integers that are money: int64 micro-units of a currency. No floating point here. */
#ifndef DT_BASE_MONEY_H
#define DT_BASE_MONEY_H

#include "base/buf.h"
#include "base/slice.h"

#define MONEY_MICRO INT64_C(1000000)
#define MONEY_TEXT_SIZE 32

enum money_rounding { MONEY_HALF_UP = 0, MONEY_HALF_EVEN, MONEY_UP };

const char *money_rounding_name(enum money_rounding rounding); /* "half-up", "half-even", "up" */
MUST_CHECK bool money_rounding_parse(struct slice name, enum money_rounding *out);

/* "12", "12.34", "-0.000001" to micro-units. False: not a number, more than six decimals (that are
 * not zero), or out of range. */
MUST_CHECK bool money_parse(struct slice text, int64_t *micro);

/* As above with nine decimals: rates, in nano-units. */
MUST_CHECK bool money_parse_nano(struct slice text, int64_t *nano);

/* Always six decimals for micro ("12.340000"); for people use money_write_short: at least two
 * decimals, trailing zeros beyond them dropped ("12.34", "0.0125"). */
void money_write(struct buf *buf, int64_t micro);
void money_write_short(struct buf *buf, int64_t micro);
void money_write_nano(struct buf *buf, int64_t nano); /* at least two, up to nine decimals */
const char *money_text(char text[MONEY_TEXT_SIZE], int64_t micro); /* money_write_short, with NUL */

/* Sums that cannot wrap: false (and *out untouched) where they would. */
MUST_CHECK bool money_add(int64_t a, int64_t b, int64_t *out);
int64_t money_add_clamped(int64_t a, int64_t b); /* to the range of int64 */

/* amount / denominator (> 0), rounded by the rule; clamped to int64. */
int64_t money_round(unsigned __int128 amount, int64_t denominator, enum money_rounding rounding);

/* value * numerator / denominator in 128 bits, rounded by the rule (half-up and up go away from
 * zero); clamped to int64. denominator > 0. */
int64_t money_mul_div(int64_t value, int64_t numerator, int64_t denominator,
                      enum money_rounding rounding);

#endif
