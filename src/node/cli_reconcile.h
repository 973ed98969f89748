/* cli_reconcile.h - what the two files of `dialtone reconcile` share: cli_reconcile.c reads both
 * sides and compares, cli_reconcile_report.c says what came of it.
 */
#ifndef DT_NODE_CLI_RECONCILE_H
#define DT_NODE_CLI_RECONCILE_H

#include "calls/reconcile_csv.h"
#include "node/cli.h"

struct reconciling {
    struct cli *cli;
    uint64_t trunk_id;
    const char *trunk;
    struct reconcile_form form;
    struct reconcile_terms terms;
    struct reconcile_calls ours, theirs;
    uint32_t silent_count; /* rows of theirs without talk */
    struct reconcile_faults faults;
    struct reconcile_result result;
};

/* What the comparison gave, of calls answered from .. to (wall clock). NULL: no memory. */
json_t *reconcile_report(const struct reconciling *r, int64_t from_us, int64_t to_us);
bool reconcile_report_is_clean(const json_t *report); /* nothing differs */
void reconcile_report_print(struct cli *cli, const json_t *report);

#endif
