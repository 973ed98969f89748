/* statement_lines.c - entries, newest first, become the lines and sums of a month. */
#include "api/statement.h"

#include <stdlib.h>
#include <string.h>

static const char *const kind_names[STATEMENT_KIND_COUNT] = {
    [STATEMENT_TOPUP] = "topup",   [STATEMENT_BONUS] = "bonus",
    [STATEMENT_REFUND] = "refund", [STATEMENT_ADJUSTMENT] = "adjustment",
    [STATEMENT_USAGE] = "usage",   [STATEMENT_TRANSFER] = "transfer",
    [STATEMENT_EXPIRY] = "expiry",
};

const char *statement_kind_name(enum statement_kind kind)
{
    return kind_names[kind];
}

static enum statement_kind kind_of(const char *name)
{
    for (int i = 0; i < STATEMENT_KIND_COUNT; i++) {
        if (strcmp(kind_names[i], name) == 0) {
            return (enum statement_kind)i;
        }
    }
    return STATEMENT_ADJUSTMENT; /* another kind of a later version is shown, and counted */
}

static void add_sum(struct statement_sum *sum, int64_t amount_micro)
{
    sum->count++;
    sum->amount_micro = money_add_clamped(sum->amount_micro, amount_micro);
}

/* ---- by destination ---- */

static bool is_destination(const struct statement_destination *destination, const char *prefix,
                           bool is_inbound)
{
    return destination->is_inbound == is_inbound && strcmp(destination->prefix, prefix) == 0;
}

/* Beyond the limit, all that is new counts as the one without a prefix, which comes first. */
static struct statement_destination *find_destination(struct statement_maker *maker,
                                                      const char *prefix, bool is_inbound)
{
    struct statement *statement = &maker->statement;
    for (int i = 0; i < statement->destination_count; i++) {
        if (is_destination(&statement->destinations[i], prefix, is_inbound)) {
            return &statement->destinations[i];
        }
    }
    if (statement->destination_count >= STATEMENT_DESTINATIONS_MAX && prefix[0] != '\0') {
        return find_destination(maker, "", is_inbound);
    }
    if (statement->destination_count == maker->destination_max) {
        int room = maker->destination_max == 0 ? 32 : 2 * maker->destination_max;
        struct statement_destination *grown =
            realloc(statement->destinations, (size_t)room * sizeof(*grown));
        if (grown == NULL) {
            return NULL;
        }
        statement->destinations = grown;
        maker->destination_max = room;
    }
    struct statement_destination *made = &statement->destinations[statement->destination_count++];
    *made = (struct statement_destination){.is_inbound = is_inbound};
    text_copy(made->prefix, sizeof(made->prefix), prefix);
    return made;
}

static bool add_call(struct statement_maker *maker, const struct statement_row *row)
{
    const struct usage *usage = &row->usage;
    struct statement_destination *destination =
        find_destination(maker, row->has_usage ? usage->rate.prefix : "",
                         row->has_usage && (usage->flags & USAGE_INBOUND) != 0);
    if (destination == NULL) {
        return false;
    }
    add_sum(&destination->sum, row->transfer.amount_micro);
    if (row->has_usage) {
        destination->talk_us += usage->talk_to_us - usage->talk_from_us;
    }
    return true;
}

/* ---- lines ---- */

/* The calls leave: they are in the sums. */
static void drop_calls(struct statement *statement)
{
    int kept = 0;
    for (int i = 0; i < statement->line_count; i++) {
        if (statement->lines[i].kind != STATEMENT_USAGE) {
            statement->lines[kept++] = statement->lines[i];
        }
    }
    statement->line_count = kept;
    statement->has_calls = false;
}

static bool has_room(struct statement_maker *maker)
{
    struct statement *statement = &maker->statement;
    if (statement->line_count < maker->line_max) {
        return true;
    }
    int room = maker->line_max == 0 ? 64 : 2 * maker->line_max;
    struct statement_line *grown = realloc(statement->lines, (size_t)room * sizeof(*grown));
    if (grown == NULL) {
        return false;
    }
    statement->lines = grown;
    maker->line_max = room;
    return true;
}

static void write_line(struct statement_line *line, enum statement_kind kind,
                       const struct statement_row *row)
{
    const struct transfer_row *transfer = &row->transfer;
    *line = (struct statement_line){
        .number = transfer->number,
        .wall_us = transfer->wall_us,
        .kind = kind,
        .amount_micro = transfer->amount_micro,
        .balance_micro = row->balance_micro,
        .linked = transfer->linked,
        .has_call = row->has_usage,
    };
    text_copy(line->reason, sizeof(line->reason), transfer->reason);
    if (row->has_usage) {
        text_copy(line->caller, sizeof(line->caller), row->usage.caller);
        text_copy(line->callee, sizeof(line->callee), row->usage.callee);
        text_copy(line->prefix, sizeof(line->prefix), row->usage.rate.prefix);
        line->talk_us = row->usage.talk_to_us - row->usage.talk_from_us;
    }
}

static enum statement_step add_line(struct statement_maker *maker, enum statement_kind kind,
                                    const struct statement_row *row)
{
    struct statement *statement = &maker->statement;
    if (statement->line_count == STATEMENT_LINES_MAX && statement->has_calls) {
        drop_calls(statement);
    }
    if (kind == STATEMENT_USAGE && !statement->has_calls) {
        return STATEMENT_GOES_ON;
    }
    if (statement->line_count == STATEMENT_LINES_MAX) {
        return STATEMENT_TOO_LONG;
    }
    if (!has_room(maker)) {
        return STATEMENT_FAILED;
    }
    write_line(&statement->lines[statement->line_count++], kind, row);
    return STATEMENT_GOES_ON;
}

enum statement_step statement_take(struct statement_maker *maker, const struct statement_row *row)
{
    struct statement *statement = &maker->statement;
    int64_t wall_us = row->transfer.wall_us;
    if (!maker->has_closing) {
        if (wall_us >= statement->wall_to_us) {
            return STATEMENT_GOES_ON; /* of a later month */
        }
        maker->has_closing = true;
        statement->closing_micro = row->balance_micro;
        statement->has_calls = true;
    }
    if (wall_us < statement->wall_from_us) {
        return STATEMENT_OVER;
    }
    enum statement_kind kind = kind_of(row->transfer.kind);
    add_sum(&statement->sums[kind], row->transfer.amount_micro);
    if (kind == STATEMENT_USAGE && !add_call(maker, row)) {
        return STATEMENT_FAILED;
    }
    return add_line(maker, kind, row);
}

/* The dearest first: charges are below zero. */
static int compare_destinations(const void *a, const void *b)
{
    const struct statement_destination *one = a, *other = b;
    if (one->sum.amount_micro != other->sum.amount_micro) {
        return one->sum.amount_micro < other->sum.amount_micro ? -1 : 1;
    }
    return strcmp(one->prefix, other->prefix);
}

void statement_finish(struct statement_maker *maker, int64_t balance_micro)
{
    struct statement *statement = &maker->statement;
    statement->opening_micro = balance_micro;
    if (!maker->has_closing) { /* nothing happened until the end of the month */
        statement->closing_micro = balance_micro;
        statement->has_calls = true;
    }
    for (int i = 0, j = statement->line_count - 1; i < j; i++, j--) {
        struct statement_line line = statement->lines[i];
        statement->lines[i] = statement->lines[j];
        statement->lines[j] = line;
    }
    if (statement->destination_count > 1) {
        qsort(statement->destinations, (size_t)statement->destination_count,
              sizeof(*statement->destinations), compare_destinations);
    }
}

void statement_done(struct statement *statement)
{
    free(statement->lines);
    free(statement->destinations);
    free(statement->children);
    statement->children = NULL;
    statement->lines = NULL;
    statement->destinations = NULL;
}
