#include "guard/suspect.h"

#include "base/hash.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SETS 4096
#define WAYS 4
#define LOCKS 64
#define POINTS_MAX 1000000
#define WHATS 24 /* last things held against it: so many phones of an office may boot at once */

struct suspect {
    uint8_t key[16]; /* all zero: free */
    int32_t points;  /* at at_us */
    int64_t at_us;
    struct limiter_rate broken; /* broken messages answered */
    uint8_t what_next;
    uint8_t what_points[WHATS];
    uint32_t whats[WHATS];
};

struct suspects {
    uint64_t seed;
    int64_t fall_us;
    pthread_mutex_t locks[LOCKS];
    struct suspect sets[SETS][WAYS];
};

struct suspects *suspects_new(uint64_t seed, int64_t fall_us)
{
    struct suspects *suspects = calloc(1, sizeof(*suspects));
    if (suspects == NULL) {
        return NULL;
    }
    suspects->seed = seed;
    suspects->fall_us = fall_us;
    for (int i = 0; i < LOCKS; i++) {
        pthread_mutex_init(&suspects->locks[i], NULL);
    }
    return suspects;
}

void suspects_free(struct suspects *suspects)
{
    if (suspects == NULL) {
        return;
    }
    for (int i = 0; i < LOCKS; i++) {
        pthread_mutex_destroy(&suspects->locks[i]);
    }
    free(suspects);
}

static int32_t points_now(const struct suspects *suspects, const struct suspect *suspect,
                          int64_t now_us)
{
    int64_t fallen = (now_us - suspect->at_us) / suspects->fall_us;
    return fallen >= suspect->points ? 0 : suspect->points - (int32_t)fallen;
}

/* Moves the clock on by whole points, so that none is lost to rounding. */
static void wear_off(const struct suspects *suspects, struct suspect *suspect, int64_t now_us)
{
    int32_t points = points_now(suspects, suspect, now_us);
    suspect->at_us =
        points == 0 ? now_us : suspect->at_us + (suspect->points - points) * suspects->fall_us;
    suspect->points = points;
}

static pthread_mutex_t *lock_set(struct suspects *suspects, const uint8_t key[16],
                                 struct suspect **set)
{
    uint64_t at = hash_bytes(suspects->seed, key, 16) % SETS;
    pthread_mutex_t *lock = &suspects->locks[at % LOCKS];
    *set = suspects->sets[at];
    pthread_mutex_lock(lock);
    return lock;
}

static struct suspect *find(struct suspect *set, const uint8_t key[16])
{
    for (int i = 0; i < WAYS; i++) {
        if (memcmp(set[i].key, key, 16) == 0) {
            return &set[i];
        }
    }
    return NULL;
}

static struct suspect *find_or_make(const struct suspects *suspects, struct suspect *set,
                                    const uint8_t key[16], int64_t now_us)
{
    struct suspect *found = find(set, key);
    if (found != NULL) {
        wear_off(suspects, found, now_us);
        return found;
    }
    struct suspect *least = &set[0];
    for (int i = 1; i < WAYS; i++) {
        if (points_now(suspects, &set[i], now_us) < points_now(suspects, least, now_us)) {
            least = &set[i];
        }
    }
    memset(least, 0, sizeof(*least));
    memcpy(least->key, key, sizeof(least->key));
    least->at_us = now_us;
    return least;
}

static int find_what(const struct suspect *suspect, uint32_t what)
{
    for (int i = 0; i < WHATS; i++) {
        if (suspect->whats[i] == what) {
            return i;
        }
    }
    return -1;
}

int32_t suspect_add(struct suspects *suspects, const uint8_t key[16], uint32_t what, int32_t points,
                    int64_t now_us)
{
    struct suspect *set;
    pthread_mutex_t *lock = lock_set(suspects, key, &set);
    struct suspect *suspect = find_or_make(suspects, set, key, now_us);
    uint32_t mark = what | 1; /* 0 is a free place */
    if (find_what(suspect, mark) < 0) {
        int at = suspect->what_next++ % WHATS;
        suspect->whats[at] = mark;
        suspect->what_points[at] = points > UINT8_MAX ? UINT8_MAX : (uint8_t)points;
        suspect->points = suspect->points > POINTS_MAX ? POINTS_MAX : suspect->points + points;
    }
    int32_t result = suspect->points;
    pthread_mutex_unlock(lock);
    return result;
}

int32_t suspect_take_back(struct suspects *suspects, const uint8_t key[16], uint32_t what,
                          int64_t now_us)
{
    struct suspect *set;
    pthread_mutex_t *lock = lock_set(suspects, key, &set);
    struct suspect *suspect = find(set, key);
    int held = suspect == NULL ? -1 : find_what(suspect, what | 1);
    int32_t result = -1;
    if (held >= 0) {
        int32_t points = suspect->what_points[held];
        suspect->whats[held] = 0;
        wear_off(suspects, suspect, now_us);
        suspect->points = suspect->points > points ? suspect->points - points : 0;
        result = suspect->points;
    }
    pthread_mutex_unlock(lock);
    return result;
}

void suspect_set(struct suspects *suspects, const uint8_t key[16], int32_t points, int64_t now_us)
{
    struct suspect *set;
    pthread_mutex_t *lock = lock_set(suspects, key, &set);
    struct suspect *suspect = find_or_make(suspects, set, key, now_us);
    suspect->points = points;
    suspect->at_us = now_us;
    if (points == 0) {
        memset(suspect->whats, 0, sizeof(suspect->whats));
    }
    pthread_mutex_unlock(lock);
}

bool suspect_may_answer(struct suspects *suspects, const uint8_t key[16],
                        const struct limiter_rate_terms *terms, int64_t now_us)
{
    struct suspect *set;
    pthread_mutex_t *lock = lock_set(suspects, key, &set);
    struct suspect *suspect = find_or_make(suspects, set, key, now_us);
    bool may = limiter_rate_take(&suspect->broken, terms, now_us);
    pthread_mutex_unlock(lock);
    return may;
}
