/* A POST to somebody else's server, which may never answer. */
#include "net/post.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* Takes connections, and says nothing. */
static int listen_silently(char url[64])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    snprintf(url, 64, "http://127.0.0.1:%d/", ntohs(address.sin_port));
    return fd;
}

static void however_little_patience_there_is_it_ends(void **state)
{
    (void)state;
    static const int64_t patiences_us[] = {0, 1, 999, 1000, 20000};
    static const char *const no_headers[] = {NULL};
    static atomic_bool is_cancelled;
    char url[64];
    int fd = listen_silently(url);
    for (size_t i = 0; i < ARRAY_COUNT(patiences_us); i++) {
        struct post_request request = {url, no_headers, SLICE("{}"), patiences_us[i],
                                       &is_cancelled};
        struct post_answer answer;
        post_send(&request, &answer);
        assert_int_equal(answer.status, 0);
        assert_false(answer.is_cancelled);
        assert_string_not_equal(answer.error, "");
    }
    close(fd);
}

static void who_is_cancelled_hears_so(void **state)
{
    (void)state;
    static const char *const no_headers[] = {NULL};
    static atomic_bool is_cancelled = true;
    char url[64];
    int fd = listen_silently(url);
    struct post_request request = {url, no_headers, SLICE("{}"), 60000000, &is_cancelled};
    struct post_answer answer;
    post_send(&request, &answer);
    assert_int_equal(answer.status, 0);
    assert_true(answer.is_cancelled);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(however_little_patience_there_is_it_ends),
        cmocka_unit_test(who_is_cancelled_hears_so),
    };
    return post_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
