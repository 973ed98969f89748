#include "sip/uri.h"

#include "sip/lex.h"
#include "sip/msg_field.h"

/* ";name=value;name" up to '?' or the end; NULL: an empty name or a character that may not stand.
 */
static const char *params_end(const char *at, const char *end)
{
    while (at < end && *at == ';') {
        const char *start = at + 1;
        at = lex_skip_escaped(start, end, LEX_PARAM);
        if (at == start) {
            return NULL;
        }
        if (at < end && *at == '=') { /* ";lr=" is seen in the field */
            at = lex_skip_escaped(at + 1, end, LEX_PARAM);
        }
        if (at < end && *at != ';' && *at != '?') {
            return NULL;
        }
    }
    return at;
}

/* "user:password" before the '@' at `sign`. */
static bool user_read(const char *at, const char *sign, struct sip_uri *uri)
{
    const char *colon = memchr(at, ':', (size_t)(sign - at));
    const char *stop = colon != NULL ? colon : sign;
    uri->user = lex_between(at, stop);
    if (at == stop || lex_skip_escaped(at, stop, LEX_USER) != stop) {
        return false;
    }
    if (colon != NULL) {
        uri->password = lex_between(colon + 1, sign);
        return lex_skip_escaped(colon + 1, sign, LEX_USER) == sign;
    }
    return true;
}

/* "host:port" at `at`: its end, or NULL. */
static const char *host_read(const char *at, const char *end, struct sip_uri *uri)
{
    const char *stop = lex_skip_plain(at, end);
    if (stop == at) {
        stop = lex_host_end(at, end);
        if (stop == NULL) {
            return NULL;
        }
    }
    uri->host = lex_between(at, stop);
    /* No white space here: lex_port_end would allow it, the checks that follow then fail. */
    if (stop < end && *stop == ':') {
        if (stop + 1 == end || !lex_is_digit(stop[1])) {
            return NULL;
        }
        return lex_port_end(stop, end, &uri->port);
    }
    return stop;
}

/* What follows "sip:" or "sips:". */
static bool sip_rest_parse(const char *at, const char *end, struct sip_uri *uri)
{
    const char *sign = lex_skip_plain(at, end);
    if (sign < end && sign > at && *sign == '@') { /* most users are plain */
        uri->user = lex_between(at, sign);
        at = sign + 1;
    } else if (sign < end && (sign = memchr(sign, '@', (size_t)(end - sign))) != NULL) {
        if (!user_read(at, sign, uri)) {
            return false;
        }
        at = sign + 1;
    }
    const char *stop = host_read(at, end, uri);
    at = stop == NULL ? NULL : params_end(stop, end);
    if (at == NULL) {
        return false;
    }
    uri->params = lex_between(stop, at);
    if (at == end) {
        return true;
    }
    if (*at != '?') {
        return false;
    }
    uri->headers = lex_between(at + 1, end);
    return lex_all(uri->headers, LEX_PARAM | LEX_USER | LEX_NAME);
}

static bool is_tel_digit(char c)
{
    return lex_is(c, LEX_HEX) || c == '*' || c == '#';
}

static bool is_tel_separator(char c)
{
    return c == '-' || c == '.' || c == '(' || c == ')';
}

/* What follows "tel:" (RFC 3966 3). */
static bool tel_rest_parse(const char *at, const char *end, struct sip_uri *uri)
{
    const char *start = at;
    bool has_digit = false;
    if (at < end && *at == '+') {
        at++;
    }
    for (; at < end && *at != ';'; at++) {
        if (!is_tel_digit(*at) && !is_tel_separator(*at)) {
            return false;
        }
        has_digit = has_digit || is_tel_digit(*at);
    }
    uri->user = lex_between(start, at);
    uri->params = lex_between(at, end);
    return has_digit && params_end(at, end) == end;
}

static enum sip_scheme scheme_from(struct slice text)
{
    if (LEX_IS(text, "sip")) {
        return SIP_SCHEME_SIP;
    }
    if (LEX_IS(text, "sips")) {
        return SIP_SCHEME_SIPS;
    }
    if (LEX_IS(text, "tel")) {
        return SIP_SCHEME_TEL;
    }
    return SIP_SCHEME_OTHER;
}

static const char *scheme_end(const char *at, const char *end)
{
    if (at == end || !((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z'))) {
        return NULL;
    }
    while (at < end && *at != ':') {
        if ((!lex_is(*at, LEX_HOST) || *at == '_') && *at != '+') {
            return NULL;
        }
        at++;
    }
    return at == end ? NULL : at;
}

bool sip_uri_read(struct slice text, struct sip_uri *out)
{
    if (text.size == 0) {
        return false;
    }
    const char *end = text.data + text.size;
    const char *colon = text.data + 3;
    if (text.size > 4 && *colon == ':' && LEX_IS(slice_make(text.data, 3), "sip")) {
        out->text = text;
        out->scheme_text = slice_make(text.data, 3);
        out->scheme = SIP_SCHEME_SIP;
        return sip_rest_parse(colon + 1, end, out);
    }
    colon = scheme_end(text.data, end);
    if (colon == NULL || colon + 1 == end) {
        return false;
    }
    out->text = text;
    out->scheme_text = lex_between(text.data, colon);
    out->scheme = scheme_from(out->scheme_text);
    switch (out->scheme) {
    case SIP_SCHEME_SIP:
    case SIP_SCHEME_SIPS:
        return sip_rest_parse(colon + 1, end, out);
    case SIP_SCHEME_TEL:
        return tel_rest_parse(colon + 1, end, out);
    case SIP_SCHEME_OTHER:
        return lex_all(lex_between(colon + 1, end), LEX_VISIBLE);
    }
    return false;
}

bool sip_uri_parse(struct slice text, struct sip_uri *out)
{
    struct sip_uri uri = {0};
    if (!sip_uri_read(text, &uri)) {
        return false;
    }
    *out = uri;
    return true;
}

bool sip_param_next(struct slice *rest, struct slice *name, struct slice *value)
{
    if (lex_param_take(rest, name, value) == LEX_PARAM_FOUND) {
        return true;
    }
    *rest = (struct slice){NULL, 0};
    return false;
}

bool sip_param_get(struct slice params, const char *name, struct slice *value)
{
    struct slice wanted = slice_from_text(name);
    struct slice found, text;
    while (sip_param_next(&params, &found, &text)) {
        if (slice_equal_nocase(found, wanted)) {
            *value = text;
            return true;
        }
    }
    return false;
}

static int hex_digit(char c)
{
    if (lex_is_digit(c)) {
        return c - '0';
    }
    return (c | 0x20) - 'a' + 10;
}

/* One character of *text, unescaped; -1: a broken escape. */
static int char_take(struct slice *text, bool *was_escaped)
{
    const char *at = text->data;
    *was_escaped = false;
    if (*at != '%') {
        *text = slice_skip(*text, 1);
        return (uint8_t)*at;
    }
    if (text->size < 3 || !lex_is(at[1], LEX_HEX) || !lex_is(at[2], LEX_HEX)) {
        return -1;
    }
    *was_escaped = true;
    *text = slice_skip(*text, 3);
    return hex_digit(at[1]) * 16 + hex_digit(at[2]);
}

bool sip_unescape(struct slice text, struct buf *out)
{
    while (text.size > 0) {
        bool was_escaped;
        int c = char_take(&text, &was_escaped);
        if (c < 0 || (was_escaped && c == 0)) {
            return false;
        }
        buf_char(out, (char)c);
    }
    return !out->is_full;
}

bool sip_uri_user(const struct sip_uri *uri, char *field, size_t field_size)
{
    char text[256];
    struct buf buf;
    if (slice_find(uri->user, '%') == uri->user.size) {
        return slice_copy_text(uri->user, field, field_size); /* nothing is escaped, as in most */
    }
    buf_init(&buf, text, sizeof text);
    /* An unescaped NUL cannot come here from a parsed URI, but would cut the name short. */
    return slice_find(uri->user, '\0') == uri->user.size && sip_unescape(uri->user, &buf) &&
           slice_copy_text(buf_done(&buf), field, field_size);
}
