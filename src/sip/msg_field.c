#include "sip/msg_field.h"

#include "sip/lex.h"

/* "SIP / 2.0 / UDP", white space allowed around the slashes (RFC 3261 25.1, SLASH): the end, or
 * NULL. The version is not looked at: who speaks another one is told so in a response. */
static const char *sent_protocol_end(const char *at, const char *end, struct slice *transport)
{
    for (int part = 0; part < 3; part++) {
        const char *start = at;
        at = lex_skip(at, end, LEX_TOKEN);
        if (at == start) {
            return NULL;
        }
        if (part == 0 && !LEX_IS(lex_between(start, at), "sip")) {
            return NULL;
        }
        if (part == 2) {
            *transport = lex_between(start, at);
            return at;
        }
        at = lex_skip_space(at, end);
        if (at == end || *at != '/') {
            return NULL;
        }
        at = lex_skip_space(at + 1, end);
    }
    return NULL;
}

/* A second branch would let two readers see two transactions in one message. */
static bool via_params_read(struct sip_via *via)
{
    struct slice rest = via->params;
    struct slice name, value;
    bool has_branch = false;
    int mark_count = 0;
    const char *start = rest.data;
    enum lex_param found;
    for (; (found = lex_param_take(&rest, &name, &value)) == LEX_PARAM_FOUND; start = rest.data) {
        if (LEX_IS(name, "branch")) {
            if (has_branch) {
                return false;
            }
            has_branch = true;
            via->branch = value;
        } else if (LEX_IS(name, "rport")) {
            via->rport = mark_count++ == 0 ? lex_between(start, rest.data) : via->rport;
        } else if (LEX_IS(name, "received")) {
            mark_count += 2;
        }
    }
    via->is_unmarked = found == LEX_PARAM_END && mark_count == (via->rport.size > 0 ? 1 : 0);
    return found == LEX_PARAM_END;
}

enum via_read sip_via_read(struct slice text, struct sip_via *out)
{
    text = slice_trim(text);
    const char *end = text.data + text.size;
    if (text.size == 0) {
        return VIA_UNUSABLE;
    }
    out->text = text;
    static const char usual[] = "SIP/2.0/UDP ";
    const char *stop;
    if (text.size > sizeof usual && memcmp(text.data, usual, sizeof usual - 1) == 0) {
        stop = text.data + sizeof usual - 2;
        out->transport = slice_make(stop - 3, 3);
    } else {
        stop = sent_protocol_end(text.data, end, &out->transport);
    }
    if (stop == NULL) {
        return VIA_UNUSABLE;
    }
    const char *host = lex_skip_space(stop, end);
    const char *at = lex_skip_plain(host, end);
    if (at == host) {
        at = lex_host_end(host, end);
    }
    if (host == stop || at == NULL) {
        return VIA_UNUSABLE;
    }
    out->host = lex_between(host, at);
    const char *after = at;
    if (at < end && *at != ';') {
        after = lex_port_end(at, end, &out->port);
    }
    at = after != NULL ? after : at;
    out->params = lex_between(at, end);
    bool is_good = via_params_read(out) && after != NULL;
    return is_good ? VIA_GOOD : VIA_USABLE;
}

bool sip_via_parse(struct slice text, struct sip_via *out)
{
    struct sip_via via = {0};
    if (sip_via_read(text, &via) != VIA_GOOD) {
        return false;
    }
    *out = via;
    return true;
}

bool sip_cseq_read(struct slice text, uint32_t *number, struct slice *method)
{
    const char *at = text.data;
    const char *end = text.data + text.size;
    uint64_t value = 0;
    while (at < end && lex_is_digit(*at) && value <= SIP_CSEQ_MAX) {
        value = value * 10 + (uint64_t)(*at++ - '0');
    }
    const char *start = lex_skip_space(at, end);
    if (at == text.data || start == at || value > SIP_CSEQ_MAX ||
        !lex_all(lex_between(start, end), LEX_TOKEN)) {
        return false;
    }
    *number = (uint32_t)value;
    *method = lex_between(start, end);
    return true;
}

/* The display name up to '<': quoted, or words. Words are read widely (phones send "Jo (Sales)" and
 * UTF-8 without quotes), but a comma would be the end of a list's value for others. */
static const char *display_end(const char *at, const char *end)
{
    if (at < end && *at == '"') {
        at = lex_quoted_end(at, end);
        return at == NULL ? NULL : lex_skip_space(at, end);
    }
    while (at < end && *at != '<') {
        if (*at == '"' || *at == ',' || *at == ';' || *at == '>' || *at == '\0') {
            return NULL;
        }
        at++;
    }
    return at;
}

static bool is_name_addr(const char *at, const char *end)
{
    while (at < end && *at != '<' && *at != '"' && *at != ';') {
        at++;
    }
    return at < end && *at != ';';
}

static bool address_uri_read(struct slice text, bool is_bracketed, struct sip_address *address)
{
    address->uri_text = text;
    if (!sip_uri_read(text, &address->uri)) {
        return false;
    }
    /* Without brackets, '?' and ',' could belong to the URI or to the header (RFC 3261 20.10). */
    return is_bracketed ||
           (memchr(text.data, '?', text.size) == NULL && memchr(text.data, ',', text.size) == NULL);
}

static bool address_params_read(struct sip_address *address)
{
    struct slice rest = address->params;
    struct slice name, value;
    bool has_tag = false;
    enum lex_param found;
    while ((found = lex_param_take(&rest, &name, &value)) == LEX_PARAM_FOUND) {
        if (!LEX_IS(name, "tag")) {
            continue;
        }
        /* Two tags would be two dialogs to two readers; and one of no letters (RFC 3261 25.1 wants
         * a token) is none to us, who would add a second. */
        if (has_tag || value.size == 0) {
            return false;
        }
        has_tag = true;
        address->tag = value;
    }
    return found == LEX_PARAM_END;
}

/* "<sip:user@host:port>;tag=value", or a part of it, of plain characters only: what nearly all say.
 * False: another form, for the long way; nothing was written. */
static bool usual_address_read(struct slice text, struct sip_address *out)
{
    if (text.size < 8 || memcmp(text.data, "<sip:", 5) != 0) {
        return false;
    }
    const char *start = text.data + 5;
    const char *end = text.data + text.size;
    const char *sign = lex_skip_plain(start, end);
    bool has_user = sign > start && sign < end && *sign == '@';
    const char *host = has_user ? sign + 1 : start;
    const char *host_end = has_user ? lex_skip_plain(host, end) : sign;
    if (host_end == host || host_end == end) {
        return false;
    }
    const char *close = host_end;
    unsigned port = 0;
    if (*close == ':') {
        for (close++; close < end && lex_is_digit(*close) && port <= UINT16_MAX; close++) {
            port = port * 10 + (unsigned)(*close - '0');
        }
        if (port == 0 || port > UINT16_MAX) {
            return false;
        }
    }
    if (close == end || *close != '>') {
        return false;
    }
    const char *params = close + 1;
    struct slice tag = {NULL, 0};
    if (params < end) {
        if (end - params < 6 || memcmp(params, ";tag=", 5) != 0 ||
            lex_skip_plain(params + 5, end) != end) {
            return false;
        }
        tag = lex_between(params + 5, end);
    }
    out->text = text;
    out->display = slice_make(text.data, 0);
    out->uri_text = lex_between(text.data + 1, close);
    out->uri.scheme = SIP_SCHEME_SIP;
    out->uri.text = out->uri_text;
    out->uri.scheme_text = slice_make(text.data + 1, 3);
    if (has_user) {
        out->uri.user = lex_between(start, sign);
    }
    out->uri.host = lex_between(host, host_end);
    out->uri.port = (uint16_t)port;
    out->uri.params = slice_make(close, 0);
    out->params = lex_between(params, end);
    out->tag = tag;
    return true;
}

bool sip_address_read(struct slice text, struct sip_address *out)
{
    text = slice_trim(text);
    if (usual_address_read(text, out)) {
        return true;
    }
    if (text.size == 0) {
        return false;
    }
    out->text = text;
    const char *end = text.data + text.size;
    const char *at = text.data;
    if (text.size == 1 && *at == '*') {
        out->is_star = true;
        return true;
    }
    bool is_bracketed = is_name_addr(at, end);
    struct slice uri;
    if (is_bracketed) {
        const char *open = display_end(at, end);
        const char *close = open == NULL || open == end || *open != '<'
                                ? NULL
                                : memchr(open, '>', (size_t)(end - open));
        if (close == NULL) {
            return false;
        }
        out->display = slice_trim(lex_between(at, open));
        uri = lex_between(open + 1, close);
        out->params = lex_between(close + 1, end);
    } else {
        const char *semicolon = memchr(at, ';', text.size);
        const char *stop = semicolon != NULL ? semicolon : end;
        uri = slice_trim(lex_between(at, stop));
        out->params = lex_between(stop, end);
    }
    return address_uri_read(uri, is_bracketed, out) && address_params_read(out);
}

bool sip_address_parse(struct slice text, struct sip_address *out)
{
    struct sip_address address = {0};
    if (!sip_address_read(text, &address)) {
        return false;
    }
    *out = address;
    return true;
}
