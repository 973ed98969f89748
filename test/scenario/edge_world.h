/* edge_world.h - a whole edge on a bad day, from a seed: phones and carriers that do anything, a
 * bad network, a ledger that comes and goes, an edge that is killed; then invariants.
 *
 *   I1 audit is clean; balance = money put in less charges. I4 nobody overspends beyond grace and
 *   what a dead edge hides. I5, I9 one final record a call, none lost or doubled. I7 a rich account
 *   hears no refusal for money. I10 rating a record again gives its charge. I12 nothing is left
 *   over. I13 an emergency call is not refused. Also: while the edge lives, every caller hears a
 *   final response; nobody is refused as suspended who never was.
 */
#ifndef DT_TEST_EDGE_WORLD_H
#define DT_TEST_EDGE_WORLD_H

#include "scn.h"
#include "sim.h"

/* 0: clean, 1: a violation. Mutations that this world does not know change nothing. */
int edge_world_run(const struct sim_plan *plan, struct sim_result *out);
bool edge_world_knows(enum sim_mutation mutation);

void edge_world_make(uint64_t seed, struct scn *out); /* the day of that seed */

#endif
