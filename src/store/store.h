/* store.h - the truth: ledger and configuration as SQL transactions on one SQLite file, or on
 * PostgreSQL (docs/databases.md).
 *
 * Every process opens its own store and uses it from one thread. Each call is one bounded
 * transaction, and there is one writer at a time. A call that did not get a clear answer
 * (locked, slow, I/O error, full, file replaced or deleted) says STORE_UNKNOWN: never "no".
 */
#ifndef DT_STORE_STORE_H
#define DT_STORE_STORE_H

#include "account/account.h"
#include "metering/identity.h"
#include "metering/meter.h"
#include "metering/usage.h"
#include "rating/zone.h"

enum store_result {
    STORE_UNKNOWN = 0, /* no clear answer; store_error says why */
    STORE_OK,
    STORE_ABSENT,      /* no such row */
    STORE_EXISTS,      /* a row with that name is there */
    STORE_CONFLICT,    /* idempotency key used with another body; or the row is in use */
    STORE_REFUSED,     /* a rule of money: not enough available, currency differs, bad value */
    STORE_FENCED,      /* this incarnation is dead */
    STORE_OLD_SESSION, /* a newer session of this incarnation is open */
    STORE_NEWER_SCHEMA /* made by a newer dialtone: not touched */
};
const char *store_result_name(enum store_result result);

struct store;

struct store_options {
    const char *dir;      /* DIR: the database is DIR/dialtone.db */
    const char *url;      /* "postgresql://...": instead of that file; NULL or empty: the file */
    int64_t deadline_us;  /* longest wait for the lock or a busy database: 2 s */
    bool is_checkpointer; /* one role does checkpoints */
    bool may_create;      /* `dialtone init` */
    bool has_fault_layer; /* drill = true: DIR/drill.faults steers a VFS under SQLite */
    bool
        takes_timeline; /* `ledger recover`: whatever timeline the database has is this DIR's now */
};

/* NULL: no memory. A database that cannot be opened now is opened at the next call. */
struct store *store_new(const struct store_options *options);
void store_free(struct store *store);
const char *store_error(const struct store *store); /* of the last call, one sentence */

/* Numbered migrations to the newest schema; keeps a copy (dialtone.db.before-N) first. */
enum store_result store_migrate(struct store *store) MUST_CHECK;

/* The same for a database that is there, is ours by its inode, and has an older schema; any other
 * is left as it is. OK: it has our schema now. NEWER_SCHEMA: this program must not use it. UNKNOWN:
 * not there, locked, replaced. */
enum store_result store_upgrade(struct store *store) MUST_CHECK;

/* Identity of the ledger (made at init) and the change feed's newest number. A file with another
 * identity than before, a lower version, another inode than opened, or none: UNKNOWN. */
enum store_result store_identity(struct store *store, char identity[33],
                                 uint64_t *version) MUST_CHECK;

/* What is known of the ledger: compared with the database in every transaction, and moved by each.
 * A database with another identity or timeline, with lower numbers, or without the link that was
 * seen, is another one, or was put back: the call says UNKNOWN and store_is_foreign true, until
 * `dialtone ledger recover` was run here. */
struct store_link { /* the entries of one transaction: they cannot be the same by chance */
    uint64_t first; /* number of its first entry; 0: none */
    char hash[17];  /* the beginning of the chain's hash after it, in hex */
};
struct store_known {
    char identity[33];
    char timeline[33];      /* made anew by each restore and recovery; empty: not known */
    uint64_t version;       /* newest of the change feed */
    struct store_link link; /* newest that was committed here */
};
void store_known(const struct store *store, struct store_known *out);
/* What an earlier process knew; before the first call. */
void store_expect(struct store *store, const struct store_known *known);
bool store_is_foreign(const struct store *store); /* of the last call */
/* The database was put back to an older state, and somebody has looked: a new timeline. Who knows
 * of the old one hears UNKNOWN until told. */
enum store_result store_renew_timeline(struct store *store) MUST_CHECK;

/* ---- ledger protocol (docs/money.md) ---- */
/* Goes with each refill and settlement from here on: the ledger keeps session, position and
 * sequence, and serves only that nonce. NULL: nothing is told (tools). */
void ledger_tell(struct store *store, const struct ledger_disk *disk);

struct ledger_opened {
    uint64_t session, high_water;
    bool is_copy; /* FENCED because this disk is not the one that spoke last: copied or put back */
};
/* Opens a session for that disk, as ledger_open does. A disk whose newest session is not the one
 * that was used last, or that is not as far as it was then, is a copy or an old state: FENCED. What
 * both had in common, usages up to disk->sequence, may still be settled in the session given. A
 * ledger that never gave the disk's session was put back itself: UNKNOWN, foreign. */
enum store_result ledger_open_disk(struct store *store, uint64_t incarnation,
                                   const struct ledger_disk *disk,
                                   struct ledger_opened *out) MUST_CHECK;
enum store_result ledger_register(struct store *store, const char *node, const char nonce[33],
                                  uint64_t *incarnation) MUST_CHECK; /* same nonce: same number,
                                                            also of FENCED; EXISTS: that of a start
                                                            which was let in as part of it */
/* Without a disk (tools); last_sequence: its newest usage. FENCED: stop the leases and register
 * with a new nonce; *session and *high_water are set then too, to settle the old outbox. */
enum store_result ledger_open(struct store *store, uint64_t incarnation, const char nonce[33],
                              uint64_t last_sequence, uint64_t *session,
                              uint64_t *high_water) MUST_CHECK;
/* Unless it says OK, answers are zeros. An account without a book is answered with UNKNOWN. */
enum store_result ledger_refill(struct store *store, uint64_t incarnation, uint64_t session,
                                const struct lease_ask *asks, int ask_count,
                                struct lease_answer *answers) MUST_CHECK;
/* Usages in rising gap-free sequence; those at or below the mark are skipped, a gap stops. */
enum store_result ledger_settle(struct store *store, uint64_t incarnation, uint64_t session,
                                const struct usage *usages, int usage_count,
                                uint64_t *high_water) MUST_CHECK;
enum store_result ledger_fence(struct store *store, uint64_t incarnation, const char *actor,
                               const char *reason) MUST_CHECK; /* death verdict, by an operator */
/* Accounts with id > after whose idle money here others lack (polled each second): give back what
 * is not held. */
enum store_result ledger_wanted(struct store *store, uint64_t incarnation, uint64_t after,
                                uint64_t *accounts, int max, int *count) MUST_CHECK;

/* Who holds how much: one row for each incarnation (number > after) and currency. */
struct ledger_exposure {
    uint64_t incarnation, high_water;
    char node[64];
    bool is_dead;
    char currency[4];      /* empty: nothing was ever leased to it */
    int64_t leased_micro;  /* granted, not returned, not settled; below zero: used beyond */
    int64_t verdict_micro; /* what its death verdict released: counts in the bound */
    int64_t wall_registered_us;
};
enum store_result ledger_exposures(struct store *store, uint64_t after, struct ledger_exposure *out,
                                   int max, int *count) MUST_CHECK;

/* Money by the API: idempotent by key (the same key and request hash: the stored answer again). */
struct money_request {
    uint64_t account_id;
    int64_t amount_micro;  /* top-up > 0; adjustment either sign */
    char kind[16];         /* "topup", "adjustment", "refund", "bonus", "transfer" */
    char key[80];          /* idempotency key */
    char request_hash[65]; /* hex SHA-256 of the body */
    char actor[64];
    char reason[160];
    uint64_t linked_transfer; /* of a refund; 0: none */
    uint64_t to_account_id;   /* of a transfer, between an account and its parent; 0: none */
    int64_t wall_expires_us;  /* of a bonus: what is left of it then is taken back; 0: never */
};
struct money_answer {
    uint64_t transfer;
    int64_t balance_micro; /* after it */
    bool is_repeat;
};
enum store_result ledger_money(struct store *store, const struct money_request *request,
                               struct money_answer *answer) MUST_CHECK;

struct balance {
    int64_t balance_micro;   /* all that is the customer's: available + leased */
    int64_t leased_micro;    /* set aside at edges and not settled */
    int64_t available_micro; /* may be promised: balance + limit - outstanding - locked - expired */
    uint64_t version;
    int64_t locked_micro; /* of the lock in force; 0: there is none, and the rest says nothing */
    int64_t wall_locked_until_us;
    char locked_by[64];
    char locked_why[160];
};
enum store_result ledger_balance(struct store *store, uint64_t account_id,
                                 struct balance *out) MUST_CHECK;

/* A part of a balance that may not be promised to edges, nor taken by an adjustment. What edges
 * hold beyond what is left is wanted back; what calls there hold is spent all the same. */
struct balance_lock {
    int64_t amount_micro;  /* >= 0, also more than there is; 0 ends the lock */
    int64_t wall_until_us; /* 0: until somebody ends it; else above now */
    char actor[64];
    char why[160];
};
enum store_result ledger_lock(struct store *store, uint64_t account_id,
                              const struct balance_lock *lock) MUST_CHECK;
/* A lock whose time is over keeps nothing any more. This writes down that it ended, for one of
 * them, so that who watches the account's balance looks at it; *account_id 0: there is none. */
enum store_result ledger_lock_end(struct store *store, uint64_t *account_id) MUST_CHECK;

/* Recomputes every balance from its transfers and checks the hash chains, in chunks. Calls `say`
 * for each thing that is wrong, naming the row. OK: *wrong_count tells whether it is clean. */
enum store_result ledger_audit(struct store *store, void (*say)(void *ctx, const char *text),
                               void *ctx, uint64_t *transfer_count,
                               uint64_t *wrong_count) MUST_CHECK;

/* ---- change feed ---- */
enum config_kind {
    CONFIG_ACCOUNT = 1,
    CONFIG_ENDPOINT,
    CONFIG_TRUNK,
    CONFIG_NUMBER,
    CONFIG_ROUTE,
    CONFIG_DECK,
    CONFIG_SETTING,
    CONFIG_BALANCE, /* a top-up or another money request: id is the account */
    CONFIG_KEY
};
struct config_change {
    uint64_t number; /* rising, commit-ordered */
    enum config_kind kind;
    uint64_t id;
    bool is_removed;
};
/* Changes after `after`, oldest first, coalesced by row. */
enum store_result config_changes(struct store *store, uint64_t after, struct config_change *out,
                                 int max, int *count) MUST_CHECK;

/* ---- rows: get by id; page by id (rows with id > after, up to max); put; remove ----
 * put with id 0 makes a new row and sets id; every put sets version. Names are unique. */
#define STORE_ROWS(type, name)                                                                     \
    enum store_result config_get_##name(struct store *store, uint64_t id, struct type *out)        \
        MUST_CHECK;                                                                                \
    enum store_result config_page_##name(struct store *store, uint64_t after, struct type *out,    \
                                         int max, int *count) MUST_CHECK;                          \
    enum store_result config_put_##name(struct store *store, struct type *row, const char *actor)  \
        MUST_CHECK;                                                                                \
    enum store_result config_remove_##name(struct store *store, uint64_t id, const char *actor)    \
        MUST_CHECK;
STORE_ROWS(account, account)
STORE_ROWS(endpoint, endpoint)
STORE_ROWS(trunk, trunk)
STORE_ROWS(number, number)
STORE_ROWS(route_row, route)
#undef STORE_ROWS
enum store_result config_account_by_name(struct store *store, const char *name,
                                         struct account *out) MUST_CHECK;
/* Sub-accounts of an account, with id > after. */
struct account_child {
    uint64_t id;
    char name[ACCOUNT_NAME_SIZE];
    int64_t balance_micro;
};
enum store_result config_page_child(struct store *store, uint64_t parent_id, uint64_t after,
                                    struct account_child *out, int max, int *count) MUST_CHECK;
enum store_result config_endpoint_by_user(struct store *store, const char *user,
                                          struct endpoint *out) MUST_CHECK;
enum store_result config_trunk_by_name(struct store *store, const char *name,
                                       struct trunk *out) MUST_CHECK;
enum store_result config_number_by_digits(struct store *store, const char *digits,
                                          struct number *out) MUST_CHECK;
/* A rule suspends for a time, by evidence, and renews it while the evidence stands. It cannot end
 * or change what a person did; and rules together suspend few (account/suspension.h): beyond that
 * an event of kind "alarm" is kept and nothing else is done. */
struct rule_suspension {
    uint64_t account_id;
    char rule[ACCOUNT_NAME_SIZE - 8];
    char evidence[SUSPENSION_TEXT_SIZE];
    int64_t lasts_us; /* above 0, at most SUSPENSION_LASTS_MAX_US */
};
enum suspension_made {
    SUSPENSION_LEFT = 0, /* suspended by a person or another rule */
    SUSPENSION_MADE,
    SUSPENSION_RENEWED,
    SUSPENSION_HELD_BACK /* too many: a person has to look */
};
enum store_result config_suspend_by_rule(struct store *store, const struct rule_suspension *asked,
                                         struct account *account,
                                         enum suspension_made *made) MUST_CHECK;
/* Ends one suspension whose time is over; 0: there is none. Call it again. */
enum store_result config_lift_suspension(struct store *store, uint64_t *account_id) MUST_CHECK;
/* Many endpoints at once (`init --load-users`): chunks of 1000 a transaction. */
enum store_result config_put_endpoints(struct store *store, struct endpoint *rows, int count,
                                       const char *actor) MUST_CHECK;

/* Decks: an object in pieces of at most 1 MB, hashed. Importing a name again makes the next
 * version; the old versions stay. id 0: none. */
struct deck_row {
    uint64_t id;
    uint64_t version; /* change feed */
    uint32_t deck_version;
    char name[ACCOUNT_NAME_SIZE];
    char currency[4];
    uint8_t rounding;
    uint8_t kind; /* enum deck_kind */
    char time_zone[ZONE_NAME_SIZE];
    uint32_t prefix_count;
    uint64_t object_size;
    char object_hash[65]; /* hex SHA-256 */
    int64_t wall_imported_us;
};
/* The next id and version that an import under this name gets; the object is compiled with them. */
enum store_result config_deck_next(struct store *store, const char *name, uint32_t *id,
                                   uint32_t *deck_version) MUST_CHECK;
enum store_result config_put_deck(struct store *store, struct deck_row *row, const uint8_t *object,
                                  const char *actor) MUST_CHECK;
enum store_result config_get_deck(struct store *store, uint64_t id,
                                  struct deck_row *out) MUST_CHECK;
enum store_result config_page_deck(struct store *store, uint64_t after, struct deck_row *out,
                                   int max, int *count) MUST_CHECK;
/* Reads the object of the version in force; malloc'd, the caller frees. Checked by its hash. */
enum store_result config_read_deck(struct store *store, uint64_t id, uint8_t **object,
                                   size_t *object_size) MUST_CHECK;
/* Versions of a deck below `before` (0: all), newest first; old ones are never removed. */
enum store_result config_page_deck_version(struct store *store, uint64_t id, uint32_t before,
                                           struct deck_row *out, int max, int *count) MUST_CHECK;
enum store_result config_get_deck_version(struct store *store, uint64_t id, uint32_t deck_version,
                                          struct deck_row *out) MUST_CHECK;
enum store_result config_read_deck_version(struct store *store, uint64_t id, uint32_t deck_version,
                                           uint8_t **object, size_t *object_size) MUST_CHECK;
/* Puts a version that is there in force (again); *row: as it is then. ABSENT: no such version. */
enum store_result config_use_deck_version(struct store *store, uint64_t id, uint32_t deck_version,
                                          const char *actor, struct deck_row *row) MUST_CHECK;

enum store_result config_get_setting(struct store *store, const char *name, char *value,
                                     size_t value_size) MUST_CHECK;
enum store_result config_put_setting(struct store *store, const char *name, const char *value,
                                     const char *actor) MUST_CHECK;

/* API keys: hashed at rest (SHA-256 of a random 256-bit key); role operator or customer. */
struct api_key {
    uint64_t id;
    uint64_t version;
    char hash[65];
    char name[64];
    bool is_operator;
    uint64_t account_id; /* of a customer's key */
    bool is_revoked;
};
enum store_result config_put_key(struct store *store, struct api_key *row,
                                 const char *actor) MUST_CHECK;
enum store_result config_key_by_hash(struct store *store, const char *hash,
                                     struct api_key *out) MUST_CHECK;
enum store_result config_page_key(struct store *store, uint64_t after, struct api_key *out, int max,
                                  int *count) MUST_CHECK;

/* ---- records ---- */
struct cdr_filter {
    uint64_t account_id;              /* 0: all */
    int64_t wall_from_us, wall_to_us; /* when the call ended, in whole seconds; 0: open */
    char number[USAGE_PARTY_SIZE];    /* caller or callee; empty: all */
    char call_id[USAGE_CALL_ID_SIZE];
    uint64_t before; /* rows with a lower row number: the page after; 0: newest */
};
struct cdr_row {
    uint64_t row;
    uint64_t incarnation;
    struct usage usage;
};
enum store_result cdr_page(struct store *store, const struct cdr_filter *filter,
                           struct cdr_row *out, int max, int *count) MUST_CHECK;

/* The export: what an edge numbered, in that order, so that it goes on where it ended, whatever was
 * settled late. The mark of an incarnation is the last sequence that was read of it. */
#define USAGE_MARKS_MAX 64
struct usage_mark {
    uint64_t incarnation, sequence;
};
struct usage_marks {
    int count;
    struct usage_mark marks[USAGE_MARKS_MAX];
};
/* Up to max records above the marks (an incarnation without one: from its first), by incarnation,
 * then by sequence; *marks: how far it went, to go on from. *has_more: ask again at once. */
enum store_result cdr_export(struct store *store, uint64_t account_id, struct usage_marks *marks,
                             struct cdr_row *out, int max, int *count, bool *has_more) MUST_CHECK;

struct transfer_row { /* one entry of an account's statement */
    uint64_t number;
    int64_t wall_us;
    int64_t amount_micro; /* from the customer's point of view */
    char kind[16];
    char actor[64];
    char reason[160];
    uint64_t linked;
};
enum store_result ledger_transfers(struct store *store, uint64_t account_id, uint64_t before,
                                   struct transfer_row *out, int max, int *count) MUST_CHECK;

/* The same with the balance after each entry, and the call that a charge is for (unless its record
 * has expired). A zeroed cursor begins at the newest entry; next 0 and is_begun: that was all. A
 * page may hold fewer than max rows, even none, before the end. */
struct statement_cursor {
    bool is_begun;
    uint64_t next;         /* the next older entry */
    int64_t balance_micro; /* after it */
};
struct statement_row {
    struct transfer_row transfer;
    int64_t balance_micro; /* after it */
    bool has_usage;
    struct usage usage;
};
enum store_result ledger_statement(struct store *store, uint64_t account_id,
                                   struct statement_cursor *cursor, struct statement_row *out,
                                   int max, int *count) MUST_CHECK;

struct event_row { /* refusals and other events that an operator may want later */
    uint64_t row;
    int64_t wall_us;
    char kind[24]; /* "refusal", "alarm", "config", "fraud.suspected" */
    uint64_t account_id;
    char text[768]; /* one JSON object */
};
enum store_result event_put(struct store *store, const struct event_row *rows,
                            int count) MUST_CHECK;
enum store_result event_page(struct store *store, const char *kind, uint64_t account_id,
                             uint64_t before, struct event_row *out, int max,
                             int *count) MUST_CHECK;

/* Retention: deletes CDRs and events older than that, some at a call; *more: call again. */
enum store_result store_expire(struct store *store, int64_t cdr_before_wall_us,
                               int64_t event_before_wall_us, bool *more) MUST_CHECK;
enum store_result store_checkpoint(struct store *store) MUST_CHECK;
int store_disk_free_percent(const char *dir); /* -1: cannot be told */

/* A consistent copy while others write (SQLite's backup API, in steps). Restore: refuses while
 * anybody has the directory open, checks the copy first, keeps the old file. */
enum store_result store_backup(const char *dir, const char *file, char *error,
                               size_t error_size) MUST_CHECK;
enum store_result store_restore(const char *dir, const char *file, char *error,
                                size_t error_size) MUST_CHECK;

#endif
