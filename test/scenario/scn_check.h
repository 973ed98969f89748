/* scn_check.h - what is expected, against what the agents counted and the ledger says. */
#ifndef DT_TEST_SCN_CHECK_H
#define DT_TEST_SCN_CHECK_H

#include "scn_world.h"

/* At the end of the time line, with calls that may still be up. */
bool scn_check_agents(const struct scn *scn, const struct scn_world *world, char why[SCN_WHY_SIZE]);
/* After everybody hung up; waits until it comes true, world->settle_us at most. */
bool scn_check_ledger(const struct scn *scn, const struct scn_world *world, int64_t origin_us,
                      char why[SCN_WHY_SIZE]);

#endif
