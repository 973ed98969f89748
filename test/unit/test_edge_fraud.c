/* Alerts of fraud: each is told once, and its end when the evidence has gone. */
#include "edge_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ACCOUNT_COUNT (FRAUD_ALERTS_MAX + 8)

struct told { /* what listeners heard */
    int suspected, over;
};

static void hear(void *ctx, const char *kind, struct slice json)
{
    struct told *heard = ctx;
    assert_true(json.size > 0);
    heard->suspected += strcmp(kind, "fraud.suspected") == 0 ? 1 : 0;
    heard->over += strcmp(kind, "fraud.over") == 0 ? 1 : 0;
}

/* So many calls to a hot destination that it is evidence. */
static void call_out(struct harness *h, uint64_t account_id)
{
    struct velocity_call call = {.account_id = account_id, .number = "88213456", .is_hot = true};
    for (int i = 0; i < 30; i++) {
        velocity_note(h->edge->velocity, &call, h->now.mono_us);
    }
}

static void more_suspects_than_can_be_told_end_no_alert_that_stands(void **state)
{
    (void)state;
    struct harness *h = h_new();
    struct velocity_terms terms = velocity_terms_default();
    struct velocity_table *table = velocity_table_new(&terms, 256, h->now.mono_us);
    struct told heard = {0};
    struct fraud_told told = {.count = 0};
    struct edge_shell shell = {.ctx = &heard, .event = hear};
    assert_non_null(table);
    h->edge->velocity = table;
    for (uint64_t id = 1; id <= ACCOUNT_COUNT; id++) {
        call_out(h, id);
        edge_fraud_check(h->edge, &told, &h->now, &shell);
        edge_fraud_check(h->edge, &told, &h->now, &shell);
    }
    assert_int_equal(heard.suspected, FRAUD_ALERTS_MAX);
    assert_int_equal(heard.over, 0);
    for (int i = 0; i < 80; i++) { /* the last ones go on */
        h_pass(h, H_S);
        for (uint64_t id = FRAUD_ALERTS_MAX + 1; id <= ACCOUNT_COUNT; id++) {
            call_out(h, id);
        }
        edge_fraud_check(h->edge, &told, &h->now, &shell);
    }
    assert_int_equal(heard.over, FRAUD_ALERTS_MAX);
    assert_int_equal(heard.suspected, ACCOUNT_COUNT);
    h->edge->velocity = NULL;
    velocity_table_free(table);
    h_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_suspects_than_can_be_told_end_no_alert_that_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
