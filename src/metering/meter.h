/* meter.h - leases, holds and slices: may this call be paid, and until which second?
 *
 * One table for the process, one entry for each account that spends here, each under its own lock,
 * held for arithmetic only. Any worker may open, renew and close meters; the store thread carries
 * refills between the table and the ledger. Nothing here waits: WAIT means that a refill is under
 * way and that the caller will be told (meter_wakeups_take).
 *
 * For an account, cumulative and in micro-units: G granted, R returned (by the ledger's books),
 * ended (charges of ended usages), and the sum of what open meters cover. The rule, in order:
 *     ended + covered + x <= G - R          go
 *     else the ledger said "no more" to a refill asked after the shortage began, <= 1 s ago: refuse
 *     else WAIT for the refill under way (250 ms for an INVITE)
 *     else the ledger is silent: ended + covered + x <= G - R + grace, or UNKNOWN (never "no
 * credit") U, as told to the ledger, is ended plus what open calls would cost if they ended now.
 */
#ifndef DT_METERING_METER_H
#define DT_METERING_METER_H

#include "account/account.h"
#include "base/journal.h"
#include "rating/rate.h"

#define METER_PATIENCE_US 250000 /* a refill unanswered for longer: the ledger is silent */
#define METER_FRESH_US 1000000   /* a "no more" older than this is no answer */
#define METER_FIRST_SLICE_US 30000000
#define METER_RENEW_BEFORE_US 5000000

enum meter_verdict {
    METER_UNKNOWN = 0, /* ledger silent, grace spent: 503 charging-unknown */
    METER_OK,
    METER_OK_ON_GRACE,
    METER_WAIT,         /* a refill is under way: told by meter_wakeups_take, or ask again */
    METER_NO_CREDIT,    /* the ledger said so; evidence_version in the meter */
    METER_NO_CHANNEL,   /* concurrent calls */
    METER_TOO_FAST,     /* calls a second */
    METER_DAY_LIMIT,    /* spend a day */
    METER_MINUTE_LIMIT, /* spend a minute */
    METER_FULL          /* table full: 503 */
};
const char *meter_verdict_name(enum meter_verdict verdict);
/* OK or OK_ON_GRACE: it is paid for. All others are reasons why not (yet). */
bool meter_is_granted(enum meter_verdict verdict);

struct meter_terms {
    uint32_t account_count_max;
    uint64_t hash_seed;
    int64_t grace_new_micro, grace_verified_micro, grace_flagged_micro; /* 0, 0.50, 0 */
    int64_t grace_total_micro;   /* all accounts of one currency in one outage: 500.00 */
    int64_t idle_us;             /* 60 s: then a lease shrinks to one slice */
    int64_t slice_default_micro; /* one slice of an account that has not called yet; 0: 0.50 */
};

struct meter_table;

struct meter { /* one paid call; lies in the call's object and does not move while open */
    struct meter *next, *previous; /* in its account, under its lock */
    uint32_t slot;                 /* account entry + 1; 0: not open */
    uint16_t worker;               /* who to wake */
    uint32_t call, call_generation;
    struct rate rate;
    int64_t covered_micro; /* taken out of the lease for this call and not yet ended */
    int64_t charged_micro; /* by partial records before */
    int64_t covers_us;     /* talk that charged + covered pays */
    int64_t answered_us;   /* monotonic; 0: ringing */
    uint64_t evidence_version;
    bool is_evidence_lock; /* the ledger said "no more" because of a balance lock */
    bool is_on_grace;
    bool is_waiting;
    bool is_free; /* price 0: covers for ever, asks nobody for money */
    bool counts_channel;
    /* The table's own, under the account's lock. */
    struct meter *queue_next, *queue_previous; /* waiting for the ledger, or to be woken */
    uint32_t waiting_slot;                     /* entry + 1 while an INVITE waits */
    uint8_t queue;                             /* enum meter_queue: which of the two lists */
    int64_t asked_micro;                       /* what it waits for */
    int64_t renew_us;                          /* talk at which the next slice is taken */
};

struct meter_table *meter_table_new(const struct meter_terms *terms, struct journal journal);
void meter_table_free(struct meter_table *table);

/* At INVITE: limits, then the hold of the first slice (connection fee and 30 s, or a quarter of the
 * free lease if that is less, but at least the first increment). `is_last_try`: the 250 ms are over
 * (WAIT is not answered any more). The caller has set worker, call, call_generation, rate, and does
 * not touch them while the meter waits or is open. On
 * METER_OK or OK_ON_GRACE the meter is open; otherwise not (with WAIT it is noted as a waiter).
 * Limits are counted once, on the first try. */
enum meter_verdict meter_open(struct meter_table *table, struct meter *meter,
                              const struct account *account, int64_t now_us, bool is_last_try);
void meter_wait_cancel(struct meter_table *table, struct meter *meter); /* the caller gave up */

/* Emergency, or a call that nobody pays: counts nothing, never refused. */
void meter_open_free(struct meter *meter);

void meter_answer(struct meter_table *table, struct meter *meter, int64_t now_us);

/* When to call meter_renew: 5 s or half a slice before the paid second, then again as it says;
 * INT64_MAX: never (free). meter_paid_until: the paid second itself, monotonic. */
int64_t meter_renew_at(const struct meter *meter);
int64_t meter_paid_until(struct meter_table *table, const struct meter *meter);

/* Talk at now_us, but no further than what is paid: what a record may charge, since nobody may talk
 * on credit because a timer was late. 0 while ringing. */
int64_t meter_talk_us(const struct meter *meter, int64_t now_us);

/* Takes the next slice (called before meter_renew_at it changes nothing). OK: paid further. WAIT or
 * anything else: not (yet); keep calling at the time *again_at_us, and end the call at the paid
 * second (`again_at_us` is never later than it). */
enum meter_verdict meter_renew(struct meter_table *table, struct meter *meter, int64_t now_us,
                               int64_t *again_at_us);

/* Writes the usage record of a charge. It is called while the account is locked: no lease record
 * can come between the charge and its record, or a crash there would leave the account's room taken
 * by a charge that nobody knows of. It may append to the journal, and nothing else that locks.
 * charge_micro: of this record; ended_micro: the account's ended total after it. */
struct meter_writer {
    void *ctx; /* NULL write: no record is wanted */
    void (*write)(void *ctx, int64_t charge_micro, int64_t ended_micro);
};

/* A partial record: charges talk so far less the partials before; the call goes on. Returns the
 * charge. The writer is called once, for a free call too. */
int64_t meter_partial(struct meter_table *table, struct meter *meter, int64_t talk_us,
                      const struct meter_writer *writer);

/* Ends the meter: talk_us < 0 for an unanswered call (nothing is charged). Returns this record's
 * charge. The rest of the hold is free again. */
int64_t meter_close(struct meter_table *table, struct meter *meter, int64_t talk_us,
                    const struct meter_writer *writer);

/* What is held of the lease for this call beyond what it would cost if it ended now. */
int64_t meter_held(struct meter_table *table, const struct meter *meter, int64_t now_us);

/* At replay: a call that was open before the restart. Covers its talk up to now_us even beyond the
 * lease, then behaves as if open. */
void meter_restore(struct meter_table *table, struct meter *meter, const struct account *account,
                   int64_t answered_us, int64_t charged_micro, int64_t now_us);

/* A registration (or a live trunk) of the account came (+1) or went (-1): while there is one, an
 * idle account keeps one slice (what its dearest first slice took, or slice_default_micro). A
 * change of 0 asks again for a slice that is lacking (its balance has changed). */
void meter_presence(struct meter_table *table, const struct account *account, int change,
                    int64_t now_us);

/* The UTC day (days since 1970) that the daily spend is counted for; tell it at the start and when
 * it changes. It never goes back. */
void meter_set_day(struct meter_table *table, int64_t day);

/* Cut-backs and refills have calls to wake: copies up to `max` of them out. Cheap when there are
 * none. A woken INVITE calls meter_open again, a woken call meter_renew. */
struct meter_wakeup {
    uint16_t worker;
    uint32_t call, call_generation;
};
int meter_wakeups_take(struct meter_table *table, struct meter_wakeup *out, int max);

/* ---- the store thread's side ---- */

struct lease_ask { /* one account in a refill transaction; absolute values */
    uint64_t account_id;
    int64_t used_micro;     /* U */
    int64_t returned_micro; /* R */
    int64_t want_micro;     /* room wanted for G - R - U; 0: only tells U and R */
    uint64_t ask_number;    /* to match the answer */
};

struct lease_answer {
    uint64_t account_id;
    uint64_t ask_number;
    int64_t granted_micro;  /* G */
    int64_t returned_micro; /* R as the ledger has it */
    struct tri more;        /* ABSENT: available is 0 after this grant */
    uint64_t version;       /* of the account row, the evidence of a refusal */
    bool is_wanted;         /* another incarnation lacks money of this account: give back idle */
    bool is_locked;         /* there is no more because a part of the balance is locked */
};

/* Accounts that need the ledger now, most urgent first (waiting INVITEs, then renewals, then idle
 * returns). What is taken is under way until answered or failed. R is raised and journalled
 * here, and an account that asks for the first time is journalled too: the caller syncs the journal
 * before it sends these asks, lest a power loss takes back what was given away, or forgets that
 * money was set aside here. */
int meter_asks_take(struct meter_table *table, struct lease_ask *out, int max, int64_t now_us);
bool meter_has_asks(struct meter_table *table, int64_t now_us); /* cheap */
int64_t meter_asks_deadline(struct meter_table *table); /* next idle check or retry; INT64_MAX */

/* The ledger's answer: journals the grant, then wakes who waited. Values that go back are ignored.
 */
void meter_ask_answered(struct meter_table *table, const struct lease_answer *answer,
                        int64_t now_us);
/* No answer (any failure): the same asks become due again at retry_at_us. */
void meter_asks_failed(struct meter_table *table, const struct lease_ask *asks, int count,
                       int64_t retry_at_us);

/* Another incarnation lacks money of this account: all that is not held here goes back, and the
 * ledger is told even of nothing, for it believes that there is something. */
void meter_wanted(struct meter_table *table, uint64_t account_id, int64_t now_us);

/* Incarnation: false until the ledger numbered one (no grace before). Changing to a new one starts
 * all accounts at G = R = ended = 0; open meters are re-covered as after a restart. */
void meter_set_registered(struct meter_table *table, bool is_registered);
void meter_start_incarnation(struct meter_table *table, int64_t now_us);

/* Replay of JOURNAL_LEASE records, and of `ended_micro` of usage records; by maximum. */
MUST_CHECK bool meter_replay_lease(struct meter_table *table, struct slice record);
void meter_replay_ended(struct meter_table *table, uint64_t account_id, int64_t ended_micro);
/* Snapshot: appends a JOURNAL_LEASE record of every account, a few at a time: start with *at = 0,
 * false when done. */
bool meter_snapshot(struct meter_table *table, uint32_t *at, int count);

struct meter_view { /* for status, the console and `explain` */
    int64_t granted_micro, returned_micro, ended_micro, covered_micro, used_micro, grace_used_micro;
    int32_t open_count;
    int32_t channel_count;     /* calls that count against the account's limit */
    int64_t day_left_micro;    /* may still be spent today; INT64_MAX: no limit is known */
    int64_t minute_left_micro; /* the same for this minute; 0 also while it is closed */
    struct tri more;
    bool is_locked;    /* it said that there is no more because of a balance lock */
    int64_t silent_us; /* how long the oldest ask has been unanswered; 0: none */
    uint64_t version;
};
struct tri meter_look(struct meter_table *table, uint64_t account_id, int64_t now_us,
                      struct meter_view *out); /* ABSENT: no entry here */

struct meter_totals {
    int64_t outstanding_micro; /* sum of G - R - ended over accounts */
    int64_t grace_used_micro;  /* beyond leases, now */
    int64_t grace_bound_micro; /* the most that grace could become */
    uint32_t account_count, open_count, ask_count, silent_count;
};
void meter_sum(struct meter_table *table, int64_t now_us, struct meter_totals *out);

#endif
