#include "base/arena.h"
#include "base/slice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static void text_of_null_is_the_empty_slice(void **state)
{
    (void)state;
    assert_int_equal(slice_from_text(NULL).size, 0);
    assert_true(slice_equal(slice_from_text(NULL), SLICE("")));
    assert_int_equal(slice_trim((struct slice){NULL, 0}).size, 0);
    assert_int_equal(slice_skip((struct slice){NULL, 0}, 3).size, 0);
    assert_int_equal(slice_find((struct slice){NULL, 0}, 'x'), 0);
}

static void comparing_without_case_folds_ascii_letters_only(void **state)
{
    (void)state;
    assert_true(slice_equal_nocase(SLICE("Via"), SLICE("vIA")));
    assert_false(slice_equal_nocase(SLICE("[a"), SLICE("{a")));
    assert_false(slice_equal_nocase(SLICE("@"), SLICE("`")));
    assert_false(slice_equal(SLICE("Via"), SLICE("via")));
    assert_true(slice_starts_with_nocase(SLICE("SIP:bob"), SLICE("sip:")));
    assert_true(slice_starts_with(SLICE("sip:bob"), SLICE("sip:")));
    assert_false(slice_starts_with(SLICE("si"), SLICE("sip:")));
    assert_true(slice_starts_with(SLICE("si"), SLICE("")));
}

/* Words of eight bytes, and less: every size, and a difference at every place. */
static void comparing_without_case_sees_every_byte_of_every_size(void **state)
{
    (void)state;
    char text[40], other[40];
    for (size_t size = 1; size <= sizeof(text); size++) {
        for (size_t i = 0; i < size; i++) {
            text[i] = "aZ-[09@z"[i % 8];
            other[i] = "Az-[09@Z"[i % 8];
        }
        assert_true(slice_equal_nocase(slice_make(text, size), slice_make(other, size)));
        assert_false(slice_equal_nocase(slice_make(text, size), slice_make(other, size - 1)));
        for (size_t i = 0; i < size; i++) {
            char kept = other[i];
            for (int bit = 0; bit < 8; bit++) {
                other[i] = (char)(kept ^ 1 << bit);
                bool is_letter = i % 8 < 2 || i % 8 == 7;
                assert_int_equal(
                    slice_equal_nocase(slice_make(text, size), slice_make(other, size)),
                    is_letter && bit == 5);
            }
            other[i] = kept;
        }
    }
}

static void trimming_takes_blanks_from_both_ends(void **state)
{
    (void)state;
    assert_true(slice_equal(slice_trim(SLICE(" \t a b\r\n")), SLICE("a b")));
    assert_int_equal(slice_trim(SLICE(" \r\n\t")).size, 0);
}

static void splitting_walks_the_parts_and_then_gives_empty_ones(void **state)
{
    (void)state;
    struct slice rest = SLICE("a,,b");
    assert_true(slice_equal(slice_split(&rest, ','), SLICE("a")));
    assert_true(slice_equal(slice_split(&rest, ','), SLICE("")));
    assert_true(slice_equal(rest, SLICE("b")));
    assert_true(slice_equal(slice_split(&rest, ','), SLICE("b")));
    assert_int_equal(rest.size, 0);
    assert_int_equal(slice_split(&rest, ',').size, 0);
}

static void skipping_and_taking_stop_at_the_end(void **state)
{
    (void)state;
    assert_int_equal(slice_skip(SLICE("abc"), 9).size, 0);
    assert_true(slice_equal(slice_skip(SLICE("abc"), 1), SLICE("bc")));
    assert_true(slice_equal(slice_head(SLICE("abc"), 9), SLICE("abc")));
    assert_int_equal(slice_find(SLICE("abc"), 'c'), 2);
    assert_int_equal(slice_find(SLICE("abc"), 'x'), 3);
}

static void numbers_are_digits_within_their_limit_and_nothing_else(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t max;
        bool is_number;
        uint64_t value;
    } rows[] = {
        {"0", 10, true, 0},
        {"007", 10, true, 7},
        {"10", 10, true, 10},
        {"11", 10, false, 0},
        {"9", 5, false, 0},
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, false, 0},
        {"99999999999999999999999", UINT64_MAX, false, 0},
        {"", 10, false, 0},
        {"-1", 10, false, 0},
        {"+1", 10, false, 0},
        {" 1", 10, false, 0},
        {"1x", 10, false, 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint64_t value = 4711;
        bool is_number = slice_to_u64(slice_from_text(rows[i].text), rows[i].max, &value);
        assert_int_equal(is_number, rows[i].is_number);
        assert_int_equal(value, is_number ? rows[i].value : 4711);
    }
}

static void hex_goes_there_and_back_and_refuses_the_rest(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0x00, 0x9f, 0xff};
    uint8_t back[3] = {1, 2, 3};
    char text[6];
    slice_hex(text, bytes, sizeof(bytes));
    assert_memory_equal(text, "009fff", 6);
    assert_true(slice_from_hex(SLICE("009FfF"), back, 3));
    assert_memory_equal(back, bytes, 3);
    assert_false(slice_from_hex(SLICE("009ff"), back, 3));
    assert_false(slice_from_hex(SLICE("009fff00"), back, 3));
    assert_false(slice_from_hex(SLICE("01020g"), back, 3));
    assert_memory_equal(back, bytes, 3);
}

static void hex_of_every_size_is_read_as_written_and_refused_for_any_wrong_digit(void **state)
{
    (void)state;
    uint8_t bytes[40], back[40];
    char text[80];
    for (size_t size = 1; size <= sizeof(bytes); size++) {
        for (size_t i = 0; i < size; i++) {
            bytes[i] = (uint8_t)(i * 37 + size * 11);
        }
        slice_hex(text, bytes, size);
        for (size_t i = 0; i < 2 * size; i++) {
            assert_int_equal(text[i],
                             "0123456789abcdef"[bytes[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15]);
        }
        assert_true(slice_from_hex(slice_make(text, 2 * size), back, size));
        assert_memory_equal(back, bytes, size);
        for (size_t i = 0; i < 2 * size; i++) {
            char kept = text[i];
            for (size_t j = 0; j < 6; j++) {
                text[i] = "/:@G`g"[j];
                assert_false(slice_from_hex(slice_make(text, 2 * size), back, size));
            }
            text[i] = kept;
        }
    }
}

static void a_text_field_takes_what_fits_with_its_nul(void **state)
{
    (void)state;
    char field[4] = "old";
    assert_false(slice_copy_text(SLICE("four"), field, sizeof(field)));
    assert_false(slice_copy_text(SLICE("a\0b"), field, sizeof(field)));
    assert_string_equal(field, "old");
    assert_true(slice_copy_text(SLICE("new"), field, sizeof(field)));
    assert_string_equal(field, "new");
    assert_true(slice_copy_text((struct slice){NULL, 0}, field, sizeof(field)));
    assert_string_equal(field, "");
}

static void an_arena_gives_aligned_zeros_until_it_is_full(void **state)
{
    (void)state;
    char block[129];
    memset(block, 'x', sizeof(block));
    struct arena arena;
    arena_init(&arena, block + 1, 128);
    char *first = arena_take(&arena, 20);
    assert_non_null(first);
    assert_int_equal((uintptr_t)first % 16, 0);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(first[i], 0);
    }
    struct slice copy = arena_copy(&arena, SLICE("hello"));
    assert_true(slice_equal(copy, SLICE("hello")));
    char *second = arena_take(&arena, 16);
    assert_int_equal((uintptr_t)second % 16, 0);
    assert_true(second >= copy.data + copy.size);
    assert_null(arena_take(&arena, 128));
    assert_null(arena_take(&arena, SIZE_MAX));
    char large[128] = {0};
    assert_null(arena_copy(&arena, slice_make(large, sizeof(large))).data);
    arena_reset(&arena);
    assert_ptr_equal(arena_take(&arena, 20), first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_of_null_is_the_empty_slice),
        cmocka_unit_test(comparing_without_case_folds_ascii_letters_only),
        cmocka_unit_test(comparing_without_case_sees_every_byte_of_every_size),
        cmocka_unit_test(trimming_takes_blanks_from_both_ends),
        cmocka_unit_test(splitting_walks_the_parts_and_then_gives_empty_ones),
        cmocka_unit_test(skipping_and_taking_stop_at_the_end),
        cmocka_unit_test(numbers_are_digits_within_their_limit_and_nothing_else),
        cmocka_unit_test(hex_goes_there_and_back_and_refuses_the_rest),
        cmocka_unit_test(hex_of_every_size_is_read_as_written_and_refused_for_any_wrong_digit),
        cmocka_unit_test(a_text_field_takes_what_fits_with_its_nul),
        cmocka_unit_test(an_arena_gives_aligned_zeros_until_it_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
