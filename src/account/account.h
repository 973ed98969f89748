/* account.h - the rows of the configuration that a call needs: who pays, who calls, where to.
 *
 * Plain values, copied out of the directory. Text fields end with a NUL. Each row has the version
 * (the change feed's number) under which the ledger published it. The encodings are for the
 * snapshot on local disk, so that a process starts without the database.
 */
#ifndef DT_ACCOUNT_ACCOUNT_H
#define DT_ACCOUNT_ACCOUNT_H

#include "base/buf.h"
#include "base/tri.h"
#include "base/wire.h"

#define ACCOUNT_NAME_SIZE 64
#define ENDPOINT_USER_SIZE 64
#define TRUNK_NAME_SIZE 64
#define TRUNK_HOST_SIZE 128
#define TRUNK_ACL_MAX 16
#define NUMBER_SIZE 24
#define ENDPOINT_IDENTITIES_MAX 8
#define SUSPENSION_TEXT_SIZE 96
#define HOT_OPEN_SIZE 128
#define ACCOUNT_ZONE_SIZE 40 /* of rating/zone.h */
#define NO_LIMIT (-1)

enum account_kind { ACCOUNT_PREPAID = 0, ACCOUNT_POSTPAID };
enum account_class { ACCOUNT_NEW = 0, ACCOUNT_VERIFIED, ACCOUNT_FLAGGED }; /* decides the grace */

struct account {
    uint64_t id; /* > 0 */
    uint64_t version;
    uint64_t parent_id; /* of a sub-account: it is suspended with that one; 0: it is none */
    char name[ACCOUNT_NAME_SIZE]; /* unique; what the CLI and API call it */
    char currency[4];
    uint8_t kind;      /* enum account_kind */
    uint8_t class_;    /* enum account_class */
    bool is_suspended; /* only by a named person or rule: see suspended_by */
    char suspended_by[ACCOUNT_NAME_SIZE];
    char suspended_why[SUSPENSION_TEXT_SIZE];
    /* 0: until a person ends it; else when a rule's ends unless renewed. Not in the snapshot: who
     * lifts it reads the ledger. */
    int64_t wall_suspended_until_us;
    /* Below what is left to spend somebody is told; 0: never; -1: the default. Not in the snapshot:
     * the ledger looks. */
    int64_t low_balance_micro;
    int64_t limit_micro;     /* credit limit, postpaid: how far below zero; >= 0 */
    int64_t grace_micro;     /* -1: the class's default */
    int32_t channels_max;    /* concurrent calls; NO_LIMIT */
    int32_t cps_max;         /* calls started a second; NO_LIMIT */
    int64_t spend_day_micro; /* NO_LIMIT */
    /* Against toll fraud; 0: no limit. */
    int64_t spend_minute_micro; /* spent or promised to open calls within a minute, at an edge */
    int64_t price_max_micro;    /* a call that costs more a minute is refused */
    /* Of the week windows in its decks ("Europe/Berlin"); empty: the deck's own. */
    char time_zone[ACCOUNT_ZONE_SIZE];
    char
        hot_open[HOT_OPEN_SIZE]; /* "882,883": hot destinations that it may call; "all"; "": none */
    uint32_t sell_deck;    /* deck id for what it calls; 0: it has no prices, so only on-net free
                            * and emergency calls are possible */
    uint32_t inbound_deck; /* for calls to its numbers, paid by it; 0: free */
    char
        country_code[8]; /* "49": to make "0..." numbers E.164; empty: numbers are taken as E.164 */
    char national_prefix[4];      /* "0" */
    char international_prefix[6]; /* "00" */
};

enum endpoint_digest { ENDPOINT_DIGEST_ANY = 0, ENDPOINT_DIGEST_SHA256 };

struct endpoint { /* a device with credentials */
    uint64_t id;
    uint64_t version;
    uint64_t account_id;
    char user[ENDPOINT_USER_SIZE]; /* unique in the domain; its AOR is sip:user@domain */
    uint8_t ha1_md5[16];
    uint8_t ha1_sha256[32];
    uint8_t digest; /* enum endpoint_digest: SHA256 takes no answer by MD5 */
    bool is_disabled;
    char display[ACCOUNT_NAME_SIZE];
    /* Its own identities, E.164 digits, besides its user name: From and P-Asserted-Identity may
     * carry these; the first is presented to trunks. */
    uint8_t identity_count;
    char identities[ENDPOINT_IDENTITIES_MAX][NUMBER_SIZE];
};

enum trunk_transport { TRUNK_UDP = 0, TRUNK_TCP };

struct trunk_acl { /* a source that is this trunk: IPv4 is mapped into IPv6 */
    uint8_t address[16];
    uint8_t prefix_bits; /* of 128 */
};

struct trunk { /* a SIP peer: a carrier's, or a customer's (then account_id pays) */
    uint64_t id;
    uint64_t version;
    uint64_t account_id; /* 0: a carrier's */
    char name[TRUNK_NAME_SIZE];
    char
        host[TRUNK_HOST_SIZE]; /* address or DNS name that calls are sent to; empty: inbound only */
    uint16_t port;             /* 0: 5060 */
    uint8_t transport;         /* enum trunk_transport */
    bool is_disabled;
    bool takes_emergency; /* emergency calls go here first */
    uint8_t acl_count;
    struct trunk_acl acl[TRUNK_ACL_MAX];
    char auth_user[ENDPOINT_USER_SIZE]; /* to answer its challenges; empty: none */
    char auth_password[ENDPOINT_USER_SIZE];
    char tech_prefix[NUMBER_SIZE]; /* put before the number */
    bool sends_plus;               /* "+49..." instead of "49..." */
    uint32_t cost_deck;            /* what it charges us; 0: not known */
    int32_t channels_max;          /* NO_LIMIT */
    int32_t cps_max;               /* NO_LIMIT */
    char identity[NUMBER_SIZE];    /* customer's trunk: its default CLI; it may use its account's
                                    * numbers */
};

enum number_target { NUMBER_TO_ENDPOINT = 0, NUMBER_TO_TRUNK };

struct number { /* a DDI */
    uint64_t id;
    uint64_t version;
    uint64_t account_id;
    char digits[NUMBER_SIZE]; /* E.164 without '+', unique */
    uint8_t target;           /* enum number_target */
    char endpoint_user[ENDPOINT_USER_SIZE];
    uint64_t trunk_id;
};

struct route_row { /* numbers that begin with prefix may go out by this trunk */
    uint64_t id;
    uint64_t version;
    char prefix[NUMBER_SIZE]; /* digits; "" matches all */
    uint64_t trunk_id;
    int32_t priority; /* lower first; equal: cheaper first, then by weight */
    int32_t weight;   /* 1 to 1000 */
};

void account_encode(struct buf *out, const struct account *row);
void endpoint_encode(struct buf *out, const struct endpoint *row);
void trunk_encode(struct buf *out, const struct trunk *row);
void number_encode(struct buf *out, const struct number *row);
void route_row_encode(struct buf *out, const struct route_row *row);
MUST_CHECK bool account_decode(struct wire_reader *in, struct account *row); /* false: damaged */
MUST_CHECK bool endpoint_decode(struct wire_reader *in, struct endpoint *row);
MUST_CHECK bool trunk_decode(struct wire_reader *in, struct trunk *row);
MUST_CHECK bool number_decode(struct wire_reader *in, struct number *row);
MUST_CHECK bool route_row_decode(struct wire_reader *in, struct route_row *row);

/* "192.0.2.0/24", "2001:db8::1": false if it is neither. No name is looked up. */
MUST_CHECK bool trunk_acl_parse(struct slice text, struct trunk_acl *out);
void trunk_acl_write(struct buf *out, const struct trunk_acl *acl);

#endif
