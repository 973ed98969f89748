#include "sip/lex.h"

#define ALNUM (LEX_TOKEN | LEX_HOST | LEX_USER | LEX_PARAM | LEX_VALUE | LEX_NAME | LEX_VISIBLE)
#define MARK (LEX_TOKEN | LEX_USER | LEX_PARAM | LEX_VALUE | LEX_NAME | LEX_VISIBLE)

const uint8_t lex_classes[256] = {
    ['0' ... '9'] = ALNUM | LEX_HEX,
    ['A' ... 'F'] = ALNUM | LEX_HEX,
    ['a' ... 'f'] = ALNUM | LEX_HEX,
    ['G' ... 'Z'] = ALNUM,
    ['g' ... 'z'] = ALNUM,
    ['-'] = ALNUM,
    ['.'] = ALNUM,
    ['_'] = ALNUM,
    ['!'] = MARK,
    ['*'] = MARK,
    ['\''] = MARK,
    ['~'] = MARK,
    ['+'] = MARK,
    ['`'] = LEX_TOKEN | LEX_USER | LEX_VALUE | LEX_NAME | LEX_VISIBLE,
    ['%'] = LEX_TOKEN | LEX_VALUE | LEX_NAME | LEX_VISIBLE,
    ['('] = LEX_USER | LEX_PARAM | LEX_VALUE | LEX_NAME | LEX_VISIBLE,
    [')'] = LEX_USER | LEX_PARAM | LEX_VALUE | LEX_NAME | LEX_VISIBLE,
    ['&'] = LEX_USER | LEX_PARAM | LEX_VALUE | LEX_NAME | LEX_VISIBLE,
    ['$'] = LEX_USER | LEX_PARAM | LEX_VALUE | LEX_NAME | LEX_VISIBLE,
    ['/'] = LEX_USER | LEX_PARAM | LEX_VALUE | LEX_NAME | LEX_VISIBLE,
    ['['] = LEX_PARAM | LEX_VALUE | LEX_NAME | LEX_VISIBLE,
    [']'] = LEX_PARAM | LEX_VALUE | LEX_NAME | LEX_VISIBLE,
    [':'] = LEX_PARAM | LEX_VALUE | LEX_NAME | LEX_VISIBLE,
    ['='] = LEX_USER | LEX_VALUE | LEX_VISIBLE,
    [';'] = LEX_USER | LEX_VISIBLE,
    ['?'] = LEX_USER | LEX_VISIBLE,
    [','] = LEX_USER | LEX_VISIBLE,
    ['#'] = LEX_USER | LEX_VALUE | LEX_VISIBLE,
    ['|'] = LEX_USER | LEX_VALUE | LEX_VISIBLE,
    ['{'] = LEX_USER | LEX_VALUE | LEX_VISIBLE,
    ['}'] = LEX_USER | LEX_VALUE | LEX_VISIBLE,
    ['^'] = LEX_USER | LEX_VALUE | LEX_VISIBLE,
    ['@'] = LEX_VALUE | LEX_VISIBLE,
    ['\\'] = LEX_VISIBLE,
    [0x80 ... 0xff] = LEX_USER | LEX_VALUE,
};

bool lex_all(struct slice text, unsigned class)
{
    const char *end = text.data + text.size;
    return text.size > 0 && lex_skip(text.data, end, class) == end;
}

const char *lex_skip_escaped(const char *at, const char *end, unsigned class)
{
    while ((at = lex_skip(at, end, class)) < end && *at == '%' && end - at >= 3 &&
           lex_is(at[1], LEX_HEX) && lex_is(at[2], LEX_HEX)) {
        at += 3;
    }
    return at;
}

const char *lex_skip_plain_far(const char *at, const char *end)
{
#ifdef VECTOR_SSE2
    for (; end - at >= 16; at += 16) {
        unsigned odd = lex_odd_mask(_mm_loadu_si128((const __m128i *)(const void *)at));
        if (odd != 0) {
            return at + __builtin_ctz(odd);
        }
    }
    if (end - at >= 8) { /* the other half of the block is zeros, which are odd */
        unsigned odd = lex_odd_mask(_mm_loadl_epi64((const __m128i *)(const void *)at));
        at += __builtin_ctz(odd);
        if ((odd & 0xff) != 0) {
            return at;
        }
    }
#endif
    while (at < end && lex_is(*at, LEX_HOST)) {
        at++;
    }
    return at;
}

const char *lex_quote_find(const char *at, const char *end)
{
#ifdef VECTOR_SSE2
    for (; end - at >= 16; at += 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i found = _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('"')),
                                     _mm_cmpeq_epi8(block, _mm_set1_epi8('\\')));
        unsigned mask = (unsigned)_mm_movemask_epi8(found);
        if (mask != 0) {
            return at + __builtin_ctz(mask);
        }
    }
#endif
    while (at < end && *at != '"' && *at != '\\') {
        at++;
    }
    return at;
}

const char *lex_quoted_end(const char *at, const char *end)
{
    at = lex_quote_find(at + 1, end);
    while (at < end && *at == '\\') { /* takes the next character with it */
        at = end - at < 2 ? end : lex_quote_find(at + 2, end);
    }
    return at == end ? NULL : at + 1;
}

const char *lex_host_end(const char *at, const char *end)
{
    if (at == end || *at != '[') {
        const char *stop = lex_skip(at, end, LEX_HOST);
        return stop == at ? NULL : stop;
    }
    const char *start = ++at;
    while (at < end && (lex_is(*at, LEX_HEX) || *at == ':' || *at == '.')) {
        at++;
    }
    return at == end || *at != ']' || at - start < 2 ? NULL : at + 1;
}

const char *lex_port_end(const char *at, const char *end, uint16_t *port)
{
    const char *colon = lex_skip_space(at, end);
    *port = 0;
    if (colon == end || *colon != ':') {
        return at;
    }
    const char *digit = lex_skip_space(colon + 1, end);
    const char *first = digit;
    unsigned value = 0;
    while (digit < end && lex_is_digit(*digit) && value <= UINT16_MAX) {
        value = value * 10 + (unsigned)(*digit++ - '0');
    }
    if (digit == first || value == 0 || value > UINT16_MAX) {
        return NULL;
    }
    *port = (uint16_t)value;
    return digit;
}

enum lex_param lex_param_next(struct slice *rest, struct slice *name, struct slice *value)
{
    if (rest->size == 0) { /* data may be NULL: a URI that was not understood has no parameters */
        return LEX_PARAM_END;
    }
    const char *end = rest->data + rest->size;
    const char *at = rest->data;
    if (*at != ';') {
        at = lex_skip_space(at, end);
        if (at == end) {
            *rest = (struct slice){end, 0};
            return LEX_PARAM_END;
        }
        if (*at != ';') {
            return LEX_PARAM_BAD;
        }
    }
    const char *start = lex_skip_space(at + 1, end);
    at = lex_skip(start, end, LEX_NAME);
    if (at == start) {
        return LEX_PARAM_BAD;
    }
    *name = lex_between(start, at);
    *value = (struct slice){at, 0};

    const char *equal = lex_skip_space(at, end);
    if (equal == end || *equal != '=') {
        *rest = lex_between(at, end);
        return LEX_PARAM_FOUND;
    }
    start = lex_skip_space(equal + 1, end);
    if (start < end && *start == '"') {
        at = lex_quoted_end(start, end);
        if (at == NULL) {
            return LEX_PARAM_BAD;
        }
        *value = lex_between(start + 1, at - 1);
    } else {
        at = lex_skip(start, end, LEX_VALUE);
        *value = lex_between(start, at);
    }
    *rest = lex_between(at, end);
    return LEX_PARAM_FOUND;
}

/* Tabs may stand, and any character after a backslash in quotes (RFC 3261 25.1, quoted-pair). */
static bool is_free_of_control(const char *at, const char *end)
{
    bool is_quoted = false;
    for (; at < end; at++) {
        if (is_quoted && *at == '\\' && at + 1 < end && at[1] != '\r') {
            at++;
        } else if (*at == '"') {
            is_quoted = !is_quoted;
        } else if (((uint8_t)*at < 0x20 && *at != '\t') || *at == 0x7f) {
            return false;
        }
    }
    return true;
}

/* The feed that ends this physical line, or NULL. Controls on the way are rare: then the whole line
 * is looked at for quoted pairs. */
static const char *feed_find(const char *at, const char *end, bool *is_clean)
{
    const char *stop = lex_next_control(at, end);
    if (stop < end && *stop == '\n') {
        return stop;
    }
    if (end - stop > 1 && stop[0] == '\r' && stop[1] == '\n') {
        return stop + 1;
    }
    const char *feed = stop == end ? NULL : memchr(stop, '\n', (size_t)(end - stop));
    if (feed != NULL) {
        *is_clean = is_free_of_control(at, feed[-1] == '\r' ? feed - 1 : feed) && *is_clean;
    }
    return feed;
}

const char *lex_line_next(const char *at, const char *end, struct slice *line, bool *is_clean)
{
    const char *start = at;
    *is_clean = true;
    while (true) {
        const char *feed = feed_find(at, end, is_clean);
        if (feed == NULL) {
            return NULL;
        }
        bool has_return = feed > at && feed[-1] == '\r';
        const char *stop = has_return ? feed - 1 : feed;
        /* The empty line ends the headers: white space after it belongs to the body. */
        bool is_empty = stop == start;
        if (is_empty || feed + 1 == end || (feed[1] != ' ' && feed[1] != '\t')) {
            *line = lex_between(start, stop);
            return feed + 1;
        }
        *is_clean = has_return && *is_clean;
        at = feed + 1;
    }
}
