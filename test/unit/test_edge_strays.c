/* Answers that no transaction waits for: those of a call that a restart ended are still ended. */
#include "edge_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define BOB_URI "sip:bob@" H_DOMAIN

/* Alice calls bob, whose phone rings when the edge is killed. h->msg: bob's INVITE. */
static struct harness *ringing_at_restart(void)
{
    struct harness *h = h_new();
    h_register(h, BOB);
    h_invite(h, ALICE, BOB_URI, "c1");
    assert_true(h_take_request(h, BOB, SIP_INVITE));
    static char copy[SIP_MESSAGE_SIZE_MAX];
    size_t size = h->msg.raw.size;
    memcpy(copy, h->msg.raw.data, size);
    h_reply(h, BOB, 180, "b1", NULL);
    h_restart(h);
    assert_true(h_take_status(h, ALICE, 500));
    assert_true(h_take_request(h, BOB, SIP_CANCEL));
    assert_int_equal(sip_msg_parse(slice_make(copy, size), &h->msg), SIP_OK);
    return h;
}

static void a_phone_that_rang_at_the_restart_gets_an_ack_for_its_487(void **state)
{
    (void)state;
    struct harness *h = ringing_at_restart();
    char branch[64];
    assert_true(slice_copy_text(h->msg.via.branch, branch, sizeof(branch)));
    struct sip_msg invite = h->msg;
    for (int i = 0; i < 2; i++) { /* and for its repetition */
        h->msg = invite;
        h_reply(h, BOB, 487, "b1", NULL);
        assert_true(h_take_request(h, BOB, SIP_ACK));
        assert_true(slice_equal(h->msg.via.branch, slice_from_text(branch)));
        assert_true(slice_equal(h->msg.to.tag, SLICE("b1")));
        assert_int_equal(h->msg.cseq, invite.cseq);
    }
    h_pass(h, 400 * H_S);
    assert_true(h_is_empty(h));
    h_free(h);
}

static void a_failure_that_no_invite_of_ours_asked_for_gets_no_ack(void **state)
{
    (void)state;
    struct harness *h = ringing_at_restart();
    char text[SIP_MESSAGE_SIZE_MAX];
    size_t size = h->msg.raw.size;
    memcpy(text, h->msg.raw.data, size);
    size_t at = (size_t)(h->msg.via.branch.data - h->msg.raw.data);
    text[at + 20] = text[at + 20] == '0' ? '1' : '0';
    assert_int_equal(sip_msg_parse(slice_make(text, size), &h->msg), SIP_OK);
    h_reply(h, BOB, 487, "b1", NULL);
    assert_false(h_take_request(h, BOB, SIP_ACK));
    h_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_phone_that_rang_at_the_restart_gets_an_ack_for_its_487),
        cmocka_unit_test(a_failure_that_no_invite_of_ours_asked_for_gets_no_ack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
