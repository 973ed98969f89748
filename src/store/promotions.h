/* promotions.h - promotional credit that ends: kept beside the ledger, taken back by linked
 * entries.
 *
 * The rules are account/promotion.h; here are its rows, and the entries "expiry" (customer to the
 * book bonus, reason "expired", linked to the entry that gave it). What is certainly left when it
 * ends is taken back at once. What edges hold then is wanted back, and follows. What should be
 * taken back and is not free (only a lock does that) may not be promised until it was.
 */
#ifndef DT_STORE_PROMOTIONS_H
#define DT_STORE_PROMOTIONS_H

#include "account/promotion.h"
#include "store/store.h"

/* The account's credit that is not used up, as it is now. ABSENT: there is no such account. */
enum store_result promotions_read(struct store *store, uint64_t account_id,
                                  struct promotions *out) MUST_CHECK;

/* Takes back what ended by now, of some accounts at a call: *more, call again. *taken_count:
 * entries that were made. Any process may call it: what one took the next does not find. */
enum store_result promotions_look(struct store *store, int *taken_count, bool *more) MUST_CHECK;

/* ---- within a transaction that is under way ---- */
struct ledger_account;
/* Credit was given by entry `number`; it ends at wall_ends_us (> 0). Both keep account->expired as
 * it is then. */
enum store_result promotions_give(struct store *store, struct ledger_account *account,
                                  uint64_t number, int64_t amount_micro, int64_t wall_ends_us);
/* REFUSED: without credit that ends there is not so much to be moved to another account. */
enum store_result promotions_check_move(struct store *store, const struct ledger_account *from,
                                        int64_t amount_micro);
/* After money was taken out of the account: no more credit is left than there is money. */
MUST_CHECK bool promotions_after_taking(struct store *store, struct ledger_account *account);

#endif
