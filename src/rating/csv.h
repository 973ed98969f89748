/* csv.h - records and fields of comma-separated text (RFC 4180), read in place.
 *
 * LF and CR LF end a line; a field in quotes may hold commas, line ends and doubled quotes. Spaces
 * around a field without quotes are dropped. Blank lines are no records.
 */
#ifndef DT_RATING_CSV_H
#define DT_RATING_CSV_H

#include "base/slice.h"

#define CSV_FIELDS_MAX 32

struct csv_reader {
    struct slice rest;
    uint32_t line; /* of the first byte of rest */
};

struct csv_field {
    struct slice text; /* without the quotes around it */
    bool has_doubled;  /* quotes in it are still doubled */
};

enum csv_fault { CSV_OK = 0, CSV_TOO_MANY_FIELDS, CSV_BAD_QUOTES };

struct csv_record {
    uint32_t line; /* where it begins */
    uint32_t field_count;
    struct slice text;    /* as it stands, without its line end */
    enum csv_fault fault; /* the fields are as far as they could be read */
    struct csv_field fields[CSV_FIELDS_MAX];
};

void csv_init(struct csv_reader *reader, struct slice text); /* skips a UTF-8 byte order mark */

/* The next record; false: there is none. */
bool csv_next(struct csv_reader *reader, struct csv_record *out);

#endif
