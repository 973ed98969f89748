/* registrar.h - bindings: which contacts reach an address of record, and by which flow.
 *
 * RFC 3261 10, RFC 3327 (Path), RFC 3581 (rport), and as much of RFC 5626 as a flow id needs. The
 * process that carries a registration is the truth for it; each change is journalled whole, before
 * the 200 is sent. Sharded by AOR; every call locks one shard for a short time; no I/O, no clock.
 *
 * Expiry is wall time inside the journal and monotonic time in memory: `now` carries both.
 */
#ifndef DT_REGISTRAR_REGISTRAR_H
#define DT_REGISTRAR_REGISTRAR_H

#include "base/journal.h"
#include "base/tri.h"
#include "sip/msg.h"

#define REG_CONTACTS_MAX 10 /* of one AOR, the ceiling of the setting */
#define REG_URI_SIZE_MAX 512
#define REG_PATH_SIZE_MAX 512
#define REG_NONCES_PER_AOR 8

enum reg_transport { REG_UDP = 0, REG_TCP, REG_TLS, REG_WS, REG_WSS };

struct reg_now {
    int64_t mono_us;
    int64_t wall_us;
};

struct reg_flow {        /* where a request came from and where one to the phone goes */
    uint8_t address[16]; /* IPv4 mapped into IPv6 */
    uint16_t port;
    uint8_t transport;   /* enum reg_transport */
    uint8_t listener;    /* which of our listening addresses */
    uint64_t connection; /* of a stream transport: id, unique while the process lives; else 0 */
};

struct registrar_settings {
    uint32_t aor_count_max;
    uint64_t memory_max;       /* bytes for binding records: at the limit a new one is refused */
    int contacts_max;          /* per AOR: 10 */
    int64_t expires_min_s;     /* 60: below that 423 with Min-Expires */
    int64_t expires_max_s;     /* 3600: more is cut */
    int64_t expires_default_s; /* 3600 */
    int jitter_percent; /* the granted expiry is cut by up to this much, so that phones spread: 10
                         */
    uint64_t hash_seed;
    int64_t nonce_life_s; /* a nonce is remembered this long after its first use: at least as long
                           * as digest_verify accepts one (its max_age_s); 0: 3600 */
};

struct registrar;
struct registrar *registrar_new(const struct registrar_settings *settings, struct journal journal);
void registrar_free(struct registrar *registrar);

enum reg_result {
    REG_UNKNOWN = 0,
    REG_DONE,         /* 200; the answer's contact lines list all bindings */
    REG_REPEATED,     /* 200 again: the same Call-ID, CSeq and branch; nothing changed */
    REG_OUT_OF_ORDER, /* 500: same Call-ID, CSeq not higher (RFC 3261 10.3 step 7) */
    REG_TOO_BRIEF,    /* 423 with Min-Expires */
    REG_TOO_MANY,     /* 403, more contacts than contacts_max */
    REG_BAD_CONTACT,  /* 400: no SIP URI, too long, "*" with others or Expires not 0 */
    REG_FULL          /* 503: memory */
};
const char *reg_result_name(enum reg_result result);

struct reg_answer {
    int contact_count;    /* bindings after it */
    int change;           /* +1: the AOR has its first binding now; -1: its last one went; else 0 */
    int64_t refresh_only; /* 1: only expiries moved */
};

/* A REGISTER whose sender was authenticated as `user`. account_id is kept with the binding. Appends
 * "Contact: <uri>;expires=n\r\n" lines (and Path) to `lines`. random: for the jitter. All contacts
 * of the request are taken or none. */
enum reg_result registrar_register(struct registrar *registrar, struct slice user,
                                   uint64_t account_id, const struct sip_msg *request,
                                   const struct reg_flow *flow, struct reg_now now, uint64_t random,
                                   struct buf *lines, struct reg_answer *answer);

struct reg_target {               /* a copy of one binding, to ring it */
    char uri[REG_URI_SIZE_MAX];   /* becomes the Request-URI */
    char path[REG_PATH_SIZE_MAX]; /* Route values to add, comma-separated, or empty */
    struct reg_flow flow;         /* send there (RFC 3581, RFC 5626): not to the URI's host */
    uint16_t q;                   /* 0 to 1000 */
    bool is_flow_lost;            /* its stream died with a restart: try the contact once, 1 s */
    int64_t expires_at_us;        /* monotonic */
};

/* Unexpired bindings by falling q, then newest first. PRESENT: *count > 0. ABSENT: none here.
 * UNKNOWN only until registrar_set_loaded (replay is not over). */
struct tri registrar_lookup(struct registrar *registrar, struct slice user, struct reg_now now,
                            struct reg_target *out, int max, int *count);
void registrar_set_loaded(struct registrar *registrar);

/* Is this nc new for that user and nonce? Remembers it (window of 64). `is_first_sight_allowed`: an
 * unknown nonce is taken with any nc. Journals with the next binding, or at once as JOURNAL_NONCE
 * when is_durable. False: replayed or out of window. nonce_hash: hash of the nonce. */
bool registrar_nc_take(struct registrar *registrar, struct slice user, uint32_t nonce_hash,
                       uint32_t nc, bool is_durable, struct reg_now now);

/* Is this REGISTER, already authenticated as `user`, a repeat of the last one that changed a
 * binding (same Call-ID, CSeq and top Via branch)? Then registrar_register answers REG_REPEATED: a
 * retransmission whose nc was used by its original must not be challenged. */
bool registrar_is_repeat(struct registrar *registrar, struct slice user,
                         const struct sip_msg *request);

/* A stream connection died: its bindings stay, marked flow-lost. */
void registrar_flow_lost(struct registrar *registrar, uint64_t connection);

/* Takes expired bindings away, at most `max` a call. Each AOR whose last binding went is told to
 * gone(ctx, user, account_id). Returns when to call next (monotonic us). */
int64_t registrar_expire(struct registrar *registrar, struct reg_now now, int max,
                         void (*gone)(void *ctx, struct slice user, uint64_t account_id),
                         void *ctx);

/* An operator takes an AOR's bindings away (endpoint removed or disabled). */
bool registrar_remove(struct registrar *registrar, struct slice user);

/* Replay of JOURNAL_BINDING and JOURNAL_NONCE; stream bindings come back flow-lost; expired ones
 * are left out. False: the record is damaged (nothing changed). */
MUST_CHECK bool registrar_replay(struct registrar *registrar, enum journal_kind kind,
                                 struct slice record, struct reg_now now);
/* Snapshot: appends the current records again, up to `count` a call; start with *at = 0; false:
 * done. */
bool registrar_snapshot(struct registrar *registrar, uint64_t *at, int count);

struct reg_view { /* for the console and `dialtone endpoint show` */
    char uri[REG_URI_SIZE_MAX];
    struct reg_flow flow;
    char user_agent[64];
    int64_t wall_registered_us, wall_refreshed_us, wall_expires_us;
    bool is_flow_lost;
};
struct tri registrar_look(struct registrar *registrar, struct slice user, struct reg_now now,
                          struct reg_view *out, int max, int *count);

struct reg_counts {
    uint32_t aors, bindings;
    uint64_t memory_size;
};
struct reg_counts registrar_count(struct registrar *registrar);
/* Calls each(ctx, user, account_id) for every AOR that has a binding (after replay: presence). */
void registrar_each(struct registrar *registrar,
                    void (*each)(void *ctx, struct slice user, uint64_t account_id), void *ctx);
/* The same for every binding, with where it is. Within the shard's lock: each() calls nothing here.
 */
void registrar_each_flow(struct registrar *registrar,
                         void (*each)(void *ctx, struct slice user, const struct reg_flow *flow),
                         void *ctx);

#endif
