/* Authorization and WWW-Authenticate values: the input is one header value. */
#include "fuzz.h"

#include "sip/digest.h"

#include <string.h>

static char request_block[SIP_MESSAGE_SIZE_MAX], made_block[4 * SIP_MESSAGE_SIZE_MAX];
static struct sip_msg msg;

static bool message_make(const char *start, const char *name, struct slice value)
{
    struct buf out;
    buf_init(&out, request_block, sizeof request_block);
    buf_text(&out, start);
    buf_text(&out, "Via: SIP/2.0/UDP h\r\nFrom: sip:a@b;tag=1\r\nTo: sip:a@b\r\nCall-ID: x\r\n"
                   "CSeq: 1 REGISTER\r\n");
    buf_text(&out, name);
    buf_slice(&out, value);
    buf_text(&out, "\r\n\r\n");
    return !out.is_full && sip_msg_parse(buf_done(&out), &msg) == SIP_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct digest_context *context;
    static const struct digest_keys keys = {.key_id = 1, .current = {1}, .previous = {2}};
    static const struct digest_ha1 ha1 = {{3}, {4}};
    if (context == NULL) {
        context = digest_context_new();
        FUZZ_CHECK(context != NULL);
    }
    struct slice value = slice_make((const char *)data, size);
    struct digest_credentials credentials;
    if (message_make("REGISTER sip:b SIP/2.0\r\n", "Authorization: ", value) &&
        digest_credentials_find(&msg, false, SLICE("example.com"), &credentials) == DIGEST_OK) {
        struct digest_window window = {0};
        enum digest_verdict verdict = digest_verify(context, &credentials, &ha1, SLICE("REGISTER"),
                                                    &keys, 1790000000, 300, &window);
        FUZZ_CHECK(verdict != DIGEST_OK); /* nobody knows this hash's password */
        FUZZ_CHECK(window.nonce_hash == 0);
    }
    if (message_make("SIP/2.0 401 No\r\n", "WWW-Authenticate: ", value)) {
        struct buf out;
        buf_init(&out, made_block, sizeof made_block);
        if (digest_answer_write(context, &out, &msg, SLICE("u"), SLICE("p"), SLICE("REGISTER"),
                                SLICE("sip:b"), 1, SLICE("c"))) {
            FUZZ_CHECK(!out.is_full);
        }
    }
    return 0;
}
