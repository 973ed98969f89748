/* sockets_thin.h - takes a part of the new work of a class out before it reaches a socket: for when
 * there is so much that the worker could not even refuse it all.
 *
 * Which ones is decided by what is in them: a message that is sent again meets the same fate, so
 * nobody is let in late while the part stays the same. An INVITE is taken out only if its request
 * URI is an address of ours (within a dialog it is the phone's), written without escapes, and its
 * user is longer than any emergency number.
 */
#ifndef DT_NODE_SOCKETS_THIN_H
#define DT_NODE_SOCKETS_THIN_H

#include "base/attr.h"
#include "base/slice.h"
#include "node/sockets_class.h"

#include <stdbool.h>
#include <stdint.h>

#define SOCKETS_THIN_HOSTS_MAX 17
#define SOCKETS_THIN_HOST_SIZE 64

struct sockets_thin {
    enum socket_class class;                    /* INVITE or REGISTER */
    struct slice hosts[SOCKETS_THIN_HOSTS_MAX]; /* our domain and addresses, without ports */
    int host_count;
    size_t emergency_size; /* of the longest emergency number */
    uint32_t salt;
    size_t proven_size; /* as long as that or longer: it may carry a proof; SIZE_MAX: none does */
    uint32_t unproven_parts, proven_parts; /* let through, of THIN_PARTS (guard/thin.h) */
};

/* From now on, instead of what was attached before. False: the kernel refuses, and all comes
 * through. */
MUST_CHECK bool sockets_thin_attach(int fd, const struct sockets_thin *thin);
void sockets_thin_detach(int fd);

/* Would a program of that kind take this datagram out? (As the kernel would say: for those that
 * came after it was replaced by one that lets more through.) */
bool sockets_thin_takes(const struct sockets_thin *thin, struct slice bytes);

/* Datagrams that the kernel dropped before this socket so far: taken out, or no room in its buffer.
 */
uint32_t sockets_lost(int fd);

#endif
