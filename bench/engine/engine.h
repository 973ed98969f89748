/* engine.h - the edge's engine without a kernel: one worker with the real registrar, meter and
 * journal, in this thread, and phones of a few lines.
 */
#ifndef DT_BENCH_ENGINE_H
#define DT_BENCH_ENGINE_H

#include "edge/worker.h"
#include "store/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOMAIN "bench.test"
#define PHONE_COUNT 2000
#define SENT_MAX 8
#define SECOND_US INT64_C(1000000)

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "bench-engine: line %d: %s\n", __LINE__, #condition);                  \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

struct sent {
    struct reg_flow to;
    size_t size;
    char data[4096];
};

struct bench {
    struct epoch epoch;
    struct edge edge;
    struct edge_worker *worker;
    struct digest_context *digest;
    struct deck_build deck;
    struct edge_time now;
    struct journal_file *journal;
    struct sent sent[SENT_MAX]; /* by the message under way */
    int sent_count;
    int64_t spent_ns;
    uint32_t random;
    char nonces[PHONE_COUNT][2][512]; /* challenge lines held, of the registrar and of calls */
    uint32_t counts[PHONE_COUNT];
    struct sip_msg in, reader;
};

struct reg_flow bench_flow_of(int phone); /* where it sends from */
int64_t bench_clock_ns(void);

/* world.c: `dir` is where the journal goes. */
void bench_start(struct bench *bench, const char *dir);
void bench_stop(struct bench *bench);
/* A message of that phone: its time goes to spent_ns, what the engine sends to `sent`. */
void bench_feed(struct bench *bench, int phone, struct slice message);

/* phones.c */
void bench_register(struct bench *bench, int phone, uint32_t cseq, bool is_challenged);
void bench_call(struct bench *bench, int caller, int callee, uint32_t number);

/* restart.c: binds `count` phones, then opens the journal again and prints the times. */
void bench_restart(const char *dir, uint32_t count);

#endif
