#include "base/buf.h"
#include "base/tri.h"
#include "base/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static void assert_written(const struct buf *buf, const char *text)
{
    assert_false(buf->is_full);
    assert_int_equal(buf->size, strlen(text));
    assert_memory_equal(buf->data, text, buf->size);
}

static void numbers_are_written_over_their_whole_range(void **state)
{
    (void)state;
    char data[256];
    struct buf buf;
    buf_init(&buf, data, sizeof(data));
    buf_u64(&buf, 0);
    buf_char(&buf, ' ');
    buf_u64(&buf, UINT64_MAX);
    buf_char(&buf, ' ');
    buf_i64(&buf, INT64_MIN);
    buf_char(&buf, ' ');
    buf_i64(&buf, 7);
    buf_text(&buf, " ");
    buf_hex(&buf, (const uint8_t *)"\x01\xfe", 2);
    buf_printf(&buf, " %d%s", 5, "x");
    assert_written(&buf, "0 18446744073709551615 -9223372036854775808 7 01fe 5x");
}

static void a_number_is_written_right_around_every_power_of_ten_and_two(void **state)
{
    (void)state;
    char data[24], wanted[24];
    for (int i = 0; i < 64 + 20; i++) {
        uint64_t middle = i < 64 ? UINT64_C(1) << i : 1;
        for (int j = 64; j < i; j++) {
            middle *= 10;
        }
        for (uint64_t value = middle - 1; value != middle + 2; value++) {
            struct buf buf;
            size_t size =
                (size_t)snprintf(wanted, sizeof(wanted), "%llu", (unsigned long long)value);
            buf_init(&buf, data, size);
            buf_u64(&buf, value);
            assert_written(&buf, wanted);
            buf_init(&buf, data, size - 1);
            buf_u64(&buf, value);
            assert_true(buf.is_full && buf.size == 0);
        }
    }
}

static void what_does_not_fit_is_left_out_and_said(void **state)
{
    (void)state;
    char data[9] = "12345678";
    struct buf buf;
    buf_init(&buf, data, 4);
    buf_text(&buf, "abcd");
    assert_written(&buf, "abcd");
    buf_put(&buf, "", 0);
    assert_false(buf.is_full);
    buf_char(&buf, 'e');
    assert_true(buf.is_full);
    assert_int_equal(buf_done(&buf).size, 4);
    assert_string_equal(data, "abcd5678");

    buf_init(&buf, data, 4);
    buf_text(&buf, "ab");
    buf_text(&buf, "xyz");
    buf_text(&buf, "c"); /* would fit, but would hide that something is missing before it */
    assert_true(slice_equal(buf_done(&buf), SLICE("ab")));

    buf_init(&buf, data, 4);
    buf_printf(&buf, "%s", "abcde");
    assert_true(buf.is_full);
    assert_int_equal(buf.size, 0);
    buf_init(&buf, data, 4);
    buf_hex(&buf, (const uint8_t *)"abc", 3);
    assert_true(buf.is_full);
    assert_string_equal(data + 4, "5678");
}

static void json_strings_keep_text_and_escape_what_could_harm(void **state)
{
    (void)state;
    static const struct {
        struct slice raw;
        const char *json;
    } rows[] = {
        {{"", 0}, "\"\""},
        {{NULL, 0}, "\"\""},
        {{"plain", 5}, "\"plain\""},
        {{"a\"b\\c", 5}, "\"a\\\"b\\\\c\""},
        {{"\r\n\t", 3}, "\"\\r\\n\\t\""},
        {{"\0\x1b\x7f", 3}, "\"\\u0000\\u001b\\u007f\""},
        {{"M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x98\x80", 16},
         "\"M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x98\x80\""},
        {{"\xc2\x9b", 2}, "\"\\u009b\""},        /* a control, though good UTF-8 */
        {{"\xe2\x80\xae", 3}, "\"\\u202e\""},    /* right-to-left override */
        {{"\xfc", 1}, "\"\\u00fc\""},            /* Latin-1 */
        {{"\xc0\xaf", 2}, "\"\\u00c0\\u00af\""}, /* overlong */
        {{"\xe0\x80\xaf", 3}, "\"\\u00e0\\u0080\\u00af\""},
        {{"\xed\xa0\x80", 3}, "\"\\u00ed\\u00a0\\u0080\""}, /* surrogate */
        {{"\xf4\x90\x80\x80", 4}, "\"\\u00f4\\u0090\\u0080\\u0080\""},
        {{"\xe2\x82", 2}, "\"\\u00e2\\u0082\""}, /* cut short */
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char data[128];
        struct buf buf;
        buf_init(&buf, data, sizeof(data));
        buf_json_string(&buf, rows[i].raw);
        assert_written(&buf, rows[i].json);
    }
}

static void json_members_have_commas_between_them_only(void **state)
{
    (void)state;
    char data[256];
    struct buf buf;
    buf_init(&buf, data, sizeof(data));
    buf_char(&buf, '{');
    buf_json_text(&buf, "who", SLICE("a\"b"));
    buf_json_i64(&buf, "count", -3);
    buf_json_bool(&buf, "is_live", true);
    buf_json_money(&buf, "balance", -12340000);
    buf_json_key(&buf, "sub");
    buf_char(&buf, '{');
    buf_json_bool(&buf, "x", false);
    buf_text(&buf, "}}");
    assert_written(&buf, "{\"who\":\"a\\\"b\",\"count\":-3,\"is_live\":true,"
                         "\"balance\":\"-12.340000\",\"sub\":{\"x\":false}}");
}

static void a_record_on_disk_reads_back_as_it_was_written(void **state)
{
    (void)state;
    char data[64];
    struct buf buf;
    buf_init(&buf, data, sizeof(data));
    wire_put_u8(&buf, 0xAB);
    wire_put_u16(&buf, 0x1234);
    wire_put_u32(&buf, 0xDEADBEEF);
    wire_put_u64(&buf, UINT64_MAX - 1);
    wire_put_i64(&buf, INT64_MIN);
    wire_put_slice(&buf, SLICE("bob"));
    wire_put_slice(&buf, SLICE("alice"));
    assert_false(buf.is_full);
    assert_memory_equal(data, "\xab\x34\x12\xef\xbe\xad\xde", 7);

    struct wire_reader reader = {.rest = buf_done(&buf)};
    char field[8] = "old";
    assert_int_equal(wire_get_u8(&reader), 0xAB);
    assert_int_equal(wire_get_u16(&reader), 0x1234);
    assert_int_equal(wire_get_u32(&reader), 0xDEADBEEF);
    assert_true(wire_get_u64(&reader) == UINT64_MAX - 1);
    assert_true(wire_get_i64(&reader) == INT64_MIN);
    assert_true(slice_equal(wire_get_slice(&reader), SLICE("bob")));
    wire_get_text(&reader, field, sizeof(field));
    assert_string_equal(field, "alice");
    assert_false(reader.is_bad);
    assert_int_equal(reader.rest.size, 0);
}

static void a_short_record_reads_as_zeros_and_says_so(void **state)
{
    (void)state;
    struct wire_reader reader = {.rest = SLICE("\x01\x02\x03")};
    assert_int_equal(wire_get_u32(&reader), 0);
    assert_true(reader.is_bad);
    assert_int_equal(wire_get_u8(&reader), 0); /* bad once, bad for good */

    char field[4] = "old";
    reader = (struct wire_reader){.rest = SLICE("\x04\x00"
                                                "abcd")};
    wire_get_text(&reader, field, sizeof(field));
    assert_true(reader.is_bad);
    assert_string_equal(field, "");

    reader = (struct wire_reader){.rest = SLICE("\xff\xff"
                                                "abcd")};
    assert_int_equal(wire_get_slice(&reader).size, 0);
    assert_true(reader.is_bad);
}

static void a_slice_too_long_for_a_record_is_refused(void **state)
{
    (void)state;
    static char large[70000];
    static char data[80000];
    struct buf buf;
    buf_init(&buf, data, sizeof(data));
    wire_put_slice(&buf, slice_make(large, sizeof(large)));
    assert_true(buf.is_full);
    assert_int_equal(buf.size, 0);
}

static void zeroed_memory_means_unknown(void **state)
{
    (void)state;
    struct tri answer;
    memset(&answer, 0, sizeof(answer));
    assert_string_equal(tri_name(answer), "unknown");
    assert_string_equal(tri_name((struct tri){TRI_ABSENT}), "absent");
    assert_string_equal(tri_name((struct tri){TRI_PRESENT}), "present");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_written_over_their_whole_range),
        cmocka_unit_test(a_number_is_written_right_around_every_power_of_ten_and_two),
        cmocka_unit_test(what_does_not_fit_is_left_out_and_said),
        cmocka_unit_test(json_strings_keep_text_and_escape_what_could_harm),
        cmocka_unit_test(json_members_have_commas_between_them_only),
        cmocka_unit_test(a_record_on_disk_reads_back_as_it_was_written),
        cmocka_unit_test(a_short_record_reads_as_zeros_and_says_so),
        cmocka_unit_test(a_slice_too_long_for_a_record_is_refused),
        cmocka_unit_test(zeroed_memory_means_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
