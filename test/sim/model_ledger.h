/* model_ledger.h - the ledger protocol of docs/money.md in its shortest form: the simulator's
 * ledger, and the oracle that the SQL ledger is compared with.
 *
 * A plain value: a copy of it (model_copy) is a committed state, and going back to the copy is a
 * crash.
 */
#ifndef DT_TEST_MODEL_LEDGER_H
#define DT_TEST_MODEL_LEDGER_H

#include "metering/identity.h"
#include "metering/meter.h"
#include "sim_mutation.h"

#define MODEL_ACCOUNTS 48
#define MODEL_INCARNATIONS 96
#define MODEL_SEQUENCES 65536
#define MODEL_STARTS 1024

enum model_result { MODEL_UNKNOWN = 0, MODEL_OK, MODEL_FENCED, MODEL_OLD_SESSION, MODEL_REFUSED };

struct model_lease {
    int64_t granted_micro, returned_micro, settled_micro, used_known_micro;
    bool is_wanted;
};

struct model_account {
    int64_t balance_micro; /* top-ups less settled charges */
    int64_t limit_micro;
    int64_t locked_micro; /* may not be granted */
    uint64_t version;
};

struct model_incarnation {
    uint64_t nonce;
    uint64_t session;
    uint64_t high_water;
    bool is_dead;
    int64_t heard_us;
    uint64_t session_used, disk_position, disk_sequence; /* what its disk told last */
};

struct model_disk { /* struct ledger_disk, with the simulator's nonce */
    uint64_t nonce, session, position, sequence;
    int start_count;
    uint64_t starts[IDENTITY_STARTS_MAX];
};

struct model_charge { /* one outbox record */
    uint64_t sequence;
    uint64_t account_id;
    int64_t charge_micro;
    int64_t ended_micro; /* the account's charges there after it */
};

struct model_ledger {
    uint64_t identity;          /* which ledger this is */
    uint64_t version;           /* rises with each commit */
    uint64_t timeline;          /* another one after each restore that was told of */
    uint64_t branch;            /* which past this is: what stands for the hashes of links */
    uint64_t branch_from;       /* after this version; what is before is branch 1's */
    enum sim_mutation mutation; /* deliberate fault */
    int account_count;
    int64_t committed_available_micro[MODEL_ACCOUNTS];         /* for one of these */
    struct model_account accounts[MODEL_ACCOUNTS];             /* id - 1 */
    struct model_incarnation incarnations[MODEL_INCARNATIONS]; /* number - 1 */
    int incarnation_count;
    struct {
        uint64_t nonce, incarnation;
    } starts[MODEL_STARTS]; /* that were let in */
    int start_count;
    struct model_lease leases[MODEL_INCARNATIONS][MODEL_ACCOUNTS];
    uint8_t applied[MODEL_INCARNATIONS][MODEL_SEQUENCES / 8]; /* the observer's, not the ledger's */
    uint64_t applied_top[MODEL_INCARNATIONS];                 /* highest sequence in it */
    bool has_applied_twice;
};

/* What is in use of it: a whole one is large. */
void model_copy(struct model_ledger *to, const struct model_ledger *from);

int64_t model_outstanding(const struct model_ledger *ledger, int account);
int64_t model_available(const struct model_ledger *ledger, int account);
bool model_has_applied(const struct model_ledger *ledger, uint64_t incarnation, uint64_t sequence);

/* REFUSED: it is a start's that was let in as a part of that incarnation. */
enum model_result model_register(struct model_ledger *ledger, uint64_t nonce,
                                 uint64_t *incarnation);
/* Is a transaction of that version and branch in this ledger's past? */
bool model_has_link(const struct model_ledger *ledger, uint64_t branch, uint64_t version);
bool model_is_copy(const struct model_ledger *ledger, uint64_t incarnation,
                   const struct model_disk *disk);
enum model_result model_open(struct model_ledger *ledger, uint64_t incarnation,
                             const struct model_disk *disk, uint64_t *session,
                             uint64_t *high_water);
enum model_result model_refill(struct model_ledger *ledger, uint64_t incarnation, uint64_t session,
                               const struct model_disk *disk, const struct lease_ask *asks,
                               int count, struct lease_answer *answers);
enum model_result model_settle(struct model_ledger *ledger, uint64_t incarnation, uint64_t session,
                               const struct model_disk *disk, const struct model_charge *charges,
                               int count, uint64_t *high_water);
void model_fence(struct model_ledger *ledger, uint64_t incarnation);
void model_top_up(struct model_ledger *ledger, int account, int64_t amount_micro);
/* From an account to another, if it is available there. */
bool model_move(struct model_ledger *ledger, int from, int to, int64_t amount_micro);
/* What edges hold beyond what is left is wanted back. */
void model_lock(struct model_ledger *ledger, int account, int64_t amount_micro);
int model_wanted(const struct model_ledger *ledger, uint64_t incarnation, uint64_t *accounts,
                 int max);

#endif
