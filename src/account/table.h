/* table.h - rows of one kind, found by key, read by many threads while one replaces them.
 *
 * A row is kept as its encoded bytes (a quarter of the plain struct's size) in the stripe that the
 * hash of its key names; a reader locks that stripe only, for one decode. The index by id belongs
 * to the writer alone.
 */
#ifndef DT_ACCOUNT_TABLE_H
#define DT_ACCOUNT_TABLE_H

#include "base/map.h"
#include "base/slice.h"
#include "base/tri.h"
#include "base/wire.h"

#include <pthread.h>
#include <stdatomic.h>

#define TABLE_STRIPE_COUNT 64
#define TABLE_ROW_SIZE_MAX 1024 /* encoded */

/* A look-up among a million rows is a chain of cache misses, so a place is a pointer and no more.
 */
union table_row {
    struct table_stored *stored;
    uintptr_t next_free; /* of a free place: 2 * index + 1, which no pointer is */
};

#define TABLE_NO_ROW UINT32_MAX

struct table_stripe {
    _Alignas(64) pthread_mutex_t lock;
    struct map by_key; /* hash of key to index in rows */
    union table_row *rows;
    uint32_t row_count_max;
    uint32_t used_max;   /* places ever taken */
    uint32_t first_free; /* TABLE_NO_ROW: none was given back */
};

struct table {
    struct table_stripe stripes[TABLE_STRIPE_COUNT];
    struct map by_id; /* writer only: hash of id to stripe and row */
    uint64_t hash_seed;
    uint32_t count_max;
    _Atomic uint32_t count;
};

typedef bool (*table_decode)(struct wire_reader *in, void *row);

MUST_CHECK bool table_init(struct table *table, uint32_t count_max, uint64_t hash_seed);
void table_done(struct table *table);

/* Decodes the row of that key into *row; ABSENT: not there (*row untouched). Any thread. */
struct tri table_get(struct table *table, struct slice key, table_decode decode, void *row);

/* Writer. Replaces the row of that id, and any other row that has the key: the change feed's last
 * word counts. False: full or no memory, nothing changed. */
MUST_CHECK bool table_put(struct table *table, uint64_t id, struct slice key, struct slice encoded);
void table_remove(struct table *table, uint64_t id);

/* Writer: the encoded rows, one after another. `each` answers false to stop. */
void table_each(const struct table *table, bool (*each)(void *ctx, struct slice encoded),
                void *ctx);

#endif
