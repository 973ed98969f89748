/* What a carrier may do to a call that is up, and what it may not make the caller hear. */
#include "edge_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define OUT_URI "sip:+4989555@" H_DOMAIN
#define CHALLENGE "Proxy-Authenticate: Digest realm=\"carrier\", nonce=\"n1\", algorithm=MD5\r\n"

static void ask_alice(struct harness *h, const char *method, uint32_t cseq)
{
    struct h_request request = {.method = method,
                                .uri = "sip:trunk1@10.3.0.1:5060",
                                .to = "<sip:+4989555@example.com>;tag=t1",
                                .cseq = cseq};
    h_ask(h, ALICE, &request);
}

/* Alice talks to a number behind the first carrier. */
static struct harness *answered(void)
{
    struct harness *h = h_new();
    h_register(h, ALICE);
    h_invite(h, ALICE, OUT_URI, "c1");
    assert_true(h_take_request(h, TRUNK1, SIP_INVITE));
    h_reply(h, TRUNK1, 200, "t1", NULL);
    assert_true(h_take_status(h, ALICE, 200));
    ask_alice(h, "ACK", 1);
    assert_true(h_take_request(h, TRUNK1, SIP_ACK));
    h_forget(h);
    return h;
}

static void over(struct harness *h)
{
    h_pass(h, 400 * H_S);
    assert_true(h_is_empty(h));
    h_free(h);
}

static bool has_credentials(const struct harness *h)
{
    return sip_msg_has(&h->msg, SIP_H_PROXY_AUTHORIZATION);
}

static void a_challenge_of_a_bye_is_answered_with_the_trunks_credentials(void **state)
{
    (void)state;
    struct harness *h = answered();
    ask_alice(h, "BYE", 2);
    assert_true(h_take_request(h, TRUNK1, SIP_BYE));
    assert_int_equal(h->msg.cseq, 2);
    h_reply(h, TRUNK1, 407, NULL, CHALLENGE);
    assert_true(h_take_request(h, TRUNK1, SIP_BYE));
    assert_int_equal(h->msg.cseq, 3);
    assert_true(has_credentials(h));
    h_reply(h, TRUNK1, 200, NULL, NULL);
    assert_true(h_take_status(h, ALICE, 200));
    assert_int_equal(h->msg.cseq, 2);
    assert_int_equal(h_record_count(h, JOURNAL_USAGE), 1);
    over(h);
}

static void a_challenge_of_a_new_offer_is_answered_and_its_ack_matches(void **state)
{
    (void)state;
    struct harness *h = answered();
    ask_alice(h, "INVITE", 2);
    assert_true(h_take_request(h, TRUNK1, SIP_INVITE));
    h_reply(h, TRUNK1, 407, "t1", CHALLENGE);
    assert_true(h_take_request(h, TRUNK1, SIP_ACK));
    assert_int_equal(h->msg.cseq, 2);
    h_forget(h);
    /* The new one went out before the ACK of the old: both are among what was sent. */
    h_pass(h, H_S);
    assert_true(h_take_request(h, TRUNK1, SIP_INVITE)); /* its repeat */
    assert_int_equal(h->msg.cseq, 3);
    assert_true(has_credentials(h));
    h_reply(h, TRUNK1, 200, NULL, NULL);
    assert_true(h_take_status(h, ALICE, 200));
    assert_int_equal(h->msg.cseq, 2);
    ask_alice(h, "ACK", 2);
    assert_true(h_take_request(h, TRUNK1, SIP_ACK));
    assert_int_equal(h->msg.cseq, 3);
    ask_alice(h, "BYE", 3);
    assert_true(h_take_request(h, TRUNK1, SIP_BYE));
    assert_int_equal(h->msg.cseq, 4);
    h_reply(h, TRUNK1, 200, NULL, NULL);
    over(h);
}

static void credentials_that_are_refused_are_not_tried_for_ever(void **state)
{
    (void)state;
    struct harness *h = answered();
    ask_alice(h, "INFO", 2);
    assert_true(h_take_request(h, TRUNK1, SIP_INFO));
    h_reply(h, TRUNK1, 407, NULL, CHALLENGE);
    assert_true(h_take_request(h, TRUNK1, SIP_INFO));
    h_reply(h, TRUNK1, 407, NULL, CHALLENGE);
    assert_false(h_take_request(h, TRUNK1, SIP_INFO));
    h_forget(h);
    ask_alice(h, "INFO", 3);
    assert_true(h_take_request(h, TRUNK1, SIP_INFO));
    h_reply(h, TRUNK1, 407, NULL, "");         /* a challenge without a nonce: no answer to it */
    assert_true(h_take_status(h, ALICE, 500)); /* and no business of the phone's */
    ask_alice(h, "BYE", 4);
    assert_true(h_take_request(h, TRUNK1, SIP_BYE));
    h_reply(h, TRUNK1, 200, NULL, NULL);
    over(h);
}

static void a_challenge_of_our_own_bye_is_answered(void **state)
{
    (void)state;
    struct harness *h = answered();
    uint32_t first = slab_next(&h->worker->calls, 0);
    const struct call *call = slab_at(&h->worker->calls, first);
    assert_int_equal(edge_end_call(h->worker, call->key, "operator", &h->now).is, TRI_PRESENT);
    assert_true(h_take_request(h, TRUNK1, SIP_BYE));
    uint32_t cseq = h->msg.cseq;
    h_reply(h, TRUNK1, 407, NULL, CHALLENGE);
    assert_true(h_take_request(h, TRUNK1, SIP_BYE));
    assert_int_equal(h->msg.cseq, cseq + 1);
    assert_true(has_credentials(h));
    h_reply(h, TRUNK1, 200, NULL, NULL);
    assert_true(h_take_request(h, ALICE, SIP_BYE));
    h_reply(h, ALICE, 200, NULL, NULL);
    over(h);
}

static void a_carriers_503_goes_no_further_than_here(void **state)
{
    (void)state;
    struct harness *h = h_new();
    h_register(h, ALICE);
    h_invite(h, ALICE, OUT_URI, "c1");
    assert_true(h_take_request(h, TRUNK1, SIP_INVITE));
    h_reply(h, TRUNK1, 503, "t1", "Retry-After: 600\r\n");
    assert_true(h_take_request(h, TRUNK2, SIP_INVITE));
    h_reply(h, TRUNK2, 503, "t2", "Retry-After: 600\r\n");
    assert_true(h_take_status(h, ALICE, 500));
    assert_false(sip_msg_has(&h->msg, SIP_H_RETRY_AFTER));
    over(h);
}

static void a_carrier_that_says_nothing_is_left_out_by_the_calls_that_follow(void **state)
{
    (void)state;
    struct harness *h = h_new();
    h_register(h, ALICE);
    h_invite(h, ALICE, OUT_URI, "c1");
    assert_true(h_take_request(h, TRUNK1, SIP_INVITE));
    h_pass(h, 4 * H_S); /* the call left it for the second */
    assert_true(h_take_request(h, TRUNK2, SIP_INVITE));
    h_forget(h);
    h_invite(h, ALICE, OUT_URI, "c2"); /* its probe of this second */
    assert_true(h_take_request(h, TRUNK1, SIP_INVITE));
    h_invite(h, ALICE, OUT_URI, "c3");
    assert_false(h_take_request(h, TRUNK1, SIP_INVITE));
    assert_true(h_take_request(h, TRUNK2, SIP_INVITE));
    h_invite(h, ALICE, "sip:112@" H_DOMAIN, "c4"); /* an emergency call tries it all the same */
    assert_true(h_take_request(h, TRUNK1, SIP_INVITE));
    h_reply(h, TRUNK1, 503, "t4", NULL);
    over(h);
}

static void a_trunk_takes_as_many_calls_a_second_as_it_agreed_to(void **state)
{
    (void)state;
    struct harness *h = h_new();
    struct trunk trunks[2];
    const struct trunk_set *set = directory_trunks(h->edge->directory);
    memcpy(trunks, set->trunks, sizeof(trunks));
    trunks[0].cps_max = 2;
    trunks[1].cps_max = 0;
    struct route_row routes[2];
    memcpy(routes, set->routes, sizeof(routes));
    assert_true(directory_swap_trunks(h->edge->directory, trunks, 2, routes, 2));
    h_register(h, ALICE);
    for (int i = 0; i < 3; i++) {
        char call_id[16];
        snprintf(call_id, sizeof(call_id), "cps-%d", i);
        h_invite(h, ALICE, OUT_URI, call_id);
        assert_int_equal(h_take_request(h, TRUNK1, SIP_INVITE), i < 2);
    }
    assert_true(h_take_status(h, ALICE, 503));
    assert_true(sip_msg_has(&h->msg, SIP_H_RETRY_AFTER));
    h_invite(h, ALICE, "sip:112@" H_DOMAIN, "cps-sos");
    assert_true(h_take_request(h, TRUNK1, SIP_INVITE));
    h_pass(h, H_S);
    h_forget(h);
    h_invite(h, ALICE, OUT_URI, "cps-later");
    assert_true(h_take_request(h, TRUNK1, SIP_INVITE));
    over(h);
}

static void a_free_call_to_a_number_is_in_its_owners_records(void **state)
{
    (void)state;
    struct harness *h = h_new();
    struct usage usage;
    h_register(h, BOB);
    h_invite(h, TRUNK1, "sip:493012345@" H_DOMAIN, "in");
    assert_true(h_take_request(h, BOB, SIP_INVITE));
    h_reply(h, BOB, 200, "b1", NULL);
    h_restart(h); /* and so it is after a restart */
    h_pass(h, 300 * H_S);
    assert_true(h_last_usage(h, &usage));
    assert_int_equal(usage.account_id, 2);
    assert_int_equal(usage.charge_micro, 0);
    assert_true((usage.flags & USAGE_ANSWERED) != 0);
    over(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_challenge_of_a_bye_is_answered_with_the_trunks_credentials),
        cmocka_unit_test(a_challenge_of_a_new_offer_is_answered_and_its_ack_matches),
        cmocka_unit_test(credentials_that_are_refused_are_not_tried_for_ever),
        cmocka_unit_test(a_challenge_of_our_own_bye_is_answered),
        cmocka_unit_test(a_carriers_503_goes_no_further_than_here),
        cmocka_unit_test(a_carrier_that_says_nothing_is_left_out_by_the_calls_that_follow),
        cmocka_unit_test(a_trunk_takes_as_many_calls_a_second_as_it_agreed_to),
        cmocka_unit_test(a_free_call_to_a_number_is_in_its_owners_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
