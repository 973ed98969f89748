/* deck_rows.h - the rows of a deck, read and checked, before they are compiled. */
#ifndef DT_RATING_DECK_ROWS_H
#define DT_RATING_DECK_ROWS_H

#include "rating/deck.h"
#include "rating/deck_object.h"
#include "rating/intern.h"

struct deck_row {
    uint64_t key; /* the prefix: digit + 1 in four bits each, from the top */
    uint32_t line;
    uint32_t terms; /* index in deck_rows.terms */
};

struct deck_rows {
    struct list rows; /* struct deck_row, in the order of the lines */
    struct intern
        terms; /* struct deck_entry without DECK_ENTRY_MORE: all of a row but its prefix */
    struct intern rates;  /* struct deck_rate */
    struct intern dates;  /* int64_t; DECK_DATE_ALWAYS: from the beginning */
    struct intern text;   /* char: the descriptions, each with its NUL */
    struct intern extras; /* struct deck_extra */
    struct intern spans;  /* struct window_span: windows, each with its WINDOW_END */
};

/* Reads CSV. Bad rows are named in build->problems; false: no memory. */
MUST_CHECK bool deck_rows_read(struct deck_rows *rows, struct slice csv, enum deck_kind kind,
                               struct deck_build *build);
void deck_rows_done(struct deck_rows *rows);

/* Counts a problem, and keeps its text if there is room. */
void deck_problem_add(struct deck_build *build, uint32_t line, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Digits of a key's prefix, with a NUL. */
void deck_key_text(uint64_t key, char digits[DECK_PREFIX_DIGITS_MAX + 1]);

#endif
