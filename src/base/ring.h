/* ring.h - a bounded queue of byte messages between exactly one writer thread and one reader.
 *
 * Messages arrive whole and in order, aligned to 16. A full ring refuses: the writer counts and
 * drops, or sheds. An empty ring takes any message of up to block_size / 2 - 16 bytes; a larger one
 * may be refused for ever.
 */
#ifndef DT_BASE_RING_H
#define DT_BASE_RING_H

#include "base/attr.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
    char *block;
    size_t block_size;                /* power of two */
    _Alignas(64) _Atomic size_t head; /* written by the writer */
    size_t cached_tail;
    _Alignas(64) _Atomic size_t tail; /* written by the reader */
    size_t cached_head;
};

MUST_CHECK bool ring_init(struct ring *ring, size_t block_size); /* rounded up to a power of two */
void ring_done(struct ring *ring);

/* Writer: a place for `size` bytes, contiguous, or NULL when full; then publish with ring_push. */
void *ring_reserve(struct ring *ring, size_t size);
void ring_push(struct ring *ring);

/* Reader: the oldest message, or NULL; it stays valid until ring_pop. */
const void *ring_peek(struct ring *ring, size_t *size);
void ring_pop(struct ring *ring);

#endif
