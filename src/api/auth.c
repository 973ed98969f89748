#include "api/auth.h"

#include "api/secret.h"

#include <stdio.h>
#include <string.h>

static const char *header(const struct api_call *call, const char *name)
{
    return call->request->header(call->request->from, name);
}

bool auth_is_local(const struct api_call *call)
{
    return call->request->is_loopback && header(call, "X-Forwarded-For") == NULL &&
           header(call, "Forwarded") == NULL;
}

bool auth_may_try(struct api_call *call)
{
    int64_t wait_us = sessions_wait_us(call->api->sessions, call->request->peer, call->now_us);
    if (wait_us == 0) {
        return true;
    }
    api_problem(call, PROBLEM_TOO_MANY, "Too many attempts to log in failed. Wait a little.");
    api_header(call, "Retry-After", "%d", (int)(wait_us / 1000000) + 1);
    return false;
}

void auth_note_failure(struct api_call *call, const char *what)
{
    sessions_note_failure(call->api->sessions, call->request->peer, call->now_us);
    api_log(call->api, json_pack("{s:s,s:s,s:s}", "event", "login.failed", "what", what, "peer",
                                 call->request->peer));
}

static bool use_key(struct api_call *call, const struct api_key *key)
{
    if (key->is_revoked) {
        auth_note_failure(call, "revoked key");
        api_problem(call, PROBLEM_UNAUTHORIZED, "This key was revoked.");
        return false;
    }
    return true;
}

static bool ask_key(struct api_call *call, const char *hash, struct api_key *out)
{
    struct store *store = api_store(call);
    enum store_result result = store == NULL ? STORE_UNKNOWN : config_key_by_hash(store, hash, out);
    if (result == STORE_OK) {
        keys_put(call->api->keys, out, call->now_us);
        return use_key(call, out);
    }
    if (result == STORE_ABSENT) {
        auth_note_failure(call, "no such key");
        api_problem(call, PROBLEM_UNAUTHORIZED, "There is no such key.");
        return false;
    }
    if (keys_find_any(call->api->keys, hash, out).is == TRI_PRESENT) {
        if (call->slot != NULL) {
            stores_note_unknown(call->slot);
        }
        return use_key(call, out);
    }
    return store != NULL && api_store_ok(call, result, "key"); /* false: both have answered */
}

bool auth_find_key(struct api_call *call, const char *key, struct api_key *out)
{
    char hash[SECRET_HASH_SIZE];
    secret_hash(slice_from_text(key), hash);
    switch (keys_find_fresh(call->api->keys, hash, call->now_us, out).is) {
    case TRI_PRESENT:
        return use_key(call, out);
    case TRI_ABSENT:
    case TRI_UNKNOWN:
        break;
    }
    return auth_may_try(call) && ask_key(call, hash, out);
}

static bool by_key(struct api_call *call, const char *key)
{
    struct api_key found;
    if (!auth_find_key(call, key, &found)) {
        return false;
    }
    struct principal *principal = &call->principal;
    principal->role = found.is_operator ? API_ROLE_OPERATOR : API_ROLE_CUSTOMER;
    principal->account_id = found.account_id;
    principal->key_id = found.id;
    snprintf(principal->name, sizeof(principal->name), "key:%.59s", found.name);
    return true;
}

bool auth_cookie(const struct api_call *call, char token[SESSION_TOKEN_SIZE])
{
    struct slice cookies = slice_from_text(header(call, "Cookie"));
    while (cookies.size > 0) {
        struct slice value = slice_trim(slice_split(&cookies, ';'));
        struct slice name = slice_split(&value, '=');
        if (slice_equal(name, SLICE(AUTH_COOKIE))) {
            return slice_copy_text(value, token, SESSION_TOKEN_SIZE);
        }
    }
    return false;
}

static bool is_harmless(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static bool has_csrf_token(const struct api_call *call, const struct session *session)
{
    const char *token = header(call, "X-CSRF-Token");
    return token != NULL && secret_equal(token, session->csrf);
}

static bool by_session(struct api_call *call, const char *token)
{
    struct session session;
    if (!sessions_find(call->api->sessions, token, call->wall_us, &session)) {
        api_problem(call, PROBLEM_UNAUTHORIZED, "The session has ended. Log in again.");
        return false;
    }
    if (!is_harmless(call->request->method) && !has_csrf_token(call, &session)) {
        api_problem(call, PROBLEM_FORBIDDEN,
                    "A change by a session needs its token in the header X-CSRF-Token.");
        return false;
    }
    struct principal *principal = &call->principal;
    principal->role = session.is_operator ? API_ROLE_OPERATOR : API_ROLE_CUSTOMER;
    principal->account_id = session.account_id;
    principal->is_by_cookie = true;
    memcpy(principal->name, session.name, sizeof(principal->name));
    memcpy(principal->csrf, session.csrf, sizeof(principal->csrf));
    return true;
}

static bool identify(struct api_call *call)
{
    const char *authorization = header(call, "Authorization");
    char token[SESSION_TOKEN_SIZE];
    if (authorization != NULL) {
        struct slice value = slice_from_text(authorization);
        if (!slice_starts_with_nocase(value, SLICE("Bearer "))) {
            api_problem(call, PROBLEM_UNAUTHORIZED, "Send \"Authorization: Bearer KEY\".");
            return false;
        }
        return by_key(call, slice_trim(slice_skip(value, 7)).data);
    }
    if (auth_cookie(call, token)) {
        return by_session(call, token);
    }
    api_problem(call, PROBLEM_UNAUTHORIZED, "Send \"Authorization: Bearer KEY\", or log in.");
    return false;
}

bool auth_check(struct api_call *call)
{
    enum api_role needed = call->route->role;
    if (needed == API_ROLE_NONE) {
        return true;
    }
    if (!identify(call)) {
        return false;
    }
    if (call->principal.role < needed) {
        api_problem(call, PROBLEM_FORBIDDEN, "This needs the key of an operator.");
        return false;
    }
    return true;
}
