#include "store/internal.h"

#include <openssl/evp.h>

bool store_sha256_start(struct store *store)
{
    if (store->hash_context == NULL) {
        store->hash_context = EVP_MD_CTX_new();
    }
    if (store->hash_context == NULL ||
        EVP_DigestInit_ex(store->hash_context, EVP_sha256(), NULL) != 1) {
        store_fail(store, STORE_UNKNOWN, "SHA-256 is not available");
        return false;
    }
    return true;
}

void store_sha256_add(struct store *store, const void *data, size_t size)
{
    (void)EVP_DigestUpdate(store->hash_context, data, size);
}

void store_sha256_end(struct store *store, uint8_t hash[STORE_HASH_SIZE])
{
    (void)EVP_DigestFinal_ex(store->hash_context, hash, NULL);
}
