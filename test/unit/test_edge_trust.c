/* Who may do what: by default nothing. And what of a message reaches the other side. */
#include "edge_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define OUT_URI "sip:+4989555@" H_DOMAIN

static struct harness *answered(const char *lines)
{
    struct harness *h = h_new();
    assert_true(h_call_rings(h, "c1"));
    h_reply(h, BOB, 200, "b1", lines);
    assert_true(h_take_status(h, ALICE, 200));
    struct h_request ack = {.method = "ACK", .to = "<sip:bob@example.com>;tag=b1"};
    h_ask(h, ALICE, &ack);
    assert_true(h_take_request(h, BOB, SIP_ACK));
    h_forget(h);
    return h;
}

static void what_is_not_known_is_refused(void **state)
{
    (void)state;
    /* Without credentials. 0: no answer. */
    static const struct {
        const char *method;
        int outside[3]; /* unknown, endpoint, trunk; not in a dialog */
        int stray;      /* with a To tag that nobody knows */
    } table[] = {
        {"INVITE", {407, 407, 403}, 481},    {"ACK", {0, 0, 0}, 0},
        {"BYE", {481, 481, 481}, 481},       {"CANCEL", {481, 481, 481}, 481},
        {"REGISTER", {401, 401, 401}, 401},  {"OPTIONS", {405, 405, 405}, 481},
        {"PRACK", {481, 481, 481}, 481},     {"UPDATE", {481, 481, 481}, 481},
        {"INFO", {405, 405, 405}, 481},      {"REFER", {405, 405, 405}, 481},
        {"NOTIFY", {405, 405, 405}, 481},    {"MESSAGE", {405, 405, 405}, 481},
        {"SUBSCRIBE", {405, 405, 405}, 481}, {"PUBLISH", {405, 405, 405}, 481},
        {"FOO", {501, 501, 501}, 481},
    };
    static const enum h_who sources[3] = {STRANGER, ALICE, TRUNK1};
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        for (int source = 0; source < 6; source++) {
            struct harness *h = answered(NULL); /* a call of others, which must not be touched */
            enum h_who who = sources[source % 3];
            bool is_stray = source >= 3;
            /* A trunk asks for a number that is no DDI: 403, it may not transit. */
            struct h_request request = {.method = table[i].method,
                                        .uri = OUT_URI,
                                        .call_id = "other",
                                        .to = is_stray ? "<" OUT_URI ">;tag=zz" : NULL};
            h_ask(h, who, &request);
            h_pass(h, 600000);
            int expected = is_stray ? table[i].stray : table[i].outside[source % 3];
            int got = h_take(h, who) ? h->msg.status : 0;
            if (got != expected) {
                fail_msg("%s from %s, %s: %d, not %d", table[i].method, h_users[who],
                         is_stray ? "stray" : "outside", got, expected);
            }
            assert_int_equal(h_count(h, BOB), 0);
            assert_int_equal(h_record_count(h, JOURNAL_USAGE), 0);
            h_free(h);
        }
    }
}

static void a_stranger_who_knows_the_tags_is_not_believed(void **state)
{
    (void)state;
    static const char *const methods[] = {"BYE", "INVITE", "UPDATE", "INFO", "REFER", "OPTIONS"};
    for (size_t i = 0; i < ARRAY_COUNT(methods); i++) {
        struct harness *h = answered(NULL);
        struct h_request request = {.method = methods[i],
                                    .from_user = "alice",
                                    .from_tag = "alice",
                                    .to = "<sip:bob@example.com>;tag=b1",
                                    .cseq = 9};
        h_ask(h, STRANGER, &request);
        assert_true(h_take_status(h, STRANGER, 481));
        assert_int_equal(h_count(h, BOB), 0);
        assert_int_equal(h_record_count(h, JOURNAL_USAGE), 0);
        h_free(h);
    }
}

static void a_phone_that_moved_is_known_by_its_route(void **state)
{
    (void)state;
    struct harness *h = h_new();
    assert_true(h_call_up(h, "c1"));
    char route[512];
    h_route_write(h, route, sizeof(route));
    struct h_request request = {.method = "BYE",
                                .from_user = "alice",
                                .from_tag = "alice",
                                .to = "<sip:bob@example.com>;tag=b1",
                                .extra = route,
                                .cseq = 2};
    h_ask(h, STRANGER, &request);
    assert_true(h_take_request(h, BOB, SIP_BYE));
    assert_false(sip_msg_has(&h->msg, SIP_H_ROUTE));
    h_free(h);
}

static void a_route_of_another_call_proves_nothing(void **state)
{
    (void)state;
    struct harness *h = answered(NULL);
    h_invite(h, CAROL, BOB_URI, "c2");
    assert_true(h_take_request(h, BOB, SIP_INVITE));
    h_reply(h, BOB, 180, "b2", NULL);
    assert_true(h_take_status(h, CAROL, 180));
    char route[512];
    h_route_write(h, route, sizeof(route));
    struct h_request request = {.method = "BYE",
                                .from_tag = "alice",
                                .to = "<sip:bob@example.com>;tag=b1",
                                .extra = route,
                                .cseq = 2};
    h_ask(h, CAROL, &request);
    assert_true(h_take_status(h, CAROL, 481));
    h_free(h);
}

static void a_phone_cannot_have_us_send_to_whom_it_names(void **state)
{
    (void)state;
    struct harness *h = h_new();
    h_invite(h, ALICE, OUT_URI, "c1");
    assert_true(h_take_request(h, TRUNK1, SIP_INVITE));
    h_reply(h, TRUNK1, 200, "t1", NULL);
    struct h_request request = {.method = "INFO",
                                .uri = "sip:+900@10.9.0.1:5060",
                                .to = "<sip:x@example.com>;tag=t1",
                                .extra = "Route: <sip:10.9.0.1;lr>\r\n",
                                .cseq = 2};
    h_ask(h, ALICE, &request);
    assert_int_equal(h_count(h, STRANGER), 0);
    assert_true(h_take_request(h, TRUNK1, SIP_INFO));
    assert_false(sip_msg_has(&h->msg, SIP_H_ROUTE));
    h_free(h);
}

static void identities_and_our_credentials_go_no_further(void **state)
{
    (void)state;
    struct harness *h = h_new();
    h_register(h, BOB);
    struct h_request request = {.method = "INVITE",
                                .uri = "sip:493012345@" H_DOMAIN,
                                .from_user = "whoever",
                                .extra = "P-Asserted-Identity:\r\n <sip:king@court>\r\n"
                                         "p-asserted-identity: <tel:+1>\r\n"
                                         "P-Preferred-Identity: <tel:+2>\r\n"
                                         "Remote-Party-ID: <sip:a@b>\r\nX-Reason: no-credit\r\n"};
    h_ask(h, TRUNK1, &request);
    assert_true(h_take_request(h, BOB, SIP_INVITE));
    assert_false(sip_msg_has(&h->msg, SIP_H_P_ASSERTED_IDENTITY));
    assert_false(sip_msg_has(&h->msg, SIP_H_P_PREFERRED_IDENTITY));
    assert_false(sip_msg_has(&h->msg, SIP_H_REMOTE_PARTY_ID));
    assert_false(sip_msg_has(&h->msg, SIP_H_X_REASON));
    h_reply(h, BOB, 180, "b1", "P-Asserted-Identity: <sip:king@court>\r\nX-Reason: x\r\n");
    assert_true(h_take_status(h, TRUNK1, 180));
    assert_false(sip_msg_has(&h->msg, SIP_H_P_ASSERTED_IDENTITY));
    assert_false(sip_msg_has(&h->msg, SIP_H_X_REASON));
    h_invite(h, ALICE, OUT_URI, "c2");
    assert_true(h_take_request(h, TRUNK1, SIP_INVITE));
    assert_false(sip_msg_has(&h->msg, SIP_H_PROXY_AUTHORIZATION));
    assert_true(slice_equal(sip_msg_value(&h->msg, SIP_H_P_ASSERTED_IDENTITY),
                            SLICE("<sip:+4930100@example.com>")));
    h_free(h);
}

static void another_s_identity_is_refused_but_not_in_an_emergency(void **state)
{
    (void)state;
    struct harness *h = h_new();
    struct h_request request = {
        .method = "INVITE", .uri = OUT_URI, .from_user = "bob", .is_authorized = true};
    h_ask(h, ALICE, &request);
    assert_true(h_take_status(h, ALICE, 403));
    request.uri = "sip:112@" H_DOMAIN;
    request.call_id = "c2";
    h_ask(h, ALICE, &request);
    assert_true(h_take_request(h, TRUNK1, SIP_INVITE));
    assert_true(slice_equal(sip_msg_value(&h->msg, SIP_H_P_ASSERTED_IDENTITY),
                            SLICE("<sip:+4930100@example.com>")));
    h_free(h);
}

static void what_does_not_fit_into_a_call_s_record_is_refused(void **state)
{
    (void)state;
    static char extra[30000];
    static char user[5000];
    struct harness *h = h_new();
    h_register(h, BOB);
    memset(user, 'x', sizeof(user) - 1);
    struct h_request request = {.method = "INVITE", .call_id = user, .is_authorized = true};
    h_ask(h, ALICE, &request);
    assert_true(h_take_status(h, ALICE, 513));
    request.call_id = "c2";
    request.from_tag = user;
    h_ask(h, ALICE, &request);
    assert_true(h_take_status(h, ALICE, 513));
    assert_int_equal(h_record_count(h, JOURNAL_CALL), 0);
    /* A long body only: ringing calls that are too long are not recorded whole, but are recorded.
     */
    memset(extra, 'y', sizeof(extra) - 3);
    memcpy(extra, "Subject: ", 9);
    memcpy(extra + sizeof(extra) - 3, "\r\n", 3);
    request.from_tag = NULL;
    request.call_id = "c3";
    request.extra = extra;
    h_ask(h, ALICE, &request);
    assert_true(h_take_request(h, BOB, SIP_INVITE));
    assert_int_equal(h_record_count(h, JOURNAL_CALL), 1);
    h_reply(h, BOB, 200, "b1", NULL);
    assert_int_equal(h_record_count(h, JOURNAL_CALL), 2);
    h_free(h);
}

static void an_answer_whose_texts_are_too_long_is_ended_not_lost(void **state)
{
    (void)state;
    static char lines[12000];
    struct harness *h = h_new();
    assert_true(h_call_rings(h, "c1"));
    memset(lines, 'z', sizeof(lines) - 1);
    memcpy(lines, "Contact: <sip:", 14);
    memcpy(lines + sizeof(lines) - 9, "@a.b>\r\n", 8);
    h_reply(h, BOB, 200, "b1", lines);
    assert_true(h_take_request(h, BOB, SIP_ACK));
    assert_true(h_take_status(h, ALICE, 503));
    h_pass(h, 400 * H_S);
    assert_true(h_is_empty(h));
    h_free(h);
}

static void a_response_that_the_caller_would_not_know_is_dropped(void **state)
{
    (void)state;
    struct harness *h = h_new();
    assert_true(h_call_rings(h, "c1"));
    char text[2048];
    snprintf(text, sizeof(text),
             "SIP/2.0 200 OK\r\nVia: " SLICE_FMT "\r\nFrom: <sip:alice@example.com>;tag=alice\r\n"
             "To: <sip:bob@example.com>;tag=b1\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\n"
             "Content-Length: 0\r\n\r\n",
             SLICE_ARG(h->msg.via.text));
    h_feed(h, BOB, slice_from_text(text));
    struct edge_totals totals;
    edge_sum(h->worker, &totals);
    assert_int_equal(totals.calls_answered, 0);
    h_free(h);
}

static void an_ack_keeps_the_number_of_its_invite_though_a_probe_came_between(void **state)
{
    (void)state;
    struct harness *h = answered(NULL);
    h_pass(h, 599 * H_S + 900000);
    struct h_request request = {
        .method = "INVITE", .to = "<sip:bob@example.com>;tag=b1", .cseq = 2};
    h_ask(h, ALICE, &request);
    assert_true(h_take_request(h, BOB, SIP_INVITE));
    uint32_t sent = h->msg.cseq;
    uint32_t i = slab_next(&h->worker->calls, 0);
    call_probe(h->worker, slab_at(&h->worker->calls, i));
    h_reply(h, BOB, 200, NULL, NULL);
    assert_true(h_take_status(h, ALICE, 200));
    assert_int_equal(h->msg.cseq, 2);
    request.method = "ACK";
    h_ask(h, ALICE, &request);
    assert_true(h_take_request(h, BOB, SIP_ACK));
    assert_int_equal(h->msg.cseq, sent);
    h_free(h);
}

static void our_bye_comes_after_a_prack(void **state)
{
    (void)state;
    struct harness *h = h_new();
    assert_true(h_call_rings(h, "c1"));
    struct sip_msg invite = h->msg;
    h_reply(h, BOB, 180, "b0", NULL);
    h->msg = invite;
    h_reply(h, BOB, 180, "b1", "Require: 100rel\r\nRSeq: 1\r\n"); /* a second early dialog */
    struct h_request prack = {.method = "PRACK",
                              .to = "<sip:bob@example.com>;tag=b1",
                              .extra = "RAck: 1 1 INVITE\r\n",
                              .cseq = 2};
    h_ask(h, ALICE, &prack);
    assert_true(h_take_request(h, BOB, SIP_PRACK));
    h_reply(h, BOB, 200, NULL, NULL);
    h->msg = invite;
    h_reply(h, BOB, 200, "b1", NULL);
    uint32_t i = slab_next(&h->worker->calls, 0);
    struct call *call = slab_at(&h->worker->calls, i);
    assert_int_equal(edge_end_call(h->worker, call->key, "op", &h->now).is, TRI_PRESENT);
    assert_true(h_take_request(h, BOB, SIP_BYE));
    assert_true(h->msg.cseq > 2);
    h_free(h);
}

static void each_side_sees_a_record_route_that_it_can_reach(void **state)
{
    (void)state;
    struct harness *h = h_new();
    h->transport[BOB] = REG_TCP;
    assert_true(h_call_rings(h, "c1"));
    int first = h->msg.first[SIP_H_RECORD_ROUTE];
    assert_true(first >= 0);
    int second = sip_msg_next(&h->msg, first);
    assert_true(second >= 0 && sip_msg_next(&h->msg, second) < 0);
    struct slice tcp = h->msg.headers[first].value;
    struct slice udp = h->msg.headers[second].value;
    assert_non_null(memmem(tcp.data, tcp.size, "transport=tcp", 13));
    assert_null(memmem(udp.data, udp.size, "transport=tcp", 13));
    h_reply(h, BOB, 200, "b1", NULL);
    assert_true(h_take_status(h, ALICE, 200));
    struct h_request ack = {.method = "ACK", .to = "<sip:bob@example.com>;tag=b1"};
    h_ask(h, ALICE, &ack);
    assert_true(h_take_request(h, BOB, SIP_ACK));
    assert_true(slice_equal_nocase(h->msg.via.transport, SLICE("TCP")));
    h_free(h);
}

static void a_via_loop_ends_with_482(void **state)
{
    (void)state;
    struct harness *h = h_new();
    assert_true(h_call_rings(h, "c1"));
    /* Bob sends it back as he got it, but for the address: his own credentials, the same request.
     */
    char via[512];
    snprintf(via, sizeof(via), "Via: " SLICE_FMT "\r\n", SLICE_ARG(h->msg.via.text));
    struct h_request request = {.method = "INVITE", .uri = BOB_URI, .extra = via};
    h_ask(h, BOB, &request);
    assert_true(h_take_status(h, BOB, 482));
    request.max_forwards = -1;
    request.extra = "Max-Forwards: 0\r\n";
    h_ask(h, BOB, &request);
    assert_true(h_take_status(h, BOB, 483));
    h_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_known_is_refused),
        cmocka_unit_test(a_stranger_who_knows_the_tags_is_not_believed),
        cmocka_unit_test(a_phone_that_moved_is_known_by_its_route),
        cmocka_unit_test(a_route_of_another_call_proves_nothing),
        cmocka_unit_test(a_phone_cannot_have_us_send_to_whom_it_names),
        cmocka_unit_test(identities_and_our_credentials_go_no_further),
        cmocka_unit_test(another_s_identity_is_refused_but_not_in_an_emergency),
        cmocka_unit_test(what_does_not_fit_into_a_call_s_record_is_refused),
        cmocka_unit_test(an_answer_whose_texts_are_too_long_is_ended_not_lost),
        cmocka_unit_test(a_response_that_the_caller_would_not_know_is_dropped),
        cmocka_unit_test(an_ack_keeps_the_number_of_its_invite_though_a_probe_came_between),
        cmocka_unit_test(our_bye_comes_after_a_prack),
        cmocka_unit_test(each_side_sees_a_record_route_that_it_can_reach),
        cmocka_unit_test(a_via_loop_ends_with_482),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
