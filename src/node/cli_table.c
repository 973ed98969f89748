/* cli_table.c - answers as tables and lists for people. */
#include "node/cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CELL_SIZE 200
#define COLUMNS_MAX 16
#define DECIMALS_MIN 2

void cli_print_json(const json_t *value)
{
    /* A program takes the text as it is; a terminal would obey what is in it. */
    size_t ascii = isatty(STDOUT_FILENO) ? JSON_ENSURE_ASCII : 0;
    if (json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY | ascii) == 0) {
        fputc('\n', stdout);
    }
}

const char *cli_money(char text[MONEY_TEXT_SIZE], const char *amount)
{
    snprintf(text, MONEY_TEXT_SIZE, "%s", amount);
    char *point = strchr(text, '.');
    if (point != NULL) {
        size_t size = strlen(point);
        while (size > DECIMALS_MIN + 1 && point[size - 1] == '0') {
            point[--size] = '\0';
        }
    }
    return text;
}

void cli_time(char *out, size_t size, int64_t wall_us)
{
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm parts;
    if (wall_us <= 0 || localtime_r(&seconds, &parts) == NULL ||
        strftime(out, size, "%Y-%m-%d %H:%M:%S", &parts) == 0) {
        snprintf(out, size, "-");
    }
}

static void write_length(char *out, size_t size, int64_t length_us)
{
    int64_t seconds = length_us / 1000000;
    if (seconds >= 3600) {
        snprintf(out, size, "%" PRId64 ":%02d:%02d", seconds / 3600, (int)(seconds / 60 % 60),
                 (int)(seconds % 60));
    } else {
        snprintf(out, size, "%d:%02d", (int)(seconds / 60), (int)(seconds % 60));
    }
}

static void write_any(char *out, size_t size, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        snprintf(out, size, "%s", json_string_value(value));
        break;
    case JSON_INTEGER:
        snprintf(out, size, "%lld", (long long)json_integer_value(value));
        break;
    case JSON_REAL:
        snprintf(out, size, "%g", json_real_value(value));
        break;
    case JSON_TRUE:
        snprintf(out, size, "yes");
        break;
    case JSON_FALSE:
        snprintf(out, size, "no");
        break;
    case JSON_NULL:
        snprintf(out, size, "-");
        break;
    case JSON_ARRAY: {
        size_t at = 0;
        out[0] = '\0';
        for (size_t i = 0; i < json_array_size(value) && at < size; i++) {
            char part[CELL_SIZE];
            write_any(part, sizeof(part), json_array_get(value, i));
            int written = snprintf(out + at, size - at, "%s%s", i == 0 ? "" : ",", part);
            at += written > 0 ? (size_t)written : 0;
        }
        break;
    }
    case JSON_OBJECT: {
        char *text = json_dumps(value, JSON_COMPACT);
        snprintf(out, size, "%s", text == NULL ? "" : text);
        free(text);
        break;
    }
    }
    if (out[0] == '\0') {
        snprintf(out, size, "-");
    }
}

static const json_t *find(const json_t *object, const char *member)
{
    const char *point = strchr(member, '.');
    if (point == NULL) {
        return json_object_get(object, member);
    }
    char first[64];
    snprintf(first, sizeof(first), "%.*s", (int)(point - member), member);
    return find(json_object_get(object, first), point + 1);
}

static void write_cell(struct cli *cli, const struct cli_column *column, const json_t *object,
                       char out[CELL_SIZE])
{
    const json_t *value = find(object, column->member);
    char text[MONEY_TEXT_SIZE];
    int64_t number = json_integer_value(value);
    if (value == NULL) {
        snprintf(out, CELL_SIZE, "-");
        return;
    }
    switch (column->format) {
    case CLI_MONEY:
        snprintf(out, CELL_SIZE, "%s",
                 json_is_string(value) ? cli_money(text, json_string_value(value)) : "-");
        return;
    case CLI_TIME:
        cli_time(out, CELL_SIZE, number);
        return;
    case CLI_LENGTH:
        write_length(out, CELL_SIZE, number);
        return;
    case CLI_ACCOUNT:
    case CLI_TRUNK:
    case CLI_DECK: {
        const char *what = column->format == CLI_ACCOUNT ? "accounts"
                           : column->format == CLI_TRUNK ? "trunks"
                                                         : "decks";
        snprintf(out, CELL_SIZE, "%s", number == 0 ? "-" : cli_name_of(cli, what, number));
        break;
    }
    case CLI_TEXT:
        write_any(out, CELL_SIZE, value);
        break;
    }
}

static size_t width_of(const char *text) /* characters of UTF-8 */
{
    size_t width = 0;
    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return width;
}

static void print_cell(const char *text, size_t width, bool is_right, bool is_last)
{
    int pad = (int)(width - width_of(text));
    if (is_right) {
        printf("%*s%s%s", pad, "", text, is_last ? "\n" : "  ");
    } else if (is_last) {
        printf("%s\n", text);
    } else {
        printf("%s%*s  ", text, pad, "");
    }
}

void cli_print_table(struct cli *cli, const struct cli_column *columns, const json_t *items)
{
    size_t count = json_array_size(items);
    size_t column_count = 0;
    size_t widths[COLUMNS_MAX] = {0};
    while (columns[column_count].title != NULL && column_count < COLUMNS_MAX) {
        widths[column_count] = strlen(columns[column_count].title);
        column_count++;
    }
    char(*cells)[CELL_SIZE] = calloc(count * column_count + 1, sizeof(*cells));
    if (cells == NULL) {
        return;
    }
    for (size_t row = 0; row < count; row++) {
        for (size_t at = 0; at < column_count; at++) {
            char *cell = cells[row * column_count + at];
            write_cell(cli, &columns[at], json_array_get(items, row), cell);
            widths[at] = width_of(cell) > widths[at] ? width_of(cell) : widths[at];
        }
    }
    for (size_t row = 0; row <= count && count > 0; row++) {
        for (size_t at = 0; at < column_count; at++) {
            bool is_right = columns[at].format == CLI_MONEY || columns[at].format == CLI_LENGTH;
            print_cell(row == 0 ? columns[at].title : cells[(row - 1) * column_count + at],
                       widths[at], is_right, at + 1 == column_count);
        }
    }
    free(cells);
}

void cli_print_one(struct cli *cli, const struct cli_column *columns, const json_t *object)
{
    char cell[CELL_SIZE];
    size_t width = 0;
    const char *name;
    json_t *value;
    if (columns == NULL) {
        json_object_foreach((json_t *)(uintptr_t)object, name, value)
        {
            width = strlen(name) > width ? strlen(name) : width;
        }
        json_object_foreach((json_t *)(uintptr_t)object, name, value)
        {
            write_any(cell, sizeof(cell), value);
            printf("%-*s  %s\n", (int)width, name, cell);
        }
        return;
    }
    for (const struct cli_column *column = columns; column->title != NULL; column++) {
        width = strlen(column->title) > width ? strlen(column->title) : width;
    }
    for (const struct cli_column *column = columns; column->title != NULL; column++) {
        write_cell(cli, column, object, cell);
        printf("%-*s  %s\n", (int)width, column->title, cell);
    }
}
