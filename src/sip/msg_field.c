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
    enum lex_param found = lex_param_next(&rest, &name, &value);
    for (; found == LEX_PARAM_FOUND; found = lex_param_next(&rest, &name, &value)) {
        if (!LEX_IS(name, "branch")) {
            continue;
        }
        if (has_branch) {
            return false;
        }
        has_branch = true;
        via->branch = value;
    }
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
    const char *stop = sent_protocol_end(text.data, end, &out->transport);
    if (stop == NULL) {
        return VIA_UNUSABLE;
    }
    const char *host = lex_skip_space(stop, end);
    const char *at = host == stop ? NULL : lex_host_end(host, end);
    if (at == NULL) {
        return VIA_UNUSABLE;
    }
    out->host = lex_between(host, at);
    const char *after = lex_port_end(at, end, &out->port);
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
    enum lex_param found = lex_param_next(&rest, &name, &value);
    for (; found == LEX_PARAM_FOUND; found = lex_param_next(&rest, &name, &value)) {
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

bool sip_address_read(struct slice text, struct sip_address *out)
{
    text = slice_trim(text);
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
