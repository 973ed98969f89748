/* world.h - an installation with one edge that the ledger has numbered, whose disk and database a
 * test writes itself; program.h runs it. The functions end the test where something goes wrong.
 */
#ifndef DT_TEST_NODE_WORLD_H
#define DT_TEST_NODE_WORLD_H

#include "program.h"

#include "node/edge_store.h"
#include "store/journal.h"

#define WORLD_NONCE "00112233445566778899aabbccddeeff"
#define WORLD_WALL_S INT64_C(1800000000)

struct world {
    char dir[256];
    const char *nonce;    /* of the edge whose usages are made now */
    uint64_t incarnation; /* by which the ledger knows it */
    uint64_t session;     /* 0: none was opened here */
    uint64_t account_id;
    int64_t balance_micro; /* before all charges */
    struct store *store;
    struct journal_file *log; /* NULL: closed, or the program has it */
    struct edge_role role;    /* only its journal and its identities are used */
};

/* With the demo's account and WORLD_NONCE registered; the log is not open yet. */
struct world *world_new(void);
/* Looks at the books a last time. */
void world_free(struct world *world);
void world_open_store(struct world *world);
int64_t world_balance(struct world *world);

/* The edge's log. Closing leaves all that was written on the disk. */
void world_open_log(struct world *world, const struct journal_file_options *options);
void world_close_log(struct world *world);

/* The edge's usage of that number; each is of another call. */
struct usage world_usage(const struct world *world, int64_t charge_micro, uint64_t number);
/* Into the log, which numbers it: that number. */
uint64_t world_write(struct world *world, const struct usage *usage);

#endif
