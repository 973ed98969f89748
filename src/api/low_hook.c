/* low_hook.c - one low balance is told to the operator's server, and the money that it answers is
 * booked under the key of the crossing: once, whatever dies in between.
 *
 * A crash before the answer was kept: it is told again with the same key. After that: what was kept
 * is booked, and the ledger counts a key once.
 */
#include "api/low_answer.h"
#include "api/low_balance.h"
#include "api/money.h"
#include "api/secret.h"
#include "api/webhook.h"
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAUSE_MAX_US INT64_C(3600000000)

int64_t low_hook_pause_us(const struct api_hook *hook, int attempts, uint64_t random)
{
    int64_t pause_us = hook->retry_us;
    for (int i = 1; i < attempts && pause_us < PAUSE_MAX_US; i++) {
        pause_us *= 2;
    }
    pause_us = pause_us < PAUSE_MAX_US ? pause_us : PAUSE_MAX_US;
    return pause_us / 2 + (int64_t)(random % (uint64_t)(pause_us / 2 + 1));
}

static char *write_body(const struct api *api, const struct crossing *crossing)
{
    const struct api_low_terms *terms = low_balance_terms(api, crossing->currency);
    bool may_add = terms != NULL && terms->topup_max_micro > 0;
    char when[40];
    time_t seconds = (time_t)(crossing->wall_us / 1000000);
    struct tm parts;
    if (gmtime_r(&seconds, &parts) == NULL ||
        strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) {
        return NULL;
    }
    json_t *body =
        json_pack("{s:s,s:s,s:{s:I,s:s,s:s,s:o,s:o,s:o}}", "type", "balance.low", "timestamp", when,
                  "data", "account_id", (json_int_t)crossing->account_id, "account",
                  crossing->account, "currency", crossing->currency, "left",
                  api_money(crossing->left_micro), "below", api_money(crossing->below_micro),
                  "topup_max", may_add ? api_money(terms->topup_max_micro) : json_null());
    char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(body);
    return text;
}

/* ---- the store, for a moment each ---- */

static struct store_slot *take_store(struct api *api)
{
    const char *why = NULL;
    return stores_take(api->stores, &why);
}

static void give_store(struct api *api, struct store_slot *slot, enum store_result result)
{
    if (result == STORE_UNKNOWN) {
        stores_note_unknown(slot);
    }
    stores_give(api->stores, slot);
}

/* Where the store does not answer, the claim runs out and the crossing comes back. */
static void end(struct api *api, const struct crossing *crossing, enum crossing_state state,
                uint64_t transfer, const char *note)
{
    struct store_slot *slot = take_store(api);
    if (slot == NULL) {
        return;
    }
    enum store_result result =
        crossing_end(stores_store(slot), crossing->id, state, transfer, note);
    give_store(api, slot, result);
    if (result != STORE_OK) {
        return;
    }
    struct crossing ended = *crossing;
    ended.state = state;
    ended.transfer = transfer;
    snprintf(ended.note, sizeof(ended.note), "%s", note);
    low_balance_say(api, &ended);
}

static void try_later(struct api *api, const struct crossing *crossing, const char *why)
{
    uint64_t random = 0;
    if (crossing->attempts >= api->options.hook.attempts_max) {
        end(api, crossing, CROSSING_GIVEN_UP, 0, why);
        return;
    }
    if (!secret_random(&random, sizeof(random))) {
        return;
    }
    int64_t next_us =
        clock_wall_us() + low_hook_pause_us(&api->options.hook, crossing->attempts, random);
    api_log(api, json_pack("{s:s,s:s,s:i,s:s,s:I}", "event", "hook.failed", "key", crossing->key,
                           "attempts", crossing->attempts, "why", why, "wall_next_us",
                           (json_int_t)next_us));
    struct store_slot *slot = take_store(api);
    if (slot != NULL) {
        give_store(api, slot, crossing_later(stores_store(slot), crossing->id, next_us));
    }
}

/* ---- what the answer adds ---- */

static bool write_request(const struct crossing *crossing, struct money_request *request)
{
    *request = (struct money_request){
        .account_id = crossing->account_id,
        .amount_micro = crossing->topup_micro,
        .kind = "topup",
        .actor = "hook:low-balance",
    };
    snprintf(request->key, sizeof(request->key), "%s", crossing->key);
    snprintf(request->reason, sizeof(request->reason), "%s", crossing->note);
    return money_request_seal(request);
}

static void book(struct api *api, const struct crossing *crossing)
{
    struct money_request request;
    struct money_answer answer = {0};
    if (!write_request(crossing, &request) ||
        !money_journal_add(api->money_journal, &request, clock_wall_us())) {
        return; /* it comes back when the claim runs out */
    }
    struct store_slot *slot = take_store(api);
    if (slot == NULL) {
        return;
    }
    enum store_result result = money_book(api, stores_store(slot), &request, &answer);
    give_store(api, slot, result);
    switch (result) {
    case STORE_OK:
        end(api, crossing, CROSSING_TOPPED_UP, answer.transfer, crossing->note);
        break;
    case STORE_CONFLICT: /* the operator's system booked it itself, and that counts */
        end(api, crossing, CROSSING_TOPPED_UP, 0, "booked by another request with this key");
        break;
    case STORE_ABSENT:
    case STORE_EXISTS:
    case STORE_REFUSED:
        end(api, crossing, CROSSING_REFUSED, 0, "the ledger refused it");
        break;
    case STORE_UNKNOWN:
    case STORE_FENCED:
    case STORE_OLD_SESSION:
    case STORE_NEWER_SCHEMA:
        break;
    }
}

static void keep_answer(struct api *api, const struct crossing *crossing,
                        const struct low_answer *said)
{
    struct store_slot *slot = take_store(api);
    if (slot == NULL) {
        return;
    }
    const struct api_low_terms *terms = low_balance_terms(api, crossing->currency);
    enum store_result result = crossing_answer(stores_store(slot), crossing->id, said->topup_micro,
                                               terms->topup_day_micro, said->note);
    give_store(api, slot, result);
    if (result == STORE_OK) {
        struct crossing answered = *crossing;
        answered.topup_micro = said->topup_micro;
        snprintf(answered.note, sizeof(answered.note), "%s", said->note);
        book(api, &answered);
    } else if (result == STORE_REFUSED) {
        end(api, crossing, CROSSING_REFUSED, 0, "it is more than answers may add within a day");
    }
}

static void take_answer(struct api *api, const struct crossing *crossing,
                        const struct api_post_answer *answer)
{
    struct low_answer said;
    low_answer_read(slice_make(answer->body, answer->body_size), crossing->currency,
                    low_balance_terms(api, crossing->currency), &said);
    switch (said.verdict) {
    case LOW_NOTHING:
        end(api, crossing, CROSSING_TOLD, 0, "");
        break;
    case LOW_REFUSED:
        end(api, crossing, CROSSING_REFUSED, 0, said.note);
        break;
    case LOW_TOPUP:
        keep_answer(api, crossing, &said);
        break;
    }
}

void low_hook_tell(struct api *api, const struct crossing *crossing, struct api_post_answer *answer)
{
    char why[sizeof(answer->error) + 16];
    if (crossing->topup_micro > 0) { /* it was answered */
        book(api, crossing);
        return;
    }
    char *body = write_body(api, crossing);
    if (body == NULL) {
        return;
    }
    webhook_send(&api->options, crossing->key, slice_from_text(body), clock_wall_us(), answer);
    free(body);
    if (answer->is_cancelled) {
        return; /* it is told again after the start */
    }
    if (answer->status >= 200 && answer->status < 300) {
        take_answer(api, crossing, answer);
    } else if (answer->status != 0) {
        snprintf(why, sizeof(why), "HTTP status %d", answer->status);
        try_later(api, crossing, why);
    } else {
        try_later(api, crossing, answer->error);
    }
}
