/* pay.c - a call's money: before it is tried, and each time that what was set aside is used up. */
#include "edge/worker.h"

/* ended: the same of a call that has begun, as its BYE says it; only money and what may be spent of
 * it can end one. */
static struct refusal refusal_of(const struct meter *meter, enum meter_verdict verdict,
                                 const char **ended)
{
    struct refusal refusal = {.status = 503, .token = meter_verdict_name(verdict)};
    uint64_t version = meter->evidence_version;
    *ended = "Charging unknown";
    switch (verdict) {
    case METER_NO_CREDIT:
        refusal.status = 402;
        refusal.version = version;
        if (meter->is_evidence_lock) {
            refusal.token = "balance-locked";
            refusal.why = "What is left of the balance is locked.";
            *ended = "Rest of the balance locked";
        } else {
            refusal.token = "no-credit";
            refusal.why = "The ledger has no money for the first increment of this call.";
            *ended = "Credit exhausted";
        }
        break;
    case METER_NO_CHANNEL:
        refusal.status = 480;
        refusal.token = "channel-limit";
        refusal.why = "The account has as many calls open as it may.";
        refusal.version = version;
        break;
    case METER_TOO_FAST:
        refusal.status = 480;
        refusal.token = "cps-limit";
        refusal.why = "The account starts more calls a second than it may.";
        refusal.retry_after_s = 1;
        refusal.version = version;
        break;
    case METER_DAY_LIMIT:
        refusal.status = 402;
        refusal.token = "day-limit";
        refusal.why = "The account has spent what it may in a day.";
        *ended = "Spend a day reached";
        refusal.version = version;
        break;
    case METER_MINUTE_LIMIT:
        refusal.status = 402;
        refusal.token = "minute-limit";
        refusal.why = "The account has spent what it may in a minute.";
        *ended = "Spend a minute reached";
        refusal.version = version;
        refusal.retry_after_s = 60;
        break;
    case METER_FULL:
        refusal.token = "edge-full";
        refusal.why = "This edge has no room for another account's money.";
        refusal.retry_after_s = 10;
        break;
    case METER_UNKNOWN:
    case METER_WAIT:
    case METER_OK:
    case METER_OK_ON_GRACE:
        refusal.token = "charging-unknown";
        refusal.why = "The ledger does not answer, and what may be spent until it does is spent.";
        refusal.retry_after_s = 5;
        break;
    }
    return refusal;
}

static enum edge_count count_of_verdict(enum meter_verdict verdict)
{
    switch (verdict) {
    case METER_NO_CREDIT:
        return EDGE_REFUSED_MONEY;
    case METER_NO_CHANNEL:
    case METER_TOO_FAST:
    case METER_DAY_LIMIT:
    case METER_MINUTE_LIMIT:
        return EDGE_REFUSED_LIMIT;
    case METER_FULL:
        return EDGE_FULL;
    case METER_UNKNOWN:
    case METER_WAIT:
    case METER_OK:
    case METER_OK_ON_GRACE:
        break;
    }
    return EDGE_REFUSED_UNKNOWN;
}

static void metered_refusal(struct edge_worker *worker, struct call *call,
                            enum meter_verdict verdict)
{
    const char *ended;
    struct refusal refusal = refusal_of(&call->meter, verdict, &ended);
    enum edge_count count = count_of_verdict(verdict);
    worker_count(worker, count);
    if (count == EDGE_REFUSED_LIMIT) {
        fraud_note_call(worker, call, true);
    }
    struct edge_txn *txn = call_invite_txn(worker, call);
    const struct sip_msg *request = txn == NULL ? NULL : txn_parsed(worker, txn->request);
    if (request != NULL) {
        refusal_event(worker, request, &refusal, call->account_id, call->caller, call->callee);
    }
    call_refuse(worker, call, &refusal, USAGE_END_FAILED);
}

bool is_free_call(const struct call *call)
{
    return call->account_id == 0 || call->is_unmetered || call->is_emergency;
}

void call_try_meter(struct edge_worker *worker, struct call *call, const struct account *payer,
                    bool is_last_try)
{
    struct account account;
    call->wait_at_us = INT64_MAX;
    if (is_free_call(call)) {
        meter_open_free(&call->meter);
        branches_start(worker, call);
        return;
    }
    if (atomic_load_explicit(&worker->edge->is_paid_work_off, memory_order_relaxed)) {
        metered_refusal(worker, call, METER_UNKNOWN);
        return;
    }
    if (payer == NULL) {
        struct tri known = directory_account(worker->edge->directory, call->account_id, &account);
        /* It was there when the call came: an account in mid-change is no "no". */
        if (known.is != TRI_PRESENT) {
            metered_refusal(worker, call, METER_UNKNOWN);
            return;
        }
        payer = &account;
    }
    enum meter_verdict verdict =
        meter_open(worker->edge->meters, &call->meter, payer, worker->now.mono_us, is_last_try);
    if (meter_is_granted(verdict)) {
        fraud_note_call(worker, call, false);
        branches_start(worker, call);
    } else if (verdict == METER_WAIT) {
        call->wait_at_us = call->started_us + METER_PATIENCE_US;
        call_arm(worker, call);
    } else {
        metered_refusal(worker, call, verdict);
    }
}

/* The next slice, or the end at the paid second. */
void call_renew(struct edge_worker *worker, struct call *call)
{
    int64_t again_us = INT64_MAX;
    enum meter_verdict verdict =
        meter_renew(worker->edge->meters, &call->meter, worker->now.mono_us, &again_us);
    if (meter_is_granted(verdict)) {
        call->renew_at_us = meter_renew_at(&call->meter);
        call_arm(worker, call);
        return;
    }
    if (worker->now.mono_us < meter_paid_until(worker->edge->meters, &call->meter)) {
        call->renew_at_us = again_us;
        call_arm(worker, call);
        return;
    }
    const char *ended;
    struct refusal refusal = refusal_of(&call->meter, verdict, &ended);
    call_end(worker, call, USAGE_END_CREDIT, refusal.status, refusal.token, ended);
}
