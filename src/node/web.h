/* web.h - the parts of the web role: its HTTP server, its links to the other processes, its API. */
#ifndef DT_NODE_WEB_H
#define DT_NODE_WEB_H

#include "api/api.h"
#include "net/control.h"
#include "net/http.h"
#include "node/role.h"

#include <pthread.h>
#include <stdatomic.h>

struct web_link; /* to one other process: one connection, behind a breaker */

struct web {
    const struct role_options *options;
    char run_dir[4096];
    struct api *api;
    struct http_server *_Atomic http; /* its threads ask for it before start() is over */
    struct control_server *control;
    struct web_link *links[2]; /* by enum api_peer */
    pthread_t follower;        /* brings the edge's events */
    bool has_follower;
    _Atomic bool is_stopping;
    _Atomic bool is_edge_followed; /* the edge's events arrive now */
    int64_t started_us;
    char address[96]; /* "127.0.0.1:8080": bound, for people */
};

/* ---- web_link.c ---- */
struct web_link *web_link_new(const char *run_dir, const char *name); /* NULL: no memory */
void web_link_free(struct web_link *link);
enum api_ask web_link_ask(struct web_link *link, const char *command, const json_t *members,
                          json_t **answer); /* from any thread; waits 2 s at most */
/* Thread of ctx, a struct web: follows the edge's events and publishes them, until is_stopping. */
void *web_follow_edge(void *ctx);

/* ---- web_http.c: requests between the HTTP server and the API; ctx is the struct web ---- */
size_t web_body_max(void *ctx, const struct http_request *request);
void web_handle(void *ctx, const struct http_request *request, struct http_response *response);

#endif
