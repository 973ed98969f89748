/* rows.h - the configuration's things (accounts, endpoints, trunks, numbers, routes) as resources:
 * list, read, make, change, remove, all by one description each. */
#ifndef DT_API_ROWS_H
#define DT_API_ROWS_H

#include "api/fields.h"

struct resource {
    const char *noun; /* "account" */
    size_t row_size;
    const struct field *fields;
    bool is_seen_by_customers;  /* their own ones */
    bool is_found_by_id;        /* not where names may be digits */
    void (*prepare)(void *row); /* a new row's defaults; may be NULL */
    uint64_t (*id)(const void *row);
    uint64_t (*version)(const void *row);
    uint64_t (*account_id)(const void *row); /* whose; NULL: nobody's */
    uint64_t (*parent_id)(const void *row);  /* of an account; NULL: it has none */
    const char *(*name)(const void *row);    /* for paths and messages; NULL: by id */
    enum store_result (*get)(struct store *store, uint64_t id, void *row);
    enum store_result (*page)(struct store *store, uint64_t after, void *rows, int max, int *count);
    enum store_result (*put)(struct store *store, void *row, const char *actor);
    enum store_result (*remove)(struct store *store, uint64_t id, const char *actor);
    enum store_result (*by_name)(struct store *store, const char *name, void *row); /* or NULL */
    /* What the fields alone cannot check or set; false: answered. May be NULL. */
    bool (*finish)(struct api_call *call, const json_t *body, bool is_new, void *row);
    /* Something to add to what is shown; may be NULL. */
    void (*decorate)(struct api_call *call, const void *row, json_t *object);
    void (*removed)(struct api_call *call, uint64_t id); /* may be NULL */
};

extern const struct resource resource_account, resource_endpoint, resource_trunk, resource_number,
    resource_route;

void rows_list(struct api_call *call);
void rows_read(struct api_call *call);
void rows_make(struct api_call *call);
void rows_change(struct api_call *call);
void rows_remove(struct api_call *call);

/* The row that the path names, in `row`. False: answered. */
MUST_CHECK bool rows_find(struct api_call *call, const struct resource *resource, void *row);
json_t *rows_write(struct api_call *call, const struct resource *resource, const void *row);

#endif
