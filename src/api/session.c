/* session.c - the console's log-in: an operator's name and password, or an API key, for a cookie.
 */
#include "api/auth.h"
#include "api/handlers.h"
#include "api/secret.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *write_session(const struct principal *principal)
{
    return json_pack("{s:s,s:s,s:o,s:s}", "name", principal->name, "role",
                     principal->role == API_ROLE_OPERATOR ? "operator" : "customer", "account_id",
                     principal->account_id == 0 ? json_null() : api_u64(principal->account_id),
                     "csrf", principal->csrf);
}

static void set_cookie(struct api_call *call, const char *token, int64_t age_s)
{
    const char *scheme = call->request->header(call->request->from, "X-Forwarded-Proto");
    bool is_secure = scheme != NULL && strcmp(scheme, "https") == 0;
    api_header(call, "Set-Cookie", "%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s",
               AUTH_COOKIE, token, (long long)age_s, is_secure ? "; Secure" : "");
}

static bool start_by_key(struct api_call *call, const char *text, struct session *session)
{
    struct api_key key;
    if (!auth_find_key(call, text, &key)) {
        return false;
    }
    session->is_operator = key.is_operator;
    session->account_id = key.account_id;
    memcpy(session->key_hash, key.hash, sizeof(session->key_hash));
    snprintf(session->name, sizeof(session->name), "key:%.59s", key.name);
    return true;
}

/* One at a time: each costs much memory and time on purpose. */
static bool password_matches(struct api_call *call, const char *sealed, const char *password)
{
    pthread_mutex_lock(&call->api->login_lock);
    bool matches = secret_password_matches(sealed, password);
    pthread_mutex_unlock(&call->api->login_lock);
    return matches;
}

static bool start_by_password(struct api_call *call, const char *name, const char *password,
                              struct session *session)
{
    /* Compared with where there is no such operator, so that both take the same time. */
    static const char nobody[] = "scrypt$32768$8$1$00000000000000000000000000000000$"
                                 "0000000000000000000000000000000000000000000000000000000000000000";
    char setting[64];
    char sealed[256];
    struct store *store = auth_may_try(call) ? api_store(call) : NULL;
    if (store == NULL) {
        return false;
    }
    enum store_result result = STORE_ABSENT;
    if (secret_operator_name_ok(name)) {
        snprintf(setting, sizeof(setting), "console.operator.%s", name);
        result = config_get_setting(store, setting, sealed, sizeof(sealed));
    }
    if (result != STORE_OK && result != STORE_ABSENT) {
        return api_store_ok(call, result, "operator");
    }
    if (!password_matches(call, result == STORE_OK ? sealed : nobody, password) ||
        result != STORE_OK) {
        auth_note_failure(call, "password");
        api_problem(call, PROBLEM_UNAUTHORIZED, "Name or password is wrong.");
        return false;
    }
    session->is_operator = true;
    snprintf(session->name, sizeof(session->name), "operator:%.40s", name);
    return true;
}

static bool log_in(struct api_call *call, const json_t *body, struct session *session)
{
    static const char *const known[] = {"key", "name", "password", NULL};
    if (!field_only(call, body, known)) {
        return false;
    }
    if (json_object_get(body, "key") != NULL) {
        const char *key = field_text(call, body, "key", SECRET_PASSWORD_MAX);
        return key != NULL && start_by_key(call, key, session);
    }
    const char *name = field_text(call, body, "name", SECRET_PASSWORD_MAX);
    const char *password =
        name == NULL ? NULL : field_text(call, body, "password", SECRET_PASSWORD_MAX);
    return password != NULL && start_by_password(call, name, password, session);
}

void session_start(struct api_call *call)
{
    struct session session = {0};
    char token[SESSION_TOKEN_SIZE];
    json_t *body = api_body(call);
    if (body != NULL && log_in(call, body, &session)) {
        if (sessions_start(call->api->sessions, &session, call->wall_us, token)) {
            struct principal *principal = &call->principal;
            principal->role = session.is_operator ? API_ROLE_OPERATOR : API_ROLE_CUSTOMER;
            principal->account_id = session.account_id;
            memcpy(principal->name, session.name, sizeof(principal->name));
            memcpy(principal->csrf, session.csrf, sizeof(principal->csrf));
            set_cookie(call, token, SESSION_LENGTH_US / 1000000);
            api_json(call, 201, write_session(principal));
        } else {
            api_problem(call, PROBLEM_INTERNAL, "There is no randomness to start a session.");
        }
    }
    json_decref(body);
}

void session_read(struct api_call *call)
{
    api_json(call, 200, write_session(&call->principal));
}

void session_end(struct api_call *call)
{
    char token[SESSION_TOKEN_SIZE];
    if (auth_cookie(call, token)) {
        sessions_end(call->api->sessions, token);
    }
    set_cookie(call, "", 0);
    call->response->status = 204;
}
