/* test_net_control.c - control sockets: JSON lines, answers, events, and those who misbehave. */
#include "net/control.h"
#include "net/control_socket.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_US 5000000

static char root[64];
static char dir[400]; /* longer than a socket address */
static struct control_server *server;

static void handle(void *ctx, const char *command, const json_t *request,
                   struct control_answer *answer)
{
    (void)ctx;
    if (strcmp(command, "echo") == 0) {
        control_answer_json(answer, json_pack("{s:O}", "what", json_object_get(request, "what")));
    } else if (strcmp(command, "text") == 0) {
        control_answer_text(answer, strdup("\"list\":[1,2,3]"));
    } else if (strcmp(command, "refuse") == 0) {
        control_answer_error(answer, "not-found", "There is no \"%s\".", "thing");
    } else if (strcmp(command, "events") == 0) {
        control_answer_events(answer);
    } else if (strcmp(command, "sleep") == 0) {
        usleep(400000); /* a handler that is slower than the one who asks is patient */
    }
}

static int start(void **state)
{
    (void)state;
    snprintf(root, sizeof(root), "/tmp/dialtone-control-XXXXXX");
    if (mkdtemp(root) == NULL) {
        return 1;
    }
    char part[151];
    memset(part, 'd', 150);
    part[150] = '\0';
    snprintf(dir, sizeof(dir), "%s/%s", root, part);
    struct control_options options = {.run_dir = dir, .name = "edge.sock", .handle = handle};
    if (mkdir(dir, 0700) != 0) {
        return 1;
    }
    server = control_server_new(&options, NULL);
    return server == NULL;
}

static int stop(void **state)
{
    (void)state;
    control_server_free(server);
    int failed = rmdir(dir) || rmdir(root); /* the socket is gone too */
    return failed;
}

static void a_question_is_answered_in_a_directory_with_a_long_name(void **state)
{
    (void)state;
    struct control_client *client = control_client_new(dir, "edge.sock");
    json_t *members = json_pack("{s:s}", "what", "caf\xc3\xa9\n");
    json_t *answer = NULL;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(control_client_ask(client, "echo", members, PATIENCE_US, &answer),
                         CONTROL_OK);
        assert_string_equal(json_string_value(json_object_get(answer, "what")), "caf\xc3\xa9\n");
        json_decref(answer);
    }
    assert_int_equal(control_client_ask(client, "text", NULL, PATIENCE_US, &answer), CONTROL_OK);
    assert_int_equal(json_array_size(json_object_get(answer, "list")), 3);
    json_decref(answer);
    json_decref(members);
    control_client_free(client);
}

static void a_refusal_carries_its_code_and_sentence(void **state)
{
    (void)state;
    struct control_client *client = control_client_new(dir, "edge.sock");
    json_t *answer = NULL;
    assert_int_equal(control_client_ask(client, "refuse", NULL, PATIENCE_US, &answer),
                     CONTROL_REFUSED);
    assert_string_equal(json_string_value(json_object_get(answer, "code")), "not-found");
    assert_string_equal(json_string_value(json_object_get(answer, "error")),
                        "There is no \"thing\".");
    json_decref(answer);
    control_client_free(client);
}

static void no_answer_is_unknown_and_the_late_one_is_not_taken_for_the_next(void **state)
{
    (void)state;
    json_t *answer = NULL;
    struct control_client *nobody = control_client_new(dir, "nobody.sock");
    assert_int_equal(control_client_ask(nobody, "echo", NULL, PATIENCE_US, &answer),
                     CONTROL_UNKNOWN);
    control_client_free(nobody);
    struct control_client *client = control_client_new(dir, "edge.sock");
    assert_int_equal(control_client_ask(client, "sleep", NULL, 50000, &answer), CONTROL_UNKNOWN);
    assert_int_equal(control_client_ask(client, "refuse", NULL, PATIENCE_US, &answer),
                     CONTROL_REFUSED);
    json_decref(answer);
    control_client_free(client);
}

/* Sends bytes and reads one answer, at most 4 kB. */
static ssize_t send_raw(const char *data, size_t size, char *answer, size_t answer_size)
{
    int fd = control_socket_connect(dir, "edge.sock");
    assert_true(fd >= 0);
    size_t sent = 0;
    while (sent < size) {
        ssize_t more = send(fd, data + sent, size - sent, MSG_NOSIGNAL);
        if (more < 0 && errno != EAGAIN) {
            break;
        }
        sent += more > 0 ? (size_t)more : 0;
    }
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&waiting, 1, 5000), 1);
    ssize_t got = recv(fd, answer, answer_size - 1, 0);
    answer[got > 0 ? got : 0] = '\0';
    close(fd);
    return got;
}

static void a_question_after_the_other_end_restarted_is_asked_again(void **state)
{
    (void)state;
    struct control_options options = {.run_dir = dir, .name = "again.sock", .handle = handle};
    struct control_server *first = control_server_new(&options, NULL);
    struct control_client *client = control_client_new(dir, "again.sock");
    json_t *answer = NULL;
    assert_non_null(first);
    assert_int_equal(control_client_ask(client, "text", NULL, PATIENCE_US, &answer), CONTROL_OK);
    json_decref(answer);
    control_server_free(first);
    struct control_server *second = control_server_new(&options, NULL);
    assert_non_null(second);
    assert_int_equal(control_client_ask(client, "text", NULL, PATIENCE_US, &answer), CONTROL_OK);
    json_decref(answer);
    control_server_free(second);
    assert_int_equal(control_client_ask(client, "text", NULL, PATIENCE_US, &answer),
                     CONTROL_UNKNOWN); /* once more, not for ever */
    control_client_free(client);
}

static void a_line_that_is_no_request_is_answered_as_one_that_is_bad(void **state)
{
    (void)state;
    static const char *const bad[] = {"\n",           "hello\n",
                                      "[]\n",         "{}\n",
                                      "{\"do\":1}\n", "{\"do\":\"echo\",\"do\":\"echo\"}\n",
                                      "{\"id\":7}\n"};
    char answer[4096];
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        assert_true(send_raw(bad[i], strlen(bad[i]), answer, sizeof(answer)) > 0);
        assert_non_null(strstr(answer, "\"code\":\"bad-request\""));
    }
    assert_non_null(strstr(answer, "\"id\":7"));
}

static void a_line_without_an_end_is_cut_off(void **state)
{
    (void)state;
    size_t size = CONTROL_REQUEST_MAX * 4;
    char *line = malloc(size);
    char answer[16];
    memset(line, 'x', size);
    assert_true(send_raw(line, size, answer, sizeof(answer)) <= 0);
    free(line);
}

static void events_follow_until_the_reader_is_too_slow(void **state)
{
    (void)state;
    json_t *line = NULL;
    struct control_client *client = control_client_new(dir, "edge.sock");
    assert_false(control_server_has_readers(server));
    assert_int_equal(control_client_ask(client, "events", NULL, PATIENCE_US, &line), CONTROL_OK);
    json_decref(line);
    for (int i = 0; i < 5000 && !control_server_has_readers(server); i++) {
        usleep(1000);
    }
    assert_true(control_server_has_readers(server));
    assert_int_equal(control_client_event(client, 10000, &line), CONTROL_QUIET);
    control_server_publish(server, "call.started", SLICE("{\"key\":\"1\"}"));
    assert_int_equal(control_client_event(client, PATIENCE_US, &line), CONTROL_OK);
    assert_string_equal(json_string_value(json_object_get(line, "event")), "call.started");
    json_decref(line);
    char json[8200];
    memset(json, 'x', sizeof(json));
    memcpy(json, "{\"pad\":\"", 8);
    memcpy(json + sizeof(json) - 2, "\"}", 2);
    for (int i = 0; i < 1000 && control_server_has_readers(server); i++) {
        control_server_publish(server, "call.started", slice_make(json, sizeof(json)));
        usleep(100);
    }
    for (int i = 0; i < 5000 && control_server_has_readers(server); i++) {
        usleep(1000);
    }
    assert_false(control_server_has_readers(server));
    enum control_result result = CONTROL_OK;
    for (int i = 0; i < 2000 && result == CONTROL_OK; i++) { /* what was sent, then the end */
        result = control_client_event(client, PATIENCE_US, &line);
        if (result == CONTROL_OK) {
            json_decref(line);
        }
    }
    assert_int_equal(result, CONTROL_UNKNOWN);
    control_client_free(client);
}

static void the_socket_is_for_its_owner_only(void **state)
{
    (void)state;
    char path[500];
    struct stat found;
    snprintf(path, sizeof(path), "%s/edge.sock", dir);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
}

static void a_nudge_is_heard_once_and_never_waits(void **state)
{
    (void)state;
    int fd = control_socket_hear(dir, "edge.nudge");
    assert_true(fd >= 0);
    assert_false(control_socket_was_nudged(fd));
    control_socket_nudge(dir, "edge.nudge");
    control_socket_nudge(dir, "edge.nudge");
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&waiting, 1, 5000), 1);
    assert_true(control_socket_was_nudged(fd));
    assert_false(control_socket_was_nudged(fd));
    for (int i = 0; i < 5000; i++) { /* more than a socket keeps, and nobody reads */
        control_socket_nudge(dir, "edge.nudge");
    }
    assert_true(control_socket_was_nudged(fd));
    close(fd);
    control_socket_nudge(dir, "edge.nudge"); /* nobody hears it */
    control_socket_nudge("/nowhere", "edge.nudge");
    assert_false(control_socket_was_nudged(-1));
    fd = control_socket_hear(dir, "edge.nudge"); /* again, where the old one's file is left */
    assert_true(fd >= 0);
    control_socket_nudge(dir, "edge.nudge");
    assert_true(control_socket_was_nudged(fd));
    close(fd);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_is_answered_in_a_directory_with_a_long_name),
        cmocka_unit_test(a_refusal_carries_its_code_and_sentence),
        cmocka_unit_test(no_answer_is_unknown_and_the_late_one_is_not_taken_for_the_next),
        cmocka_unit_test(a_question_after_the_other_end_restarted_is_asked_again),
        cmocka_unit_test(a_line_that_is_no_request_is_answered_as_one_that_is_bad),
        cmocka_unit_test(a_line_without_an_end_is_cut_off),
        cmocka_unit_test(events_follow_until_the_reader_is_too_slow),
        cmocka_unit_test(the_socket_is_for_its_owner_only),
        cmocka_unit_test(a_nudge_is_heard_once_and_never_waits),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
