/* money_world.h - inside of the money world: edges, the network between them and the ledger, and
 * what an all-seeing observer keeps.
 */
#ifndef DT_TEST_MONEY_WORLD_H
#define DT_TEST_MONEY_WORLD_H

#include "base/rng.h"
#include "metering/usage.h"
#include "model_ledger.h"
#include "sim.h"

#include <string.h>

#define SECOND INT64_C(1000000)
#define COIN MONEY_MICRO
#define EDGES_MAX SIM_NODES_MAX
#define CALLS_MAX 10
#define LIVES_MAX 64
#define MONEY_ACCOUNTS 4
#define EVIDENCE_MAX 16
#define BACKUPS_MAX 32
#define COPIES_MAX 8
#define LIVES_KEPT 24 /* so many may still be needed for verdicts, when a disk is played with */
#define OP_ASKS_MAX 4
#define OP_CHARGES_MAX 8
#define MESSAGES_MAX 96
#define VERSIONS_MAX 65536
#define LEASE_BYTES_MAX 64
#define GRACE_MICRO (COIN / 2)
#define HEALING_US (200 * SECOND)
#define HEALING_TICK_US 100000

struct sim_call {
    struct meter meter;
    bool is_used;
    uint32_t id; /* of the call, in the whole run */
    int account;
    int64_t patience_us; /* last try of the INVITE */
    int64_t answer_us;   /* it will be answered then, or given up where will_answer is false */
    bool will_answer;
    int64_t hang_up_us;
    int64_t again_us;
};

struct sim_record { /* of an edge's journal */
    enum journal_kind kind;
    int life; /* index of the incarnation that it belongs to */
    int call;
    uint32_t call_id;
    int account;
    struct rate rate;
    int64_t answered_us; /* JOURNAL_CALL; 0: ringing */
    uint64_t sequence;   /* JOURNAL_USAGE */
    int64_t charge_micro, ended_micro, charged_micro;
    bool is_final;
    uint64_t key; /* of the call, where a whole engine writes */
    char *bytes;  /* the record itself, there; owned */
    size_t size;
    char lease[LEASE_BYTES_MAX];
    size_t lease_size;
};

struct sim_life { /* an incarnation as its edge knows it: on disk, synced whenever it changes */
    uint64_t nonce;
    uint64_t number, session;      /* 0: not yet */
    uint64_t sequence;             /* of its newest usage */
    uint64_t acked;                /* settled up to here */
    int unsettled_from;            /* in the journal: all usage before it is acked */
    struct edge_identity identity; /* starts, and where the disk was */
    int of;                        /* the life in whose numbers its usages are: itself, or a copy */
    uint64_t above, up_to, offset; /* which of them; of their numbers */
    bool is_given_up;              /* for a deliberate fault: what a copy wrote is thrown away */
    bool is_lost;                  /* its disk is gone */
    /* The observer's. */
    bool is_old;          /* its disk was put back, and the ledger has not let it in since */
    bool has_heard_fence; /* the ledger told it that it is dead */
};

enum op_kind { OP_REGISTER = 1, OP_OPEN, OP_REFILL, OP_SETTLE, OP_WANTED };

struct sim_op { /* one transaction of an edge's store thread */
    enum op_kind kind;
    uint64_t id;
    int edge, life;
    uint64_t nonce, incarnation, session;
    bool is_part; /* of a copy: only settles */
    struct model_disk disk;
    struct lease_ask asks[OP_ASKS_MAX];
    struct model_charge charges[OP_CHARGES_MAX];
    int count;
    uint64_t ledger, seen_version; /* which ledger is asked, and not an older one */
    uint64_t timeline, link_branch, link_version;
    /* The answer. */
    enum model_result result;
    uint64_t version;
    bool has_warning;                  /* committed here, but perhaps nowhere else */
    int64_t grants_micro[OP_ASKS_MAX]; /* for a deliberate fault */
    uint64_t number;                   /* incarnation, session or high water */
    bool is_copy;                      /* FENCED for that */
    bool has_link;                     /* it wrote entries */
    uint64_t branch, branch_from;      /* the past of the ledger that answered */
    struct lease_answer answers[OP_ASKS_MAX];
    uint64_t wanted[MODEL_ACCOUNTS];
};

struct sim_lost { /* a usage that was on a disk which was put back */
    uint64_t nonce, sequence;
    int account;
    int64_t charge_micro;
};

struct sim_message {
    bool is_used, is_reply, is_reply_lost;
    int64_t at_us;
    uint64_t order;
    uint64_t needs_commit;
    struct sim_op op;
};

/* Where an edge may die: just after something was written, sent or heard. */
enum edge_point { POINT_SENT = 1, POINT_ASKED, POINT_RECORDED, POINT_HEARD, POINT_CARRIED_OUT };
#define POINTS_COUNT 5

struct sim_evidence { /* "there is no more", as it was heard */
    uint64_t version;
    int64_t heard_us;
};

struct sim_backup { /* of a disk */
    int64_t at_us;
    int log_count, life_count;
    struct sim_life lives[LIVES_MAX];
    int64_t returned_micro[MODEL_ACCOUNTS];
};

struct sim_edge {
    struct world *world;
    int index;
    struct meter_table *table;    /* NULL: down */
    int64_t up_us;                /* when it starts again */
    int64_t no_requests_until_us; /* partitions, each way */
    int64_t no_answers_until_us;
    int64_t disk_full_until_us, disk_slow_until_us;
    int64_t clock_us; /* what the wall clock is wrong by */
    uint64_t ledger, seen_version;
    uint64_t timeline, link_branch, link_version; /* the newest link that it saw committed */
    struct sim_backup backups[BACKUPS_MAX];       /* a ring, one a second */
    int backup_count;
    struct sim_evidence evidence[MODEL_ACCOUNTS][EVIDENCE_MAX];
    int evidence_count[MODEL_ACCOUNTS];
    struct lease_answer stale[MODEL_ACCOUNTS]; /* for a deliberate fault */
    int64_t last_alive_us;                     /* heartbeat, on disk */
    struct sim_life lives[LIVES_MAX];          /* the last one is current */
    int life_count;
    struct sim_record *log;
    int log_count, log_max, synced_count;
    struct fleet_node *node; /* a whole engine; NULL: meters alone */
    struct sim_call calls[CALLS_MAX];
    bool has_op;
    struct sim_op op;
    int64_t op_deadline_us, next_op_us, next_wanted_us;
    enum edge_point doom_point; /* it crashes there; 0: nowhere */
    bool is_doomed;             /* it crashes before it does anything else */
    bool is_doom_power;
    int64_t charged_micro[MODEL_ACCOUNTS];      /* sum of the usage records on its disk */
    int64_t open_micro[MODEL_ACCOUNTS];         /* what its open calls would cost, as last seen */
    int64_t returned_micro[MODEL_ACCOUNTS];     /* R as last seen, of this incarnation */
    int64_t over_allowed_micro[MODEL_ACCOUNTS]; /* talk that nobody could count while it was down */
    int64_t restored_micro[MODEL_ACCOUNTS];     /* all talk that was charged at a start */
    bool has_presence[MODEL_ACCOUNTS];
    int64_t expire_us;   /* of a whole engine: look for bindings that end then */
    int check_at;        /* account to look at next */
    int64_t start_count; /* each start begins a new minute of spending */
};

/* Another ledger that is asked everything that the model is, for comparison; then each request is
 * committed at once in both. Each writes what differs, or leaves the text empty. */
#define DIFFERENCE_SIZE 200
struct sim_mirror {
    void *ctx;
    void (*begin)(void *ctx, const struct model_ledger *ledger, char difference[DIFFERENCE_SIZE]);
    void (*carry_out)(void *ctx, const struct sim_op *op, char difference[DIFFERENCE_SIZE]);
    void (*fence)(void *ctx, uint64_t incarnation, char difference[DIFFERENCE_SIZE]);
    void (*top_up)(void *ctx, int account, int64_t amount_micro, char difference[DIFFERENCE_SIZE]);
    void (*lock)(void *ctx, int account, int64_t amount_micro, char difference[DIFFERENCE_SIZE]);
    void (*move)(void *ctx, int from, int to, int64_t amount_micro, bool is_moved,
                 char difference[DIFFERENCE_SIZE]);
    void (*end)(void *ctx, const struct model_ledger *ledger, char difference[DIFFERENCE_SIZE]);
};
int money_world_run_mirrored(uint64_t seed, const struct sim_mirror *mirror,
                             struct sim_result *out);

/* Who calls, and what an edge is made of: meters driven by a few lines, or whole engines. */
struct sim_traffic {
    /* A usage record of a whole engine, as it is written; NULL: none are. */
    void (*usage)(struct sim_edge *edge, const struct usage *usage);
    void (*begun)(struct sim_edge *edge, uint64_t key); /* a call is recorded for the first time */
    void (*make)(struct world *world);                  /* accounts and their money */
    void (*advance)(struct world *world,
                    int64_t to_us);       /* what happens between two steps; or NULL */
    void (*start)(struct sim_edge *edge); /* makes edge->table from the journal, calls and all */
    void (*stop)(struct sim_edge *edge);  /* its memory is gone */
    void (*step)(struct sim_edge *edge);
    void (*close_life)(struct sim_edge *edge); /* partial records of all open calls */
    void (*look)(struct sim_edge *edge, int account, const struct meter_view *view);
    void (*check)(struct world *world); /* healed: I9 */
    int accounts_at_once;               /* looked at in a step */
    int64_t tick_us;                    /* of a step, while things go wrong */
};
extern const struct sim_traffic money_traffic;
void money_accounts_make(struct world *world);

struct sim_copy { /* of the database, some time ago */
    struct model_ledger ledger;
};

struct world {
    struct rng rng;
    enum sim_mutation mutation;
    const struct sim_plan *plan;
    const struct sim_traffic *traffic;
    struct fleet *fleet; /* NULL: none */
    struct sim_fault faults[SIM_FAULTS_MAX];
    int fault_count, next_fault;
    int64_t heal_us;
    int phone_count;
    uint32_t next_call;
    const struct sim_mirror *mirror; /* NULL: none */
    struct sim_result *result;
    uint64_t trace;
    int64_t now_us;
    bool is_faulty; /* the first part of the run; then all heals */
    struct sim_edge edges[EDGES_MAX];
    int edge_count;
    struct account accounts[MODEL_ACCOUNTS];
    struct rate rates[MODEL_ACCOUNTS];
    int64_t slice_micro[MODEL_ACCOUNTS];
    struct model_ledger live, durable;
    uint64_t commit_number;
    int64_t commit_us; /* 0: nothing to commit */
    int64_t ledger_up_us;
    int ledger_doom; /* 1: it crashes before its next commit, 2: after it */
    bool is_ledger_doomed;
    int64_t ledger_doom_us; /* for so long */
    int64_t stall_until_us;
    int64_t lie_until_us;     /* commits are lost then; 0: they are not */
    int64_t foreign_until_us; /* another database answers; 0: the right one does */
    struct model_ledger before_lie, aside, aside_durable;
    struct sim_copy copies[COPIES_MAX]; /* a ring, one in three seconds */
    int copy_count, copy_next;
    int64_t copied_second;
    struct sim_message messages[MESSAGES_MAX];
    uint64_t next_order, next_op, next_nonce;
    /* The observer's. */
    int64_t top_ups_micro[MODEL_ACCOUNTS];
    int64_t frozen_micro[MODEL_ACCOUNTS];   /* used there and lost with a disk */
    int64_t verdicts_micro[MODEL_ACCOUNTS]; /* D */
    int64_t hidden_micro[MODEL_ACCOUNTS];   /* P */
    struct sim_lost *lost;
    int lost_count, lost_max;
    uint8_t published[MODEL_ACCOUNTS][VERSIONS_MAX / 8];
};

/* money_world.c */
void world_trace(struct world *world, uint64_t kind, uint64_t a, uint64_t b);
void world_violation(struct world *world, const char *format, ...) PRINTF_LIKE(2, 3);
int64_t world_between(struct world *world, int64_t from, int64_t to);
bool world_chance(struct world *world, uint32_t parts_per_million);
void world_differs(struct world *world, const char *difference); /* empty: it does not */
void edge_may_crash(struct sim_edge *edge, enum edge_point point);
void world_top_up(struct world *world, int account, int64_t amount_micro);
void world_move(struct world *world, int from, int to, int64_t amount_micro); /* sub-accounts */
void world_lock(struct world *world, int account, int64_t amount_micro);      /* 0: unlocks */
bool world_is_ledger_true(const struct world *world); /* neither lying nor another's */
const struct model_ledger *world_ledger(const struct world *world); /* the true one */

/* money_faults.c */
void faults_step(struct world *world);
void faults_heal(struct world *world);
bool ledger_is_well(const struct world *world); /* what is asked now is committed at once */
void copies_keep(struct world *world);          /* of disks and database, to come back to */

/* money_net.c: the way to the ledger and back */
void net_send(struct world *world, const struct sim_op *op);
void net_step(struct world *world);
void ledger_crash(struct world *world, int64_t for_us);
void ledger_lie_begin(struct world *world, int64_t for_us);
void ledger_foreign_begin(struct world *world, const struct sim_fault *fault);
void ledger_told_truth(struct world *world); /* ends both */
void ledger_verdict(struct world *world, uint64_t incarnation);
void ledger_touch(struct world *world); /* something changed: commit soon */
void ledger_commit(struct world *world);

/* money_edge.c */
void edge_start(struct sim_edge *edge);
void edge_step(struct sim_edge *edge);
void edge_answered(struct sim_edge *edge, const struct sim_op *op);
int64_t edge_wall_us(const struct sim_edge *edge);
struct sim_life *edge_life(struct sim_edge *edge);
/* Spent by a call that was open till now. */
void edge_charged(struct sim_edge *edge, int account, int64_t charge_micro);
void edge_replay_leases(struct sim_edge *edge); /* into edge->table */
uint64_t edge_journal(void *ctx, enum journal_kind kind, struct slice bytes);

/* money_disk.c: lives, and what a disk keeps of them */
enum edge_loss { LOSS_MEMORY = 0, LOSS_POWER, LOSS_DISK, LOSS_DISK_OLD };
void edge_crash(struct sim_edge *edge, enum edge_loss loss, int64_t back_us);
void life_nonce_make(struct sim_edge *edge, char nonce[33]);
void life_begin(struct sim_edge *edge);
void life_cut(struct sim_edge *edge, int index); /* it is a copy */
void life_let_in(struct sim_edge *edge, struct sim_life *life);
void life_join(struct sim_edge *edge, const struct sim_op *op); /* a part is the life's own */
uint64_t life_settled_to(const struct sim_life *life);          /* in the numbers of its journal */
bool life_has_unsettled(const struct sim_edge *edge, const struct sim_life *life);
const struct sim_life *life_of(const struct sim_edge *edge, const struct sim_record *record,
                               uint64_t *sequence); /* NULL: thrown away, a deliberate fault */
struct model_disk life_disk(const struct sim_edge *edge, int index); /* told in a session */
struct model_disk life_disk_at_open(const struct sim_edge *edge, int index);

/* money_world.c: the world that `world` (zeroed, with its traffic) is; returns 1 on a violation */
int world_play(struct world *world, const struct sim_plan *plan, struct sim_result *out);
void world_plan_take(struct world *world, const struct sim_plan *plan, struct sim_result *out);

/* money_calls.c */
/* 0 where it is no usage; a full disk has room for what open calls may still have to write. */
uint64_t edge_append(struct sim_edge *edge, const struct sim_record *record);

/* money_check.c */
void check_refusal(struct sim_edge *edge, const struct sim_call *call, bool is_for_money);
void check_evidence(struct sim_edge *edge, int account, uint64_t version);
void check_edge(struct sim_edge *edge);
void check_account(struct sim_edge *edge, int account);
void check_usage(struct sim_edge *edge, const struct sim_call *call); /* with its new charge */
void check_open(struct sim_edge *edge);
void check_calls(struct world *world);
void check_served(struct world *world, const struct sim_op *op); /* by the ledger */
void check_bound(struct world *world);
void check_minutes(struct world *world);
void check_minute(struct sim_edge *edge, int account); /* refused for it: is there such a limit? */
void check_healed(struct world *world);

#endif
