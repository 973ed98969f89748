#include "base/frame.h"

#include "base/hash.h"

#include <assert.h>
#include <string.h>

#define HEAD_SIZE sizeof(uint64_t)
#define SEQUENCE_SIZE sizeof(uint64_t)
#define SIZE_MASK 0xffffffU
#define KIND_SHIFT 24
#define KIND_MASK 0x7fU
#define IS_NUMBERED 0x80000000U

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "frames are little-endian");
_Static_assert(FRAME_PAYLOAD_MAX <= SIZE_MASK, "the word holds the size");

size_t frame_size(size_t payload_size, bool is_numbered)
{
    size_t size = HEAD_SIZE + (is_numbered ? SEQUENCE_SIZE : 0) + payload_size;
    return (size + 7) & ~(size_t)7;
}

uint32_t frame_payload_crc(struct slice payload)
{
    return crc32c(0, payload.data, payload.size);
}

static uint32_t seal(uint32_t payload_crc, uint32_t word, uint32_t seed, uint64_t sequence)
{
    struct {
        uint64_t sequence;
        uint32_t word, seed;
    } head = {sequence, word, seed};
    return crc32c(payload_crc, &head, sizeof(head));
}

void frame_write(char *at, uint32_t seed, const struct frame *frame, uint32_t payload_crc)
{
    assert(frame->kind > 0 && frame->kind <= FRAME_END);
    assert(frame->payload.size <= FRAME_PAYLOAD_MAX);
    uint32_t word = (uint32_t)frame->payload.size | (uint32_t)frame->kind << KIND_SHIFT |
                    (frame->sequence != 0 ? IS_NUMBERED : 0);
    uint32_t crc = seal(payload_crc, word, seed, frame->sequence);
    char *body = at + HEAD_SIZE;
    if (frame->sequence != 0) {
        memcpy(body, &frame->sequence, SEQUENCE_SIZE);
        body += SEQUENCE_SIZE;
    }
    if (frame->payload.size > 0) {
        memcpy(body, frame->payload.data, frame->payload.size);
    }
    memcpy(at + sizeof(word), &crc, sizeof(crc));
    __atomic_store_n((uint32_t *)(void *)at, word, __ATOMIC_RELEASE);
}

enum frame_scan frame_read(struct slice bytes, uint32_t seed, struct frame *out, size_t *size)
{
    uint32_t word = 0;
    uint32_t crc = 0;
    if (bytes.size < HEAD_SIZE) {
        return FRAME_NONE;
    }
    memcpy(&word, bytes.data, sizeof(word));
    memcpy(&crc, bytes.data + sizeof(word), sizeof(crc));
    if (word == 0) {
        return FRAME_NONE;
    }
    bool is_numbered = (word & IS_NUMBERED) != 0;
    struct frame frame = {.kind = (uint8_t)(word >> KIND_SHIFT & KIND_MASK)};
    size_t payload_size = word & SIZE_MASK;
    size_t whole_size = frame_size(payload_size, is_numbered);
    if (payload_size > FRAME_PAYLOAD_MAX || whole_size > bytes.size || frame.kind == 0) {
        return FRAME_BROKEN;
    }
    const char *body = bytes.data + HEAD_SIZE;
    if (is_numbered) {
        memcpy(&frame.sequence, body, SEQUENCE_SIZE);
        body += SEQUENCE_SIZE;
    }
    frame.payload = slice_make(body, payload_size);
    if (seal(frame_payload_crc(frame.payload), word, seed, frame.sequence) != crc ||
        is_numbered != (frame.sequence != 0)) {
        return FRAME_BROKEN;
    }
    *out = frame;
    *size = whole_size;
    return FRAME_FOUND;
}
