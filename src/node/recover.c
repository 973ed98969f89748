#include "node/recover_inside.h"

#include "node/database.h"
#include "node/edge_store.h"
#include "store/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACTOR "recover"
#define WHY "a restored backup is older than what this edge settled"
#define PATIENCE_US 10000000
#define BATCH_MAX 1000 /* as many as the ledger settles at once */
#define LEFT_MAX 10000 /* texts about what is left; the rest is counted */
#define SEQUENCE_MAX (INT64_MAX)

bool recover_stop(struct recovery *recovery, const char *what, const char *why)
{
    snprintf(recovery->error, recovery->error_size, "%s: %s", what, why);
    return false;
}

void recover_leave(struct recovery *recovery, const char *text)
{
    if (json_array_size(recovery->report->left) == LEFT_MAX ||
        json_array_append_new(recovery->report->left, json_string(text)) != 0) {
        recovery->report->left_out++;
    }
}

/* ---- the lives of the disk ---- */

static bool note_identity(struct recovery *recovery, struct slice record)
{
    struct edge_identity identity;
    if (!store_identity_read(record, &identity)) {
        recovery->report->damaged++;
        return true;
    }
    return identities_note(recovery->identities, &recovery->identity_count, &identity);
}

static bool take_identity(void *ctx, const struct journal_entry *entry)
{
    return entry->kind != JOURNAL_IDENTITY || note_identity(ctx, entry->record);
}

static bool read_identities(struct recovery *recovery, const char *dir)
{
    char why[JOURNAL_ERROR_SIZE];
    struct journal_file_options options = {.dir = dir};
    recovery->log = journal_file_open(&options, why);
    return (recovery->log != NULL &&
            journal_file_replay(recovery->log, take_identity, recovery, why)) ||
           recover_stop(recovery, "the edge's log", why);
}

/* Is the database what the newest identity saw? Its numbers, its timeline, its newest link. */
static bool look_back(struct recovery *recovery)
{
    struct store_known seen, now;
    if (recovery->identity_count == 0) {
        return true;
    }
    const struct edge_identity *newest = &recovery->identities[recovery->identity_count - 1];
    store_known(recovery->store, &now);
    memcpy(recovery->timeline, newest->timeline, sizeof(recovery->timeline));
    bool is_told = newest->timeline[0] != '\0' && strcmp(newest->timeline, now.timeline) != 0;
    seen = now;
    seen.version = newest->version;
    seen.link.first = newest->link;
    memcpy(seen.link.hash, newest->link_hash, sizeof(seen.link.hash));
    recovery->has_gone_back = is_told || now.version < seen.version;
    if (seen.link.first == 0 || recovery->has_gone_back) {
        return true;
    }
    char ignored[33];
    uint64_t version;
    store_expect(recovery->store, &seen);
    bool is_as_seen = store_identity(recovery->store, ignored, &version) == STORE_OK;
    recovery->has_gone_back = !is_as_seen && store_is_foreign(recovery->store);
    store_expect(recovery->store, &now);
    return is_as_seen || recovery->has_gone_back ||
           recover_stop(recovery, "the database", store_error(recovery->store));
}

/* The backup is older than that incarnation, or its number was given to another since: by its
 * nonce it gets one anew, only to settle what is on its disk. */
static bool number_anew(struct recovery *recovery, struct edge_identity *identity)
{
    struct store *store = recovery->store;
    uint64_t number = 0;
    enum store_result result = ledger_register(store, "edge", identity->nonce, &number);
    if (result != STORE_OK && result != STORE_FENCED) {
        return result != STORE_UNKNOWN ||
               recover_stop(recovery, "the ledger", store_error(store)); /* no such nonce can be */
    }
    recovery->report->fenced += result == STORE_OK;
    result = ledger_fence(store, number, ACTOR, WHY);
    if (result == STORE_OK) {
        result = ledger_open(store, number, identity->nonce, SEQUENCE_MAX, &identity->session,
                             &identity->settled);
    }
    identity->incarnation = number;
    /* A dead one is FENCED, and has a session to settle in nevertheless. */
    bool is_open = (result == STORE_OK || result == STORE_FENCED) && identity->session != 0;
    return is_open || recover_stop(recovery, "the ledger", store_error(store));
}

/* The ledger's mark of each life, and a session to settle in. */
static bool open_lives(struct recovery *recovery)
{
    for (int i = 0; i < recovery->identity_count; i++) {
        struct edge_identity *identity = &recovery->identities[i];
        identity->session = identity->settled = 0;
        recovery->numbers[i] = identity->incarnation;
        if (identity->incarnation == 0 || identity->is_cut) {
            continue; /* it never had to do with a ledger; or its parts settle by themselves */
        }
        enum store_result result =
            ledger_open(recovery->store, identity->incarnation, identity->nonce, SEQUENCE_MAX,
                        &identity->session, &identity->settled);
        if (result != STORE_OK && result != STORE_ABSENT && result != STORE_FENCED) {
            return recover_stop(recovery, "the ledger", store_error(recovery->store));
        }
        recovery->is_dead[i] = result != STORE_OK;
        if (identity->session == 0 && !number_anew(recovery, identity)) {
            return false;
        }
    }
    return true;
}

/* ---- charges ---- */

static bool settle_batch(struct recovery *recovery, const struct edge_identity *identity,
                         const struct usage *usages, int count, uint64_t *mark)
{
    uint64_t before = *mark;
    enum store_result result = ledger_settle(recovery->store, identity->incarnation,
                                             identity->session, usages, count, mark);
    if (result != STORE_OK) {
        return recover_stop(recovery, "charges", store_error(recovery->store));
    }
    recovery->report->charges_put += *mark - before;
    return true;
}

/* From the ledger's mark on, without a gap; behind a gap nothing can be settled. */
static bool settle_kept(struct recovery *recovery, const struct edge_identity *identity,
                        uint64_t mark)
{
    struct usage *usages = calloc(BATCH_MAX, sizeof(*usages));
    bool is_good = usages != NULL;
    int count = 0;
    uint64_t next = mark + 1;
    for (size_t i = recover_kept_first(recovery, identity->incarnation);
         is_good && i < recovery->kept_count &&
         recovery->kept[i].incarnation == identity->incarnation;
         i++) {
        const struct kept *kept = &recovery->kept[i];
        if (kept->usage.sequence > next) {
            recover_leave_usage(recovery, kept, "records before it are missing");
        } else if (kept->usage.sequence == next) {
            usages[count++] = kept->usage;
            next++;
        }
        if (count == BATCH_MAX) {
            is_good = settle_batch(recovery, identity, usages, count, &mark);
            count = 0;
        }
    }
    is_good = is_good && (count == 0 || settle_batch(recovery, identity, usages, count, &mark));
    free(usages);
    return is_good;
}

/* Leases of before are not those that the restored ledger knows: its money is free again, and the
 * edge asks for new ones under a new incarnation. */
static bool fence(struct recovery *recovery, const struct edge_identity *identity)
{
    if (ledger_fence(recovery->store, identity->incarnation, ACTOR, WHY) != STORE_OK) {
        return recover_stop(recovery, "leases", store_error(recovery->store));
    }
    recovery->report->fenced++;
    return true;
}

static bool recover_life(struct recovery *recovery, int life)
{
    const struct edge_identity *identity = &recovery->identities[life];
    uint64_t before = recovery->report->charges_put;
    if (identity->session == 0) {
        return true;
    }
    if (!settle_kept(recovery, identity, identity->settled)) {
        return false;
    }
    bool has_missed = recovery->report->charges_put > before;
    recovery->has_gone_back |= has_missed;
    return recovery->is_dead[life] || !recovery->has_gone_back || fence(recovery, identity);
}

/* A database that was put back by other means than `dialtone restore` has the timeline that others
 * know: they are to look, too. */
static bool accept_timeline(struct recovery *recovery)
{
    struct store_known known;
    store_known(recovery->store, &known);
    bool is_told = strcmp(known.timeline, recovery->timeline) != 0;
    if (!recovery->has_gone_back || (is_told && recovery->timeline[0] != '\0')) {
        return true;
    }
    return store_renew_timeline(recovery->store) == STORE_OK ||
           recover_stop(recovery, "the database", store_error(recovery->store));
}

/* The edge refuses a database that is not as it saw it: this says that it was looked at. */
static bool accept_ledger(struct recovery *recovery)
{
    char why[JOURNAL_ERROR_SIZE];
    struct edge_role writer;
    struct store_known known;
    memset(&writer, 0, sizeof(writer));
    writer.edge.journal = journal_file_as_journal(recovery->log);
    store_known(recovery->store, &known);
    for (int i = 0; i < recovery->identity_count; i++) {
        struct edge_identity *identity = &recovery->identities[i];
        identity->version = known.version;
        identity->link = known.link.first;
        memcpy(identity->link_hash, known.link.hash, sizeof(identity->link_hash));
        memcpy(identity->ledger, known.identity, sizeof(identity->ledger));
        memcpy(identity->timeline, known.timeline, sizeof(identity->timeline));
        if (identity->session != 0) { /* all that it has was settled as its own */
            identity_confirm(identity, identity->session);
        }
        store_identity_append(&writer, identity);
    }
    return journal_file_sync(recovery->log, why) || recover_stop(recovery, "the edge's log", why);
}

static bool recover_charges(struct recovery *recovery)
{
    for (int i = 0; i < recovery->identity_count; i++) {
        if (!recover_life(recovery, i)) {
            return false;
        }
    }
    return true;
}

/* ---- all of it ---- */

static bool open_store(struct recovery *recovery, const char *dir)
{
    char ignored[33];
    uint64_t version;
    struct store_options options = {.dir = dir, .deadline_us = PATIENCE_US, .takes_timeline = true};
    char why[512] = "";
    recovery->store = database_new(&options, why, sizeof(why));
    if (recovery->store == NULL || store_identity(recovery->store, ignored, &version) != STORE_OK) {
        return recover_stop(recovery, "the database",
                            recovery->store == NULL ? why : store_error(recovery->store));
    }
    return true;
}

bool recover_ledger(const char *dir, struct recover_report *report, char *error, size_t error_size)
{
    struct recovery *recovery = calloc(1, sizeof(*recovery));
    memset(report, 0, sizeof(*report));
    report->left = json_array();
    error[0] = '\0';
    if (recovery == NULL) {
        snprintf(error, error_size, "no memory");
        return false;
    }
    recovery->report = report;
    recovery->error = error;
    recovery->error_size = error_size;
    bool is_done = open_store(recovery, dir) && read_identities(recovery, dir) &&
                   look_back(recovery) && open_lives(recovery) &&
                   recover_kept_read(recovery, dir) && recover_requests_put(recovery, dir, true) &&
                   recover_charges(recovery) && recover_requests_put(recovery, dir, false) &&
                   accept_timeline(recovery) && accept_ledger(recovery);
    journal_file_close(recovery->log);
    store_free(recovery->store);
    free(recovery->kept);
    free(recovery);
    return is_done;
}
