/* statement_text.c - a statement as JSON, and as CSV for spreadsheets. */
#include "api/balances.h"
#include "api/statement.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- JSON ---- */

/* What a phone sent may hold any bytes; JSON takes UTF-8 only. */
static json_t *any_text(const char *text)
{
    json_t *shown = json_string(text);
    if (shown != NULL) {
        return shown;
    }
    char plain[USAGE_PARTY_SIZE];
    size_t size = 0;
    for (; text[size] != '\0' && size < sizeof(plain) - 1; size++) {
        plain[size] = (unsigned char)text[size] < 128 ? text[size] : '?';
    }
    return json_stringn(plain, size);
}

static json_t *write_sums(const struct statement *statement)
{
    json_t *sums = json_object();
    for (int i = 0; i < STATEMENT_KIND_COUNT; i++) {
        json_object_set_new(sums, statement_kind_name((enum statement_kind)i),
                            json_pack("{s:I,s:o}", "count", (json_int_t)statement->sums[i].count,
                                      "amount", api_money(statement->sums[i].amount_micro)));
    }
    return sums;
}

static json_t *write_destinations(const struct statement *statement)
{
    json_t *list = json_array();
    for (int i = 0; i < statement->destination_count; i++) {
        const struct statement_destination *row = &statement->destinations[i];
        json_array_append_new(
            list, json_pack("{s:s,s:b,s:I,s:I,s:o}", "prefix", row->prefix, "is_inbound",
                            row->is_inbound, "count", (json_int_t)row->sum.count, "talk_us",
                            (json_int_t)row->talk_us, "amount", api_money(row->sum.amount_micro)));
    }
    return list;
}

static json_t *write_children(const struct statement *statement)
{
    json_t *list = json_array();
    for (int i = 0; i < statement->child_count; i++) {
        const struct account_child *child = &statement->children[i];
        json_array_append_new(list, json_pack("{s:s,s:I,s:o}", "name", child->name, "id",
                                              (json_int_t)child->id, "balance_now",
                                              api_money(child->balance_micro)));
    }
    return list;
}

static json_t *write_line(const struct statement_line *line)
{
    json_t *call = line->has_call ? json_pack("{s:o,s:o,s:s,s:I}", "caller", any_text(line->caller),
                                              "callee", any_text(line->callee), "prefix",
                                              line->prefix, "talk_us", (json_int_t)line->talk_us)
                                  : json_null();
    return json_pack("{s:I,s:I,s:s,s:o,s:o,s:o,s:s,s:o}", "transfer", (json_int_t)line->number,
                     "wall_us", (json_int_t)line->wall_us, "kind", statement_kind_name(line->kind),
                     "amount", api_money(line->amount_micro), "balance",
                     api_money(line->balance_micro), "linked",
                     line->linked == 0 ? json_null() : api_u64(line->linked), "reason",
                     line->reason, "call", call);
}

json_t *statement_write_json(const struct statement *statement)
{
    char month[24];
    json_t *lines = json_array();
    for (int i = 0; i < statement->line_count; i++) {
        json_array_append_new(lines, write_line(&statement->lines[i]));
    }
    snprintf(month, sizeof(month), "%04d-%02d", statement->year, statement->month);
    return json_pack("{s:s,s:s,s:s,s:I,s:I,s:I,s:b,s:o,s:o,s:o,s:o,s:o,s:b,s:o,s:b,s:o}", "account",
                     statement->account, "currency", statement->currency, "month", month,
                     "wall_from_us", (json_int_t)statement->wall_from_us, "wall_to_us",
                     (json_int_t)statement->wall_to_us, "wall_made_us",
                     (json_int_t)statement->wall_made_us, "is_final", statement->is_final,
                     "opening", api_money(statement->opening_micro), "closing",
                     api_money(statement->closing_micro), "sums", write_sums(statement),
                     "destinations", write_destinations(statement), "sub_accounts",
                     write_children(statement), "has_all_sub_accounts", statement->has_all_children,
                     "promotions", balance_write_promotions(&statement->promotions), "has_calls",
                     statement->has_calls, "lines", lines);
}

/* ---- CSV ---- */

/* RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe: a caller's name
 * comes from a phone. */
static void put_text(FILE *out, const char *text)
{
    putc('"', out);
    if (text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL) {
        putc('\'', out);
    }
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"') {
            putc('"', out);
        }
        putc(*c, out);
    }
    putc('"', out);
}

static void put_money(FILE *out, int64_t micro)
{
    char text[MONEY_TEXT_SIZE];
    struct buf buf;
    buf_init(&buf, text, sizeof(text));
    money_write(&buf, micro);
    fwrite(text, 1, buf.size, out);
}

static void put_time(FILE *out, int64_t wall_us)
{
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm tm;
    char text[32];
    gmtime_r(&seconds, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
    fputs(text, out);
}

static void put_balance_line(FILE *out, int64_t wall_us, const char *kind, int64_t balance_micro)
{
    fputs(",", out);
    put_time(out, wall_us);
    fprintf(out, ",%s,,", kind);
    put_money(out, balance_micro);
    fputs(",,,,,,\n", out);
}

static void put_line(FILE *out, const struct statement_line *line)
{
    fprintf(out, "%" PRIu64 ",", line->number);
    put_time(out, line->wall_us);
    fprintf(out, ",%s,", statement_kind_name(line->kind));
    put_money(out, line->amount_micro);
    putc(',', out);
    put_money(out, line->balance_micro);
    putc(',', out);
    if (line->has_call) {
        put_text(out, line->caller);
        putc(',', out);
        put_text(out, line->callee);
        fprintf(out, ",%s,%" PRId64 ".%06" PRId64, line->prefix, line->talk_us / 1000000,
                line->talk_us % 1000000);
    } else {
        fputs(",,,", out);
    }
    putc(',', out);
    if (line->linked != 0) {
        fprintf(out, "%" PRIu64, line->linked);
    }
    putc(',', out);
    put_text(out, line->reason);
    putc('\n', out);
}

/* Of calls that have no lines, so that the lines still add up. */
static void put_call_sums(FILE *out, const struct statement *statement)
{
    for (int i = 0; i < statement->destination_count; i++) {
        const struct statement_destination *row = &statement->destinations[i];
        fputs(",,usage,", out);
        put_money(out, row->sum.amount_micro);
        fprintf(out, ",,,,%s,%" PRId64 ".%06" PRId64 ",,\"%" PRId64 " calls\"\n", row->prefix,
                row->talk_us / 1000000, row->talk_us % 1000000, row->sum.count);
    }
}

/* Below the closing balance: what they have when it is made. */
static void put_children(FILE *out, const struct statement *statement)
{
    for (int i = 0; i < statement->child_count; i++) {
        putc(',', out);
        put_time(out, statement->wall_made_us);
        fputs(",sub-account,,", out);
        put_money(out, statement->children[i].balance_micro);
        fputs(",,,,,,", out);
        put_text(out, statement->children[i].name);
        putc('\n', out);
    }
    if (!statement->has_all_children) {
        fputs(",,sub-account,,,,,,,,\"and more\"\n", out);
    }
}

/* The same, with when it ends as their time: what is left is no amount of the month. */
static void put_promotions(FILE *out, const struct statement *statement)
{
    for (int i = 0; i < statement->promotions.count; i++) {
        const struct promotion *row = &statement->promotions.rows[i];
        if (row->left_micro <= 0) {
            continue;
        }
        putc(',', out);
        put_time(out, row->wall_ends_us);
        fputs(",expires,,", out);
        put_money(out, row->left_micro);
        fprintf(out, ",,,,,%" PRIu64 ",\n", row->number);
    }
}

bool statement_write_csv(const struct statement *statement, char **text, size_t *size)
{
    char *made = NULL;
    size_t made_size = 0;
    FILE *out = open_memstream(&made, &made_size);
    if (out == NULL) {
        return false;
    }
    fputs("entry,time,kind,amount,balance,caller,callee,prefix,talk_s,of,reason\n", out);
    put_balance_line(out, statement->wall_from_us, "opening", statement->opening_micro);
    for (int i = 0; i < statement->line_count; i++) {
        put_line(out, &statement->lines[i]);
    }
    if (!statement->has_calls) {
        put_call_sums(out, statement);
    }
    put_balance_line(out, statement->is_final ? statement->wall_to_us : statement->wall_made_us,
                     "closing", statement->closing_micro);
    put_children(out, statement);
    put_promotions(out, statement);
    bool is_made = !ferror(out);
    is_made = fclose(out) == 0 && is_made;
    if (!is_made) {
        free(made);
        return false;
    }
    *text = made;
    *size = made_size;
    return true;
}
