#include "node/edge_role.h"
#include "base/clock.h"
#include "net/control_socket.h"
#include "node/edge_store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_SIZE 32

static void complain(const char *what, const char *why)
{
    char text[600];
    struct buf json;
    buf_init(&json, text, sizeof(text));
    buf_char(&json, '{');
    buf_json_i64(&json, "wall_us", clock_wall_us());
    buf_json_text(&json, "role", SLICE("edge"));
    buf_json_text(&json, "error", slice_from_text(what));
    buf_json_text(&json, "why", slice_from_text(why));
    buf_text(&json, "}\n");
    ssize_t written = write(STDERR_FILENO, text, json.size);
    (void)written;
}

/* A secret of DIR/secrets, made at the first start. False: it can be neither read nor made. */
static bool secret_key(const char *dir, const char *name, uint8_t key[KEY_SIZE])
{
    char path[700];
    snprintf(path, sizeof(path), "%s/secrets", dir);
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return false;
    }
    snprintf(path, sizeof(path), "%s/secrets/%s.key", dir, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t got = read(fd, key, KEY_SIZE);
        close(fd);
        if (got == KEY_SIZE) {
            return true;
        }
    }
    if (getrandom(key, KEY_SIZE, 0) != KEY_SIZE) {
        return false;
    }
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    bool is_written = write(fd, key, KEY_SIZE) == KEY_SIZE && fsync(fd) == 0;
    close(fd);
    return is_written;
}

static void set_listeners(const struct role_options *options, struct edge_settings *settings)
{
    for (int i = 0; i < options->socket_count; i++) {
        const struct role_socket *socket = &options->sockets[i];
        if (socket->listener >= EDGE_LISTENERS_MAX) {
            continue;
        }
        struct edge_listener *listener = &settings->listeners[socket->listener];
        listener->transport = socket->transport;
        listener->port = socket->port;
        listener->is_ipv6 = strchr(socket->host, ':') != NULL;
        snprintf(listener->advertised, sizeof(listener->advertised), "%s", socket->advertised);
        if (socket->listener + 1 > settings->listener_count) {
            settings->listener_count = socket->listener + 1;
        }
    }
}

static void set_routing(const struct node_config *config, struct route_settings *routing)
{
    routing->on_net_rate = rate_free(config->currency);
    routing->on_net_rate.nano_per_min = config->on_net_nano_per_min;
    routing->on_net_rate.first_s = config->on_net_first_s == 0 ? 1 : config->on_net_first_s;
    routing->on_net_rate.next_s = config->on_net_next_s == 0 ? 1 : config->on_net_next_s;
    routing->allow_negative_margin = config->allow_negative_margin;
    routing->emergency_count = config->emergency_count;
    memcpy(routing->emergency, config->emergency, sizeof(routing->emergency));
    routing->hot_count = config->hot_count;
    memcpy(routing->hot, config->hot, sizeof(routing->hot));
}

static bool set_settings(struct edge_role *role)
{
    const struct role_options *options = role->options;
    const struct node_config *config = options->config;
    struct edge_settings *settings = &role->edge.settings;
    uint32_t workers = (uint32_t)role->worker_count;
    uint8_t hash_key[KEY_SIZE] = {0};
    snprintf(settings->domain, sizeof(settings->domain), "%s", config->domain);
    set_listeners(options, settings);
    settings->worker_count = role->worker_count;
    /* Calls are spread by their Call-ID: a worker may have a little more than its share. */
    settings->calls_open_max = config->calls_max / workers + config->calls_max / 8 + 16;
    settings->call_count_max = settings->calls_open_max * 2 + 1024;
    settings->txn_count_max = settings->call_count_max * 8;
    settings->memory_max = config->memory_max / workers;
    settings->nonce_age_s = config->nonce_age_s;
    int offer = DIGEST_OFFER_MD5_FIRST;
    if (config_digest_offer(config->digest_order, &offer)) {
        settings->digest_offer = (enum digest_offer)offer;
    }
    settings->has_overload_sibling = config->overload_sibling;
    settings->expires_min_s = config->expires_min_s;
    settings->trunk_silence_us = config->trunk_silence_us;
    settings->ring_max_us = config->ring_max_us;
    settings->call_max_us = config->call_max_us;
    settings->probe_after_us = config->probe_after_us;
    settings->partial_every_us = config->partial_every_us;
    set_routing(config, &settings->routing);
    settings->nonce_keys.key_id = 1;
    bool has_keys = secret_key(options->dir, "nonce", settings->nonce_keys.current) &&
                    secret_key(options->dir, "mac", settings->mac_key) &&
                    secret_key(options->dir, "hash", hash_key);
    memcpy(settings->nonce_keys.previous, settings->nonce_keys.current, KEY_SIZE);
    memcpy(&settings->hash_seed, hash_key, sizeof(settings->hash_seed));
    return has_keys;
}

static bool make_parts(struct edge_role *role)
{
    const struct node_config *config = role->options->config;
    struct edge *edge = &role->edge;
    uint64_t seed = edge->settings.hash_seed;
    struct directory_limits limits = {.account_count_max = config->accounts_max,
                                      .endpoint_count_max = config->accounts_max,
                                      .number_count_max = config->accounts_max,
                                      .hash_seed = seed};
    struct registrar_settings registrar = {.aor_count_max = config->bindings_max,
                                           .memory_max = (uint64_t)config->bindings_max * 1024,
                                           .contacts_max = config->contacts_max,
                                           .expires_min_s = config->expires_min_s,
                                           .expires_max_s = config->expires_max_s,
                                           .expires_default_s = config->expires_default_s,
                                           .jitter_percent = config->jitter_percent,
                                           .nonce_life_s = config->nonce_age_s + 60,
                                           .hash_seed = seed};
    struct meter_terms meters = {.account_count_max = config->accounts_max,
                                 .hash_seed = seed,
                                 .grace_new_micro = config->grace_new_micro,
                                 .grace_verified_micro = config->grace_verified_micro,
                                 .grace_flagged_micro = config->grace_flagged_micro,
                                 .grace_total_micro = config->grace_total_micro,
                                 .idle_us = config->idle_us};
    epoch_init(&role->epoch);
    edge->directory = directory_new(&limits, &role->epoch);
    edge->decks = deck_set_new(&role->epoch);
    edge->registrar = registrar_new(&registrar, edge->journal);
    edge->meters = meter_table_new(&meters, edge->journal);
    struct velocity_terms velocity = velocity_terms_default();
    edge->velocity = velocity_table_new(&velocity, FRAUD_ACCOUNTS_MAX, clock_mono_us());
    return edge->directory != NULL && edge->decks != NULL && edge->registrar != NULL &&
           edge->meters != NULL && edge->velocity != NULL && bans_make(role);
}

static bool open_journal(struct edge_role *role)
{
    char error[JOURNAL_ERROR_SIZE];
    struct journal_file_options options = {.dir = role->options->dir};
    role->journal = journal_file_open(&options, error);
    if (role->journal == NULL) {
        complain("the journal cannot be opened", error);
        return false;
    }
    role->edge.journal = journal_file_as_journal(role->journal);
    return true;
}

/* ---- life ---- */

static bool role_init(struct edge_role *role, const struct role_options *options)
{
    char run_dir[600];
    role->options = options;
    role->started_us = clock_mono_us();
    role->worker_count = options->worker_count < 1 ? 1 : options->worker_count;
    role->append_identity = store_identity_append;
    snprintf(role->edge_dir, sizeof(role->edge_dir), "%s/edge", options->dir);
    pthread_mutex_init(&role->lock, NULL);
    clock_cond_init(&role->done);
    role->store_wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    snprintf(run_dir, sizeof(run_dir), "%s/run", options->dir);
    role->nudge_fd = control_socket_hear(run_dir, EDGE_NUDGE); /* without: it looks by itself */
    role->events = calloc(EVENT_RING_COUNT, sizeof(*role->events));
    role->threads = calloc((size_t)role->worker_count, sizeof(*role->threads));
    struct resolver_options system = {.server = NULL};
    role->resolver = resolver_new(&system);
    if (role->store_wake_fd < 0 || role->events == NULL || role->threads == NULL ||
        role->resolver == NULL || role->worker_count > EDGE_WORKERS_MAX) {
        complain("the edge cannot start", "out of memory, or too many workers");
        return false;
    }
    if (!open_journal(role)) {
        return false;
    }
    if (!set_settings(role) || !make_parts(role)) {
        complain("the edge cannot start", "out of memory, or DIR/secrets cannot be read");
        return false;
    }
    role->follower = config_follower_new(role);
    if (role->follower == NULL) {
        complain("the edge cannot start", "DIR/decks cannot be made");
        return false;
    }
    for (int i = 0; i < role->worker_count; i++) {
        if (!edge_thread_init(&role->threads[i], role, i)) {
            complain("a worker cannot start", strerror(errno));
            return false;
        }
    }
    char error[JOURNAL_ERROR_SIZE];
    if (!edge_replay_all(role, error)) {
        complain("the journal cannot be read", error);
        return false;
    }
    return true;
}

static void role_done(struct edge_role *role)
{
    control_server_free(role->control);
    for (int i = 0; role->threads != NULL && i < role->worker_count; i++) {
        edge_thread_done(&role->threads[i]);
    }
    config_follower_free(role->follower);
    journal_file_close(role->journal);
    velocity_table_free(role->edge.velocity);
    meter_table_free(role->edge.meters);
    registrar_free(role->edge.registrar);
    bans_free(role);
    directory_free(role->edge.directory);
    deck_set_free(role->edge.decks);
    epoch_done(&role->epoch);
    resolver_free(role->resolver);
    free(role->threads);
    free(role->events);
    if (role->store_wake_fd > 0) {
        close(role->store_wake_fd);
    }
    if (role->nudge_fd >= 0) {
        close(role->nudge_fd);
    }
}

static bool start_threads(struct edge_role *role)
{
    for (int i = 0; i < role->worker_count; i++) {
        struct edge_thread *thread = &role->threads[i];
        if (pthread_create(&thread->thread, NULL, edge_thread_main, thread) != 0) {
            return false;
        }
    }
    return pthread_create(&role->store_thread, NULL, edge_store_main, role) == 0 &&
           pthread_create(&role->sync_thread, NULL, edge_sync_main, role) == 0;
}

static void stop_threads(struct edge_role *role)
{
    uint64_t one = 1;
    atomic_store(&role->is_stopping, true);
    for (int i = 0; i < role->worker_count; i++) {
        edge_thread_wake(&role->threads[i]);
    }
    ssize_t written = write(role->store_wake_fd, &one, sizeof(one));
    (void)written;
    for (int i = 0; i < role->worker_count; i++) {
        pthread_join(role->threads[i].thread, NULL);
    }
    pthread_join(role->store_thread, NULL);
    pthread_join(role->sync_thread, NULL);
}

int edge_role_run(const struct role_options *options)
{
    /* Too large for the stack; one a process. */
    static struct edge_role role;
    char *error = NULL;
    int status = 1;
    signal(SIGPIPE, SIG_IGN);
    if (role_init(&role, options)) {
        if (!start_threads(&role)) {
            complain("the edge cannot start", "no threads");
            _exit(1);
        }
        if (edge_control_start(&role, &error)) {
            atomic_store(&role.is_ready, true);
            role_wait_for_stop(options, "edge");
            status = 0;
        } else {
            complain("the control socket cannot be made", error == NULL ? "" : error);
        }
        stop_threads(&role);
    }
    role_done(&role);
    return status;
}
