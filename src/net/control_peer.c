#include "net/control_peer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BYTES_FIRST 4096

static bool bytes_room(struct control_bytes *bytes, size_t more, size_t limit)
{
    if (more > limit || bytes->size > limit - more) {
        return false;
    }
    size_t size_max = bytes->size_max == 0 ? BYTES_FIRST : bytes->size_max;
    while (size_max < bytes->size + more) {
        size_max *= 2;
    }
    if (size_max == bytes->size_max) {
        return true;
    }
    char *data = realloc(bytes->data, size_max);
    if (data == NULL) {
        return false;
    }
    bytes->data = data;
    bytes->size_max = size_max;
    return true;
}

static void bytes_put(struct control_bytes *bytes, const char *data, size_t size)
{
    memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
}

struct control_peer *control_peer_new(int fd)
{
    struct control_peer *peer = calloc(1, sizeof(*peer));
    if (peer != NULL) {
        peer->fd = fd;
    }
    return peer;
}

void control_peer_free(struct control_peer *peer)
{
    if (peer == NULL) {
        return;
    }
    close(peer->fd);
    free(peer->in.data);
    free(peer->out.data);
    free(peer->events.data);
    free(peer);
}

bool control_peer_read(struct control_peer *peer)
{
    if (peer->in_at > 0) {
        peer->in.size -= peer->in_at;
        memmove(peer->in.data, peer->in.data + peer->in_at, peer->in.size);
        peer->in_at = 0;
    }
    if (!bytes_room(&peer->in, BYTES_FIRST, CONTROL_REQUEST_MAX + 2 * BYTES_FIRST)) {
        return false;
    }
    ssize_t got = recv(peer->fd, peer->in.data + peer->in.size, BYTES_FIRST, 0);
    if (got > 0) {
        peer->in.size += (size_t)got;
        return true;
    }
    return got < 0 && (errno == EAGAIN || errno == EINTR);
}

bool control_peer_next_line(struct control_peer *peer, struct slice *line)
{
    if (peer->in_at == peer->in.size) {
        return false;
    }
    char *from = peer->in.data + peer->in_at;
    char *end = memchr(from, '\n', peer->in.size - peer->in_at);
    if (end == NULL) {
        return false;
    }
    *line = slice_make(from, (size_t)(end - from));
    peer->in_at += line->size + 1;
    return true;
}

bool control_peer_is_line_too_long(const struct control_peer *peer)
{
    return peer->in.size - peer->in_at > CONTROL_REQUEST_MAX;
}

bool control_peer_queue(struct control_peer *peer, const char *data, size_t size)
{
    if (!bytes_room(&peer->out, size, CONTROL_ANSWER_MAX)) {
        return false;
    }
    bytes_put(&peer->out, data, size);
    return true;
}

void control_peer_push_event(struct control_peer *peer, struct slice head, struct slice json)
{
    size_t size = head.size + json.size + 2;
    if (peer->is_too_slow || !bytes_room(&peer->events, size, CONTROL_QUEUE_MAX)) {
        peer->is_too_slow = true;
        return;
    }
    bytes_put(&peer->events, head.data, head.size);
    bytes_put(&peer->events, json.data, json.size);
    bytes_put(&peer->events, "}\n", 2);
}

bool control_peer_take_events(struct control_peer *peer)
{
    if (peer->is_too_slow) {
        return false;
    }
    /* Left in the queue while earlier output waits, so that the queue's limit tells a slow reader.
     */
    if (peer->events.size == 0 || control_peer_has_output(peer)) {
        return true;
    }
    struct control_bytes empty = peer->out;
    peer->out = peer->events;
    peer->events = empty;
    peer->events.size = 0;
    peer->out_at = 0;
    return true;
}

bool control_peer_has_output(const struct control_peer *peer)
{
    return peer->out_at < peer->out.size;
}

bool control_peer_write(struct control_peer *peer)
{
    while (control_peer_has_output(peer)) {
        ssize_t sent = send(peer->fd, peer->out.data + peer->out_at, peer->out.size - peer->out_at,
                            MSG_NOSIGNAL);
        if (sent > 0) {
            peer->out_at += (size_t)sent;
        } else if (sent < 0 && errno == EAGAIN) {
            return true;
        } else if (sent < 0 && errno != EINTR) {
            return false;
        }
    }
    peer->out.size = 0;
    peer->out_at = 0;
    return true;
}

/* ---- answers ---- */

static void drop(struct control_answer *answer)
{
    free(answer->members);
    free(answer->error);
    answer->members = NULL;
    answer->error = NULL;
}

void control_answer_text(struct control_answer *answer, char *members)
{
    drop(answer);
    answer->members = members;
}

void control_answer_json(struct control_answer *answer, json_t *members)
{
    /* As an object without its braces. */
    char *text = json_dumps(members, JSON_COMPACT);
    json_decref(members);
    if (text != NULL) {
        size_t size = strlen(text);
        memmove(text, text + 1, size - 2);
        text[size - 2] = '\0';
    }
    control_answer_text(answer, text);
}

void control_answer_error(struct control_answer *answer, const char *code, const char *format, ...)
{
    drop(answer);
    snprintf(answer->code, sizeof(answer->code), "%s", code);
    va_list args;
    va_start(args, format);
    if (vasprintf(&answer->error, format, args) < 0) {
        answer->error = NULL;
    }
    va_end(args);
}

void control_answer_events(struct control_answer *answer)
{
    answer->has_events = true;
}

static char *finish_error(const struct control_answer *answer, const char *id)
{
    json_t *error = json_string(answer->error == NULL ? "out of memory" : answer->error);
    char *text = error == NULL ? NULL : json_dumps(error, JSON_ENCODE_ANY);
    json_decref(error);
    char *line = NULL;
    if (text != NULL && asprintf(&line, "{\"id\":%s,\"ok\":false,\"error\":%s,\"code\":\"%s\"}\n",
                                 id, text, answer->code) < 0) {
        line = NULL;
    }
    free(text);
    return line;
}

char *control_answer_finish(struct control_answer *answer, const json_t *id)
{
    char *id_text = id == NULL ? NULL : json_dumps(id, JSON_ENCODE_ANY | JSON_COMPACT);
    const char *shown_id = id_text == NULL ? "null" : id_text;
    char *line = NULL;
    if (answer->code[0] != '\0') {
        line = finish_error(answer, shown_id);
    } else {
        bool has_members = answer->members != NULL && answer->members[0] != '\0';
        if (asprintf(&line, "{\"id\":%s,\"ok\":true%s%s}\n", shown_id, has_members ? "," : "",
                     has_members ? answer->members : "") < 0) {
            line = NULL;
        }
    }
    free(id_text);
    drop(answer);
    return line;
}
