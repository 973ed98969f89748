/* What was read of an SDP body lies inside it. */
#include "fuzz.h"

#include "sip/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sdp sdp;
    if (sdp_parse(slice_make((const char *)data, size), &sdp) && sdp.host.size > 0) {
        FUZZ_CHECK((const uint8_t *)sdp.host.data >= data);
        FUZZ_CHECK((const uint8_t *)sdp.host.data + sdp.host.size <= data + size);
    }
    return 0;
}
