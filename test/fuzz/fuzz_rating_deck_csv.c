/* Any text either is refused with a problem or becomes a deck that opens, whose every row is found
 * again, and whose own CSV makes an equal deck. */
#include "fuzz.h"

#include "rating/deck.h"

#include <string.h>

#define INPUT_SIZE_MAX 65536
#define CSV_SIZE_MAX (INPUT_SIZE_MAX * 16)

static char first[CSV_SIZE_MAX];
static char second[CSV_SIZE_MAX];

static struct deck *deck_made(struct slice csv, enum deck_kind kind, struct deck_build *build)
{
    const struct deck_terms terms = {.id = 1, .version = 2, .currency = "EUR", .kind = kind};
    if (!deck_compile(csv, &terms, build)) {
        FUZZ_CHECK(build->problem_count > 0 && build->object == NULL);
        FUZZ_CHECK(build->problems[0].text[0] != '\0');
        return NULL;
    }
    FUZZ_CHECK(build->problem_count == 0 && build->row_count >= build->prefix_count);
    struct deck *deck = deck_open(build->object, build->object_size);
    FUZZ_CHECK(deck != NULL);
    return deck;
}

/* Each line of a deck's own CSV begins with a prefix that some time must find in full; a row with a
 * window may be for a minute of the week only. */
static void check_rows(const struct deck *deck, struct slice csv)
{
    struct slice header = slice_split(&csv, '\n');
    if (slice_find_text(header, SLICE("window")) != NULL) {
        return;
    }
    while (csv.size > 0) {
        struct slice line = slice_split(&csv, '\n');
        struct slice prefix = slice_split(&line, ',');
        struct rate rate;
        FUZZ_CHECK(deck_lookup(deck, prefix, INT64_MAX, &rate).is == TRI_PRESENT);
        FUZZ_CHECK(slice_equal(prefix, slice_from_text(rate.prefix)));
        FUZZ_CHECK(rate.nano_per_min >= 0 && rate.fee_micro >= 0 && rate.first_s > 0 &&
                   rate.next_s > 0);
    }
}

static void check(struct slice csv, enum deck_kind kind)
{
    static struct deck_build build;
    struct deck *deck = deck_made(csv, kind, &build);
    if (deck == NULL) {
        return;
    }
    uint32_t row_count = build.row_count;
    struct buf out;
    buf_init(&out, first, sizeof(first));
    FUZZ_CHECK(deck_write_csv(deck, &out));
    if (kind == DECK_CALLS) {
        check_rows(deck, buf_done(&out));
    }
    deck_close(deck);
    deck_build_done(&build);

    deck = deck_made(buf_done(&out), kind, &build);
    FUZZ_CHECK(deck != NULL && build.row_count == row_count);
    struct buf again;
    buf_init(&again, second, sizeof(second));
    FUZZ_CHECK(deck_write_csv(deck, &again));
    FUZZ_CHECK(slice_equal(buf_done(&out), buf_done(&again)));
    deck_close(deck);
    deck_build_done(&build);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size <= INPUT_SIZE_MAX) {
        check(slice_make((const char *)data, size), DECK_CALLS);
        check(slice_make((const char *)data, size), DECK_MESSAGES);
    }
    return 0;
}
