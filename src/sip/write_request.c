#include "sip/write.h"

static void field_write(struct buf *out, const char *name, struct slice value)
{
    buf_text(out, name);
    buf_slice(out, value);
    buf_text(out, "\r\n");
}

void sip_request_write(struct buf *out, const struct sip_request *request)
{
    buf_slice(out, request->method);
    buf_char(out, ' ');
    buf_slice(out, request->uri);
    field_write(out, " SIP/2.0\r\nVia: ", request->via);
    if (request->routes.size > 0) {
        field_write(out, "Route: ", request->routes);
    }
    buf_text(out, "Max-Forwards: ");
    buf_i64(out, request->max_forwards);
    field_write(out, "\r\nFrom: ", request->from);
    field_write(out, "To: ", request->to);
    field_write(out, "Call-ID: ", request->call_id);
    buf_text(out, "CSeq: ");
    buf_u64(out, request->cseq);
    buf_char(out, ' ');
    field_write(out, "", request->method);
    buf_slice(out, request->lines);
    if (request->body.size > 0) {
        field_write(out, "Content-Type: ", request->content_type);
    }
    buf_text(out, "Content-Length: ");
    buf_u64(out, request->body.size);
    buf_text(out, "\r\n\r\n");
    buf_slice(out, request->body);
}

/* ACK and CANCEL take the INVITE's Request-URI, top Via, From, Call-ID, CSeq number and Routes. */
static void companion_write(struct buf *out, const char *method, const struct sip_msg *invite_sent,
                            struct slice to, struct slice lines)
{
    buf_text(out, method);
    buf_char(out, ' ');
    buf_slice(out, invite_sent->uri_text);
    field_write(out, " SIP/2.0\r\nVia: ", invite_sent->via.text);
    for (int i = invite_sent->first[SIP_H_ROUTE]; i >= 0; i = sip_msg_next(invite_sent, i)) {
        field_write(out, "Route: ", invite_sent->headers[i].value);
    }
    field_write(out, "Max-Forwards: 70\r\nFrom: ", sip_msg_value(invite_sent, SIP_H_FROM));
    field_write(out, "To: ", to);
    field_write(out, "Call-ID: ", invite_sent->call_id);
    buf_text(out, "CSeq: ");
    buf_u64(out, invite_sent->cseq);
    buf_char(out, ' ');
    field_write(out, method, slice_make(NULL, 0));
    buf_slice(out, lines);
    buf_text(out, "Content-Length: 0\r\n\r\n");
}

void sip_ack_write(struct buf *out, const struct sip_msg *invite_sent,
                   const struct sip_msg *response)
{
    companion_write(out, "ACK", invite_sent, sip_msg_value(response, SIP_H_TO),
                    slice_make(NULL, 0));
}

void sip_cancel_write(struct buf *out, const struct sip_msg *invite_sent, struct slice lines)
{
    companion_write(out, "CANCEL", invite_sent, sip_msg_value(invite_sent, SIP_H_TO), lines);
}
