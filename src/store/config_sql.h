/* config_sql.h - the configuration's tables, described by their columns, and one engine for all.
 *
 * A column says where its value lies in the row's struct and how it is kept. The SQL is made from
 * that once, so a field is written down in one place.
 */
#ifndef DT_STORE_CONFIG_SQL_H
#define DT_STORE_CONFIG_SQL_H

#include "store/internal.h"

enum column_type {
    COLUMN_TEXT,
    COLUMN_BLOB,
    COLUMN_BOOL,
    COLUMN_U8,
    COLUMN_U16,
    COLUMN_U32,
    COLUMN_I32,
    COLUMN_I64,
    COLUMN_U64,
    COLUMN_REF32, /* an id of another table; 0 is NULL there */
    COLUMN_REF64,
    COLUMN_IDENTITIES, /* of an endpoint: "4930123,4930124" */
    COLUMN_ACL         /* of a trunk: "192.0.2.0/24,2001:db8::1" */
};

struct config_column {
    const char *name;
    enum column_type type;
    size_t offset;
    size_t size;
};

enum config_table_index {
    TABLE_ACCOUNT = 0,
    TABLE_ENDPOINT,
    TABLE_TRUNK,
    TABLE_NUMBER,
    TABLE_ROUTE,
    TABLE_KEY,
    TABLE_COUNT
};

struct config_table {
    const char *name;
    enum config_kind kind;
    size_t id_offset, version_offset, row_size;
    const char *key; /* the column of the look-up by name; NULL: none */
    const struct config_column *columns;
    int column_count;
    /* NULL, or what makes a row impossible: a sentence. */
    const char *(*fault_of)(const void *row);
    /* Further work in the transaction of a put, after the row is in place; NULL: none. */
    enum store_result (*after_put)(struct store *store, const void *row, bool is_new);
    enum store_result (*before_remove)(struct store *store, uint64_t id);
};

const struct config_table *config_table(enum config_table_index index);
void config_sql_free(struct config_sql *sql); /* NULL is fine */

enum store_result config_get(struct store *store, enum config_table_index index, uint64_t id,
                             void *out) MUST_CHECK;
enum store_result config_by_key(struct store *store, enum config_table_index index, const char *key,
                                void *out) MUST_CHECK;
enum store_result config_page(struct store *store, enum config_table_index index, uint64_t after,
                              void *out, int max, int *count) MUST_CHECK;
enum store_result config_put(struct store *store, enum config_table_index index, void *row,
                             const char *actor) MUST_CHECK;
enum store_result config_remove(struct store *store, enum config_table_index index, uint64_t id,
                                const char *actor) MUST_CHECK;
/* Within a transaction that is under way. */
enum store_result config_get_row(struct store *store, enum config_table_index index, uint64_t id,
                                 void *out) MUST_CHECK;
/* Within a transaction that is under way; `number` is one of the change feed, taken there. */
enum store_result config_put_row(struct store *store, enum config_table_index index, void *row,
                                 uint64_t number);

/* Of an account (`any` is a struct account): its book (config_account.c). */
enum store_result config_account_after_put(struct store *store, const void *any, bool is_new);
enum store_result config_account_before_remove(struct store *store, uint64_t id);

#endif
