#include "api/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_ROWS 100  /* read from the store at once */
#define SCAN_MAX 20000 /* rows looked at for one page of a filtered list */

/* False: the problem is answered. */
static bool may_see(struct api_call *call, const struct resource *resource, const void *row,
                    const char *what)
{
    if (call->principal.role == API_ROLE_OPERATOR) {
        return true;
    }
    if (!resource->is_seen_by_customers || resource->account_id == NULL) {
        api_problem(call, PROBLEM_NOT_FOUND, "There is no %s.", what);
        return false;
    }
    return api_may_see(call, resource->account_id(row), what);
}

/* The path's part is a name; or an id, where names cannot be mistaken for one. */
static enum store_result look_up(struct api_call *call, struct store *store,
                                 const struct resource *resource, void *row)
{
    uint64_t id = 0;
    enum store_result result = STORE_ABSENT;
    if (resource->by_name != NULL) {
        result = resource->by_name(store, call->param, row);
    }
    if (result == STORE_ABSENT && resource->is_found_by_id &&
        slice_to_u64(slice_from_text(call->param), INT64_MAX, &id)) {
        result = resource->get(store, id, row);
    }
    return result;
}

bool rows_find(struct api_call *call, const struct resource *resource, void *row)
{
    char what[API_PARAM_SIZE + 32];
    snprintf(what, sizeof(what), "%s %s", resource->noun, call->param);
    struct store *store = api_store(call);
    return store != NULL && api_store_ok(call, look_up(call, store, resource, row), what) &&
           may_see(call, resource, row, what);
}

json_t *rows_write(struct api_call *call, const struct resource *resource, const void *row)
{
    json_t *object = fields_write(resource->fields, row);
    if (resource->decorate != NULL) {
        resource->decorate(call, row, object);
    }
    return object;
}

/* ---- list ---- */

struct listing {
    const struct resource *resource;
    uint64_t account_id; /* 0: all */
    uint64_t parent_id;  /* sub-accounts of that one only; 0: all */
    bool has_children;   /* those of account_id too */
    uint64_t after;
    int max;
    int scanned;
    bool has_more;
    json_t *items;
};

static bool is_wanted(const struct listing *listing, const void *row)
{
    const struct resource *resource = listing->resource;
    uint64_t parent_id = resource->parent_id == NULL ? 0 : resource->parent_id(row);
    if (listing->parent_id != 0) {
        return parent_id == listing->parent_id;
    }
    return listing->account_id == 0 ||
           (resource->account_id != NULL && resource->account_id(row) == listing->account_id) ||
           (listing->has_children && parent_id == listing->account_id);
}

/* ?account= and ?parent=; a customer's list of accounts is its own and its sub-accounts. */
static bool read_filters(struct api_call *call, struct listing *listing)
{
    const char *parent = listing->resource->parent_id == NULL ? NULL : api_argument(call, "parent");
    listing->has_children =
        call->principal.role != API_ROLE_OPERATOR && api_argument(call, "account") == NULL;
    return api_filter_account(call, &listing->account_id) &&
           (parent == NULL || api_find_account_id(call, parent, &listing->parent_id));
}

/* Adds rows of one page of the store; false: the list is full or over. */
static bool add_rows(struct api_call *call, struct listing *listing, const char *rows, int count)
{
    for (int i = 0; i < count; i++) {
        const void *row = rows + (size_t)i * listing->resource->row_size;
        if ((int)json_array_size(listing->items) == listing->max) {
            listing->has_more = true;
            return false;
        }
        listing->after = listing->resource->id(row);
        if (is_wanted(listing, row)) {
            json_array_append_new(listing->items, rows_write(call, listing->resource, row));
        }
    }
    listing->scanned += count;
    if (count == PAGE_ROWS && listing->scanned >= SCAN_MAX) {
        listing->has_more = true;
        return false;
    }
    return count == PAGE_ROWS;
}

static bool fill(struct api_call *call, struct listing *listing, void *rows)
{
    struct store *store = api_store(call);
    bool goes_on = store != NULL;
    while (goes_on) {
        int count = 0;
        enum store_result result =
            listing->resource->page(store, listing->after, rows, PAGE_ROWS, &count);
        if (!api_store_ok(call, result, listing->resource->noun)) {
            return false;
        }
        goes_on = add_rows(call, listing, rows, count);
    }
    return store != NULL;
}

static json_t *write_list(const struct listing *listing, int64_t as_of_wall_us)
{
    char next[24];
    snprintf(next, sizeof(next), "%" PRIu64, listing->after);
    return json_pack("{s:O,s:o,s:I,s:b}", "items", listing->items, "next",
                     listing->has_more ? json_string(next) : json_null(), "as_of_wall_us",
                     (json_int_t)as_of_wall_us, "is_stale", 0);
}

/* The store does not answer: accounts are shown as last read, with the age. */
static void list_last_good(struct api_call *call, struct listing *listing)
{
    int64_t wall_us = 0;
    uint64_t after = 0;
    if (listing->resource != &resource_account || call->principal.role != API_ROLE_OPERATOR ||
        !api_argument_u64(call, "cursor", INT64_MAX, &after)) {
        return;
    }
    json_t *items = last_good_page(call->api->last_good, after, listing->max, &wall_us);
    if (json_array_size(items) == 0) {
        json_decref(items);
        return; /* the problem stays: nothing was ever read */
    }
    api_forget_headers(call);
    api_json(call, 200,
             json_pack("{s:o,s:n,s:I,s:b}", "items", items, "next", "as_of_wall_us",
                       (json_int_t)wall_us, "is_stale", 1));
}

void rows_list(struct api_call *call)
{
    struct listing listing = {.resource = call->route->resource};
    if (!api_argument_max(call, &listing.max) ||
        !api_argument_u64(call, "cursor", INT64_MAX, &listing.after) ||
        !read_filters(call, &listing)) {
        return;
    }
    void *rows = calloc(PAGE_ROWS, listing.resource->row_size);
    listing.items = json_array();
    if (rows == NULL || listing.items == NULL) {
        api_problem(call, PROBLEM_INTERNAL, "There is not enough memory.");
    } else if (fill(call, &listing, rows)) {
        api_json(call, 200, write_list(&listing, call->wall_us));
    } else {
        list_last_good(call, &listing);
    }
    json_decref(listing.items);
    free(rows);
}

/* ---- one ---- */

static void *new_row(struct api_call *call)
{
    void *row = calloc(1, call->route->resource->row_size);
    if (row == NULL) {
        api_problem(call, PROBLEM_INTERNAL, "There is not enough memory.");
    }
    return row;
}

static void answer_row(struct api_call *call, int status, const void *row)
{
    const struct resource *resource = call->route->resource;
    api_header(call, "ETag", "\"%" PRIu64 "\"", resource->version(row));
    api_json(call, status, rows_write(call, resource, row));
}

static void read_last_good(struct api_call *call)
{
    json_t *account = NULL;
    json_t *balance = NULL;
    int64_t wall_us = 0;
    uint64_t id = 0;
    bool is_id = slice_to_u64(slice_from_text(call->param), INT64_MAX, &id);
    if (call->response->status != 503 || call->route->resource != &resource_account ||
        last_good_find(call->api->last_good, is_id ? id : 0, call->param, &account, &balance,
                       &wall_us)
                .is != TRI_PRESENT) {
        return;
    }
    json_int_t found = json_integer_value(json_object_get(account, "id"));
    if (call->principal.role == API_ROLE_OPERATOR ||
        (uint64_t)found == call->principal.account_id) {
        json_object_set_new(account, "balance",
                            balance == NULL ? json_null() : json_incref(balance));
        json_object_set_new(account, "as_of_wall_us", json_integer(wall_us));
        json_object_set_new(account, "is_stale", json_true());
        api_forget_headers(call);
        api_json(call, 200, json_incref(account));
    }
    json_decref(account);
    json_decref(balance);
}

void rows_read(struct api_call *call)
{
    void *row = new_row(call);
    if (row != NULL && rows_find(call, call->route->resource, row)) {
        answer_row(call, 200, row);
    } else if (row != NULL) {
        read_last_good(call);
    }
    free(row);
}

static void tell(struct api_call *call, const char *did, uint64_t id)
{
    json_t *data = json_pack("{s:s,s:s,s:I,s:s}", "what", call->route->resource->noun, "did", did,
                             "id", (json_int_t)id, "actor", call->principal.name);
    api_publish(call->api, "config", data);
    json_decref(data);
}

static bool put_row(struct api_call *call, void *row, bool is_new)
{
    const struct resource *resource = call->route->resource;
    char what[API_PARAM_SIZE + 32];
    const char *name = resource->name == NULL ? call->param : resource->name(row);
    const char *article = strchr("aeiou", resource->noun[0]) != NULL ? "an " : "a ";
    snprintf(what, sizeof(what), "%s%s %s", is_new ? article : "", resource->noun, name);
    struct store *store = api_store(call);
    if (store == NULL ||
        !api_store_ok(call, resource->put(store, row, call->principal.name), what)) {
        return false;
    }
    tell(call, is_new ? "made" : "changed", resource->id(row));
    return true;
}

void rows_make(struct api_call *call)
{
    const struct resource *resource = call->route->resource;
    void *row = new_row(call);
    json_t *body = row == NULL ? NULL : api_body(call);
    if (body != NULL) {
        if (resource->prepare != NULL) {
            resource->prepare(row);
        }
        if (fields_read(call, resource->fields, body, true, row) &&
            (resource->finish == NULL || resource->finish(call, body, true, row)) &&
            put_row(call, row, true)) {
            answer_row(call, 201, row);
        }
    }
    json_decref(body);
    free(row);
}

/* If-Match: the version that the caller saw (RFC 9110 13.1.1). */
static bool is_unchanged(struct api_call *call, const struct resource *resource, const void *row)
{
    const char *wanted = call->request->header(call->request->from, "If-Match");
    char tag[24];
    snprintf(tag, sizeof(tag), "\"%" PRIu64 "\"", resource->version(row));
    if (wanted == NULL || strcmp(wanted, "*") == 0 || strcmp(wanted, tag) == 0) {
        return true;
    }
    api_problem(call, PROBLEM_CHANGED, "Its version is %s now. Read it again.", tag);
    return false;
}

void rows_change(struct api_call *call)
{
    const struct resource *resource = call->route->resource;
    void *row = new_row(call);
    json_t *body = row == NULL ? NULL : api_body(call);
    pthread_mutex_lock(&call->api->change_lock);
    if (body != NULL && rows_find(call, resource, row) && is_unchanged(call, resource, row) &&
        fields_read(call, resource->fields, body, false, row) &&
        (resource->finish == NULL || resource->finish(call, body, false, row)) &&
        put_row(call, row, false)) {
        answer_row(call, 200, row);
    }
    pthread_mutex_unlock(&call->api->change_lock);
    json_decref(body);
    free(row);
}

void rows_remove(struct api_call *call)
{
    const struct resource *resource = call->route->resource;
    char what[API_PARAM_SIZE + 32];
    snprintf(what, sizeof(what), "%s %s", resource->noun, call->param);
    void *row = new_row(call);
    pthread_mutex_lock(&call->api->change_lock);
    if (row != NULL && rows_find(call, resource, row) && is_unchanged(call, resource, row)) {
        uint64_t id = resource->id(row);
        struct store *store = api_store(call);
        if (store != NULL &&
            api_store_ok(call, resource->remove(store, id, call->principal.name), what)) {
            if (resource->removed != NULL) {
                resource->removed(call, id);
            }
            tell(call, "removed", id);
            call->response->status = 204;
        }
    }
    pthread_mutex_unlock(&call->api->change_lock);
    free(row);
}
