/* virtual_inside.h - what the files of the virtual world share. */
#ifndef DT_TEST_VIRTUAL_INSIDE_H
#define DT_TEST_VIRTUAL_INSIDE_H

#include "base/rng.h"
#include "books.h"
#include "edge/edge.h"
#include "virtual.h"

#define VIRTUAL_WORKERS 2
#define VIRTUAL_LISTENERS 4
#define VIRTUAL_ASKS_MAX 64
#define VIRTUAL_OBJECTS_MAX 64
#define VIRTUAL_WALL_US INT64_C(1790000000000000) /* wall time when the world begins */

enum virtual_event_kind {
    VIRTUAL_TO_EDGE = 0,
    VIRTUAL_TO_AGENT,
    VIRTUAL_UNREACHABLE, /* a port is closed: the edge hears of it */
    VIRTUAL_FLOW_LOST,   /* an agent's connection broke */
    VIRTUAL_EDGE_START,
    VIRTUAL_REFILL_DONE,
    VIRTUAL_SETTLE_DONE,
    VIRTUAL_SECOND
};

struct virtual_event {
    int64_t at_us;
    uint64_t order; /* of equal times: as they were made */
    enum virtual_event_kind kind;
    int agent;
    struct reg_flow flow;
    char *data;
    size_t size;
};

struct virtual_record {
    enum journal_kind kind;
    uint64_t sequence; /* of a usage */
    char *data;
    size_t size;
};

struct virtual_agent {
    struct ua *ua;
    struct ua_address address;
    uint8_t ip[16];
    uint64_t connection; /* of its stream; changes when that breaks; 0: none is open */
    int64_t deadline_us;
    int64_t
        stream_at_us[2]; /* last arrival on its stream, to the edge and from it: it keeps order */
};

struct virtual_ledger { /* the store thread of an edge */
    bool is_refilling, is_settling, is_open;
    uint64_t incarnation, session, high_water;
    struct lease_ask asks[VIRTUAL_ASKS_MAX];
    struct lease_answer answers[VIRTUAL_ASKS_MAX];
    int ask_count;
    bool is_answered; /* the refill under way was committed, and its answer will arrive */
    uint64_t settled; /* mark that the settlement under way will tell; 0: it failed */
    int64_t retry_at_us;
    char nonce[33];
};

struct virtual
{
    const struct scn *scn;
    struct rng rng;
    int64_t now_us;
    char dir[64];
    struct books books;
    struct virtual_agent agents[SCN_AGENTS_MAX];
    struct ua_effects out;

    struct virtual_event **heap;
    int heap_count, heap_max;
    uint64_t order;

    struct virtual_record *records; /* the edge's disk */
    int record_count, record_max;
    uint64_t sequence;
    int64_t alive_wall_us; /* last heartbeat */

    bool is_edge_up;
    int64_t killed_at_us, back_us;
    struct fraud_told fraud_told;
    int64_t alerted_us[SCN_ACCOUNTS_MAX]; /* first event fraud.suspected; 0: none */
    struct epoch epoch;
    struct edge *edge;
    struct edge_worker *workers[VIRTUAL_WORKERS];
    struct sip_msg parsed;
    uint64_t config_seen;
    uint8_t *objects[VIRTUAL_OBJECTS_MAX]; /* decks in use */
    int object_count;
    uint64_t next_connection;

    struct virtual_ledger ledger;
    enum scn_fault fault; /* SCN_START: all is well */
    int64_t latency_us;
    struct virtual_totals totals;
    enum virtual_mutation mutation;
    void (*each)(void *ctx, int agent, const struct ua_event *event);
    void *each_ctx;
};

/* virtual_net.c */
struct virtual_event *virtual_post(struct virtual *virtual, int64_t at_us,
                                   enum virtual_event_kind kind);
struct virtual_event *virtual_next(struct virtual *virtual); /* NULL: none; stays in the heap */
void virtual_pop(struct virtual *virtual);
void virtual_net_done(struct virtual *virtual);
void virtual_agent_flush(struct virtual *virtual, int index);
void virtual_send(void *ctx, const struct reg_flow *to, struct slice message); /* of the edge */
void virtual_ip(const char *host, uint8_t ip[16]);
void virtual_trace(struct virtual *virtual, int kind, const void *data, size_t size);

/* virtual_edge.c */
bool virtual_edge_start(struct virtual *virtual);
void virtual_edge_second(struct virtual *virtual); /* what the edge does once a second */
void virtual_edge_kill(struct virtual *virtual);
void virtual_edge_free(struct virtual *virtual);
void virtual_edge_feed(struct virtual *virtual, const struct reg_flow *from, struct slice bytes);
void virtual_edge_unreachable(struct virtual *virtual, const struct reg_flow *to);
void virtual_edge_tick(struct virtual *virtual);
int64_t virtual_edge_deadline(const struct virtual *virtual);
struct edge_time virtual_time(const struct virtual *virtual);
bool virtual_end_calls(struct virtual *virtual);

/* virtual_store.c */
bool virtual_store_open(struct virtual *virtual, char why[SCN_WHY_SIZE]);
bool virtual_config_load(struct virtual *virtual); /* what changed, into the directory */
void virtual_ledger_turn(struct virtual *virtual); /* starts what is due */
int64_t virtual_ledger_deadline(const struct virtual *virtual);
void virtual_refill_done(struct virtual *virtual);
void virtual_settle_done(struct virtual *virtual);
bool virtual_act(void *ctx, const struct scn_step *step, char why[SCN_WHY_SIZE]);

#endif
