/* write.h - the messages of the storm's phones. A message that does not fit is a programmer's
 * error. */
#ifndef DT_DIALSTORM_WRITE_H
#define DT_DIALSTORM_WRITE_H

#include "dialstorm/storm.h"

/* The request of op->method by the caller, with cseq and transaction of op; with credentials where
 * op has them, whose nc rises. */
struct slice write_request(struct storm *storm, struct op *op, char *data, size_t size);

/* ACK to a refusal of INVITE, out of the refusal alone (RFC 3261 17.1.1.3). */
struct slice write_refusal_ack(const struct storm *storm, const struct message *refusal,
                               uint32_t socket_index, char *data, size_t size);

/* A callee's response. op: NULL for one that makes no dialog. {NULL, 0}: it does not fit. */
struct slice write_answer(const struct storm *storm, const struct op *op,
                          const struct message *request, int status, char *data, size_t size);

#endif
