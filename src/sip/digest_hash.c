/* The library's first interface does no look-up, allocates nothing and keeps its state here; the
 * general one costs more than these few blocks, and allocates for each of them. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "sip/digest_hash.h"

#include "sip/lex.h"

#include <assert.h>
#include <openssl/md5.h>
#include <openssl/sha.h>
#include <stdlib.h>

struct digest_context {
    uint64_t hashed_size;
};

struct digest_context *digest_context_new(void)
{
    return calloc(1, sizeof(struct digest_context));
}

void digest_context_free(struct digest_context *context)
{
    free(context);
}

size_t digest_size(enum digest_algorithm algorithm)
{
    return algorithm == DIGEST_MD5 ? 16 : 32;
}

const char *digest_algorithm_name(enum digest_algorithm algorithm)
{
    return algorithm == DIGEST_MD5 ? "MD5" : "SHA-256";
}

bool digest_algorithm_parse(struct slice name, enum digest_algorithm *out)
{
    if (slice_equal_nocase(name, SLICE("MD5"))) {
        *out = DIGEST_MD5;
        return true;
    }
    if (slice_equal_nocase(name, SLICE("SHA-256"))) {
        *out = DIGEST_SHA256;
        return true;
    }
    return false;
}

static int hash_md5(const struct slice *parts, size_t part_count, uint8_t *out)
{
    MD5_CTX state;
    int is_good = MD5_Init(&state);
    for (size_t i = 0; i < part_count; i++) {
        is_good &= MD5_Update(&state, parts[i].data, parts[i].size);
    }
    return is_good & MD5_Final(out, &state);
}

static int hash_sha256(const struct slice *parts, size_t part_count, uint8_t *out)
{
    SHA256_CTX state;
    int is_good = SHA256_Init(&state);
    for (size_t i = 0; i < part_count; i++) {
        is_good &= SHA256_Update(&state, parts[i].data, parts[i].size);
    }
    return is_good & SHA256_Final(out, &state);
}

void digest_hash(struct digest_context *context, enum digest_algorithm algorithm,
                 const struct slice *parts, size_t part_count, uint8_t *out)
{
    for (size_t i = 0; i < part_count; i++) {
        context->hashed_size += parts[i].size;
    }
    int is_hashed = algorithm == DIGEST_MD5 ? hash_md5(parts, part_count, out)
                                            : hash_sha256(parts, part_count, out);
    assert(is_hashed == 1); /* nothing in it can fail */
    (void)is_hashed;
}

uint64_t digest_hashed_size(const struct digest_context *context)
{
    return context->hashed_size;
}

void digest_ha1_make(struct digest_context *context, struct slice user, struct slice realm,
                     struct slice password, struct digest_ha1 *out)
{
    const struct slice parts[] = {user, SLICE(":"), realm, SLICE(":"), password};
    digest_hash(context, DIGEST_MD5, parts, ARRAY_COUNT(parts), out->md5);
    digest_hash(context, DIGEST_SHA256, parts, ARRAY_COUNT(parts), out->sha256);
}

void digest_response(struct digest_context *context, const struct digest_credentials *credentials,
                     const uint8_t *ha1, struct slice method, uint8_t *out)
{
    size_t size = digest_size(credentials->algorithm);
    uint8_t ha2[DIGEST_HASH_SIZE_MAX];
    const struct slice request[] = {method, SLICE(":"), credentials->uri};
    digest_hash(context, credentials->algorithm, request, ARRAY_COUNT(request), ha2);

    char ha1_text[2 * DIGEST_HASH_SIZE_MAX], ha2_text[2 * DIGEST_HASH_SIZE_MAX];
    slice_hex(ha1_text, ha1, size);
    slice_hex(ha2_text, ha2, size);
    struct slice parts[11] = {{ha1_text, 2 * size}, SLICE(":"), credentials->nonce, SLICE(":")};
    size_t count = 4;
    if (credentials->has_qop) {
        parts[count++] = credentials->nc_text;
        parts[count++] = SLICE(":");
        parts[count++] = credentials->cnonce;
        parts[count++] = SLICE(":auth:");
    }
    parts[count++] = slice_make(ha2_text, 2 * size);
    digest_hash(context, credentials->algorithm, parts, count, out);
}

bool digest_param_next(struct slice *rest, struct slice *name, struct slice *value, bool *is_bad)
{
    const char *end = rest->data + rest->size;
    const char *at = rest->data;
    while (at < end && (lex_is_space(*at) || *at == ',')) {
        at++;
    }
    *is_bad = false;
    if (at == end) {
        return false;
    }
    *is_bad = true;
    const char *start = at;
    at = lex_skip(at, end, LEX_TOKEN);
    *name = lex_between(start, at);
    at = lex_skip_space(at, end);
    if (name->size == 0 || at == end || *at != '=') {
        return false;
    }
    start = lex_skip_space(at + 1, end);
    if (start < end && *start == '"') {
        at = lex_quoted_end(start, end);
        if (at == NULL) {
            return false;
        }
        *value = lex_between(start + 1, at - 1);
    } else {
        for (at = start; at < end && !lex_is_space(*at) && *at != ',' && *at != '"'; at++) {
        }
        *value = lex_between(start, at);
    }
    at = lex_skip_space(at, end);
    if (at < end && *at != ',') {
        return false;
    }
    *rest = lex_between(at, end);
    *is_bad = false;
    return true;
}

bool digest_scheme_skip(struct slice value, struct slice *params)
{
    if (!slice_starts_with_nocase(value, SLICE("Digest")) || value.size < 7 ||
        !lex_is_space(value.data[6])) {
        return false;
    }
    *params = slice_skip(value, 7);
    return true;
}
