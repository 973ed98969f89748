/* ua_sock.h - sockets by text addresses, non-blocking; the only file of the agents with errno. */
#ifndef DT_TEST_UA_SOCK_H
#define DT_TEST_UA_SOCK_H

#include "ua.h"

#include <sys/types.h>

/* UDP bound, or TCP listening, there; port 0 is filled in. -1: could not. */
int ua_sock_bind(struct ua_address *address);
int ua_sock_connect(
    const struct ua_address *address);               /* under way when it returns; -1: could not */
bool ua_sock_is_connected(int fd);                   /* once it is writable */
int ua_sock_accept(int fd, struct ua_address *peer); /* -1: nobody waits */
void ua_sock_send(int fd, struct slice bytes, const struct ua_address *to);
ssize_t ua_sock_receive(int fd, char *bytes, size_t size, struct ua_address *from); /* -1: none */

#endif
