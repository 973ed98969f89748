#include "sip/lex.h"
#include "sip/msg.h"
#include "sip/msg_header.h"

/* *size: of the body, from a Content-Length line. False: not a number, or too large. */
static bool length_read(struct slice line, size_t name_size, uint64_t *size)
{
    struct slice rest = slice_trim(slice_skip(line, name_size));
    if (rest.size == 0 || rest.data[0] != ':') {
        return false;
    }
    return slice_to_u64(slice_trim(slice_skip(rest, 1)), SIP_MESSAGE_SIZE_MAX, size);
}

/* MESSAGE: something else than a keep-alive follows. */
static enum sip_frame keep_alive(struct slice bytes, size_t *size)
{
    if (slice_starts_with(bytes, SLICE("\r\n\r\n"))) {
        *size = 4;
        return SIP_FRAME_PING;
    }
    if (slice_starts_with(SLICE("\r\n\r\n"), bytes)) {
        return SIP_FRAME_INCOMPLETE;
    }
    return slice_starts_with(bytes, SLICE("\r\n")) ? SIP_FRAME_MESSAGE : SIP_FRAME_BAD;
}

/* Walks lines exactly as sip_msg_parse does: a stream must not be cut where the parser would see a
 * longer or shorter message. */
static enum sip_frame headers_walk(const char *at, const char *end, const char **body,
                                   uint64_t *body_size)
{
    bool has_length = false;
    for (bool is_start_line = true;; is_start_line = false) {
        struct slice line;
        bool is_clean;
        const char *next = lex_line_next(at, end, &line, &is_clean);
        if (next == NULL) {
            return SIP_FRAME_INCOMPLETE;
        }
        if (line.size == 0) {
            *body = next;
            return has_length ? SIP_FRAME_MESSAGE : SIP_FRAME_BAD;
        }
        if (next == end) {
            return SIP_FRAME_INCOMPLETE; /* the next line may be a fold of this one */
        }
        at = next;
        const char *name_end = lex_skip(line.data, line.data + line.size, LEX_TOKEN);
        struct slice name = lex_between(line.data, name_end);
        if (is_start_line || name.size == 0 || sip_header_id_from(name) != SIP_H_CONTENT_LENGTH) {
            continue;
        }
        uint64_t value;
        if (!length_read(line, name.size, &value) || (has_length && value != *body_size)) {
            return SIP_FRAME_BAD;
        }
        has_length = true;
        *body_size = value;
    }
}

enum sip_frame sip_frame(struct slice bytes, size_t *size)
{
    const char *start = bytes.data;
    const char *end = bytes.data + bytes.size;
    if (bytes.size == 0) {
        return SIP_FRAME_INCOMPLETE;
    }
    if (*start == '\r') {
        enum sip_frame result = keep_alive(bytes, size);
        if (result != SIP_FRAME_MESSAGE) {
            return result;
        }
        while (start < end && (*start == '\r' || *start == '\n')) {
            start++; /* RFC 3261 7.5 */
        }
    }
    if (start < end && !lex_is(*start, LEX_TOKEN)) {
        return SIP_FRAME_BAD;
    }
    const char *body = NULL;
    uint64_t body_size = 0;
    enum sip_frame result = headers_walk(start, end, &body, &body_size);
    bool is_too_long = result == SIP_FRAME_INCOMPLETE
                           ? bytes.size >= SIP_MESSAGE_SIZE_MAX
                           : (uint64_t)(body - start) + body_size > SIP_MESSAGE_SIZE_MAX;
    if (result == SIP_FRAME_BAD || is_too_long) {
        return SIP_FRAME_BAD;
    }
    if (result == SIP_FRAME_INCOMPLETE || (uint64_t)(end - body) < body_size) {
        return SIP_FRAME_INCOMPLETE;
    }
    *size = (size_t)(body - bytes.data) + (size_t)body_size;
    return SIP_FRAME_MESSAGE;
}
