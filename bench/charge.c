/* bench-charge: what a charge costs, in its three parts: the edge's decision (may this call be
 * paid), the refill of a lease, and the settlement into the ledger.
 *     bench-charge DIR [ACCOUNTS] [SECONDS] [URL]
 * DIR must not hold a database yet, nor the PostgreSQL database of the URL a ledger. CPU is of the
 * thread that does it; times are of one operation (decision) or one transaction (refill,
 * settlement). Lines of JSON; run-charge.sh makes the table.
 */
#include "metering/meter.h"
#include "store/journal.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_US INT64_C(1000000)
#define USAGES 4000 /* a settlement */
#define ASKS 500    /* a refill */
#define MONEY INT64_C(1000000000000)
#define TIMES_MAX 200000
#define RECORDS_MAX 400000 /* fit into the first segment of the journal */

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "bench-charge: line %d: %s\n", __LINE__, #condition);                  \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

struct bench {
    struct store *store;
    uint64_t account_count;
    int64_t duration_us; /* of each part */
    uint64_t incarnation, session, sequence, random;
    struct account account; /* what all are like */
};

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

static int64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 * SECOND_US + now.tv_nsec;
}

static uint64_t random_next(struct bench *bench)
{
    bench->random ^= bench->random << 13;
    bench->random ^= bench->random >> 7;
    bench->random ^= bench->random << 17;
    return bench->random;
}

/* ---- figures ---- */

struct figures {
    const char *name;
    uint64_t count;
    int64_t wall_us, cpu_us;
    uint32_t times_ns[TIMES_MAX]; /* of every so many */
    uint32_t time_count;
};

static void time_add(struct figures *figures, int64_t ns)
{
    if (figures->time_count < TIMES_MAX) {
        figures->times_ns[figures->time_count++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
    }
}

static int compare(const void *a, const void *b)
{
    uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
    return one < other ? -1 : one > other;
}

static double time_us(const struct figures *figures, uint32_t per_mille)
{
    uint64_t at = (uint64_t)figures->time_count * per_mille / 1000;
    return figures->time_count == 0 ? 0 : (double)figures->times_ns[at] / 1000;
}

static void report(struct figures *figures)
{
    qsort(figures->times_ns, figures->time_count, sizeof(figures->times_ns[0]), compare);
    printf("{\"part\":\"%s\",\"count\":%llu,\"per_second\":%.0f,\"cpu_us\":%.3f,\"p50_us\":%.2f,"
           "\"p99_us\":%.2f,\"p999_us\":%.2f}\n",
           figures->name, (unsigned long long)figures->count,
           (double)figures->count * 1e6 / (double)figures->wall_us,
           (double)figures->cpu_us / (double)figures->count, time_us(figures, 500),
           time_us(figures, 990), time_us(figures, 999));
    fflush(stdout);
}

/* ---- the edge's decision ---- */

struct writing {
    struct journal journal;
    struct usage usage;
};

static void write_usage(void *ctx, int64_t charge_micro, int64_t ended_micro)
{
    struct writing *writing = ctx;
    char text[USAGE_ENCODED_MAX];
    struct buf out;
    buf_init(&out, text, sizeof(text));
    writing->usage.charge_micro = charge_micro;
    writing->usage.ended_micro = ended_micro;
    usage_encode(&out, &writing->usage);
    CHECK(writing->journal.append(writing->journal.ctx, JOURNAL_USAGE, buf_done(&out)) != 0);
}

static struct rate rate_of_a_call(void)
{
    struct rate rate = rate_free("EUR");
    rate.nano_per_min = 10000000;
    rate.deck_id = 1;
    return rate;
}

/* A lease for every account, as the ledger would grant it. */
static void grant_all(struct meter_table *meters, const struct bench *bench)
{
    struct account account = bench->account;
    for (uint64_t id = 1; id <= bench->account_count; id++) {
        struct lease_ask ask;
        account.id = id;
        meter_presence(meters, &account, 1, SECOND_US);
        CHECK(meter_asks_take(meters, &ask, 1, SECOND_US) == 1);
        struct lease_answer answer = {.account_id = id,
                                      .ask_number = ask.ask_number,
                                      .granted_micro = MONEY,
                                      .more = {TRI_PRESENT},
                                      .version = 1};
        meter_ask_answered(meters, &answer, SECOND_US);
    }
}

/* Opens, answers and closes the meter of one call after another, with its record in a real journal
 * as the edge writes it. */
static void decide(struct bench *bench, const char *dir, struct figures *open, struct figures *all)
{
    char error[JOURNAL_ERROR_SIZE];
    struct journal_file_options options = {.dir = dir, .segment_size = 256 << 20, .ahead_count = 1};
    struct journal_file *file = journal_file_open(&options, error);
    CHECK(file != NULL);
    struct writing writing = {.journal = journal_file_as_journal(file)};
    struct meter_terms terms = {.account_count_max = (uint32_t)bench->account_count,
                                .hash_seed = 3,
                                .idle_us = 3600 * SECOND_US};
    struct meter_table *meters = meter_table_new(&terms, writing.journal);
    CHECK(meters != NULL);
    meter_set_registered(meters, true);
    grant_all(meters, bench);
    writing.usage =
        (struct usage){.rate = rate_of_a_call(), .status = 200, .end = USAGE_END_CALLER};
    snprintf(writing.usage.caller, sizeof(writing.usage.caller), "alice");
    snprintf(writing.usage.callee, sizeof(writing.usage.callee), "4930123456");
    struct meter_writer writer = {&writing, write_usage};
    struct account account = bench->account;
    int64_t now_us = 2 * SECOND_US;
    int64_t began_us = clock_us(CLOCK_MONOTONIC), cpu_us = clock_us(CLOCK_THREAD_CPUTIME_ID);
    int64_t end_us = began_us + bench->duration_us;
    while (clock_us(CLOCK_MONOTONIC) < end_us && all->count < RECORDS_MAX) {
        struct meter meter;
        memset(&meter, 0, sizeof(meter));
        account.id = random_next(bench) % bench->account_count + 1;
        meter.rate = writing.usage.rate;
        now_us += 10;
        int64_t from_ns = clock_ns();
        CHECK(meter_open(meters, &meter, &account, now_us, false) == METER_OK);
        int64_t opened_ns = clock_ns();
        meter_answer(meters, &meter, now_us);
        (void)meter_close(meters, &meter, 20 * SECOND_US, &writer);
        time_add(open, opened_ns - from_ns);
        time_add(all, clock_ns() - from_ns);
        open->count++;
        all->count++;
    }
    all->wall_us = clock_us(CLOCK_MONOTONIC) - began_us;
    all->cpu_us = clock_us(CLOCK_THREAD_CPUTIME_ID) - cpu_us;
    meter_table_free(meters);
    journal_file_close(file);
}

static uint64_t append_nothing(void *ctx, enum journal_kind kind, struct slice record)
{
    (void)ctx;
    (void)kind;
    (void)record;
    return 0;
}

/* The decision alone, without clocks between: they cost as much as it does. */
static void decide_alone(struct bench *bench, struct figures *open)
{
    struct journal nothing = {.append = append_nothing};
    struct meter_terms terms = {.account_count_max = (uint32_t)bench->account_count,
                                .hash_seed = 3,
                                .idle_us = 3600 * SECOND_US};
    struct meter_table *meters = meter_table_new(&terms, nothing);
    CHECK(meters != NULL);
    meter_set_registered(meters, true);
    grant_all(meters, bench);
    static struct meter open_meters[1000];
    struct account account = bench->account;
    int64_t now_us = 2 * SECOND_US;
    open->count = 0;
    for (int64_t spent_us = 0; spent_us < bench->duration_us;) {
        memset(open_meters, 0, sizeof(open_meters));
        int64_t wall_us = clock_us(CLOCK_MONOTONIC), cpu_us = clock_us(CLOCK_THREAD_CPUTIME_ID);
        for (size_t i = 0; i < ARRAY_COUNT(open_meters); i++) {
            account.id = random_next(bench) % bench->account_count + 1;
            open_meters[i].rate = rate_of_a_call();
            CHECK(meter_open(meters, &open_meters[i], &account, now_us, false) == METER_OK);
        }
        open->cpu_us += clock_us(CLOCK_THREAD_CPUTIME_ID) - cpu_us;
        open->wall_us += clock_us(CLOCK_MONOTONIC) - wall_us;
        open->count += ARRAY_COUNT(open_meters);
        for (size_t i = 0; i < ARRAY_COUNT(open_meters); i++) {
            (void)meter_close(meters, &open_meters[i], -1, &(struct meter_writer){NULL, NULL});
        }
        spent_us += clock_us(CLOCK_MONOTONIC) - wall_us;
        now_us += 1000;
    }
    meter_table_free(meters);
}

/* ---- the ledger ---- */

static void make_accounts(struct bench *bench)
{
    for (uint64_t i = 0; i < bench->account_count; i++) {
        struct account row = bench->account;
        row.id = 0;
        row.limit_micro = MONEY;
        snprintf(row.name, sizeof(row.name), "account%llu", (unsigned long long)i);
        CHECK(config_put_account(bench->store, &row, "bench") == STORE_OK);
        CHECK(row.id == i + 1);
    }
    static const char nonce[] = "0123456789abcdef0123456789abcdef";
    uint64_t mark;
    CHECK(ledger_register(bench->store, "bench", nonce, &bench->incarnation) == STORE_OK);
    CHECK(ledger_open(bench->store, bench->incarnation, nonce, 0, &bench->session, &mark) ==
          STORE_OK);
}

static void refill(struct bench *bench, struct figures *figures)
{
    static struct lease_ask asks[ASKS];
    static struct lease_answer answers[ASKS];
    int64_t began_us = clock_us(CLOCK_MONOTONIC), cpu_us = clock_us(CLOCK_THREAD_CPUTIME_ID);
    for (uint64_t at = 0, round = 1; figures->wall_us < bench->duration_us; at += ASKS) {
        at = at + ASKS > bench->account_count ? 0 : at;
        round += at == 0;
        for (uint64_t i = 0; i < ASKS; i++) {
            asks[i] = (struct lease_ask){.account_id = at + i + 1,
                                         .want_micro = (int64_t)round * 1000000};
        }
        int64_t from_ns = clock_ns();
        CHECK(ledger_refill(bench->store, bench->incarnation, bench->session, asks, ASKS,
                            answers) == STORE_OK);
        time_add(figures, clock_ns() - from_ns);
        figures->count += ASKS;
        figures->wall_us = clock_us(CLOCK_MONOTONIC) - began_us;
    }
    figures->cpu_us = clock_us(CLOCK_THREAD_CPUTIME_ID) - cpu_us;
}

/* hot_of_ten: how many of ten usages are of one account. Checkpoints are part of it. */
static void settle(struct bench *bench, struct figures *figures, unsigned hot_of_ten)
{
    static struct usage usages[USAGES];
    int64_t cpu_us = 0;
    for (int batch = 1; figures->wall_us < bench->duration_us; batch++) {
        for (int i = 0; i < USAGES; i++) {
            bool is_hot = random_next(bench) % 10 < hot_of_ten;
            bench->sequence++;
            usages[i] = (struct usage){
                .sequence = bench->sequence,
                .account_id = is_hot ? 1 : random_next(bench) % bench->account_count + 1,
                .charge_micro = 1234,
                .ended_micro = 1234,
                .rate = rate_of_a_call(),
                .wall_start_us = INT64_C(1800000000000000),
                .wall_answer_us = INT64_C(1800000001000000),
                .wall_end_us = INT64_C(1800000021000000),
                .talk_to_us = 20 * SECOND_US,
                .status = 200,
                .flags = USAGE_ANSWERED,
                .end = USAGE_END_CALLER,
                .call_key = bench->sequence,
                .caller = "alice",
                .callee = "4930123456",
                .reason = "normal"};
            snprintf(usages[i].call_id, sizeof(usages[i].call_id), "call-%llu@example.org",
                     (unsigned long long)bench->sequence);
        }
        uint64_t mark;
        int64_t from_ns = clock_ns();
        cpu_us -= clock_us(CLOCK_THREAD_CPUTIME_ID);
        CHECK(ledger_settle(bench->store, bench->incarnation, bench->session, usages, USAGES,
                            &mark) == STORE_OK);
        CHECK(mark == bench->sequence);
        if (batch % 4 == 0) {
            CHECK(store_checkpoint(bench->store) == STORE_OK);
        }
        cpu_us += clock_us(CLOCK_THREAD_CPUTIME_ID);
        int64_t took_ns = clock_ns() - from_ns;
        time_add(figures, took_ns);
        figures->wall_us += took_ns / 1000;
        figures->count += USAGES;
    }
    figures->cpu_us = cpu_us;
}

static void say_wrong(void *ctx, const char *text)
{
    (void)ctx;
    fprintf(stderr, "bench-charge: audit: %s\n", text);
}

static void audit(struct bench *bench)
{
    uint64_t transfer_count, wrong_count;
    int64_t from_us = clock_us(CLOCK_MONOTONIC);
    CHECK(ledger_audit(bench->store, say_wrong, NULL, &transfer_count, &wrong_count) == STORE_OK);
    printf("{\"part\":\"audit\",\"count\":%llu,\"seconds\":%.2f,\"wrong\":%llu}\n",
           (unsigned long long)transfer_count, (double)(clock_us(CLOCK_MONOTONIC) - from_us) / 1e6,
           (unsigned long long)wrong_count);
    CHECK(wrong_count == 0);
}

int main(int argc, char **argv)
{
    static struct figures open = {.name = "decision"}, call = {.name = "decision and record"};
    static struct figures refills = {.name = "refill, 500 a transaction"};
    static struct figures even = {.name = "settlement, 4000 a transaction"};
    static struct figures hot = {.name = "settlement, nine of ten of one account"};
    struct bench bench = {.account_count = argc > 2 ? strtoull(argv[2], NULL, 10) : 10000,
                          .duration_us = (argc > 3 ? atoi(argv[3]) : 5) * SECOND_US,
                          .random = 88172645463325252u,
                          .account = {.currency = "EUR",
                                      .class_ = ACCOUNT_VERIFIED,
                                      .grace_micro = -1,
                                      .channels_max = NO_LIMIT,
                                      .cps_max = NO_LIMIT,
                                      .spend_day_micro = NO_LIMIT}};
    if (argc < 2 || bench.account_count < ASKS || bench.duration_us <= 0) {
        fprintf(stderr, "usage: bench-charge DIR [ACCOUNTS (10000)] [SECONDS (5)] [URL]\n");
        return 2;
    }
    decide(&bench, argv[1], &open, &call);
    decide_alone(&bench, &open);
    report(&open);
    report(&call);
    struct store_options options = {.dir = argv[1],
                                    .url = argc > 4 ? argv[4] : NULL,
                                    .deadline_us = 5 * SECOND_US,
                                    .is_checkpointer = true,
                                    .may_create = true};
    bench.store = store_new(&options);
    CHECK(bench.store != NULL && store_migrate(bench.store) == STORE_OK);
    make_accounts(&bench);
    refill(&bench, &refills);
    report(&refills);
    CHECK(store_checkpoint(bench.store) == STORE_OK); /* what made the accounts is not settlement */
    settle(&bench, &even, 0);
    report(&even);
    settle(&bench, &hot, 9);
    report(&hot);
    audit(&bench);
    store_free(bench.store);
    return 0;
}
