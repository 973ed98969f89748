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

/* A name that we know, with its colon behind it, among the first sixteen bytes: its id, and where
 * the colon is. OTHER: it is read the long way. `end`: of what may be read. */
static inline enum sip_header_id near_name_read(const char *at, const char *end, const char **colon)
{
#ifdef __SSE2__
    if (end - at >= 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)at);
        unsigned mask = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8(':')));
        unsigned size = (unsigned)__builtin_ctz(mask | 0x10000);
        if (size < 2 || size == 16) {
            return SIP_H_OTHER;
        }
        *colon = at + size;
        const struct sip_header_name *known = sip_header_slot(size, at[0], at[size - 1]);
        block = _mm_or_si128(block, _mm_set1_epi8(0x20));
        __m128i text = _mm_loadu_si128((const __m128i *)(const void *)known->text);
        unsigned same = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, text));
        /* The first bit that is not set stands where they differ. */
        bool is_known = known->size == size && (unsigned)__builtin_ctz(~same) >= size;
        return is_known ? (enum sip_header_id)known->id : SIP_H_OTHER;
    }
#endif
    return SIP_H_OTHER;
}

/* Reads a name that is not known at a glance, or stands away from its colon. NULL: broken. */
static const char *far_name_read(struct slice line, struct slice *name)
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

/* A broken line is left out of the list; the message is refused anyway. `limit`: of what may be
 * read behind the line. */
static inline void header_add(struct reader *reader, struct slice line, const char *limit)
{
    struct sip_msg *msg = reader->msg;
    const char *end = line.data + line.size;
    const char *colon = end;
    enum sip_header_id id = near_name_read(line.data, limit, &colon);
    struct slice name = lex_between(line.data, colon);
    if (id == SIP_H_OTHER || colon >= end) {
        colon = far_name_read(line, &name);
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
    header->id = id;
    header->next = -1;
    header->line = line;
    header->name = name;
    header->value = lex_between(start, end);
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
    bool is_usual = end - stop >= 2 && stop[0] == '\r' && stop[1] == '\n' &&
                    (stop == at || (end - stop > 2 && stop[2] != ' ' && stop[2] != '\t'));
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
            header_add(reader, line, end);
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
    if (end - stop >= 2 && stop[0] == '\r' && stop[1] == '\n') {
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
    const char *body = headers_read(&reader, next, end);
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
