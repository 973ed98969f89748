/* uri.h - SIP, SIPS and tel URIs, and parameter lists (RFC 3261 19.1 and 25, RFC 3966).
 *
 * Everything parsed is a view into the caller's bytes. Nothing here allocates.
 */
#ifndef DT_SIP_URI_H
#define DT_SIP_URI_H

#include "base/buf.h"
#include "base/slice.h"

enum sip_scheme { SIP_SCHEME_OTHER = 0, SIP_SCHEME_SIP, SIP_SCHEME_SIPS, SIP_SCHEME_TEL };

struct sip_uri {
    enum sip_scheme scheme;
    struct slice text; /* the whole URI */
    struct slice scheme_text;
    struct slice user; /* as written, escapes kept; for tel: the number */
    struct slice password;
    struct slice host;    /* IPv6 with its brackets; empty for tel and others */
    uint16_t port;        /* 0: none given */
    struct slice params;  /* ";a=b;c", or empty */
    struct slice headers; /* after '?', or empty */
};

/* False: not a URI (*out untouched). An unknown scheme parses as SIP_SCHEME_OTHER. */
MUST_CHECK bool sip_uri_parse(struct slice text, struct sip_uri *out);

/* RFC 3261 19.1.4, headers left out of the comparison. */
bool sip_uri_equal(const struct sip_uri *a, const struct sip_uri *b);

/* One parameter of ";a=b;c=\"d\"": names compare without case, a value loses its quotes. False: not
 * there (*value untouched); a parameter without '=' gives an empty value. */
bool sip_param_get(struct slice params, const char *name, struct slice *value);

/* Walks parameters: false at the end. *rest starts as the params and shrinks. */
bool sip_param_next(struct slice *rest, struct slice *name, struct slice *value);

/* Decodes %HH (RFC 3261 19.1.2) into buf; false: a broken escape, an escaped NUL, or no room. */
MUST_CHECK bool sip_unescape(struct slice text, struct buf *out);

/* The user part unescaped, as text with a NUL, in `field`; false as above. User names compare with
 * case. */
MUST_CHECK bool sip_uri_user(const struct sip_uri *uri, char *field, size_t field_size);

#endif
