/* edge_store.h - the store thread's own; and the identity that the journal keeps for it. */
#ifndef DT_NODE_EDGE_STORE_H
#define DT_NODE_EDGE_STORE_H

#include "guard/breaker.h"
#include "node/edge_role.h"

#define EVENTS_MAX 200

struct store_loop { /* one thread's */
    struct edge_role *role;
    struct store *store;
    struct breaker breaker;
    struct rng rng;
    uint64_t session; /* 0: not open */
    bool is_foreign;  /* the database is another ledger's, or went back: nothing is asked of it */
    uint64_t saved_version;
    struct lease_ask *asks;
    struct lease_answer *answers;
    struct usage *usages;
    struct journal_settled *settled;
    int usage_count;
    int settle_count;     /* how many a settlement takes: fewer after one that failed */
    int64_t settle_at_us; /* not before, unless much waits */
    struct buf copy;      /* the records of `settled` */
    struct event_row *events;
};

void store_identity_append(struct edge_role *role, const struct edge_identity *identity);
bool store_identity_read(struct slice record, struct edge_identity *out);

#endif
