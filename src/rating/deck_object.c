#include "rating/deck_object.h"

#include "base/hash.h"

#include <assert.h>
#include <stddef.h>

_Static_assert(sizeof(struct deck_header) == 72, "the header is part of the format");
_Static_assert(sizeof(struct deck_rate) == 24 && sizeof(struct deck_entry) == 12,
               "the sections are part of the format");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "objects are mapped as they are");

#define CHECKED_FROM (offsetof(struct deck_header, checksum) + sizeof(uint64_t))

uint32_t deck_direct_count(uint32_t direct_digits)
{
    uint32_t count = 1;
    for (uint32_t i = 0; i < direct_digits; i++) {
        count *= 10;
    }
    return count;
}

/* 32-bit counts of items of 24 bytes at most: no sum of six passes 64 bits. */
bool deck_layout_make(const struct deck_header *header, struct deck_layout *out)
{
    if (header->direct_digits != DECK_DIRECT_DIGITS_FEW &&
        header->direct_digits != DECK_DIRECT_DIGITS_MANY) {
        return false;
    }
    out->rates = sizeof(*header);
    out->dates = out->rates + header->rate_count * sizeof(struct deck_rate);
    out->nodes = out->dates + header->date_count * sizeof(int64_t);
    out->direct = out->nodes + header->node_count * sizeof(uint64_t);
    out->entries =
        out->direct + (size_t)deck_direct_count(header->direct_digits) * sizeof(uint64_t);
    out->text = out->entries + header->entry_count * sizeof(struct deck_entry);
    out->object_size = out->text + header->text_size;
    return true;
}

uint64_t deck_checksum(const uint8_t *object, size_t object_size)
{
    assert(object_size >= CHECKED_FROM);
    return hash_bytes(0, object + CHECKED_FROM, object_size - CHECKED_FROM);
}
