/* balances.h - an account's money as the API shows it. */
#ifndef DT_API_BALANCES_H
#define DT_API_BALANCES_H

#include "api/call.h"

#include "account/promotion.h"

/* Reads the balance and keeps it as last good; tells the followers if it changed. */
enum store_result balance_read(struct api *api, struct store *store, const struct account *account,
                               json_t **out) MUST_CHECK;

/* Credit that ends, the one that ends first in front. */
json_t *balance_write_promotions(const struct promotions *all);

#endif
