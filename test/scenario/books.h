/* books.h - the ledger and configuration of a scenario's installation, used by both worlds. */
#ifndef DT_TEST_BOOKS_H
#define DT_TEST_BOOKS_H

#include "scn_world.h"
#include "store/store.h"

#define SCN_DOMAIN "scenario.test"
#define SCN_NAMED "targets-of-" /* begins the host name of a carrier that has several */

struct books { /* the caller opens and closes the store */
    const struct scn *scn;
    struct store *store;
    struct ua_address addresses[SCN_AGENTS_MAX]; /* of carriers: what their trunk rows say */
    uint64_t account_ids[SCN_ACCOUNTS_MAX];
    int money_number; /* for idempotency keys */
};

/* Accounts with their money, decks, endpoints, trunks, routes and numbers. */
bool books_provision(struct books *books, char why[SCN_WHY_SIZE]);
/* SCN_TOPUP, SCN_LOCK_MONEY, SCN_SUSPEND, SCN_UNSUSPEND */
bool books_act(struct books *books, const struct scn_step *step, char why[SCN_WHY_SIZE]);
struct tri books_balance(struct books *books, int account, int64_t *out_micro);
struct tri books_cdrs(struct books *books, int account, int64_t *out_count); /* -1: of all */
/* When the edge first told that fraud of that account is suspected. */
struct tri books_alerted(struct books *books, int account, int64_t *out_wall_us);

#endif
