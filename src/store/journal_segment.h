/* journal_segment.h - one file of the journal, mapped.
 *
 * Internal to src/store. A segment is *ready* (made, all zeros), then *started* (its head is
 * written, records follow), then *sealed* (FRAME_END stands after its last record). The head's
 * synced_size says how far it was on disk for certain: what is broken before that is damage, what
 * is broken after it is what a power loss leaves.
 */
#ifndef DT_STORE_JOURNAL_SEGMENT_H
#define DT_STORE_JOURNAL_SEGMENT_H

#include "store/journal.h"

#define SEGMENT_SIZE_MIN (256 * 1024)

struct segment_head { /* first bytes of the file; little-endian */
    char magic[8];    /* written last: without it the segment was not started */
    uint32_t version;
    uint32_t number;
    uint64_t life;
    uint64_t base_sequence; /* newest usage of this life before this segment */
    uint32_t begins_snapshot;
    uint32_t crc;                  /* of all above but the magic */
    uint64_t synced_size;          /* changes */
    uint64_t is_snapshot_complete; /* changes */
    uint64_t reserved;
};

struct segment {
    struct segment *next;
    struct segment_head *head; /* start of the mapping */
    size_t map_size;
    int fd; /* -1: no room was left on the disk, it is in memory alone until there is */
    uint32_t number;
    uint64_t life;
    uint64_t first_sequence; /* of its usages; 0: none */
    uint64_t last_sequence;
    size_t end;           /* bytes in use */
    size_t synced_size;   /* of those, on disk for certain */
    size_t unmapped_size; /* whole pages from the start that were given back to the page cache */
    bool is_sealed;
    bool is_trimmed; /* sealed, and its file cut to what is in use */
    bool is_settled;
    bool has_failed; /* its last sync: the kernel may have dropped what it could not write */
};

/* A place in the log: it rises from record to record and from segment to segment. */
static inline uint64_t segment_position(const struct segment *segment, size_t at)
{
    return ((uint64_t)segment->number << 32) | (uint64_t)at;
}

/* A ready segment: file, room and mapping; or in memory alone. NULL: no room (errno). */
struct segment *segment_make(int dir_fd, uint32_t number, size_t size);
struct segment *segment_make_in_memory(uint32_t number, size_t size);
MUST_CHECK bool segment_give_file(struct segment *segment, int dir_fd); /* to one in memory */
void segment_free(struct segment *segment);
void segment_delete(struct segment *segment, int dir_fd); /* and free */

void segment_start(struct segment *segment, uint64_t life, uint64_t base_sequence,
                   bool begins_snapshot);
bool segment_has_room(const struct segment *segment, size_t frame_size); /* an end fits after it */
void segment_append(struct segment *segment, enum journal_kind kind, uint64_t sequence,
                    struct slice record, uint32_t record_crc);
void segment_seal(struct segment *segment); /* no more records */
/* Everything below `end`, which the caller saw written, goes to the disk. False: errno. Mark it
 * only then. */
MUST_CHECK bool segment_sync(struct segment *segment, size_t end);
void segment_mark_synced(struct segment *segment, size_t end);
void segment_trim(struct segment *segment); /* a sealed one that is synced gives back its rest */
/* Seals it after its last whole record; what stands behind that goes. False: errno. */
MUST_CHECK bool segment_cut(struct segment *segment);

enum segment_state {
    SEGMENT_UNSTARTED = 0, /* or its head never reached the disk */
    SEGMENT_WHOLE,         /* ends as it should: sealed, or with a clean end */
    SEGMENT_TORN,          /* ends in something unreadable that was never synced */
    SEGMENT_DAMAGED        /* something that was synced cannot be read; `end` is its place */
};

/* Opens an existing file and reads it through. NULL: it cannot be opened or mapped (errno). */
struct segment *segment_open(int dir_fd, uint32_t number, enum segment_state *state);

/* The frame at *at, which moves behind it; false: at the end. Only what was checked by open, or
 * appended here. */
bool segment_next(const struct segment *segment, size_t *at, size_t end, struct journal_entry *out);

#endif
