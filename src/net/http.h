/* http.h - an HTTP server: bytes and threads here, answers in the caller's handler.
 *
 * Every connection has a thread of its own, so that a handler may wait (with its own deadline) for
 * a database, and a stream for its next event. Limits hold before the handler: connections in all
 * and of one address, header and body sizes, idle time. HTTP/1.1 (RFC 9112), no TLS: a proxy in
 * front of it ends that.
 */
#ifndef DT_NET_HTTP_H
#define DT_NET_HTTP_H

#include "base/slice.h"

#include <stdint.h>
#include <sys/types.h>

#define HTTP_HEADERS_MAX 12
#define HTTP_HEADER_VALUE_SIZE 512

struct http_request { /* valid during the handler's call */
    const char *method;
    const char *path; /* percent-decoded, without the query */
    struct slice body;
    char peer[64];    /* the other side's address as text, without a port */
    bool is_loopback; /* the connection comes from this machine */
    void *connection; /* for the two functions below */
};
const char *http_request_header(const struct http_request *request, const char *name); /* or NULL */
const char *http_request_argument(const struct http_request *request,
                                  const char *name); /* or NULL */

struct http_stream { /* a body that is made while it is sent */
    void *ctx;
    /* Waits for bytes (15 s at most) and writes 1 to size_max of them; -1: the end. */
    ssize_t (*read)(void *ctx, char *out, size_t size_max);
    void (*close)(void *ctx); /* once, always */
};

struct http_header {
    const char *name; /* a constant */
    char value[HTTP_HEADER_VALUE_SIZE];
};

struct http_response { /* zero at first; filled by the handler */
    int status;
    const char *content_type;
    char *body; /* malloc'd and taken, unless is_constant */
    size_t body_size;
    bool is_constant;
    int header_count;
    struct http_header headers[HTTP_HEADERS_MAX];
    struct http_stream stream; /* where read is set: instead of a body */
};

struct http_options {
    int listen_fd; /* bound and listening; the caller keeps it */
    uint32_t connections_max;
    uint32_t connections_per_address_max;
    uint32_t idle_s;       /* a connection that says nothing for so long is closed */
    size_t body_total_max; /* bytes of all bodies that are being received */
    void *ctx;
    /* The longest body to take, asked when the headers are there; a longer one is answered 413. */
    size_t (*body_max)(void *ctx, const struct http_request *request);
    void (*handle)(void *ctx, const struct http_request *request, struct http_response *response);
};

struct http_server;
struct http_server *http_server_new(const struct http_options *options); /* NULL: cannot start */
/* Takes no new connections, waits for the handlers that run, ends. Streams must be ended first. */
void http_server_free(struct http_server *server);
uint32_t http_server_connection_count(const struct http_server *server);

#endif
