#include "rating/deck_object.h"

#include "base/hash.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

_Static_assert(sizeof(struct deck_header) == 128, "the header is part of the format");
_Static_assert(offsetof(struct deck_header, kind) == 72, "the first format ends here");
_Static_assert(sizeof(struct deck_rate) == 24 && sizeof(struct deck_entry) == 12 &&
                   sizeof(struct deck_extra) == 56 && sizeof(struct zone_change) == 16 &&
                   sizeof(struct window_span) == 4,
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

size_t deck_header_size(const char magic[8])
{
    if (memcmp(magic, DECK_MAGIC, sizeof(DECK_MAGIC)) == 0) {
        return sizeof(struct deck_header);
    }
    bool is_first = memcmp(magic, DECK_MAGIC_FIRST, sizeof(DECK_MAGIC_FIRST)) == 0;
    return is_first ? offsetof(struct deck_header, kind) : 0;
}

/* 32-bit counts of items of 56 bytes at most: no sum of nine passes 64 bits. */
bool deck_layout_make(const struct deck_header *header, struct deck_layout *out)
{
    if (header->direct_digits != DECK_DIRECT_DIGITS_FEW &&
        header->direct_digits != DECK_DIRECT_DIGITS_MANY) {
        return false;
    }
    out->rates = deck_header_size(header->magic);
    out->dates = out->rates + header->rate_count * sizeof(struct deck_rate);
    out->extras = out->dates + header->date_count * sizeof(int64_t);
    out->changes = out->extras + header->extra_count * sizeof(struct deck_extra);
    out->nodes = out->changes + header->change_count * sizeof(struct zone_change);
    out->direct = out->nodes + header->node_count * sizeof(uint64_t);
    out->entries =
        out->direct + (size_t)deck_direct_count(header->direct_digits) * sizeof(uint64_t);
    out->spans = out->entries + header->entry_count * sizeof(struct deck_entry);
    out->text = out->spans + header->span_count * sizeof(struct window_span);
    out->object_size = out->text + header->text_size;
    return true;
}

uint64_t deck_checksum(const uint8_t *object, size_t object_size)
{
    assert(object_size >= CHECKED_FROM);
    return hash_bytes(0, object + CHECKED_FROM, object_size - CHECKED_FROM);
}

static bool are_digits(struct slice text, size_t size)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
    }
    return text.size == size;
}

size_t deck_network_key(const struct deck_network *network, char key[DECK_NETWORK_KEY_SIZE])
{
    struct slice mnc = network->mnc;
    if (!are_digits(network->mcc, 3)) {
        return 0;
    }
    key[0] = DECK_NETWORK_MARK;
    memcpy(key + 1, network->mcc.data, 3);
    if (!are_digits(mnc, 2) && !are_digits(mnc, 3)) {
        return 4;
    }
    key[4] = (char)('0' + mnc.size);
    memcpy(key + 5, mnc.data, mnc.size);
    return 5 + mnc.size;
}
