/* res_number.c - numbers (DDIs): whose they are, and where their calls go. */
#include "api/resource.h"

#include <stdlib.h>
#include <string.h>

RESOURCE_FUNCTIONS(number, number)

static json_t *write_endpoint(const void *row)
{
    const struct number *number = row;
    return number->target == NUMBER_TO_ENDPOINT ? json_string(number->endpoint_user) : json_null();
}

/* "endpoint": a user name; null where "trunk" is given. */
static bool read_endpoint(struct api_call *call, const char *name, const json_t *value, void *row)
{
    struct number *number = row;
    if (json_is_null(value)) {
        number->endpoint_user[0] = '\0';
        return true;
    }
    const char *user = json_string_value(value);
    if (user == NULL || !slice_copy_text(slice_from_text(user), number->endpoint_user,
                                         sizeof(number->endpoint_user))) {
        api_problem_field(call, name, "\"%s\" is the user name of an endpoint.", name);
        return false;
    }
    return true;
}

static const struct field fields[] = {
    {"id", FIELD_U64, FIELD_READ_ONLY, FIELD(number, id)},
    {"version", FIELD_U64, FIELD_READ_ONLY, FIELD(number, version)},
    {"digits", FIELD_DIGITS, FIELD_NEEDED | FIELD_FIXED, FIELD(number, digits)},
    {"account_id", FIELD_U64, FIELD_READ_ONLY, FIELD(number, account_id)},
    {"account", FIELD_ACCOUNT, FIELD_NEEDED, FIELD(number, account_id)},
    {"endpoint", FIELD_SPECIAL, 0, .write = write_endpoint, .read = read_endpoint},
    {"trunk", FIELD_TRUNK, 0, FIELD(number, trunk_id)},
    {0},
};

static uint64_t account_of(const void *row)
{
    return ((const struct number *)row)->account_id;
}

static const char *name_of(const void *row)
{
    return ((const struct number *)row)->digits;
}

static enum store_result by_digits(struct store *store, const char *digits, void *row)
{
    return config_number_by_digits(store, digits[0] == '+' ? digits + 1 : digits, row);
}

/* The endpoint that calls would ring must be one of the account that pays for them. */
static bool check_endpoint(struct api_call *call, const struct number *number)
{
    struct store *store = api_store(call);
    struct endpoint *endpoint = malloc(sizeof(*endpoint));
    bool is_good = false;
    if (store != NULL && endpoint != NULL) {
        enum store_result result = config_endpoint_by_user(store, number->endpoint_user, endpoint);
        if (result == STORE_ABSENT ||
            (result == STORE_OK && endpoint->account_id != number->account_id)) {
            api_problem_field(call, "endpoint", "The account has no endpoint %s.",
                              number->endpoint_user);
        } else {
            is_good = api_store_ok(call, result, "endpoint");
        }
    }
    free(endpoint);
    return is_good;
}

/* Exactly one of the two targets; naming one lets go of the other. */
static bool finish(struct api_call *call, const json_t *body, bool is_new, void *row)
{
    (void)is_new;
    struct number *number = row;
    bool names_endpoint = json_is_string(json_object_get(body, "endpoint"));
    const json_t *trunk = json_object_get(body, "trunk");
    bool names_trunk = trunk != NULL && !json_is_null(trunk);
    if (names_endpoint && names_trunk) {
        api_problem_field(call, "trunk",
                          "A number goes to an endpoint or to a trunk, not to both.");
        return false;
    }
    if (names_trunk) {
        number->endpoint_user[0] = '\0';
    } else if (names_endpoint) {
        number->trunk_id = 0;
    }
    number->target = number->trunk_id != 0 ? NUMBER_TO_TRUNK : NUMBER_TO_ENDPOINT;
    if (number->target == NUMBER_TO_TRUNK) {
        return true;
    }
    if (number->endpoint_user[0] == '\0') {
        api_problem_field(call, "endpoint", "A number goes to an \"endpoint\" or to a \"trunk\".");
        return false;
    }
    return check_endpoint(call, number);
}

const struct resource resource_number = {
    .noun = "number",
    RESOURCE_CALLS(number, number),
    .fields = fields,
    .is_seen_by_customers = true,
    .account_id = account_of,
    .name = name_of,
    .by_name = by_digits,
    .finish = finish,
};
