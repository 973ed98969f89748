/* reader.h - dialload's own reader of SIP messages, apart from dialtone's so that an error of one
 * shows against the other. Everything it finds is a view of the datagram.
 */
#ifndef DT_DIALLOAD_READER_H
#define DT_DIALLOAD_READER_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define READER_LIST_MAX 8

struct reader_list { /* values of a header that may stand several times or with commas */
    struct slice items[READER_LIST_MAX];
    uint32_t count;
};

struct message {
    int status;          /* 0: a request */
    struct slice method; /* of the start line, or of CSeq in a response */
    struct slice uri;    /* requests */
    struct slice whole;  /* the datagram */
    struct reader_list via, contact, record_route, route;
    struct slice challenges[READER_LIST_MAX]; /* one a header; commas are part of them */
    uint32_t challenge_count;
    bool is_proxy_challenge; /* Proxy-Authenticate */
    struct slice from, to, call_id;
    uint32_t cseq;
    uint32_t max_forwards; /* UINT32_MAX: none */
    uint32_t expires_s;    /* UINT32_MAX: none */
    struct slice body;
};

/* False: not a SIP message with Via, From, To, Call-ID, CSeq and (if it says so) its whole body. */
bool reader_read(struct slice datagram, struct message *message);

/* Adds the values of one header line: split at commas outside quotes and angle brackets. False:
 * too many. */
bool reader_list_add(struct reader_list *list, struct slice value);

/* The parameter of a header value: those after '>' where there is one. Empty and found when it has
 * no '='. */
bool reader_param(struct slice value, struct slice name, struct slice *out);

/* Between '<' and '>', or up to the first ';'. */
struct slice reader_uri(struct slice value);

/* A field of a Digest challenge, without its quotes. */
bool reader_auth_field(struct slice challenge, struct slice name, struct slice *out);

#endif
