/* usage.h - the record of one call (or one hour of a long one): what is charged, and the CDR.
 *
 * Written once into the outbox, settled exactly once by (incarnation, sequence). It holds
 * everything that its price was made from, so that rating it again gives the same amount.
 */
#ifndef DT_METERING_USAGE_H
#define DT_METERING_USAGE_H

#include "base/wire.h"
#include "rating/rate.h"

#define USAGE_CALL_ID_SIZE 128
#define USAGE_PARTY_SIZE 64
#define USAGE_REASON_SIZE 48
#define USAGE_ENCODED_MAX 1024

enum usage_flag {
    USAGE_PARTIAL = 1 << 0,   /* more records of this call follow */
    USAGE_ESTIMATED = 1 << 1, /* the end was not seen: charged to the last proof of life */
    USAGE_EMERGENCY = 1 << 2,
    USAGE_INBOUND = 1 << 3, /* trunk to DDI */
    USAGE_ON_NET = 1 << 4,
    USAGE_ON_GRACE = 1 << 5, /* some of it was not covered by a lease */
    USAGE_ANSWERED = 1 << 6
};

enum usage_end { /* who or what ended the call */
                 USAGE_END_UNKNOWN = 0,
                 USAGE_END_CALLER,
                 USAGE_END_CALLEE,
                 USAGE_END_CREDIT, /* cut at the paid second */
                 USAGE_END_OPERATOR,
                 USAGE_END_DURATION, /* longest call allowed */
                 USAGE_END_TIMEOUT,  /* no ACK, or the probe found nobody */
                 USAGE_END_FAILED,   /* never answered: see status */
                 USAGE_END_RESTART   /* ringing when the edge died */
};

struct usage {
    uint64_t sequence;    /* within the incarnation; given by the journal */
    uint64_t account_id;  /* payer, or owner of the number that a free call came to; 0: nobody */
    int64_t charge_micro; /* of this record (a partial's own part) */
    int64_t ended_micro;  /* the account's total of ended charges after this one (lease U) */
    struct rate rate;
    int64_t talk_from_us; /* talk covered by this record: from .. to, since the answer */
    int64_t talk_to_us;
    uint64_t trunk_id; /* where it went out, or came in (USAGE_INBOUND); 0: none */
    bool has_cost;
    struct rate cost_rate; /* what the trunk charges us */
    int64_t cost_micro;
    int64_t wall_start_us;  /* INVITE; microseconds since 1970 */
    int64_t wall_answer_us; /* 0: not answered */
    int64_t wall_end_us;
    uint32_t pdd_ms;    /* INVITE to first 18x or final; post-dial delay */
    uint16_t status;    /* final SIP status of the INVITE */
    uint16_t flags;     /* enum usage_flag */
    uint8_t end;        /* enum usage_end */
    uint32_t call_slot; /* which open call this closes at replay: slot and generation */
    uint64_t call_key;  /* the call's key, unique within the installation */
    uint16_t part;      /* 0, 1, ... of the records of one call */
    char call_id[USAGE_CALL_ID_SIZE];
    char caller[USAGE_PARTY_SIZE]; /* endpoint user, or E.164 */
    char callee[USAGE_PARTY_SIZE];
    char reason[USAGE_REASON_SIZE]; /* "normal", "no-credit", "busy" ... */
};

void usage_encode(struct buf *out, const struct usage *usage);
MUST_CHECK bool usage_decode(struct slice record, struct usage *out); /* false: damaged */
const char *usage_end_name(enum usage_end end);

#endif
