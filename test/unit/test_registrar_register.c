/* What a REGISTER does, step by step as RFC 3261 10.3 has it. */
#include "test_registrar_world.h"

#define THREE "Contact: <sip:alice@10.0.0.9:5060>\r\n"

static struct reg_target targets[10];

static void a_phone_registers_and_is_found_where_it_came_from(void **state)
{
    (void)state;
    assert_int_equal(look_up(&w, "alice", targets), 0);
    assert_int_equal(ask(&w, "alice", "c", 1, ONE "Expires: 600\r\n"), REG_DONE);
    assert_string_equal(w.lines, "Contact: <sip:alice@10.0.0.7:5060>;expires=600\r\n");
    assert_int_equal(w.answer.contact_count, 1);
    assert_int_equal(w.answer.change, 1);
    assert_int_equal(w.answer.refresh_only, 0);
    assert_int_equal(look_up(&w, "alice", targets), 1);
    assert_string_equal(targets[0].uri, "sip:alice@10.0.0.7:5060");
    assert_string_equal(targets[0].path, "");
    assert_memory_equal(&targets[0].flow, &w.flow, sizeof(w.flow));
    assert_int_equal(targets[0].q, 1000);
    assert_true(targets[0].expires_at_us == w.now.mono_us + 600 * S);
    assert_int_equal(look_up(&w, "ALICE", targets), 0);
    struct reg_counts counts = registrar_count(w.registrar);
    assert_int_equal(counts.aors, 1);
    assert_int_equal(counts.bindings, 1);
}

static void a_refresh_moves_only_the_expiry(void **state)
{
    (void)state;
    ask(&w, "alice", "c", 1, ONE "Expires: 600\r\n");
    pass(&w, 300);
    assert_int_equal(ask(&w, "alice", "c", 2, ONE "Expires: 600\r\n"), REG_DONE);
    assert_string_equal(w.lines, "Contact: <sip:alice@10.0.0.7:5060>;expires=600\r\n");
    assert_int_equal(w.answer.change, 0);
    assert_int_equal(w.answer.refresh_only, 1);
    assert_int_equal(w.log.count, 2);
    pass(&w, 599);
    assert_int_equal(look_up(&w, "alice", targets), 1);
    pass(&w, 1);
    assert_int_equal(look_up(&w, "alice", targets), 0);
}

static void a_refresh_in_other_words_is_a_refresh_too(void **state)
{
    (void)state;
    ask(&w, "alice", "c", 1, ONE "Expires: 600\r\n");
    assert_int_equal(ask(&w, "alice", "c", 2, ONE "Expires: 700\r\n"), REG_DONE);
    assert_int_equal(w.answer.refresh_only, 1);
    assert_string_equal(w.lines, "Contact: <sip:alice@10.0.0.7:5060>;expires=700\r\n");
    assert_int_equal(
        ask(&w, "alice", "c", 3, "Contact: \"A\" <SIP:alice@10.0.0.7:5060>;expires=80\r\n"),
        REG_DONE);
    assert_int_equal(w.answer.contact_count, 1);
    assert_true(strstr(w.lines, ";expires=80\r\n") != NULL);
    pass(&w, 81);
    assert_true(sweep(&w) > w.now.mono_us);
    assert_int_equal(w.gone_count, 1);
}

static void a_phone_behind_a_nat_that_moved_is_reached_by_its_new_flow(void **state)
{
    (void)state;
    ask(&w, "alice", "c", 1, ONE);
    w.flow.port = 40000;
    assert_int_equal(ask(&w, "alice", "c", 2, ONE), REG_DONE);
    assert_int_equal(w.answer.refresh_only, 0);
    assert_int_equal(look_up(&w, "alice", targets), 1);
    assert_int_equal(targets[0].flow.port, 40000);
}

static void expiries_are_taken_from_contact_then_header_then_default(void **state)
{
    (void)state;
    static const struct {
        const char *headers;
        enum reg_result result;
        int64_t granted_s;
    } rows[] = {
        {"Contact: <sip:a@h>;expires=120\r\nExpires: 600\r\n", REG_DONE, 120},
        {"Contact: <sip:a@h>\r\nExpires: 600\r\n", REG_DONE, 600},
        {"Contact: sip:a@h;expires=300\r\n", REG_DONE, 300},
        {"Contact: <sip:a@h;expires=90>\r\n", REG_DONE, 1800}, /* of the URI, not of the Contact */
        {"Contact: <sip:a@h>\r\n", REG_DONE, 1800},
        {"Contact: <sip:a@h>;expires=soon\r\nExpires: 600\r\n", REG_DONE, 1800},
        {"Contact: <sip:a@h>;expires=99999999999\r\n", REG_DONE, 1800},
        {"Contact: <sip:a@h>;expires=4294967295\r\n", REG_DONE, 3600},
        {"Contact: <sip:a@h>\r\nExpires: 86400\r\n", REG_DONE, 3600},
        {"Contact: <sip:a@h>;expires=60\r\n", REG_DONE, 60},
        {"Contact: <sip:a@h>;expires=59\r\n", REG_TOO_BRIEF, 0},
        {"Contact: <sip:a@h>\r\nExpires: 1\r\n", REG_TOO_BRIEF, 0},
        {"Contact: <sip:a@h>;expires=0\r\nExpires: 600\r\n", REG_DONE, 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char user[8];
        snprintf(user, sizeof(user), "u%zu", i);
        assert_int_equal(ask(&w, user, "c", 1, rows[i].headers), rows[i].result);
        char expected[40];
        snprintf(expected, sizeof(expected), ";expires=%ld\r\n", (long)rows[i].granted_s);
        if (rows[i].granted_s > 0 && strstr(w.lines, expected) == NULL) {
            fail_msg("row %zu: %s", i, w.lines);
        }
        assert_int_equal(look_up(&w, user, targets), rows[i].granted_s > 0);
        assert_int_equal(w.lines[0] != '\0', rows[i].granted_s > 0);
    }
}

static void a_bad_contact_changes_nothing(void **state)
{
    (void)state;
    static char long_uri[700], long_path[700], long_instance[400], many[1000];
    memset(long_uri, 'a', sizeof(long_uri));
    memcpy(long_uri, "Contact: <sip:", 14);
    strcpy(long_uri + 600, "@h>\r\n");
    memset(long_path, 'a', sizeof(long_path));
    memcpy(long_path, ONE "Path: <sip:", sizeof(ONE "Path: <sip:") - 1);
    strcpy(long_path + 600, "@h>\r\n");
    memset(long_instance, 'a', sizeof(long_instance));
    memcpy(long_instance, "Contact: <sip:a@h>;+sip.instance=\"", 34);
    strcpy(long_instance + 330, "\"\r\n");
    for (int i = 0; i < 11; i++) {
        sprintf(many + strlen(many), "Contact: <sip:a@h%d>\r\n", i);
    }
    const struct {
        const char *headers;
        enum reg_result result;
    } rows[] = {
        {"Contact: *\r\n", REG_BAD_CONTACT},
        {"Contact: *\r\nExpires: 600\r\n", REG_BAD_CONTACT},
        {"Contact: *, <sip:a@h>\r\nExpires: 0\r\n", REG_BAD_CONTACT},
        {"Contact: <sip:a@h>\r\nContact: *\r\nExpires: 0\r\n", REG_BAD_CONTACT},
        {"Contact: *;expires=0\r\nExpires: 0\r\n", REG_BAD_CONTACT},
        {"Contact: <tel:+4612345>\r\n", REG_BAD_CONTACT},
        {"Contact: <mailto:a@h>\r\n", REG_BAD_CONTACT},
        {"Contact: <sip:a@h>, <mailto:a@h>\r\n", REG_BAD_CONTACT},
        {"Contact: \r\n", REG_BAD_CONTACT},
        {"Contact: nonsense\r\n", REG_BAD_CONTACT},
        {"Contact: <sip:a@h>;q=1.1\r\n", REG_BAD_CONTACT},
        {"Contact: <sip:a@h>;q=0.1234\r\n", REG_BAD_CONTACT},
        {"Contact: <sip:a@h>;q=high\r\n", REG_BAD_CONTACT},
        {"Contact: <sip:a@h>;+sip.instance=\"a\\\"b\"\r\n", REG_BAD_CONTACT},
        {ONE "Path: <mailto:x@y>\r\n", REG_BAD_CONTACT},
        {ONE "Path: nonsense\r\n", REG_BAD_CONTACT},
        {long_uri, REG_BAD_CONTACT},
        {long_path, REG_BAD_CONTACT},
        {long_instance, REG_BAD_CONTACT},
        {many, REG_TOO_MANY},
        {"Contact: <sip:a@1>,<sip:a@2>,<sip:a@3>,<sip:a@4>\r\n", REG_TOO_MANY},
        {"Contact: <sip:a@1>, <sip:a@2>;expires=5\r\n", REG_TOO_BRIEF},
    };
    ask(&w, "alice", "first", 1, ONE);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        enum reg_result result = ask(&w, "alice", "c", (unsigned)i + 1, rows[i].headers);
        if (result != rows[i].result) {
            fail_msg("row %zu: %s: %.60s", i, reg_result_name(result), rows[i].headers);
        }
        assert_string_equal(w.lines, "");
    }
    assert_int_equal(w.log.count, 1);
    assert_int_equal(look_up(&w, "alice", targets), 1);
    struct slice nobody = {NULL, 0};
    assert_false(registrar_nc_take(w.registrar, nobody, 1, 1, false, w.now));
}

static void several_contacts_are_taken_together_and_rung_by_q(void **state)
{
    (void)state;
    assert_int_equal(ask(&w, "alice", "c", 1,
                         "Contact: <sip:a@1>;q=0.5, <sip:a@2>;q=0.75\r\n"
                         "Contact: <sip:a@3>;q=0.001\r\n"),
                     REG_DONE);
    assert_string_equal(w.lines, "Contact: <sip:a@1>;expires=1800;q=0.500\r\n"
                                 "Contact: <sip:a@2>;expires=1800;q=0.750\r\n"
                                 "Contact: <sip:a@3>;expires=1800;q=0.001\r\n");
    assert_int_equal(look_up(&w, "alice", targets), 3);
    assert_string_equal(targets[0].uri, "sip:a@2");
    assert_string_equal(targets[1].uri, "sip:a@1");
    assert_string_equal(targets[2].uri, "sip:a@3");
    /* One in, one out, in one request: never more than three. */
    assert_int_equal(ask(&w, "alice", "c", 2, "Contact: <sip:a@4>, <sip:a@1>;expires=0\r\n"),
                     REG_DONE);
    assert_int_equal(w.answer.contact_count, 3);
    assert_int_equal(ask(&w, "alice", "c", 3, "Contact: <sip:a@5>\r\n"), REG_TOO_MANY);
    assert_int_equal(look_up(&w, "alice", targets), 3);
    assert_string_equal(targets[0].uri, "sip:a@4");
}

static void of_equal_q_the_newest_comes_first(void **state)
{
    (void)state;
    ask(&w, "alice", "c1", 1, ONE);
    ask(&w, "alice", "c2", 1, TWO);
    look_up(&w, "alice", targets);
    assert_string_equal(targets[0].uri, "sip:alice@10.0.0.8:5060");
    pass(&w, 10);
    ask(&w, "alice", "c1", 2, ONE);
    look_up(&w, "alice", targets);
    assert_string_equal(targets[0].uri, "sip:alice@10.0.0.7:5060");
    struct reg_target one[1];
    int count = 0;
    struct tri found =
        registrar_lookup(w.registrar, slice_from_text("alice"), w.now, one, 1, &count);
    assert_int_equal(found.is, TRI_PRESENT);
    assert_int_equal(count, 1);
}

static void a_contact_that_stands_twice_counts_once_the_later_one(void **state)
{
    (void)state;
    assert_int_equal(
        ask(&w, "alice", "c", 1, "Contact: <sip:a@1>;expires=100, <sip:a@1>;expires=200\r\n"),
        REG_DONE);
    assert_string_equal(w.lines, "Contact: <sip:a@1>;expires=200\r\n");
}

static void a_query_lists_and_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(ask(&w, "alice", "q", 1, ""), REG_DONE);
    assert_string_equal(w.lines, "");
    ask(&w, "alice", "c", 1, ONE);
    ask(&w, "alice", "c2", 1, TWO);
    pass(&w, 100);
    assert_int_equal(ask(&w, "alice", "q", 2, "Expires: 5\r\n"), REG_DONE);
    assert_string_equal(w.lines, "Contact: <sip:alice@10.0.0.7:5060>;expires=1700\r\n"
                                 "Contact: <sip:alice@10.0.0.8:5060>;expires=1700\r\n");
    assert_int_equal(w.answer.contact_count, 2);
    assert_int_equal(w.answer.change, 0);
    assert_int_equal(w.log.count, 2);
}

static void star_with_expires_0_takes_all_away(void **state)
{
    (void)state;
    ask(&w, "alice", "c", 1, ONE);
    ask(&w, "alice", "c2", 1, TWO);
    assert_int_equal(ask(&w, "alice", "c", 2, "Contact: *\r\nExpires: 0\r\n"), REG_DONE);
    assert_int_equal(w.answer.change, -1);
    assert_int_equal(w.answer.contact_count, 0);
    assert_string_equal(w.lines, "");
    assert_int_equal(look_up(&w, "alice", targets), 0);
    assert_int_equal(registrar_count(w.registrar).bindings, 0);
    assert_int_equal(ask_try(&w, "alice", "c", 2, 0, "Contact: *\r\nExpires: 0\r\n"), REG_DONE);
    assert_int_equal(w.answer.change, 0);
}

static void one_contact_goes_by_expires_0(void **state)
{
    (void)state;
    ask(&w, "alice", "c", 1, ONE);
    ask(&w, "alice", "c", 2, TWO);
    assert_int_equal(ask(&w, "alice", "c", 3, ONE "Expires: 0\r\n"), REG_DONE);
    assert_int_equal(w.answer.change, 0);
    assert_string_equal(w.lines, "Contact: <sip:alice@10.0.0.8:5060>;expires=1800\r\n");
    assert_int_equal(ask(&w, "alice", "c", 4, TWO "Expires: 0\r\n"), REG_DONE);
    assert_int_equal(w.answer.change, -1);
    assert_int_equal(ask(&w, "alice", "c", 5, THREE "Expires: 0\r\n"), REG_DONE);
    assert_int_equal(w.answer.change, 0);
}

static void within_a_call_id_only_a_higher_cseq_changes_a_binding(void **state)
{
    (void)state;
    static const struct {
        const char *call_id;
        unsigned cseq;
        int try;
        const char *headers;
        enum reg_result result;
    } rows[] = {
        {"c", 10, 0, ONE, REG_DONE},
        {"c", 10, 0, ONE, REG_REPEATED},     /* the network's copy */
        {"c", 10, 1, ONE, REG_OUT_OF_ORDER}, /* another request */
        {"c", 9, 0, ONE, REG_OUT_OF_ORDER},  /* overtaken */
        {"c", 10, 0, "Contact: <sip:alice@10.0.0.7:5060>;q=1\r\n", REG_REPEATED}, /* read in full */
        {"c", 9, 0, ONE "Expires: 0\r\n", REG_OUT_OF_ORDER},
        {"c", 9, 0, "Contact: *\r\nExpires: 0\r\n", REG_OUT_OF_ORDER},
        {"c", 9, 0, TWO ONE, REG_OUT_OF_ORDER}, /* and TWO is not taken */
        {"d", 1, 0, ONE, REG_DONE},             /* rebooted: new Call-ID */
        {"d", 2, 0, ONE, REG_DONE},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        enum reg_result result =
            ask_try(&w, "alice", rows[i].call_id, rows[i].cseq, rows[i].try, rows[i].headers);
        if (result != rows[i].result) {
            fail_msg("row %zu: %s", i, reg_result_name(result));
        }
        assert_int_equal(w.was_repeat, result == REG_REPEATED);
        assert_int_equal(look_up(&w, "alice", targets), 1);
    }
    assert_int_equal(w.log.count, 3);
}

static void a_repeat_is_answered_with_the_bindings_as_they_are(void **state)
{
    (void)state;
    ask(&w, "alice", "c", 1, ONE TWO);
    pass(&w, 4);
    assert_int_equal(ask(&w, "alice", "c", 1, ONE TWO), REG_REPEATED);
    assert_string_equal(w.lines, "Contact: <sip:alice@10.0.0.7:5060>;expires=1796\r\n"
                                 "Contact: <sip:alice@10.0.0.8:5060>;expires=1796\r\n");
    assert_int_equal(w.answer.contact_count, 2);
    assert_int_equal(w.answer.change, 0);
    assert_int_equal(w.answer.refresh_only, 0);
}

static void an_instance_and_reg_id_name_one_binding(void **state)
{
    (void)state;
#define INSTANCE ";+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>\""
    ask(&w, "alice", "c", 1, "Contact: <sip:a@1>;reg-id=1" INSTANCE "\r\n");
    assert_string_equal(w.lines, "Contact: <sip:a@1>;expires=1800" INSTANCE ";reg-id=1\r\n");
    /* After a reboot: another URI, another Call-ID, the same place. */
    assert_int_equal(ask(&w, "alice", "d", 1, "Contact: <sip:a@2>;reg-id=1" INSTANCE "\r\n"),
                     REG_DONE);
    assert_int_equal(w.answer.contact_count, 1);
    /* A second flow of the same phone may even have the same URI. */
    assert_int_equal(ask(&w, "alice", "d", 2, "Contact: <sip:a@2>;reg-id=2" INSTANCE "\r\n"),
                     REG_DONE);
    assert_int_equal(w.answer.contact_count, 2);
    /* Without an instance a reg-id says nothing. */
    assert_int_equal(ask(&w, "alice", "d", 3, "Contact: <sip:a@3>;reg-id=1\r\n"), REG_DONE);
    assert_int_equal(w.answer.contact_count, 3);
    assert_true(strstr(w.lines, "Contact: <sip:a@3>;expires=1800\r\n") != NULL);
}

static void uris_are_compared_as_uris(void **state)
{
    (void)state;
    ask(&w, "alice", "c", 1, "Contact: <sip:alice@Host.Example:5062;transport=udp>\r\n");
    ask(&w, "alice", "c", 2, "Contact: <sip:alice@host.example:5062;transport=UDP>\r\n");
    assert_int_equal(w.answer.contact_count, 1);
    ask(&w, "alice", "c", 3, "Contact: <sip:ALICE@host.example:5062;transport=udp>\r\n");
    assert_int_equal(w.answer.contact_count, 2);
    ask(&w, "alice", "c", 4, "Contact: <sip:bob@h?Subject=x>\r\n");
    assert_true(strstr(w.lines, "<sip:bob@h>") != NULL);
}

static void a_path_is_kept_and_echoed_to_who_supports_it(void **state)
{
    (void)state;
    assert_int_equal(ask(&w, "alice", "c", 1,
                         ONE "Path: <sip:p2.example;lr>, <sip:p1.example;lr>\r\n"
                             "Path: <sip:p0.example;lr>\r\nSupported: gruu, path\r\n"),
                     REG_DONE);
    assert_string_equal(w.lines,
                        "Contact: <sip:alice@10.0.0.7:5060>;expires=1800\r\n"
                        "Path: <sip:p2.example;lr>,<sip:p1.example;lr>,<sip:p0.example;lr>\r\n");
    look_up(&w, "alice", targets);
    assert_string_equal(targets[0].path,
                        "<sip:p2.example;lr>,<sip:p1.example;lr>,<sip:p0.example;lr>");
    ask(&w, "alice", "c", 2, ONE "Path: <sip:p3.example;lr>\r\n");
    assert_null(strstr(w.lines, "Path"));
    look_up(&w, "alice", targets);
    assert_string_equal(targets[0].path, "<sip:p3.example;lr>");
    /* It comes directly now: the proxy is not on the way any more. */
    ask(&w, "alice", "c", 3, ONE);
    look_up(&w, "alice", targets);
    assert_string_equal(targets[0].path, "");
}

static void jitter_only_ever_shortens_and_never_below_the_least(void **state)
{
    (void)state;
    world_done(&w);
    world_init(&w);
    registrar_free(w.registrar);
    w.settings.jitter_percent = 10;
    w.registrar = registrar_new(&w.settings, (struct journal){&w.log, log_append});
    bool has_cut = false;
    for (unsigned i = 1; i < 500; i++) {
        w.random = i * 977;
        static const int asked_s[] = {3600, 60, 65};
        char headers[80];
        snprintf(headers, sizeof(headers), "Contact: <sip:a@h>;expires=%d\r\n", asked_s[i % 3]);
        assert_int_equal(ask(&w, "alice", "c", i, headers), REG_DONE);
        int granted_s = atoi(strstr(w.lines, ";expires=") + 9);
        int least_s = asked_s[i % 3] == 3600 ? 3240 : 60;
        assert_in_range(granted_s, least_s, asked_s[i % 3]);
        has_cut |= granted_s < 3500 && asked_s[i % 3] == 3600;
    }
    assert_true(has_cut);
}

static void full_memory_refuses_new_phones_and_refreshes_old_ones(void **state)
{
    (void)state;
    world_done(&w);
    world_init(&w);
    registrar_free(w.registrar);
    w.settings.memory_max = 20000;
    w.registrar = registrar_new(&w.settings, (struct journal){&w.log, log_append});
    registrar_set_loaded(w.registrar);
    char user[16];
    unsigned count = 0;
    for (;; count++) {
        snprintf(user, sizeof(user), "u%u", count);
        enum reg_result result = ask(&w, user, "c", 1, ONE);
        if (result == REG_FULL) {
            break;
        }
        assert_int_equal(result, REG_DONE);
    }
    assert_in_range(count, 50, 200);
    assert_string_equal(w.lines, "");
    assert_int_equal(look_up(&w, user, targets), 0);
    for (unsigned i = 0; i < count; i++) {
        snprintf(user, sizeof(user), "u%u", i);
        assert_int_equal(ask(&w, user, "c", 2, ONE), REG_DONE);
        assert_int_equal(look_up(&w, user, targets), 1);
    }
    /* A nonce that cannot be remembered is no reason to refuse its owner. */
    assert_true(registrar_nc_take(w.registrar, slice_from_text("new"), 9, 1, false, w.now));
    assert_int_equal(ask(&w, "u0", "c", 3, "Contact: *\r\nExpires: 0\r\n"), REG_DONE);
    assert_int_equal(ask(&w, "late", "c", 1, ONE), REG_DONE);
}

static void the_number_of_aors_has_a_ceiling_of_its_own(void **state)
{
    (void)state;
    char user[16];
    for (int i = 0; i < 1001; i++) {
        snprintf(user, sizeof(user), "u%d", i);
        assert_int_equal(ask(&w, user, "c", 1, ONE), i < 1000 ? REG_DONE : REG_FULL);
    }
    assert_int_equal(registrar_count(w.registrar).aors, 1000);
}

static void an_answer_without_room_changes_nothing(void **state)
{
    (void)state;
    static const char text[] = "REGISTER sip:example.com SIP/2.0\r\n"
                               "Via: SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bKx\r\n"
                               "From: <sip:alice@example.com>;tag=1\r\n"
                               "To: <sip:alice@example.com>\r\n"
                               "Call-ID: c\r\nCSeq: 1 REGISTER\r\n" ONE "\r\n";
    struct sip_msg msg;
    assert_int_equal(sip_msg_parse(slice_make(text, sizeof(text) - 1), &msg), SIP_OK);
    char small[30];
    struct buf lines;
    buf_init(&lines, small, sizeof(small));
    assert_int_equal(registrar_register(w.registrar, slice_from_text("alice"), 7, &msg, &w.flow,
                                        w.now, 0, &lines, &w.answer),
                     REG_FULL);
    assert_int_equal(lines.size, 0);
    assert_int_equal(w.log.count, 0);
    assert_int_equal(look_up(&w, "alice", targets), 0);
}

static void before_replay_is_over_nobody_is_known_to_be_absent(void **state)
{
    (void)state;
    struct registrar *loading = registrar_new(&w.settings, (struct journal){&w.log, log_append});
    int count = 5;
    struct reg_view view;
    struct slice alice = slice_from_text("alice");
    assert_int_equal(registrar_lookup(loading, alice, w.now, targets, 10, &count).is, TRI_UNKNOWN);
    assert_int_equal(registrar_look(loading, alice, w.now, &view, 1, &count).is, TRI_UNKNOWN);
    assert_int_equal(count, 5);
    registrar_set_loaded(loading);
    assert_int_equal(registrar_lookup(loading, alice, w.now, targets, 10, &count).is, TRI_ABSENT);
    registrar_free(loading);
}

static void every_result_has_a_name(void **state)
{
    (void)state;
    for (int i = REG_UNKNOWN; i <= REG_FULL; i++) {
        assert_string_not_equal(reg_result_name((enum reg_result)i), "?");
    }
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, fresh, done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(a_phone_registers_and_is_found_where_it_came_from),
        ROW(a_refresh_moves_only_the_expiry),
        ROW(a_refresh_in_other_words_is_a_refresh_too),
        ROW(a_phone_behind_a_nat_that_moved_is_reached_by_its_new_flow),
        ROW(expiries_are_taken_from_contact_then_header_then_default),
        ROW(a_bad_contact_changes_nothing),
        ROW(several_contacts_are_taken_together_and_rung_by_q),
        ROW(of_equal_q_the_newest_comes_first),
        ROW(a_contact_that_stands_twice_counts_once_the_later_one),
        ROW(a_query_lists_and_changes_nothing),
        ROW(star_with_expires_0_takes_all_away),
        ROW(one_contact_goes_by_expires_0),
        ROW(within_a_call_id_only_a_higher_cseq_changes_a_binding),
        ROW(a_repeat_is_answered_with_the_bindings_as_they_are),
        ROW(an_instance_and_reg_id_name_one_binding),
        ROW(uris_are_compared_as_uris),
        ROW(a_path_is_kept_and_echoed_to_who_supports_it),
        ROW(jitter_only_ever_shortens_and_never_below_the_least),
        ROW(full_memory_refuses_new_phones_and_refreshes_old_ones),
        ROW(the_number_of_aors_has_a_ceiling_of_its_own),
        ROW(an_answer_without_room_changes_nothing),
        ROW(before_replay_is_over_nobody_is_known_to_be_absent),
        ROW(every_result_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
