#include "node/upgrade.h"

#include "node/database.h"

#include <stdio.h>

#define PATIENCE_US 1000000

bool upgrade_database(const char *dir, char *error, size_t error_size)
{
    struct store_options options = {.dir = dir, .deadline_us = PATIENCE_US};
    char why[512] = "";
    struct store *store = database_new(&options, why, sizeof(why));
    enum store_result result = store == NULL ? STORE_UNKNOWN : store_upgrade(store);
    if (result == STORE_NEWER_SCHEMA) {
        snprintf(error, error_size,
                 "%s. Run that one, or put a backup of before in place: dialtone restore",
                 store_error(store));
    } else if (result != STORE_OK) {
        fprintf(stderr,
                "dialtone run: the database gives no clear answer, and is not waited for: %s\n",
                store == NULL ? why : store_error(store));
    }
    store_free(store);
    return result != STORE_NEWER_SCHEMA;
}
