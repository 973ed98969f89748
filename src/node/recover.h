/* recover.h - `dialtone ledger recover`: after an older backup was restored, what the database
 * misses is put back from what the edge and the API kept on their own disk.
 *
 * Charges come from DIR/edge (the log and 35 days of settled records), top-ups and the like from
 * DIR/web/money.journal. Each counts once, by its sequence or its key, so it may be repeated. What
 * cannot be put back is named, one by one.
 */
#ifndef DT_NODE_RECOVER_H
#define DT_NODE_RECOVER_H

#include "base/attr.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct recover_report {
    uint64_t charges_put;
    uint64_t requests_put;
    uint64_t requests_known;
    uint64_t fenced;   /* incarnations whose leases the restored ledger never gave in full */
    uint64_t damaged;  /* lines and records that cannot be read */
    json_t *left;      /* what must be decided by a person: texts; the caller drops it */
    uint64_t left_out; /* more of it, which is not named */
};

/* DIR must not be running. False: it stopped half-way (repeat it), `error` says why. */
MUST_CHECK bool recover_ledger(const char *dir, struct recover_report *report, char *error,
                               size_t error_size);

#endif
