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

void buf_init(struct buf *buf, char *data, size_t size_max);
void buf_put(struct buf *buf, const void *data, size_t size);
void buf_char(struct buf *buf, char c);
void buf_text(struct buf *buf, const char *text);
void buf_slice(struct buf *buf, struct slice s);
void buf_u64(struct buf *buf, uint64_t value);
void buf_i64(struct buf *buf, int64_t value);
void buf_hex(struct buf *buf, const uint8_t *bytes, size_t size);            /* lower case */
void buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3); /* not on hot paths */
struct slice buf_done(const struct buf *buf);                                /* what was written */

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
