/* keeper.h - the API's own thread: keeps the last good copy of accounts and balances, tells the
 * followers what changed, and notices whether the store answers. */
#ifndef DT_API_KEEPER_H
#define DT_API_KEEPER_H

#include "api/call.h"

MUST_CHECK bool keeper_start(struct api *api);
void keeper_stop(struct api *api); /* waits for it; may be called twice */

#endif
