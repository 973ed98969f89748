/* money_journal.h - accepted money requests, on disk before the ledger is asked.
 *
 * DIR/web/money.journal holds one line for each: a JSON object, a tab, and its CRC-32C in hex. With
 * it, requests that a restored backup of the database misses are applied again; their idempotency
 * keys keep each from counting twice. A line {"key":..,"is_refused":true} takes one back that the
 * ledger refused. Files that grew long are renamed, and removed after 35 days.
 */
#ifndef DT_API_MONEY_JOURNAL_H
#define DT_API_MONEY_JOURNAL_H

#include "store/store.h"

struct money_journal;
struct money_journal *money_journal_new(const char *dir); /* NULL: no memory */
void money_journal_free(struct money_journal *journal);

/* False: it is not on the disk; the request must not go on. */
MUST_CHECK bool money_journal_add(struct money_journal *journal,
                                  const struct money_request *request, int64_t wall_us);
void money_journal_refused(struct money_journal *journal, const struct money_request *request,
                           int64_t wall_us);

/* Every request that is kept and was not refused, oldest first. `each` returns false to stop.
 * *damaged_count: lines that could not be read. False: the files cannot be read; `error` says why.
 */
#define MONEY_JOURNAL_ERROR_SIZE 256
MUST_CHECK bool
money_journal_read(const char *dir,
                   bool (*each)(void *ctx, const struct money_request *request, int64_t wall_us),
                   void *ctx, uint64_t *damaged_count, char error[MONEY_JOURNAL_ERROR_SIZE]);

#endif
