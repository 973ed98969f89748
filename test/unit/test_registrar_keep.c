/* Expiry, nonces, lost flows, and what a restart brings back. */
#include "test_registrar_world.h"

#define ALICE slice_from_text("alice")

static struct reg_target targets[10];

static bool take(uint32_t nonce, uint32_t nc)
{
    return registrar_nc_take(w.registrar, ALICE, nonce, nc, false, w.now);
}

static void the_last_binding_to_expire_is_told_once(void **state)
{
    (void)state;
    ask(&w, "alice", "c", 1, ONE "Expires: 100\r\n");
    ask(&w, "alice", "d", 1, TWO "Expires: 200\r\n");
    int64_t next_us = sweep(&w);
    assert_true(next_us > w.now.mono_us && next_us <= w.now.mono_us + 60 * S);
    pass(&w, 100);
    sweep(&w);
    assert_int_equal(w.gone_count, 0);
    assert_int_equal(registrar_count(w.registrar).bindings, 1);
    pass(&w, 99);
    sweep(&w);
    assert_int_equal(w.gone_count, 0);
    pass(&w, 1);
    sweep(&w);
    sweep(&w);
    assert_int_equal(w.gone_count, 1);
    assert_string_equal(w.gone_user, "alice");
    assert_int_equal(registrar_count(w.registrar).bindings, 0);
    assert_true(registrar_count(w.registrar).memory_size <= sizeof(void *) * 4);
}

static void an_expiry_far_off_and_a_long_sleep_are_both_found(void **state)
{
    (void)state;
    static const int sleeps_s[] = {1, 59, 1023, 1024, 1025, 3599, 3600, 3601, 100000};
    for (size_t i = 0; i < ARRAY_COUNT(sleeps_s); i++) {
        w.gone_count = 0;
        assert_int_equal(ask(&w, "alice", "c", (unsigned)i + 1, ONE "Expires: 3600\r\n"), REG_DONE);
        int64_t expires_us = w.now.mono_us + 3600 * S;
        while (w.now.mono_us < expires_us) {
            assert_int_equal(w.gone_count, 0);
            pass(&w, sleeps_s[i]);
            sweep(&w);
        }
        assert_int_equal(w.gone_count, 1);
    }
}

static void following_the_times_given_finds_each_expiry_within_a_second(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        char user[16];
        char headers[80];
        snprintf(user, sizeof(user), "u%u", i);
        snprintf(headers, sizeof(headers), ONE "Expires: %u\r\n", 60 + i * 11);
        assert_int_equal(ask(&w, user, "c", 1, headers), REG_DONE);
    }
    int64_t start_us = w.now.mono_us;
    while (w.gone_count < 300) {
        int64_t next_us = w.now.mono_us;
        while (next_us <= w.now.mono_us) {
            next_us = registrar_expire(w.registrar, w.now, 7, world_gone, &w);
        }
        int64_t passed_s = (w.now.mono_us - start_us) / S;
        int due = passed_s < 60 ? 0 : (int)((passed_s - 60) / 11 + 1);
        assert_int_equal(w.gone_count, due > 300 ? 300 : due);
        pass(&w, (next_us - w.now.mono_us) / S);
    }
}

static void a_sweep_does_no_more_than_it_is_told(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        char user[16];
        snprintf(user, sizeof(user), "u%u", i);
        ask(&w, user, "c", 1, ONE "Expires: 60\r\n");
    }
    pass(&w, 60);
    for (int i = 1; i <= 9; i++) {
        assert_true(registrar_expire(w.registrar, w.now, 11, world_gone, &w) <= w.now.mono_us);
        assert_int_equal(w.gone_count, i * 11);
    }
    assert_true(registrar_expire(w.registrar, w.now, 11, world_gone, &w) > w.now.mono_us);
    assert_int_equal(w.gone_count, 100);
}

static void a_phone_back_before_the_sweep_never_left(void **state)
{
    (void)state;
    ask(&w, "alice", "c", 1, ONE "Expires: 60\r\n");
    pass(&w, 61);
    assert_int_equal(look_up(&w, "alice", targets), 0);
    assert_int_equal(ask(&w, "alice", "d", 1, ONE "Expires: 60\r\n"), REG_DONE);
    assert_int_equal(w.answer.change, 0);
    sweep(&w);
    assert_int_equal(w.gone_count, 0);
    pass(&w, 61);
    assert_int_equal(ask(&w, "alice", "d", 2, "Contact: *\r\nExpires: 0\r\n"), REG_DONE);
    assert_int_equal(w.answer.contact_count, 0);
    pass(&w, 10);
    sweep(&w);
    assert_int_equal(w.gone_count + (w.answer.change == -1), 1);
}

static void an_operator_takes_an_aor_away(void **state)
{
    (void)state;
    assert_false(registrar_remove(w.registrar, ALICE));
    ask(&w, "alice", "c", 1, ONE TWO);
    take(5, 1);
    assert_true(registrar_remove(w.registrar, ALICE));
    assert_int_equal(look_up(&w, "alice", targets), 0);
    assert_false(registrar_remove(w.registrar, ALICE));
    assert_false(take(5, 1));
    restart(&w, 1);
    assert_int_equal(look_up(&w, "alice", targets), 0);
}

static void an_nc_serves_once(void **state)
{
    (void)state;
    static const struct {
        uint32_t nonce, nc;
        bool is_taken;
    } rows[] = {
        {1, 0, false},
        {1, 5, true},
        {1, 5, false},
        {1, 4, true},
        {1, 4, false},
        {1, 6, true},
        {1, 5, false},
        {2, 5, true},
        {1, 69, true},
        {1, 6, false},
        {1, 7, true},
        {1, 5, false},
        {1, 68, true},
        {1, 200, true},
        {1, 136, false},
        {1, 137, true},
        {1, 137, false},
        {1, UINT32_MAX, true},
        {1, UINT32_MAX, false},
        {1, 201, false},
        {1, UINT32_MAX - 63, true},
        {1, UINT32_MAX - 64, false},
        {2, 6, true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (take(rows[i].nonce, rows[i].nc) != rows[i].is_taken) {
            fail_msg("row %zu", i);
        }
    }
    assert_int_equal(w.log.count, 0);
    assert_int_equal(look_up(&w, "alice", targets), 0);
}

static void eight_nonces_are_held_and_the_oldest_makes_room(void **state)
{
    (void)state;
    for (uint32_t nonce = 1; nonce <= 8; nonce++) {
        assert_true(take(nonce, 1));
        pass(&w, 1);
    }
    for (uint32_t nonce = 1; nonce <= 8; nonce++) {
        assert_false(take(nonce, 1));
    }
    assert_true(take(9, 1));
    assert_false(take(9, 1));
    assert_false(take(2, 1));
    assert_true(take(1, 2));
}

static void a_nonce_is_forgotten_after_its_life_and_its_memory_freed(void **state)
{
    (void)state;
    take(1, 1);
    assert_true(registrar_count(w.registrar).memory_size > 0);
    pass(&w, 3599);
    sweep(&w);
    assert_false(take(1, 1));
    pass(&w, 1);
    sweep(&w);
    assert_int_equal(w.gone_count, 0);
    assert_true(registrar_count(w.registrar).memory_size <= sizeof(void *) * 4);
    assert_true(take(1, 1));
}

static void a_new_nonce_takes_the_place_of_a_forgotten_one_and_of_no_other(void **state)
{
    (void)state;
    ask(&w, "alice", "c", 1, ONE "Expires: 3600\r\n");
    assert_true(take(1, 1));
    pass(&w, 10);
    uint64_t with_one = registrar_count(w.registrar).memory_size;
    assert_true(take(2, 1)); /* the first is remembered still: the block grows */
    uint64_t with_two = registrar_count(w.registrar).memory_size;
    assert_true(with_two > with_one);
    assert_false(take(1, 1));
    assert_false(take(2, 1));
    pass(&w, 1800);
    ask(&w, "alice", "c", 2, ONE "Expires: 3600\r\n");
    pass(&w, 1791);
    assert_true(take(3, 1));
    assert_int_equal(registrar_count(w.registrar).memory_size, with_two);
    assert_true(take(1, 1)); /* its life was over, so it is a new one */
    assert_false(take(2, 1));
    assert_false(take(3, 1));
    assert_int_equal(look_up(&w, "alice", targets), 1);
    assert_string_equal(targets[0].uri, "sip:alice@10.0.0.7:5060");
}

static void nonces_outlive_their_bindings(void **state)
{
    (void)state;
    take(1, 1);
    ask(&w, "alice", "c", 1, ONE "Expires: 60\r\n");
    take(1, 2);
    pass(&w, 61);
    sweep(&w);
    assert_int_equal(w.gone_count, 1);
    assert_false(take(1, 2));
    assert_int_equal(ask(&w, "alice", "c", 2, ONE), REG_DONE);
    assert_int_equal(w.answer.change, 1);
    assert_false(take(1, 1));
    ask(&w, "alice", "c", 3, "Contact: *\r\nExpires: 0\r\n");
    assert_false(take(1, 2));
}

static void a_new_nonce_takes_no_binding_away_untold(void **state)
{
    (void)state;
    ask(&w, "alice", "c", 1, ONE "Expires: 60\r\n");
    pass(&w, 61);
    assert_true(take(1, 1));
    assert_int_equal(look_up(&w, "alice", targets), 0);
    sweep(&w);
    assert_int_equal(w.gone_count, 1);
}

static void a_dead_connection_marks_its_bindings_flow_lost(void **state)
{
    (void)state;
    w.flow.transport = REG_TCP;
    w.flow.connection = 77;
    ask(&w, "alice", "c", 1, ONE);
    ask(&w, "bob", "c", 1, ONE);
    w.flow.connection = 78;
    ask(&w, "alice", "d", 1, TWO);
    registrar_flow_lost(w.registrar, 0);
    registrar_flow_lost(w.registrar, 79);
    registrar_flow_lost(w.registrar, 77);
    assert_int_equal(look_up(&w, "alice", targets), 2);
    assert_false(targets[0].is_flow_lost);
    assert_true(targets[1].is_flow_lost);
    assert_string_equal(targets[1].uri, "sip:alice@10.0.0.7:5060");
    look_up(&w, "bob", targets);
    assert_true(targets[0].is_flow_lost);
    /* It comes back on a new connection. */
    w.flow.connection = 80;
    ask(&w, "bob", "c", 2, ONE);
    look_up(&w, "bob", targets);
    assert_false(targets[0].is_flow_lost);
    registrar_flow_lost(w.registrar, 77);
    look_up(&w, "bob", targets);
    assert_false(targets[0].is_flow_lost);
}

static void a_restart_brings_back_bindings_nonces_and_order(void **state)
{
    (void)state;
    take(1, 3);
    ask(&w, "alice", "c", 10,
        "Contact: <sip:a@1>;q=0.5;+sip.instance=\"<urn:x>\";reg-id=3\r\n"
        "Path: <sip:p;lr>\r\n");
    pass(&w, 5);
    ask(&w, "alice", "d", 4, ONE "Expires: 100\r\n");
    ask(&w, "bob", "e", 1, ONE);
    ask(&w, "carol", "e", 1, ONE "Expires: 60\r\n");
    ask(&w, "bob", "e", 2, ONE "Expires: 0\r\n");
    w.flow.transport = REG_WSS;
    w.flow.connection = 5;
    ask(&w, "dave", "e", 1, ONE);
    struct reg_flow udp = {.address = {[10] = 255, [11] = 255, [12] = 10, [15] = 7}, .port = 5060};
    restart(&w, 60);

    assert_int_equal(look_up(&w, "alice", targets), 2);
    assert_string_equal(targets[0].uri, "sip:alice@10.0.0.7:5060");
    assert_string_equal(targets[1].uri, "sip:a@1");
    assert_string_equal(targets[1].path, "<sip:p;lr>");
    assert_int_equal(targets[1].q, 500);
    assert_memory_equal(&targets[1].flow, &udp, sizeof(udp));
    assert_true(targets[0].expires_at_us == w.now.mono_us + 40 * S);
    assert_int_equal(look_up(&w, "bob", targets), 0);
    assert_int_equal(look_up(&w, "carol", targets), 0);
    assert_int_equal(look_up(&w, "dave", targets), 1);
    assert_true(targets[0].is_flow_lost);
    assert_true(targets[0].flow.connection == 0);
    assert_int_equal(registrar_count(w.registrar).aors, 2);

    w.flow = udp;
    assert_int_equal(ask(&w, "alice", "d", 4, ONE "Expires: 100\r\n"), REG_REPEATED);
    assert_int_equal(ask(&w, "alice", "d", 3, ONE "Expires: 100\r\n"), REG_OUT_OF_ORDER);
    assert_int_equal(ask(&w, "alice", "d", 5, ONE "Expires: 100\r\n"), REG_DONE);
    assert_int_equal(w.answer.refresh_only, 1);
    /* All that was below the highest nc counts as used. */
    assert_false(take(1, 2));
    assert_false(take(1, 3));
    assert_true(take(1, 4));
}

static void a_nonce_used_outside_register_survives_when_durable(void **state)
{
    (void)state;
    assert_true(registrar_nc_take(w.registrar, ALICE, 1, 7, true, w.now));
    assert_true(registrar_nc_take(w.registrar, ALICE, 1, 9, true, w.now));
    assert_false(registrar_nc_take(w.registrar, ALICE, 1, 9, true, w.now));
    assert_int_equal(w.log.count, 2);
    restart(&w, 10);
    assert_false(take(1, 9));
    assert_false(take(1, 8));
    assert_true(take(1, 10));
    pass(&w, 3590);
    sweep(&w);
    assert_true(take(1, 9));
}

static void a_clock_set_back_gives_nobody_more_than_the_longest_expiry(void **state)
{
    (void)state;
    ask(&w, "alice", "c", 1, ONE "Expires: 3600\r\n");
    restart(&w, -86400);
    assert_int_equal(look_up(&w, "alice", targets), 1);
    assert_true(targets[0].expires_at_us == w.now.mono_us + 3600 * S);
}

static void a_snapshot_alone_brings_everything_back(void **state)
{
    (void)state;
    char user[16];
    for (unsigned i = 0; i < 200; i++) {
        snprintf(user, sizeof(user), "u%u", i);
        ask(&w, user, "c", i + 1, ONE TWO);
    }
    take(1, 1);
    w.log.size = 0;
    w.log.count = 0;
    uint64_t at = 0;
    int calls = 1;
    while (registrar_snapshot(w.registrar, &at, 7)) {
        calls++;
    }
    assert_int_equal(w.log.count, 201);
    assert_true(calls >= 201 / 7);
    assert_false(registrar_snapshot(w.registrar, &at, 7));
    restart(&w, 5);
    for (unsigned i = 0; i < 200; i++) {
        snprintf(user, sizeof(user), "u%u", i);
        assert_int_equal(look_up(&w, user, targets), 2);
    }
    assert_false(take(1, 1));
}

static void a_damaged_record_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    ask(&w, "alice", "c", 1,
        "Contact: <sip:a@1>;+sip.instance=\"<urn:x>\";reg-id=3, <sip:a@2>\r\nPath: <sip:p;lr>\r\n");
    take(1, 1);
    ask(&w, "alice", "c", 2, "Contact: <sip:a@1>;+sip.instance=\"<urn:x>\";reg-id=3\r\n");
    registrar_nc_take(w.registrar, ALICE, 2, 7, true, w.now);
    struct registrar *other = registrar_new(&w.settings, (struct journal){&w.log, log_append});
    size_t log_size = w.log.size;
    for (size_t at = 0; at < log_size;) {
        uint32_t head[2];
        memcpy(head, w.log.data + at, sizeof(head));
        const char *record = w.log.data + at + sizeof(head);
        for (size_t size = 0; size < head[1]; size++) {
            char *cut = malloc(size + 1); /* exact, so that reading past it is seen */
            memcpy(cut, record, size);
            assert_false(
                registrar_replay(other, (enum journal_kind)head[0], slice_make(cut, size), w.now));
            free(cut);
        }
        char *longer = calloc(1, head[1] + 1);
        memcpy(longer, record, head[1]);
        assert_false(registrar_replay(other, (enum journal_kind)head[0],
                                      slice_make(longer, head[1] + 1), w.now));
        /* Whatever one byte becomes, it is read safely; the checksum outside is what finds it. */
        for (size_t i = 0; i < head[1]; i++) {
            for (int bit = 0; bit < 8; bit++) {
                longer[i] ^= (char)(1 << bit);
                bool is_read = registrar_replay(other, (enum journal_kind)head[0],
                                                slice_make(longer, head[1]), w.now);
                (void)is_read;
                longer[i] ^= (char)(1 << bit);
            }
        }
        free(longer);
        at += sizeof(head) + head[1];
    }
    assert_false(registrar_replay(other, JOURNAL_CALL, SLICE("x"), w.now));
    registrar_free(other);
}

static void the_console_sees_what_the_phone_is(void **state)
{
    (void)state;
    ask(&w, "alice", "c", 1, ONE "Expires: 600\r\n");
    int64_t wall_us = w.now.wall_us;
    pass(&w, 10);
    ask(&w, "alice", "c", 2, ONE "Expires: 600\r\n");
    struct reg_view view[10];
    int count = 0;
    assert_int_equal(registrar_look(w.registrar, ALICE, w.now, view, 10, &count).is, TRI_PRESENT);
    assert_int_equal(count, 1);
    assert_string_equal(view[0].uri, "sip:alice@10.0.0.7:5060");
    assert_string_equal(view[0].user_agent, "Test/1");
    assert_true(view[0].wall_registered_us == wall_us);
    assert_true(view[0].wall_refreshed_us == wall_us + 10 * S);
    assert_true(view[0].wall_expires_us == wall_us + 610 * S);
    assert_int_equal(view[0].flow.port, 5060);
    assert_false(view[0].is_flow_lost);
    assert_int_equal(
        registrar_look(w.registrar, slice_from_text("bob"), w.now, view, 10, &count).is,
        TRI_ABSENT);
}

static void count_one(void *ctx, struct slice user, uint64_t account_id)
{
    assert_true(user.size > 0 && user.data[0] == 'u');
    assert_int_equal(account_id, 7);
    *(int *)ctx += 1;
}

static void each_aor_with_a_binding_is_named_once(void **state)
{
    (void)state;
    char user[16];
    for (unsigned i = 0; i < 150; i++) {
        snprintf(user, sizeof(user), "u%u", i);
        ask(&w, user, "c", 1, ONE TWO);
    }
    take(1, 1);
    int count = 0;
    registrar_each(w.registrar, count_one, &count);
    assert_int_equal(count, 150);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, fresh, done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(the_last_binding_to_expire_is_told_once),
        ROW(an_expiry_far_off_and_a_long_sleep_are_both_found),
        ROW(following_the_times_given_finds_each_expiry_within_a_second),
        ROW(a_sweep_does_no_more_than_it_is_told),
        ROW(a_phone_back_before_the_sweep_never_left),
        ROW(an_operator_takes_an_aor_away),
        ROW(an_nc_serves_once),
        ROW(eight_nonces_are_held_and_the_oldest_makes_room),
        ROW(a_nonce_is_forgotten_after_its_life_and_its_memory_freed),
        ROW(a_new_nonce_takes_the_place_of_a_forgotten_one_and_of_no_other),
        ROW(nonces_outlive_their_bindings),
        ROW(a_new_nonce_takes_no_binding_away_untold),
        ROW(a_dead_connection_marks_its_bindings_flow_lost),
        ROW(a_restart_brings_back_bindings_nonces_and_order),
        ROW(a_nonce_used_outside_register_survives_when_durable),
        ROW(a_clock_set_back_gives_nobody_more_than_the_longest_expiry),
        ROW(a_snapshot_alone_brings_everything_back),
        ROW(a_damaged_record_is_refused_and_changes_nothing),
        ROW(the_console_sees_what_the_phone_is),
        ROW(each_aor_with_a_binding_is_named_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
