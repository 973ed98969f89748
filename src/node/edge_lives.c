/* edge_lives.c - incarnations and sessions of this disk; which ledger it knows. */
#include "base/clock.h"
#include "node/edge_store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SAVE_EVERY_US 1000000
#define COPY_WHY "only settles what was written before its disk was found to be dead"

static void make_nonce(char nonce[33])
{
    uint8_t bytes[16];
    ssize_t got = getrandom(bytes, sizeof(bytes), 0);
    if (got != (ssize_t)sizeof(bytes)) {
        abort(); /* a nonce that may repeat would let two disks share an incarnation */
    }
    slice_hex(nonce, bytes, sizeof(bytes));
    nonce[32] = '\0';
}

/* In memory and in the journal at once: the snapshot records what is in memory. */
static bool put(struct edge_role *role, const struct edge_identity *identity)
{
    pthread_mutex_lock(&role->lock);
    bool is_noted = identities_note(role->identities, &role->identity_count, identity);
    if (is_noted) {
        store_identity_append(role, identity);
    }
    pthread_mutex_unlock(&role->lock);
    return is_noted;
}

static void save(struct store_loop *loop, const struct edge_identity *identity)
{
    bool is_noted = put(loop->role, identity);
    assert(is_noted); /* it is there already */
}

struct edge_identity *lives_newest(struct store_loop *loop)
{
    return &loop->role->identities[loop->role->identity_count - 1];
}

/* ---- lives ---- */

/* The next life of the disk, with an identity of its own. False: the journal has no segment ready,
 * or there is no room for one more identity: each is of a life that is not settled. */
static bool begin_life(struct edge_role *role, const struct edge_identity *before)
{
    char error[JOURNAL_ERROR_SIZE];
    pthread_mutex_lock(&role->lock);
    bool has_room = identities_make_room(role->identities, &role->identity_count);
    pthread_mutex_unlock(&role->lock);
    if (!has_room || !journal_file_prepare(role->journal, error) ||
        !journal_file_begin_life(role->journal)) {
        return false;
    }
    struct edge_identity fresh = {.life = journal_file_status(role->journal).life,
                                  .version = before->version,
                                  .link = before->link};
    memcpy(fresh.ledger, before->ledger, sizeof(fresh.ledger));
    memcpy(fresh.timeline, before->timeline, sizeof(fresh.timeline));
    memcpy(fresh.link_hash, before->link_hash, sizeof(fresh.link_hash));
    make_nonce(fresh.nonce);
    return put(role, &fresh);
}

bool lives_begin(struct edge_role *role)
{
    struct journal_file_status status = journal_file_status(role->journal);
    struct edge_identity mine = {0};
    char nonce[33];
    if (role->identity_count > 0) {
        mine = role->identities[role->identity_count - 1];
    }
    if (mine.is_cut && mine.life == status.life) {
        /* It died before it could begin the next life. If it cannot now, the store thread will. */
        (void)begin_life(role, &mine);
        meter_start_incarnation(role->edge.meters, clock_mono_us());
        return true;
    }
    make_nonce(nonce);
    if (mine.life != status.life) { /* a new disk; or it died as it began a life */
        mine = (struct edge_identity){.life = status.life};
        make_nonce(mine.nonce);
        identity_begin(&mine, 0, 0, nonce);
    } else {
        identity_begin(&mine, status.loaded_position, status.loaded_sequence, nonce);
    }
    meter_set_registered(role->edge.meters, mine.incarnation != 0);
    return put(role, &mine);
}

/* Is a life's identity in memory, and not over? */
static bool is_kept(const struct edge_role *role, uint64_t life)
{
    for (int i = 0; i < role->identity_count; i++) {
        if (role->identities[i].life == life) {
            return !role->identities[i].is_over;
        }
    }
    return false;
}

void lives_tell_over(struct store_loop *loop)
{
    for (uint64_t life = 1; life < lives_newest(loop)->life; life++) {
        if (!is_kept(loop->role, life)) {
            journal_file_settled(loop->role->journal, life, UINT64_MAX);
        }
    }
}

void lives_over(struct store_loop *loop, const struct edge_identity *old)
{
    struct edge_identity over = *old;
    over.is_over = true;
    save(loop, &over);
    journal_file_settled(loop->role->journal, over.life, UINT64_MAX);
}

/* ---- what is known of the ledger ---- */

void lives_expect(struct store_loop *loop)
{
    const struct edge_identity *mine = lives_newest(loop);
    struct store_known known = {.version = mine->version, .link.first = mine->link};
    memcpy(known.identity, mine->ledger, sizeof(known.identity));
    memcpy(known.timeline, mine->timeline, sizeof(known.timeline));
    memcpy(known.link.hash, mine->link_hash, sizeof(known.link.hash));
    store_expect(loop->store, &known);
}

static void keep_known(struct store_loop *loop)
{
    struct edge_identity mine = *lives_newest(loop);
    struct store_known known;
    store_known(loop->store, &known);
    bool is_new =
        strcmp(mine.ledger, known.identity) != 0 || strcmp(mine.timeline, known.timeline) != 0;
    bool has_moved = mine.version != known.version || mine.link != known.link.first;
    int64_t now_us = clock_mono_us();
    if (!is_new && (!has_moved || now_us < loop->saved_us + SAVE_EVERY_US)) {
        return;
    }
    loop->saved_us = now_us;
    mine.version = known.version;
    mine.link = known.link.first;
    memcpy(mine.ledger, known.identity, sizeof(mine.ledger));
    memcpy(mine.timeline, known.timeline, sizeof(mine.timeline));
    memcpy(mine.link_hash, known.link.hash, sizeof(mine.link_hash));
    save(loop, &mine);
}

bool lives_look(struct store_loop *loop)
{
    char identity[33];
    uint64_t version;
    uint32_t ticket;
    if (!store_may_ask(loop, &ticket)) {
        return false;
    }
    int64_t began_us = clock_mono_us();
    enum store_result result = store_identity(loop->store, identity, &version);
    if (store_asked(loop, ticket, began_us, result) != STORE_OK) {
        return false;
    }
    keep_known(loop);
    return true;
}

/* ---- fenced ---- */

static void tell_fenced(struct store_loop *loop, const struct edge_identity *dead)
{
    struct edge_role *role = loop->role;
    char text[600];
    struct buf json;
    buf_init(&json, text, sizeof(text));
    buf_char(&json, '{');
    buf_json_text(&json, "alarm", SLICE("this edge's incarnation was found dead"));
    buf_json_i64(&json, "incarnation", (int64_t)dead->incarnation);
    buf_json_text(&json, "why", slice_from_text(store_error(loop->store)));
    buf_json_i64(&json, "sequence", (int64_t)dead->sequence);
    buf_json_i64(&json, "settled_apart", (int64_t)(dead->is_cut ? dead->start_count : 0));
    buf_char(&json, '}');
    edge_event(role, "alarm", buf_done(&json));
}

/* Its open calls get a record of what they cost so far, and go on in the next. */
static void close_calls(struct edge_role *role)
{
    for (int i = 0; i < role->worker_count; i++) {
        struct command *command = command_new(COMMAND_CLOSE_INCARNATION);
        if (command != NULL) {
            (void)edge_command(role, i, command, STORE_PATIENCE_US);
            command_release(role, command);
        }
    }
}

/* What this process wrote after the ledger served another disk cannot be told apart by a start: it
 * is what was not settled. */
static void cut(struct edge_role *role, struct edge_identity *mine)
{
    if (mine->start_count == 0) {
        char nonce[33];
        make_nonce(nonce);
        identity_begin(mine, journal_file_status(role->journal).synced_position, mine->settled,
                       nonce);
    }
    identity_cut(mine);
    mine->parts[0].session = mine->session;
    mine->parts[0].settled = mine->settled;
}

/* It is dead: from here on nothing is spent on its leases or on grace, even where the next life
 * cannot begin yet. */
static void stop_spending(struct store_loop *loop)
{
    struct edge_role *role = loop->role;
    if (loop->is_stopped) {
        return;
    }
    loop->is_stopped = true;
    close_calls(role);
    meter_set_registered(role->edge.meters, false);
    meter_start_incarnation(role->edge.meters, clock_mono_us());
}

static void tell_full(struct store_loop *loop)
{
    if (loop->role->identity_count == IDENTITY_LIVES_MAX && !loop->is_full_told) {
        loop->is_full_told = true;
        edge_event(loop->role, "alarm",
                   SLICE("{\"alarm\":\"no money is spent here: too many dead incarnations of this "
                         "disk are not settled\"}"));
    }
}

static void begin_new_incarnation(struct store_loop *loop, bool is_copy)
{
    struct edge_role *role = loop->role;
    struct edge_identity mine = *lives_newest(loop);
    stop_spending(loop);
    if (!mine.is_cut && !loop->is_fence_told) {
        loop->is_fence_told = true;
        if (is_copy) {
            cut(role, &mine);
            save(loop, &mine);
        }
        tell_fenced(loop, &mine);
    }
    if (!begin_life(role, &mine)) {
        tell_full(loop);
        return; /* tried again at the next answer that says so */
    }
    meter_start_incarnation(role->edge.meters, clock_mono_us()); /* in the new life's journal */
    loop->session = 0;
    loop->is_stopped = loop->is_fence_told = loop->is_full_told = false;
}

void lives_refused(struct store_loop *loop, enum store_result result)
{
    if (result == STORE_FENCED || result == STORE_OLD_SESSION) {
        loop->session = 0; /* `open` says why */
    }
    if (result == STORE_FENCED) {
        stop_spending(loop);
    }
}

/* ---- numbers and sessions ---- */

static enum store_result enroll(struct store_loop *loop, const char *nonce, uint64_t *incarnation)
{
    uint32_t ticket;
    if (!store_may_ask(loop, &ticket)) {
        return STORE_UNKNOWN;
    }
    int64_t began_us = clock_mono_us();
    enum store_result result = ledger_register(loop->store, "edge", nonce, incarnation);
    return store_asked(loop, ticket, began_us, result);
}

/* True: it has a number. A nonce whose incarnation is dead has one, too: `open` says whether this
 * disk is the one that it died with. */
static bool has_number(struct store_loop *loop)
{
    struct edge_identity mine = *lives_newest(loop);
    if (mine.incarnation != 0) {
        return true;
    }
    enum store_result result = enroll(loop, mine.nonce, &mine.incarnation);
    if ((result != STORE_OK && result != STORE_FENCED) || mine.incarnation == 0) {
        return false;
    }
    if (result == STORE_FENCED) {
        stop_spending(loop);
    }
    save(loop, &mine);
    keep_known(loop);
    return true;
}

struct ledger_disk lives_disk(struct store_loop *loop)
{
    struct journal_file_status status = journal_file_status(loop->role->journal);
    struct ledger_disk disk = {.session = loop->session,
                               .position = status.synced_position,
                               .sequence = status.synced_sequence};
    memcpy(disk.nonce, lives_newest(loop)->nonce, sizeof(disk.nonce));
    return disk;
}

static void opened(struct store_loop *loop, const struct ledger_opened *answer)
{
    struct edge_role *role = loop->role;
    char error[JOURNAL_ERROR_SIZE];
    struct edge_identity mine = *lives_newest(loop);
    mine.session = answer->session;
    mine.settled = answer->high_water;
    identity_confirm(&mine, answer->session);
    save(loop, &mine);
    /* Before the session is used: a disk that did not know of it would pass for a copy. */
    if (!journal_file_sync(role->journal, error)) {
        return;
    }
    loop->session = answer->session;
    journal_file_settled(role->journal, mine.life, mine.settled);
    pthread_mutex_lock(&role->lock);
    role->view.incarnation = mine.incarnation;
    role->view.session = loop->session;
    role->view.high_water = mine.settled;
    pthread_mutex_unlock(&role->lock);
}

bool lives_open(struct store_loop *loop)
{
    struct edge_role *role = loop->role;
    struct ledger_opened answer = {0};
    uint32_t ticket;
    if (loop->session != 0) {
        return true;
    }
    if (lives_newest(loop)->is_cut) { /* no segment was ready for the next life */
        begin_new_incarnation(loop, true);
        return false;
    }
    if (!lives_look(loop) || !has_number(loop)) {
        return false;
    }
    if (!loop->is_stopped) {
        meter_set_registered(role->edge.meters, true);
    }
    if (!store_may_ask(loop, &ticket)) {
        return false;
    }
    struct edge_identity *mine = lives_newest(loop);
    struct journal_file_status status = journal_file_status(role->journal);
    struct ledger_disk disk = identity_disk(mine, status.synced_position, status.synced_sequence);
    int64_t began_us = clock_mono_us();
    enum store_result result = ledger_open_disk(loop->store, mine->incarnation, &disk, &answer);
    result = store_asked(loop, ticket, began_us, result);
    /* ABSENT: the ledger was put back to before it gave that number, and an operator said that this
     * is the ledger now. */
    if (result == STORE_FENCED || result == STORE_ABSENT ||
        (result == STORE_OK && loop->is_stopped)) {
        mine->session = answer.session;
        mine->settled = answer.high_water;
        begin_new_incarnation(loop, answer.is_copy);
        return false;
    }
    if (result != STORE_OK) {
        return false;
    }
    opened(loop, &answer);
    return loop->session != 0;
}

/* The ledger says no: it is not asked for again and again. What was written is still on the disk.
 */
static void refused(struct store_loop *loop, const struct edge_identity *old,
                    struct identity_part *part)
{
    char text[600];
    struct buf json;
    part->is_refused = true;
    buf_init(&json, text, sizeof(text));
    buf_char(&json, '{');
    buf_json_text(&json, "alarm", SLICE("usages of a dead incarnation cannot be settled"));
    buf_json_i64(&json, "incarnation", (int64_t)part->incarnation);
    buf_json_i64(&json, "life", (int64_t)old->life);
    buf_json_i64(&json, "from_usage", (int64_t)identity_part_next(part));
    buf_json_text(&json, "why", slice_from_text(store_error(loop->store)));
    buf_char(&json, '}');
    edge_event(loop->role, "alarm", buf_done(&json));
}

static bool is_silence(enum store_result result)
{
    return result == STORE_UNKNOWN || result == STORE_NEWER_SCHEMA;
}

/* True: it has one. */
static bool has_part_number(struct store_loop *loop, const struct edge_identity *old,
                            struct identity_part *part)
{
    if (part->incarnation != 0) {
        return true;
    }
    uint64_t incarnation = 0;
    enum store_result result = enroll(loop, part->nonce, &incarnation);
    if (result == STORE_EXISTS) {
        identity_part_join(part, old, incarnation);
    } else if (result == STORE_OK || result == STORE_FENCED) {
        part->incarnation = incarnation;
    } else if (!is_silence(result)) {
        refused(loop, old, part);
    }
    return part->incarnation != 0;
}

bool lives_open_part(struct store_loop *loop, const struct edge_identity *old,
                     struct identity_part *part)
{
    uint32_t ticket;
    ledger_tell(loop->store, NULL);
    if (part->session != 0) {
        return true;
    }
    if (part->is_refused || !has_part_number(loop, old, part) || !store_may_ask(loop, &ticket)) {
        return false;
    }
    int64_t began_us = clock_mono_us();
    /* It is nobody's: it only settles what is there. */
    enum store_result result = ledger_fence(loop->store, part->incarnation, "ledger", COPY_WHY);
    if (result == STORE_OK) {
        result = ledger_open(loop->store, part->incarnation, part->nonce, INT64_MAX, &part->session,
                             &part->settled);
    }
    result = store_asked(loop, ticket, began_us, result);
    if (part->session == 0 && !is_silence(result)) {
        refused(loop, old, part);
    }
    return part->session != 0;
}
