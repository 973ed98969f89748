#include "sip/write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static struct sip_msg msg;
static char block[4096], scratch_block[1024];
static struct buf out, scratch;

static void parse(const char *text)
{
    assert_int_equal(sip_msg_parse(slice_from_text(text), &msg), SIP_OK);
    buf_init(&out, block, sizeof block);
    buf_init(&scratch, scratch_block, sizeof scratch_block);
}

static void assert_written(const char *expected)
{
    assert_false(out.is_full);
    buf_char(&out, '\0');
    assert_string_equal(block, expected);
}

#define VIA1 "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa\r\n"
#define REST "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: i\r\nCSeq: 1 INVITE\r\n"
#define INVITE "INVITE sip:c@d SIP/2.0\r\n" VIA1 REST

static void an_unchanged_message_goes_out_as_it_came(void **state)
{
    (void)state;
    const char *text = INVITE "Subject: a\r\n  folded\r\nContent-Length: 2\r\n\r\nhi";
    parse(text);
    sip_forward_write(&out, &msg, &(struct sip_rewrite){0});
    assert_written(text);
}

static void bare_line_feeds_leave_as_crlf_and_the_length_is_told(void **state)
{
    (void)state;
    parse("INVITE sip:c@d sip/2.0\nVia: SIP/2.0/UDP h\nf: sip:a@b\nt: sip:c@d\ni: x\n"
          "CSeq: 1 INVITE\n\nbody");
    sip_forward_write(&out, &msg, &(struct sip_rewrite){0});
    assert_written("INVITE sip:c@d SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nf: sip:a@b\r\nt: sip:c@d\r\n"
                   "i: x\r\nCSeq: 1 INVITE\r\nContent-Length: 4\r\n\r\nbody");
}

static void changes_are_made_where_they_were_asked_for(void **state)
{
    (void)state;
    parse(INVITE "Max-Forwards: 70\r\nX: 1\r\nRoute: <sip:r;lr>\r\nX: 2\r\nRoute: <sip:s;lr>\r\n"
                 "Content-Length: 0\r\n\r\n");
    struct sip_rewrite rewrite = {.request_uri = SLICE("sip:new@host"),
                                  .top = SLICE("Via: top\r\n"),
                                  .bottom = SLICE("X: bottom\r\n")};
    sip_rewrite_drop_all(&rewrite, &msg, SIP_H_ROUTE);
    assert_true(sip_rewrite_replace(&rewrite, 6, SLICE("X: one\r\n")));
    assert_true(sip_rewrite_replace(&rewrite, msg.first[SIP_H_MAX_FORWARDS],
                                    SLICE("Max-Forwards: 69\r\n")));
    assert_true(sip_rewrite_replace(&rewrite, 6, SLICE("X: uno\r\n")));
    assert_int_equal(rewrite.replace_count, 2);
    sip_forward_write(&out, &msg, &rewrite);
    assert_written("INVITE sip:new@host SIP/2.0\r\nVia: top\r\n" VIA1 REST
                   "Max-Forwards: 69\r\nX: uno\r\nX: 2\r\nContent-Length: 0\r\nX: bottom\r\n\r\n");
}

static void replacements_have_a_limit(void **state)
{
    (void)state;
    struct sip_rewrite rewrite = {0};
    for (int i = SIP_REWRITE_REPLACE_MAX; i > 0; i--) {
        assert_true(sip_rewrite_replace(&rewrite, i, SLICE("X: y\r\n")));
    }
    assert_false(sip_rewrite_replace(&rewrite, 100, SLICE("X: y\r\n")));
    assert_true(sip_rewrite_replace(&rewrite, 5, SLICE("X: z\r\n")));
    for (int i = 1; i < rewrite.replace_count; i++) {
        assert_true(rewrite.replace[i - 1].index < rewrite.replace[i].index);
    }
}

static void a_response_is_forwarded_without_its_first_via(void **state)
{
    (void)state;
    parse("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;branch=1\r\n" VIA1 REST "\r\n");
    struct sip_rewrite alone = {0};
    assert_true(sip_rewrite_pop_via(&alone, &msg, &scratch));
    sip_forward_write(&out, &msg, &alone);
    assert_written("SIP/2.0 200 OK\r\n" VIA1 REST "Content-Length: 0\r\n\r\n");

    parse("SIP/2.0 200 OK\r\nv: SIP/2.0/UDP a;x=\"1,2\" ,\r\n SIP/2.0/UDP b, SIP/2.0/UDP c\r\n" REST
          "\r\n");
    struct sip_rewrite shared = {0};
    assert_true(sip_rewrite_pop_via(&shared, &msg, &scratch));
    sip_forward_write(&out, &msg, &shared);
    assert_written("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP b, SIP/2.0/UDP c\r\n" REST
                   "Content-Length: 0\r\n\r\n");
}

static void our_route_is_taken_off(void **state)
{
    (void)state;
    parse(INVITE "Route: <sip:us;lr>, <sip:next;lr>\r\nRoute: <sip:last>\r\n\r\n");
    struct sip_rewrite rewrite = {0};
    assert_true(sip_rewrite_pop_route(&rewrite, &msg, &scratch));
    sip_forward_write(&out, &msg, &rewrite);
    assert_written(INVITE "Route: <sip:next;lr>\r\nRoute: <sip:last>\r\nContent-Length: 0\r\n\r\n");
}

static void a_full_scratch_says_so(void **state)
{
    (void)state;
    parse(INVITE "Route: <sip:us;lr>, <sip:next;lr>\r\n\r\n");
    buf_init(&scratch, scratch_block, 8);
    struct sip_rewrite rewrite = {0};
    assert_false(sip_rewrite_pop_route(&rewrite, &msg, &scratch));
}

static void a_response_copies_what_it_must(void **state)
{
    (void)state;
    parse("INVITE sip:c@d SIP/2.0\r\nv: SIP/2.0/UDP 10.0.0.1:5070;rport;branch=b, SIP/2.0/TCP x\r\n"
          "Via: SIP/2.0/UDP y\r\nRecord-Route: <sip:p;lr>\r\n" REST "\r\n");
    struct sip_response response = {.status = 180,
                                    .to_tag = SLICE("t9"),
                                    .lines = SLICE("X-Reason: why\r\n"),
                                    .source_host = SLICE("192.0.2.7"),
                                    .source_port = 40000};
    sip_response_write(&out, &msg, &response);
    assert_written("SIP/2.0 180 Ringing\r\n"
                   "Via: SIP/2.0/UDP 10.0.0.1:5070;branch=b;received=192.0.2.7;rport=40000, "
                   "SIP/2.0/TCP x\r\nVia: SIP/2.0/UDP y\r\nRecord-Route: <sip:p;lr>\r\n"
                   "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=t9\r\nCall-ID: i\r\n"
                   "CSeq: 1 INVITE\r\nX-Reason: why\r\nContent-Length: 0\r\n\r\n");
}

static void a_refusal_has_no_record_route_and_may_carry_a_body(void **state)
{
    (void)state;
    parse("INVITE sip:c@d SIP/2.0\r\n" VIA1 "Record-Route: <sip:p;lr>\r\n"
          "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=old\r\nCall-ID: i\r\nCSeq: 1 INVITE\r\n\r\n");
    struct sip_response response = {.status = 402,
                                    .reason = SLICE("No Credit"),
                                    .to_tag = SLICE("new"),
                                    .content_type = SLICE("text/plain"),
                                    .body = SLICE("0.00"),
                                    .source_host = SLICE("192.0.2.1"),
                                    .source_port = 5060};
    sip_response_write(&out, &msg, &response);
    assert_written("SIP/2.0 402 No Credit\r\n" VIA1 "From: <sip:a@b>;tag=1\r\n"
                   "To: <sip:c@d>;tag=old\r\nCall-ID: i\r\nCSeq: 1 INVITE\r\n"
                   "Content-Type: text/plain\r\nContent-Length: 4\r\n\r\n0.00");
}

static void received_is_told_as_the_source_was_seen(void **state)
{
    (void)state;
    static const struct {
        const char *via, *host, *expected;
    } rows[] = {
        {"SIP/2.0/UDP 192.0.2.1;branch=b", "192.0.2.1", "Via: SIP/2.0/UDP 192.0.2.1;branch=b\r\n"},
        {"SIP/2.0/UDP pc.example;branch=b", "192.0.2.1",
         "Via: SIP/2.0/UDP pc.example;branch=b;received=192.0.2.1\r\n"},
        {"SIP/2.0/UDP 192.0.2.1;RPORT=9;branch=b", "192.0.2.1",
         "Via: SIP/2.0/UDP 192.0.2.1;branch=b;received=192.0.2.1;rport=5062\r\n"},
        {"SIP/2.0/UDP 192.0.2.9;received=6.6.6.6;x=\"q;r\";branch=b", "192.0.2.1",
         "Via: SIP/2.0/UDP 192.0.2.9;x=\"q;r\";branch=b;received=192.0.2.1\r\n"},
        {"SIP/2.0/UDP 192.0.2.1;rport;branch=b;rport=9;x", "192.0.2.1",
         "Via: SIP/2.0/UDP 192.0.2.1;branch=b;x;received=192.0.2.1;rport=5062\r\n"},
        {"SIP/2.0/UDP 192.0.2.1;rport;received=6.6.6.6;branch=b", "192.0.2.1",
         "Via: SIP/2.0/UDP 192.0.2.1;branch=b;received=192.0.2.1;rport=5062\r\n"},
        {"SIP/2.0/UDP 192.0.2.1;branch=b;rport", "192.0.2.1",
         "Via: SIP/2.0/UDP 192.0.2.1;branch=b;received=192.0.2.1;rport=5062\r\n"},
        {"SIP/2.0/UDP [2001:DB8::1];branch=b", "2001:db8::1",
         "Via: SIP/2.0/UDP [2001:DB8::1];branch=b\r\n"},
        {"SIP/2.0/UDP h", "2001:db8::2", "Via: SIP/2.0/UDP h;received=2001:db8::2\r\n"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char text[512];
        struct buf made;
        buf_init(&made, text, sizeof text);
        buf_text(&made, "INVITE sip:c@d SIP/2.0\r\nVia: ");
        buf_text(&made, rows[i].via);
        buf_text(&made, "\r\n" REST "\r\n");
        assert_int_equal(sip_msg_parse(buf_done(&made), &msg), SIP_OK);
        buf_init(&out, block, sizeof block);
        sip_via_received_write(&out, &msg, slice_from_text(rows[i].host), 5062);
        assert_written(rows[i].expected);
    }
}

static void a_request_of_our_own_is_complete(void **state)
{
    (void)state;
    buf_init(&out, block, sizeof block);
    struct sip_request request = {.method = SLICE("BYE"),
                                  .uri = SLICE("sip:c@d"),
                                  .via = SLICE("SIP/2.0/UDP h;branch=z9hG4bKx"),
                                  .routes = SLICE("<sip:r;lr>"),
                                  .from = SLICE("<sip:a@b>;tag=1"),
                                  .to = SLICE("<sip:c@d>;tag=2"),
                                  .call_id = SLICE("i"),
                                  .cseq = 8,
                                  .max_forwards = 70,
                                  .lines = SLICE("Reason: Q.850;cause=31\r\n")};
    sip_request_write(&out, &request);
    assert_int_equal(sip_msg_parse(buf_done(&out), &msg), SIP_OK);
    assert_written("BYE sip:c@d SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n"
                   "Route: <sip:r;lr>\r\nMax-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\n"
                   "To: <sip:c@d>;tag=2\r\nCall-ID: i\r\nCSeq: 8 BYE\r\n"
                   "Reason: Q.850;cause=31\r\nContent-Length: 0\r\n\r\n");
}

static void ack_and_cancel_are_made_from_the_invite_that_was_sent(void **state)
{
    (void)state;
    static struct sip_msg response;
    const char *answer = "SIP/2.0 486 Busy Here\r\n" VIA1
                         "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=9\r\nCall-ID: i\r\n"
                         "CSeq: 1 INVITE\r\n\r\n";
    assert_int_equal(sip_msg_parse(slice_from_text(answer), &response), SIP_OK);
    parse("INVITE sip:c@d SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa, SIP/2.0/UDP z\r\n"
          "Route: <sip:r;lr>\r\nRoute: <sip:s;lr>\r\n" REST "\r\n");
    sip_ack_write(&out, &msg, &response);
    assert_written("ACK sip:c@d SIP/2.0\r\n" VIA1 "Route: <sip:r;lr>\r\nRoute: <sip:s;lr>\r\n"
                   "Max-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=9\r\n"
                   "Call-ID: i\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n");
    buf_init(&out, block, sizeof block);
    sip_cancel_write(&out, &msg, SLICE("Reason: SIP;cause=200\r\n"));
    assert_written("CANCEL sip:c@d SIP/2.0\r\n" VIA1 "Route: <sip:r;lr>\r\nRoute: <sip:s;lr>\r\n"
                   "Max-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n"
                   "Call-ID: i\r\nCSeq: 1 CANCEL\r\nReason: SIP;cause=200\r\n"
                   "Content-Length: 0\r\n\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unchanged_message_goes_out_as_it_came),
        cmocka_unit_test(bare_line_feeds_leave_as_crlf_and_the_length_is_told),
        cmocka_unit_test(changes_are_made_where_they_were_asked_for),
        cmocka_unit_test(replacements_have_a_limit),
        cmocka_unit_test(a_response_is_forwarded_without_its_first_via),
        cmocka_unit_test(our_route_is_taken_off),
        cmocka_unit_test(a_full_scratch_says_so),
        cmocka_unit_test(a_response_copies_what_it_must),
        cmocka_unit_test(a_refusal_has_no_record_route_and_may_carry_a_body),
        cmocka_unit_test(received_is_told_as_the_source_was_seen),
        cmocka_unit_test(a_request_of_our_own_is_complete),
        cmocka_unit_test(ack_and_cancel_are_made_from_the_invite_that_was_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
