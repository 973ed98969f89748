/* ban.h - sources that guess at us: evidence, bans, and who passes all the same.
 *
 * A source is an IPv4 address or an IPv6 /64. What it does wrong adds points, which wear off; with
 * enough of them it is banned for a while, each time twice as long. A ban closes no door to a
 * customer: the caller lets known flows and dialogs pass before it asks, and ban_door lets a few
 * others try (a customer may stand behind the same address as the guesser). Evidence is kept in a
 * sketch of fixed size with whole keys: a crowded one forgets, and never takes one for another.
 *
 * One table for all workers; each call holds one lock for arithmetic. Nothing here reads a clock.
 */
#ifndef DT_GUARD_BAN_H
#define DT_GUARD_BAN_H

#include "base/buf.h"
#include "base/slice.h"

#define BAN_REASON_SIZE 64
#define BAN_ACTOR_SIZE 64
#define BAN_ROWS_MAX                                                                               \
    4096 /* bans at a time: the one that ends first makes room, an operator's last */

enum ban_evidence {
    BAN_TRIED_USER = 0, /* asked as a user that we have, without an answer to the challenge (yet) */
    BAN_TRIED_NOBODY,   /* asked as a user that we do not have */
    BAN_WRONG,          /* wrong credentials */
    BAN_PROBE,          /* a method that only a customer has a use for */
    BAN_PING,           /* OPTIONS to us, as watchers send it */
    BAN_EVIDENCE_COUNT
};
const char *ban_evidence_name(enum ban_evidence evidence); /* "users-tried" */

struct ban_terms {
    int32_t score_max; /* at so many points it is banned: 100 */
    int32_t weights[BAN_EVIDENCE_COUNT];
    int64_t fall_us;   /* a point wears off in this time: 3 s */
    int64_t first_us;  /* the first ban; each next is twice as long: 60 s */
    int64_t last_us;   /* but no longer than this: 24 h */
    int64_t forget_us; /* after so long without one the next is a first one again: 24 h */
    int64_t quiet_us;  /* a banned source that said nothing for so long may ask once: 30 s */
};
struct ban_terms ban_terms_default(void);

struct ban_now { /* bans on record end by the wall clock, in memory by the other */
    int64_t mono_us;
    int64_t wall_us;
};

struct ban {            /* a copy of one */
    uint8_t source[16]; /* IPv4 mapped, or an IPv6 network of 64 bits */
    bool is_manual;     /* an operator's */
    uint8_t level;      /* how often it was banned before, lately */
    int64_t wall_since_us, wall_until_us;
    uint64_t dropped_count; /* messages, since this process knows of it */
    char reason[BAN_REASON_SIZE];
    char actor[BAN_ACTOR_SIZE]; /* of a manual one */
};

struct ban_table;
struct ban_table *ban_table_new(const struct ban_terms *terms, uint64_t seed); /* NULL: no memory */
void ban_table_free(struct ban_table *table);

/* "192.0.2.1", or "2001:db8::/64" (which an address of it is read as too). */
void ban_source_of(const uint8_t address[16], uint8_t source[16]);
MUST_CHECK bool ban_source_parse(struct slice text, uint8_t source[16]);
void ban_source_write(struct buf *out, const uint8_t source[16]);

enum ban_verdict { BAN_NOTED = 0, BAN_BEGUN, BAN_PROLONGED };

/* Evidence against the source of that address. `what` names it (a hash of user and target, of the
 * response): the same again, as a repeat on a lossy path, does not count twice. is_marked: the
 * message bears a known scanner's mark; it counts double, and is nothing by itself. *out is set
 * unless BAN_NOTED. */
enum ban_verdict ban_blame(struct ban_table *table, const uint8_t address[16],
                           enum ban_evidence evidence, uint32_t what, bool is_marked,
                           struct ban_now now, struct ban *out);

/* Credentials of user `what` (as blamed by BAN_TRIED_USER) from there were right: that is taken
 * back. True: so much was taken back that its ban, unless an operator's, is over; *out is set. */
bool ban_praise(struct ban_table *table, const uint8_t address[16], uint32_t what,
                struct ban_now now, struct ban *out);

/* Wrong credentials for a user, from wherever. True, at most every fiftieth time: many lately;
 * somebody guesses at it from many places. Nobody is locked out by it. */
bool ban_blame_user(struct ban_table *table, uint64_t user_hash, struct ban_now now);

/* Is it banned? Nearly free where nobody like it is. */
bool ban_holds(struct ban_table *table, const uint8_t address[16], struct ban_now now);

enum ban_asks { /* what a message from a banned source shows */
                BAN_ASKS_NOTHING = 0,
                BAN_ASKS_CREDENTIALS, /* a nonce of ours that is still good */
                BAN_ASKS_KNOWN,       /* a user who proved to be one at this address before */
                BAN_ASKS_EMERGENCY
};
/* May it be read all the same? Each of them opens so often only. False: it is counted as dropped.
 */
bool ban_door(struct ban_table *table, const uint8_t address[16], enum ban_asks asks,
              struct ban_now now);

/* May a broken message from there be answered? Never leads to a ban. */
bool ban_may_answer_broken(struct ban_table *table, const uint8_t address[16], struct ban_now now);

/* ---- operators, and the record ---- */

/* Bans a source for for_us from now, or changes the ban that it has. */
void ban_put(struct ban_table *table, const uint8_t source[16], int64_t for_us, const char *reason,
             const char *actor, struct ban_now now, struct ban *out);
/* False: it is not banned. What was held against it is forgotten. */
bool ban_lift(struct ban_table *table, const uint8_t source[16], struct ban_now now,
              struct ban *out);

/* Copies of the bans in force from row *at on (0 at first), `max` at most. Returns how many; *at is
 * where to go on, UINT32_MAX: nothing is left. */
int ban_list(struct ban_table *table, uint32_t *at, struct ban *out, int max, struct ban_now now);
uint32_t ban_count(const struct ban_table *table); /* in force, or over and not yet swept */

/* Takes one ban away whose time is over. False: there is none. */
bool ban_sweep(struct ban_table *table, struct ban_now now, struct ban *out);

/* A ban as a record (JOURNAL_BAN); a lifted one has wall_until_us 0. */
void ban_encode(struct buf *out, const struct ban *ban);
MUST_CHECK bool ban_decode(struct slice record, struct ban *out);
/* Takes it back after a restart. One that is over counts as an earlier one only. */
void ban_replay(struct ban_table *table, const struct ban *ban, struct ban_now now);

#endif
