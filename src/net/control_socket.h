/* control_socket.h - Unix stream sockets below a directory whose path may be long. */
#ifndef DT_NET_CONTROL_SOCKET_H
#define DT_NET_CONTROL_SOCKET_H

#include "base/attr.h"

#include <stdint.h>

/* All: a non-blocking, close-on-exec descriptor; -1 with errno set. */
int control_socket_listen(const char *dir, const char *name) MUST_CHECK; /* mode 0600; replaces */
int control_socket_connect(const char *dir, const char *name) MUST_CHECK;
void control_socket_remove(const char *dir, const char *name);

#endif
