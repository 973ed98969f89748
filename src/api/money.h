/* money.h - requests that move money, whoever makes them: by the API, or in answer to a hook. */
#ifndef DT_API_MONEY_H
#define DT_API_MONEY_H

#include "api/call.h"

/* Sets request_hash: of what it means, not of how it was written, so that the same request with
 * other spaces is the same. False: no memory. */
MUST_CHECK bool money_request_seal(struct money_request *request);

/* Books it, once for its key, and logs it. The caller put it into the money journal before; a
 * refusal is noted there. */
enum store_result money_book(struct api *api, struct store *store,
                             const struct money_request *request,
                             struct money_answer *answer) MUST_CHECK;

#endif
