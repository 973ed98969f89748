#include "sip/digest.h"

#include "sip/digest_hash.h"
#include "sip/lex.h"

#include <assert.h>

/* A quoted string (RFC 3261 25.1): a quote or a backslash inside gets a backslash. */
static void quoted_write(struct buf *out, struct slice text)
{
    buf_char(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\') {
            buf_char(out, '\\');
        }
        buf_char(out, text.data[i]);
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
    for (size_t i = 0; i < (offered[0] == offered[1] ? 1 : 2); i++) {
        buf_text(out, is_proxy ? "Proxy-Authenticate" : "WWW-Authenticate");
        buf_text(out, ": Digest realm=");
        quoted_write(out, realm);
        buf_text(out, ", nonce=\"");
        buf_slice(out, buf_done(&nonce));
        buf_text(out, "\", algorithm=");
        buf_text(out, digest_algorithm_name(offered[i]));
        buf_text(out, is_stale ? ", qop=\"auth\", stale=true\r\n" : ", qop=\"auth\"\r\n");
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

/* A parameter that stands twice could be read in two ways: refused. */
static bool param_store(struct found *found, struct slice name, struct slice value)
{
    enum param param = param_from(name);
    if (param == PARAM_COUNT) {
        return true;
    }
    bool is_new = !has(found, param);
    found->mask |= 1U << param;
    found->values[param] = value;
    return is_new;
}

static bool nc_read(struct slice text, uint32_t *nc)
{
    uint8_t bytes[4];
    if (!slice_from_hex(text, bytes, sizeof bytes)) {
        return false;
    }
    *nc = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    return true;
}

/* MISSING: well-formed, but of an algorithm that we do not offer. */
static enum digest_verdict credentials_check(const struct found *found,
                                             struct digest_credentials *credentials)
{
    const unsigned needed =
        1U << PARAM_USERNAME | 1U << PARAM_NONCE | 1U << PARAM_URI | 1U << PARAM_RESPONSE;
    if ((found->mask & needed) != needed) {
        return DIGEST_MALFORMED;
    }
    if (has(found, PARAM_ALGORITHM) &&
        !digest_algorithm_parse(found->values[PARAM_ALGORITHM], &credentials->algorithm)) {
        return DIGEST_MISSING;
    }
    if (credentials->response.size != 2 * digest_size(credentials->algorithm)) {
        return DIGEST_MALFORMED;
    }
    if (!has(found, PARAM_QOP)) {
        /* The form of RFC 2069 has no count: such a nonce is good once. */
        credentials->nc = 1;
        return DIGEST_OK;
    }
    credentials->has_qop = true;
    if (!slice_equal_nocase(found->values[PARAM_QOP], SLICE("auth")) ||
        credentials->cnonce.size == 0 || !nc_read(credentials->nc_text, &credentials->nc)) {
        return DIGEST_MALFORMED;
    }
    return DIGEST_OK;
}

static enum digest_verdict credentials_read(struct slice params, struct slice realm,
                                            struct digest_credentials *out)
{
    struct found found = {.mask = 0};
    struct slice name, value;
    bool is_bad;
    bool is_repeated = false;
    while (digest_param_next(&params, &name, &value, &is_bad)) {
        is_repeated = !param_store(&found, name, value) || is_repeated;
    }
    if (is_bad || is_repeated || !has(&found, PARAM_REALM)) {
        return DIGEST_MALFORMED;
    }
    if (!slice_equal(found.values[PARAM_REALM], realm)) {
        return DIGEST_MISSING; /* for another proxy on the way (RFC 3261 22.3) */
    }
    struct digest_credentials credentials = {.algorithm = DIGEST_MD5,
                                             .username = found.values[PARAM_USERNAME],
                                             .realm = found.values[PARAM_REALM],
                                             .nonce = found.values[PARAM_NONCE],
                                             .uri = found.values[PARAM_URI],
                                             .response = found.values[PARAM_RESPONSE],
                                             .cnonce = found.values[PARAM_CNONCE],
                                             .nc_text = found.values[PARAM_NC],
                                             .opaque = found.values[PARAM_OPAQUE]};
    enum digest_verdict verdict = credentials_check(&found, &credentials);
    if (verdict == DIGEST_OK) {
        *out = credentials;
    }
    return verdict;
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
