#include "sip/digest.h"

#include "sip/digest_hash.h"
#include "sip/lex.h"

#include <assert.h>

/* A quoted string (RFC 3261 25.1): a quote or a backslash inside gets a backslash. */
static void quoted_write(struct buf *out, struct slice text)
{
    buf_char(out, '"');
    while (text.size > 0) {
        const char *end = text.data + text.size;
        const char *stop = lex_quote_find(text.data, end);
        buf_put(out, text.data, (size_t)(stop - text.data));
        if (stop == end) {
            break;
        }
        buf_char(out, '\\');
        buf_char(out, *stop);
        text = lex_between(stop + 1, end);
    }
    buf_char(out, '"');
}

void digest_challenge_write(struct digest_context *context, struct buf *out, bool is_proxy,
                            struct slice realm, const struct digest_keys *keys, int64_t now_s,
                            uint64_t random, bool is_stale, enum digest_offer offer)
{
    /* A client takes the first that it supports (RFC 8760 2.4); but many (SIPp, older phones) look
     * at no other line than the first, and fail for good where that is SHA-256. */
    static const enum digest_algorithm offers[][2] = {
        [DIGEST_OFFER_MD5_FIRST] = {DIGEST_MD5, DIGEST_SHA256},
        [DIGEST_OFFER_SHA256_FIRST] = {DIGEST_SHA256, DIGEST_MD5},
        [DIGEST_OFFER_MD5] = {DIGEST_MD5, DIGEST_MD5},
        [DIGEST_OFFER_SHA256] = {DIGEST_SHA256, DIGEST_SHA256},
    };
    const enum digest_algorithm *offered = offers[offer];
    char text[DIGEST_NONCE_SIZE];
    struct buf nonce;
    buf_init(&nonce, text, sizeof text);
    digest_nonce_write(context, &nonce, keys, now_s, random);
    size_t start = out->size;
    buf_slice(out, is_proxy ? SLICE("Proxy-Authenticate") : SLICE("WWW-Authenticate"));
    buf_text(out, ": Digest realm=");
    quoted_write(out, realm);
    buf_text(out, ", nonce=\"");
    buf_slice(out, buf_done(&nonce));
    buf_text(out, "\", algorithm=");
    size_t common_size = out->size - start; /* of both lines */
    for (size_t i = 0; i < (offered[0] == offered[1] ? 1 : 2); i++) {
        if (i > 0) {
            buf_put(out, out->data + start, common_size);
        }
        buf_text(out, digest_algorithm_name(offered[i]));
        buf_slice(out,
                  is_stale ? SLICE(", qop=\"auth\", stale=true\r\n") : SLICE(", qop=\"auth\"\r\n"));
    }
}

enum param {
    PARAM_USERNAME = 0,
    PARAM_REALM,
    PARAM_NONCE,
    PARAM_URI,
    PARAM_RESPONSE,
    PARAM_ALGORITHM,
    PARAM_CNONCE,
    PARAM_QOP,
    PARAM_NC,
    PARAM_OPAQUE,
    PARAM_COUNT
};

/* PARAM_COUNT: another. */
static enum param param_from(struct slice name)
{
    switch (name.size) {
    case 2:
        return LEX_IS(name, "nc") ? PARAM_NC : PARAM_COUNT;
    case 3:
        return LEX_IS(name, "uri") ? PARAM_URI : LEX_IS(name, "qop") ? PARAM_QOP : PARAM_COUNT;
    case 5:
        return LEX_IS(name, "nonce")   ? PARAM_NONCE
               : LEX_IS(name, "realm") ? PARAM_REALM
                                       : PARAM_COUNT;
    case 6:
        return LEX_IS(name, "cnonce")   ? PARAM_CNONCE
               : LEX_IS(name, "opaque") ? PARAM_OPAQUE
                                        : PARAM_COUNT;
    case 8:
        return LEX_IS(name, "username")   ? PARAM_USERNAME
               : LEX_IS(name, "response") ? PARAM_RESPONSE
                                          : PARAM_COUNT;
    case 9:
        return LEX_IS(name, "algorithm") ? PARAM_ALGORITHM : PARAM_COUNT;
    default:
        return PARAM_COUNT;
    }
}

struct found { /* the parameters of one set of credentials */
    struct slice values[PARAM_COUNT];
    unsigned mask; /* bit i: parameter i stands there */
};

static bool has(const struct found *found, enum param param)
{
    return (found->mask >> param & 1) != 0;
}

/* `, name="value"` or `,name=value` of plain characters, with a name that we know, as nearly all
 * write it. PARAM_COUNT: another form, for the long way; nothing was written. */
static inline enum param usual_param_next(struct slice *rest, struct slice *value)
{
    const char *at = rest->data;
    const char *end = at + rest->size;
    if (rest->size < 16) {
        return PARAM_COUNT;
    }
    at += *at == ',';
    at += *at == ' ';
    const char *equal = rest->data + lex_find16(rest->data, '=');
    if (equal <= at || equal >= rest->data + 15) {
        return PARAM_COUNT;
    }
    enum param param = param_from(lex_between(at, equal));
    if (param == PARAM_COUNT) {
        return PARAM_COUNT;
    }
    bool is_quoted = equal[1] == '"';
    const char *start = equal + 1 + is_quoted;
    const char *stop = is_quoted ? lex_quote_find(start, end) : lex_skip_plain(start, end);
    const char *next = stop + is_quoted;
    if ((is_quoted && (stop == end || *stop != '"')) || (next < end && *next != ',')) {
        return PARAM_COUNT;
    }
    *value = lex_between(start, stop);
    *rest = lex_between(next, end);
    return param;
}

/* A parameter that stands twice could be read in two ways: refused. */
static inline bool param_store(struct found *found, enum param param, struct slice value)
{
    bool is_new = !has(found, param);
    found->mask |= 1U << param;
    found->values[param] = value;
    return is_new;
}

/* False: not a list of parameters, or one that we know stands twice. */
static bool params_read(struct slice params, struct found *found)
{
    bool is_good = true;
    struct slice name, value;
    while (true) {
        enum param param = usual_param_next(&params, &value);
        if (param == PARAM_COUNT) {
            bool is_bad;
            if (!digest_param_next(&params, &name, &value, &is_bad)) {
                return is_good && !is_bad;
            }
            param = param_from(name);
        }
        if (param != PARAM_COUNT) {
            is_good = param_store(found, param, value) && is_good;
        }
    }
}

static bool nc_read(struct slice text, uint32_t *nc)
{
    uint8_t bytes[4];
    uint32_t number;
    if (!slice_from_hex(text, bytes, sizeof bytes)) {
        return false;
    }
    memcpy(&number, bytes, sizeof number);
    *nc = __builtin_bswap32(number); /* the machine is little-endian, as all that we build for */
    return true;
}

/* MISSING: well-formed, but of an algorithm that we do not offer. */
static enum digest_verdict credentials_check(const struct found *found,
                                             enum digest_algorithm *algorithm, uint32_t *nc)
{
    const unsigned needed =
        1U << PARAM_USERNAME | 1U << PARAM_NONCE | 1U << PARAM_URI | 1U << PARAM_RESPONSE;
    if ((found->mask & needed) != needed) {
        return DIGEST_MALFORMED;
    }
    *algorithm = DIGEST_MD5;
    if (has(found, PARAM_ALGORITHM) &&
        !digest_algorithm_parse(found->values[PARAM_ALGORITHM], algorithm)) {
        return DIGEST_MISSING;
    }
    if (found->values[PARAM_RESPONSE].size != 2 * digest_size(*algorithm)) {
        return DIGEST_MALFORMED;
    }
    if (!has(found, PARAM_QOP)) {
        /* The form of RFC 2069 has no count: such a nonce is good once. */
        *nc = 1;
        return DIGEST_OK;
    }
    if (!LEX_IS(found->values[PARAM_QOP], "auth") || found->values[PARAM_CNONCE].size == 0 ||
        !nc_read(found->values[PARAM_NC], nc)) {
        return DIGEST_MALFORMED;
    }
    return DIGEST_OK;
}

static enum digest_verdict credentials_read(struct slice params, struct slice realm,
                                            struct digest_credentials *out)
{
    struct found found;
    found.mask = 0;
    found.values[PARAM_CNONCE] = found.values[PARAM_NC] = found.values[PARAM_OPAQUE] =
        slice_make(NULL, 0); /* these need not stand there */
    if (!params_read(params, &found) || !has(&found, PARAM_REALM)) {
        return DIGEST_MALFORMED;
    }
    if (!slice_equal(found.values[PARAM_REALM], realm)) {
        return DIGEST_MISSING; /* for another proxy on the way (RFC 3261 22.3) */
    }
    enum digest_algorithm algorithm;
    uint32_t nc;
    enum digest_verdict verdict = credentials_check(&found, &algorithm, &nc);
    if (verdict != DIGEST_OK) {
        return verdict;
    }
    out->algorithm = algorithm;
    out->username = found.values[PARAM_USERNAME];
    out->realm = found.values[PARAM_REALM];
    out->nonce = found.values[PARAM_NONCE];
    out->uri = found.values[PARAM_URI];
    out->response = found.values[PARAM_RESPONSE];
    out->cnonce = found.values[PARAM_CNONCE];
    out->nc_text = found.values[PARAM_NC];
    out->opaque = found.values[PARAM_OPAQUE];
    out->has_qop = has(&found, PARAM_QOP);
    out->nc = nc;
    return DIGEST_OK;
}

enum digest_verdict digest_credentials_find(const struct sip_msg *msg, bool is_proxy,
                                            struct slice realm, struct digest_credentials *out)
{
    int header = msg->first[is_proxy ? SIP_H_PROXY_AUTHORIZATION : SIP_H_AUTHORIZATION];
    for (; header >= 0; header = sip_msg_next(msg, header)) {
        struct slice params;
        if (!digest_scheme_skip(msg->headers[header].value, &params)) {
            continue;
        }
        enum digest_verdict verdict = credentials_read(params, realm, out);
        if (verdict != DIGEST_MISSING) {
            return verdict;
        }
    }
    return DIGEST_MISSING;
}

/* In constant time: how much of a guess was right must not show. `size`: of a hash, so whole words.
 */
static bool is_equal_secret(const uint8_t *a, const uint8_t *b, size_t size)
{
    uint64_t difference = 0;
    for (size_t i = 0; i < size; i += 8) {
        uint64_t left, right;
        memcpy(&left, a + i, sizeof left);
        memcpy(&right, b + i, sizeof right);
        difference |= left ^ right;
    }
    return difference == 0;
}

enum digest_verdict digest_verify(struct digest_context *context,
                                  const struct digest_credentials *credentials,
                                  const struct digest_ha1 *ha1, struct slice method,
                                  const struct digest_keys *keys, int64_t now_s, int64_t max_age_s,
                                  struct digest_window *window)
{
    static const struct digest_ha1 nobody = {{0}, {0}};
    const struct digest_ha1 *known = ha1 != NULL ? ha1 : &nobody;
    size_t size = digest_size(credentials->algorithm);
    uint8_t wanted[DIGEST_HASH_SIZE_MAX], given[DIGEST_HASH_SIZE_MAX];
    digest_response(context, credentials,
                    credentials->algorithm == DIGEST_MD5 ? known->md5 : known->sha256, method,
                    wanted);
    if (!slice_from_hex(credentials->response, given, size)) {
        return DIGEST_MALFORMED;
    }
    if (!is_equal_secret(wanted, given, size) || ha1 == NULL) {
        return DIGEST_WRONG;
    }
    struct digest_nonce nonce;
    if (!digest_nonce_read(credentials->nonce, keys, now_s, max_age_s, &nonce) ||
        (window != NULL &&
         !digest_window_take(window, &nonce, credentials->nc, now_s, max_age_s))) {
        return DIGEST_STALE;
    }
    return DIGEST_OK;
}
