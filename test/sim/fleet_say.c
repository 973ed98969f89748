/* What a phone writes. */
#include "fleet.h"

#include "sip/digest.h"
#include "sip/write.h"

#include <assert.h>
#include <stdio.h>

#define T1_US 500000
#define PATIENCE_US (32 * SECOND)

static const char sdp[] = "v=0\r\no=- 1 1 IN IP4 10.2.0.1\r\ns=-\r\nc=IN IP4 10.2.0.1\r\nt=0 0\r\n"
                          "m=audio 40000 RTP/AVP 8 101\r\n";

/* Sent now, and again until something comes back (RFC 3261 17.1). */
void phone_put(struct fleet *fleet, struct fleet_phone *phone, struct fleet_pending *pending,
               struct slice bytes)
{
    int64_t now_us = fleet->world->now_us;
    assert(bytes.size < sizeof(pending->data));
    memcpy(pending->data, bytes.data, bytes.size);
    pending->size = bytes.size;
    pending->step_us = T1_US;
    pending->at_us = now_us + T1_US;
    pending->give_up_us = now_us + PATIENCE_US;
    fleet_send_to_node(fleet, phone, bytes);
}

void phone_keep_challenge(struct fleet *fleet, struct fleet_phone *phone, int which,
                          const struct sip_msg *response)
{
    enum sip_header_id id = which == 0 ? SIP_H_WWW_AUTHENTICATE : SIP_H_PROXY_AUTHENTICATE;
    struct buf out;
    (void)fleet;
    buf_init(&out, phone->challenges[which], sizeof(phone->challenges[0]) - 1);
    if (response->first[id] < 0) {
        return;
    }
    buf_printf(&out,
               "SIP/2.0 %d X\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n"
               "To: <sip:a@b>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n" SLICE_FMT
               "\r\nContent-Length: 0\r\n\r\n",
               response->status, SLICE_ARG(response->headers[response->first[id]].line));
    assert(!out.is_full);
    phone->challenges[which][out.size] = '\0';
    phone->nonce_counts[which] = 0;
}

static void write_credentials(struct fleet *fleet, struct fleet_phone *phone, int which,
                              const char *method, const char *uri, struct buf *out)
{
    char *text = phone->challenges[which];
    if (text[0] == '\0') {
        return;
    }
    if (sip_msg_parse(slice_from_text(text), &fleet->reader) != SIP_OK ||
        !digest_answer_write(fleet->digest, out, &fleet->reader, slice_from_text(phone->user),
                             slice_from_text(phone->password), slice_from_text(method),
                             slice_from_text(uri), ++phone->nonce_counts[which],
                             SLICE("0badcafe"))) {
        text[0] = '\0';
    }
}

static void via_write(struct fleet *fleet, const struct fleet_phone *phone, struct buf *out,
                      bool is_same)
{
    fleet->number += !is_same;
    buf_printf(out, "Via: SIP/2.0/UDP 10.2.%d.%d:5060;rport;branch=z9hG4bK%llx\r\n",
               phone->index / 250, phone->index % 250 + 1, (unsigned long long)fleet->number);
}

static void contact_write(const struct fleet_phone *phone, struct buf *out)
{
    buf_printf(out, "Contact: <sip:%s@10.2.%d.%d:5060>\r\n", phone->user, phone->index / 250,
               phone->index % 250 + 1);
}

void phone_write_register(struct fleet *fleet, struct fleet_phone *phone)
{
    char data[FLEET_MESSAGE_MAX];
    struct buf out;
    buf_init(&out, data, sizeof(data));
    buf_text(&out, "REGISTER sip:" FLEET_DOMAIN " SIP/2.0\r\n");
    via_write(fleet, phone, &out, false);
    buf_printf(&out,
               "Max-Forwards: 70\r\nFrom: <sip:%s@" FLEET_DOMAIN ">;tag=r%d\r\n"
               "To: <sip:%s@" FLEET_DOMAIN ">\r\nCall-ID: reg-%s\r\nCSeq: %u REGISTER\r\n",
               phone->user, phone->index, phone->user, phone->user, ++phone->reg_cseq);
    contact_write(phone, &out);
    write_credentials(fleet, phone, 0, "REGISTER", "sip:" FLEET_DOMAIN, &out);
    buf_text(&out, "Expires: 600\r\nContent-Length: 0\r\n\r\n");
    phone_put(fleet, phone, &phone->reg, buf_done(&out));
}

/* The branch of an INVITE is kept in its Call-ID's number: the ACK to a refusal repeats it. */
void phone_write_invite(struct fleet *fleet, struct fleet_phone *phone)
{
    char data[FLEET_MESSAGE_MAX];
    char uri[64];
    struct buf out;
    buf_init(&out, data, sizeof(data));
    snprintf(uri, sizeof(uri), "sip:%s@" FLEET_DOMAIN, phone->peer);
    buf_printf(&out, "INVITE %s SIP/2.0\r\n", uri);
    via_write(fleet, phone, &out, false);
    buf_printf(&out,
               "Max-Forwards: 70\r\nFrom: %s;tag=%s\r\nTo: <%s>\r\nCall-ID: %s\r\n"
               "CSeq: %u INVITE\r\n",
               phone->local_uri, phone->local_tag, uri, phone->call_id, ++phone->cseq);
    contact_write(phone, &out);
    write_credentials(fleet, phone, 1, "INVITE", uri, &out);
    buf_printf(&out, "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
               sizeof(sdp) - 1, sdp);
    phone_put(fleet, phone, &phone->call, buf_done(&out));
    memcpy(phone->invite, data, out.size);
    phone->invite_size = out.size;
}

static void in_dialog_write(struct fleet *fleet, const struct fleet_phone *phone,
                            const char *method, uint32_t cseq, struct buf *out)
{
    buf_printf(out, "%s %s SIP/2.0\r\n", method, phone->target);
    via_write(fleet, phone, out, false);
    if (phone->routes[0] != '\0') {
        buf_printf(out, "Route: %s\r\n", phone->routes);
    }
    buf_printf(out,
               "Max-Forwards: 70\r\nFrom: %s;tag=%s\r\nTo: %s;tag=%s\r\nCall-ID: %s\r\n"
               "CSeq: %u %s\r\nContent-Length: 0\r\n\r\n",
               phone->local_uri, phone->local_tag, phone->remote_uri, phone->remote_tag,
               phone->call_id, cseq, method);
}

void phone_write_ack(struct fleet *fleet, struct fleet_phone *phone, bool is_for_2xx)
{
    char data[FLEET_MESSAGE_MAX];
    struct buf out;
    buf_init(&out, data, sizeof(data));
    if (is_for_2xx) {
        in_dialog_write(fleet, phone, "ACK", phone->cseq, &out);
    } else { /* to the response in fleet->in (RFC 3261 17.1.1.3) */
        struct slice invite = slice_make(phone->invite, phone->invite_size);
        if (sip_msg_parse(invite, &fleet->reader) != SIP_OK) {
            return;
        }
        sip_ack_write(&out, &fleet->reader, &fleet->in);
    }
    fleet_send_to_node(fleet, phone, buf_done(&out));
}

void phone_write_bye(struct fleet *fleet, struct fleet_phone *phone)
{
    char data[FLEET_MESSAGE_MAX];
    struct buf out;
    buf_init(&out, data, sizeof(data));
    in_dialog_write(fleet, phone, "BYE", ++phone->cseq, &out);
    phone_put(fleet, phone, &phone->call, buf_done(&out));
}

void phone_answer(struct fleet *fleet, struct fleet_phone *phone, const struct sip_msg *request,
                  int status, struct fleet_pending *again)
{
    char data[FLEET_MESSAGE_MAX];
    char lines[160];
    struct buf out;
    struct buf more;
    buf_init(&more, lines, sizeof(lines));
    contact_write(phone, &more);
    struct sip_response response = {.status = status, .lines = buf_done(&more)};
    if (request->to.tag.size == 0) {
        response.to_tag = slice_from_text(phone->local_tag);
    }
    if (status == 200 && request->method == SIP_INVITE) {
        response.content_type = SLICE("application/sdp");
        response.body = SLICE(sdp);
    }
    buf_init(&out, data, sizeof(data));
    sip_response_write(&out, request, &response);
    if (out.is_full) {
        return;
    }
    if (again != NULL) {
        phone_put(fleet, phone, again, buf_done(&out));
    } else {
        fleet_send_to_node(fleet, phone, buf_done(&out));
    }
}
