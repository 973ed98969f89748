#include "rating/deck_rows.h"

#include "base/hash.h"
#include "rating/deck_reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const column_names[COLUMN_COUNT] = {
    "prefix",
    "mcc",
    "mnc",
    "description",
    "rate",
    "connection_fee",
    "first_increment",
    "next_increment",
    "minimum_charge",
    "free_seconds",
    "steps",
    "window",
    "effective",
};

/* Decks repeat themselves: what follows the prefix is read once where it is the same text as in a
 * row before (half the time of an import, and all of its number parsing). */
#define REMEMBERED_COUNT 8192 /* power of two */

const char *deck_column_name(enum deck_column column)
{
    return column_names[column];
}

void deck_problem_add(struct deck_build *build, uint32_t line, const char *format, ...)
{
    if (build->problem_count < DECK_PROBLEMS_MAX) {
        struct deck_problem *problem = &build->problems[build->problem_count];
        problem->line = line;
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(problem->text, sizeof(problem->text), format, arguments);
        va_end(arguments);
    }
    build->problem_count++;
}

void deck_key_text(uint64_t key, char digits[DECK_PREFIX_DIGITS_MAX + 1])
{
    int count = 0;
    for (; key != 0 && count < DECK_PREFIX_DIGITS_MAX; key <<= 4) {
        digits[count++] = (char)('0' + (key >> 60) - 1);
    }
    digits[count] = '\0';
}

static bool is_shaped(const struct deck_reader *reader)
{
    const struct csv_record *record = reader->record;
    if (record->fault == CSV_BAD_QUOTES) {
        deck_problem_add(reader->build, record->line, "a quoted field does not end properly");
        return false;
    }
    if (record->fault == CSV_TOO_MANY_FIELDS || record->field_count != reader->columns.count) {
        deck_problem_add(reader->build, record->line, "has %u columns where the header has %u",
                         record->field_count, reader->columns.count);
        return false;
    }
    return true;
}

/* As deck_read_terms, but for a text that was read before. */
static enum deck_read find_terms(const struct deck_reader *reader, uint32_t *terms)
{
    if (reader->columns.at[COLUMN_PREFIX] != 0) {
        return deck_read_terms(reader, terms);
    }
    const struct slice prefix = reader->record->fields[0].text;
    const char *end = reader->record->text.data + reader->record->text.size;
    const char *start = prefix.data + prefix.size;
    struct slice tail = slice_make(start, (size_t)(end - start));
    struct deck_remembered *remembered =
        &reader->remembered[hash_slice(0, tail) & (REMEMBERED_COUNT - 1)];
    if (remembered->tail.data != NULL && slice_equal(remembered->tail, tail)) {
        *terms = remembered->terms;
        return DECK_READ_OK;
    }
    enum deck_read result = deck_read_terms(reader, terms);
    if (result == DECK_READ_OK) {
        *remembered = (struct deck_remembered){.tail = tail, .terms = *terms};
    }
    return result;
}

/* False: no memory. A bad row is a problem, not a failure. */
static bool read_row(const struct deck_reader *reader)
{
    struct deck_row row = {.line = reader->record->line};
    if (!is_shaped(reader) || !deck_read_key(reader, &row.key)) {
        return true;
    }
    switch (find_terms(reader, &row.terms)) {
    case DECK_READ_NO_MEMORY:
        return false;
    case DECK_READ_BAD:
        return true;
    case DECK_READ_OK:
        break;
    }
    if (reader->rows->rows.count == DECK_ROWS_MAX) {
        deck_problem_add(reader->build, reader->record->line, "a deck has at most %d rows",
                         DECK_ROWS_MAX);
        return true;
    }
    return list_add(&reader->rows->rows, &row, 1);
}

/* A message has no seconds, and a call no network. */
static bool is_of_kind(enum deck_column column, enum deck_kind kind)
{
    switch (column) {
    case COLUMN_MCC:
    case COLUMN_MNC:
        return kind == DECK_MESSAGES;
    case COLUMN_FEE:
    case COLUMN_FIRST:
    case COLUMN_NEXT:
    case COLUMN_FREE:
    case COLUMN_STEPS:
        return kind == DECK_CALLS;
    case COLUMN_PREFIX:
    case COLUMN_DESCRIPTION:
    case COLUMN_RATE:
    case COLUMN_MINIMUM:
    case COLUMN_WINDOW:
    case COLUMN_EFFECTIVE:
    case COLUMN_COUNT:
        break;
    }
    return true;
}

static void read_column(struct deck_reader *reader, uint32_t index)
{
    struct slice name = slice_trim(reader->record->fields[index].text);
    for (int column = 0; column < COLUMN_COUNT; column++) {
        if (!slice_equal_nocase(name, slice_from_text(column_names[column]))) {
            continue;
        }
        if (reader->columns.at[column] != COLUMN_NONE) {
            deck_problem_add(reader->build, reader->record->line, "column \"%s\" stands twice",
                             column_names[column]);
        }
        if (!is_of_kind((enum deck_column)column, reader->kind)) {
            deck_problem_add(reader->build, reader->record->line,
                             "column \"%s\" is not for a deck of prices of %s",
                             column_names[column], deck_kind_name(reader->kind));
        }
        reader->columns.at[column] = index;
        return;
    }
    /* Not passed over: a misspelt "effective" would make future prices count today. */
    deck_bad_value(reader, "column", name, "not known: see docs/decks.md");
}

static void read_header(struct deck_reader *reader)
{
    for (int i = 0; i < COLUMN_COUNT; i++) {
        reader->columns.at[i] = COLUMN_NONE;
    }
    reader->columns.count = reader->record->field_count;
    if (reader->record->fault != CSV_OK) {
        deck_problem_add(reader->build, reader->record->line, "the header line cannot be read");
        return;
    }
    for (uint32_t i = 0; i < reader->record->field_count; i++) {
        read_column(reader, i);
    }
    bool has_key = reader->columns.at[COLUMN_PREFIX] != COLUMN_NONE ||
                   reader->columns.at[COLUMN_MCC] != COLUMN_NONE;
    if (!has_key) {
        deck_problem_add(reader->build, reader->record->line, "column \"%s\" is missing",
                         reader->kind == DECK_MESSAGES ? "mcc" : "prefix");
    }
    if (reader->columns.at[COLUMN_RATE] == COLUMN_NONE) {
        deck_problem_add(reader->build, reader->record->line, "column \"rate\" is missing");
    }
}

/* False: no memory. */
static bool read_records(struct deck_reader *reader, struct csv_record *record, struct slice csv)
{
    struct csv_reader records;
    csv_init(&records, csv);
    reader->record = record;
    if (!csv_next(&records, record)) {
        deck_problem_add(reader->build, 1, "the file is empty: a header line was expected");
        return true;
    }
    read_header(reader);
    if (reader->build->problem_count > 0) {
        return true; /* every row would be wrong in the same way */
    }
    while (csv_next(&records, record)) {
        if (!read_row(reader)) {
            return false;
        }
    }
    if (reader->rows->rows.count == 0 && reader->build->problem_count == 0) {
        deck_problem_add(reader->build, record->line, "there is no row below the header");
    }
    return true;
}

bool deck_rows_read(struct deck_rows *rows, struct slice csv, enum deck_kind kind,
                    struct deck_build *build)
{
    *rows = (struct deck_rows){.rows.item_size = sizeof(struct deck_row)};
    struct deck_reader reader = {.rows = rows,
                                 .build = build,
                                 .kind = kind,
                                 .remembered =
                                     calloc(REMEMBERED_COUNT, sizeof(struct deck_remembered))};
    struct csv_record record;
    bool is_ok = reader.remembered != NULL;
    is_ok = intern_init(&rows->terms, sizeof(struct deck_entry)) && is_ok;
    is_ok = intern_init(&rows->rates, sizeof(struct deck_rate)) && is_ok;
    is_ok = intern_init(&rows->dates, sizeof(int64_t)) && is_ok;
    is_ok = intern_init(&rows->text, sizeof(char)) && is_ok;
    is_ok = intern_init(&rows->extras, sizeof(struct deck_extra)) && is_ok;
    is_ok = intern_init(&rows->spans, sizeof(struct window_span)) && is_ok;
    is_ok = is_ok && read_records(&reader, &record, csv);
    free(reader.remembered);
    return is_ok;
}

void deck_rows_done(struct deck_rows *rows)
{
    list_done(&rows->rows);
    intern_done(&rows->terms);
    intern_done(&rows->rates);
    intern_done(&rows->dates);
    intern_done(&rows->text);
    intern_done(&rows->extras);
    intern_done(&rows->spans);
}
