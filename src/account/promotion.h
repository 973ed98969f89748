/* promotion.h - credit that ends: which of it calls have used, and what is to be taken back.
 *
 * What an account uses is paid out of the credit that ends first, and out of paid money only when
 * no such credit is left. When one ends, a part of it may be at edges, talked away already or not:
 * that part is counted as used while it is used, and as left when it comes back. What is certainly
 * left is to be taken back. Money is int64 micro-units of the account's currency. Pure arithmetic.
 */
#ifndef DT_ACCOUNT_PROMOTION_H
#define DT_ACCOUNT_PROMOTION_H

#include <stdbool.h>
#include <stdint.h>

#define PROMOTIONS_MAX 32 /* of one account at a time */

struct promotion {
    uint64_t number; /* of the entry that gave it */
    int64_t amount_micro;
    int64_t left_micro;  /* neither used nor taken back */
    int64_t taken_micro; /* taken back */
    int64_t held_micro;  /* since it ended: what edges held then, and still may use of it */
    int64_t wall_ends_us;
    bool has_ended;
};

struct promotions { /* of one account, the one that ends first in front */
    int count;
    /* What was seen last: over all its leases and ever. They only rise. */
    int64_t used_micro, returned_micro;
    struct promotion rows[PROMOTIONS_MAX];
};

struct promotion_money {     /* of the account now, over all its leases */
    int64_t used_micro;      /* what calls have used, charged or not; falls by a death verdict */
    int64_t returned_micro;  /* what edges gave back, ever */
    int64_t held_micro;      /* set aside at edges and not used: at least 0 */
    int64_t spendable_micro; /* balance + limit, less what is used and not charged yet */
};

/* Takes what was used since the last look off the credit, and no more credit than there is money
 * can be left: who takes money out of an account takes paid money first. */
void promotions_follow(struct promotions *all, const struct promotion_money *money);

/* Those whose time is over by wall_us end. held_micro: what edges hold and have not used. */
void promotions_end(struct promotions *all, int64_t held_micro, int64_t wall_us);

/* What of one that ended is certainly left: to be taken back. 0 while it has not ended. */
int64_t promotion_due(const struct promotion *promotion);
int64_t promotions_due(const struct promotions *all);

/* amount_micro (0 to promotion_due) was taken back. */
void promotion_take(struct promotion *promotion, int64_t amount_micro);

int64_t promotions_left(const struct promotions *all); /* ended or not */

/* When to look at one again that ended and is not settled: soon, and more seldom later. */
int64_t promotion_next_look(const struct promotion *promotion, int64_t wall_us);

#endif
