#include "base/money.h"

#include <assert.h>
#include <string.h>

#define MICRO_DECIMALS 6
#define NANO_DECIMALS 9
#define SHORT_DECIMALS 2

const char *money_rounding_name(enum money_rounding rounding)
{
    switch (rounding) {
    case MONEY_HALF_UP:
        return "half-up";
    case MONEY_HALF_EVEN:
        return "half-even";
    case MONEY_UP:
        return "up";
    }
    return "half-up";
}

bool money_rounding_parse(struct slice name, enum money_rounding *out)
{
    static const enum money_rounding all[] = {MONEY_HALF_UP, MONEY_HALF_EVEN, MONEY_UP};
    for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
        if (slice_equal(name, slice_from_text(money_rounding_name(all[i])))) {
            *out = all[i];
            return true;
        }
    }
    return false;
}

/* value = value * 10 + digit, or false where that passes the limit. */
static bool push_digit(uint64_t *value, char digit, uint64_t limit)
{
    uint64_t d = (uint64_t)(digit - '0');
    if (*value > (limit - d) / 10) {
        return false;
    }
    *value = *value * 10 + d;
    return true;
}

static bool are_digits(struct slice s)
{
    for (size_t i = 0; i < s.size; i++) {
        if (s.data[i] < '0' || s.data[i] > '9') {
            return false;
        }
    }
    return s.size > 0;
}

static bool parse_decimal(struct slice text, size_t decimals, int64_t *out)
{
    bool is_negative = text.size > 0 && text.data[0] == '-';
    struct slice fraction = slice_skip(text, is_negative ? 1 : 0);
    bool has_point = slice_find(fraction, '.') != fraction.size;
    struct slice whole = slice_split(&fraction, '.');
    if (!are_digits(whole) || (has_point && !are_digits(fraction))) {
        return false;
    }
    uint64_t limit = (uint64_t)INT64_MAX + (is_negative ? 1 : 0);
    uint64_t value = 0;
    for (size_t i = 0; i < whole.size; i++) {
        if (!push_digit(&value, whole.data[i], limit)) {
            return false;
        }
    }
    for (size_t i = 0; i < decimals; i++) {
        if (!push_digit(&value, i < fraction.size ? fraction.data[i] : '0', limit)) {
            return false;
        }
    }
    for (size_t i = decimals; i < fraction.size; i++) {
        if (fraction.data[i] != '0') {
            return false;
        }
    }
    /* Negated as unsigned: the lowest int64 has no positive twin. */
    *out = (int64_t)(is_negative ? 0 - value : value);
    return true;
}

bool money_parse(struct slice text, int64_t *micro)
{
    return parse_decimal(text, MICRO_DECIMALS, micro);
}

bool money_parse_nano(struct slice text, int64_t *nano)
{
    return parse_decimal(text, NANO_DECIMALS, nano);
}

static void write_decimal(struct buf *buf, int64_t value, size_t decimals, size_t decimals_min)
{
    char digits[NANO_DECIMALS] = {0};
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    for (size_t i = decimals; i > 0; i--) {
        digits[i - 1] = (char)('0' + left % 10);
        left /= 10;
    }
    while (decimals > decimals_min && digits[decimals - 1] == '0') {
        decimals--;
    }
    if (value < 0) {
        buf_char(buf, '-');
    }
    buf_u64(buf, left);
    buf_char(buf, '.');
    buf_put(buf, digits, decimals);
}

void money_write(struct buf *buf, int64_t micro)
{
    write_decimal(buf, micro, MICRO_DECIMALS, MICRO_DECIMALS);
}

void money_write_short(struct buf *buf, int64_t micro)
{
    write_decimal(buf, micro, MICRO_DECIMALS, SHORT_DECIMALS);
}

void money_write_nano(struct buf *buf, int64_t nano)
{
    write_decimal(buf, nano, NANO_DECIMALS, SHORT_DECIMALS);
}

const char *money_text(char text[MONEY_TEXT_SIZE], int64_t micro)
{
    struct buf buf;
    buf_init(&buf, text, MONEY_TEXT_SIZE - 1);
    money_write_short(&buf, micro);
    text[buf.size] = '\0';
    return text;
}

bool money_add(int64_t a, int64_t b, int64_t *out)
{
    int64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) {
        return false;
    }
    *out = sum;
    return true;
}

int64_t money_add_clamped(int64_t a, int64_t b)
{
    int64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) {
        return a < 0 ? INT64_MIN : INT64_MAX;
    }
    return sum;
}

static bool is_rounded_away(unsigned __int128 quotient, unsigned __int128 remainder,
                            unsigned __int128 denominator, enum money_rounding rounding)
{
    unsigned __int128 to_next = denominator - remainder;
    switch (rounding) {
    case MONEY_HALF_UP:
        return remainder >= to_next;
    case MONEY_HALF_EVEN:
        return remainder > to_next || (remainder == to_next && quotient % 2 == 1);
    case MONEY_UP:
        return remainder > 0;
    }
    return false;
}

static unsigned __int128 divided(unsigned __int128 amount, int64_t denominator,
                                 enum money_rounding rounding)
{
    assert(denominator > 0);
    unsigned __int128 by = (unsigned __int128)denominator;
    unsigned __int128 quotient = amount / by;
    return quotient + (is_rounded_away(quotient, amount % by, by, rounding) ? 1 : 0);
}

int64_t money_round(unsigned __int128 amount, int64_t denominator, enum money_rounding rounding)
{
    unsigned __int128 quotient = divided(amount, denominator, rounding);
    return quotient > (unsigned __int128)INT64_MAX ? INT64_MAX : (int64_t)quotient;
}

int64_t money_mul_div(int64_t value, int64_t numerator, int64_t denominator,
                      enum money_rounding rounding)
{
    __int128 product = (__int128)value * numerator;
    bool is_negative = product < 0;
    unsigned __int128 quotient =
        divided((unsigned __int128)(is_negative ? -product : product), denominator, rounding);
    if (quotient > (unsigned __int128)INT64_MAX) {
        return is_negative ? INT64_MIN : INT64_MAX;
    }
    return is_negative ? -(int64_t)quotient : (int64_t)quotient;
}
