#include "store/journal_segment.h"

#include "base/frame.h"
#include "base/hash.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "DTLOG\1\r\n"
#define VERSION 1
#define HEAD_SIZE sizeof(struct segment_head)
#define NAME_SIZE 24
#define UNMAP_SIZE ((size_t)128 << 10)

_Static_assert(sizeof(struct segment_head) == 64, "frames start at a multiple of 8");

static void make_name(char name[NAME_SIZE], uint32_t number)
{
    snprintf(name, NAME_SIZE, "log.%08u", number);
}

static uint32_t head_crc(const struct segment_head *head)
{
    size_t from = offsetof(struct segment_head, version);
    return crc32c(0, (const char *)head + from, offsetof(struct segment_head, crc) - from);
}

static bool map(struct segment *segment, int flags)
{
    void *pages = mmap(NULL, segment->map_size, PROT_READ | PROT_WRITE, flags, segment->fd, 0);
    if (pages == MAP_FAILED) {
        return false;
    }
    segment->head = pages;
    return true;
}

/* A file of that size with its room reserved; -1: errno. */
static int make_file(int dir_fd, uint32_t number, size_t size)
{
    char name[NAME_SIZE];
    make_name(name, number);
    int fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return -1;
    }
    int failure = posix_fallocate(fd, 0, (off_t)size);
    /* The name must be on disk before records depend on it. */
    if (failure == 0 && (fsync(fd) != 0 || fsync(dir_fd) != 0)) {
        failure = errno;
    }
    if (failure != 0) {
        close(fd);
        unlinkat(dir_fd, name, 0);
        errno = failure;
        return -1;
    }
    return fd;
}

static struct segment *segment_new(uint32_t number, size_t size, int fd, int flags)
{
    struct segment *segment = malloc(sizeof(*segment));
    if (segment == NULL) {
        return NULL;
    }
    *segment = (struct segment){.number = number, .map_size = size, .fd = fd, .end = HEAD_SIZE};
    if (!map(segment, flags)) {
        free(segment);
        return NULL;
    }
    return segment;
}

struct segment *segment_make(int dir_fd, uint32_t number, size_t size)
{
    int fd = make_file(dir_fd, number, size);
    if (fd < 0) {
        return NULL;
    }
    struct segment *segment = segment_new(number, size, fd, MAP_SHARED);
    if (segment == NULL) {
        char name[NAME_SIZE];
        make_name(name, number);
        close(fd);
        unlinkat(dir_fd, name, 0);
    }
    return segment;
}

struct segment *segment_make_in_memory(uint32_t number, size_t size)
{
    return segment_new(number, size, -1, MAP_PRIVATE | MAP_ANONYMOUS);
}

bool segment_give_file(struct segment *segment, int dir_fd)
{
    assert(segment->fd < 0);
    struct segment_head *memory = segment->head;
    int fd = make_file(dir_fd, segment->number, segment->map_size);
    if (fd < 0) {
        return false;
    }
    segment->fd = fd;
    if (!map(segment, MAP_SHARED)) {
        char name[NAME_SIZE];
        make_name(name, segment->number);
        segment->fd = -1;
        close(fd);
        unlinkat(dir_fd, name, 0);
        return false;
    }
    /* The magic comes last, as in a start. */
    memcpy((char *)segment->head + sizeof(memory->magic), (char *)memory + sizeof(memory->magic),
           segment->end - sizeof(memory->magic));
    memcpy(segment->head->magic, memory->magic, sizeof(memory->magic));
    munmap(memory, segment->map_size);
    return true;
}

void segment_free(struct segment *segment)
{
    if (segment == NULL) {
        return;
    }
    munmap(segment->head, segment->map_size);
    if (segment->fd >= 0) {
        close(segment->fd);
    }
    free(segment);
}

void segment_delete(struct segment *segment, int dir_fd)
{
    char name[NAME_SIZE];
    make_name(name, segment->number);
    unlinkat(dir_fd, name, 0);
    segment_free(segment);
}

void segment_start(struct segment *segment, uint64_t life, uint64_t base_sequence,
                   bool begins_snapshot)
{
    struct segment_head *head = segment->head;
    segment->life = life;
    head->version = VERSION;
    head->number = segment->number;
    head->life = life;
    head->base_sequence = base_sequence;
    head->begins_snapshot = begins_snapshot;
    head->crc = head_crc(head);
    uint64_t magic = 0;
    memcpy(&magic, MAGIC, sizeof(magic));
    __atomic_store_n((uint64_t *)(void *)head->magic, magic, __ATOMIC_RELEASE);
}

bool segment_has_room(const struct segment *segment, size_t frame_size)
{
    return frame_size + FRAME_END_SIZE <= segment->map_size - segment->end;
}

static char *place(const struct segment *segment, size_t at)
{
    return (char *)segment->head + at;
}

void segment_append(struct segment *segment, enum journal_kind kind, uint64_t sequence,
                    struct slice record, uint32_t record_crc)
{
    struct frame frame = {.kind = (uint8_t)kind, .sequence = sequence, .payload = record};
    frame_write(place(segment, segment->end), segment->number, &frame, record_crc);
    segment->end += frame_size(record.size, sequence != 0);
    if (sequence != 0) {
        segment->last_sequence = sequence;
        segment->first_sequence = segment->first_sequence == 0 ? sequence : segment->first_sequence;
    }
}

void segment_seal(struct segment *segment)
{
    if (segment->is_sealed) {
        return;
    }
    struct frame end = {.kind = FRAME_END};
    frame_write(place(segment, segment->end), segment->number, &end,
                frame_payload_crc(end.payload));
    segment->end += FRAME_END_SIZE;
    segment->is_sealed = true;
}

/* After a failed sync the kernel may hold pages as clean that are not on disk. */
static void dirty_again(struct segment *segment, size_t end)
{
    long page_size = sysconf(_SC_PAGESIZE);
    size_t from = segment->synced_size & ~((size_t)page_size - 1);
    for (size_t at = from; at < end; at += (size_t)page_size) {
        volatile char *byte = place(segment, at);
        *byte = *byte;
    }
}

/* What is on disk need not be mapped: the page cache has it, and gives it back for other uses. Only
 * whole pages, which nobody writes any more; and many at once, since each time interrupts every
 * processor that runs one of our threads. */
static void unmap_synced(struct segment *segment, size_t end)
{
    size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
    end = end / page_size * page_size;
    if (end >= segment->unmapped_size + UNMAP_SIZE) {
        int status = madvise(place(segment, segment->unmapped_size), end - segment->unmapped_size,
                             MADV_DONTNEED);
        (void)status; /* they stay mapped, then */
        segment->unmapped_size = end;
    }
}

bool segment_sync(struct segment *segment, size_t end)
{
    if (segment->fd < 0) {
        errno = ENOSPC; /* as good as always: nothing else leaves it without a file for long */
        return false;
    }
    if (segment->has_failed) {
        dirty_again(segment, end); /* what is below `end` no longer changes */
    }
    segment->has_failed = fdatasync(segment->fd) != 0;
    if (!segment->has_failed) {
        unmap_synced(segment, end);
    }
    return !segment->has_failed;
}

void segment_mark_synced(struct segment *segment, size_t end)
{
    segment->synced_size = end;
    __atomic_store_n(&segment->head->synced_size, end, __ATOMIC_RELAXED);
}

void segment_trim(struct segment *segment)
{
    if (!segment->is_trimmed) {
        segment->is_trimmed = ftruncate(segment->fd, (off_t)segment->end) == 0;
    }
}

bool segment_cut(struct segment *segment)
{
    size_t sealed_size = segment->end + FRAME_END_SIZE;
    if (!segment->is_sealed && sealed_size > segment->map_size) {
        int failure = posix_fallocate(segment->fd, 0, (off_t)sealed_size);
        void *pages = failure != 0
                          ? MAP_FAILED
                          : mremap(segment->head, segment->map_size, sealed_size, MREMAP_MAYMOVE);
        if (pages == MAP_FAILED) {
            errno = failure != 0 ? failure : errno;
            return false;
        }
        segment->head = pages;
        segment->map_size = sealed_size;
    }
    segment_seal(segment);
    return ftruncate(segment->fd, (off_t)segment->end) == 0;
}

bool segment_next(const struct segment *segment, size_t *at, size_t end, struct journal_entry *out)
{
    struct frame frame;
    size_t size = 0;
    struct slice rest = slice_make(place(segment, *at), end - *at);
    if (frame_read(rest, segment->number, &frame, &size) != FRAME_FOUND ||
        frame.kind == FRAME_END) {
        return false;
    }
    *at += size;
    *out = (struct journal_entry){.kind = (enum journal_kind)frame.kind,
                                  .life = segment->life,
                                  .sequence = frame.sequence,
                                  .record = frame.payload};
    return true;
}

/* Reads the records through; the end, the sequences and whether it is sealed come out of it. */
static enum segment_state scan(struct segment *segment)
{
    uint64_t sequence = segment->head->base_sequence;
    for (;;) {
        struct frame frame;
        size_t size = 0;
        struct slice rest =
            slice_make(place(segment, segment->end), segment->map_size - segment->end);
        enum frame_scan found = frame_read(rest, segment->number, &frame, &size);
        if (found == FRAME_FOUND && frame.sequence != 0 && frame.sequence != sequence + 1) {
            found = FRAME_BROKEN; /* a usage is missing between two that are here */
        }
        switch (found) {
        case FRAME_NONE:
            return segment->end < segment->synced_size ? SEGMENT_DAMAGED : SEGMENT_WHOLE;
        case FRAME_BROKEN:
            return segment->end < segment->synced_size ? SEGMENT_DAMAGED : SEGMENT_TORN;
        case FRAME_FOUND:
            break;
        }
        segment->end += size;
        if (frame.kind == FRAME_END) {
            segment->is_sealed = true;
            return segment->end < segment->synced_size ? SEGMENT_DAMAGED : SEGMENT_WHOLE;
        }
        if (frame.sequence != 0) {
            sequence = frame.sequence;
            segment->last_sequence = sequence;
            segment->first_sequence =
                segment->first_sequence == 0 ? sequence : segment->first_sequence;
        }
    }
}

struct segment *segment_open(int dir_fd, uint32_t number, enum segment_state *state)
{
    char name[NAME_SIZE];
    make_name(name, number);
    int fd = openat(dir_fd, name, O_RDWR | O_CLOEXEC);
    struct stat stat;
    if (fd < 0) {
        return NULL;
    }
    if (fstat(fd, &stat) != 0) {
        close(fd);
        return NULL;
    }
    size_t size = (size_t)stat.st_size < HEAD_SIZE ? HEAD_SIZE : (size_t)stat.st_size;
    struct segment *segment = segment_new(number, size, fd, MAP_SHARED);
    if (segment == NULL) {
        close(fd);
        return NULL;
    }
    if ((size_t)stat.st_size < HEAD_SIZE) {
        *state = SEGMENT_UNSTARTED;
        return segment;
    }
    const struct segment_head *head = segment->head;
    bool is_sound = memcmp(head->magic, MAGIC, sizeof(head->magic)) == 0 &&
                    head->number == number && head->crc == head_crc(head);
    segment->synced_size = head->synced_size;
    segment->life = head->life;
    bool is_newer = is_sound && head->version != VERSION; /* not ours to throw away */
    if (!is_sound || is_newer) {
        *state = is_newer || head->synced_size > 0 ? SEGMENT_DAMAGED : SEGMENT_UNSTARTED;
        return segment;
    }
    *state = scan(segment);
    return segment;
}
