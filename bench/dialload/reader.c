#include "dialload/reader.h"

#include <string.h>

static const struct slice end_of_line = {"\r\n", 2};

/* A view up to the next CRLF, which is taken off as well. False: there is none. */
static bool take_line(struct slice *rest, struct slice *line)
{
    const char *end = rest->size > 0 ? memmem(rest->data, rest->size, end_of_line.data, 2) : NULL;
    if (end == NULL) {
        return false;
    }
    *line = slice_make(rest->data, (size_t)(end - rest->data));
    *rest = slice_skip(*rest, line->size + 2);
    return true;
}

static bool read_u32(struct slice text, uint32_t *out)
{
    uint64_t value = 0;
    if (!slice_to_u64(text, UINT32_MAX - 1, &value)) {
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

bool reader_list_add(struct reader_list *list, struct slice value)
{
    size_t start = 0;
    bool is_quoted = false;
    bool is_bracketed = false;
    for (size_t i = 0; i <= value.size; i++) {
        char c = i < value.size ? value.data[i] : ',';
        if (c == '\\' && is_quoted) {
            i++;
        } else if (c == '"') {
            is_quoted = !is_quoted;
        } else if (!is_quoted && (c == '<' || c == '>')) {
            is_bracketed = c == '<';
        } else if (c == ',' && ((!is_quoted && !is_bracketed) || i == value.size)) {
            if (list->count == READER_LIST_MAX) {
                return false;
            }
            list->items[list->count++] = slice_trim(slice_make(value.data + start, i - start));
            start = i + 1;
        }
    }
    return true;
}

static bool read_cseq(struct message *message, struct slice value)
{
    struct slice rest = value;
    struct slice number = slice_split(&rest, ' ');
    struct slice method = slice_trim(rest);
    if (message->status == 0 && !slice_equal(method, message->method)) {
        return false;
    }
    message->method = method;
    return read_u32(number, &message->cseq);
}

static bool is_header(struct slice name, const char *long_name, char short_name)
{
    if (name.size == 1) {
        return short_name != '\0' && (name.data[0] | 0x20) == short_name;
    }
    return slice_equal_nocase(name, slice_from_text(long_name));
}

static bool read_challenge(struct message *message, struct slice value, bool is_proxy)
{
    if (message->challenge_count == READER_LIST_MAX) {
        return false;
    }
    message->challenges[message->challenge_count++] = value;
    message->is_proxy_challenge = is_proxy;
    return true;
}

static bool read_header(struct message *message, struct slice name, struct slice value,
                        uint32_t *body_size)
{
    if (is_header(name, "Via", 'v')) {
        return reader_list_add(&message->via, value);
    }
    if (is_header(name, "From", 'f')) {
        message->from = value;
    } else if (is_header(name, "To", 't')) {
        message->to = value;
    } else if (is_header(name, "Call-ID", 'i')) {
        message->call_id = value;
    } else if (is_header(name, "CSeq", '\0')) {
        return read_cseq(message, value);
    } else if (is_header(name, "Contact", 'm')) {
        return reader_list_add(&message->contact, value);
    } else if (is_header(name, "Record-Route", '\0')) {
        return reader_list_add(&message->record_route, value);
    } else if (is_header(name, "Route", '\0')) {
        return reader_list_add(&message->route, value);
    } else if (is_header(name, "WWW-Authenticate", '\0')) {
        return read_challenge(message, value, false);
    } else if (is_header(name, "Proxy-Authenticate", '\0')) {
        return read_challenge(message, value, true);
    } else if (is_header(name, "Max-Forwards", '\0')) {
        return read_u32(value, &message->max_forwards);
    } else if (is_header(name, "Expires", '\0')) {
        return read_u32(value, &message->expires_s);
    } else if (is_header(name, "Content-Length", 'l')) {
        return read_u32(value, body_size);
    }
    return true;
}

static bool read_start_line(struct message *message, struct slice line)
{
    struct slice version = SLICE("SIP/2.0");
    struct slice rest = line;
    struct slice first = slice_split(&rest, ' ');
    if (slice_equal(first, version)) {
        uint32_t status = 0;
        if (!read_u32(slice_split(&rest, ' '), &status) || status < 100 || status > 699) {
            return false;
        }
        message->status = (int)status;
        return true;
    }
    message->method = first;
    message->uri = slice_split(&rest, ' ');
    return message->uri.size > 0 && slice_equal(rest, version);
}

bool reader_read(struct slice datagram, struct message *message)
{
    *message =
        (struct message){.whole = datagram, .max_forwards = UINT32_MAX, .expires_s = UINT32_MAX};
    struct slice rest = datagram;
    struct slice line;
    if (!take_line(&rest, &line) || !read_start_line(message, line)) {
        return false;
    }
    uint32_t body_size = UINT32_MAX;
    for (;;) {
        if (!take_line(&rest, &line)) {
            return false;
        }
        if (line.size == 0) {
            break;
        }
        struct slice name = slice_head(line, slice_find(line, ':'));
        if (name.size == line.size ||
            !read_header(message, slice_trim(name), slice_trim(slice_skip(line, name.size + 1)),
                         &body_size)) {
            return false;
        }
    }
    message->body = rest;
    if (body_size != UINT32_MAX && body_size != rest.size) {
        return false;
    }
    return message->via.count > 0 && message->from.size > 0 && message->to.size > 0 &&
           message->call_id.size > 0 && message->cseq > 0;
}

bool reader_param(struct slice value, struct slice name, struct slice *out)
{
    const char *bracket = value.size > 0 ? memchr(value.data, '>', value.size) : NULL;
    struct slice rest = bracket != NULL ? slice_skip(value, (size_t)(bracket - value.data)) : value;
    (void)slice_split(&rest, ';');
    while (rest.size > 0) {
        struct slice param_value = slice_trim(slice_split(&rest, ';'));
        struct slice param_name = slice_trim(slice_split(&param_value, '='));
        if (slice_equal_nocase(param_name, name)) {
            *out = slice_trim(param_value);
            return true;
        }
    }
    return false;
}

struct slice reader_uri(struct slice value)
{
    size_t open = slice_find(value, '<');
    if (open == value.size) {
        return slice_trim(slice_head(value, slice_find(value, ';')));
    }
    struct slice uri = slice_skip(value, open + 1);
    return slice_head(uri, slice_find(uri, '>'));
}

/* name = token or name = "quoted", separated by commas (RFC 2617 3.2.1). */
bool reader_auth_field(struct slice challenge, struct slice name, struct slice *out)
{
    struct slice rest = slice_trim(challenge);
    (void)slice_split(&rest, ' '); /* the scheme */
    while (rest.size > 0) {
        struct slice field = slice_trim(slice_split(&rest, '='));
        struct slice value;
        rest = slice_trim(rest);
        if (rest.size > 0 && rest.data[0] == '"') {
            rest = slice_skip(rest, 1);
            value = slice_split(&rest, '"');
            (void)slice_split(&rest, ',');
        } else {
            value = slice_trim(slice_split(&rest, ','));
        }
        if (slice_equal_nocase(field, name)) {
            *out = value;
            return true;
        }
    }
    return false;
}
