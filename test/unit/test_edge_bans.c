/* Bans at the edge: who is banned, and who passes all the same. */
#include "edge_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct harness *guarded(void)
{
    struct harness *h = h_new();
    h_bans_on(h);
    return h;
}

static struct ban_now ban_time(const struct harness *h)
{
    return (struct ban_now){h->now.mono_us, h->now.wall_us};
}

static bool is_banned(struct harness *h, enum h_who who)
{
    struct reg_flow flow = h_flow(h, who);
    return ban_holds(h->edge->bans, flow.address, ban_time(h));
}

/* REGISTER as that user, with the credentials of `who` or none. */
static void ask_register(struct harness *h, enum h_who who, const char *user, bool is_authorized)
{
    static int number;
    char to[64];
    char call_id[32];
    snprintf(to, sizeof(to), "<sip:%s@" H_DOMAIN ">", user);
    snprintf(call_id, sizeof(call_id), "ask-%d", ++number);
    struct h_request request = {.method = "REGISTER",
                                .uri = "sip:" H_DOMAIN,
                                .to = to,
                                .from_user = user,
                                .call_id = call_id,
                                .is_authorized = is_authorized};
    h_ask(h, who, &request);
}

/* Tries users until there is no answer any more. Returns how many were answered. */
static int scan(struct harness *h, enum h_who who)
{
    for (int i = 0; i < 100; i++) {
        char user[16];
        snprintf(user, sizeof(user), "user%d", i);
        ask_register(h, who, user, false);
        if (!h_take(h, who)) {
            return i;
        }
        assert_int_equal(h->msg.status, 401);
    }
    return 100;
}

/* Somebody behind the address of `who`, at another port, is banned. */
static void ban_beside(struct harness *h, enum h_who who)
{
    h->port[who] = 6666;
    assert_in_range(scan(h, who), 5, 20);
    assert_true(is_banned(h, who));
    h->port[who] = 0;
}

static void who_tries_many_users_is_banned_and_not_answered(void **state)
{
    (void)state;
    struct harness *h = guarded();
    assert_in_range(scan(h, STRANGER), 5, 20);
    assert_string_equal(h->last_event, "ban.begun");
    assert_non_null(strstr(h->last_json, "\"source\":\"10.9.0.1\""));
    assert_non_null(strstr(h->last_json, "\"reason\":\"unknown-users-tried\""));
    assert_int_equal(h_record_count(h, JOURNAL_BAN), 1);
    struct edge_totals totals;
    edge_sum(h->worker, &totals);
    assert_int_equal(totals.counts[EDGE_BANS], 1);
    assert_int_equal(totals.counts[EDGE_BANNED], 1);
    uint64_t read = totals.counts[EDGE_IN];
    for (int i = 0; i < 50; i++) {
        struct h_request request = {.method = "OPTIONS"};
        h_ask(h, STRANGER, &request);
    }
    assert_int_equal(h_count(h, STRANGER), 0);
    edge_sum(h->worker, &totals);
    assert_int_equal(totals.counts[EDGE_IN], read); /* not even read */
    h_free(h);
}

/* Asks as that user again and again, each time for another. Returns how many were answered. */
static int press(struct harness *h, const char *user, bool is_authorized)
{
    for (int i = 0; i < 100; i++) {
        char uri[64];
        char to[64];
        char wrong[256];
        snprintf(uri, sizeof(uri), "sip:%d@" H_DOMAIN, i);
        snprintf(to, sizeof(to), "<sip:%s@" H_DOMAIN ">", user);
        snprintf(wrong, sizeof(wrong),
                 "Authorization: Digest username=\"%s\", realm=\"" H_DOMAIN "\", nonce=\"n\", "
                 "uri=\"%s\", response=\"%032d\"\r\n",
                 user, uri, i);
        struct h_request request = {.method = "REGISTER",
                                    .uri = uri,
                                    .to = to,
                                    .from_user = user,
                                    .call_id = uri,
                                    .extra = is_authorized ? wrong : NULL};
        h_ask(h, STRANGER, &request);
        if (!h_take(h, STRANGER)) {
            return i;
        }
        assert_int_equal(h->msg.status, 401);
    }
    return 100;
}

static void when_a_ban_begins_tells_nobody_which_users_there_are(void **state)
{
    (void)state;
    for (int is_authorized = 0; is_authorized < 2; is_authorized++) {
        struct harness *h = guarded();
        int with_user = press(h, "alice", is_authorized != 0);
        h_free(h);
        h = guarded();
        assert_in_range(with_user, 5, 20);
        assert_int_equal(press(h, "nosuch", is_authorized != 0), with_user);
        h_free(h);
    }
}

static void wrong_passwords_and_probing_methods_ban_too(void **state)
{
    (void)state;
    static const char *const methods[] = {"OPTIONS", "SUBSCRIBE", "MESSAGE", "FOO"};
    for (size_t i = 0; i <= ARRAY_COUNT(methods); i++) {
        struct harness *h = guarded();
        int answered = 0;
        while (answered < 100) {
            char call_id[16];
            snprintf(call_id, sizeof(call_id), "p%d", answered);
            struct h_request request = {.method = i == 0 ? "INVITE" : methods[i - 1],
                                        .uri = BOB_URI,
                                        .call_id = call_id,
                                        .from_user = "alice",
                                        .is_authorized = i == 0}; /* as mallory: no such user */
            h_ask(h, STRANGER, &request);
            if (!h_take(h, STRANGER)) {
                break;
            }
            answered++;
        }
        if (answered < 5 || answered > 20) {
            fail_msg("%s: %d answered", i == 0 ? "INVITE" : methods[i - 1], answered);
        }
        h_free(h);
    }
}

static void a_registered_phone_behind_the_same_address_feels_nothing(void **state)
{
    (void)state;
    struct harness *h = guarded();
    h_register(h, BOB);
    h_register(h, ALICE);
    ban_beside(h, ALICE);
    /* Its flow: it refreshes, calls, is called, and talks. */
    ask_register(h, ALICE, "alice", false);
    assert_true(h_take_status(h, ALICE, 401));
    h_invite(h, ALICE, BOB_URI, "c1");
    assert_true(h_take_request(h, BOB, SIP_INVITE));
    h_reply(h, BOB, 200, "b1", NULL);
    assert_true(h_take_status(h, ALICE, 200));
    struct h_request bye = {.method = "BYE", .to = "<sip:bob@example.com>;tag=b1", .cseq = 2};
    h_ask(h, ALICE, &bye);
    assert_true(h_take_request(h, BOB, SIP_BYE));
    h_invite(h, BOB, "sip:alice@" H_DOMAIN, "c2");
    assert_true(h_take_request(h, ALICE, SIP_INVITE));
    h_reply(h, ALICE, 180, "a1", NULL);
    assert_true(h_take_status(h, BOB, 180));
    /* It boots and comes from another port: its user is known there. */
    h->port[ALICE] = 7777;
    ask_register(h, ALICE, "alice", false);
    assert_true(h_take_status(h, ALICE, 401));
    ask_register(h, ALICE, "alice", true);
    assert_true(h_take_status(h, ALICE, 200));
    assert_true(is_banned(h, ALICE));
    /* The guesser is still not heard. */
    h->port[ALICE] = 6666;
    ask_register(h, ALICE, "user500", false);
    assert_int_equal(h_count(h, ALICE), 0);
    h_free(h);
}

static void who_knows_a_call_by_its_token_passes(void **state)
{
    (void)state;
    struct harness *h = guarded();
    assert_true(h_call_rings(h, "c1"));
    struct sip_msg invite = h->msg;
    ban_beside(h, BOB);
    h->msg = invite;
    h->port[BOB] = 6667; /* a response that NAT gave another port */
    h_reply(h, BOB, 200, "b1", NULL);
    assert_true(h_take_status(h, ALICE, 200));
    char route[512];
    h_route_write(h, route, sizeof(route));
    (void)scan(h, STRANGER);
    assert_true(is_banned(h, STRANGER));
    struct h_request request = {.method = "BYE",
                                .from_user = "alice",
                                .from_tag = "alice",
                                .to = "<sip:bob@example.com>;tag=b1",
                                .extra = route,
                                .cseq = 2};
    h_ask(h, STRANGER, &request);
    assert_true(h_take_request(h, BOB, SIP_BYE));
    /* A token that is nearly right opens nothing. */
    char *mac = strstr(route, ";dt=") + 30;
    *mac = *mac == '0' ? '1' : '0';
    h_forget(h);
    request.cseq = 3;
    h_ask(h, STRANGER, &request);
    assert_int_equal(h_count(h, STRANGER), 0);
    h_free(h);
}

static void a_call_for_help_is_challenged_from_a_banned_address_too(void **state)
{
    (void)state;
    struct harness *h = guarded();
    ban_beside(h, ALICE); /* alice never came from there before */
    struct h_request request = {.method = "INVITE", .uri = "sip:112@" H_DOMAIN};
    h_ask(h, ALICE, &request);
    assert_true(h_take_status(h, ALICE, 407));
    request.call_id = "c2";
    request.is_authorized = true;
    h_ask(h, ALICE, &request);
    assert_true(h_take_request(h, TRUNK1, SIP_INVITE));
    h_free(h);
}

static void a_new_customer_behind_a_banned_address_gets_in_when_the_guesser_is_quiet(void **state)
{
    (void)state;
    struct harness *h = guarded();
    ban_beside(h, ALICE);
    ask_register(h, ALICE, "alice", false);
    assert_int_equal(h_count(h, ALICE), 0);
    h_pass(h, 31 * H_S);
    assert_true(is_banned(h, ALICE));
    ask_register(h, ALICE, "alice", false);
    assert_true(h_take_status(h, ALICE, 401));
    ask_register(h, ALICE, "alice", true); /* it holds a nonce of ours now */
    assert_true(h_take_status(h, ALICE, 200));
    h_free(h);
}

/* The same credentials with cnonce in front: RFC 7616 3.4 names no order. */
static void cnonce_first(const char *line, char *out, size_t out_size)
{
    static const char scheme[] = "Authorization: Digest ";
    const char *from = strstr(line, ", cnonce=\"");
    assert_non_null(from);
    const char *to = strchr(from + strlen(", cnonce=\""), '"') + 1;
    const char *rest = line + sizeof(scheme) - 1;
    snprintf(out, out_size, "%s%.*s, %.*s%s", scheme, (int)(to - from) - 2, from + 2,
             (int)(from - rest), rest, to);
}

static void an_answer_to_our_challenge_is_known_in_whatever_order_it_is_written(void **state)
{
    (void)state;
    struct harness *h = guarded();
    char line[1024];
    char turned[1024];
    struct buf buf;
    ban_beside(h, ALICE); /* alice never came from there before */
    buf_init(&buf, line, sizeof(line));
    h_credentials(h, ALICE, "REGISTER", "sip:" H_DOMAIN, false, &buf);
    buf_char(&buf, '\0');
    assert_false(buf.is_full);
    cnonce_first(line, turned, sizeof(turned));
    struct h_request request = {.method = "REGISTER",
                                .uri = "sip:" H_DOMAIN,
                                .to = "<sip:alice@" H_DOMAIN ">",
                                .extra = turned};
    h_ask(h, ALICE, &request);
    assert_true(h_take_status(h, ALICE, 200));
    h_free(h);
}

static void an_office_that_boots_registers_whole(void **state)
{
    (void)state;
    struct harness *h = guarded();
    for (int round = 0; round < 50; round++) {
        ask_register(h, ALICE, "alice", false);
        assert_true(h_take_status(h, ALICE, 401));
        ask_register(h, ALICE, "alice", true);
        assert_true(h_take_status(h, ALICE, 200));
        h->port[ALICE] = (uint16_t)(8000 + round); /* another phone */
        h_pass(h, 1000);
    }
    assert_false(is_banned(h, ALICE));
    h_free(h);
}

static void trunks_and_the_allow_list_are_never_banned(void **state)
{
    (void)state;
    struct harness *h = guarded();
    assert_int_equal(scan(h, TRUNK1), 100);
    struct trunk_acl network;
    assert_true(trunk_acl_parse(SLICE("10.9.0.0/16"), &network));
    struct edge_settings *settings = &h->edge->settings;
    settings->allowed_count = 1;
    memcpy(settings->allowed[0].address, network.address, 16);
    settings->allowed[0].prefix_bits = network.prefix_bits;
    assert_int_equal(scan(h, STRANGER), 100);
    /* One that is put there while it is banned is heard again at once. */
    settings->allowed_count = 0;
    assert_in_range(scan(h, STRANGER), 5, 20);
    settings->allowed_count = 1;
    assert_int_equal(scan(h, STRANGER), 100);
    h_free(h);
}

static void broken_messages_are_answered_and_never_banned(void **state)
{
    (void)state;
    struct harness *h = guarded();
    int answered = 0;
    for (int i = 0; i < 1000; i++) {
        h_feed(h, STRANGER,
               SLICE("INVITE sip:a@example.com SIP/2.0\r\nVia: SIP/2.0/UDP "
                     "10.9.0.1;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\n"
                     "Call-ID: x\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n"));
        answered += h_take_status(h, STRANGER, 400) ? 1 : 0;
    }
    assert_in_range(answered, 100, 101);
    assert_false(is_banned(h, STRANGER));
    h_free(h);
}

static void a_scanner_s_mark_alone_bans_nobody(void **state)
{
    (void)state;
    struct harness *h = guarded();
    for (int i = 0; i < 200; i++) {
        struct h_request request = {.method = "REGISTER",
                                    .uri = "sip:" H_DOMAIN,
                                    .to = "<sip:alice@" H_DOMAIN ">",
                                    .call_id = "r",
                                    .cseq = (uint32_t)i + 1,
                                    .extra = "User-Agent: friendly-scanner\r\n",
                                    .is_authorized = true};
        h_ask(h, ALICE, &request);
        assert_true(h_take_status(h, ALICE, 200));
    }
    assert_false(is_banned(h, ALICE));
    h_free(h);
}

/* What alice's phone sent is heard and sent again by another, as often as he likes. */
static void who_repeats_another_s_credentials_is_no_customer(void **state)
{
    (void)state;
    struct harness *h = guarded();
    char line[1024];
    struct buf buf;
    buf_init(&buf, line, sizeof(line));
    h_credentials(h, ALICE, "INVITE", BOB_URI, true, &buf);
    buf_char(&buf, '\0');
    h_register(h, BOB);
    struct h_request request = {.method = "INVITE", .call_id = "c1", .extra = line};
    h_ask(h, ALICE, &request);
    assert_true(h_take_request(h, BOB, SIP_INVITE));
    request.call_id = "c2";
    request.from_user = request.from_tag = "alice";
    h_ask(h, STRANGER, &request);
    assert_true(h_take_status(h, STRANGER, 407));
    struct reg_flow flow = h_flow(h, STRANGER);
    assert_false(edge_knows_place(h->edge, flow.address));
    assert_in_range(scan(h, STRANGER), 5, 20);
    h_ask(h, STRANGER, &request);
    ask_register(h, STRANGER, "user500", false);
    assert_true(is_banned(h, STRANGER));
    h_forget(h);
    ask_register(h, STRANGER, "user501", false);
    assert_int_equal(h_count(h, STRANGER), 0);
    h_free(h);
}

static void what_is_not_known_yet_bans_nobody(void **state)
{
    (void)state;
    struct harness *h = guarded();
    (void)scan(h, STRANGER);
    atomic_store(&h->edge->is_known_loaded, false); /* after a restart, for a moment */
    ask_register(h, STRANGER, "user1", false);
    assert_true(h_take_status(h, STRANGER, 401));
    h_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_tries_many_users_is_banned_and_not_answered),
        cmocka_unit_test(when_a_ban_begins_tells_nobody_which_users_there_are),
        cmocka_unit_test(wrong_passwords_and_probing_methods_ban_too),
        cmocka_unit_test(a_registered_phone_behind_the_same_address_feels_nothing),
        cmocka_unit_test(who_knows_a_call_by_its_token_passes),
        cmocka_unit_test(a_call_for_help_is_challenged_from_a_banned_address_too),
        cmocka_unit_test(a_new_customer_behind_a_banned_address_gets_in_when_the_guesser_is_quiet),
        cmocka_unit_test(an_answer_to_our_challenge_is_known_in_whatever_order_it_is_written),
        cmocka_unit_test(an_office_that_boots_registers_whole),
        cmocka_unit_test(trunks_and_the_allow_list_are_never_banned),
        cmocka_unit_test(broken_messages_are_answered_and_never_banned),
        cmocka_unit_test(a_scanner_s_mark_alone_bans_nobody),
        cmocka_unit_test(who_repeats_another_s_credentials_is_no_customer),
        cmocka_unit_test(what_is_not_known_yet_bans_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
