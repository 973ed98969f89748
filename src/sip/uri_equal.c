#include "sip/lex.h"
#include "sip/uri.h"

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

/* The next character as a number to compare by: an escaped reserved character differs from the
 * plain one, any other escape is the character it stands for (RFC 3261 19.1.4). */
static int char_key(struct slice *text)
{
    int c = (uint8_t)text->data[0];
    uint8_t byte;
    if (c != '%' || text->size < 3 || !slice_from_hex(slice_make(text->data + 1, 2), &byte, 1)) {
        *text = slice_skip(*text, 1);
        return c;
    }
    *text = slice_skip(*text, 3);
    return byte != 0 && strchr(";/?:@&=+$,", byte) != NULL ? byte + 256 : byte;
}

static bool is_text_equal(struct slice a, struct slice b, bool is_case_kept)
{
    while (a.size > 0 && b.size > 0) {
        int left = char_key(&a);
        int right = char_key(&b);
        if (left != right && (is_case_kept || lower(left) != lower(right))) {
            return false;
        }
    }
    return a.size == 0 && b.size == 0;
}

/* These must stand in both URIs or in neither; another one may stand in one alone. */
static bool is_param_decisive(struct slice name, enum sip_scheme scheme)
{
    static const char *const sip_names[] = {"user", "ttl", "method", "maddr", "transport"};
    if (scheme == SIP_SCHEME_TEL) {
        return true; /* RFC 3966 5 */
    }
    for (size_t i = 0; i < ARRAY_COUNT(sip_names); i++) {
        if (slice_equal_nocase(name, slice_from_text(sip_names[i]))) {
            return true;
        }
    }
    return false;
}

static bool param_find(struct slice params, struct slice name, struct slice *value)
{
    struct slice other;
    while (sip_param_next(&params, &other, value)) {
        if (is_text_equal(name, other, false)) {
            return true;
        }
    }
    return false;
}

static bool do_params_fit(const struct sip_uri *a, const struct sip_uri *b)
{
    struct slice rest = a->params;
    struct slice name, value, other;
    while (sip_param_next(&rest, &name, &value)) {
        bool is_found = param_find(b->params, name, &other);
        if (is_found ? !is_text_equal(value, other, false) : is_param_decisive(name, a->scheme)) {
            return false;
        }
    }
    return true;
}

static struct slice skip_separators(struct slice number)
{
    while (number.size > 0 && memchr("-.()", number.data[0], 4) != NULL) {
        number = slice_skip(number, 1);
    }
    return number;
}

static bool is_number_equal(struct slice a, struct slice b)
{
    while (true) {
        a = skip_separators(a);
        b = skip_separators(b);
        if (a.size == 0 || b.size == 0) {
            return a.size == b.size;
        }
        if (lower(a.data[0]) != lower(b.data[0])) {
            return false;
        }
        a = slice_skip(a, 1);
        b = slice_skip(b, 1);
    }
}

bool sip_uri_equal(const struct sip_uri *a, const struct sip_uri *b)
{
    if (a->scheme != b->scheme) {
        return false;
    }
    /* Also where a parameter stands twice with two values: a contact must equal itself. */
    if (a->text.size > 0 && slice_equal(a->text, b->text)) {
        return true;
    }
    switch (a->scheme) {
    case SIP_SCHEME_OTHER:
        return false;
    case SIP_SCHEME_TEL:
        return is_number_equal(a->user, b->user) && do_params_fit(a, b) && do_params_fit(b, a);
    case SIP_SCHEME_SIP:
    case SIP_SCHEME_SIPS:
        break;
    }
    return a->port == b->port && slice_equal_nocase(a->host, b->host) &&
           is_text_equal(a->user, b->user, true) && is_text_equal(a->password, b->password, true) &&
           do_params_fit(a, b) && do_params_fit(b, a);
}
