/* deck_reader.h - one row of a CSV deck while it is read: where its columns stand, and its values.
 */
#ifndef DT_RATING_DECK_READER_H
#define DT_RATING_DECK_READER_H

#include "rating/csv.h"
#include "rating/deck_rows.h"

enum deck_column {
    COLUMN_PREFIX = 0,
    COLUMN_MCC,
    COLUMN_MNC,
    COLUMN_DESCRIPTION,
    COLUMN_RATE,
    COLUMN_FEE,
    COLUMN_FIRST,
    COLUMN_NEXT,
    COLUMN_MINIMUM,
    COLUMN_FREE,
    COLUMN_STEPS,
    COLUMN_WINDOW,
    COLUMN_EFFECTIVE,
    COLUMN_COUNT
};

#define COLUMN_NONE UINT32_MAX

struct deck_columns { /* where each column stands; COLUMN_NONE: it is not there */
    uint32_t at[COLUMN_COUNT];
    uint32_t count;
};

struct deck_remembered { /* a text behind the prefix, and what was read from it */
    struct slice tail;   /* in the CSV */
    uint32_t terms;
};

struct deck_reader {
    struct deck_rows *rows;
    struct deck_build *build;
    enum deck_kind kind;
    struct deck_columns columns;
    const struct csv_record *record;
    struct deck_remembered *remembered; /* REMEMBERED_COUNT of them */
};

enum deck_read { DECK_READ_BAD, DECK_READ_OK, DECK_READ_NO_MEMORY };

const char *deck_column_name(enum deck_column column);

/* Adds a problem with the value that is at fault; always false. */
bool deck_bad_value(const struct deck_reader *reader, const char *column, struct slice value,
                    const char *rule);

/* The key of the row's prefix or network. False: bad, and named. */
MUST_CHECK bool deck_read_key(const struct deck_reader *reader, uint64_t *key);

/* All of a row but its key, as an index in rows->terms. BAD: named. */
MUST_CHECK enum deck_read deck_read_terms(const struct deck_reader *reader, uint32_t *terms);

#endif
