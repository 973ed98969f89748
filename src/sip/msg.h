/* msg.h - parses a SIP message (RFC 3261 7 and 25).
 *
 * All views point into the bytes that were passed in and live as long as they do. Folded lines are
 * left as they are: a header's value may contain CRLF followed by white space.
 *
 * A message that is broken but can still be answered (its top Via, From, To, Call-ID and CSeq were
 * understood well enough) comes back with an error and is_answerable, so that the sender hears 400
 * instead of silence (RFC 4475).
 */
#ifndef DT_SIP_MSG_H
#define DT_SIP_MSG_H

#include "base/slice.h"
#include "sip/uri.h"

#define SIP_HEADERS_MAX 128
#define SIP_MESSAGE_SIZE_MAX 65535
#define SIP_CSEQ_MAX 0x7fffffff /* RFC 3261 8.1.1.5 */

enum sip_method {
    SIP_METHOD_OTHER = 0,
    SIP_ACK,
    SIP_BYE,
    SIP_CANCEL,
    SIP_INFO,
    SIP_INVITE,
    SIP_MESSAGE,
    SIP_NOTIFY,
    SIP_OPTIONS,
    SIP_PRACK,
    SIP_PUBLISH,
    SIP_REFER,
    SIP_REGISTER,
    SIP_SUBSCRIBE,
    SIP_UPDATE
};

/* The headers that we look at; all others are SIP_H_OTHER. */
enum sip_header_id {
    SIP_H_OTHER = 0,
    SIP_H_ALERT_INFO,
    SIP_H_AUTHORIZATION,
    SIP_H_CALL_ID,
    SIP_H_CONTACT,
    SIP_H_CONTENT_LENGTH,
    SIP_H_CONTENT_TYPE,
    SIP_H_CSEQ,
    SIP_H_DATE,
    SIP_H_DIVERSION,
    SIP_H_EVENT,
    SIP_H_EXPIRES,
    SIP_H_FROM,
    SIP_H_IDENTITY,
    SIP_H_MAX_FORWARDS,
    SIP_H_MIN_EXPIRES,
    SIP_H_P_ASSERTED_IDENTITY,
    SIP_H_P_PREFERRED_IDENTITY,
    SIP_H_PATH,
    SIP_H_PRIVACY,
    SIP_H_PROXY_AUTHENTICATE,
    SIP_H_PROXY_AUTHORIZATION,
    SIP_H_PROXY_REQUIRE,
    SIP_H_RACK,
    SIP_H_REASON,
    SIP_H_RECORD_ROUTE,
    SIP_H_REFER_TO,
    SIP_H_REFERRED_BY,
    SIP_H_REMOTE_PARTY_ID,
    SIP_H_REPLACES,
    SIP_H_REQUIRE,
    SIP_H_RETRY_AFTER,
    SIP_H_ROUTE,
    SIP_H_RSEQ,
    SIP_H_SERVER,
    SIP_H_SUPPORTED,
    SIP_H_TO,
    SIP_H_UNSUPPORTED,
    SIP_H_USER_AGENT,
    SIP_H_VIA,
    SIP_H_WARNING,
    SIP_H_WWW_AUTHENTICATE,
    SIP_H_X_REASON,
    SIP_H_COUNT
};

struct sip_header {
    enum sip_header_id id;
    int16_t next;      /* index of the next one of that id, or -1; meaningless for SIP_H_OTHER */
    struct slice line; /* name to the last byte before the final CRLF */
    struct slice name;
    struct slice value; /* trimmed */
};

struct sip_via {            /* RFC 3261 20.42 */
    struct slice text;      /* this via-parm alone */
    struct slice transport; /* "UDP" */
    struct slice host;      /* sent-by; IPv6 with its brackets */
    uint16_t port;          /* 0: none given */
    struct slice params;
    struct slice branch; /* empty: none */
    struct slice rport;  /* its first ";rport", with what is given for it; empty: none */
    bool is_unmarked;    /* whole, and nothing in it to leave out but that one rport (RFC 3581 4) */
};

struct sip_address { /* name-addr or addr-spec with header parameters (RFC 3261 20.10) */
    struct slice text;
    struct slice display; /* as written, quotes kept */
    struct slice uri_text;
    struct sip_uri uri; /* zero where the URI did not parse (its scheme is unknown, say) */
    struct slice params;
    struct slice tag;
    bool is_star; /* "*" in Contact */
};

enum sip_parse {
    SIP_OK = 0,
    SIP_EMPTY,       /* nothing but CRLF: a keep-alive (RFC 5626 3.5.1) */
    SIP_NOT_SIP,     /* no start line of SIP */
    SIP_BAD_VERSION, /* answer 505 */
    SIP_BAD_START_LINE,
    SIP_BAD_URI,
    SIP_BAD_HEADER, /* a line without a name, a NUL, a control character */
    SIP_TOO_MANY_HEADERS,
    SIP_BAD_VIA,
    SIP_BAD_FROM,
    SIP_BAD_TO,
    SIP_BAD_CALL_ID,
    SIP_BAD_CSEQ, /* also: its method is not that of the request, or its number too large */
    SIP_BAD_CONTENT_LENGTH, /* not a number, or more than there is; or two that differ */
    SIP_BAD_MAX_FORWARDS,
    SIP_DUPLICATE_HEADER, /* a header that must stand once stands twice */
    SIP_MISSING_HEADER,
    SIP_BAD_CONTACT,
    SIP_BAD_SCHEME /* Request-URI of a scheme that is no sip, sips or tel: answer 416 */
};

struct sip_msg {
    struct slice raw; /* start line to the end of the body; what follows in a datagram is cut */
    bool is_request;
    enum sip_method method;
    struct slice method_text;
    struct slice uri_text;
    struct sip_uri uri; /* Request-URI */
    int status;
    struct slice reason;

    struct sip_header headers[SIP_HEADERS_MAX];
    int header_count;
    int16_t first[SIP_H_COUNT]; /* index of the first header of an id, or -1 */
    struct slice body;

    struct sip_via via; /* the topmost */
    int via_count;      /* all Via values in all Via headers */
    struct sip_address from, to;
    struct slice call_id;
    uint32_t cseq;
    enum sip_method cseq_method;
    struct slice cseq_method_text;
    int max_forwards;  /* -1: no such header */
    int64_t expires_s; /* Expires header; -1: none or not a number */

    bool is_answerable; /* meaningful with an error: enough is there for a response */
};

/* One message: a datagram, or exactly one message cut from a stream by sip_frame. */
enum sip_parse sip_msg_parse(struct slice bytes, struct sip_msg *out) MUST_CHECK;
const char *sip_parse_name(enum sip_parse result);
/* A short English reason phrase for a 400, "Bad CSeq", for instance. */
const char *sip_parse_phrase(enum sip_parse result);

enum sip_method sip_method_from(struct slice text); /* with case, RFC 3261 7.1 */
const char *sip_method_name(enum sip_method method);
const char *sip_status_phrase(int status); /* "Not Found" */

/* Value of the first header of an id; the empty slice where there is none. */
struct slice sip_msg_value(const struct sip_msg *msg, enum sip_header_id id);
bool sip_msg_has(const struct sip_msg *msg, enum sip_header_id id);

/* The header of the same id after index `after`, or -1. Start with msg->first[id]. */
int sip_msg_next(const struct sip_msg *msg, int after);

/* Case-insensitive look for a token in a comma list over all headers of an id (Require: 100rel). */
bool sip_msg_has_token(const struct sip_msg *msg, enum sip_header_id id, const char *token);

MUST_CHECK bool sip_via_parse(struct slice text, struct sip_via *out);
MUST_CHECK bool sip_address_parse(struct slice text, struct sip_address *out);

/* Comma-separated values (quotes, angle brackets and parentheses respected): false at the end. */
bool sip_list_next(struct slice *rest, struct slice *value);

/* The same over all headers of one id: start with *header = msg->first[id], *rest empty. */
bool sip_msg_list_next(const struct sip_msg *msg, int *header, struct slice *rest,
                       struct slice *value);

enum sip_frame { SIP_FRAME_INCOMPLETE = 0, SIP_FRAME_MESSAGE, SIP_FRAME_PING, SIP_FRAME_BAD };

/* Cuts a byte stream (RFC 3261 18.3): *size is the length of the message (or of the CRLFs of a
 * keep-alive, PING when it is CRLFCRLF, RFC 5626 4.4.1) at the start of `bytes`. BAD: the stream
 * cannot be followed any more (no Content-Length, headers over SIP_MESSAGE_SIZE_MAX). */
enum sip_frame sip_frame(struct slice bytes, size_t *size);

#endif
