/* connect.c - a store, its clock, its sentences, and what is asked of any database it opens. */
#include "base/clock.h"
#include "store/config_sql.h"
#include "store/engine.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

void store_sleep_us(int64_t us)
{
    struct timespec pause = {.tv_sec = us / 1000000, .tv_nsec = (us % 1000000) * 1000};
    (void)nanosleep(&pause, NULL);
}

enum store_result store_fail(struct store *store, enum store_result result, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(store->error, sizeof(store->error), format, arguments);
    va_end(arguments);
    store->failed = result;
    return result;
}

void store_start_clock(struct store *store)
{
    store->deadline_us = clock_mono_us() + store->options.deadline_us;
    store->error[0] = '\0';
    store->is_foreign = false;
}

bool store_file_exists(const char *path)
{
    struct stat facts;
    return stat(path, &facts) == 0;
}

bool store_connect(struct store *store)
{
    return store->engine->connect(store);
}

void store_disconnect(struct store *store)
{
    store->engine->disconnect(store);
}

bool store_check_schema(struct store *store)
{
    if (store->schema > STORE_SCHEMA) {
        store_fail(store, STORE_NEWER_SCHEMA, "%s was made by a newer dialtone (schema %d)",
                   store->name, store->schema);
        return false;
    }
    if (store->schema < STORE_SCHEMA) {
        store_fail(store, STORE_UNKNOWN, "%s has the older schema %d: it is not migrated yet",
                   store->name, store->schema);
        return false;
    }
    return true;
}

static bool make_engine(struct store *store)
{
    const char *url = store->options.url;
    return url == NULL || url[0] == '\0' ? sqlite_new(store) : pg_new(store);
}

struct store *store_new(const struct store_options *options)
{
    struct store *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        return NULL;
    }
    store->options = *options;
    int size = snprintf(store->dir, sizeof(store->dir), "%s", options->dir);
    store->options.dir = store->dir;
    if (size < 0 || (size_t)size >= sizeof(store->dir) || !make_engine(store)) {
        store_free(store);
        return NULL;
    }
    return store;
}

void store_free(struct store *store)
{
    if (store == NULL) {
        return;
    }
    if (store->engine != NULL) {
        store->engine->disconnect(store);
        store->engine->free(store);
    }
    config_sql_free(store->config_sql);
    EVP_MD_CTX_free(store->hash_context);
    free(store->settle_scratch);
    free(store->prefetched);
    free(store);
}

const char *store_error(const struct store *store)
{
    return store->error;
}

const char *store_result_name(enum store_result result)
{
    switch (result) {
    case STORE_UNKNOWN:
        return "unknown";
    case STORE_OK:
        return "ok";
    case STORE_ABSENT:
        return "absent";
    case STORE_EXISTS:
        return "exists";
    case STORE_CONFLICT:
        return "conflict";
    case STORE_REFUSED:
        return "refused";
    case STORE_FENCED:
        return "fenced";
    case STORE_OLD_SESSION:
        return "old-session";
    case STORE_NEWER_SCHEMA:
        return "newer-schema";
    }
    return "unknown";
}
