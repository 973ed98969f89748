/* lex.h - character classes and the small readers that the SIP parsers share (RFC 3261 25.1).
 *
 * Internal to src/sip. Classes are a little wider than the grammar where phones in the field are
 * ('#' in a user part, '_' in a host), and never include what could end a value.
 */
#ifndef DT_SIP_LEX_H
#define DT_SIP_LEX_H

#include "base/slice.h"
#include "base/vector.h"

#include <string.h>

enum {
    LEX_TOKEN = 1 << 0,
    LEX_HOST = 1 << 1,  /* of a name or IPv4; IPv6 is read by lex_host */
    LEX_USER = 1 << 2,  /* '%' comes on top, with its two digits */
    LEX_PARAM = 1 << 3, /* of a URI parameter; '%' as above */
    LEX_VALUE = 1 << 4, /* of a header parameter that is not quoted */
    LEX_NAME = 1 << 5,  /* name of a parameter, of a header or a URI */
    LEX_HEX = 1 << 6,
    LEX_VISIBLE = 1 << 7 /* in a URI of any scheme */
};

extern const uint8_t lex_classes[256];

static inline bool lex_is(char c, unsigned class)
{
    return (lex_classes[(uint8_t)c] & class) != 0;
}

static inline bool lex_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool lex_is_space(char c)
{
    const uint64_t spaces = UINT64_C(1) << ' ' | 1u << '\t' | 1u << '\r' | 1u << '\n';
    return (uint8_t)c <= ' ' && (spaces >> c & 1) != 0;
}

static inline const char *lex_skip_space(const char *at, const char *end)
{
    while (at < end && lex_is_space(*at)) {
        at++;
    }
    return at;
}

#ifdef VECTOR_SSE2
/* A bit for each byte that is no letter, no digit, and not '-', '.' or '_'. */
static inline unsigned lex_odd_mask(__m128i block)
{
    /* Each range is moved to where it ends with 127; what was above it is negative then. */
    __m128i letter =
        _mm_add_epi8(_mm_or_si128(block, _mm_set1_epi8(0x20)), _mm_set1_epi8(127 - 'z'));
    __m128i number = _mm_add_epi8(block, _mm_set1_epi8(127 - '9')); /* "-./0123456789" */
    __m128i is_letter = _mm_cmpgt_epi8(letter, _mm_set1_epi8(127 - ('z' - 'a') - 1));
    __m128i is_number = _mm_cmpgt_epi8(number, _mm_set1_epi8(127 - ('9' - '-') - 1));
    is_number = _mm_andnot_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('/')), is_number);
    __m128i is_line = _mm_cmpeq_epi8(block, _mm_set1_epi8('_'));
    __m128i is_plain = _mm_or_si128(_mm_or_si128(is_letter, is_number), is_line);
    return (unsigned)_mm_movemask_epi8(is_plain) ^ 0xffff;
}
#endif

const char *lex_skip_plain_far(const char *at, const char *end);

/* Past the characters of LEX_HOST, which stand in every class but LEX_HEX. Most runs end within the
 * first 16 bytes, which are looked at here. */
static inline const char *lex_skip_plain(const char *at, const char *end)
{
#ifdef VECTOR_SSE2
    if (end - at >= 16) {
        unsigned odd = lex_odd_mask(_mm_loadu_si128((const __m128i *)(const void *)at));
        if (odd != 0) {
            return at + __builtin_ctz(odd);
        }
        at += 16;
    }
#endif
    return lex_skip_plain_far(at, end);
}

/* `class`: not LEX_HEX. */
static inline const char *lex_skip(const char *at, const char *end, unsigned class)
{
    at = lex_skip_plain(at, end);
    while (at < end && lex_is(*at, class)) {
        at++;
    }
    return at;
}

static inline struct slice lex_between(const char *from, const char *to)
{
    return (struct slice){from, (size_t)(to - from)};
}

/* Where `c` stands first among the 16 bytes at `at`; 16: it does not. */
static inline unsigned lex_find16(const char *at, char c)
{
#ifdef VECTOR_SSE2
    __m128i block = _mm_loadu_si128((const __m128i *)(const void *)at);
    unsigned mask = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8(c)));
    return (unsigned)__builtin_ctz(mask | 0x10000);
#else
    const char *found = memchr(at, c, 16);
    return found == NULL ? 16 : (unsigned)(found - at);
#endif
}

/* CRLF at `at`, where two bytes can be read. */
static inline bool lex_is_line_end(const char *at)
{
    return memcmp(at, "\r\n", 2) == 0;
}

/* Bit 5 of each byte that is a letter: of `lower`, whose other characters lie below '@'. */
static inline uint64_t lex_case_bits(uint64_t lower)
{
    return (lower & UINT64_C(0x4040404040404040)) >> 1;
}

static inline uint64_t lex_difference64(const char *data, const char *lower)
{
    uint64_t word, wanted;
    memcpy(&word, data, 8);
    memcpy(&wanted, lower, 8);
    return (word | lex_case_bits(wanted)) ^ wanted;
}

static inline uint64_t lex_difference32(const char *data, const char *lower)
{
    uint32_t word, wanted;
    memcpy(&word, data, 4);
    memcpy(&wanted, lower, 4);
    return (word | lex_case_bits(wanted)) ^ wanted;
}

static inline uint64_t lex_difference8(char data, char lower)
{
    return ((uint8_t)data | lex_case_bits((uint8_t)lower)) ^ (uint8_t)lower;
}

/* Is it `lower`, a literal of small letters, digits and '-', in letters of any size? */
#define LEX_IS(token, lower) lex_equal_lower((token), (lower), sizeof(lower) - 1)

static inline bool lex_equal_lower(struct slice token, const char *lower, size_t size)
{
    if (token.size != size) {
        return false;
    }
    const char *data = token.data;
    if (size >= 8) { /* the last word may overlap the one before it */
        uint64_t difference = lex_difference64(data + size - 8, lower + size - 8);
        for (size_t i = 0; i + 8 < size; i += 8) {
            difference |= lex_difference64(data + i, lower + i);
        }
        return difference == 0;
    }
    if (size >= 4) {
        return (lex_difference32(data, lower) |
                lex_difference32(data + size - 4, lower + size - 4)) == 0;
    }
    if (size == 0) {
        return true;
    }
    /* Of three or fewer, these are all. */
    return (lex_difference8(data[0], lower[0]) | lex_difference8(data[size / 2], lower[size / 2]) |
            lex_difference8(data[size - 1], lower[size - 1])) == 0;
}

/* Every character of that class, and at least one. */
bool lex_all(struct slice text, unsigned class);

/* Past that class (LEX_USER or LEX_PARAM) and every '%' with two hex digits. */
const char *lex_skip_escaped(const char *at, const char *end, unsigned class);

/* The first '"' or '\\' at or after `at`; `end`: none. */
const char *lex_quote_find(const char *at, const char *end);

/* After the closing quote of the quoted string that starts at `at`; NULL: it does not end. */
const char *lex_quoted_end(const char *at, const char *end);

/* hostname, IPv4 or [IPv6] at `at`: its end, or NULL. */
const char *lex_host_end(const char *at, const char *end);

/* ":port" with white space where RFC 3261 allows it in a Via: its end (*port 1..65535); `at` and
 * port 0 where there is none; NULL: broken. */
const char *lex_port_end(const char *at, const char *end, uint16_t *port);

enum lex_param { LEX_PARAM_END = 0, LEX_PARAM_FOUND, LEX_PARAM_BAD };

/* The next ";name=value" of *rest. The value loses its quotes. */
enum lex_param lex_param_next(struct slice *rest, struct slice *name, struct slice *value);

/* The same, at once where the parameter is plain and nothing but ';' or the end follows it. */
static inline enum lex_param lex_param_take(struct slice *rest, struct slice *name,
                                            struct slice *value)
{
    if (rest->size > 1 && *rest->data == ';') { /* data may be NULL where there is nothing */
        const char *start = rest->data + 1;
        const char *end = rest->data + rest->size;
        const char *stop = lex_skip_plain(start, end);
        bool has_value = stop < end && *stop == '=';
        const char *from = has_value ? stop + 1 : stop;
        const char *to = has_value ? lex_skip_plain(from, end) : stop;
        if (stop > start && (to == end || *to == ';')) {
            *name = lex_between(start, stop);
            *value = lex_between(from, to);
            *rest = lex_between(to, end);
            return LEX_PARAM_FOUND;
        }
    }
    return lex_param_next(rest, name, value);
}

/* The next CR, LF or other control character that is no tab, at or after `at`; `end`: none. */
static inline const char *lex_next_control(const char *at, const char *end)
{
#ifdef VECTOR_SSE2
    const __m128i highest = _mm_set1_epi8(0x1f);
    const __m128i delete = _mm_set1_epi8(0x7f);
    const __m128i tab = _mm_set1_epi8('\t');
    for (; end - at >= 16; at += 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i found = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(block, highest), block),
                                     _mm_cmpeq_epi8(block, delete));
        found = _mm_andnot_si128(_mm_cmpeq_epi8(block, tab), found);
        unsigned mask = (unsigned)_mm_movemask_epi8(found);
        if (mask != 0) {
            return at + __builtin_ctz(mask);
        }
    }
#endif
    while (at < end && (((uint8_t)*at >= 0x20 && *at != 0x7f) || *at == '\t')) {
        at++;
    }
    return at;
}

/* One header line with its folded parts: *line ends before its CRLF (or bare LF). Returns the start
 * of the next line; NULL: the end was not seen. *is_clean: no control character outside a quoted
 * pair, and no fold after a bare LF. */
const char *lex_line_next(const char *at, const char *end, struct slice *line, bool *is_clean);

#endif
