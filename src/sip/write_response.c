#include "sip/write.h"

#include "sip/lex.h"

#include <assert.h>

static struct slice host_without_brackets(struct slice host)
{
    bool is_bracketed = host.size >= 2 && host.data[0] == '[';
    return is_bracketed ? slice_make(host.data + 1, host.size - 2) : host;
}

static void marks_write(struct buf *out, const struct sip_via *via, bool is_port_wanted,
                        struct slice source_host, uint16_t source_port)
{
    bool is_same_host = slice_equal_nocase(host_without_brackets(via->host), source_host);
    if (is_port_wanted || !is_same_host) {
        buf_text(out, ";received=");
        buf_slice(out, source_host);
    }
    if (is_port_wanted) {
        buf_text(out, ";rport=");
        buf_u64(out, source_port);
    }
}

/* The top via-parm with received= and rport= as RFC 3261 18.2.1 and RFC 3581 4 ask. What the sender
 * put there itself is left out: it would be believed. A broken one goes back as it came. */
static void via_value_write(struct buf *out, const struct sip_via *via, struct slice source_host,
                            uint16_t source_port)
{
    if (via->is_unmarked) {
        const char *end = via->text.data + via->text.size;
        const char *stop = via->rport.size > 0 ? via->rport.data : end;
        buf_slice(out, lex_between(via->text.data, stop));
        buf_slice(out, lex_between(stop + via->rport.size, end));
        marks_write(out, via, via->rport.size > 0, source_host, source_port);
        return;
    }
    size_t start = out->size;
    buf_put(out, via->text.data, (size_t)(via->params.data - via->text.data));
    struct slice rest = via->params;
    struct slice name, value;
    bool is_port_wanted = false;
    enum lex_param found;
    while ((found = lex_param_take(&rest, &name, &value)) == LEX_PARAM_FOUND) {
        bool is_rport = LEX_IS(name, "rport");
        is_port_wanted = is_port_wanted || is_rport;
        if (!is_rport && !LEX_IS(name, "received")) {
            buf_char(out, ';');
            buf_put(out, name.data, (size_t)(rest.data - name.data)); /* its quotes too */
        }
    }
    if (found == LEX_PARAM_BAD) {
        out->size = start;
        buf_slice(out, via->text);
        return;
    }
    marks_write(out, via, is_port_wanted, source_host, source_port);
}

void sip_via_received_write(struct buf *out, const struct sip_msg *request,
                            struct slice source_host, uint16_t source_port)
{
    int index = request->first[SIP_H_VIA];
    if (index < 0) {
        return;
    }
    struct slice all = request->headers[index].value;
    struct slice rest = {NULL, 0};
    struct slice value;
    bool is_alone = all.size > 0 && memchr(all.data, ',', all.size) == NULL;
    if (!is_alone) {
        rest = all;
    }
    buf_text(out, "Via: ");
    if (request->via.host.size == 0 || (!is_alone && !sip_list_next(&rest, &value))) {
        buf_slice(out, all);
    } else {
        via_value_write(out, &request->via, source_host, source_port);
        rest = slice_trim(rest);
        if (rest.size > 0) {
            buf_text(out, ", ");
            buf_slice(out, rest);
        }
    }
    buf_text(out, "\r\n");
}

static void line_write(struct buf *out, struct slice line)
{
    buf_slice(out, line);
    buf_text(out, "\r\n");
}

/* The first headers of two ids, in one piece where they are neighbours with a CRLF between. */
static void pair_copy(struct buf *out, const struct sip_msg *request, enum sip_header_id id,
                      enum sip_header_id other)
{
    int index = request->first[id];
    int next = request->first[other];
    struct slice line = index < 0 ? (struct slice){NULL, 0} : request->headers[index].line;
    struct slice after = next < 0 ? (struct slice){NULL, 0} : request->headers[next].line;
    if (index >= 0 && next >= 0 && line.data + line.size + 2 == after.data) {
        line.size += 2 + after.size;
        next = -1;
    }
    if (index >= 0) {
        line_write(out, line);
    }
    if (next >= 0) {
        line_write(out, after);
    }
}

static void vias_copy(struct buf *out, const struct sip_msg *request,
                      const struct sip_response *response)
{
    int index = request->first[SIP_H_VIA];
    if (index >= 0 && response->source_host.size > 0) {
        sip_via_received_write(out, request, response->source_host, response->source_port);
        index = sip_msg_next(request, index);
    }
    for (; index >= 0; index = sip_msg_next(request, index)) {
        line_write(out, request->headers[index].line);
    }
}

/* From and To. */
static void ends_copy(struct buf *out, const struct sip_msg *request, struct slice tag)
{
    pair_copy(out, request, SIP_H_FROM, SIP_H_TO);
    if (request->first[SIP_H_TO] >= 0 && tag.size > 0 && request->to.tag.size == 0 &&
        !out->is_full) {
        out->size -= 2; /* the CRLF of To, which comes last */
        buf_text(out, ";tag=");
        buf_slice(out, tag);
        buf_text(out, "\r\n");
    }
}

static void start_line_write(struct buf *out, int status, struct slice reason)
{
    if (status == 200 && reason.size == 0) {
        buf_text(out, "SIP/2.0 200 OK\r\n");
        return;
    }
    const char digits[] = {(char)('0' + status / 100 % 10), (char)('0' + status / 10 % 10),
                           (char)('0' + status % 10), ' '};
    buf_text(out, "SIP/2.0 ");
    buf_put(out, digits, sizeof digits);
    if (reason.size > 0) {
        buf_slice(out, reason);
    } else {
        buf_text(out, sip_status_phrase(status));
    }
    buf_text(out, "\r\n");
}

/* A proxy and a UAS put the dialog's route set into what makes the dialog (RFC 3261 12.1.1). */
static void record_routes_copy(struct buf *out, const struct sip_msg *request, int status)
{
    if (status < 101 || status > 299) {
        return;
    }
    for (int i = request->first[SIP_H_RECORD_ROUTE]; i >= 0; i = sip_msg_next(request, i)) {
        line_write(out, request->headers[i].line);
    }
}

static void body_write(struct buf *out, struct slice content_type, struct slice body)
{
    if (body.size > 0) {
        buf_text(out, "Content-Type: ");
        line_write(out, content_type);
    }
    buf_text(out, "Content-Length: ");
    buf_u64(out, body.size);
    buf_text(out, "\r\n\r\n");
    buf_slice(out, body);
}

void sip_response_write(struct buf *out, const struct sip_msg *request,
                        const struct sip_response *response)
{
    assert(response->status >= 100 && response->status <= 999);
    start_line_write(out, response->status, response->reason);
    vias_copy(out, request, response);
    record_routes_copy(out, request, response->status);
    ends_copy(out, request, response->to_tag);
    pair_copy(out, request, SIP_H_CALL_ID, SIP_H_CSEQ);
    buf_slice(out, response->lines);
    body_write(out, response->content_type, response->body);
}
