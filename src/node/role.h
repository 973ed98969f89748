/* role.h - what the supervisor hands to a role, and the roles' entry points.
 *
 * A role is this program again, as a process of its own: the supervisor binds the sockets once and
 * passes them on at each start, so that datagrams wait in the kernel while a role restarts.
 */
#ifndef DT_NODE_ROLE_H
#define DT_NODE_ROLE_H

#include "node/config.h"

#define EDGE_NUDGE "edge.nudge" /* in DIR/run: somebody changed the configuration */
#define ROLE_SOCKETS_MAX 2112   /* 16 addresses x 32 workers x 4 classes, and TCP */

struct role_socket {
    int fd;
    uint8_t transport;   /* 0 UDP, 1 TCP listening */
    uint8_t listener;    /* which listening address: index, one for each config_listen */
    uint16_t worker;     /* UDP: which worker's; TCP: 0, all accept */
    uint8_t class_index; /* UDP: enum socket_class; 0 where the kernel does not sort; TCP: 0 */
    uint16_t port;       /* bound */
    char host[64];       /* bound, without brackets */
    char advertised[64]; /* "192.0.2.1:5060", "[::1]:5060" */
};

struct role_options {
    const char *dir;
    const struct node_config *config;
    int worker_count;
    int socket_count;
    const struct role_socket *sockets;
    int http_fd; /* listening; -1: not for this role */
    int stop_fd; /* becomes readable (or hangs up) when the role is to stop */
};

/* Waits until the role is to stop; meanwhile looks after the role's log. */
void role_wait_for_stop(const struct role_options *options, const char *name);

/* A log that is larger than log_max is put aside as NAME.log.1, and what is written to stdout and
 * stderr from then on begins a new one. Only where stderr is that log. True: it was put aside. */
bool role_log_turn(const char *dir, const char *name, uint64_t log_max);

/* They return the exit status when they were told to stop (0) or could not start. */
int edge_role_run(const struct role_options *options);
int web_role_run(const struct role_options *options);

#endif
