/* auth.h - the phone's side of Digest (RFC 2617, RFC 7616, RFC 8760): a nonce held, and answers. */
#ifndef DT_DIALLOAD_AUTH_H
#define DT_DIALLOAD_AUTH_H

#include "base/buf.h"
#include "dialload/options.h"
#include "dialload/reader.h"

#include <openssl/evp.h>

#define AUTH_NONCE_MAX 160
#define AUTH_OPAQUE_MAX 64
#define AUTH_REALM_MAX 64

enum auth_algorithm { AUTH_MD5 = 0, AUTH_SHA256 };

struct held_nonce { /* zero: none is held */
    char nonce[AUTH_NONCE_MAX];
    char opaque[AUTH_OPAQUE_MAX];
    char realm[AUTH_REALM_MAX];
    uint32_t nc; /* of the last request that used it */
    enum auth_algorithm algorithm;
    bool is_proxy; /* answered by Proxy-Authorization */
    bool has_opaque;
};

struct auth { /* digests fetched once: the naive forms look them up anew each time */
    EVP_MD *algorithms[2];
    EVP_MD_CTX *context;
    char cnonce[17];
};

bool auth_init(struct auth *auth, uint64_t seed);
void auth_done(struct auth *auth);

/* Takes the first challenge that the choice allows. False: none is usable (Digest, qop with auth,
 * MD5 or SHA-256, realm and nonce that fit). */
bool auth_take_challenge(struct held_nonce *held, const struct message *message,
                         enum algorithm_choice choice);

/* Writes the Authorization or Proxy-Authorization line with the next nc. */
void auth_write(struct auth *auth, struct held_nonce *held, struct slice user, struct slice method,
                struct slice uri, struct buf *out);

#endif
