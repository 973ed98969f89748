/* A stream is cut the same however it arrives, and a frame parses to a message of just its size. */
#include "fuzz.h"

#include "sip/msg.h"

static struct sip_msg msg;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice stream = slice_make((const char *)data, size);
    while (stream.size > 0) {
        size_t cut = 0;
        enum sip_frame frame = sip_frame(stream, &cut);
        if (frame == SIP_FRAME_INCOMPLETE || frame == SIP_FRAME_BAD) {
            FUZZ_CHECK(cut == 0);
            return 0;
        }
        FUZZ_CHECK(cut > 0 && cut <= stream.size);
        size_t same = 0;
        FUZZ_CHECK(sip_frame(slice_head(stream, cut), &same) == frame && same == cut);
        size_t early = 0;
        enum sip_frame part = sip_frame(slice_head(stream, cut - 1), &early);
        FUZZ_CHECK(part == SIP_FRAME_INCOMPLETE);
        if (frame == SIP_FRAME_MESSAGE) {
            enum sip_parse result = sip_msg_parse(slice_head(stream, cut), &msg);
            FUZZ_CHECK(result != SIP_EMPTY);
            if (result == SIP_OK) {
                FUZZ_CHECK(msg.raw.data + msg.raw.size == stream.data + cut);
            }
        }
        stream = slice_skip(stream, cut);
    }
    return 0;
}
