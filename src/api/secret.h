/* secret.h - keys, passwords and their hashes; nothing here is ever logged. */
#ifndef DT_API_SECRET_H
#define DT_API_SECRET_H

#include "base/slice.h"
#include "store/store.h"

#define SECRET_KEY_SIZE 48  /* "dt_" and 43 characters, with the NUL */
#define SECRET_HASH_SIZE 65 /* hex SHA-256 with the NUL */
#define SECRET_PASSWORD_MAX 128

/* A new API key of 256 random bits. False: no randomness. */
MUST_CHECK bool secret_key_make(char key[SECRET_KEY_SIZE]);
void secret_hash(struct slice secret, char hash[SECRET_HASH_SIZE]);
bool secret_equal(const char *a, const char *b); /* in constant time for equal lengths */
MUST_CHECK bool secret_random(void *out, size_t size);

/* HA1 of digest authentication (RFC 7616 3.4.2): MD5 and SHA-256 of "user:realm:password". */
MUST_CHECK bool secret_ha1(const char *user, const char *realm, const char *password,
                           uint8_t md5[16], uint8_t sha256[32]);

/* A console operator's password as text to store: "scrypt$N$r$p$salt$hash". NULL: no memory or no
 * randomness; the caller frees it. */
char *secret_password_seal(const char *password);
MUST_CHECK bool secret_password_matches(const char *sealed, const char *password);

/* Makes a console operator, or gives it a new password: setting "console.operator.NAME". REFUSED:
 * the name or the password cannot be used. */
enum store_result secret_operator_put(struct store *store, const char *name, const char *password,
                                      const char *actor) MUST_CHECK;
MUST_CHECK bool secret_operator_name_ok(const char *name); /* letters, digits, '-', '_', '.' */

#endif
