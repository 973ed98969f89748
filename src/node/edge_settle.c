/* edge_settle.c - usages of the journal go to the ledger, life by life, each counted once. */
#include "base/clock.h"
#include "base/drill.h"
#include "node/edge_store.h"

#include <string.h>

#define SETTLE_FEW 250 /* a database that is too slow for many gets this many */
/* A settlement is a transaction and three syncs, whatever it carries: usages that follow others
 * closely wait for more to come, unless many did. */
#define SETTLE_EVERY_US 200000
#define SETTLE_SOON 250

static void take_usage(void *ctx, uint64_t sequence, struct slice record)
{
    struct store_loop *loop = ctx;
    struct usage *usage = &loop->usages[loop->usage_count];
    if (sequence > loop->up_to || loop->usage_count == SETTLE_MAX || loop->unreadable != 0) {
        return;
    }
    if (!usage_decode(record, usage)) {
        loop->unreadable = sequence;
    } else {
        usage->sequence = sequence - loop->offset;
        loop->settled[loop->usage_count].sequence = usage->sequence;
        if (loop->copy.size_max - loop->copy.size >= record.size) {
            const char *at = loop->copy.data + loop->copy.size;
            buf_slice(&loop->copy, record);
            loop->settled[loop->usage_count].record = slice_make(at, record.size);
            loop->usage_count++;
        }
    }
}

static bool is_disk_low(struct edge_role *role)
{
    pthread_mutex_lock(&role->lock);
    bool is_low = role->view.is_disk_low;
    pthread_mutex_unlock(&role->lock);
    return is_low;
}

static void archive(struct store_loop *loop, uint64_t incarnation, uint64_t mark)
{
    char error[JOURNAL_ERROR_SIZE];
    int count = 0;
    while (count < loop->usage_count && loop->settled[count].sequence <= mark) {
        loop->settled[count].incarnation = incarnation;
        count++;
    }
    if (count > 0 && !is_disk_low(loop->role) &&
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

/* Written by a newer program, perhaps. It stays on the disk, and what is behind it, too. */
static void tell_unreadable(struct store_loop *loop, uint64_t life)
{
    char text[160];
    struct buf json;
    if (loop->unreadable == 0 || loop->is_unreadable_told) {
        return;
    }
    loop->is_unreadable_told = true;
    buf_init(&json, text, sizeof(text));
    buf_char(&json, '{');
    buf_json_text(&json, "alarm", SLICE("a usage cannot be read: nothing behind it is settled"));
    buf_json_i64(&json, "life", (int64_t)life);
    buf_json_i64(&json, "usage", (int64_t)loop->unreadable);
    buf_char(&json, '}');
    edge_event(loop->role, "alarm", buf_done(&json));
}

/* Reads what a part of a life has beyond the ledger's mark. */
static void read_usages(struct store_loop *loop, uint64_t life, const struct identity_part *part)
{
    loop->usage_count = 0;
    loop->unreadable = 0;
    loop->copy.size = 0;
    loop->copy.is_full = false;
    loop->offset = part->offset;
    loop->up_to = part->up_to;
    (void)journal_file_usages(loop->role->journal, life, identity_part_next(part),
                              loop->settle_count, take_usage, loop);
    tell_unreadable(loop, life);
}

/* Of what was read now. */
static bool is_all_settled(const struct store_loop *loop)
{
    return loop->usage_count == 0 && loop->unreadable == 0;
}

/* One batch, as that incarnation. OK: *part has the new mark. */
static enum store_result settle_batch(struct store_loop *loop, struct identity_part *part)
{
    uint32_t ticket;
    uint64_t mark = part->settled;
    if (!store_may_ask(loop, &ticket)) {
        return STORE_UNKNOWN;
    }
    drill_point("at/settle-begun");
    int64_t began_us = clock_mono_us();
    enum store_result result = ledger_settle(loop->store, part->incarnation, part->session,
                                             loop->usages, loop->usage_count, &mark);
    result = store_asked(loop, ticket, began_us, result);
    note_settled(loop, result);
    if (result == STORE_UNKNOWN && drill_is("wrong/retry-renumbered")) {
        renumber(loop);
    }
    drill_point("at/settle-answered");
    if (result == STORE_OK) {
        archive(loop, part->incarnation, mark);
        drill_point("at/settle-archived");
        part->settled = mark;
    }
    return result;
}

/* One batch of the life that goes on. True: there may be more. */
static bool settle_newest(struct store_loop *loop)
{
    struct edge_identity *mine = lives_newest(loop);
    struct identity_part whole = {.up_to = UINT64_MAX, .settled = mine->settled};
    read_usages(loop, mine->life, &whole);
    if (mine->is_cut || loop->usage_count == 0 || loop->is_foreign || !lives_open(loop)) {
        return false;
    }
    mine = lives_newest(loop);
    whole.incarnation = mine->incarnation;
    whole.session = loop->session;
    whole.settled = mine->settled; /* it may have been opened just now */
    struct ledger_disk disk = lives_disk(loop);
    ledger_tell(loop->store, &disk);
    uint64_t before = mine->settled;
    bool was_full = loop->usage_count == loop->settle_count;
    enum store_result result = settle_batch(loop, &whole);
    if (result != STORE_OK) {
        lives_refused(loop, result);
        return false;
    }
    mine->settled = whole.settled;
    journal_file_settled(loop->role->journal, mine->life, mine->settled);
    drill_point("at/settle-noted");
    return mine->settled > before && was_full;
}

/* One batch of a part of a life that is over. True: nothing of it is left. */
static bool settle_part(struct store_loop *loop, const struct edge_identity *old,
                        struct identity_part *part)
{
    read_usages(loop, old->life, part);
    if (is_all_settled(loop) || part->up_to == part->above) {
        return true;
    }
    if (loop->usage_count == 0 || part->is_refused || loop->is_foreign ||
        !lives_open_part(loop, old, part)) {
        return false;
    }
    read_usages(loop, old->life, part);
    if (loop->usage_count > 0 && settle_batch(loop, part) == STORE_OLD_SESSION) {
        part->session = 0; /* the other disk settles what is its own, too */
    }
    return is_all_settled(loop);
}

static void settle_old(struct store_loop *loop, struct edge_identity *old)
{
    char error[JOURNAL_ERROR_SIZE];
    if (!journal_file_sync(loop->role->journal, error)) {
        return; /* what is not synced is not read, and would be forgotten */
    }
    if (old->part_count == 0) { /* its usages are all one incarnation's */
        old->parts[0] = (struct identity_part){.up_to = UINT64_MAX,
                                               .incarnation = old->incarnation,
                                               .session = old->session,
                                               .settled = old->settled};
        memcpy(old->parts[0].nonce, old->nonce, sizeof(old->parts[0].nonce));
        old->part_count = 1;
    }
    int done = 0;
    for (int i = 0; i < old->part_count; i++) {
        done += settle_part(loop, old, &old->parts[i]);
    }
    if (done == old->part_count) {
        lives_over(loop, old);
    }
}

bool settle_usages(struct store_loop *loop)
{
    struct edge_role *role = loop->role;
    for (int i = 0; i < role->identity_count - 1; i++) {
        if (!role->identities[i].is_over) {
            settle_old(loop, &role->identities[i]);
        }
    }
    bool has_more = settle_newest(loop);
    struct journal_file_status status = journal_file_status(role->journal);
    pthread_mutex_lock(&role->lock);
    role->view.high_water = lives_newest(loop)->settled;
    role->view.unsettled = status.sequence - lives_newest(loop)->settled;
    pthread_mutex_unlock(&role->lock);
    return has_more;
}

bool settle_when_due(struct store_loop *loop)
{
    struct edge_role *role = loop->role;
    uint64_t settled_before = lives_newest(loop)->settled;
    uint64_t waiting = journal_file_status(role->journal).sequence - settled_before;
    if (clock_mono_us() < loop->settle_at_us && waiting < SETTLE_SOON) {
        return false;
    }
    bool has_more = settle_usages(loop);
    bool has_settled = lives_newest(loop)->settled != settled_before;
    loop->settle_at_us = has_settled ? clock_mono_us() + SETTLE_EVERY_US : 0;
    return has_more;
}
