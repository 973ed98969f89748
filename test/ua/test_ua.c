/* Two user agents wired to each other in virtual time: no proxy between them. */
#include "phones.h"
#include "ua_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>

#define WIRE_MAX 256
#define DELAY_US 5000

struct wire_message {
    bool is_used;
    int to;
    int64_t at_us;
    char *data;
    size_t size;
};

struct world {
    struct ua *agents[2];
    struct ua_effects out;
    struct ua_effect list[256];
    char block[1 << 18];
    struct wire_message wire[WIRE_MAX];
    int64_t now_us;
    int drop_next[2]; /* messages lost on their way to that agent */
    int repeat;       /* each message arrives that many times more */
    struct ua_event last[2][UA_EV_RESPONSE + 1];
    int told[2][UA_EV_RESPONSE + 1];
    char last_sent[2][UA_MESSAGE_SIZE_MAX];
};

static void post(struct world *world, int to, struct slice bytes)
{
    if (world->drop_next[to] > 0) {
        world->drop_next[to]--;
        return;
    }
    for (int copy = 0; copy <= world->repeat; copy++) {
        for (int i = 0; i < WIRE_MAX; i++) {
            struct wire_message *message = &world->wire[i];
            if (!message->is_used) {
                *message = (struct wire_message){.is_used = true,
                                                 .to = to,
                                                 .at_us = world->now_us + DELAY_US + copy * 100,
                                                 .data = malloc(bytes.size),
                                                 .size = bytes.size};
                memcpy(message->data, bytes.data, bytes.size);
                break;
            }
        }
    }
}

static void carry(struct world *world, int agent)
{
    assert_false(world->out.is_full);
    for (int i = 0; i < world->out.count; i++) {
        const struct ua_effect *effect = &world->out.list[i];
        if (effect->kind == UA_DO_TELL) {
            world->last[agent][effect->event.kind] = effect->event;
            world->told[agent][effect->event.kind]++;
        } else {
            ua_copy(world->last_sent[agent], sizeof(world->last_sent[agent]), effect->bytes);
            assert_int_equal(effect->to.port, 5000 + !agent);
            post(world, !agent, effect->bytes);
        }
    }
    ua_effects_clear(&world->out);
}

static void run(struct world *world, int64_t for_us)
{
    int64_t until_us = world->now_us + for_us;
    for (;;) {
        int64_t next_us = until_us;
        int first = -1;
        for (int i = 0; i < WIRE_MAX; i++) {
            if (world->wire[i].is_used && world->wire[i].at_us <= next_us &&
                (first < 0 || world->wire[i].at_us < world->wire[first].at_us)) {
                first = i;
            }
        }
        next_us = first >= 0 ? world->wire[first].at_us : until_us;
        for (int a = 0; a < 2; a++) {
            if (ua_deadline(world->agents[a]) < next_us) {
                next_us = ua_deadline(world->agents[a]);
                first = -1;
            }
        }
        world->now_us = next_us > world->now_us ? next_us : world->now_us;
        if (first >= 0) {
            struct wire_message *message = &world->wire[first];
            struct ua_address from = {.host = "127.0.0.1", .port = (uint16_t)(5000 + !message->to)};
            ua_feed(world->agents[message->to], slice_make(message->data, message->size), &from, 0,
                    world->now_us, &world->out);
            message->is_used = false;
            free(message->data);
            carry(world, message->to);
        } else if (next_us >= until_us) {
            return;
        }
        for (int a = 0; a < 2; a++) {
            ua_tick(world->agents[a], world->now_us, &world->out);
            carry(world, a);
        }
    }
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->out = (struct ua_effects){.list = world->list,
                                     .count_max = 256,
                                     .block = world->block,
                                     .block_size = sizeof(world->block)};
    world->now_us = 1000000;
    for (int i = 0; i < 2; i++) {
        struct ua_config config = {.domain = "test.example",
                                   .rtp_port = 4000,
                                   .expires_s = 60,
                                   .seed = (uint64_t)i + 7,
                                   .call_count_max = 8,
                                   .has_100rel = true};
        snprintf(config.user, sizeof(config.user), "%s", i == 0 ? "alice" : "bob");
        snprintf(config.local.host, sizeof(config.local.host), "127.0.0.1");
        config.proxy = config.local;
        config.local.port = (uint16_t)(5000 + i);
        config.proxy.port = (uint16_t)(5000 + !i);
        world->agents[i] = ua_new(&config);
    }
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    ua_free(world->agents[0]);
    ua_free(world->agents[1]);
    for (int i = 0; i < WIRE_MAX; i++) {
        if (world->wire[i].is_used) {
            free(world->wire[i].data);
        }
    }
    free(world);
    return 0;
}

static int call_bob(struct world *world, int64_t hold_us, int64_t cancel_us)
{
    int call = ua_call(world->agents[0],
                       &(struct ua_call_options){
                           .to = "bob", .hangup_after_us = hold_us, .cancel_after_us = cancel_us},
                       world->now_us, &world->out);
    carry(world, 0);
    return call;
}

static void set_rule(struct world *world, struct ua_rule rule)
{
    ua_set_rules(world->agents[1], &rule, 1);
}

static void a_call_is_answered_and_ends_after_its_time(void **state)
{
    struct world *world = *state;
    call_bob(world, 10000000, 0);
    run(world, 20000000);
    const struct ua_stats *alice = ua_stats(world->agents[0]), *bob = ua_stats(world->agents[1]);
    assert_int_equal(alice->answered_out, 1);
    assert_int_equal(alice->talk_out_us, 10000000);
    assert_int_equal(bob->talk_in_us, 10000000);
    assert_int_equal(bob->acked, 1);
    assert_int_equal(bob->bye_in, 1);
    assert_int_equal(alice->pdd_max_us, 2 * DELAY_US);
    assert_true(ua_is_idle(world->agents[0]) && ua_is_idle(world->agents[1]));
    run(world, 70000000);
    assert_int_equal(ua_deadline(world->agents[0]), UA_NEVER);
    assert_int_equal(ua_deadline(world->agents[1]), UA_NEVER);
}

static void lost_and_repeated_messages_change_nothing(void **state)
{
    struct world *world = *state;
    world->repeat = 2;
    world->drop_next[1] = 1; /* the INVITE */
    call_bob(world, 5000000, 0);
    run(world, 1600000);
    world->drop_next[1] = 1; /* an ACK */
    run(world, 20000000);
    assert_int_equal(ua_stats(world->agents[0])->answered_out, 1);
    assert_int_equal(ua_stats(world->agents[1])->incoming, 1);
    assert_int_equal(ua_stats(world->agents[1])->bye_in, 1);
    assert_int_equal(ua_stats(world->agents[0])->bye_refused, 0);
    assert_true(ua_stats(world->agents[0])->repeated_2xx > 0);
}

static void a_refusal_is_told_with_its_code(void **state)
{
    struct world *world = *state;
    set_rule(world, (struct ua_rule){.how = UA_REJECT, .status = 486});
    call_bob(world, 0, 0);
    run(world, 1000000);
    assert_int_equal(world->last[0][UA_EV_REFUSED].status, 486);
    assert_int_equal(ua_stats(world->agents[0])->finals[486], 1);
}

static void a_cancelled_call_ends_with_487(void **state)
{
    struct world *world = *state;
    set_rule(world, (struct ua_rule){.how = UA_RING_ONLY});
    call_bob(world, 0, 2000000);
    run(world, 4000000);
    assert_int_equal(ua_stats(world->agents[0])->finals[487], 1);
    assert_int_equal(ua_stats(world->agents[1])->missed, 1);
}

static void a_cancel_that_crosses_the_answer_ends_with_a_bye(void **state)
{
    struct world *world = *state;
    set_rule(world, (struct ua_rule){.how = UA_RING_ONLY, .is_deaf_to_cancel = true});
    call_bob(world, 0, 2000000);
    run(world, 4000000);
    assert_int_equal(ua_stats(world->agents[0])->answered_out, 1);
    assert_int_equal(ua_stats(world->agents[1])->bye_in, 1);
    assert_true(ua_is_idle(world->agents[0]) && ua_is_idle(world->agents[1]));
}

static void a_silent_callee_is_given_up_after_32_s(void **state)
{
    struct world *world = *state;
    set_rule(world, (struct ua_rule){.how = UA_SILENT});
    call_bob(world, 0, 0);
    run(world, 31000000);
    assert_int_equal(world->told[0][UA_EV_REFUSED], 0);
    run(world, 2000000);
    assert_int_equal(world->last[0][UA_EV_REFUSED].status, 408);
}

static void an_answer_without_ack_is_ended(void **state)
{
    struct world *world = *state;
    int call = call_bob(world, 0, 0);
    run(world, 900000);
    world->drop_next[1] = 12; /* every ACK */
    run(world, 40000000);
    assert_int_equal(ua_stats(world->agents[1])->unacked, 1);
    assert_int_equal(world->told[0][UA_EV_ENDED], 1);
    assert_true(call >= 0 && ua_is_idle(world->agents[0]));
}

static void a_reliable_183_is_pracked(void **state)
{
    struct world *world = *state;
    set_rule(world, (struct ua_rule){
                        .has_early_media = true, .is_reliable = true, .answer_after_us = 1000000});
    call_bob(world, 3000000, 0);
    run(world, 8000000);
    assert_int_equal(ua_stats(world->agents[1])->got[SIP_PRACK], 1);
    assert_int_equal(ua_stats(world->agents[0])->ok[SIP_PRACK], 1);
    assert_int_equal(ua_stats(world->agents[0])->answered_out, 1);
}

static void requests_within_the_dialog_are_answered(void **state)
{
    struct world *world = *state;
    static const enum sip_method methods[] = {SIP_INFO, SIP_MESSAGE, SIP_UPDATE, SIP_OPTIONS,
                                              SIP_REFER};
    int call = call_bob(world, 20000000, 0);
    run(world, 2000000);
    for (size_t i = 0; i < ARRAY_COUNT(methods); i++) {
        assert_true(
            ua_send(world->agents[0], call, methods[i], "carol", world->now_us, &world->out));
        carry(world, 0);
        run(world, 100000);
        assert_int_equal(ua_stats(world->agents[1])->got[methods[i]], 1);
        assert_int_equal(ua_stats(world->agents[0])->ok[methods[i]], 1);
    }
    run(world, 30000000);
    assert_int_equal(ua_stats(world->agents[1])->bye_in, 1);
}

static void hold_stops_the_audio_and_resume_starts_it(void **state)
{
    struct world *world = *state;
    struct ua_media media;
    int call = call_bob(world, 0, 0);
    run(world, 2000000);
    assert_true(ua_call_media(world->agents[1], 0, &media) && media.is_sending);
    assert_true(ua_reinvite(world->agents[0], call, true, world->now_us, &world->out));
    carry(world, 0);
    run(world, 100000);
    assert_true(ua_call_media(world->agents[1], 0, &media) && !media.is_sending);
    assert_true(ua_reinvite(world->agents[0], call, false, world->now_us, &world->out));
    carry(world, 0);
    run(world, 100000);
    assert_true(ua_call_media(world->agents[1], 0, &media) && media.is_sending);
    assert_int_equal(ua_stats(world->agents[0])->ok[SIP_INVITE], 2);
    ua_hangup(world->agents[1], 0, world->now_us, &world->out);
    carry(world, 1);
    run(world, 100000);
    assert_true(ua_is_idle(world->agents[0]));
}

static void glare_is_refused_with_491_and_tried_again(void **state)
{
    struct world *world = *state;
    int call = call_bob(world, 0, 0);
    run(world, 2000000);
    assert_true(ua_reinvite(world->agents[0], call, true, world->now_us, &world->out));
    carry(world, 0);
    assert_true(ua_reinvite(world->agents[1], 0, false, world->now_us, &world->out));
    carry(world, 1);
    run(world, 10000000);
    assert_int_equal(ua_stats(world->agents[0])->ok[SIP_INVITE], 1);
    assert_int_equal(ua_stats(world->agents[1])->ok[SIP_INVITE], 1);
}

static void an_unknown_dialog_is_answered_481(void **state)
{
    struct world *world = *state;
    static const char bytes[] =
        "OPTIONS sip:bob@127.0.0.1:5001 SIP/2.0\r\n"
        "Via: SIP/2.0/UDP 127.0.0.1:5000;branch=z9hG4bKx;rport\r\n"
        "From: <sip:x@test.example>;tag=1\r\nTo: <sip:bob@test.example>;tag=2\r\n"
        "Call-ID: none\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n";
    struct ua_address from = {.host = "127.0.0.1", .port = 5000};
    ua_feed(world->agents[1], slice_make(bytes, sizeof(bytes) - 1), &from, 0, world->now_us,
            &world->out);
    carry(world, 1);
    assert_int_equal(strncmp(world->last_sent[1], "SIP/2.0 481 ", 12), 0);
}

static const char *const challenge =
    "WWW-Authenticate: Digest realm=\"test.example\", nonce=\"abc\", qop=\"auth\", "
    "algorithm=SHA-256\r\n";

/* Answers the REGISTER that was sent last as a registrar would. */
static void registrar_answers(struct world *world, int status, const char *lines)
{
    static struct sip_msg msg;
    char text[UA_MESSAGE_SIZE_MAX], copy[UA_MESSAGE_SIZE_MAX];
    struct buf buf;
    memcpy(copy, world->last_sent[0], sizeof(copy));
    assert_int_equal(sip_msg_parse(slice_from_text(copy), &msg), SIP_OK);
    assert_int_equal(msg.method, SIP_REGISTER);
    buf_init(&buf, text, sizeof(text));
    sip_response_write(&buf, &msg,
                       &(struct sip_response){.status = status,
                                              .to_tag = SLICE("reg"),
                                              .lines = slice_from_text(lines)});
    for (int i = 0; i < WIRE_MAX; i++) {
        if (world->wire[i].is_used) {
            free(world->wire[i].data);
            world->wire[i].is_used = false;
        }
    }
    struct ua_address from = {.host = "127.0.0.1", .port = 5001};
    ua_feed(world->agents[0], buf_done(&buf), &from, 0, world->now_us, &world->out);
    carry(world, 0);
}

static void a_phone_registers_and_refreshes_with_a_rising_nc(void **state)
{
    struct world *world = *state;
    struct ua *alice = world->agents[0];
    snprintf(alice->config.password, sizeof(alice->config.password), "secret");
    ua_register(alice, world->now_us, &world->out);
    carry(world, 0);
    registrar_answers(world, 401, challenge);
    assert_non_null(strstr(world->last_sent[0], "nc=00000001"));
    registrar_answers(world, 423, "Min-Expires: 90\r\n");
    assert_non_null(strstr(world->last_sent[0], "Expires: 90\r\n"));
    assert_non_null(strstr(world->last_sent[0], "nc=00000002"));
    registrar_answers(world, 200, "Contact: <sip:alice@127.0.0.1:5000>;expires=50\r\n");
    assert_true(ua_is_registered(alice));
    assert_in_range(ua_deadline(alice), world->now_us + 1000, world->now_us + 43000000);
    run(world, 43000000);
    assert_non_null(strstr(world->last_sent[0], "nc=00000003"));
    assert_int_equal(ua_stats(alice)->registered, 1);
}

static void a_wrong_password_is_not_tried_for_ever(void **state)
{
    struct world *world = *state;
    struct ua *alice = world->agents[0];
    snprintf(alice->config.password, sizeof(alice->config.password), "wrong");
    ua_register(alice, world->now_us, &world->out);
    carry(world, 0);
    for (int i = 0; i < 3; i++) {
        registrar_answers(world, 401, challenge);
    }
    assert_int_equal(world->last[0][UA_EV_REGISTER_FAILED].status, 401);
    assert_int_equal(ua_stats(alice)->register_failed, 1);
}

static void retry_after_is_obeyed(void **state)
{
    struct world *world = *state;
    struct ua *alice = world->agents[0];
    ua_register(alice, world->now_us, &world->out);
    carry(world, 0);
    registrar_answers(world, 503, "Retry-After: 20\r\n");
    world->last_sent[0][0] = 0;
    run(world, 19000000);
    assert_int_equal(world->last_sent[0][0], 0);
    run(world, 2000000);
    assert_int_equal(strncmp(world->last_sent[0], "REGISTER ", 9), 0);
}

static void bytes_that_are_not_sip_are_counted(void **state)
{
    struct world *world = *state;
    struct ua_address from = {.host = "127.0.0.1", .port = 5000};
    ua_feed(world->agents[0], SLICE("hello\r\n\r\n"), &from, 0, world->now_us, &world->out);
    assert_int_equal(ua_stats(world->agents[0])->bad_messages, 1);
    assert_int_equal(world->out.count, 0);
}

static void the_file_of_demo_phones_is_read(void **state)
{
    (void)state;
    static struct phones_file file;
    char error[200] = "";
    assert_true(phones_file_parse(
        SLICE("registrar [::1]:5060\ndomain demo.test\nbind ::1\naudio on\n"
              "phone alice password \"a b\" expires 90s answers after 500ms # comment\n"
              "carrier acme port 5070 tcp\nrule acme to 99 busy\n"
              "calls alice to 4930123 every 20s for 8s\n"),
        &file, error, sizeof(error)));
    assert_int_equal(file.agent_count, 2);
    assert_string_equal(file.agents[0].config.password, "a b");
    assert_string_equal(file.agents[0].config.proxy.host, "::1");
    assert_int_equal(file.agents[0].config.expires_s, 90);
    assert_true(file.agents[1].config.proxy.is_tcp && file.agents[1].config.is_any_user);
    assert_int_equal(file.agents[1].rules[1].status, 486);
    assert_int_equal(file.plans[0].hold_us, 8000000);
}

static void a_bad_line_of_demo_phones_is_named(void **state)
{
    (void)state;
    static struct phones_file file;
    static const char *const bad[] = {"registrar nowhere\n",
                                      "phone\n",
                                      "phone a pasword x\n",
                                      "carrier c port 70000\n",
                                      "rule nobody to 1 busy\n",
                                      "calls nobody to 1 every 1s for 1s\n",
                                      "phone a\ncalls a to 1 every 0s for 1s\n",
                                      "audio maybe\n",
                                      "phone a\n" /* no registrar */};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        char error[200] = "";
        assert_false(phones_file_parse(slice_from_text(bad[i]), &file, error, sizeof(error)));
        assert_non_null(strstr(error, "line"));
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_call_is_answered_and_ends_after_its_time),
        CASE(lost_and_repeated_messages_change_nothing),
        CASE(a_refusal_is_told_with_its_code),
        CASE(a_cancelled_call_ends_with_487),
        CASE(a_cancel_that_crosses_the_answer_ends_with_a_bye),
        CASE(a_silent_callee_is_given_up_after_32_s),
        CASE(an_answer_without_ack_is_ended),
        CASE(a_reliable_183_is_pracked),
        CASE(requests_within_the_dialog_are_answered),
        CASE(hold_stops_the_audio_and_resume_starts_it),
        CASE(glare_is_refused_with_491_and_tried_again),
        CASE(an_unknown_dialog_is_answered_481),
        CASE(a_phone_registers_and_refreshes_with_a_rising_nc),
        CASE(a_wrong_password_is_not_tried_for_ever),
        CASE(retry_after_is_obeyed),
        CASE(bytes_that_are_not_sip_are_counted),
        cmocka_unit_test(the_file_of_demo_phones_is_read),
        cmocka_unit_test(a_bad_line_of_demo_phones_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
