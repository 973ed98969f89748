#include "node/recover_inside.h"

#include "base/money.h"
#include "store/journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void recover_leave_usage(struct recovery *recovery, const struct kept *kept, const char *why)
{
    char text[512];
    char amount[MONEY_TEXT_SIZE];
    snprintf(text, sizeof(text),
             "charge of %s %.3s to account %" PRIu64 " (incarnation %" PRIu64 ", record %" PRIu64
             ", call %.80s): %s",
             money_text(amount, kept->usage.charge_micro), kept->usage.rate.currency,
             kept->usage.account_id, kept->incarnation, kept->usage.sequence, kept->usage.call_id,
             why);
    recover_leave(recovery, text);
}

static void keep(struct recovery *recovery, uint64_t incarnation, uint64_t sequence,
                 struct slice record)
{
    if (recovery->kept_count == recovery->kept_max) {
        size_t more = recovery->kept_max == 0 ? 4096 : recovery->kept_max * 2;
        struct kept *kept = realloc(recovery->kept, more * sizeof(*kept));
        if (kept == NULL) {
            recovery->is_memory_short = true;
            return;
        }
        recovery->kept = kept;
        recovery->kept_max = more;
    }
    struct kept *kept = &recovery->kept[recovery->kept_count];
    if (!usage_decode(record, &kept->usage)) {
        recovery->report->damaged++;
        return;
    }
    kept->incarnation = incarnation;
    kept->usage.sequence = sequence;
    recovery->kept_count++;
}

/* Those that are in the log still, settled or not, fill what the archive lacks. */
static void take_logged(void *ctx, uint64_t sequence, struct slice record)
{
    struct recovery *recovery = ctx;
    keep(recovery, recovery->incarnation, sequence, record);
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

/* Is the record in the ledger, by its CDR? UNKNOWN: the database did not say, or not all. */
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
    /* There may be more than were read, of a phone that gives all its calls one Call-ID. */
    return (struct tri){count == (int)ARRAY_COUNT(rows) ? TRI_UNKNOWN : TRI_ABSENT};
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
        recover_leave_usage(recovery, &kept, "the backup does not know its edge");
        return;
    case TRI_UNKNOWN:
        recover_leave_usage(recovery, &kept, "the database did not say whether it has it");
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
        keep(recovery, identity->incarnation, usage->sequence, usage->record);
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
        recover_leave_usage(taken->recovery, &kept,
                            "its number was used by another state of this disk");
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

bool recover_kept_read(struct recovery *recovery, const char *dir)
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
        return recover_stop(recovery, "the edge's settled records", why);
    }
    if (recovery->is_memory_short) { /* else the last ones would be missed without a word */
        return recover_stop(recovery, "the edge's records", "no memory for all of them");
    }
    recovery->report->damaged += damaged_size > 0;
    sort_kept(recovery);
    return true;
}

size_t recover_kept_first(const struct recovery *recovery, uint64_t incarnation)
{
    size_t at = 0;
    while (at < recovery->kept_count && recovery->kept[at].incarnation < incarnation) {
        at++;
    }
    return at;
}
