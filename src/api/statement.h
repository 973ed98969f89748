/* statement.h - what an account had, got and spent in one month (UTC), made from the ledger.
 *
 * An entry belongs to the month that the order of the account's entries gives it: months follow
 * each other without a gap and without an overlap, so the closing balance of one is the opening
 * balance of the next. Money is int64 micro-units of the account's currency.
 */
#ifndef DT_API_STATEMENT_H
#define DT_API_STATEMENT_H

#include "api/call.h"

#include "account/promotion.h"

#define STATEMENT_LINES_MAX 50000
#define STATEMENT_DESTINATIONS_MAX 2000
#define STATEMENT_CHILDREN_MAX 1000

enum statement_kind {
    STATEMENT_TOPUP = 0,
    STATEMENT_BONUS,
    STATEMENT_REFUND,
    STATEMENT_ADJUSTMENT,
    STATEMENT_USAGE,
    STATEMENT_TRANSFER,
    STATEMENT_EXPIRY,
    STATEMENT_KIND_COUNT
};

struct statement_sum {
    int64_t count;
    int64_t amount_micro; /* from the customer's point of view: charges are below zero */
};

struct statement_destination {     /* calls by the prefix that priced them */
    char prefix[RATE_PREFIX_SIZE]; /* empty: no prefix, or not known any more */
    bool is_inbound;
    struct statement_sum sum;
    int64_t talk_us;
};

struct statement_line {
    uint64_t number; /* of the entry */
    int64_t wall_us;
    enum statement_kind kind;
    int64_t amount_micro;
    int64_t balance_micro; /* after it */
    uint64_t linked;
    char reason[160];
    bool has_call;
    char caller[USAGE_PARTY_SIZE], callee[USAGE_PARTY_SIZE];
    char prefix[RATE_PREFIX_SIZE];
    int64_t talk_us;
};

struct statement {
    char account[ACCOUNT_NAME_SIZE];
    char currency[4];
    int year, month; /* 1 to 12 */
    int64_t wall_from_us, wall_to_us;
    int64_t wall_made_us;
    bool is_final; /* the month is over */
    int64_t opening_micro, closing_micro;
    struct statement_sum sums[STATEMENT_KIND_COUNT];
    struct statement_destination *destinations; /* dearest first */
    int destination_count;
    struct statement_line *lines; /* oldest first */
    int line_count;
    struct account_child *children; /* its sub-accounts, as they are when it is made */
    int child_count;
    bool has_all_children;        /* false: STATEMENT_CHILDREN_MAX are listed, and there are more */
    struct promotions promotions; /* credit that ends, the same */
    bool has_calls;               /* false: too many calls for lines; they are in the sums */
};

const char *statement_kind_name(enum statement_kind kind);

/* ---- the work of statement_lines.c: from entries, newest first, to a statement ---- */
struct statement_maker {
    struct statement statement;
    int line_max, destination_max; /* room */
    bool has_closing;
};
enum statement_step { STATEMENT_FAILED = 0, STATEMENT_GOES_ON, STATEMENT_OVER, STATEMENT_TOO_LONG };
/* Takes the next older entry. OVER: it is from before the month, and no older one is needed. */
enum statement_step statement_take(struct statement_maker *maker, const struct statement_row *row);
/* After the last one; balance_micro: before it. */
void statement_finish(struct statement_maker *maker, int64_t balance_micro);
void statement_done(struct statement *statement);

/* ---- how it looks ---- */
json_t *statement_write_json(const struct statement *statement); /* NULL: no memory */
/* False: no memory. *text is malloc'd. */
MUST_CHECK bool statement_write_csv(const struct statement *statement, char **text, size_t *size);
/* `issuer` stands at the top. */
MUST_CHECK bool statement_write_pdf(const struct statement *statement, const char *issuer,
                                    char **text, size_t *size);

#endif
