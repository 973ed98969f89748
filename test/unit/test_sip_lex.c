/* What looks at 16 bytes at once against the same, said byte by byte: for every character, at every
 * place, in texts of all sizes about two blocks. Each text ends where its memory ends. */
#include "sip/lex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define SIZE_MAX_TRIED 40

static bool is_no_host(char c)
{
    return !lex_is(c, LEX_HOST);
}

static bool is_quote(char c)
{
    return c == '"' || c == '\\';
}

static bool is_control(char c)
{
    uint8_t byte = (uint8_t)c;
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

static const char *lex_skip_host(const char *at, const char *end)
{
    return lex_skip(at, end, LEX_HOST);
}

static const struct scan {
    const char *(*fast)(const char *at, const char *end);
    bool (*is_stop)(char c);
} scans[] = {{lex_skip_plain, is_no_host},
             {lex_skip_host, is_no_host},
             {lex_skip_plain_far, is_no_host},
             {lex_next_control, is_control},
             {lex_quote_find, is_quote}};

static void check_scans(const char *text, size_t size)
{
    for (size_t i = 0; i < ARRAY_COUNT(scans); i++) {
        size_t stop = 0;
        while (stop < size && !scans[i].is_stop(text[stop])) {
            stop++;
        }
        assert_int_equal(scans[i].fast(text, text + size) - text, stop);
    }
}

static void every_character_stops_what_it_is_to_stop_wherever_it_stands(void **state)
{
    (void)state;
    for (size_t size = 0; size <= SIZE_MAX_TRIED; size++) {
        char *text = malloc(size == 0 ? 1 : size);
        assert_non_null(text);
        check_scans(text, 0);
        for (size_t at = 0; at < size; at++) {
            for (unsigned c = 0; c < 256; c++) {
                memset(text, 'm', size);
                text[at] = (char)c;
                check_scans(text, size);
            }
        }
        free(text);
    }
}

static void every_class_but_that_of_hex_digits_has_what_is_skipped_as_plain(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        if (lex_is((char)c, LEX_HOST)) {
            const unsigned others = LEX_TOKEN | LEX_USER | LEX_PARAM | LEX_VALUE | LEX_NAME;
            assert_int_equal(lex_classes[c] & others, others);
            assert_true(lex_is((char)c, LEX_VISIBLE));
        }
    }
}

static void a_character_is_found_among_sixteen(void **state)
{
    (void)state;
    char *text = malloc(16);
    assert_non_null(text);
    for (size_t at = 0; at <= 16; at++) {
        memset(text, 'm', 16);
        memset(text + at, '=', 16 - at);
        assert_int_equal(lex_find16(text, '='), at);
    }
    free(text);
}

static void names_are_compared_without_case_and_no_other_character_passes(void **state)
{
    (void)state;
    static const char *const names[] = {
        "",       "t",       "to",       "via",          "cseq",    "nonce",
        "digest", "contact", "username", "max-forwards", "sha-256", "proxy-authorization"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        size_t size = strlen(names[i]);
        char *text = malloc(size == 0 ? 1 : size);
        assert_non_null(text);
        memcpy(text, names[i], size);
        assert_true(lex_equal_lower(slice_make(text, size), names[i], size));
        for (size_t at = 0; at < size; at++) {
            for (unsigned c = 0; c < 256; c++) {
                text[at] = (char)c;
                bool is_same = (char)c == names[i][at] ||
                               (c >= 'A' && c <= 'Z' && (char)(c | 0x20) == names[i][at]);
                assert_int_equal(lex_equal_lower(slice_make(text, size), names[i], size), is_same);
            }
            text[at] = names[i][at];
        }
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_stops_what_it_is_to_stop_wherever_it_stands),
        cmocka_unit_test(every_class_but_that_of_hex_digits_has_what_is_skipped_as_plain),
        cmocka_unit_test(a_character_is_found_among_sixteen),
        cmocka_unit_test(names_are_compared_without_case_and_no_other_character_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
