/* digest.h - digest access authentication: MD5 and SHA-256 (RFC 8760, RFC 7616), stateless nonces.
 *
 * A nonce is self-verifying: time, key id, a random part and a MAC over them (128 bits: SipHash-2-4
 * under each half of the key). Whether its nc was used before is kept by the caller in a window
 * for each device (struct digest_window); a nonce older than the window's is refused as stale, so
 * devices that share one window challenge each other away.
 */
#ifndef DT_SIP_DIGEST_H
#define DT_SIP_DIGEST_H

#include "base/buf.h"
#include "sip/msg.h"

enum digest_algorithm { DIGEST_MD5 = 0, DIGEST_SHA256 };

#define DIGEST_NONCE_SIZE 40 /* characters */
#define DIGEST_KEY_SIZE 32

struct digest_ha1 { /* H(user:realm:password); all that is stored of a password */
    uint8_t md5[16];
    uint8_t sha256[32];
};

struct digest_keys { /* server secret; two, so that it can be changed without a storm */
    uint8_t key_id;  /* of `current` */
    uint8_t current[DIGEST_KEY_SIZE];
    uint8_t previous[DIGEST_KEY_SIZE]; /* key_id - 1 */
};

struct digest_credentials { /* of Authorization or Proxy-Authorization */
    enum digest_algorithm algorithm;
    struct slice username, realm, nonce, uri, response, cnonce, nc_text, opaque; /* escapes kept */
    bool has_qop; /* qop=auth; auth-int is refused. Without qop a nonce is good once (nc 1) */
    uint32_t nc;
};

/* nc values seen for one nonce: the highest and the 63 below it. Stored with the binding. */
struct digest_window {
    uint32_t nonce_hash; /* which nonce: its time (20 bits) and random part (12); 0: none yet */
    uint32_t nc_high;
    uint64_t seen; /* bit i: nc_high - i was used */
};

enum digest_verdict {
    DIGEST_OK = 0,
    DIGEST_MISSING, /* no credentials for our realm: challenge */
    DIGEST_STALE, /* right password, but the nonce is old, unknown or its nc was used: stale=true */
    DIGEST_WRONG, /* wrong password or user: challenge again, counted */
    DIGEST_MALFORMED /* answer 400 */
};

/* What hashing keeps from one message to the next: H(method:uri) as it was made last, no secret;
 * one a thread. NULL: no memory. */
struct digest_context *digest_context_new(void);
void digest_context_free(struct digest_context *context);

void digest_ha1_make(struct digest_context *context, struct slice user, struct slice realm,
                     struct slice password, struct digest_ha1 *out);

/* now_s: wall seconds; random: from the caller. Writes DIGEST_NONCE_SIZE characters. */
void digest_nonce_write(struct digest_context *context, struct buf *out,
                        const struct digest_keys *keys, int64_t now_s, uint64_t random);

/* Is it one of ours, and not older than max_age_s? */
bool digest_nonce_is_good(struct slice nonce, const struct digest_keys *keys, int64_t now_s,
                          int64_t max_age_s);

enum digest_offer { /* which lines, in which order */
                    DIGEST_OFFER_MD5_FIRST = 0,
                    DIGEST_OFFER_SHA256_FIRST,
                    DIGEST_OFFER_MD5,
                    DIGEST_OFFER_SHA256
};
/* WWW-Authenticate or Proxy-Authenticate lines with CRLF, one for each algorithm that is offered
 * (RFC 8760 2.4), same nonce. MD5 first is for clients that know nothing else and read one line
 * only; MD5 alone for those that give up when they see another. */
void digest_challenge_write(struct digest_context *context, struct buf *out, bool is_proxy,
                            struct slice realm, const struct digest_keys *keys, int64_t now_s,
                            uint64_t random, bool is_stale, enum digest_offer offer);

/* The credentials for `realm` among the headers of that id. MISSING, MALFORMED, or OK: found. */
enum digest_verdict digest_credentials_find(const struct sip_msg *msg, bool is_proxy,
                                            struct slice realm, struct digest_credentials *out);

/* Is the response right, and the nonce ours and not older than max_age_s, and its nc new in the
 * window? The window changes only on DIGEST_OK; NULL: the caller checks nc elsewhere. ha1 NULL (no
 * such user): does the same work and answers DIGEST_WRONG. method: of the request. */
enum digest_verdict digest_verify(struct digest_context *context,
                                  const struct digest_credentials *credentials,
                                  const struct digest_ha1 *ha1, struct slice method,
                                  const struct digest_keys *keys, int64_t now_s, int64_t max_age_s,
                                  struct digest_window *window);

/* Client side: the Authorization line (with CRLF) that answers the challenge in `response` (401 or
 * 407), with the strongest algorithm offered. False: no challenge that we can answer. nc counts
 * from 1; cnonce from the caller. */
MUST_CHECK bool digest_answer_write(struct digest_context *context, struct buf *out,
                                    const struct sip_msg *response, struct slice user,
                                    struct slice password, struct slice method, struct slice uri,
                                    uint32_t nc, struct slice cnonce);

/* Keyed MAC for tags, branches and Record-Route: SipHash-2-4, the key cut to 16 bytes. */
uint64_t digest_mac64(const uint8_t key[DIGEST_KEY_SIZE], const void *data, size_t size);
/* The same over two words (as 16 bytes): half of the work of most texts. */
uint64_t digest_mac64_pair(const uint8_t key[DIGEST_KEY_SIZE], uint64_t first, uint64_t second);

#endif
