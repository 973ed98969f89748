/* The journal: what a kill, a power loss, a full disk and a second owner must not do to it. */
#include "base/frame.h"
#include "base/rng.h"
#include "store/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SEGMENT_SIZE (256 * 1024)
#define HEAD_SIZE 64 /* of a segment */
#define RECORDS_MAX 100000

static char dir[64];
static char error[JOURNAL_ERROR_SIZE];

static void run(const char *command)
{
    char text[256];
    snprintf(text, sizeof(text), command, dir);
    assert_int_equal(system(text), 0);
}

static void remove_segments(void)
{
    char path[64 + 8];
    snprintf(path, sizeof(path), "%s/edge", dir);
    DIR *listing = opendir(path);
    assert_non_null(listing);
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        if (strncmp(entry->d_name, "log.", 4) == 0) {
            assert_int_equal(unlinkat(dirfd(listing), entry->d_name, 0), 0);
        }
    }
    closedir(listing);
}

static int fresh(void **state)
{
    (void)state;
    /* In memory where possible: thousands of starts, each with its syncs. */
    bool has_shm = access("/dev/shm", W_OK) == 0;
    snprintf(dir, sizeof(dir), "%s/dialtone-journal-XXXXXX", has_shm ? "/dev/shm" : "/tmp");
    return mkdtemp(dir) == NULL;
}

static int done(void **state)
{
    (void)state;
    umount2(dir, MNT_DETACH); /* left by a full-disk test that failed */
    run("rm -rf %s");
    return 0;
}

static struct journal_file *must_open(void)
{
    struct journal_file_options options = {.dir = dir, .segment_size = SEGMENT_SIZE};
    struct journal_file *file = journal_file_open(&options, error);
    if (file == NULL) {
        fail_msg("open: %s", error);
    }
    return file;
}

static void must_not_open(const char *why)
{
    struct journal_file_options options = {.dir = dir, .segment_size = SEGMENT_SIZE};
    struct journal_file *file = journal_file_open(&options, error);
    assert_null(file);
    if (strstr(error, why) == NULL) {
        fail_msg("refused, but for: %s", error);
    }
}

/* The record number i: its number, then 0 to 299 bytes that follow from it. */
static size_t make_record(char *out, uint32_t i)
{
    size_t size = sizeof(i) + i * 7919 % 300;
    memset(out, (int)(i & 0xff), size);
    memcpy(out, &i, sizeof(i));
    return size;
}

static uint64_t put(struct journal_file *file, enum journal_kind kind, uint32_t i)
{
    char record[512];
    struct journal journal = journal_file_as_journal(file);
    return journal.append(journal.ctx, kind, slice_make(record, make_record(record, i)));
}

struct seen {
    uint32_t count;
    uint32_t usage_count;
    uint32_t numbers[RECORDS_MAX];
    uint64_t last_sequence, life;
    bool is_refusing;
};

static struct seen seen;

static bool see(void *ctx, const struct journal_entry *entry)
{
    char record[512];
    uint32_t i = 0;
    (void)ctx;
    assert_true(entry->record.size >= sizeof(i));
    memcpy(&i, entry->record.data, sizeof(i));
    assert_int_equal(entry->record.size, make_record(record, i));
    assert_memory_equal(entry->record.data, record, entry->record.size);
    assert_true(seen.count < RECORDS_MAX);
    seen.numbers[seen.count++] = i;
    if (entry->life != seen.life) {
        seen.life = entry->life;
        seen.last_sequence = 0;
    }
    if (entry->kind == JOURNAL_USAGE) {
        assert_true(seen.usage_count == 0 || entry->sequence == seen.last_sequence + 1);
        seen.last_sequence = entry->sequence;
        seen.usage_count++;
    } else {
        assert_true(entry->sequence == 0);
    }
    return !seen.is_refusing;
}

static void must_replay(struct journal_file *file)
{
    memset(&seen, 0, sizeof(seen));
    if (!journal_file_replay(file, see, NULL, error)) {
        fail_msg("replay: %s", error);
    }
}

static void must_sync(struct journal_file *file)
{
    if (!journal_file_sync(file, error)) {
        fail_msg("sync: %s", error);
    }
}

static void must_prepare(struct journal_file *file)
{
    if (!journal_file_prepare(file, error)) {
        fail_msg("prepare: %s", error);
    }
}

static void records_come_back_in_order_and_usages_numbered(void **state)
{
    (void)state;
    struct journal_file *file = must_open();
    must_replay(file);
    assert_int_equal(seen.count, 0);
    assert_true(put(file, JOURNAL_BINDING, 0) == 0);
    assert_true(put(file, JOURNAL_USAGE, 1) == 1);
    assert_true(put(file, JOURNAL_CALL, 2) == 0);
    assert_true(put(file, JOURNAL_USAGE, 3) == 2);
    struct journal_file_status status = journal_file_status(file);
    assert_true(status.life == 1 && status.sequence == 2 && status.synced_sequence == 0);
    assert_false(status.is_low);
    must_sync(file);
    assert_true(journal_file_status(file).synced_sequence == 2);
    assert_true(journal_file_status(file).unsynced_size == 0);
    journal_file_close(file);
    for (int i = 0; i < 3; i++) { /* each start goes on where the last one stopped */
        file = must_open();
        must_replay(file);
        assert_int_equal(seen.count, 4 + i);
        for (uint32_t j = 0; j < seen.count; j++) {
            assert_int_equal(seen.numbers[j], j);
        }
        assert_true(put(file, JOURNAL_USAGE, 4 + (uint32_t)i) == 3 + (uint64_t)i);
        journal_file_close(file);
    }
    file = must_open();
    /* Starts cost what was written in them, not a segment each. */
    assert_true(journal_file_status(file).file_size < 4 * SEGMENT_SIZE);
    journal_file_close(file);
}

static void many_segments_hold_one_log(void **state)
{
    (void)state;
    struct journal_file *file = must_open();
    for (uint32_t i = 0; i < 20000; i++) {
        put(file, i % 3 == 0 ? JOURNAL_USAGE : JOURNAL_BINDING, i);
        if (i % 500 == 0) {
            must_prepare(file);
            must_sync(file);
        }
    }
    assert_true(journal_file_status(file).segment_count > 10);
    journal_file_close(file);
    file = must_open();
    must_replay(file);
    assert_int_equal(seen.count, 20000);
    assert_int_equal(seen.last_sequence, 6667);
    assert_true(journal_file_status(file).sequence == 6667);
    memset(&seen, 0, sizeof(seen));
    seen.is_refusing = true;
    assert_false(journal_file_replay(file, see, NULL, error));
    assert_non_null(strstr(error, "is not valid"));
    journal_file_close(file);
}

static void a_second_owner_is_refused(void **state)
{
    (void)state;
    struct journal_file *file = must_open();
    put(file, JOURNAL_BINDING, 0);
    must_not_open("in use by another process");
    pid_t child = fork();
    if (child == 0) {
        struct journal_file_options options = {.dir = dir, .segment_size = SEGMENT_SIZE};
        _exit(journal_file_open(&options, error) == NULL ? 0 : 1);
    }
    int status = 1;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    put(file, JOURNAL_BINDING, 1);
    journal_file_close(file);
    file = must_open();
    must_replay(file);
    assert_int_equal(seen.count, 2);
    journal_file_close(file);
}

/* The bytes of the newest segment with records in it; *number names it. */
static char *read_newest(size_t *size, char name[300])
{
    char path[64 + 8];
    snprintf(path, sizeof(path), "%s/edge", dir);
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, alphasort);
    char *bytes = NULL;
    for (int i = 0; i < count; i++) {
        char candidate[400];
        snprintf(candidate, sizeof(candidate), "%s/%s", path, entries[i]->d_name);
        int fd = open(candidate, O_RDONLY);
        char head[8] = {0};
        struct stat stat;
        if (strncmp(entries[i]->d_name, "log.", 4) == 0 && fstat(fd, &stat) == 0 &&
            read(fd, head, sizeof(head)) == sizeof(head) && memcmp(head, "DTLOG", 5) == 0) {
            free(bytes);
            *size = (size_t)stat.st_size;
            bytes = malloc(*size);
            assert_true(pread(fd, bytes, *size, 0) == (ssize_t)*size);
            snprintf(name, 300, "%.299s", candidate);
        }
        close(fd);
        free(entries[i]);
    }
    free(entries);
    assert_non_null(bytes);
    return bytes;
}

static void write_file(const char *name, const char *bytes, size_t size)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(write(fd, bytes, size) == (ssize_t)size);
    close(fd);
}

/* A life that ends by _exit, as by kill -9, after `count` records of which `synced` were synced. */
static void die_after(uint32_t count, uint32_t synced)
{
    pid_t child = fork();
    if (child == 0) {
        struct journal_file *file = must_open();
        for (uint32_t i = 0; i < count; i++) {
            put(file, JOURNAL_USAGE, i);
            if (i + 1 == synced) {
                must_sync(file);
            }
        }
        _exit(0);
    }
    int status = 1;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
}

static uint32_t whole_records(size_t size)
{
    uint32_t count = 0;
    size_t at = HEAD_SIZE;
    for (;; count++) {
        char record[512];
        at += frame_size(make_record(record, count), true);
        if (at > size) {
            return count;
        }
    }
}

enum tear { TEAR_SHORT, TEAR_ZEROS, TEAR_NOISE, TEAR_COUNT };

static void a_power_loss_may_tear_the_tail_at_any_byte(void **state)
{
    (void)state;
    enum { COUNT = 5 };
    die_after(COUNT, 0);
    size_t size = 0;
    char name[300];
    char *bytes = read_newest(&size, name);
    size_t used = HEAD_SIZE;
    while (whole_records(used) < COUNT) {
        used += 8;
    }
    struct rng rng;
    rng_init(&rng, 1);
    for (size_t cut = 0; cut <= used; cut++) {
        for (enum tear tear = 0; tear < TEAR_COUNT; tear++) {
            remove_segments();
            char *torn = malloc(size);
            memcpy(torn, bytes, size);
            for (size_t i = cut; i < size && tear != TEAR_SHORT; i++) {
                torn[i] = tear == TEAR_ZEROS ? 0 : (char)rng_u64(&rng);
            }
            if (tear == TEAR_NOISE && cut < HEAD_SIZE) {
                free(torn);
                continue; /* a head is one sector: there or not */
            }
            write_file(name, torn, tear == TEAR_SHORT ? cut : size);
            free(torn);
            struct journal_file *file = must_open();
            must_replay(file);
            uint32_t expected = cut < HEAD_SIZE - 24 ? 0 : whole_records(cut);
            /* The end of a record is padding: what happens there loses nothing. */
            assert_in_range(seen.count, expected, expected + 1);
            assert_true(put(file, JOURNAL_USAGE, seen.count) == seen.count + 1U);
            uint32_t before = seen.count;
            journal_file_close(file);
            file = must_open();
            must_replay(file);
            assert_int_equal(seen.count, before + 1);
            journal_file_close(file);
        }
    }
    free(bytes);
}

static void what_was_synced_and_cannot_be_read_is_damage_and_is_named(void **state)
{
    (void)state;
    die_after(40, 20);
    size_t size = 0;
    char name[300];
    char *bytes = read_newest(&size, name);
    size_t synced_size = HEAD_SIZE;
    while (whole_records(synced_size) < 20) {
        synced_size += 8;
    }
    for (size_t at = HEAD_SIZE; at < synced_size + 200; at += 13) {
        char before = bytes[at];
        bytes[at] = (char)(bytes[at] ^ 0x10);
        write_file(name, bytes, size);
        bytes[at] = before;
        if (at < synced_size) {
            struct journal_file_options options = {.dir = dir, .segment_size = SEGMENT_SIZE};
            struct journal_file *file = journal_file_open(&options, error);
            if (file == NULL) {
                assert_non_null(strstr(error, "log.00000001 is damaged at byte"));
                continue;
            }
            /* Only where the byte was padding. */
            must_replay(file);
            assert_int_equal(seen.count, 40);
            journal_file_close(file);
            remove_segments();
        } else {
            struct journal_file *file = must_open();
            must_replay(file);
            assert_in_range(seen.count, 20, 40);
            journal_file_close(file);
            remove_segments();
        }
    }
    free(bytes);
}

static void a_missing_segment_in_the_middle_is_damage(void **state)
{
    (void)state;
    struct journal_file *file = must_open();
    for (uint32_t i = 0; i < 6000; i++) {
        put(file, JOURNAL_USAGE, i);
        if (i % 500 == 0) {
            must_prepare(file);
            must_sync(file);
        }
    }
    journal_file_close(file);
    run("cd %s/edge && mv log.00000002 away");
    must_not_open("log.00000001 is damaged");
    run("cd %s/edge && mv away log.00000002");
    file = must_open();
    must_replay(file);
    assert_int_equal(seen.count, 6000);
    journal_file_close(file);
}

#define NUMBERS_MAX 60000 /* that a child writes */

/* Until the other process has told of so many, or of all; for 10 s at most. */
static bool await_told(const uint32_t *told, uint32_t count)
{
    uint32_t wanted = count < NUMBERS_MAX ? count : NUMBERS_MAX;
    time_t until_s = time(NULL) + 10;
    while (__atomic_load_n(told, __ATOMIC_ACQUIRE) < wanted && time(NULL) < until_s) {
        (void)sched_yield();
    }
    return __atomic_load_n(told, __ATOMIC_ACQUIRE) >= wanted;
}

static void kill_9_at_any_moment_loses_nothing_that_was_acknowledged(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 7);
    uint32_t *told = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    *told = 0;
    for (int round = 0; round < 12; round++) {
        pid_t child = fork();
        if (child == 0) {
            struct journal_file *file = must_open();
            must_replay(file);
            for (uint32_t i = seen.count;; i++) {
                put(file, i % 2 == 0 ? JOURNAL_USAGE : JOURNAL_CALL, i);
                __atomic_store_n(told, i + 1, __ATOMIC_RELEASE);
                if (i % 256 == 0) {
                    must_prepare(file);
                    must_sync(file);
                }
                if (i >= NUMBERS_MAX) {
                    pause();
                }
            }
        }
        bool is_writing = await_told(told, *told + 1 + (uint32_t)rng_below(&rng, 3000));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        assert_true(is_writing);
        struct journal_file *file = must_open();
        must_replay(file);
        /* One may have been written and not yet acknowledged. */
        assert_in_range(seen.count, *told, *told + 1);
        for (uint32_t i = 0; i < seen.count; i++) {
            assert_int_equal(seen.numbers[i], i);
        }
        assert_true(journal_file_status(file).sequence == (seen.count + 1) / 2);
        journal_file_close(file);
        *told = seen.count;
    }
    assert_true(seen.count > 100);
    munmap(told, 4096);
}

static void see_usage(void *ctx, uint64_t sequence, struct slice record)
{
    uint64_t *last = ctx;
    assert_true(*last == 0 || sequence == *last + 1);
    assert_true(record.size >= 4);
    *last = sequence;
}

static int read_usages(struct journal_file *file, uint64_t life, uint64_t from, int max,
                       uint64_t *last)
{
    *last = 0;
    return journal_file_usages(file, life, from, max, see_usage, last);
}

static void only_synced_usages_are_read_for_settlement(void **state)
{
    (void)state;
    struct journal_file *file = must_open();
    uint64_t last = 0;
    assert_int_equal(read_usages(file, 1, 1, 100, &last), 0);
    for (uint32_t i = 0; i < 10; i++) {
        put(file, i % 2 == 0 ? JOURNAL_USAGE : JOURNAL_BINDING, i);
    }
    assert_int_equal(read_usages(file, 1, 1, 100, &last), 0);
    must_sync(file);
    put(file, JOURNAL_USAGE, 10);
    assert_int_equal(read_usages(file, 1, 1, 100, &last), 5);
    assert_true(last == 5);
    assert_int_equal(read_usages(file, 1, 1, 2, &last), 2);
    assert_int_equal(read_usages(file, 1, 3, 2, &last), 2);
    assert_true(last == 4);
    assert_int_equal(read_usages(file, 1, 2, 100, &last), 4);
    assert_int_equal(read_usages(file, 1, 6, 100, &last), 0);
    must_sync(file);
    assert_int_equal(read_usages(file, 1, 6, 100, &last), 1);
    assert_int_equal(read_usages(file, 2, 1, 100, &last), 0);
    journal_file_close(file);
    file = must_open();
    assert_int_equal(read_usages(file, 1, 4, 100, &last), 3);
    journal_file_close(file);
}

/* Appends `count` usages and reads them as the outbox does, 1000 at a time, over many segments. */
static void the_outbox_reads_each_usage_once_across_segments(void **state)
{
    (void)state;
    struct journal_file *file = must_open();
    uint64_t settled = 0;
    for (uint32_t i = 0; i < 15000; i++) {
        put(file, JOURNAL_USAGE, i);
        if (i % 700 == 0) {
            must_prepare(file);
            must_sync(file);
            uint64_t last = 0;
            int count = read_usages(file, 1, settled + 1, 1000, &last);
            settled += (uint64_t)count;
            assert_true(count == 0 || last == settled);
        }
    }
    must_sync(file);
    uint64_t last = 0;
    for (int count = 1; count > 0;) {
        count = read_usages(file, 1, settled + 1, 1000, &last);
        settled += (uint64_t)count;
    }
    assert_true(settled == 15000);
    journal_file_close(file);
}

static void old_segments_go_after_a_snapshot_once_settled(void **state)
{
    (void)state;
    struct journal_file *file = must_open();
    for (uint32_t i = 0; i < 6000; i++) {
        put(file, i % 10 == 0 ? JOURNAL_USAGE : JOURNAL_CALL, i);
        if (i % 500 == 0) {
            must_prepare(file);
            must_sync(file);
        }
    }
    must_prepare(file);
    int before = journal_file_status(file).segment_count;
    assert_true(before > 4);
    journal_file_settled(file, 1, 300);
    assert_int_equal(journal_file_status(file).segment_count, before); /* no snapshot yet */
    assert_false(journal_file_snapshot_done(file, error));
    assert_true(journal_file_rotate(file));
    put(file, JOURNAL_CALL, 6000);
    journal_file_settled(file, 1, 310);
    assert_int_equal(journal_file_status(file).segment_count, before);
    assert_true(journal_file_snapshot_done(file, error));
    int after = journal_file_status(file).segment_count;
    assert_true(after < before && after > 3); /* usages after 310 are still to be settled */
    uint64_t last = 0;
    assert_int_equal(read_usages(file, 1, 311, 1000, &last), 600 - 310);
    /* A settled mark of another life means nothing here. */
    journal_file_settled(file, 2, 600);
    assert_int_equal(journal_file_status(file).segment_count, after);
    journal_file_settled(file, 1, 600);
    assert_int_equal(read_usages(file, 1, 1, 1000, &last), 0);
    put(file, JOURNAL_USAGE, 6001);
    journal_file_close(file);

    file = must_open();
    must_replay(file);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.numbers[0], 6000);
    assert_int_equal(seen.last_sequence, 601);
    assert_true(journal_file_status(file).sequence == 601);
    assert_int_equal(read_usages(file, 1, 1, 1000, &last), 1);
    assert_true(last == 601);
    journal_file_close(file);
}

static void a_snapshot_cut_short_lets_nothing_go(void **state)
{
    (void)state;
    struct journal_file *file = must_open();
    put(file, JOURNAL_CALL, 0);
    assert_true(journal_file_rotate(file));
    put(file, JOURNAL_CALL, 1);
    journal_file_close(file);
    file = must_open();
    must_replay(file);
    assert_int_equal(seen.count, 2);
    journal_file_settled(file, 1, 100);
    must_replay(file);
    assert_int_equal(seen.count, 2);
    /* Two complete ones in a row, with a restart between: the older is forgotten. */
    for (uint32_t i = 0; i < 2; i++) {
        must_prepare(file);
        assert_true(journal_file_rotate(file));
        put(file, JOURNAL_CALL, 2 + i);
        assert_true(journal_file_snapshot_done(file, error));
        journal_file_close(file);
        file = must_open();
        must_replay(file);
        assert_int_equal(seen.count, 1);
        assert_int_equal(seen.numbers[0], 2 + i);
    }
    journal_file_close(file);
}

static void a_new_life_numbers_from_1_and_the_old_one_is_still_settled(void **state)
{
    (void)state;
    struct journal_file *file = must_open();
    for (uint32_t i = 0; i < 5; i++) {
        put(file, JOURNAL_USAGE, i);
    }
    assert_true(journal_file_begin_life(file));
    assert_true(put(file, JOURNAL_USAGE, 5) == 1);
    assert_true(journal_file_status(file).life == 2);
    must_sync(file);
    assert_true(journal_file_status(file).synced_sequence == 1);
    journal_file_close(file);
    file = must_open();
    must_replay(file);
    assert_int_equal(seen.count, 6);
    struct journal_file_status status = journal_file_status(file);
    assert_true(status.life == 2 && status.sequence == 1 && status.synced_sequence == 1);
    uint64_t last = 0;
    assert_int_equal(read_usages(file, 1, 1, 100, &last), 5);
    assert_int_equal(read_usages(file, 2, 1, 100, &last), 1);
    assert_true(put(file, JOURNAL_USAGE, 6) == 2);
    journal_file_close(file);
}

static bool fill(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    static const char zeros[4096];
    while (fd >= 0 && write(fd, zeros, sizeof(zeros)) > 0) {
    }
    return fd >= 0 && close(fd) == 0;
}

static void a_full_disk_is_said_before_it_hurts_and_loses_nothing(void **state)
{
    (void)state;
    if (mount("tmpfs", dir, "tmpfs", 0, "size=2m") != 0) {
        skip(); /* not root */
    }
    struct journal_file *file = must_open();
    char path[100];
    snprintf(path, sizeof(path), "%s/filler", dir);
    assert_true(fill(path));
    assert_true(journal_file_prepare(file, error)); /* those promised are there */
    uint32_t i = 0;
    bool was_low = false;
    struct journal_file_status status;
    for (; i < 8000; i++) { /* far more than was promised */
        put(file, JOURNAL_USAGE, i);
        status = journal_file_status(file);
        if (status.is_low && !was_low) {
            was_low = true;
            assert_false(journal_file_prepare(file, error));
            assert_non_null(strstr(error, "No space left"));
            must_sync(file); /* all that was promised room is still safe */
        }
    }
    assert_true(was_low && status.is_low);
    assert_false(journal_file_sync(file, error));
    assert_non_null(strstr(error, "No space left"));
    uint64_t last = 0;
    assert_true(read_usages(file, 1, 1, 10000, &last) < 8000);

    assert_int_equal(unlink(path), 0);
    run("mount -o remount,size=16m %s");
    must_prepare(file);
    must_sync(file);
    assert_false(journal_file_status(file).is_low);
    assert_int_equal(read_usages(file, 1, 1, 10000, &last), 8000);
    journal_file_close(file);
    file = must_open();
    must_replay(file);
    assert_int_equal(seen.count, 8000);
    journal_file_close(file);

    /* Full already at the start, with room for nothing: said, not died of. */
    assert_true(fill(path));
    remove_segments();
    assert_true(fill(path));
    must_not_open("No space left");
    assert_int_equal(umount2(dir, MNT_DETACH), 0);
}

#define THREADS 4
#define EACH 20000

static void *append_many(void *arg)
{
    struct journal_file *file = arg;
    uint64_t last = 0;
    for (uint32_t i = 0; i < EACH; i++) {
        uint64_t sequence = put(file, JOURNAL_USAGE, i);
        if (sequence <= last) {
            abort();
        }
        last = sequence;
    }
    return NULL;
}

static void workers_append_while_others_sync_read_and_rotate(void **state)
{
    (void)state;
    struct journal_file *file = must_open();
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, append_many, file), 0);
    }
    uint64_t settled = 0;
    for (int i = 0; settled < (uint64_t)THREADS * EACH; i++) {
        uint64_t last = 0;
        must_prepare(file);
        /* They may outrun the preparing, and go on in memory until the next one. */
        bool is_synced = journal_file_sync(file, error);
        (void)is_synced;
        settled += (uint64_t)read_usages(file, 1, settled + 1, 5000, &last);
        if (i % 8 == 0 && journal_file_rotate(file)) {
            bool is_done = journal_file_snapshot_done(file, error);
            (void)is_done;
        }
        journal_file_settled(file, 1, settled);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_true(journal_file_status(file).sequence == THREADS * EACH);
    journal_file_close(file);
}

static int kept_count;
static uint64_t kept_sequence;

static void keep_settled(void *ctx, const struct journal_settled *usage)
{
    (void)ctx;
    assert_true(usage->sequence == kept_sequence + 1);
    kept_sequence = usage->sequence;
    assert_true(usage->incarnation == 77);
    assert_true(slice_equal(usage->record, SLICE("a usage")));
    kept_count++;
}

static void archive(uint64_t sequence, int64_t wall_s)
{
    struct journal_settled usages[3];
    for (uint64_t i = 0; i < 3; i++) {
        usages[i] = (struct journal_settled){77, sequence + i, SLICE("a usage")};
    }
    assert_true(journal_archive_settled(dir, usages, 3, wall_s, error));
}

static void settled_usages_are_kept_by_day_and_read_past_damage(void **state)
{
    (void)state;
    uint64_t damaged_size = 1;
    assert_true(journal_archive_read(dir, keep_settled, NULL, &damaged_size, error));
    assert_true(damaged_size == 0);
    run("mkdir %s/edge");
    int64_t wall_s = INT64_C(1700000000); /* 2023-11-14 22:13:20 UTC */
    archive(1, wall_s);
    archive(4, wall_s + 3600);
    /* A crash left half a frame. */
    run("printf 'half a frame' >> %s/edge/settled/20231114.log");
    archive(7, wall_s + 3601);
    archive(10, wall_s + 86400);
    kept_count = 0;
    kept_sequence = 0;
    assert_true(journal_archive_read(dir, keep_settled, NULL, &damaged_size, error));
    assert_int_equal(kept_count, 12);
    assert_int_equal(damaged_size, 16);
    assert_int_equal(journal_archive_expire(dir, wall_s), 0);
    assert_int_equal(journal_archive_expire(dir, wall_s + 86400), 1);
    kept_count = 0;
    kept_sequence = 9;
    assert_true(journal_archive_read(dir, keep_settled, NULL, &damaged_size, error));
    assert_int_equal(kept_count, 3);
}

static void a_directory_that_is_not_there_is_said(void **state)
{
    (void)state;
    run("rmdir %s");
    must_not_open("cannot make");
    assert_int_equal(journal_archive_expire(dir, 0), 0);
    struct journal_settled usage = {1, 1, SLICE("x")};
    assert_false(journal_archive_settled(dir, &usage, 1, 0, error));
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, fresh, done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(records_come_back_in_order_and_usages_numbered),
        ROW(many_segments_hold_one_log),
        ROW(a_second_owner_is_refused),
        ROW(a_power_loss_may_tear_the_tail_at_any_byte),
        ROW(what_was_synced_and_cannot_be_read_is_damage_and_is_named),
        ROW(a_missing_segment_in_the_middle_is_damage),
        ROW(kill_9_at_any_moment_loses_nothing_that_was_acknowledged),
        ROW(only_synced_usages_are_read_for_settlement),
        ROW(the_outbox_reads_each_usage_once_across_segments),
        ROW(old_segments_go_after_a_snapshot_once_settled),
        ROW(a_snapshot_cut_short_lets_nothing_go),
        ROW(a_new_life_numbers_from_1_and_the_old_one_is_still_settled),
        ROW(a_full_disk_is_said_before_it_hurts_and_loses_nothing),
        ROW(workers_append_while_others_sync_read_and_rotate),
        ROW(settled_usages_are_kept_by_day_and_read_past_damage),
        ROW(a_directory_that_is_not_there_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
