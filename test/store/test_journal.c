/* The journal: what a kill, a power loss, a damaged file and a second owner must not do to it. */
#include "journal_world.h"

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
