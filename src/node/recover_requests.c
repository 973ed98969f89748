#include "node/recover_inside.h"

#include "api/money_journal.h"
#include "base/money.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void leave_request(struct recovery *recovery, const struct money_request *request,
                          const char *why)
{
    char text[512];
    char amount[MONEY_TEXT_SIZE];
    snprintf(text, sizeof(text), "%s of %s to account %" PRIu64 " by %s (key %s): %s",
             request->kind, money_text(amount, request->amount_micro), request->account_id,
             request->actor, request->key, why);
    recover_leave(recovery, text);
}

/* Entries have other numbers after a recovery, so a refund is not made again by itself: asked with
 * an entry that cannot be, the ledger only says whether it knows the key. */
static bool put_request(void *ctx, const struct money_request *request, int64_t wall_us)
{
    struct recovery *recovery = ctx;
    struct money_request asked = *request;
    struct money_answer answer = {0};
    bool is_refund = strcmp(request->kind, "refund") == 0;
    bool is_gift = strcmp(request->kind, "topup") == 0 || strcmp(request->kind, "bonus") == 0;
    (void)wall_us;
    if (is_gift != recovery->is_giving) {
        return true;
    }
    if (is_refund) {
        asked.linked_transfer = INT64_MAX;
    }
    enum store_result result = ledger_money(recovery->store, &asked, &answer);
    switch (result) {
    case STORE_OK:
        recovery->report->requests_known += answer.is_repeat;
        recovery->report->requests_put += !answer.is_repeat;
        return true;
    case STORE_ABSENT:
    case STORE_EXISTS:
    case STORE_CONFLICT:
    case STORE_REFUSED:
        leave_request(recovery, request,
                      is_refund ? "refund the charge again, by its new number"
                                : store_error(recovery->store));
        return true;
    case STORE_UNKNOWN:
    case STORE_FENCED:
    case STORE_OLD_SESSION:
    case STORE_NEWER_SCHEMA:
        break;
    }
    return recover_stop(recovery, "money requests", store_error(recovery->store));
}

bool recover_requests_put(struct recovery *recovery, const char *dir, bool is_giving)
{
    char why[MONEY_JOURNAL_ERROR_SIZE];
    uint64_t damaged = 0;
    recovery->is_giving = is_giving;
    if (!money_journal_read(dir, put_request, recovery, &damaged, why)) {
        return recover_stop(recovery, "the journal of money requests", why);
    }
    recovery->report->damaged += is_giving ? damaged : 0; /* both times the same lines */
    return recovery->error[0] == '\0';
}
