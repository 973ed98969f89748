/* What edges count of their trunks outlives them, and each knows what the others saw. */
#include "program.h"

#include "node/edge_quality.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct world {
    char dir[256];
    struct store *store;
    struct edge *edges[2];
    uint64_t trunk_id;
};

static int start(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    struct store_options options = {.dir = world->dir, .deadline_us = 2000000, .may_create = true};
    program_dir(world->dir);
    world->store = store_new(&options);
    assert_int_equal(store_migrate(world->store), STORE_OK);
    for (int i = 0; i < 2; i++) {
        world->edges[i] = calloc(1, sizeof(*world->edges[i]));
        assert_non_null(world->edges[i]);
    }
    struct trunk row = {.name = "one", .host = "192.0.2.1", .channels_max = -1, .cps_max = -1};
    assert_int_equal(config_put_trunk(world->store, &row, "test"), STORE_OK);
    world->trunk_id = row.id;
    *state = world;
    return 0;
}

static int stop(void **state)
{
    struct world *world = *state;
    store_free(world->store);
    free(world->edges[0]);
    free(world->edges[1]);
    program_remove(world->dir);
    free(world);
    return 0;
}

/* As edge/trunk.c does. */
static void count(const struct world *world, int edge, int calls, bool is_answered)
{
    for (int i = 0; i < calls; i++) {
        quality_note(&world->edges[edge]->trunk_quality[world->trunk_id], is_answered, 500);
        quality_note(&world->edges[edge]->trunk_news[world->trunk_id], is_answered, 500);
    }
}

static struct quality known(const struct world *world, int edge)
{
    return quality_read(world->edges[edge]->trunk_quality[world->trunk_id]);
}

static void an_edge_that_begins_anew_knows_what_it_counted(void **state)
{
    struct world *world = *state;
    count(world, 0, 30, true);
    count(world, 0, 10, false);
    assert_int_equal(edge_quality_sync(world->edges[0], world->store), STORE_OK);
    assert_int_equal(known(world, 0).call_count, 40);
    memset(world->edges[0], 0, sizeof(*world->edges[0])); /* killed */
    assert_int_equal(edge_quality_sync(world->edges[0], world->store), STORE_OK);
    assert_int_equal(known(world, 0).call_count, 40);
    assert_int_equal(known(world, 0).answered_count, 30);
    assert_int_equal(known(world, 0).delay_ms, 500);
}

static void edges_come_to_know_what_the_others_saw_each_call_once(void **state)
{
    struct world *world = *state;
    for (int round = 0; round < 3; round++) {
        count(world, 0, 10, true);
        count(world, 1, 5, false);
        assert_int_equal(edge_quality_sync(world->edges[0], world->store), STORE_OK);
        assert_int_equal(edge_quality_sync(world->edges[1], world->store), STORE_OK);
    }
    assert_int_equal(edge_quality_sync(world->edges[0], world->store), STORE_OK);
    for (int edge = 0; edge < 2; edge++) {
        assert_int_equal(known(world, edge).call_count, 45);
        assert_int_equal(known(world, edge).answered_count, 30);
    }
}

static void without_an_answer_nothing_is_lost(void **state)
{
    struct world *world = *state;
    char path[300], away[300];
    count(world, 0, 7, true);
    snprintf(path, sizeof(path), "%s/dialtone.db", world->dir);
    snprintf(away, sizeof(away), "%s/away.db", world->dir);
    assert_int_equal(rename(path, away), 0);
    assert_int_equal(edge_quality_sync(world->edges[0], world->store), STORE_UNKNOWN);
    assert_int_equal(known(world, 0).call_count, 7);
    count(world, 0, 1, true);
    assert_int_equal(rename(away, path), 0);
    assert_int_equal(edge_quality_sync(world->edges[0], world->store), STORE_OK);
    assert_int_equal(edge_quality_sync(world->edges[1], world->store), STORE_OK);
    assert_int_equal(known(world, 1).call_count, 8);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    static const struct CMUnitTest tests[] = {
        TEST(an_edge_that_begins_anew_knows_what_it_counted),
        TEST(edges_come_to_know_what_the_others_saw_each_call_once),
        TEST(without_an_answer_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
