/* URIs, addresses, Vias and lists by themselves. A URI equals itself. */
#include "fuzz.h"

#include "sip/msg.h"

#include <string.h>

static void list_walk(struct slice text)
{
    struct slice value;
    size_t seen = 0;
    while (sip_list_next(&text, &value)) {
        struct sip_address address;
        struct sip_via via;
        if (sip_address_parse(value, &address)) {
            FUZZ_CHECK(address.is_star || address.uri_text.size > 0);
        }
        if (sip_via_parse(value, &via)) {
            FUZZ_CHECK(via.host.size > 0 && via.transport.size > 0);
        }
        FUZZ_CHECK(++seen < 100000);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_make((const char *)data, size);
    list_walk(text);
    struct slice rest = text;
    struct slice name, value;
    while (sip_param_next(&rest, &name, &value)) {
        FUZZ_CHECK(name.size > 0);
    }
    struct sip_uri uri;
    if (!sip_uri_parse(text, &uri)) {
        return 0;
    }
    FUZZ_CHECK(sip_uri_equal(&uri, &uri));
    FUZZ_CHECK(uri.host.size + uri.user.size + uri.params.size + uri.headers.size <= size);
    char user[64];
    if (sip_uri_user(&uri, user, sizeof user)) {
        FUZZ_CHECK(strlen(user) <= uri.user.size);
    }
    /* What was cut out stands on its own. */
    struct sip_uri again;
    FUZZ_CHECK(sip_uri_parse(uri.text, &again) && slice_equal(again.host, uri.host));
    return 0;
}
