/* edge.h - the edge as an engine: datagrams, time and answers go in; messages, records and events
 * come out. One `struct edge` is shared by the workers of a process; a worker is used by one
 * thread. Nothing here opens a socket, reads a clock or waits.
 *
 * A message belongs to the worker that edge_owner names (by its Call-ID); the receiving worker
 * may handle what edge_owner calls EDGE_ANY itself.
 */
#ifndef DT_EDGE_EDGE_H
#define DT_EDGE_EDGE_H

#include "account/acl.h"
#include "account/directory.h"
#include "base/journal.h"
#include "edge/exposure.h"
#include "guard/ban.h"
#include "guard/known.h"
#include "guard/velocity.h"
#include "metering/meter.h"
#include "rating/deck_set.h"
#include "registrar/registrar.h"
#include "routing/route.h"
#include "routing/target.h"
#include "sip/digest.h"
#include "sip/msg.h"

#define EDGE_LISTENERS_MAX 16
#define EDGE_WORKERS_MAX 32
#define EDGE_ANY (-1)
#define EDGE_DOMAIN_SIZE 128
#define EDGE_ALLOWED_MAX 32

struct edge_time {
    int64_t mono_us;
    int64_t wall_us;
};

struct edge_listener {   /* an address that we listen on; goes into Via and Record-Route */
    uint8_t address[16]; /* what we are bound to; IPv4 mapped */
    uint16_t port;
    uint8_t transport; /* enum reg_transport */
    bool is_ipv6;
    char advertised[64]; /* "192.0.2.1:5060" or "[2001:db8::1]:5060" */
};

struct edge_settings {             /* fixed while the process runs */
    char domain[EDGE_DOMAIN_SIZE]; /* also the realm */
    int listener_count;
    struct edge_listener listeners[EDGE_LISTENERS_MAX];
    int worker_count;
    uint32_t call_count_max; /* a worker: in memory, with those that just ended and emergencies */
    uint32_t
        calls_open_max; /* a worker: with so many in progress a new one is refused; 0: none is */
    uint32_t txn_count_max; /* a worker */
    uint64_t memory_max;    /* bytes for packets and texts, a worker */
    struct digest_keys nonce_keys;
    enum digest_offer digest_offer;             /* SHA256: an answer by MD5 opens nothing */
    uint8_t mac_key[DIGEST_KEY_SIZE];           /* branches, tags, Record-Route */
    uint64_t hash_seed;                         /* of the Call-ID's owner */
    int64_t nonce_age_s;                        /* 600 */
    int64_t expires_min_s;                      /* told with a 423 */
    int64_t trunk_silence_us;                   /* 3 s */
    int64_t ring_max_us;                        /* 180 s */
    int64_t call_max_us;                        /* longest call: 12 h */
    int64_t probe_after_us;                     /* 10 min of silence */
    int64_t partial_every_us;                   /* 1 h */
    int allowed_count;                          /* networks that are never banned */
    struct acl_entry allowed[EDGE_ALLOWED_MAX]; /* sorted (acl_sort) */
    bool has_overload_sibling; /* another site takes calls: 503 under load, not 500 */
    struct route_settings routing;
    char server[64]; /* Server header; empty: none */
};

struct edge_host {
    const char *name;
    uint16_t port; /* 0: as DNS says */
    bool is_tcp;
    uint64_t seed; /* of the call: its order stays the same */
};

/* What the shell does for the engine, at once and without waiting. */
struct edge_shell {
    void *ctx;
    void (*send)(void *ctx, const struct reg_flow *to, struct slice message);
    void (*event)(void *ctx, const char *kind, struct slice json); /* one JSON object */
    /* Does anybody listen to what happens all the time (calls, registrations)? NULL: always. */
    bool (*has_listener)(void *ctx);
    /* Where a trunk's host name is: PRESENT writes targets in the order to try them. UNKNOWN: being
     * looked up, or no answer. */
    struct tri (*resolve)(void *ctx, const struct edge_host *host, struct target out[TARGETS_MAX],
                          int *count);
};

#define EDGE_TRUNK_IDS 65536 /* trunks with a higher id have no limits */

#define EDGE_SEEN_COUNT 65536 /* INVITEs of the last seconds; a power of two */

struct edge { /* shared; the caller makes the parts and owns them, and zeroes the rest */
    struct edge_settings settings;
    struct directory *directory;
    struct deck_set *decks;
    struct registrar *registrar;
    struct meter_table *meters;
    struct velocity_table *velocity; /* evidence of fraud; NULL: none is looked for */
    struct journal journal;
    struct ban_table *bans;        /* NULL: nobody is banned */
    struct known_set *known;       /* who proved to be a customer; NULL with bans */
    _Atomic bool is_known_loaded;  /* the registrations that were replayed are in it: bans hold */
    _Atomic bool is_draining;      /* new calls: 503 */
    _Atomic bool is_paid_work_off; /* no room for records: new paid work is refused as unknown */
    _Atomic uint64_t seen_invites[EDGE_SEEN_COUNT];  /* their transactions' keys, any worker's */
    _Atomic int32_t trunk_calls[EDGE_TRUNK_IDS];     /* calls in progress by trunk id */
    _Atomic int64_t trunk_starts_us[EDGE_TRUNK_IDS]; /* until when its calls a second are used up */
    _Atomic uint64_t trunk_quality[EDGE_TRUNK_IDS];  /* routing/quality.h */
    _Atomic uint64_t trunk_news[EDGE_TRUNK_IDS];     /* of it, what is not kept elsewhere yet */
};

enum edge_count { /* counters, in the order of edge_count_name */
                  EDGE_IN = 0,
                  EDGE_IN_BAD,
                  EDGE_OUT,
                  EDGE_REGISTER_OK,
                  EDGE_REGISTER_REFUSED,
                  EDGE_CHALLENGES,
                  EDGE_AUTH_FAILED,
                  EDGE_STALE,
                  EDGE_INVITES,
                  EDGE_CALLS_STARTED,
                  EDGE_CALLS_ANSWERED,
                  EDGE_CALLS_ENDED,
                  EDGE_CALLS_CUT,
                  EDGE_REFUSED_MONEY,
                  EDGE_REFUSED_UNKNOWN,
                  EDGE_REFUSED_LIMIT,
                  EDGE_REFUSED_STATE,
                  EDGE_REFUSED_ROUTE,
                  EDGE_FULL,
                  EDGE_RETRANSMITS_IN,
                  EDGE_RETRANSMITS_OUT,
                  EDGE_STRAYS,
                  EDGE_TRUNK_FAILOVERS,
                  EDGE_TRUNK_LIMITED,
                  EDGE_DESTINATION_BUSY,
                  EDGE_ESTIMATED,
                  EDGE_EMERGENCIES,
                  EDGE_BANS,
                  EDGE_BANNED,
                  EDGE_BROKEN_UNANSWERED,
                  EDGE_COUNT_COUNT
};
const char *edge_count_name(enum edge_count count);

struct edge_worker;
struct edge_worker *edge_worker_new(struct edge *edge, int index, const struct edge_shell *shell,
                                    uint64_t seed, int64_t now_us);
void edge_worker_free(struct edge_worker *worker);

/* Which worker a message belongs to, or EDGE_ANY: whoever received it. */
int edge_owner(const struct edge *edge, const struct sip_msg *msg);
/* The same before a parse, where a look at the text is enough; EDGE_ANY: it is not. */
int edge_owner_early(const struct edge *edge, struct slice bytes);

/* Is this message from a banned source, and nothing speaks for it? Then it is dropped: to be asked
 * before it is parsed. Customers behind that address pass (docs/security.md). */
bool edge_is_unwanted(struct edge_worker *worker, struct slice bytes, const struct reg_flow *from,
                      const struct edge_time *now);
/* A user is bound at this flow, or proved to call from there. Any thread. */
void edge_know(struct edge *edge, struct slice user, const struct reg_flow *flow);
bool edge_knows_place(const struct edge *edge, const uint8_t source[16]);
/* A trunk's, or in the list of those that are never banned. The caller is a reader that is online.
 */
bool edge_allows_place(const struct edge *edge, const uint8_t address[16]);
/* What became of a ban, for who listens, and for the next start. Any thread. */
void edge_ban_event(const struct edge *edge, const struct edge_shell *shell, const char *kind,
                    const struct ban *ban, int64_t wall_us);
void edge_ban_record(struct edge *edge, const struct ban *ban);

/* One message. `msg` was parsed from bytes that live until this returns; `result` is what the
 * parser said (a broken but answerable message is answered). */
void edge_message(struct edge_worker *worker, const struct sip_msg *msg, enum sip_parse result,
                  const struct reg_flow *from, const struct edge_time *now);

/* Timers that are due; then when to call again at the latest (monotonic us; INT64_MAX: never). */
void edge_tick(struct edge_worker *worker, const struct edge_time *now);
int64_t edge_deadline(const struct edge_worker *worker);

/* A lease changed for the call at that index (meter_wakeups_take). */
void edge_wake(struct edge_worker *worker, uint32_t index, uint32_t generation,
               const struct edge_time *now);
/* A destination refused (ICMP, connection refused or lost): its unanswered requests fail over. */
void edge_unreachable(struct edge_worker *worker, const struct reg_flow *to,
                      const struct edge_time *now);

/* An operator ends a call by its key. ABSENT: this worker has no such call. */
struct tri edge_end_call(struct edge_worker *worker, uint64_t key, const char *actor,
                         const struct edge_time *now);

/* Replay, before the first message: JOURNAL_CALL, JOURNAL_CALL_GONE, JOURNAL_USAGE (which closes
 * its call). A call belongs to the worker of its Call-ID: feed each record to all workers. Then
 * edge_replay_done: open calls are metered and probed, ringing ones are ended, and who may not have
 * heard of the end of a call that closed last gets a BYE. */
void edge_replay(struct edge_worker *worker, enum journal_kind kind, struct slice record,
                 const struct edge_time *now);
void edge_replay_done(struct edge_worker *worker, int64_t last_alive_wall_us,
                      const struct edge_time *now);
/* Appends the records of open calls again, up to count; start with *at = 0; false: done. */
bool edge_snapshot(struct edge_worker *worker, uint32_t *at, int count,
                   const struct edge_time *now);

/* A new incarnation begins (fenced): every open call is closed in the old one by a linked partial
 * record; call before meter_start_incarnation. */
void edge_close_incarnation(struct edge_worker *worker, const struct edge_time *now);

/* Calls in progress as JSON objects, comma-separated, from *at (0 at first); false: all were
 * written. account_id 0: all. */
bool edge_calls_json(struct edge_worker *worker, uint32_t *at, uint64_t account_id,
                     const struct edge_time *now, struct buf *out);

/* The same calls as value at risk: up to `max` from *at (0 at first). Returns their count; less
 * than `max`: those were all. */
int edge_exposure(struct edge_worker *worker, uint32_t *at, const struct edge_time *now,
                  struct exposure_call *out, int max);

#define FRAUD_ALERTS_MAX 16
#define FRAUD_ACCOUNTS_MAX 4096 /* of which calls out are counted at a time */
struct fraud_told {             /* accounts whose alert was told of; zero at first */
    uint64_t account_ids[FRAUD_ALERTS_MAX];
    int count;
};
/* Once a second, by one thread: the events fraud.suspected, and fraud.over when the evidence has
 * gone. Of more than FRAUD_ALERTS_MAX at a time the others are told as these are over. */
void edge_fraud_check(struct edge *edge, struct fraud_told *told, const struct edge_time *now,
                      const struct edge_shell *shell);
/* What stands now, as a JSON array: 700 bytes each at most. */
void edge_alerts_json(struct edge *edge, const struct edge_time *now, struct buf *out);

struct edge_totals {
    uint64_t counts[EDGE_COUNT_COUNT];
    uint32_t calls_open, calls_answered, txns;
    uint64_t memory_size;
};
uint64_t edge_counted(const struct edge_worker *worker, enum edge_count count); /* any thread */
void edge_sum(const struct edge_worker *worker, struct edge_totals *out);       /* any thread */

#endif
