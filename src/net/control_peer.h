/* control_peer.h - one connection of a control server, and the answer under way. */
#ifndef DT_NET_CONTROL_PEER_H
#define DT_NET_CONTROL_PEER_H

#include "net/control.h"

struct control_bytes { /* grows up to a limit of its user */
    char *data;
    size_t size, size_max;
};

struct control_peer {
    int fd;
    bool is_reader;          /* wants events */
    bool is_too_slow;        /* its events did not fit: it is cut off */
    struct control_bytes in; /* requests, taken from in_at on */
    size_t in_at;
    struct control_bytes out; /* the server thread's, written from out_at on */
    size_t out_at;
    struct control_bytes events; /* filled by any thread under the server's lock */
};

struct control_answer {
    char *members; /* as text, without braces */
    char *error;
    char code[32];
    bool has_events;
};

struct control_peer *control_peer_new(int fd); /* takes fd unless NULL: no memory */
void control_peer_free(struct control_peer *peer);

bool control_peer_read(struct control_peer *peer); /* false: closed */
bool control_peer_next_line(struct control_peer *peer,
                            struct slice *line); /* until the next read */
bool control_peer_is_line_too_long(const struct control_peer *peer);

bool control_peer_queue(struct control_peer *peer, const char *data, size_t size);
void control_peer_push_event(struct control_peer *peer, struct slice head, struct slice json);
bool control_peer_take_events(struct control_peer *peer); /* events to out; false: too slow */
bool control_peer_has_output(const struct control_peer *peer);
bool control_peer_write(struct control_peer *peer); /* false: closed */

/* The answer's line, malloc'd; frees what the answer holds. NULL: no memory. */
char *control_answer_finish(struct control_answer *answer, const json_t *id);

#endif
