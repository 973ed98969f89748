#include "api/followers.h"

#include "api/api.h"
#include "base/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define QUEUE_MAX (256 * 1024)
#define QUEUE_FIRST 4096
#define HEARTBEAT_S 15

static const char hello[] = "retry: 1000\nevent: hello\ndata: {}\n\n";
static const char heartbeat[] = ": still here\n\n";
static const char lost[] = "event: lost\ndata: {}\n\n";

struct follower {
    struct followers *all;
    uint64_t account_id;
    char *queue;
    size_t size, size_max, at;
    bool is_lost; /* an event did not fit: what is queued is sent, then the end */
    bool is_over;
};

struct followers {
    pthread_mutex_t lock;
    pthread_cond_t has_news;
    bool is_stopping;
    atomic_uint count;
    struct follower *joined[API_STREAMS_MAX];
};

struct followers *followers_new(void)
{
    struct followers *followers = calloc(1, sizeof(*followers));
    if (followers == NULL) {
        return NULL;
    }
    pthread_mutex_init(&followers->lock, NULL);
    clock_cond_init(&followers->has_news);
    return followers;
}

void followers_free(struct followers *followers)
{
    if (followers == NULL) {
        return;
    }
    pthread_cond_destroy(&followers->has_news);
    pthread_mutex_destroy(&followers->lock);
    free(followers);
}

void followers_stop(struct followers *followers)
{
    pthread_mutex_lock(&followers->lock);
    followers->is_stopping = true;
    pthread_cond_broadcast(&followers->has_news);
    pthread_mutex_unlock(&followers->lock);
}

uint32_t followers_count(const struct followers *followers)
{
    return atomic_load(&followers->count);
}

static void push(struct follower *follower, const char *data, size_t size)
{
    if (follower->is_lost) {
        return;
    }
    if (follower->size + size > QUEUE_MAX) {
        follower->is_lost = true;
        return;
    }
    size_t size_max = follower->size_max == 0 ? QUEUE_FIRST : follower->size_max;
    while (size_max < follower->size + size) {
        size_max *= 2;
    }
    if (size_max != follower->size_max) {
        char *queue = realloc(follower->queue, size_max);
        if (queue == NULL) {
            follower->is_lost = true;
            return;
        }
        follower->queue = queue;
        follower->size_max = size_max;
    }
    memcpy(follower->queue + follower->size, data, size);
    follower->size += size;
}

struct follower *followers_join(struct followers *followers, uint64_t account_id)
{
    struct follower *follower = calloc(1, sizeof(*follower));
    if (follower == NULL) {
        return NULL;
    }
    follower->all = followers;
    follower->account_id = account_id;
    push(follower, hello, sizeof(hello) - 1);
    pthread_mutex_lock(&followers->lock);
    for (int i = 0; i < API_STREAMS_MAX && !followers->is_stopping; i++) {
        if (followers->joined[i] == NULL) {
            followers->joined[i] = follower;
            atomic_fetch_add(&followers->count, 1);
            pthread_mutex_unlock(&followers->lock);
            return follower;
        }
    }
    pthread_mutex_unlock(&followers->lock);
    free(follower->queue);
    free(follower);
    return NULL;
}

void followers_leave(struct follower *follower)
{
    struct followers *followers = follower->all;
    pthread_mutex_lock(&followers->lock);
    for (int i = 0; i < API_STREAMS_MAX; i++) {
        if (followers->joined[i] == follower) {
            followers->joined[i] = NULL;
            atomic_fetch_sub(&followers->count, 1);
        }
    }
    pthread_mutex_unlock(&followers->lock);
    free(follower->queue);
    free(follower);
}

static ssize_t take(struct follower *follower, char *out, size_t size_max)
{
    size_t size = follower->size - follower->at;
    size = size < size_max ? size : size_max;
    memcpy(out, follower->queue + follower->at, size);
    follower->at += size;
    if (follower->at == follower->size) {
        follower->at = 0;
        follower->size = 0;
    }
    return (ssize_t)size;
}

static ssize_t put_constant(const char *text, size_t size, char *out, size_t size_max)
{
    if (size > size_max) {
        return -1;
    }
    memcpy(out, text, size);
    return (ssize_t)size;
}

static ssize_t read_locked(struct follower *follower, char *out, size_t size_max)
{
    struct timespec until = clock_mono_after(HEARTBEAT_S * INT64_C(1000000));
    for (;;) {
        if (follower->all->is_stopping || follower->is_over) {
            return -1;
        }
        if (follower->size > 0) {
            return take(follower, out, size_max);
        }
        if (follower->is_lost) {
            follower->is_over = true;
            return put_constant(lost, sizeof(lost) - 1, out, size_max);
        }
        if (pthread_cond_timedwait(&follower->all->has_news, &follower->all->lock, &until) != 0) {
            return put_constant(heartbeat, sizeof(heartbeat) - 1, out, size_max);
        }
    }
}

ssize_t followers_read(struct follower *follower, char *out, size_t size_max)
{
    pthread_mutex_lock(&follower->all->lock);
    ssize_t size = read_locked(follower, out, size_max);
    pthread_mutex_unlock(&follower->all->lock);
    return size;
}

static bool may_hear(const struct follower *follower, const json_t *data)
{
    json_int_t account_id = json_integer_value(json_object_get(data, "account_id"));
    return follower->account_id == 0 || (uint64_t)account_id == follower->account_id;
}

void followers_publish(struct followers *followers, const char *kind, const json_t *data)
{
    if (followers_count(followers) == 0) {
        return;
    }
    char *json = json_dumps(data, JSON_COMPACT); /* without line ends: they are escaped */
    char *text = NULL;
    int size = json == NULL ? -1 : asprintf(&text, "event: %s\ndata: %s\n\n", kind, json);
    free(json);
    if (size < 0) {
        return;
    }
    pthread_mutex_lock(&followers->lock);
    for (int i = 0; i < API_STREAMS_MAX; i++) {
        struct follower *follower = followers->joined[i];
        if (follower != NULL && may_hear(follower, data)) {
            push(follower, text, (size_t)size);
        }
    }
    pthread_cond_broadcast(&followers->has_news);
    pthread_mutex_unlock(&followers->lock);
    free(text);
}
