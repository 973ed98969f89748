/* pg_value.c - values in PostgreSQL's binary form. */
#include "store/pg.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define TYPE_BOOL 16
#define TYPE_INT2 21
#define TYPE_INT4 23
#define TYPE_NUMERIC 1700
#define TYPE_INT8_ARRAY 1016
#define TYPE_TEXT_ARRAY 1009
#define TYPE_BYTES_ARRAY 1001

bool pg_bytes_put(struct pg_bytes *bytes, const void *data, size_t size)
{
    if (bytes->size_max - bytes->size < size) {
        size_t size_max = bytes->size_max < 4096 ? 4096 : bytes->size_max * 2;
        while (size_max - bytes->size < size) {
            size_max *= 2;
        }
        char *grown = realloc(bytes->data, size_max);
        if (grown == NULL) {
            return false;
        }
        bytes->data = grown;
        bytes->size_max = size_max;
    }
    if (size > 0) {
        memcpy(bytes->data + bytes->size, data, size);
    }
    bytes->size += size;
    return true;
}

uint64_t pg_big_endian(uint64_t number)
{
    return htobe64(number);
}

/* Bytes of the UTF-8 character at the beginning; 0: it is none (RFC 3629, no NUL). */
static size_t utf8_size(const unsigned char *at, size_t left)
{
    if (at[0] < 0x80) {
        return at[0] == 0 ? 0 : 1;
    }
    size_t size = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] > 0xf4 || left < size) {
        return 0;
    }
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool is_bad = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
                  (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f);
    return is_bad ? 0 : size;
}

struct slice pg_clean_text(struct pg_bytes *scratch, struct slice text)
{
    const unsigned char *bytes = (const unsigned char *)text.data;
    size_t at = 0;
    for (size_t size = 1; at < text.size && size > 0; at += size) {
        size = utf8_size(bytes + at, text.size - at);
    }
    if (at == text.size) {
        return slice_make(text.data == NULL ? "" : text.data, text.size);
    }
    scratch->size = 0;
    if (!pg_bytes_put(scratch, text.data, text.size)) {
        return slice_make("", 0);
    }
    for (at = 0; at < text.size;) {
        size_t size = utf8_size(bytes + at, text.size - at);
        if (size == 0) {
            scratch->data[at] = '?';
        }
        at += size == 0 ? 1 : size;
    }
    return slice_make(scratch->data, scratch->size);
}

Oid pg_type(enum value_kind kind, bool is_array)
{
    switch (kind) {
    case VALUE_INT:
        return is_array ? TYPE_INT8_ARRAY : PG_TYPE_INT8;
    case VALUE_TEXT:
        return is_array ? TYPE_TEXT_ARRAY : PG_TYPE_TEXT;
    case VALUE_BLOB:
        return is_array ? TYPE_BYTES_ARRAY : PG_TYPE_BYTES;
    case VALUE_NUMBERS:
        return TYPE_INT8_ARRAY;
    }
    return 0;
}

bool pg_array_put(struct pg_bytes *array, const struct sql_value *value)
{
    static const char head[PG_ARRAY_HEAD_SIZE];
    if (array->size == 0 && !pg_bytes_put(array, head, sizeof(head))) {
        return false;
    }
    uint64_t number = htobe64((uint64_t)value->number);
    struct slice bytes =
        value->kind == VALUE_INT ? slice_make((const char *)&number, sizeof(number)) : value->bytes;
    uint32_t size = htobe32(value->is_null ? UINT32_MAX : (uint32_t)bytes.size);
    return pg_bytes_put(array, &size, sizeof(size)) &&
           (value->is_null || pg_bytes_put(array, bytes.data, bytes.size));
}

void pg_array_end(struct pg_bytes *array, enum value_kind kind, bool has_null, int count)
{
    /* Dimensions, whether there are NULLs, type; size and first index of the dimension. */
    const uint32_t head[] = {htobe32(1), htobe32(has_null ? 1 : 0), htobe32(pg_type(kind, false)),
                             htobe32((uint32_t)count), htobe32(1)};
    static_assert(sizeof(head) == PG_ARRAY_HEAD_SIZE, "an array's head");
    memcpy(array->data, head, sizeof(head));
}

struct sql_value pg_column(const struct statement *statement, int column)
{
    const struct pg_statement *pg = statement->handle;
    struct sql_value value = {.bytes = slice_make("", 0)};
    if (PQgetisnull(pg->result, pg->row, column)) {
        value.is_null = true;
        return value;
    }
    const char *data = PQgetvalue(pg->result, pg->row, column);
    uint64_t u64;
    uint32_t u32;
    uint16_t u16;
    switch (PQftype(pg->result, column)) {
    case PG_TYPE_INT8:
        memcpy(&u64, data, sizeof(u64));
        value.number = (int64_t)be64toh(u64);
        break;
    case TYPE_INT4:
        memcpy(&u32, data, sizeof(u32));
        value.number = (int32_t)be32toh(u32);
        break;
    case TYPE_INT2:
        memcpy(&u16, data, sizeof(u16));
        value.number = (int16_t)be16toh(u16);
        break;
    case TYPE_BOOL:
        value.number = data[0] != 0;
        break;
    case TYPE_NUMERIC:
        assert(false); /* a sum: the statement is to cast it */
        break;
    default:
        value.kind = PQftype(pg->result, column) == PG_TYPE_BYTES ? VALUE_BLOB : VALUE_TEXT;
        value.bytes = slice_make(data, (size_t)PQgetlength(pg->result, pg->row, column));
        break;
    }
    return value;
}
