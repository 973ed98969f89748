/* copy_rows.c - brings one table over there up to what it is here. */
#include "store/copy_inside.h"
#include "store/pg.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_AT_ONCE 2000 /* in one statement, and in one transaction of a rising table */
#define HASH_SEED UINT64_C(0x6469616c746f6e65)
#define ROOM_FOR_MORE 1000000 /* rows that a table may grow by while it is copied */

struct key { /* of a row that has to be written */
    struct sql_value values[COPY_KEYS_MAX];
    bool is_there; /* over there, as it was */
};

struct keys {
    struct key *list;
    size_t count, max;
};

static bool no_memory(struct copy *copy)
{
    store_fail(copy->from, STORE_UNKNOWN, "no memory");
    return false;
}

bool copy_begin_to(struct copy *copy)
{
    struct store *to = copy->to;
    store_start_clock(to);
    to->failed = STORE_UNKNOWN;
    if ((to->connection == NULL && !pg_open(to)) || !to->engine->begin(to, STORE_WRITE)) {
        return false;
    }
    to->is_writing = true;
    return true;
}

/* ---- a transaction of its own, unless all is in one ---- */

static bool begin(struct copy *copy)
{
    return copy->is_last || (store_begin(copy->from, STORE_READ) && copy_begin_to(copy));
}

static bool end(struct copy *copy, bool is_done)
{
    if (copy->is_last) {
        return is_done;
    }
    enum store_result failed = copy->from->failed;
    (void)store_end(copy->from, STORE_UNKNOWN); /* it was only read */
    copy->from->failed = failed;
    return store_end(copy->to, is_done ? STORE_OK : STORE_UNKNOWN) == STORE_OK;
}

/* ---- writing ---- */

/* While nobody is kept waiting, a long transaction is one that gets on. */
static bool flush(struct copy *copy)
{
    if (!copy->is_last) {
        store_start_clock(copy->to);
    }
    return copy->to->engine->run_waiting(copy->to);
}

/* NULL has no type of its own, so each value takes its column's. */
static void bind_column(struct statement *to, enum value_kind kind, struct sql_value value)
{
    value.kind = kind;
    bind_value(to, &value);
}

static bool insert(struct copy *copy, const struct copy_table *table, const struct statement *row,
                   int first_column)
{
    struct statement *to = store_statement(copy->to, table->insert);
    if (to == NULL) {
        return false;
    }
    for (int i = 0; i < table->column_count; i++) {
        bind_column(to, table->types[i], row->engine->column(row, first_column + i));
    }
    copy->pass_rows++;
    return copy->to->engine->run_many(copy->to, to) &&
           (copy->pass_rows % ROWS_AT_ONCE != 0 || flush(copy));
}

static bool remove_row(struct copy *copy, const struct copy_table *table,
                       const struct sql_value *values)
{
    struct statement *to = store_statement(copy->to, table->remove);
    if (to == NULL) {
        return false;
    }
    for (int i = 0; i < table->key_count; i++) {
        bind_column(to, table->key_types[i], values[i]);
    }
    return copy->to->engine->run(copy->to, to);
}

/* ---- tables whose rows only come ---- */

static struct copy_mark *mark_of(struct copy_table *table, uint64_t group)
{
    for (size_t i = 0; i < table->mark_count; i++) {
        if (table->marks[i].group == group) {
            return &table->marks[i];
        }
    }
    struct copy_mark *marks = realloc(table->marks, (table->mark_count + 1) * sizeof(*marks));
    if (marks == NULL) {
        return NULL;
    }
    table->marks = marks;
    marks[table->mark_count] = (struct copy_mark){.group = group, .key = 0};
    return &marks[table->mark_count++];
}

/* Up to ROWS_AT_ONCE rows; *more: there are others. */
static bool copy_some(struct copy *copy, const struct copy_table *table, struct copy_mark *mark,
                      bool *more)
{
    int64_t count = 0;
    enum row_step step = ROW_FAILED;
    struct statement *statement =
        store_query(copy->from, table->fetch, "uui", mark->group, mark->key, (int64_t)ROWS_AT_ONCE);
    while ((step = store_step(copy->from, statement)) == ROW_FOUND) {
        if (!insert(copy, table, statement, 1)) {
            return false;
        }
        mark->key = column_u64(statement, 0);
        count++;
    }
    *more = count == ROWS_AT_ONCE;
    return step == ROW_NONE && flush(copy);
}

static bool copy_behind(struct copy *copy, const struct copy_table *table, struct copy_mark *mark)
{
    bool more = true;
    while (more) {
        if (!begin(copy) || !end(copy, copy_some(copy, table, mark, &more))) {
            return false;
        }
    }
    return true;
}

static bool find_groups(struct copy *copy, struct copy_table *table)
{
    static const char sql[] = "SELECT number FROM incarnation";
    bool is_done = true;
    if (!copy->is_last && !store_begin(copy->from, STORE_READ)) {
        return false;
    }
    struct statement *statement = store_query(copy->from, sql, "");
    enum row_step step = ROW_FAILED;
    while (is_done && (step = store_step(copy->from, statement)) == ROW_FOUND) {
        is_done = mark_of(table, column_u64(statement, 0)) != NULL || no_memory(copy);
    }
    if (!copy->is_last) {
        (void)store_end(copy->from, STORE_UNKNOWN);
    }
    return is_done && step == ROW_NONE;
}

static bool pass_rising(struct copy *copy, struct copy_table *table)
{
    if (table->has_groups ? !find_groups(copy, table)
                          : mark_of(table, 0) == NULL && !no_memory(copy)) {
        return false;
    }
    for (size_t i = 0; i < table->mark_count; i++) {
        if (!copy_behind(copy, table, &table->marks[i])) {
            return false;
        }
    }
    return true;
}

/* ---- tables that are compared ---- */

static uint64_t hash_columns(const struct statement *row, int first, int count)
{
    uint64_t hash = HASH_SEED;
    for (int i = first; i < first + count; i++) {
        struct sql_value value = row->engine->column(row, i);
        hash = value.is_null             ? hash_u64(~hash, 0)
               : value.kind == VALUE_INT ? hash_u64(hash, (uint64_t)value.number)
                                         : hash_slice(hash, value.bytes);
    }
    return hash;
}

/* Its place in table->seen; MAP_NONE: it is not there. */
static uint32_t find_seen(const struct copy_table *table, uint64_t key_hash)
{
    struct map_cursor cursor;
    return map_first(&table->index, key_hash, &cursor);
}

static bool add_seen(struct copy *copy, struct copy_table *table, uint64_t key_hash, uint64_t hash)
{
    if (table->seen_count == table->seen_max) {
        size_t max = table->seen_max == 0 ? 1024 : table->seen_max * 2;
        struct copy_seen *seen = realloc(table->seen, max * sizeof(*seen));
        if (seen == NULL) {
            return no_memory(copy);
        }
        table->seen = seen;
        table->seen_max = max;
    }
    if (!map_add(&table->index, key_hash, (uint32_t)table->seen_count)) {
        store_fail(copy->from, STORE_REFUSED, "%s grows faster than it can be copied", table->name);
        return false;
    }
    table->seen[table->seen_count++] =
        (struct copy_seen){.key_hash = key_hash, .hash = hash, .pass = copy->pass};
    return true;
}

static void free_keys(struct keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        for (int at = 0; at < COPY_KEYS_MAX; at++) {
            free((void *)(uintptr_t)keys->list[i].values[at].bytes.data);
        }
    }
    free(keys->list);
}

/* A copy of the row's key: what it points to is gone with the next row. */
static bool add_key(struct copy *copy, const struct copy_table *table, struct keys *keys,
                    const struct statement *row, bool is_there)
{
    if (keys->count == keys->max) {
        size_t max = keys->max == 0 ? 1024 : keys->max * 2;
        struct key *list = realloc(keys->list, max * sizeof(*list));
        if (list == NULL) {
            return no_memory(copy);
        }
        keys->list = list;
        keys->max = max;
    }
    struct key *key = &keys->list[keys->count++];
    *key = (struct key){.is_there = is_there};
    for (int i = 0; i < table->key_count; i++) {
        struct sql_value value = row->engine->column(row, i);
        char *bytes = NULL;
        if (value.kind != VALUE_INT) {
            bytes = malloc(value.bytes.size + 1);
            if (bytes == NULL) {
                return no_memory(copy);
            }
            memcpy(bytes, value.bytes.data, value.bytes.size);
            bytes[value.bytes.size] = '\0';
        }
        value.bytes = slice_make(bytes, bytes == NULL ? 0 : value.bytes.size);
        key->values[i] = value;
    }
    return true;
}

static bool look_at(struct copy *copy, struct copy_table *table, const struct statement *row,
                    struct keys *changed)
{
    uint64_t key_hash = hash_columns(row, 0, table->key_count);
    uint64_t hash =
        table->kind == COPY_FIXED ? 0 : hash_columns(row, table->key_count, table->column_count);
    uint32_t at = find_seen(table, key_hash);
    if (at == MAP_NONE) {
        return add_seen(copy, table, key_hash, hash) && add_key(copy, table, changed, row, false);
    }
    struct copy_seen *seen = &table->seen[at];
    bool is_same = seen->hash == hash;
    seen->pass = copy->pass;
    seen->hash = hash;
    return is_same || add_key(copy, table, changed, row, true);
}

/* Memory for what is compared, by how much there is. */
static bool make_index(struct copy *copy, struct copy_table *table)
{
    if (table->index.slots != NULL) {
        return true;
    }
    struct statement *statement = store_statement(copy->from, table->count);
    if (store_step(copy->from, statement) != ROW_FOUND) {
        return false;
    }
    size_t count = (size_t)column_u64(statement, 0);
    statement_reset(statement);
    return map_init(&table->index, count * 2 + ROOM_FOR_MORE) || no_memory(copy);
}

static bool find_changed(struct copy *copy, struct copy_table *table, struct keys *changed)
{
    struct statement *statement = store_statement(copy->from, table->scan);
    enum row_step step = ROW_FAILED;
    while ((step = store_step(copy->from, statement)) == ROW_FOUND) {
        if (!look_at(copy, table, statement, changed)) {
            return false;
        }
    }
    return step == ROW_NONE;
}

static bool has_lost_rows(const struct copy *copy, const struct copy_table *table)
{
    for (size_t i = 0; i < table->seen_count; i++) {
        if (table->seen[i].pass != 0 && table->seen[i].pass != copy->pass) {
            return true;
        }
    }
    return false;
}

/* Only hashes were kept, so the keys over there say which rows are meant. */
static bool find_lost(struct copy *copy, struct copy_table *table, struct keys *lost)
{
    bool is_done = true;
    enum row_step step = ROW_FAILED;
    struct statement *statement = store_statement(copy->to, table->scan);
    while (is_done && (step = store_step(copy->to, statement)) == ROW_FOUND) {
        uint32_t at = find_seen(table, hash_columns(statement, 0, table->key_count));
        if (at != MAP_NONE && table->seen[at].pass != copy->pass) {
            is_done = add_key(copy, table, lost, statement, true);
        }
    }
    return is_done && step == ROW_NONE;
}

static void forget_lost(const struct copy *copy, struct copy_table *table)
{
    for (size_t i = 0; i < table->seen_count; i++) {
        if (table->seen[i].pass != 0 && table->seen[i].pass != copy->pass) {
            (void)map_remove(&table->index, table->seen[i].key_hash, (uint32_t)i);
            table->seen[i].pass = 0;
        }
    }
}

static bool fetch(struct copy *copy, const struct copy_table *table, const struct key *key)
{
    struct statement *statement = store_statement(copy->from, table->fetch);
    if (statement == NULL) {
        return false;
    }
    for (int i = 0; i < table->key_count; i++) {
        bind_column(statement, table->key_types[i], key->values[i]);
    }
    if (store_step(copy->from, statement) != ROW_FOUND) {
        return false;
    }
    bool is_done = insert(copy, table, statement, 0);
    statement_reset(statement);
    return is_done;
}

/* What goes makes room for what comes: two rows may have exchanged a name. */
static bool write_changed(struct copy *copy, struct copy_table *table, const struct keys *changed,
                          const struct keys *lost)
{
    bool is_done = true;
    for (size_t i = 0; is_done && i < lost->count; i++) {
        is_done = remove_row(copy, table, lost->list[i].values);
    }
    for (size_t i = 0; is_done && i < changed->count; i++) {
        is_done = !changed->list[i].is_there || remove_row(copy, table, changed->list[i].values);
    }
    for (size_t i = 0; is_done && i < changed->count; i++) {
        is_done = fetch(copy, table, &changed->list[i]);
    }
    return is_done && flush(copy);
}

static bool compare(struct copy *copy, struct copy_table *table)
{
    struct keys changed = {0}, lost = {0};
    bool is_done = make_index(copy, table) && find_changed(copy, table, &changed) &&
                   (!has_lost_rows(copy, table) || find_lost(copy, table, &lost)) &&
                   write_changed(copy, table, &changed, &lost);
    if (is_done) {
        forget_lost(copy, table);
    }
    free_keys(&changed);
    free_keys(&lost);
    return is_done;
}

bool copy_pass(struct copy *copy, struct copy_table *table)
{
    if (table->kind == COPY_RISING) {
        return pass_rising(copy, table);
    }
    return begin(copy) && end(copy, compare(copy, table));
}
