/* config_tables.c - the columns of each table of the configuration, and what a row may not be. */
#include "store/config_sql.h"

#include <string.h>

#define FIELD(type, kept_as, field)                                                                \
    {                                                                                              \
#field, kept_as, offsetof(struct type, field), sizeof(((struct type *)0)->field)           \
    }
#define FIELD_AS(type, kept_as, field, name)                                                       \
    {                                                                                              \
        name, kept_as, offsetof(struct type, field), sizeof(((struct type *)0)->field)             \
    }

static const struct config_column account_columns[] = {
    FIELD(account, COLUMN_TEXT, name),
    FIELD(account, COLUMN_TEXT, currency),
    FIELD(account, COLUMN_U8, kind),
    FIELD_AS(account, COLUMN_U8, class_, "class"),
    FIELD(account, COLUMN_BOOL, is_suspended),
    FIELD(account, COLUMN_TEXT, suspended_by),
    FIELD(account, COLUMN_TEXT, suspended_why),
    FIELD(account, COLUMN_I64, limit_micro),
    FIELD(account, COLUMN_I64, grace_micro),
    FIELD(account, COLUMN_I32, channels_max),
    FIELD(account, COLUMN_I32, cps_max),
    FIELD(account, COLUMN_I64, spend_day_micro),
    FIELD(account, COLUMN_REF32, sell_deck),
    FIELD(account, COLUMN_REF32, inbound_deck),
    FIELD(account, COLUMN_TEXT, country_code),
    FIELD(account, COLUMN_TEXT, national_prefix),
    FIELD(account, COLUMN_TEXT, international_prefix),
    FIELD(account, COLUMN_I64, spend_minute_micro),
    FIELD(account, COLUMN_I64, price_max_micro),
    FIELD(account, COLUMN_TEXT, hot_open),
    FIELD(account, COLUMN_I64, wall_suspended_until_us),
    FIELD(account, COLUMN_I64, low_balance_micro),
    FIELD(account, COLUMN_REF64, parent_id),
    FIELD(account, COLUMN_TEXT, time_zone),
};

static const struct config_column endpoint_columns[] = {
    FIELD(endpoint, COLUMN_REF64, account_id),      FIELD(endpoint, COLUMN_TEXT, user),
    FIELD(endpoint, COLUMN_BLOB, ha1_md5),          FIELD(endpoint, COLUMN_BLOB, ha1_sha256),
    FIELD(endpoint, COLUMN_BOOL, is_disabled),      FIELD(endpoint, COLUMN_TEXT, display),
    FIELD(endpoint, COLUMN_IDENTITIES, identities), FIELD(endpoint, COLUMN_U8, digest),
};

static const struct config_column trunk_columns[] = {
    FIELD(trunk, COLUMN_REF64, account_id),
    FIELD(trunk, COLUMN_TEXT, name),
    FIELD(trunk, COLUMN_TEXT, host),
    FIELD(trunk, COLUMN_U16, port),
    FIELD(trunk, COLUMN_U8, transport),
    FIELD(trunk, COLUMN_BOOL, is_disabled),
    FIELD(trunk, COLUMN_BOOL, takes_emergency),
    FIELD(trunk, COLUMN_ACL, acl),
    FIELD(trunk, COLUMN_TEXT, auth_user),
    FIELD(trunk, COLUMN_TEXT, auth_password),
    FIELD(trunk, COLUMN_TEXT, tech_prefix),
    FIELD(trunk, COLUMN_BOOL, sends_plus),
    FIELD(trunk, COLUMN_REF32, cost_deck),
    FIELD(trunk, COLUMN_I32, channels_max),
    FIELD(trunk, COLUMN_I32, cps_max),
    FIELD(trunk, COLUMN_TEXT, identity),
};

static const struct config_column number_columns[] = {
    FIELD(number, COLUMN_REF64, account_id), FIELD(number, COLUMN_TEXT, digits),
    FIELD(number, COLUMN_U8, target),        FIELD(number, COLUMN_TEXT, endpoint_user),
    FIELD(number, COLUMN_REF64, trunk_id),
};

static const struct config_column route_columns[] = {
    FIELD(route_row, COLUMN_TEXT, prefix),
    FIELD(route_row, COLUMN_REF64, trunk_id),
    FIELD(route_row, COLUMN_I32, priority),
    FIELD(route_row, COLUMN_I32, weight),
};

static const struct config_column key_columns[] = {
    FIELD(api_key, COLUMN_TEXT, hash),        FIELD(api_key, COLUMN_TEXT, name),
    FIELD(api_key, COLUMN_BOOL, is_operator), FIELD(api_key, COLUMN_REF64, account_id),
    FIELD(api_key, COLUMN_BOOL, is_revoked),
};

static bool are_digits(const char *text)
{
    return text[strspn(text, "0123456789")] == '\0';
}

static const char *account_fault(const void *any)
{
    const struct account *row = any;
    if (row->name[0] == '\0') {
        return "an account needs a name";
    }
    if (strlen(row->currency) != 3 || strspn(row->currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3) {
        return "a currency has three capital letters";
    }
    if (row->kind > ACCOUNT_POSTPAID || row->class_ > ACCOUNT_FLAGGED) {
        return "no such kind or class of account";
    }
    if (row->limit_micro < 0 || row->grace_micro < -1) {
        return "a credit limit or grace is not negative";
    }
    if (row->channels_max < NO_LIMIT || row->cps_max < NO_LIMIT ||
        row->spend_day_micro < NO_LIMIT) {
        return "a limit is -1 (none) or more";
    }
    if (row->low_balance_micro < -1) {
        return "a low balance is -1 (the default), 0 (nobody is told) or more";
    }
    if (row->spend_minute_micro < 0 || row->price_max_micro < 0) {
        return "a limit of spend a minute or of price is 0 (none) or more";
    }
    if (strcmp(row->hot_open, "all") != 0 &&
        strspn(row->hot_open, "0123456789,") != strlen(row->hot_open)) {
        return "open hot destinations are prefixes with commas between, or \"all\"";
    }
    if (row->is_suspended && row->suspended_by[0] == '\0') {
        return "a suspension names the person or rule that made it";
    }
    if (row->wall_suspended_until_us != 0 && !row->is_suspended) {
        return "only a suspension ends by itself";
    }
    return NULL;
}

static const char *endpoint_fault(const void *any)
{
    const struct endpoint *row = any;
    if (row->user[0] == '\0') {
        return "an endpoint needs a user name";
    }
    if (row->account_id == 0) {
        return "an endpoint belongs to an account";
    }
    if (row->identity_count > ENDPOINT_IDENTITIES_MAX) {
        return "too many identities";
    }
    for (int i = 0; i < row->identity_count; i++) {
        if (row->identities[i][0] == '\0' || !are_digits(row->identities[i])) {
            return "an identity is digits only";
        }
    }
    return NULL;
}

static const char *trunk_fault(const void *any)
{
    const struct trunk *row = any;
    if (row->name[0] == '\0') {
        return "a trunk needs a name";
    }
    if (row->acl_count > TRUNK_ACL_MAX || row->transport > TRUNK_TCP) {
        return "too many ACL entries, or no such transport";
    }
    return row->channels_max < NO_LIMIT || row->cps_max < NO_LIMIT ? "a limit is -1 (none) or more"
                                                                   : NULL;
}

static const char *number_fault(const void *any)
{
    const struct number *row = any;
    if (row->digits[0] == '\0' || !are_digits(row->digits)) {
        return "a number is digits only";
    }
    if (row->account_id == 0) {
        return "a number belongs to an account";
    }
    switch (row->target) {
    case NUMBER_TO_ENDPOINT:
        return row->endpoint_user[0] == '\0' ? "the number names no endpoint" : NULL;
    case NUMBER_TO_TRUNK:
        return row->trunk_id == 0 ? "the number names no trunk" : NULL;
    default:
        return "no such target of a number";
    }
}

static const char *route_fault(const void *any)
{
    const struct route_row *row = any;
    if (!are_digits(row->prefix)) {
        return "a prefix is digits only";
    }
    if (row->trunk_id == 0) {
        return "a route names a trunk";
    }
    return row->weight < 1 || row->weight > 1000 ? "a weight is 1 to 1000" : NULL;
}

static const char *key_fault(const void *any)
{
    const struct api_key *row = any;
    if (strlen(row->hash) != 64) {
        return "a key is kept as its SHA-256 in hex";
    }
    return row->is_operator == (row->account_id != 0)
               ? "a key is an operator's, or a customer's with an account"
               : NULL;
}

#define COLUMNS(columns) columns, (int)ARRAY_COUNT(columns)
#define PLACES(type) offsetof(struct type, id), offsetof(struct type, version), sizeof(struct type)

static const struct config_table tables[TABLE_COUNT] = {
    [TABLE_ACCOUNT] = {"account", CONFIG_ACCOUNT, PLACES(account), "name", COLUMNS(account_columns),
                       account_fault, config_account_after_put, config_account_before_remove},
    [TABLE_ENDPOINT] = {"endpoint", CONFIG_ENDPOINT, PLACES(endpoint), "user",
                        COLUMNS(endpoint_columns), endpoint_fault, NULL, NULL},
    [TABLE_TRUNK] = {"trunk", CONFIG_TRUNK, PLACES(trunk), "name", COLUMNS(trunk_columns),
                     trunk_fault, NULL, NULL},
    [TABLE_NUMBER] = {"number", CONFIG_NUMBER, PLACES(number), "digits", COLUMNS(number_columns),
                      number_fault, NULL, NULL},
    [TABLE_ROUTE] = {"route", CONFIG_ROUTE, PLACES(route_row), NULL, COLUMNS(route_columns),
                     route_fault, NULL, NULL},
    [TABLE_KEY] = {"api_key", CONFIG_KEY, PLACES(api_key), "hash", COLUMNS(key_columns), key_fault,
                   NULL, NULL},
};

const struct config_table *config_table(enum config_table_index index)
{
    return &tables[index];
}
