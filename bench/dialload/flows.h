/* flows.h - the operations, message by message: registering.c (REGISTER, OPTIONS), calling.c (what
 * the sender of a call's requests does) and answering.c (what reaches a phone as a request).
 */
#ifndef DT_DIALLOAD_FLOWS_H
#define DT_DIALLOAD_FLOWS_H

#include "dialload/load.h"

/* REGISTER or OPTIONS of job->caller. */
void registering_start(struct load *load, struct job *job, enum method method);
void registering_response(struct load *load, struct job *job, const struct message *message);

/* A call of job->caller to job->callee. */
void calling_start(struct load *load, struct job *job);
void calling_response(struct load *load, struct job *job, const struct message *message);
void calling_end(struct load *load, struct job *job);

/* A response to a request of this job that is no longer the one under way. */
void calling_late_response(struct load *load, struct job *job, const struct message *message);

/* A request from the server; job: the one that its Call-ID names, or NULL. */
void answering_request(struct load *load, struct job *job, const struct message *message,
                       uint32_t socket_index);
void answering_timer(struct load *load, struct job *job);

#endif
