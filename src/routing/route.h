/* route.h - who pays for a call, where it goes, and what it costs: decided from memory alone.
 *
 * The payer is named before routing: the calling endpoint's account; a customer trunk's account;
 * for a carrier's call to a DDI, the DDI's account by its inbound deck (none: free). The price is
 * fixed here, by the dialled number, once.
 */
#ifndef DT_ROUTING_ROUTE_H
#define DT_ROUTING_ROUTE_H

#include "account/directory.h"
#include "rating/deck_set.h"
#include "rating/rate.h"
#include "routing/quality.h"

#define ROUTE_STEPS_MAX 8
#define ROUTE_EMERGENCY_MAX 16
#define ROUTE_HOT_MAX 64
#define ROUTE_HOT_SIZE 16

enum route_refusal {
    ROUTE_OK = 0,
    ROUTE_UNKNOWN,        /* configuration not loaded yet: 503, never 403 or 404 */
    ROUTE_NO_SUCH_NUMBER, /* 404: a name that is nobody's, or no number of ours */
    ROUTE_BAD_NUMBER,     /* 484: the beginning of a number, or too long for one */
    ROUTE_NO_ROUTE,       /* 404: no trunk takes it */
    ROUTE_NO_RATE,        /* 403: the account's deck has no price for it */
    ROUTE_SUSPENDED,      /* 403: stored, positive evidence (version in plan) */
    ROUTE_NOT_PERMITTED,  /* 403: this source may not call that (a carrier calling a carrier) */
    ROUTE_BAD_MARGIN,     /* 503: every trunk that takes it costs more than it sells for */
    ROUTE_CLOSED,         /* 403: a hot destination that the account has not opened */
    ROUTE_TOO_DEAR        /* 403: dearer a minute than the account allows */
};

enum route_kind { ROUTE_NOWHERE = 0, ROUTE_TO_ENDPOINT, ROUTE_TO_TRUNKS };

struct route_settings { /* of the installation; owned by the caller, does not change while running
                         */
    uint32_t
        on_net_deck; /* deck for endpoint to endpoint, by the called user's...  0: rate below */
    struct rate on_net_rate; /* price of a call between endpoints; may be 0 */
    int emergency_count;
    char emergency[ROUTE_EMERGENCY_MAX][NUMBER_SIZE]; /* "112", "911" */
    bool allow_negative_margin;
    int hot_count; /* prefixes that fraud likes: closed to accounts that did not open them */
    char hot[ROUTE_HOT_MAX][ROUTE_HOT_SIZE];
};

struct route_request {
    const struct endpoint *endpoint; /* the authenticated caller, or NULL */
    const struct trunk *trunk;       /* the trunk it came from, or NULL; exactly one of the two */
    struct slice dialled;            /* user part of the Request-URI, unescaped */
    int64_t wall_s;
    uint64_t random;                 /* for weights */
    const _Atomic uint64_t *quality; /* a word of quality.h for each trunk by id; NULL: none */
    uint64_t quality_count;
    bool is_not_told; /* nobody reads why a call may go on: `why` of ROUTE_OK stays empty */
};

struct route_step { /* one trunk to try */
    uint64_t trunk_id;
    bool has_cost;
    struct rate cost;
    char number[NUMBER_SIZE + NUMBER_SIZE]; /* as this trunk wants it: tech prefix, plus */
};

struct route_plan {
    enum route_refusal refusal;
    enum route_kind kind;
    bool is_emergency;             /* never refused, never paid */
    bool is_inbound;               /* from a carrier's trunk to a DDI */
    bool is_hot;                   /* a destination that fraud likes, open or not */
    uint64_t payer_account_id;     /* 0: nobody pays (a free inbound call, an emergency) */
    uint64_t owner_account_id;     /* free inbound: whose record it is; else 0 */
    uint64_t evidence_version;     /* version of the row that a refusal rests on */
    struct account payer;          /* copied; zero if nobody pays */
    struct rate price;             /* sell price; rate_free for free calls */
    char number[NUMBER_SIZE];      /* E.164 digits; empty when a user was dialled */
    char user[ENDPOINT_USER_SIZE]; /* the endpoint to ring, with ROUTE_TO_ENDPOINT */
    uint64_t callee_account_id;    /* with ROUTE_TO_ENDPOINT */
    int step_count;
    struct route_step steps[ROUTE_STEPS_MAX];
    char why[160]; /* one sentence for `explain` and X-Reason */
};

/* Always fills *out; out->refusal says whether the call may go on. */
void route_plan(const struct directory *directory, const struct deck_set *decks,
                const struct route_settings *settings, const struct route_request *request,
                struct route_plan *out);

/* The hot destinations where nobody says otherwise; returns their count. */
int route_hot_default(char hot[ROUTE_HOT_MAX][ROUTE_HOT_SIZE]);

/* SIP status and reason token ("suspended", "no-rate") of a refusal. */
int route_refusal_status(enum route_refusal refusal);
const char *route_refusal_name(enum route_refusal refusal);

/* E.164 digits of a dialled string by the account's plan: "+49...", "0049...", "030..." with visual
 * separators dropped. False: not a number (letters, too long, empty). */
MUST_CHECK bool route_normalise(const struct account *account, struct slice dialled,
                                char digits[NUMBER_SIZE]);

/* The plan as JSON members for `explain`: payer, number, destination, price, steps with cost, why.
 */
void route_plan_write_json(struct buf *out, const struct route_plan *plan);

#endif
