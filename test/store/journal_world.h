/* journal_world.h - a journal in a directory of its own, records that can be told apart, and what a
 * replay showed. */
#ifndef DT_TEST_STORE_JOURNAL_WORLD_H
#define DT_TEST_STORE_JOURNAL_WORLD_H

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

static inline void run(const char *command)
{
    char text[256];
    snprintf(text, sizeof(text), command, dir);
    assert_int_equal(system(text), 0);
}

static inline void remove_segments(void)
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

static inline int fresh(void **state)
{
    (void)state;
    /* In memory where possible: thousands of starts, each with its syncs. */
    bool has_shm = access("/dev/shm", W_OK) == 0;
    snprintf(dir, sizeof(dir), "%s/dialtone-journal-XXXXXX", has_shm ? "/dev/shm" : "/tmp");
    return mkdtemp(dir) == NULL;
}

static inline int done(void **state)
{
    (void)state;
    umount2(dir, MNT_DETACH); /* left by a full-disk test that failed */
    run("rm -rf %s");
    return 0;
}

static inline struct journal_file *must_open(void)
{
    struct journal_file_options options = {.dir = dir, .segment_size = SEGMENT_SIZE};
    struct journal_file *file = journal_file_open(&options, error);
    if (file == NULL) {
        fail_msg("open: %s", error);
    }
    return file;
}

static inline void must_not_open(const char *why)
{
    struct journal_file_options options = {.dir = dir, .segment_size = SEGMENT_SIZE};
    struct journal_file *file = journal_file_open(&options, error);
    assert_null(file);
    if (strstr(error, why) == NULL) {
        fail_msg("refused, but for: %s", error);
    }
}

/* The record number i: its number, then 0 to 299 bytes that follow from it. */
static inline size_t make_record(char *out, uint32_t i)
{
    size_t size = sizeof(i) + i * 7919 % 300;
    memset(out, (int)(i & 0xff), size);
    memcpy(out, &i, sizeof(i));
    return size;
}

static inline uint64_t put(struct journal_file *file, enum journal_kind kind, uint32_t i)
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

static inline bool see(void *ctx, const struct journal_entry *entry)
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

static inline void must_replay(struct journal_file *file)
{
    memset(&seen, 0, sizeof(seen));
    if (!journal_file_replay(file, see, NULL, error)) {
        fail_msg("replay: %s", error);
    }
}

static inline void must_sync(struct journal_file *file)
{
    if (!journal_file_sync(file, error)) {
        fail_msg("sync: %s", error);
    }
}

static inline void must_prepare(struct journal_file *file)
{
    if (!journal_file_prepare(file, error)) {
        fail_msg("prepare: %s", error);
    }
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, fresh, done)

#endif
