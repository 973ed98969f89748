#include "base/drill.h"
#include "store/journal_inside.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct sync_work { /* what one segment needs, seen at one moment */
    struct segment *segment;
    size_t end;
    uint64_t sequence;
};

/* The oldest segment with something unsynced; false: none. */
static bool oldest_unsynced(struct journal_file *file, struct sync_work *out)
{
    pthread_mutex_lock(&file->append_lock);
    struct segment *segment = file->oldest;
    while (segment != NULL && segment->synced_size == segment->end) {
        segment = segment->next;
    }
    if (segment != NULL) {
        *out = (struct sync_work){segment, segment->end, segment->last_sequence};
    }
    pthread_mutex_unlock(&file->append_lock);
    return segment != NULL;
}

/* True: that was the last of a sealed segment. */
static bool note_synced(struct journal_file *file, const struct sync_work *work)
{
    struct segment *segment = work->segment;
    pthread_mutex_lock(&file->append_lock);
    segment_mark_synced(segment, work->end);
    if (segment->life == file->life && work->sequence > file->synced_sequence) {
        file->synced_sequence = work->sequence;
    }
    bool is_over = segment->is_sealed && segment->end == work->end;
    pthread_mutex_unlock(&file->append_lock);
    return is_over;
}

bool journal_file_sync(struct journal_file *file, char error[JOURNAL_ERROR_SIZE])
{
    bool is_synced = true;
    struct sync_work work = {0};
    const struct segment *done = NULL;
    pthread_mutex_lock(&file->sync_lock);
    /* Strictly oldest first: a mark in one says that all before it are on disk. One that came up
     * already has grown meanwhile, and that is the next call's work. */
    while (is_synced && oldest_unsynced(file, &work) && work.segment != done) {
        done = work.segment;
        drill_point("at/sync-begun");
        is_synced = segment_sync(work.segment, work.end);
        drill_point("at/sync-done");
        if (!is_synced) {
            journal_inside_say(error, "cannot sync log.%08u: %s", work.segment->number,
                               strerror(errno));
        } else if (note_synced(file, &work)) {
            segment_trim(work.segment);
        }
    }
    pthread_mutex_unlock(&file->sync_lock);
    return is_synced;
}

/* Those that were begun in memory because the disk was full get their files. */
static bool give_files(struct journal_file *file)
{
    bool is_given = true;
    pthread_mutex_lock(&file->sync_lock);
    pthread_mutex_lock(&file->append_lock);
    for (struct segment *segment = file->oldest; segment != NULL && is_given;
         segment = segment->next) {
        is_given = segment->fd >= 0 || segment_give_file(segment, file->dir_fd);
    }
    int failure = errno;
    pthread_mutex_unlock(&file->append_lock);
    pthread_mutex_unlock(&file->sync_lock);
    errno = failure;
    return is_given;
}

static bool is_in_memory(struct journal_file *file)
{
    bool is_found = false;
    pthread_mutex_lock(&file->append_lock);
    for (struct segment *segment = file->oldest; segment != NULL; segment = segment->next) {
        is_found |= segment->fd < 0;
    }
    pthread_mutex_unlock(&file->append_lock);
    return is_found;
}

/* False: the log has gone on in memory meanwhile, under a higher number; numbers must rise. */
static bool push_ready(struct journal_file *file, struct segment *segment)
{
    pthread_mutex_lock(&file->append_lock);
    bool is_pushed = file->newest == NULL || file->newest->number < segment->number;
    if (is_pushed) {
        struct segment **end = &file->ready;
        while (*end != NULL) {
            end = &(*end)->next;
        }
        *end = segment;
        file->ready_count++;
    }
    pthread_mutex_unlock(&file->append_lock);
    return is_pushed;
}

/* The number of the next segment to make; 0: enough are ready. */
static uint32_t wanted_number(struct journal_file *file)
{
    pthread_mutex_lock(&file->append_lock);
    uint32_t number = file->ready_count < file->ahead_count ? file->next_number++ : 0;
    pthread_mutex_unlock(&file->append_lock);
    return number;
}

bool journal_file_prepare(struct journal_file *file, char error[JOURNAL_ERROR_SIZE])
{
    bool is_made = !is_in_memory(file) || give_files(file);
    pthread_mutex_lock(&file->keeper_lock);
    uint32_t number = 0;
    while (is_made && (number = wanted_number(file)) != 0) {
        struct segment *segment = segment_make(file->dir_fd, number, file->segment_size);
        is_made = segment != NULL;
        if (is_made && !push_ready(file, segment)) {
            segment_delete(segment, file->dir_fd);
        }
    }
    if (!is_made) {
        journal_inside_say(error, "cannot make a segment of the journal: %s", strerror(errno));
    }
    pthread_mutex_unlock(&file->keeper_lock);
    return is_made;
}

struct journal_file_status journal_file_status(struct journal_file *file)
{
    pthread_mutex_lock(&file->append_lock);
    struct journal_file_status status = {.life = file->life,
                                         .sequence = file->sequence,
                                         .synced_sequence = file->synced_sequence,
                                         .loaded_position = file->loaded_position,
                                         .loaded_sequence = file->loaded_sequence};
    bool is_synced = true; /* so far, from the oldest on */
    const struct segment *newest = file->newest;
    status.is_low =
        newest->fd < 0 || (file->ready_count == 0 && newest->end > newest->map_size / 2);
    for (const struct segment *segment = file->oldest; segment != NULL; segment = segment->next) {
        status.segment_count++;
        status.file_size += segment->is_sealed ? segment->end : segment->map_size;
        status.unsynced_size += segment->end - segment->synced_size;
        if (is_synced) {
            status.synced_position = segment_position(segment, segment->synced_size);
            is_synced = segment->synced_size == segment->end;
        }
    }
    for (const struct segment *segment = file->ready; segment != NULL; segment = segment->next) {
        status.segment_count++;
        status.file_size += segment->map_size;
    }
    pthread_mutex_unlock(&file->append_lock);
    return status;
}

bool journal_file_begin_life(struct journal_file *file)
{
    pthread_mutex_lock(&file->append_lock);
    bool is_begun = file->ready != NULL && journal_inside_roll(file, file->life + 1, false);
    pthread_mutex_unlock(&file->append_lock);
    return is_begun;
}

bool journal_file_rotate(struct journal_file *file)
{
    pthread_mutex_lock(&file->keeper_lock);
    pthread_mutex_lock(&file->append_lock);
    bool is_begun = file->ready != NULL && journal_inside_roll(file, file->life, true);
    if (is_begun) {
        file->snapshot_begun = file->newest;
    }
    pthread_mutex_unlock(&file->append_lock);
    pthread_mutex_unlock(&file->keeper_lock);
    return is_begun;
}

/* The oldest segment, taken off the list if nothing of it is wanted any more; NULL: it is. */
static struct segment *take_over(struct journal_file *file)
{
    pthread_mutex_lock(&file->append_lock);
    struct segment *oldest = file->oldest;
    bool is_over = oldest->number < file->snapshot->number &&
                   (oldest->last_sequence == 0 || oldest->is_settled);
    if (is_over) {
        file->oldest = oldest->next;
    }
    pthread_mutex_unlock(&file->append_lock);
    return is_over ? oldest : NULL;
}

/* With keeper_lock held. Deletes from the oldest on: never a segment while an older one stays,
 * which would bring back what this one says is over. */
static void drop_old(struct journal_file *file)
{
    if (file->snapshot == NULL || pthread_mutex_trylock(&file->sync_lock) != 0) {
        return; /* a sync may be using one; the next call comes soon */
    }
    struct segment *over;
    while ((over = take_over(file)) != NULL) {
        if (file->cursor.segment == over) {
            file->cursor.segment = NULL;
        }
        segment_delete(over, file->dir_fd);
        /* After a power loss the row must have no hole: this one is gone before the next goes. */
        if (fsync(file->dir_fd) != 0) {
            break;
        }
    }
    pthread_mutex_unlock(&file->sync_lock);
}

bool journal_file_snapshot_done(struct journal_file *file, char error[JOURNAL_ERROR_SIZE])
{
    struct segment *begun = file->snapshot_begun;
    if (begun == NULL) {
        journal_inside_say(error, "no snapshot was begun");
        return false;
    }
    if (!journal_file_sync(file, error)) {
        return false;
    }
    drill_point("at/snapshot-written");
    pthread_mutex_lock(&file->keeper_lock);
    __atomic_store_n(&begun->head->is_snapshot_complete, 1, __ATOMIC_RELAXED);
    bool is_done = fdatasync(begun->fd) == 0;
    drill_point("at/snapshot-complete");
    if (is_done) {
        file->snapshot = begun;
        file->snapshot_begun = NULL;
        drop_old(file);
        drill_point("at/snapshot-noted");
    } else {
        journal_inside_say(error, "cannot sync log.%08u: %s", begun->number, strerror(errno));
    }
    pthread_mutex_unlock(&file->keeper_lock);
    return is_done;
}

void journal_file_settled(struct journal_file *file, uint64_t life, uint64_t mark)
{
    pthread_mutex_lock(&file->keeper_lock);
    pthread_mutex_lock(&file->append_lock);
    for (struct segment *segment = file->oldest; segment != NULL; segment = segment->next) {
        if (segment->is_sealed && segment->life == life && segment->last_sequence <= mark) {
            segment->is_settled = true;
        }
    }
    pthread_mutex_unlock(&file->append_lock);
    drop_old(file);
    pthread_mutex_unlock(&file->keeper_lock);
}

/* Where reading goes on, or begins. */
static void seek(struct journal_file *file, uint64_t life, uint64_t from)
{
    if (file->cursor.segment != NULL && file->cursor.life == life &&
        file->cursor.next_sequence == from) {
        return;
    }
    file->cursor.segment = NULL;
    pthread_mutex_lock(&file->append_lock);
    for (struct segment *segment = file->oldest; segment != NULL; segment = segment->next) {
        if (segment->life == life && segment->last_sequence >= from) {
            file->cursor.segment = segment;
            break;
        }
    }
    pthread_mutex_unlock(&file->append_lock);
    file->cursor.at = sizeof(struct segment_head);
    file->cursor.life = life;
    file->cursor.next_sequence = from;
}

/* What of the segment may be read; *next: the one after it, once this one is read to its end. */
static size_t readable(struct journal_file *file, const struct segment *segment,
                       struct segment **next)
{
    pthread_mutex_lock(&file->append_lock);
    size_t end = segment->synced_size;
    bool is_whole = segment->is_sealed && end == segment->end;
    *next = is_whole ? segment->next : NULL;
    pthread_mutex_unlock(&file->append_lock);
    return end;
}

int journal_file_usages(struct journal_file *file, uint64_t life, uint64_t from, int max,
                        void (*each)(void *ctx, uint64_t sequence, struct slice record), void *ctx)
{
    int count = 0;
    pthread_mutex_lock(&file->keeper_lock);
    seek(file, life, from);
    while (file->cursor.segment != NULL && count < max) {
        struct segment *next = NULL;
        size_t end = readable(file, file->cursor.segment, &next);
        struct journal_entry entry;
        while (count < max && file->cursor.at < end &&
               segment_next(file->cursor.segment, &file->cursor.at, end, &entry)) {
            if (entry.kind == JOURNAL_USAGE && entry.sequence >= from) {
                each(ctx, entry.sequence, entry.record);
                file->cursor.next_sequence = entry.sequence + 1;
                count++;
            }
        }
        if (count == max || next == NULL || next->life != life) {
            break;
        }
        file->cursor.segment = next;
        file->cursor.at = sizeof(struct segment_head);
    }
    pthread_mutex_unlock(&file->keeper_lock);
    return count;
}
