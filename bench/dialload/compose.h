/* compose.h - writes the messages of the phones. A message that does not fit is a programmer's
 * error: sizes are bounded by the options and by what check.h lets through.
 */
#ifndef DT_DIALLOAD_COMPOSE_H
#define DT_DIALLOAD_COMPOSE_H

#include "dialload/load.h"

/* The request of job->method by job->sender, into job->sent. Uses cseq, transaction, and (when it
 * has_credentials) the nonce that fits the method, whose nc rises. */
void compose_request(struct load *load, struct job *job);

/* ACK to a final refusal of INVITE: hop by hop, with the INVITE's branch (RFC 3261 17.1.1.3). */
struct slice compose_refusal_ack(const struct load *load, const struct job *job,
                                 const struct message *refusal, char *data, size_t size);

/* A response to a request that reached a phone. Contact and Record-Route go into what makes a
 * dialog; the tag is added where To has none. phone: whose contact; socket_index: where it came. */
struct compose_answer {
    const struct message *request;
    int status;
    uint32_t phone;
    uint32_t socket_index;
    struct slice tag;
    bool makes_dialog, has_body;
};
struct slice compose_answer_write(const struct load *load, const struct compose_answer *answer,
                                  char *data, size_t size);

/* Pieces that check.c compares with. */
void compose_user(struct buf *out, uint32_t phone);
void compose_contact_uri(const struct load *load, struct buf *out, uint32_t phone);
void compose_call_id(const struct load *load, struct buf *out, const struct job *job);
void compose_party(const struct load *load, struct buf *out, const struct job *job, enum side side,
                   bool has_tag); /* the value of From or To */
void compose_tag(struct buf *out, const struct job *job, enum side side);
void compose_body(const struct load *load, struct buf *out, uint32_t phone);

#endif
