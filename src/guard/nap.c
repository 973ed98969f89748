#include "guard/nap.h"

#include <assert.h>
#include <stdbool.h>

#define COUNTED_US 20000 /* the pace is taken over so long */
#define TURNS 20

static int64_t slice_for(int64_t count, int64_t span_us)
{
    if (count == 0 || count * NAP_MAX_US < NAP_WORTH * span_us) {
        return 0;
    }
    int64_t slice_us = NAP_COUNT * span_us / count;
    slice_us = slice_us < NAP_MAX_US ? slice_us : NAP_MAX_US;
    return slice_us < NAP_MIN_US ? 0 : slice_us;
}

void nap_note(struct nap *nap, int count, int64_t now_us)
{
    assert(count >= 0);
    nap->last_count = count;
    nap->count += count;
    int64_t span_us = now_us - nap->since_us;
    if (span_us < COUNTED_US) {
        return;
    }
    /* What followed a long silence is the beginning of something: its pace is not known yet. */
    bool is_fresh = span_us < 2 * COUNTED_US;
    nap->turn = (nap->turn + 1) % TURNS;
    nap->slice_us = is_fresh && nap->turn != 0 ? slice_for(nap->count, span_us) : 0;
    nap->since_us = now_us;
    nap->count = 0;
}

int64_t nap_slice_us(const struct nap *nap)
{
    return nap->last_count > 0 && nap->last_count < NAP_FULL ? nap->slice_us : 0;
}
