/* wire.h - fixed little-endian encoding for records on disk.
 *
 * The reader never goes past its end: a short or wrong record sets is_bad and reads as zeros; check
 * once, at the end.
 */
#ifndef DT_BASE_WIRE_H
#define DT_BASE_WIRE_H

#include "base/buf.h"

void wire_put_u8(struct buf *buf, uint8_t value);
void wire_put_u16(struct buf *buf, uint16_t value);
void wire_put_u32(struct buf *buf, uint32_t value);
void wire_put_u64(struct buf *buf, uint64_t value);
void wire_put_i64(struct buf *buf, int64_t value);
void wire_put_slice(struct buf *buf, struct slice s); /* u16 size, bytes; larger: buf->is_full */

struct wire_reader {
    struct slice rest;
    bool is_bad;
};

uint8_t wire_get_u8(struct wire_reader *reader);
uint16_t wire_get_u16(struct wire_reader *reader);
uint32_t wire_get_u32(struct wire_reader *reader);
uint64_t wire_get_u64(struct wire_reader *reader);
int64_t wire_get_i64(struct wire_reader *reader);
struct slice wire_get_slice(struct wire_reader *reader); /* a view into the record */
void wire_get_text(struct wire_reader *reader, char *field, size_t field_size); /* too long: bad */

#endif
