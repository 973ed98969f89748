/* deck.h - a rate table: longest prefix to rate, as one immutable object.
 *
 * A deck is compiled once, hashed, stored in pieces, and mapped as it is by every process: the
 * object holds no pointers. It is checked whole when it is opened, so that a look-up cannot leave
 * it whatever its bytes are.
 *
 * CSV columns, by header line, in any order: prefix, description, rate (per minute),
 * connection_fee, first_increment, next_increment, effective (YYYY-MM-DD or RFC 3339; empty:
 * always). Only prefix and rate must be there; increments default to 1/1. Several rows may share a
 * prefix with different effective dates: the newest that has begun counts.
 */
#ifndef DT_RATING_DECK_H
#define DT_RATING_DECK_H

#include "base/buf.h"
#include "base/slice.h"
#include "base/tri.h"
#include "rating/rate.h"

#define DECK_ROWS_MAX 4000000
#define DECK_PROBLEMS_MAX 100

struct deck; /* opened; points into the object's bytes, which the caller keeps */

struct deck_problem { /* a bad row: the import refuses the whole deck and names up to 100 */
    uint32_t line;    /* 1 is the header line */
    char text[160];
};

struct deck_build {
    uint8_t *object; /* malloc'd; the caller frees it */
    size_t object_size;
    uint32_t row_count;
    uint32_t prefix_count;
    struct deck_problem problems[DECK_PROBLEMS_MAX];
    uint32_t problem_count; /* all of them, even those beyond the array */
};

struct deck_terms { /* what holds for the whole deck */
    uint32_t id;
    uint32_t version;
    char currency[4];
    enum money_rounding rounding;
};

/* Compiles CSV text. False: problems say why, nothing was made. */
MUST_CHECK bool deck_compile(struct slice csv, const struct deck_terms *terms,
                             struct deck_build *out);
void deck_build_done(struct deck_build *build);

/* Opens an object; NULL: not a deck, or damaged (its checksum is wrong), or not aligned to 8 bytes
 * (malloc'd and mapped memory is). The deck keeps `object` and frees nothing of it. */
struct deck *deck_open(const uint8_t *object, size_t object_size);
void deck_close(struct deck *deck);
uint32_t deck_id(const struct deck *deck);
uint32_t deck_version(const struct deck *deck);
const char *deck_currency(const struct deck *deck);
uint32_t deck_prefix_count(const struct deck *deck);

/* Rate for a number (digits only, no '+') at a wall time in seconds. ABSENT: no prefix matches.
 * Never UNKNOWN: the deck is in memory. */
struct tri deck_lookup(const struct deck *deck, struct slice digits, int64_t wall_s,
                       struct rate *out);

/* Description of the row that deck_lookup would find; the empty slice if none. */
struct slice deck_description(const struct deck *deck, struct slice digits, int64_t wall_s);

/* Back to CSV, one row a line, in prefix order (for export and the tests). False: buf is full. */
MUST_CHECK bool deck_write_csv(const struct deck *deck, struct buf *out);

#endif
