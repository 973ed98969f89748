#include "node/database.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool has_configuration(const char *dir)
{
    char path[1024];
    int size = snprintf(path, sizeof(path), "%s/dialtone.conf", dir);
    return size > 0 && (size_t)size < sizeof(path) && access(path, F_OK) == 0;
}

struct store *database_new(const struct store_options *options, char *error, size_t error_size)
{
    struct store_options all = *options;
    struct node_config *config = calloc(1, sizeof(*config));
    struct store *store = NULL;
    if (config == NULL) {
        snprintf(error, error_size, "no memory");
        return NULL;
    }
    if (!has_configuration(options->dir) || config_load(options->dir, config, error, error_size)) {
        all.url = config->store;
        store = store_new(&all);
        if (store == NULL) {
            snprintf(error, error_size, "no memory");
        }
    }
    free(config);
    return store;
}

bool database_is_server(const char *dir)
{
    char error[512];
    struct node_config *config = calloc(1, sizeof(*config));
    bool is_server = config != NULL && has_configuration(dir) &&
                     config_load(dir, config, error, sizeof(error)) && config->store[0] != '\0';
    free(config);
    return is_server;
}
