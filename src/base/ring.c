#include "base/ring.h"

#include "base/pages.h"

#define MESSAGE_ALIGNMENT 16
#define BLOCK_SIZE_MIN 4096
#define WRAP_MARK SIZE_MAX

/* Stands before each message. Head and tail count bytes for ever; a position is their remainder,
 * always a multiple of the alignment, so that a header fits wherever they point. */
struct message_header {
    _Alignas(MESSAGE_ALIGNMENT) size_t size; /* WRAP_MARK: the message is at the block's start */
};

static struct message_header *header_at(const struct ring *ring, size_t position)
{
    return (struct message_header *)(void *)(ring->block + (position & (ring->block_size - 1)));
}

static size_t size_to_end(const struct ring *ring, size_t position)
{
    return ring->block_size - (position & (ring->block_size - 1));
}

static size_t taken_size(size_t message_size)
{
    size_t size = sizeof(struct message_header) + message_size;
    return (size + MESSAGE_ALIGNMENT - 1) & ~(size_t)(MESSAGE_ALIGNMENT - 1);
}

bool ring_init(struct ring *ring, size_t block_size)
{
    *ring = (struct ring){.block_size = BLOCK_SIZE_MIN};
    while (ring->block_size < block_size) {
        if (ring->block_size > SIZE_MAX / 4) {
            return false;
        }
        ring->block_size *= 2;
    }
    ring->block = pages_take(ring->block_size);
    return ring->block != NULL;
}

void ring_done(struct ring *ring)
{
    if (ring == NULL) {
        return;
    }
    pages_give(ring->block, ring->block_size);
    ring->block = NULL;
}

/* Looks at the reader's counter, on its cache line, only when the last look does not suffice. */
static bool has_room(struct ring *ring, size_t head, size_t size)
{
    if (head - ring->cached_tail + size <= ring->block_size) {
        return true;
    }
    ring->cached_tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    return head - ring->cached_tail + size <= ring->block_size;
}

void *ring_reserve(struct ring *ring, size_t size)
{
    if (size > ring->block_size) {
        return NULL;
    }
    size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    size_t to_end = size_to_end(ring, head);
    size_t needed = taken_size(size);
    bool is_wrapped = needed > to_end;
    if (!has_room(ring, head, is_wrapped ? to_end + needed : needed)) {
        return NULL;
    }
    if (is_wrapped) {
        header_at(ring, head)->size = WRAP_MARK;
        head += to_end;
    }
    struct message_header *header = header_at(ring, head);
    header->size = size;
    return header + 1;
}

void ring_push(struct ring *ring)
{
    size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    if (header_at(ring, head)->size == WRAP_MARK) {
        head += size_to_end(ring, head);
    }
    head += taken_size(header_at(ring, head)->size);
    atomic_store_explicit(&ring->head, head, memory_order_release);
}

/* Where the oldest message stands, or false. */
static bool find_oldest(struct ring *ring, size_t *position)
{
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    if (tail == ring->cached_head) {
        ring->cached_head = atomic_load_explicit(&ring->head, memory_order_acquire);
        if (tail == ring->cached_head) {
            return false;
        }
    }
    if (header_at(ring, tail)->size == WRAP_MARK) {
        tail += size_to_end(ring, tail);
    }
    *position = tail;
    return true;
}

const void *ring_peek(struct ring *ring, size_t *size)
{
    size_t position = 0;
    if (!find_oldest(ring, &position)) {
        return NULL;
    }
    const struct message_header *header = header_at(ring, position);
    *size = header->size;
    return header + 1;
}

void ring_pop(struct ring *ring)
{
    size_t position = 0;
    if (find_oldest(ring, &position)) {
        size_t after = position + taken_size(header_at(ring, position)->size);
        atomic_store_explicit(&ring->tail, after, memory_order_release);
    }
}
