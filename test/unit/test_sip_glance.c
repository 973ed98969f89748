#include "sip/glance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

static struct sip_msg msg;
static struct sip_glance glance;

#define START "INVITE sip:bob@example.com SIP/2.0\r\n"
#define VIA "Via: SIP/2.0/UDP 192.0.2.1:5070;rport;branch=z9hG4bKa\r\n"
#define FROM "From: \"Alice, A.\" <sip:alice@example.com>;tag=f1\r\n"
#define TO "To: <sip:bob@example.com>\r\n"
#define IDS "Call-ID: c1@192.0.2.1\r\nCSeq: 7 INVITE\r\n"
#define AUTH                                                                                       \
    "Proxy-Authorization: Digest username=\"alice\", realm=\"example.com\", nonce=\"n0\", "        \
    "nc=00000002, uri=\"sip:bob@example.com\"\r\n"

static const char *const understood[] = {
    START VIA FROM TO IDS "\r\n",
    START VIA FROM TO IDS AUTH "Content-Length: 3\r\n\r\nv=0",
    "INVITE sip:b@h SIP/2.0\r\nv:SIP/2.0/TCP [2001:db8::1];branch=z9hG4bKb\r\nVia: SIP/2.0/UDP h2;"
    "branch=x\r\nf: sip:a@h;tag=1\r\nt: <sip:b@h>;tag=2\r\ni: c\r\nCSeq: 1 INVITE\r\nRoute: "
    "<sip:edge;lr;dt=1>\r\n\r\n",
    "REGISTER sip:example.com SIP/2.0\r\nVIA:  SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKc;rport\r\n"
    "FROM:<sip:a@example.com>;x=y;tag=9\r\nTO: <sip:a@example.com>\r\nCALL-ID: 5\r\nCSEQ: 3 "
    "REGISTER\r\nAuthorization: Digest nonce=\"x\"\r\n\r\n",
    "REFER sip:bob@example.com SIP/2.0\r\n" VIA FROM TO "Call-ID: c1\r\nCSeq: 8 REFER\r\n\r\n",
    "SUBSCRIBE sip:alice@example.com SIP/2.0\r\n" VIA FROM TO
    "Call-ID: c2\r\nCSeq: 1 SUBSCRIBE\r\n\r\n",
};

static struct slice credentials_of(const struct sip_msg *parsed)
{
    return sip_msg_value(parsed, sip_msg_has(parsed, SIP_H_AUTHORIZATION)
                                     ? SIP_H_AUTHORIZATION
                                     : SIP_H_PROXY_AUTHORIZATION);
}

/* Where a glance and the parser both understand a message, they say the same of it. */
static bool agrees(struct slice bytes)
{
    struct slice call_id = sip_glance_call_id(bytes);
    if (call_id.size > 0 && sip_msg_parse(bytes, &msg) == SIP_OK &&
        !slice_equal(call_id, msg.call_id)) {
        return false;
    }
    if (!sip_glance(bytes, &glance)) {
        return true;
    }
    if (sip_msg_parse(bytes, &msg) != SIP_OK) {
        return true; /* a refusal of what is broken elsewhere does no harm */
    }
    return msg.is_request && msg.method == glance.method &&
           slice_equal(msg.uri_text, glance.uri_text) &&
           slice_equal(msg.via.branch, glance.branch) &&
           slice_equal(msg.via.host, glance.via_host) && msg.via.port == glance.via_port &&
           slice_equal(msg.call_id, glance.call_id) && msg.cseq == glance.cseq &&
           slice_equal(msg.from.tag, glance.from_tag) && slice_equal(msg.to.tag, glance.to_tag) &&
           slice_equal(msg.headers[msg.first[SIP_H_FROM]].line, glance.from) &&
           slice_equal(msg.headers[msg.first[SIP_H_TO]].line, glance.to) &&
           slice_equal(sip_msg_value(&msg, SIP_H_ROUTE), glance.route) &&
           slice_equal(credentials_of(&msg), glance.credentials);
}

static void what_senders_write_is_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(understood); i++) {
        struct slice bytes = slice_from_text(understood[i]);
        assert_true(sip_glance(bytes, &glance));
        assert_int_equal(sip_msg_parse(bytes, &msg), SIP_OK);
        assert_true(agrees(bytes));
    }
    assert_true(sip_glance(slice_from_text(understood[1]), &glance));
    assert_true(glance.is_rport_wanted);
    assert_true(
        slice_equal(sip_glance_credential(glance.credentials, SLICE("nonce")), SLICE("n0")));
    assert_true(
        slice_equal(sip_glance_credential(glance.credentials, SLICE("nc")), SLICE("00000002")));
    assert_int_equal(sip_glance_credential(glance.credentials, SLICE("opaque")).size, 0);
}

static void what_is_unusual_is_left_to_the_parser(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "\r\n\r\n",
        "SIP/2.0 200 OK\r\n" VIA FROM TO IDS "\r\n",
        START VIA FROM TO IDS, /* no end */
        START VIA FROM TO "Call-ID: c1\r\nCSeq: 7 BYE\r\n\r\n",
        START VIA FROM TO "CSeq: 7 INVITE\r\n\r\n",
        START VIA FROM FROM TO IDS "\r\n",
        START VIA FROM TO TO IDS "\r\n",
        START "Via: SIP/2.0/UDP a;branch=z9hG4bKa, SIP/2.0/UDP b;branch=x\r\n" FROM TO IDS "\r\n",
        START "Via: SIP/2.0/UDP a;branch=z9hG4bKa;received=10.0.0.9\r\n" FROM TO IDS "\r\n",
        START "Via: SIP/2.0/UDP a;branch=1;branch=2\r\n" FROM TO IDS "\r\n",
        START "Via: SIP/2.0/UDP a\r\n" FROM TO IDS "\r\n",
        START VIA "From: <sip:a@h>\r\n ;tag=1\r\n" TO IDS "\r\n",
        START VIA "From : <sip:a@h>;tag=1\r\n" TO IDS "\r\n",
        START VIA "From: <sip:a@h>;tag=\"1\"\r\n" TO IDS "\r\n",
        "INVITE sip:b@h SIP/2.0\nVia: SIP/2.0/UDP a;branch=1\n\n",
        "NOSUCH sip:b@h SIP/2.0\r\n" VIA FROM TO "Call-ID: 1\r\nCSeq: 1 NOSUCH\r\n\r\n",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        assert_false(sip_glance(slice_from_text(texts[i]), &glance));
    }
}

static void of_headers_that_may_stand_twice_the_first_counts(void **state)
{
    (void)state;
    static const char *const texts[] = {
        START VIA FROM TO IDS "Route: <sip:a;lr>\r\nRoute: <sip:b;lr>\r\n\r\n",
        START VIA FROM TO IDS "Route:\r\nRoute: <sip:b;lr>\r\n\r\n",
        START VIA FROM TO IDS AUTH AUTH "\r\n",
        START VIA FROM TO IDS "Authorization:\r\n" AUTH "\r\n",
        START VIA FROM TO IDS "Proxy-Authorization:\r\n" AUTH "\r\n",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct slice bytes = slice_from_text(texts[i]);
        assert_int_equal(sip_msg_parse(bytes, &msg), SIP_OK);
        assert_true(agrees(bytes));
    }
}

static void mutated_messages_are_read_as_the_parser_reads_them(void **state)
{
    (void)state;
    static const char spice[] = "\r\n\t ;,<>\"=:@\\abzSIP/2.0";
    static char text[2048];
    struct rng rng;
    rng_init(&rng, 11);
    int understood_count = 0;
    for (int i = 0; i < 200000; i++) {
        const char *base = understood[rng_below(&rng, ARRAY_COUNT(understood))];
        size_t size = strlen(base);
        memcpy(text, base, size);
        for (uint64_t change = rng_below(&rng, 3); change > 0; change--) {
            text[rng_below(&rng, size)] = spice[rng_below(&rng, sizeof(spice) - 1)];
        }
        struct slice bytes = slice_make(text, size);
        if (!agrees(bytes)) {
            print_message("%.*s\n", (int)size, text);
            fail();
        }
        understood_count += sip_glance(bytes, &glance);
    }
    assert_true(understood_count > 50000);
}

static void the_branch_of_a_response_is_found(void **state)
{
    (void)state;
    assert_true(
        slice_equal(sip_glance_branch(SLICE("SIP/2.0 200 OK\r\n" VIA "\r\n")), SLICE("z9hG4bKa")));
    assert_true(slice_equal(
        sip_glance_branch(SLICE("SIP/2.0 200 OK\r\nv: SIP/2.0/UDP h;branch=b\r\n")), SLICE("b")));
    assert_true(slice_equal(
        sip_glance_branch(SLICE("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h; branch=b, SIP/2.0/UDP i;"
                                "branch=c\r\n")),
        SLICE("b")));
    assert_true(
        slice_equal(sip_glance_branch(SLICE("SIP/2.0 200 OK\r\nTo: x;branch=a\r\n" VIA "\r\n")),
                    SLICE("z9hG4bKa")));
    assert_int_equal(sip_glance_branch(SLICE("SIP/2.0 200 OK\r\nTo: x\r\n\r\n" VIA)).size, 0);
    assert_int_equal(
        sip_glance_branch(SLICE("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h, SIP/2.0/UDP i;branch=c\r\n"))
            .size,
        0);
    assert_int_equal(sip_glance_branch(SLICE("SIP/2.0 200 OK\r\nTo: x;branch=b\r\n")).size, 0);
    assert_int_equal(sip_glance_branch(SLICE("SIP/2.0 200 OK")).size, 0);
    assert_int_equal(sip_glance_branch(SLICE("")).size, 0);
}

static void the_call_id_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *text, *call_id;
    } cases[] = {
        {START VIA FROM TO IDS "\r\n", "c1@192.0.2.1"},
        {"SIP/2.0 200 OK\r\ni:c2\r\n\r\n", "c2"},
        {"SIP/2.0 200 OK\r\nCALL-id: \t c3 \r\nX: y\r\n\r\n", "c3"},
        {START "Call-ID: a\r\n b\r\n\r\n", ""}, /* folded */
        {START "Call-ID : a\r\n\r\n", ""},
        {START "Call-ID: \r\n\r\n", ""},
        {START "To: x\r\n\r\nCall-ID: body\r\n", ""},
        {START "Call-ID: a\n\r\n", ""},
        {START, ""},
        {"", ""},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct slice found = sip_glance_call_id(slice_from_text(cases[i].text));
        assert_true(slice_equal(found, slice_from_text(cases[i].call_id)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_senders_write_is_understood),
        cmocka_unit_test(what_is_unusual_is_left_to_the_parser),
        cmocka_unit_test(of_headers_that_may_stand_twice_the_first_counts),
        cmocka_unit_test(mutated_messages_are_read_as_the_parser_reads_them),
        cmocka_unit_test(the_branch_of_a_response_is_found),
        cmocka_unit_test(the_call_id_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
