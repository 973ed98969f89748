/* As whom a disk settles: starts are noted until the ledger lets them in, and a copy's usages are
 * told apart by them. */
#include "metering/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char nonce_a[33] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char nonce_b[33] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

static struct edge_identity round_trip(const struct edge_identity *identity)
{
    char record[IDENTITY_ENCODED_MAX];
    struct buf out;
    struct edge_identity read;
    buf_init(&out, record, sizeof(record));
    identity_encode(&out, identity);
    assert_false(out.is_full);
    assert_true(identity_decode(buf_done(&out), &read));
    return read;
}

static void a_record_of_an_older_program_reads_as_a_disk_that_was_let_in(void **state)
{
    char record[256];
    struct buf out;
    struct edge_identity read;
    (void)state;
    buf_init(&out, record, sizeof(record));
    wire_put_u64(&out, 3);
    wire_put_u64(&out, 17);
    wire_put_slice(&out, slice_from_text(nonce_a));
    wire_put_slice(&out, slice_from_text(nonce_b));
    wire_put_u64(&out, 900);
    assert_true(identity_decode(buf_done(&out), &read));
    assert_true(read.life == 3 && read.incarnation == 17 && read.version == 900);
    assert_string_equal(read.ledger, nonce_b);
    assert_string_equal(read.timeline, "");
    assert_true(read.opened == 0 && read.start_count == 0 && !read.is_cut);
    struct ledger_disk disk = identity_disk(&read, 77, 5);
    assert_true(disk.session == 0 && disk.position == 77 && disk.sequence == 5);
    assert_false(identity_decode(slice_from_text("short"), &read));
}

static void a_disk_tells_where_it_was_before_the_first_start_that_was_not_let_in(void **state)
{
    struct edge_identity identity = {.life = 1, .opened = 4};
    (void)state;
    identity_begin(&identity, 100, 7, nonce_a);
    identity_begin(&identity, 900, 9, nonce_b);
    struct edge_identity read = round_trip(&identity);
    struct ledger_disk disk = identity_disk(&read, 2000, 12);
    assert_true(disk.session == 4 && disk.position == 100 && disk.sequence == 7);
    assert_int_equal(disk.start_count, 2);
    identity_confirm(&read, 5);
    read = round_trip(&read);
    disk = identity_disk(&read, 2000, 12);
    assert_true(disk.session == 5 && disk.position == 2000 && disk.sequence == 12);
    assert_int_equal(disk.start_count, 0);
}

static void what_a_copy_wrote_is_settled_apart_for_each_start(void **state)
{
    struct edge_identity identity = {.life = 1, .incarnation = 6, .opened = 4};
    (void)state;
    identity_begin(&identity, 100, 7, nonce_a);
    identity_begin(&identity, 300, 7, nonce_a); /* the first one wrote nothing */
    identity_begin(&identity, 900, 9, nonce_b);
    identity_cut(&identity);
    struct edge_identity read = round_trip(&identity);
    assert_true(read.is_cut);
    assert_int_equal(read.part_count, 3);
    assert_true(read.parts[0].above == 0 && read.parts[0].up_to == 7);
    assert_int_equal(read.parts[0].incarnation, 6);
    assert_true(read.parts[1].above == 7 && read.parts[1].up_to == 9 && read.parts[1].offset == 7);
    assert_true(read.parts[2].above == 9 && read.parts[2].up_to == UINT64_MAX);
    assert_string_equal(read.parts[2].nonce, nonce_b);
    read.parts[2].settled = 2;
    assert_int_equal(identity_part_next(&read.parts[2]), 12);
    identity_part_join(&read.parts[1], &read, 6); /* the ledger knew of that one */
    assert_int_equal(identity_part_next(&read.parts[1]), 8);
    read.parts[1].settled = 8;
    assert_int_equal(identity_part_next(&read.parts[1]), 9);
}

static void more_starts_than_there_is_room_for_share_the_last_part(void **state)
{
    struct edge_identity identity = {.life = 1};
    (void)state;
    for (uint64_t i = 0; i < IDENTITY_STARTS_MAX + 5; i++) {
        identity_begin(&identity, i, i, nonce_a);
    }
    assert_int_equal(identity.start_count, IDENTITY_STARTS_MAX);
    identity_cut(&identity);
    struct edge_identity read = round_trip(&identity);
    assert_int_equal(read.part_count, IDENTITY_PARTS_MAX);
    assert_true(read.parts[IDENTITY_PARTS_MAX - 1].up_to == UINT64_MAX);
}

static struct edge_identity of_life(uint64_t life, bool is_over)
{
    return (struct edge_identity){.life = life, .incarnation = 100 + life, .is_over = is_over};
}

static void the_newest_of_each_life_is_known_in_the_order_of_lives(void **state)
{
    static struct edge_identity list[IDENTITY_LIVES_MAX];
    int count = 0;
    uint64_t lives[] = {3, 1, 2, 3};
    (void)state;
    for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
        struct edge_identity identity = of_life(lives[i], false);
        identity.version = i;
        assert_true(identities_note(list, &count, &identity));
    }
    assert_int_equal(count, 3);
    assert_true(list[0].life == 1 && list[1].life == 2 && list[2].life == 3);
    assert_int_equal(list[2].version, 3);
}

/* Each fence of a disk begins a life: there may be any number of them. */
static void a_life_that_is_over_makes_room_and_one_that_is_not_settled_stays(void **state)
{
    static struct edge_identity list[IDENTITY_LIVES_MAX];
    int count = 0;
    (void)state;
    for (uint64_t life = 1; life <= 5ULL * IDENTITY_LIVES_MAX; life++) {
        struct edge_identity identity = of_life(life, false);
        assert_true(identities_note(list, &count, &identity));
        identity.is_over = life != 7 && life != 9; /* these two wait for the ledger */
        identity = round_trip(&identity);
        assert_true(identities_note(list, &count, &identity));
    }
    assert_int_equal(count, IDENTITY_LIVES_MAX);
    assert_true(list[0].life == 7 && list[1].life == 9);
    assert_int_equal(list[count - 1].life, 5ULL * IDENTITY_LIVES_MAX);
}

static void where_no_life_is_settled_there_is_no_room_for_another(void **state)
{
    static struct edge_identity list[IDENTITY_LIVES_MAX];
    int count = 0;
    (void)state;
    for (uint64_t life = 1; life <= IDENTITY_LIVES_MAX; life++) {
        struct edge_identity identity = of_life(life + 1, false);
        assert_true(identities_make_room(list, &count));
        assert_true(identities_note(list, &count, &identity));
    }
    struct edge_identity next = of_life(1000, false), over = of_life(1, true);
    assert_false(identities_make_room(list, &count));
    assert_false(identities_note(list, &count, &next));
    assert_true(identities_note(list, &count, &over)); /* of a log: nobody asks for it */
    assert_true(count == IDENTITY_LIVES_MAX && list[0].life == 2);
    struct edge_identity settled = of_life(30, true);
    assert_true(identities_note(list, &count, &settled));
    assert_true(identities_note(list, &count, &next));
    assert_true(count == IDENTITY_LIVES_MAX && list[count - 1].life == 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_of_an_older_program_reads_as_a_disk_that_was_let_in),
        cmocka_unit_test(a_disk_tells_where_it_was_before_the_first_start_that_was_not_let_in),
        cmocka_unit_test(what_a_copy_wrote_is_settled_apart_for_each_start),
        cmocka_unit_test(more_starts_than_there_is_room_for_share_the_last_part),
        cmocka_unit_test(the_newest_of_each_life_is_known_in_the_order_of_lives),
        cmocka_unit_test(a_life_that_is_over_makes_room_and_one_that_is_not_settled_stays),
        cmocka_unit_test(where_no_life_is_settled_there_is_no_room_for_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
