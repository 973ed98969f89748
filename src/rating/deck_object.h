/* deck_object.h - the bytes of a compiled deck: header, then sections, each found by the counts.
 *
 * Order of the sections: rates, dates, extras, zone changes, nodes, direct table, entries, spans,
 * text. An object of the first format ends its header at `kind` and has no extras, changes and
 * spans: it is opened as it is.
 * Little-endian, no pointers, sections aligned to what they hold.
 *
 * The prefixes are a trie of 8-byte nodes. A node's children stand side by side behind it, in the
 * order of their digits, and only those that exist. The direct table jumps over the first digits:
 * it holds copies of the nodes at that depth (0: none), which spares one wait for memory. What a
 * prefix leads to is a run of entries, newest date first; equal runs are stored once, as are equal
 * rates, dates and descriptions: a deck repeats itself.
 */
#ifndef DT_RATING_DECK_OBJECT_H
#define DT_RATING_DECK_OBJECT_H

#include "base/slice.h"
#include "rating/deck.h"
#include "rating/window.h"

#include <stdint.h>

#define DECK_MAGIC "DTDECK2"
#define DECK_MAGIC_FIRST "DTDECK1"
#define DECK_PREFIX_DIGITS_MAX 15 /* E.164 */
#define DECK_DIRECT_DIGITS_FEW 2
#define DECK_DIRECT_DIGITS_MANY 5
#define DECK_DIRECT_MANY_FROM 8192 /* prefixes from which the larger direct table pays */
#define DECK_DESCRIPTION_SIZE_MAX 255
#define DECK_DATE_ALWAYS INT64_MIN

struct deck_header {
    char magic[8];
    uint64_t checksum; /* XXH3 of everything behind this field */
    uint64_t object_size;
    uint32_t id;
    uint32_t version;
    char currency[4];
    uint32_t rounding; /* enum money_rounding */
    uint32_t prefix_count;
    uint32_t row_count;
    uint32_t rate_count;
    uint32_t date_count;
    uint32_t node_count;    /* at least 1: the root */
    uint32_t direct_digits; /* the direct table has 10 to this power places */
    uint32_t entry_count;
    uint32_t text_size;
    uint32_t kind; /* enum deck_kind */
    uint32_t extra_count;
    uint32_t change_count; /* of the time zone; 0: UTC */
    uint32_t span_count;
    char zone_name[ZONE_NAME_SIZE];
};

struct deck_rate { /* what a row costs */
    int64_t nano_per_min;
    int64_t fee_micro;
    uint16_t first_s;
    uint16_t next_s;
    uint32_t extra; /* 1 + index; 0: nothing more */
};

struct deck_extra { /* what few rows have */
    int64_t minimum_micro;
    int64_t step_nano[RATE_STEPS_MAX];
    uint32_t step_from_s[RATE_STEPS_MAX];
    uint32_t window; /* 1 + index of its first span; 0: at any time */
    uint16_t free_s;
    uint16_t step_count;
    uint32_t reserved; /* 0 */
};

struct deck_entry { /* one row of a prefix */
    uint32_t rate;
    uint32_t description; /* where it begins in the text; a NUL ends it */
    uint32_t date_more;   /* index of the date; DECK_ENTRY_MORE: an older row follows */
};

/* The prefix that stands for a network: "0", the MCC, how many digits the MNC has, the MNC; for a
 * country "0" and the MCC. No number begins with 0 (E.164), and no network's key with another's. */
#define DECK_NETWORK_MARK '0'
#define DECK_NETWORK_KEY_SIZE 8

#define DECK_ENTRY_MORE UINT32_C(0x80000000)

/* A node: bits 0-9 which children exist, bits 10-31 1 + index of its first entry (0: no prefix
 * ends here), bits 32-63 the index of its first child. */
#define DECK_NODE_CHILD_BITS 10
#define DECK_NODE_VALUE_BITS 22
#define DECK_NODE_VALUE_MAX ((UINT32_C(1) << DECK_NODE_VALUE_BITS) - 1)

static inline uint32_t deck_node_children(uint64_t node)
{
    return (uint32_t)node & ((1u << DECK_NODE_CHILD_BITS) - 1);
}

static inline uint32_t deck_node_value(uint64_t node)
{
    return (uint32_t)node >> DECK_NODE_CHILD_BITS;
}

static inline uint32_t deck_node_first_child(uint64_t node)
{
    return (uint32_t)(node >> 32);
}

/* How many of ten bits are set: the compiler's own, without the processor's instruction, is a call
 * that costs a look-up a tenth of its time. */
static inline uint32_t deck_bit_count(uint32_t bits)
{
    bits -= bits >> 1 & 0x155;
    bits = (bits & 0x333) + (bits >> 2 & 0x333);
    return (bits & 0xf) + (bits >> 4 & 0xf) + (bits >> 8);
}

static inline uint64_t deck_node_make(uint32_t children, uint32_t value, uint32_t first_child)
{
    return (uint64_t)first_child << 32 | value << DECK_NODE_CHILD_BITS | children;
}

struct deck_layout { /* where each section begins, in bytes */
    size_t rates, dates, extras, changes, nodes, direct, entries, spans, text, object_size;
};

/* Bytes written; 0: no MCC, or not one. A bad MNC leaves the country. */
size_t deck_network_key(const struct deck_network *network, char key[DECK_NETWORK_KEY_SIZE]);

/* The bytes of a header of this format; 0: neither of the two. */
size_t deck_header_size(const char magic[8]);

/* False: more than an object can be. */
bool deck_layout_make(const struct deck_header *header, struct deck_layout *out);
uint32_t deck_direct_count(uint32_t direct_digits);
uint64_t deck_checksum(const uint8_t *object, size_t object_size);

#endif
