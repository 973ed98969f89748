/* control.h - the Unix control socket of a process: JSON lines, one answer for each request.
 *
 *     -> {"id":1,"do":"calls","max":10}
 *     <- {"id":1,"ok":true,"calls":[...]}        or {"id":1,"ok":false,"error":"...","code":"..."}
 *
 * After "events" was answered, lines {"event":"call.answered","data":{...}} follow until the
 * connection is closed. Sockets are made with mode 0600: who may open DIR/run may ask everything.
 * The directory's path may be longer than a socket address allows.
 */
#ifndef DT_NET_CONTROL_H
#define DT_NET_CONTROL_H

#include "base/slice.h"

#include <jansson.h>

#define CONTROL_REQUEST_MAX (64 * 1024)       /* bytes of one request line */
#define CONTROL_ANSWER_MAX (32 * 1024 * 1024) /* bytes of one answer line */
#define CONTROL_QUEUE_MAX (1024 * 1024)       /* bytes of events that wait for a slow reader */
#define CONTROL_PEERS_MAX 64                  /* connections of one server */

/* ---- server: one thread of its own, in which the handler runs ---- */
struct control_server;
struct control_answer; /* lives during the handler's call */

struct control_options {
    const char *run_dir; /* DIR/run, exists */
    const char *name;    /* "edge.sock" */
    void *ctx;
    /* Answers one request by the functions below; none called: {"ok":true}. `request` is borrowed.
     * Requests that are no JSON object with a text "do" are answered before it. */
    void (*handle)(void *ctx, const char *command, const json_t *request,
                   struct control_answer *answer);
};

/* NULL: the socket cannot be made; *error (may be NULL) is a sentence that the caller frees. */
struct control_server *control_server_new(const struct control_options *options, char **error);
void control_server_free(struct control_server *server); /* ends the thread, removes the socket */

void control_answer_json(struct control_answer *answer, json_t *members); /* takes the object */
/* `"a":1,"b":[...]`: members as text, without the braces; malloc'd, taken. */
void control_answer_text(struct control_answer *answer, char *members);
void control_answer_error(struct control_answer *answer, const char *code, const char *format, ...)
    PRINTF_LIKE(3, 4);
void control_answer_events(struct control_answer *answer); /* events follow on this connection */

/* One event to all who asked for events; from any thread, never waits: who reads too slowly is cut
 * off. `json` is one JSON object without line ends. */
void control_server_publish(struct control_server *server, const char *kind, struct slice json);
bool control_server_has_readers(const struct control_server *server); /* of events */

/* ---- client: used by one thread at a time ---- */
enum control_result {
    CONTROL_UNKNOWN = 0, /* no answer: not running, late, or nonsense */
    CONTROL_OK,
    CONTROL_REFUSED, /* "ok":false; "error" and "code" say why */
    CONTROL_QUIET    /* events only: none came in that time */
};

struct control_client;

struct control_client *control_client_new(const char *run_dir, const char *name); /* NULL: memory */
void control_client_free(struct control_client *client);

/* Asks and waits for the answer, patience_us at most; connects first where it is not connected, and
 * closes after any failure. A connection of before that turns out to be broken is made anew and the
 * question asked once more: doing a command twice must do no more than doing it once. `members`
 * (borrowed, may be NULL) are added to the request. With OK and REFUSED *answer is a new reference
 * that the caller drops; else it is untouched. */
enum control_result control_client_ask(struct control_client *client, const char *command,
                                       const json_t *members, int64_t patience_us,
                                       json_t **answer) MUST_CHECK;
/* The next event line after "events" was asked. UNKNOWN: closed. */
enum control_result control_client_event(struct control_client *client, int64_t patience_us,
                                         json_t **event) MUST_CHECK;

#endif
