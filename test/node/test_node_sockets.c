/* Which socket of an address gets which datagram: the kernel's program, asked with real datagrams.
 */
#include "node/sockets.h"
#include "node/sockets_class.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define WORKERS 3
#define SENDERS 24

static void bind_both(struct node_sockets *sockets)
{
    struct node_config config;
    char error[300];
    config_defaults(&config);
    config.listen_count = 2;
    memset(config.listen, 0, sizeof(config.listen));
    snprintf(config.listen[0].host, sizeof(config.listen[0].host), "127.0.0.1");
    snprintf(config.listen[1].host, sizeof(config.listen[1].host), "::1");
    snprintf(config.http, sizeof(config.http), "127.0.0.1:0");
    assert_true(sockets_bind(&config, WORKERS, sockets, error, sizeof(error)));
    assert_string_equal(sockets->class_error, "");
}

static int sender(const struct role_socket *to)
{
    bool is_ipv6 = strchr(to->host, ':') != NULL;
    int fd = socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(to->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(to->port)};
    inet_pton(AF_INET, "127.0.0.1", &v4.sin_addr);
    inet_pton(AF_INET6, "::1", &v6.sin6_addr);
    int status = is_ipv6 ? connect(fd, (struct sockaddr *)&v6, sizeof(v6))
                         : connect(fd, (struct sockaddr *)&v4, sizeof(v4));
    assert_int_equal(status, 0);
    return fd;
}

/* The socket that got it: exactly one. */
static const struct role_socket *arrived(const struct node_sockets *sockets)
{
    struct pollfd polls[64];
    char bytes[64];
    int count = sockets->socket_count;
    assert_in_range(count, 1, 64);
    for (int i = 0; i < count; i++) {
        polls[i] = (struct pollfd){.fd = sockets->sockets[i].fd, .events = POLLIN};
    }
    assert_int_equal(poll(polls, (nfds_t)count, 2000), 1);
    for (int i = 0; i < count; i++) {
        if ((polls[i].revents & POLLIN) != 0) {
            assert_true(recv(sockets->sockets[i].fd, bytes, sizeof(bytes), 0) >= 0);
            return &sockets->sockets[i];
        }
    }
    fail();
    return NULL;
}

static void each_kind_has_its_socket(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum socket_class class;
    } cases[] = {
        {"SIP/2.0 200 OK\r\n", SOCKET_DIALOG},
        {"ACK sip:a@b SIP/2.0\r\n", SOCKET_DIALOG},
        {"BYE sip:a@b SIP/2.0\r\n", SOCKET_DIALOG},
        {"CANCEL sip:a@b SIP/2.0\r\n", SOCKET_DIALOG},
        {"PRACK sip:a@b SIP/2.0\r\n", SOCKET_DIALOG},
        {"UPDATE sip:a@b SIP/2.0\r\n", SOCKET_DIALOG},
        {"INVITE sip:a@b SIP/2.0\r\n", SOCKET_INVITE},
        {"REGISTER sip:b SIP/2.0\r\n", SOCKET_REGISTER},
        {"OPTIONS sip:b SIP/2.0\r\n", SOCKET_REST},
        {"MESSAGE sip:b SIP/2.0\r\n", SOCKET_REST},
        {"bye sip:a@b SIP/2.0\r\n", SOCKET_REST},
        {"ACK", SOCKET_REST},
        {"\r\n", SOCKET_REST},
        {"", SOCKET_REST},
        {"\r\n\r\n", SOCKET_REST},
    };
    struct node_sockets sockets;
    bind_both(&sockets);
    for (int listener = 0; listener < 2; listener++) {
        const struct role_socket *to = NULL;
        for (int i = 0; i < sockets.socket_count && to == NULL; i++) {
            to = sockets.sockets[i].listener == listener ? &sockets.sockets[i] : NULL;
        }
        assert_non_null(to);
        int fd = sender(to);
        int worker = -1;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            size_t size = strlen(cases[i].text);
            assert_int_equal(send(fd, cases[i].text, size, 0), (ssize_t)size);
            const struct role_socket *got = arrived(&sockets);
            assert_int_equal(got->class_index, cases[i].class);
            assert_int_equal(socket_class_of(slice_make(cases[i].text, size)), cases[i].class);
            assert_int_equal(got->listener, listener);
            if (worker < 0) {
                worker = got->worker;
            }
            assert_int_equal(got->worker, worker); /* one sender, one worker, whatever it sends */
        }
        close(fd);
    }
    sockets_close(&sockets);
}

static void senders_are_spread_over_the_workers(void **state)
{
    (void)state;
    struct node_sockets sockets;
    bind_both(&sockets);
    for (int listener = 0; listener < 2; listener++) {
        int seen[WORKERS] = {0};
        const struct role_socket *to = &sockets.sockets[0];
        while (to->listener != listener) {
            to++;
        }
        for (int i = 0; i < SENDERS; i++) {
            int fd = sender(to);
            assert_int_equal(send(fd, "INVITE ", 7, 0), 7);
            seen[arrived(&sockets)->worker]++;
            close(fd);
        }
        for (int i = 0; i < WORKERS; i++) {
            assert_in_range(seen[i], 1, SENDERS - 2);
        }
    }
    sockets_close(&sockets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_has_its_socket),
        cmocka_unit_test(senders_are_spread_over_the_workers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
