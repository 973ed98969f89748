/* main.c - what the edge's engine costs without a kernel under it: the messages of refreshes,
 * challenged registrations and challenged, metered calls go into one worker, in this thread, with
 * the real registrar, meter and journal; answers are made by a few lines here. Time is of the
 * engine alone (parsing included), so two builds can be compared on a noisy machine; and under
 *
 *     valgrind --tool=callgrind --toggle-collect=engine_serve build/bench/bench-engine call 2000
 *
 * it counts instructions, which do not depend on the machine's mood at all.
 */
#include "engine/engine.h"

#include <unistd.h>

static bool remove_dir(const char *dir)
{
    char command[64];
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command) == 0;
}

int main(int argc, char **argv)
{
    char dir[] = "/tmp/bench-engine.XXXXXX";
    uint64_t count = 0;
    static const char *const parts[] = {"refresh", "register", "call", "restart"};
    bool is_known = false;
    for (size_t i = 0; argc == 3 && i < ARRAY_COUNT(parts); i++) {
        is_known |= strcmp(argv[1], parts[i]) == 0;
    }
    if (!is_known || !slice_to_u64(slice_from_text(argv[2]), 10000000, &count)) {
        fprintf(stderr, "usage: bench-engine refresh|register|call|restart COUNT\n");
        return 2;
    }
    struct bench *bench = calloc(1, sizeof(*bench));
    CHECK(bench != NULL && mkdtemp(dir) != NULL);
    if (strcmp(argv[1], "restart") == 0 && count > 0) {
        bench_restart(dir, (uint32_t)count);
        free(bench);
        return remove_dir(dir) ? 0 : 1;
    }
    bench_start(bench, dir);
    for (int i = 0; i < PHONE_COUNT; i++) {
        bench_register(bench, i, 1, true);
    }
    int64_t first_ns = bench->spent_ns;
    bench->spent_ns = 0;
    for (uint32_t i = 0; i < count; i++) {
        int phone = (int)(i * 7919u % PHONE_COUNT);
        if (strcmp(argv[1], "refresh") == 0) {
            bench_register(bench, phone, 10 + i, false);
        } else if (strcmp(argv[1], "register") == 0) {
            bench_register(bench, phone, 10 + 2 * i, true);
        } else {
            bench_call(bench, phone, (phone + 1) % PHONE_COUNT, i);
        }
    }
    printf("%s: %.0f ns each; %.0f ns a first registration\n", argv[1],
           count == 0 ? 0.0 : (double)bench->spent_ns / (double)count,
           (double)first_ns / PHONE_COUNT);
    bench_stop(bench);
    free(bench);
    return remove_dir(dir) ? 0 : 1;
}
