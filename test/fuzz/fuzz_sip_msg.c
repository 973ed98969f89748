/* A message that parses and is forwarded without a change parses to the same message; what is made
 * from it (a response, ACK, CANCEL, a forward with its Via popped) is well-formed too. */
#include "fuzz.h"

#include "sip/write.h"

#include <string.h>

static char forward_block[2 * SIP_MESSAGE_SIZE_MAX], made_block[4 * SIP_MESSAGE_SIZE_MAX];
static char scratch_block[SIP_MESSAGE_SIZE_MAX];
static struct sip_msg msg, again;

static void slice_is_inside(struct slice inner, struct slice outer)
{
    if (inner.size > 0) {
        FUZZ_CHECK(inner.data >= outer.data);
        FUZZ_CHECK(inner.data + inner.size <= outer.data + outer.size);
    }
}

static void views_are_inside(struct slice bytes)
{
    slice_is_inside(msg.raw, bytes);
    slice_is_inside(msg.body, bytes);
    slice_is_inside(msg.uri.user, bytes);
    slice_is_inside(msg.uri.host, bytes);
    slice_is_inside(msg.via.branch, bytes);
    slice_is_inside(msg.via.params, bytes);
    slice_is_inside(msg.from.tag, bytes);
    slice_is_inside(msg.to.params, bytes);
    for (int i = 0; i < msg.header_count; i++) {
        slice_is_inside(msg.headers[i].name, msg.headers[i].line);
        slice_is_inside(msg.headers[i].value, msg.headers[i].line);
        slice_is_inside(msg.headers[i].line, bytes);
    }
}

static void is_same_message(void)
{
    FUZZ_CHECK(again.is_request == msg.is_request && again.status == msg.status);
    FUZZ_CHECK(slice_equal(again.method_text, msg.method_text));
    FUZZ_CHECK(slice_equal(again.uri_text, msg.uri_text));
    FUZZ_CHECK(slice_equal(again.reason, msg.reason));
    FUZZ_CHECK(slice_equal(again.body, msg.body));
    FUZZ_CHECK(slice_equal(again.via.branch, msg.via.branch));
    FUZZ_CHECK(slice_equal(again.from.tag, msg.from.tag));
    FUZZ_CHECK(slice_equal(again.to.tag, msg.to.tag));
    FUZZ_CHECK(slice_equal(again.call_id, msg.call_id));
    FUZZ_CHECK(again.cseq == msg.cseq && again.via_count == msg.via_count);
    FUZZ_CHECK(again.max_forwards == msg.max_forwards && again.expires_s == msg.expires_s);
    int added = sip_msg_has(&msg, SIP_H_CONTENT_LENGTH) ? 0 : 1;
    FUZZ_CHECK(again.header_count == msg.header_count + added);
    for (int i = 0; i < msg.header_count; i++) {
        FUZZ_CHECK(again.headers[i].id == msg.headers[i].id);
        FUZZ_CHECK(slice_equal(again.headers[i].line, msg.headers[i].line));
    }
}

static void forward_is_the_same(void)
{
    struct buf out;
    buf_init(&out, forward_block, sizeof forward_block);
    sip_forward_write(&out, &msg, &(struct sip_rewrite){0});
    FUZZ_CHECK(!out.is_full);
    bool is_room = out.size <= SIP_MESSAGE_SIZE_MAX &&
                   (msg.header_count < SIP_HEADERS_MAX || sip_msg_has(&msg, SIP_H_CONTENT_LENGTH));
    if (!is_room) {
        return;
    }
    FUZZ_CHECK(sip_msg_parse(buf_done(&out), &again) == SIP_OK);
    is_same_message();
    size_t size = 0;
    FUZZ_CHECK(sip_frame(buf_done(&out), &size) == SIP_FRAME_MESSAGE);
    FUZZ_CHECK(size == out.size);
}

static void popped_forward_has_one_via_less(void)
{
    struct sip_rewrite rewrite = {0};
    struct buf out, scratch;
    buf_init(&scratch, scratch_block, sizeof scratch_block);
    buf_init(&out, made_block, sizeof made_block);
    if (!sip_rewrite_pop_via(&rewrite, &msg, &scratch)) {
        return;
    }
    rewrite.top = SLICE("Via: SIP/2.0/UDP top\r\n");
    sip_forward_write(&out, &msg, &rewrite);
    FUZZ_CHECK(!out.is_full);
    enum sip_parse result = sip_msg_parse(buf_done(&out), &again);
    if (result == SIP_OK) {
        FUZZ_CHECK(again.via_count == msg.via_count);
        FUZZ_CHECK(slice_equal(again.via.host, SLICE("top")));
    } else { /* only where the new line makes it too long */
        FUZZ_CHECK(result == SIP_TOO_MANY_HEADERS || out.size > SIP_MESSAGE_SIZE_MAX);
    }
}

static void response_answers(enum sip_parse result)
{
    struct buf out;
    buf_init(&out, made_block, sizeof made_block);
    sip_response_write(&out, &msg,
                       &(struct sip_response){.status = result == SIP_OK ? 180 : 400,
                                              .to_tag = SLICE("t"),
                                              .source_host = SLICE("192.0.2.1"),
                                              .source_port = 5060});
    FUZZ_CHECK(!out.is_full);
    enum sip_parse back = sip_msg_parse(buf_done(&out), &again);
    if (result == SIP_OK && out.size <= SIP_MESSAGE_SIZE_MAX) {
        FUZZ_CHECK(back == SIP_OK);
        FUZZ_CHECK(again.to.tag.size > 0 && again.via_count == msg.via_count);
        FUZZ_CHECK(slice_equal(again.via.branch, msg.via.branch));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice bytes = slice_make((const char *)data, size);
    enum sip_parse result = sip_msg_parse(bytes, &msg);
    views_are_inside(bytes);
    if (msg.is_answerable) {
        response_answers(result);
    }
    if (result != SIP_OK) {
        return 0;
    }
    forward_is_the_same();
    popped_forward_has_one_via_less();
    if (msg.is_request) {
        struct buf out;
        buf_init(&out, made_block, sizeof made_block);
        sip_cancel_write(&out, &msg, slice_make(NULL, 0));
        FUZZ_CHECK(out.size > SIP_MESSAGE_SIZE_MAX ||
                   sip_msg_parse(buf_done(&out), &again) == SIP_OK);
    }
    return 0;
}
