#include "sip/lex.h"
#include "sip/msg.h"
#include "sip/msg_field.h"
#include "sip/msg_header.h"

#define MAX_FORWARDS_MAX 255 /* RFC 3261 20.22 */

struct reader { /* one parse under way */
    struct sip_msg *msg;
    enum sip_parse error;      /* the first that was found */
    int16_t last[SIP_H_COUNT]; /* header of an id that came last; set where msg->first is */
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

/* The colon among the first sixteen characters of a line; `end` where it is not there. */
static const char *near_colon(const char *at, const char *end)
{
#ifdef __SSE2__
    if (end - at >= 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)at);
        unsigned mask = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8(':')));
        return mask == 0 ? end : at + __builtin_ctz(mask);
    }
#endif
    const char *found = memchr(at, ':', (size_t)(end - at));
    return found == NULL ? end : found;
}

/* Reads a name that is not known by its letters, or stands away from its colon. NULL: broken. */
static const char *odd_name_read(struct slice line, struct slice *name)
{
    const char *end = line.data + line.size;
    const char *name_end = lex_skip(line.data, end, LEX_TOKEN);
    const char *colon = name_end;
    while (colon < end && (*colon == ' ' || *colon == '\t')) {
        colon++;
    }
    *name = lex_between(line.data, name_end);
    return name_end == line.data || colon == end || *colon != ':' ? NULL : colon;
}

static void header_note(struct reader *reader, const struct sip_header *header)
{
    struct sip_msg *msg = reader->msg;
    int16_t index = (int16_t)msg->header_count;
    int16_t before = reader->last[header->id];
    reader->last[header->id] = index;
    if (msg->first[header->id] < 0) {
        msg->first[header->id] = index;
        return;
    }
    msg->headers[before].next = index;
    if (sip_header_is_single(header->id)) {
        const struct sip_header *first = &msg->headers[msg->first[header->id]];
        bool is_length =
            header->id == SIP_H_CONTENT_LENGTH && !slice_equal(first->value, header->value);
        note(reader, is_length ? SIP_BAD_CONTENT_LENGTH : SIP_DUPLICATE_HEADER);
    }
}

/* A broken line is left out of the list; the message is refused anyway. */
static void header_add(struct reader *reader, struct slice line)
{
    struct sip_msg *msg = reader->msg;
    const char *end = line.data + line.size;
    const char *colon = near_colon(line.data, end);
    struct slice name = lex_between(line.data, colon);
    enum sip_header_id id = colon == end ? SIP_H_OTHER : sip_header_id_from(name);
    if (id == SIP_H_OTHER) {
        colon = odd_name_read(line, &name);
        if (colon == NULL) {
            note(reader, SIP_BAD_HEADER);
            return;
        }
        id = sip_header_id_from(name);
    }
    const char *start = lex_skip_space(colon + 1, end);
    while (end > start && lex_is_space(end[-1])) {
        end--;
    }
    struct sip_header *header = &msg->headers[msg->header_count];
    *header = (struct sip_header){
        .id = id, .next = -1, .line = line, .name = name, .value = lex_between(start, end)};
    if (id != SIP_H_OTHER) {
        header_note(reader, header);
    }
    msg->header_count++;
}

/* One line, as lex_line_next reads it: the usual one is free of controls and not folded. */
static inline const char *line_read(const char *at, const char *end, struct slice *line,
                                    bool *is_clean)
{
    const char *stop = lex_next_control(at, end);
    bool is_usual = end - stop > 2 && stop[0] == '\r' && stop[1] == '\n' &&
                    (stop == at || (stop[2] != ' ' && stop[2] != '\t'));
    if (is_usual) {
        *line = lex_between(at, stop);
        *is_clean = true;
        return stop + 2;
    }
    return lex_line_next(at, end, line, is_clean);
}

/* Returns where the body starts. */
static const char *headers_read(struct reader *reader, const char *at, const char *end)
{
    while (true) {
        struct slice line;
        bool is_clean;
        const char *next = line_read(at, end, &line, &is_clean);
        if (next == NULL) { /* no empty line: the end of the message is missing */
            note(reader, SIP_BAD_HEADER);
            return end;
        }
        if (line.size == 0) {
            return next;
        }
        if (reader->msg->header_count == SIP_HEADERS_MAX) {
            note(reader, SIP_TOO_MANY_HEADERS);
            return end;
        }
        if (!is_clean) {
            note(reader, SIP_BAD_HEADER);
        } else {
            header_add(reader, line);
        }
        at = next;
    }
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
    } else if (!sip_address_read(sip_msg_value(reader->msg, id), out) || out->is_star) {
        *out = (struct sip_address){0};
        note(reader, error);
    }
}

static void call_id_read(struct reader *reader)
{
    struct slice value = sip_msg_value(reader->msg, SIP_H_CALL_ID);
    if (reader->msg->first[SIP_H_CALL_ID] < 0) {
        note(reader, SIP_MISSING_HEADER);
        return;
    }
    reader->msg->call_id = value;
    for (size_t i = 0; i < value.size; i++) {
        if (lex_is_space(value.data[i])) {
            note(reader, SIP_BAD_CALL_ID);
            return;
        }
    }
    if (value.size == 0) {
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
    if (!sip_cseq_read(sip_msg_value(msg, SIP_H_CSEQ), &msg->cseq, &msg->cseq_method_text)) {
        note(reader, SIP_BAD_CSEQ);
        return;
    }
    msg->cseq_method = sip_method_from(msg->cseq_method_text);
    if (msg->is_request && !slice_equal(msg->cseq_method_text, msg->method_text)) {
        note(reader, SIP_BAD_CSEQ);
    }
}

/* Max-Forwards and Expires. Of a number too large for Expires, the largest is meant. */
static void numbers_read(struct reader *reader)
{
    struct sip_msg *msg = reader->msg;
    uint64_t number;
    if (msg->first[SIP_H_MAX_FORWARDS] >= 0) {
        if (slice_to_u64(sip_msg_value(msg, SIP_H_MAX_FORWARDS), MAX_FORWARDS_MAX, &number)) {
            msg->max_forwards = (int)number;
        } else {
            note(reader, SIP_BAD_MAX_FORWARDS);
        }
    }
    struct slice expires = sip_msg_value(msg, SIP_H_EXPIRES);
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
        struct sip_address address = {0};
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
        !slice_to_u64(sip_msg_value(msg, SIP_H_CONTENT_LENGTH), left, &size)) {
        note(reader, SIP_BAD_CONTENT_LENGTH);
        size = 0;
    }
    msg->body = slice_make(body, (size_t)size);
    msg->raw = lex_between(start, body + size);
}

enum sip_parse sip_msg_parse(struct slice bytes, struct sip_msg *out)
{
    struct reader reader; /* `last` is set as it is needed */
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
    const char *feed = memchr(start, '\n', (size_t)(end - start));
    if (feed == NULL) {
        return SIP_NOT_SIP;
    }
    struct slice line = lex_between(start, feed > start && feed[-1] == '\r' ? feed - 1 : feed);
    reader.error = sip_start_line_read(line, out);
    if (reader.error == SIP_NOT_SIP) {
        return SIP_NOT_SIP;
    }
    struct slice whole;
    bool is_clean;
    /* A folded start line is none. */
    if (lex_line_next(start, feed + 1, &whole, &is_clean) == NULL || !is_clean) {
        note(&reader, SIP_BAD_START_LINE);
    }
    const char *body = headers_read(&reader, feed + 1, end);
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
