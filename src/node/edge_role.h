/* edge_role.h - the edge as a process: threads and files around the engine. Inside src/node only.
 *
 *     edge_role.c      starts and stops it all
 *     edge_replay.c    takes back what the logs on disk say
 *     edge_thread.c    a worker: its loop, timers, the rings between workers
 *     edge_receive.c   datagrams in, the classes in their order
 *     edge_admit.c     what is let in under load
 *     edge_thin.c      what is not even received under more load than can be refused
 *     edge_send.c      messages out; send_batch.c: those that leave together
 *     edge_stream.c    its TCP connections
 *     edge_command.c   what other threads ask of a worker
 *     edge_store.c     the store thread: its loop, leases
 *     edge_lives.c     its incarnations and sessions; which ledger it knows
 *     edge_settle.c    its settlement of what the journal has
 *     edge_events.c    what is told to those who listen, and kept
 *     edge_decks.c     decks: one file an object, mapped
 *     edge_config.c    configuration: from the log on disk, then from the change feed
 *     edge_sync.c      the journal's thread: sync, heartbeat, snapshots
 *     edge_bans.c      bans: made, restored, ended, listed
 *     edge_exposure.c  the calls in progress as value at risk
 *     edge_control.c   the control socket's commands
 */
#ifndef DT_NODE_EDGE_ROLE_H
#define DT_NODE_EDGE_ROLE_H

#include "base/ring.h"
#include "edge/edge.h"
#include "guard/nap.h"
#include "metering/identity.h"
#include "net/control.h"
#include "node/resolver.h"
#include "node/role.h"
#include "store/journal.h"
#include "store/store.h"

#include <pthread.h>

#define EDGE_FOLLOWED_US 3000000 /* a "follow" of the control socket holds so long */
#define EVENT_RING_COUNT 1000    /* refusals kept in memory */
#define EVENT_TEXT_SIZE 768
#define PRODUCERS_MAX (EDGE_WORKERS_MAX + 2)
#define COMMANDS_MAX 1024

struct edge_role;
struct stream_table;

/* Between threads: what a ring message begins with. */
enum note_kind {
    NOTE_MESSAGE = 1, /* a message for its owner: flow, bytes */
    NOTE_SEND,        /* write this on one of your connections: flow, bytes */
    NOTE_WAKE,        /* a lease changed for a call */
    NOTE_UNREACHABLE  /* a destination refused: flow */
};

struct note {
    uint8_t kind;
    struct reg_flow flow;
    uint32_t call, generation;
    uint32_t size; /* of the bytes that follow */
};

enum command_kind {
    COMMAND_CALLS = 1,
    COMMAND_EXPOSURE,
    COMMAND_END,
    COMMAND_SNAPSHOT,
    COMMAND_CLOSE_INCARNATION
};

struct command { /* from the control, store or sync thread to a worker */
    struct command *next;
    enum command_kind kind;
    uint64_t account_id;
    uint64_t key;
    char actor[64];
    struct tri answer;
    char *text; /* malloc'd by the worker; the last holder frees it */
    size_t text_size;
    uint32_t at;
    int done;    /* under the role's lock */
    int holders; /* under the role's lock: asker and worker; 0: freed */
};

#define STRAY_SLOTS 1024

enum admit_count { /* what a worker did not let in: counters, in the order of admit_count_name */
                   ADMIT_SHED_INVITE = 0,
                   ADMIT_SHED_REGISTER,
                   ADMIT_SHED_OTHER,
                   ADMIT_ACKS_SETTLED, /* of refusals without state: nothing was to be done */
                   ADMIT_STRAYS_DROPPED,
                   ADMIT_STREAMS_PAUSED,
                   ADMIT_COUNT_COUNT
};
const char *admit_count_name(enum admit_count count);
struct admission;
uint64_t admission_count(const struct admission *admission, enum admit_count count);

struct edge_thread {
    struct edge_role *role;
    int index;
    pthread_t thread;
    struct edge_worker *engine;
    int epoll_fd, wake_fd;
    struct ring rings[PRODUCERS_MAX]; /* by producer: workers, store thread, control thread */
    uint64_t woken;                   /* bit a worker: has work of ours, wake it after the batch */
    struct command *commands;         /* under the role's lock */
    _Atomic int has_commands;
    _Atomic int is_asleep; /* or about to be: it must be woken */
    struct stream_table *streams;
    struct edge_sender *sender;
    struct receive_batch *receive;
    struct sip_msg msg; /* the message under way */
    struct edge_time now;
    struct admission *admission;
    struct thinning *thinning;
    struct nap nap;
    int taken;       /* messages in this turn of the loop */
    int64_t turn_us; /* how long the last turn of the loop took: what a stream's bytes waited */
    int64_t events_since_us;
    int events_told;
    _Atomic uint64_t dropped_stale, dropped_full, dropped_kernel, send_failed, thin_failed;
};

struct stored_event {
    int64_t wall_us;
    uint64_t account_id;
    char kind[16];
    char text[EVENT_TEXT_SIZE];
};

struct edge_role {
    const struct role_options *options;
    struct edge edge;
    struct epoch epoch;
    struct journal_file *journal;
    struct control_server *_Atomic control; /* NULL until everything runs */
    struct resolver *resolver;
    int worker_count;
    struct edge_thread *threads;
    pthread_t store_thread, sync_thread;
    _Atomic bool is_stopping, is_ready;
    _Atomic uint64_t strays[STRAY_SLOTS]; /* by source: edge_admit.c */
    _Atomic int64_t followed_until_us;    /* till then somebody looks at calls as they happen */
    int64_t started_us;
    int store_wake_fd;
    int nudge_fd; /* somebody changed the configuration; -1: nobody can say so */
    char edge_dir[512];
    int64_t last_alive_wall_us;
    struct config_follower *follower;
    void (*append_identity)(struct edge_role *role, const struct edge_identity *identity);
    int identity_count; /* the store thread's, once it runs; the last is in force */
    struct edge_identity identities[IDENTITY_LIVES_MAX];

    pthread_mutex_t lock; /* commands, events, views below */
    pthread_cond_t done;
    struct stored_event *events; /* ring of refusals */
    uint64_t event_count;        /* ever */
    uint64_t event_stored;       /* handed to the store */
    struct store_view {
        struct tri answers; /* PRESENT: the last call was answered; UNKNOWN: it was not */
        int64_t since_wall_us, last_ok_wall_us;
        char error[200];
        uint64_t config_version;
        int64_t config_at_us;
        uint64_t incarnation, session, high_water, unsettled;
        int64_t disk_free_percent;
        bool is_disk_low;
        char sync_error[120];
    } view;
};

/* ---- edge_thread.c ---- */
bool edge_thread_init(struct edge_thread *thread, struct edge_role *role, int index);
void edge_thread_done(struct edge_thread *thread);
void *edge_thread_main(void *argument); /* the struct edge_thread; the thread's whole life */
/* Puts a note into another thread's ring as `producer`; false: full (counted by the caller). */
bool edge_thread_note(struct edge_thread *to, int producer, const struct note *note,
                      struct slice bytes);
void edge_thread_wake(struct edge_thread *thread);
void edge_thread_handle(struct edge_thread *thread, struct slice bytes, const struct reg_flow *from,
                        int64_t age_us);
/* What no message can be cut from any more, on a stream: answered 400 where it can be answered. */
void edge_thread_refuse(struct edge_thread *thread, struct slice bytes,
                        const struct reg_flow *from);
void edge_thread_unreachable(struct edge_thread *thread, const struct reg_flow *to);
/* Asks a worker; waits until it is done, patience_us at most. False: it was not. */
bool edge_command(struct edge_role *role, int worker, struct command *command, int64_t patience_us);
void edge_command_take(struct edge_thread *thread); /* the worker's part: one a turn */
struct command *command_new(enum command_kind kind);
void command_release(struct edge_role *role, struct command *command);
void edge_wakeups(struct edge_role *role, int producer, struct edge_thread *self);

/* ---- edge_stream.c ---- */
struct stream_table *stream_table_new(struct edge_thread *thread);
void stream_table_free(struct stream_table *table);
bool stream_listen(struct stream_table *table, const struct role_socket *socket);
void stream_event(struct stream_table *table, uint64_t tag, uint32_t events);
void stream_send(struct stream_table *table, const struct reg_flow *to, struct slice bytes);
void stream_reap(struct stream_table *table); /* drops those that broke while sending */
void stream_sweep(struct stream_table *table, int64_t now_us);
/* Connections whose work was not let in are taken up again; when that is due (INT64_MAX: none). */
void stream_resume(struct stream_table *table, int64_t now_us);
int64_t stream_resume_at(const struct stream_table *table);
#define STREAM_TAG (UINT64_C(1) << 63) /* epoll data of streams and their listeners */

/* ---- edge_replay.c ---- */
/* Configuration, bindings, calls and money as they were, before any thread of the edge runs. False:
 * `error` says which record cannot be taken. */
MUST_CHECK bool edge_replay_all(struct edge_role *role, char error[JOURNAL_ERROR_SIZE]);

/* ---- edge_store.c ---- */
void *edge_store_main(void *argument); /* the struct edge_role */

/* ---- edge_events.c ---- */
void edge_event(struct edge_role *role, const char *kind, struct slice json);

/* ---- edge_decks.c ---- */
/* DIR/decks/HASH.deck: mapped and put into the set in force. False: no such file, or damaged. */
bool deck_file_map(struct edge_role *role, const char *hash);
bool deck_file_write(const struct edge_role *role, const char *hash, const void *object,
                     size_t size);

/* ---- edge_config.c ---- */
struct config_follower;
struct config_follower *config_follower_new(struct edge_role *role);
void config_follower_free(struct config_follower *follower);
bool config_follower_replay(struct config_follower *follower); /* from disk; false: nothing there */
/* The registrations are replayed: their accounts keep a slice, as soon as they are known. */
void config_follower_presence(struct config_follower *follower);
/* One step: loads everything the first time, then what changed. */
enum store_result config_follower_step(struct config_follower *follower, struct store *store);

/* ---- edge_sync.c ---- */
void *edge_sync_main(void *argument);        /* the struct edge_role */
void edge_heartbeat(struct edge_role *role); /* "alive at", in the journal */

/* ---- edge_bans.c ---- */
bool bans_make(struct edge_role *role); /* false: no memory */
void bans_free(struct edge_role *role);
bool bans_replay(struct edge_role *role, struct slice record);
void bans_load_known(struct edge_role *role); /* once, after the replay; may take a moment */
void bans_sweep(struct edge_role *role);      /* each second */
void bans_snapshot(struct edge_role *role);
/* The control socket's commands. */
void bans_answer_list(struct edge_role *role, struct control_answer *answer);
void bans_answer_ban(struct edge_role *role, const json_t *request, struct control_answer *answer);
void bans_answer_lift(struct edge_role *role, const json_t *request, struct control_answer *answer);

/* ---- edge_exposure.c ---- */
void exposure_answer(struct edge_role *role, const json_t *request, struct control_answer *answer);

/* ---- edge_control.c ---- */
bool edge_control_start(struct edge_role *role, char **error);
json_t *edge_money_json(int64_t micro); /* "12.340000" */

#endif
