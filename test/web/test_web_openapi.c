/* test_web_openapi.c - what openapi.json says and what the server does are the same. */
#include "fixture.h"
#include "schema.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *file;

static int start(void **state)
{
    if (web_start(state) != 0) {
        return 1;
    }
    file = json_load_file(OPENAPI_FILE, JSON_REJECT_DUPLICATES, NULL);
    return file == NULL;
}

static int stop(void **state)
{
    (void)state;
    json_decref(file);
    fixture_stop(web);
    return 0;
}

static void lower(char *text)
{
    for (; *text != '\0'; text++) {
        *text = (char)tolower((unsigned char)*text);
    }
}

static void every_path_of_the_server_is_in_the_file(void **state)
{
    (void)state;
    size_t described = 0;
    json_t *paths = json_object_get(file, "paths");
    for (size_t i = 0; i < api_route_count(); i++) {
        struct api_route_info route = api_route_at(i);
        char method[16];
        snprintf(method, sizeof(method), "%s", route.method);
        lower(method);
        if (json_object_get(json_object_get(paths, route.path), method) == NULL) {
            fail_msg("%s %s is not in the file", route.method, route.path);
        }
    }
    const char *path;
    json_t *operations;
    json_object_foreach(paths, path, operations)
    {
        described += json_object_size(operations);
    }
    assert_int_equal(described, api_route_count()); /* and nothing else is */
}

/* ---- each operation, with the file's own examples ---- */

struct operation {
    const char *path, *method;
    const json_t *description;
    char url[1024];
    char idempotency[128];
    char *body;
    char type[64];
};

static void put_parameters(struct operation *operation)
{
    const json_t *parameters = json_object_get(operation->description, "parameters");
    snprintf(operation->url, sizeof(operation->url), "%s", operation->path);
    size_t index;
    json_t *parameter;
    json_array_foreach((json_t *)(unsigned long)parameters, index, parameter)
    {
        const char *in = json_string_value(json_object_get(parameter, "in"));
        const char *name = json_string_value(json_object_get(parameter, "name"));
        const char *example = json_string_value(json_object_get(parameter, "example"));
        if (example == NULL) {
            continue;
        }
        char *before = strdup(operation->url);
        if (strcmp(in, "path") == 0) {
            char *open = strchr(before, '{');
            const char *close = strchr(before, '}');
            assert_true(open != NULL && close != NULL);
            *open = '\0';
            snprintf(operation->url, sizeof(operation->url), "%s%s%s", before, example, close + 1);
        } else if (strcmp(in, "query") == 0) {
            snprintf(operation->url, sizeof(operation->url), "%s%s%s=%s", before,
                     strchr(before, '?') == NULL ? "?" : "&", name, example);
        } else if (strcmp(name, "Idempotency-Key") == 0) {
            snprintf(operation->idempotency, sizeof(operation->idempotency), "%s: %s", name,
                     example);
        }
        free(before);
    }
}

static void put_body(struct operation *operation)
{
    const json_t *body = json_object_get(operation->description, "requestBody");
    json_t *content = json_object_get(body, "content");
    const char *type;
    json_t *media;
    json_object_foreach(content, type, media)
    {
        const json_t *example = json_object_get(media, "example");
        char why[256];
        snprintf(operation->type, sizeof(operation->type), "Content-Type: %s", type);
        if (json_is_string(example)) {
            operation->body = strdup(json_string_value(example));
        } else {
            bool fits =
                schema_fits(file, json_object_get(media, "schema"), example, why, sizeof(why));
            if (!fits) {
                fail_msg("%s %s: the example does not fit: %s", operation->method, operation->path,
                         why);
            }
            operation->body = json_dumps(example, 0);
        }
    }
}

static struct answer send_operation(const struct operation *operation, const char *key)
{
    char method[16];
    snprintf(method, sizeof(method), "%s", operation->method);
    for (char *c = method; *c != '\0'; c++) {
        *c = (char)toupper((unsigned char)*c);
    }
    struct question question = {method, operation->url, key, operation->body, {NULL}};
    int count = 0;
    if (operation->type[0] != '\0') {
        question.headers[count++] = operation->type;
    }
    if (operation->idempotency[0] != '\0') {
        question.headers[count++] = operation->idempotency;
    }
    return ask_web(web, question);
}

static void check_answer(const struct operation *operation, const struct answer *answer)
{
    char status[16];
    char why[256] = "";
    snprintf(status, sizeof(status), "%ld", answer->status);
    const json_t *responses = json_object_get(operation->description, "responses");
    const json_t *response = schema_resolve(file, json_object_get(responses, status));
    if (response == NULL) {
        fail_msg("%s %s: %s is not described: %s", operation->method, operation->url, status,
                 answer->body);
    }
    const char *type;
    json_t *media;
    json_t *content = json_object_get(response, "content");
    bool is_described = content == NULL;
    json_object_foreach(content, type, media)
    {
        if (strstr(answer->headers, type) == NULL) {
            continue; /* one of several */
        }
        is_described = true;
        if (strstr(type, "json") != NULL &&
            !schema_fits(file, json_object_get(media, "schema"), answer->json, why, sizeof(why))) {
            fail_msg("%s %s: %s: %s", operation->method, operation->url, why, answer->body);
        }
    }
    if (!is_described) {
        fail_msg("%s %s: not of a type that is described", operation->method, operation->url);
    }
}

/* Streams never end by themselves, and a refund needs a charge: these two are asked elsewhere. */
static bool may_fail(const struct operation *operation)
{
    return strstr(operation->path, "/refunds") != NULL;
}

static void try_operation(const char *path, const char *method, const json_t *description)
{
    struct operation operation = {.path = path, .method = method, .description = description};
    put_parameters(&operation);
    put_body(&operation);
    const char *role = json_string_value(json_object_get(description, "x-role"));
    assert_non_null(role);
    if (strcmp(role, "open") != 0) {
        struct answer closed = send_operation(&operation, NULL);
        assert_int_equal(closed.status, 401);
        check_answer(&operation, &closed);
        answer_done(&closed);
    }
    if (strcmp(role, "operator") == 0) {
        struct answer forbidden = send_operation(&operation, web->customer_key);
        assert_int_equal(forbidden.status, 403);
        check_answer(&operation, &forbidden);
        answer_done(&forbidden);
    }
    if (strcmp(path, "/v1/events") != 0) {
        struct answer answer = send_operation(&operation, web->operator_key);
        check_answer(&operation, &answer);
        if (answer.status >= 300 && !may_fail(&operation)) {
            fail_msg("%s %s: %ld %s", method, operation.url, answer.status, answer.body);
        }
        answer_done(&answer);
    }
    free(operation.body);
}

static const char *const rounds[][4] = {{"post", NULL}, {"get", "patch", "put", NULL}};

static void each_operation_answers_as_the_file_says(void **state)
{
    (void)state;
    const char *path;
    json_t *operations;
    for (size_t round = 0; round < ARRAY_COUNT(rounds); round++) {
        json_object_foreach(json_object_get(file, "paths"), path, operations)
        {
            for (int i = 0; rounds[round][i] != NULL; i++) {
                const json_t *found = json_object_get(operations, rounds[round][i]);
                if (found != NULL) {
                    try_operation(path, rounds[round][i], found);
                }
            }
        }
    }
}

/* What was made last is removed first; the account stays, as it has entries in its books. */
static void each_removal_answers_as_the_file_says(void **state)
{
    (void)state;
    const char *paths[128];
    size_t count = 0;
    const char *path;
    json_t *operations;
    json_object_foreach(json_object_get(file, "paths"), path, operations)
    {
        if (json_object_get(operations, "delete") != NULL && count < ARRAY_COUNT(paths) &&
            strcmp(path, "/v1/accounts/{account}") != 0) {
            paths[count++] = path;
        }
    }
    while (count-- > 0) {
        operations = json_object_get(json_object_get(file, "paths"), paths[count]);
        try_operation(paths[count], "delete", json_object_get(operations, "delete"));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_path_of_the_server_is_in_the_file),
        cmocka_unit_test(each_operation_answers_as_the_file_says),
        cmocka_unit_test(each_removal_answers_as_the_file_says),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
