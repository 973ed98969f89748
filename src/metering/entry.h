/* entry.h - inside of metering: the table, and what it knows of one account.
 *
 * An entry's fields are under its own lock, which is held for arithmetic (and the journal's append)
 * only. What puts an entry into a queue is under the table's queue lock. The two are never
 * held together: a function under the entry's lock notes in a `struct aftermath` what must be
 * queued, and aftermath_do does it once the lock is given back. Entries are made and never taken
 * away, so an index or pointer to one stays good.
 */
#ifndef DT_METERING_ENTRY_H
#define DT_METERING_ENTRY_H

#include "base/map.h"
#include "base/wheel.h"
#include "metering/meter.h"

#include <pthread.h>
#include <stdatomic.h>

#define CURRENCY_COUNT_MAX 64
#define CURRENCY_UNKNOWN 0 /* an entry out of the journal: no account row was seen yet */
#define ENTRY_NONE UINT32_MAX

enum meter_queue { QUEUE_NONE = 0, QUEUE_WAITING, QUEUE_WOKEN };

/* How urgent an account's ask is; the order in which the ledger hears of them. */
enum ask_level { LEVEL_INVITE = 0, LEVEL_RENEWAL, LEVEL_REFILL, LEVEL_IDLE, LEVEL_COUNT };

enum ask_need {
    NEED_MONEY = 1 << 0,  /* a call waits */
    NEED_REFILL = 1 << 1, /* half is gone, or a registered endpoint has no slice */
    NEED_TELL = 1 << 2    /* R rose, or an ask had no answer: the ledger must hear or say */
};

struct meter_list {
    struct meter *first, *last;
};

struct meter_entry {
    pthread_mutex_t lock;
    uint64_t account_id;
    /* The lease: see meter.h. */
    int64_t granted_micro, returned_micro, ended_micro, covered_micro;
    int64_t told_micro;  /* the highest U that the ledger was told */
    int64_t over_micro;  /* beyond the lease, as counted in its currency's sum */
    int64_t grace_micro; /* g */
    int64_t slice_micro; /* what one slice costs, about */
    int64_t spend_day_micro;
    /* Spend a minute: the minute begins with the first slice after the last one ended. What is
     * counted is what was taken for calls, less what came back from them unused. */
    int64_t spend_minute_micro;   /* 0: no limit */
    int64_t minute_end_us;        /* 0: none has begun */
    int64_t minute_base_micro;    /* ended + covered as it began */
    int64_t minute_refused_micro; /* asked for in it beyond the limit */
    bool is_minute_closed;
    int64_t day;            /* the UTC day that day_base_micro stands for */
    int64_t day_base_micro; /* `ended` when that day began */
    __int128 speed_nano;    /* sum of nano a minute of open meters */
    __int128 waiting_nano;  /* the same of waiting INVITEs */
    int64_t waiting_micro;  /* what waiting calls ask, clamped */
    struct meter *open;     /* first of its open meters */
    struct meter_list waiting, woken;
    int32_t open_count;
    int32_t channel_count;
    int32_t presence_count;
    int32_t waiting_count;
    int64_t cps_next_us; /* when the bucket of call starts is empty again */
    int64_t active_us;   /* latest time at which a call was seen */
    uint8_t currency;
    /* What the ledger said. */
    struct tri more;
    bool is_locked;        /* no more because of a balance lock */
    int64_t more_asked_us; /* when that was asked */
    uint64_t version;
    uint64_t cut_for_ask;    /* slices were cut back on the answer to this ask */
    uint64_t more_ask;       /* the ask that `more` answers */
    int64_t shortage_us;     /* since when something lacks money; -1: nothing does */
    int64_t silent_since_us; /* the oldest need or ask without an answer; -1: none */
    /* The ask under way and the next one. */
    bool is_asked;
    bool is_unconfirmed; /* money was asked for; the ledger may have granted unseen */
    int64_t money_asked_us;
    bool is_journalled; /* the journal knows of this account */
    uint8_t needs;      /* enum ask_need */
    uint8_t asked_needs;
    uint64_t ask_number;
    uint64_t ask_floor; /* answers to asks up to this one belong to an old incarnation */
    int64_t asked_us;
    int64_t retry_us;         /* no ask before, unless a new call waits */
    int64_t half_micro;       /* ask again when less than this is free */
    int64_t spent_base_micro; /* ended + covered at the last refill */
    /* Under the table's queue lock. */
    uint8_t level; /* enum ask_level + 1; 0: in no queue */
    bool is_in_wakes;
    uint32_t queue_next, queue_previous;
    uint32_t wake_next;
    struct wheel_timer timer;
};

struct entry_queue {
    uint32_t first, last;
};

struct meter_table {
    struct meter_terms terms;
    struct journal journal;
    pthread_rwlock_t index_lock; /* index, entry_count, currencies */
    struct map index;
    struct meter_entry *entries;
    _Atomic uint32_t entry_count;
    char currencies[CURRENCY_COUNT_MAX][4];
    uint8_t currency_count;
    _Atomic int64_t over_micro[CURRENCY_COUNT_MAX]; /* beyond leases, by currency */
    atomic_bool is_registered;
    _Atomic int64_t day;
    pthread_mutex_t queue_lock;
    struct entry_queue queues[LEVEL_COUNT];
    uint32_t queued_count;
    uint32_t wakes_first, wakes_last;
    _Atomic uint32_t wake_count; /* entries that have calls to wake */
    struct wheel wheel;
    bool has_wheel;
};

struct aftermath { /* what must be queued when the entry's lock is given back */
    bool is_due;
    enum ask_level level;
    bool has_woken;
    bool has_timer;
    int64_t timer_us;
    enum ask_level timer_level; /* of the queue that it goes to then */
};

/* table.c */
struct meter_entry *entry_find(struct meter_table *table, uint64_t account_id);
struct meter_entry *entry_get(struct meter_table *table, uint64_t account_id); /* NULL: full */
struct meter_entry *entry_at(struct meter_table *table, uint32_t index);
/* Locked, with the account's grace and daily limit as they are now. NULL: full. */
struct meter_entry *entry_lock_for(struct meter_table *table, const struct account *account);
void aftermath_due(struct aftermath *aftermath, enum ask_level level);
void aftermath_timer(struct aftermath *aftermath, int64_t at_us, enum ask_level level);
void aftermath_do(struct meter_table *table, struct meter_entry *entry,
                  const struct aftermath *aftermath, int64_t now_us);
uint32_t ask_queue_pop(struct meter_table *table, int64_t now_us); /* ENTRY_NONE: empty */

/* lists.c: under the entry's lock */
void open_list_add(struct meter_entry *entry, struct meter *meter);
void open_list_remove(struct meter_entry *entry, struct meter *meter);
void waiting_add(struct meter_entry *entry, struct meter *meter, int64_t asked_micro);
void waiting_leave(struct meter_entry *entry, struct meter *meter); /* whichever list it is in */
void meter_wake(struct meter_entry *entry, struct meter *meter, struct aftermath *aftermath);
void waiting_wake_all(struct meter_entry *entry, struct aftermath *aftermath);

/* lease.c: under the entry's lock */
int64_t entry_spent(const struct meter_entry *entry);    /* U + H: ended + covered */
int64_t entry_free(const struct meter_entry *entry);     /* G - R - spent; below 0: on grace */
int64_t entry_spending(const struct meter_entry *entry); /* ten minutes of its calls' rates */
int64_t entry_used(const struct meter_entry *entry, int64_t now_us); /* U */
/* What the minute's limit leaves; INT64_MAX: there is none. _left begins the next minute when the
 * last is over, _look says what would be left then. */
int64_t entry_minute_left(struct meter_entry *entry, int64_t now_us);
int64_t entry_minute_look(const struct meter_entry *entry, int64_t now_us);
int64_t entry_day_left(const struct meter_table *table, struct meter_entry *entry);
void entry_count_over(struct meter_table *table, struct meter_entry *entry);
bool entry_is_silent(const struct meter_entry *entry, int64_t now_us);
void entry_journal(struct meter_table *table, struct meter_entry *entry);
void meter_cover_to(struct meter *meter, int64_t covers_us, int64_t slice_us);
void meter_recover(struct meter_entry *entry, struct meter *meter, int64_t now_us);
/* The next slice of a meter, by the rule of meter.h. */
enum meter_verdict slice_take(struct meter_table *table, struct meter_entry *entry,
                              struct meter *meter, int64_t now_us, bool is_last_try,
                              struct aftermath *aftermath);

#endif
