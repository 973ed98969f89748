/* test_web_session.c - logging in, and following events. */
#include "fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct answer post(const char *body)
{
    return ask_web(web, (struct question){"POST", "/v1/session", NULL, body, {NULL}});
}

static void cookie_of(const struct answer *answer, char out[160])
{
    const char *set = strstr(answer->headers, "Set-Cookie: ");
    assert_non_null(set);
    assert_non_null(strstr(set, "HttpOnly"));
    assert_non_null(strstr(set, "SameSite=Strict"));
    snprintf(out, 160, "Cookie: %.*s", (int)strcspn(set + 12, ";"), set + 12);
}

static long with_cookie(const char *method, const char *path, const char *body, const char *cookie,
                        const char *csrf)
{
    char header[128];
    snprintf(header, sizeof(header), "X-CSRF-Token: %s", csrf);
    struct answer answer = ask_web(
        web, (struct question){method, path, NULL, body, {cookie, csrf[0] ? header : NULL}});
    long status = answer.status;
    answer_done(&answer);
    return status;
}

static const char suspend_path[] = "/v1/accounts/bravo/suspension";

static void a_change_by_cookie_needs_the_sessions_token(void **state)
{
    (void)state;
    struct answer session = post("{\"name\":\"joan\",\"password\":\"correct horse\"}");
    assert_int_equal(session.status, 201);
    char cookie[160];
    char csrf[64];
    cookie_of(&session, cookie);
    snprintf(csrf, sizeof(csrf), "%s", text_of(&session, "csrf"));
    answer_done(&session);
    const char *why = "{\"why\":\"test\"}";
    assert_int_equal(with_cookie("GET", "/v1/accounts", NULL, cookie, ""), 200);
    assert_int_equal(with_cookie("PUT", suspend_path, why, cookie, ""), 403);
    assert_int_equal(with_cookie("PUT", suspend_path, why, cookie, "0123456789"), 403);
    assert_int_equal(with_cookie("PUT", suspend_path, why, cookie, csrf), 200);
    assert_int_equal(with_cookie("DELETE", "/v1/session", NULL, cookie, csrf), 204);
    assert_int_equal(with_cookie("GET", "/v1/accounts", NULL, cookie, ""), 401);
}

static void a_session_survives_a_restart_of_the_role(void **state)
{
    (void)state;
    struct answer session = post("{\"name\":\"joan\",\"password\":\"correct horse\"}");
    char cookie[160];
    cookie_of(&session, cookie);
    answer_done(&session);
    fixture_web_stop(web);
    fixture_web_start(web);
    assert_int_equal(with_cookie("GET", "/v1/session", NULL, cookie, ""), 200);
}

static void a_session_by_key_ends_with_the_key(void **state)
{
    (void)state;
    char body[128];
    char cookie[160];
    snprintf(body, sizeof(body), "{\"key\":\"%s\"}", web->customer_key);
    struct answer session = post(body);
    assert_int_equal(session.status, 201);
    assert_string_equal(text_of(&session, "role"), "customer");
    cookie_of(&session, cookie);
    answer_done(&session);
    assert_int_equal(with_cookie("GET", "/v1/accounts", NULL, cookie, ""), 200);
    assert_int_equal(with_cookie("GET", "/v1/keys", NULL, cookie, ""), 403);
    struct answer gone =
        ask_web(web, (struct question){"DELETE", "/v1/keys/2", web->operator_key, NULL, {NULL}});
    assert_int_equal(gone.status, 204);
    answer_done(&gone);
    assert_int_equal(with_cookie("GET", "/v1/accounts", NULL, cookie, ""), 401);
}

/* ---- events, by a socket of our own: they never end ---- */

static int follow(const char *key)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)web->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    char request[256];
    int size =
        snprintf(request, sizeof(request),
                 "GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", key);
    assert_int_equal(send(fd, request, (size_t)size, MSG_NOSIGNAL), size);
    return fd;
}

/* Reads until `wanted` was in it or 10 s have passed. */
static bool hears(int fd, const char *wanted, char *text, size_t text_size)
{
    size_t size = strlen(text);
    size_t looked = 0;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    time_t end_s = now.tv_sec + 10;
    while (strstr(text + looked, wanted) == NULL && now.tv_sec < end_s) {
        looked = size > strlen(wanted) ? size - strlen(wanted) : 0;
        struct pollfd waiting = {.fd = fd, .events = POLLIN};
        ssize_t got = 0;
        if (poll(&waiting, 1, 100) == 1) {
            got = recv(fd, text + size, text_size - size - 1, 0);
            if (got <= 0) {
                return false;
            }
        }
        size += (size_t)got;
        text[size] = '\0';
        clock_gettime(CLOCK_MONOTONIC, &now);
    }
    return strstr(text, wanted) != NULL;
}

static int follow_count(void)
{
    pthread_mutex_lock(&web->play.lock);
    int count = web->play.follow_count;
    pthread_mutex_unlock(&web->play.lock);
    return count;
}

static void the_edge_is_told_when_and_as_long_as_somebody_looks(void **state)
{
    (void)state;
    char text[16384] = "";
    int before = follow_count();
    int fd = follow(web->operator_key);
    assert_true(hears(fd, "event: hello", text, sizeof(text)));
    assert_true(follow_count() > before); /* before the first byte */
    int first = follow_count();
    for (int i = 0; i < 100 && follow_count() < first + 2; i++) {
        usleep(100000);
    }
    assert_true(follow_count() >= first + 2); /* and again, each second */
    close(fd);
}

static void events_reach_those_whom_they_concern(void **state)
{
    (void)state;
    struct answer made = ask_web(
        web, (struct question){"POST",
                               "/v1/keys",
                               web->operator_key,
                               "{\"name\":\"b\",\"role\":\"customer\",\"account\":\"bravo\"}",
                               {NULL}});
    char operator_text[16384] = "";
    char customer_text[16384] = "";
    int operator_fd = follow(web->operator_key);
    int customer_fd = follow(text_of(&made, "key"));
    answer_done(&made);
    assert_true(hears(operator_fd, "event: hello", operator_text, sizeof(operator_text)));
    assert_true(hears(customer_fd, "event: hello", customer_text, sizeof(customer_text)));
    assert_non_null(strstr(operator_text, "text/event-stream"));
    /* The link to the edge may still be coming up: told until it is heard. */
    for (int i = 0; i < 20 && strstr(operator_text, "\"mine\"") == NULL; i++) {
        fixture_edge_tell(web, "call.started", "{\"account_id\":1,\"key\":\"theirs\"}");
        fixture_edge_tell(web, "call.answered", "{\"account_id\":2,\"key\":\"mine\"}");
        (void)hears(operator_fd, "\"mine\"", operator_text, sizeof(operator_text));
    }
    assert_non_null(strstr(operator_text, "event: call.started\ndata: {\"account_id\":1"));
    assert_true(hears(customer_fd, "\"mine\"", customer_text, sizeof(customer_text)));
    assert_null(strstr(customer_text, "theirs"));
    close(operator_fd);
    close(customer_fd);
}

static void who_reads_too_slowly_is_told_and_cut_off(void **state)
{
    (void)state;
    int fd = follow(web->operator_key);
    char *text = calloc(1, 32 * 1024 * 1024);
    assert_true(hears(fd, "event: hello", text, 8192));
    char event[8192];
    memset(event, 'x', sizeof(event));
    memcpy(event, "{\"pad\":\"", 8);
    memcpy(event + sizeof(event) - 3, "\"}", 3);
    /* More than its queue and the kernel's buffers hold, but no faster than the link carries. */
    for (int i = 0; i < 1500; i++) {
        fixture_edge_tell(web, "call.started", event);
        usleep(1000);
    }
    assert_true(hears(fd, "event: lost", text, 32 * 1024 * 1024));
    free(text);
    close(fd);
}

static void a_stop_ends_the_streams_at_once(void **state)
{
    (void)state;
    char text[8192] = "";
    int fd = follow(web->operator_key);
    assert_true(hears(fd, "event: hello", text, sizeof(text)));
    struct timespec from;
    struct timespec to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    fixture_web_stop(web);
    clock_gettime(CLOCK_MONOTONIC, &to);
    assert_true(to.tv_sec - from.tv_sec <= 3);
    fixture_web_start(web);
    close(fd);
}

/* Last: the address is then made to wait. */
static void who_guesses_is_made_to_wait(void **state)
{
    (void)state;
    long status = 0;
    for (int i = 0; i < 15 && status != 429; i++) {
        struct answer answer = post("{\"key\":\"dt_guess\"}");
        status = answer.status;
        answer_done(&answer);
    }
    assert_int_equal(status, 429);
    struct answer answer = post("{\"name\":\"joan\",\"password\":\"correct horse\"}");
    assert_int_equal(answer.status, 429);
    assert_non_null(strstr(answer.headers, "Retry-After"));
    answer_done(&answer);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_by_cookie_needs_the_sessions_token),
        cmocka_unit_test(a_session_survives_a_restart_of_the_role),
        cmocka_unit_test(a_session_by_key_ends_with_the_key),
        cmocka_unit_test(the_edge_is_told_when_and_as_long_as_somebody_looks),
        cmocka_unit_test(events_reach_those_whom_they_concern),
        cmocka_unit_test(who_reads_too_slowly_is_told_and_cut_off),
        cmocka_unit_test(a_stop_ends_the_streams_at_once),
        cmocka_unit_test(who_guesses_is_made_to_wait),
    };
    return cmocka_run_group_tests(tests, web_start, web_stop);
}
