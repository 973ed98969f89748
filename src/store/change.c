/* change.c - the change feed: the newest change of each row, in the order of commits. */
#include "base/clock.h"
#include "store/internal.h"

#include <stdio.h>

bool change_number(struct store *store, uint64_t *number)
{
    return store_count(store, "change", 1, number);
}

bool change_put(struct store *store, enum config_kind kind, uint64_t id, bool is_removed,
                uint64_t number)
{
    static const char sql[] =
        "INSERT INTO change (kind, id, number, is_removed) VALUES (?1, ?2, ?3, ?4)"
        " ON CONFLICT (kind, id) DO UPDATE SET number = ?3, is_removed = ?4";
    return store_run(store, sql, "iuui", (int64_t)kind, id, number, (int64_t)is_removed);
}

bool change_note(struct store *store, const char *actor, const char *what, const char *did,
                 uint64_t id)
{
    struct event_row row = {.wall_us = clock_wall_us(), .kind = "config"};
    struct buf text;
    buf_init(&text, row.text, sizeof(row.text) - 1);
    buf_char(&text, '{');
    buf_json_text(&text, "actor", slice_from_text(actor == NULL ? "" : actor));
    buf_json_text(&text, "what", slice_from_text(what));
    buf_json_text(&text, "did", slice_from_text(did));
    buf_json_i64(&text, "id", (int64_t)id);
    buf_char(&text, '}');
    if (text.is_full) {
        snprintf(row.text, sizeof(row.text), "{}");
    }
    return event_add(store, &row);
}

static void read_change(struct statement *statement, void *row)
{
    *(struct config_change *)row = (struct config_change){
        .number = column_u64(statement, 0),
        .kind = (enum config_kind)column_i64(statement, 1),
        .id = column_u64(statement, 2),
        .is_removed = column_bool(statement, 3),
    };
}

enum store_result config_changes(struct store *store, uint64_t after, struct config_change *out,
                                 int max, int *count)
{
    static const char sql[] = "SELECT number, kind, id, is_removed FROM change WHERE number > ?1"
                              " ORDER BY number LIMIT ?2";
    struct store_page page = {out, sizeof(*out), max, read_change};
    if (!store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    struct statement *statement = store_query(store, sql, "ui", after, (int64_t)max);
    return store_end_page(store, statement, &page, count);
}
