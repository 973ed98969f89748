/* msg_header.h - header names to ids (RFC 3261 7.3.1 and 7.3.3). Internal to src/sip. */
#ifndef DT_SIP_MSG_HEADER_H
#define DT_SIP_MSG_HEADER_H

#include "sip/msg.h"

/* Long or compact name, without case. The name must be a token. */
enum sip_header_id sip_header_id_from(struct slice name);

/* Does it stand at most once in a message? */
bool sip_header_is_single(enum sip_header_id id);

#endif
