/* buf.h - writes text into a block of fixed size.
 *
 * Writing past the end writes nothing more and sets is_full; check it once, at the end.
 */
#ifndef DT_BASE_BUF_H
#define DT_BASE_BUF_H

#include "base/slice.h"

struct buf { /* the caller owns the block */
    char *data;
    size_t size_max;
    size_t size;
    bool is_full; /* something did not fit */
};

static inline void buf_init(struct buf *buf, char *data, size_t size_max)
{
    *buf = (struct buf){.data = data, .size_max = size_max};
}

static inline void buf_put(struct buf *buf, const void *data, size_t size)
{
    if (buf->is_full || size > buf->size_max - buf->size) {
        buf->is_full = true;
        return;
    }
    if (size > 0) {
        memcpy(buf->data + buf->size, data, size);
        buf->size += size;
    }
}

static inline void buf_char(struct buf *buf, char c)
{
    buf_put(buf, &c, 1);
}

static inline void buf_text(struct buf *buf, const char *text)
{
    buf_put(buf, text, strlen(text));
}

static inline void buf_slice(struct buf *buf, struct slice s)
{
    buf_put(buf, s.data, s.size);
}

/* What was written. */
static inline struct slice buf_done(const struct buf *buf)
{
    return (struct slice){buf->data, buf->size};
}

void buf_u64(struct buf *buf, uint64_t value);
void buf_i64(struct buf *buf, int64_t value);
void buf_hex(struct buf *buf, const uint8_t *bytes, size_t size);            /* lower case */
void buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3); /* not on hot paths */

/* A JSON string with its quotes: control characters, quotes, backslashes and bytes that are not
 * UTF-8 are escaped (RFC 8259 7), so that nothing from the network reaches a log or terminal raw.
 */
void buf_json_string(struct buf *buf, struct slice s);

/* JSON members: `"name":value`, with a comma before it unless it follows '{', '[' or the start. */
void buf_json_key(struct buf *buf, const char *name);
void buf_json_text(struct buf *buf, const char *name, struct slice value);
void buf_json_i64(struct buf *buf, const char *name, int64_t value);
void buf_json_bool(struct buf *buf, const char *name, bool value);
void buf_json_money(struct buf *buf, const char *name,
                    int64_t micro); /* as a string: "12.340000" */

#endif
