/* low_balance.h - the API's threads for accounts that run low: one notices (store/low_balance.h), a
 * few tell the operator's server and book what it answers. Nothing waits for them. */
#ifndef DT_API_LOW_BALANCE_H
#define DT_API_LOW_BALANCE_H

#include "api/call.h"
#include "store/low_balance.h"

MUST_CHECK bool low_balance_start(struct api *api);
void low_balance_stop(struct api *api); /* waits for them; may be called twice */

json_t *low_balance_write(const struct crossing *crossing);
/* To those who follow, and into the log. */
void low_balance_say(struct api *api, const struct crossing *crossing);
const struct api_low_terms *low_balance_terms(const struct api *api, const char *currency);

/* low_hook.c: tells one crossing that was claimed, or books what was answered; `answer` is room for
 * the server's. The store is borrowed only while it is asked. */
void low_hook_tell(struct api *api, const struct crossing *crossing,
                   struct api_post_answer *answer);
/* The pause after that many attempts; random is any number. */
int64_t low_hook_pause_us(const struct api_hook *hook, int attempts, uint64_t random);

#endif
