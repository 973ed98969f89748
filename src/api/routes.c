/* routes.c - every path that is answered. openapi.json says the same in more words. */
#include "api/handlers.h"

#define OPEN API_ROLE_NONE
#define CUSTOMER API_ROLE_CUSTOMER
#define OPERATOR API_ROLE_OPERATOR

#define RESOURCE(path, part, role, description)                                                    \
    {"GET", path, role, rows_list, description}, {"POST", path, OPERATOR, rows_make, description}, \
        {"GET", path "/{" part "}", role, rows_read, description},                                 \
        {"PATCH", path "/{" part "}", OPERATOR, rows_change, description},                         \
    {                                                                                              \
        "DELETE", path "/{" part "}", OPERATOR, rows_remove, description                           \
    }

const struct api_route api_routes[] = {
    RESOURCE("/v1/accounts", "account", CUSTOMER, &resource_account),
    {"PUT", "/v1/accounts/{account}/suspension", OPERATOR, account_suspend, &resource_account},
    {"DELETE", "/v1/accounts/{account}/suspension", OPERATOR, account_resume, &resource_account},
    {"PUT", "/v1/accounts/{account}/lock", OPERATOR, account_lock, NULL},
    {"GET", "/v1/accounts/{account}/balance", CUSTOMER, money_balance, &resource_account},
    {"GET", "/v1/accounts/{account}/transfers", CUSTOMER, money_transfers, NULL},
    {"POST", "/v1/accounts/{account}/transfers", OPERATOR, money_transfer, NULL},
    {"GET", "/v1/accounts/{account}/statement", CUSTOMER, money_statement, NULL},
    {"POST", "/v1/accounts/{account}/topups", OPERATOR, money_topup, NULL},
    {"POST", "/v1/accounts/{account}/bonuses", OPERATOR, money_bonus, NULL},
    {"POST", "/v1/accounts/{account}/adjustments", OPERATOR, money_adjust, NULL},
    {"POST", "/v1/accounts/{account}/refunds", OPERATOR, money_refund, NULL},
    RESOURCE("/v1/endpoints", "endpoint", CUSTOMER, &resource_endpoint),
    {"GET", "/v1/endpoints/{endpoint}/bindings", CUSTOMER, live_bindings, NULL},
    RESOURCE("/v1/trunks", "trunk", OPERATOR, &resource_trunk),
    {"GET", "/v1/trunk-quality", OPERATOR, trunk_quality_list, NULL},
    RESOURCE("/v1/numbers", "number", CUSTOMER, &resource_number),
    RESOURCE("/v1/routes", "route", OPERATOR, &resource_route),
    {"GET", "/v1/decks", OPERATOR, decks_list, NULL},
    {"POST", "/v1/decks", OPERATOR, decks_import, NULL},
    {"GET", "/v1/decks/{deck}", OPERATOR, decks_read, NULL},
    {"GET", "/v1/decks/{deck}/csv", OPERATOR, decks_csv, NULL},
    {"GET", "/v1/decks/{deck}/versions", OPERATOR, decks_versions, NULL},
    {"GET", "/v1/decks/{deck}/diff", OPERATOR, decks_diff, NULL},
    {"POST", "/v1/decks/{deck}/rollback", OPERATOR, decks_rollback, NULL},
    {"GET", "/v1/keys", OPERATOR, api_keys_list, NULL},
    {"POST", "/v1/keys", OPERATOR, api_keys_make, NULL},
    {"DELETE", "/v1/keys/{key}", OPERATOR, api_keys_revoke, NULL},
    {"POST", "/v1/session", OPEN, session_start, NULL},
    {"GET", "/v1/session", CUSTOMER, session_read, NULL},
    {"DELETE", "/v1/session", CUSTOMER, session_end, NULL},
    {"GET", "/v1/calls", CUSTOMER, live_calls, NULL},
    {"GET", "/v1/exposure", OPERATOR, live_exposure, NULL},
    {"DELETE", "/v1/calls/{call}", OPERATOR, live_call_end, NULL},
    {"GET", "/v1/cdrs", CUSTOMER, records_cdrs, NULL},
    {"GET", "/v1/usage", CUSTOMER, usage_export, NULL},
    {"GET", "/v1/refusals", CUSTOMER, records_refusals, NULL},
    {"GET", "/v1/low-balances", CUSTOMER, low_balances_list, NULL},
    {"GET", "/v1/history", OPERATOR, records_history, NULL},
    {"GET", "/v1/explain", OPERATOR, live_explain, NULL},
    {"GET", "/v1/bans", OPERATOR, bans_list, NULL},
    {"POST", "/v1/bans", OPERATOR, bans_put, NULL},
    {"DELETE", "/v1/bans/{source}", OPERATOR, bans_lift, NULL},
    {"GET", "/v1/events", CUSTOMER, live_events, NULL},
    {"GET", "/v1/status", OPERATOR, status_read, NULL},
    {"GET", "/v1/alerts", OPERATOR, status_alerts, NULL},
    {"GET", "/v1/openapi.json", OPEN, console_openapi, NULL},
    {"GET", "/healthz", OPEN, status_health, NULL},
    {"GET", "/metrics", OPEN, status_metrics, NULL}, /* asks for a key unless from this machine */
    {"GET", "/", OPEN, console_page, NULL},
    {"GET", "/app.js", OPEN, console_script, NULL},
    {"GET", "/app.css", OPEN, console_style, NULL},
    {"GET", "/favicon.svg", OPEN, console_icon, NULL},
};
const size_t api_routes_count = ARRAY_COUNT(api_routes);
