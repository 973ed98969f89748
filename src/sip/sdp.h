/* sdp.h - as much of SDP (RFC 8866) as a proxy and a test phone look at. */
#ifndef DT_SIP_SDP_H
#define DT_SIP_SDP_H

#include "base/buf.h"
#include "base/slice.h"

enum sdp_direction { SDP_SENDRECV = 0, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE };

struct sdp {           /* the first audio stream */
    struct slice host; /* of its c= line or the session's */
    uint16_t port;     /* 0: refused */
    enum sdp_direction direction;
    bool has_pcma, has_pcmu;
};

/* False: not SDP, or no audio stream. */
MUST_CHECK bool sdp_parse(struct slice body, struct sdp *out);

/* An offer or answer with PCMA and PCMU. host: IP as text, IPv6 without brackets. */
void sdp_write(struct buf *out, struct slice host, uint16_t port, uint32_t session_id,
               uint32_t version, enum sdp_direction direction);

#endif
