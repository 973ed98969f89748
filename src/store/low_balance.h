/* low_balance.h - accounts that run low: noticed once at each crossing, told until it was heard.
 *
 * What is left to spend = balance + credit limit - what is locked - what open calls cost so far, as
 * far as edges have said. A *crossing* is kept when it falls below the account's threshold, and the
 * next one only after it was at or above it again. Crossings are rows, made in the transaction that
 * notices, so a restart neither repeats nor forgets one. Functions are one bounded transaction
 * each, and answer as those of store.h.
 */
#ifndef DT_STORE_LOW_BALANCE_H
#define DT_STORE_LOW_BALANCE_H

#include "store/store.h"

#define CROSSING_KEY_SIZE 80   /* as an idempotency key of a money request */
#define CROSSING_NOTE_SIZE 160 /* as the reason of one */
#define LOW_DEFAULTS_MAX 16

enum crossing_state {
    CROSSING_OPEN = 0,  /* still to be told, or its top-up to be booked */
    CROSSING_KEPT,      /* there is nobody to be told */
    CROSSING_TOLD,      /* heard; nothing was to be added */
    CROSSING_TOPPED_UP, /* heard, and money was added */
    CROSSING_REFUSED,   /* heard, and the money that was named is beyond the bounds */
    CROSSING_GIVEN_UP   /* never heard */
};
const char *crossing_state_name(enum crossing_state state); /* "open", "told", "topped-up", ... */

struct crossing {
    uint64_t id;
    uint64_t account_id;
    char account[ACCOUNT_NAME_SIZE]; /* empty: the account was removed */
    char currency[4];
    char key[CROSSING_KEY_SIZE]; /* the same at each try, and of the top-up that answers it */
    int64_t wall_us;
    int64_t left_micro, below_micro; /* what was left, and the threshold */
    enum crossing_state state;
    int attempts;                  /* to tell it */
    int64_t wall_next_us;          /* the next one, while open */
    int64_t topup_micro;           /* what the answer named; 0: no answer, or nothing */
    uint64_t transfer;             /* the entry that added it; 0: none */
    char note[CROSSING_NOTE_SIZE]; /* the answer's reference, or why it ended so */
};

struct low_default { /* the threshold of accounts that have none of their own */
    char currency[4];
    int64_t below_micro; /* > 0 */
};

/* Looks at accounts whose money moved since the last look, some at a call: *more, call again. The
 * crossings found (at most max) are told of if `is_told`, else kept. */
enum store_result low_balance_look(struct store *store, bool is_told, struct crossing *out, int max,
                                   int *count, bool *more) MUST_CHECK;

/* Brings these defaults, and none of other currencies, into force, some accounts at a call. Who is
 * below a default when it comes into force is taken to be so already: nobody is told. */
enum store_result low_balance_defaults(struct store *store, const struct low_default *defaults,
                                       int count, bool *more) MUST_CHECK;

/* An account's threshold as in force (0: none), and whether it is below. */
enum store_result low_balance_read(struct store *store, uint64_t account_id, int64_t *below_micro,
                                   bool *is_low) MUST_CHECK;

/* The open crossing that is due, with its attempt counted; nobody else gets it before until_us.
 * id 0: there is none. */
enum store_result crossing_claim(struct store *store, int64_t wall_us, int64_t until_us,
                                 struct crossing *out) MUST_CHECK;
enum store_result crossing_later(struct store *store, uint64_t id, int64_t wall_next_us) MUST_CHECK;
/* Keeps what the answer named, before it is booked. REFUSED: with it more than day_max_micro were
 * named for the account within a day. CONFLICT: it is not open any more, or another sum was named
 * for it already: that stands. */
enum store_result crossing_answer(struct store *store, uint64_t id, int64_t topup_micro,
                                  int64_t day_max_micro, const char *note) MUST_CHECK;
/* Ends it; given up and refused also keep an event of kind "alarm". CONFLICT: it is ended. */
enum store_result crossing_end(struct store *store, uint64_t id, enum crossing_state state,
                               uint64_t transfer, const char *note) MUST_CHECK;
/* Newest first, with ids below `before` (0: all); account_id 0: of all accounts. */
enum store_result crossing_page(struct store *store, uint64_t account_id, uint64_t before,
                                struct crossing *out, int max, int *count) MUST_CHECK;

/* ---- within a transaction that is under way ---- */
/* After an account's row was put: its book follows. A new account is low until it first was not. */
MUST_CHECK bool low_balance_follow(struct store *store, const struct account *row, bool is_new);
/* Crossings of before that are done with go; false: failed. */
MUST_CHECK bool crossing_expire(struct store *store, int64_t before_wall_us);

#endif
