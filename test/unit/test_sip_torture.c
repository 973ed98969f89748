/* The messages of RFC 4475: what each gives. Those that the RFC wants answered must not be met with
 * silence, or their sender repeats them for 32 s. */
#include "sip/write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>

static char block[SIP_MESSAGE_SIZE_MAX];
static char answer_block[SIP_MESSAGE_SIZE_MAX];
static struct sip_msg msg;

static struct slice file_read(const char *name)
{
    char here[] = __FILE__;
    char path[512];
    snprintf(path, sizeof path, "%s/../data/torture/%s.dat", dirname(here), name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(block, 1, sizeof block, file);
    fclose(file);
    assert_true(size > 0);
    return slice_make(block, size);
}

#define assert_slice(actual, expected)                                                             \
    do {                                                                                           \
        struct slice seen_ = (actual);                                                             \
        assert_int_equal(seen_.size, strlen(expected));                                            \
        assert_memory_equal(seen_.size == 0 ? "" : seen_.data, expected, seen_.size);              \
    } while (0)

static const struct {
    const char *name;
    enum sip_parse result;
    bool is_answered; /* of a refused one: a 400 or its kind goes back */
} rows[] = {
    /* 3.1.1: valid */
    {"wsinv", SIP_OK, false},
    {"intmeth", SIP_OK, false},
    {"esc01", SIP_OK, false},
    {"escnull", SIP_OK, false},
    {"esc02", SIP_OK, false},
    {"lwsdisp", SIP_OK, false},
    {"longreq", SIP_OK, false},
    {"dblreq", SIP_OK, false},
    {"semiuri", SIP_OK, false},
    {"transports", SIP_OK, false},
    {"mpart01", SIP_OK, false},
    {"unreason", SIP_OK, false},
    {"noreason", SIP_OK, false},
    /* 3.1.2: invalid. baddate, badbranch are the business of those who use the value. */
    {"badinv01", SIP_BAD_VIA, true},
    {"clerr", SIP_BAD_CONTENT_LENGTH, true},
    {"ncl", SIP_BAD_CONTENT_LENGTH, true},
    {"scalar02", SIP_BAD_CSEQ, true},
    {"scalarlg", SIP_BAD_CSEQ, false}, /* a response: dropped */
    {"quotbal", SIP_BAD_TO, true},
    {"ltgtruri", SIP_BAD_URI, true},
    {"lwsruri", SIP_BAD_START_LINE, true},
    {"lwsstart", SIP_BAD_START_LINE, true},
    {"trws", SIP_BAD_START_LINE, true},
    {"escruri", SIP_BAD_URI, true},
    {"baddate", SIP_OK, false},
    {"regbadct", SIP_BAD_CONTACT, true},
    {"badaspec", SIP_BAD_TO, true},
    {"baddn", SIP_BAD_HEADER, true}, /* the data lacks its empty line */
    {"badvers", SIP_BAD_VERSION, true},
    {"mismatch01", SIP_BAD_CSEQ, true},
    {"mismatch02", SIP_BAD_CSEQ, true},
    {"bigcode", SIP_BAD_START_LINE, false}, /* a response: dropped */
    /* 3.2: transaction layer; 3.3: application layer */
    {"badbranch", SIP_OK, false},
    {"insuf", SIP_MISSING_HEADER, true},
    {"unkscm", SIP_BAD_SCHEME, true},
    {"novelsc", SIP_BAD_SCHEME, true},
    {"unksm2", SIP_OK, false},
    {"bext01", SIP_OK, false},
    {"invut", SIP_OK, false},
    {"regaut01", SIP_OK, false},
    {"multi01", SIP_DUPLICATE_HEADER, true},
    {"mcl01", SIP_BAD_CONTENT_LENGTH, true},
    {"bcast", SIP_OK, false},
    {"zeromf", SIP_OK, false},
    {"cparam01", SIP_OK, false},
    {"cparam02", SIP_OK, false},
    {"regescrt", SIP_OK, false},
    {"sdp01", SIP_OK, false},
    /* 3.4: backward compatibility */
    {"inv2543", SIP_OK, false},
};

static void each_message_gives_what_rfc_4475_asks(void **state)
{
    (void)state;
    assert_int_equal(ARRAY_COUNT(rows), 49);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        enum sip_parse result = sip_msg_parse(file_read(rows[i].name), &msg);
        print_message("%s: %s\n", rows[i].name, sip_parse_name(result));
        assert_int_equal(result, rows[i].result);
        if (result != SIP_OK) {
            assert_int_equal(msg.is_answerable, rows[i].is_answered);
        }
    }
}

static void what_is_answered_gets_a_response_with_its_via(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        enum sip_parse result = sip_msg_parse(file_read(rows[i].name), &msg);
        if (result == SIP_OK || !msg.is_answerable) {
            continue;
        }
        struct slice host = msg.via.host;
        struct buf answer;
        buf_init(&answer, answer_block, sizeof answer_block);
        sip_response_write(&answer, &msg,
                           &(struct sip_response){.status = 400,
                                                  .to_tag = SLICE("t"),
                                                  .source_host = SLICE("192.0.2.99"),
                                                  .source_port = 5060});
        assert_false(answer.is_full);
        static struct sip_msg back;
        print_message("%s\n" SLICE_FMT "\n", rows[i].name, SLICE_ARG(buf_done(&answer)));
        (void)!sip_msg_parse(buf_done(&answer), &back);
        assert_false(back.is_request);
        assert_int_equal(back.status, 400);
        assert_true(slice_equal(back.via.host, host));
    }
}

static void the_tortuous_invite_is_understood(void **state)
{
    (void)state;
    assert_int_equal(sip_msg_parse(file_read("wsinv"), &msg), SIP_OK);
    assert_int_equal(msg.method, SIP_INVITE);
    assert_slice(msg.to.uri_text, "sip:vivekg@chair-dnrc.example.com");
    assert_slice(msg.to.tag, "1918181833n");
    assert_slice(msg.from.display, "\"J Rosenberg \\\\\\\"\"");
    assert_slice(msg.from.tag, "98asjd8");
    assert_int_equal(msg.max_forwards, 68);
    assert_int_equal(msg.cseq, 9);
    assert_int_equal(msg.cseq_method, SIP_INVITE);
    assert_int_equal(msg.via_count, 3);
    assert_slice(msg.via.transport, "UDP");
    assert_slice(msg.via.host, "192.0.2.2");
    assert_slice(msg.via.branch, "390skdjuw");
    assert_int_equal(msg.body.size, 150);
    struct sip_via second;
    assert_true(sip_via_parse(sip_msg_value(&msg, SIP_H_VIA), &second));
    int header = sip_msg_next(&msg, msg.first[SIP_H_VIA]);
    struct slice rest = {NULL, 0};
    struct slice value;
    assert_true(sip_msg_list_next(&msg, &header, &rest, &value));
    assert_true(sip_via_parse(value, &second));
    assert_slice(second.host, "spindle.example.com");
    assert_slice(second.transport, "TCP");
    assert_slice(second.branch, "z9hG4bK9ikj8");
    assert_true(sip_msg_list_next(&msg, &header, &rest, &value));
    assert_true(sip_via_parse(value, &second));
    assert_slice(second.host, "192.168.255.111");
    struct sip_address contact;
    assert_true(sip_address_parse(sip_msg_value(&msg, SIP_H_CONTACT), &contact));
    assert_slice(contact.uri_text, "sip:jdrosen@example.com");
    assert_true(sip_param_get(contact.params, "q", &value));
    assert_slice(value, "0.33");
    assert_true(sip_param_get(contact.params, "newparam", &value));
    assert_slice(value, "newvalue");
}

static void odd_but_valid_characters_are_kept(void **state)
{
    (void)state;
    assert_int_equal(sip_msg_parse(file_read("intmeth"), &msg), SIP_OK);
    assert_int_equal(msg.method, SIP_METHOD_OTHER);
    assert_slice(msg.method_text, "!interesting-Method0123456789_*+`.%indeed'~");
    assert_slice(msg.uri.user, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*");
    assert_slice(msg.uri.password, "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)");
    assert_slice(msg.from.tag, "_token~1'+`*%!-.");
    /* Escaped letters in a method or a header's name are other names. */
    assert_int_equal(sip_msg_parse(file_read("esc02"), &msg), SIP_OK);
    assert_int_equal(msg.method, SIP_METHOD_OTHER);
    assert_slice(msg.method_text, "RE%47IST%45R");
    assert_int_equal(sip_msg_parse(file_read("semiuri"), &msg), SIP_OK);
    assert_slice(msg.uri.user, "user;par=u%40example.net");
}

static void the_second_request_of_a_datagram_is_cut(void **state)
{
    (void)state;
    struct slice bytes = file_read("dblreq");
    assert_int_equal(sip_msg_parse(bytes, &msg), SIP_OK);
    assert_int_equal(msg.method, SIP_REGISTER);
    assert_int_equal(msg.body.size, 0);
    struct slice rest = slice_skip(bytes, msg.raw.size);
    assert_int_equal(sip_msg_parse(rest, &msg), SIP_OK);
    assert_int_equal(msg.method, SIP_INVITE);
}

static void values_that_others_judge_come_through(void **state)
{
    (void)state;
    assert_int_equal(sip_msg_parse(file_read("zeromf"), &msg), SIP_OK);
    assert_int_equal(msg.max_forwards, 0);
    assert_int_equal(sip_msg_parse(file_read("bext01"), &msg), SIP_OK);
    assert_true(sip_msg_has_token(&msg, SIP_H_REQUIRE, "nothingSupportsThis"));
    assert_int_equal(sip_msg_parse(file_read("unksm2"), &msg), SIP_OK);
    assert_int_equal(msg.to.uri.scheme, SIP_SCHEME_OTHER);
    assert_int_equal(sip_msg_parse(file_read("inv2543"), &msg), SIP_OK);
    assert_int_equal(msg.max_forwards, -1);
    assert_slice(msg.via.branch, "");
    assert_int_equal(sip_msg_parse(file_read("noreason"), &msg), SIP_OK);
    assert_int_equal(msg.status, 100);
    assert_slice(msg.reason, "");
    assert_int_equal(sip_msg_parse(file_read("bcast"), &msg), SIP_OK);
    assert_int_equal(msg.via_count, 2);
    assert_int_equal(sip_msg_parse(file_read("mpart01"), &msg), SIP_OK);
    assert_int_equal(msg.body.size, 553);
}

static void a_comma_in_words_before_an_address_is_refused(void **state)
{
    (void)state;
    struct slice bytes = file_read("baddn");
    memcpy(block + bytes.size, "\r\n", 2);
    assert_int_equal(sip_msg_parse(slice_make(block, bytes.size + 2), &msg), SIP_BAD_FROM);
    assert_true(msg.is_answerable);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_message_gives_what_rfc_4475_asks),
        cmocka_unit_test(what_is_answered_gets_a_response_with_its_via),
        cmocka_unit_test(the_tortuous_invite_is_understood),
        cmocka_unit_test(odd_but_valid_characters_are_kept),
        cmocka_unit_test(the_second_request_of_a_datagram_is_cut),
        cmocka_unit_test(values_that_others_judge_come_through),
        cmocka_unit_test(a_comma_in_words_before_an_address_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
