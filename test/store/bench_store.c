/* bench_store - settles usages in batches of 1000 and refills in batches of 500; run by hand:
 *     bench_store DIR [accounts] [batches]
 * DIR must not hold a database yet. Prints CPU microseconds an entry and entries a second. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { USAGES = 1000, ASKS = 500 };

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void report(const char *what, double count, double wall_s, double cpu_s)
{
    printf("%-8s %9.0f a second, %6.2f us CPU each\n", what, count / wall_s, cpu_s * 1e6 / count);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: bench_store DIR [accounts] [batches]\n");
        return 2;
    }
    uint64_t account_count = argc > 2 ? strtoull(argv[2], NULL, 10) : 10000;
    int batches = argc > 3 ? atoi(argv[3]) : 100;
    struct store_options options = {
        .dir = argv[1], .deadline_us = 5000000, .is_checkpointer = true, .may_create = true};
    struct store *store = store_new(&options);
    assert_ok(store_migrate(store));
    for (uint64_t i = 0; i < account_count; i++) {
        char name[32];
        snprintf(name, sizeof(name), "account%llu", (unsigned long long)i);
        (void)make_account(store, name, EUROS(1000000));
    }
    uint64_t session = 0, mark = 0;
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    static struct usage usages[USAGES];
    static struct lease_ask asks[ASKS];
    static struct lease_answer answers[ASKS];

    double wall_s = seconds(CLOCK_MONOTONIC), cpu_s = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (uint64_t at = 0; at + ASKS <= account_count; at += ASKS) {
        for (uint64_t i = 0; i < ASKS; i++) {
            asks[i] = (struct lease_ask){.account_id = at + i + 1, .want_micro = EUROS(100)};
        }
        assert_ok(ledger_refill(store, incarnation, session, asks, ASKS, answers));
    }
    report("refill", (double)(account_count / ASKS * ASKS), seconds(CLOCK_MONOTONIC) - wall_s,
           seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_s);

    uint64_t sequence = 0, random = 88172645463325252u;
    double spent_wall_s = 0, spent_cpu_s = 0;
    for (int batch = 0; batch < batches; batch++) {
        for (int i = 0; i < USAGES; i++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            usages[i] = make_usage(++sequence, random % account_count + 1, 1234, 1234);
        }
        wall_s = seconds(CLOCK_MONOTONIC);
        cpu_s = seconds(CLOCK_PROCESS_CPUTIME_ID);
        assert_ok(ledger_settle(store, incarnation, session, usages, USAGES, &mark));
        if (batch % 16 == 15) {
            assert_ok(store_checkpoint(store));
        }
        spent_wall_s += seconds(CLOCK_MONOTONIC) - wall_s;
        spent_cpu_s += seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_s;
    }
    report("settle", (double)batches * USAGES, spent_wall_s, spent_cpu_s);

    char text[4096];
    wall_s = seconds(CLOCK_MONOTONIC);
    uint64_t wrong_count = audit(store, text, sizeof(text));
    printf("audit    %.2f s, %llu wrong\n", seconds(CLOCK_MONOTONIC) - wall_s,
           (unsigned long long)wrong_count);
    store_free(store);
    return wrong_count == 0 ? 0 : 1;
}
