/* Promotional credit that ends: used before paid money, taken back once, and never what was used.
 */
#include "fixture.h"

#include "store/promotions.h"

#include <stdio.h>
#include <string.h>

#define FAR INT64_C(4000000000000000) /* in a hundred years */

static enum store_result give(struct store *store, uint64_t id, int64_t amount_micro,
                              int64_t wall_ends_us, uint64_t *number)
{
    static int key;
    struct money_request request = {.account_id = id,
                                    .amount_micro = amount_micro,
                                    .kind = "bonus",
                                    .request_hash = "h",
                                    .actor = "eve",
                                    .reason = "spring",
                                    .wall_expires_us = wall_ends_us};
    struct money_answer answer = {0};
    snprintf(request.key, sizeof(request.key), "give-%d", key++);
    enum store_result result = ledger_money(store, &request, &answer);
    *number = answer.transfer;
    return result;
}

static uint64_t given(struct store *store, uint64_t id, int64_t amount_micro)
{
    uint64_t number = 0;
    assert_ok(give(store, id, amount_micro, FAR, &number));
    return number;
}

struct scene { /* an account that paid something, and an edge */
    struct fixture *fixture;
    struct store *store;
    uint64_t id, incarnation, session;
};

static struct scene make_scene(void **state, int64_t paid_micro)
{
    struct scene scene = {.fixture = *state};
    scene.store = scene.fixture->store;
    scene.id = make_account(scene.store, "a", 0);
    scene.incarnation = make_incarnation(scene.store, 'a', &scene.session);
    if (paid_micro > 0) {
        top_up(scene.store, scene.id, paid_micro);
    }
    return scene;
}

static int look(struct store *store)
{
    int sum = 0;
    bool more = true;
    while (more) {
        int count = 0;
        assert_ok(promotions_look(store, &count, &more));
        sum += count;
    }
    return sum;
}

/* The time of one is over; as if the clock were there. Answers the entries that are made. */
static int end_it(const struct scene *scene, uint64_t number)
{
    char sql[160];
    snprintf(sql, sizeof(sql),
             "UPDATE promotion SET wall_ends_us = 1, wall_look_us = 1 WHERE number = %llu",
             (unsigned long long)number);
    fixture_sql(scene->fixture, sql);
    return look(scene->store);
}

/* The next look is now. */
static int look_again(const struct scene *scene)
{
    fixture_sql(scene->fixture, "UPDATE promotion SET wall_look_us = 1 WHERE has_ended = 1");
    return look(scene->store);
}

static void use(const struct scene *scene, uint64_t sequence, int64_t charge_micro,
                int64_t ended_micro)
{
    (void)settle_one(scene->store, scene->incarnation, scene->session,
                     make_usage(sequence, scene->id, charge_micro, ended_micro));
}

static struct lease_answer refill(const struct scene *scene, int64_t used_micro,
                                  int64_t returned_micro, int64_t want_micro)
{
    return ask(scene->store, scene->incarnation, scene->session, scene->id, used_micro,
               returned_micro, want_micro);
}

static int64_t left(struct store *store, uint64_t id)
{
    struct promotions all;
    assert_ok(promotions_read(store, id, &all));
    return promotions_left(&all);
}

static enum store_result move(struct store *store, const char *kind, uint64_t id,
                              int64_t amount_micro, uint64_t to)
{
    static int key;
    struct money_request request = {.account_id = id,
                                    .amount_micro = amount_micro,
                                    .request_hash = "h",
                                    .actor = "eve",
                                    .reason = "r",
                                    .to_account_id = to};
    struct money_answer answer;
    snprintf(request.kind, sizeof(request.kind), "%s", kind);
    snprintf(request.key, sizeof(request.key), "move-%d", key++);
    return ledger_money(store, &request, &answer);
}

/* What the account has in the end, all of it without a contradiction. */
static void assert_has(const struct scene *scene, int64_t balance_micro)
{
    assert_int_equal(balance_of(scene->store, scene->id).balance_micro, balance_micro);
    assert_clean(scene->store);
}

static void what_is_left_at_its_end_is_taken_back_once(void **state)
{
    struct scene scene = make_scene(state, EUROS(20));
    struct store *store = scene.store;
    struct transfer_row rows[4];
    int count = 0;
    uint64_t number = given(store, scene.id, EUROS(10));
    use(&scene, 1, EUROS(4), EUROS(4));
    assert_int_equal(left(store, scene.id), EUROS(6));
    assert_int_equal(look(store), 0);
    assert_int_equal(end_it(&scene, number), 1);
    assert_int_equal(look_again(&scene), 0);
    assert_int_equal(balance_of(store, scene.id).balance_micro, EUROS(20));
    assert_int_equal(left(store, scene.id), 0);
    assert_ok(ledger_transfers(store, scene.id, 0, rows, 4, &count));
    assert_int_equal(count, 4);
    assert_string_equal(rows[0].kind, "expiry");
    assert_string_equal(rows[0].reason, "expired");
    assert_int_equal(rows[0].amount_micro, -EUROS(6));
    assert_int_equal(rows[0].linked, number);
    assert_clean(store);
}

static void the_one_that_ends_first_is_used_first_and_paid_money_last(void **state)
{
    struct scene scene = make_scene(state, EUROS(20));
    struct store *store = scene.store;
    uint64_t second = 0, first = 0;
    assert_ok(give(store, scene.id, EUROS(10), FAR + 1, &second));
    assert_ok(give(store, scene.id, EUROS(5), FAR, &first));
    use(&scene, 1, EUROS(7), EUROS(7));
    assert_int_equal(end_it(&scene, first), 0); /* all of it was used */
    assert_int_equal(end_it(&scene, second), 1);
    assert_has(&scene, EUROS(20));
}

/* Charges from before it was given are none of it. */
static void what_was_used_before_it_was_given_does_not_count(void **state)
{
    struct scene scene = make_scene(state, EUROS(20));
    struct store *store = scene.store;
    use(&scene, 1, EUROS(7), EUROS(7));
    uint64_t number = given(store, scene.id, EUROS(10));
    assert_int_equal(left(store, scene.id), EUROS(10));
    assert_int_equal(end_it(&scene, number), 1);
    assert_has(&scene, EUROS(13));
}

static void what_edges_hold_is_wanted_back_and_follows(void **state)
{
    struct scene scene = make_scene(state, 0);
    struct store *store = scene.store;
    uint64_t wanted[4];
    int count = 0;
    uint64_t number = given(store, scene.id, EUROS(10));
    (void)refill(&scene, EUROS(1), 0, EUROS(6)); /* holds 6 beyond it */
    assert_int_equal(end_it(&scene, number), 1); /* 3 that nobody holds */
    assert_int_equal(balance_of(store, scene.id).balance_micro, EUROS(7));
    assert_ok(ledger_wanted(store, scene.incarnation, 0, wanted, 4, &count));
    assert_int_equal(count, 1);
    /* 4 come back, and are not granted again. 2 are in a call, which uses 1 of them. */
    struct lease_answer answer = refill(&scene, EUROS(1), EUROS(4), 0);
    assert_int_equal(look_again(&scene), 1);
    assert_int_equal(balance_of(store, scene.id).balance_micro, EUROS(3));
    assert_int_equal(answer.returned_micro, EUROS(4));
    use(&scene, 1, EUROS(2), EUROS(2));
    (void)refill(&scene, EUROS(2), EUROS(5), 0);
    assert_int_equal(look_again(&scene), 1);
    assert_int_equal(balance_of(store, scene.id).balance_micro, 0);
    assert_int_equal(left(store, scene.id), 0);
    assert_clean(store);
}

/* It was talked away before the end, and the ledger heard of it afterwards. */
static void what_an_edge_had_used_untold_is_not_taken_from_paid_money(void **state)
{
    struct scene scene = make_scene(state, EUROS(20));
    struct store *store = scene.store;
    uint64_t number = given(store, scene.id, EUROS(10));
    (void)refill(&scene, 0, 0, EUROS(6));
    assert_int_equal(end_it(&scene, number), 1); /* the 4 that no edge holds */
    (void)refill(&scene, EUROS(5), EUROS(1), 0);
    assert_int_equal(look_again(&scene), 1); /* the 1 that came back */
    assert_int_equal(balance_of(store, scene.id).balance_micro, EUROS(25));
    use(&scene, 1, EUROS(5), EUROS(5));
    assert_int_equal(balance_of(store, scene.id).balance_micro, EUROS(20));
    assert_int_equal(left(store, scene.id), 0);
    assert_clean(store);
}

/* Between the return and the look it was granted again: no more is promised until it is back. */
static void what_was_granted_again_is_kept_from_being_promised(void **state)
{
    struct scene scene = make_scene(state, 0);
    struct store *store = scene.store;
    uint64_t number = given(store, scene.id, EUROS(10));
    (void)refill(&scene, 0, 0, EUROS(10));
    assert_int_equal(end_it(&scene, number), 0);
    (void)refill(&scene, 0, EUROS(10), EUROS(4));
    assert_int_equal(look_again(&scene), 1); /* the 6 that are free */
    assert_int_equal(balance_of(store, scene.id).available_micro, -EUROS(4));
    struct lease_answer answer = refill(&scene, 0, EUROS(12), 0);
    assert_true(answer.is_wanted); /* the other half too */
    assert_int_equal(refill(&scene, 0, EUROS(14), EUROS(4)).granted_micro, EUROS(14));
    assert_int_equal(look_again(&scene), 1);
    assert_int_equal(balance_of(store, scene.id).balance_micro, 0);
    assert_int_equal(balance_of(store, scene.id).available_micro, 0);
    top_up(store, scene.id, EUROS(3));
    assert_int_equal(look_again(&scene), 0);
    assert_int_equal(balance_of(store, scene.id).available_micro, EUROS(3));
    assert_clean(store);
}

static void a_lock_is_not_broken_by_it_and_its_end_lets_it_go(void **state)
{
    struct scene scene = make_scene(state, 0);
    struct store *store = scene.store;
    struct balance_lock lock = {.amount_micro = EUROS(8), .actor = "eve", .why = "w"};
    uint64_t number = given(store, scene.id, EUROS(10));
    assert_ok(ledger_lock(store, scene.id, &lock));
    assert_int_equal(end_it(&scene, number), 1);
    assert_int_equal(balance_of(store, scene.id).balance_micro, EUROS(8));
    assert_int_equal(balance_of(store, scene.id).available_micro, -EUROS(8));
    lock.amount_micro = 0;
    assert_ok(ledger_lock(store, scene.id, &lock));
    assert_int_equal(balance_of(store, scene.id).available_micro, 0);
    assert_int_equal(look_again(&scene), 1);
    assert_has(&scene, 0);
}

/* Talk beyond the balance used it up; it is noticed as more is given, and nothing is kept for it.
 */
static void what_is_used_up_later_is_not_kept_from_being_promised(void **state)
{
    struct scene scene = make_scene(state, 0);
    struct store *store = scene.store;
    struct balance_lock lock = {.amount_micro = EUROS(8), .actor = "eve", .why = "w"};
    uint64_t number = given(store, scene.id, EUROS(10));
    assert_ok(ledger_lock(store, scene.id, &lock));
    assert_int_equal(end_it(&scene, number), 1);
    use(&scene, 1, EUROS(20), EUROS(20));
    (void)given(store, scene.id, EUROS(5));
    top_up(store, scene.id, EUROS(20));
    lock.amount_micro = 0;
    assert_ok(ledger_lock(store, scene.id, &lock));
    assert_int_equal(look_again(&scene), 0);
    assert_int_equal(balance_of(store, scene.id).available_micro, EUROS(13));
    assert_has(&scene, EUROS(13));
}

/* Or its end would be dodged by a way over a sub-account. */
static void it_is_not_moved_to_another_account(void **state)
{
    struct scene scene = make_scene(state, EUROS(5));
    struct store *store = scene.store;
    uint64_t child = make_account(store, "b", 0);
    char sql[96];
    snprintf(sql, sizeof(sql), "UPDATE account SET parent_id = %llu WHERE id = %llu",
             (unsigned long long)scene.id, (unsigned long long)child);
    fixture_sql(scene.fixture, sql);
    (void)given(store, scene.id, EUROS(10));
    assert_result(move(store, "transfer", scene.id, EUROS(5) + 1, child), STORE_REFUSED);
    assert_ok(move(store, "transfer", scene.id, EUROS(5), child));
    assert_result(move(store, "transfer", scene.id, 1, child), STORE_REFUSED);
    assert_clean(store);
}

static void an_adjustment_takes_paid_money_first_and_leaves_no_debt(void **state)
{
    struct scene scene = make_scene(state, EUROS(5));
    struct store *store = scene.store;
    uint64_t number = given(store, scene.id, EUROS(10));
    assert_ok(move(store, "adjustment", scene.id, -EUROS(4), 0));
    assert_int_equal(left(store, scene.id), EUROS(10));
    assert_ok(move(store, "adjustment", scene.id, -EUROS(9), 0));
    assert_int_equal(left(store, scene.id), EUROS(2));
    top_up(store, scene.id, EUROS(30)); /* is not what was taken */
    assert_int_equal(end_it(&scene, number), 1);
    assert_has(&scene, EUROS(30));
}

/* More than are looked at in one transaction, and many of one account. */
static void many_that_end_at_once_are_each_taken_back(void **state)
{
    enum { ACCOUNTS = 8, EACH = 30 };
    struct fixture *fixture = *state;
    uint64_t ids[ACCOUNTS];
    for (int i = 0; i < ACCOUNTS; i++) {
        char name[] = {(char)('a' + i), '\0'};
        ids[i] = make_account(fixture->store, name, 0);
    }
    for (int i = 0; i < ACCOUNTS * EACH; i++) {
        (void)given(fixture->store, ids[i % ACCOUNTS], EUROS(1));
    }
    fixture_sql(fixture, "UPDATE promotion SET wall_ends_us = 1, wall_look_us = number");
    assert_int_equal(look(fixture->store), ACCOUNTS * EACH);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM promotion WHERE is_open = 1"),
                     0);
    assert_int_equal(balance_of(fixture->store, ids[ACCOUNTS - 1]).balance_micro, 0);
    assert_clean(fixture->store);
}

static void only_a_bonus_ends_and_there_are_not_many_of_them(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    uint64_t id = make_account(store, "a", 0), number = 0;
    struct money_request bad = {.account_id = id,
                                .amount_micro = 1,
                                .kind = "topup",
                                .key = "bad",
                                .request_hash = "h",
                                .actor = "eve",
                                .wall_expires_us = FAR};
    struct money_answer answer;
    assert_result(ledger_money(store, &bad, &answer), STORE_REFUSED);
    assert_result(give(store, id, 1, -1, &number), STORE_REFUSED);
    for (int i = 0; i < PROMOTIONS_MAX; i++) {
        (void)given(store, id, 1);
    }
    assert_result(give(store, id, 1, FAR, &number), STORE_REFUSED);
    assert_int_equal(balance_of(store, id).balance_micro, PROMOTIONS_MAX);
    assert_ok(give(store, id, 1, 0, &number)); /* one that does not end */
    assert_clean(store);
}

static void a_verdict_gives_back_what_a_dead_edge_held_of_it(void **state)
{
    struct scene scene = make_scene(state, 0);
    struct store *store = scene.store;
    uint64_t number = given(store, scene.id, EUROS(10));
    (void)refill(&scene, 0, 0, EUROS(10));
    assert_int_equal(end_it(&scene, number), 0);
    assert_ok(ledger_fence(store, scene.incarnation, "eve", "burnt"));
    assert_int_equal(look_again(&scene), 1);
    assert_has(&scene, 0);
}

struct mirror { /* what a lease of a test edge had */
    uint64_t incarnation, session, sequence;
    int64_t granted_micro, used_micro, returned_micro;
};

static int64_t some(uint64_t *random, int64_t below)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return below <= 0 ? 0 : (int64_t)((*random >> 33) % (uint64_t)below);
}

static int64_t free_of(const struct mirror *edge)
{
    return edge->granted_micro - edge->returned_micro - edge->used_micro;
}

static void refill_edge(struct store *store, uint64_t id, struct mirror *edge, int64_t want_micro)
{
    edge->granted_micro = ask(store, edge->incarnation, edge->session, id, edge->used_micro,
                              edge->returned_micro, want_micro)
                              .granted_micro;
}

/* Grants, calls, returns and ends in any order: what is taken back is at least what calls cannot
 * have used, and at most what was given; nobody spends what there is not. */
static void a_random_life_ends_with_all_of_it_used_or_taken_back(void **state)
{
    struct scene scene = make_scene(state, 1000);
    struct store *store = scene.store;
    uint64_t random = 7, id = scene.id, numbers[4];
    int64_t charged_micro = 0, given_micro = 0;
    struct mirror edges[2] = {0};
    edges[0].incarnation = scene.incarnation;
    edges[0].session = scene.session;
    edges[1].incarnation = make_incarnation(store, 'b', &edges[1].session);
    for (int i = 0; i < 4; i++) {
        int64_t amount_micro = 1 + some(&random, 500);
        numbers[i] = given(store, id, amount_micro);
        given_micro += amount_micro;
    }
    for (int i = 0; i < 160; i++) {
        struct mirror *edge = &edges[some(&random, 2)];
        int64_t part_micro = some(&random, free_of(edge) + 1);
        switch (some(&random, 4)) {
        case 0:
            refill_edge(store, id, edge, some(&random, 200));
            break;
        case 1:
            edge->returned_micro += part_micro;
            refill_edge(store, id, edge, 0);
            break;
        case 2:
            if (part_micro > 0) {
                edge->used_micro += part_micro;
                charged_micro += part_micro;
                (void)settle_one(store, edge->incarnation, edge->session,
                                 make_usage(++edge->sequence, id, part_micro, edge->used_micro));
            }
            break;
        default:
            (void)look_again(&scene);
        }
        if (i % 40 == 39) {
            (void)end_it(&scene, numbers[i / 40]);
        }
    }
    for (int i = 0; i < 2; i++) {
        edges[i].returned_micro += free_of(&edges[i]);
        refill_edge(store, id, &edges[i], 0);
    }
    (void)look_again(&scene);
    int64_t taken_micro = fixture_number(scene.fixture, "SELECT sum(taken_micro) FROM promotion");
    assert_int_equal(left(store, id), 0);
    assert_true(taken_micro <= given_micro && taken_micro >= given_micro - charged_micro);
    struct balance balance = balance_of(store, id);
    assert_int_equal(balance.balance_micro, 1000 + given_micro - charged_micro - taken_micro);
    assert_true(balance.balance_micro >= 0);
    assert_int_equal(balance.available_micro, balance.balance_micro);
    assert_clean(store);
}

static void the_audit_names_credit_that_is_not_what_its_entries_say(void **state)
{
    struct fixture *fixture = *state;
    char text[512];
    uint64_t id = make_account(fixture->store, "a", 0);
    (void)given(fixture->store, id, EUROS(10));
    fixture_sql(fixture, "UPDATE promotion SET taken_micro = 5");
    assert_int_equal(audit(fixture->store, text, sizeof(text)), 2);
    assert_non_null(strstr(text, "taken back is 0.000005, by its entries 0.00"));
    fixture_sql(fixture, "UPDATE promotion SET taken_micro = 0, account = account + 1");
    assert_int_equal(audit(fixture->store, text, sizeof(text)), 1);
    assert_non_null(strstr(text, "there is no such bonus"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    static const struct CMUnitTest tests[] = {
        TEST(what_is_left_at_its_end_is_taken_back_once),
        TEST(the_one_that_ends_first_is_used_first_and_paid_money_last),
        TEST(what_was_used_before_it_was_given_does_not_count),
        TEST(what_edges_hold_is_wanted_back_and_follows),
        TEST(what_an_edge_had_used_untold_is_not_taken_from_paid_money),
        TEST(what_was_granted_again_is_kept_from_being_promised),
        TEST(a_lock_is_not_broken_by_it_and_its_end_lets_it_go),
        TEST(what_is_used_up_later_is_not_kept_from_being_promised),
        TEST(it_is_not_moved_to_another_account),
        TEST(an_adjustment_takes_paid_money_first_and_leaves_no_debt),
        TEST(many_that_end_at_once_are_each_taken_back),
        TEST(only_a_bonus_ends_and_there_are_not_many_of_them),
        TEST(a_verdict_gives_back_what_a_dead_edge_held_of_it),
        TEST(a_random_life_ends_with_all_of_it_used_or_taken_back),
        TEST(the_audit_names_credit_that_is_not_what_its_entries_say),
    };
    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
