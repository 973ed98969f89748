/* fleet.h - the world of a fleet: three nodes, each the whole edge engine with its own journal, a
 * thousand phones that speak SIP, a carrier; one ledger, and the faults of the money world.
 *
 * Phones have a home node each; accounts have phones at all nodes. A call to a number of another
 * node goes there by a trunk between the nodes and is paid where it began, for some accounts where
 * it ends, too.
 */
#ifndef DT_TEST_FLEET_H
#define DT_TEST_FLEET_H

#include "edge/edge.h"
#include "money_world.h"
#include "sip/msg.h"

#define FLEET_PHONES 1000
#define FLEET_LINES 200 /* of the carrier: so many calls at a time */
#define FLEET_ACCOUNTS 40
#define FLEET_MESSAGE_MAX 3072
#define FLEET_TEXT_MAX 512
#define FLEET_WALL_US INT64_C(1790000000000000)
#define FLEET_DOMAIN "sim.test"

enum fleet_event_kind { FLEET_TO_NODE = 0, FLEET_TO_PHONE, FLEET_TIMER, FLEET_ARRIVAL };

struct fleet_place { /* in the heap: its key beside it, for the cache */
    int64_t at_us;
    uint64_t order;
    struct fleet_event *event;
};

struct fleet_event {
    int64_t at_us;
    enum fleet_event_kind kind;
    int index; /* node or phone */
    struct reg_flow from;
    size_t size;
    char data[FLEET_MESSAGE_MAX];
};

enum phone_state {
    PHONE_IDLE = 0,
    PHONE_CALLING, /* INVITE is out */
    PHONE_RINGING, /* it rings here */
    PHONE_TALKING,
    PHONE_ENDING /* BYE is out */
};

struct fleet_pending { /* what is sent again until something comes back; size 0: nothing */
    int64_t at_us, step_us, give_up_us;
    size_t size;
    char data[FLEET_MESSAGE_MAX];
};

struct fleet_phone { /* or a line of the carrier */
    int index, home;
    struct reg_flow flow;
    char user[16], password[24], number[NUMBER_SIZE];
    int account;
    bool is_registered;
    int64_t refresh_us, timer_us;
    char challenges[2][1024]; /* of the registrar, of calls: a message to answer; empty: none */
    uint32_t nonce_counts[2];
    uint32_t reg_cseq;
    int reg_tries;
    struct fleet_pending reg, call;
    /* The call. */
    enum phone_state state;
    bool is_caller;
    bool is_emergency;
    char call_id[64], local_tag[16], remote_tag[64];
    char peer[32]; /* what was dialled; or who calls, as a URI's user */
    char target[FLEET_TEXT_MAX], routes[FLEET_TEXT_MAX];
    char local_uri[96], remote_uri[160];
    uint32_t cseq;
    int call_tries;
    int node;       /* through which it goes */
    int64_t act_us; /* answer, or hang up, then; INT64_MAX: never */
    int64_t talk_us;
    bool will_answer;
    int64_t answered_us;
    size_t invite_size; /* as it came */
    char invite[FLEET_MESSAGE_MAX];
};

#define FLEET_CALLS (1 << 17) /* of a node in a run; a power of two */
struct fleet_call {           /* the observer's */
    uint64_t key;
    int64_t begun_us;
};

struct fleet_node {
    struct fleet_call *calls; /* by key */
    struct sim_edge *owner;
    struct epoch epoch;
    struct edge *edge;
    struct edge_worker *worker;
    int64_t deadline_us;
};

struct fleet {
    struct world *world;
    int phone_count;
    int64_t call_every_us;
    struct rng rng;             /* of phones and their network */
    struct fleet_phone *phones; /* then the carrier's lines */
    struct fleet_node nodes[SIM_NODES_MAX];
    struct fleet_place *heap;
    int heap_count, heap_max;
    struct fleet_event *free_list[256];
    int free_count;
    uint64_t order, number;
    struct digest_context *digest;
    struct endpoint endpoints[FLEET_PHONES];
    struct deck_build decks[2];
    struct sip_msg in, reader;
    uint64_t messages;
};

/* fleet_net.c */
struct fleet_event *fleet_post(struct fleet *fleet, int64_t at_us, enum fleet_event_kind kind,
                               int index);
void fleet_advance(struct world *world, int64_t to_us);
void fleet_send_to_node(struct fleet *fleet, const struct fleet_phone *phone, struct slice bytes);
void fleet_send(void *ctx, const struct reg_flow *to, struct slice bytes); /* of a node */
struct reg_flow fleet_flow(int net, int host);
void fleet_net_done(struct fleet *fleet);

/* fleet_node.c */
void node_start(struct sim_edge *edge);
void node_stop(struct sim_edge *edge);
void node_feed(struct fleet_node *node, const struct reg_flow *from, struct slice bytes);
void node_tick(struct fleet_node *node);
void node_step(struct sim_edge *edge);
void node_close_life(struct sim_edge *edge);

/* fleet_phone.c */
void phone_feed(struct fleet *fleet, struct fleet_phone *phone, struct slice bytes);
void phone_timer(struct fleet *fleet, struct fleet_phone *phone);
void phone_register(struct fleet *fleet, struct fleet_phone *phone);
void phone_call(struct fleet *fleet, struct fleet_phone *phone, const char *number,
                int64_t talk_us);
void phone_watch(struct fleet *fleet, struct fleet_phone *phone); /* sets its timer */

/* fleet_say.c: what phones write */
void phone_write_register(struct fleet *fleet, struct fleet_phone *phone);
void phone_write_invite(struct fleet *fleet, struct fleet_phone *phone);
void phone_write_ack(struct fleet *fleet, struct fleet_phone *phone, bool is_for_2xx);
void phone_write_bye(struct fleet *fleet, struct fleet_phone *phone);
void phone_answer(struct fleet *fleet, struct fleet_phone *phone, const struct sip_msg *request,
                  int status, struct fleet_pending *again);
void phone_keep_challenge(struct fleet *fleet, struct fleet_phone *phone, int which,
                          const struct sip_msg *response);
void phone_put(struct fleet *fleet, struct fleet_phone *phone, struct fleet_pending *pending,
               struct slice bytes);

#endif
