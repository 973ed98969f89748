/* sim_mutation.h - deliberate faults of dialtone itself: a simulator that does not find them finds
 * nothing. Each is a mistake that a real system shipped with; sim_mutation_story names it. */
#ifndef DT_TEST_SIM_MUTATION_H
#define DT_TEST_SIM_MUTATION_H

enum sim_mutation {
    SIM_NO_MUTATION = 0,
    SIM_LEASE_TAKEN_BACK,    /* the ledger takes a silent edge's lease back after a time */
    SIM_NO_HIGH_WATER,       /* settlement applies whatever comes */
    SIM_UNKNOWN_IS_NO,       /* an edge without an answer says "no credit" */
    SIM_EARLY_ACK,           /* the ledger answers before it has committed */
    SIM_NO_MINUTE_LIMIT,     /* an edge does not obey the limit of spend a minute */
    SIM_TOLD_BEFORE_SYNC,    /* R is told before it is synced */
    SIM_FIRST_ASK_FORGOTTEN, /* the first ask for an account is not journalled */
    SIM_STALE_EVIDENCE,      /* an old "there is no more" is believed again */
    SIM_WARNING_IS_SUCCESS,  /* a commit with a warning counts as durable */
    SIM_ANY_LEDGER,          /* another identity or a lower version is believed */
    SIM_OLD_SESSION_SERVED,  /* a request of an old session is carried out */
    SIM_OLD_DISK_SERVED,     /* a copied or restored disk is let in */
    SIM_RETRY_RENUMBERED,    /* what was not answered is sent again under new numbers */
    SIM_WALL_CLOCK,          /* talk is measured with the wall clock */
    SIM_FULL_DISK_GOES_ON,   /* paid calls without room for their records */
    SIM_READ_THEN_WRITE,     /* grants are made from the last committed balance */
    SIM_NOTHING_RESERVED,    /* grants look at the balance and set nothing aside */
    SIM_LATE_USAGE_DROPPED,  /* usage of a dead incarnation is acknowledged and thrown away */
    SIM_CALLS_FORGOTTEN,     /* a restart forgets the calls that were open */
    SIM_GRANT_ADDED,         /* an answer that comes twice is added twice */
    SIM_FENCE_IGNORED,       /* an edge that hears that it is dead goes on */
    SIM_DISK_UNMARKED,       /* an old disk is known by its usages alone */
    SIM_BRANCH_LOST,         /* what a copy wrote before it was found out is thrown away */
    SIM_TIMELINE_IGNORED,    /* a restored database is believed where its version is high enough */
    SIM_LINK_IGNORED,        /* the same, of one that was restored unseen and has gone on */
    SIM_LOOKED_AT_OPEN,      /* which ledger it is, is looked at when a session begins */
    SIM_MUTATION_COUNT
};

const char *sim_mutation_name(enum sim_mutation mutation);
const char *sim_mutation_story(enum sim_mutation mutation); /* who shipped it */

#endif
