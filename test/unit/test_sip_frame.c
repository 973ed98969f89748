#include "sip/msg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#define ONE "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h\r\nContent-Length: 5\r\n\r\nhello"

static const struct {
    const char *what;
    const char *bytes;
    enum sip_frame result;
    size_t size;
} rows[] = {
    {"nothing yet", "", SIP_FRAME_INCOMPLETE, 0},
    {"ping", "\r\n\r\n", SIP_FRAME_PING, 4},
    {"ping and more", "\r\n\r\n" ONE, SIP_FRAME_PING, 4},
    {"half a ping", "\r\n", SIP_FRAME_INCOMPLETE, 0},
    {"most of a ping", "\r\n\r", SIP_FRAME_INCOMPLETE, 0},
    {"pong before a message", "\r\n" ONE, SIP_FRAME_MESSAGE, sizeof ONE + 1},
    {"pong before a start", "\r\nO", SIP_FRAME_INCOMPLETE, 0},
    {"bare CR", "\rO", SIP_FRAME_BAD, 0},
    {"a message", ONE, SIP_FRAME_MESSAGE, sizeof ONE - 1},
    {"two messages", ONE ONE, SIP_FRAME_MESSAGE, sizeof ONE - 1},
    {"compact, folded and spaced", "A\r\nL :\r\n 2\r\n\r\nxxyy", SIP_FRAME_MESSAGE, 16},
    {"bare LFs", "A\nl:1\n\nxy", SIP_FRAME_MESSAGE, 8},
    {"no length", "A\r\nVia: x\r\n\r\n", SIP_FRAME_BAD, 0},
    {"length is no number", "A\r\nl: x\r\n\r\n", SIP_FRAME_BAD, 0},
    {"length is negative", "A\r\nl: -1\r\n\r\n", SIP_FRAME_BAD, 0},
    {"length is too large", "A\r\nl: 65536\r\n\r\n", SIP_FRAME_BAD, 0},
    {"lengths differ", "A\r\nl: 1\r\nContent-Length: 2\r\n\r\n", SIP_FRAME_BAD, 0},
    {"lengths agree", "A\r\nl: 1\r\nContent-Length: 1\r\n\r\nx", SIP_FRAME_MESSAGE, 31},
    {"length may yet be folded", "A\r\nl: 1\r\n", SIP_FRAME_INCOMPLETE, 0},
    {"a length of another name", "A\r\nX: y\r\n l: 1\r\n\r\n", SIP_FRAME_BAD, 0},
    {"TLS on the plain port", "\x16\x03\x01", SIP_FRAME_BAD, 0},
};

static void streams_are_cut_into_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        size_t size = 0;
        print_message("%s\n", rows[i].what);
        assert_int_equal(sip_frame(slice_from_text(rows[i].bytes), &size), rows[i].result);
        assert_int_equal(size, rows[i].size);
    }
}

static void every_cut_of_a_message_is_incomplete(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < sizeof ONE - 1; cut++) {
        size_t size = 0;
        assert_int_equal(sip_frame(slice_make(ONE, cut), &size), SIP_FRAME_INCOMPLETE);
        assert_int_equal(size, 0);
    }
}

static void headers_without_an_end_are_given_up(void **state)
{
    (void)state;
    static char bytes[SIP_MESSAGE_SIZE_MAX];
    memset(bytes, 'A', sizeof bytes);
    size_t size;
    assert_int_equal(sip_frame(slice_make(bytes, sizeof bytes - 1), &size), SIP_FRAME_INCOMPLETE);
    assert_int_equal(sip_frame(slice_make(bytes, sizeof bytes), &size), SIP_FRAME_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_are_cut_into_messages),
        cmocka_unit_test(every_cut_of_a_message_is_incomplete),
        cmocka_unit_test(headers_without_an_end_are_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
