#include "sip/sdp.h"

static bool line_next(struct slice *rest, struct slice *line)
{
    if (rest->size == 0) {
        return false;
    }
    *line = slice_split(rest, '\n');
    if (line->size > 0 && line->data[line->size - 1] == '\r') {
        line->size--;
    }
    return true;
}

/* "IN IP4 192.0.2.1/127": the address without its TTL. */
static struct slice connection_host(struct slice value)
{
    slice_split(&value, ' ');
    slice_split(&value, ' ');
    return slice_split(&value, '/');
}

static bool direction_read(struct slice attribute, enum sdp_direction *out)
{
    static const char *const names[] = {[SDP_SENDRECV] = "sendrecv",
                                        [SDP_SENDONLY] = "sendonly",
                                        [SDP_RECVONLY] = "recvonly",
                                        [SDP_INACTIVE] = "inactive"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (slice_equal(attribute, slice_from_text(names[i]))) {
            *out = (enum sdp_direction)i;
            return true;
        }
    }
    return false;
}

/* "audio 49170 RTP/AVP 0 8": false where the port is no number. */
static bool media_read(struct slice value, struct sdp *sdp)
{
    slice_split(&value, ' ');
    struct slice port_and_count = slice_split(&value, ' ');
    uint64_t port;
    if (!slice_to_u64(slice_split(&port_and_count, '/'), UINT16_MAX, &port)) {
        return false;
    }
    sdp->port = (uint16_t)port;
    slice_split(&value, ' ');
    while (value.size > 0) {
        struct slice format = slice_split(&value, ' ');
        sdp->has_pcmu = sdp->has_pcmu || slice_equal(format, SLICE("0"));
        sdp->has_pcma = sdp->has_pcma || slice_equal(format, SLICE("8"));
    }
    return true;
}

/* "rtpmap:96 PCMA/8000": G.711 may come under a dynamic number too. */
static void rtpmap_read(struct slice attribute, struct sdp *sdp)
{
    if (!slice_starts_with(attribute, SLICE("rtpmap:"))) {
        return;
    }
    slice_split(&attribute, ' ');
    struct slice name = slice_split(&attribute, '/');
    sdp->has_pcmu = sdp->has_pcmu || slice_equal_nocase(name, SLICE("PCMU"));
    sdp->has_pcma = sdp->has_pcma || slice_equal_nocase(name, SLICE("PCMA"));
}

/* Lines of a stream that is not ours. */
static void stream_skip(struct slice *body)
{
    struct slice line;
    while (body->size > 0 && body->data[0] != 'm') {
        line_next(body, &line);
    }
}

bool sdp_parse(struct slice body, struct sdp *out)
{
    struct sdp sdp = {.direction = SDP_SENDRECV};
    struct slice line;
    bool has_audio = false;
    if (!line_next(&body, &line) || !slice_equal(line, SLICE("v=0"))) {
        return false;
    }
    while (line_next(&body, &line)) {
        if (line.size < 2 || line.data[1] != '=') {
            continue;
        }
        struct slice value = slice_skip(line, 2);
        if (line.data[0] == 'm') {
            if (has_audio) {
                break; /* the first stream is read */
            }
            has_audio = slice_starts_with(value, SLICE("audio "));
            if (has_audio && !media_read(value, &sdp)) {
                return false;
            }
            if (!has_audio) {
                stream_skip(&body);
            }
        } else if (line.data[0] == 'c') {
            sdp.host = connection_host(value);
        } else if (line.data[0] == 'a' && !direction_read(value, &sdp.direction) && has_audio) {
            rtpmap_read(value, &sdp);
        }
    }
    if (has_audio) {
        *out = sdp;
    }
    return has_audio;
}

void sdp_write(struct buf *out, struct slice host, uint16_t port, uint32_t session_id,
               uint32_t version, enum sdp_direction direction)
{
    static const char *const directions[] = {[SDP_SENDRECV] = "sendrecv",
                                             [SDP_SENDONLY] = "sendonly",
                                             [SDP_RECVONLY] = "recvonly",
                                             [SDP_INACTIVE] = "inactive"};
    const char *family = slice_find(host, ':') < host.size ? "IN IP6 " : "IN IP4 ";
    buf_text(out, "v=0\r\no=- ");
    buf_u64(out, session_id);
    buf_char(out, ' ');
    buf_u64(out, version);
    buf_char(out, ' ');
    buf_text(out, family);
    buf_slice(out, host);
    buf_text(out, "\r\ns=-\r\nc=");
    buf_text(out, family);
    buf_slice(out, host);
    buf_text(out, "\r\nt=0 0\r\nm=audio ");
    buf_u64(out, port);
    buf_text(out,
             " RTP/AVP 8 0\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\na=");
    buf_text(out, directions[direction]);
    buf_text(out, "\r\n");
}
