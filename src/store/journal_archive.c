#include "base/frame.h"
#include "store/journal_inside.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATH_SIZE 4096
#define DAY_S 86400
#define SEED 0x73657474 /* no frame of the journal passes for one of the archive */
#define BLOCK_SIZE ((size_t)1 << 20)
#define INCARNATION_SIZE 8

/* DIR/edge/settled; -1: errno. */
static int open_settled(const char *dir, bool is_made)
{
    char path[PATH_SIZE];
    int size = snprintf(path, sizeof(path), "%s/edge/settled", dir);
    if (size < 0 || (size_t)size >= sizeof(path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (is_made && mkdir(path, 0700) != 0 && errno != EEXIST) {
        return -1;
    }
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int day_of(int64_t wall_s)
{
    struct tm tm;
    time_t time = (time_t)wall_s;
    gmtime_r(&time, &tm);
    return (tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday;
}

/* YYYYMMDD.log -> that number; 0: not one of ours. */
static int day_of_name(const char *name)
{
    uint64_t day = 0;
    struct slice text = slice_from_text(name);
    bool is_ours = text.size == 12 && slice_equal(slice_skip(text, 8), SLICE(".log")) &&
                   slice_to_u64(slice_head(text, 8), 99999999, &day);
    return is_ours ? (int)day : 0;
}

/* Whole, or not at all as far as a reader sees: what a crash leaves half is skipped by its
 * checksum. */
static bool write_block(int fd, const char *block, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, block, size);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        if (written > 0) {
            block += written;
            size -= (size_t)written;
        }
    }
    return true;
}

static size_t put_frame(char *block, const struct journal_settled *usage)
{
    char payload[INCARNATION_SIZE + FRAME_PAYLOAD_MAX];
    memcpy(payload, &usage->incarnation, INCARNATION_SIZE);
    memcpy(payload + INCARNATION_SIZE, usage->record.data, usage->record.size);
    struct frame frame = {
        .kind = JOURNAL_USAGE,
        .sequence = usage->sequence,
        .payload = slice_make(payload, INCARNATION_SIZE + usage->record.size),
    };
    size_t size = frame_size(frame.payload.size, true);
    memset(block, 0, size);
    frame_write(block, SEED, &frame, frame_payload_crc(frame.payload));
    return size;
}

static bool write_usages(int fd, char *block, const struct journal_settled *usages, int count)
{
    struct stat stat;
    if (fstat(fd, &stat) != 0) {
        return false;
    }
    /* A crash may have left a part of a frame: the next one starts at a multiple of 8 again. */
    size_t used = (8 - (size_t)stat.st_size % 8) % 8;
    memset(block, 0, used);
    for (int i = 0; i < count; i++) {
        assert(usages[i].record.size + INCARNATION_SIZE <= FRAME_PAYLOAD_MAX);
        if (used + FRAME_SIZE_MAX > BLOCK_SIZE) {
            if (!write_block(fd, block, used)) {
                return false;
            }
            used = 0;
        }
        used += put_frame(block + used, &usages[i]);
    }
    return write_block(fd, block, used) && fdatasync(fd) == 0;
}

bool journal_archive_settled(const char *dir, const struct journal_settled *usages, int count,
                             int64_t wall_s, char error[JOURNAL_ERROR_SIZE])
{
    char name[24];
    snprintf(name, sizeof(name), "%08d.log", day_of(wall_s));
    int dir_fd = open_settled(dir, true);
    int fd =
        dir_fd < 0 ? -1 : openat(dir_fd, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    char *block = malloc(BLOCK_SIZE);
    bool is_written = fd >= 0 && block != NULL && write_usages(fd, block, usages, count);
    if (!is_written) {
        journal_inside_say(error, "cannot keep settled usages in settled/%s: %s", name,
                           strerror(errno));
    }
    free(block);
    if (fd >= 0) {
        close(fd);
    }
    if (dir_fd >= 0) {
        close(dir_fd);
    }
    return is_written;
}

static int only_days(const struct dirent *entry)
{
    return day_of_name(entry->d_name) != 0;
}

int journal_archive_expire(const char *dir, int64_t before_wall_s)
{
    struct dirent **entries = NULL;
    int dir_fd = open_settled(dir, false);
    int count = dir_fd < 0 ? -1 : scandirat(dir_fd, ".", &entries, only_days, alphasort);
    int deleted = 0;
    int first_kept = day_of(before_wall_s);
    for (int i = 0; i < count; i++) {
        if (day_of_name(entries[i]->d_name) < first_kept) {
            /* clang does not know what scandirat fills in; d_name is an array, never NULL. */
            /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
            deleted += unlinkat(dir_fd, entries[i]->d_name, 0) == 0;
        }
        free(entries[i]);
    }
    free(entries);
    if (dir_fd >= 0) {
        close(dir_fd);
    }
    return deleted;
}

static void read_frames(struct slice bytes,
                        void (*each)(void *ctx, const struct journal_settled *usage), void *ctx,
                        uint64_t *damaged_size)
{
    while (bytes.size > 0) {
        struct frame frame;
        size_t size = 0;
        if (frame_read(bytes, SEED, &frame, &size) != FRAME_FOUND || frame.sequence == 0 ||
            frame.payload.size < INCARNATION_SIZE) {
            size = bytes.size < 8 ? bytes.size : 8; /* look for the next whole one */
            *damaged_size += size;
        } else {
            struct journal_settled usage = {
                .sequence = frame.sequence,
                .record = slice_skip(frame.payload, INCARNATION_SIZE),
            };
            memcpy(&usage.incarnation, frame.payload.data, INCARNATION_SIZE);
            each(ctx, &usage);
        }
        bytes = slice_skip(bytes, size);
    }
}

static bool read_day(int dir_fd, const char *name,
                     void (*each)(void *ctx, const struct journal_settled *usage), void *ctx,
                     uint64_t *damaged_size)
{
    int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
    struct stat stat;
    if (fd < 0) {
        return false;
    }
    bool is_read = fstat(fd, &stat) == 0;
    size_t size = is_read ? (size_t)stat.st_size : 0;
    if (size > 0) {
        void *pages = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
        is_read = pages != MAP_FAILED;
        if (is_read) {
            read_frames(slice_make(pages, size), each, ctx, damaged_size);
            munmap(pages, size);
        }
    }
    int failure = errno;
    close(fd);
    errno = failure;
    return is_read;
}

bool journal_archive_read(const char *dir,
                          void (*each)(void *ctx, const struct journal_settled *usage), void *ctx,
                          uint64_t *damaged_size, char error[JOURNAL_ERROR_SIZE])
{
    *damaged_size = 0;
    int dir_fd = open_settled(dir, false);
    if (dir_fd < 0 && errno == ENOENT) {
        return true; /* nothing was ever settled */
    }
    struct dirent **entries = NULL;
    int count = dir_fd < 0 ? -1 : scandirat(dir_fd, ".", &entries, only_days, alphasort);
    bool is_read = count >= 0;
    for (int i = 0; i < count; i++) {
        is_read = is_read && read_day(dir_fd, entries[i]->d_name, each, ctx, damaged_size);
        free(entries[i]);
    }
    if (!is_read) {
        journal_inside_say(error, "cannot read %.150s/edge/settled: %s", dir, strerror(errno));
    }
    free(entries);
    if (dir_fd >= 0) {
        close(dir_fd);
    }
    return is_read;
}
