#include "sip/lex.h"
#include "sip/msg_field.h"

static bool is_other_version(struct slice text)
{
    const char *end = text.data + text.size;
    const char *major = text.data + 4;
    const char *dot = major;
    while (dot < end && lex_is_digit(*dot)) {
        dot++;
    }
    const char *at = dot < end && *dot == '.' ? dot + 1 : end;
    const char *minor = at;
    while (at < end && lex_is_digit(*at)) {
        at++;
    }
    return dot > major && minor < end && at == end;
}

/* The version is compared without case (RFC 3261 7.1). `text` starts with "SIP/". */
static enum sip_parse version_check(struct slice text)
{
    if (slice_equal(text, SLICE("SIP/2.0")) || slice_equal_nocase(text, SLICE("SIP/2.0"))) {
        return SIP_OK;
    }
    return is_other_version(text) ? SIP_BAD_VERSION : SIP_BAD_START_LINE;
}

static bool has_sip_mark(struct slice line)
{
    while (line.size >= 4) {
        if (slice_starts_with_nocase(line, SLICE("SIP/"))) {
            return true;
        }
        line = slice_skip(line, 1);
    }
    return false;
}

/* Request-URIs may not carry headers (RFC 3261 19.1.1, table 1). */
static enum sip_parse request_uri_read(struct sip_msg *msg)
{
    if (!sip_uri_read(msg->uri_text, &msg->uri)) { /* no URI has a space in it */
        bool is_one = slice_find(msg->uri_text, ' ') == msg->uri_text.size;
        if (!is_one || msg->uri_text.size == 0) {
            msg->uri = (struct sip_uri){0};
            return SIP_BAD_START_LINE;
        }
        return SIP_BAD_URI;
    }
    if (msg->uri.headers.size > 0) {
        return SIP_BAD_URI;
    }
    return msg->uri.scheme == SIP_SCHEME_OTHER ? SIP_BAD_SCHEME : SIP_OK;
}

static enum sip_parse request_line_read(struct slice line, struct sip_msg *msg)
{
    const char *end = line.data + line.size;
    const char *first = lex_skip(line.data, end, LEX_TOKEN);
    if (first == line.data || first == end || *first != ' ') {
        return SIP_NOT_SIP;
    }
    static const struct slice usual = {" SIP/2.0", 8};
    if (end - first > (ptrdiff_t)usual.size && memcmp(end - usual.size, usual.data, 8) == 0) {
        msg->is_request = true;
        msg->method_text = lex_between(line.data, first);
        msg->method = sip_method_from(msg->method_text);
        msg->uri_text = lex_between(first + 1, end - usual.size);
        return request_uri_read(msg);
    }
    const char *last = memrchr(line.data, ' ', line.size);
    struct slice version = lex_between(last + 1, end);
    bool is_version_last = slice_starts_with_nocase(version, SLICE("SIP/"));
    if (!is_version_last && !has_sip_mark(lex_between(first, end))) {
        return SIP_NOT_SIP;
    }
    msg->is_request = true;
    msg->method_text = lex_between(line.data, first);
    msg->method = sip_method_from(msg->method_text);
    if (first == last || !is_version_last) {
        return SIP_BAD_START_LINE;
    }
    msg->uri_text = lex_between(first + 1, last);
    enum sip_parse result = version_check(version);
    return result != SIP_OK ? result : request_uri_read(msg);
}

static enum sip_parse status_line_read(struct slice line, struct sip_msg *msg)
{
    const char *end = line.data + line.size;
    const char *space = memchr(line.data, ' ', line.size);
    if (space == NULL) {
        return SIP_BAD_START_LINE;
    }
    enum sip_parse result = version_check(lex_between(line.data, space));
    if (result != SIP_OK) {
        return result;
    }
    const char *at = space + 1;
    if (end - at < 3 || !lex_is_digit(at[0]) || !lex_is_digit(at[1]) || !lex_is_digit(at[2]) ||
        (end - at > 3 && at[3] != ' ')) {
        return SIP_BAD_START_LINE;
    }
    msg->status = (at[0] - '0') * 100 + (at[1] - '0') * 10 + (at[2] - '0');
    msg->reason = end - at > 3 ? lex_between(at + 4, end) : (struct slice){end, 0};
    return msg->status < 100 || msg->status > 699 ? SIP_BAD_START_LINE : SIP_OK;
}

enum sip_parse sip_start_line_read(struct slice line, struct sip_msg *out)
{
    bool is_response =
        line.size >= 4 && line.data[3] == '/' && LEX_IS(slice_make(line.data, 3), "sip");
    return is_response ? status_line_read(line, out) : request_line_read(line, out);
}
