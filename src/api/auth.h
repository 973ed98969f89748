/* auth.h - who asks, and may they? */
#ifndef DT_API_AUTH_H
#define DT_API_AUTH_H

#include "api/call.h"

#define AUTH_COOKIE "dt_session"

/* Finds out who asks (call->principal) and whether they may use the route. False: answered. An
 * API key comes as "Authorization: Bearer KEY"; the console's session as a cookie, and then each
 * request that changes something must carry its token in X-CSRF-Token. */
MUST_CHECK bool auth_check(struct api_call *call);

/* A key that was presented. False: answered (401, 429, or 503 where nobody can tell). */
MUST_CHECK bool auth_find_key(struct api_call *call, const char *key, struct api_key *out);
/* Answers 429 where this address failed too often. */
MUST_CHECK bool auth_may_try(struct api_call *call);
void auth_note_failure(struct api_call *call, const char *what);
/* Value of the session's cookie. False: there is none. */
MUST_CHECK bool auth_cookie(const struct api_call *call, char token[SESSION_TOKEN_SIZE]);
/* From this machine, and not through a proxy on it. */
bool auth_is_local(const struct api_call *call);

#endif
