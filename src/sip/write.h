/* write.h - makes SIP messages: forwards one with changes, answers one, starts one.
 *
 * Everything is appended to a buf; the caller checks buf->is_full once. Header text passed in is
 * whole lines with CRLF.
 */
#ifndef DT_SIP_WRITE_H
#define DT_SIP_WRITE_H

#include "base/buf.h"
#include "sip/msg.h"

#define SIP_REWRITE_REPLACE_MAX 24

struct sip_rewrite {                     /* zero: forwards the message as it is */
    struct slice request_uri;            /* instead of the old one; empty: keep */
    struct slice top;                    /* lines put before the first header */
    struct slice bottom;                 /* lines put after the last header */
    uint64_t drop[SIP_HEADERS_MAX / 64]; /* headers left out, by index */
    int replace_count;
    struct {
        int index;
        struct slice line;              /* with CRLF; empty: like drop */
    } replace[SIP_REWRITE_REPLACE_MAX]; /* by rising index */
};

void sip_rewrite_drop(struct sip_rewrite *rewrite, int header_index);
void sip_rewrite_drop_all(struct sip_rewrite *rewrite, const struct sip_msg *msg,
                          enum sip_header_id id);
/* False: too many. Keeps the order by index whatever the order of calls. */
MUST_CHECK bool sip_rewrite_replace(struct sip_rewrite *rewrite, int header_index,
                                    struct slice line);

/* The message with those changes; Content-Length is written anew when the request came without. */
void sip_forward_write(struct buf *out, const struct sip_msg *msg,
                       const struct sip_rewrite *rewrite);

/* A line for a response without its first Via value (RFC 3261 16.7 step 3): drops the header, or
 * replaces it by what follows the first comma; `scratch` holds the replacement. */
MUST_CHECK bool sip_rewrite_pop_via(struct sip_rewrite *rewrite, const struct sip_msg *msg,
                                    struct buf *scratch);

/* A request whose first Route value is ours: takes it off (RFC 3261 16.4). Same contract. */
MUST_CHECK bool sip_rewrite_pop_route(struct sip_rewrite *rewrite, const struct sip_msg *msg,
                                      struct buf *scratch);

struct sip_response {
    int status;
    struct slice reason;       /* empty: the usual phrase */
    struct slice to_tag;       /* added to To where it has none; empty: left as it is */
    struct slice lines;        /* more headers */
    struct slice content_type; /* with body */
    struct slice body;
    struct slice source_host; /* for received= of the top Via (RFC 3261 18.2.1): IP as text, IPv6
                               * without brackets; empty: leave the Via alone */
    uint16_t source_port;     /* for rport (RFC 3581), filled in where the Via asks for it */
};

/* A response to a request: Via, From, To, Call-ID, CSeq are copied; Record-Route too where
 * 101 <= status <= 299 (RFC 3261 12.1.1). Works for an answerable broken request. */
void sip_response_write(struct buf *out, const struct sip_msg *request,
                        const struct sip_response *response);

/* ";received=1.2.3.4;rport=5060" as the top Via of a forwarded request needs them: a whole Via line
 * to replace header msg->first[SIP_H_VIA] with (the other values of that header stay on it). */
void sip_via_received_write(struct buf *out, const struct sip_msg *request,
                            struct slice source_host, uint16_t source_port);

struct sip_request { /* a request of our own: BYE, CANCEL, OPTIONS, ACK */
    struct slice method;
    struct slice uri;
    struct slice via;      /* value of the one Via: "SIP/2.0/UDP 1.2.3.4:5060;branch=z9hG4bK..." */
    struct slice routes;   /* Route values, comma-separated, or empty */
    struct slice from, to; /* values */
    struct slice call_id;
    uint32_t cseq;
    int max_forwards;
    struct slice lines; /* more headers */
    struct slice content_type;
    struct slice body;
};

void sip_request_write(struct buf *out, const struct sip_request *request);

/* ACK to a non-2xx final (RFC 3261 17.1.1.3) and CANCEL (9.1), made from the INVITE as sent and,
 * for ACK, the response's To. */
void sip_ack_write(struct buf *out, const struct sip_msg *invite_sent,
                   const struct sip_msg *response);
void sip_cancel_write(struct buf *out, const struct sip_msg *invite_sent, struct slice lines);

#endif
