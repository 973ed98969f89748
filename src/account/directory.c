#include "account/directory.h"

#include "account/table.h"
#include "account/trunks.h"

#include <assert.h>
#include <stdlib.h>

struct directory {
    struct table accounts;  /* key: the id's bytes */
    struct table endpoints; /* key: user */
    struct table numbers;   /* key: digits */
    _Atomic(struct trunks *) trunks;
    struct epoch *epoch;
    _Atomic bool is_loaded;
};

struct directory *directory_new(const struct directory_limits *limits, struct epoch *epoch)
{
    struct directory *directory = aligned_alloc(_Alignof(struct directory), sizeof(*directory));
    if (directory == NULL) {
        return NULL;
    }
    struct trunks *none = trunks_new(NULL, 0, NULL, 0);
    bool is_ok = table_init(&directory->accounts, limits->account_count_max, limits->hash_seed);
    is_ok =
        table_init(&directory->endpoints, limits->endpoint_count_max, limits->hash_seed) && is_ok;
    is_ok = table_init(&directory->numbers, limits->number_count_max, limits->hash_seed) && is_ok;
    atomic_init(&directory->trunks, none);
    atomic_init(&directory->is_loaded, false);
    directory->epoch = epoch;
    if (!is_ok || none == NULL) {
        directory_free(directory);
        return NULL;
    }
    return directory;
}

void directory_free(struct directory *directory)
{
    if (directory == NULL) {
        return;
    }
    table_done(&directory->accounts);
    table_done(&directory->endpoints);
    table_done(&directory->numbers);
    free(atomic_load(&directory->trunks));
    free(directory);
}

static struct slice id_key(const uint64_t *id)
{
    return slice_make((const char *)id, sizeof(*id));
}

static bool decode_account(struct wire_reader *in, void *row)
{
    return account_decode(in, row);
}

static bool decode_endpoint(struct wire_reader *in, void *row)
{
    return endpoint_decode(in, row);
}

static bool decode_number(struct wire_reader *in, void *row)
{
    return number_decode(in, row);
}

/* Asked whether it is loaded *before* the look-up: the other way round a row that arrives in
 * between, with the end of the load, would be called absent. */
static struct tri look_up(const struct directory *directory, const struct table *table,
                          struct slice key, table_decode decode, void *row)
{
    bool is_loaded = directory_is_loaded(directory);
    /* A reader changes nothing but the stripe's lock. */
    struct tri found = table_get((struct table *)(uintptr_t)table, key, decode, row);
    switch (found.is) {
    case TRI_PRESENT:
    case TRI_UNKNOWN:
        break;
    case TRI_ABSENT:
        return is_loaded ? found : (struct tri){TRI_UNKNOWN};
    }
    return found;
}

struct tri directory_account(const struct directory *directory, uint64_t id, struct account *out)
{
    return look_up(directory, &directory->accounts, id_key(&id), decode_account, out);
}

struct tri directory_endpoint(const struct directory *directory, struct slice user,
                              struct endpoint *out)
{
    return look_up(directory, &directory->endpoints, user, decode_endpoint, out);
}

struct tri directory_number(const struct directory *directory, struct slice digits,
                            struct number *out)
{
    return look_up(directory, &directory->numbers, digits, decode_number, out);
}

const struct trunk_set *directory_trunks(const struct directory *directory)
{
    return &atomic_load(&directory->trunks)->set;
}

struct tri directory_trunk_by_source(const struct directory *directory, const uint8_t address[16],
                                     const struct trunk **out)
{
    bool is_loaded = directory_is_loaded(directory);
    const struct trunks *trunks = atomic_load(&directory->trunks);
    const struct acl_entry *entry = acl_find(trunks->acl, trunks->acl_count, address);
    if (entry == NULL) {
        return (struct tri){is_loaded ? TRI_ABSENT : TRI_UNKNOWN};
    }
    *out = &trunks->set.trunks[entry->trunk_index];
    return (struct tri){TRI_PRESENT};
}

bool directory_put_account(struct directory *directory, const struct account *row)
{
    char bytes[TABLE_ROW_SIZE_MAX];
    struct buf buf;
    buf_init(&buf, bytes, sizeof(bytes));
    account_encode(&buf, row);
    assert(!buf.is_full);
    return table_put(&directory->accounts, row->id, id_key(&row->id), buf_done(&buf));
}

bool directory_put_endpoint(struct directory *directory, const struct endpoint *row)
{
    char bytes[TABLE_ROW_SIZE_MAX];
    struct buf buf;
    buf_init(&buf, bytes, sizeof(bytes));
    endpoint_encode(&buf, row);
    assert(!buf.is_full);
    return table_put(&directory->endpoints, row->id, slice_from_text(row->user), buf_done(&buf));
}

bool directory_put_number(struct directory *directory, const struct number *row)
{
    char bytes[TABLE_ROW_SIZE_MAX];
    struct buf buf;
    buf_init(&buf, bytes, sizeof(bytes));
    number_encode(&buf, row);
    assert(!buf.is_full);
    return table_put(&directory->numbers, row->id, slice_from_text(row->digits), buf_done(&buf));
}

void directory_remove_account(struct directory *directory, uint64_t id)
{
    table_remove(&directory->accounts, id);
}

void directory_remove_endpoint(struct directory *directory, uint64_t id)
{
    table_remove(&directory->endpoints, id);
}

void directory_remove_number(struct directory *directory, uint64_t id)
{
    table_remove(&directory->numbers, id);
}

bool directory_swap_trunks(struct directory *directory, const struct trunk *trunks,
                           uint32_t trunk_count, const struct route_row *routes,
                           uint32_t route_count)
{
    epoch_reclaim(directory->epoch);
    if (directory->epoch->retired_count == EPOCH_RETIRED_MAX) {
        return false;
    }
    struct trunks *made = trunks_new(trunks, trunk_count, routes, route_count);
    if (made == NULL) {
        return false;
    }
    struct trunks *old = atomic_exchange(&directory->trunks, made);
    bool is_retired = epoch_retire(directory->epoch, old, free);
    assert(is_retired);
    return true;
}

void directory_set_loaded(struct directory *directory)
{
    atomic_store(&directory->is_loaded, true);
}

bool directory_is_loaded(const struct directory *directory)
{
    return atomic_load(&directory->is_loaded);
}

struct directory_counts directory_count(const struct directory *directory)
{
    /* The set is one immutable object: both numbers are of the same one. */
    const struct trunk_set *set = directory_trunks(directory);
    return (struct directory_counts){.accounts = atomic_load(&directory->accounts.count),
                                     .endpoints = atomic_load(&directory->endpoints.count),
                                     .numbers = atomic_load(&directory->numbers.count),
                                     .trunks = set->trunk_count,
                                     .routes = set->route_count};
}

struct walk { /* what a walk over encoded rows hands on */
    bool (*each_endpoint)(void *ctx, const struct endpoint *row);
    void *ctx;
};

static bool walk_endpoint(void *ctx, struct slice encoded)
{
    const struct walk *walk = ctx;
    struct wire_reader reader = {.rest = encoded};
    struct endpoint row;
    return endpoint_decode(&reader, &row) && walk->each_endpoint(walk->ctx, &row);
}

void directory_each_endpoint(const struct directory *directory,
                             bool (*each)(void *ctx, const struct endpoint *row), void *ctx)
{
    struct walk walk = {.each_endpoint = each, .ctx = ctx};
    table_each(&directory->endpoints, walk_endpoint, &walk);
}
