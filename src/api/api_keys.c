/* api_keys.c - keys: made (shown once), listed, revoked. */
#include "api/handlers.h"
#include "api/secret.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *write_key(const struct api_key *key)
{
    return json_pack("{s:I,s:s,s:s,s:o,s:b}", "id", (json_int_t)key->id, "name", key->name, "role",
                     key->is_operator ? "operator" : "customer", "account_id",
                     key->account_id == 0 ? json_null() : api_u64(key->account_id), "is_revoked",
                     key->is_revoked);
}

void api_keys_list(struct api_call *call)
{
    int max = 0;
    int count = 0;
    uint64_t after = 0;
    if (!api_argument_max(call, &max) || !api_argument_u64(call, "cursor", INT64_MAX, &after)) {
        return;
    }
    struct api_key *rows = calloc((size_t)max, sizeof(*rows));
    struct store *store = api_store(call);
    if (rows != NULL && store != NULL &&
        api_store_ok(call, config_page_key(store, after, rows, max, &count), "key")) {
        json_t *items = json_array();
        for (int i = 0; i < count; i++) {
            json_array_append_new(items, write_key(&rows[i]));
        }
        char next[24];
        snprintf(next, sizeof(next), "%llu",
                 count == 0 ? 0 : (unsigned long long)rows[count - 1].id);
        api_json(call, 200,
                 json_pack("{s:o,s:o}", "items", items, "next",
                           count == max ? json_string(next) : json_null()));
    }
    free(rows);
}

static bool read_role(struct api_call *call, const json_t *body, struct api_key *key)
{
    const char *role = json_string_value(json_object_get(body, "role"));
    const char *account = json_string_value(json_object_get(body, "account"));
    bool is_customer = role != NULL && strcmp(role, "customer") == 0;
    key->is_operator = role != NULL && strcmp(role, "operator") == 0;
    if (!is_customer && !key->is_operator) {
        api_problem_field(call, "role", "\"role\" is operator or customer.");
        return false;
    }
    if (is_customer != (account != NULL)) {
        api_problem_field(call, "account",
                          is_customer ? "A customer's key is for one \"account\": its name."
                                      : "An operator's key is for no account.");
        return false;
    }
    return !is_customer || api_find_account_id(call, account, &key->account_id);
}

static bool read_key(struct api_call *call, const json_t *body, struct api_key *key)
{
    static const char *const known[] = {"name", "role", "account", NULL};
    const char *name = field_only(call, body, known)
                           ? field_text(call, body, "name", sizeof(key->name) - 1)
                           : NULL;
    if (name == NULL) {
        return false;
    }
    snprintf(key->name, sizeof(key->name), "%s", name);
    return read_role(call, body, key);
}

void api_keys_make(struct api_call *call)
{
    struct api_key key = {0};
    char secret[SECRET_KEY_SIZE];
    json_t *body = api_body(call);
    struct store *store = NULL;
    if (body != NULL && read_key(call, body, &key) && (store = api_store(call)) != NULL) {
        if (!secret_key_make(secret)) {
            api_problem(call, PROBLEM_INTERNAL, "There is no randomness to make a key from.");
        } else {
            secret_hash(slice_from_text(secret), key.hash);
            if (api_store_ok(call, config_put_key(store, &key, call->principal.name), "a key")) {
                json_t *answer = write_key(&key);
                json_object_set_new(answer, "key", json_string(secret));
                api_json(call, 201, answer);
            }
        }
        OPENSSL_cleanse(secret, sizeof(secret));
    }
    json_decref(body);
}

static bool find_key(struct api_call *call, uint64_t id, struct api_key *out)
{
    struct store *store = api_store(call);
    int count = 0;
    if (store == NULL || id == 0) {
        return false;
    }
    return api_store_ok(call, config_page_key(store, id - 1, out, 1, &count), "key") &&
           count == 1 && out->id == id;
}

void api_keys_revoke(struct api_call *call)
{
    struct api_key key;
    uint64_t id = 0;
    if (!slice_to_u64(slice_from_text(call->param), INT64_MAX, &id) || !find_key(call, id, &key)) {
        if (call->response->status == 0) {
            api_problem(call, PROBLEM_NOT_FOUND, "There is no key %s.", call->param);
        }
        return;
    }
    if (call->principal.key_id == key.id) {
        api_problem(call, PROBLEM_CONFLICT,
                    "Key %s is the one you ask with. Revoke it with another operator's key.",
                    call->param);
        return;
    }
    key.is_revoked = true;
    if (api_store_ok(call, config_put_key(api_store(call), &key, call->principal.name), "key")) {
        keys_remove(call->api->keys, key.hash);
        sessions_end_of_key(call->api->sessions, key.hash);
        call->response->status = 204;
    }
}
