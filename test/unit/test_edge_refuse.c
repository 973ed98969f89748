/* What a request is worth under load, and the refusal that is made from a glance at it. */
#include "edge/refuse.h"
#include "edge_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char text[8192];
static struct sip_glance glance;

static struct slice request(const char *method, const char *uri, const char *to_tag,
                            const char *lines)
{
    int size = snprintf(text, sizeof(text),
                        "%s %s SIP/2.0\r\n"
                        "Via: SIP/2.0/UDP 10.2.0.9:5070;rport;branch=z9hG4bKr1\r\n"
                        "Via: SIP/2.0/UDP far.example.com;branch=z9hG4bKr0\r\n"
                        "Max-Forwards: 70\r\n"
                        "From: \"A\" <sip:alice@example.com>;tag=a1\r\n"
                        "To: <sip:bob@example.com>%s%s\r\n"
                        "Call-ID: r1\r\nCSeq: 4 %s\r\n%sContent-Length: 0\r\n\r\n",
                        method, uri, to_tag[0] == '\0' ? "" : ";tag=", to_tag, method, lines);
    return slice_make(text, (size_t)size);
}

static enum edge_rank rank_of(const struct harness *h, struct slice bytes)
{
    assert_true(sip_glance(bytes, &glance));
    return edge_rank_of(h->edge, &glance, h->now.wall_us);
}

static const char *credentials(struct harness *h, const char *nc, int64_t age_s)
{
    static char line[300];
    char nonce[DIGEST_NONCE_SIZE];
    struct buf buf;
    buf_init(&buf, nonce, sizeof(nonce));
    digest_nonce_write(h->digest, &buf, &h->edge->settings.nonce_keys,
                       h->now.wall_us / 1000000 - age_s, 5);
    snprintf(line, sizeof(line),
             "Authorization: Digest username=\"alice\", realm=\"x\", nonce=\"%.*s\", nc=%s, "
             "response=\"0\"\r\n",
             (int)sizeof(nonce), nonce, nc);
    return line;
}

static void who_proves_more_is_worth_more(void **state)
{
    (void)state;
    struct harness *h = h_new();
    assert_int_equal(rank_of(h, request("INVITE", BOB_URI, "", "")), EDGE_RANK_FIRST);
    assert_int_equal(rank_of(h, request("INVITE", BOB_URI, "", credentials(h, "00000001", 1))),
                     EDGE_RANK_ANSWER);
    assert_int_equal(rank_of(h, request("INVITE", BOB_URI, "", credentials(h, "00000001", 700))),
                     EDGE_RANK_FIRST);
    assert_int_equal(
        rank_of(h, request("INVITE", BOB_URI, "", "Authorization: Digest nonce=\"made-up\"\r\n")),
        EDGE_RANK_FIRST);
    const char *registrar = "sip:" H_DOMAIN;
    assert_int_equal(rank_of(h, request("REGISTER", registrar, "", "")), EDGE_RANK_FIRST);
    assert_int_equal(rank_of(h, request("REGISTER", registrar, "", credentials(h, "00000001", 1))),
                     EDGE_RANK_ANSWER);
    assert_int_equal(rank_of(h, request("REGISTER", registrar, "", credentials(h, "00000002", 1))),
                     EDGE_RANK_REFRESH);
    assert_int_equal(rank_of(h, request("OPTIONS", registrar, "", "")), EDGE_RANK_OTHER);
    h_free(h);
}

static void an_emergency_call_is_kept(void **state)
{
    (void)state;
    struct harness *h = h_new();
    assert_int_equal(rank_of(h, request("INVITE", "sip:112@" H_DOMAIN, "", "")), EDGE_RANK_KEEP);
    assert_int_equal(rank_of(h, request("INVITE", "tel:112", "", "")), EDGE_RANK_KEEP);
    assert_int_equal(rank_of(h, request("INVITE", "sip:%3112@" H_DOMAIN, "", "")), EDGE_RANK_KEEP);
    assert_true(edge_is_emergency_start(h->edge, SLICE("INVITE sip:112@h SIP/2.0\r\nfoo")));
    assert_false(edge_is_emergency_start(h->edge, SLICE("INVITE sip:113@h SIP/2.0\r\nfoo")));
    assert_false(edge_is_emergency_start(h->edge, SLICE("REGISTER sip:112@h SIP/2.0\r\n")));
    assert_false(edge_is_emergency_start(h->edge, SLICE("")));
    h_free(h);
}

static void only_what_belongs_to_a_dialog_of_ours_is_kept(void **state)
{
    (void)state;
    struct harness *h = h_new();
    char route[128];
    struct buf buf;
    buf_init(&buf, route, sizeof(route));
    buf_text(&buf, "Route: <sip:10.1.0.1:5060;lr;");
    token_route(h->edge, 77, SIDE_A, &buf);
    buf_text(&buf, ">\r\n");
    buf_char(&buf, '\0');
    static const char *const methods[] = {"INVITE", "ACK",   "BYE",   "UPDATE",
                                          "INFO",   "REFER", "NOTIFY"};
    for (size_t i = 0; i < ARRAY_COUNT(methods); i++) {
        assert_int_equal(rank_of(h, request(methods[i], BOB_URI, "b1", route)), EDGE_RANK_KEEP);
    }
    char *mac = strstr(route, "dt=") + 25;
    *mac = *mac == '0' ? '1' : '0';
    assert_int_equal(rank_of(h, request("INVITE", BOB_URI, "b1", route)), EDGE_RANK_FIRST);
    for (size_t i = 1; i < ARRAY_COUNT(methods); i++) {
        assert_int_equal(rank_of(h, request(methods[i], BOB_URI, "b1", route)), EDGE_RANK_STRAY);
    }
    assert_int_equal(rank_of(h, request("CANCEL", BOB_URI, "", "")), EDGE_RANK_STRAY);
    char branch[56];
    token_branch(h->worker, 77, branch);
    assert_true(edge_branch_is_ours(h->edge, slice_from_text(branch)));
    branch[20] = branch[20] == '0' ? '1' : '0';
    assert_false(edge_branch_is_ours(h->edge, slice_from_text(branch)));
    assert_false(edge_branch_is_ours(h->edge, SLICE("z9hG4bKother")));
    h_free(h);
}

static void every_character_of_a_branch_counts(void **state)
{
    (void)state;
    struct harness *h = h_new();
    const uint64_t key = UINT64_C(0xfedcba9876543210);
    char branch[56];
    uint64_t got = 0;
    token_branch_numbered(h->edge, key, 0x89abcdef, branch);
    assert_true(token_branch_key(h->edge, slice_from_text(branch), &got));
    assert_true(got == key);
    for (size_t i = 0; branch[i] != '\0'; i++) {
        char before = branch[i];
        branch[i] = before == '1' ? '2' : '1';
        assert_false(token_branch_key(h->edge, slice_from_text(branch), &got));
        branch[i] = before;
    }
    assert_false(token_branch_key(h->edge, slice_head(slice_from_text(branch), 48), &got));
    h_free(h);
}

static void a_tag_is_of_one_branch_call_sender_and_number(void **state)
{
    (void)state;
    struct harness *h = h_new();
    static const struct {
        const char *branch, *call_id, *from_tag;
        uint32_t cseq;
    } rows[] = {{"b", "c", "f", 1},  {"b2", "c", "f", 1}, {"b", "c2", "f", 1},
                {"b", "c", "f2", 1}, {"b", "c", "f", 2},  {"bc", "", "f", 1},
                {"", "bc", "f", 1},  {"b", "cf", "", 1},  {"c", "b", "f", 1}};
    char tags[ARRAY_COUNT(rows)][TOKEN_TAG_SIZE];
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        token_tag_write(h->edge, slice_from_text(rows[i].branch), slice_from_text(rows[i].call_id),
                        slice_from_text(rows[i].from_tag), rows[i].cseq, tags[i]);
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(tags[i], tags[k], TOKEN_TAG_SIZE);
        }
    }
    h_free(h);
}

static void a_repeat_of_what_is_under_way_is_never_new_work(void **state)
{
    (void)state;
    struct harness *h = h_new();
    assert_true(h_call_rings(h, "c1"));
    struct edge_txn *txn = slab_at(&h->worker->txns, 0); /* alice's: it keeps what she sent */
    assert_non_null(txn);
    struct slice sent = pool_slice(txn->request);
    assert_int_equal(rank_of(h, sent), EDGE_RANK_KEEP);
    /* Its CANCEL and its ACK have the same branch. */
    size_t size = 0;
    char other[4096];
    struct slice rest = sent;
    assert_true(slice_starts_with(rest, SLICE("INVITE ")));
    memcpy(other, "CANCEL ", 7);
    memcpy(other + 7, rest.data + 7, rest.size - 7);
    size = rest.size;
    other[size] = '\0';
    memcpy(strstr(other, " INVITE\r\n"), " CANCEL\r\n", 9);
    assert_int_equal(rank_of(h, slice_make(other, size)), EDGE_RANK_KEEP);
    h_free(h);
}

static struct slice line_of(struct slice message, enum sip_header_id id)
{
    static struct sip_msg msg;
    assert_int_equal(sip_msg_parse(message, &msg), SIP_OK);
    assert_true(msg.first[id] >= 0);
    return msg.headers[msg.first[id]].line;
}

/* The headers of a refusal are those that the parser's way writes, and its ACK is known. */
static void a_refusal_from_a_glance_is_the_same_as_from_a_parse(void **state)
{
    (void)state;
    struct harness *h = h_new();
    struct reg_flow from = h_flow(h, ALICE);
    struct reg_flow to;
    struct slice bytes = request("INVITE", BOB_URI, "", "");
    char refusal[4096];
    struct buf out;
    buf_init(&out, refusal, sizeof(refusal));
    assert_true(sip_glance(bytes, &glance));
    edge_refuse(h->edge, &glance, &from, 500, 7, &out, &to);
    assert_false(out.is_full);
    assert_true(flow_equal(&to, &from)); /* rport is asked for */
    atomic_store(&h->edge->is_draining, true);
    h_feed(h, ALICE, bytes);
    assert_true(h_take_status(h, ALICE, 503));
    static const enum sip_header_id ids[] = {SIP_H_VIA, SIP_H_FROM, SIP_H_TO, SIP_H_CALL_ID,
                                             SIP_H_CSEQ};
    static char other[4096];
    size_t other_size = h->msg.raw.size;
    memcpy(other, h->msg.raw.data, other_size);
    for (size_t i = 0; i < ARRAY_COUNT(ids); i++) {
        char line[400];
        assert_true(slice_copy_text(line_of(buf_done(&out), ids[i]), line, sizeof(line)));
        char expected[400];
        assert_true(slice_copy_text(line_of(slice_make(other, other_size), ids[i]), expected,
                                    sizeof(expected)));
        assert_string_equal(line, expected);
    }
    static struct sip_msg msg;
    assert_int_equal(sip_msg_parse(buf_done(&out), &msg), SIP_OK);
    assert_int_equal(msg.status, 500);
    assert_true(slice_equal(sip_msg_value(&msg, SIP_H_RETRY_AFTER), SLICE("7")));
    assert_true(slice_equal(sip_msg_value(&msg, SIP_H_X_REASON), SLICE("overload")));
    char tag[TOKEN_TAG_SIZE + 1];
    assert_true(slice_copy_text(msg.to.tag, tag, sizeof(tag)));
    assert_int_equal(rank_of(h, request("ACK", BOB_URI, tag, "")), EDGE_RANK_SETTLED);
    tag[5] = tag[5] == '0' ? '1' : '0';
    assert_int_equal(rank_of(h, request("ACK", BOB_URI, tag, "")), EDGE_RANK_STRAY);
    h_free(h);
}

static void a_refusal_without_rport_goes_to_the_port_of_the_via(void **state)
{
    (void)state;
    struct harness *h = h_new();
    struct reg_flow from = h_flow(h, ALICE);
    struct reg_flow to;
    static const struct {
        const char *via;
        uint16_t port;
        const char *line;
    } cases[] = {
        {"SIP/2.0/UDP 10.2.0.1:5070;branch=z9hG4bK1", 5070,
         "Via: SIP/2.0/UDP 10.2.0.1:5070;branch=z9hG4bK1"},
        {"SIP/2.0/UDP phone.local;branch=z9hG4bK1", 5060,
         "Via: SIP/2.0/UDP phone.local;branch=z9hG4bK1;received=10.2.0.1"},
        {"SIP/2.0/UDP 10.2.0.1:9;branch=z9hG4bK1;rport;x=y", 5060,
         "Via: SIP/2.0/UDP 10.2.0.1:9;branch=z9hG4bK1;x=y;received=10.2.0.1;rport=5060"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char refusal[4096];
        struct buf out;
        char line[200];
        int size = snprintf(text, sizeof(text),
                            "REGISTER sip:example.com SIP/2.0\r\nVia: %s\r\nFrom: "
                            "<sip:a@example.com>;tag=1\r\nTo: <sip:a@example.com>\r\nCall-ID: "
                            "1\r\nCSeq: 1 REGISTER\r\n\r\n",
                            cases[i].via);
        buf_init(&out, refusal, sizeof(refusal));
        assert_true(sip_glance(slice_make(text, (size_t)size), &glance));
        edge_refuse(h->edge, &glance, &from, 503, 0, &out, &to);
        assert_int_equal(to.port, cases[i].port);
        assert_true(slice_copy_text(line_of(buf_done(&out), SIP_H_VIA), line, sizeof(line)));
        assert_string_equal(line, cases[i].line);
    }
    h_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_proves_more_is_worth_more),
        cmocka_unit_test(an_emergency_call_is_kept),
        cmocka_unit_test(only_what_belongs_to_a_dialog_of_ours_is_kept),
        cmocka_unit_test(every_character_of_a_branch_counts),
        cmocka_unit_test(a_tag_is_of_one_branch_call_sender_and_number),
        cmocka_unit_test(a_repeat_of_what_is_under_way_is_never_new_work),
        cmocka_unit_test(a_refusal_from_a_glance_is_the_same_as_from_a_parse),
        cmocka_unit_test(a_refusal_without_rport_goes_to_the_port_of_the_via),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
