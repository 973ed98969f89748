/* migrate.c - brings the database to the newest schema: what the engines share. */
#include "base/clock.h"
#include "store/engine.h"
#include "store/schema.h"

#include <sys/random.h>

bool store_random_hex(struct store *store, char hex[33])
{
    uint8_t bytes[16];
    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
        store_fail(store, STORE_UNKNOWN, "no random numbers");
        return false;
    }
    slice_hex(hex, bytes, sizeof(bytes));
    hex[32] = '\0';
    return true;
}

static bool make_identity(struct store *store)
{
    static const char sql[] = "INSERT INTO meta (name, value) VALUES ('identity', ?1)";
    char identity[33];
    return store_random_hex(store, identity) && store_run(store, sql, "t", identity);
}

static bool begin_timeline(struct store *store)
{
    static const char sql[] = "INSERT INTO meta (name, value) VALUES ('timeline', ?1)";
    char timeline[33];
    return store_random_hex(store, timeline) && store_run(store, sql, "t", timeline);
}

bool schema_apply_step(struct store *store, int number, const char *sql)
{
    static const char note[] =
        "INSERT INTO migration (number, name, wall_us, program) VALUES (?1, ?2, ?3, ?4)";
    return store_exec(store, sql) && (number > 1 || make_identity(store)) &&
           (number != SCHEMA_TIMELINE_STEP || begin_timeline(store)) &&
           store_run(store, note, "itit", (int64_t)number, schema_steps[number - 1].name,
                     clock_wall_us(), DIALTONE_VERSION);
}

enum store_result store_migrate_to(struct store *store, int schema)
{
    store_start_clock(store);
    store_disconnect(store);
    return store->engine->migrate(store, schema);
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
