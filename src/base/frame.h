/* frame.h - how a record stands in a log, and how the end of a torn log is found.
 *
 * A frame is: word (u32: payload size, kind in bits 24 to 30, bit 31: numbered), CRC-32C (u32), the
 * sequence (u64) where numbered, the payload, zeros up to a multiple of 8. Little-endian. A word of
 * zero is the end. The word is stored last, so that a process killed while it writes leaves no
 * frame at all; a power loss may leave anything, which the checksum finds. The checksum covers
 * everything and a seed (which log it is), so that no frame is read from a place it was not meant
 * for. Nothing here does I/O.
 */
#ifndef DT_BASE_FRAME_H
#define DT_BASE_FRAME_H

#include "base/slice.h"

#define FRAME_PAYLOAD_MAX 65536
#define FRAME_KIND_MAX 126
#define FRAME_END 127 /* nothing follows in this log, and that is as it should be */
#define FRAME_SIZE_MAX (16 + FRAME_PAYLOAD_MAX)
#define FRAME_END_SIZE 8

struct frame {
    uint8_t kind;      /* 1 to FRAME_KIND_MAX, or FRAME_END */
    uint64_t sequence; /* 0: not numbered */
    struct slice payload;
};

/* Bytes that a frame takes; a multiple of 8. */
size_t frame_size(size_t payload_size, bool is_numbered);

/* The payload's part of the checksum, which may be made before the place of the frame is known. */
uint32_t frame_payload_crc(struct slice payload);

/* Writes it at `at`, which is aligned to 8 and has frame_size bytes of zeros. */
void frame_write(char *at, uint32_t seed, const struct frame *frame, uint32_t payload_crc);

enum frame_scan {
    FRAME_NONE = 0, /* the end: a word of zero, or fewer than 8 bytes */
    FRAME_FOUND,    /* also FRAME_END: look at the kind */
    FRAME_BROKEN    /* torn or damaged */
};

/* The frame at the start of `bytes` (aligned to 8); its payload is a view. *size: bytes taken. */
enum frame_scan frame_read(struct slice bytes, uint32_t seed, struct frame *out, size_t *size);

#endif
