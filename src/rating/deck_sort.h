/* deck_sort.h - rows in prefix order, gathered into one run of entries for each prefix. */
#ifndef DT_RATING_DECK_SORT_H
#define DT_RATING_DECK_SORT_H

#include "rating/deck_rows.h"

struct deck_prefix {
    uint64_t key;
    uint32_t value; /* 1 + index of its first entry */
};

struct deck_runs {
    struct list prefixes;  /* struct deck_prefix, sorted by key */
    struct intern entries; /* struct deck_entry, in runs: newest date first */
};

/* Sorts the rows. Names those with the same prefix and date as problems. False: no memory. */
MUST_CHECK bool deck_runs_make(struct deck_runs *runs, struct deck_rows *rows,
                               struct deck_build *build);
void deck_runs_done(struct deck_runs *runs);

#endif
