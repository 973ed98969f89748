/* wire.h - fixed little-endian encoding for records on disk.
 *
 * The reader never goes past its end: a short or wrong record sets is_bad and reads as zeros; check
 * once, at the end.
 */
#ifndef DT_BASE_WIRE_H
#define DT_BASE_WIRE_H

#include "base/buf.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "numbers are copied as they lie in memory"
#endif

static inline void wire_put_u8(struct buf *buf, uint8_t value)
{
    buf_put(buf, &value, sizeof(value));
}

static inline void wire_put_u16(struct buf *buf, uint16_t value)
{
    buf_put(buf, &value, sizeof(value));
}

static inline void wire_put_u32(struct buf *buf, uint32_t value)
{
    buf_put(buf, &value, sizeof(value));
}

static inline void wire_put_u64(struct buf *buf, uint64_t value)
{
    buf_put(buf, &value, sizeof(value));
}

static inline void wire_put_i64(struct buf *buf, int64_t value)
{
    buf_put(buf, &value, sizeof(value));
}

/* Several numbers in a row, as a packed struct: one check for room instead of one for each. */
#define WIRE_PUT_ALL(buf, packed) buf_put((buf), &(packed), sizeof(packed))

/* u16 size, bytes; larger: buf->is_full. */
static inline void wire_put_slice(struct buf *buf, struct slice s)
{
    if (s.size > UINT16_MAX) {
        buf->is_full = true;
        return;
    }
    wire_put_u16(buf, (uint16_t)s.size);
    buf_slice(buf, s);
}

struct wire_reader {
    struct slice rest;
    bool is_bad;
};

/* The next bytes; NULL, and the reader is bad from now on, if they are short. */
static inline const char *wire_take(struct wire_reader *reader, size_t size)
{
    if (reader->is_bad || size > reader->rest.size) {
        reader->is_bad = true;
        return NULL;
    }
    const char *taken = reader->rest.data;
    reader->rest.data += size;
    reader->rest.size -= size;
    return taken;
}

/* As many bytes as `out` has; zeros where they are short. */
static inline void wire_get(struct wire_reader *reader, void *out, size_t size)
{
    const char *taken = wire_take(reader, size);
    if (taken == NULL) {
        memset(out, 0, size);
    } else {
        memcpy(out, taken, size);
    }
}

static inline uint64_t wire_get_number(struct wire_reader *reader, size_t size)
{
    uint64_t value = 0;
    wire_get(reader, &value, size);
    return value;
}

static inline uint8_t wire_get_u8(struct wire_reader *reader)
{
    return (uint8_t)wire_get_number(reader, sizeof(uint8_t));
}

static inline uint16_t wire_get_u16(struct wire_reader *reader)
{
    return (uint16_t)wire_get_number(reader, sizeof(uint16_t));
}

static inline uint32_t wire_get_u32(struct wire_reader *reader)
{
    return (uint32_t)wire_get_number(reader, sizeof(uint32_t));
}

static inline uint64_t wire_get_u64(struct wire_reader *reader)
{
    return wire_get_number(reader, sizeof(uint64_t));
}

static inline int64_t wire_get_i64(struct wire_reader *reader)
{
    return (int64_t)wire_get_number(reader, sizeof(int64_t));
}

/* A view into the record. */
static inline struct slice wire_get_slice(struct wire_reader *reader)
{
    size_t size = wire_get_u16(reader);
    const char *taken = wire_take(reader, size);
    return taken == NULL ? (struct slice){NULL, 0} : (struct slice){taken, size};
}

void wire_get_text(struct wire_reader *reader, char *field, size_t field_size); /* too long: bad */

#endif
