#include "rating/deck_rows.h"

#include "base/hash.h"
#include "rating/csv.h"
#include "rating/deck_time.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum column {
    COLUMN_PREFIX = 0,
    COLUMN_DESCRIPTION,
    COLUMN_RATE,
    COLUMN_FEE,
    COLUMN_FIRST,
    COLUMN_NEXT,
    COLUMN_EFFECTIVE,
    COLUMN_COUNT
};

static const char *const column_names[COLUMN_COUNT] = {
    "prefix",          "description",    "rate",      "connection_fee",
    "first_increment", "next_increment", "effective",
};

#define COLUMN_NONE UINT32_MAX

struct columns { /* where each column stands; COLUMN_NONE: it is not there */
    uint32_t at[COLUMN_COUNT];
    uint32_t count;
};

/* Decks repeat themselves: what follows the prefix is read once where it is the same text as in a
 * row before (half the time of an import, and all of its number parsing). */
struct remembered {
    struct slice tail; /* in the CSV */
    uint32_t terms;
};

#define REMEMBERED_COUNT 8192 /* power of two */

struct row_reader {
    struct deck_rows *rows;
    struct deck_build *build;
    struct columns columns;
    const struct csv_record *record;
    struct remembered *remembered; /* REMEMBERED_COUNT of them */
};

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

/* At most so much of a bad value goes into a problem's text. */
static struct slice shortened(struct slice s)
{
    return slice_head(s, s.size < 40 ? s.size : 40);
}

/* Adds a problem with the value that is at fault; always false. */
static bool bad_value(const struct row_reader *reader, const char *column, struct slice value,
                      const char *rule)
{
    struct slice shown = shortened(value);
    deck_problem_add(reader->build, reader->record->line, "%s \"" SLICE_FMT "\": %s", column,
                     SLICE_ARG(shown), rule);
    return false;
}

static struct slice field(const struct row_reader *reader, enum column column)
{
    uint32_t at = reader->columns.at[column];
    return at == COLUMN_NONE ? (struct slice){NULL, 0}
                             : slice_trim(reader->record->fields[at].text);
}

static bool read_prefix(const struct row_reader *reader, uint64_t *key)
{
    struct slice prefix = field(reader, COLUMN_PREFIX);
    uint64_t made = 0;
    bool is_good = prefix.size > 0 && prefix.size <= DECK_PREFIX_DIGITS_MAX;
    for (size_t i = 0; is_good && i < prefix.size; i++) {
        is_good = prefix.data[i] >= '0' && prefix.data[i] <= '9';
        made |= (uint64_t)(prefix.data[i] - '0' + 1) << (60 - 4 * i);
    }
    if (!is_good) {
        return bad_value(reader, "prefix", prefix, "must be 1 to 15 digits and nothing else");
    }
    *key = made;
    return true;
}

static bool read_increment(const struct row_reader *reader, enum column column, uint16_t *out)
{
    struct slice text = field(reader, column);
    uint64_t value = 1;
    if (text.size > 0 && (!slice_to_u64(text, UINT16_MAX, &value) || value == 0)) {
        return bad_value(reader, column_names[column], text,
                         "must be whole seconds from 1 to 65535");
    }
    *out = (uint16_t)value;
    return true;
}

static bool read_rate(const struct row_reader *reader, struct deck_rate *out)
{
    struct slice rate = field(reader, COLUMN_RATE);
    if (!money_parse_nano(rate, &out->nano_per_min)) {
        return bad_value(reader, "rate", rate, "must be a number with at most 9 decimals");
    }
    if (out->nano_per_min < 0) {
        return bad_value(reader, "rate", rate, "must not be negative");
    }
    struct slice fee = field(reader, COLUMN_FEE);
    if (fee.size > 0 && !money_parse(fee, &out->fee_micro)) {
        return bad_value(reader, "connection_fee", fee, "must be a number with at most 6 decimals");
    }
    if (out->fee_micro < 0) {
        return bad_value(reader, "connection_fee", fee, "must not be negative");
    }
    return read_increment(reader, COLUMN_FIRST, &out->first_s) &&
           read_increment(reader, COLUMN_NEXT, &out->next_s);
}

static bool read_date(const struct row_reader *reader, int64_t *wall_s)
{
    struct slice text = field(reader, COLUMN_EFFECTIVE);
    *wall_s = DECK_DATE_ALWAYS;
    if (text.size > 0 && !deck_time_parse(text, wall_s)) {
        return bad_value(reader, "effective", text,
                         "must be YYYY-MM-DD or like 2025-01-31T10:00:00Z");
    }
    return true;
}

/* Without doubled quotes; control characters become spaces. Ends with a NUL, which *size counts. */
static bool read_description(const struct row_reader *reader,
                             char text[DECK_DESCRIPTION_SIZE_MAX + 1], uint32_t *size)
{
    uint32_t at = reader->columns.at[COLUMN_DESCRIPTION];
    bool has_doubled = at != COLUMN_NONE && reader->record->fields[at].has_doubled;
    struct slice raw = field(reader, COLUMN_DESCRIPTION);
    uint32_t length = 0;
    for (size_t i = 0; i < raw.size; i++) {
        if (length == DECK_DESCRIPTION_SIZE_MAX) {
            return bad_value(reader, "description", raw, "must not be longer than 255 bytes");
        }
        char c =
            (raw.data[i] >= '\0' && raw.data[i] < ' ') || raw.data[i] == '\x7f' ? ' ' : raw.data[i];
        i += has_doubled && c == '"' ? 1 : 0;
        if (c != ' ' || length > 0) {
            text[length++] = c;
        }
    }
    while (length > 0 && text[length - 1] == ' ') {
        length--; /* a control character stood at the end, where trimming did not see a space */
    }
    text[length++] = '\0';
    *size = length;
    return true;
}

static bool is_shaped(const struct row_reader *reader)
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

enum row_result { ROW_BAD, ROW_READ, ROW_NO_MEMORY };

/* All of a row but its prefix. */
static enum row_result read_terms(const struct row_reader *reader, uint32_t *terms)
{
    struct deck_rate rate = {0};
    int64_t date = 0;
    char text[DECK_DESCRIPTION_SIZE_MAX + 1];
    uint32_t text_size = 0;
    if (!read_rate(reader, &rate) || !read_date(reader, &date) ||
        !read_description(reader, text, &text_size)) {
        return ROW_BAD;
    }
    struct deck_rows *rows = reader->rows;
    struct deck_entry entry;
    bool is_ok = intern_run(&rows->rates, &rate, 1, &entry.rate) &&
                 intern_run(&rows->dates, &date, 1, &entry.date_more) &&
                 intern_run(&rows->text, text, text_size, &entry.description) &&
                 intern_run(&rows->terms, &entry, 1, terms);
    return is_ok ? ROW_READ : ROW_NO_MEMORY;
}

/* As read_terms, but for a text that was read before. */
static enum row_result find_terms(const struct row_reader *reader, uint32_t *terms)
{
    if (reader->columns.at[COLUMN_PREFIX] != 0) {
        return read_terms(reader, terms);
    }
    const struct slice prefix = reader->record->fields[0].text;
    const char *end = reader->record->text.data + reader->record->text.size;
    const char *start = prefix.data + prefix.size;
    struct slice tail = slice_make(start, (size_t)(end - start));
    struct remembered *remembered =
        &reader->remembered[hash_slice(0, tail) & (REMEMBERED_COUNT - 1)];
    if (remembered->tail.data != NULL && slice_equal(remembered->tail, tail)) {
        *terms = remembered->terms;
        return ROW_READ;
    }
    enum row_result result = read_terms(reader, terms);
    if (result == ROW_READ) {
        *remembered = (struct remembered){.tail = tail, .terms = *terms};
    }
    return result;
}

/* False: no memory. A bad row is a problem, not a failure. */
static bool read_row(const struct row_reader *reader)
{
    struct deck_row row = {.line = reader->record->line};
    if (!is_shaped(reader) || !read_prefix(reader, &row.key)) {
        return true;
    }
    switch (find_terms(reader, &row.terms)) {
    case ROW_NO_MEMORY:
        return false;
    case ROW_BAD:
        return true;
    case ROW_READ:
        break;
    }
    if (reader->rows->rows.count == DECK_ROWS_MAX) {
        deck_problem_add(reader->build, reader->record->line, "a deck has at most %d rows",
                         DECK_ROWS_MAX);
        return true;
    }
    return list_add(&reader->rows->rows, &row, 1);
}

static void read_column(struct row_reader *reader, uint32_t index)
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
        reader->columns.at[column] = index;
        return;
    }
    /* Not passed over: a misspelt "effective" would make future prices count today. */
    bad_value(reader, "column", name,
              "not known; known are prefix, description, rate, connection_fee, first_increment, "
              "next_increment, effective");
}

static void read_header(struct row_reader *reader)
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
    static const enum column needed[] = {COLUMN_PREFIX, COLUMN_RATE};
    for (size_t i = 0; i < ARRAY_COUNT(needed); i++) {
        if (reader->columns.at[needed[i]] == COLUMN_NONE) {
            deck_problem_add(reader->build, reader->record->line, "column \"%s\" is missing",
                             column_names[needed[i]]);
        }
    }
}

/* False: no memory. */
static bool read_records(struct row_reader *reader, struct slice csv)
{
    struct csv_record record;
    struct csv_reader records;
    csv_init(&records, csv);
    reader->record = &record;
    if (!csv_next(&records, &record)) {
        deck_problem_add(reader->build, 1, "the file is empty: a header line was expected");
        return true;
    }
    read_header(reader);
    if (reader->build->problem_count > 0) {
        return true; /* every row would be wrong in the same way */
    }
    while (csv_next(&records, &record)) {
        if (!read_row(reader)) {
            return false;
        }
    }
    if (reader->rows->rows.count == 0 && reader->build->problem_count == 0) {
        deck_problem_add(reader->build, record.line, "there is no row below the header");
    }
    return true;
}

bool deck_rows_read(struct deck_rows *rows, struct slice csv, struct deck_build *build)
{
    *rows = (struct deck_rows){.rows.item_size = sizeof(struct deck_row)};
    struct row_reader reader = {.rows = rows,
                                .build = build,
                                .remembered = calloc(REMEMBERED_COUNT, sizeof(struct remembered))};
    bool is_ok = reader.remembered != NULL;
    is_ok = intern_init(&rows->terms, sizeof(struct deck_entry)) && is_ok;
    is_ok = intern_init(&rows->rates, sizeof(struct deck_rate)) && is_ok;
    is_ok = intern_init(&rows->dates, sizeof(int64_t)) && is_ok;
    is_ok = intern_init(&rows->text, sizeof(char)) && is_ok;
    is_ok = is_ok && read_records(&reader, csv);
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
}
