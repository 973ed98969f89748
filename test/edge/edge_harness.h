/* edge_harness.h - one edge worker with a small world around it, in virtual time.
 *
 * Two accounts, three endpoints (alice and carol of account 1, bob of 2), two carrier trunks (the
 * first has credentials), a number of bob's, a deck (1.00 a second for 49...), a registrar that
 * real REGISTERs fill, a ledger that grants what is asked. What the edge sends, tells and writes
 * down is kept. Also for the fuzzer: nothing here depends on a test framework.
 */
#ifndef DT_TEST_EDGE_HARNESS_H
#define DT_TEST_EDGE_HARNESS_H

#include "edge/worker.h"

#include <stdio.h>
#include <stdlib.h>

#define H_S INT64_C(1000000)
#define H_SENT_MAX 512
#define H_RECORDS_MAX 4096
#define H_WORKERS_MAX 2
#define H_DOMAIN "example.com"
#define BOB_URI "sip:bob@" H_DOMAIN
#define H_WALL_US (INT64_C(1800000000) * H_S)

#define H_CHECK(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

enum h_who { ALICE = 0, BOB, CAROL, TRUNK1, TRUNK2, STRANGER, BOB2, WHO_COUNT };

struct h_sent {
    enum h_who to; /* WHO_COUNT: to nobody that is known */
    struct reg_flow flow;
    char *data;
    size_t size;
    bool is_taken;
};

struct h_record {
    enum journal_kind kind;
    char *data;
    size_t size;
};

enum h_ledger { H_GRANTS = 0, H_SILENT, H_POOR, H_FAILS }; /* poor: a quarter, and no more */

struct harness {
    struct epoch epoch;
    struct edge *edge;
    struct edge_worker *worker; /* the first, or the one that was fed last */
    struct edge_worker *workers[H_WORKERS_MAX];
    int worker_count;
    struct digest_context *digest;
    struct deck_build deck;
    struct edge_time now;
    struct h_sent sent[H_SENT_MAX];
    int sent_count;
    struct h_record records[H_RECORDS_MAX];
    int record_count;
    uint64_t sequence;
    char last_event[64];
    char last_json[4096];
    enum h_ledger ledger;
    uint64_t granted_version;
    int64_t granted_micro[3]; /* by account id: the ledger's largest answer */
    uint32_t random;
    uint32_t nonce;
    uint32_t start_count;
    uint8_t transport[WHO_COUNT]; /* enum reg_transport */
    uint16_t port[WHO_COUNT];     /* 0: 5060 */
    struct sip_msg msg;           /* the last message taken */
    struct sip_msg in;
    char text[SIP_MESSAGE_SIZE_MAX + 1];
};

extern const char *const h_users[WHO_COUNT];

struct h_request { /* NULL or 0: what is usual */
    const char *method, *uri, *call_id, *from_user, *from_tag, *to, *branch, *extra, *body;
    uint32_t cseq;
    bool is_authorized;
    int max_forwards; /* -1: none */
    bool has_no_contact;
};

/* Where `who` sends from and is sent to. */
struct reg_flow h_flow(const struct harness *h, enum h_who who);
const char *h_host(enum h_who who);
/* ---- the edge and its world (edge_harness.c) ---- */

void h_sent_clear(struct harness *h);
/* For who puts another deck, other rows or other trunks in place. */
void h_deck_release(struct deck *deck);
void h_rows(struct harness *h);
void h_trunks(struct harness *h, int32_t channels_max, enum trunk_transport transport);
/* An edge that is ready, with so many workers; h_new: one. Free it with h_free. */
struct harness *h_new_with(int worker_count);
struct harness *h_new(void);
void h_free(struct harness *h);
/* kill -9 and the next start: memory is gone, the journal is replayed. */
void h_restart(struct harness *h);
/* The ledger answers what was asked of it meanwhile. */
void h_turn(struct harness *h);
/* Time goes on; timers fire when they are due. */
void h_pass(struct harness *h, int64_t us);

/* ---- what is said and heard (edge_talk.c) ---- */

/* The bytes as `who` sends them; all that follows at once is done on return. */
void h_feed(struct harness *h, enum h_who who, struct slice bytes);
/* An Authorization line, or the Proxy- one, with a nonce of ours and that user's password. */
void h_credentials(struct harness *h, enum h_who who, const char *method, const char *uri,
                   bool is_proxy, struct buf *out);
/* The request as text, good until the next one; h_ask sends it as well. */
struct slice h_write(struct harness *h, enum h_who who, const struct h_request *r);
void h_ask(struct harness *h, enum h_who who, const struct h_request *request);
/* The next message to `who` that was not taken yet, parsed into h->msg. False: there is none. */
bool h_take(struct harness *h, enum h_who who);
/* The Route line that the Record-Route of the message taken last asks for. */
void h_route_write(const struct harness *h, char *line, size_t line_size);
/* Takes messages to `who` until one is a request of that method, or a response of that status. */
bool h_take_request(struct harness *h, enum h_who who, enum sip_method method);
bool h_take_status(struct harness *h, enum h_who who, int status);
/* Messages to `who` that were not taken yet; and all of them forgotten. */
int h_count(struct harness *h, enum h_who who);
void h_forget(struct harness *h);
/* `who` answers the request in h->msg. */
void h_reply(struct harness *h, enum h_who who, int status, const char *to_tag, const char *lines);
void h_register(struct harness *h, enum h_who who);
void h_invite(struct harness *h, enum h_who who, const char *uri, const char *call_id);
/* Alice calls Bob, who registers for it and has the INVITE now, the last message taken. */
bool h_call_rings(struct harness *h, const char *call_id);
/* The same, and he answers it as b1. */
bool h_call_up(struct harness *h, const char *call_id);
/* What is in the journal: records of a kind; the last usage, false: there is none. */
int h_record_count(const struct harness *h, enum journal_kind kind);
bool h_last_usage(const struct harness *h, struct usage *out);
/* From here on sources are banned; nobody is known yet. */
void h_bans_on(struct harness *h);
/* Nothing is left at any worker and no money is held; says what is. */
bool h_is_empty(struct harness *h);

#endif
