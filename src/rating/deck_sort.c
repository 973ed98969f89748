#include "rating/deck_sort.h"

#include <stdlib.h>
#include <string.h>

#define RADIX_BITS 8
#define RADIX_COUNT (1 << RADIX_BITS)
#define RADIX_PASSES (64 / RADIX_BITS)

static uint32_t radix_of(uint64_t key, int pass)
{
    return (uint32_t)(key >> (pass * RADIX_BITS)) & (RADIX_COUNT - 1);
}

/* Sorts by key, rows of one key in their order; they end up in *rows (the two are swapped as
 * needed). Half a million keys: a tenth of what qsort takes. */
static void radix_sort(struct deck_row **rows, struct deck_row **spare, uint32_t count)
{
    uint32_t counts[RADIX_PASSES][RADIX_COUNT] = {{0}};
    for (uint32_t i = 0; i < count; i++) {
        for (int pass = 0; pass < RADIX_PASSES; pass++) {
            counts[pass][radix_of((*rows)[i].key, pass)]++;
        }
    }
    for (int pass = 0; pass < RADIX_PASSES; pass++) {
        if (counts[pass][radix_of((*rows)[0].key, pass)] == count) {
            continue; /* all the same here */
        }
        uint32_t at = 0;
        for (int i = 0; i < RADIX_COUNT; i++) {
            uint32_t next = at + counts[pass][i];
            counts[pass][i] = at;
            at = next;
        }
        for (uint32_t i = 0; i < count; i++) {
            (*spare)[counts[pass][radix_of((*rows)[i].key, pass)]++] = (*rows)[i];
        }
        struct deck_row *sorted = *spare;
        *spare = *rows;
        *rows = sorted;
    }
}

struct dated { /* a row of one prefix */
    int64_t date;
    const struct window_span *window; /* NULL: at any time */
    const struct deck_row *row;
};

static int newest_first(const void *left, const void *right)
{
    const struct dated *a = left;
    const struct dated *b = right;
    if (a->date != b->date) {
        return a->date > b->date ? -1 : 1;
    }
    if ((a->window == NULL) != (b->window == NULL)) {
        return a->window == NULL ? 1 : -1; /* it counts where no window holds */
    }
    return (a->row->line > b->row->line) - (a->row->line < b->row->line);
}

struct gather {
    struct deck_runs *runs;
    const struct deck_entry *terms;
    const struct deck_rows *rows;
    uint32_t *value_of_terms; /* of a prefix whose only row has these terms; 0: not there yet */
    struct list dated;        /* scratch for the rows of one prefix */
    struct list entries;
    struct deck_build *build;
};

static bool add_run(struct gather *gather, const void *entries, uint32_t count, uint32_t *value)
{
    uint32_t first = 0;
    if (!intern_run(&gather->runs->entries, entries, count, &first)) {
        return false;
    }
    *value = first + 1;
    return true;
}

static const struct window_span *window_of(const struct deck_rows *rows,
                                           const struct deck_entry *entry)
{
    const struct deck_rate *rates = (const void *)rows->rates.list.items;
    const struct deck_extra *extras = (const void *)rows->extras.list.items;
    const struct window_span *spans = (const void *)rows->spans.list.items;
    uint32_t extra = rates[entry->rate].extra;
    return extra == 0 || extras[extra - 1].window == 0 ? NULL
                                                       : &spans[extras[extra - 1].window - 1];
}

static bool do_clash(const struct dated *a, const struct dated *b)
{
    if (a->window == NULL || b->window == NULL) {
        return a->window == b->window;
    }
    return window_overlaps(a->window, b->window);
}

/* Names the row at `at` if it and one before it claim the same time. */
static void check_times_differ(const struct gather *gather, const struct dated *dated, uint32_t at)
{
    char digits[DECK_PREFIX_DIGITS_MAX + 1];
    const struct dated *row = &dated[at];
    deck_key_text(row->row->key, digits);
    for (uint32_t before = 1; before <= at && dated[at - before].date == row->date; before++) {
        const struct dated *other = &dated[at - before];
        if (before == DECK_WINDOWS_MAX) {
            deck_problem_add(gather->build, row->row->line,
                             "prefix %s has more than %d rows with the same effective date", digits,
                             DECK_WINDOWS_MAX);
            return;
        }
        if (do_clash(row, other)) {
            deck_problem_add(gather->build, row->row->line,
                             "prefix %s has a row with the same effective date%s in line %u",
                             digits, row->window == NULL ? "" : " and hours of its window",
                             other->row->line);
            return;
        }
    }
}

/* The run of a prefix with several rows. False: no memory. */
static bool add_dated_run(struct gather *gather, const struct deck_row *rows, uint32_t count,
                          uint32_t *value)
{
    gather->dated.count = 0;
    gather->entries.count = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct deck_entry *entry = &gather->terms[rows[i].terms];
        const int64_t *dates = (const void *)gather->rows->dates.list.items;
        struct dated dated = {.date = dates[entry->date_more],
                              .window = window_of(gather->rows, entry),
                              .row = &rows[i]};
        if (!list_add(&gather->dated, &dated, 1)) {
            return false;
        }
    }
    struct dated *dated = (struct dated *)(void *)gather->dated.items;
    qsort(dated, count, sizeof(*dated), newest_first);
    for (uint32_t i = 0; i < count; i++) {
        struct deck_entry entry = gather->terms[dated[i].row->terms];
        entry.date_more |= i + 1 < count ? DECK_ENTRY_MORE : 0;
        if (!list_add(&gather->entries, &entry, 1)) {
            return false;
        }
        check_times_differ(gather, dated, i);
    }
    return add_run(gather, gather->entries.items, count, value);
}

/* One prefix for each key of the sorted rows. False: no memory. */
static bool gather_prefixes(struct gather *gather, const struct deck_row *rows, uint32_t count)
{
    for (uint32_t from = 0, to = 0; from < count; from = to) {
        while (to < count && rows[to].key == rows[from].key) {
            to++;
        }
        uint32_t several = 0;
        uint32_t *value = to - from == 1 ? &gather->value_of_terms[rows[from].terms] : &several;
        bool is_ok = true;
        if (to - from > 1) {
            is_ok = add_dated_run(gather, rows + from, to - from, value);
        } else if (*value == 0) {
            is_ok = add_run(gather, &gather->terms[rows[from].terms], 1, value);
        }
        struct deck_prefix prefix = {.key = rows[from].key, .value = *value};
        if (!is_ok || !list_add(&gather->runs->prefixes, &prefix, 1)) {
            return false;
        }
    }
    return true;
}

bool deck_runs_make(struct deck_runs *runs, struct deck_rows *rows, struct deck_build *build)
{
    uint32_t count = rows->rows.count;
    *runs = (struct deck_runs){.prefixes.item_size = sizeof(struct deck_prefix)};
    struct gather gather = {
        .runs = runs,
        .terms = (const struct deck_entry *)(const void *)rows->terms.list.items,
        .rows = rows,
        .value_of_terms = calloc((size_t)rows->terms.list.count + 1, sizeof(uint32_t)),
        .dated.item_size = sizeof(struct dated),
        .entries.item_size = sizeof(struct deck_entry),
        .build = build};
    struct deck_row *spare = malloc(count * sizeof(*spare));
    struct deck_row *sorted = (struct deck_row *)(void *)rows->rows.items;
    bool is_ok = intern_init(&runs->entries, sizeof(struct deck_entry)) && spare != NULL &&
                 gather.value_of_terms != NULL;
    if (is_ok) {
        radix_sort(&sorted, &spare, count);
        is_ok = gather_prefixes(&gather, sorted, count);
        /* One of the two stays with the rows, with no more room than they need. */
        rows->rows.items = (char *)sorted;
        rows->rows.count_max = count;
    }
    free(spare);
    free(gather.value_of_terms);
    list_done(&gather.dated);
    list_done(&gather.entries);
    return is_ok;
}

void deck_runs_done(struct deck_runs *runs)
{
    list_done(&runs->prefixes);
    intern_done(&runs->entries);
}
