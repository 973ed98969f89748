/* edge_quality.h - what the edge counts of its trunks goes to the database, and what all edges
 * counted comes back: by the store thread, some times a minute. */
#ifndef DT_NODE_EDGE_QUALITY_H
#define DT_NODE_EDGE_QUALITY_H

#include "edge/edge.h"
#include "store/store.h"

/* Adds what was counted since the last that went through, then takes over the sums of all. Without
 * an answer nothing changes, and what was counted goes with the next; an answer that was lost on
 * its way counts some calls twice, which a tie-break may bear. */
enum store_result edge_quality_sync(struct edge *edge, struct store *store) MUST_CHECK;

#endif
