#include "base/slice.h"

#include <string.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool slice_equal_nocase(struct slice a, struct slice b)
{
    if (a.size != b.size) {
        return false;
    }
    for (size_t i = 0; i < a.size; i++) {
        if (a.data[i] != b.data[i] && lower(a.data[i]) != lower(b.data[i])) {
            return false;
        }
    }
    return true;
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
        if (digit > max || value > (max - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

void slice_hex(char *out, const uint8_t *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
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

bool slice_from_hex(struct slice s, uint8_t *out, size_t size)
{
    if (s.size % 2 != 0 || s.size / 2 != size) {
        return false;
    }
    for (size_t i = 0; i < s.size; i++) {
        if (hex_digits[(uint8_t)s.data[i]] == 0) {
            return false;
        }
    }
    for (size_t i = 0; i < size; i++) {
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
