/* money.c - balances, statements, and requests that move money: each is on disk before the ledger
 * is asked, and counts once by its idempotency key. */
#include "api/money.h"
#include "api/balances.h"
#include "api/handlers.h"
#include "api/secret.h"
#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void balance_last_good(struct api_call *call)
{
    json_t *account = NULL;
    json_t *balance = NULL;
    int64_t wall_us = 0;
    uint64_t id = 0;
    bool is_id = slice_to_u64(slice_from_text(call->param), INT64_MAX, &id);
    if (call->response->status != 503 || last_good_find(call->api->last_good, is_id ? id : 0,
                                                        call->param, &account, &balance, &wall_us)
                                                 .is != TRI_PRESENT) {
        return;
    }
    json_int_t found = json_integer_value(json_object_get(account, "id"));
    if (balance != NULL && (call->principal.role == API_ROLE_OPERATOR ||
                            (uint64_t)found == call->principal.account_id)) {
        json_object_set_new(balance, "as_of_wall_us", json_integer(wall_us));
        json_object_set_new(balance, "is_stale", json_true());
        api_forget_headers(call);
        api_json(call, 200, json_incref(balance));
    }
    json_decref(account);
    json_decref(balance);
}

void money_balance(struct api_call *call)
{
    struct account *account = malloc(sizeof(*account));
    json_t *balance = NULL;
    if (account != NULL && api_find_account(call, call->param, account) &&
        api_store_ok(call, balance_read(call->api, stores_store(call->slot), account, &balance),
                     "account")) {
        json_object_set_new(balance, "as_of_wall_us", json_integer(call->wall_us));
        json_object_set_new(balance, "is_stale", json_false());
        api_json(call, 200, balance);
    } else {
        balance_last_good(call);
    }
    free(account);
}

static json_t *write_transfer(const struct transfer_row *row)
{
    return json_pack("{s:I,s:I,s:o,s:s,s:s,s:s,s:o}", "transfer", (json_int_t)row->number,
                     "wall_us", (json_int_t)row->wall_us, "amount", api_money(row->amount_micro),
                     "kind", row->kind, "actor", row->actor, "reason", row->reason, "linked",
                     row->linked == 0 ? json_null() : api_u64(row->linked));
}

void money_transfers(struct api_call *call)
{
    uint64_t account_id = 0;
    uint64_t before = 0;
    int max = 0;
    int count = 0;
    if (!api_argument_max(call, &max) || !api_argument_u64(call, "cursor", INT64_MAX, &before) ||
        !api_find_account_id(call, call->param, &account_id)) {
        return;
    }
    struct transfer_row *rows = calloc((size_t)max, sizeof(*rows));
    struct store *store = api_store(call);
    if (rows != NULL && store != NULL &&
        api_store_ok(call, ledger_transfers(store, account_id, before, rows, max, &count),
                     "account")) {
        json_t *items = json_array();
        for (int i = 0; i < count; i++) {
            json_array_append_new(items, write_transfer(&rows[i]));
        }
        char next[24];
        snprintf(next, sizeof(next), "%" PRIu64, count == 0 ? 0 : rows[count - 1].number);
        api_json(call, 200,
                 json_pack("{s:o,s:o}", "items", items, "next",
                           count == max ? json_string(next) : json_null()));
    }
    free(rows);
}

/* ---- requests that move money ---- */

static bool read_key(struct api_call *call, struct money_request *request)
{
    const char *key = call->request->header(call->request->from, "Idempotency-Key");
    struct slice text = slice_trim(slice_from_text(key));
    if (key == NULL || text.size == 0) {
        api_problem(call, PROBLEM_NO_IDEMPOTENCY_KEY,
                    "Send the header Idempotency-Key with a text that you use for this request "
                    "only, and again when you repeat it.");
        return false;
    }
    if (!slice_copy_text(text, request->key, sizeof(request->key))) {
        api_problem(call, PROBLEM_BAD_REQUEST, "Idempotency-Key has at most %zu bytes.",
                    sizeof(request->key) - 1);
        return false;
    }
    return true;
}

bool money_request_seal(struct money_request *request)
{
    char *text = NULL;
    char to[64] = ""; /* of other requests as it always was: hashes are kept */
    if (request->to_account_id != 0) {
        snprintf(to, sizeof(to), "to %" PRIu64 "\n", request->to_account_id);
    } else if (request->wall_expires_us != 0) {
        snprintf(to, sizeof(to), "until %" PRId64 "\n", request->wall_expires_us);
    }
    int size = asprintf(&text, "%" PRIu64 "\n%s\n%" PRId64 "\n%" PRIu64 "\n%s%s",
                        request->account_id, request->kind, request->amount_micro,
                        request->linked_transfer, to, request->reason);
    if (size < 0) {
        return false;
    }
    secret_hash(slice_make(text, (size_t)size), request->request_hash);
    free(text);
    return true;
}

/* The account that a transfer goes to; a request of another kind names none. */
static bool read_to(struct api_call *call, const json_t *body, struct money_request *request)
{
    const json_t *to = json_object_get(body, "to");
    char name[API_PARAM_SIZE] = "";
    bool is_transfer = strcmp(request->kind, "transfer") == 0;
    if (json_is_integer(to)) {
        snprintf(name, sizeof(name), "%lld", (long long)json_integer_value(to));
    } else if (json_is_string(to)) {
        text_copy(name, sizeof(name), json_string_value(to));
    }
    if (is_transfer != (to != NULL) || (is_transfer && name[0] == '\0')) {
        api_problem_field(call, "to",
                          is_transfer ? "A transfer names the account that it goes \"to\"."
                                      : "Only a transfer goes \"to\" another account.");
        return false;
    }
    if (is_transfer && !api_find_account_id(call, name, &request->to_account_id)) {
        if (call->response->status == 404) {
            api_problem_field(call, "to", "\"to\": there is no account %s.", name);
        }
        return false;
    }
    return true;
}

/* When what is left of a bonus is taken back. */
static bool read_expires(struct api_call *call, const json_t *body, struct money_request *request)
{
    const json_t *expires = json_object_get(body, "expires_at");
    const char *text = json_string_value(expires);
    if (expires == NULL) {
        return true;
    }
    if (strcmp(request->kind, "bonus") != 0) {
        api_problem_field(call, "expires_at", "Only a bonus expires.");
        return false;
    }
    if (text == NULL || !api_time_parse(text, &request->wall_expires_us) ||
        request->wall_expires_us <= call->wall_us) {
        api_problem_field(call, "expires_at",
                          "\"expires_at\" is a time to come, such as 2027-01-31T00:00:00Z.");
        return false;
    }
    return true;
}

static bool read_body(struct api_call *call, const json_t *body, bool is_refund,
                      struct money_request *request)
{
    static const char *const known[] = {"amount", "reason", "transfer", "to", "expires_at", NULL};
    if (!field_only(call, body, known) ||
        !field_money(call, body, "amount", &request->amount_micro) ||
        !field_optional_text(call, body, "reason", request->reason, sizeof(request->reason)) ||
        !read_to(call, body, request) || !read_expires(call, body, request)) {
        return false;
    }
    bool may_take = strcmp(request->kind, "adjustment") == 0;
    if (request->amount_micro == 0 || (request->amount_micro < 0 && !may_take)) {
        api_problem_field(call, "amount", "\"amount\" is %s.",
                          may_take ? "not zero" : "more than zero");
        return false;
    }
    if (may_take && request->reason[0] == '\0') {
        api_problem_field(call, "reason", "An adjustment says why.");
        return false;
    }
    const json_t *transfer = json_object_get(body, "transfer");
    if (is_refund != (transfer != NULL) || (is_refund && json_integer_value(transfer) <= 0)) {
        api_problem_field(call, "transfer",
                          is_refund ? "A refund names the \"transfer\" that it is for."
                                    : "Only a refund names a \"transfer\".");
        return false;
    }
    request->linked_transfer = (uint64_t)json_integer_value(transfer);
    return true;
}

static void log_money(struct api *api, const struct money_request *request,
                      const struct money_answer *answer)
{
    api_log(api, json_pack("{s:s,s:s,s:I,s:o,s:s,s:I,s:b}", "event", "money", "kind", request->kind,
                           "account_id", (json_int_t)request->account_id, "amount",
                           api_money(request->amount_micro), "actor", request->actor, "transfer",
                           (json_int_t)answer->transfer, "is_repeat", answer->is_repeat));
}

static void answer_money(struct api_call *call, const struct money_request *request,
                         const struct money_answer *answer)
{
    api_json(call, answer->is_repeat ? 200 : 201,
             json_pack("{s:I,s:I,s:s,s:o,s:o,s:b}", "transfer", (json_int_t)answer->transfer,
                       "account_id", (json_int_t)request->account_id, "kind", request->kind,
                       "amount", api_money(request->amount_micro), "balance",
                       api_money(answer->balance_micro), "is_repeat", answer->is_repeat));
}

enum store_result money_book(struct api *api, struct store *store,
                             const struct money_request *request, struct money_answer *answer)
{
    enum store_result result = ledger_money(store, request, answer);
    if (result == STORE_OK) {
        log_money(api, request, answer);
    } else if (result == STORE_ABSENT || result == STORE_EXISTS || result == STORE_REFUSED) {
        money_journal_refused(api->money_journal, request, clock_wall_us());
    }
    return result;
}

static void apply(struct api_call *call, const struct money_request *request)
{
    struct money_answer answer = {0};
    if (!money_journal_add(call->api->money_journal, request, call->wall_us)) {
        api_problem_with(call, PROBLEM_UNKNOWN, json_pack("{s:s}", "where", "journal"),
                         "The request could not be written to disk, and was not carried out.");
        return;
    }
    struct store *store = api_store(call);
    enum store_result result =
        store == NULL ? STORE_UNKNOWN : money_book(call->api, store, request, &answer);
    switch (result) {
    case STORE_OK:
        answer_money(call, request, &answer);
        return;
    case STORE_UNKNOWN:
    case STORE_NEWER_SCHEMA:
    case STORE_FENCED:
    case STORE_OLD_SESSION:
        if (store != NULL) {
            stores_note_unknown(call->slot);
        }
        api_problem_with(call, PROBLEM_UNKNOWN, json_pack("{s:s}", "where", "store"),
                         "The database gives no clear answer now. It may or may not have been "
                         "booked: repeat it with the same Idempotency-Key.");
        return;
    case STORE_CONFLICT:
        api_problem(call, PROBLEM_KEY_REUSED,
                    "This Idempotency-Key was used with another request. Take a new one.");
        return;
    case STORE_ABSENT:
    case STORE_EXISTS:
    case STORE_REFUSED:
        break;
    }
    if (!api_store_ok(call, result, "account")) {
        return;
    }
}

static void move_money(struct api_call *call, const char *kind)
{
    struct money_request request = {0};
    snprintf(request.kind, sizeof(request.kind), "%s", kind);
    snprintf(request.actor, sizeof(request.actor), "%s", call->principal.name);
    json_t *body = NULL;
    /* Everything that is wrong with the request is said before anything is written. */
    if (read_key(call, &request) && (body = api_body(call)) != NULL &&
        read_body(call, body, strcmp(kind, "refund") == 0, &request) &&
        api_find_account_id(call, call->param, &request.account_id)) {
        if (money_request_seal(&request)) {
            apply(call, &request);
        } else {
            api_problem(call, PROBLEM_INTERNAL, "There is not enough memory.");
        }
    }
    json_decref(body);
}

void money_topup(struct api_call *call)
{
    move_money(call, "topup");
}

void money_bonus(struct api_call *call)
{
    move_money(call, "bonus");
}

void money_adjust(struct api_call *call)
{
    move_money(call, "adjustment");
}

void money_transfer(struct api_call *call)
{
    move_money(call, "transfer");
}

void money_refund(struct api_call *call)
{
    move_money(call, "refund");
}
