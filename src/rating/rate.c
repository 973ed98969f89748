#include "rating/rate_inside.h"

#include <string.h>

#define NANO_PER_MICRO INT64_C(1000)
#define HAS_MORE 0x80 /* in the byte of the rounding: what follows the currency is there too */

struct rate rate_free(const char *currency)
{
    struct rate rate = {.first_s = 1, .next_s = 1, .rounding = MONEY_HALF_UP};
    for (size_t i = 0; i + 1 < sizeof(rate.currency) && currency[i] != '\0'; i++) {
        rate.currency[i] = currency[i];
    }
    return rate;
}

int64_t rate_billed_s(const struct rate *rate, int64_t talk_us)
{
    int64_t first_us = rate_first_s(rate) * US_PER_S;
    if (talk_us <= first_us) {
        return rate_first_s(rate);
    }
    int64_t next_us = rate_next_s(rate) * US_PER_S;
    int64_t further_us = talk_us - first_us;
    int64_t count = further_us / next_us + (further_us % next_us > 0 ? 1 : 0);
    return rate_first_s(rate) + count * rate_next_s(rate);
}

struct rate_stretch rate_stretch_at(const struct rate *rate, int64_t from_s)
{
    struct rate_stretch found = {.nano_per_min = rate_not_negative(rate->nano_per_min),
                                 .to_s = INT64_MAX};
    for (int i = 0; i < rate->step_count && i < RATE_STEPS_MAX; i++) {
        if (rate->step_from_s[i] > from_s) {
            found.to_s = rate->step_from_s[i];
            break;
        }
        found.nano_per_min = rate_not_negative(rate->step_nano[i]);
    }
    if (from_s < rate->free_s) {
        found.nano_per_min = 0;
        found.to_s = found.to_s < rate->free_s ? found.to_s : rate->free_s;
    }
    return found;
}

unsigned __int128 rate_exact_talk(const struct rate *rate, int64_t seconds)
{
    unsigned __int128 sum = 0;
    for (int64_t from_s = 0; from_s < seconds;) {
        struct rate_stretch stretch = rate_stretch_at(rate, from_s);
        int64_t to_s = stretch.to_s < seconds ? stretch.to_s : seconds;
        sum += (unsigned __int128)stretch.nano_per_min * (uint64_t)(to_s - from_s);
        from_s = to_s;
    }
    return sum;
}

static int64_t with_minimum(const struct rate *rate, int64_t micro)
{
    return micro < rate->minimum_micro ? rate->minimum_micro : micro;
}

int64_t rate_price(const struct rate *rate, int64_t talk_us)
{
    /* The fee is whole micro-units, so the talk is all there is to round. */
    int64_t talk_micro = money_round(rate_exact_talk(rate, rate_billed_s(rate, talk_us)),
                                     NANO_S_PER_MICRO_MIN, (enum money_rounding)rate->rounding);
    return with_minimum(rate, money_add_clamped(rate_fee_micro(rate), talk_micro));
}

int64_t rate_price_message(const struct rate *rate, uint32_t segment_count)
{
    int64_t count = segment_count > 0 ? segment_count : 1;
    int64_t micro = money_mul_div(rate_not_negative(rate->nano_per_min), count, NANO_PER_MICRO,
                                  (enum money_rounding)rate->rounding);
    return with_minimum(rate, money_add_clamped(rate_fee_micro(rate), micro));
}

int64_t rate_highest_nano(const struct rate *rate)
{
    int64_t highest = rate_not_negative(rate->nano_per_min);
    for (int i = 0; i < rate->step_count && i < RATE_STEPS_MAX; i++) {
        highest = rate->step_nano[i] > highest ? rate->step_nano[i] : highest;
    }
    return highest;
}

bool rate_is_free(const struct rate *rate)
{
    return rate_highest_nano(rate) == 0 && rate_fee_micro(rate) == 0 && rate->minimum_micro <= 0;
}

/* The most billed seconds whose price rounds to `money` (>= 0) or less; INT64_MAX: any number. A
 * price of exactly half a unit more goes down only by half-even, and to an even unit. */
static int64_t affordable_s(const struct rate *rate, int64_t money_micro)
{
    unsigned __int128 left = (unsigned __int128)money_micro * NANO_S_PER_MICRO_MIN;
    unsigned __int128 half = NANO_S_PER_MICRO_MIN / 2;
    switch ((enum money_rounding)rate->rounding) {
    case MONEY_UP:
        break;
    case MONEY_HALF_EVEN:
        left += money_micro % 2 == 0 ? half : half - 1;
        break;
    case MONEY_HALF_UP:
        left += half - 1;
        break;
    }
    for (int64_t from_s = 0;;) {
        struct rate_stretch stretch = rate_stretch_at(rate, from_s);
        unsigned __int128 nano = (unsigned __int128)stretch.nano_per_min;
        unsigned __int128 length_s = (unsigned __int128)(stretch.to_s - from_s);
        if (stretch.to_s == INT64_MAX && nano == 0) {
            return INT64_MAX;
        }
        if (nano * length_s > left || stretch.to_s == INT64_MAX) {
            unsigned __int128 further_s = left / nano;
            return further_s < length_s ? from_s + (int64_t)further_s : INT64_MAX;
        }
        left -= nano * length_s;
        from_s = stretch.to_s;
    }
}

int64_t rate_covers_us(const struct rate *rate, int64_t money_micro)
{
    if (rate_price(rate, 0) > money_micro) {
        return 0;
    }
    /* A price never passes INT64_MAX, so that much money pays for ever. */
    if (money_micro == INT64_MAX) {
        return INT64_MAX;
    }
    int64_t talk_s = affordable_s(rate, money_micro - rate_fee_micro(rate));
    if (talk_s == INT64_MAX && rate_stretch_at(rate, INT64_MAX - 1).nano_per_min == 0) {
        return INT64_MAX;
    }
    int64_t longest_s = INT64_MAX / US_PER_S;
    talk_s = talk_s < longest_s ? talk_s : longest_s;
    int64_t count = (talk_s - rate_first_s(rate)) / rate_next_s(rate);
    return (rate_first_s(rate) + count * rate_next_s(rate)) * US_PER_S;
}

int64_t rate_increment_end_us(const struct rate *rate, int64_t talk_us)
{
    int64_t end_us = 0;
    if (__builtin_mul_overflow(rate_billed_s(rate, talk_us), US_PER_S, &end_us)) {
        return INT64_MAX;
    }
    return end_us;
}

static void more_encode(struct buf *out, const struct rate *rate)
{
    wire_put_i64(out, rate->at_s);
    wire_put_i64(out, rate->minimum_micro);
    wire_put_u16(out, rate->free_s);
    wire_put_u8(out, rate->step_count);
    for (int i = 0; i < rate->step_count; i++) {
        wire_put_u32(out, rate->step_from_s[i]);
        wire_put_i64(out, rate->step_nano[i]);
    }
}

static void more_decode(struct wire_reader *in, struct rate *rate)
{
    rate->at_s = wire_get_i64(in);
    rate->minimum_micro = wire_get_i64(in);
    rate->free_s = wire_get_u16(in);
    uint8_t count = wire_get_u8(in);
    if (count > RATE_STEPS_MAX) {
        in->is_bad = true;
        return;
    }
    rate->step_count = count;
    for (int i = 0; i < count; i++) {
        rate->step_from_s[i] = wire_get_u32(in);
        rate->step_nano[i] = wire_get_i64(in);
        /* Steps that do not rise would bill a second twice, or never end. */
        in->is_bad = in->is_bad || rate->step_from_s[i] <= (i > 0 ? rate->step_from_s[i - 1] : 0);
    }
}

void rate_encode(struct buf *out, const struct rate *rate)
{
    const struct __attribute__((packed)) {
        int64_t nano_per_min, fee_micro;
        uint16_t first_s, next_s;
        uint8_t rounding;
        uint32_t deck_id, deck_version;
    } numbers = {rate->nano_per_min,        rate->fee_micro, rate->first_s,     rate->next_s,
                 rate->rounding | HAS_MORE, rate->deck_id,   rate->deck_version};
    WIRE_PUT_ALL(out, numbers);
    wire_put_slice(out, slice_from_text(rate->prefix));
    wire_put_slice(out, slice_from_text(rate->currency));
    more_encode(out, rate);
}

void rate_decode(struct wire_reader *in, struct rate *rate)
{
    *rate = (struct rate){.nano_per_min = wire_get_i64(in)};
    rate->fee_micro = wire_get_i64(in);
    rate->first_s = wire_get_u16(in);
    rate->next_s = wire_get_u16(in);
    uint8_t rounding = wire_get_u8(in);
    rate->rounding = rounding & (HAS_MORE - 1);
    rate->deck_id = wire_get_u32(in);
    rate->deck_version = wire_get_u32(in);
    wire_get_text(in, rate->prefix, sizeof(rate->prefix));
    wire_get_text(in, rate->currency, sizeof(rate->currency));
    if ((rounding & HAS_MORE) != 0) {
        more_decode(in, rate);
    }
    if (rate->rounding > MONEY_UP) {
        in->is_bad = true;
    }
}
