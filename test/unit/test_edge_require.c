/* Extensions that a request insists on: what nobody here supports is refused, and named. */
#include "edge_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void options_gets(const char *extra, int status, const char *unsupported)
{
    struct harness *h = h_new();
    struct h_request request = {.method = "OPTIONS", .uri = "sip:" H_DOMAIN, .extra = extra};
    h_ask(h, STRANGER, &request);
    assert_true(h_take_status(h, STRANGER, status));
    struct slice seen = sip_msg_value(&h->msg, SIP_H_UNSUPPORTED);
    assert_true(slice_equal(seen, slice_from_text(unsupported)));
    h_free(h);
}

static void what_nobody_supports_is_refused_and_listed(void **state)
{
    (void)state;
    options_gets("Require: a, b\r\nProxy-Require: c\r\nRequire: d\r\n", 420, "a, b, d, c");
    options_gets("", 200, "");
    options_gets("Require: \r\n", 200, "");
}

static void what_is_no_option_tag_is_refused_and_not_repeated(void **state)
{
    (void)state;
    options_gets("Require: a\r\n b, <evil>\r\n", 420, "");
    char many[2048] = "Require: a";
    for (int i = 0; i < 400; i++) {
        snprintf(many + strlen(many), sizeof(many) - strlen(many), ",t%d", i);
    }
    snprintf(many + strlen(many), sizeof(many) - strlen(many), "\r\n");
    struct harness *h = h_new();
    struct h_request request = {.method = "OPTIONS", .uri = "sip:" H_DOMAIN, .extra = many};
    h_ask(h, STRANGER, &request);
    assert_true(h_take_status(h, STRANGER, 420));
    assert_in_range(sip_msg_value(&h->msg, SIP_H_UNSUPPORTED).size, 100, 300);
    h_free(h);
}

static void a_registrar_that_keeps_path_may_be_required_to(void **state)
{
    (void)state;
    static const struct {
        const char *extra;
        int status;
    } rows[] = {{"Require: path\r\n", 401}, {"Require: path, gruu\r\n", 420}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct harness *h = h_new();
        struct h_request request = {.method = "REGISTER",
                                    .uri = "sip:" H_DOMAIN,
                                    .to = "<sip:bob@" H_DOMAIN ">",
                                    .extra = rows[i].extra};
        h_ask(h, STRANGER, &request);
        assert_true(h_take_status(h, STRANGER, rows[i].status));
        h_free(h);
    }
}

static void what_a_caller_requires_of_the_called_is_not_our_business(void **state)
{
    (void)state;
    struct harness *h = h_new();
    h_register(h, BOB);
    struct h_request request = {
        .method = "INVITE", .extra = "Require: 100rel\r\n", .is_authorized = true};
    h_ask(h, ALICE, &request);
    assert_true(h_take_request(h, BOB, SIP_INVITE));
    h_free(h);
}

static void nobody_registers_an_address_of_an_unknown_scheme(void **state)
{
    (void)state;
    struct harness *h = h_new();
    struct h_request request = {
        .method = "REGISTER", .uri = "sip:" H_DOMAIN, .to = "isbn:2983792873"};
    h_ask(h, STRANGER, &request);
    assert_true(h_take_status(h, STRANGER, 404));
    h_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_nobody_supports_is_refused_and_listed),
        cmocka_unit_test(what_is_no_option_tag_is_refused_and_not_repeated),
        cmocka_unit_test(a_registrar_that_keeps_path_may_be_required_to),
        cmocka_unit_test(what_a_caller_requires_of_the_called_is_not_our_business),
        cmocka_unit_test(nobody_registers_an_address_of_an_unknown_scheme),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
