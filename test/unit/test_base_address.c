#include "base/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void check(const char *text, const char *written)
{
    uint8_t address[ADDRESS_SIZE];
    char again[ADDRESS_TEXT_SIZE];
    assert_true(address_parse(slice_from_text(text), address));
    struct slice got = address_write(address, again);
    assert_string_equal(again, written);
    assert_int_equal(got.size, strlen(written));
}

static void addresses_of_both_families_go_there_and_back(void **state)
{
    (void)state;
    check("127.0.0.1", "127.0.0.1");
    check("255.255.255.255", "255.255.255.255");
    check("0.0.0.0", "0.0.0.0");
    check("2001:DB8::0:1", "2001:db8::1");
    check("[::1]", "::1");
    check("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    check("::ffff:192.0.2.7", "192.0.2.7"); /* one address has one shape */
}

static void what_is_no_address_leaves_the_field_alone(void **state)
{
    static const char *const wrong[] = {
        "",     "localhost", "1.2.3",        "1.2.3.4.5", "256.1.1.1", "[1.2.3.4]",  "[::1",
        "::1]", "1.2.3.4 ",  "fe80::1%eth0", ":",         "[]",        "01.2.3.4567"};
    uint8_t address[ADDRESS_SIZE] = {7};
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(address_parse(slice_from_text(wrong[i]), address));
        assert_int_equal(address[0], 7);
    }
    assert_false(address_parse(slice_make("1.2.3.4\0x", 9), address));
    assert_false(address_parse((struct slice){NULL, 0}, address));
}

static void ipv4_is_told_from_ipv6_that_looks_alike(void **state)
{
    uint8_t address[ADDRESS_SIZE];
    (void)state;
    address_from_ipv4(address, "\300\0\2\7");
    assert_true(address_is_ipv4(address));
    assert_true(address_parse(SLICE("::fffe:c000:207"), address));
    assert_false(address_is_ipv4(address));
    assert_true(address_parse(SLICE("::192.0.2.7"), address));
    assert_false(address_is_ipv4(address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_of_both_families_go_there_and_back),
        cmocka_unit_test(what_is_no_address_leaves_the_field_alone),
        cmocka_unit_test(ipv4_is_told_from_ipv6_that_looks_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
