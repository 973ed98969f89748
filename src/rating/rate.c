#include "rating/rate.h"

#include <string.h>

#define US_PER_S INT64_C(1000000)
#define NANO_S_PER_MICRO_MIN INT64_C(60000) /* nano a minute x seconds in one micro-unit */

static int64_t first_s(const struct rate *rate)
{
    return rate->first_s > 0 ? rate->first_s : 1;
}

static int64_t next_s(const struct rate *rate)
{
    return rate->next_s > 0 ? rate->next_s : 1;
}

static int64_t fee_micro(const struct rate *rate)
{
    return rate->fee_micro > 0 ? rate->fee_micro : 0;
}

struct rate rate_free(const char *currency)
{
    struct rate rate = {.first_s = 1, .next_s = 1, .rounding = MONEY_HALF_UP};
    for (size_t i = 0; i + 1 < sizeof(rate.currency) && currency[i] != '\0'; i++) {
        rate.currency[i] = currency[i];
    }
    return rate;
}

/* Seconds that are charged for so much talk: whole increments, at least the first. */
static int64_t billed_s(const struct rate *rate, int64_t talk_us)
{
    int64_t first_us = first_s(rate) * US_PER_S;
    if (talk_us <= first_us) {
        return first_s(rate);
    }
    int64_t next_us = next_s(rate) * US_PER_S;
    int64_t further_us = talk_us - first_us;
    int64_t count = further_us / next_us + (further_us % next_us > 0 ? 1 : 0);
    return first_s(rate) + count * next_s(rate);
}

int64_t rate_price(const struct rate *rate, int64_t talk_us)
{
    if (rate->nano_per_min <= 0) {
        return fee_micro(rate);
    }
    /* The fee is whole micro-units, so the talk is all there is to round. */
    int64_t talk_micro = money_mul_div(rate->nano_per_min, billed_s(rate, talk_us),
                                       NANO_S_PER_MICRO_MIN, (enum money_rounding)rate->rounding);
    return money_add_clamped(fee_micro(rate), talk_micro);
}

/* The most seconds whose price rounds to `money` or less. A price that rounds down may pass the
 * money by less than half a unit; by exactly half only where the half goes to the even unit and
 * `money` is even. So the sum is done in half units. */
static __int128 affordable_s(const struct rate *rate, int64_t money_micro)
{
    __int128 halves = (__int128)money_micro * 2;
    switch ((enum money_rounding)rate->rounding) {
    case MONEY_UP:
        return halves * NANO_S_PER_MICRO_MIN / ((__int128)rate->nano_per_min * 2);
    case MONEY_HALF_EVEN:
        if (money_micro % 2 == 0) {
            return (halves + 1) * NANO_S_PER_MICRO_MIN / ((__int128)rate->nano_per_min * 2);
        }
        break;
    case MONEY_HALF_UP:
        break;
    }
    return ((halves + 1) * NANO_S_PER_MICRO_MIN - 1) / ((__int128)rate->nano_per_min * 2);
}

int64_t rate_covers_us(const struct rate *rate, int64_t money_micro)
{
    if (rate_price(rate, 0) > money_micro) {
        return 0;
    }
    /* A price never passes INT64_MAX, so that much money pays for ever. */
    if (rate->nano_per_min <= 0 || money_micro == INT64_MAX) {
        return INT64_MAX;
    }
    __int128 seconds = affordable_s(rate, money_micro - fee_micro(rate));
    __int128 longest_s = INT64_MAX / US_PER_S;
    int64_t talk_s = (int64_t)(seconds < longest_s ? seconds : longest_s);
    int64_t count = (talk_s - first_s(rate)) / next_s(rate);
    return (first_s(rate) + count * next_s(rate)) * US_PER_S;
}

int64_t rate_increment_end_us(const struct rate *rate, int64_t talk_us)
{
    int64_t end_us = 0;
    if (__builtin_mul_overflow(billed_s(rate, talk_us), US_PER_S, &end_us)) {
        return INT64_MAX;
    }
    return end_us;
}

void rate_encode(struct buf *out, const struct rate *rate)
{
    wire_put_i64(out, rate->nano_per_min);
    wire_put_i64(out, rate->fee_micro);
    wire_put_u16(out, rate->first_s);
    wire_put_u16(out, rate->next_s);
    wire_put_u8(out, rate->rounding);
    wire_put_u32(out, rate->deck_id);
    wire_put_u32(out, rate->deck_version);
    wire_put_slice(out, slice_from_text(rate->prefix));
    wire_put_slice(out, slice_from_text(rate->currency));
}

void rate_decode(struct wire_reader *in, struct rate *rate)
{
    rate->nano_per_min = wire_get_i64(in);
    rate->fee_micro = wire_get_i64(in);
    rate->first_s = wire_get_u16(in);
    rate->next_s = wire_get_u16(in);
    rate->rounding = wire_get_u8(in);
    rate->deck_id = wire_get_u32(in);
    rate->deck_version = wire_get_u32(in);
    wire_get_text(in, rate->prefix, sizeof(rate->prefix));
    wire_get_text(in, rate->currency, sizeof(rate->currency));
    if (rate->rounding > MONEY_UP) {
        in->is_bad = true;
    }
}
