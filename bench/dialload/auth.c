#include "dialload/auth.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define DIGEST_MAX 32
#define INPUT_MAX 640

bool auth_init(struct auth *auth, uint64_t seed)
{
    *auth = (struct auth){
        .algorithms = {EVP_MD_fetch(NULL, "MD5", NULL), EVP_MD_fetch(NULL, "SHA256", NULL)},
        .context = EVP_MD_CTX_new()};
    snprintf(auth->cnonce, sizeof(auth->cnonce), "%016llx", (unsigned long long)seed);
    return auth->algorithms[AUTH_MD5] != NULL && auth->algorithms[AUTH_SHA256] != NULL &&
           auth->context != NULL;
}

void auth_done(struct auth *auth)
{
    EVP_MD_free(auth->algorithms[AUTH_MD5]);
    EVP_MD_free(auth->algorithms[AUTH_SHA256]);
    EVP_MD_CTX_free(auth->context);
}

static bool take_one(struct held_nonce *held, struct slice challenge, enum algorithm_choice choice)
{
    struct held_nonce taken = {.nc = 0};
    struct slice realm;
    struct slice nonce;
    struct slice qop;
    struct slice field;
    if (!slice_starts_with_nocase(challenge, SLICE("Digest ")) ||
        !reader_auth_field(challenge, SLICE("realm"), &realm) ||
        !reader_auth_field(challenge, SLICE("nonce"), &nonce) ||
        !reader_auth_field(challenge, SLICE("qop"), &qop) ||
        memmem(qop.data, qop.size, "auth", 4) == NULL) {
        return false;
    }
    if (!reader_auth_field(challenge, SLICE("algorithm"), &field)) {
        field = SLICE("MD5"); /* the default of RFC 2617 */
    }
    if (slice_equal_nocase(field, SLICE("SHA-256"))) {
        taken.algorithm = AUTH_SHA256;
    } else if (!slice_equal_nocase(field, SLICE("MD5"))) {
        return false;
    }
    if ((choice == ALGORITHM_MD5 && taken.algorithm != AUTH_MD5) ||
        (choice == ALGORITHM_SHA256 && taken.algorithm != AUTH_SHA256)) {
        return false;
    }
    taken.has_opaque = reader_auth_field(challenge, SLICE("opaque"), &field);
    if (taken.has_opaque && !slice_copy_text(field, taken.opaque, sizeof(taken.opaque))) {
        return false;
    }
    if (!slice_copy_text(realm, taken.realm, sizeof(taken.realm)) ||
        !slice_copy_text(nonce, taken.nonce, sizeof(taken.nonce))) {
        return false;
    }
    *held = taken;
    return true;
}

bool auth_take_challenge(struct held_nonce *held, const struct message *message,
                         enum algorithm_choice choice)
{
    for (uint32_t i = 0; i < message->challenge_count; i++) {
        if (take_one(held, message->challenges[i], choice)) {
            held->is_proxy = message->is_proxy_challenge;
            return true;
        }
    }
    return false;
}

static void hash_hex(struct auth *auth, enum auth_algorithm algorithm, const struct buf *input,
                     struct buf *hex)
{
    uint8_t digest[DIGEST_MAX];
    unsigned size = 0;
    assert(!input->is_full);
    int is_hashed = EVP_DigestInit_ex2(auth->context, auth->algorithms[algorithm], NULL) == 1 &&
                    EVP_DigestUpdate(auth->context, input->data, input->size) == 1 &&
                    EVP_DigestFinal_ex(auth->context, digest, &size) == 1;
    assert(is_hashed);
    buf_hex(hex, digest, size);
}

/* response = H(H(user:realm:password):nonce:nc:cnonce:qop:H(method:uri)), RFC 7616 3.4.1. */
static void write_response(struct auth *auth, const struct held_nonce *held, struct slice user,
                           struct slice method, struct slice uri, struct slice nc, struct buf *out)
{
    char data[INPUT_MAX];
    char secret_hex[2 * DIGEST_MAX];
    char request_hex[2 * DIGEST_MAX];
    struct buf input;
    struct buf secret;
    struct buf request;
    buf_init(&secret, secret_hex, sizeof(secret_hex));
    buf_init(&request, request_hex, sizeof(request_hex));

    buf_init(&input, data, sizeof(data));
    buf_slice(&input, user);
    buf_char(&input, ':');
    buf_text(&input, held->realm);
    buf_text(&input, ":pw-");
    buf_slice(&input, user);
    hash_hex(auth, held->algorithm, &input, &secret);

    buf_init(&input, data, sizeof(data));
    buf_slice(&input, method);
    buf_char(&input, ':');
    buf_slice(&input, uri);
    hash_hex(auth, held->algorithm, &input, &request);

    buf_init(&input, data, sizeof(data));
    buf_slice(&input, buf_done(&secret));
    buf_char(&input, ':');
    buf_text(&input, held->nonce);
    buf_char(&input, ':');
    buf_slice(&input, nc);
    buf_char(&input, ':');
    buf_text(&input, auth->cnonce);
    buf_text(&input, ":auth:");
    buf_slice(&input, buf_done(&request));
    hash_hex(auth, held->algorithm, &input, out);
}

void auth_write(struct auth *auth, struct held_nonce *held, struct slice user, struct slice method,
                struct slice uri, struct buf *out)
{
    held->nc++;
    uint8_t nc_bytes[4] = {(uint8_t)(held->nc >> 24), (uint8_t)(held->nc >> 16),
                           (uint8_t)(held->nc >> 8), (uint8_t)held->nc};
    char nc_hex[8];
    slice_hex(nc_hex, nc_bytes, sizeof(nc_bytes));
    struct slice nc = slice_make(nc_hex, sizeof(nc_hex));

    buf_text(out, held->is_proxy ? "Proxy-Authorization: Digest username=\""
                                 : "Authorization: Digest username=\"");
    buf_slice(out, user);
    buf_text(out, "\", realm=\"");
    buf_text(out, held->realm);
    buf_text(out, "\", nonce=\"");
    buf_text(out, held->nonce);
    buf_text(out, "\", uri=\"");
    buf_slice(out, uri);
    buf_text(out, "\", response=\"");
    write_response(auth, held, user, method, uri, nc, out);
    buf_text(out, held->algorithm == AUTH_MD5 ? "\", algorithm=MD5" : "\", algorithm=SHA-256");
    buf_text(out, ", cnonce=\"");
    buf_text(out, auth->cnonce);
    buf_text(out, "\", qop=auth, nc=");
    buf_slice(out, nc);
    if (held->has_opaque) {
        buf_text(out, ", opaque=\"");
        buf_text(out, held->opaque);
        buf_char(out, '"');
    }
    buf_text(out, "\r\n");
}
