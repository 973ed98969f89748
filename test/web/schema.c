#include "schema.h"

#include <stdio.h>
#include <string.h>

const json_t *schema_resolve(const json_t *root, const json_t *schema)
{
    const char *path = json_string_value(json_object_get(schema, "$ref"));
    if (path == NULL) {
        return schema;
    }
    const json_t *found = root;
    char part[128];
    int size = 0;
    path += 2; /* "#/" */
    while (sscanf(path, "%127[^/]%n", part, &size) == 1) {
        found = json_object_get(found, part);
        path += size;
        path += *path == '/';
    }
    return found;
}

static bool is_type(const json_t *value, const char *type)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return strcmp(type, "object") == 0;
    case JSON_ARRAY:
        return strcmp(type, "array") == 0;
    case JSON_STRING:
        return strcmp(type, "string") == 0;
    case JSON_INTEGER:
        return strcmp(type, "integer") == 0;
    case JSON_REAL:
        return strcmp(type, "number") == 0;
    case JSON_TRUE:
    case JSON_FALSE:
        return strcmp(type, "boolean") == 0;
    case JSON_NULL:
        return strcmp(type, "null") == 0;
    }
    return false;
}

static bool type_fits(const json_t *type, const json_t *value)
{
    if (type == NULL) {
        return true;
    }
    if (json_is_string(type)) {
        return is_type(value, json_string_value(type));
    }
    for (size_t i = 0; i < json_array_size(type); i++) {
        if (is_type(value, json_string_value(json_array_get(type, i)))) {
            return true;
        }
    }
    return false;
}

static bool say(char *why, size_t why_size, const char *what, const char *name)
{
    snprintf(why, why_size, "%s: %s", name, what);
    return false;
}

static bool members_fit(const json_t *root, const json_t *schema, const json_t *value, char *why,
                        size_t why_size)
{
    const json_t *properties = json_object_get(schema, "properties");
    const json_t *required = json_object_get(schema, "required");
    for (size_t i = 0; i < json_array_size(required); i++) {
        const char *name = json_string_value(json_array_get(required, i));
        if (json_object_get(value, name) == NULL) {
            return say(why, why_size, "missing", name);
        }
    }
    const char *name;
    json_t *member;
    json_object_foreach((json_t *)(unsigned long)value, name, member)
    {
        const json_t *expected = json_object_get(properties, name);
        char inner[256];
        if (expected == NULL && json_is_false(json_object_get(schema, "additionalProperties"))) {
            return say(why, why_size, "not described", name);
        }
        if (expected != NULL && !schema_fits(root, expected, member, inner, sizeof(inner))) {
            return say(why, why_size, inner, name);
        }
    }
    return true;
}

static bool any_fits(const json_t *root, const json_t *choices, const json_t *value)
{
    char why[256];
    for (size_t i = 0; i < json_array_size(choices); i++) {
        if (schema_fits(root, json_array_get(choices, i), value, why, sizeof(why))) {
            return true;
        }
    }
    return choices == NULL;
}

bool schema_fits(const json_t *root, const json_t *schema, const json_t *value, char *why,
                 size_t why_size)
{
    schema = schema_resolve(root, schema);
    const json_t *allowed = json_object_get(schema, "enum");
    bool is_allowed = allowed == NULL || json_is_null(value);
    for (size_t i = 0; i < json_array_size(allowed); i++) {
        is_allowed = is_allowed || json_equal(json_array_get(allowed, i), value);
    }
    if (!type_fits(json_object_get(schema, "type"), value)) {
        return say(why, why_size, "another type", "value");
    }
    if (!is_allowed || !any_fits(root, json_object_get(schema, "anyOf"), value)) {
        return say(why, why_size, "none of the choices", "value");
    }
    if (json_is_object(value)) {
        return members_fit(root, schema, value, why, why_size);
    }
    const json_t *items = json_object_get(schema, "items");
    for (size_t i = 0; items != NULL && i < json_array_size(value); i++) {
        if (!schema_fits(root, items, json_array_get(value, i), why, why_size)) {
            return false;
        }
    }
    return true;
}
