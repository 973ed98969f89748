/* edge/config.log, the last good configuration on disk, as another version may have left it. */
#include "program.h"

#include "base/frame.h"
#include "store/store.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* As in src/node/edge_config_log.c. */
#define LOG_SEED 0x434f4e46u
#define KIND_ROW 16
#define LOG_SIZE_MAX 65536

static _Alignas(8) char before[LOG_SIZE_MAX];
static _Alignas(8) char after[LOG_SIZE_MAX];

/* Every account's record loses all but its first bytes, as if this version could not read it. */
static void damage_accounts(const char *dir)
{
    char path[300];
    snprintf(path, sizeof(path), "%s/edge/config.log", dir);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(before, 1, sizeof(before), file);
    assert_int_equal(fclose(file), 0);
    assert_in_range(size, 1, sizeof(before) - 1);
    struct frame frame;
    size_t at = 0;
    size_t taken = 0;
    size_t written = 0;
    int damaged = 0;
    while (frame_read(slice_make(before + at, size - at), LOG_SEED, &frame, &taken) ==
           FRAME_FOUND) {
        if (frame.kind == KIND_ROW + CONFIG_ACCOUNT) {
            frame.payload = slice_head(frame.payload, 12);
            damaged++;
        }
        frame_write(after + written, LOG_SEED, &frame, frame_payload_crc(frame.payload));
        written += frame_size(frame.payload.size, false);
        at += taken;
    }
    assert_true(damaged > 0 && at == size);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(after, 1, written, file), written);
    assert_int_equal(fclose(file), 0);
}

/* How many accounts the edge knows, once it knows any; 0 after 10 s. */
static int accounts_known(const char *dir)
{
    int64_t until_ms = program_now_ms() + 10000;
    int count = 0;
    while (count == 0 && program_now_ms() < until_ms) {
        json_t *status = program_status(dir);
        json_t *config = json_object_get(json_object_get(status, "edge"), "config");
        count = (int)json_integer_value(json_object_get(config, "accounts"));
        json_decref(status);
        if (count == 0) {
            program_sleep_ms(50);
        }
    }
    return count;
}

static void rows_that_cannot_be_read_are_read_from_the_database(void **state)
{
    (void)state;
    static struct program_output output;
    char dir[256];
    program_dir(dir);
    program_run("init % --demo", dir, &output);
    assert_int_equal(output.status, 0);
    pid_t pid = program_start(dir, "");
    assert_true(pid > 0);
    int known = accounts_known(dir);
    assert_true(known > 0);
    assert_true(program_stop(pid, SIGTERM) >= 0);
    damage_accounts(dir);
    pid = program_start(dir, "");
    assert_true(pid > 0);
    assert_int_equal(accounts_known(dir), known);
    assert_true(program_stop(pid, SIGTERM) >= 0);
    program_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_that_cannot_be_read_are_read_from_the_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
