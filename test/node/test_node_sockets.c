/* Which socket of an address gets which datagram: the kernel's program, asked with real datagrams.
 */
#include "node/sockets.h"
#include "node/sockets_class.h"
#include "node/sockets_thin.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "guard/thin.h"

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

/* ---- what is taken out before a socket ---- */

#define CALLS 400
#define LONG_LINES "Max-Forwards: 70\r\nX-Fill: 0123456789012345678901234567890123456789012345\r\n"

static int thin_sender;
static const struct role_socket *thin_socket;
static const struct sockets_thin *thin_attached; /* NULL: none, or not looked at */

/* A request as a phone writes it; each number is another call. */
static size_t write_request(char *text, size_t size, const char *method, const char *uri,
                            int number, const char *more)
{
    return (size_t)snprintf(text, size,
                            "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;rport;"
                            "branch=z9hG4bK-%x-%d\r\nFrom: <sip:a@example.com>;tag=t%d\r\n"
                            "To: <sip:b@example.com>\r\nCall-ID: c%d@127.0.0.1\r\n"
                            "CSeq: 1 %s\r\n" LONG_LINES "%s\r\n",
                            method, uri, (unsigned)number * 2654435761u, number, number, number,
                            method, more);
}

static bool comes_through(const char *method, const char *uri, int number, const char *more)
{
    char text[2048];
    char got[2048];
    size_t size = write_request(text, sizeof(text), method, uri, number, more);
    assert_int_equal(send(thin_sender, text, size, 0), size);
    /* Over loopback it is there, or never comes. */
    bool has_come = recv(thin_socket->fd, got, sizeof(got), MSG_DONTWAIT) == (ssize_t)size;
    if (thin_attached != NULL) {
        assert_int_equal(sockets_thin_takes(thin_attached, slice_make(text, size)), !has_come);
    }
    return has_come;
}

static int count_through(const char *method, const char *uri, const char *more, bool *fates)
{
    int count = 0;
    for (int i = 0; i < CALLS; i++) {
        fates[i] = comes_through(method, uri, i, more);
        count += fates[i];
    }
    return count;
}

static void thin_open(struct node_sockets *sockets, int listener, enum socket_class class)
{
    bind_both(sockets);
    thin_socket = NULL;
    thin_attached = NULL;
    thin_sender = -1;
    char text[2048];
    for (int i = 0; i < sockets->socket_count && thin_sender < 0; i++) {
        if (sockets->sockets[i].listener == listener) {
            thin_sender = sender(&sockets->sockets[i]);
        }
    }
    size_t size = write_request(text, sizeof(text), class == SOCKET_INVITE ? "INVITE" : "REGISTER",
                                "sip:x", 0, "");
    assert_int_equal(send(thin_sender, text, size, 0), size);
    thin_socket = arrived(sockets);
    assert_int_equal(thin_socket->class_index, class);
}

static struct sockets_thin thin_half(enum socket_class class)
{
    return (struct sockets_thin){.class = class,
                                 .hosts = {SLICE("example.com"), SLICE("127.0.0.1")},
                                 .host_count = 2,
                                 .emergency_size = 3,
                                 .salt = 77,
                                 .proven_size = SIZE_MAX,
                                 .unproven_parts = THIN_PARTS / 2,
                                 .proven_parts = THIN_PARTS};
}

static void a_call_that_is_taken_out_is_taken_out_each_time(void **state)
{
    (void)state;
    static bool first[CALLS], second[CALLS];
    struct node_sockets sockets;
    thin_open(&sockets, 0, SOCKET_INVITE);
    struct sockets_thin thin = thin_half(SOCKET_INVITE);
    assert_true(sockets_thin_attach(thin_socket->fd, &thin));
    thin_attached = &thin; /* what we say of each must be what the kernel did */
    uint32_t lost = sockets_lost(thin_socket->fd);
    int through = count_through("INVITE", "sip:4930123456@example.com", "", first);
    assert_in_range(through, CALLS * 4 / 10, CALLS * 6 / 10);
    assert_int_equal(sockets_lost(thin_socket->fd) - lost, CALLS - through);
    assert_int_equal(count_through("INVITE", "sip:4930123456@example.com", "", second), through);
    assert_memory_equal(first, second, sizeof(first));
    assert_in_range(count_through("INVITE", "sip:4930123456@127.0.0.1:5060", "", second),
                    CALLS * 4 / 10, CALLS * 6 / 10);
    assert_in_range(
        count_through("INVITE", "sip:4930123456@example.com", LONG_LINES LONG_LINES, second),
        CALLS * 4 / 10, CALLS * 6 / 10);
    thin_attached = NULL;
    sockets_thin_detach(thin_socket->fd);
    assert_int_equal(count_through("INVITE", "sip:4930123456@example.com", "", first), CALLS);
    close(thin_sender);
    sockets_close(&sockets);
}

static void emergencies_and_dialogs_are_never_taken_out(void **state)
{
    (void)state;
    static bool fates[CALLS];
    static const char *const uris[] = {
        "sip:112@example.com",
        "sip:+112@example.com",
        "sip:%31%31%32@example.com",
        "sips:4930123456@example.com",
        "tel:112",
        "urn:service:sos",
        "sip:bob@192.0.2.7:5080",
        "sip:4930123456;x=@y@example.com",
        "sip:49301234567@example.org",
        "sip:example.com",
    };
    struct node_sockets sockets;
    thin_open(&sockets, 0, SOCKET_INVITE);
    struct sockets_thin thin = thin_half(SOCKET_INVITE);
    thin.unproven_parts = 1;
    assert_true(sockets_thin_attach(thin_socket->fd, &thin));
    thin_attached = &thin;
    assert_int_equal(count_through("INVITE", "sip:4930123456@example.com", "", fates), 0);
    for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
        assert_true(comes_through("INVITE", uris[i], 1, ""));
    }
    assert_true(send(thin_sender, "INVITE sip:4930123456@example.com", 33, 0) == 33);
    char got[64];
    assert_int_equal(recv(thin_socket->fd, got, sizeof(got), MSG_DONTWAIT), 33);
    close(thin_sender);
    sockets_close(&sockets);
}

static void phones_that_prove_themselves_are_taken_out_last(void **state)
{
    (void)state;
    static bool fates[CALLS];
    static const char proof[] =
        "Authorization: Digest username=\"alice\", nonce=\"0123456789\"\r\n";
    char text[2048];
    struct node_sockets sockets;
    thin_open(&sockets, 0, SOCKET_REGISTER);
    struct sockets_thin thin = thin_half(SOCKET_REGISTER);
    thin.proven_size = write_request(text, sizeof(text), "REGISTER", "sip:example.com", 0, proof);
    thin.unproven_parts = 1;
    assert_true(sockets_thin_attach(thin_socket->fd, &thin));
    thin_attached = &thin;
    assert_int_equal(count_through("REGISTER", "sip:example.com", "", fates), 0);
    assert_int_equal(count_through("REGISTER", "sip:example.com", proof, fates), CALLS);
    thin.proven_parts = THIN_PARTS / 2;
    assert_true(sockets_thin_attach(thin_socket->fd, &thin));
    assert_in_range(count_through("REGISTER", "sip:example.com", proof, fates), CALLS * 4 / 10,
                    CALLS * 6 / 10);
    close(thin_sender);
    sockets_close(&sockets);
}

/* Takes what the kernel lends a socket for programs and the like, but for a few bytes. */
static void fill_option_memory(int fd)
{
    struct ipv6_mreq group = {.ipv6mr_interface = if_nametoindex("lo")};
    uint32_t count = 0;
    inet_pton(AF_INET6, "ff11::", &group.ipv6mr_multiaddr);
    do {
        count++;
        memcpy(group.ipv6mr_multiaddr.s6_addr + 12, &count, sizeof(count));
        assert_in_range(count, 1, 100000);
    } while (setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &group, sizeof(group)) == 0);
    assert_in_range(count, 10, 100000);
    for (int i = 0; i < 8; i++) {
        count--;
        memcpy(group.ipv6mr_multiaddr.s6_addr + 12, &count, sizeof(count));
        assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_LEAVE_GROUP, &group, sizeof(group)), 0);
    }
}

static void a_kernel_with_room_for_one_program_takes_the_next(void **state)
{
    (void)state;
    static bool fates[CALLS];
    struct node_sockets sockets;
    thin_open(&sockets, 1, SOCKET_REGISTER);
    struct sockets_thin thin = thin_half(SOCKET_REGISTER);
    assert_true(sockets_thin_attach(thin_socket->fd, &thin));
    fill_option_memory(thin_socket->fd);
    thin.unproven_parts = 1;
    assert_true(sockets_thin_attach(thin_socket->fd, &thin));
    assert_int_equal(count_through("REGISTER", "sip:example.com", "", fates), 0);
    close(thin_sender);
    sockets_close(&sockets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_has_its_socket),
        cmocka_unit_test(senders_are_spread_over_the_workers),
        cmocka_unit_test(a_call_that_is_taken_out_is_taken_out_each_time),
        cmocka_unit_test(emergencies_and_dialogs_are_never_taken_out),
        cmocka_unit_test(phones_that_prove_themselves_are_taken_out_last),
        cmocka_unit_test(a_kernel_with_room_for_one_program_takes_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
