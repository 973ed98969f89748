/* Default deny: each method from each source, outside and inside of a dialog. The table is in
 * docs/security.md too; this test holds both to what the edge does. */
#include "edge_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SECURITY_MD "docs/security.md"
#define BEGIN "<!-- matrix -->"
#define END "<!-- /matrix -->"

/* What happens to a request: a status, or one of these. */
enum outcome {
    DROPPED = 0, /* no answer, goes nowhere */
    PASSED = 1   /* it reaches the other side */
};

enum source { UNKNOWN = 0, UNPROVEN, PROVEN, CARRIER, BANNED, PARTY, SOURCE_COUNT };

static const char *const source_names[SOURCE_COUNT] = {
    [UNKNOWN] = "unknown",         [UNPROVEN] = "endpoint, no credentials",
    [PROVEN] = "endpoint, proven", [CARRIER] = "trunk",
    [BANNED] = "banned",           [PARTY] = "party of the call",
};

enum place { OUTSIDE = 0, STRAY, INSIDE, PLACE_COUNT };

static const struct row {
    const char *method;
    int outside[PARTY]; /* by source */
    int stray[PARTY];   /* with a To tag that no call has */
    int inside[SOURCE_COUNT];
} rows[] = {
    {"REGISTER", {401, 401, 200, 401, 0}, {401, 401, 200, 401, 0}, {401, 401, 403, 401, 0, 401}},
    {"INVITE", {407, 407, 1, 404, 0}, {481, 481, 481, 481, 0}, {481, 481, 481, 481, 0, 1}},
    {"ACK", {0, 0, 0, 0, 0}, {0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 1}},
    {"CANCEL", {481, 481, 481, 481, 0}, {481, 481, 481, 481, 0}, {481, 481, 481, 481, 0, 481}},
    {"BYE", {481, 481, 481, 481, 0}, {481, 481, 481, 481, 0}, {481, 481, 481, 481, 0, 1}},
    {"OPTIONS", {405, 405, 405, 405, 0}, {481, 481, 481, 481, 0}, {481, 481, 481, 481, 0, 1}},
    {"PRACK", {481, 481, 481, 481, 0}, {481, 481, 481, 481, 0}, {481, 481, 481, 481, 0, 1}},
    {"UPDATE", {481, 481, 481, 481, 0}, {481, 481, 481, 481, 0}, {481, 481, 481, 481, 0, 1}},
    {"INFO", {405, 405, 405, 405, 0}, {481, 481, 481, 481, 0}, {481, 481, 481, 481, 0, 1}},
    {"REFER", {405, 405, 405, 405, 0}, {481, 481, 481, 481, 0}, {481, 481, 481, 481, 0, 1}},
    {"NOTIFY", {405, 405, 405, 405, 0}, {481, 481, 481, 481, 0}, {481, 481, 481, 481, 0, 1}},
    {"MESSAGE", {405, 405, 405, 405, 0}, {481, 481, 481, 481, 0}, {481, 481, 481, 481, 0, 1}},
    {"SUBSCRIBE", {405, 405, 405, 405, 0}, {481, 481, 481, 481, 0}, {481, 481, 481, 481, 0, 1}},
    {"PUBLISH", {405, 405, 405, 405, 0}, {481, 481, 481, 481, 0}, {481, 481, 481, 481, 0, 1}},
    {"any other", {501, 501, 501, 501, 0}, {481, 481, 481, 481, 0}, {481, 481, 481, 481, 0, 1}},
};

static void ban(struct harness *h, enum h_who who)
{
    struct reg_flow flow = h_flow(h, who);
    struct ban unused;
    uint8_t source[16];
    h_bans_on(h);
    ban_source_of(flow.address, source);
    ban_put(h->edge->bans, source, 3600 * H_S, "test", "test",
            (struct ban_now){h->now.mono_us, h->now.wall_us}, &unused);
}

/* A call of alice and bob; carol and mallory have nothing to do with it. */
static struct harness *with_call(void)
{
    struct harness *h = h_new();
    h_register(h, BOB);
    h_invite(h, ALICE, BOB_URI, "c1");
    H_CHECK(h_take_request(h, BOB, SIP_INVITE));
    h_reply(h, BOB, 200, "b1", NULL);
    H_CHECK(h_take_status(h, ALICE, 200));
    struct h_request ack = {.method = "ACK", .to = "<" BOB_URI ">;tag=b1"};
    h_ask(h, ALICE, &ack);
    H_CHECK(h_take_request(h, BOB, SIP_ACK));
    h_forget(h);
    return h;
}

/* Each refusal tells its reason, to people and to programs. */
static bool says_why(const struct sip_msg *msg)
{
    char reason[48];
    int size = snprintf(reason, sizeof(reason), "\r\nReason: SIP;cause=%d;text=\"", msg->status);
    return memmem(msg->raw.data, msg->raw.size, reason, (size_t)size) != NULL &&
           memmem(msg->raw.data, msg->raw.size, "\r\nX-Reason: ", 12) != NULL;
}

static int outcome(const char *method, enum source source, enum place place)
{
    static const enum h_who who_of[SOURCE_COUNT] = {
        [UNKNOWN] = STRANGER, [UNPROVEN] = CAROL,  [PROVEN] = CAROL,
        [CARRIER] = TRUNK1,   [BANNED] = STRANGER, [PARTY] = ALICE,
    };
    struct harness *h = with_call();
    enum h_who who = who_of[source];
    bool is_register = strcmp(method, "REGISTER") == 0;
    char user[64];
    char to[128];
    snprintf(user, sizeof(user), "sip:%s@" H_DOMAIN, is_register ? h_users[who] : "bob");
    snprintf(to, sizeof(to),
             place == OUTSIDE ? "<%s>"
             : place == STRAY ? "<%s>;tag=zz"
                              : "<" BOB_URI ">;tag=b1",
             user);
    if (source == BANNED) {
        ban(h, who);
    }
    struct h_request request = {.method = strcmp(method, "any other") == 0 ? "FOO" : method,
                                .uri = is_register ? "sip:" H_DOMAIN : BOB_URI,
                                .call_id = place == INSIDE ? "c1" : "other",
                                .from_user = place == INSIDE ? "alice" : NULL,
                                .from_tag = place == INSIDE ? "alice" : NULL,
                                .to = to,
                                .cseq = 7,
                                .is_authorized = source == PROVEN};
    h_ask(h, who, &request);
    h_pass(h, 600000);
    int result = DROPPED;
    if (h_count(h, BOB) > 0) {
        result = PASSED;
    } else {
        while (h_take(h, who) && h->msg.status < 200) {
        }
        result = h->msg.is_request || h->msg.status < 200 ? DROPPED : h->msg.status;
        result = h->sent_count == 0 ? DROPPED : result;
        result = result >= 400 && !says_why(&h->msg) ? -result : result;
    }
    h_free(h);
    return result;
}

static void each_method_from_each_source_is_refused_unless_it_is_meant(void **state)
{
    (void)state;
    int wrong_count = 0;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        for (int source = 0; source < SOURCE_COUNT; source++) {
            for (int place = OUTSIDE; place < PLACE_COUNT; place++) {
                if (place != INSIDE && source == PARTY) {
                    continue;
                }
                const struct row *row = &rows[i];
                int expected = place == OUTSIDE ? row->outside[source]
                               : place == STRAY ? row->stray[source]
                                                : row->inside[source];
                int got = outcome(row->method, (enum source)source, (enum place)place);
                if (got != expected) {
                    wrong_count++;
                    print_error("%s from %s, place %d: %d, not %d\n", row->method,
                                source_names[source], place, got, expected);
                }
            }
        }
    }
    assert_int_equal(wrong_count, 0);
}

static void put_outcome(struct buf *out, int value)
{
    if (value == DROPPED) {
        buf_text(out, " - |");
    } else if (value == PASSED) {
        buf_text(out, " passes |");
    } else {
        buf_printf(out, " %d |", value);
    }
}

static void the_table_of_the_document_is_this_one(void **state)
{
    (void)state;
    static char table[16384];
    static char document[262144];
    struct buf out;
    buf_init(&out, table, sizeof(table));
    buf_text(&out, BEGIN "\n| method |");
    for (int source = 0; source < PARTY; source++) {
        buf_printf(&out, " %s |", source_names[source]);
    }
    buf_text(&out, " stray tag | in the call: others | in the call: its parties |\n|");
    for (int i = 0; i < PARTY + 4; i++) {
        buf_text(&out, "---|");
    }
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct row *row = &rows[i];
        buf_printf(&out, "\n| %s |", row->method);
        for (int source = 0; source < PARTY; source++) {
            put_outcome(&out, row->outside[source]);
        }
        put_outcome(&out, row->stray[UNKNOWN]);
        put_outcome(&out, row->inside[UNKNOWN]);
        put_outcome(&out, row->inside[PARTY]);
    }
    buf_text(&out, "\n" END "\n");
    assert_false(out.is_full);
    FILE *file = fopen(SOURCE_DIR "/" SECURITY_MD, "r");
    assert_non_null(file);
    size_t size = fread(document, 1, sizeof(document) - 1, file);
    fclose(file);
    document[size] = '\0';
    if (memmem(document, size, table, out.size) == NULL) {
        fail_msg("%s must hold this table:\n%.*s", SECURITY_MD, (int)out.size, table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_method_from_each_source_is_refused_unless_it_is_meant),
        cmocka_unit_test(the_table_of_the_document_is_this_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
