#include "sip/sdp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static const struct {
    const char *what, *body, *host;
    bool is_good;
    uint16_t port;
    enum sdp_direction direction;
    bool has_pcma, has_pcmu;
} rows[] = {
    {"session address",
     "v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
     "m=audio 4000 RTP/AVP 0 8 101\r\n",
     "192.0.2.1", true, 4000, SDP_SENDRECV, true, true},
    {"stream address, hold",
     "v=0\nc=IN IP4 192.0.2.1\na=sendrecv\nm=audio 4000/2 RTP/AVP 8\n"
     "c=IN IP4 192.0.2.2/127\na=sendonly\n",
     "192.0.2.2", true, 4000, SDP_SENDONLY, true, false},
    {"session direction", "v=0\r\nc=IN IP6 2001:db8::1\r\na=inactive\r\nm=audio 9 RTP/AVP 0\r\n",
     "2001:db8::1", true, 9, SDP_INACTIVE, false, true},
    {"video first",
     "v=0\r\nc=IN IP4 a\r\nm=video 1 RTP/AVP 31\r\nc=IN IP4 b\r\na=recvonly\r\n"
     "m=audio 2 RTP/AVP 96\r\na=rtpmap:96 pcma/8000\r\n",
     "a", true, 2, SDP_SENDRECV, true, false},
    {"second audio is not ours",
     "v=0\r\nc=IN IP4 a\r\nm=audio 2 RTP/AVP 8\r\n"
     "m=audio 3 RTP/AVP 0\r\na=sendonly\r\n",
     "a", true, 2, SDP_SENDRECV, true, false},
    {"refused stream", "v=0\r\nm=audio 0 RTP/AVP 8\r\n", "", true, 0, SDP_SENDRECV, true, false},
    {"no audio", "v=0\r\nm=video 1 RTP/AVP 31\r\na=x\r\n", "", false, 0, SDP_SENDRECV, false,
     false},
    {"port is no number", "v=0\r\nm=audio x RTP/AVP 8\r\n", "", false, 0, SDP_SENDRECV, false,
     false},
    {"port too large", "v=0\r\nm=audio 65536 RTP/AVP 8\r\n", "", false, 0, SDP_SENDRECV, false,
     false},
    {"not SDP", "<xml/>", "", false, 0, SDP_SENDRECV, false, false},
    {"nothing", "", "", false, 0, SDP_SENDRECV, false, false},
};

static void the_first_audio_stream_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct sdp sdp = {.port = 7};
        print_message("%s\n", rows[i].what);
        assert_int_equal(sdp_parse(slice_from_text(rows[i].body), &sdp), rows[i].is_good);
        if (!rows[i].is_good) {
            assert_int_equal(sdp.port, 7);
            continue;
        }
        assert_true(slice_equal(sdp.host, slice_from_text(rows[i].host)));
        assert_int_equal(sdp.port, rows[i].port);
        assert_int_equal(sdp.direction, rows[i].direction);
        assert_int_equal(sdp.has_pcma, rows[i].has_pcma);
        assert_int_equal(sdp.has_pcmu, rows[i].has_pcmu);
    }
}

static void what_is_written_reads_the_same(void **state)
{
    (void)state;
    static const char *const hosts[] = {"192.0.2.1", "2001:db8::1"};
    for (size_t i = 0; i < ARRAY_COUNT(hosts); i++) {
        for (int direction = SDP_SENDRECV; direction <= SDP_INACTIVE; direction++) {
            char block[512];
            struct buf buf;
            struct sdp sdp;
            buf_init(&buf, block, sizeof block);
            sdp_write(&buf, slice_from_text(hosts[i]), 4000, 5, 6, (enum sdp_direction)direction);
            assert_false(buf.is_full);
            assert_true(sdp_parse(buf_done(&buf), &sdp));
            assert_true(slice_equal(sdp.host, slice_from_text(hosts[i])));
            assert_int_equal(sdp.port, 4000);
            assert_int_equal(sdp.direction, direction);
            assert_true(sdp.has_pcma && sdp.has_pcmu);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_audio_stream_is_read),
        cmocka_unit_test(what_is_written_reads_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
