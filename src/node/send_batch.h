/* send_batch.h - datagrams that leave together, and the system calls that they share.
 *
 * Datagrams to one address that are of one size (the last may be shorter) pass the kernel's stack
 * as one packet and are cut apart at its end (UDP_SEGMENT); all packets of a flush go by few
 * sendmmsg. What goes to one address keeps its order; different addresses are served in any. Inside
 * src/node only; one thread.
 */
#ifndef DT_NODE_SEND_BATCH_H
#define DT_NODE_SEND_BATCH_H

#include "base/slice.h"

#include <netinet/in.h>

struct send_batch;

struct send_batch *send_batch_new(void); /* NULL: no memory */
void send_batch_free(struct send_batch *batch);

/* Copies the datagram. The address is a sockaddr_in or a sockaddr_in6, by its family. False: it
 * does not fit; it will after a flush, if it is no larger than 128 KiB. */
MUST_CHECK bool send_batch_add(struct send_batch *batch, int fd, const struct sockaddr_in6 *to,
                               struct slice datagram);

/* Sends all. Returns how many the kernel did not take; they are gone. */
int send_batch_flush(struct send_batch *batch);

#endif
