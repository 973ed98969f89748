#include "net/control.h"

#include "base/clock.h"
#include "net/control_socket.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_SIZE_FIRST 16384

struct control_client {
    char *run_dir;
    char *name;
    int fd; /* -1: not connected */
    json_int_t id;
    char *data; /* what was read and not yet taken */
    size_t size, size_max;
    size_t searched; /* bytes of it known to hold no line end */
};

struct control_client *control_client_new(const char *run_dir, const char *name)
{
    struct control_client *client = calloc(1, sizeof(*client));
    if (client == NULL) {
        return NULL;
    }
    client->fd = -1;
    client->run_dir = strdup(run_dir);
    client->name = strdup(name);
    if (client->run_dir == NULL || client->name == NULL) {
        control_client_free(client);
        return NULL;
    }
    return client;
}

static void disconnect(struct control_client *client)
{
    if (client->fd >= 0) {
        close(client->fd);
    }
    client->fd = -1;
    client->size = 0;
    client->searched = 0;
}

void control_client_free(struct control_client *client)
{
    if (client == NULL) {
        return;
    }
    disconnect(client);
    free(client->data);
    free(client->run_dir);
    free(client->name);
    free(client);
}

/* False: the deadline passed, or the descriptor is broken. */
static bool wait_for(int fd, short what, int64_t deadline_us)
{
    for (;;) {
        int64_t left_us = deadline_us - clock_mono_us();
        if (left_us <= 0) {
            return false;
        }
        struct pollfd waiting = {.fd = fd, .events = what};
        int ready = poll(&waiting, 1, (int)(left_us / 1000 + 1));
        if (ready > 0) {
            return true;
        }
        if (ready < 0 && errno != EINTR) {
            return false;
        }
    }
}

static bool send_all(struct control_client *client, const char *data, size_t size,
                     int64_t deadline_us)
{
    while (size > 0) {
        ssize_t sent = send(client->fd, data, size, MSG_NOSIGNAL);
        if (sent > 0) {
            data += sent;
            size -= (size_t)sent;
        } else if (sent < 0 && errno != EAGAIN && errno != EINTR) {
            return false;
        } else if (!wait_for(client->fd, POLLOUT, deadline_us)) {
            return false;
        }
    }
    return true;
}

static bool make_room(struct control_client *client)
{
    if (client->size < client->size_max) {
        return true;
    }
    size_t size_max = client->size_max == 0 ? READ_SIZE_FIRST : client->size_max * 2;
    if (size_max > 2 * (size_t)CONTROL_ANSWER_MAX) {
        return false;
    }
    char *data = realloc(client->data, size_max);
    if (data == NULL) {
        return false;
    }
    client->data = data;
    client->size_max = size_max;
    return true;
}

/* Takes the first whole line out of what was read; QUIET: there is none yet. */
static enum control_result take_line(struct control_client *client, json_t **out)
{
    if (client->size == 0) {
        return CONTROL_QUIET; /* and perhaps no memory yet to point into */
    }
    char *from = client->data + client->searched;
    char *end = memchr(from, '\n', client->size - client->searched);
    if (end == NULL) {
        client->searched = client->size;
        return CONTROL_QUIET;
    }
    size_t line_size = (size_t)(end - client->data);
    json_t *line = json_loadb(client->data, line_size, JSON_REJECT_DUPLICATES, NULL);
    client->size -= line_size + 1;
    memmove(client->data, end + 1, client->size);
    client->searched = 0;
    if (!json_is_object(line)) {
        json_decref(line);
        return CONTROL_UNKNOWN;
    }
    *out = line;
    return CONTROL_OK;
}

static enum control_result read_line(struct control_client *client, int64_t deadline_us,
                                     json_t **out)
{
    for (;;) {
        enum control_result taken = take_line(client, out);
        if (taken != CONTROL_QUIET) {
            return taken;
        }
        if (!make_room(client)) {
            return CONTROL_UNKNOWN;
        }
        ssize_t got =
            recv(client->fd, client->data + client->size, client->size_max - client->size, 0);
        if (got > 0) {
            client->size += (size_t)got;
        } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            return CONTROL_UNKNOWN;
        } else if (!wait_for(client->fd, POLLIN, deadline_us)) {
            return CONTROL_QUIET;
        }
    }
}

static char *write_request(struct control_client *client, const char *command,
                           const json_t *members)
{
    json_t *request = json_pack("{s:I,s:s}", "id", ++client->id, "do", command);
    if (request != NULL && members != NULL) {
        /* jansson takes no const here but only adds references to the values. */
        (void)json_object_update_missing(request, (json_t *)(uintptr_t)members);
    }
    char *line = request == NULL ? NULL : json_dumps(request, JSON_COMPACT);
    json_decref(request);
    return line;
}

static bool send_request(struct control_client *client, const char *command, const json_t *members,
                         int64_t deadline_us)
{
    char *line = write_request(client, command, members);
    bool is_sent = line != NULL && send_all(client, line, strlen(line), deadline_us) &&
                   send_all(client, "\n", 1, deadline_us);
    free(line);
    return is_sent;
}

/* QUIET: no answer in time. UNKNOWN: the connection is gone, or speaks nonsense. */
static enum control_result ask_once(struct control_client *client, const char *command,
                                    const json_t *members, int64_t deadline_us, json_t **line)
{
    if (client->fd < 0) {
        client->fd = control_socket_connect(client->run_dir, client->name);
    }
    enum control_result result = CONTROL_UNKNOWN;
    if (client->fd >= 0 && send_request(client, command, members, deadline_us)) {
        result = read_line(client, deadline_us, line);
    }
    if (result != CONTROL_OK) {
        disconnect(client); /* a late answer must not be taken for that to the next question */
    }
    return result;
}

enum control_result control_client_ask(struct control_client *client, const char *command,
                                       const json_t *members, int64_t patience_us, json_t **answer)
{
    int64_t deadline_us = clock_mono_us() + patience_us;
    bool was_connected = client->fd >= 0;
    json_t *line = NULL;
    enum control_result result = ask_once(client, command, members, deadline_us, &line);
    if (result == CONTROL_UNKNOWN && was_connected && clock_mono_us() < deadline_us) {
        /* The other end was restarted since the last question, and only this one showed it. */
        result = ask_once(client, command, members, deadline_us, &line);
    }
    if (result != CONTROL_OK) {
        return CONTROL_UNKNOWN;
    }
    if (json_integer_value(json_object_get(line, "id")) != client->id) {
        json_decref(line);
        disconnect(client);
        return CONTROL_UNKNOWN;
    }
    *answer = line;
    return json_is_true(json_object_get(line, "ok")) ? CONTROL_OK : CONTROL_REFUSED;
}

enum control_result control_client_event(struct control_client *client, int64_t patience_us,
                                         json_t **event)
{
    if (client->fd < 0) {
        return CONTROL_UNKNOWN;
    }
    enum control_result result = read_line(client, clock_mono_us() + patience_us, event);
    if (result == CONTROL_UNKNOWN) {
        disconnect(client);
    }
    return result;
}
