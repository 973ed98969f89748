#include "node/recover.h"

#include "api/money_journal.h"
#include "base/money.h"
#include "node/database.h"
#include "node/edge_store.h"
#include "store/journal.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ACTOR "recover"
#define WHY "a restored backup is older than what this edge settled"
#define PATIENCE_US 10000000
#define BATCH_MAX 1000 /* as many as the ledger settles at once */
#define LEFT_MAX 10000 /* texts about what is left; the rest is counted */
#define SEQUENCE_MAX (INT64_MAX)

struct kept { /* a usage on the edge's disk */
    uint64_t incarnation;
    struct usage usage;
};

struct recovery {
    struct store *store;
    struct recover_report *report;
    char *error;
    size_t error_size;
    struct journal_file *log;
    int identity_count;
    struct edge_identity identities[IDENTITY_LIVES_MAX];
    uint64_t numbers[IDENTITY_LIVES_MAX]; /* that they had, in the archive, too */
    bool is_dead[IDENTITY_LIVES_MAX];     /* by a verdict, or not known to the ledger */
    bool has_gone_back;                   /* the database, from what this disk knows of it */
    uint64_t incarnation;                 /* whose usages the log is read for */
    struct kept *kept;
    size_t kept_count, kept_max;
    bool is_giving;    /* the money requests that add money are on */
    char timeline[33]; /* that this disk knows */
};

static bool stop_because(struct recovery *recovery, const char *what, const char *why)
{
    snprintf(recovery->error, recovery->error_size, "%s: %s", what, why);
    return false;
}

static void leave(struct recovery *recovery, const char *text)
{
    if (json_array_size(recovery->report->left) < LEFT_MAX) {
        json_array_append_new(recovery->report->left, json_string(text));
    }
}

static void leave_usage(struct recovery *recovery, const struct kept *kept, const char *why)
{
    char text[512];
    char amount[MONEY_TEXT_SIZE];
    snprintf(text, sizeof(text),
             "charge of %s %.3s to account %" PRIu64 " (incarnation %" PRIu64 ", record %" PRIu64
             ", call %.80s): %s",
             money_text(amount, kept->usage.charge_micro), kept->usage.rate.currency,
             kept->usage.account_id, kept->incarnation, kept->usage.sequence, kept->usage.call_id,
             why);
    leave(recovery, text);
}

/* ---- what the edge kept ---- */

static bool keep(struct recovery *recovery, uint64_t incarnation, uint64_t sequence,
                 struct slice record)
{
    if (recovery->kept_count == recovery->kept_max) {
        size_t more = recovery->kept_max == 0 ? 4096 : recovery->kept_max * 2;
        struct kept *kept = realloc(recovery->kept, more * sizeof(*kept));
        if (kept == NULL) {
            return false;
        }
        recovery->kept = kept;
        recovery->kept_max = more;
    }
    struct kept *kept = &recovery->kept[recovery->kept_count];
    if (!usage_decode(record, &kept->usage)) {
        recovery->report->damaged++;
        return true;
    }
    kept->incarnation = incarnation;
    kept->usage.sequence = sequence;
    recovery->kept_count++;
    return true;
}

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

/* Those that are in the log still, settled or not, fill what the archive lacks. */
static void take_logged(void *ctx, uint64_t sequence, struct slice record)
{
    struct recovery *recovery = ctx;
    (void)keep(recovery, recovery->incarnation, sequence, record);
}

static const struct edge_identity *find_identity(const struct recovery *recovery,
                                                 uint64_t incarnation)
{
    for (int i = 0; i < recovery->identity_count; i++) {
        if (recovery->numbers[i] == incarnation) {
            return &recovery->identities[i];
        }
    }
    return NULL;
}

/* An incarnation that was numbered anew has its records under its new number. */
static bool is_same_usage(const struct cdr_row *row, uint64_t incarnation,
                          const struct usage *usage)
{
    bool is_same_call =
        row->usage.call_key == usage->call_key && row->usage.charge_micro == usage->charge_micro;
    return row->usage.sequence == usage->sequence &&
           (row->incarnation == incarnation || is_same_call);
}

/* Is the record in the ledger, by its CDR? UNKNOWN: the database did not say. */
static struct tri find_cdr(struct recovery *recovery, uint64_t incarnation,
                           const struct usage *usage)
{
    static struct cdr_row rows[16];
    int count = 0;
    struct cdr_filter filter = {.account_id = usage->account_id};
    snprintf(filter.call_id, sizeof(filter.call_id), "%s", usage->call_id);
    if (cdr_page(recovery->store, &filter, rows, (int)ARRAY_COUNT(rows), &count) != STORE_OK) {
        return (struct tri){TRI_UNKNOWN};
    }
    for (int i = 0; i < count; i++) {
        if (is_same_usage(&rows[i], incarnation, usage)) {
            return (struct tri){TRI_PRESENT};
        }
    }
    return (struct tri){TRI_ABSENT};
}

/* Of an incarnation that only the archive knows, or that the backup does not. */
static void check_stranger(struct recovery *recovery, const struct journal_settled *settled)
{
    struct kept kept = {.incarnation = settled->incarnation};
    if (!usage_decode(settled->record, &kept.usage)) {
        recovery->report->damaged++;
        return;
    }
    kept.usage.sequence = settled->sequence;
    if (kept.usage.charge_micro == 0) {
        return;
    }
    switch (find_cdr(recovery, kept.incarnation, &kept.usage).is) {
    case TRI_PRESENT:
        return;
    case TRI_ABSENT:
        leave_usage(recovery, &kept, "the backup does not know its edge");
        return;
    case TRI_UNKNOWN:
        leave_usage(recovery, &kept, "the database did not say whether it has it");
        return;
    }
}

static void take_archived(void *ctx, const struct journal_settled *usage)
{
    struct recovery *recovery = ctx;
    const struct edge_identity *identity = find_identity(recovery, usage->incarnation);
    if (identity == NULL || identity->session == 0) {
        check_stranger(recovery, usage);
    } else if (usage->sequence > identity->settled) {
        (void)keep(recovery, identity->incarnation, usage->sequence, usage->record);
    }
}

static int compare_kept(const void *a, const void *b)
{
    const struct kept *left = a;
    const struct kept *right = b;
    if (left->incarnation != right->incarnation) {
        return left->incarnation < right->incarnation ? -1 : 1;
    }
    return left->usage.sequence < right->usage.sequence
               ? -1
               : left->usage.sequence > right->usage.sequence;
}

/* Sorted, each once. */
static void sort_kept(struct recovery *recovery)
{
    size_t count = 0;
    if (recovery->kept_count == 0) {
        return;
    }
    qsort(recovery->kept, recovery->kept_count, sizeof(recovery->kept[0]), compare_kept);
    for (size_t i = 0; i < recovery->kept_count; i++) {
        if (count == 0 || compare_kept(&recovery->kept[i], &recovery->kept[count - 1]) != 0) {
            recovery->kept[count++] = recovery->kept[i];
        }
    }
    recovery->kept_count = count;
}

static bool read_identities(struct recovery *recovery, const char *dir)
{
    char why[JOURNAL_ERROR_SIZE];
    struct journal_file_options options = {.dir = dir};
    recovery->log = journal_file_open(&options, why);
    return (recovery->log != NULL &&
            journal_file_replay(recovery->log, take_identity, recovery, why)) ||
           stop_because(recovery, "the edge's log", why);
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
           stop_because(recovery, "the database", store_error(recovery->store));
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
               stop_because(recovery, "the ledger", store_error(store)); /* no such nonce can be */
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
    return is_open || stop_because(recovery, "the ledger", store_error(store));
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
            return stop_because(recovery, "the ledger", store_error(recovery->store));
        }
        recovery->is_dead[i] = result != STORE_OK;
        if (identity->session == 0 && !number_anew(recovery, identity)) {
            return false;
        }
    }
    return true;
}

struct taken {
    struct recovery *recovery;
    uint64_t up_to;
};

static void leave_taken(void *ctx, uint64_t sequence, struct slice record)
{
    struct taken *taken = ctx;
    struct kept kept = {.incarnation = taken->recovery->incarnation};
    if (sequence <= taken->up_to && usage_decode(record, &kept.usage) &&
        kept.usage.charge_micro != 0) {
        kept.usage.sequence = sequence;
        leave_usage(taken->recovery, &kept, "its number was used by another state of this disk");
    }
}

/* A disk that was put back as well, and went on: what it numbered is not what the ledger has under
 * these numbers. */
static void name_taken(struct recovery *recovery, const struct edge_identity *identity)
{
    struct taken taken = {recovery, identity->settled};
    if (identity->start_count > 0 && identity->settled > identity->sequence) {
        (void)journal_file_usages(recovery->log, identity->life, identity->sequence + 1, INT32_MAX,
                                  leave_taken, &taken);
    }
}

static bool read_usages(struct recovery *recovery, const char *dir)
{
    char why[JOURNAL_ERROR_SIZE];
    uint64_t damaged_size = 0;
    for (int i = 0; i < recovery->identity_count; i++) {
        const struct edge_identity *identity = &recovery->identities[i];
        recovery->incarnation = identity->incarnation;
        if (identity->session != 0) {
            name_taken(recovery, identity);
            (void)journal_file_usages(recovery->log, identity->life, identity->settled + 1,
                                      INT32_MAX, take_logged, recovery);
        }
    }
    if (!journal_archive_read(dir, take_archived, recovery, &damaged_size, why)) {
        return stop_because(recovery, "the edge's settled records", why);
    }
    recovery->report->damaged += damaged_size > 0;
    sort_kept(recovery);
    return true;
}

/* ---- charges ---- */

static size_t first_of(const struct recovery *recovery, uint64_t incarnation)
{
    size_t at = 0;
    while (at < recovery->kept_count && recovery->kept[at].incarnation < incarnation) {
        at++;
    }
    return at;
}

static bool settle_batch(struct recovery *recovery, const struct edge_identity *identity,
                         const struct usage *usages, int count, uint64_t *mark)
{
    uint64_t before = *mark;
    enum store_result result = ledger_settle(recovery->store, identity->incarnation,
                                             identity->session, usages, count, mark);
    if (result != STORE_OK) {
        return stop_because(recovery, "charges", store_error(recovery->store));
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
    for (size_t i = first_of(recovery, identity->incarnation);
         is_good && i < recovery->kept_count &&
         recovery->kept[i].incarnation == identity->incarnation;
         i++) {
        const struct kept *kept = &recovery->kept[i];
        if (kept->usage.sequence > next) {
            leave_usage(recovery, kept, "records before it are missing");
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
        return stop_because(recovery, "leases", store_error(recovery->store));
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
           stop_because(recovery, "the database", store_error(recovery->store));
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
    return journal_file_sync(recovery->log, why) || stop_because(recovery, "the edge's log", why);
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

/* ---- money requests ---- */

static void leave_request(struct recovery *recovery, const struct money_request *request,
                          const char *why)
{
    char text[512];
    char amount[MONEY_TEXT_SIZE];
    snprintf(text, sizeof(text), "%s of %s to account %" PRIu64 " by %s (key %s): %s",
             request->kind, money_text(amount, request->amount_micro), request->account_id,
             request->actor, request->key, why);
    leave(recovery, text);
}

/* Entries have other numbers after a recovery, so a refund is not made again by itself: asked with
 * an entry that cannot be, the ledger only says whether it knows the key. */
static bool put_request(void *ctx, const struct money_request *request, int64_t wall_us)
{
    struct recovery *recovery = ctx;
    struct money_request asked = *request;
    struct money_answer answer = {0};
    bool is_refund = strcmp(request->kind, "refund") == 0;
    bool is_gift = strcmp(request->kind, "topup") == 0 || strcmp(request->kind, "bonus") == 0;
    (void)wall_us;
    if (is_gift != recovery->is_giving) {
        return true;
    }
    if (is_refund) {
        asked.linked_transfer = INT64_MAX;
    }
    enum store_result result = ledger_money(recovery->store, &asked, &answer);
    switch (result) {
    case STORE_OK:
        recovery->report->requests_known += answer.is_repeat;
        recovery->report->requests_put += !answer.is_repeat;
        return true;
    case STORE_ABSENT:
    case STORE_EXISTS:
    case STORE_CONFLICT:
    case STORE_REFUSED:
        leave_request(recovery, request,
                      is_refund ? "refund the charge again, by its new number"
                                : store_error(recovery->store));
        return true;
    case STORE_UNKNOWN:
    case STORE_FENCED:
    case STORE_OLD_SESSION:
    case STORE_NEWER_SCHEMA:
        break;
    }
    return stop_because(recovery, "money requests", store_error(recovery->store));
}

/* Charges come between those that add money and the others: calls used credit that expires, and
 * only with the leases of before gone is all available that can be taken. */
static bool recover_requests(struct recovery *recovery, const char *dir, bool is_giving)
{
    char why[MONEY_JOURNAL_ERROR_SIZE];
    uint64_t damaged = 0;
    recovery->is_giving = is_giving;
    if (!money_journal_read(dir, put_request, recovery, &damaged, why)) {
        return stop_because(recovery, "the journal of money requests", why);
    }
    recovery->report->damaged += is_giving ? damaged : 0; /* both times the same lines */
    return recovery->error[0] == '\0';
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
        return stop_because(recovery, "the database",
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
                   look_back(recovery) && open_lives(recovery) && read_usages(recovery, dir) &&
                   recover_requests(recovery, dir, true) && recover_charges(recovery) &&
                   recover_requests(recovery, dir, false) && accept_timeline(recovery) &&
                   accept_ledger(recovery);
    journal_file_close(recovery->log);
    store_free(recovery->store);
    free(recovery->kept);
    free(recovery);
    return is_done;
}
