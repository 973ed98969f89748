#include "api/secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_BYTES 32
#define SALT_BYTES 16
#define SEAL_BYTES 32
/* About 50 ms and 32 MB: slow for who guesses, bearable for who logs in (RFC 7914). */
#define SCRYPT_N 32768
#define SCRYPT_R 8
#define SCRYPT_P 1
#define SCRYPT_MEMORY (64 * 1024 * 1024)
#define PASSWORD_MIN 8
#define OPERATOR_NAME_MAX 40

bool secret_random(void *out, size_t size)
{
    return RAND_bytes(out, (int)size) == 1;
}

bool secret_key_make(char key[SECRET_KEY_SIZE])
{
    unsigned char bytes[KEY_BYTES];
    unsigned char text[(KEY_BYTES + 2) / 3 * 4 + 1];
    if (!secret_random(bytes, sizeof(bytes))) {
        return false;
    }
    (void)EVP_EncodeBlock(text, bytes, KEY_BYTES);
    for (unsigned char *c = text; *c != '\0'; c++) {
        /* The alphabet that is safe in an URL (RFC 4648 5), without padding. */
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c == '=' ? '\0' : *c;
    }
    snprintf(key, SECRET_KEY_SIZE, "dt_%s", (const char *)text);
    OPENSSL_cleanse(bytes, sizeof(bytes));
    OPENSSL_cleanse(text, sizeof(text));
    return true;
}

void secret_hash(struct slice secret, char hash[SECRET_HASH_SIZE])
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)secret.data, secret.size, digest);
    slice_hex(hash, digest, sizeof(digest));
    hash[SECRET_HASH_SIZE - 1] = '\0';
}

bool secret_equal(const char *a, const char *b)
{
    size_t size = strlen(a);
    return size == strlen(b) && CRYPTO_memcmp(a, b, size) == 0;
}

bool secret_ha1(const char *user, const char *realm, const char *password, uint8_t md5[16],
                uint8_t sha256[32])
{
    char *text = NULL;
    int size = asprintf(&text, "%s:%s:%s", user, realm, password);
    if (size < 0) {
        return false;
    }
    bool is_made = EVP_Digest(text, (size_t)size, md5, NULL, EVP_md5(), NULL) == 1 &&
                   EVP_Digest(text, (size_t)size, sha256, NULL, EVP_sha256(), NULL) == 1;
    OPENSSL_cleanse(text, (size_t)size);
    free(text);
    return is_made;
}

static bool derive(const char *password, const uint8_t salt[SALT_BYTES], uint64_t n, uint64_t r,
                   uint64_t p, uint8_t out[SEAL_BYTES])
{
    return EVP_PBE_scrypt(password, strlen(password), salt, SALT_BYTES, n, r, p, SCRYPT_MEMORY, out,
                          SEAL_BYTES) == 1;
}

char *secret_password_seal(const char *password)
{
    uint8_t salt[SALT_BYTES];
    uint8_t seal[SEAL_BYTES];
    if (!secret_random(salt, sizeof(salt)) ||
        !derive(password, salt, SCRYPT_N, SCRYPT_R, SCRYPT_P, seal)) {
        return NULL;
    }
    char salt_text[2 * SALT_BYTES + 1] = {0};
    char seal_text[2 * SEAL_BYTES + 1] = {0};
    slice_hex(salt_text, salt, sizeof(salt));
    slice_hex(seal_text, seal, sizeof(seal));
    char *text = NULL;
    if (asprintf(&text, "scrypt$%d$%d$%d$%s$%s", SCRYPT_N, SCRYPT_R, SCRYPT_P, salt_text,
                 seal_text) < 0) {
        return NULL;
    }
    return text;
}

static bool next_number(struct slice *rest, uint64_t max, uint64_t *out)
{
    return slice_to_u64(slice_split(rest, '$'), max, out);
}

bool secret_password_matches(const char *sealed, const char *password)
{
    struct slice rest = slice_from_text(sealed);
    uint64_t n = 0;
    uint64_t r = 0;
    uint64_t p = 0;
    uint8_t salt[SALT_BYTES];
    uint8_t expected[SEAL_BYTES];
    uint8_t found[SEAL_BYTES];
    if (!slice_equal(slice_split(&rest, '$'), SLICE("scrypt")) ||
        !next_number(&rest, 1 << 20, &n) || !next_number(&rest, 32, &r) ||
        !next_number(&rest, 16, &p) ||
        !slice_from_hex(slice_split(&rest, '$'), salt, sizeof(salt)) ||
        !slice_from_hex(rest, expected, sizeof(expected))) {
        return false;
    }
    return derive(password, salt, n, r, p, found) &&
           CRYPTO_memcmp(expected, found, sizeof(found)) == 0;
}

bool secret_operator_name_ok(const char *name)
{
    size_t size = strlen(name);
    return size >= 1 && size <= OPERATOR_NAME_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
               size;
}

enum store_result secret_operator_put(struct store *store, const char *name, const char *password,
                                      const char *actor)
{
    size_t size = strlen(password);
    if (!secret_operator_name_ok(name) || size < PASSWORD_MIN || size > SECRET_PASSWORD_MAX) {
        return STORE_REFUSED;
    }
    char *sealed = secret_password_seal(password);
    if (sealed == NULL) {
        return STORE_UNKNOWN;
    }
    char setting[64];
    snprintf(setting, sizeof(setting), "console.operator.%s", name);
    enum store_result result = config_put_setting(store, setting, sealed, actor);
    free(sealed);
    return result;
}
