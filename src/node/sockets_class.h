/* sockets_class.h - which of the sockets of one UDP address gets a datagram.
 *
 * An address has a socket for each class and worker, in one reuse-port group. The kernel runs a
 * classic BPF program over each datagram's first bytes, so that a flood of one kind fills the
 * buffer of that kind alone, before any of it costs the program time.
 */
#ifndef DT_NODE_SOCKETS_CLASS_H
#define DT_NODE_SOCKETS_CLASS_H

#include "base/attr.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum socket_class {
    SOCKET_DIALOG = 0, /* responses, ACK, BYE, CANCEL, PRACK, UPDATE */
    SOCKET_INVITE,
    SOCKET_REGISTER,
    SOCKET_REST, /* also what is shorter than four bytes */
    SOCKET_CLASS_COUNT
};

/* The receive buffer to ask for, in bytes. */
int socket_class_buffer(enum socket_class class);

/* The class by the rule that the kernel's program follows. */
enum socket_class socket_class_of(struct slice datagram);

/* The group that `fd` belongs to, of class x worker_count + worker sockets in the order of their
 * bind, is addressed by class and by a mix of the sender's address and port from now on. False: the
 * kernel refuses; it goes on to choose by its own hash over all sockets. errno says why. */
MUST_CHECK bool socket_class_attach(int fd, bool is_ipv6, int worker_count);

#endif
