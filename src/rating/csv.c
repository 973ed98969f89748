#include "rating/csv.h"

#include <string.h>

void csv_init(struct csv_reader *reader, struct slice text)
{
    bool has_mark = slice_starts_with(text, SLICE("\xef\xbb\xbf"));
    *reader = (struct csv_reader){.rest = slice_skip(text, has_mark ? 3 : 0), .line = 1};
}

static void next_line(struct csv_reader *reader)
{
    const char *end =
        reader->rest.size > 0 ? memchr(reader->rest.data, '\n', reader->rest.size) : NULL;
    if (end == NULL) {
        reader->rest = slice_skip(reader->rest, reader->rest.size);
        return;
    }
    reader->rest = slice_skip(reader->rest, (size_t)(end - reader->rest.data) + 1);
    reader->line++;
}

/* A field without quotes; *at is left at the comma or line end behind it. */
static struct csv_field plain_field(struct slice text, size_t *at)
{
    const char *start = text.data + *at;
    const char *end = text.data + text.size;
    const char *here = start;
    while (here < end && *here != ',' && *here != '\n') {
        here++;
    }
    *at = (size_t)(here - text.data);
    return (struct csv_field){.text = slice_trim(slice_make(start, (size_t)(here - start)))};
}

/* A field that begins with a quote at *at. False: no closing quote, or more text behind it. */
static bool quoted_field(struct slice text, size_t *at, uint32_t *line, struct csv_field *out)
{
    size_t start = *at + 1;
    size_t here = start;
    uint32_t line_ends = 0;
    bool has_doubled = false;
    for (; here < text.size; here++) {
        char c = text.data[here];
        line_ends += c == '\n' ? 1 : 0;
        if (c != '"') {
            continue;
        }
        if (here + 1 >= text.size || text.data[here + 1] != '"') {
            break;
        }
        has_doubled = true;
        here++;
    }
    *line += line_ends;
    *at = here;
    if (here >= text.size) {
        return false;
    }
    *out = (struct csv_field){.text = slice_make(text.data + start, here - start),
                              .has_doubled = has_doubled};
    here++;
    while (here < text.size && (text.data[here] == ' ' || text.data[here] == '\r')) {
        here++;
    }
    *at = here;
    return here == text.size || text.data[here] == ',' || text.data[here] == '\n';
}

static void skip_blank_lines(struct csv_reader *reader)
{
    for (;;) {
        size_t size = 0;
        while (size < reader->rest.size &&
               (reader->rest.data[size] == ' ' || reader->rest.data[size] == '\r')) {
            size++;
        }
        if (size < reader->rest.size && reader->rest.data[size] != '\n') {
            return;
        }
        next_line(reader);
        if (reader->rest.size == 0) {
            return;
        }
    }
}

bool csv_next(struct csv_reader *reader, struct csv_record *out)
{
    skip_blank_lines(reader);
    if (reader->rest.size == 0) {
        return false;
    }
    out->line = reader->line;
    out->field_count = 0;
    out->fault = CSV_OK;
    struct slice text = reader->rest;
    size_t at = 0;
    for (;;) {
        struct csv_field field;
        if (at < text.size && text.data[at] == '"') {
            if (!quoted_field(text, &at, &reader->line, &field)) {
                out->fault = CSV_BAD_QUOTES;
                break;
            }
        } else {
            field = plain_field(text, &at);
        }
        if (out->field_count == CSV_FIELDS_MAX) {
            out->fault = CSV_TOO_MANY_FIELDS;
            break;
        }
        out->fields[out->field_count++] = field;
        if (at >= text.size || text.data[at] == '\n') {
            break;
        }
        at++;
    }
    out->text = slice_head(text, at);
    reader->rest = slice_skip(text, at);
    next_line(reader);
    return true;
}
