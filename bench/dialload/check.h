/* check.h - is what the server sent what the RFCs and the phones' own messages say it must be? */
#ifndef DT_DIALLOAD_CHECK_H
#define DT_DIALLOAD_CHECK_H

#include "dialload/load.h"

/* Any response to the request under way: Via, Call-ID, CSeq, From, To; for INVITE also the callee's
 * tag, contact, body and Record-Route where the response is the callee's. */
enum flaw check_response(const struct load *load, const struct job *job,
                         const struct message *message, uint32_t socket_index);

/* 200 to REGISTER: our one contact, with a life of 1 s up to what was asked. */
enum flaw check_bindings(const struct load *load, const struct job *job,
                         const struct message *message);

/* A request of job->sender as it reached the other side. */
enum flaw check_relayed(const struct load *load, const struct job *job, enum method method,
                        const struct message *message, uint32_t socket_index);

#endif
