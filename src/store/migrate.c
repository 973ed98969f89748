/* migrate.c - brings the database to the newest schema, step by step, and makes a new one. */
#include "store/internal.h"
#include "store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* WAL mode is a property of the file: set once, and again after a restore from a plain copy. */
static bool set_wal_mode(struct store *store)
{
    static const char sql[] = "PRAGMA journal_mode = WAL";
    sqlite3_stmt *statement = store_statement(store, sql);
    char mode[16] = "";
    if (store_step(store, statement) != ROW_FOUND) {
        return false;
    }
    column_text(statement, 0, mode, sizeof(mode));
    sqlite3_reset(statement);
    if (mode[0] != 'w') {
        store_fail(store, STORE_UNKNOWN, "%s cannot be set to WAL mode", store->path);
        return false;
    }
    return true;
}

static bool make_identity(struct store *store)
{
    uint8_t bytes[16];
    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
        store_fail(store, STORE_UNKNOWN, "no random numbers");
        return false;
    }
    char identity[33];
    slice_hex(identity, bytes, sizeof(bytes));
    identity[32] = '\0';
    static const char sql[] = "INSERT INTO meta (name, value) VALUES ('identity', ?1)";
    return store_run(store, sql, "t", identity);
}

static bool apply_step(struct store *store, int number)
{
    const struct schema_step *step = &schema_steps[number - 1];
    char pragma[64];
    snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d", number);
    static const char sql[] =
        "INSERT INTO migration (number, name, wall_us, program) VALUES (?1, ?2, ?3, ?4)";
    bool is_done = store_exec(store, "BEGIN IMMEDIATE") && store_exec(store, step->sql) &&
                   (number > 1 || make_identity(store)) &&
                   store_run(store, sql, "itit", (int64_t)number, step->name, store_wall_us(),
                             DIALTONE_VERSION) &&
                   store_exec(store, pragma);
    store_reset_statements(store);
    if (!is_done || !store_exec(store, "COMMIT")) {
        if (!sqlite3_get_autocommit(store->db)) {
            (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
        }
        return false;
    }
    store->schema = number;
    return true;
}

/* The file holds passwords of trunks: made by us for the owner only, before SQLite opens it. Its
 * log takes over the mode. */
static bool make_file(struct store *store)
{
    int fd = open(store->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        store_fail(store, STORE_UNKNOWN, "cannot make %s: %s", store->path, strerror(errno));
        return false;
    }
    close(fd);
    return true;
}

static bool keep_copy(struct store *store)
{
    char file[STORE_PATH_SIZE + 32];
    snprintf(file, sizeof(file), "%s.before-%d", store->path, store->schema + 1);
    enum store_result result = store_copy(store, file);
    store->failed = result;
    return result == STORE_OK;
}

static enum store_result migrate_locked(struct store *store, int schema)
{
    bool is_new = !store_file_exists(store->path);
    if (is_new && !store->options.may_create) {
        return store_fail(store, STORE_UNKNOWN, "%s is not there", store->path);
    }
    if (is_new && !make_file(store)) {
        return store->failed;
    }
    if (!store_open_handle(store) || !store_read_schema(store)) {
        return store->failed;
    }
    if (store->schema > STORE_SCHEMA) {
        return store_fail(store, STORE_NEWER_SCHEMA, "%s was made by a newer dialtone (schema %d)",
                          store->path, store->schema);
    }
    if (!is_new && store->schema == 0 && !store->options.may_create) {
        return store_fail(store, STORE_UNKNOWN, "%s is not a database of dialtone", store->path);
    }
    bool has_content = store->schema > 0;
    if (!set_wal_mode(store) || (has_content && store->schema < schema && !keep_copy(store))) {
        return store->failed;
    }
    while (store->schema < schema) {
        if (!apply_step(store, store->schema + 1)) {
            return store->failed;
        }
    }
    return STORE_OK;
}

enum store_result store_migrate_to(struct store *store, int schema)
{
    store_start_clock(store);
    store_disconnect(store);
    if (!store_lock(store)) {
        return STORE_UNKNOWN;
    }
    /* The steps take as long as they take: the deadline was for the lock. */
    store->deadline_us = INT64_MAX;
    enum store_result result = migrate_locked(store, schema);
    store_disconnect(store);
    store_unlock(store);
    return result;
}

enum store_result store_migrate(struct store *store)
{
    enum store_result result = store_migrate_to(store, STORE_SCHEMA);
    if (result != STORE_OK) {
        return result;
    }
    store_start_clock(store);
    return store_connect(store) ? STORE_OK : store->failed;
}

enum store_result store_upgrade(struct store *store)
{
    store_start_clock(store);
    store_disconnect(store);
    store->schema = 0;
    if (store_connect(store)) {
        return STORE_OK;
    }
    /* The schema is read only from a file that is not a stranger's. */
    bool is_older = store->schema > 0 && store->schema < STORE_SCHEMA;
    return is_older ? store_migrate(store) : store->failed;
}
