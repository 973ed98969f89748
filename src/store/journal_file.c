#include "base/drill.h"
#include "base/frame.h"
#include "store/journal_inside.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEGMENT_SIZE ((size_t)32 << 20)
#define AHEAD_COUNT 2
#define PATH_SIZE 4096

void journal_inside_say(char error[JOURNAL_ERROR_SIZE], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error, JOURNAL_ERROR_SIZE, format, args);
    va_end(args);
}

/* DIR/edge, locked: a second process on the same journal would write over the first one's. */
static bool open_dir(struct journal_file *file, const char *dir, char error[JOURNAL_ERROR_SIZE])
{
    char path[PATH_SIZE];
    int size = snprintf(path, sizeof(path), "%s/edge", dir);
    if (size < 0 || (size_t)size >= sizeof(path)) {
        journal_inside_say(error, "the directory's name is too long");
        return false;
    }
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        journal_inside_say(error, "cannot make %.150s: %s", path, strerror(errno));
        return false;
    }
    file->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file->dir_fd >= 0) {
        file->lock_fd = openat(file->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    }
    if (file->lock_fd < 0) {
        journal_inside_say(error, "cannot open %.150s: %s", path, strerror(errno));
        return false;
    }
    if (flock(file->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        journal_inside_say(error, "%.150s is in use by another process", path);
        return false;
    }
    return true;
}

static bool start_first(struct journal_file *file, char error[JOURNAL_ERROR_SIZE])
{
    bool is_prepared = journal_file_prepare(file, error);
    if (!is_prepared && file->ready == NULL) {
        return false;
    }
    pthread_mutex_lock(&file->append_lock);
    bool is_started = journal_inside_roll(file, file->life, false);
    pthread_mutex_unlock(&file->append_lock);
    /* With room for one only it is open, and says that it is low. */
    is_prepared = is_started && journal_file_prepare(file, error);
    (void)is_prepared;
    return is_started;
}

struct journal_file *journal_file_open(const struct journal_file_options *options,
                                       char error[JOURNAL_ERROR_SIZE])
{
    struct journal_file *file = calloc(1, sizeof(*file));
    if (file == NULL) {
        journal_inside_say(error, "no memory");
        return NULL;
    }
    pthread_mutex_init(&file->sync_lock, NULL);
    pthread_mutex_init(&file->keeper_lock, NULL);
    pthread_mutex_init(&file->append_lock, NULL);
    file->dir_fd = -1;
    file->lock_fd = -1;
    file->life = 1;
    file->next_number = 1;
    file->segment_size = options->segment_size == 0 ? SEGMENT_SIZE : options->segment_size;
    file->ahead_count = options->ahead_count <= 0 ? AHEAD_COUNT : options->ahead_count;
    assert(file->segment_size >= SEGMENT_SIZE_MIN);
    if (!open_dir(file, options->dir, error) || !journal_inside_load(file, error) ||
        !start_first(file, error)) {
        journal_file_close(file);
        return NULL;
    }
    return file;
}

static void free_list(struct segment *segment)
{
    while (segment != NULL) {
        struct segment *next = segment->next;
        segment_free(segment);
        segment = next;
    }
}

void journal_file_close(struct journal_file *file)
{
    if (file == NULL) {
        return;
    }
    char error[JOURNAL_ERROR_SIZE];
    bool is_synced = journal_file_sync(file, error);
    (void)is_synced; /* the records are in the page cache all the same */
    for (struct segment *segment = file->ready; segment != NULL;) {
        struct segment *next = segment->next;
        segment_delete(segment, file->dir_fd);
        segment = next;
    }
    free_list(file->oldest);
    if (file->dir_fd >= 0) {
        close(file->dir_fd);
    }
    if (file->lock_fd >= 0) {
        close(file->lock_fd);
    }
    pthread_mutex_destroy(&file->append_lock);
    pthread_mutex_destroy(&file->keeper_lock);
    pthread_mutex_destroy(&file->sync_lock);
    free(file);
}

bool journal_inside_roll(struct journal_file *file, uint64_t life, bool begins_snapshot)
{
    struct segment *segment = file->ready;
    if (segment != NULL) {
        file->ready = segment->next;
        file->ready_count--;
        segment->next = NULL;
    } else {
        segment = segment_make_in_memory(file->next_number, file->segment_size);
        if (segment == NULL) {
            return false;
        }
        file->next_number++;
    }
    if (life != file->life) {
        file->life = life;
        file->sequence = 0;
        file->synced_sequence = 0;
    }
    if (file->newest != NULL) {
        segment_seal(file->newest);
        file->newest->next = segment;
    } else {
        file->oldest = segment;
    }
    segment_start(segment, life, file->sequence, begins_snapshot);
    file->newest = segment;
    return true;
}

static uint64_t append(void *ctx, enum journal_kind kind, struct slice record)
{
    struct journal_file *file = ctx;
    bool is_numbered = kind == JOURNAL_USAGE;
    size_t size = frame_size(record.size, is_numbered);
    uint32_t record_crc = frame_payload_crc(record);
    assert(record.size <= FRAME_PAYLOAD_MAX);
    drill_point(is_numbered ? "at/usage-append" : "at/record-append");
    pthread_mutex_lock(&file->append_lock);
    if (!segment_has_room(file->newest, size)) {
        bool is_rolled = journal_inside_roll(file, file->life, false);
        /* Neither disk nor memory: to go on without a record would be to lose it unseen. */
        assert(is_rolled);
    }
    uint64_t sequence = is_numbered ? ++file->sequence : 0;
    segment_append(file->newest, kind, sequence, record, record_crc);
    pthread_mutex_unlock(&file->append_lock);
    drill_point(is_numbered ? "at/usage-appended" : "at/record-appended");
    return sequence;
}

struct journal journal_file_as_journal(struct journal_file *file)
{
    return (struct journal){.ctx = file, .append = append};
}
