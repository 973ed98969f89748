/* api.h - the native HTTP API and the console, over plain requests and responses.
 *
 * A shell (src/node/web.c) brings requests from its HTTP server and reaches the other processes for
 * it; configuration and money are asked from the store. api_handle may be called by many threads at
 * once; it waits for the store, an edge or an event, always with a deadline. The paths and their
 * members are described in src/api/openapi.json, which a test compares with what is answered.
 */
#ifndef DT_API_API_H
#define DT_API_API_H

#include "base/slice.h"

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

#define API_HEADERS_MAX 12
#define API_HEADER_VALUE_SIZE 512
#define API_STREAMS_MAX 64

struct api_request { /* borrowed during the call */
    const char *method;
    const char *path; /* percent-decoded, without the query */
    struct slice body;
    const char *peer; /* the other side's address */
    bool is_loopback;
    const void *from;                                            /* for the two functions: */
    const char *(*header)(const void *from, const char *name);   /* NULL: not there */
    const char *(*argument)(const void *from, const char *name); /* of the query; NULL: not there */
};

struct api_header {
    const char *name;
    char value[API_HEADER_VALUE_SIZE];
};

struct api_response { /* zero at first; what it holds goes to the caller */
    int status;
    const char *content_type;
    char *body; /* malloc'd unless is_constant */
    size_t body_size;
    bool is_constant;
    int header_count;
    struct api_header headers[API_HEADERS_MAX];
    /* Server-sent events, where stream is set: read() waits 15 s at most and gives 1 to size_max
     * bytes, -1 at the end; then close(), once. */
    void *stream;
    ssize_t (*stream_read)(void *stream, char *out, size_t size_max);
    void (*stream_close)(void *stream);
};

enum api_peer { API_PEER_EDGE = 0, API_PEER_SUPERVISOR };

enum api_ask {                      /* what became of a question to another process */
               API_ASK_UNKNOWN = 0, /* it did not answer */
               API_ASK_OK,
               API_ASK_REFUSED /* *answer has "error" and "code" */
};

#define API_POST_ANSWER_SIZE 4096
struct api_post_answer { /* of the operator's server */
    int status;          /* of HTTP; 0: no whole answer, and error says why */
    bool is_cancelled;   /* because this process stops */
    size_t body_size;
    char body[API_POST_ANSWER_SIZE];
    char error[160];
};

struct api_hook {        /* the operator's server, which is told of low balances */
    const char *url;     /* NULL or empty: there is none */
    int64_t patience_us; /* for one answer */
    int64_t retry_us; /* the first pause after one that failed; each further one is twice as long */
    int attempts_max;
};

#define API_LOW_TERMS_MAX 16
struct api_low_terms { /* of accounts in one currency */
    char currency[4];
    int64_t below_micro;     /* threshold of who has none of its own; 0: none */
    int64_t topup_max_micro; /* the most that one answer may add; 0: answers add nothing */
    int64_t topup_day_micro; /* the most that answers may add to one account within a day */
};

struct api_options {       /* texts live as long as the api */
    const char *dir;       /* DIR: keeps DIR/web/ for the journal, the snapshot and the sessions */
    const char *domain;    /* realm of the endpoints' credentials */
    const char *store_url; /* as store_options.url */
    bool has_fault_layer;
    int64_t store_patience_us; /* 0: 2 s */
    void *ctx;
    /* Asks by the control protocol and waits, for its own patience. `members` is borrowed and may
     * be NULL; *answer is a new reference with OK and REFUSED. Called from any thread. */
    enum api_ask (*ask)(void *ctx, enum api_peer peer, const char *command, const json_t *members,
                        json_t **answer);
    /* An HTTP POST, waited for; ends early when the process stops. Called from threads of the api's
     * own; needed only where there is a hook. */
    void (*post)(void *ctx, const char *url, const char *const *headers, struct slice body,
                 int64_t patience_us, struct api_post_answer *answer);
    struct api_hook hook;
    int low_count;
    struct api_low_terms low[API_LOW_TERMS_MAX];
    /* Members of this process's own status (pid, version, ...): a new reference. */
    json_t *(*own_status)(void *ctx);
    /* One line for the log, a JSON object: money moved, log-in failed, store lost. */
    void (*log)(void *ctx, const char *json);
};

struct api;

struct api *api_new(const struct api_options *options, char **error); /* NULL: *error is freed by
                                                                       * the caller */
void api_stop(struct api *api); /* ends the streams; new ones are refused */
void api_free(struct api *api); /* after the last api_handle */

size_t api_body_max(struct api *api, const struct api_request *request);
void api_handle(struct api *api, const struct api_request *request, struct api_response *response);
void api_response_done(struct api_response *response); /* frees what was not sent */

/* An event of another process to those who follow /v1/events; `data` is borrowed, an object. */
void api_publish(struct api *api, const char *kind, const json_t *data);
bool api_has_followers(const struct api *api);
/* Tells the edge that somebody looks at calls and registrations, which it writes up for three
 * seconds then; to be repeated while there are followers. May wait as long as the options' ask. */
void api_follow_edge(struct api *api);

/* State of the store as seen from here, for `status`: a new reference. */
json_t *api_store_status(struct api *api);

struct api_route_info { /* for the test that compares with openapi.json */
    const char *method;
    const char *path; /* "/v1/accounts/{account}" */
};
size_t api_route_count(void);
struct api_route_info api_route_at(size_t index);

#endif
