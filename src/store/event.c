/* event.c - refusals, alarms and changes of the configuration, for people to read later. */
#include "store/internal.h"

#define EVENTS_A_TRANSACTION 1000

bool event_add(struct store *store, const struct event_row *row)
{
    static const char sql[] =
        "INSERT INTO event (wall_us, kind, account, text) VALUES (?1, ?2, ?3, ?4)";
    return store_run(store, sql, "itnt", row->wall_us, row->kind, row->account_id, row->text);
}

static enum store_result put_chunk(struct store *store, const struct event_row *rows, int count)
{
    for (int i = 0; i < count; i++) {
        if (!event_add(store, &rows[i])) {
            return store->failed;
        }
    }
    return STORE_OK;
}

enum store_result event_put(struct store *store, const struct event_row *rows, int count)
{
    for (int at = 0; at < count; at += EVENTS_A_TRANSACTION) {
        int chunk = count - at < EVENTS_A_TRANSACTION ? count - at : EVENTS_A_TRANSACTION;
        if (!store_begin(store, STORE_WRITE)) {
            return store_end(store, store->failed);
        }
        enum store_result result = store_end(store, put_chunk(store, &rows[at], chunk));
        if (result != STORE_OK) {
            return result;
        }
    }
    return STORE_OK;
}

static struct statement *start_query(struct store *store, const char *kind, uint64_t account_id,
                                     uint64_t before)
{
    static const char of_all[] = "SELECT row, wall_us, kind, account, text FROM event"
                                 " WHERE row < ?1 ORDER BY row DESC";
    static const char of_kind[] = "SELECT row, wall_us, kind, account, text FROM event"
                                  " WHERE row < ?1 AND kind = ?2 ORDER BY row DESC";
    static const char of_account[] = "SELECT row, wall_us, kind, account, text FROM event"
                                     " WHERE row < ?1 AND (?2 = '' OR kind = ?2)"
                                     " AND account = ?3 ORDER BY row DESC";
    uint64_t below = before == 0 ? INT64_MAX : before;
    const char *wanted = kind == NULL ? "" : kind;
    if (account_id != 0) {
        return store_query(store, of_account, "utu", below, wanted, account_id);
    }
    return wanted[0] == '\0' ? store_query(store, of_all, "u", below)
                             : store_query(store, of_kind, "ut", below, wanted);
}

static void read_row(struct statement *statement, void *any)
{
    struct event_row *row = any;
    row->row = column_u64(statement, 0);
    row->wall_us = column_i64(statement, 1);
    column_text(statement, 2, row->kind, sizeof(row->kind));
    row->account_id = column_u64(statement, 3);
    column_text(statement, 4, row->text, sizeof(row->text));
}

enum store_result event_page(struct store *store, const char *kind, uint64_t account_id,
                             uint64_t before, struct event_row *out, int max, int *count)
{
    struct store_page page = {out, sizeof(*out), max, read_row};
    if (!store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    return store_end_page(store, start_query(store, kind, account_id, before), &page, count);
}
