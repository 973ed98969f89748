#include "sip/lex.h"
#include "sip/msg.h"

#include <assert.h>

struct slice sip_msg_value(const struct sip_msg *msg, enum sip_header_id id)
{
    int index = msg->first[id];
    return index < 0 ? (struct slice){NULL, 0} : msg->headers[index].value;
}

bool sip_msg_has(const struct sip_msg *msg, enum sip_header_id id)
{
    return msg->first[id] >= 0;
}

int sip_msg_next(const struct sip_msg *msg, int after)
{
    assert(after >= 0 && after < msg->header_count);
    return msg->headers[after].next;
}

/* The comma that ends the first value, or the end. */
static const char *value_end(const char *at, const char *end)
{
    int depth = 0;
    bool is_bracketed = false;
    for (; at < end; at++) {
        switch (*at) {
        case '"':
            if (is_bracketed) {
                break;
            }
            at = lex_quoted_end(at, end);
            if (at == NULL) {
                return end;
            }
            at--;
            break;
        case '<':
            is_bracketed = true;
            break;
        case '>':
            is_bracketed = false;
            break;
        case '(':
            depth += !is_bracketed;
            break;
        case ')':
            depth -= !is_bracketed && depth > 0;
            break;
        case ',':
            if (!is_bracketed && depth == 0) {
                return at;
            }
            break;
        default:
            break;
        }
    }
    return end;
}

bool sip_list_next(struct slice *rest, struct slice *value)
{
    if (rest->size == 0) {
        return false;
    }
    const char *end = rest->data + rest->size;
    const char *start = lex_skip_space(rest->data, end);
    if (start == end) {
        *rest = (struct slice){end, 0};
        return false;
    }
    const char *stop = memchr(start, ',', (size_t)(end - start));
    stop = stop == NULL ? end : value_end(start, end);
    *value = slice_trim(lex_between(start, stop));
    *rest = lex_between(stop < end ? stop + 1 : end, end);
    return true;
}

bool sip_msg_list_next(const struct sip_msg *msg, int *header, struct slice *rest,
                       struct slice *value)
{
    while (rest->size == 0 || !sip_list_next(rest, value)) {
        if (*header < 0) {
            return false;
        }
        *rest = msg->headers[*header].value;
        *header = sip_msg_next(msg, *header);
        if (rest->size > 0 && memchr(rest->data, ',', rest->size) == NULL) { /* most are alone */
            *value = *rest;
            *rest = (struct slice){rest->data + rest->size, 0};
            return true;
        }
    }
    return true;
}

bool sip_msg_has_token(const struct sip_msg *msg, enum sip_header_id id, const char *token)
{
    struct slice wanted = slice_from_text(token);
    struct slice rest = {NULL, 0};
    struct slice value;
    int header = msg->first[id];
    while (sip_msg_list_next(msg, &header, &rest, &value)) {
        if (slice_equal_nocase(value, wanted)) {
            return true;
        }
    }
    return false;
}
