/* deck.h - a rate table: longest prefix to rate, as one immutable object.
 *
 * A deck is compiled once, hashed, stored in pieces, and mapped as it is by every process: the
 * object holds no pointers. It is checked whole when it is opened, so that a look-up cannot leave
 * it whatever its bytes are.
 *
 * A deck of prices of messages is the same thing with other rows: a network (MCC and MNC), a
 * country (MCC alone) or a number's prefix leads to the price of a segment. The CSV columns are in
 * docs/decks.md.
 *
 * Several rows may share a prefix. Those with the newest effective date that has begun count:
 * among them the one whose window of the week holds the moment, else the one without a window.
 * Where none does, the next shorter prefix counts.
 */
#ifndef DT_RATING_DECK_H
#define DT_RATING_DECK_H

#include "base/buf.h"
#include "base/slice.h"
#include "base/tri.h"
#include "rating/rate.h"
#include "rating/zone.h"

#define DECK_ROWS_MAX 4000000
#define DECK_PROBLEMS_MAX 100
#define DECK_WINDOWS_MAX 16 /* rows of one prefix and date */

enum deck_kind { DECK_CALLS = 0, DECK_MESSAGES };

const char *deck_kind_name(enum deck_kind kind); /* "calls", "messages" */
MUST_CHECK bool deck_kind_parse(struct slice name, enum deck_kind *out);

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
    enum deck_kind kind;
    const struct zone *zone; /* of its windows; NULL: UTC */
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
enum deck_kind deck_kind(const struct deck *deck);
const char *deck_time_zone(const struct deck *deck); /* "UTC", "Europe/Berlin" */

/* Rate for a number (digits only, no '+') at a wall time in seconds. ABSENT: no prefix matches,
 * or it is a deck of messages. Never UNKNOWN: the deck is in memory. */
struct tri deck_lookup(const struct deck *deck, struct slice digits, int64_t wall_s,
                       struct rate *out);
/* The same with the windows in another zone than the deck's: the customer's. NULL: the deck's. */
struct tri deck_lookup_in_zone(const struct deck *deck, struct slice digits, int64_t wall_s,
                               const struct zone *zone, struct rate *out);

struct deck_network { /* where a message goes to; empty: not known */
    struct slice mcc; /* three digits */
    struct slice mnc; /* two or three digits: "01" and "001" are two networks */
};

/* Rate of a message: by its network, else by the country (MCC), else by the number's prefix.
 * ABSENT: none of them has a row that counts, or it is a deck of calls. */
struct tri deck_lookup_message(const struct deck *deck, const struct deck_network *network,
                               struct slice digits, int64_t wall_s, struct rate *out);

/* Description of the row that deck_lookup would find; the empty slice if none. */
struct slice deck_description(const struct deck *deck, struct slice digits, int64_t wall_s);

/* Back to CSV, one row a line, in prefix order (for export and the tests). False: buf is full. */
MUST_CHECK bool deck_write_csv(const struct deck *deck, struct buf *out);

#endif
