/* last_good.h - accounts and balances as the store last gave them, for when it does not answer.
 *
 * Kept in memory and, from time to time, in DIR/web/accounts.json. What is answered from here says
 * so, with its age. Bounded: beyond its limit, accounts that were read first are forgotten first.
 */
#ifndef DT_API_LAST_GOOD_H
#define DT_API_LAST_GOOD_H

#include "base/tri.h"
#include "store/store.h"

#include <jansson.h>

#define LAST_GOOD_MAX 20000

struct last_good;
struct last_good *last_good_new(const char *dir); /* reads the file */
void last_good_free(struct last_good *last_good);
void last_good_save(struct last_good *last_good); /* to the file, if anything changed */

/* `account` and `balance` are objects as the API answers them (borrowed); either may be NULL: as it
 * was. True: the balance differs from what was kept. */
bool last_good_put(struct last_good *last_good, uint64_t id, const char *name,
                   const json_t *account, const json_t *balance, int64_t wall_us);
void last_good_forget(struct last_good *last_good, uint64_t id);

/* By id, or by name where id is 0. New references; *balance is NULL where none was read. */
struct tri last_good_find(struct last_good *last_good, uint64_t id, const char *name,
                          json_t **account, json_t **balance, int64_t *wall_us);
/* What of the account's money may still be promised, and what is set aside. UNKNOWN: never read. */
struct tri last_good_money(struct last_good *last_good, uint64_t id, int64_t *available_micro,
                           int64_t *leased_micro);
/* Up to max accounts with an id above `after`, in order: a new array. *wall_us: the oldest. */
json_t *last_good_page(struct last_good *last_good, uint64_t after, int max, int64_t *wall_us);

#endif
