/* config_deck.c - decks: immutable compiled objects, in pieces, under a name that keeps its id.
 *
 * The pieces of an import are written first, each in a transaction of its own, under the import's
 * number; the last transaction makes it the newest version. Two imports at once never mix.
 */
#include "base/clock.h"
#include "store/internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_SIZE ((size_t)1 << 20)
#define DECK_FIELDS                                                                                \
    "d.id, d.version, v.deck_version, d.name, v.currency, v.rounding, v.prefix_count,"             \
    " v.object_size, v.object_hash, v.wall_imported_us, v.import, v.kind, v.time_zone"             \
    " FROM deck d JOIN deck_version v ON v.deck = d.id"
#define DECK_COLUMNS DECK_FIELDS " AND v.deck_version = d.deck_version"

static void read_row(struct statement *statement, void *any)
{
    struct deck_row *row = any;
    *row = (struct deck_row){
        .id = column_u64(statement, 0),
        .version = column_u64(statement, 1),
        .deck_version = (uint32_t)column_u64(statement, 2),
        .rounding = (uint8_t)column_i64(statement, 5),
        .prefix_count = (uint32_t)column_u64(statement, 6),
        .object_size = column_u64(statement, 7),
        .wall_imported_us = column_i64(statement, 9),
        .kind = (uint8_t)column_u64(statement, 11),
    };
    column_text(statement, 3, row->name, sizeof(row->name));
    column_text(statement, 4, row->currency, sizeof(row->currency));
    column_text(statement, 8, row->object_hash, sizeof(row->object_hash));
    column_text(statement, 12, row->time_zone, sizeof(row->time_zone));
}

static enum store_result find_next(struct store *store, const char *name, uint32_t *id,
                                   uint32_t *deck_version)
{
    /* The version in force may be an older one. */
    static const char sql[] = "SELECT id, (SELECT max(deck_version) + 1 FROM deck_version"
                              " WHERE deck = deck.id) FROM deck WHERE name = ?1 UNION ALL"
                              " SELECT coalesce(max(id), 0) + 1, 1 FROM deck"
                              " WHERE NOT EXISTS (SELECT 1 FROM deck WHERE name = ?1)";
    struct statement *statement = store_query(store, sql, "t", name);
    if (store_step(store, statement) != ROW_FOUND) {
        return store->failed;
    }
    *id = (uint32_t)column_u64(statement, 0);
    *deck_version = (uint32_t)column_u64(statement, 1);
    statement_reset(statement);
    return STORE_OK;
}

enum store_result config_deck_next(struct store *store, const char *name, uint32_t *id,
                                   uint32_t *deck_version)
{
    uint32_t found_id = 0, found_version = 0;
    if (!store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    enum store_result result = store_end(store, find_next(store, name, &found_id, &found_version));
    if (result == STORE_OK) {
        *id = found_id;
        *deck_version = found_version;
    }
    return result;
}

static bool hash_object(struct store *store, const uint8_t *object, size_t size, char hex[65])
{
    uint8_t hash[STORE_HASH_SIZE];
    if (!store_sha256_start(store)) {
        return false;
    }
    store_sha256_add(store, object, size);
    store_sha256_end(store, hash);
    slice_hex(hex, hash, sizeof(hash));
    hex[64] = '\0';
    return true;
}

static enum store_result put_piece(struct store *store, int64_t import, int64_t piece,
                                   const uint8_t *bytes, size_t size)
{
    static const char sql[] = "INSERT INTO deck_piece (import, piece, bytes) VALUES (?1, ?2, ?3)";
    if (!store_begin(store, STORE_WRITE)) {
        return store_end(store, store->failed);
    }
    bool is_done = store_run(store, sql, "iib", import, piece, bytes, size);
    return store_end(store, is_done ? STORE_OK : store->failed);
}

static enum store_result publish(struct store *store, struct deck_row *row, int64_t import,
                                 const char *actor)
{
    static const char add_version[] =
        "INSERT INTO deck_version (deck, deck_version, import, currency, rounding, prefix_count,"
        " object_size, object_hash, wall_imported_us, kind, time_zone)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    static const char move[] = "INSERT INTO deck (id, version, name, deck_version)"
                               " VALUES (?1, ?2, ?3, ?4)"
                               " ON CONFLICT (id) DO UPDATE SET version = ?2, deck_version = ?4";
    uint32_t id = 0, deck_version = 0;
    enum store_result result = find_next(store, row->name, &id, &deck_version);
    if (result != STORE_OK) {
        return result;
    }
    if (row->id != id || row->deck_version != deck_version) {
        return store_fail(store, STORE_CONFLICT, "another import of decks came between: try again");
    }
    uint64_t number = 0;
    bool is_done =
        change_number(store, &number) &&
        store_run(store, add_version, "uuitiuutiut", row->id, (uint64_t)row->deck_version, import,
                  row->currency, (int64_t)row->rounding, (uint64_t)row->prefix_count,
                  row->object_size, row->object_hash, row->wall_imported_us, (uint64_t)row->kind,
                  row->time_zone[0] == '\0' ? "UTC" : row->time_zone) &&
        store_run(store, move, "uutu", row->id, number, row->name, (uint64_t)row->deck_version) &&
        change_put(store, CONFIG_DECK, row->id, false, number) &&
        change_note(store, actor, "deck", "imported", row->id);
    row->version = number;
    return is_done ? STORE_OK : store->failed;
}

enum store_result config_put_deck(struct store *store, struct deck_row *row, const uint8_t *object,
                                  const char *actor)
{
    if (row->name[0] == '\0' || row->object_size == 0) {
        return store_fail(store, STORE_REFUSED, "a deck needs a name and an object");
    }
    struct deck_row made = *row;
    int64_t import = clock_wall_us();
    made.wall_imported_us = import;
    if (!hash_object(store, object, made.object_size, made.object_hash)) {
        return STORE_UNKNOWN;
    }
    int64_t piece = 0;
    for (size_t at = 0; at < made.object_size; at += PIECE_SIZE) {
        size_t size = made.object_size - at < PIECE_SIZE ? made.object_size - at : PIECE_SIZE;
        enum store_result result = put_piece(store, import, piece, object + at, size);
        if (result != STORE_OK) {
            /* The same microsecond in another process: this import gives way. */
            return result == STORE_EXISTS ? STORE_CONFLICT : result;
        }
        piece++;
    }
    if (!store_begin(store, STORE_WRITE)) {
        return store_end(store, store->failed);
    }
    enum store_result result = store_end(store, publish(store, &made, import, actor));
    if (result == STORE_OK) {
        *row = made;
    }
    return result;
}

static const char deck_by_id[] = "SELECT " DECK_COLUMNS " WHERE d.id = ?1";
static const char version_by_id[] =
    "SELECT " DECK_FIELDS " WHERE d.id = ?1 AND v.deck_version = ?2";
static const char decks_after[] = "SELECT " DECK_COLUMNS " WHERE d.id > ?1 ORDER BY d.id LIMIT ?2";

enum store_result config_get_deck(struct store *store, uint64_t id, struct deck_row *out)
{
    int count = 0;
    struct deck_row row;
    struct store_page page = {&row, sizeof(row), 1, read_row};
    if (!store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    struct statement *statement = store_query(store, deck_by_id, "u", id);
    enum store_result result = store_end_page(store, statement, &page, &count);
    if (result == STORE_OK && count == 0) {
        return store_fail(store, STORE_ABSENT, "there is no such deck");
    }
    if (result == STORE_OK) {
        *out = row;
    }
    return result;
}

enum store_result config_page_deck(struct store *store, uint64_t after, struct deck_row *out,
                                   int max, int *count)
{
    struct store_page page = {out, sizeof(*out), max, read_row};
    if (!store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    struct statement *statement = store_query(store, decks_after, "ui", after, (int64_t)max);
    return store_end_page(store, statement, &page, count);
}

static enum store_result read_pieces(struct store *store, int64_t import, uint8_t *object,
                                     size_t object_size)
{
    static const char sql[] = "SELECT bytes FROM deck_piece WHERE import = ?1 ORDER BY piece";
    struct statement *statement = store_query(store, sql, "i", import);
    size_t at = 0;
    enum row_step step;
    while ((step = store_step(store, statement)) == ROW_FOUND) {
        struct slice bytes = column_slice(statement, 0);
        if (bytes.size == 0 || bytes.size > object_size - at) {
            return store_fail(store, STORE_UNKNOWN, "the deck's pieces are damaged");
        }
        memcpy(object + at, bytes.data, bytes.size);
        at += bytes.size;
    }
    if (step == ROW_FAILED) {
        return store->failed;
    }
    return at == object_size ? STORE_OK
                             : store_fail(store, STORE_UNKNOWN, "the deck's pieces are incomplete");
}

/* The bytes of the one version that the statement finds. */
static enum store_result read_object(struct store *store, struct statement *statement,
                                     uint8_t **object, struct deck_row *row)
{
    switch (store_step(store, statement)) {
    case ROW_NONE:
        return store_fail(store, STORE_ABSENT, "there is no such deck");
    case ROW_FAILED:
        return store->failed;
    case ROW_FOUND:
        break;
    }
    read_row(statement, row);
    int64_t import = column_i64(statement, 10);
    statement_reset(statement);
    *object = malloc(row->object_size);
    if (*object == NULL) {
        return store_fail(store, STORE_UNKNOWN, "no memory for the deck");
    }
    return read_pieces(store, import, *object, row->object_size);
}

/* deck_version 0: the one in force. */
static enum store_result read_version(struct store *store, uint64_t id, uint32_t deck_version,
                                      uint8_t **object, size_t *object_size)
{
    uint8_t *bytes = NULL;
    struct deck_row row = {0};
    char hash[65];
    if (!store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    struct statement *statement =
        deck_version == 0 ? store_query(store, deck_by_id, "u", id)
                          : store_query(store, version_by_id, "uu", id, (uint64_t)deck_version);
    enum store_result result = store_end(store, read_object(store, statement, &bytes, &row));
    if (result == STORE_OK &&
        (!hash_object(store, bytes, row.object_size, hash) || strcmp(hash, row.object_hash) != 0)) {
        result =
            store_fail(store, STORE_UNKNOWN, "deck %s is damaged: its hash is wrong", row.name);
    }
    if (result != STORE_OK) {
        free(bytes);
        return result;
    }
    *object = bytes;
    *object_size = row.object_size;
    return STORE_OK;
}

enum store_result config_read_deck(struct store *store, uint64_t id, uint8_t **object,
                                   size_t *object_size)
{
    return read_version(store, id, 0, object, object_size);
}

enum store_result config_read_deck_version(struct store *store, uint64_t id, uint32_t deck_version,
                                           uint8_t **object, size_t *object_size)
{
    return read_version(store, id, deck_version, object, object_size);
}

/* ---- versions ---- */

enum store_result config_page_deck_version(struct store *store, uint64_t id, uint32_t before,
                                           struct deck_row *out, int max, int *count)
{
    static const char sql[] = "SELECT " DECK_FIELDS " WHERE d.id = ?1 AND v.deck_version < ?2"
                              " ORDER BY v.deck_version DESC LIMIT ?3";
    struct store_page page = {out, sizeof(*out), max, read_row};
    uint64_t below = before == 0 ? UINT32_MAX : before;
    if (!store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    struct statement *statement = store_query(store, sql, "uui", id, below, (int64_t)max);
    return store_end_page(store, statement, &page, count);
}

static enum store_result find_version(struct store *store, uint64_t id, uint32_t deck_version,
                                      struct deck_row *out)
{
    struct statement *statement =
        store_query(store, version_by_id, "uu", id, (uint64_t)deck_version);
    switch (store_step(store, statement)) {
    case ROW_FOUND:
        read_row(statement, out);
        statement_reset(statement);
        return STORE_OK;
    case ROW_NONE:
        return store_fail(store, STORE_ABSENT, "the deck has no version %u", deck_version);
    case ROW_FAILED:
        break;
    }
    return store->failed;
}

enum store_result config_get_deck_version(struct store *store, uint64_t id, uint32_t deck_version,
                                          struct deck_row *out)
{
    struct deck_row row;
    if (!store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    enum store_result result = store_end(store, find_version(store, id, deck_version, &row));
    if (result == STORE_OK) {
        *out = row;
    }
    return result;
}

static enum store_result use_version(struct store *store, uint64_t id, uint32_t deck_version,
                                     const char *actor, struct deck_row *row)
{
    static const char move[] = "UPDATE deck SET version = ?2, deck_version = ?3 WHERE id = ?1";
    enum store_result result = find_version(store, id, deck_version, row);
    if (result != STORE_OK) {
        return result;
    }
    bool is_done = change_number(store, &row->version) &&
                   store_run(store, move, "uuu", id, row->version, (uint64_t)deck_version) &&
                   change_put(store, CONFIG_DECK, id, false, row->version) &&
                   change_note(store, actor, "deck", "put in force", id);
    return is_done ? STORE_OK : store->failed;
}

enum store_result config_use_deck_version(struct store *store, uint64_t id, uint32_t deck_version,
                                          const char *actor, struct deck_row *row)
{
    struct deck_row used;
    if (!store_begin(store, STORE_WRITE)) {
        return store_end(store, store->failed);
    }
    enum store_result result = store_end(store, use_version(store, id, deck_version, actor, &used));
    if (result == STORE_OK) {
        *row = used;
    }
    return result;
}
