#include "store/journal_inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_DIGITS 8

struct numbers {
    uint32_t *at;
    size_t count, count_max;
};

static int by_number(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static bool add_number(struct numbers *numbers, uint32_t number)
{
    if (numbers->count == numbers->count_max) {
        size_t count_max = numbers->count_max == 0 ? 64 : numbers->count_max * 2;
        uint32_t *at = realloc(numbers->at, count_max * sizeof(*at));
        if (at == NULL) {
            return false;
        }
        numbers->at = at;
        numbers->count_max = count_max;
    }
    numbers->at[numbers->count++] = number;
    return true;
}

/* The numbers of all log.NNNNNNNN, rising. The caller frees. */
static bool list_segments(int dir_fd, struct numbers *numbers)
{
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    bool is_listed = true;
    for (struct dirent *entry = readdir(dir); entry != NULL && is_listed; entry = readdir(dir)) {
        struct slice name = slice_from_text(entry->d_name);
        uint64_t number = 0;
        if (slice_starts_with(name, SLICE("log.")) && name.size >= 4 + NAME_DIGITS &&
            slice_to_u64(slice_skip(name, 4), UINT32_MAX - 1, &number)) {
            is_listed = add_number(numbers, (uint32_t)number);
        }
    }
    closedir(dir);
    if (numbers->count > 0) {
        qsort(numbers->at, numbers->count, sizeof(numbers->at[0]), by_number);
    }
    return is_listed;
}

struct loaded {
    struct segment *segment;
    enum segment_state state;
};

static bool has_synced_after(const struct loaded *loaded, size_t count, size_t at)
{
    for (size_t i = at + 1; i < count; i++) {
        if (loaded[i].segment->synced_size > 0) {
            return true;
        }
    }
    return false;
}

/* Does `next` go on where `before` ends? */
static bool is_continued(const struct segment *before, const struct segment *next)
{
    uint64_t last =
        before->last_sequence != 0 ? before->last_sequence : before->head->base_sequence;
    return before->is_sealed && (next->life == before->life
                                     ? next->head->base_sequence == last
                                     : next->life > before->life && next->head->base_sequence == 0);
}

/* How many of the segments are the log: all up to the first that a power loss tore, or left without
 * its end while it had already written into the next. False: something that was on disk for
 * certain is not as it was; *count is its index. */
static bool find_end(struct loaded *loaded, size_t *count)
{
    size_t all = *count;
    size_t last = SIZE_MAX; /* the last started one before i */
    for (size_t i = 0; i < all; i++) {
        bool is_started = loaded[i].state != SEGMENT_UNSTARTED;
        bool is_next = is_started && last != SIZE_MAX;
        if (loaded[i].state == SEGMENT_DAMAGED) {
            *count = i;
            return false;
        }
        if (is_next && !is_continued(loaded[last].segment, loaded[i].segment)) {
            *count = has_synced_after(loaded, all, last) ? last : last + 1;
            return !has_synced_after(loaded, all, last);
        }
        if (loaded[i].state != SEGMENT_WHOLE && has_synced_after(loaded, all, i)) {
            *count = i;
            return false;
        }
        if (loaded[i].state == SEGMENT_TORN) {
            *count = i + 1;
            return true;
        }
        last = is_started ? i : last;
    }
    return true;
}

static void link_segment(struct journal_file *file, struct segment *segment)
{
    if (file->newest == NULL) {
        file->oldest = segment;
    } else {
        file->newest->next = segment;
    }
    file->newest = segment;
    if (segment->life != file->life) {
        file->sequence = 0;
    }
    file->life = segment->life;
    file->sequence =
        segment->last_sequence != 0 ? segment->last_sequence : segment->head->base_sequence;
    if (segment->head->begins_snapshot != 0 && segment->head->is_snapshot_complete != 0) {
        file->snapshot = segment;
    }
}

static bool adopt(struct journal_file *file, struct loaded *loaded, size_t count, size_t kept,
                  char error[JOURNAL_ERROR_SIZE])
{
    for (size_t i = 0; i < count; i++) {
        struct segment *segment = loaded[i].segment;
        loaded[i].segment = NULL;
        if (i >= kept || loaded[i].state == SEGMENT_UNSTARTED) {
            segment_delete(segment, file->dir_fd);
            continue;
        }
        link_segment(file, segment);
        if (segment->is_sealed && segment->synced_size == segment->end) {
            continue;
        }
        if (!segment_cut(segment) || !segment_sync(segment, segment->end)) {
            journal_inside_say(error, "log.%08u: %s", segment->number, strerror(errno));
            return false;
        }
        segment_mark_synced(segment, segment->end);
    }
    return true;
}

static bool load(struct journal_file *file, const struct numbers *numbers, struct loaded *loaded,
                 size_t *opened, char error[JOURNAL_ERROR_SIZE])
{
    for (*opened = 0; *opened < numbers->count; *opened += 1) {
        struct loaded *one = &loaded[*opened];
        uint32_t number = numbers->at[*opened];
        one->segment = segment_open(file->dir_fd, number, &one->state);
        if (one->segment == NULL) {
            journal_inside_say(error, "cannot read log.%08u: %s", number, strerror(errno));
            return false;
        }
        file->next_number = number + 1;
    }
    size_t kept = numbers->count;
    if (!find_end(loaded, &kept)) {
        const struct segment *segment = loaded[kept].segment;
        journal_inside_say(error, "log.%08u is damaged at byte %zu, in records that were on disk",
                           segment->number, segment->end);
        return false;
    }
    for (size_t i = 0; i < kept; i++) { /* before the last one gets an end */
        if (loaded[i].state != SEGMENT_UNSTARTED) {
            file->loaded_position = segment_position(loaded[i].segment, loaded[i].segment->end);
        }
    }
    if (!adopt(file, loaded, numbers->count, kept, error)) {
        return false;
    }
    file->synced_sequence = file->sequence;
    file->loaded_sequence = file->sequence;
    return true;
}

bool journal_inside_load(struct journal_file *file, char error[JOURNAL_ERROR_SIZE])
{
    struct numbers numbers = {0};
    size_t opened = 0;
    bool is_loaded = list_segments(file->dir_fd, &numbers);
    struct loaded *loaded = calloc(numbers.count + 1, sizeof(*loaded));
    if (!is_loaded || loaded == NULL) {
        journal_inside_say(error, "cannot list the journal: %s", strerror(errno));
        is_loaded = false;
    } else {
        is_loaded = load(file, &numbers, loaded, &opened, error);
    }
    for (size_t i = 0; i < opened; i++) {
        segment_free(loaded[i].segment);
    }
    free(loaded);
    free(numbers.at);
    return is_loaded;
}

bool journal_file_replay(struct journal_file *file,
                         bool (*each)(void *ctx, const struct journal_entry *entry), void *ctx,
                         char error[JOURNAL_ERROR_SIZE])
{
    for (struct segment *segment = file->oldest; segment != NULL; segment = segment->next) {
        struct journal_entry entry;
        size_t at = sizeof(struct segment_head);
        size_t before = at;
        while (segment_next(segment, &at, segment->end, &entry)) {
            if (!each(ctx, &entry)) {
                journal_inside_say(error, "log.%08u: the record at byte %zu (kind %d) is not valid",
                                   segment->number, before, (int)entry.kind);
                return false;
            }
            before = at;
        }
    }
    return true;
}
