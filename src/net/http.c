#include "net/http.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTION_MEMORY (32 * 1024) /* request line and headers fit in it, or 431 */
#define STREAM_BLOCK (16 * 1024)
#define STACK_SIZE (1024 * 1024)
#define BODY_FIRST 4096
/* So much beyond the limit is read and thrown away before it is refused: who still sends when the
 * connection is closed never sees why. Senders of more ask first (Expect, RFC 9110 10.1.1). */
#define DISCARDED_MAX (1024 * 1024)

struct http_server {
    struct http_options options;
    struct MHD_Daemon *daemon;
    atomic_size_t body_total; /* received and not yet handled */
};

struct exchange { /* one request, from its headers to its answer */
    struct http_server *server;
    struct http_request request;
    char *body;
    size_t size, size_max;
    size_t limit;
    size_t counted; /* this exchange's share of body_total */
    bool is_too_long;
    bool is_answered_early; /* before its body is sent */
    bool is_short_of_memory;
};

const char *http_request_header(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *http_request_argument(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

static void note_peer(struct http_request *request, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info == NULL || info->client_addr == NULL) {
        return;
    }
    if (info->client_addr->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)info->client_addr;
        inet_ntop(AF_INET, &in->sin_addr, request->peer, sizeof(request->peer));
        request->is_loopback = ntohl(in->sin_addr.s_addr) >> 24 == 127;
    } else if (info->client_addr->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)info->client_addr;
        inet_ntop(AF_INET6, &in6->sin6_addr, request->peer, sizeof(request->peer));
        const uint8_t *bytes = in6->sin6_addr.s6_addr;
        request->is_loopback = IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr) ||
                               (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr) && bytes[12] == 127);
    }
}

static struct exchange *exchange_new(struct http_server *server, struct MHD_Connection *connection,
                                     const char *url, const char *method)
{
    struct exchange *exchange = calloc(1, sizeof(*exchange));
    if (exchange == NULL) {
        return NULL;
    }
    exchange->server = server;
    exchange->request.method = method;
    exchange->request.path = url;
    exchange->request.connection = connection;
    note_peer(&exchange->request, connection);
    exchange->limit = server->options.body_max(server->options.ctx, &exchange->request);
    const char *length = http_request_header(&exchange->request, "Content-Length");
    uint64_t body_size = 0;
    if (length != NULL && (!slice_to_u64(slice_from_text(length), UINT64_MAX, &body_size) ||
                           body_size > exchange->limit)) {
        exchange->is_too_long = true;
        exchange->is_answered_early = http_request_header(&exchange->request, "Expect") != NULL ||
                                      body_size > exchange->limit + DISCARDED_MAX;
    }
    return exchange;
}

static void exchange_free(struct exchange *exchange)
{
    if (exchange == NULL) {
        return;
    }
    atomic_fetch_sub(&exchange->server->body_total, exchange->counted);
    if (exchange->body != NULL) {
        explicit_bzero(exchange->body, exchange->size); /* there may be a password in it */
    }
    free(exchange->body);
    free(exchange);
}

static bool body_grow(struct exchange *exchange, size_t more)
{
    size_t size_max = exchange->size_max == 0 ? BODY_FIRST : exchange->size_max;
    while (size_max < exchange->size + more) {
        size_max *= 2;
    }
    if (size_max == exchange->size_max) {
        return true;
    }
    size_t grown = size_max - exchange->size_max;
    exchange->counted += grown;
    if (atomic_fetch_add(&exchange->server->body_total, grown) + grown >
        exchange->server->options.body_total_max) {
        return false;
    }
    char *body = realloc(exchange->body, size_max);
    if (body == NULL) {
        return false;
    }
    exchange->body = body;
    exchange->size_max = size_max;
    return true;
}

/* False: the sender goes on far beyond what it was allowed; the connection is closed. */
static bool body_add(struct exchange *exchange, const char *data, size_t size)
{
    if (exchange->is_too_long || exchange->is_short_of_memory) {
        exchange->size += size; /* counted, not kept: the answer is sent at the end */
        return exchange->size <= exchange->limit + DISCARDED_MAX;
    }
    if (size > exchange->limit - exchange->size) {
        exchange->is_too_long = true;
        return true;
    }
    if (!body_grow(exchange, size)) {
        exchange->is_short_of_memory = true;
        return true;
    }
    memcpy(exchange->body + exchange->size, data, size);
    exchange->size += size;
    return true;
}

static ssize_t stream_read(void *ctx, uint64_t position, char *out, size_t size_max)
{
    (void)position;
    struct http_stream *stream = ctx;
    ssize_t size = stream->read(stream->ctx, out, size_max);
    return size > 0 ? size : MHD_CONTENT_READER_END_OF_STREAM;
}

static void stream_close(void *ctx)
{
    struct http_stream *stream = ctx;
    stream->close(stream->ctx);
    free(stream);
}

static struct MHD_Response *make_stream(const struct http_response *response)
{
    struct http_stream *stream = malloc(sizeof(*stream));
    if (stream == NULL) {
        response->stream.close(response->stream.ctx);
        return NULL;
    }
    *stream = response->stream;
    struct MHD_Response *made = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_read, stream, stream_close);
    if (made == NULL) {
        stream_close(stream);
    }
    return made;
}

static struct MHD_Response *make_response(struct http_response *response)
{
    if (response->stream.read != NULL) {
        return make_stream(response);
    }
    enum MHD_ResponseMemoryMode mode =
        response->is_constant ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_FREE;
    struct MHD_Response *made =
        response->body == NULL
            ? MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT)
            : MHD_create_response_from_buffer(response->body_size, response->body, mode);
    if (made == NULL && !response->is_constant) {
        free(response->body);
    }
    return made;
}

static enum MHD_Result send_response(struct MHD_Connection *connection,
                                     struct http_response *response)
{
    struct MHD_Response *made = make_response(response);
    if (made == NULL) {
        return MHD_NO;
    }
    if (response->content_type != NULL) {
        (void)MHD_add_response_header(made, MHD_HTTP_HEADER_CONTENT_TYPE, response->content_type);
    }
    for (int i = 0; i < response->header_count; i++) {
        (void)MHD_add_response_header(made, response->headers[i].name, response->headers[i].value);
    }
    enum MHD_Result result = MHD_queue_response(connection, (unsigned)response->status, made);
    MHD_destroy_response(made);
    return result;
}

static enum MHD_Result send_refusal(struct MHD_Connection *connection, int status,
                                    const char *title)
{
    struct http_response response = {.status = status, .content_type = "application/problem+json"};
    int size = asprintf(&response.body, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d}",
                        title, status);
    if (size < 0) {
        return MHD_NO;
    }
    response.body_size = (size_t)size;
    if (status == 503) {
        response.headers[response.header_count++] = (struct http_header){"Retry-After", "2"};
    }
    return send_response(connection, &response);
}

static enum MHD_Result finish(struct exchange *exchange, struct MHD_Connection *connection)
{
    if (exchange->is_too_long) {
        return send_refusal(connection, 413, "The body is too long");
    }
    if (exchange->is_short_of_memory) {
        return send_refusal(connection, 503, "Too many bodies are being received");
    }
    exchange->request.body = slice_make(exchange->body, exchange->size);
    struct http_response *response = calloc(1, sizeof(*response));
    if (response == NULL) {
        return MHD_NO;
    }
    exchange->server->options.handle(exchange->server->options.ctx, &exchange->request, response);
    enum MHD_Result result = send_response(connection, response);
    free(response);
    return result;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload_data,
                                  size_t *upload_data_size, void **state)
{
    (void)version;
    struct exchange *exchange = *state;
    if (exchange == NULL) {
        exchange = exchange_new(ctx, connection, url, method);
        *state = exchange;
        if (exchange != NULL && exchange->is_answered_early) {
            return finish(exchange, connection);
        }
        return exchange == NULL ? MHD_NO : MHD_YES;
    }
    if (*upload_data_size > 0) {
        bool goes_on = body_add(exchange, upload_data, *upload_data_size);
        *upload_data_size = 0;
        return goes_on ? MHD_YES : MHD_NO;
    }
    return finish(exchange, connection);
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    (void)ctx;
    (void)connection;
    (void)code;
    exchange_free(*state);
    *state = NULL;
}

struct http_server *http_server_new(const struct http_options *options)
{
    struct http_server *server = calloc(1, sizeof(*server));
    if (server == NULL) {
        return NULL;
    }
    server->options = *options;
    int fd = dup(options->listen_fd); /* the library closes what it is given */
    if (fd >= 0) {
        server->daemon = MHD_start_daemon(
            MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
                MHD_USE_ITC,
            0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET, fd,
            MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_CONNECTION_LIMIT,
            (unsigned)options->connections_max, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
            (unsigned)options->connections_per_address_max, MHD_OPTION_CONNECTION_TIMEOUT,
            (unsigned)options->idle_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
            (size_t)CONNECTION_MEMORY, MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_SIZE,
            MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
        if (server->daemon == NULL) {
            close(fd);
        }
    }
    if (server->daemon == NULL) {
        free(server);
        return NULL;
    }
    return server;
}

void http_server_free(struct http_server *server)
{
    if (server == NULL) {
        return;
    }
    MHD_stop_daemon(server->daemon);
    free(server);
}

uint32_t http_server_connection_count(const struct http_server *server)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    return info == NULL ? 0 : info->num_connections;
}
