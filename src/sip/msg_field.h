/* msg_field.h - readers of the fields that every message carries. Internal to src/sip. */
#ifndef DT_SIP_MSG_FIELD_H
#define DT_SIP_MSG_FIELD_H

#include "sip/msg.h"

enum via_read { VIA_UNUSABLE = 0, VIA_USABLE, VIA_GOOD };

/* These read into *out, which must be zero, and may leave it half-written; a message is
 * zeroed once as a whole. */

/* A start line of a request or a response; NOT_SIP: neither. What was understood of a broken one is
 * in *out, is_request and the method above all. */
enum sip_parse sip_start_line_read(struct slice line, struct sip_msg *out);

/* The headers from `at` on: fills headers, header_count and first of a message that was set up for
 * it. Returns where the body starts, or `end`; *error: the first that was found. A broken line is
 * left out of the list. */
const char *sip_headers_read(const char *at, const char *end, struct sip_msg *out,
                             enum sip_parse *error);

/* USABLE: the sent-by and what comes before it were read, but something behind it is broken; a
 * response can still find its way. */
enum via_read sip_via_read(struct slice text, struct sip_via *out);

bool sip_uri_read(struct slice text, struct sip_uri *out);
bool sip_address_read(struct slice text, struct sip_address *out);

/* "1 INVITE": false (nothing written) where it is not so, or the number is above SIP_CSEQ_MAX. */
bool sip_cseq_read(struct slice text, uint32_t *number, struct slice *method);

#endif
