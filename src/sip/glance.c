#include "sip/glance.h"

#include <string.h>

/* The line up to its CRLF, without it; *rest goes behind. False: it ends otherwise. */
static bool line_take(struct slice *rest, struct slice *line)
{
    const char *end = rest->size == 0 ? NULL : memchr(rest->data, '\n', rest->size);
    if (end == NULL || end == rest->data || end[-1] != '\r') {
        return false;
    }
    size_t size = (size_t)(end - rest->data);
    *line = slice_make(rest->data, size - 1);
    *rest = slice_skip(*rest, size + 1);
    return true;
}

static bool start_read(struct slice line, struct sip_glance *out)
{
    struct slice rest = line;
    struct slice name = slice_split(&rest, ' ');
    out->uri_text = slice_split(&rest, ' ');
    if (!slice_equal(rest, SLICE("SIP/2.0")) || out->uri_text.size == 0) {
        return false;
    }
    out->method = sip_method_from(name);
    return out->method != SIP_METHOD_OTHER && slice_find(out->uri_text, '\t') == out->uri_text.size;
}

/* "name=value;name", white space around each, no quotes: the value of that name. False: the name
 * stands twice. Not there: *is_there is false. */
static bool param_find(struct slice params, struct slice name, struct slice *value, bool *is_there)
{
    *is_there = false;
    while (params.size > 0) {
        struct slice one = slice_trim(slice_split(&params, ';'));
        size_t at = slice_find(one, '=');
        if (at != name.size || !slice_equal_nocase(slice_head(one, at), name)) {
            continue;
        }
        if (*is_there) {
            return false;
        }
        *is_there = true;
        *value = at < one.size ? slice_skip(one, at + 1) : slice_make(one.data, 0);
    }
    return true;
}

/* Controls, blanks, what is not ASCII, and '"' ',' '(' '\\'. */
static const unsigned char odd[256] = {
    [0 ... ' '] = 1, ['"'] = 1, ['('] = 1, [','] = 1, ['\\'] = 1, [0x7f ... 0xff] = 1};

static bool is_plain(struct slice text)
{
    unsigned found = 0;
    for (size_t i = 0; i < text.size; i++) {
        found |= odd[(unsigned char)text.data[i]];
    }
    return found == 0;
}

static bool port_read(struct slice text, uint16_t *port)
{
    uint64_t value;
    if (!slice_to_u64(text, 65535, &value)) {
        return false;
    }
    *port = (uint16_t)value;
    return true;
}

/* One that claims to have been received elsewhere, or names something twice, is for the parser. */
static bool via_params_read(struct slice params, struct sip_glance *out)
{
    bool has_branch = false;
    while (params.size > 0) {
        struct slice one = slice_split(&params, ';');
        size_t at = slice_find(one, '=');
        struct slice name = slice_head(one, at);
        struct slice value = at < one.size ? slice_skip(one, at + 1) : slice_make(one.data, 0);
        if (name.size == 6 && slice_equal_nocase(name, SLICE("branch"))) {
            if (has_branch || value.size == 0) {
                return false;
            }
            has_branch = true;
            out->branch = value;
        } else if (name.size == 5 && slice_equal_nocase(name, SLICE("rport"))) {
            if (out->is_rport_wanted || value.size > 0) {
                return false;
            }
            out->is_rport_wanted = true;
        } else if (name.size == 8 && slice_equal_nocase(name, SLICE("received"))) {
            return false;
        }
    }
    return has_branch;
}

/* "SIP/2.0/UDP host:port;params" */
static bool via_read(struct slice value, struct sip_glance *out)
{
    static const struct slice start = {"SIP/2.0/", 8};
    if (!slice_starts_with(value, start)) {
        return false;
    }
    struct slice rest = slice_skip(value, start.size);
    struct slice transport = slice_split(&rest, ' ');
    if (!is_plain(transport) || !is_plain(rest) || transport.size == 0) {
        return false;
    }
    struct slice sent_by = slice_split(&rest, ';');
    size_t host_size = slice_find(sent_by, ':');
    if (sent_by.size > 0 && sent_by.data[0] == '[') {
        host_size = slice_find(sent_by, ']') + 1;
    }
    if (host_size == 0 || host_size > sent_by.size) {
        return false;
    }
    out->via_host = slice_head(sent_by, host_size);
    out->via_port = 0;
    if (host_size < sent_by.size &&
        (sent_by.data[host_size] != ':' ||
         !port_read(slice_skip(sent_by, host_size + 1), &out->via_port))) {
        return false;
    }
    return via_params_read(rest, out);
}

/* The tag of From or To: behind the last '>', or, where there is none, behind the first ';'. */
static bool tag_read(struct slice value, struct slice *tag)
{
    const char *close = value.size == 0 ? NULL : memrchr(value.data, '>', value.size);
    size_t at = close == NULL ? slice_find(value, ';') : (size_t)(close - value.data) + 1;
    struct slice params = slice_skip(value, at);
    bool is_there;
    *tag = slice_make(value.data, 0);
    if (params.size == 0) {
        return close != NULL || is_plain(value);
    }
    bool is_simple = params.data[0] == ';' && is_plain(params) &&
                     (close != NULL || is_plain(value)) &&
                     param_find(slice_skip(params, 1), SLICE("tag"), tag, &is_there);
    return is_simple && (!is_there || tag->size > 0);
}

static bool cseq_read(struct slice value, struct sip_glance *out)
{
    struct slice rest = value;
    struct slice number = slice_split(&rest, ' ');
    uint64_t cseq;
    if (!slice_to_u64(number, SIP_CSEQ_MAX, &cseq)) {
        return false;
    }
    out->cseq = (uint32_t)cseq;
    return slice_equal(rest, slice_from_text(sip_method_name(out->method)));
}

static bool once(struct slice *place, struct slice line)
{
    if (place->data != NULL) { /* an empty one was the first, too */
        return false;
    }
    *place = line;
    return true;
}

enum header {
    HEADER_OTHER = 0,
    HEADER_VIA,
    HEADER_FROM,
    HEADER_TO,
    HEADER_CALL_ID,
    HEADER_CSEQ,
    HEADER_ROUTE,
    HEADER_CREDENTIALS,
};

static enum header compact_named(char letter)
{
    switch (letter | 0x20) {
    case 'v':
        return HEADER_VIA;
    case 'f':
        return HEADER_FROM;
    case 't':
        return HEADER_TO;
    case 'i':
        return HEADER_CALL_ID;
    default:
        return HEADER_OTHER;
    }
}

/* Names that matter are told apart by their length and compared whole. */
static enum header header_named(struct slice name)
{
    switch (name.size) {
    case 1:
        return compact_named(name.data[0]);
    case 2:
        return slice_equal_nocase(name, SLICE("To")) ? HEADER_TO : HEADER_OTHER;
    case 3:
        return slice_equal_nocase(name, SLICE("Via")) ? HEADER_VIA : HEADER_OTHER;
    case 4:
        if (slice_equal_nocase(name, SLICE("From"))) {
            return HEADER_FROM;
        }
        return slice_equal_nocase(name, SLICE("CSeq")) ? HEADER_CSEQ : HEADER_OTHER;
    case 5:
        return slice_equal_nocase(name, SLICE("Route")) ? HEADER_ROUTE : HEADER_OTHER;
    case 7:
        return slice_equal_nocase(name, SLICE("Call-ID")) ? HEADER_CALL_ID : HEADER_OTHER;
    case 13:
        return slice_equal_nocase(name, SLICE("Authorization")) ? HEADER_CREDENTIALS : HEADER_OTHER;
    case 19:
        return slice_equal_nocase(name, SLICE("Proxy-Authorization")) ? HEADER_CREDENTIALS
                                                                      : HEADER_OTHER;
    default:
        return HEADER_OTHER;
    }
}

static bool via_add(struct slice line, struct slice value, struct sip_glance *out)
{
    bool is_read = out->via_count > 0 || via_read(value, out);
    if (!is_read || out->via_count == SIP_GLANCE_VIAS_MAX) {
        return false;
    }
    out->vias[out->via_count++] = line;
    return true;
}

/* False: for the parser. */
static bool header_read(struct slice line, struct sip_glance *out)
{
    size_t colon = slice_find(line, ':');
    if (colon == line.size || colon == 0 || line.data[colon - 1] == ' ' ||
        line.data[colon - 1] == '\t') {
        return false;
    }
    struct slice value = slice_trim(slice_skip(line, colon + 1));
    switch (header_named(slice_head(line, colon))) {
    case HEADER_VIA:
        return via_add(line, value, out);
    case HEADER_FROM:
        return once(&out->from, line) && tag_read(value, &out->from_tag);
    case HEADER_TO:
        return once(&out->to, line) && tag_read(value, &out->to_tag);
    case HEADER_CALL_ID:
        out->call_id = value;
        return once(&out->call_id_line, line) && value.size > 0 && is_plain(value);
    case HEADER_CSEQ:
        return once(&out->cseq_line, line) && cseq_read(value, out);
    case HEADER_ROUTE:
        if (out->route.data == NULL) {
            out->route = value;
        }
        return true;
    case HEADER_CREDENTIALS:
        return once(&out->credentials, value);
    case HEADER_OTHER:
        break;
    }
    return true;
}

bool sip_glance(struct slice bytes, struct sip_glance *out)
{
    struct slice rest = bytes;
    struct slice line;
    memset(out, 0, sizeof(*out));
    if (!line_take(&rest, &line) || !start_read(line, out)) {
        return false;
    }
    for (;;) {
        if (!line_take(&rest, &line)) {
            return false;
        }
        if (line.size == 0) {
            break;
        }
        if (line.data[0] == ' ' || line.data[0] == '\t' || !header_read(line, out)) {
            return false;
        }
    }
    return out->via_count > 0 && out->from.size > 0 && out->to.size > 0 &&
           out->call_id_line.size > 0 && out->cseq_line.size > 0;
}

/* Of a Via's value, which may name more hops than the top one. */
static struct slice branch_of(struct slice vias)
{
    struct slice branch = {NULL, 0};
    struct slice params = slice_split(&vias, ',');
    bool is_there;
    (void)slice_split(&params, ';');
    bool is_read = param_find(params, SLICE("branch"), &branch, &is_there);
    return is_read && is_there ? branch : slice_make(NULL, 0);
}

struct slice sip_glance_branch(struct slice bytes)
{
    struct slice rest = bytes;
    struct slice line;
    if (!line_take(&rest, &line)) {
        return slice_make(NULL, 0);
    }
    while (line_take(&rest, &line) && line.size > 0) {
        size_t colon = slice_find(line, ':');
        struct slice name = slice_head(line, colon);
        if (slice_equal_nocase(name, SLICE("Via")) || slice_equal_nocase(name, SLICE("v"))) {
            return branch_of(slice_skip(line, colon + 1));
        }
    }
    return slice_make(NULL, 0);
}

struct slice sip_glance_call_id(struct slice bytes)
{
    static const struct slice none = {NULL, 0};
    struct slice rest = bytes;
    struct slice line;
    if (!line_take(&rest, &line)) {
        return none;
    }
    while (line_take(&rest, &line) && line.size > 0) {
        char first = (char)(line.data[0] | 0x20);
        bool is_long = first == 'c' && line.size > 8 && line.data[7] == ':' &&
                       slice_equal_nocase(slice_head(line, 7), SLICE("Call-ID"));
        bool is_short = first == 'i' && line.size > 2 && line.data[1] == ':';
        if (is_long || is_short) {
            struct slice value = slice_trim(slice_skip(line, is_long ? 8 : 2));
            bool is_folded = rest.size > 0 && (rest.data[0] == ' ' || rest.data[0] == '\t');
            return is_plain(value) && !is_folded ? value : none;
        }
    }
    return none;
}

struct slice sip_glance_credential(struct slice credentials, struct slice name)
{
    struct slice rest = credentials;
    size_t scheme = slice_find(rest, ' ');
    rest = slice_skip(rest, scheme);
    while (rest.size > 0) {
        struct slice one = slice_trim(slice_split(&rest, ','));
        size_t at = slice_find(one, '=');
        if (at == one.size || !slice_equal_nocase(slice_trim(slice_head(one, at)), name)) {
            continue;
        }
        struct slice value = slice_trim(slice_skip(one, at + 1));
        bool is_quoted =
            value.size >= 2 && value.data[0] == '"' && value.data[value.size - 1] == '"';
        return is_quoted ? slice_make(value.data + 1, value.size - 2) : value;
    }
    return slice_make(NULL, 0);
}
