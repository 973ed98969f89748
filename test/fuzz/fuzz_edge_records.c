/* The records of the journal: any bytes are read as each kind, and what reads well writes the same
 * again and can be taken up by an edge. The first byte says which. */
#include "edge_harness.h"
#include "fuzz.h"
#include "fuzz_pages.h"

static void usage(struct slice record)
{
    struct usage first, again;
    char text[4096];
    struct buf out;
    if (!usage_decode(record, &first)) {
        return;
    }
    buf_init(&out, text, sizeof(text));
    usage_encode(&out, &first);
    FUZZ_CHECK(!out.is_full && usage_decode(buf_done(&out), &again));
    FUZZ_CHECK(again.call_key == first.call_key && again.charge_micro == first.charge_micro);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum journal_kind kinds[] = {JOURNAL_CALL, JOURNAL_USAGE, JOURNAL_CALL_GONE,
                                              JOURNAL_LEASE, JOURNAL_BINDING};
    if (size == 0) {
        return 0;
    }
    enum journal_kind kind = kinds[data[0] % (sizeof(kinds) / sizeof(kinds[0]))];
    struct slice record = slice_make((const char *)data + 1, size - 1);
    usage(record);
    struct harness *h = h_new();
    struct reg_now now = {h->now.mono_us, h->now.wall_us};
    if (kind == JOURNAL_BINDING) {
        (void)!registrar_replay(h->edge->registrar, kind, record, now);
    } else if (kind == JOURNAL_LEASE) {
        (void)!meter_replay_lease(h->edge->meters, record);
    } else {
        edge_replay(h->worker, kind, record, &h->now);
    }
    edge_replay_done(h->worker, h->now.wall_us, &h->now);
    h_pass(h, 100 * H_S);
    h_free(h);
    return 0;
}
