#include "sip/write.h"

#include <assert.h>
#include <string.h>

void sip_rewrite_drop(struct sip_rewrite *rewrite, int header_index)
{
    assert(header_index >= 0 && header_index < SIP_HEADERS_MAX);
    rewrite->drop[header_index / 64] |= UINT64_C(1) << (header_index % 64);
}

void sip_rewrite_drop_all(struct sip_rewrite *rewrite, const struct sip_msg *msg,
                          enum sip_header_id id)
{
    for (int i = msg->first[id]; i >= 0; i = sip_msg_next(msg, i)) {
        sip_rewrite_drop(rewrite, i);
    }
}

bool sip_rewrite_replace(struct sip_rewrite *rewrite, int header_index, struct slice line)
{
    int at = 0;
    while (at < rewrite->replace_count && rewrite->replace[at].index < header_index) {
        at++;
    }
    bool is_known = at < rewrite->replace_count && rewrite->replace[at].index == header_index;
    if (!is_known) {
        if (rewrite->replace_count == SIP_REWRITE_REPLACE_MAX) {
            return false;
        }
        memmove(&rewrite->replace[at + 1], &rewrite->replace[at],
                (size_t)(rewrite->replace_count - at) * sizeof rewrite->replace[0]);
        rewrite->replace_count++;
    }
    rewrite->replace[at].index = header_index;
    rewrite->replace[at].line = line;
    return true;
}

static bool is_dropped(const struct sip_rewrite *rewrite, int index)
{
    return (rewrite->drop[index / 64] >> (index % 64) & 1) != 0;
}

static void start_line_write(struct buf *out, const struct sip_msg *msg, struct slice request_uri)
{
    if (msg->is_request) {
        buf_slice(out, msg->method_text);
        buf_char(out, ' ');
        buf_slice(out, request_uri.size > 0 ? request_uri : msg->uri_text);
        buf_text(out, " SIP/2.0\r\n");
        return;
    }
    buf_text(out, "SIP/2.0 ");
    buf_i64(out, msg->status);
    buf_char(out, ' ');
    buf_slice(out, msg->reason);
    buf_text(out, "\r\n");
}

/* Neighbours that stay as they are go out in one piece. A bare LF ends a piece, so that every line
 * leaves with CRLF. Returns the first index not written. */
static int run_write(struct buf *out, const struct sip_msg *msg, const struct sip_rewrite *rewrite,
                     int from, int limit)
{
    const char *start = msg->headers[from].line.data;
    int i = from;
    while (true) {
        const char *end = msg->headers[i].line.data + msg->headers[i].line.size;
        i++;
        if (i == limit || is_dropped(rewrite, i) || msg->headers[i].line.data != end + 2) {
            buf_put(out, start, (size_t)(end - start));
            buf_text(out, "\r\n");
            return i;
        }
    }
}

void sip_forward_write(struct buf *out, const struct sip_msg *msg,
                       const struct sip_rewrite *rewrite)
{
    start_line_write(out, msg, rewrite->request_uri);
    buf_slice(out, rewrite->top);
    int replaced = 0;
    for (int i = 0; i < msg->header_count;) {
        bool is_replaced =
            replaced < rewrite->replace_count && rewrite->replace[replaced].index == i;
        if (is_replaced) {
            buf_slice(out, rewrite->replace[replaced++].line);
            i++;
        } else if (is_dropped(rewrite, i)) {
            i++;
        } else {
            int limit = replaced < rewrite->replace_count ? rewrite->replace[replaced].index
                                                          : msg->header_count;
            i = run_write(out, msg, rewrite, i, limit);
        }
    }
    buf_slice(out, rewrite->bottom);
    int length = msg->first[SIP_H_CONTENT_LENGTH];
    if (length < 0 || is_dropped(rewrite, length)) {
        buf_text(out, "Content-Length: ");
        buf_u64(out, msg->body.size);
        buf_text(out, "\r\n");
    }
    buf_text(out, "\r\n");
    buf_slice(out, msg->body);
}

/* Takes the first value off the first header of that id. */
static bool pop_value(struct sip_rewrite *rewrite, const struct sip_msg *msg, enum sip_header_id id,
                      const char *name, struct buf *scratch)
{
    int index = msg->first[id];
    assert(index >= 0);
    struct slice rest = msg->headers[index].value;
    struct slice value;
    if (!sip_list_next(&rest, &value)) {
        rest = slice_make(NULL, 0);
    }
    rest = slice_trim(rest);
    if (rest.size == 0) {
        sip_rewrite_drop(rewrite, index);
        return true;
    }
    size_t start = scratch->size;
    buf_text(scratch, name);
    buf_slice(scratch, rest);
    buf_text(scratch, "\r\n");
    return !scratch->is_full &&
           sip_rewrite_replace(rewrite, index, slice_skip(buf_done(scratch), start));
}

bool sip_rewrite_pop_via(struct sip_rewrite *rewrite, const struct sip_msg *msg,
                         struct buf *scratch)
{
    return pop_value(rewrite, msg, SIP_H_VIA, "Via: ", scratch);
}

bool sip_rewrite_pop_route(struct sip_rewrite *rewrite, const struct sip_msg *msg,
                           struct buf *scratch)
{
    return pop_value(rewrite, msg, SIP_H_ROUTE, "Route: ", scratch);
}
