#include "books.h"

#include "rating/deck.h"
#include "sip/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACTOR "scenario"
#define CSV_SIZE 16384
#define CDRS_MAX 1000

static bool refuse(struct books *books, const char *what, char why[SCN_WHY_SIZE])
{
    snprintf(why, SCN_WHY_SIZE, "cannot provision %s: %s", what, store_error(books->store));
    return false;
}

static bool deck_put(struct books *books, struct slice csv, const char *name, uint32_t *out)
{
    struct deck_build build;
    struct deck_terms terms = {.currency = "EUR", .rounding = MONEY_HALF_UP};
    *out = 0;
    if (csv.size == 0) {
        return true;
    }
    if (config_deck_next(books->store, name, &terms.id, &terms.version) != STORE_OK) {
        return false;
    }
    bool is_fine = deck_compile(csv, &terms, &build);
    if (is_fine) {
        struct deck_row row = {.id = terms.id,
                               .deck_version = terms.version,
                               .currency = "EUR",
                               .rounding = (uint8_t)terms.rounding,
                               .prefix_count = build.prefix_count,
                               .object_size = build.object_size};
        snprintf(row.name, sizeof(row.name), "%s", name);
        is_fine = config_put_deck(books->store, &row, build.object, ACTOR) == STORE_OK;
        *out = (uint32_t)row.id;
    }
    deck_build_done(&build);
    return is_fine;
}

static bool deck(struct books *books, enum scn_deck kind, const char *name, uint32_t *out)
{
    char csv[CSV_SIZE];
    struct buf buf;
    buf_init(&buf, csv, sizeof(csv));
    scn_deck_csv(books->scn, kind, &buf);
    return deck_put(books, buf_done(&buf), name, out);
}

static bool cost_deck(struct books *books, int agent, uint32_t *out)
{
    char csv[CSV_SIZE];
    char name[SCN_NAME_SIZE + 8];
    struct buf buf;
    buf_init(&buf, csv, sizeof(csv));
    scn_cost_csv(books->scn, agent, &buf);
    snprintf(name, sizeof(name), "cost-%s", books->scn->agents[agent].name);
    return deck_put(books, buf_done(&buf), name, out);
}

static bool account(struct books *books, int index, uint32_t sell_deck, uint32_t inbound_deck)
{
    const struct scn_account *from = &books->scn->accounts[index];
    struct account row = {.currency = "EUR",
                          .class_ = from->is_new ? ACCOUNT_NEW : ACCOUNT_VERIFIED,
                          .is_suspended = from->is_suspended,
                          .grace_micro = from->grace_micro,
                          .channels_max = from->channels_max,
                          .cps_max = from->cps_max,
                          .spend_day_micro = from->day_micro,
                          .spend_minute_micro = from->minute_micro,
                          .price_max_micro = from->ceiling_micro,
                          .sell_deck = sell_deck,
                          .inbound_deck = inbound_deck};
    snprintf(row.name, sizeof(row.name), "%s", from->name);
    snprintf(row.hot_open, sizeof(row.hot_open), "%s", from->opens);
    if (from->is_suspended) {
        snprintf(row.suspended_by, sizeof(row.suspended_by), ACTOR);
        snprintf(row.suspended_why, sizeof(row.suspended_why), "the scenario says so");
    }
    if (config_put_account(books->store, &row, ACTOR) != STORE_OK) {
        return false;
    }
    books->account_ids[index] = row.id;
    if (from->balance_micro == 0) {
        return true;
    }
    struct money_answer answer;
    struct money_request request = {.account_id = row.id,
                                    .amount_micro = from->balance_micro,
                                    .kind = "topup",
                                    .actor = ACTOR,
                                    .reason = "balance at the start"};
    snprintf(request.key, sizeof(request.key), "start-%s", from->name);
    snprintf(request.request_hash, sizeof(request.request_hash), "%064d", index);
    return ledger_money(books->store, &request, &answer) == STORE_OK;
}

static bool endpoint(struct books *books, int index, struct digest_context *digest)
{
    const struct scn_agent *agent = &books->scn->agents[index];
    struct endpoint row = {.account_id = books->account_ids[agent->account]};
    struct digest_ha1 ha1;
    if (agent->is_second) {
        return true;
    }
    snprintf(row.user, sizeof(row.user), "%s", agent->user);
    digest_ha1_make(digest, slice_from_text(agent->user), SLICE(SCN_DOMAIN),
                    slice_from_text(agent->password), &ha1);
    memcpy(row.ha1_md5, ha1.md5, sizeof(row.ha1_md5));
    memcpy(row.ha1_sha256, ha1.sha256, sizeof(row.ha1_sha256));
    if (agent->identity[0]) {
        row.identity_count = 1;
        memcpy(row.identities[0], agent->identity, sizeof(row.identities[0]));
    }
    return config_put_endpoint(books->store, &row, ACTOR) == STORE_OK;
}

static bool trunk(struct books *books, int index)
{
    const struct scn_agent *agent = &books->scn->agents[index];
    const struct ua_address *address = &books->addresses[index];
    if (agent->target_of >= 0) {
        return true;
    }
    struct trunk row = {.account_id = agent->account >= 0 ? books->account_ids[agent->account] : 0,
                        .port = address->port,
                        .transport = agent->is_tcp ? TRUNK_TCP : TRUNK_UDP,
                        .takes_emergency = agent->takes_emergency,
                        .channels_max = NO_LIMIT,
                        .cps_max = agent->cps_limit > 0 ? agent->cps_limit : NO_LIMIT};
    snprintf(row.name, sizeof(row.name), "%s", agent->name);
    snprintf(row.host, sizeof(row.host), "%s", address->host);
    if (agent->is_named) { /* the simulator's DNS knows it by this name */
        snprintf(row.host, sizeof(row.host), SCN_NAMED "%s", agent->name);
        row.port = 0;
    }
    snprintf(row.auth_user, sizeof(row.auth_user), "%s", agent->trunk_user);
    snprintf(row.auth_password, sizeof(row.auth_password), "%s", agent->trunk_password);
    memcpy(row.identity, agent->identity, sizeof(row.identity));
    if (!agent->is_ipv6) { /* ::1 is the phones' address too */
        row.acl_count = 1;
        if (!trunk_acl_parse(slice_from_text(address->host), &row.acl[0])) {
            return false;
        }
    }
    if (!cost_deck(books, index, &row.cost_deck) ||
        config_put_trunk(books->store, &row, ACTOR) != STORE_OK) {
        return false;
    }
    struct route_row route = {.trunk_id = row.id, .priority = agent->priority, .weight = 100};
    memcpy(route.prefix, agent->prefix, sizeof(route.prefix));
    return !agent->has_prefix || config_put_route(books->store, &route, ACTOR) == STORE_OK;
}

static bool number(struct books *books, int index)
{
    const struct scn_number *from = &books->scn->numbers[index];
    const struct scn_agent *agent = &books->scn->agents[from->agent];
    struct number row = {.account_id = books->account_ids[from->account]};
    memcpy(row.digits, from->digits, sizeof(row.digits));
    if (agent->is_carrier) {
        struct trunk target;
        if (config_trunk_by_name(books->store, agent->name, &target) != STORE_OK) {
            return false;
        }
        row.target = NUMBER_TO_TRUNK;
        row.trunk_id = target.id;
    } else {
        snprintf(row.endpoint_user, sizeof(row.endpoint_user), "%s", agent->user);
    }
    return config_put_number(books->store, &row, ACTOR) == STORE_OK;
}

bool books_provision(struct books *books, char why[SCN_WHY_SIZE])
{
    const struct scn *scn = books->scn;
    uint32_t sell, inbound;
    if (!deck(books, SCN_DECK_SELL, "sell", &sell) ||
        !deck(books, SCN_DECK_INBOUND, "inbound", &inbound)) {
        return refuse(books, "a deck", why);
    }
    for (int i = 0; i < scn->account_count; i++) {
        if (!account(books, i, sell, inbound)) {
            return refuse(books, scn->accounts[i].name, why);
        }
    }
    struct digest_context *digest = digest_context_new();
    for (int i = 0; i < scn->agent_count; i++) {
        bool is_fine = scn->agents[i].is_carrier ? trunk(books, i) : endpoint(books, i, digest);
        if (!is_fine) {
            digest_context_free(digest);
            return refuse(books, scn->agents[i].name, why);
        }
    }
    digest_context_free(digest);
    for (int i = 0; i < scn->number_count; i++) {
        if (!number(books, i)) {
            return refuse(books, scn->numbers[i].digits, why);
        }
    }
    return true;
}

struct tri books_balance(struct books *books, int account, int64_t *out_micro)
{
    struct balance balance;
    enum store_result result = ledger_balance(books->store, books->account_ids[account], &balance);
    *out_micro = result == STORE_OK ? balance.balance_micro : 0;
    return (struct tri){result == STORE_OK ? TRI_PRESENT : TRI_UNKNOWN};
}

struct tri books_cdrs(struct books *books, int account, int64_t *out_count)
{
    struct cdr_row *rows = calloc(CDRS_MAX, sizeof(*rows));
    struct cdr_filter all = {0};
    int count = 0;
    enum store_result result = STORE_UNKNOWN;
    if (rows != NULL) {
        result = cdr_page(books->store, &all, rows, CDRS_MAX, &count);
    }
    *out_count = 0;
    for (int i = 0; result == STORE_OK && i < count; i++) {
        const struct usage *usage = &rows[i].usage;
        bool is_asked = account < 0 || usage->account_id == books->account_ids[account];
        *out_count += is_asked && !(usage->flags & USAGE_PARTIAL);
    }
    free(rows);
    return (struct tri){result == STORE_OK ? TRI_PRESENT : TRI_UNKNOWN};
}

struct tri books_alerted(struct books *books, int account, int64_t *out_wall_us)
{
    struct event_row *rows = calloc(CDRS_MAX, sizeof(*rows));
    int count = 0;
    enum store_result result = STORE_UNKNOWN;
    if (rows != NULL) {
        result = event_page(books->store, "fraud.suspected", books->account_ids[account], 0, rows,
                            CDRS_MAX, &count);
    }
    enum tri_is is = result != STORE_OK ? TRI_UNKNOWN : count > 0 ? TRI_PRESENT : TRI_ABSENT;
    if (is == TRI_PRESENT) {
        *out_wall_us = rows[count - 1].wall_us; /* the newest comes first */
    }
    free(rows);
    return (struct tri){is};
}

static bool topup(struct books *books, const struct scn_step *step)
{
    struct money_answer answer;
    struct money_request request = {.account_id = books->account_ids[step->account],
                                    .amount_micro = step->amount_micro,
                                    .kind = "topup",
                                    .actor = ACTOR,
                                    .reason = "the scenario says so"};
    int number = ++books->money_number;
    snprintf(request.key, sizeof(request.key), "topup-%d", number);
    snprintf(request.request_hash, sizeof(request.request_hash), "%064d", number);
    return ledger_money(books->store, &request, &answer) == STORE_OK;
}

static bool lock(struct books *books, const struct scn_step *step)
{
    struct balance_lock lock = {
        .amount_micro = step->amount_micro, .actor = ACTOR, .why = "the scenario says so"};
    return ledger_lock(books->store, books->account_ids[step->account], &lock) == STORE_OK;
}

static bool suspend(struct books *books, const struct scn_step *step)
{
    struct account row;
    if (config_get_account(books->store, books->account_ids[step->account], &row) != STORE_OK) {
        return false;
    }
    row.is_suspended = step->verb == SCN_SUSPEND;
    snprintf(row.suspended_by, sizeof(row.suspended_by), "%s", row.is_suspended ? ACTOR : "");
    snprintf(row.suspended_why, sizeof(row.suspended_why), "%s",
             row.is_suspended ? "the scenario says so" : "");
    return config_put_account(books->store, &row, ACTOR) == STORE_OK;
}

bool books_act(struct books *books, const struct scn_step *step, char why[SCN_WHY_SIZE])
{
    bool is_done = step->verb == SCN_TOPUP        ? topup(books, step)
                   : step->verb == SCN_LOCK_MONEY ? lock(books, step)
                                                  : suspend(books, step);
    snprintf(why, SCN_WHY_SIZE, "the ledger: %s", store_error(books->store));
    return is_done;
}
