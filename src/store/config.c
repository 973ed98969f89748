/* config.c - the public functions of the configuration's rows; the engine is config_rows.c. */
#include "store/config_sql.h"

#define ENDPOINT_CHUNK 1000
#define LOG_PAGES_BEFORE_CHECKPOINT 8192

#define STORE_ROWS(type, name, index)                                                              \
    enum store_result config_get_##name(struct store *store, uint64_t id, struct type *out)        \
    {                                                                                              \
        return config_get(store, index, id, out);                                                  \
    }                                                                                              \
    enum store_result config_page_##name(struct store *store, uint64_t after, struct type *out,    \
                                         int max, int *count)                                      \
    {                                                                                              \
        return config_page(store, index, after, out, max, count);                                  \
    }                                                                                              \
    enum store_result config_put_##name(struct store *store, struct type *row, const char *actor)  \
    {                                                                                              \
        return config_put(store, index, row, actor);                                               \
    }                                                                                              \
    enum store_result config_remove_##name(struct store *store, uint64_t id, const char *actor)    \
    {                                                                                              \
        return config_remove(store, index, id, actor);                                             \
    }
STORE_ROWS(account, account, TABLE_ACCOUNT)
STORE_ROWS(endpoint, endpoint, TABLE_ENDPOINT)
STORE_ROWS(trunk, trunk, TABLE_TRUNK)
STORE_ROWS(number, number, TABLE_NUMBER)
STORE_ROWS(route_row, route, TABLE_ROUTE)
#undef STORE_ROWS

enum store_result config_account_by_name(struct store *store, const char *name, struct account *out)
{
    return config_by_key(store, TABLE_ACCOUNT, name, out);
}

enum store_result config_endpoint_by_user(struct store *store, const char *user,
                                          struct endpoint *out)
{
    return config_by_key(store, TABLE_ENDPOINT, user, out);
}

enum store_result config_trunk_by_name(struct store *store, const char *name, struct trunk *out)
{
    return config_by_key(store, TABLE_TRUNK, name, out);
}

enum store_result config_number_by_digits(struct store *store, const char *digits,
                                          struct number *out)
{
    return config_by_key(store, TABLE_NUMBER, digits, out);
}

enum store_result config_put_key(struct store *store, struct api_key *row, const char *actor)
{
    return config_put(store, TABLE_KEY, row, actor);
}

enum store_result config_key_by_hash(struct store *store, const char *hash, struct api_key *out)
{
    return config_by_key(store, TABLE_KEY, hash, out);
}

enum store_result config_page_key(struct store *store, uint64_t after, struct api_key *out, int max,
                                  int *count)
{
    return config_page(store, TABLE_KEY, after, out, max, count);
}

static enum store_result put_chunk(struct store *store, struct endpoint *rows, int count,
                                   const char *actor)
{
    uint64_t last = 0;
    if (!store_count(store, "change", (uint64_t)count, &last)) {
        return store->failed;
    }
    for (int i = 0; i < count; i++) {
        uint64_t number = last - (uint64_t)(count - 1 - i);
        enum store_result result = config_put_row(store, TABLE_ENDPOINT, &rows[i], number);
        if (result != STORE_OK) {
            return result;
        }
    }
    return change_note(store, actor, "endpoint", "made many, the last is this", rows[count - 1].id)
               ? STORE_OK
               : store->failed;
}

enum store_result config_put_endpoints(struct store *store, struct endpoint *rows, int count,
                                       const char *actor)
{
    for (int at = 0; at < count; at += ENDPOINT_CHUNK) {
        int chunk = count - at < ENDPOINT_CHUNK ? count - at : ENDPOINT_CHUNK;
        if (!store_begin(store, STORE_WRITE)) {
            return store_end(store, store->failed);
        }
        enum store_result result = store_end(store, put_chunk(store, &rows[at], chunk, actor));
        if (result != STORE_OK) {
            return result;
        }
        /* A million rows would make a log of gigabytes before anybody else looked at it. */
        if (store->options.is_checkpointer && store->log_pages > LOG_PAGES_BEFORE_CHECKPOINT) {
            result = store_checkpoint(store);
            if (result != STORE_OK) {
                return result;
            }
        }
    }
    return STORE_OK;
}
