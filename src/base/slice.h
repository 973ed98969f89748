/* slice.h - a view of bytes that somebody else owns; it lives as long as they do.
 *
 * Not terminated by NUL. The empty slice is {NULL, 0} or any pointer with size 0.
 */
#ifndef DT_BASE_SLICE_H
#define DT_BASE_SLICE_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const char *data;
    size_t size;
};

#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})
#define SLICE_FMT "%.*s"
#define SLICE_ARG(s) (int)(s).size, (s).data

/* The small ones stand here, because every message goes through hundreds of them. */

static inline struct slice slice_from_text(const char *text) /* NULL gives the empty slice */
{
    return text == NULL ? (struct slice){NULL, 0} : (struct slice){text, strlen(text)};
}

static inline struct slice slice_make(const char *data, size_t size)
{
    return (struct slice){data, size};
}

static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

bool slice_equal_nocase(struct slice a, struct slice b); /* ASCII */

/* Without its first bytes. */
static inline struct slice slice_skip(struct slice s, size_t size)
{
    size_t skipped = size < s.size ? size : s.size;
    /* An offset of nothing to NULL is undefined, so the empty slice is left alone. */
    return skipped == 0 ? s : (struct slice){s.data + skipped, s.size - skipped};
}

/* Its first bytes. */
static inline struct slice slice_head(struct slice s, size_t size)
{
    return (struct slice){s.data, size < s.size ? size : s.size};
}

static inline bool slice_is_blank(char c)
{
    const uint64_t blanks = UINT64_C(1) << ' ' | 1u << '\t' | 1u << '\r' | 1u << '\n';
    return (uint8_t)c <= ' ' && (blanks >> c & 1) != 0;
}

/* Without SP HTAB CR LF at both ends. */
static inline struct slice slice_trim(struct slice s)
{
    while (s.size > 0 && slice_is_blank(s.data[0])) {
        s = (struct slice){s.data + 1, s.size - 1};
    }
    while (s.size > 0 && slice_is_blank(s.data[s.size - 1])) {
        s.size--;
    }
    return s;
}

bool slice_starts_with(struct slice s, struct slice prefix);
bool slice_starts_with_nocase(struct slice s, struct slice prefix);
size_t slice_find(struct slice s, char c); /* index, or s.size: not there */

/* Where `wanted` (not empty) stands first, or NULL. For short texts: memmem prepares itself first.
 */
const char *slice_find_text(struct slice s, struct slice wanted);

/* Splits *rest at the first separator: the part before it is returned, *rest becomes what follows
 * (empty when there was none). */
struct slice slice_split(struct slice *rest, char separator);

/* Decimal, at least one digit, nothing else. False (and *out untouched) if not, or above max. */
MUST_CHECK bool slice_to_u64(struct slice s, uint64_t max, uint64_t *out);

/* Lower-case hex. from_hex: exactly 2 * size digits of either case, else false. */
void slice_hex(char *out, const uint8_t *bytes, size_t size); /* writes 2 * size, no NUL */
MUST_CHECK bool slice_from_hex(struct slice s, uint8_t *out, size_t size);

/* Copies a text into a fixed field with a NUL; cut where it does not fit (as snprintf would). */
static inline void text_copy(char *field, size_t field_size, const char *text)
{
    size_t size = strnlen(text, field_size - 1);
    memcpy(field, text, size);
    field[size] = '\0';
}

/* Copies into a fixed text field with a NUL; false (field untouched) if it does not fit. */
MUST_CHECK bool slice_copy_text(struct slice s, char *field, size_t field_size);

#endif
