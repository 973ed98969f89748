/* Trunks' host names against a name server that answers, lies silent and fails. */
#include "node/resolver.h"

#include "dns_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 20000
#define ROW(name, type, ttl, rdata)                                                                \
    {                                                                                              \
        name, type, ttl, rdata, sizeof(rdata) - 1                                                  \
    }
#define COUNT(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

struct world {
    struct dns_server server;
    struct resolver *resolver;
    char hosts[64];
    struct target out[TARGETS_MAX];
    int count;
};

static int world_up_with(void **state, int64_t unused_us)
{
    struct world *world = calloc(1, sizeof(*world));
    assert_non_null(world);
    snprintf(world->hosts, sizeof(world->hosts), "/tmp/dialtone-hosts-XXXXXX");
    int fd = mkstemp(world->hosts);
    static const char text[] = "192.0.2.77 there.example\n";
    assert_true(fd >= 0 && write(fd, text, sizeof(text) - 1) == (ssize_t)sizeof(text) - 1);
    close(fd);
    dns_server_start(&world->server);
    struct resolver_options options = {
        .hosts = world->hosts, .server = world->server.address, .unused_us = unused_us};
    world->resolver = resolver_new(&options);
    assert_non_null(world->resolver);
    *state = world;
    return 0;
}

static int world_up(void **state)
{
    return world_up_with(state, 0);
}

static int impatient_world_up(void **state)
{
    return world_up_with(state, 500000);
}

static int world_down(void **state)
{
    struct world *world = *state;
    resolver_free(world->resolver);
    dns_server_stop(&world->server);
    unlink(world->hosts);
    free(world);
    return 0;
}

static enum tri_is look(struct world *world, const char *host, uint16_t port, bool is_tcp)
{
    struct resolver_ask ask = {.host = host, .port = port, .is_tcp = is_tcp, .seed = 1};
    world->count = 0;
    return resolver_look(world->resolver, &ask, world->out, &world->count).is;
}

static void nap(int ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

static bool becomes(struct world *world, const char *host, uint16_t port, bool is_tcp,
                    enum tri_is wanted)
{
    for (int ms = 0; ms < PATIENCE_MS; ms += 20) {
        if (look(world, host, port, is_tcp) == wanted) {
            return true;
        }
        nap(20);
    }
    return false;
}

static bool moves_to(struct world *world, const char *host, int last_byte)
{
    for (int ms = 0; ms < PATIENCE_MS; ms += 20) {
        if (look(world, host, 0, false) == TRI_PRESENT && world->out[0].address[15] == last_byte) {
            return true;
        }
        nap(20);
    }
    return false;
}

static const struct dns_row whole[] = {
    ROW("acme.example", DNS_NAPTR, 60, "\0\2\0\1\1s\7SIP+D2U\0\5later\4acme\7example\0"),
    ROW("acme.example", DNS_NAPTR, 60, "\0\1\0\1\1s\7SIP+D2T\0\4_tcp\4acme\7example\0"),
    ROW("acme.example", DNS_NAPTR, 60, "\0\1\0\2\1s\7SIP+D2U\0\4_udp\4acme\7example\0"),
    ROW("_udp.acme.example", DNS_SRV, 60, "\0\2\0\0\x13\xc6\1b\4acme\7example\0"),
    ROW("_udp.acme.example", DNS_SRV, 60, "\0\1\0\0\x13\xc5\1a\4acme\7example\0"),
    ROW("_tcp.acme.example", DNS_SRV, 60, "\0\1\0\0\x13\xc7\1b\4acme\7example\0"),
    ROW("a.acme.example", DNS_A, 60, "\xc0\0\2\1"),
    ROW("a.acme.example", DNS_AAAA, 60, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1"),
    ROW("b.acme.example", DNS_A, 60, "\xc0\0\2\2"),
};

static void naptr_leads_to_srv_and_srv_to_addresses(void **state)
{
    struct world *world = *state;
    dns_server_set(&world->server, DNS_WELL, whole, COUNT(whole));
    assert_true(becomes(world, "acme.example", 0, false, TRI_PRESENT));
    assert_int_equal(world->count, 3);
    assert_int_equal(world->out[0].port, 5061);
    assert_int_equal(world->out[0].address[15], 1);
    assert_int_equal(world->out[0].address[10], 0xff);
    assert_int_equal(world->out[1].port, 5061);
    assert_int_equal(world->out[1].address[0], 0x20);
    assert_int_equal(world->out[2].port, 5062);
    assert_true(becomes(world, "acme.example", 0, true, TRI_PRESENT));
    assert_int_equal(world->count, 1);
    assert_int_equal(world->out[0].port, 5063);
}

static void without_naptr_srv_is_asked_and_without_srv_the_host(void **state)
{
    struct world *world = *state;
    static const struct dns_row rows[] = {
        ROW("_sip._udp.b.example", DNS_SRV, 60, "\0\1\0\0\x13\xc5\1a\7example\0"),
        ROW("a.example", DNS_A, 60, "\xc0\0\2\1"),
        ROW("a.example", DNS_A, 60, "\xc0\0\2\2"),
        ROW("b.example", DNS_A, 60, "\xc0\0\2\3"),
        ROW("_sip._udp.gone.example", DNS_SRV, 60, "\0\0\0\0\0\0\0"),
        ROW("gone.example", DNS_A, 60, "\xc0\0\2\4"),
    };
    dns_server_set(&world->server, DNS_WELL, rows, COUNT(rows));
    assert_true(becomes(world, "b.example", 0, false, TRI_PRESENT));
    assert_int_equal(world->count, 2);
    assert_int_equal(world->out[0].port, 5061);
    assert_true(becomes(world, "b.example", 0, true, TRI_PRESENT));
    assert_int_equal(world->count, 1);
    assert_int_equal(world->out[0].port, 5060);
    assert_int_equal(world->out[0].address[15], 3);
    assert_true(becomes(world, "gone.example", 0, false, TRI_ABSENT));
    assert_true(becomes(world, "nobody.example", 0, false, TRI_ABSENT));
}

static void a_port_asks_for_addresses_only(void **state)
{
    struct world *world = *state;
    dns_server_set(&world->server, DNS_WELL, whole, COUNT(whole));
    assert_true(becomes(world, "a.acme.example", 5099, false, TRI_PRESENT));
    assert_int_equal(world->count, 2);
    assert_int_equal(world->out[0].port, 5099);
    assert_int_equal(dns_server_srv_count(&world->server), 0);
}

static void the_hosts_file_is_believed_before_any_server(void **state)
{
    struct world *world = *state;
    dns_server_set(&world->server, DNS_SILENT, whole, 0);
    assert_true(becomes(world, "there.example", 0, false, TRI_PRESENT));
    assert_int_equal(world->out[0].address[15], 77);
    assert_int_equal(world->out[0].port, 5060);
}

static void silence_is_unknown_and_ends_when_the_server_is_back(void **state)
{
    struct world *world = *state;
    dns_server_set(&world->server, DNS_SILENT, whole, COUNT(whole));
    for (int i = 0; i < 50; i++) {
        assert_int_equal(look(world, "acme.example", 0, false), TRI_UNKNOWN);
        nap(20);
    }
    dns_server_set(&world->server, DNS_WELL, whole, COUNT(whole));
    assert_true(becomes(world, "acme.example", 0, false, TRI_PRESENT));
}

static void a_ttl_is_obeyed_and_a_failing_server_takes_nothing_away(void **state)
{
    struct world *world = *state;
    static const struct dns_row before[] = {ROW("m.example", DNS_A, 1, "\xc0\0\2\1")};
    static const struct dns_row after[] = {ROW("m.example", DNS_A, 1, "\xc0\0\2\2")};
    dns_server_set(&world->server, DNS_WELL, before, 1);
    assert_true(becomes(world, "m.example", 0, false, TRI_PRESENT));
    dns_server_set(&world->server, DNS_WELL, after, 1);
    assert_true(moves_to(world, "m.example", 2));
    dns_server_set(&world->server, DNS_FAILS, after, 1);
    for (int i = 0; i < 150; i++) {
        assert_int_equal(look(world, "m.example", 0, false), TRI_PRESENT);
        nap(20);
    }
    dns_server_set(&world->server, DNS_WELL, before, 1);
    assert_true(moves_to(world, "m.example", 1));
    dns_server_set(&world->server, DNS_WELL, before, 0);
    assert_true(becomes(world, "m.example", 0, false, TRI_ABSENT));
}

static void a_name_that_nobody_looks_at_is_left_alone_until_somebody_does(void **state)
{
    struct world *world = *state;
    static const struct dns_row before[] = {ROW("m.example", DNS_A, 1, "\xc0\0\2\1")};
    static const struct dns_row after[] = {ROW("m.example", DNS_A, 1, "\xc0\0\2\2")};
    dns_server_set(&world->server, DNS_WELL, before, 1);
    assert_true(becomes(world, "m.example", 0, false, TRI_PRESENT));
    int count = dns_server_count(&world->server);
    nap(2500); /* two of its TTLs */
    assert_int_equal(dns_server_count(&world->server), count);
    dns_server_set(&world->server, DNS_WELL, after, 1);
    assert_int_equal(look(world, "m.example", 0, false), TRI_PRESENT); /* the old answer, at once */
    assert_true(moves_to(world, "m.example", 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(naptr_leads_to_srv_and_srv_to_addresses, world_up,
                                        world_down),
        cmocka_unit_test_setup_teardown(without_naptr_srv_is_asked_and_without_srv_the_host,
                                        world_up, world_down),
        cmocka_unit_test_setup_teardown(a_port_asks_for_addresses_only, world_up, world_down),
        cmocka_unit_test_setup_teardown(the_hosts_file_is_believed_before_any_server, world_up,
                                        world_down),
        cmocka_unit_test_setup_teardown(silence_is_unknown_and_ends_when_the_server_is_back,
                                        world_up, world_down),
        cmocka_unit_test_setup_teardown(a_ttl_is_obeyed_and_a_failing_server_takes_nothing_away,
                                        world_up, world_down),
        cmocka_unit_test_setup_teardown(
            a_name_that_nobody_looks_at_is_left_alone_until_somebody_does, impatient_world_up,
            world_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
