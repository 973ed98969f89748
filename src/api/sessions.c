#include "api/sessions.h"

#include "api/secret.h"
#include "base/hash.h"
#include "guard/limiter.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SESSIONS_MAX 512
#define PEERS_MAX 4096
#define FILE_MAGIC UINT32_C(0x31735444) /* "DTs1" */

struct sessions {
    pthread_mutex_t lock;
    char path[4096];
    struct session all[SESSIONS_MAX];
    uint64_t seed;
    struct limiter_rate failures[PEERS_MAX]; /* by hash of the address */
};

struct file_head {
    uint32_t magic;
    uint32_t crc;
    uint32_t session_size;
    uint32_t session_count;
};

static void load(struct sessions *sessions)
{
    FILE *file = fopen(sessions->path, "rbe");
    if (file == NULL) {
        return;
    }
    struct file_head head = {0};
    bool is_good = fread(&head, sizeof(head), 1, file) == 1 && head.magic == FILE_MAGIC &&
                   head.session_size == sizeof(struct session) &&
                   head.session_count == SESSIONS_MAX &&
                   fread(sessions->all, sizeof(sessions->all), 1, file) == 1 &&
                   crc32c(0, sessions->all, sizeof(sessions->all)) == head.crc;
    fclose(file);
    if (!is_good) {
        memset(sessions->all, 0, sizeof(sessions->all)); /* everybody logs in again */
    }
}

/* Not synced: a session lost by a power cut is a log-in, not a loss. */
static void save(const struct sessions *sessions)
{
    char path[sizeof(sessions->path) + 8];
    snprintf(path, sizeof(path), "%s.new", sessions->path);
    struct file_head head = {FILE_MAGIC, crc32c(0, sessions->all, sizeof(sessions->all)),
                             sizeof(struct session), SESSIONS_MAX};
    FILE *file = fopen(path, "wbe");
    if (file == NULL) {
        return;
    }
    bool is_written = fchmod(fileno(file), 0600) == 0 &&
                      fwrite(&head, sizeof(head), 1, file) == 1 &&
                      fwrite(sessions->all, sizeof(sessions->all), 1, file) == 1;
    if (fclose(file) != 0 || !is_written || rename(path, sessions->path) != 0) {
        (void)unlink(path);
    }
}

struct sessions *sessions_new(const char *dir)
{
    struct sessions *sessions = calloc(1, sizeof(*sessions));
    if (sessions == NULL) {
        return NULL;
    }
    pthread_mutex_init(&sessions->lock, NULL);
    snprintf(sessions->path, sizeof(sessions->path), "%s/web/sessions", dir);
    (void)!secret_random(&sessions->seed, sizeof(sessions->seed));
    load(sessions);
    return sessions;
}

void sessions_free(struct sessions *sessions)
{
    if (sessions == NULL) {
        return;
    }
    pthread_mutex_destroy(&sessions->lock);
    free(sessions);
}

static bool make_token(char token[SESSION_TOKEN_SIZE])
{
    uint8_t bytes[20];
    if (!secret_random(bytes, sizeof(bytes))) {
        return false;
    }
    slice_hex(token, bytes, sizeof(bytes));
    token[2 * sizeof(bytes)] = '\0';
    return true;
}

bool sessions_start(struct sessions *sessions, struct session *session, int64_t wall_us,
                    char token[SESSION_TOKEN_SIZE])
{
    if (!make_token(token) || !make_token(session->csrf)) {
        return false;
    }
    secret_hash(slice_from_text(token), session->token_hash);
    session->wall_end_us = wall_us + SESSION_LENGTH_US;
    pthread_mutex_lock(&sessions->lock);
    size_t oldest = 0;
    for (size_t i = 1; i < SESSIONS_MAX; i++) {
        if (sessions->all[i].wall_end_us < sessions->all[oldest].wall_end_us) {
            oldest = i;
        }
    }
    sessions->all[oldest] = *session;
    save(sessions);
    pthread_mutex_unlock(&sessions->lock);
    return true;
}

static struct session *find(struct sessions *sessions, const char *token)
{
    char hash[SECRET_HASH_SIZE];
    secret_hash(slice_from_text(token), hash);
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        if (strcmp(sessions->all[i].token_hash, hash) == 0) {
            return &sessions->all[i];
        }
    }
    return NULL;
}

bool sessions_find(struct sessions *sessions, const char *token, int64_t wall_us,
                   struct session *out)
{
    pthread_mutex_lock(&sessions->lock);
    const struct session *found = find(sessions, token);
    bool is_found = found != NULL && found->wall_end_us > wall_us;
    if (is_found) {
        *out = *found;
    }
    pthread_mutex_unlock(&sessions->lock);
    return is_found;
}

void sessions_end(struct sessions *sessions, const char *token)
{
    pthread_mutex_lock(&sessions->lock);
    struct session *found = find(sessions, token);
    if (found != NULL) {
        *found = (struct session){0};
        save(sessions);
    }
    pthread_mutex_unlock(&sessions->lock);
}

void sessions_end_of_key(struct sessions *sessions, const char *key_hash)
{
    pthread_mutex_lock(&sessions->lock);
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        if (key_hash[0] != '\0' && strcmp(sessions->all[i].key_hash, key_hash) == 0) {
            sessions->all[i] = (struct session){0};
        }
    }
    save(sessions);
    pthread_mutex_unlock(&sessions->lock);
}

static const struct limiter_rate_terms failure_terms = {.per_second = 1, .burst_count = 10};

static struct limiter_rate *limiter_of(struct sessions *sessions, const char *peer)
{
    return &sessions->failures[hash_bytes(sessions->seed, peer, strlen(peer)) % PEERS_MAX];
}

int64_t sessions_wait_us(struct sessions *sessions, const char *peer, int64_t now_us)
{
    pthread_mutex_lock(&sessions->lock);
    int64_t wait_us = limiter_rate_wait_us(limiter_of(sessions, peer), &failure_terms, now_us);
    pthread_mutex_unlock(&sessions->lock);
    return wait_us;
}

void sessions_note_failure(struct sessions *sessions, const char *peer, int64_t now_us)
{
    pthread_mutex_lock(&sessions->lock);
    (void)!limiter_rate_take(limiter_of(sessions, peer), &failure_terms, now_us);
    pthread_mutex_unlock(&sessions->lock);
}
