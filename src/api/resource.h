/* resource.h - typed functions of the store as those of a resource. */
#ifndef DT_API_RESOURCE_H
#define DT_API_RESOURCE_H

#include "api/rows.h"

/* Functions get_, page_, put_, remove_, id_ and version_ for rows of a type. */
#define RESOURCE_FUNCTIONS(type, name)                                                             \
    static enum store_result get_##name(struct store *store, uint64_t id, void *row)               \
    {                                                                                              \
        return config_get_##name(store, id, row);                                                  \
    }                                                                                              \
    static enum store_result page_##name(struct store *store, uint64_t after, void *rows, int max, \
                                         int *count)                                               \
    {                                                                                              \
        return config_page_##name(store, after, rows, max, count);                                 \
    }                                                                                              \
    static enum store_result put_##name(struct store *store, void *row, const char *actor)         \
    {                                                                                              \
        return config_put_##name(store, row, actor);                                               \
    }                                                                                              \
    static uint64_t id_##name(const void *row)                                                     \
    {                                                                                              \
        return ((const struct type *)row)->id;                                                     \
    }                                                                                              \
    static uint64_t version_##name(const void *row)                                                \
    {                                                                                              \
        return ((const struct type *)row)->version;                                                \
    }

#define RESOURCE_CALLS(type, name)                                                                 \
    .row_size = sizeof(struct type), .id = id_##name, .version = version_##name,                   \
    .get = get_##name, .page = page_##name, .put = put_##name, .remove = config_remove_##name

#define FIELD(type, member)                                                                        \
    .offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)

#endif
