/* ua_internal.h - what the files of the user agent share. */
#ifndef DT_TEST_UA_INTERNAL_H
#define DT_TEST_UA_INTERNAL_H

#include "base/rng.h"
#include "sip/digest.h"
#include "sip/sdp.h"
#include "sip/txn.h"
#include "sip/write.h"
#include "ua.h"

#define UA_URI_SIZE 300
#define UA_ROUTES_SIZE 2000
#define UA_TAG_SIZE 128
#define UA_LINGER_US (64 * TXN_T1_US) /* an ended call still ACKs a repeated 2xx that long */
#define UA_AUTH_TRIES_MAX 2

struct ua_text { /* a message kept for sending again */
    char *data;
    size_t size;
};

enum ua_call_state {
    UA_FREE = 0,
    UA_CALLING,  /* our INVITE has no final response */
    UA_INCOMING, /* theirs has none */
    UA_TALKING,  /* a 2xx was sent or came */
    UA_OVER      /* lingers */
};

struct ua_call {
    enum ua_call_state state;
    bool is_caller;
    uint32_t generation;
    char call_id[UA_TAG_SIZE * 2];
    char local_tag[32], remote_tag[UA_TAG_SIZE];
    char local_uri[UA_URI_SIZE], remote_uri[UA_URI_SIZE]; /* "<sip:...>" */
    char remote_target[UA_URI_SIZE];
    char routes[UA_ROUTES_SIZE];
    char peer[UA_NAME_SIZE];
    uint32_t local_cseq, remote_cseq, invite_cseq;
    struct ua_rule rule;   /* incoming */
    struct ua_text invite; /* incoming: as it came */
    struct ua_text answer; /* 2xx or reliable 18x sent again until ACK or PRACK */
    struct ua_text ack;    /* the last ACK to a 2xx */
    uint32_t ack_cseq;
    struct ua_address answer_to;
    uint64_t answer_flow;
    int server;               /* incoming: transaction of the INVITE; -1 */
    bool is_reliable_pending; /* `answer` is an 18x */
    bool is_answer_due;       /* answer as soon as the PRACK is here */
    uint32_t rseq, prack_rseq;
    char prack_tag[UA_TAG_SIZE];
    bool wants_cancel, has_provisional, has_cancelled, is_invite_pending, is_acked;
    bool is_hold, is_peer_hold;
    uint32_t sdp_version;
    char rtp_host[UA_HOST_SIZE];
    uint16_t rtp_port;
    int refer_call; /* tells this call how the transfer went; -1 */
    uint32_t refer_generation;
    int64_t started_at_us, talk_at_us, pdd_at_us;
    int64_t ring_at_us, answer_at_us, hangup_at_us, cancel_at_us, reinvite_at_us;
    int64_t resend_at_us, resend_interval_us, give_up_at_us, over_at_us;
    int64_t hangup_after_us;
    bool is_hangup_due;     /* BYE as soon as the ACK is here (RFC 3261 15) */
    uint64_t extra_tags[4]; /* hashes of forks that answered too and were ended */
};

struct ua_client { /* a client transaction */
    bool is_used;
    struct txn txn;
    enum sip_method method;
    char branch[40];
    struct ua_text sent;
    struct ua_address to;
    int call;
    uint32_t generation;
    uint32_t cseq;
    int auth_tries;
    uint64_t flow;
};

struct ua_server { /* a server transaction */
    bool is_used;
    struct txn txn;
    enum sip_method method;
    uint64_t key;
    struct ua_text sent;
    struct ua_address to;
    uint64_t flow;
    int call;
    uint32_t generation;
};

struct ua_challenge { /* the last one seen, answered again with a rising nc */
    char data[2048];
    size_t size;
    uint32_t nc;
};

enum ua_registration { UA_REG_OFF = 0, UA_REG_ON, UA_REG_LEAVING };

struct ua {
    struct ua_config config;
    struct ua_rule rules[UA_RULES_MAX];
    int rule_count;
    struct rng rng;
    struct digest_context *digest;
    struct digest_keys keys;
    struct ua_challenge www, proxy;
    struct ua_stats stats;

    enum ua_registration registration;
    bool is_registered, is_register_pending, is_leaving_sent;
    char register_call_id[64], register_tag[32];
    uint32_t register_cseq;
    uint32_t register_expires_s;
    int register_failures;
    int64_t register_at_us;

    struct ua_call *calls;
    int call_count; /* slots */
    struct ua_client *clients;
    int client_count, client_used;
    struct ua_server *servers;
    int server_count, server_used;
    int64_t now_us;
    struct ua_effects *out; /* of the call under way */
};

/* ua_txn.c */
struct ua_client *ua_client_start(struct ua *ua, struct slice bytes, enum sip_method method,
                                  const struct ua_address *to, uint32_t cseq, int call);
struct ua_client *ua_client_find(struct ua *ua, const struct sip_msg *msg);
void ua_client_end(struct ua_client *client);
struct ua_server *ua_server_find(struct ua *ua, const struct sip_msg *msg);
struct ua_server *ua_server_start(struct ua *ua, const struct sip_msg *msg,
                                  const struct ua_address *from, uint64_t flow);
void ua_server_send(struct ua *ua, struct ua_server *server, struct slice bytes, int status);
void ua_server_end(struct ua_server *server);
void ua_send_bytes(struct ua *ua, struct slice bytes, const struct ua_address *to, uint64_t flow);
void ua_tell(struct ua *ua, const struct ua_event *event);
void ua_text_set(struct ua_text *text, struct slice bytes);
void ua_text_drop(struct ua_text *text);
void ua_txn_tick(struct ua *ua);
int64_t ua_txn_deadline(const struct ua *ua);

/* ua_write.c */
void ua_branch_make(struct ua *ua, char *branch, size_t size);
void ua_token_make(struct ua *ua, char *token, size_t size);
void ua_via_write(struct ua *ua, struct buf *out, const char *branch);
void ua_contact_write(const struct ua *ua, struct buf *out); /* "Contact: <...>" CRLF */
void ua_contact_uri_write(const struct ua *ua, struct buf *out);
void ua_sdp_write(const struct ua *ua, struct ua_call *call, struct buf *out);
void ua_authorize(struct ua *ua, struct buf *out, enum sip_method method, struct slice uri);
bool ua_challenge_keep(struct ua *ua, const struct sip_msg *response);
/* A request in the call's dialog; false: it does not fit. Sets *to. */
bool ua_dialog_write(struct ua *ua, const struct ua_call *call, enum sip_method method,
                     uint32_t cseq, struct slice lines, struct slice content_type,
                     struct slice body, struct buf *out, struct ua_address *to);
/* The same request with a new branch, CSeq and credentials. */
bool ua_again_write(struct ua *ua, struct slice sent, uint32_t cseq, struct buf *out);
void ua_next_hop(const struct ua *ua, const struct ua_call *call, struct ua_address *to);
void ua_respond(struct ua *ua, struct ua_server *server, const struct sip_msg *request, int status,
                const char *to_tag, struct slice lines, struct slice body);
void ua_reasons_copy(struct ua *ua, const struct sip_msg *msg, struct ua_event *event);
void ua_copy(char *field, size_t field_size, struct slice s); /* cut where it does not fit */

/* ua_register.c */
void ua_register_response(struct ua *ua, const struct sip_msg *msg);
void ua_register_failed(struct ua *ua, int status, int64_t retry_after_us);
void ua_register_tick(struct ua *ua);

/* ua_call.c */
struct ua_call *ua_call_take(struct ua *ua, int *index);
void ua_call_over(struct ua *ua, struct ua_call *call);
void ua_call_ended(struct ua *ua, struct ua_call *call, bool is_by_us, const struct sip_msg *why);
int ua_call_find(struct ua *ua, const struct sip_msg *msg, bool is_request);
int ua_call_index(const struct ua *ua, const struct ua_call *call);
void ua_invite_response(struct ua *ua, struct ua_client *client, int index,
                        const struct sip_msg *msg);
void ua_invite_failed(struct ua *ua, struct ua_client *client, int index, int status,
                      const struct sip_msg *msg);
void ua_bye_send(struct ua *ua, struct ua_call *call);
void ua_cancel_send(struct ua *ua, struct ua_call *call);
void ua_dialog_send(struct ua *ua, struct ua_call *call, enum sip_method method, struct slice lines,
                    struct slice content_type, struct slice body);
void ua_offer_send(struct ua *ua, struct ua_call *call);
void ua_media_learn(struct ua_call *call, const struct sip_msg *msg);
void ua_target_learn(struct ua_call *call, const struct sip_msg *msg);
void ua_call_release(struct ua *ua, struct ua_call *call); /* the BYE, now or after the ACK */
int64_t ua_call_deadline(const struct ua_call *call);
void ua_call_tick(struct ua *ua, struct ua_call *call);

/* ua_incoming.c */
void ua_request(struct ua *ua, const struct sip_msg *msg, const struct ua_address *from,
                uint64_t flow);
void ua_incoming_answer(struct ua *ua, struct ua_call *call);
void ua_incoming_refuse(struct ua *ua, struct ua_call *call, int status);
void ua_incoming_tick(struct ua *ua, struct ua_call *call);
void ua_refer_tell(struct ua *ua, struct ua_call *call, int status, bool is_last);

#endif
