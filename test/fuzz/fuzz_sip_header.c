/* The value of one header, read as each kind that we look into: what is read lies inside it, and
 * reads the same when it stands alone. The first byte says which. */
#include "fuzz.h"

#include "sip/msg.h"
#include "sip/uri.h"

#include <string.h>

static char block[SIP_MESSAGE_SIZE_MAX];
static struct sip_msg msg;

static void is_inside(struct slice inner, struct slice outer)
{
    FUZZ_CHECK(inner.size == 0 ||
               (inner.data >= outer.data && inner.data + inner.size <= outer.data + outer.size));
}

static void via(struct slice value)
{
    struct sip_via first, again;
    if (!sip_via_parse(value, &first)) {
        return;
    }
    is_inside(first.text, value);
    is_inside(first.branch, first.params);
    is_inside(first.host, first.text);
    FUZZ_CHECK(first.host.size > 0 && first.transport.size > 0);
    FUZZ_CHECK(sip_via_parse(first.text, &again));
    FUZZ_CHECK(slice_equal(first.branch, again.branch) && first.port == again.port);
}

static void address(struct slice value)
{
    struct sip_address first, again;
    struct slice tag;
    if (!sip_address_parse(value, &first) || first.is_star) {
        return;
    }
    is_inside(first.display, first.text);
    is_inside(first.uri_text, first.text);
    is_inside(first.params, first.text);
    is_inside(first.tag, first.params);
    if (sip_param_get(first.params, "tag", &tag)) {
        FUZZ_CHECK(slice_equal(tag, first.tag));
    } else {
        FUZZ_CHECK(first.tag.size == 0);
    }
    FUZZ_CHECK(sip_address_parse(first.text, &again));
    FUZZ_CHECK(slice_equal(first.uri_text, again.uri_text) && slice_equal(first.tag, again.tag));
}

static void list(struct slice value)
{
    struct slice rest = value;
    struct slice one;
    const char *after = value.data;
    while (sip_list_next(&rest, &one)) {
        is_inside(one, value);
        FUZZ_CHECK(one.size == 0 || one.data >= after);
        after = one.size == 0 ? after : one.data + one.size;
        via(one);
        address(one);
    }
}

static const char *const names[] = {"Via",
                                    "From",
                                    "To",
                                    "Contact",
                                    "Route",
                                    "Record-Route",
                                    "CSeq",
                                    "Call-ID",
                                    "Expires",
                                    "Require",
                                    "P-Asserted-Identity",
                                    "Max-Forwards",
                                    "Content-Length",
                                    "Path",
                                    "RAck",
                                    "Event",
                                    "Refer-To",
                                    "Replaces",
                                    "Proxy-Require",
                                    "Privacy"};

/* A whole message around it, where it may stand instead of the usual one of its kind. */
static void whole(const char *name, struct slice value)
{
    static const char *const usual[] = {"Via: SIP/2.0/UDP h", "From: sip:a@b;tag=1", "To: sip:a@b",
                                        "Call-ID: x", "CSeq: 1 REGISTER"};
    struct buf out;
    buf_init(&out, block, sizeof(block));
    buf_text(&out, "REGISTER sip:b SIP/2.0\r\n");
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        if (strncmp(usual[i], name, strlen(name)) != 0) {
            buf_text(&out, usual[i]);
            buf_text(&out, "\r\n");
        }
    }
    buf_text(&out, name);
    buf_text(&out, ": ");
    buf_slice(&out, value);
    buf_text(&out, "\r\n\r\n");
    if (out.is_full || sip_msg_parse(buf_done(&out), &msg) != SIP_OK) {
        return;
    }
    for (int id = SIP_H_OTHER; id < SIP_H_COUNT; id++) {
        int header = msg.first[id];
        struct slice rest = {NULL, 0};
        struct slice one;
        while (sip_msg_list_next(&msg, &header, &rest, &one)) {
            is_inside(one, msg.raw);
        }
        (void)sip_msg_has_token(&msg, (enum sip_header_id)id, "100rel");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct slice value = slice_make((const char *)data + 1, size - 1);
    via(value);
    address(value);
    list(value);
    whole(names[data[0] % (sizeof(names) / sizeof(names[0]))], value);
    return 0;
}
