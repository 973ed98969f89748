/* edge_store.h - the store thread's own; and the identity that the journal keeps for it. */
#ifndef DT_NODE_EDGE_STORE_H
#define DT_NODE_EDGE_STORE_H

#include "guard/breaker.h"
#include "node/edge_role.h"

#define EVENTS_MAX 200
#define STORE_PATIENCE_US 2000000

struct store_loop { /* one thread's */
    struct edge_role *role;
    struct store *store;
    struct breaker breaker;
    struct rng rng;
    uint64_t session;      /* 0: not open */
    uint64_t wanted_after; /* the account after which wanted ones are looked for next */
    bool is_foreign; /* the database is another ledger's, or went back: only looked at again */
    bool is_stopped; /* the incarnation is dead, and nothing is spent on its leases any more */
    bool is_fence_told, is_full_told;
    int64_t saved_us; /* when what is known of the ledger was last recorded */
    struct lease_ask *asks;
    struct lease_answer *answers;
    struct usage *usages;
    struct journal_settled *settled;
    int usage_count;
    int settle_count;       /* how many a settlement takes: fewer after one that failed */
    uint64_t offset, up_to; /* of the usages that are read now */
    uint64_t unreadable;    /* the one of them that could not be, and is the last; 0: all could */
    bool is_unreadable_told;
    int64_t settle_at_us; /* not before, unless much waits */
    struct buf copy;      /* the records of `settled` */
    struct event_row *events;
};

/* ---- edge_store.c ---- */
/* Every call of the store goes through these: the breaker first, and what came of it after. */
bool store_may_ask(struct store_loop *loop, uint32_t *ticket);
enum store_result store_asked(struct store_loop *loop, uint32_t ticket, int64_t began_us,
                              enum store_result result);

/* ---- edge_settle.c ---- */
#define SETTLE_MAX 4000
/* Sends what waits, a batch of each life. True: there may be more. */
bool settle_usages(struct store_loop *loop);
bool settle_when_due(struct store_loop *loop);

/* ---- edge_events.c ---- */
void events_store(struct store_loop *loop);

/* ---- edge_lives.c ---- */
void store_identity_append(struct edge_role *role, const struct edge_identity *identity);
bool store_identity_read(struct slice record, struct edge_identity *out);
/* The identity of the journal's newest life, at the start: a process begins. */
MUST_CHECK bool lives_begin(struct edge_role *role); /* false: no room for its identity */
void lives_tell_over(struct store_loop *loop);       /* at the start: the journal's old lives */
void lives_over(struct store_loop *loop, const struct edge_identity *old); /* all is settled */
struct edge_identity *lives_newest(struct store_loop *loop);
void lives_expect(struct store_loop *loop); /* of the store: what this disk knows of the ledger */
/* Asks the database for its newest state, and records now and then what is known of it. */
bool lives_look(struct store_loop *loop);
bool lives_open(struct store_loop *loop); /* a session for the newest; false: not now */
/* A number and a session to settle a part of an older life, or of a copy, in. */
bool lives_open_part(struct store_loop *loop, const struct edge_identity *old,
                     struct identity_part *part);
void lives_refused(struct store_loop *loop, enum store_result result); /* in the newest's session */
struct ledger_disk lives_disk(struct store_loop *loop); /* to be told: what is synced */

#endif
