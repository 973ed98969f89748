#include "base/wire.h"

#include <string.h>

static void put_le(struct buf *buf, uint64_t value, size_t size)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
    buf_put(buf, bytes, size);
}

void wire_put_u8(struct buf *buf, uint8_t value)
{
    put_le(buf, value, sizeof(value));
}

void wire_put_u16(struct buf *buf, uint16_t value)
{
    put_le(buf, value, sizeof(value));
}

void wire_put_u32(struct buf *buf, uint32_t value)
{
    put_le(buf, value, sizeof(value));
}

void wire_put_u64(struct buf *buf, uint64_t value)
{
    put_le(buf, value, sizeof(value));
}

void wire_put_i64(struct buf *buf, int64_t value)
{
    put_le(buf, (uint64_t)value, sizeof(value));
}

void wire_put_slice(struct buf *buf, struct slice s)
{
    if (s.size > UINT16_MAX) {
        buf->is_full = true;
        return;
    }
    wire_put_u16(buf, (uint16_t)s.size);
    buf_slice(buf, s);
}

/* The next bytes; a slice with data NULL (and the reader is bad from now on) if they are short. */
static struct slice take(struct wire_reader *reader, size_t size)
{
    if (reader->is_bad || size > reader->rest.size) {
        reader->is_bad = true;
        return (struct slice){NULL, 0};
    }
    struct slice taken = slice_head(reader->rest, size);
    reader->rest = slice_skip(reader->rest, size);
    return taken;
}

static uint64_t get_le(struct wire_reader *reader, size_t size)
{
    struct slice bytes = take(reader, size);
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        value |= (uint64_t)(uint8_t)bytes.data[i] << (8 * i);
    }
    return value;
}

uint8_t wire_get_u8(struct wire_reader *reader)
{
    return (uint8_t)get_le(reader, sizeof(uint8_t));
}

uint16_t wire_get_u16(struct wire_reader *reader)
{
    return (uint16_t)get_le(reader, sizeof(uint16_t));
}

uint32_t wire_get_u32(struct wire_reader *reader)
{
    return (uint32_t)get_le(reader, sizeof(uint32_t));
}

uint64_t wire_get_u64(struct wire_reader *reader)
{
    return get_le(reader, sizeof(uint64_t));
}

int64_t wire_get_i64(struct wire_reader *reader)
{
    return (int64_t)get_le(reader, sizeof(int64_t));
}

struct slice wire_get_slice(struct wire_reader *reader)
{
    return take(reader, wire_get_u16(reader));
}

void wire_get_text(struct wire_reader *reader, char *field, size_t field_size)
{
    if (!slice_copy_text(wire_get_slice(reader), field, field_size)) {
        reader->is_bad = true;
    }
    if (reader->is_bad && field_size > 0) {
        field[0] = '\0';
    }
}
