/* question.c - what a handler reads from a request, and whom it asks. */
#include "api/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *api_argument(const struct api_call *call, const char *name)
{
    const char *value = call->request->argument(call->request->from, name);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

bool api_argument_u64(struct api_call *call, const char *name, uint64_t max, uint64_t *out)
{
    const char *text = api_argument(call, name);
    if (text == NULL || slice_to_u64(slice_from_text(text), max, out)) {
        return true;
    }
    api_problem_field(call, name, "\"%s\" is a number between 0 and %llu.", name,
                      (unsigned long long)max);
    return false;
}

bool api_time_parse(const char *text, int64_t *out)
{
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (rest == NULL) {
        rest = strptime(text, "%Y-%m-%d", &tm);
        if (rest == NULL || *rest != '\0') {
            return false;
        }
        *out = (int64_t)timegm(&tm) * 1000000;
        return true;
    }
    int64_t us = (int64_t)timegm(&tm) * 1000000;
    if (*rest == '.') {
        int64_t unit_us = 100000;
        for (rest++; *rest >= '0' && *rest <= '9'; rest++) {
            us += (*rest - '0') * unit_us;
            unit_us /= 10;
        }
    }
    int hours = 0;
    int minutes = 0;
    char sign = *rest;
    if ((sign == '+' || sign == '-') && sscanf(rest + 1, "%2d:%2d", &hours, &minutes) == 2) {
        int64_t offset_us = ((int64_t)hours * 60 + minutes) * 60 * 1000000;
        *out = sign == '+' ? us - offset_us : us + offset_us;
        return strlen(rest) == 6;
    }
    *out = us;
    return strcmp(rest, "Z") == 0;
}

bool api_argument_time(struct api_call *call, const char *name, int64_t *out)
{
    const char *text = api_argument(call, name);
    uint64_t us = 0;
    if (text == NULL) {
        return true;
    }
    if (slice_to_u64(slice_from_text(text), INT64_MAX, &us)) {
        *out = (int64_t)us;
        return true;
    }
    if (api_time_parse(text, out)) {
        return true;
    }
    api_problem_field(call, name,
                      "\"%s\" is a time such as 2026-11-21T10:00:00Z, or microseconds since 1970.",
                      name);
    return false;
}

bool api_argument_max(struct api_call *call, int *out)
{
    uint64_t max = API_PAGE_DEFAULT;
    if (!api_argument_u64(call, "max", API_PAGE_MAX, &max)) {
        return false;
    }
    *out = max == 0 ? 1 : (int)max;
    return true;
}

static bool is_json_type(const struct api_call *call)
{
    const char *type = call->request->header(call->request->from, "Content-Type");
    return type == NULL ||
           slice_starts_with_nocase(slice_from_text(type), SLICE("application/json"));
}

json_t *api_body(struct api_call *call)
{
    if (!is_json_type(call)) {
        api_problem(call, PROBLEM_BAD_MEDIA, "Send application/json.");
        return NULL;
    }
    json_error_t error;
    json_t *body = json_loadb(call->request->body.data == NULL ? "" : call->request->body.data,
                              call->request->body.size, JSON_REJECT_DUPLICATES, &error);
    if (body == NULL) {
        api_problem_with(call, PROBLEM_BAD_JSON,
                         json_pack("{s:i,s:i}", "line", error.line, "column", error.column),
                         "The body is not JSON: %s.", error.text);
        return NULL;
    }
    if (!json_is_object(body)) {
        json_decref(body);
        api_problem(call, PROBLEM_BAD_JSON, "The body is one JSON object.");
        return NULL;
    }
    return body;
}

/* ---- the store ---- */

struct store *api_store(struct api_call *call)
{
    if (call->slot == NULL) {
        const char *why = "";
        call->slot = stores_take(call->api->stores, &why);
        if (call->slot == NULL) {
            api_store_unknown(call, why);
            return NULL;
        }
    }
    return stores_store(call->slot);
}

bool api_store_ok(struct api_call *call, enum store_result result, const char *what)
{
    const char *error = store_error(stores_store(call->slot));
    switch (result) {
    case STORE_OK:
        return true;
    case STORE_UNKNOWN:
        stores_note_unknown(call->slot);
        api_store_unknown(call, error);
        return false;
    case STORE_NEWER_SCHEMA:
        stores_note_unknown(call->slot);
        api_store_unknown(call, "it was made by a newer dialtone");
        return false;
    case STORE_ABSENT:
        api_problem(call, PROBLEM_NOT_FOUND, "There is no %s.", what);
        return false;
    case STORE_EXISTS:
        api_problem(call, PROBLEM_EXISTS, "There is already %s.", what);
        return false;
    case STORE_CONFLICT:
        api_problem(call, PROBLEM_CONFLICT, "This cannot be done to %s: %s.", what, error);
        return false;
    case STORE_REFUSED:
        api_problem(call, PROBLEM_REFUSED, "Refused: %s.", error);
        return false;
    case STORE_FENCED:
    case STORE_OLD_SESSION:
        break;
    }
    api_problem(call, PROBLEM_INTERNAL, "The store answered %s.", store_result_name(result));
    return false;
}

/* ---- things by their names ---- */

bool api_may_see(struct api_call *call, uint64_t account_id, const char *what)
{
    uint64_t own_id = call->principal.account_id;
    if (call->principal.role == API_ROLE_OPERATOR || own_id == account_id) {
        return true;
    }
    struct account *account = malloc(sizeof(*account));
    if (account == NULL) {
        api_problem(call, PROBLEM_INTERNAL, "There is not enough memory.");
        return false;
    }
    enum store_result result = config_get_account(stores_store(call->slot), account_id, account);
    bool is_child = result == STORE_OK && own_id != 0 && account->parent_id == own_id;
    free(account);
    if (api_store_ok(call, result, what) && !is_child) {
        /* As if it were not there: a customer learns nothing about who else is one. */
        api_problem(call, PROBLEM_NOT_FOUND, "There is no %s.", what);
    }
    return is_child;
}

bool api_find_account(struct api_call *call, const char *name, struct account *out)
{
    struct store *store = api_store(call);
    if (store == NULL) {
        return false;
    }
    char what[API_PARAM_SIZE + 16];
    snprintf(what, sizeof(what), "account %s", name);
    uint64_t id = 0;
    enum store_result result = slice_to_u64(slice_from_text(name), INT64_MAX, &id)
                                   ? config_get_account(store, id, out)
                                   : config_account_by_name(store, name, out);
    return api_store_ok(call, result, what) && api_may_see(call, out->id, what);
}

bool api_find_account_id(struct api_call *call, const char *name, uint64_t *out)
{
    struct account *account = malloc(sizeof(*account));
    bool is_found = account != NULL && api_find_account(call, name, account);
    if (is_found) {
        *out = account->id;
    }
    free(account);
    return is_found;
}

bool api_find_trunk_id(struct api_call *call, const char *name, uint64_t *out)
{
    struct store *store = api_store(call);
    struct trunk *trunk = malloc(sizeof(*trunk));
    bool is_found = false;
    if (store != NULL && trunk != NULL) {
        char what[API_PARAM_SIZE + 16];
        snprintf(what, sizeof(what), "trunk %s", name);
        uint64_t id = 0;
        enum store_result result = slice_to_u64(slice_from_text(name), INT64_MAX, &id)
                                       ? config_get_trunk(store, id, trunk)
                                       : config_trunk_by_name(store, name, trunk);
        is_found = api_store_ok(call, result, what);
    }
    if (is_found) {
        *out = trunk->id;
    }
    free(trunk);
    return is_found;
}

bool api_find_endpoint(struct api_call *call, const char *user, struct endpoint *out)
{
    struct store *store = api_store(call);
    if (store == NULL) {
        return false;
    }
    char what[API_PARAM_SIZE + 16];
    snprintf(what, sizeof(what), "endpoint %s", user);
    if (!api_store_ok(call, config_endpoint_by_user(store, user, out), what)) {
        return false;
    }
    return api_may_see(call, out->account_id, what);
}

/* Decks are few: a name is found by looking through them. */
bool api_find_deck(struct api_call *call, const char *name, struct deck_row *out)
{
    struct store *store = api_store(call);
    if (store == NULL) {
        return false;
    }
    uint64_t id = 0;
    char what[API_PARAM_SIZE + 16];
    snprintf(what, sizeof(what), "deck %s", name);
    if (slice_to_u64(slice_from_text(name), INT64_MAX, &id)) {
        return api_store_ok(call, config_get_deck(store, id, out), what);
    }
    struct deck_row page[16];
    int count = 0;
    do {
        if (!api_store_ok(call, config_page_deck(store, id, page, 16, &count), what)) {
            return false;
        }
        for (int i = 0; i < count; i++) {
            if (strcmp(page[i].name, name) == 0) {
                *out = page[i];
                return true;
            }
            id = page[i].id;
        }
    } while (count == 16);
    api_problem(call, PROBLEM_NOT_FOUND, "There is no %s.", what);
    return false;
}

bool api_filter_account(struct api_call *call, uint64_t *account_id)
{
    const char *name = api_argument(call, "account");
    if (call->principal.role != API_ROLE_OPERATOR) {
        *account_id = call->principal.account_id;
    } else {
        *account_id = 0;
    }
    return name == NULL || api_find_account_id(call, name, account_id);
}

/* ---- other processes ---- */

json_t *api_ask(struct api_call *call, enum api_peer peer, const char *command, json_t *members)
{
    json_t *answer = NULL;
    const char *name = peer == API_PEER_EDGE ? "edge" : "supervisor";
    struct api_options *options = &call->api->options;
    enum api_ask result = options->ask(options->ctx, peer, command, members, &answer);
    json_decref(members);
    switch (result) {
    case API_ASK_OK:
        return answer;
    case API_ASK_UNKNOWN:
        api_problem_with(call, PROBLEM_UNKNOWN, json_pack("{s:s}", "where", name),
                         "The %s does not answer now. Try again.", name);
        return NULL;
    case API_ASK_REFUSED:
        break;
    }
    const char *code = json_string_value(json_object_get(answer, "code"));
    const char *error = json_string_value(json_object_get(answer, "error"));
    bool is_absent = code != NULL && strcmp(code, "not-found") == 0;
    bool is_unknown = code != NULL && strcmp(code, "unknown") == 0;
    api_problem(call,
                is_absent    ? PROBLEM_NOT_FOUND
                : is_unknown ? PROBLEM_UNKNOWN
                             : PROBLEM_BAD_REQUEST,
                "%s", error == NULL ? "It was refused." : error);
    json_decref(answer);
    return NULL;
}

json_t *api_ask_for(struct api_call *call, enum api_peer peer, const char *command, json_t *members,
                    const char *member)
{
    json_t *answer = api_ask(call, peer, command, members);
    if (answer != NULL && json_object_get(answer, member) == NULL) {
        const char *name = peer == API_PEER_EDGE ? "edge" : "supervisor";
        json_decref(answer);
        api_problem_with(call, PROBLEM_UNKNOWN, json_pack("{s:s}", "where", name),
                         "The answer of the %s does not say it.", name);
        return NULL;
    }
    return answer;
}
