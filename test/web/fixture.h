/* fixture.h - a real web role on a real database, beside an edge that is played by the test. */
#ifndef DT_TEST_WEB_FIXTURE_H
#define DT_TEST_WEB_FIXTURE_H

#include "node/web.h"
#include "store/store.h"

struct edge_play { /* the edge's part: what it answers, what it was told */
    pthread_mutex_t lock;
    int call_count; /* calls in progress that it shows */
    char ended[32]; /* key of the call that it was told to end */
    char ended_by[64];
    int ask_count;    /* how often it was asked for its calls */
    int follow_count; /* how often it was told that somebody looks at them */
};

struct fixture {
    char dir[256];
    char operator_key[64];
    char customer_key[64]; /* of acme */
    uint64_t acme, bravo;
    int port;
    int stop_fds[2];
    pthread_t thread;
    struct node_config config;
    struct role_options options;
    struct control_server *edge; /* NULL: it is down */
    struct edge_play play;
    _Atomic bool is_ban_lifted;
};

struct fixture *fixture_start(void); /* the edge is up, with 2 calls */
void fixture_stop(struct fixture *fixture);
void fixture_web_stop(struct fixture *fixture); /* the role only; the rest stays */
void fixture_web_start(struct fixture *fixture);
void fixture_sql(const struct fixture *fixture, const char *sql); /* past the role: tampering */
void fixture_edge_up(struct fixture *fixture);
void fixture_edge_down(struct fixture *fixture);
void fixture_edge_tell(struct fixture *fixture, const char *kind, const char *json);

struct answer {
    long status;
    char *body; /* as it came; with a NUL */
    size_t size;
    char *headers;
    json_t *json; /* NULL: not JSON */
};
struct question {
    const char *method, *path;
    const char *key; /* bearer; NULL: none */
    const char *body;
    const char *headers[6]; /* "Name: value" */
};
struct answer ask_web(const struct fixture *fixture, struct question question);
void answer_done(struct answer *answer);
/* A member as text; "" if it is none. */
const char *text_of(const struct answer *answer, const char *name);

/* A test file's one role: started before its tests, stopped after them (cmocka's group functions).
 */
extern struct fixture *web;
int web_start(void **state);
int web_stop(void **state);
/* Asked of that role, with the operator's key; body NULL: none. */
struct answer ask_operator(const char *method, const char *path, const char *body);
/* This month's statement of acme, with its own key; format: "json", "csv" or "pdf". */
struct answer ask_statement(const char *format);
/* Fails the test, and shows the answer, if it is not that; code "": no problem. Frees it. */
void expect(struct answer answer, long status, const char *code);

#endif
