/* copy_table.c - which tables a ledger has, by what SQLite says of itself, and the statements that
 * read and write them.
 */
#include "store/copy_inside.h"

#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Tables that never change a row. All others are compared row by row, so one that is missing here
 * is copied right as well, only slower. */
static const struct {
    const char *name;
    enum copy_kind kind;
    const char *group; /* the key rises within it */
    const char *key;
} known[] = {
    {"transfer", COPY_RISING, NULL, "number"},
    {"link", COPY_RISING, NULL, "first"},
    {"event", COPY_RISING, NULL, "row"},
    /* Rows are numbered by when a call ended, and one that is settled late has a low number; but
     * what an edge settles rises. */
    {"cdr", COPY_RISING, "incarnation", "sequence"},
    {"deck_piece", COPY_FIXED, NULL, NULL},
};

static enum value_kind type_of(const char *declared)
{
    return strcmp(declared, "TEXT") == 0   ? VALUE_TEXT
           : strcmp(declared, "BLOB") == 0 ? VALUE_BLOB
                                           : VALUE_INT;
}

struct columns { /* of one table, as lists with commas */
    struct buf all, keys, marks, where;
    char texts[4][COPY_SQL_SIZE];
};

static void put_column(struct columns *columns, const struct copy_table *table, const char *name)
{
    const char *comma = table->column_count == 0 ? "" : ", ";
    buf_printf(&columns->all, "%s\"%s\"", comma, name);
    buf_printf(&columns->marks, "%s?%d", comma, table->column_count + 1);
}

static void put_key(struct columns *columns, const struct copy_table *table, const char *name)
{
    buf_printf(&columns->keys, "%s\"%s\"", table->key_count == 0 ? "" : ", ", name);
    buf_printf(&columns->where, "%s\"%s\" = ?%d", table->key_count == 0 ? "" : " AND ", name,
               table->key_count + 1);
}

static bool read_columns(struct copy *copy, struct copy_table *table, struct columns *columns)
{
    static const char sql[] = "SELECT name, type, pk FROM pragma_table_info(?1) ORDER BY cid";
    static const char keys[] =
        "SELECT name, type FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk";
    enum row_step step = ROW_FAILED;
    struct statement *statement = store_query(copy->from, sql, "t", table->name);
    while ((step = store_step(copy->from, statement)) == ROW_FOUND) {
        if (table->column_count == STORE_VALUES_MAX) {
            store_fail(copy->from, STORE_UNKNOWN, "%s has too many columns", table->name);
            return false;
        }
        put_column(columns, table, column_cstr(statement, 0));
        table->types[table->column_count++] = type_of(column_cstr(statement, 1));
    }
    statement = step == ROW_NONE ? store_query(copy->from, keys, "t", table->name) : NULL;
    while ((step = store_step(copy->from, statement)) == ROW_FOUND) {
        if (table->key_count == COPY_KEYS_MAX) {
            store_fail(copy->from, STORE_UNKNOWN, "the key of %s is too long", table->name);
            return false;
        }
        put_key(columns, table, column_cstr(statement, 0));
        if (table->key_count == 0) {
            column_text(statement, 0, table->key_name, sizeof(table->key_name));
        }
        table->key_types[table->key_count++] = type_of(column_cstr(statement, 1));
    }
    return step == ROW_NONE;
}

static char *make_text(const struct buf *out)
{
    return out->is_full ? NULL : strndup(out->data, out->size);
}

/* So that it can be printed. */
static bool end_texts(struct columns *columns)
{
    buf_char(&columns->all, '\0');
    buf_char(&columns->keys, '\0');
    buf_char(&columns->marks, '\0');
    buf_char(&columns->where, '\0');
    return !columns->all.is_full && !columns->keys.is_full && !columns->marks.is_full &&
           !columns->where.is_full;
}

static void put_rising(struct buf *out, const struct copy_table *table, const char *all,
                       const char *group, const char *key)
{
    buf_printf(out, "SELECT \"%s\", %s FROM %s WHERE ", key, all, table->name);
    if (group != NULL) {
        buf_printf(out, "%s = ?1 AND %s > ?2 ORDER BY %s LIMIT ?3", group, key, key);
    } else {
        buf_printf(out, "?1 = 0 AND %s > ?2 ORDER BY %s LIMIT ?3", key, key);
    }
}

static bool make_statements(struct copy *copy, struct copy_table *table,
                            const struct columns *columns, const char *group, const char *key)
{
    char text[2 * COPY_SQL_SIZE];
    struct buf out;
    buf_init(&out, text, sizeof(text));
    buf_printf(&out, "INSERT INTO %s (%s) VALUES (%s)", table->name, columns->all.data,
               columns->marks.data);
    table->insert = make_text(&out);
    buf_init(&out, text, sizeof(text));
    buf_printf(&out, "DELETE FROM %s WHERE %s", table->name, columns->where.data);
    table->remove = make_text(&out);
    buf_init(&out, text, sizeof(text));
    if (table->kind == COPY_RISING) {
        put_rising(&out, table, columns->all.data, group, key);
    } else {
        buf_printf(&out, "SELECT %s FROM %s WHERE %s", columns->all.data, table->name,
                   columns->where.data);
    }
    table->fetch = make_text(&out);
    buf_init(&out, text, sizeof(text));
    buf_printf(&out, "SELECT %s%s%s FROM %s", columns->keys.data,
               table->kind == COPY_FIXED ? "" : ", ",
               table->kind == COPY_FIXED ? "" : columns->all.data, table->name);
    table->scan = make_text(&out);
    buf_init(&out, text, sizeof(text));
    buf_printf(&out, "SELECT count(*) FROM %s", table->name);
    table->count = make_text(&out);
    bool is_made = table->insert != NULL && table->remove != NULL && table->fetch != NULL &&
                   table->scan != NULL && table->count != NULL;
    if (!is_made) {
        store_fail(copy->from, STORE_UNKNOWN, "the columns of %s are too many", table->name);
    }
    return is_made;
}

static bool describe(struct copy *copy, struct copy_table *table)
{
    struct columns *columns = calloc(1, sizeof(*columns));
    const char *group = NULL, *key = NULL;
    if (columns == NULL) {
        store_fail(copy->from, STORE_UNKNOWN, "no memory");
        return false;
    }
    buf_init(&columns->all, columns->texts[0], COPY_SQL_SIZE);
    buf_init(&columns->keys, columns->texts[1], COPY_SQL_SIZE);
    buf_init(&columns->marks, columns->texts[2], COPY_SQL_SIZE);
    buf_init(&columns->where, columns->texts[3], COPY_SQL_SIZE);
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        if (strcmp(known[i].name, table->name) == 0) {
            table->kind = known[i].kind;
            group = known[i].group;
            key = known[i].key;
        }
    }
    table->has_groups = group != NULL;
    bool is_done = read_columns(copy, table, columns) && end_texts(columns) &&
                   make_statements(copy, table, columns, group, key);
    free(columns);
    return is_done;
}

bool copy_find_tables(struct copy *copy)
{
    /* `migration` says what was done to a database, not what is in it: each has its own. */
    static const char sql[] = "SELECT name, sql LIKE '%AUTOINCREMENT%' FROM sqlite_schema"
                              " WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
                              " AND name <> 'migration' ORDER BY name";
    enum row_step step = ROW_FAILED;
    struct statement *statement = store_query(copy->from, sql, "");
    while ((step = store_step(copy->from, statement)) == ROW_FOUND) {
        if (copy->table_count == COPY_TABLES_MAX) {
            store_fail(copy->from, STORE_UNKNOWN, "the database has too many tables");
            return false;
        }
        struct copy_table *table = &copy->tables[copy->table_count++];
        column_text(statement, 0, table->name, sizeof(table->name));
        table->counts_ids = column_bool(statement, 1);
    }
    for (int i = 0; i < copy->table_count && step == ROW_NONE; i++) {
        step = describe(copy, &copy->tables[i]) ? ROW_NONE : ROW_FAILED;
    }
    return step == ROW_NONE;
}

void copy_free_tables(struct copy *copy)
{
    for (int i = 0; i < copy->table_count; i++) {
        struct copy_table *table = &copy->tables[i];
        free(table->count);
        free(table->scan);
        free(table->fetch);
        free(table->insert);
        free(table->remove);
        free(table->seen);
        free(table->marks);
        map_done(&table->index);
    }
}
