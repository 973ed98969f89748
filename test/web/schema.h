/* schema.h - checks a JSON value against the part of JSON Schema that openapi.json uses. */
#ifndef DT_TEST_WEB_SCHEMA_H
#define DT_TEST_WEB_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* False: *why says where and what. `root` is the document that references point into. Keywords:
 * $ref, type, enum, required, properties, additionalProperties (false), items, anyOf. */
bool schema_fits(const json_t *root, const json_t *schema, const json_t *value, char *why,
                 size_t why_size);
/* Follows a {"$ref":"#/..."}; anything else is returned as it is. */
const json_t *schema_resolve(const json_t *root, const json_t *schema);

#endif
