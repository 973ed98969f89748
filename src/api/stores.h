/* stores.h - a few connections to the store, lent to one request at a time, behind one breaker. */
#ifndef DT_API_STORES_H
#define DT_API_STORES_H

#include "store/store.h"

#include <jansson.h>

struct stores;
struct store_slot;

struct stores *stores_new(const char *dir, const char *url, int64_t patience_us,
                          bool has_fault_layer);
void stores_free(struct stores *stores);

/* NULL: the store is not asked now (it failed, or all connections are in use for too long); *why
 * is then a constant sentence. */
struct store_slot *stores_take(struct stores *stores, const char **why);
struct store *stores_store(struct store_slot *slot);
void stores_note_unknown(struct store_slot *slot); /* it gave no clear answer */
void stores_give(struct stores *stores, struct store_slot *slot);

/* {"state":"ok"|"unknown","since_wall_us":..,"last_ok_wall_us":..,"error":..,"breaker":..} */
json_t *stores_status(struct stores *stores);
bool stores_is_ok(struct stores *stores);

#endif
