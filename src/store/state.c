/* state.c - what is known of the ledger: identity, timeline, newest numbers, newest link; compared
 * in every transaction.
 *
 * A database that was put back to an older state and has gone on since may have any number that an
 * honest one has. The link of our own newest transaction it cannot have: the hash covers its
 * entries and all before them in the chain. The timeline tells those who saw nothing newer than
 * what was put back.
 */
#include "base/drill.h"
#include "store/ledger.h"

#include <stdio.h>
#include <string.h>

bool store_note_foreign(struct store *store)
{
    store->is_foreign = true;
    return false;
}

static bool read_meta(struct store *store, const char *name, char value[33])
{
    static const char sql[] = "SELECT value FROM meta WHERE name = ?1";
    struct statement *statement = store_query(store, sql, "t", name);
    switch (store_step(store, statement)) {
    case ROW_FOUND:
        column_text(statement, 0, value, 33);
        statement_reset(statement);
        return true;
    case ROW_NONE:
        store_fail(store, STORE_UNKNOWN, "%s has no %s of a ledger", store->name, name);
        break;
    case ROW_FAILED:
        break;
    }
    return false;
}

bool store_read_identity(struct store *store, char identity[33])
{
    return read_meta(store, "identity", identity);
}

static bool is_other_timeline(struct store *store, const char *known, const char *timeline)
{
    if (known[0] == '\0' || strcmp(known, timeline) == 0 || store->options.takes_timeline) {
        return false;
    }
    store_fail(store, STORE_UNKNOWN,
               "%s was put back to an older state: run `dialtone ledger recover` here",
               store->name);
    return true;
}

bool store_check_identity(struct store *store, struct tri pinned, const struct store_pin *pin)
{
    char identity[33], timeline[33];
    if (!store_read_identity(store, identity)) {
        return false;
    }
    if (strlen(identity) != 32) {
        store_fail(store, STORE_UNKNOWN,
                   "%s is being copied into, or a copy was broken off: repeat `dialtone db copy`",
                   store->name);
        return false;
    }
    char url[STORE_PATH_SIZE];
    struct tri moved = store_moved_to(store, url);
    if (moved.is == TRI_UNKNOWN || !read_meta(store, "timeline", timeline)) {
        return false;
    }
    bool is_pinned = pinned.is == TRI_PRESENT;
    bool is_known = store->identity[0] == '\0' || strcmp(store->identity, identity) == 0;
    if (!is_known || (is_pinned && strcmp(pin->identity, identity) != 0)) {
        store_fail(store, STORE_UNKNOWN, "%s holds another ledger than before", store->name);
        return store_note_foreign(store);
    }
    memcpy(store->identity, identity, sizeof(store->identity));
    if (moved.is == TRI_PRESENT) {
        return true; /* the ledger's timeline is where the ledger is */
    }
    if (is_other_timeline(store, store->timeline, timeline) ||
        (is_pinned && is_other_timeline(store, pin->timeline, timeline))) {
        return store_note_foreign(store);
    }
    memcpy(store->timeline, timeline, sizeof(store->timeline));
    return true;
}

/* Of the link that was seen: is it there, and the same? */
static bool is_link_there(struct store *store, struct slice hash)
{
    char hex[2 * STORE_HASH_SIZE + 1] = "";
    if (hash.size == STORE_HASH_SIZE) {
        slice_hex(hex, (const uint8_t *)hash.data, STORE_HASH_SIZE);
    }
    return store->link_seen.first == 0 ||
           strncmp(hex, store->link_seen.hash, sizeof(store->link_seen.hash) - 1) == 0;
}

bool store_check_state(struct store *store)
{
    static const char sql[] = "SELECT (SELECT value FROM meta WHERE name = 'identity'),"
                              " (SELECT value FROM meta WHERE name = 'timeline'),"
                              " (SELECT value FROM counter WHERE name = 'change'),"
                              " (SELECT value FROM counter WHERE name = 'transfer'),"
                              " (SELECT hash FROM link WHERE first = ?1)";
    struct statement *statement = store_query(store, sql, "u", store->link_seen.first);
    if (store_step(store, statement) != ROW_FOUND) {
        return false;
    }
    uint64_t change = column_u64(statement, 2), transfer = column_u64(statement, 3);
    bool is_same = strcmp(column_cstr(statement, 0), store->identity) == 0;
    bool is_other = is_same && is_other_timeline(store, store->timeline, column_cstr(statement, 1));
    bool has_gone_back = change < store->version_seen || transfer < store->transfer_seen ||
                         !is_link_there(store, column_slice(statement, 4));
    statement_reset(statement);
    if (!is_same) {
        store_fail(store, STORE_UNKNOWN, "%s holds another ledger than before", store->name);
    } else if (!is_other && has_gone_back) {
        store_fail(store, STORE_UNKNOWN,
                   "%s went back: version %llu and entry %llu, but %llu and %llu were there",
                   store->name, (unsigned long long)change, (unsigned long long)transfer,
                   (unsigned long long)store->version_seen,
                   (unsigned long long)store->transfer_seen);
    }
    if ((!is_same || is_other || has_gone_back) && !drill_is("wrong/any-ledger-believed")) {
        return store_note_foreign(store);
    }
    store->version_seen = change;
    store->transfer_seen = transfer;
    return true;
}

void store_known(const struct store *store, struct store_known *out)
{
    *out = (struct store_known){.version = store->version_seen, .link = store->link_seen};
    memcpy(out->identity, store->identity, sizeof(out->identity));
    memcpy(out->timeline, store->timeline, sizeof(out->timeline));
}

void store_expect(struct store *store, const struct store_known *known)
{
    memcpy(store->identity, known->identity, sizeof(store->identity));
    memcpy(store->timeline, known->timeline, sizeof(store->timeline));
    store->version_seen = known->version;
    store->link_seen = known->link;
    store->transfer_seen = known->link.first;
}

bool store_is_foreign(const struct store *store)
{
    return store->is_foreign;
}

enum store_result store_renew_timeline(struct store *store)
{
    static const char sql[] = "UPDATE meta SET value = ?1 WHERE name = 'timeline'";
    char timeline[33];
    if (!store_begin(store, STORE_WRITE)) {
        return store_end(store, store->failed);
    }
    bool is_done = store_random_hex(store, timeline) && store_run(store, sql, "t", timeline);
    enum store_result result = store_end(store, is_done ? STORE_OK : store->failed);
    if (result == STORE_OK) {
        struct store_pin pin = {0};
        memcpy(store->timeline, timeline, sizeof(store->timeline));
        if (store_pin_read(store->dir, &pin).is == TRI_PRESENT) {
            memcpy(pin.timeline, timeline, sizeof(pin.timeline));
            (void)store_pin_write(store->dir, &pin);
        }
    }
    return result;
}

void ledger_tell(struct store *store, const struct ledger_disk *disk)
{
    store->has_disk = disk != NULL;
    if (disk != NULL) {
        store->disk = *disk;
    }
}
