/* trunk_quality.h - how good trunks have been lately, over all edges: kept in the database, so that
 * it outlives an edge and each edge knows what the others saw. The meaning is routing/quality.h.
 */
#ifndef DT_STORE_TRUNK_QUALITY_H
#define DT_STORE_TRUNK_QUALITY_H

#include "store/store.h"

#define TRUNK_QUALITY_FULL 512 /* calls: then all of a row is halved */

struct trunk_quality {
    uint64_t trunk_id;
    char trunk[ACCOUNT_NAME_SIZE]; /* its name; not of what is added */
    int64_t calls, answered;       /* below TRUNK_QUALITY_FULL each */
    int64_t delays;                /* calls whose delay was measured */
    int64_t delay_sum_ms;
    int64_t wall_us; /* of the last that was added */
};

/* Adds what was counted since; trunks that are not there (any more) are left out. */
enum store_result trunk_quality_add(struct store *store, const struct trunk_quality *news,
                                    int count) MUST_CHECK;
/* Trunks with id > after. */
enum store_result trunk_quality_page(struct store *store, uint64_t after, struct trunk_quality *out,
                                     int max, int *count) MUST_CHECK;

#endif
