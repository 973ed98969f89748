/* sessions.h - who is logged in to the console, and who failed to too often.
 *
 * The browser holds a random token in a cookie; here its hash is kept, in memory and in
 * DIR/web/sessions, so that a restart of this process logs nobody out. Ends 12 h after the log-in.
 */
#ifndef DT_API_SESSIONS_H
#define DT_API_SESSIONS_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

#define SESSION_TOKEN_SIZE 48
#define SESSION_LENGTH_US (INT64_C(12) * 3600 * 1000000)

struct session {
    char token_hash[65];
    char csrf[SESSION_TOKEN_SIZE]; /* must come back in X-CSRF-Token with each change */
    char key_hash[65];             /* the API key that it rests on; empty: a console operator */
    bool is_operator;
    uint64_t account_id;
    char name[64];
    int64_t wall_end_us;
};

struct sessions;
struct sessions *sessions_new(const char *dir); /* reads DIR/web/sessions; NULL: no memory */
void sessions_free(struct sessions *sessions);

/* Fills token_hash, csrf and wall_end_us; `token` goes into the cookie. When the table is full the
 * session that ends first makes room. False: no randomness. */
MUST_CHECK bool sessions_start(struct sessions *sessions, struct session *session, int64_t wall_us,
                               char token[SESSION_TOKEN_SIZE]);
MUST_CHECK bool sessions_find(struct sessions *sessions, const char *token, int64_t wall_us,
                              struct session *out);
void sessions_end(struct sessions *sessions, const char *token);
void sessions_end_of_key(struct sessions *sessions, const char *key_hash);

/* Failed log-ins of an address: 10 at once, then one a second. 0: may try; else how long to wait.
 */
int64_t sessions_wait_us(struct sessions *sessions, const char *peer, int64_t now_us);
void sessions_note_failure(struct sessions *sessions, const char *peer, int64_t now_us);

#endif
