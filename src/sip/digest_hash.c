/* The library's first interface does no look-up, allocates nothing and keeps its state here; the
 * general one costs more than these few blocks, and allocates for each of them. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "sip/digest_hash.h"

#include "sip/lex.h"

#include <assert.h>
#include <openssl/md5.h>
#include <openssl/sha.h>
#include <stdlib.h>

#define MD5_BLOCK_SIZE 64
#define MD5_PADDING_MAX 80 /* bytes behind a text that md5_text may write to */
#define TEXT_SIZE_MAX 512  /* a longer one is hashed piece by piece */
#define MEMO_COUNT 16
#define MEMO_TEXT_SIZE 104

struct memo { /* H(method:uri) as it was made last; no secret is in it */
    size_t size;
    char text[MEMO_TEXT_SIZE];
    char ha2[32]; /* in digits */
};

struct digest_context {
    uint64_t hashed_size;
    struct memo memos[MEMO_COUNT]; /* by the length of the method: a registrar has one URI */
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

/* MD5 of a text in one piece (RFC 1321 3): padded where it stands, so that no state is carried from
 * one part to the next. The machine is little-endian, as all that we build for. */
static void md5_text(struct digest_context *context, char *text, size_t size, uint8_t out[16])
{
    MD5_CTX state;
    uint64_t bit_count = (uint64_t)size * 8;
    size_t padded_size = (size + 9 + MD5_BLOCK_SIZE - 1) / MD5_BLOCK_SIZE * MD5_BLOCK_SIZE;
    context->hashed_size += size;
    text[size] = (char)0x80;
    memset(text + size + 1, 0, MD5_PADDING_MAX - 1);
    memcpy(text + padded_size - sizeof bit_count, &bit_count, sizeof bit_count);
    MD5_Init(&state);
    for (size_t at = 0; at < padded_size; at += MD5_BLOCK_SIZE) {
        MD5_Transform(&state, (const unsigned char *)text + at);
    }
    const uint32_t words[] = {state.A, state.B, state.C, state.D};
    memcpy(out, words, sizeof words);
}

/* The text and a colon; returns what follows. */
static char *part_append(char *at, struct slice s)
{
    if (s.size > 0) {
        memcpy(at, s.data, s.size);
    }
    at[s.size] = ':';
    return at + s.size + 1;
}

/* H(method:uri) in 32 digits at `at`. */
static void md5_ha2_write(struct digest_context *context, struct slice method, struct slice uri,
                          char *at)
{
    char text[TEXT_SIZE_MAX + MD5_PADDING_MAX];
    uint8_t ha2[16];
    size_t size = method.size + 1 + uri.size;
    (void)part_append(part_append(text, method), uri);
    struct memo *memo = &context->memos[method.size % MEMO_COUNT];
    if (memo->size == size && memcmp(memo->text, text, size) == 0) {
        memcpy(at, memo->ha2, sizeof memo->ha2);
        return;
    }
    if (size <= MEMO_TEXT_SIZE) {
        memcpy(memo->text, text, size);
    }
    md5_text(context, text, size, ha2);
    slice_hex(at, ha2, sizeof ha2);
    if (size <= MEMO_TEXT_SIZE) {
        memcpy(memo->ha2, at, sizeof memo->ha2);
        memo->size = size;
    }
}

/* As digest_response, where all of it is short and the algorithm is MD5. */
static void md5_response(struct digest_context *context,
                         const struct digest_credentials *credentials, const uint8_t *ha1,
                         struct slice method, uint8_t *out)
{
    char text[TEXT_SIZE_MAX + MD5_PADDING_MAX];
    slice_hex(text, ha1, 16);
    text[32] = ':';
    char *at = part_append(text + 33, credentials->nonce);
    if (credentials->has_qop) {
        at = part_append(at, credentials->nc_text);
        at = part_append(at, credentials->cnonce);
        memcpy(at, "auth:", 5);
        at += 5;
    }
    md5_ha2_write(context, method, credentials->uri, at);
    md5_text(context, text, (size_t)(at - text) + 32, out);
}

static bool is_short(const struct digest_credentials *credentials, struct slice method)
{
    const size_t around = 32 + 32 + 16; /* both hashes in digits, and what stands between */
    return credentials->nonce.size + credentials->nc_text.size + credentials->cnonce.size +
                   around <=
               TEXT_SIZE_MAX &&
           method.size + 1 + credentials->uri.size <= TEXT_SIZE_MAX;
}

void digest_response(struct digest_context *context, const struct digest_credentials *credentials,
                     const uint8_t *ha1, struct slice method, uint8_t *out)
{
    if (credentials->algorithm == DIGEST_MD5 && is_short(credentials, method)) {
        md5_response(context, credentials, ha1, method, out);
        return;
    }
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
        at = lex_skip_plain(start, end);
        while (at < end && !lex_is_space(*at) && *at != ',' && *at != '"') {
            at++;
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
