#include "sip/lex.h"
#include "sip/msg.h"
#include "sip/msg_field.h"
#include "sip/msg_header.h"

#define MAX_FORWARDS_MAX 255 /* RFC 3261 20.22 */

struct reader { /* one parse under way */
    struct sip_msg *msg;
    enum sip_parse error; /* the first that was found */
    bool is_via_usable;
};

static void note(struct reader *reader, enum sip_parse error)
{
    if (reader->error == SIP_OK) {
        reader->error = error;
    }
}

/* The size is hidden from the compiler, so that it calls memset instead of using a string
 * instruction, which starts slowly. */
static void zero(void *data, size_t size)
{
    __asm__("" : "+r"(size));
    memset(data, 0, size);
}

static inline struct slice value_of(const struct sip_msg *msg, enum sip_header_id id)
{
    int index = msg->first[id];
    return index < 0 ? (struct slice){NULL, 0} : msg->headers[index].value;
}

/* Only what is read before it is written; the headers array stays as it is. */
static void msg_init(struct sip_msg *msg)
{
    zero(msg, offsetof(struct sip_msg, headers));
    zero((char *)msg + offsetof(struct sip_msg, header_count),
         sizeof *msg - offsetof(struct sip_msg, header_count));
    memset(msg->first, 0xff, sizeof msg->first);
    msg->max_forwards = -1;
    msg->expires_s = -1;
}

static void vias_read(struct reader *reader)
{
    struct sip_msg *msg = reader->msg;
    int header = msg->first[SIP_H_VIA];
    struct slice rest = {NULL, 0};
    struct slice value;
    while (sip_msg_list_next(msg, &header, &rest, &value)) {
        if (msg->via_count++ > 0) {
            if (value.size == 0) {
                note(reader, SIP_BAD_VIA);
            }
            continue;
        }
        enum via_read result = sip_via_read(value, &msg->via);
        reader->is_via_usable = result != VIA_UNUSABLE;
        if (result != VIA_GOOD) {
            note(reader, SIP_BAD_VIA);
        }
    }
    if (msg->via_count == 0) {
        note(reader, msg->first[SIP_H_VIA] < 0 ? SIP_MISSING_HEADER : SIP_BAD_VIA);
    }
}

static void address_read(struct reader *reader, enum sip_header_id id, struct sip_address *out,
                         enum sip_parse error)
{
    if (reader->msg->first[id] < 0) {
        note(reader, SIP_MISSING_HEADER);
    } else if (!sip_address_read(value_of(reader->msg, id), out) || out->is_star) {
        *out = (struct sip_address){0};
        note(reader, error);
    }
}

static void call_id_read(struct reader *reader)
{
    struct slice value = value_of(reader->msg, SIP_H_CALL_ID);
    if (reader->msg->first[SIP_H_CALL_ID] < 0) {
        note(reader, SIP_MISSING_HEADER);
        return;
    }
    reader->msg->call_id = value;
    const char *end = value.data + value.size;
    const char *at = lex_skip_plain(value.data, end);
    while (at < end && !lex_is_space(*at)) {
        at++;
    }
    if (at < end || value.size == 0) {
        note(reader, SIP_BAD_CALL_ID);
    }
}

static void cseq_read(struct reader *reader)
{
    struct sip_msg *msg = reader->msg;
    if (msg->first[SIP_H_CSEQ] < 0) {
        note(reader, SIP_MISSING_HEADER);
        return;
    }
    if (!sip_cseq_read(value_of(msg, SIP_H_CSEQ), &msg->cseq, &msg->cseq_method_text)) {
        note(reader, SIP_BAD_CSEQ);
        return;
    }
    if (msg->is_request && slice_equal(msg->cseq_method_text, msg->method_text)) {
        msg->cseq_method = msg->method;
        return;
    }
    msg->cseq_method = sip_method_from(msg->cseq_method_text);
    if (msg->is_request) {
        note(reader, SIP_BAD_CSEQ);
    }
}

/* Max-Forwards and Expires. Of a number too large for Expires, the largest is meant. */
static void numbers_read(struct reader *reader)
{
    struct sip_msg *msg = reader->msg;
    uint64_t number;
    if (msg->first[SIP_H_MAX_FORWARDS] >= 0) {
        if (slice_to_u64(value_of(msg, SIP_H_MAX_FORWARDS), MAX_FORWARDS_MAX, &number)) {
            msg->max_forwards = (int)number;
        } else {
            note(reader, SIP_BAD_MAX_FORWARDS);
        }
    }
    struct slice expires = value_of(msg, SIP_H_EXPIRES);
    if (slice_to_u64(expires, UINT32_MAX, &number)) {
        msg->expires_s = (int64_t)number;
    } else if (expires.size > 0) {
        const char *end = expires.data + expires.size;
        const char *at = expires.data;
        while (at < end && lex_is_digit(*at)) {
            at++;
        }
        msg->expires_s = at == end ? (int64_t)UINT32_MAX : -1;
    }
}

/* Requests only: a response's Contact matters to whoever wants to use it. */
static void contacts_read(struct reader *reader)
{
    struct sip_msg *msg = reader->msg;
    int header = msg->first[SIP_H_CONTACT];
    struct slice rest = {NULL, 0};
    struct slice value;
    int count = 0;
    bool has_star = false;
    while (sip_msg_list_next(msg, &header, &rest, &value)) {
        struct sip_address address;
        zero(&address, sizeof address);
        if (!sip_address_read(value, &address)) {
            note(reader, SIP_BAD_CONTACT);
            return;
        }
        has_star = has_star || address.is_star;
        count++;
    }
    if (has_star && (count > 1 || msg->method != SIP_REGISTER)) {
        note(reader, SIP_BAD_CONTACT);
    }
}

/* Without a Content-Length the body goes to the end of the datagram (RFC 3261 18.3). */
static void body_read(struct reader *reader, const char *start, const char *body, const char *end)
{
    struct sip_msg *msg = reader->msg;
    size_t left = (size_t)(end - body);
    uint64_t size = left;
    if (msg->first[SIP_H_CONTENT_LENGTH] >= 0 &&
        !slice_to_u64(value_of(msg, SIP_H_CONTENT_LENGTH), left, &size)) {
        note(reader, SIP_BAD_CONTENT_LENGTH);
        size = 0;
    }
    msg->body = slice_make(body, (size_t)size);
    msg->raw = lex_between(start, body + size);
}

/* Ends at the first line feed: a folded start line is none. Returns what follows it; NULL: it does
 * not end. */
static const char *start_line_find(const char *at, const char *end, struct slice *line,
                                   bool *is_clean)
{
    const char *stop = lex_next_control(at, end);
    if (end - stop >= 2 && lex_is_line_end(stop)) {
        *line = lex_between(at, stop);
        *is_clean = true;
        return stop + 2;
    }
    const char *feed = memchr(at, '\n', (size_t)(end - at));
    if (feed == NULL) {
        return NULL;
    }
    *line = lex_between(at, feed > at && feed[-1] == '\r' ? feed - 1 : feed);
    struct slice whole;
    *is_clean = lex_line_next(at, feed + 1, &whole, is_clean) != NULL && *is_clean;
    return feed + 1;
}

enum sip_parse sip_msg_parse(struct slice bytes, struct sip_msg *out)
{
    struct reader reader;
    reader.msg = out;
    reader.error = SIP_OK;
    reader.is_via_usable = false;
    msg_init(out);
    if (bytes.size > SIP_MESSAGE_SIZE_MAX) {
        return SIP_NOT_SIP;
    }
    const char *end = bytes.data + bytes.size;
    const char *start = bytes.data;
    while (start < end && (*start == '\r' || *start == '\n')) {
        start++; /* RFC 3261 7.5 */
    }
    if (start == end) {
        return SIP_EMPTY;
    }
    struct slice line;
    bool is_clean;
    const char *next = start_line_find(start, end, &line, &is_clean);
    if (next == NULL) {
        return SIP_NOT_SIP;
    }
    reader.error = sip_start_line_read(line, out);
    if (reader.error == SIP_NOT_SIP) {
        return SIP_NOT_SIP;
    }
    if (!is_clean) {
        note(&reader, SIP_BAD_START_LINE);
    }
    enum sip_parse header_error = SIP_OK;
    const char *body = sip_headers_read(next, end, out, &header_error);
    if (header_error != SIP_OK) {
        note(&reader, header_error);
    }
    vias_read(&reader);
    address_read(&reader, SIP_H_FROM, &out->from, SIP_BAD_FROM);
    address_read(&reader, SIP_H_TO, &out->to, SIP_BAD_TO);
    call_id_read(&reader);
    cseq_read(&reader);
    numbers_read(&reader);
    body_read(&reader, start, body, end);
    if (out->is_request) {
        contacts_read(&reader);
    }
    out->is_answerable = out->is_request && out->method != SIP_ACK && reader.is_via_usable;
    return reader.error;
}
