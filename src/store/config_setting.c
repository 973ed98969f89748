#include "store/internal.h"

#include <stdio.h>
#include <string.h>

static enum store_result read_setting(struct store *store, const char *name, char *value,
                                      size_t value_size)
{
    static const char sql[] = "SELECT value FROM setting WHERE name = ?1";
    struct statement *statement = store_query(store, sql, "t", name);
    switch (store_step(store, statement)) {
    case ROW_FOUND:
        break;
    case ROW_NONE:
        return store_fail(store, STORE_ABSENT, "there is no setting %s", name);
    case ROW_FAILED:
        return store->failed;
    }
    if (column_slice(statement, 0).size >= value_size) {
        return store_fail(store, STORE_REFUSED, "setting %s is longer than asked for", name);
    }
    column_text(statement, 0, value, value_size);
    return STORE_OK;
}

enum store_result config_get_setting(struct store *store, const char *name, char *value,
                                     size_t value_size)
{
    if (!store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    return store_end(store, read_setting(store, name, value, value_size));
}

static enum store_result write_setting(struct store *store, const char *name, const char *value,
                                       const char *actor)
{
    static const char sql[] =
        "INSERT INTO setting (version, name, value) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (name) DO UPDATE SET version = ?1, value = ?3 RETURNING id";
    uint64_t number = 0;
    if (name[0] == '\0') {
        return store_fail(store, STORE_REFUSED, "a setting needs a name");
    }
    if (!change_number(store, &number)) {
        return store->failed;
    }
    struct statement *statement = store_query(store, sql, "utt", number, name, value);
    if (store_step(store, statement) != ROW_FOUND) {
        return store->failed;
    }
    uint64_t id = column_u64(statement, 0);
    statement_reset(statement);
    return change_put(store, CONFIG_SETTING, id, false, number) &&
                   change_note(store, actor, "setting", name, id)
               ? STORE_OK
               : store->failed;
}

enum store_result config_put_setting(struct store *store, const char *name, const char *value,
                                     const char *actor)
{
    if (!store_begin(store, STORE_WRITE)) {
        return store_end(store, store->failed);
    }
    return store_end(store, write_setting(store, name, value, actor));
}
