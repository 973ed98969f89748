/* store_mirror.h - the SQL ledger on a database of its own, compared with the model request by
 * request. */
#ifndef DT_TEST_STORE_MIRROR_H
#define DT_TEST_STORE_MIRROR_H

#include "money_world.h"
#include "store/store.h"

struct store_mirror { /* zeroed by the caller */
    struct store *store;
    char dir[64];
    uint64_t key; /* of the last top-up */
};

/* The database lies in a new directory under `parent`, which store_mirror_done removes. */
struct sim_mirror store_mirror_init(struct store_mirror *mirror, const char *parent);
void store_mirror_done(struct store_mirror *mirror);

#endif
