#include "base/buf.h"

#include "base/money.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define U64_DIGITS_MAX 20

static const char digit_pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233"
    "34353637383940414243444546474849505152535455565758596061626364656667"
    "6869707172737475767778798081828384858687888990919293949596979899";

static size_t digit_count(uint64_t value)
{
    size_t count = 1;
    for (uint64_t limit = 10; value >= limit && count < U64_DIGITS_MAX; limit *= 10) {
        count++;
    }
    return count;
}

/* Written backwards in its place, two digits at a time. */
void buf_u64(struct buf *buf, uint64_t value)
{
    size_t count = digit_count(value);
    if (buf->is_full || count > buf->size_max - buf->size) {
        buf->is_full = true;
        return;
    }
    buf->size += count;
    char *at = buf->data + buf->size;
    for (; value >= 100; value /= 100) {
        at -= 2;
        memcpy(at, &digit_pairs[2 * (value % 100)], 2);
    }
    if (value < 10) {
        at[-1] = (char)('0' + value);
    } else {
        memcpy(at - 2, &digit_pairs[2 * value], 2);
    }
}

void buf_i64(struct buf *buf, int64_t value)
{
    if (value < 0) {
        buf_char(buf, '-');
        buf_u64(buf, 0 - (uint64_t)value);
        return;
    }
    buf_u64(buf, (uint64_t)value);
}

void buf_hex(struct buf *buf, const uint8_t *bytes, size_t size)
{
    if (buf->is_full || size > (buf->size_max - buf->size) / 2) {
        buf->is_full = buf->is_full || size > 0;
        return;
    }
    if (size > 0) {
        slice_hex(buf->data + buf->size, bytes, size);
        buf->size += 2 * size;
    }
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    size_t left = buf->size_max - buf->size;
    if (buf->is_full || left == 0) {
        buf->is_full = true;
        return;
    }
    va_list values;
    va_start(values, format);
    int size = vsnprintf(buf->data + buf->size, left, format, values);
    va_end(values);
    /* vsnprintf ends with a NUL, which needs a byte too. */
    if (size < 0 || (size_t)size >= left) {
        buf->is_full = true;
        return;
    }
    buf->size += (size_t)size;
}

/* The size of the UTF-8 character at the start of s, and its code point; 0: those bytes are not
 * UTF-8 (RFC 3629 4: no overlong forms, no surrogates, nothing above 10FFFF). */
static size_t utf8_read(struct slice s, uint32_t *code)
{
    const uint8_t *byte = (const uint8_t *)s.data;
    size_t size = byte[0] < 0x80 ? 1 : byte[0] < 0xE0 ? 2 : byte[0] < 0xF0 ? 3 : 4;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (size == 1) {
        *code = byte[0];
        return 1;
    }
    if (byte[0] < 0xC2 || byte[0] > 0xF4 || s.size < size) {
        return 0;
    }
    uint32_t value = byte[0] & (0xFFU >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((byte[i] & 0xC0) != 0x80) {
            return 0;
        }
        value = value << 6 | (byte[i] & 0x3FU);
    }
    if (value < least[size] || (value >= 0xD800 && value <= 0xDFFF) || value > 0x10FFFF) {
        return 0;
    }
    *code = value;
    return size;
}

/* Controls of both sets move a terminal's cursor; line separators end a log line in some readers;
 * direction overrides make a line show other than what it says. */
static bool is_unsafe(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code <= 0x9F) || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069);
}

static void json_escape(struct buf *buf, uint32_t code)
{
    static const char digits[] = "0123456789abcdef";
    switch (code) {
    case '\n':
        buf_text(buf, "\\n");
        return;
    case '\r':
        buf_text(buf, "\\r");
        return;
    case '\t':
        buf_text(buf, "\\t");
        return;
    default:
        break;
    }
    char text[6] = {'\\', 'u'};
    for (unsigned i = 0; i < 4; i++) {
        text[2 + i] = digits[code >> (12 - 4 * i) & 15];
    }
    buf_put(buf, text, sizeof(text));
}

void buf_json_string(struct buf *buf, struct slice s)
{
    buf_char(buf, '"');
    while (s.size > 0 && !buf->is_full) {
        uint32_t code = 0;
        size_t size = utf8_read(s, &code);
        if (size == 0) {
            size = 1;
            json_escape(buf, (uint8_t)s.data[0]);
        } else if (is_unsafe(code)) {
            json_escape(buf, code);
        } else {
            if (code == '"' || code == '\\') {
                buf_char(buf, '\\');
            }
            buf_put(buf, s.data, size);
        }
        s = slice_skip(s, size);
    }
    buf_char(buf, '"');
}

void buf_json_key(struct buf *buf, const char *name)
{
    char last = buf->size == 0 ? '{' : buf->data[buf->size - 1];
    if (last != '{' && last != '[') {
        buf_char(buf, ',');
    }
    buf_json_string(buf, slice_from_text(name));
    buf_char(buf, ':');
}

void buf_json_text(struct buf *buf, const char *name, struct slice value)
{
    buf_json_key(buf, name);
    buf_json_string(buf, value);
}

void buf_json_i64(struct buf *buf, const char *name, int64_t value)
{
    buf_json_key(buf, name);
    buf_i64(buf, value);
}

void buf_json_bool(struct buf *buf, const char *name, bool value)
{
    buf_json_key(buf, name);
    buf_text(buf, value ? "true" : "false");
}

void buf_json_money(struct buf *buf, const char *name, int64_t micro)
{
    buf_json_key(buf, name);
    buf_char(buf, '"');
    money_write(buf, micro);
    buf_char(buf, '"');
}
