#include "api/keys.h"

#include "base/hash.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_MAX 4096 /* a power of two; two keys of one place displace each other */
#define FRESH_US 1000000

struct kept {
    struct api_key key;
    int64_t at_us;
};

struct keys {
    pthread_mutex_t lock;
    struct kept kept[KEYS_MAX];
};

struct keys *keys_new(void)
{
    struct keys *keys = calloc(1, sizeof(*keys));
    if (keys != NULL) {
        pthread_mutex_init(&keys->lock, NULL);
    }
    return keys;
}

void keys_free(struct keys *keys)
{
    if (keys == NULL) {
        return;
    }
    pthread_mutex_destroy(&keys->lock);
    free(keys);
}

static struct kept *place(struct keys *keys, const char *hash)
{
    return &keys->kept[hash_bytes(0, hash, strlen(hash)) % KEYS_MAX];
}

static struct tri find(struct keys *keys, const char *hash, int64_t newer_than_us,
                       struct api_key *out)
{
    struct tri answer = {TRI_UNKNOWN};
    pthread_mutex_lock(&keys->lock);
    const struct kept *kept = place(keys, hash);
    if (kept->key.id != 0 && strcmp(kept->key.hash, hash) == 0 && kept->at_us >= newer_than_us) {
        *out = kept->key;
        answer.is = TRI_PRESENT;
    }
    pthread_mutex_unlock(&keys->lock);
    return answer;
}

struct tri keys_find_fresh(struct keys *keys, const char *hash, int64_t now_us, struct api_key *out)
{
    return find(keys, hash, now_us - FRESH_US, out);
}

struct tri keys_find_any(struct keys *keys, const char *hash, struct api_key *out)
{
    return find(keys, hash, INT64_MIN, out);
}

void keys_put(struct keys *keys, const struct api_key *key, int64_t now_us)
{
    pthread_mutex_lock(&keys->lock);
    *place(keys, key->hash) = (struct kept){*key, now_us};
    pthread_mutex_unlock(&keys->lock);
}

void keys_remove(struct keys *keys, const char *hash)
{
    pthread_mutex_lock(&keys->lock);
    struct kept *kept = place(keys, hash);
    if (strcmp(kept->key.hash, hash) == 0) {
        *kept = (struct kept){0};
    }
    pthread_mutex_unlock(&keys->lock);
}
