/* trunk_quality.c - GET /v1/trunk-quality: how good trunks have been lately, over all edges. */
#include "store/trunk_quality.h"
#include "api/handlers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* In tenths, rounded: no money. */
static json_t *percent(int64_t part, int64_t whole)
{
    if (whole <= 0) {
        return json_null();
    }
    int64_t tenths = (1000 * part + whole / 2) / whole;
    return json_real((double)tenths / 10.0);
}

static json_t *write_row(const struct trunk_quality *row, int64_t wall_us)
{
    int64_t age_us = wall_us > row->wall_us ? wall_us - row->wall_us : 0;
    return json_pack("{s:I,s:s,s:I,s:I,s:o,s:I,s:o,s:I,s:I}", "trunk_id", (json_int_t)row->trunk_id,
                     "trunk", row->trunk, "calls", (json_int_t)row->calls, "answered",
                     (json_int_t)row->answered, "asr_percent", percent(row->answered, row->calls),
                     "measured", (json_int_t)row->delays, "pdd_ms",
                     row->delays <= 0 ? json_null() : json_integer(row->delay_sum_ms / row->delays),
                     "wall_us", (json_int_t)row->wall_us, "age_us", (json_int_t)age_us);
}

void trunk_quality_list(struct api_call *call)
{
    uint64_t after = 0;
    int max = 0, count = 0;
    if (!api_argument_max(call, &max) || !api_argument_u64(call, "cursor", INT64_MAX, &after)) {
        return;
    }
    struct trunk_quality *rows = calloc((size_t)max, sizeof(*rows));
    struct store *store = api_store(call);
    if (rows != NULL && store != NULL &&
        api_store_ok(call, trunk_quality_page(store, after, rows, max, &count), "trunk")) {
        json_t *items = json_array();
        for (int i = 0; i < count; i++) {
            json_array_append_new(items, write_row(&rows[i], call->wall_us));
        }
        char next[24];
        snprintf(next, sizeof(next), "%" PRIu64, count == 0 ? 0 : rows[count - 1].trunk_id);
        api_json(call, 200,
                 json_pack("{s:o,s:o}", "items", items, "next",
                           count == max ? json_string(next) : json_null()));
    }
    free(rows);
}
