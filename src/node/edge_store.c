/* edge_store.c - the store thread: what it asks of the ledger, and when; leases. */
#include "node/edge_store.h"
#include "base/clock.h"
#include "base/drill.h"
#include "net/control_socket.h"
#include "node/edge_quality.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ASKS_MAX 500
#define FEED_EVERY_US 200000
#define NUDGED_EVERY_US 10000 /* however often somebody says that there is something new */
#define WANTED_EVERY_US 1000000
#define WANTED_MAX 256
#define EVENTS_EVERY_US 1000000
#define QUALITY_EVERY_US 10000000
#define IDLE_WAIT_US 50000
#define RETRY_US 200000

/* A store is one file on this machine: it is asked again soon, but not by every turn. */
static struct breaker_terms store_terms(void)
{
    struct breaker_terms terms = breaker_terms_default(0);
    terms.bad_in_a_row = 2;
    terms.open_us = 200000;
    terms.open_min_us = 100000;
    terms.open_max_us = 1000000;
    terms.probe_count = 1;
    terms.probe_patience_us = 3 * STORE_PATIENCE_US;
    terms.ramp_step_us = 0;
    return terms;
}

static void note_result(struct store_loop *loop, enum store_result result)
{
    struct edge_role *role = loop->role;
    /* A database that we must not read tells as little as one that is silent. */
    bool is_silent = result == STORE_UNKNOWN || result == STORE_NEWER_SCHEMA;
    struct tri answers = {is_silent ? TRI_UNKNOWN : TRI_PRESENT};
    int64_t wall_us = clock_wall_us();
    bool is_change;
    pthread_mutex_lock(&role->lock);
    is_change = role->view.answers.is != answers.is || role->view.since_wall_us == 0;
    if (is_change) {
        role->view.since_wall_us = wall_us;
    }
    role->view.answers = answers;
    if (answers.is == TRI_PRESENT) {
        role->view.last_ok_wall_us = wall_us;
        role->view.error[0] = '\0';
    } else {
        snprintf(role->view.error, sizeof(role->view.error), "%s", store_error(loop->store));
    }
    pthread_mutex_unlock(&role->lock);
    if (is_change) {
        char text[512];
        struct buf json;
        buf_init(&json, text, sizeof(text));
        buf_char(&json, '{');
        buf_json_i64(&json, "wall_us", wall_us);
        buf_json_text(&json, "store",
                      slice_from_text(answers.is == TRI_PRESENT ? "ok" : "unknown"));
        buf_json_text(&json, "error", slice_from_text(role->view.error));
        buf_char(&json, '}');
        edge_event(role, answers.is == TRI_PRESENT ? "store.ok" : "store.unknown", buf_done(&json));
    }
}

bool store_may_ask(struct store_loop *loop, uint32_t *ticket)
{
    struct breaker_terms terms = store_terms();
    return breaker_try(&loop->breaker, &terms, clock_mono_us(), ticket);
}

enum store_result store_asked(struct store_loop *loop, uint32_t ticket, int64_t began_us,
                              enum store_result result)
{
    struct breaker_terms terms = store_terms();
    int64_t now_us = clock_mono_us();
    breaker_report(&loop->breaker, &terms, ticket,
                   result != STORE_UNKNOWN && result != STORE_NEWER_SCHEMA, now_us - began_us,
                   now_us, &loop->rng);
    loop->is_foreign = store_is_foreign(loop->store);
    note_result(loop, result);
    return result;
}

/* ---- leases ---- */

static void refill(struct store_loop *loop)
{
    struct edge_role *role = loop->role;
    struct meter_table *meters = role->edge.meters;
    char error[JOURNAL_ERROR_SIZE];
    uint32_t ticket;
    int64_t now_us = clock_mono_us();
    int count = meter_asks_take(meters, loop->asks, ASKS_MAX, now_us);
    if (count == 0) {
        return;
    }
    /* R was raised above: the ledger must not hear of it before the disk has. And a copy of the
     * disk that is older than these asks must be seen to be: so there is always something new. */
    edge_heartbeat(role);
    bool is_asked = !loop->is_foreign && journal_file_sync(role->journal, error) &&
                    lives_open(loop) && store_may_ask(loop, &ticket);
    enum store_result result = STORE_UNKNOWN;
    if (is_asked) {
        drill_point("at/refill-synced");
        struct ledger_disk disk = lives_disk(loop);
        int64_t began_us = clock_mono_us();
        ledger_tell(loop->store, &disk);
        result = ledger_refill(loop->store, lives_newest(loop)->incarnation, loop->session,
                               loop->asks, count, loop->answers);
        result = store_asked(loop, ticket, began_us, result);
    }
    now_us = clock_mono_us();
    if (result == STORE_OK) {
        drill_point("at/refill-answered");
        for (int i = 0; i < count; i++) {
            meter_ask_answered(meters, &loop->answers[i], now_us);
        }
        drill_point("at/refill-heard");
    } else {
        meter_asks_failed(meters, loop->asks, count, now_us + RETRY_US);
        lives_refused(loop, result);
    }
    edge_wakeups(role, role->worker_count, NULL);
}

/* ---- the loop ---- */

/* A page of them, and the next in the next turn: what stays wanted, as calls hold it, must not
 * stand before what could be given back. True: there may be more. */
static bool look_at_wanted(struct store_loop *loop)
{
    uint64_t accounts[WANTED_MAX];
    int count = 0;
    uint32_t ticket;
    if (loop->session == 0 || loop->is_foreign || !store_may_ask(loop, &ticket)) {
        return false;
    }
    int64_t began_us = clock_mono_us();
    enum store_result result = ledger_wanted(loop->store, lives_newest(loop)->incarnation,
                                             loop->wanted_after, accounts, WANTED_MAX, &count);
    if (store_asked(loop, ticket, began_us, result) != STORE_OK) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        meter_wanted(loop->role->edge.meters, accounts[i], clock_mono_us());
    }
    loop->wanted_after = count == WANTED_MAX ? accounts[count - 1] : 0;
    return count == WANTED_MAX;
}

static bool knows_ledger(struct store_loop *loop)
{
    return !loop->is_foreign && lives_newest(loop)->ledger[0] != '\0';
}

static void sync_quality(struct store_loop *loop)
{
    uint32_t ticket;
    if (knows_ledger(loop) && store_may_ask(loop, &ticket)) {
        int64_t began_us = clock_mono_us();
        store_asked(loop, ticket, began_us, edge_quality_sync(&loop->role->edge, loop->store));
    }
}

static void follow_config(struct store_loop *loop)
{
    uint32_t ticket;
    if (!lives_look(loop) || !store_may_ask(loop, &ticket)) {
        return;
    }
    int64_t began_us = clock_mono_us();
    store_asked(loop, ticket, began_us, config_follower_step(loop->role->follower, loop->store));
}

static void wait_for_work(struct store_loop *loop, int64_t until_us)
{
    int64_t wait_us = until_us - clock_mono_us();
    if (wait_us > 0) {
        struct pollfd pollers[] = {{.fd = loop->role->store_wake_fd, .events = POLLIN},
                                   {.fd = loop->role->nudge_fd, .events = POLLIN}};
        poll(pollers, 2, (int)((wait_us + 999) / 1000));
    }
    uint64_t value;
    ssize_t got = read(loop->role->store_wake_fd, &value, sizeof(value));
    (void)got;
}

static bool loop_init(struct store_loop *loop, struct edge_role *role)
{
    loop->role = role;
    struct store_options options = {.dir = role->options->dir,
                                    .url = role->options->config->store,
                                    .deadline_us = STORE_PATIENCE_US,
                                    .has_fault_layer = role->options->config->drill};
    loop->store = store_new(&options);
    loop->asks = calloc(ASKS_MAX, sizeof(*loop->asks));
    loop->answers = calloc(ASKS_MAX, sizeof(*loop->answers));
    loop->usages = calloc(SETTLE_MAX, sizeof(*loop->usages));
    loop->settled = calloc(SETTLE_MAX, sizeof(*loop->settled));
    loop->events = calloc(EVENTS_MAX, sizeof(*loop->events));
    char *copy = malloc(SETTLE_MAX * USAGE_ENCODED_MAX);
    loop->settle_count = SETTLE_MAX;
    rng_init(&loop->rng, (uint64_t)clock_wall_us());
    buf_init(&loop->copy, copy, SETTLE_MAX * USAGE_ENCODED_MAX);
    return loop->store != NULL && loop->asks != NULL && loop->answers != NULL &&
           loop->usages != NULL && loop->settled != NULL && loop->events != NULL && copy != NULL;
}

static void loop_done(struct store_loop *loop)
{
    store_free(loop->store);
    free(loop->asks);
    free(loop->answers);
    free(loop->usages);
    free(loop->settled);
    free(loop->events);
    free(loop->copy.data);
}

/* Calls that need no money go on meanwhile: no memory is no reason to end the edge. False: it
 * stops. */
static bool loop_begin(struct store_loop *loop, struct edge_role *role)
{
    bool is_told = false;
    while (!atomic_load_explicit(&role->is_stopping, memory_order_relaxed)) {
        memset(loop, 0, sizeof(*loop));
        if (loop_init(loop, role)) {
            return true;
        }
        loop_done(loop);
        if (!is_told) {
            is_told = true;
            edge_event(role, "alarm",
                       SLICE("{\"alarm\":\"no memory to ask the ledger: no leases\"}"));
        }
        (void)control_socket_was_nudged(role->nudge_fd); /* else it would end each wait at once */
        wait_for_work(loop, clock_mono_us() + IDLE_WAIT_US);
    }
    return false;
}

/* When each of the duties is due next; 0: now. */
struct duties {
    int64_t feed_at_us;
    int64_t nudged_at_us; /* a nudge brings the feed forward, but not before this */
    int64_t wanted_at_us;
    int64_t events_at_us;
    int64_t quality_at_us;
};

/* What no call waits for, each at its own pace. */
static void do_duties(struct store_loop *loop, struct duties *due)
{
    int64_t now_us = clock_mono_us();
    if (control_socket_was_nudged(loop->role->nudge_fd)) {
        due->feed_at_us = due->feed_at_us < due->nudged_at_us ? due->feed_at_us : due->nudged_at_us;
    }
    if (now_us >= due->feed_at_us) {
        follow_config(loop);
        due->nudged_at_us = clock_mono_us() + NUDGED_EVERY_US;
        due->feed_at_us = clock_mono_us() + FEED_EVERY_US;
    }
    if (now_us >= due->wanted_at_us) {
        bool is_more = look_at_wanted(loop);
        due->wanted_at_us = now_us + (is_more ? 0 : WANTED_EVERY_US);
    }
    if (now_us >= due->events_at_us) {
        events_store(loop);
        due->events_at_us = now_us + EVENTS_EVERY_US;
    }
    if (now_us >= due->quality_at_us) {
        sync_quality(loop);
        due->quality_at_us = now_us + (knows_ledger(loop) ? QUALITY_EVERY_US : EVENTS_EVERY_US);
    }
}

void *edge_store_main(void *argument)
{
    struct edge_role *role = argument;
    struct store_loop loop;
    if (!loop_begin(&loop, role)) {
        return NULL;
    }
    lives_expect(&loop);
    lives_tell_over(&loop);
    struct duties due = {0};
    while (!atomic_load_explicit(&role->is_stopping, memory_order_relaxed)) {
        if (loop.session == 0 && lives_newest(&loop)->incarnation != 0) {
            (void)lives_open(&loop); /* before it is needed: the disk may be an old one */
        }
        refill(&loop);
        bool has_more = settle_when_due(&loop);
        meter_set_day(role->edge.meters, clock_wall_us() / INT64_C(86400000000));
        do_duties(&loop, &due);
        if (!has_more && !meter_has_asks(role->edge.meters, clock_mono_us())) {
            int64_t idle_us = clock_mono_us() + IDLE_WAIT_US;
            wait_for_work(&loop, idle_us < due.feed_at_us ? idle_us : due.feed_at_us);
        }
    }
    /* What is recorded goes out if the store is there; else at the next start. */
    (void)settle_usages(&loop);
    sync_quality(&loop);
    loop_done(&loop);
    return NULL;
}
