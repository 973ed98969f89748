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
    size_t start = *at;
    while (*at < text.size && text.data[*at] != ',' && text.data[*at] != '\n') {
        (*at)++;
    }
    return (struct csv_field){.text = slice_trim(slice_make(text.data + start, *at - start))};
}

/* A field that begins with a quote at *at. False: no closing quote, or more text behind it. */
static bool quoted_field(struct slice text, size_t *at, uint32_t *line, struct csv_field *out)
{
    size_t start = ++*at;
    *out = (struct csv_field){.has_doubled = false};
    for (; *at < text.size; (*at)++) {
        if (text.data[*at] == '\n') {
            (*line)++;
        }
        if (text.data[*at] != '"') {
            continue;
        }
        if (*at + 1 >= text.size || text.data[*at + 1] != '"') {
            break;
        }
        out->has_doubled = true;
        (*at)++;
    }
    if (*at >= text.size) {
        return false;
    }
    out->text = slice_make(text.data + start, *at - start);
    (*at)++;
    while (*at < text.size && (text.data[*at] == ' ' || text.data[*at] == '\r')) {
        (*at)++;
    }
    return *at == text.size || text.data[*at] == ',' || text.data[*at] == '\n';
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
    reader->rest = slice_skip(text, at);
    next_line(reader);
    return true;
}
