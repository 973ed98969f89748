/* res_endpoint.c - endpoints: the password comes in, only its HA1 is stored. */
#include "api/resource.h"
#include "api/secret.h"

#include <string.h>

#define PASSWORD_MIN 6

RESOURCE_FUNCTIONS(endpoint, endpoint)

static json_t *write_identities(const void *row)
{
    const struct endpoint *endpoint = row;
    json_t *list = json_array();
    for (int i = 0; i < endpoint->identity_count; i++) {
        json_array_append_new(list, json_string(endpoint->identities[i]));
    }
    return list;
}

static bool is_number(const char *text)
{
    return text != NULL && text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
}

static bool read_identities(struct api_call *call, const char *name, const json_t *value, void *row)
{
    struct endpoint *endpoint = row;
    size_t count = json_array_size(value);
    bool is_good = json_is_array(value) && count <= ENDPOINT_IDENTITIES_MAX;
    for (size_t i = 0; is_good && i < count; i++) {
        const char *text = json_string_value(json_array_get(value, i));
        text = text != NULL && text[0] == '+' ? text + 1 : text;
        is_good = is_number(text) &&
                  slice_copy_text(slice_from_text(text), endpoint->identities[i], NUMBER_SIZE);
    }
    if (!is_good) {
        api_problem_field(call, name, "\"%s\" is a list of up to %d numbers in E.164.", name,
                          ENDPOINT_IDENTITIES_MAX);
        return false;
    }
    endpoint->identity_count = (uint8_t)count;
    return true;
}

static bool read_password(struct api_call *call, const char *name, const json_t *value, void *row)
{
    (void)row; /* sealed by finish(), which knows the user */
    const char *password = json_string_value(value);
    if (password == NULL || strlen(password) < PASSWORD_MIN ||
        strlen(password) > SECRET_PASSWORD_MAX) {
        api_problem_field(call, name, "\"%s\" is a text of %d to %d bytes.", name, PASSWORD_MIN,
                          SECRET_PASSWORD_MAX);
        return false;
    }
    return true;
}

static const char *const digests[] = {"any", "sha-256", NULL};

static const struct field fields[] = {
    {"id", FIELD_U64, FIELD_READ_ONLY, FIELD(endpoint, id)},
    {"version", FIELD_U64, FIELD_READ_ONLY, FIELD(endpoint, version)},
    {"user", FIELD_USER, FIELD_NEEDED | FIELD_FIXED, FIELD(endpoint, user)},
    {"account_id", FIELD_U64, FIELD_READ_ONLY, FIELD(endpoint, account_id)},
    {"account", FIELD_ACCOUNT, FIELD_NEEDED, FIELD(endpoint, account_id)},
    {"display", FIELD_TEXT, 0, FIELD(endpoint, display)},
    {"is_disabled", FIELD_BOOL, 0, FIELD(endpoint, is_disabled)},
    {"digest", FIELD_NAMED, 0, FIELD(endpoint, digest), .names = digests},
    {"identities", FIELD_SPECIAL, 0, .write = write_identities, .read = read_identities},
    {"password", FIELD_SPECIAL, FIELD_NEEDED, .read = read_password},
    {0},
};

static uint64_t account_of(const void *row)
{
    return ((const struct endpoint *)row)->account_id;
}

static const char *name_of(const void *row)
{
    return ((const struct endpoint *)row)->user;
}

static enum store_result by_user(struct store *store, const char *user, void *row)
{
    return config_endpoint_by_user(store, user, row);
}

static bool finish(struct api_call *call, const json_t *body, bool is_new, void *row)
{
    (void)is_new;
    struct endpoint *endpoint = row;
    const char *password = json_string_value(json_object_get(body, "password"));
    if (password != NULL && !secret_ha1(endpoint->user, call->api->options.domain, password,
                                        endpoint->ha1_md5, endpoint->ha1_sha256)) {
        api_problem(call, PROBLEM_INTERNAL, "The password cannot be hashed here.");
        return false;
    }
    return true;
}

const struct resource resource_endpoint = {
    .noun = "endpoint",
    RESOURCE_CALLS(endpoint, endpoint),
    .fields = fields,
    .is_seen_by_customers = true,
    .account_id = account_of,
    .name = name_of,
    .by_name = by_user,
    .finish = finish,
};
