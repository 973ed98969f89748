#include "store/trunk_quality.h"

#include "base/clock.h"
#include "store/internal.h"

static bool add_one(struct store *store, const struct trunk_quality *news, int64_t wall_us)
{
    static const char sql[] =
        "INSERT INTO trunk_quality (trunk, calls, answered, delays, delay_sum_ms, wall_us)"
        " SELECT id, 0, 0, 0, 0, 0 FROM trunk WHERE id = ?1 ON CONFLICT (trunk) DO NOTHING";
    static const char add_sql[] =
        "UPDATE trunk_quality SET"
        " calls = (calls + ?2) / CASE WHEN calls + ?2 >= ?7 THEN 2 ELSE 1 END,"
        " answered = (answered + ?3) / CASE WHEN calls + ?2 >= ?7 THEN 2 ELSE 1 END,"
        " delays = (delays + ?4) / CASE WHEN calls + ?2 >= ?7 THEN 2 ELSE 1 END,"
        " delay_sum_ms = (delay_sum_ms + ?5) / CASE WHEN calls + ?2 >= ?7 THEN 2 ELSE 1 END,"
        " wall_us = ?6 WHERE trunk = ?1";
    return store_run(store, sql, "u", news->trunk_id) &&
           store_run(store, add_sql, "uiiiiii", news->trunk_id, news->calls, news->answered,
                     news->delays, news->delay_sum_ms, wall_us, (int64_t)TRUNK_QUALITY_FULL);
}

enum store_result trunk_quality_add(struct store *store, const struct trunk_quality *news,
                                    int count)
{
    int64_t wall_us = clock_wall_us();
    if (count == 0) {
        return STORE_OK;
    }
    if (!store_begin(store, STORE_WRITE)) {
        return store_end(store, store->failed);
    }
    for (int i = 0; i < count; i++) {
        if (!add_one(store, &news[i], wall_us)) {
            return store_end(store, store->failed);
        }
    }
    return store_end(store, STORE_OK);
}

static void read_row(struct statement *statement, void *any)
{
    struct trunk_quality *row = any;
    *row = (struct trunk_quality){.trunk_id = column_u64(statement, 0),
                                  .calls = column_i64(statement, 2),
                                  .answered = column_i64(statement, 3),
                                  .delays = column_i64(statement, 4),
                                  .delay_sum_ms = column_i64(statement, 5),
                                  .wall_us = column_i64(statement, 6)};
    column_text(statement, 1, row->trunk, sizeof(row->trunk));
}

enum store_result trunk_quality_page(struct store *store, uint64_t after, struct trunk_quality *out,
                                     int max, int *count)
{
    static const char sql[] =
        "SELECT q.trunk, t.name, q.calls, q.answered, q.delays, q.delay_sum_ms, q.wall_us"
        " FROM trunk_quality q JOIN trunk t ON t.id = q.trunk WHERE q.trunk > ?1"
        " ORDER BY q.trunk LIMIT ?2";
    struct store_page page = {out, sizeof(*out), max, read_row};
    if (!store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    struct statement *statement = store_query(store, sql, "ui", after, (int64_t)max);
    return store_end_page(store, statement, &page, count);
}
