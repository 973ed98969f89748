#include "node/resolver.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HOST_COUNT_MAX 1024
#define HOST_SIZE 128
#define AGAIN_S 60
#define RETRY_S 2

struct host {
    char name[HOST_SIZE];
    struct tri known;
    uint8_t address[16];
    int64_t due_s;
};

struct resolver {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_stopping;
    int host_count;
    struct host hosts[HOST_COUNT_MAX];
};

static int64_t now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec;
}

static struct tri ask(const char *name, uint8_t address[16])
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
    struct addrinfo *found = NULL;
    int status = getaddrinfo(name, NULL, &hints, &found);
    if (status == EAI_NONAME) {
        return (struct tri){TRI_ABSENT};
    }
    if (status != 0) {
        return (struct tri){TRI_UNKNOWN};
    }
    struct tri answer = {TRI_UNKNOWN};
    for (struct addrinfo *at = found; at != NULL && answer.is == TRI_UNKNOWN; at = at->ai_next) {
        if (at->ai_family == AF_INET) {
            const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)at->ai_addr;
            memset(address, 0, 10);
            address[10] = address[11] = 0xff;
            memcpy(address + 12, &v4->sin_addr, 4);
            answer.is = TRI_PRESENT;
        } else if (at->ai_family == AF_INET6) {
            const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)at->ai_addr;
            memcpy(address, &v6->sin6_addr, 16);
            answer.is = TRI_PRESENT;
        }
    }
    freeaddrinfo(found);
    return answer;
}

static void store_answer(struct host *host, struct tri answer, const uint8_t address[16])
{
    bool keeps_last = answer.is == TRI_UNKNOWN && host->known.is == TRI_PRESENT;
    if (!keeps_last) {
        host->known = answer;
        memcpy(host->address, address, 16);
    }
    host->due_s = now_s() + (answer.is == TRI_PRESENT ? AGAIN_S : RETRY_S);
}

static void *resolver_main(void *argument)
{
    struct resolver *resolver = argument;
    pthread_mutex_lock(&resolver->lock);
    while (!resolver->is_stopping) {
        int due = -1;
        for (int i = 0; i < resolver->host_count && due < 0; i++) {
            due = resolver->hosts[i].due_s <= now_s() ? i : -1;
        }
        if (due < 0) {
            struct timespec until;
            clock_gettime(CLOCK_REALTIME, &until);
            until.tv_sec += 1;
            pthread_cond_timedwait(&resolver->changed, &resolver->lock, &until);
            continue;
        }
        char name[HOST_SIZE];
        uint8_t address[16] = {0};
        memcpy(name, resolver->hosts[due].name, sizeof(name));
        pthread_mutex_unlock(&resolver->lock);
        struct tri answer = ask(name, address);
        pthread_mutex_lock(&resolver->lock);
        store_answer(&resolver->hosts[due], answer, address);
    }
    pthread_mutex_unlock(&resolver->lock);
    return NULL;
}

struct resolver *resolver_new(void)
{
    struct resolver *resolver = calloc(1, sizeof(*resolver));
    if (resolver == NULL) {
        return NULL;
    }
    pthread_mutex_init(&resolver->lock, NULL);
    pthread_cond_init(&resolver->changed, NULL);
    if (pthread_create(&resolver->thread, NULL, resolver_main, resolver) != 0) {
        free(resolver);
        return NULL;
    }
    return resolver;
}

void resolver_free(struct resolver *resolver)
{
    if (resolver == NULL) {
        return;
    }
    pthread_mutex_lock(&resolver->lock);
    resolver->is_stopping = true;
    pthread_cond_signal(&resolver->changed);
    pthread_mutex_unlock(&resolver->lock);
    pthread_join(resolver->thread, NULL);
    free(resolver);
}

struct tri resolver_look(struct resolver *resolver, const char *name, uint8_t address[16],
                         uint16_t *port)
{
    struct tri answer = {TRI_UNKNOWN};
    (void)port;
    pthread_mutex_lock(&resolver->lock);
    int at = 0;
    while (at < resolver->host_count && strcmp(resolver->hosts[at].name, name) != 0) {
        at++;
    }
    if (at < resolver->host_count) {
        answer = resolver->hosts[at].known;
        if (answer.is == TRI_PRESENT) {
            memcpy(address, resolver->hosts[at].address, 16);
        }
    } else if (at < HOST_COUNT_MAX && strlen(name) < HOST_SIZE) {
        snprintf(resolver->hosts[at].name, HOST_SIZE, "%s", name);
        resolver->hosts[at].due_s = 0;
        resolver->host_count++;
        pthread_cond_signal(&resolver->changed);
    }
    pthread_mutex_unlock(&resolver->lock);
    return answer;
}
