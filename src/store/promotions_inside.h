/* promotions_inside.h - the rows of promotional credit, between those who read and write them. */
#ifndef DT_STORE_PROMOTIONS_INSIDE_H
#define DT_STORE_PROMOTIONS_INSIDE_H

#include "store/ledger.h"
#include "store/promotions.h"

/* Those of the account that are not used up, followed to now; `money` is zeros if there are none.
 * What changed is not stored yet. */
MUST_CHECK bool promotions_load(struct store *store, const struct ledger_account *account,
                                struct promotions *out, struct promotion_money *money);
/* Stores what was loaded as it is now, when each is looked at next, and what of the account is not
 * promised because it ended. */
MUST_CHECK bool promotions_save(struct store *store, struct ledger_account *account,
                                const struct promotions *all, int64_t wall_us);
MUST_CHECK bool promotions_money(struct store *store, const struct ledger_account *account,
                                 struct promotion_money *out);

#endif
