/* bench-prefix - what the longest-prefix look-up costs, and how long a deck takes from CSV to live.
 *
 *   bench-prefix [PREFIXES [ROUNDS]]       (500000 5)
 *   bench-prefix --csv FILE [PREFIXES]     writes the deck it would use, for `dialtone deck import`
 *
 * The deck is made up from a seed: country-like stems with ever longer prefixes below them, as
 * wholesale decks have them. Every answer of one round is compared with a plain search over all
 * lengths. Look-ups depend on each other, so the figure is latency, not throughput. Times
 * are of the processor: others who run on the machine do not count, but for the caches they take.
 */
#include "base/hash.h"
#include "base/rng.h"
#include "rating/deck.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PREFIX_DIGITS_MAX 12
#define NUMBER_DIGITS 13
#define LOOKUPS 1000000
#define HOT_PREFIXES 1000
#define ROUNDS_MAX 25
#define CSV_ROW_MAX 64
#define SEED 20260101
#define WALL_S 1800000000

struct prefix { /* zero terminated digits */
    char digits[PREFIX_DIGITS_MAX + 1];
};

struct prefixes { /* all different; the set finds one by its digits */
    struct prefix *list;
    uint32_t count;
    uint32_t *set; /* 1 + index, open addressing; 0: free */
    uint32_t set_mask;
};

struct numbers {
    char (*digits)[NUMBER_DIGITS];
    uint32_t count;
};

static int64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static uint32_t *set_place(const struct prefixes *all, const char *digits, size_t size)
{
    uint32_t at = (uint32_t)hash_bytes(SEED, digits, size) & all->set_mask;
    while (all->set[at] != 0) {
        const struct prefix *other = &all->list[all->set[at] - 1];
        if (strlen(other->digits) == size && memcmp(other->digits, digits, size) == 0) {
            break;
        }
        at = (at + 1) & all->set_mask;
    }
    return &all->set[at];
}

static void add_prefix(struct prefixes *all, const char *digits)
{
    uint32_t *place = set_place(all, digits, strlen(digits));
    if (*place == 0) {
        struct prefix *added = &all->list[all->count++];
        snprintf(added->digits, sizeof(added->digits), "%s", digits);
        *place = all->count;
    }
}

/* A new prefix is an old one with one or two digits more, or (rarely) a new stem. */
static bool make_prefixes(struct prefixes *all, uint32_t count)
{
    struct rng rng;
    uint32_t set_size = 1;
    while (set_size < count * 2) {
        set_size *= 2;
    }
    *all = (struct prefixes){.list = calloc(count, sizeof(*all->list)),
                             .set = calloc(set_size, sizeof(*all->set)),
                             .set_mask = set_size - 1};
    if (all->list == NULL || all->set == NULL) {
        return false;
    }
    rng_init(&rng, SEED);
    while (all->count < count) {
        char digits[PREFIX_DIGITS_MAX + 1];
        if (all->count < 200 || rng_chance(&rng, 2000)) {
            snprintf(digits, sizeof(digits), "%u", (unsigned)(1 + rng_below(&rng, 998)));
        } else {
            const char *base = all->list[rng_below(&rng, all->count)].digits;
            if (strlen(base) + 2 > 9 && !rng_chance(&rng, 100000)) {
                continue; /* few prefixes are longer than nine digits */
            }
            if (strlen(base) + 2 > PREFIX_DIGITS_MAX) {
                continue;
            }
            uint32_t more = (uint32_t)rng_below(&rng, 100);
            snprintf(digits, sizeof(digits), rng_chance(&rng, 500000) ? "%s%02u" : "%s%u", base,
                     more);
        }
        add_prefix(all, digits);
    }
    return true;
}

/* Some 300 different rates and descriptions, as decks repeat themselves. */
static size_t write_csv(const struct prefixes *all, char *csv, size_t csv_max)
{
    size_t size = (size_t)snprintf(csv, csv_max,
                                   "prefix,description,rate,connection_fee,"
                                   "first_increment,next_increment\n");
    for (uint32_t i = 0; i < all->count; i++) {
        uint64_t kind = hash_bytes(1, all->list[i].digits, 3) % 300;
        size += (size_t)snprintf(csv + size, csv_max - size, "%s,Place %u,0.%04u,0,%s\n",
                                 all->list[i].digits, (unsigned)kind, (unsigned)(kind * 7 + 10),
                                 kind % 3 == 0 ? "1,1" : "60,60");
    }
    return size;
}

static bool make_numbers(struct numbers *numbers, const struct prefixes *all, uint32_t prefix_count)
{
    struct rng rng;
    rng_init(&rng, SEED + 1);
    numbers->count = LOOKUPS;
    numbers->digits = malloc(sizeof(*numbers->digits) * LOOKUPS);
    for (uint32_t i = 0; numbers->digits != NULL && i < LOOKUPS; i++) {
        const char *prefix = all->list[rng_below(&rng, prefix_count)].digits;
        size_t size = strlen(prefix);
        memcpy(numbers->digits[i], prefix, size);
        for (size_t at = size; at < NUMBER_DIGITS; at++) {
            numbers->digits[i][at] = (char)('0' + rng_below(&rng, 10));
        }
    }
    return numbers->digits != NULL;
}

static uint32_t count_wrong(const struct deck *deck, const struct prefixes *all,
                            const struct numbers *numbers)
{
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < numbers->count; i++) {
        const char *number = numbers->digits[i];
        size_t size = PREFIX_DIGITS_MAX;
        while (size > 0 && *set_place(all, number, size) == 0) {
            size--;
        }
        struct rate rate;
        struct tri answer = deck_lookup(deck, slice_make(number, NUMBER_DIGITS), WALL_S, &rate);
        bool is_found = answer.is == TRI_PRESENT;
        wrong +=
            is_found != (size > 0) ||
            (is_found && (strlen(rate.prefix) != size || memcmp(rate.prefix, number, size) != 0));
    }
    return wrong;
}

static int64_t time_lookups(const struct deck *deck, const struct numbers *numbers)
{
    uint64_t chain = 0;
    struct rate rate = {.nano_per_min = 0};
    int64_t begin_ns = clock_ns();
    for (uint32_t i = 0; i < numbers->count; i++) {
        /* The next number depends on this answer (by a term that is always 0). */
        const char *number = numbers->digits[i + (uint32_t)(chain >> 63)];
        struct tri answer = deck_lookup(deck, slice_make(number, NUMBER_DIGITS), WALL_S, &rate);
        chain = ((uint64_t)rate.nano_per_min + (uint64_t)answer.is) & INT64_MAX;
    }
    int64_t taken_ns = clock_ns() - begin_ns;
    return chain == UINT64_MAX ? 0 : taken_ns;
}

static int compare_ns(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static void print_median(const char *what, int64_t *times_ns, uint32_t count, int64_t divisor,
                         const char *unit)
{
    qsort(times_ns, count, sizeof(*times_ns), compare_ns);
    double scale = 1.0 / (double)divisor;
    printf("%-34s %9.1f %s [%.1f - %.1f]\n", what, (double)times_ns[count / 2] * scale, unit,
           (double)times_ns[0] * scale, (double)times_ns[count - 1] * scale);
}

static bool measure_build(struct slice csv, uint32_t rounds, struct deck_build *build)
{
    static const struct deck_terms terms = {.id = 1, .version = 1, .currency = "EUR"};
    int64_t compile_ns[ROUNDS_MAX];
    int64_t open_ns[ROUNDS_MAX];
    for (uint32_t i = 0; i < rounds; i++) {
        if (i > 0) {
            deck_build_done(build);
        }
        int64_t begin_ns = clock_ns();
        if (!deck_compile(csv, &terms, build)) {
            fprintf(stderr, "bench-prefix: line %u: %s\n", build->problems[0].line,
                    build->problems[0].text);
            return false;
        }
        int64_t compiled_ns = clock_ns();
        struct deck *deck = deck_open(build->object, build->object_size);
        open_ns[i] = clock_ns() - compiled_ns;
        compile_ns[i] = compiled_ns - begin_ns;
        if (deck == NULL) {
            fprintf(stderr, "bench-prefix: the deck made does not open\n");
            return false;
        }
        deck_close(deck);
    }
    print_median("CSV text to object", compile_ns, rounds, 1000000, "ms");
    print_median("object opened and checked", open_ns, rounds, 1000000, "ms");
    printf("%-34s %9.1f bytes (object %zu, CSV %zu)\n", "memory a prefix",
           (double)build->object_size / (double)build->prefix_count, build->object_size, csv.size);
    return true;
}

static bool measure_lookups(const struct deck *deck, const struct prefixes *all,
                            uint32_t prefix_count, const char *what, uint32_t rounds)
{
    struct numbers numbers = {.digits = NULL};
    int64_t times_ns[ROUNDS_MAX];
    if (!make_numbers(&numbers, all, prefix_count)) {
        return false;
    }
    uint32_t wrong = count_wrong(deck, all, &numbers);
    for (uint32_t i = 0; i < rounds; i++) {
        times_ns[i] = time_lookups(deck, &numbers);
    }
    print_median(what, times_ns, rounds, LOOKUPS, "ns");
    free(numbers.digits);
    if (wrong > 0) {
        fprintf(stderr, "bench-prefix: %u of %u answers are wrong\n", wrong, LOOKUPS);
    }
    return wrong == 0;
}

static bool measure(const struct prefixes *all, struct slice csv, uint32_t rounds)
{
    struct deck_build build = {.object = NULL};
    bool is_right = measure_build(csv, rounds, &build);
    if (is_right) {
        struct deck *deck = deck_open(build.object, build.object_size);
        uint32_t hot = all->count < HOT_PREFIXES ? all->count : HOT_PREFIXES;
        is_right = measure_lookups(deck, all, all->count, "look-up, all prefixes alike", rounds) &&
                   measure_lookups(deck, all, hot, "look-up, 1,000 prefixes", rounds);
        deck_close(deck);
    }
    deck_build_done(&build);
    return is_right;
}

static bool save_csv(struct slice csv, const char *path)
{
    FILE *file = fopen(path, "we");
    bool is_saved = file != NULL && fwrite(csv.data, 1, csv.size, file) == csv.size;
    is_saved = file != NULL && fclose(file) == 0 && is_saved;
    if (!is_saved) {
        perror(path);
    }
    return is_saved;
}

int main(int argc, char **argv)
{
    const char *csv_path = argc > 2 && strcmp(argv[1], "--csv") == 0 ? argv[2] : NULL;
    int first = csv_path != NULL ? 3 : 1;
    unsigned long count = argc > first ? strtoul(argv[first], NULL, 10) : 500000;
    unsigned long rounds = argc > first + 1 ? strtoul(argv[first + 1], NULL, 10) : 5;
    if (count < 1000 || count > DECK_ROWS_MAX || rounds < 1 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "usage: bench-prefix [PREFIXES [ROUNDS]] | --csv FILE [PREFIXES]\n");
        return 2;
    }
    struct prefixes all;
    size_t csv_max = (count + 2) * CSV_ROW_MAX;
    char *csv = malloc(csv_max);
    bool is_right = false;
    if (make_prefixes(&all, (uint32_t)count) && csv != NULL) {
        struct slice text = slice_make(csv, write_csv(&all, csv, csv_max));
        is_right =
            csv_path != NULL ? save_csv(text, csv_path) : measure(&all, text, (uint32_t)rounds);
    }
    free(csv);
    free(all.list);
    free(all.set);
    return is_right ? 0 : 1;
}
