/* The journal as the outbox of settlement: what is read from it, when old segments go, a full disk,
 * many threads at once, and the archive of what was settled. */
#include "journal_world.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
