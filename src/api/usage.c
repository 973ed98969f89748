/* usage.c - the export of call records by sequence: a billing system reads it on and on. */
#include "api/handlers.h"
#include "api/records.h"

#include <inttypes.h>
#include <stdlib.h>

#define MARKS_TEXT_SIZE (USAGE_MARKS_MAX * 44) /* each "INCARNATION:SEQUENCE," */

/* "1:4711,2:33", as `next` says it. */
static bool parse_marks(struct slice text, struct usage_marks *marks)
{
    struct slice rest = text;
    do {
        struct slice sequence = slice_split(&rest, ',');
        struct slice incarnation = slice_split(&sequence, ':');
        struct usage_mark mark;
        if (marks->count == USAGE_MARKS_MAX ||
            !slice_to_u64(incarnation, INT64_MAX, &mark.incarnation) ||
            !slice_to_u64(sequence, INT64_MAX, &mark.sequence)) {
            return false;
        }
        marks->marks[marks->count++] = mark;
    } while (rest.size > 0);
    return true;
}

static json_t *write_marks(const struct usage_marks *marks)
{
    char text[MARKS_TEXT_SIZE];
    struct buf buf;
    buf_init(&buf, text, sizeof(text));
    for (int i = 0; i < marks->count; i++) {
        buf_printf(&buf, "%s%" PRIu64 ":%" PRIu64, i == 0 ? "" : ",", marks->marks[i].incarnation,
                   marks->marks[i].sequence);
    }
    return json_stringn(text, buf.size);
}

static bool read_marks(struct api_call *call, struct usage_marks *marks)
{
    const char *after = api_argument(call, "after");
    if (after == NULL || parse_marks(slice_from_text(after), marks)) {
        return true;
    }
    api_problem_field(call, "after",
                      "\"after\" is the \"next\" of an answer, such as 1:4711 or 1:4711,2:33: an "
                      "incarnation and the last sequence that you have of it.");
    return false;
}

void usage_export(struct api_call *call)
{
    struct usage_marks marks = {0};
    uint64_t account_id = 0;
    int max = 0;
    int count = 0;
    bool has_more = false;
    if (!api_argument_max(call, &max) || !read_marks(call, &marks) ||
        !api_filter_account(call, &account_id)) {
        return;
    }
    struct cdr_row *rows = calloc((size_t)max, sizeof(*rows));
    struct store *store = api_store(call);
    if (rows != NULL && store != NULL &&
        api_store_ok(call, cdr_export(store, account_id, &marks, rows, max, &count, &has_more),
                     "call record")) {
        json_t *items = json_array();
        bool is_operator = call->principal.role == API_ROLE_OPERATOR;
        for (int i = 0; i < count; i++) {
            json_array_append_new(items, records_write_cdr(&rows[i], is_operator));
        }
        api_json(call, 200,
                 json_pack("{s:o,s:o,s:b}", "items", items, "next", write_marks(&marks), "has_more",
                           has_more));
    }
    free(rows);
}
