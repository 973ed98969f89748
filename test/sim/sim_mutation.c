#include "sim_mutation.h"

struct row {
    const char *name, *story;
};

/* Where a mistake is told of: the system, and its file, issue or incident. */
static const struct row rows[SIM_MUTATION_COUNT] = {
    [SIM_NO_MUTATION] = {"none", ""},
    [SIM_LEASE_TAKEN_BACK] = {"lease-taken-back",
                              "TigerBeetle's pending time-out, cnxcc's 70 s keys in Redis"},
    [SIM_NO_HIGH_WATER] = {"no-high-water-mark", "lago-api#5870: the same top-up twice"},
    [SIM_UNKNOWN_IS_NO] = {"unknown-is-no",
                           "Simwood: a missing value became \"disabled\"; nibblebill: a failed "
                           "SELECT is a balance of -1"},
    [SIM_EARLY_ACK] = {"acknowledge-before-commit",
                       "nibblebill: lastts moves before the UPDATE's result is known"},
    [SIM_NO_MINUTE_LIMIT] = {"no-minute-limit", "ASTPP, A2Billing: no limit but the balance"},
    [SIM_TOLD_BEFORE_SYNC] = {"returned-before-synced",
                              "a forgetful edge: CGRateS sessions with backup_interval 0"},
    [SIM_FIRST_ASK_FORGOTTEN] = {"first-ask-forgotten",
                                 "cgrates#39: 8 used, 50 gone; what was reserved stays reserved"},
    [SIM_STALE_EVIDENCE] = {"stale-evidence", "CGRateS *disable_account, Simwood: a flag that "
                                              "outlives its cause"},
    [SIM_WARNING_IS_SUCCESS] = {"warning-is-success",
                                "PostgreSQL: a cancelled wait for the synchronous standby commits "
                                "with a warning that clients do not read"},
    [SIM_ANY_LEDGER] = {"any-ledger-believed",
                        "Simwood: a service still attached to the old master"},
    [SIM_OLD_SESSION_SERVED] = {"old-session-served",
                                "cgrates#2354: the debit loop of the old engine goes on beside "
                                "the new one"},
    [SIM_OLD_DISK_SERVED] = {"old-disk-served",
                             "cnxcc: a nil field is \"first time\": spend so far is forgotten"},
    [SIM_RETRY_RENUMBERED] = {"retry-renumbered",
                              "killbill#1015, Formance wallets#109: an id made anew for each try"},
    [SIM_WALL_CLOCK] = {"wall-clock-talk",
                        "billed seconds of Asterisk and FreeSWITCH when NTP steps the clock"},
    [SIM_FULL_DISK_GOES_ON] = {"full-disk-goes-on",
                               "OpenSIPS#2656, MagnusBilling#711: calls without records"},
    [SIM_READ_THEN_WRITE] = {"read-then-write",
                             "weave-os/router#478: check now, debit later, bursts go negative"},
    [SIM_NOTHING_RESERVED] = {"nothing-reserved", "A2Billing: N calls risk N times the balance"},
    [SIM_LATE_USAGE_DROPPED] = {"late-usage-dropped",
                                "A2Billing: the final UPDATE fails and the call is unbilled"},
    [SIM_CALLS_FORGOTTEN] = {"calls-forgotten", "CGRateS: sessions only in memory"},
    [SIM_GRANT_ADDED] = {"grant-added-twice",
                         "cgrates#256, lago-api#2243: what is delivered twice counts twice"},
    [SIM_FENCE_IGNORED] = {"fence-ignored",
                           "cgrates#2220: shuts down a call and carries on billing"},
    [SIM_DISK_UNMARKED] = {"disk-unmarked",
                           "Active Directory's USN rollback: a controller's disk put back from a "
                           "snapshot"},
    [SIM_BRANCH_LOST] = {"branch-lost", "GitHub 2018-10-21: writes of the side that was given up"},
    [SIM_TIMELINE_IGNORED] = {"timeline-ignored",
                              "GitHub 2012-09-14: ids given anew by a database that was behind"},
    [SIM_LINK_IGNORED] = {"link-ignored",
                          "Redis Sentinel: the replica with the higher offset is the right one"},
    [SIM_LOOKED_AT_OPEN] = {"looked-at-open",
                            "connection pools that go on with the old primary after a fail-over"},
};

const char *sim_mutation_name(enum sim_mutation mutation)
{
    return rows[mutation].name;
}

const char *sim_mutation_story(enum sim_mutation mutation)
{
    return rows[mutation].story;
}
