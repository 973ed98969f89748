#include "node/resolver.h"

#include "base/clock.h"
#include "node/dns_client.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SECOND_US INT64_C(1000000)
#define HOST_COUNT_MAX 1024
#define UNDER_WAY_MAX 16
#define HOSTS_SIZE_MAX 65536
#define HOSTS_TTL_S 10
#define RETRY_FIRST_S 2
#define RETRY_MAX_S 30
#define FILE_EVERY_US (5 * SECOND_US)
#define UNUSED_US (3600 * SECOND_US)
#define PARTIAL_AFTER_US (3600 * SECOND_US) /* then half an answer is better than an old one */

struct host {
    struct resolver *resolver;
    char name[TARGET_NAME_SIZE];
    uint16_t port;
    bool is_tcp;
    struct tri known;
    bool is_partial;
    struct target_set set;
    int64_t whole_at_us; /* last answer that was not partial */
    int64_t due_us;
    int64_t used_us; /* it was looked at last */
    int64_t retry_s;
    bool is_asked;
};

struct resolver {
    struct resolver_options options;
    pthread_t thread;
    pthread_mutex_t lock;
    int wake_fd;
    atomic_bool is_stopping;
    int host_count;
    struct host *hosts;
    struct dns_client *client; /* of the thread */
    int under_way;
    struct timespec file_changed;
    int64_t file_seen_us;
};

/* With the lock held. */
static void store_answer(struct host *host, const struct dns_answer *answer)
{
    int64_t now_us = clock_mono_us();
    int64_t again_s = answer->ttl_s < 1 ? 1 : answer->ttl_s;
    bool is_old = now_us - host->whole_at_us >= PARTIAL_AFTER_US;
    bool keeps_last =
        host->known.is == TRI_PRESENT &&
        (answer->known.is == TRI_UNKNOWN || (answer->is_partial && !host->is_partial && !is_old));
    if (!keeps_last) {
        host->known = answer->known;
        host->is_partial = answer->is_partial;
        host->set = answer->set;
    }
    if (answer->is_partial) {
        host->retry_s = host->retry_s == 0 ? RETRY_FIRST_S : host->retry_s * 2;
        host->retry_s = host->retry_s > RETRY_MAX_S ? RETRY_MAX_S : host->retry_s;
        again_s = host->retry_s;
    } else {
        host->retry_s = 0;
        host->whole_at_us = now_us;
    }
    host->due_us = now_us + again_s * SECOND_US;
    host->is_asked = false;
}

static void on_answer(void *ctx, const struct dns_answer *answer)
{
    struct host *host = ctx;
    struct resolver *resolver = host->resolver;
    pthread_mutex_lock(&resolver->lock);
    store_answer(host, answer);
    resolver->under_way--;
    pthread_mutex_unlock(&resolver->lock);
}

/* What the hosts file says is not asked of anybody. */
static bool is_in_hosts(const struct resolver *resolver, const struct host *host,
                        struct dns_answer *out)
{
    FILE *file = fopen(resolver->options.hosts, "re");
    char *text = file == NULL ? NULL : malloc(HOSTS_SIZE_MAX);
    size_t size = text == NULL ? 0 : fread(text, 1, HOSTS_SIZE_MAX, file);
    struct target_record record = {.port = host->port == 0 ? 5060 : host->port};
    int count = target_hosts_find(slice_make(text, size), slice_from_text(host->name), &record);
    free(text);
    if (file != NULL) {
        fclose(file);
    }
    *out = (struct dns_answer){.known = {TRI_PRESENT}, .ttl_s = HOSTS_TTL_S};
    out->set.records[out->set.count++] = record;
    return count > 0;
}

static void look_up(struct resolver *resolver, struct host *host)
{
    struct dns_answer answer;
    struct dns_wish wish = {.host = host->name,
                            .port = host->port,
                            .is_tcp = host->is_tcp,
                            .done = on_answer,
                            .ctx = host};
    bool is_here = is_in_hosts(resolver, host, &answer);
    bool is_asked = !is_here && resolver->client != NULL &&
                    dns_client_ask(resolver->client, &wish, clock_mono_us());
    if (!is_asked) {
        if (!is_here) {
            answer = (struct dns_answer){.is_partial = true};
        }
        on_answer(host, &answer);
    }
}

/* Its trunk is gone, or has another name now. */
static bool is_unused(const struct resolver *resolver, const struct host *host, int64_t now_us)
{
    return now_us - host->used_us >= resolver->options.unused_us;
}

/* The one that is due for the longest, marked as asked, so that many names which nobody answers do
 * not keep others from their turn; NULL: none is due, or enough are under way. */
static struct host *next_due(struct resolver *resolver)
{
    struct host *found = NULL;
    int64_t now_us = clock_mono_us();
    pthread_mutex_lock(&resolver->lock);
    for (int i = 0; i < resolver->host_count && resolver->under_way < UNDER_WAY_MAX; i++) {
        struct host *host = &resolver->hosts[i];
        if (!host->is_asked && host->due_us <= now_us && !is_unused(resolver, host, now_us) &&
            (found == NULL || host->due_us < found->due_us)) {
            found = host;
        }
    }
    if (found != NULL) {
        found->is_asked = true;
        resolver->under_way++;
    }
    pthread_mutex_unlock(&resolver->lock);
    return found;
}

/* False: it cannot be read, and what was read before is better than nothing. */
static bool read_change(const char *path, struct timespec *out)
{
    struct stat found;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool is_read = fd >= 0 && fstat(fd, &found) == 0;
    if (fd >= 0) {
        close(fd);
    }
    *out = is_read ? found.st_mtim : (struct timespec){0};
    return is_read;
}

/* The client is made anew when the file that names the servers is another one: what was under way
 * is asked again. */
static void follow_file(struct resolver *resolver)
{
    struct timespec changed;
    int64_t now_us = clock_mono_us();
    if (resolver->client != NULL && now_us - resolver->file_seen_us < FILE_EVERY_US) {
        return;
    }
    resolver->file_seen_us = now_us;
    bool is_same = !read_change(resolver->options.resolv_conf, &changed) ||
                   (changed.tv_sec == resolver->file_changed.tv_sec &&
                    changed.tv_nsec == resolver->file_changed.tv_nsec);
    if (resolver->client != NULL && is_same) {
        return;
    }
    resolver->file_changed = changed;
    dns_client_free(resolver->client);
    resolver->client = dns_client_new(resolver->options.resolv_conf, resolver->options.server);
    pthread_mutex_lock(&resolver->lock);
    for (int i = 0; i < resolver->host_count; i++) {
        resolver->hosts[i].is_asked = false;
    }
    resolver->under_way = 0;
    pthread_mutex_unlock(&resolver->lock);
}

static void wait_a_moment(const struct resolver *resolver)
{
    struct pollfd fds[2] = {{.fd = resolver->wake_fd, .events = POLLIN}, {.fd = -1}};
    uint64_t count;
    if (resolver->client != NULL) {
        fds[1] = (struct pollfd){.fd = dns_client_fd(resolver->client), .events = POLLIN};
    }
    (void)poll(fds, 2, 1000);
    if ((fds[0].revents & POLLIN) != 0) {
        (void)!read(resolver->wake_fd, &count, sizeof(count));
    }
}

static void *resolver_main(void *argument)
{
    struct resolver *resolver = argument;
    while (!atomic_load(&resolver->is_stopping)) {
        struct host *host;
        follow_file(resolver);
        while ((host = next_due(resolver)) != NULL) {
            look_up(resolver, host);
        }
        wait_a_moment(resolver);
        if (resolver->client != NULL) {
            dns_client_turn(resolver->client, clock_mono_us());
        }
    }
    dns_client_free(resolver->client);
    return NULL;
}

struct resolver *resolver_new(const struct resolver_options *options)
{
    struct resolver *resolver = calloc(1, sizeof(*resolver));
    if (resolver == NULL) {
        return NULL;
    }
    resolver->options = *options;
    if (options->hosts == NULL) {
        resolver->options.hosts = "/etc/hosts";
    }
    if (options->resolv_conf == NULL) {
        resolver->options.resolv_conf = "/etc/resolv.conf";
    }
    if (options->unused_us == 0) {
        resolver->options.unused_us = UNUSED_US;
    }
    resolver->hosts = calloc(HOST_COUNT_MAX, sizeof(*resolver->hosts));
    resolver->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&resolver->lock, NULL);
    if (resolver->hosts == NULL || resolver->wake_fd < 0 ||
        pthread_create(&resolver->thread, NULL, resolver_main, resolver) != 0) {
        if (resolver->wake_fd >= 0) {
            close(resolver->wake_fd);
        }
        free(resolver->hosts);
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
    uint64_t one = 1;
    atomic_store(&resolver->is_stopping, true);
    (void)!write(resolver->wake_fd, &one, sizeof(one));
    pthread_join(resolver->thread, NULL);
    pthread_mutex_destroy(&resolver->lock);
    close(resolver->wake_fd);
    free(resolver->hosts);
    free(resolver);
}

/* With the lock held. A new place, or that of a name which nobody looks at. NULL: there is none. */
static struct host *room(struct resolver *resolver, int64_t now_us)
{
    if (resolver->host_count < HOST_COUNT_MAX) {
        return &resolver->hosts[resolver->host_count++];
    }
    for (int i = 0; i < HOST_COUNT_MAX; i++) {
        struct host *host = &resolver->hosts[i];
        if (!host->is_asked && is_unused(resolver, host, now_us)) {
            return host;
        }
    }
    return NULL;
}

/* With the lock held. NULL: not known, and there is no room. */
static struct host *host_for(struct resolver *resolver, const struct resolver_ask *ask)
{
    int64_t now_us = clock_mono_us();
    struct host *host = NULL;
    for (int i = 0; i < resolver->host_count && host == NULL; i++) {
        struct host *one = &resolver->hosts[i];
        if (one->port == ask->port && one->is_tcp == ask->is_tcp &&
            strcmp(one->name, ask->host) == 0) {
            host = one;
        }
    }
    bool must_wake = host == NULL || is_unused(resolver, host, now_us);
    if (host == NULL && strlen(ask->host) < sizeof(host->name) &&
        (host = room(resolver, now_us)) != NULL) {
        *host = (struct host){.resolver = resolver, .port = ask->port, .is_tcp = ask->is_tcp};
        snprintf(host->name, sizeof(host->name), "%s", ask->host);
    }
    if (host != NULL) {
        host->used_us = now_us;
    }
    if (host != NULL && must_wake) {
        uint64_t one = 1;
        (void)!write(resolver->wake_fd, &one, sizeof(one));
    }
    return host;
}

struct tri resolver_look(struct resolver *resolver, const struct resolver_ask *ask,
                         struct target out[TARGETS_MAX], int *count)
{
    struct tri answer = {TRI_UNKNOWN};
    pthread_mutex_lock(&resolver->lock);
    const struct host *host = host_for(resolver, ask);
    if (host != NULL) {
        answer = host->known;
        if (answer.is == TRI_PRESENT) {
            *count = target_order(&host->set, ask->seed, out);
        }
    }
    pthread_mutex_unlock(&resolver->lock);
    return answer;
}
