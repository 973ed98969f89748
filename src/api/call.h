/* call.h - one API request while it is handled, and what its handlers share. */
#ifndef DT_API_CALL_H
#define DT_API_CALL_H

#include "api/api.h"
#include "api/followers.h"
#include "api/keys.h"
#include "api/last_good.h"
#include "api/money_journal.h"
#include "api/sessions.h"
#include "api/stores.h"

#include <pthread.h>
#include <stdatomic.h>

#define API_PARAMS_MAX 1
#define API_PARAM_SIZE 160
#define API_PAGE_DEFAULT 100
#define API_PAGE_MAX 1000

struct resource;
struct api_call;

enum live_kind {
    LIVE_CALLS = 0,
    LIVE_BY_ACCOUNT, /* the value at risk, as edge/exposure.h sums it */
    LIVE_BY_TRUNK,
    LIVE_BY_DESTINATION,
    LIVE_BY_COUNTRY,
    LIVE_COUNT
};
struct live_copy {
    json_t *answer; /* the edge's last one; NULL: none yet */
    int64_t at_us;  /* monotonic */
};

struct low_balance;

struct api { /* members lock for themselves unless said otherwise */
    struct api_options options;
    struct stores *stores;
    struct keys *keys;
    struct sessions *sessions;
    struct followers *followers;
    struct last_good *last_good;
    struct money_journal *money_journal;
    pthread_mutex_t change_lock;    /* one change of a row at a time: it is read, changed, put */
    pthread_mutex_t login_lock;     /* one password is compared at a time */
    pthread_mutex_t statement_lock; /* one statement is made at a time */
    pthread_mutex_t live_lock;      /* over the copies of what the edge said */
    struct live_copy live[LIVE_COUNT];
    atomic_uint_fast64_t answers[6]; /* by class: index 2 counts 2xx */
    struct low_balance *low_balance;
    pthread_t keeper;
    bool has_keeper;
    pthread_mutex_t keeper_lock;
    pthread_cond_t keeper_wake;
    bool is_stopping;
};

enum api_role { API_ROLE_NONE = 0, API_ROLE_CUSTOMER, API_ROLE_OPERATOR };

struct principal { /* who asks */
    enum api_role role;
    uint64_t account_id; /* of a customer */
    uint64_t key_id;     /* of who comes with a key; 0: by a session */
    char name[64];       /* "key:admin", "operator:joan": the actor in the books */
    bool is_by_cookie;
    char csrf[SESSION_TOKEN_SIZE];
};

struct api_route {
    const char *method;
    const char *path;
    enum api_role role; /* the least that may; NONE: nobody needs to log in */
    void (*handle)(struct api_call *call);
    const struct resource *resource; /* of the handlers in rows.c */
};

struct api_call {
    struct api *api;
    const struct api_request *request;
    struct api_response *response;
    const struct api_route *route;
    struct principal principal;
    char param[API_PARAM_SIZE]; /* what stands in the path for {...} */
    int64_t now_us;             /* monotonic */
    int64_t wall_us;
    int base_header_count;   /* of those that every answer has */
    struct store_slot *slot; /* the store that this call uses; NULL: none yet */
};

extern const struct api_route api_routes[];
extern const size_t api_routes_count;

/* ---- the answer ---- */
enum problem {
    PROBLEM_BAD_REQUEST = 0,
    PROBLEM_BAD_JSON,
    PROBLEM_NO_IDEMPOTENCY_KEY,
    PROBLEM_UNAUTHORIZED,
    PROBLEM_FORBIDDEN,
    PROBLEM_NOT_FOUND,
    PROBLEM_METHOD,
    PROBLEM_EXISTS,
    PROBLEM_CONFLICT,
    PROBLEM_KEY_REUSED,
    PROBLEM_CHANGED,
    PROBLEM_BAD_MEDIA,
    PROBLEM_BAD_FIELD,
    PROBLEM_BAD_DECK,
    PROBLEM_REFUSED,
    PROBLEM_TOO_MANY,
    PROBLEM_INTERNAL,
    PROBLEM_BUSY,
    PROBLEM_UNKNOWN
};
void api_json(struct api_call *call, int status, json_t *body); /* takes body; NULL: no memory */
void api_header(struct api_call *call, const char *name, const char *format, ...) PRINTF_LIKE(3, 4);
void api_forget_headers(struct api_call *call); /* of a problem that is answered otherwise */
/* An answer by RFC 9457. `detail` is one or two sentences: what is wrong and what to do. */
void api_problem(struct api_call *call, enum problem problem, const char *format, ...)
    PRINTF_LIKE(3, 4);
void api_problem_field(struct api_call *call, const char *field, const char *format, ...)
    PRINTF_LIKE(3, 4); /* a bad member of the body, or a bad argument */
void api_problem_with(struct api_call *call, enum problem problem, json_t *members,
                      const char *format, ...) PRINTF_LIKE(4, 5); /* takes members */

/* ---- the question ---- */
const char *api_argument(const struct api_call *call, const char *name); /* NULL: not there */
/* Not there: *out as it was. False: the problem is answered. */
MUST_CHECK bool api_argument_u64(struct api_call *call, const char *name, uint64_t max,
                                 uint64_t *out);
/* Wall time, as microseconds since 1970 or by RFC 3339. */
MUST_CHECK bool api_argument_time(struct api_call *call, const char *name, int64_t *out);
/* RFC 3339, with Z or an offset; or a day, which is its first moment in UTC. False: it is not. */
MUST_CHECK bool api_time_parse(const char *text, int64_t *wall_us);
MUST_CHECK bool api_argument_max(struct api_call *call, int *out); /* "max": 1 .. API_PAGE_MAX */
json_t *api_body(struct api_call *call); /* an object, a new reference; NULL: answered */

/* ---- the store ---- */
struct store *api_store(struct api_call *call); /* NULL: the problem is answered */
/* True: OK. Else the problem is answered; `what` names the thing ("account acme"). */
MUST_CHECK bool api_store_ok(struct api_call *call, enum store_result result, const char *what);
void api_store_unknown(struct api_call *call, const char *why); /* 503 and Retry-After */

/* An account by name or id. False: the problem is answered (404, or 403 for another customer's). */
MUST_CHECK bool api_find_account(struct api_call *call, const char *name, struct account *out);
/* Its own account, one of its sub-accounts, or any to an operator. After api_store. False: the
 * problem is answered: there is no `what` ("account acme"), or that is not known: never 404. */
MUST_CHECK bool api_may_see(struct api_call *call, uint64_t account_id, const char *what);
MUST_CHECK bool api_find_account_id(struct api_call *call, const char *name, uint64_t *out);
MUST_CHECK bool api_find_trunk_id(struct api_call *call, const char *name, uint64_t *out);
MUST_CHECK bool api_find_deck(struct api_call *call, const char *name, struct deck_row *out);
MUST_CHECK bool api_find_endpoint(struct api_call *call, const char *user, struct endpoint *out);
/* The account that a list is about: the argument "account", or a customer's own; 0: all. */
MUST_CHECK bool api_filter_account(struct api_call *call, uint64_t *account_id);

/* Asks another process. NULL: the problem is answered. */
json_t *api_ask(struct api_call *call, enum api_peer peer, const char *command, json_t *members);
/* The same; an answer without that member, as another version may give, is none. */
json_t *api_ask_for(struct api_call *call, enum api_peer peer, const char *command, json_t *members,
                    const char *member);

void api_log(struct api *api, json_t *line); /* takes it */

json_t *api_money(int64_t micro); /* "12.340000" */
json_t *api_rate(int64_t nano);
json_t *api_price(const struct rate *rate);
json_t *api_u64(uint64_t value);
json_t *api_key16(uint64_t key); /* 16 hex digits */

#endif
