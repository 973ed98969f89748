#include "node/edge_store.h"
#include "base/clock.h"
#include "base/drill.h"
#include "guard/breaker.h"
#include "node/edge_role.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#define ASKS_MAX 500
#define SETTLE_MAX 4000
#define SETTLE_FEW 250 /* a database that is too slow for many gets this many */
#define FEED_EVERY_US 200000
#define WANTED_EVERY_US 1000000
#define EVENTS_EVERY_US 1000000
#define IDLE_WAIT_US 50000
/* A settlement is a transaction and three syncs, whatever it carries: usages that follow others
 * closely wait for more to come, unless many did. */
#define SETTLE_EVERY_US 200000
#define SETTLE_SOON 250
#define PATIENCE_US 2000000
#define RETRY_US 200000
#define VERSION_STEP 100 /* how far the version on disk may lag behind what was seen */

/* A store is one file on this machine: it is asked again soon, but not by every turn. */
static struct breaker_terms store_terms(void)
{
    struct breaker_terms terms = breaker_terms_default(0);
    terms.bad_in_a_row = 2;
    terms.open_us = 200000;
    terms.open_min_us = 100000;
    terms.open_max_us = 1000000;
    terms.probe_count = 1;
    terms.probe_patience_us = 3 * PATIENCE_US;
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

/* Every call of the store goes through here: the breaker first, and what came of it after. */
static bool may_ask(struct store_loop *loop, uint32_t *ticket)
{
    struct breaker_terms terms = store_terms();
    return breaker_try(&loop->breaker, &terms, clock_mono_us(), ticket);
}

static enum store_result asked(struct store_loop *loop, uint32_t ticket, int64_t began_us,
                               enum store_result result)
{
    struct breaker_terms terms = store_terms();
    int64_t now_us = clock_mono_us();
    breaker_report(&loop->breaker, &terms, ticket,
                   result != STORE_UNKNOWN && result != STORE_NEWER_SCHEMA, now_us - began_us,
                   now_us, &loop->rng);
    note_result(loop, result);
    return result;
}

/* ---- identity ---- */

static void new_nonce(struct edge_identity *identity)
{
    uint8_t bytes[16];
    ssize_t got = getrandom(bytes, sizeof(bytes), 0);
    if (got != (ssize_t)sizeof(bytes)) {
        abort(); /* a nonce that may repeat would let two disks share an incarnation */
    }
    slice_hex(identity->nonce, bytes, sizeof(bytes));
    identity->nonce[32] = '\0';
}

static struct edge_identity *newest(struct store_loop *loop)
{
    return &loop->role->identities[loop->role->identity_count - 1];
}

/* A ledger of another identity, or of an older version than was seen, is not ours to believe: a
 * replaced or restored file. Unknown, until an operator has looked. */
static bool is_same_ledger(struct store_loop *loop)
{
    char identity[33];
    uint64_t version;
    uint32_t ticket;
    struct edge_identity *mine = newest(loop);
    if (!may_ask(loop, &ticket)) {
        return false;
    }
    int64_t began_us = clock_mono_us();
    enum store_result result = store_identity(loop->store, identity, &version);
    if (asked(loop, ticket, began_us, result) != STORE_OK) {
        return false;
    }
    bool is_known = mine->ledger[0] != '\0';
    loop->is_foreign = is_known && (strcmp(mine->ledger, identity) != 0 || version < mine->version);
    loop->is_foreign = loop->is_foreign && !drill_is("wrong/any-ledger-believed");
    if (loop->is_foreign) {
        pthread_mutex_lock(&loop->role->lock);
        loop->role->view.answers = (struct tri){TRI_UNKNOWN};
        snprintf(loop->role->view.error, sizeof(loop->role->view.error), "%s",
                 version < mine->version && strcmp(mine->ledger, identity) == 0
                     ? "the database is older than what was seen: restored?"
                     : "the database belongs to another ledger");
        pthread_mutex_unlock(&loop->role->lock);
        return false;
    }
    mine->version = version;
    if (!is_known || version >= loop->saved_version + VERSION_STEP) {
        snprintf(mine->ledger, sizeof(mine->ledger), "%s", identity);
        loop->saved_version = version;
        store_identity_append(loop->role, mine);
    }
    return true;
}

static void begin_new_incarnation(struct store_loop *loop)
{
    struct edge_role *role = loop->role;
    char error[JOURNAL_ERROR_SIZE];
    for (int i = 0; i < role->worker_count; i++) {
        struct command *command = command_new(COMMAND_CLOSE_INCARNATION);
        if (command != NULL) {
            (void)edge_command(role, i, command, PATIENCE_US);
            command_release(role, command);
        }
    }
    if (role->identity_count == EDGE_LIVES_MAX || !journal_file_prepare(role->journal, error) ||
        !journal_file_begin_life(role->journal)) {
        return; /* tried again at the next answer that says so */
    }
    struct edge_identity fresh = *newest(loop);
    fresh.life = journal_file_status(role->journal).life;
    fresh.incarnation = 0;
    fresh.is_refused = false;
    new_nonce(&fresh);
    role->identities[role->identity_count++] = fresh;
    store_identity_append(role, &fresh);
    meter_set_registered(role->edge.meters, false);
    meter_start_incarnation(role->edge.meters, clock_mono_us());
    loop->session = 0;
}

static bool ensure_open(struct store_loop *loop)
{
    struct edge_role *role = loop->role;
    struct edge_identity *mine = newest(loop);
    uint32_t ticket;
    if (loop->session != 0) {
        return true;
    }
    if (!is_same_ledger(loop)) {
        return false;
    }
    if (mine->incarnation == 0) {
        if (!may_ask(loop, &ticket)) {
            return false;
        }
        int64_t began_us = clock_mono_us();
        enum store_result result =
            ledger_register(loop->store, "edge", mine->nonce, &mine->incarnation);
        if (asked(loop, ticket, began_us, result) != STORE_OK) {
            return false;
        }
        store_identity_append(role, mine);
    }
    meter_set_registered(role->edge.meters, true);
    if (!may_ask(loop, &ticket)) {
        return false;
    }
    int64_t began_us = clock_mono_us();
    uint64_t high_water = 0;
    uint64_t last = journal_file_status(role->journal).synced_sequence;
    enum store_result result =
        ledger_open(loop->store, mine->incarnation, mine->nonce, last, &loop->session, &high_water);
    result = asked(loop, ticket, began_us, result);
    if (result == STORE_FENCED) {
        mine->session = loop->session;
        mine->is_refused = loop->session == 0; /* a copied disk: its numbers were used */
        begin_new_incarnation(loop);
        return false;
    }
    if (result != STORE_OK) {
        loop->session = 0;
        return false;
    }
    mine->session = loop->session;
    mine->settled = high_water;
    journal_file_settled(role->journal, mine->life, high_water);
    pthread_mutex_lock(&role->lock);
    role->view.incarnation = mine->incarnation;
    role->view.session = loop->session;
    role->view.high_water = high_water;
    pthread_mutex_unlock(&role->lock);
    return true;
}

/* What a refused transaction means for the session. */
static void on_refused(struct store_loop *loop, enum store_result result)
{
    if (result == STORE_FENCED) {
        begin_new_incarnation(loop);
    } else if (result == STORE_OLD_SESSION) {
        loop->session = 0;
    }
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
    /* R was raised above: the ledger must not hear of it before the disk has. */
    bool is_asked = !loop->is_foreign && journal_file_sync(role->journal, error) &&
                    ensure_open(loop) && may_ask(loop, &ticket);
    enum store_result result = STORE_UNKNOWN;
    if (is_asked) {
        drill_point("at/refill-synced");
        int64_t began_us = clock_mono_us();
        result = ledger_refill(loop->store, newest(loop)->incarnation, loop->session, loop->asks,
                               count, loop->answers);
        result = asked(loop, ticket, began_us, result);
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
        on_refused(loop, result);
    }
    edge_wakeups(role, role->worker_count, NULL);
}

/* ---- settlement ---- */

static void take_usage(void *ctx, uint64_t sequence, struct slice record)
{
    struct store_loop *loop = ctx;
    struct usage *usage = &loop->usages[loop->usage_count];
    if (loop->usage_count < SETTLE_MAX && usage_decode(record, usage)) {
        usage->sequence = sequence;
        loop->settled[loop->usage_count].sequence = sequence;
        if (loop->copy.size_max - loop->copy.size >= record.size) {
            const char *at = loop->copy.data + loop->copy.size;
            buf_slice(&loop->copy, record);
            loop->settled[loop->usage_count].record = slice_make(at, record.size);
            loop->usage_count++;
        }
    }
}

static void archive(struct store_loop *loop, const struct edge_identity *identity, uint64_t mark)
{
    char error[JOURNAL_ERROR_SIZE];
    int count = 0;
    while (count < loop->usage_count && loop->settled[count].sequence <= mark) {
        loop->settled[count].incarnation = identity->incarnation;
        count++;
    }
    if (count > 0 && !loop->role->view.is_disk_low &&
        !journal_archive_settled(loop->role->options->dir, loop->settled, count,
                                 clock_wall_us() / 1000000, error)) {
        edge_event(loop->role, "alarm", SLICE("{\"alarm\":\"archive of settled usages failed\"}"));
    }
}

static void note_settled(struct store_loop *loop, enum store_result result)
{
    if (result == STORE_OK) {
        loop->settle_count =
            loop->settle_count < SETTLE_MAX / 2 ? loop->settle_count * 2 : SETTLE_MAX;
    } else if (result == STORE_UNKNOWN && loop->settle_count / 2 >= SETTLE_FEW) {
        loop->settle_count /= 2;
    }
}

/* A drill's mistake: what was not answered is sent again under numbers of its own. */
static void renumber(struct store_loop *loop)
{
    struct journal *journal = &loop->role->edge.journal;
    for (int i = 0; i < loop->usage_count; i++) {
        (void)journal->append(journal->ctx, JOURNAL_USAGE, loop->settled[i].record);
    }
}

static void take_sequence(void *ctx, uint64_t sequence, struct slice record)
{
    (void)record;
    *(uint64_t *)ctx = sequence;
}

/* An old life after a restart: its incarnation is dead, and gives a session for the usages that
 * are left. True: it did. */
static bool open_old(struct store_loop *loop, struct edge_identity *old)
{
    struct journal_file *journal = loop->role->journal;
    uint64_t last = 0, session = 0, mark = 0;
    uint32_t ticket;
    (void)journal_file_usages(journal, old->life, 1, INT_MAX, take_sequence, &last);
    if (!may_ask(loop, &ticket)) {
        return false;
    }
    int64_t began_us = clock_mono_us();
    enum store_result result =
        ledger_open(loop->store, old->incarnation, old->nonce, last, &session, &mark);
    result = asked(loop, ticket, began_us, result);
    if (session == 0) {
        old->is_refused = result != STORE_UNKNOWN && result != STORE_NEWER_SCHEMA;
        return false;
    }
    old->session = session;
    old->settled = mark;
    journal_file_settled(journal, old->life, mark);
    return true;
}

/* One batch of one life. True: there may be more. */
static bool settle_life(struct store_loop *loop, struct edge_identity *identity)
{
    struct edge_role *role = loop->role;
    uint32_t ticket;
    loop->usage_count = 0;
    loop->copy.size = 0;
    loop->copy.is_full = false;
    (void)journal_file_usages(role->journal, identity->life, identity->settled + 1,
                              loop->settle_count, take_usage, loop);
    if (loop->usage_count == 0 || loop->is_foreign || !ensure_open(loop)) {
        return false;
    }
    if (identity->session == 0) {
        return !identity->is_refused &&
               open_old(loop, identity); /* then from the ledger's mark on */
    }
    if (!may_ask(loop, &ticket)) {
        return false;
    }
    uint64_t mark = identity->settled;
    drill_point("at/settle-begun");
    int64_t began_us = clock_mono_us();
    enum store_result result = ledger_settle(loop->store, identity->incarnation, identity->session,
                                             loop->usages, loop->usage_count, &mark);
    result = asked(loop, ticket, began_us, result);
    bool was_full = loop->usage_count == loop->settle_count;
    note_settled(loop, result);
    if (result == STORE_UNKNOWN && drill_is("wrong/retry-renumbered")) {
        renumber(loop);
    }
    drill_point("at/settle-answered");
    if (result != STORE_OK) {
        if (identity == newest(loop)) {
            on_refused(loop, result);
        }
        return false;
    }
    archive(loop, identity, mark);
    drill_point("at/settle-archived");
    bool has_moved = mark > identity->settled;
    identity->settled = mark;
    journal_file_settled(role->journal, identity->life, mark);
    drill_point("at/settle-noted");
    return has_moved && was_full;
}

static bool settle(struct store_loop *loop)
{
    struct edge_role *role = loop->role;
    bool has_more = false;
    for (int i = 0; i < role->identity_count; i++) {
        has_more = settle_life(loop, &role->identities[i]) || has_more;
    }
    struct journal_file_status status = journal_file_status(role->journal);
    pthread_mutex_lock(&role->lock);
    role->view.high_water = newest(loop)->settled;
    role->view.unsettled = status.sequence - newest(loop)->settled;
    pthread_mutex_unlock(&role->lock);
    return has_more;
}

static bool settle_when_due(struct store_loop *loop)
{
    struct edge_role *role = loop->role;
    uint64_t settled_before = newest(loop)->settled;
    uint64_t waiting = journal_file_status(role->journal).sequence - settled_before;
    if (clock_mono_us() < loop->settle_at_us && waiting < SETTLE_SOON) {
        return false;
    }
    bool has_more = settle(loop);
    bool has_settled = newest(loop)->settled != settled_before;
    loop->settle_at_us = has_settled ? clock_mono_us() + SETTLE_EVERY_US : 0;
    return has_more;
}

/* ---- events ---- */

void edge_event(struct edge_role *role, const char *kind, struct slice json)
{
    if (strcmp(kind, "refusal") == 0 || strcmp(kind, "alarm") == 0 ||
        strncmp(kind, "store.", 6) == 0 || strncmp(kind, "ban.", 4) == 0 ||
        strncmp(kind, "fraud.", 6) == 0) {
        pthread_mutex_lock(&role->lock);
        struct stored_event *event = &role->events[role->event_count % EVENT_RING_COUNT];
        role->event_count++;
        event->wall_us = clock_wall_us();
        snprintf(event->kind, sizeof(event->kind), "%s", kind);
        snprintf(event->text, sizeof(event->text), "%.*s", (int)json.size, json.data);
        if (json.size >= sizeof(event->text)) {
            snprintf(event->text, sizeof(event->text), "{\"reason\":\"too long to keep\"}");
        }
        pthread_mutex_unlock(&role->lock);
    }
    if (role->control != NULL) {
        control_server_publish(role->control, kind, json);
    }
}

static uint64_t account_of(const char *text)
{
    const char *at = strstr(text, "\"account_id\":");
    return at == NULL ? 0 : strtoull(at + 13, NULL, 10);
}

/* Refusals are kept for operators, but never at the cost of money or calls: what does not fit in
 * memory meanwhile, or comes while the disk is nearly full, is not stored. */
static void store_events(struct store_loop *loop)
{
    struct edge_role *role = loop->role;
    uint32_t ticket;
    int count = 0;
    pthread_mutex_lock(&role->lock);
    if (role->event_count - role->event_stored > EVENT_RING_COUNT) {
        role->event_stored = role->event_count - EVENT_RING_COUNT;
    }
    uint64_t first = role->event_stored;
    while (count < EVENTS_MAX && first + (uint64_t)count < role->event_count) {
        const struct stored_event *event =
            &role->events[(first + (uint64_t)count) % EVENT_RING_COUNT];
        struct event_row *row = &loop->events[count++];
        memset(row, 0, sizeof(*row));
        row->wall_us = event->wall_us;
        row->account_id = account_of(event->text);
        snprintf(row->kind, sizeof(row->kind), "%s", event->kind);
        if (strlen(event->text) < sizeof(row->text)) {
            memcpy(row->text, event->text, strlen(event->text) + 1);
        } else {
            snprintf(row->text, sizeof(row->text), "{\"reason\":\"too long to keep\"}");
        }
    }
    bool is_wanted = !role->view.is_disk_low;
    pthread_mutex_unlock(&role->lock);
    if (count == 0 || !is_wanted || !may_ask(loop, &ticket)) {
        return;
    }
    int64_t began_us = clock_mono_us();
    if (asked(loop, ticket, began_us, event_put(loop->store, loop->events, count)) == STORE_OK) {
        pthread_mutex_lock(&role->lock);
        role->event_stored = first + (uint64_t)count;
        pthread_mutex_unlock(&role->lock);
    }
}

/* ---- the loop ---- */

static void look_at_wanted(struct store_loop *loop)
{
    uint64_t accounts[256];
    int count = 0;
    uint32_t ticket;
    if (loop->session == 0 || !may_ask(loop, &ticket)) {
        return;
    }
    int64_t began_us = clock_mono_us();
    enum store_result result =
        ledger_wanted(loop->store, newest(loop)->incarnation, accounts, 256, &count);
    if (asked(loop, ticket, began_us, result) != STORE_OK) {
        return;
    }
    for (int i = 0; i < count; i++) {
        meter_wanted(loop->role->edge.meters, accounts[i], clock_mono_us());
    }
}

static void follow_config(struct store_loop *loop)
{
    uint32_t ticket;
    if (!is_same_ledger(loop) || !may_ask(loop, &ticket)) {
        return;
    }
    int64_t began_us = clock_mono_us();
    asked(loop, ticket, began_us, config_follower_step(loop->role->follower, loop->store));
}

static void wait_for_work(struct store_loop *loop, int64_t until_us)
{
    int64_t wait_us = until_us - clock_mono_us();
    if (wait_us > 0) {
        struct pollfd poller = {.fd = loop->role->store_wake_fd, .events = POLLIN};
        poll(&poller, 1, (int)((wait_us + 999) / 1000));
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
                                    .deadline_us = PATIENCE_US,
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

void *edge_store_main(void *argument)
{
    struct edge_role *role = argument;
    struct store_loop loop;
    memset(&loop, 0, sizeof(loop));
    if (!loop_init(&loop, role)) {
        loop_done(&loop);
        return NULL;
    }
    int64_t feed_at_us = 0;
    int64_t wanted_at_us = 0;
    int64_t events_at_us = 0;
    while (!atomic_load_explicit(&role->is_stopping, memory_order_relaxed)) {
        refill(&loop);
        bool has_more = settle_when_due(&loop);
        int64_t now_us = clock_mono_us();
        meter_set_day(role->edge.meters, clock_wall_us() / INT64_C(86400000000));
        if (now_us >= feed_at_us) {
            follow_config(&loop);
            feed_at_us = clock_mono_us() + FEED_EVERY_US;
        }
        if (now_us >= wanted_at_us) {
            look_at_wanted(&loop);
            wanted_at_us = now_us + WANTED_EVERY_US;
        }
        if (now_us >= events_at_us) {
            store_events(&loop);
            events_at_us = now_us + EVENTS_EVERY_US;
        }
        if (!has_more && !meter_has_asks(role->edge.meters, clock_mono_us())) {
            wait_for_work(&loop, clock_mono_us() + IDLE_WAIT_US);
        }
    }
    (void)settle(
        &loop); /* what is recorded goes out if the store is there; else at the next start */
    loop_done(&loop);
    return NULL;
}
