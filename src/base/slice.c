#include "base/slice.h"

#include "base/vector.h"

#include <string.h>

/* ASCII letters in eight bytes made small. Each byte's seven low bits are raised so far that its
 * highest bit tells whether it is at least 'A', and above 'Z'; then that bit moves to where the
 * case is. */
static uint64_t lower8(uint64_t word)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t low = word & (0x7f * each);
    uint64_t is_letter = (low + (0x80 - 'A') * each) ^ (low + (0x7f - 'Z') * each);
    return word | (is_letter & ~word & (0x80 * each)) >> 2;
}

static uint64_t load8(const char *data)
{
    uint64_t word;
    memcpy(&word, data, sizeof(word));
    return word;
}

/* 1 to 7 bytes as one word, the same way for the same size; bytes may be in it twice. */
static uint64_t load_few(const char *data, size_t size)
{
    if (size >= 4) {
        uint32_t first, last;
        memcpy(&first, data, sizeof(first));
        memcpy(&last, data + size - 4, sizeof(last));
        return (uint64_t)first << 32 | last;
    }
    return (uint64_t)(uint8_t)data[0] << 16 | (uint64_t)(uint8_t)data[size / 2] << 8 |
           (uint8_t)data[size - 1];
}

static bool is_same_nocase(uint64_t a, uint64_t b)
{
    return a == b || lower8(a) == lower8(b);
}

bool slice_equal_nocase(struct slice a, struct slice b)
{
    if (a.size != b.size || a.size == 0) {
        return a.size == b.size;
    }
    if (a.size < 8) {
        return is_same_nocase(load_few(a.data, a.size), load_few(b.data, b.size));
    }
    for (size_t i = 0; i + 8 < a.size; i += 8) {
        if (!is_same_nocase(load8(a.data + i), load8(b.data + i))) {
            return false;
        }
    }
    /* The last word may overlap the one before it. */
    return is_same_nocase(load8(a.data + a.size - 8), load8(b.data + b.size - 8));
}

bool slice_starts_with(struct slice s, struct slice prefix)
{
    return s.size >= prefix.size && slice_equal(slice_head(s, prefix.size), prefix);
}

bool slice_starts_with_nocase(struct slice s, struct slice prefix)
{
    return s.size >= prefix.size && slice_equal_nocase(slice_head(s, prefix.size), prefix);
}

size_t slice_find(struct slice s, char c)
{
    const char *found = s.size == 0 ? NULL : memchr(s.data, c, s.size);
    return found == NULL ? s.size : (size_t)(found - s.data);
}

const char *slice_find_text(struct slice s, struct slice wanted)
{
    while (s.size >= wanted.size) {
        const char *found = memchr(s.data, wanted.data[0], s.size - wanted.size + 1);
        if (found == NULL || memcmp(found, wanted.data, wanted.size) == 0) {
            return found;
        }
        s = slice_skip(s, (size_t)(found - s.data) + 1);
    }
    return NULL;
}

struct slice slice_split(struct slice *rest, char separator)
{
    size_t at = slice_find(*rest, separator);
    struct slice part = slice_head(*rest, at);
    *rest = slice_skip(*rest, at < rest->size ? at + 1 : at);
    return part;
}

bool slice_to_u64(struct slice s, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    if (s.size == 0) {
        return false;
    }
    for (size_t i = 0; i < s.size; i++) {
        if (s.data[i] < '0' || s.data[i] > '9') {
            return false;
        }
        uint64_t digit = (uint64_t)(s.data[i] - '0');
        /* Nineteen digits cannot overflow. */
        if (i >= 19 && (digit > max || value > (max - digit) / 10)) {
            return false;
        }
        value = value * 10 + digit;
    }
    if (value > max) {
        return false;
    }
    *out = value;
    return true;
}

#ifdef VECTOR_SSE2
/* 16 digits, each worth 0 to 15. */
static __m128i hex_digits_make(__m128i nibbles)
{
    __m128i is_letter = _mm_cmpgt_epi8(nibbles, _mm_set1_epi8(9));
    __m128i digits = _mm_add_epi8(nibbles, _mm_set1_epi8('0'));
    return _mm_add_epi8(digits, _mm_and_si128(is_letter, _mm_set1_epi8('a' - '0' - 10)));
}

/* 8 bytes to 16 digits. */
static void hex_block_write(char *out, const uint8_t *bytes)
{
    const __m128i low_half = _mm_set1_epi8(15);
    __m128i block = _mm_loadl_epi64((const __m128i *)(const void *)bytes);
    __m128i high = _mm_and_si128(_mm_srli_epi16(block, 4), low_half);
    __m128i low = _mm_and_si128(block, low_half);
    _mm_storeu_si128((__m128i *)(void *)out, hex_digits_make(_mm_unpacklo_epi8(high, low)));
}

/* What 16 digits are worth; a bit for each that is one. */
static int hex_values_read(__m128i block, __m128i *values)
{
    __m128i number = _mm_sub_epi8(block, _mm_set1_epi8('0'));
    __m128i letter = _mm_sub_epi8(_mm_or_si128(block, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
    __m128i is_number = _mm_cmpeq_epi8(_mm_min_epu8(number, _mm_set1_epi8(9)), number);
    __m128i is_letter = _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(5)), letter);
    *values = _mm_or_si128(_mm_and_si128(is_number, number),
                           _mm_and_si128(is_letter, _mm_add_epi8(letter, _mm_set1_epi8(10))));
    return _mm_movemask_epi8(_mm_or_si128(is_number, is_letter));
}

/* Of each pair the first digit is the low byte and counts sixteen times as much. */
static __m128i hex_values_join(__m128i values)
{
    __m128i pairs = _mm_or_si128(_mm_slli_epi16(values, 4), _mm_srli_epi16(values, 8));
    pairs = _mm_and_si128(pairs, _mm_set1_epi16(0xff));
    return _mm_packus_epi16(pairs, pairs);
}

static __m128i load16(const char *data)
{
    return _mm_loadu_si128((const __m128i *)(const void *)data);
}
#endif

void slice_hex(char *out, const uint8_t *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    size_t i = 0;
#ifdef VECTOR_SSE2
    for (; i + 8 <= size; i += 8) {
        hex_block_write(out + 2 * i, bytes + i);
    }
#endif
    for (; i < size; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
}

/* 1 + the digit's value; 0: not a digit of that base. */
static const uint8_t hex_digits[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

static bool is_hex(struct slice s)
{
    size_t i = 0;
#ifdef VECTOR_SSE2
    __m128i unused;
    for (; i + 16 <= s.size; i += 16) {
        if (hex_values_read(load16(s.data + i), &unused) != 0xffff) {
            return false;
        }
    }
#endif
    for (; i < s.size; i++) {
        if (hex_digits[(uint8_t)s.data[i]] == 0) {
            return false;
        }
    }
    return true;
}

bool slice_from_hex(struct slice s, uint8_t *out, size_t size)
{
    size_t i = 0;
    if (s.size % 2 != 0 || s.size / 2 != size) {
        return false;
    }
#ifdef VECTOR_SSE2
    __m128i values;
    if (size == 4) {
        __m128i block = _mm_loadl_epi64((const __m128i *)(const void *)s.data);
        if (hex_values_read(block, &values) != 0xff) { /* behind them are zeros, no digits */
            return false;
        }
        int word = _mm_cvtsi128_si32(hex_values_join(values));
        memcpy(out, &word, sizeof(word));
        return true;
    }
#endif
    if (!is_hex(s)) {
        return false;
    }
#ifdef VECTOR_SSE2
    for (; i + 8 <= size; i += 8) {
        (void)hex_values_read(load16(s.data + 2 * i), &values);
        _mm_storel_epi64((__m128i *)(void *)(out + i), hex_values_join(values));
    }
#endif
    for (; i < size; i++) {
        unsigned high = hex_digits[(uint8_t)s.data[2 * i]] - 1u;
        unsigned low = hex_digits[(uint8_t)s.data[2 * i + 1]] - 1u;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool slice_copy_text(struct slice s, char *field, size_t field_size)
{
    /* A NUL inside would make the field read shorter than what was checked: it does not fit. */
    if (s.size >= field_size || slice_find(s, '\0') != s.size) {
        return false;
    }
    if (s.size > 0) {
        memcpy(field, s.data, s.size);
    }
    field[s.size] = '\0';
    return true;
}
