#include "node/keeper.h"

#include "base/clock.h"
#include "store/store.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define CHECKPOINT_EVERY_S 1
#define EXPIRE_EVERY_S 600
#define DAY_US INT64_C(86400000000)
#define CHUNKS_IN_A_ROW 50 /* then others have the lock for a while */

struct keeper {
    const struct node_config *config;
    struct store *store;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stopped;
    bool is_stopping;
};

/* True: told to stop meanwhile. */
static bool pause_s(struct keeper *keeper, int seconds)
{
    struct timespec until = clock_mono_after((int64_t)seconds * 1000000);
    pthread_mutex_lock(&keeper->lock);
    int status = 0;
    while (!keeper->is_stopping && status == 0) {
        status = pthread_cond_timedwait(&keeper->stopped, &keeper->lock, &until);
    }
    bool is_stopping = keeper->is_stopping;
    pthread_mutex_unlock(&keeper->lock);
    return is_stopping;
}

static void expire(struct keeper *keeper)
{
    int64_t now_us = clock_wall_us();
    bool has_more = true;
    for (int i = 0; has_more && i < CHUNKS_IN_A_ROW; i++) {
        enum store_result result =
            store_expire(keeper->store, now_us - keeper->config->cdr_days * DAY_US,
                         now_us - keeper->config->event_days * DAY_US, &has_more);
        if (result != STORE_OK) {
            return; /* the next round tries again */
        }
    }
}

static void *keeper_main(void *argument)
{
    struct keeper *keeper = argument;
    int until_expire = 5;
    while (!pause_s(keeper, CHECKPOINT_EVERY_S)) {
        /* A checkpoint that fails leaves the log longer, and is tried again in a second. */
        enum store_result result = store_checkpoint(keeper->store);
        if (result == STORE_OK && --until_expire <= 0) {
            expire(keeper);
            until_expire = EXPIRE_EVERY_S / CHECKPOINT_EVERY_S;
        }
    }
    return NULL;
}

struct keeper *keeper_new(const char *dir, const struct node_config *config)
{
    struct keeper *keeper = calloc(1, sizeof(*keeper));
    struct store_options options = {.dir = dir,
                                    .url = config->store,
                                    .deadline_us = 1000000,
                                    .is_checkpointer = true,
                                    .has_fault_layer = config->drill};
    if (keeper == NULL) {
        return NULL;
    }
    keeper->config = config;
    keeper->store = store_new(&options);
    pthread_mutex_init(&keeper->lock, NULL);
    clock_cond_init(&keeper->stopped);
    if (keeper->store == NULL || pthread_create(&keeper->thread, NULL, keeper_main, keeper) != 0) {
        store_free(keeper->store);
        free(keeper);
        return NULL;
    }
    return keeper;
}

void keeper_free(struct keeper *keeper)
{
    if (keeper == NULL) {
        return;
    }
    pthread_mutex_lock(&keeper->lock);
    keeper->is_stopping = true;
    pthread_cond_signal(&keeper->stopped);
    pthread_mutex_unlock(&keeper->lock);
    pthread_join(keeper->thread, NULL);
    store_free(keeper->store);
    pthread_mutex_destroy(&keeper->lock);
    pthread_cond_destroy(&keeper->stopped);
    free(keeper);
}
