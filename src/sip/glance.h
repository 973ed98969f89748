/* glance.h - just enough of a request to decide about it and to refuse it, for a tenth of what a
 * parse costs: the headers that a response copies, credentials and route as lines, the rest unread.
 *
 * It understands what all senders write and says no to anything else (folded or bare lines, a Via
 * that names two hops, doubled headers): such a message is for sip_msg_parse. Where both understand
 * a message, they say the same of it. All views point into the message.
 */
#ifndef DT_SIP_GLANCE_H
#define DT_SIP_GLANCE_H

#include "sip/msg.h"

#define SIP_GLANCE_VIAS_MAX 8

struct sip_glance {
    enum sip_method method;
    struct slice uri_text;
    int via_count;
    struct slice vias[SIP_GLANCE_VIAS_MAX]; /* header lines, without CRLF; the first is the top */
    struct slice from, to, call_id_line, cseq_line;
    struct slice via_host; /* of the top Via */
    uint16_t via_port;     /* 0: none */
    bool is_rport_wanted;
    struct slice branch, call_id, from_tag, to_tag; /* values; empty: none */
    uint32_t cseq;
    struct slice route;       /* value of the first Route; empty: none */
    struct slice credentials; /* value of the first Authorization or Proxy-Authorization */
};

/* True: a request, understood. False: not looked at to the end; parse it. */
MUST_CHECK bool sip_glance(struct slice bytes, struct sip_glance *out);

/* The top Via's branch of a response, or the empty slice: not understood. */
struct slice sip_glance_branch(struct slice bytes);

/* The Call-ID of a request or response, as sip_msg_parse reads it, or the empty slice: written in a
 * way that only the parser knows. */
struct slice sip_glance_call_id(struct slice bytes);

/* A parameter of the credentials ("nonce"), its quotes taken off; empty: not there. */
struct slice sip_glance_credential(struct slice credentials, struct slice name);

#endif
