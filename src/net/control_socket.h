/* control_socket.h - Unix sockets below a directory whose path may be long. */
#ifndef DT_NET_CONTROL_SOCKET_H
#define DT_NET_CONTROL_SOCKET_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

/* All: a non-blocking, close-on-exec descriptor; -1 with errno set. */
int control_socket_listen(const char *dir, const char *name) MUST_CHECK; /* mode 0600; replaces */
int control_socket_connect(const char *dir, const char *name) MUST_CHECK;

/* A nudge says that there is something to look at, and no more: it is lost where nobody hears it.
 * To hear: a socket for datagrams, as the above; one nudge may stand for many. */
int control_socket_hear(const char *dir, const char *name) MUST_CHECK;
bool control_socket_was_nudged(int fd);                       /* since it was last asked; -1: no */
void control_socket_nudge(const char *dir, const char *name); /* never waits */

void control_socket_remove(const char *dir, const char *name);

#endif
