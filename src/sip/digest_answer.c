#include "sip/digest_hash.h"

struct challenge {
    struct slice realm, nonce, opaque;
    enum digest_algorithm algorithm;
    bool has_qop;
};

static bool has_auth(struct slice qop)
{
    while (qop.size > 0) {
        if (slice_equal_nocase(slice_trim(slice_split(&qop, ',')), SLICE("auth"))) {
            return true;
        }
    }
    return false;
}

/* False: malformed, or of a kind that we cannot answer. */
static bool challenge_read(struct slice params, struct challenge *out)
{
    struct challenge challenge = {.algorithm = DIGEST_MD5};
    struct slice name, value;
    bool is_bad;
    bool is_known = true;
    while (digest_param_next(&params, &name, &value, &is_bad)) {
        if (slice_equal_nocase(name, SLICE("realm"))) {
            challenge.realm = value;
        } else if (slice_equal_nocase(name, SLICE("nonce"))) {
            challenge.nonce = value;
        } else if (slice_equal_nocase(name, SLICE("opaque"))) {
            challenge.opaque = value;
        } else if (slice_equal_nocase(name, SLICE("algorithm"))) {
            is_known = digest_algorithm_parse(value, &challenge.algorithm) && is_known;
        } else if (slice_equal_nocase(name, SLICE("qop"))) {
            challenge.has_qop = has_auth(value);
            is_known = challenge.has_qop && is_known;
        }
    }
    if (is_bad || !is_known || challenge.nonce.size == 0) {
        return false;
    }
    *out = challenge;
    return true;
}

static bool challenge_choose(const struct sip_msg *response, struct challenge *out)
{
    bool is_proxy = response->status == 407;
    int header = response->first[is_proxy ? SIP_H_PROXY_AUTHENTICATE : SIP_H_WWW_AUTHENTICATE];
    bool is_found = false;
    for (; header >= 0; header = sip_msg_next(response, header)) {
        struct slice params;
        struct challenge challenge;
        if (!digest_scheme_skip(response->headers[header].value, &params) ||
            !challenge_read(params, &challenge)) {
            continue;
        }
        if (!is_found || challenge.algorithm > out->algorithm) {
            *out = challenge;
            is_found = true;
        }
    }
    return is_found;
}

static void text_write(struct buf *out, const char *before, struct slice text)
{
    buf_text(out, before);
    buf_slice(out, text);
}

bool digest_answer_write(struct digest_context *context, struct buf *out,
                         const struct sip_msg *response, struct slice user, struct slice password,
                         struct slice method, struct slice uri, uint32_t nc, struct slice cnonce)
{
    /* gcc does not see everywhere that it is set where it is used. */
    struct challenge challenge = {0};
    if (!challenge_choose(response, &challenge)) {
        return false;
    }
    char nc_text[9];
    struct buf nc_buf;
    buf_init(&nc_buf, nc_text, sizeof nc_text);
    const uint8_t nc_bytes[] = {(uint8_t)(nc >> 24), (uint8_t)(nc >> 16), (uint8_t)(nc >> 8),
                                (uint8_t)nc};
    buf_hex(&nc_buf, nc_bytes, sizeof nc_bytes);

    struct digest_credentials credentials = {.algorithm = challenge.algorithm,
                                             .nonce = challenge.nonce,
                                             .uri = uri,
                                             .cnonce = cnonce,
                                             .nc_text = buf_done(&nc_buf),
                                             .has_qop = challenge.has_qop};
    uint8_t ha1[DIGEST_HASH_SIZE_MAX], answer[DIGEST_HASH_SIZE_MAX];
    const struct slice parts[] = {user, SLICE(":"), challenge.realm, SLICE(":"), password};
    digest_hash(context, challenge.algorithm, parts, ARRAY_COUNT(parts), ha1);
    digest_response(context, &credentials, ha1, method, answer);

    buf_text(out, response->status == 407 ? "Proxy-Authorization" : "Authorization");
    text_write(out, ": Digest username=\"", user);
    text_write(out, "\", realm=\"", challenge.realm);
    text_write(out, "\", nonce=\"", challenge.nonce);
    text_write(out, "\", uri=\"", uri);
    buf_text(out, "\", response=\"");
    buf_hex(out, answer, digest_size(challenge.algorithm));
    buf_text(out, "\", algorithm=");
    buf_text(out, digest_algorithm_name(challenge.algorithm));
    if (challenge.opaque.size > 0) {
        text_write(out, ", opaque=\"", challenge.opaque);
        buf_char(out, '"');
    }
    if (challenge.has_qop) {
        text_write(out, ", qop=auth, nc=", credentials.nc_text);
        text_write(out, ", cnonce=\"", cnonce);
        buf_char(out, '"');
    }
    buf_text(out, "\r\n");
    return true;
}
