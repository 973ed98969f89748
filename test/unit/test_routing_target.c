/* What DNS says of a SIP host, and the order in which its targets are tried. */
#include "routing/target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void srv_records_are_read(void **state)
{
    (void)state;
    struct target_srv srv;
    assert_true(target_read_srv(SLICE("\0\x0a\0\x14\x13\xc4\3sip\4acme\7example\0"), &srv));
    assert_int_equal(srv.priority, 10);
    assert_int_equal(srv.weight, 20);
    assert_int_equal(srv.port, 5060);
    assert_string_equal(srv.name, "sip.acme.example");
    assert_true(target_read_srv(SLICE("\0\0\0\0\0\0\0"), &srv));
    assert_string_equal(srv.name, "");
}

static void damaged_rdata_is_refused(void **state)
{
    (void)state;
    struct target_srv srv;
    struct target_naptr naptr;
    const struct slice whole = SLICE("\0\x0a\0\x14\x13\xc4\3sip\4acme\7example\0");
    for (size_t size = 0; size < whole.size; size++) {
        assert_false(target_read_srv(slice_head(whole, size), &srv));
    }
    assert_false(target_read_srv(SLICE("\0\1\0\1\0\1\3a.b\0"), &srv));   /* a dot in a label */
    assert_false(target_read_srv(SLICE("\0\1\0\1\0\1\3a\0b\0"), &srv));  /* a NUL */
    assert_false(target_read_srv(SLICE("\0\1\0\1\0\1\xc0\x0c"), &srv));  /* a pointer */
    assert_false(target_read_srv(SLICE("\0\1\0\1\0\1\1a\0more"), &srv)); /* something behind */
    char longest[6 + 260];
    memset(longest, 1, sizeof(longest)); /* labels of one byte without an end */
    assert_false(target_read_srv(slice_make(longest, sizeof(longest)), &srv));
    const struct slice order = SLICE("\0\1\0\2\1s\7SIP+D2U\0\4_sip\4_udp\4acme\0");
    for (size_t size = 0; size < order.size; size++) {
        assert_false(target_read_naptr(slice_head(order, size), &naptr));
    }
}

static void naptr_records_of_sip_are_read_and_others_are_not(void **state)
{
    (void)state;
    struct target_naptr naptr;
    assert_true(target_read_naptr(SLICE("\0\1\0\2\1s\7SIP+D2U\0\4_sip\4_udp\4acme\0"), &naptr));
    assert_int_equal(naptr.order, 1);
    assert_int_equal(naptr.preference, 2);
    assert_false(naptr.is_tcp);
    assert_string_equal(naptr.name, "_sip._udp.acme");
    assert_true(target_read_naptr(SLICE("\0\1\0\2\1S\7sip+d2t\0\4_sip\4_tcp\0"), &naptr));
    assert_true(naptr.is_tcp);
    assert_false(target_read_naptr(SLICE("\0\1\0\2\1s\10SIPS+D2T\0\5_sips\0"), &naptr));
    assert_false(target_read_naptr(SLICE("\0\1\0\2\1u\7E2U+sip\5!^.*$\0"), &naptr));
    assert_false(target_read_naptr(SLICE("\0\1\0\2\1s\7SIP+D2U\0\0"), &naptr));
}

static void record(struct target_set *set, uint16_t priority, uint16_t weight, uint8_t number)
{
    struct target_record *made = &set->records[set->count++];
    char v6[16] = {0x20, 1};
    char v4[4] = {10, 0, 0, (char)number};
    v6[15] = (char)number;
    *made = (struct target_record){.priority = priority, .weight = weight, .port = number};
    target_add_address(made, slice_make(v6, 16));
    target_add_address(made, slice_make(v4, 4));
}

static void a_lower_priority_comes_first_and_weights_share_within_one(void **state)
{
    (void)state;
    struct target_set set = {0};
    struct target out[TARGETS_MAX];
    int firsts[5] = {0};
    record(&set, 20, 0, 1);
    record(&set, 10, 30, 2);
    record(&set, 10, 10, 3);
    record(&set, 10, 0, 4);
    for (uint64_t seed = 1; seed <= 4000; seed++) {
        assert_int_equal(target_order(&set, seed, out), 8);
        assert_int_equal(out[6].port, 1);
        firsts[out[0].port]++;
        assert_int_equal(out[0].port, out[1].port); /* both families of a record, IPv4 first */
        assert_int_equal(out[0].address[10], 0xff);
        assert_int_equal(out[1].address[0], 0x20);
    }
    assert_int_equal(firsts[1], 0);
    assert_true(firsts[2] > 2700 && firsts[2] < 3300);
    assert_true(firsts[3] > 700 && firsts[3] < 1300);
    assert_true(firsts[4] > 0 && firsts[4] < 60);
    struct target again[TARGETS_MAX];
    assert_int_equal(target_order(&set, 77, out), target_order(&set, 77, again));
    assert_memory_equal(out, again, sizeof(out));
}

static void what_has_no_room_is_left_out(void **state)
{
    (void)state;
    struct target_set set = {.count = TARGET_RECORDS_MAX};
    struct target out[TARGETS_MAX];
    for (int i = 0; i < TARGET_RECORDS_MAX; i++) {
        for (int j = 0; j < 9; j++) {
            target_add_address(&set.records[i], SLICE("\1\2\3\4"));
            target_add_address(&set.records[i], SLICE("\1\2\3"));
        }
        assert_int_equal(set.records[i].v4_count, TARGET_ADDRESSES_MAX);
        assert_int_equal(set.records[i].v6_count, 0);
    }
    assert_int_equal(target_order(&set, 1, out), TARGETS_MAX);
    set.count = 0;
    assert_int_equal(target_order(&set, 1, out), 0);
}

static void a_hosts_file_is_read_as_the_system_reads_it(void **state)
{
    (void)state;
    const struct slice file = SLICE("127.0.0.1\tlocalhost\n"
                                    "# 192.0.2.9 sip.acme.example\n"
                                    "192.0.2.1  pbx  SIP.acme.example # and more\r\n"
                                    "2001:db8::1 sip.acme.example\r\n"
                                    "nonsense sip.acme.example\n"
                                    "192.0.2.7 acme.example");
    struct target_record record = {0};
    assert_int_equal(target_hosts_find(file, SLICE("sip.acme.example"), &record), 2);
    assert_int_equal(record.v4[0][15], 1);
    assert_int_equal(record.v6[0][0], 0x20);
    record = (struct target_record){0};
    assert_int_equal(target_hosts_find(file, SLICE("acme.example"), &record), 1);
    record = (struct target_record){0};
    assert_int_equal(target_hosts_find(file, SLICE("example"), &record), 0);
    assert_int_equal(target_hosts_find(SLICE(""), SLICE("example"), &record), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(srv_records_are_read),
        cmocka_unit_test(damaged_rdata_is_refused),
        cmocka_unit_test(naptr_records_of_sip_are_read_and_others_are_not),
        cmocka_unit_test(a_lower_priority_comes_first_and_weights_share_within_one),
        cmocka_unit_test(what_has_no_room_is_left_out),
        cmocka_unit_test(a_hosts_file_is_read_as_the_system_reads_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
