/* ledger.h - what the ledger's transactions share: books, leases, transfers and their hash chain.
 *
 * For a lease: G granted, R returned, S settled, Uk the highest U heard. For an account:
 *     leased = sum (G - R - S), excess = sum max(0, Uk - (G - R))
 *     balance (all that is the customer's) = book + leased
 *     outstanding = sum (max(G - R, Uk) - S) = leased + excess
 *     available = balance + limit - outstanding - locked - expired
 *               = book + limit - excess - locked - expired
 * Each row that a transaction touches is written once, at its end.
 */
#ifndef DT_STORE_LEDGER_H
#define DT_STORE_LEDGER_H

#include "store/internal.h"

#define LEDGER_REFILL_MAX 500
#define LEDGER_SETTLE_MAX 4000
#define LEDGER_FOLD_MAX 64
#define LEDGER_CHARGE_MAX                                                                          \
    INT64_C(1000000000000000) /* a thousand million: above, it is no charge                        \
                               */

struct ledger_account { /* a customer's book */
    uint64_t id;
    char currency[4];
    int64_t book_micro;
    int64_t limit_micro;
    int64_t leased_micro;
    int64_t excess_micro;
    int64_t locked_micro;  /* may not be promised; 0 when its time is over */
    int64_t expired_micro; /* credit that ended and could not be taken back: not promised either */
    uint64_t version;
    uint64_t last_transfer;
};

struct ledger_lease {
    uint64_t incarnation, account_id;
    int64_t granted_micro, returned_micro, settled_micro, used_known_micro;
    bool is_wanted;
    bool is_stored; /* the row is there */
    bool is_changed;
};

struct ledger_transfer {
    const char *kind;
    int64_t debit, credit; /* books */
    int64_t amount_micro;  /* > 0 */
    uint64_t account_id;   /* 0: none */
    uint64_t incarnation, sequence;
    uint64_t linked;
    const char *actor, *reason; /* NULL: none */
};

/* The transfers of one transaction: numbered, and one link of a chain. */
struct ledger_batch {
    uint64_t chain;
    uint64_t first, next;
    int64_t wall_us;
    bool is_open;
};

struct ledger_fold { /* changes of the platform's books, each written once */
    int count;
    struct ledger_fold_entry {
        const char *kind;
        char currency[4];
        uint64_t incarnation;
        int64_t book;
        int64_t delta_micro;
    } entries[LEDGER_FOLD_MAX];
};

int64_t ledger_available(const struct ledger_account *account); /* below 0: more is promised */
enum store_result ledger_account_load(struct store *store, uint64_t id,
                                      struct ledger_account *out); /* ABSENT: no such account */
bool ledger_account_save(struct store *store, const struct ledger_account *account);

bool ledger_lease_load(struct store *store, uint64_t incarnation, uint64_t account_id,
                       struct ledger_lease *out); /* zeros if there is none */
bool ledger_lease_save(struct store *store, const struct ledger_lease *lease);
/* Both with one look; the account ABSENT: no lease is looked for. */
enum store_result ledger_load_both(struct store *store, uint64_t incarnation, uint64_t account_id,
                                   struct ledger_account *account, struct ledger_lease *lease);
/* Before many are loaded, where each would be a round trip: the next ledger_load_both of each, in
 * this transaction, finds what was there now. Only before anything of them is changed. */
bool ledger_prefetch(struct store *store, uint64_t incarnation, const uint64_t *accounts,
                     int count);
bool ledger_prefetch_take(struct store *store, uint64_t incarnation, uint64_t account_id,
                          struct ledger_account *account, struct ledger_lease *lease);
void ledger_prefetch_forget(struct store *store);
#define LEDGER_BOTH_COLUMNS                                                                        \
    "b.currency, b.balance, b.credit_limit, b.leased, b.excess, b.version, b.last_transfer,"       \
    " b.locked, b.wall_locked_until_us, b.expired,"                                                \
    " l.granted, l.returned, l.settled, l.used_known, l.is_wanted"
/* From these, beginning at column `at`. */
void ledger_read_both(struct statement *statement, int at, uint64_t incarnation,
                      uint64_t account_id, struct ledger_account *account,
                      struct ledger_lease *lease);
int64_t ledger_lease_excess(const struct ledger_lease *lease);

/* The platform's book of that kind, made when it is first needed, and `delta` to its balance. */
bool ledger_fold_add(struct store *store, struct ledger_fold *fold, const char *kind,
                     const char *currency, uint64_t incarnation, int64_t delta_micro,
                     int64_t *book);
bool ledger_fold_save(struct store *store, const struct ledger_fold *fold);

bool ledger_batch_add(struct store *store, struct ledger_batch *batch,
                      const struct ledger_transfer *transfer, struct ledger_account *account,
                      uint64_t *number);
bool ledger_batch_end(struct store *store, struct ledger_batch *batch);

/* The bytes of a transfer that its check and the chain are made of. */
#define LEDGER_ROW_MAX 640
struct ledger_row { /* as it is stored */
    uint64_t number, previous;
    int64_t wall_us;
    struct ledger_transfer transfer;
};
struct slice ledger_row_encode(const struct ledger_row *row, char block[LEDGER_ROW_MAX]);
int64_t ledger_row_check(struct slice row);

/* A transfer as two linked entries, saved with both accounts; *number: of the first, which takes
 * from `from`. Under a key that is new. */
enum store_result ledger_between(struct store *store, const struct money_request *request,
                                 struct ledger_account *from, uint64_t *number);

struct ledger_incarnation {
    uint64_t number, session, high_water;
    bool is_dead;
    char nonce[33];
    /* What its disk told last. */
    uint64_t session_used, disk_position, disk_sequence;
};
enum store_result ledger_incarnation_load(struct store *store, uint64_t number,
                                          struct ledger_incarnation *out);
/* In the transaction of a refill or settlement: keeps what the disk tells. */
bool ledger_disk_save(struct store *store, const struct ledger_incarnation *incarnation);
/* OK; OLD_SESSION; or UNKNOWN: a session that the ledger never gave, or another disk's number than
 * the one that speaks (ledger_tell). */
enum store_result ledger_session_check(struct store *store,
                                       const struct ledger_incarnation *incarnation,
                                       uint64_t session);
/* Marks the account's idle leases of other live incarnations as wanted; 0: of all. */
bool ledger_want(struct store *store, uint64_t account_id, uint64_t incarnation);
/* There may be more than before: who still lacks asks again, so nothing is wanted any more. Unless
 * more is promised than there is beside a lock: that stays wanted. */
bool ledger_lacks_less(struct store *store, const struct ledger_account *account);
/* What is locked at that time, of what is stored. */
int64_t ledger_locked(int64_t locked_micro, int64_t wall_until_us, int64_t wall_us);

#endif
