#include "api/fields.h"
#include "rating/deck.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define MONEY_MAX (INT64_C(1000000000) * MONEY_MICRO)
#define MONEY_RULE "an amount as a text such as \"12.34\", six decimals and 1000000000.00 at most"

static void *at(const struct field *field, void *row)
{
    return (char *)row + field->offset;
}

static const void *in(const struct field *field, const void *row)
{
    return (const char *)row + field->offset;
}

/* ---- writing ---- */

static json_t *write_id(uint64_t id)
{
    return id == 0 ? json_null() : api_u64(id);
}

static json_t *write_field(const struct field *field, const void *row)
{
    const void *value = in(field, row);
    switch (field->kind) {
    case FIELD_U64:
        return api_u64(*(const uint64_t *)value);
    case FIELD_TEXT:
    case FIELD_NAME:
    case FIELD_USER:
    case FIELD_DIGITS:
    case FIELD_PREFIXES:
    case FIELD_CURRENCY:
        return json_string(value);
    case FIELD_BOOL:
        return json_boolean(*(const bool *)value);
    case FIELD_NAMED:
        return json_string(field->names[*(const uint8_t *)value]);
    case FIELD_MONEY:
        return api_money(*(const int64_t *)value);
    case FIELD_MONEY_OR_NULL:
        return *(const int64_t *)value < 0 ? json_null() : api_money(*(const int64_t *)value);
    case FIELD_LIMIT:
        return *(const int32_t *)value < 0 ? json_null() : json_integer(*(const int32_t *)value);
    case FIELD_I32:
        return json_integer(*(const int32_t *)value);
    case FIELD_U16:
        return json_integer(*(const uint16_t *)value);
    case FIELD_DECK:
        return write_id(*(const uint32_t *)value);
    case FIELD_ACCOUNT:
    case FIELD_TRUNK:
        return write_id(*(const uint64_t *)value);
    case FIELD_SPECIAL:
        return field->write == NULL ? NULL : field->write(row);
    }
    return NULL;
}

json_t *fields_write(const struct field *fields, const void *row)
{
    json_t *object = json_object();
    for (const struct field *field = fields; field->name != NULL; field++) {
        json_t *value = write_field(field, row);
        if (value != NULL) {
            json_object_set_new(object, field->name, value);
        }
    }
    return object;
}

/* ---- reading ---- */

static bool refuse(struct api_call *call, const char *name, const char *what)
{
    api_problem_field(call, name, "\"%s\" is %s.", name, what);
    return false;
}

static bool has_only(const char *text, const char *more)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (!isalnum((unsigned char)*c) && strchr(more, *c) == NULL) {
            return false;
        }
    }
    return true;
}

static bool is_text_ok(const struct field *field, const char *text)
{
    switch ((int)field->kind) {
    case FIELD_NAME:
        return isalpha((unsigned char)text[0]) && has_only(text, "-_.");
    case FIELD_USER:
        return text[0] != '\0' && has_only(text, "-_.!~*'()&=+$,");
    case FIELD_DIGITS:
        return strspn(text, "0123456789") == strlen(text);
    case FIELD_PREFIXES:
        return strcmp(text, "all") == 0 || strspn(text, "0123456789,") == strlen(text);
    case FIELD_CURRENCY:
        return strlen(text) == 3 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
    default:
        return true;
    }
}

static const char *text_rule(enum field_kind kind)
{
    switch ((int)kind) {
    case FIELD_NAME:
        return "a name: a letter, then letters, digits, '-', '_' or '.'";
    case FIELD_USER:
        return "a user name: letters, digits and -_.!~*'()&=+$,";
    case FIELD_DIGITS:
        return "digits, as E.164 without signs between them";
    case FIELD_PREFIXES:
        return "prefixes of digits with commas between, or \"all\"";
    case FIELD_CURRENCY:
        return "a currency of three capital letters, such as EUR";
    default:
        return "a text that is not too long";
    }
}

static bool read_text(struct api_call *call, const struct field *field, const json_t *value,
                      void *row)
{
    const char *text = json_string_value(value);
    if (text != NULL && field->kind == FIELD_DIGITS && text[0] == '+') {
        text++;
    }
    if (text == NULL || !is_text_ok(field, text) ||
        ((field->flags & FIELD_NEEDED) != 0 && text[0] == '\0') ||
        !slice_copy_text(slice_from_text(text), at(field, row), field->size)) {
        return refuse(call, field->name, text_rule(field->kind));
    }
    return true;
}

static bool read_named(struct api_call *call, const struct field *field, const json_t *value,
                       void *row)
{
    const char *text = json_string_value(value);
    char all[128] = "one of:";
    for (uint8_t i = 0; field->names[i] != NULL; i++) {
        if (text != NULL && strcmp(text, field->names[i]) == 0) {
            *(uint8_t *)at(field, row) = i;
            return true;
        }
        size_t size = strlen(all);
        snprintf(all + size, sizeof(all) - size, "%s %s", i == 0 ? "" : ",", field->names[i]);
    }
    return refuse(call, field->name, all);
}

static bool parse_money(const json_t *value, int64_t *micro)
{
    const char *text = json_string_value(value);
    int64_t found = 0;
    if (text == NULL || !money_parse(slice_from_text(text), &found) || found > MONEY_MAX ||
        found < -MONEY_MAX) {
        return false;
    }
    *micro = found;
    return true;
}

static bool read_money(struct api_call *call, const struct field *field, const json_t *value,
                       void *row)
{
    int64_t micro = 0;
    if (field->kind == FIELD_MONEY_OR_NULL && json_is_null(value)) {
        *(int64_t *)at(field, row) = -1;
        return true;
    }
    if (!parse_money(value, &micro) || micro < 0) {
        return refuse(call, field->name, MONEY_RULE ", and not below zero");
    }
    *(int64_t *)at(field, row) = micro;
    return true;
}

static bool read_number(struct api_call *call, const struct field *field, const json_t *value,
                        void *row)
{
    json_int_t number = json_integer_value(value);
    bool may_be_null = field->kind == FIELD_LIMIT;
    if (may_be_null && json_is_null(value)) {
        *(int32_t *)at(field, row) = NO_LIMIT;
        return true;
    }
    if (!json_is_integer(value) || number < field->min || number > field->max) {
        char rule[96];
        snprintf(rule, sizeof(rule), "a number from %lld to %lld%s", (long long)field->min,
                 (long long)field->max, may_be_null ? ", or null: no limit" : "");
        return refuse(call, field->name, rule);
    }
    if (field->kind == FIELD_U16) {
        *(uint16_t *)at(field, row) = (uint16_t)number;
    } else {
        *(int32_t *)at(field, row) = (int32_t)number;
    }
    return true;
}

static bool find_reference(struct api_call *call, const struct field *field, const char *name,
                           uint64_t *id)
{
    if (field->kind == FIELD_ACCOUNT) {
        return api_find_account_id(call, name, id);
    }
    if (field->kind == FIELD_TRUNK) {
        return api_find_trunk_id(call, name, id);
    }
    struct deck_row deck;
    if (!api_find_deck(call, name, &deck)) {
        return false;
    }
    if (deck.kind != DECK_CALLS) {
        api_problem_field(call, field->name, "Deck %s has prices of messages, not of calls.",
                          deck.name);
        return false;
    }
    *id = deck.id;
    return true;
}

static const char *reference_noun(enum field_kind kind)
{
    return kind == FIELD_ACCOUNT ? "account" : kind == FIELD_TRUNK ? "trunk" : "deck";
}

/* A thing by its id or name; that it is not there is the body's fault: 422, not 404. */
static bool read_reference(struct api_call *call, const struct field *field, const json_t *value,
                           void *row)
{
    char name[API_PARAM_SIZE] = "";
    uint64_t id = 0;
    if (json_is_integer(value)) {
        snprintf(name, sizeof(name), "%lld", (long long)json_integer_value(value));
    } else if (json_is_string(value)) {
        snprintf(name, sizeof(name), "%s", json_string_value(value));
    } else if (!json_is_null(value) || (field->flags & FIELD_NEEDED) != 0) {
        return refuse(call, field->name, "an id or a name");
    }
    if (name[0] != '\0' && !find_reference(call, field, name, &id)) {
        if (call->response->status == 404) {
            api_problem_field(call, field->name, "\"%s\": there is no %s %s.", field->name,
                              reference_noun(field->kind), name);
        }
        return false;
    }
    if (field->kind == FIELD_DECK) {
        *(uint32_t *)at(field, row) = (uint32_t)id;
    } else {
        *(uint64_t *)at(field, row) = id;
    }
    return true;
}

static bool read_field(struct api_call *call, const struct field *field, const json_t *value,
                       void *row)
{
    switch (field->kind) {
    case FIELD_U64:
        return refuse(call, field->name, "shown only and cannot be set");
    case FIELD_TEXT:
    case FIELD_NAME:
    case FIELD_USER:
    case FIELD_DIGITS:
    case FIELD_PREFIXES:
    case FIELD_CURRENCY:
        return read_text(call, field, value, row);
    case FIELD_BOOL:
        if (!json_is_boolean(value)) {
            return refuse(call, field->name, "true or false");
        }
        *(bool *)at(field, row) = json_is_true(value);
        return true;
    case FIELD_NAMED:
        return read_named(call, field, value, row);
    case FIELD_MONEY:
    case FIELD_MONEY_OR_NULL:
        return read_money(call, field, value, row);
    case FIELD_LIMIT:
    case FIELD_I32:
    case FIELD_U16:
        return read_number(call, field, value, row);
    case FIELD_DECK:
    case FIELD_ACCOUNT:
    case FIELD_TRUNK:
        return read_reference(call, field, value, row);
    case FIELD_SPECIAL:
        return field->read(call, field->name, value, row);
    }
    return false;
}

static const struct field *find_field(const struct field *fields, const char *name)
{
    for (const struct field *field = fields; field->name != NULL; field++) {
        if (strcmp(field->name, name) == 0) {
            return field;
        }
    }
    return NULL;
}

static bool may_set(struct api_call *call, const struct field *field, const char *name, bool is_new)
{
    if (field == NULL) {
        return refuse(call, name, "not a member of this; is it spelled right");
    }
    if ((field->flags & FIELD_READ_ONLY) != 0) {
        return refuse(call, name, "shown only and cannot be set here");
    }
    if (!is_new && (field->flags & FIELD_FIXED) != 0) {
        return refuse(call, name, "fixed once the thing is made");
    }
    return true;
}

bool fields_read(struct api_call *call, const struct field *fields, const json_t *body, bool is_new,
                 void *row)
{
    const char *name;
    json_t *value;
    json_t *object = (json_t *)(uintptr_t)body; /* iterated only: jansson takes no const here */
    json_object_foreach(object, name, value)
    {
        const struct field *field = find_field(fields, name);
        if (!may_set(call, field, name, is_new) || !read_field(call, field, value, row)) {
            return false;
        }
    }
    for (const struct field *field = fields; is_new && field->name != NULL; field++) {
        if ((field->flags & FIELD_NEEDED) != 0 && json_object_get(body, field->name) == NULL) {
            return refuse(call, field->name, "missing");
        }
    }
    return true;
}

/* ---- values outside rows ---- */

const char *field_text(struct api_call *call, const json_t *body, const char *name, size_t size_max)
{
    const char *text = json_string_value(json_object_get(body, name));
    if (text == NULL || text[0] == '\0' || strlen(text) > size_max) {
        api_problem_field(call, name, "\"%s\" is a text of 1 to %zu bytes.", name, size_max);
        return NULL;
    }
    return text;
}

bool field_optional_text(struct api_call *call, const json_t *body, const char *name, char *out,
                         size_t size)
{
    const json_t *value = json_object_get(body, name);
    out[0] = '\0';
    if (value == NULL || json_is_null(value)) {
        return true;
    }
    const char *text = json_string_value(value);
    if (text == NULL || !slice_copy_text(slice_from_text(text), out, size)) {
        api_problem_field(call, name, "\"%s\" is a text of at most %zu bytes.", name, size - 1);
        return false;
    }
    return true;
}

bool field_money(struct api_call *call, const json_t *body, const char *name, int64_t *micro)
{
    if (parse_money(json_object_get(body, name), micro)) {
        return true;
    }
    return refuse(call, name, MONEY_RULE);
}

bool field_only(struct api_call *call, const json_t *body, const char *const *names)
{
    const char *name;
    json_t *value;
    json_t *object = (json_t *)(uintptr_t)body;
    json_object_foreach(object, name, value)
    {
        bool is_known = false;
        for (size_t i = 0; names[i] != NULL; i++) {
            is_known = is_known || strcmp(names[i], name) == 0;
        }
        if (!is_known) {
            return refuse(call, name, "not a member of this; is it spelled right");
        }
    }
    return true;
}
