/* config_rows.c - get, page, put and remove for every table of the configuration. */
#include "store/config_sql.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SQL_SIZE 1536
#define LIST_SIZE 1024

struct table_sql {
    char get[SQL_SIZE], by_key[SQL_SIZE], page[SQL_SIZE];
    char insert[SQL_SIZE], update[SQL_SIZE], remove[SQL_SIZE];
};

struct config_sql {
    struct table_sql tables[TABLE_COUNT];
};

void config_sql_free(struct config_sql *sql)
{
    free(sql);
}

static void write_column_names(struct buf *out, const struct config_table *table)
{
    for (int i = 0; i < table->column_count; i++) {
        buf_printf(out, ", \"%s\"", table->columns[i].name);
    }
}

static void start(struct buf *out, char *text)
{
    buf_init(out, text, SQL_SIZE - 1);
}

static void finish(struct buf *out)
{
    assert(!out->is_full);
    out->data[out->size] = '\0';
}

static void write_select(char *text, const struct config_table *table, const char *rest)
{
    struct buf out;
    start(&out, text);
    buf_text(&out, "SELECT id, version");
    write_column_names(&out, table);
    buf_printf(&out, " FROM %s WHERE %s", table->name, rest);
    finish(&out);
}

/* Parameters: 1 the id (not of a new row), 2 the version, then the columns in their order. Both
 * answer the row's id. */
static void write_changes(struct table_sql *sql, const struct config_table *table)
{
    struct buf out;
    start(&out, sql->insert);
    buf_printf(&out, "INSERT INTO %s (version", table->name);
    write_column_names(&out, table);
    buf_text(&out, ") VALUES (?2");
    for (int i = 0; i < table->column_count; i++) {
        buf_printf(&out, ", ?%d", i + 3);
    }
    buf_text(&out, ") RETURNING id");
    finish(&out);

    start(&out, sql->update);
    buf_printf(&out, "UPDATE %s SET version = ?2", table->name);
    for (int i = 0; i < table->column_count; i++) {
        buf_printf(&out, ", \"%s\" = ?%d", table->columns[i].name, i + 3);
    }
    buf_text(&out, " WHERE id = ?1 RETURNING id");
    finish(&out);

    start(&out, sql->remove);
    buf_printf(&out, "DELETE FROM %s WHERE id = ?1", table->name);
    finish(&out);
}

static const struct table_sql *sql_of(struct store *store, enum config_table_index index)
{
    if (store->config_sql == NULL) {
        store->config_sql = calloc(1, sizeof(*store->config_sql));
        if (store->config_sql == NULL) {
            store_fail(store, STORE_UNKNOWN, "no memory");
            return NULL;
        }
    }
    struct table_sql *sql = &store->config_sql->tables[index];
    if (sql->get[0] == '\0') {
        const struct config_table *table = config_table(index);
        char where_key[64] = "id < 0";
        if (table->key != NULL) {
            snprintf(where_key, sizeof(where_key), "\"%s\" = ?1", table->key);
        }
        write_select(sql->get, table, "id = ?1");
        write_select(sql->by_key, table, where_key);
        write_select(sql->page, table, "id > ?1 ORDER BY id LIMIT ?2");
        write_changes(sql, table);
    }
    return sql;
}

static void write_identities(struct buf *out, const struct endpoint *row)
{
    for (int i = 0; i < row->identity_count && i < ENDPOINT_IDENTITIES_MAX; i++) {
        buf_text(out, i == 0 ? "" : ",");
        buf_text(out, row->identities[i]);
    }
}

static void write_acl(struct buf *out, const struct trunk *row)
{
    for (int i = 0; i < row->acl_count && i < TRUNK_ACL_MAX; i++) {
        buf_text(out, i == 0 ? "" : ",");
        trunk_acl_write(out, &row->acl[i]);
    }
}

/* Into `text`, which lives until the row was written. */
static struct slice write_list(const struct config_column *column, const void *row,
                               char text[LIST_SIZE])
{
    struct buf out;
    buf_init(&out, text, LIST_SIZE);
    if (column->type == COLUMN_IDENTITIES) {
        write_identities(&out, row);
    } else {
        write_acl(&out, row);
    }
    assert(!out.is_full);
    return buf_done(&out);
}

static void bind_reference(struct statement *statement, uint64_t id)
{
    if (id == 0) {
        bind_null(statement);
    } else {
        bind_i64(statement, (int64_t)id);
    }
}

static void bind_column(struct statement *statement, const struct config_column *column,
                        const void *row, char list[LIST_SIZE])
{
    const void *field = (const char *)row + column->offset;
    switch (column->type) {
    case COLUMN_TEXT:
        bind_bytes(statement, VALUE_TEXT, slice_make(field, strnlen(field, column->size)));
        break;
    case COLUMN_BLOB:
        bind_bytes(statement, VALUE_BLOB, slice_make(field, column->size));
        break;
    case COLUMN_BOOL:
        bind_i64(statement, *(const bool *)field);
        break;
    case COLUMN_U8:
        bind_i64(statement, *(const uint8_t *)field);
        break;
    case COLUMN_U16:
        bind_i64(statement, *(const uint16_t *)field);
        break;
    case COLUMN_U32:
        bind_i64(statement, *(const uint32_t *)field);
        break;
    case COLUMN_I32:
        bind_i64(statement, *(const int32_t *)field);
        break;
    case COLUMN_I64:
        bind_i64(statement, *(const int64_t *)field);
        break;
    case COLUMN_U64:
        bind_i64(statement, (int64_t) * (const uint64_t *)field);
        break;
    case COLUMN_REF32:
        bind_reference(statement, *(const uint32_t *)field);
        break;
    case COLUMN_REF64:
        bind_reference(statement, *(const uint64_t *)field);
        break;
    case COLUMN_IDENTITIES:
    case COLUMN_ACL:
        bind_bytes(statement, VALUE_TEXT, write_list(column, row, list));
        break;
    }
}

static void read_identities(struct slice text, struct endpoint *row)
{
    while (text.size > 0 && row->identity_count < ENDPOINT_IDENTITIES_MAX) {
        struct slice one = slice_split(&text, ',');
        if (slice_copy_text(one, row->identities[row->identity_count], NUMBER_SIZE)) {
            row->identity_count++;
        }
    }
}

static void read_acl(struct slice text, struct trunk *row)
{
    while (text.size > 0 && row->acl_count < TRUNK_ACL_MAX) {
        struct slice one = slice_split(&text, ',');
        if (trunk_acl_parse(one, &row->acl[row->acl_count])) {
            row->acl_count++;
        }
    }
}

static void read_column(struct statement *statement, int at, const struct config_column *column,
                        void *row)
{
    void *field = (char *)row + column->offset;
    struct slice bytes = column_slice(statement, at);
    int64_t value = column_i64(statement, at);
    switch (column->type) {
    case COLUMN_TEXT:
        column_text(statement, at, field, column->size);
        break;
    case COLUMN_BLOB:
        memcpy(field, bytes.data, bytes.size < column->size ? bytes.size : column->size);
        break;
    case COLUMN_BOOL:
        *(bool *)field = value != 0;
        break;
    case COLUMN_U8:
        *(uint8_t *)field = (uint8_t)value;
        break;
    case COLUMN_U16:
        *(uint16_t *)field = (uint16_t)value;
        break;
    case COLUMN_U32:
    case COLUMN_REF32:
        *(uint32_t *)field = (uint32_t)value;
        break;
    case COLUMN_I32:
        *(int32_t *)field = (int32_t)value;
        break;
    case COLUMN_I64:
        *(int64_t *)field = value;
        break;
    case COLUMN_U64:
    case COLUMN_REF64:
        *(uint64_t *)field = (uint64_t)value;
        break;
    case COLUMN_IDENTITIES:
        read_identities(bytes, row);
        break;
    case COLUMN_ACL:
        read_acl(bytes, row);
        break;
    }
}

static void read_row(struct statement *statement, const struct config_table *table, void *out)
{
    memset(out, 0, table->row_size);
    *(uint64_t *)(void *)((char *)out + table->id_offset) = column_u64(statement, 0);
    *(uint64_t *)(void *)((char *)out + table->version_offset) = column_u64(statement, 1);
    for (int i = 0; i < table->column_count; i++) {
        read_column(statement, i + 2, &table->columns[i], out);
    }
}

static enum store_result read_one(struct store *store, const struct config_table *table,
                                  struct statement *statement, void *out)
{
    switch (store_step(store, statement)) {
    case ROW_FOUND:
        read_row(statement, table, out);
        return STORE_OK;
    case ROW_NONE:
        return store_fail(store, STORE_ABSENT, "there is no such %s", table->name);
    case ROW_FAILED:
        break;
    }
    return store->failed;
}

enum store_result config_get_row(struct store *store, enum config_table_index index, uint64_t id,
                                 void *out)
{
    const struct table_sql *sql = sql_of(store, index);
    return sql == NULL
               ? store->failed
               : read_one(store, config_table(index), store_query(store, sql->get, "u", id), out);
}

enum store_result config_get(struct store *store, enum config_table_index index, uint64_t id,
                             void *out)
{
    const struct table_sql *sql = sql_of(store, index);
    if (sql == NULL || !store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    struct statement *statement = store_query(store, sql->get, "u", id);
    return store_end(store, read_one(store, config_table(index), statement, out));
}

enum store_result config_by_key(struct store *store, enum config_table_index index, const char *key,
                                void *out)
{
    const struct table_sql *sql = sql_of(store, index);
    if (sql == NULL || !store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    struct statement *statement = store_query(store, sql->by_key, "t", key);
    return store_end(store, read_one(store, config_table(index), statement, out));
}

static enum store_result read_page(struct store *store, const struct config_table *table,
                                   struct statement *statement, void *out, int max, int *count)
{
    int found = 0;
    enum row_step step;
    while (found < max && (step = store_step(store, statement)) != ROW_NONE) {
        if (step == ROW_FAILED) {
            return store->failed;
        }
        read_row(statement, table, (char *)out + (size_t)found * table->row_size);
        found++;
    }
    *count = found;
    return STORE_OK;
}

enum store_result config_page(struct store *store, enum config_table_index index, uint64_t after,
                              void *out, int max, int *count)
{
    const struct table_sql *sql = sql_of(store, index);
    if (sql == NULL || !store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    struct statement *statement = store_query(store, sql->page, "ui", after, (int64_t)max);
    return store_end(store, read_page(store, config_table(index), statement, out, max, count));
}

/* NONE: there is no row with that id. */
static enum row_step write_row(struct store *store, const struct config_table *table,
                               const char *sql, const void *row, uint64_t *id, uint64_t version)
{
    char list[LIST_SIZE];
    struct statement *statement = store_query(store, sql, "nu", *id, version);
    if (statement == NULL) {
        return ROW_FAILED;
    }
    for (int i = 0; i < table->column_count; i++) {
        bind_column(statement, &table->columns[i], row, list);
    }
    enum row_step step = store_step(store, statement);
    if (step == ROW_FOUND) {
        *id = column_u64(statement, 0);
        statement_reset(statement);
    }
    return step;
}

enum store_result config_put_row(struct store *store, enum config_table_index index, void *row,
                                 uint64_t number)
{
    const struct config_table *table = config_table(index);
    const struct table_sql *sql = sql_of(store, index);
    uint64_t *id = (uint64_t *)(void *)((char *)row + table->id_offset);
    uint64_t *version = (uint64_t *)(void *)((char *)row + table->version_offset);
    const char *fault = table->fault_of == NULL ? NULL : table->fault_of(row);
    if (fault != NULL) {
        return store_fail(store, STORE_REFUSED, "%s", fault);
    }
    bool is_new = *id == 0;
    uint64_t new_id = *id;
    if (sql == NULL) {
        return store->failed;
    }
    switch (write_row(store, table, is_new ? sql->insert : sql->update, row, &new_id, number)) {
    case ROW_FOUND:
        break;
    case ROW_NONE:
        return store_fail(store, STORE_ABSENT, "there is no such %s", table->name);
    case ROW_FAILED:
        return store->failed;
    }
    if (!change_put(store, table->kind, new_id, false, number)) {
        return store->failed;
    }
    /* The caller's row is changed at once, and put back by config_put if the commit fails. */
    *id = new_id;
    *version = number;
    return table->after_put == NULL ? STORE_OK : table->after_put(store, row, is_new);
}

enum store_result config_put(struct store *store, enum config_table_index index, void *row,
                             const char *actor)
{
    const struct config_table *table = config_table(index);
    uint64_t *id = (uint64_t *)(void *)((char *)row + table->id_offset);
    uint64_t *version = (uint64_t *)(void *)((char *)row + table->version_offset);
    uint64_t id_before = *id, version_before = *version;
    if (!store_begin(store, STORE_WRITE)) {
        return store_end(store, store->failed);
    }
    uint64_t number = 0;
    enum store_result result =
        change_number(store, &number) ? config_put_row(store, index, row, number) : store->failed;
    if (result == STORE_OK &&
        !change_note(store, actor, table->name, id_before == 0 ? "made" : "changed", *id)) {
        result = store->failed;
    }
    result = store_end(store, result);
    if (result != STORE_OK) {
        *id = id_before;
        *version = version_before;
    }
    return result;
}

static enum store_result remove_row(struct store *store, enum config_table_index index, uint64_t id,
                                    const char *actor)
{
    const struct config_table *table = config_table(index);
    const struct table_sql *sql = sql_of(store, index);
    enum store_result allowed =
        table->before_remove == NULL ? STORE_OK : table->before_remove(store, id);
    if (allowed != STORE_OK) {
        return allowed;
    }
    int64_t touched = 0;
    if (sql == NULL || !store_run_now(store, &touched, sql->remove, "u", id)) {
        /* Only a row that others name can be refused here. */
        return store->failed == STORE_REFUSED
                   ? store_fail(store, STORE_CONFLICT, "other rows use this %s", table->name)
                   : store->failed;
    }
    if (touched == 0) {
        return store_fail(store, STORE_ABSENT, "there is no such %s", table->name);
    }
    uint64_t number = 0;
    if (!change_number(store, &number) || !change_put(store, table->kind, id, true, number) ||
        !change_note(store, actor, table->name, "removed", id)) {
        return store->failed;
    }
    return STORE_OK;
}

enum store_result config_remove(struct store *store, enum config_table_index index, uint64_t id,
                                const char *actor)
{
    if (!store_begin(store, STORE_WRITE)) {
        return store_end(store, store->failed);
    }
    return store_end(store, remove_row(store, index, id, actor));
}
