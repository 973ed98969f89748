/* scn_world.h - where a scenario is played: the real program over loopback, or the simulator.
 *
 * A world makes one user agent for each agent of the scenario, knows the time, and carries messages
 * between them and the edge. scn_run plays the time line in it and checks what is expected.
 */
#ifndef DT_TEST_SCN_WORLD_H
#define DT_TEST_SCN_WORLD_H

#include "scn.h"

#define SCN_WHY_SIZE 400

struct scn_world {
    void *ctx;
    bool is_lenient; /* a step for which an agent has no call is passed over */
    /* How long a figure that needs the ledger may take to come true, us. */
    int64_t settle_us;

    int64_t (*now_us)(void *ctx);
    struct ua *(*agent)(void *ctx, int index);
    struct ua_effects *(*out)(void *ctx);
    void (*flush)(void *ctx, int index); /* carries out what agent `index` put into out */
    void (*advance)(void *ctx, int64_t until_us);

    /* A step that is not an agent's: store, edge, web, money, suspension, the operator. False: it
     * could not be done, `why` says so. */
    bool (*act)(void *ctx, const struct scn_step *step, char why[SCN_WHY_SIZE]);

    /* UNKNOWN: no answer now (asked again until settle_us). */
    struct tri (*balance)(void *ctx, int account, int64_t *out_micro);
    /* Final records; account -1: of all. */
    struct tri (*cdrs)(void *ctx, int account, int64_t *out_count);
    /* When it was first told, on the clock of now_us, that fraud of that account is suspected. */
    struct tri (*alerted)(void *ctx, int account, int64_t *out_us);
    struct tri (*audit)(void *ctx, char why[SCN_WHY_SIZE]); /* PRESENT: clean; ABSENT: not */
    int64_t (*back_us)(void *ctx); /* longest gap of the edge after a kill; -1: not measured */
};

enum scn_verdict { SCN_FAIL = 0, SCN_PASS };

/* Plays the scenario in a world that is up. FAIL: `why` names the line that did not come true. */
enum scn_verdict scn_run(const struct scn *scn, const struct scn_world *world,
                         char why[SCN_WHY_SIZE]);

/* Configuration of the agent: all but its addresses, domain and seed, which the world fills in. */
void scn_agent_config(const struct scn *scn, int index, struct ua_config *out);

#endif
