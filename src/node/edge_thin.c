#include "node/edge_thread.h"

#include "base/rng.h"
#include "node/sockets_thin.h"

#include <stdlib.h>
#include <string.h>

struct thinning { /* one thread's */
    struct thin thins[SOCKET_CLASS_COUNT];
    size_t proven_size[SOCKET_CLASS_COUNT]; /* of the shortest with a proof, while it is needed */
    bool is_size_new[SOCKET_CLASS_COUNT];   /* the kernel's program does not know it yet */
    struct sockets_thin what;
    uint32_t lost[]; /* by socket: what the kernel had dropped when it was last looked at */
};

static bool is_thinned(int class)
{
    return class == SOCKET_INVITE || class == SOCKET_REGISTER;
}

static bool is_socket_of(const struct edge_thread *thread, const struct role_socket *socket,
                         int class)
{
    return socket->transport == REG_UDP && socket->worker == thread->index &&
           socket->class_index == class;
}

static void add_host(struct sockets_thin *what, const char *text)
{
    struct slice host = slice_from_text(text);
    bool is_v6 = slice_starts_with(host, SLICE("["));
    host = slice_head(host, slice_find(host, is_v6 ? ']' : ':') + (is_v6 ? 1 : 0));
    if (host.size > 0 && host.size <= SOCKETS_THIN_HOST_SIZE &&
        what->host_count < SOCKETS_THIN_HOSTS_MAX) {
        what->hosts[what->host_count++] = host;
    }
}

struct thinning *thinning_new(const struct edge_thread *thread, uint64_t seed)
{
    const struct edge_settings *settings = &thread->role->edge.settings;
    int socket_count = thread->role->options->socket_count;
    struct thinning *thinning =
        calloc(1, sizeof(*thinning) + (size_t)socket_count * sizeof(thinning->lost[0]));
    if (thinning == NULL) {
        return NULL;
    }
    struct rng rng;
    rng_init(&rng, seed);
    for (int i = 0; i < SOCKET_CLASS_COUNT; i++) {
        struct thin_terms terms = i == SOCKET_INVITE     ? thin_terms_calls()
                                  : i == SOCKET_REGISTER ? thin_terms_registers()
                                                         : thin_terms_default();
        thin_init(&thinning->thins[i], &terms);
        thinning->proven_size[i] = SIZE_MAX;
    }
    struct sockets_thin *what = &thinning->what;
    what->salt = (uint32_t)rng_u64(&rng);
    add_host(what, settings->domain);
    for (int i = 0; i < settings->listener_count; i++) {
        add_host(what, settings->listeners[i].advertised);
    }
    for (int i = 0; i < settings->routing.emergency_count; i++) {
        size_t size = strlen(settings->routing.emergency[i]);
        what->emergency_size = size > what->emergency_size ? size : what->emergency_size;
    }
    for (int i = 0; i < socket_count; i++) { /* an edge that was killed may have left it on */
        const struct role_socket *socket = &thread->role->options->sockets[i];
        if (socket->transport == REG_UDP && socket->worker == thread->index) {
            sockets_thin_detach(socket->fd);
            thinning->lost[i] = sockets_lost(socket->fd);
        }
    }
    return thinning;
}

void thinning_free(struct thinning *thinning)
{
    free(thinning);
}

void thinning_note(struct edge_thread *thread, enum socket_class class, bool is_admitted)
{
    struct thin *thin = &thread->thinning->thins[class];
    thin->admitted += is_admitted ? 1 : 0;
    thin->refused += is_admitted ? 0 : 1;
}

bool thinning_is_late(struct edge_thread *thread, enum socket_class class, struct slice bytes)
{
    struct thinning *thinning = thread->thinning;
    const struct thin *thin = &thinning->thins[class];
    if (!thin_is_telling(thin, thread->now.mono_us)) {
        return false;
    }
    struct sockets_thin what = thinning->what;
    what.class = class;
    what.unproven_parts = what.proven_parts = thin->told_from_parts;
    what.proven_size = SIZE_MAX;
    return sockets_thin_takes(&what, bytes);
}

void thinning_note_proof(struct edge_thread *thread, enum socket_class class, size_t size)
{
    /* Only phones that register come with and without proof at sizes that tell them apart. */
    size_t *least = &thread->thinning->proven_size[class];
    if (class == SOCKET_REGISTER && size < *least) {
        *least = size;
        thread->thinning->is_size_new[class] = true;
    }
}

void thinning_note_idle(struct edge_thread *thread, int64_t idle_us)
{
    for (int class = 0; class < SOCKET_CLASS_COUNT; class ++) {
        thread->thinning->thins[class].idle_us += idle_us;
    }
}

static uint32_t lost_now(struct edge_thread *thread, int class)
{
    const struct role_options *options = thread->role->options;
    uint32_t lost = 0;
    for (int i = 0; i < options->socket_count; i++) {
        if (is_socket_of(thread, &options->sockets[i], class)) {
            uint32_t total = sockets_lost(options->sockets[i].fd);
            lost += total - thread->thinning->lost[i];
            thread->thinning->lost[i] = total;
        }
    }
    return lost;
}

static void apply(struct edge_thread *thread, int class)
{
    const struct role_options *options = thread->role->options;
    struct thinning *thinning = thread->thinning;
    const struct thin *thin = &thinning->thins[class];
    struct sockets_thin *what = &thinning->what;
    what->class = (enum socket_class) class;
    what->unproven_parts = thin->unproven_parts;
    what->proven_parts = thin->proven_parts;
    what->proven_size = thinning->proven_size[class];
    for (int i = 0; i < options->socket_count; i++) {
        const struct role_socket *socket = &options->sockets[i];
        if (!is_socket_of(thread, socket, class)) {
            continue;
        }
        if (!thin_is_active(thin)) {
            sockets_thin_detach(socket->fd);
        } else if (!sockets_thin_attach(socket->fd, what)) {
            count_one(&thread->thin_failed);
        }
    }
}

void thinning_turn(struct edge_thread *thread)
{
    struct thinning *thinning = thread->thinning;
    for (int class = 0; class < SOCKET_CLASS_COUNT; class ++) {
        struct thin *thin = &thinning->thins[class];
        if (!thin_is_due(thin, thread->now.mono_us)) {
            continue;
        }
        uint32_t lost = lost_now(thread, class);
        thin->lost = lost;
        atomic_fetch_add_explicit(&thread->dropped_kernel, lost, memory_order_relaxed);
        bool is_changed =
            thin_step(thin, admission_is_waiting(thread->admission, (enum socket_class) class),
                      thread->now.mono_us);
        bool is_due = is_changed || (thin_is_active(thin) && thinning->is_size_new[class]);
        if (is_thinned(class) && is_due) {
            apply(thread, class);
            thinning->is_size_new[class] = false;
        }
        if (is_changed && !thin_is_active(thin)) { /* phones change */
            thinning->proven_size[class] = SIZE_MAX;
        }
    }
}
