/* edge_thread.h - what the files of a worker thread share: edge_thread.c (the loop, notes between
 * threads), edge_receive.c (datagrams in), edge_admit.c and edge_thin.c (which of them under load),
 * edge_send.c (messages out). Inside src/node only.
 */
#ifndef DT_NODE_EDGE_THREAD_H
#define DT_NODE_EDGE_THREAD_H

#include "guard/thin.h"
#include "node/edge_role.h"
#include "node/sockets_class.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

void count_one(_Atomic uint64_t *counter); /* one more */
void flow_from_sockaddr(const struct sockaddr_in6 *in, struct reg_flow *flow);

/* ---- edge_send.c ---- */
struct edge_sender *edge_sender_new(const struct edge_thread *thread);
void edge_sender_free(struct edge_sender *sender);
/* The shell's send: copies the message; it leaves with the batch. */
void edge_thread_send(void *ctx, const struct reg_flow *to, struct slice message);
void edge_thread_flush(struct edge_thread *thread);

/* ---- edge_receive.c ---- */
struct receive_batch *receive_batch_new(void);
void receive_batch_free(struct receive_batch *batch);
/* A socket is readable, or has errors (EPOLLERR): its turn comes with receive_turns. */
void receive_ready(struct edge_thread *thread, const struct role_socket *socket, uint32_t events);
/* Reads those that are ready, the classes in their order. */
void receive_turns(struct edge_thread *thread);

/* ---- edge_thin.c ---- */
struct thinning *thinning_new(const struct edge_thread *thread, uint64_t seed);
void thinning_free(struct thinning *thinning);
/* What became of a message of that class; the size of one that carried a good proof. */
void thinning_note(struct edge_thread *thread, enum socket_class class, bool is_admitted);
void thinning_note_proof(struct edge_thread *thread, enum socket_class class, size_t size);
/* Would this one have been taken out until a moment ago? Then its sender may have waited long. */
bool thinning_is_late(struct edge_thread *thread, enum socket_class class, struct slice bytes);
/* The worker had nothing to do for so long. */
void thinning_note_idle(struct edge_thread *thread, int64_t idle_us);
/* Once a turn of the loop: takes as much of new work out before it is received as is needed. */
void thinning_turn(struct edge_thread *thread);

/* ---- edge_admit.c ---- */
/* Did the last one of that class wait too long? (Never told of dialogs.) */
bool admission_is_waiting(const struct admission *admission, enum socket_class class);
struct admission *admission_new(uint64_t seed);
void admission_free(struct admission *admission);
/* True: go on with it. False: it was dropped, or refused without state. age_us: since it arrived.
 */
bool admit_datagram(struct edge_thread *thread, struct slice bytes, const struct reg_flow *from,
                    int64_t age_us);
/* The same for a message of a connection; false: it is to wait, and with it all behind it. */
bool admit_stream(struct edge_thread *thread, struct slice bytes, const struct reg_flow *from);
/* The engine found that a message of that source belongs to nothing. */
void stray_note(struct edge_thread *thread, const struct reg_flow *from);

#endif
