/* journal_inside.h - the journal itself, and what its files share.
 *
 * Internal to src/store. Three locks, taken in this order: sync_lock (a sync under way, which may
 * take as long as the disk does), keeper_lock (prepare, rotate, settled, usages), append_lock (a
 * copy into the mapping, and the lists; held over I/O only where a segment that found no room on
 * the disk gets its file at last).
 */
#ifndef DT_STORE_JOURNAL_INSIDE_H
#define DT_STORE_JOURNAL_INSIDE_H

#include "store/journal_segment.h"

#include <pthread.h>

struct journal_file {
    pthread_mutex_t sync_lock;
    pthread_mutex_t keeper_lock;
    pthread_mutex_t append_lock;
    int dir_fd;
    int lock_fd;
    size_t segment_size;
    int ahead_count;

    /* under append_lock */
    struct segment *oldest, *newest; /* started ones; the newest takes the records */
    struct segment *ready;           /* made, not started; the next to be used first */
    int ready_count;
    uint32_t next_number;
    uint64_t life;
    uint64_t sequence;
    uint64_t synced_sequence;
    uint64_t loaded_position, loaded_sequence; /* as it was opened */

    /* under keeper_lock */
    struct segment *snapshot;       /* where the last complete snapshot begins; NULL: none */
    struct segment *snapshot_begun; /* where the one under way begins */
    struct {                        /* where the last reading of usages stopped */
        struct segment *segment;
        size_t at;
        uint64_t life, next_sequence;
    } cursor;
};

/* With append_lock held: the next segment takes the records from here on. Falls back to memory
 * where none is ready; false only when there is no memory either. */
MUST_CHECK bool journal_inside_roll(struct journal_file *file, uint64_t life, bool begins_snapshot);

PRINTF_LIKE(2, 3) void journal_inside_say(char error[JOURNAL_ERROR_SIZE], const char *format, ...);

/* The files that are there, read through and linked from oldest to newest; what was never synced
 * and is torn is cut off. False: `error` says why. */
MUST_CHECK bool journal_inside_load(struct journal_file *file, char error[JOURNAL_ERROR_SIZE]);

#endif
