#include "net/control.h"

#include "net/control_peer.h"
#include "net/control_socket.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define NEWS_LINGER_MS 20 /* events that come meanwhile are sent together */

struct control_server {
    struct control_options options; /* its texts are the copies below */
    char *run_dir;
    char *name;
    int listen_fd;
    int wake_fd;
    _Atomic bool is_stopping;
    atomic_int reader_count;
    atomic_bool has_news; /* the thread was woken for events and has not looked yet */
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock; /* over the queues of events; held for copying only */
    struct control_peer *peers[CONTROL_PEERS_MAX];
};

static void wake(struct control_server *server)
{
    uint64_t one = 1;
    ssize_t written = write(server->wake_fd, &one, sizeof(one));
    (void)written; /* a full counter wakes as well */
}

static void close_peer(struct control_server *server, int index)
{
    pthread_mutex_lock(&server->lock);
    struct control_peer *peer = server->peers[index];
    server->peers[index] = NULL;
    if (peer->is_reader) {
        atomic_fetch_sub(&server->reader_count, 1);
    }
    pthread_mutex_unlock(&server->lock);
    control_peer_free(peer);
}

static void accept_peers(struct control_server *server)
{
    for (;;) {
        int fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            return;
        }
        int index = 0;
        while (index < CONTROL_PEERS_MAX && server->peers[index] != NULL) {
            index++;
        }
        struct control_peer *peer = index < CONTROL_PEERS_MAX ? control_peer_new(fd) : NULL;
        if (peer == NULL) {
            close(fd); /* the limit: who asks sees a closed connection, which is "unknown" */
            continue;
        }
        pthread_mutex_lock(&server->lock);
        server->peers[index] = peer;
        pthread_mutex_unlock(&server->lock);
    }
}

static void start_events(struct control_server *server, struct control_peer *peer)
{
    pthread_mutex_lock(&server->lock);
    if (!peer->is_reader) {
        peer->is_reader = true;
        atomic_fetch_add(&server->reader_count, 1);
    }
    pthread_mutex_unlock(&server->lock);
}

static bool answer_line(struct control_server *server, struct control_peer *peer, struct slice line)
{
    struct control_answer answer = {0};
    json_t *request = json_loadb(line.data, line.size, JSON_REJECT_DUPLICATES, NULL);
    const char *command = json_string_value(json_object_get(request, "do"));
    if (command == NULL) {
        control_answer_error(&answer, "bad-request",
                             "A request is one JSON object on a line, with a text member \"do\".");
    } else {
        server->options.handle(server->options.ctx, command, request, &answer);
    }
    char *text = control_answer_finish(&answer, json_object_get(request, "id"));
    json_decref(request);
    bool is_queued = text != NULL && control_peer_queue(peer, text, strlen(text));
    free(text);
    if (answer.has_events) {
        start_events(server, peer);
    }
    return is_queued;
}

/* Reads what is there and answers each whole line; false: the connection is over. */
static bool serve_peer(struct control_server *server, struct control_peer *peer)
{
    if (!control_peer_read(peer)) {
        return false;
    }
    struct slice line;
    while (control_peer_next_line(peer, &line)) {
        if (!answer_line(server, peer, line)) {
            return false;
        }
    }
    return !control_peer_is_line_too_long(peer);
}

/* Events wait for earlier output to leave: taken again once it has. */
static bool flush_peer(struct control_server *server, struct control_peer *peer)
{
    bool has_more = true;
    while (has_more) {
        pthread_mutex_lock(&server->lock);
        bool is_taken = control_peer_take_events(peer);
        pthread_mutex_unlock(&server->lock);
        has_more = control_peer_has_output(peer);
        if (!is_taken || !control_peer_write(peer)) {
            return false;
        }
        has_more = has_more && !control_peer_has_output(peer);
    }
    return true;
}

static int fill_poll(struct control_server *server, struct pollfd *polls, int *indexes)
{
    int count = 0;
    polls[count++] = (struct pollfd){.fd = server->listen_fd, .events = POLLIN};
    polls[count++] = (struct pollfd){.fd = server->wake_fd, .events = POLLIN};
    for (int i = 0; i < CONTROL_PEERS_MAX; i++) {
        if (server->peers[i] != NULL) {
            short events = control_peer_has_output(server->peers[i]) ? POLLIN | POLLOUT : POLLIN;
            indexes[count] = i;
            polls[count++] = (struct pollfd){.fd = server->peers[i]->fd, .events = events};
        }
    }
    return count;
}

static void *run(void *ctx)
{
    struct control_server *server = ctx;
    struct pollfd polls[CONTROL_PEERS_MAX + 2];
    int indexes[CONTROL_PEERS_MAX + 2];
    bool is_lingering = false;
    while (!atomic_load(&server->is_stopping)) {
        int count = fill_poll(server, polls, indexes);
        polls[1].events = is_lingering ? 0 : POLLIN;
        if (poll(polls, (nfds_t)count, is_lingering ? NEWS_LINGER_MS : -1) < 0 && errno != EINTR) {
            break;
        }
        is_lingering = false;
        if (polls[1].revents != 0) {
            uint64_t ignored;
            ssize_t got = read(server->wake_fd, &ignored, sizeof(ignored));
            (void)got;
            atomic_store(&server->has_news, false);
            is_lingering = true;
        }
        for (int i = 2; i < count; i++) {
            struct control_peer *peer = server->peers[indexes[i]];
            bool has_input = (polls[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0;
            if ((has_input && !serve_peer(server, peer)) || !flush_peer(server, peer)) {
                close_peer(server, indexes[i]);
            }
        }
        if (polls[0].revents != 0) {
            accept_peers(server);
        }
    }
    return NULL;
}

static bool start(struct control_server *server)
{
    server->listen_fd = control_socket_listen(server->run_dir, server->name);
    if (server->listen_fd < 0) {
        return false;
    }
    server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (server->wake_fd < 0) {
        return false;
    }
    errno = pthread_create(&server->thread, NULL, run, server);
    server->has_thread = errno == 0;
    return server->has_thread;
}

static struct control_server *server_alloc(const struct control_options *options)
{
    struct control_server *server = calloc(1, sizeof(*server));
    if (server == NULL) {
        return NULL;
    }
    server->options = *options;
    server->listen_fd = -1;
    server->wake_fd = -1;
    pthread_mutex_init(&server->lock, NULL);
    server->run_dir = strdup(options->run_dir);
    server->name = strdup(options->name);
    if (server->run_dir == NULL || server->name == NULL) {
        control_server_free(server);
        return NULL;
    }
    return server;
}

struct control_server *control_server_new(const struct control_options *options, char **error)
{
    struct control_server *server = server_alloc(options);
    if (server != NULL && start(server)) {
        return server;
    }
    if (error != NULL && asprintf(error, "Cannot make the control socket %s/%s: %s.",
                                  options->run_dir, options->name, strerror(errno)) < 0) {
        *error = NULL;
    }
    control_server_free(server);
    return NULL;
}

void control_server_free(struct control_server *server)
{
    if (server == NULL) {
        return;
    }
    atomic_store(&server->is_stopping, true);
    if (server->has_thread) {
        wake(server);
        pthread_join(server->thread, NULL);
    }
    for (int i = 0; i < CONTROL_PEERS_MAX; i++) {
        control_peer_free(server->peers[i]);
    }
    if (server->listen_fd >= 0) {
        close(server->listen_fd);
        control_socket_remove(server->run_dir, server->name);
    }
    if (server->wake_fd >= 0) {
        close(server->wake_fd);
    }
    pthread_mutex_destroy(&server->lock);
    free(server->run_dir);
    free(server->name);
    free(server);
}

bool control_server_has_readers(const struct control_server *server)
{
    return atomic_load(&server->reader_count) > 0;
}

void control_server_publish(struct control_server *server, const char *kind, struct slice json)
{
    if (!control_server_has_readers(server)) {
        return;
    }
    char head[96];
    int head_size = snprintf(head, sizeof(head), "{\"event\":\"%s\",\"data\":", kind);
    if (head_size < 0 || (size_t)head_size >= sizeof(head)) {
        return;
    }
    pthread_mutex_lock(&server->lock);
    for (int i = 0; i < CONTROL_PEERS_MAX; i++) {
        if (server->peers[i] != NULL && server->peers[i]->is_reader) {
            control_peer_push_event(server->peers[i], slice_make(head, (size_t)head_size), json);
        }
    }
    pthread_mutex_unlock(&server->lock);
    /* One wake-up for all that comes until the thread has slept: a busy edge has thousands a
     * second. */
    if (!atomic_exchange(&server->has_news, true)) {
        wake(server);
    }
}
