/* Refusals from a glance: any bytes. Where a glance and the parser both understand a request, they
 * say the same of it, and the refusal is a response to just that request. The first byte says who
 * sends it and what he hears. */
#include "edge_harness.h"
#include "fuzz.h"

#include "edge/refuse.h"

static struct sip_msg msg, response;
static char text[2 * SIP_MESSAGE_SIZE_MAX];

static void check_same(const struct sip_glance *glance)
{
    FUZZ_CHECK(msg.is_request && msg.method == glance->method);
    FUZZ_CHECK(slice_equal(msg.uri_text, glance->uri_text));
    FUZZ_CHECK(slice_equal(msg.via.branch, glance->branch));
    FUZZ_CHECK(slice_equal(msg.via.host, glance->via_host) && msg.via.port == glance->via_port);
    FUZZ_CHECK(slice_equal(msg.call_id, glance->call_id) && msg.cseq == glance->cseq);
    FUZZ_CHECK(slice_equal(msg.from.tag, glance->from_tag));
    FUZZ_CHECK(slice_equal(msg.to.tag, glance->to_tag));
    FUZZ_CHECK(slice_equal(sip_msg_value(&msg, SIP_H_ROUTE), glance->route));
}

static void check_refusal(const struct buf *out, const struct sip_glance *glance, int status)
{
    FUZZ_CHECK(sip_msg_parse(slice_make(out->data, out->size), &response) == SIP_OK);
    FUZZ_CHECK(!response.is_request && response.status == status);
    FUZZ_CHECK(response.raw.size == out->size && response.via_count == msg.via_count);
    FUZZ_CHECK(slice_equal(response.via.branch, glance->branch));
    FUZZ_CHECK(slice_equal(response.call_id, glance->call_id));
    FUZZ_CHECK(response.cseq == glance->cseq && response.cseq_method == glance->method);
    FUZZ_CHECK(slice_equal(response.from.tag, glance->from_tag) && response.to.tag.size > 0);
    FUZZ_CHECK(glance->to_tag.size == 0 || slice_equal(response.to.tag, glance->to_tag));
}

static struct harness *h; /* one for all inputs: nothing here changes it */

static void stop(void)
{
    h_free(h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sip_glance glance;
    struct reg_flow to;
    if (h == NULL) {
        h = h_new();
        FUZZ_CHECK(atexit(stop) == 0);
    }
    if (size == 0) {
        return 0;
    }
    h->transport[ALICE] = (data[0] & 1) != 0 ? REG_TCP : REG_UDP;
    struct slice bytes = slice_make((const char *)data + 1, size - 1);
    struct reg_flow from = h_flow(h, ALICE);
    (void)!edge_is_emergency_start(h->edge, bytes);
    (void)!edge_branch_is_ours(h->edge, sip_glance_branch(bytes));
    (void)!edge_is_unwanted(h->worker, bytes, &from, &h->now);
    if (!sip_glance(bytes, &glance)) {
        return 0;
    }
    enum edge_rank rank = edge_rank_of(h->edge, &glance, h->now.wall_us);
    FUZZ_CHECK(rank >= EDGE_RANK_KEEP && rank <= EDGE_RANK_OTHER);
    bool is_understood = sip_msg_parse(bytes, &msg) == SIP_OK;
    if (is_understood) {
        check_same(&glance);
    }
    if (glance.method != SIP_ACK) {
        struct buf out;
        int status = (data[0] & 2) != 0 ? 503 : 500;
        buf_init(&out, text, sizeof(text));
        edge_refuse(h->edge, &glance, &from, status, data[0] >> 2, &out, &to);
        if (is_understood && !out.is_full && out.size <= SIP_MESSAGE_SIZE_MAX) {
            check_refusal(&out, &glance, status);
        }
    }
    return 0;
}
