#include "dialstorm/scan.h"

#include <string.h>

static bool scan_start(struct slice line, struct message *message)
{
    if (line.size >= 12 && memcmp(line.data, "SIP/2.0 ", 8) == 0) {
        const char *digits = line.data + 8;
        message->status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
        return message->status >= 100 && message->status <= 699;
    }
    struct slice rest = line;
    message->method = slice_split(&rest, ' ');
    message->uri = slice_split(&rest, ' ');
    return message->uri.size > 0;
}

static bool scan_cseq(struct slice value, struct message *message)
{
    struct slice rest = value;
    uint64_t number = 0;
    if (!slice_to_u64(slice_split(&rest, ' '), UINT32_MAX, &number)) {
        return false;
    }
    message->cseq = (uint32_t)number;
    message->method = rest;
    return true;
}

static bool add_line(struct reader_list *list, struct slice value)
{
    if (list->count == READER_LIST_MAX) {
        return false;
    }
    list->items[list->count++] = value;
    return true;
}

static bool add_challenge(struct message *message, struct slice value, bool is_proxy)
{
    if (message->challenge_count == READER_LIST_MAX) {
        return false;
    }
    message->challenges[message->challenge_count++] = value;
    message->is_proxy_challenge = is_proxy;
    return true;
}

/* The length of a name tells most of them apart. */
static bool scan_header(struct slice name, struct slice value, struct message *message)
{
    char first = name.size > 0 ? (char)(name.data[0] | 0x20) : '\0';
    switch (name.size) {
    case 1:
        message->to = first == 't' ? value : message->to;
        message->from = first == 'f' ? value : message->from;
        message->call_id = first == 'i' ? value : message->call_id;
        return first != 'v' || add_line(&message->via, value);
    case 2:
        message->to = first == 't' ? value : message->to;
        return true;
    case 3:
        return first != 'v' || add_line(&message->via, value);
    case 4:
        if (first == 'f') {
            message->from = value;
        }
        return first != 'c' || scan_cseq(value, message);
    case 7:
        if (slice_equal_nocase(name, SLICE("Call-ID"))) {
            message->call_id = value;
        }
        return true;
    case 12:
        return !slice_equal_nocase(name, SLICE("Record-Route")) ||
               add_line(&message->record_route, value);
    case 16:
        return !slice_equal_nocase(name, SLICE("WWW-Authenticate")) ||
               add_challenge(message, value, false);
    case 18:
        return !slice_equal_nocase(name, SLICE("Proxy-Authenticate")) ||
               add_challenge(message, value, true);
    default:
        return true;
    }
}

static struct slice take_line(struct slice *rest)
{
    struct slice line = slice_split(rest, '\n');
    line.size -= line.size > 0 && line.data[line.size - 1] == '\r';
    return line;
}

bool scan_message(struct slice datagram, struct message *message)
{
    /* Not the whole of it: its lists are large, and their counts say what is in them. */
    message->status = 0;
    message->via.count = 0;
    message->record_route.count = 0;
    message->challenge_count = 0;
    message->whole = datagram;
    message->from = message->to = message->call_id = (struct slice){NULL, 0};
    message->cseq = 0;
    struct slice rest = datagram;
    if (!scan_start(take_line(&rest), message)) {
        return false;
    }
    for (struct slice line = take_line(&rest); line.size > 0; line = take_line(&rest)) {
        const char *colon = memchr(line.data, ':', line.size);
        if (colon == NULL) {
            return false;
        }
        struct slice name = slice_head(line, (size_t)(colon - line.data));
        struct slice value = slice_skip(line, name.size + 1);
        value = value.size > 0 && value.data[0] == ' ' ? slice_skip(value, 1) : value;
        if (!scan_header(name, value, message)) {
            return false;
        }
    }
    return message->via.count > 0 && message->from.size > 0 && message->to.size > 0 &&
           message->call_id.size > 0 && message->cseq > 0;
}

struct slice scan_branch(struct slice via)
{
    static const struct slice name = {";branch=", 8};
    const char *at = memmem(via.data, via.size, name.data, name.size);
    if (at == NULL) {
        return (struct slice){NULL, 0};
    }
    struct slice rest = slice_skip(via, (size_t)(at - via.data) + name.size);
    return slice_head(rest, slice_find(rest, ';'));
}
