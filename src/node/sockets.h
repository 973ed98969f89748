/* sockets.h - the listening and UDP sockets of an installation, bound once by the supervisor. */
#ifndef DT_NODE_SOCKETS_H
#define DT_NODE_SOCKETS_H

#include "node/role.h"

struct node_sockets {
    struct role_socket sockets[ROLE_SOCKETS_MAX];
    int socket_count;
    int http_fd;
    char http[CONFIG_ADDRESS_SIZE]; /* as bound: "127.0.0.1:8080" */
    char class_error[80]; /* why the kernel does not sort datagrams by class; empty: it does */
};

/* For each UDP address one socket a class and worker, in one reuse-port group (sockets_class.h), or
 * one a worker where the kernel refuses that; for each TCP address one. False: `error` names the
 * address and why; nothing stays open. */
MUST_CHECK bool sockets_bind(const struct node_config *config, int worker_count,
                             struct node_sockets *out, char *error, size_t error_size);
void sockets_close(struct node_sockets *sockets);

#endif
