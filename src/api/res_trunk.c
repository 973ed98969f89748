/* res_trunk.c - trunks (a carrier's or a customer's) and the routes that use them. */
#include "api/resource.h"

#include <string.h>

RESOURCE_FUNCTIONS(trunk, trunk)
RESOURCE_FUNCTIONS(route_row, route)

static const char *const transports[] = {"udp", "tcp", NULL};

static json_t *write_acl(const void *row)
{
    const struct trunk *trunk = row;
    json_t *list = json_array();
    for (int i = 0; i < trunk->acl_count; i++) {
        char text[64];
        struct buf buf;
        buf_init(&buf, text, sizeof(text));
        trunk_acl_write(&buf, &trunk->acl[i]);
        json_array_append_new(list, json_stringn(text, buf.size));
    }
    return list;
}

static bool read_acl(struct api_call *call, const char *name, const json_t *value, void *row)
{
    struct trunk *trunk = row;
    size_t count = json_array_size(value);
    bool is_good = json_is_array(value) && count <= TRUNK_ACL_MAX;
    for (size_t i = 0; is_good && i < count; i++) {
        const char *text = json_string_value(json_array_get(value, i));
        is_good = text != NULL && trunk_acl_parse(slice_from_text(text), &trunk->acl[i]);
    }
    if (!is_good) {
        api_problem_field(call, name,
                          "\"%s\" is a list of up to %d sources such as \"192.0.2.0/24\".", name,
                          TRUNK_ACL_MAX);
        return false;
    }
    trunk->acl_count = (uint8_t)count;
    return true;
}

static bool read_auth_password(struct api_call *call, const char *name, const json_t *value,
                               void *row)
{
    struct trunk *trunk = row;
    const char *text = json_string_value(value);
    if (text == NULL || !slice_copy_text(slice_from_text(text), trunk->auth_password,
                                         sizeof(trunk->auth_password))) {
        api_problem_field(call, name, "\"%s\" is a text of at most %zu bytes.", name,
                          sizeof(trunk->auth_password) - 1);
        return false;
    }
    return true;
}

static bool read_host(struct api_call *call, const char *name, const json_t *value, void *row)
{
    struct trunk *trunk = row;
    const char *text = json_string_value(value);
    bool is_good =
        text != NULL &&
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-") ==
            strlen(text) &&
        slice_copy_text(slice_from_text(text), trunk->host, sizeof(trunk->host));
    if (!is_good) {
        api_problem_field(call, name, "\"%s\" is an address or a DNS name, without a port.", name);
    }
    return is_good;
}

static json_t *write_host(const void *row)
{
    return json_string(((const struct trunk *)row)->host);
}

static const struct field trunk_fields[] = {
    {"id", FIELD_U64, FIELD_READ_ONLY, FIELD(trunk, id)},
    {"version", FIELD_U64, FIELD_READ_ONLY, FIELD(trunk, version)},
    {"name", FIELD_NAME, FIELD_NEEDED, FIELD(trunk, name)},
    {"account_id", FIELD_U64, FIELD_READ_ONLY, FIELD(trunk, account_id)},
    {"account", FIELD_ACCOUNT, 0, FIELD(trunk, account_id)},
    {"host", FIELD_SPECIAL, 0, .write = write_host, .read = read_host},
    {"port", FIELD_U16, 0, FIELD(trunk, port), .max = 65535},
    {"transport", FIELD_NAMED, 0, FIELD(trunk, transport), .names = transports},
    {"is_disabled", FIELD_BOOL, 0, FIELD(trunk, is_disabled)},
    {"takes_emergency", FIELD_BOOL, 0, FIELD(trunk, takes_emergency)},
    {"acl", FIELD_SPECIAL, 0, .write = write_acl, .read = read_acl},
    {"auth_user", FIELD_TEXT, 0, FIELD(trunk, auth_user)},
    {"auth_password", FIELD_SPECIAL, 0, .read = read_auth_password},
    {"tech_prefix", FIELD_DIGITS, 0, FIELD(trunk, tech_prefix)},
    {"sends_plus", FIELD_BOOL, 0, FIELD(trunk, sends_plus)},
    {"cost_deck", FIELD_DECK, 0, FIELD(trunk, cost_deck)},
    {"channels_max", FIELD_LIMIT, 0, FIELD(trunk, channels_max), .max = 1000000},
    {"cps_max", FIELD_LIMIT, 0, FIELD(trunk, cps_max), .max = 1000000},
    {"identity", FIELD_DIGITS, 0, FIELD(trunk, identity)},
    {0},
};

static void prepare_trunk(void *row)
{
    struct trunk *trunk = row;
    trunk->channels_max = NO_LIMIT;
    trunk->cps_max = NO_LIMIT;
}

static uint64_t trunk_account(const void *row)
{
    return ((const struct trunk *)row)->account_id;
}

static const char *trunk_name(const void *row)
{
    return ((const struct trunk *)row)->name;
}

static enum store_result trunk_by_name(struct store *store, const char *name, void *row)
{
    return config_trunk_by_name(store, name, row);
}

const struct resource resource_trunk = {
    .noun = "trunk",
    RESOURCE_CALLS(trunk, trunk),
    .fields = trunk_fields,
    .is_found_by_id = true,
    .prepare = prepare_trunk,
    .account_id = trunk_account,
    .name = trunk_name,
    .by_name = trunk_by_name,
};

/* ---- routes ---- */

static const struct field route_fields[] = {
    {"id", FIELD_U64, FIELD_READ_ONLY, FIELD(route_row, id)},
    {"version", FIELD_U64, FIELD_READ_ONLY, FIELD(route_row, version)},
    {"prefix", FIELD_DIGITS, 0, FIELD(route_row, prefix)},
    {"trunk", FIELD_TRUNK, FIELD_NEEDED, FIELD(route_row, trunk_id)},
    {"priority", FIELD_I32, 0, FIELD(route_row, priority), .min = -1000000, .max = 1000000},
    {"weight", FIELD_I32, 0, FIELD(route_row, weight), .min = 1, .max = 1000},
    {0},
};

static void prepare_route(void *row)
{
    ((struct route_row *)row)->weight = 1;
}

const struct resource resource_route = {
    .noun = "route",
    RESOURCE_CALLS(route_row, route),
    .fields = route_fields,
    .is_found_by_id = true,
    .prepare = prepare_route,
};
