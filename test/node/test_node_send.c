/* What a worker sends together: every datagram arrives whole, alone, and in its place. */
#include "node/send_batch.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

static struct sockaddr_in6 loopback(int family, uint16_t port)
{
    struct sockaddr_in6 address;
    memset(&address, 0, sizeof(address));
    if (family == AF_INET6) {
        address.sin6_family = AF_INET6;
        address.sin6_port = htons(port);
        address.sin6_addr = in6addr_loopback;
    } else {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
        v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        memcpy(&address, &v4, sizeof(v4));
    }
    return address;
}

static int bound(int family, struct sockaddr_in6 *address)
{
    int fd = socket(family, SOCK_DGRAM, 0);
    struct timeval patience = {.tv_sec = 2};
    *address = loopback(family, 0);
    socklen_t size = family == AF_INET6 ? sizeof(*address) : sizeof(struct sockaddr_in);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)address, &size), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    return fd;
}

/* A datagram of this size that no other is like. */
static void fill(char *bytes, size_t size, int number)
{
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (char)(number * 31 + (int)i);
    }
}

static void add(struct send_batch *batch, int fd, const struct sockaddr_in6 *to, size_t size,
                int number)
{
    static char bytes[65536];
    fill(bytes, size, number);
    assert_true(send_batch_add(batch, fd, to, slice_make(bytes, size)));
}

static void expect(int fd, size_t size, int number)
{
    static char wanted[65536];
    static char got[65536];
    fill(wanted, size, number);
    ssize_t got_size = recv(fd, got, sizeof(got), 0);
    assert_int_equal(got_size, size);
    assert_memory_equal(got, wanted, size);
}

static void expect_no_more(int fd)
{
    char byte;
    assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
}

static void all_sizes_arrive_in_order(int family, bool is_refusing_packets)
{
    static const size_t sizes[] = {500, 500, 500, 300, 500,  500,  700,  300,  1400, 1400,
                                   9,   9,   9,   10,  1401, 1401, 9000, 9000, 500,  500};
    struct sockaddr_in6 to;
    struct sockaddr_in6 from;
    int receiver = bound(family, &to);
    int sender = bound(family, &from);
    int one = 1;
    if (is_refusing_packets) { /* a datagram without a checksum cannot be cut out of another */
        assert_int_equal(setsockopt(sender, SOL_SOCKET, SO_NO_CHECK, &one, sizeof(one)), 0);
    }
    struct send_batch *batch = send_batch_new();
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            add(batch, sender, &to, sizes[i], (int)i);
        }
        assert_int_equal(send_batch_flush(batch), 0);
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            expect(receiver, sizes[i], (int)i);
        }
        expect_no_more(receiver);
    }
    send_batch_free(batch);
    close(receiver);
    close(sender);
}

static void datagrams_of_all_sizes_arrive_whole_and_in_order(void **state)
{
    (void)state;
    all_sizes_arrive_in_order(AF_INET, false);
    all_sizes_arrive_in_order(AF_INET6, false);
}

static void a_way_that_takes_no_packets_of_several_takes_them_one_by_one(void **state)
{
    (void)state;
    all_sizes_arrive_in_order(AF_INET, true);
}

static void each_address_gets_its_own_from_the_socket_that_was_named(void **state)
{
    (void)state;
    struct sockaddr_in6 to[3];
    struct sockaddr_in6 from[2];
    int receivers[3] = {bound(AF_INET, &to[0]), bound(AF_INET, &to[1]), bound(AF_INET, &to[2])};
    int senders[2] = {bound(AF_INET, &from[0]), bound(AF_INET, &from[1])};
    struct send_batch *batch = send_batch_new();
    for (int i = 0; i < 60; i++) {
        add(batch, senders[i / 3 % 2], &to[i % 3], 400, i);
    }
    assert_int_equal(send_batch_flush(batch), 0);
    /* Two sockets to one address are two ways: each keeps its own order. */
    for (int r = 0; r < 3; r++) {
        int next[2] = {r, r + 3};
        for (int nth = 0; nth < 20; nth++) {
            char bytes[1000];
            struct sockaddr_in source;
            socklen_t size = sizeof(source);
            assert_int_equal(
                recvfrom(receivers[r], bytes, sizeof(bytes), 0, (struct sockaddr *)&source, &size),
                400);
            int s = source.sin_port == from[1].sin6_port;
            char wanted[400];
            fill(wanted, sizeof(wanted), next[s]);
            assert_memory_equal(bytes, wanted, sizeof(wanted));
            next[s] += 6;
        }
        expect_no_more(receivers[r]);
        close(receivers[r]);
    }
    send_batch_free(batch);
    close(senders[0]);
    close(senders[1]);
}

static void a_full_batch_says_so_and_takes_more_after_a_flush(void **state)
{
    (void)state;
    struct sockaddr_in6 to;
    struct sockaddr_in6 from;
    int receiver = bound(AF_INET, &to);
    int sender = bound(AF_INET, &from);
    struct send_batch *batch = send_batch_new();
    int count = 0;
    while (send_batch_add(batch, sender, &to, SLICE("hello"))) {
        count++;
        assert_in_range(count, 1, 10000);
    }
    assert_int_equal(send_batch_flush(batch), 0);
    assert_true(send_batch_add(batch, sender, &to, SLICE("hello")));
    assert_int_equal(send_batch_flush(batch), 0);
    for (int i = 0; i <= count; i++) {
        char bytes[10];
        assert_int_equal(recv(receiver, bytes, sizeof(bytes), 0), 5);
    }
    expect_no_more(receiver);
    send_batch_free(batch);
    close(receiver);
    close(sender);
}

static void what_the_kernel_does_not_take_is_counted(void **state)
{
    (void)state;
    struct sockaddr_in6 from;
    struct sockaddr_in6 nowhere = loopback(AF_INET, 0); /* port 0 is nobody's */
    struct sockaddr_in6 to;
    int receiver = bound(AF_INET, &to);
    int sender = bound(AF_INET, &from);
    struct send_batch *batch = send_batch_new();
    add(batch, sender, &nowhere, 50, 0);
    add(batch, sender, &to, 50, 1);
    add(batch, sender, &nowhere, 50, 2);
    add(batch, sender, &to, 50, 3);
    assert_int_equal(send_batch_flush(batch), 2);
    expect(receiver, 50, 1);
    expect(receiver, 50, 3);
    send_batch_free(batch);
    close(receiver);
    close(sender);
}

/* With IP_RECVERR the kernel gives the error to whatever is sent next, wherever that goes. */
static void an_error_of_another_address_costs_nobody_a_datagram(void **state)
{
    (void)state;
    struct sockaddr_in6 from;
    struct sockaddr_in6 nobody;
    struct sockaddr_in6 to;
    int receiver = bound(AF_INET, &to);
    int sender = bound(AF_INET, &from);
    int one = 1;
    assert_int_equal(setsockopt(sender, IPPROTO_IP, IP_RECVERR, &one, sizeof(one)), 0);
    close(bound(AF_INET, &nobody));
    struct send_batch *batch = send_batch_new();
    add(batch, sender, &nobody, 50, 0);
    assert_int_equal(send_batch_flush(batch), 0);
    struct pollfd refused = {.fd = sender};
    assert_int_equal(poll(&refused, 1, 2000), 1); /* the ICMP error is there */
    add(batch, sender, &to, 50, 1);
    assert_int_equal(send_batch_flush(batch), 0);
    expect(receiver, 50, 1);
    send_batch_free(batch);
    close(receiver);
    close(sender);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datagrams_of_all_sizes_arrive_whole_and_in_order),
        cmocka_unit_test(a_way_that_takes_no_packets_of_several_takes_them_one_by_one),
        cmocka_unit_test(each_address_gets_its_own_from_the_socket_that_was_named),
        cmocka_unit_test(a_full_batch_says_so_and_takes_more_after_a_flush),
        cmocka_unit_test(what_the_kernel_does_not_take_is_counted),
        cmocka_unit_test(an_error_of_another_address_costs_nobody_a_datagram),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
