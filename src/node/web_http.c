#include "node/web.h"

#include "net/control_socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *header_of(const void *from, const char *name)
{
    return http_request_header(from, name);
}

static const char *argument_of(const void *from, const char *name)
{
    return http_request_argument(from, name);
}

static struct api_request translate(const struct http_request *request)
{
    return (struct api_request){.method = request->method,
                                .path = request->path,
                                .body = request->body,
                                .peer = request->peer,
                                .is_loopback = request->is_loopback,
                                .from = request,
                                .header = header_of,
                                .argument = argument_of};
}

size_t web_body_max(void *ctx, const struct http_request *request)
{
    struct web *web = ctx;
    struct api_request asked = translate(request);
    return api_body_max(web->api, &asked);
}

static void copy_headers(const struct api_response *from, struct http_response *to)
{
    for (int i = 0; i < from->header_count && to->header_count < HTTP_HEADERS_MAX; i++) {
        struct http_header *header = &to->headers[to->header_count++];
        header->name = from->headers[i].name;
        snprintf(header->value, sizeof(header->value), "%s", from->headers[i].value);
    }
}

/* What was written may be configuration: the edge need not wait until it looks by itself. */
static void nudge_edge(const struct web *web, const struct http_request *request, int status)
{
    bool is_reading = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
    if (!is_reading && status >= 200 && status < 300) {
        control_socket_nudge(web->run_dir, EDGE_NUDGE);
    }
}

void web_handle(void *ctx, const struct http_request *request, struct http_response *response)
{
    struct web *web = ctx;
    struct api_request asked = translate(request);
    struct api_response *answer = calloc(1, sizeof(*answer));
    if (answer == NULL) {
        response->status = 503;
        return;
    }
    api_handle(web->api, &asked, answer);
    nudge_edge(web, request, answer->status);
    response->status = answer->status;
    response->content_type = answer->content_type;
    response->body = answer->body;
    response->body_size = answer->body_size;
    response->is_constant = answer->is_constant;
    response->stream =
        (struct http_stream){answer->stream, answer->stream_read, answer->stream_close};
    copy_headers(answer, response);
    free(answer);
}
