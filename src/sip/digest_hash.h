/* digest_hash.h - the hashing under digest.h, and nonces. Internal to src/sip. */
#ifndef DT_SIP_DIGEST_HASH_H
#define DT_SIP_DIGEST_HASH_H

#include "sip/digest.h"

#define DIGEST_HASH_SIZE_MAX 32

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "SipHash, MD5, nc and base64 are read and written as they lie in memory");

size_t digest_size(enum digest_algorithm algorithm); /* of a hash, in bytes */
const char *digest_algorithm_name(enum digest_algorithm algorithm);
MUST_CHECK bool digest_algorithm_parse(struct slice name, enum digest_algorithm *out);

/* Hash of the parts, one after another. */
void digest_hash(struct digest_context *context, enum digest_algorithm algorithm,
                 const struct slice *parts, size_t part_count, uint8_t *out);

/* Bytes hashed so far: that a refusal costs the same whoever asks is shown by it. */
uint64_t digest_hashed_size(const struct digest_context *context);

/* The response that `ha1` (a hash of that algorithm) gives (RFC 7616 3.4.1). */
void digest_response(struct digest_context *context, const struct digest_credentials *credentials,
                     const uint8_t *ha1, struct slice method, uint8_t *out);

/* Ours, and 0 <= age <= max_age_s (a few seconds before its time pass as 0)? *id: time and random
 * part, for digest_window. */
struct digest_nonce {
    int64_t age_s;
    uint32_t id;
};
bool digest_nonce_read(struct slice text, const struct digest_keys *keys, int64_t now_s,
                       int64_t max_age_s, struct digest_nonce *out);

/* Marks nc as used; false (nothing changes): it was, or it is too far back, or the nonce is older
 * than the one of the window. */
bool digest_window_take(struct digest_window *window, const struct digest_nonce *nonce, uint32_t nc,
                        int64_t now_s, int64_t max_age_s);

/* One name=value of a comma-separated list (RFC 7616 3.4); the value loses its quotes. False: at
 * the end, or *is_bad. */
bool digest_param_next(struct slice *rest, struct slice *name, struct slice *value, bool *is_bad);

/* What follows "Digest"; false: another scheme. */
bool digest_scheme_skip(struct slice value, struct slice *params);

#endif
