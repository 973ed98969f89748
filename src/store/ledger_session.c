/* ledger_session.c - incarnations: registered, opened with a session, fenced by a death verdict. */
#include "base/clock.h"
#include "store/ledger.h"

#include <stdio.h>
#include <string.h>

#define FENCE_CHUNK 200

enum store_result ledger_incarnation_load(struct store *store, uint64_t number,
                                          struct ledger_incarnation *out)
{
    static const char sql[] = "SELECT session, high_water, is_dead, session_used, disk_position,"
                              " disk_sequence, nonce FROM incarnation WHERE number = ?1";
    struct statement *statement = store_query(store, sql, "u", number);
    switch (store_step(store, statement)) {
    case ROW_FOUND:
        *out = (struct ledger_incarnation){
            .number = number,
            .session = column_u64(statement, 0),
            .high_water = column_u64(statement, 1),
            .is_dead = column_bool(statement, 2),
            .session_used = column_u64(statement, 3),
            .disk_position = column_u64(statement, 4),
            .disk_sequence = column_u64(statement, 5),
        };
        column_text(statement, 6, out->nonce, sizeof(out->nonce));
        statement_reset(statement);
        return STORE_OK;
    case ROW_NONE:
        return store_fail(store, STORE_ABSENT, "incarnation %llu was never registered here",
                          (unsigned long long)number);
    case ROW_FAILED:
        break;
    }
    return store->failed;
}

bool ledger_disk_save(struct store *store, const struct ledger_incarnation *incarnation)
{
    static const char sql[] = "UPDATE incarnation SET session_used = ?2, disk_position = ?3,"
                              " disk_sequence = ?4 WHERE number = ?1";
    const struct ledger_disk *disk = &store->disk;
    if (!store->has_disk || disk->position == 0) {
        return true;
    }
    bool is_further =
        disk->position > incarnation->disk_position || disk->session != incarnation->session_used;
    return !is_further || store_run(store, sql, "uuuu", incarnation->number, disk->session,
                                    disk->position, disk->sequence);
}

enum store_result ledger_session_check(struct store *store,
                                       const struct ledger_incarnation *incarnation,
                                       uint64_t session)
{
    if (store->has_disk && strcmp(incarnation->nonce, store->disk.nonce) != 0) {
        /* A ledger that gave the number anew was put back to before it gave it to us. */
        store_fail(store, STORE_UNKNOWN, "incarnation %llu has another nonce",
                   (unsigned long long)incarnation->number);
        (void)store_note_foreign(store);
        return STORE_UNKNOWN;
    }
    if (session < incarnation->session) {
        return store_fail(store, STORE_OLD_SESSION, "session %llu of incarnation %llu is newer",
                          (unsigned long long)incarnation->session,
                          (unsigned long long)incarnation->number);
    }
    if (session > incarnation->session) {
        /* A ledger that forgot a session was put back to an older state. */
        return store_fail(store, STORE_UNKNOWN, "session %llu was never given by this ledger",
                          (unsigned long long)session);
    }
    return STORE_OK;
}

static enum store_result find_start(struct store *store, const char *nonce, uint64_t *incarnation)
{
    static const char sql[] = "SELECT incarnation FROM disk_start WHERE nonce = ?1";
    struct statement *statement = store_query(store, sql, "t", nonce);
    switch (store_step(store, statement)) {
    case ROW_FOUND:
        *incarnation = column_u64(statement, 0);
        statement_reset(statement);
        return store_fail(store, STORE_EXISTS, "this nonce's start was let in as a part of %llu",
                          (unsigned long long)*incarnation);
    case ROW_NONE:
        return STORE_ABSENT;
    case ROW_FAILED:
        break;
    }
    return store->failed;
}

static bool let_in(struct store *store, uint64_t incarnation, const struct ledger_disk *disk)
{
    static const char sql[] = "INSERT INTO disk_start (nonce, incarnation) VALUES (?1, ?2)"
                              " ON CONFLICT (nonce) DO NOTHING";
    for (int i = 0; i < disk->start_count; i++) {
        if (!store_run(store, sql, "tu", disk->starts[i], incarnation)) {
            return false;
        }
    }
    return true;
}

static enum store_result find_nonce(struct store *store, const char *nonce, uint64_t *incarnation)
{
    static const char sql[] = "SELECT number, is_dead FROM incarnation WHERE nonce = ?1";
    struct statement *statement = store_query(store, sql, "t", nonce);
    switch (store_step(store, statement)) {
    case ROW_FOUND: {
        bool is_dead = column_bool(statement, 1);
        *incarnation = column_u64(statement, 0);
        statement_reset(statement);
        return is_dead ? store_fail(store, STORE_FENCED, "this nonce's incarnation is dead")
                       : STORE_OK;
    }
    case ROW_NONE:
        return find_start(store, nonce, incarnation);
    case ROW_FAILED:
        break;
    }
    return store->failed;
}

enum store_result ledger_register(struct store *store, const char *node, const char nonce[33],
                                  uint64_t *incarnation)
{
    static const char sql[] = "INSERT INTO incarnation (node, nonce, wall_registered_us)"
                              " VALUES (?1, ?2, ?3) RETURNING number";
    if (!store_begin(store, STORE_WRITE)) {
        return store_end(store, store->failed);
    }
    uint64_t number = 0;
    enum store_result result = strlen(nonce) == 32
                                   ? find_nonce(store, nonce, &number)
                                   : store_fail(store, STORE_REFUSED, "a nonce has 32 digits");
    if (result == STORE_ABSENT) {
        struct statement *statement = store_query(store, sql, "tti", node, nonce, clock_wall_us());
        bool is_done = store_step(store, statement) == ROW_FOUND;
        result = is_done ? STORE_OK : store->failed;
        number = is_done ? column_u64(statement, 0) : 0;
    }
    result = store_end(store, result);
    if (number != 0 && (result == STORE_OK || result == STORE_FENCED || result == STORE_EXISTS)) {
        *incarnation = number;
    }
    return result;
}

static bool mark_dead(struct store *store, uint64_t incarnation, const char *actor,
                      const char *reason)
{
    static const char sql[] = "UPDATE incarnation SET is_dead = 1, wall_fenced_us = ?2,"
                              " actor = ?3, reason = ?4 WHERE number = ?1 AND is_dead = 0";
    int64_t touched = 0;
    if (!store_run_now(store, &touched, sql, "uitt", incarnation, clock_wall_us(), actor, reason)) {
        return false;
    }
    return touched == 0 || change_note(store, actor, "incarnation", "declared dead", incarnation);
}

/* What a lease of a dead incarnation set aside is the customer's again. Uk falls to S: what the
 * edge may have used beyond is the verdict's amount, and is charged when its records come after
 * all, below zero if need be. */
static enum store_result release_lease(struct store *store, struct ledger_batch *batch,
                                       struct ledger_fold *fold, struct ledger_lease *lease,
                                       const char *actor, const char *reason)
{
    static const char sql[] = "UPDATE lease SET verdict = verdict + ?3, is_wanted = 0"
                              " WHERE id = (?1 << 40) + ?2";
    struct ledger_account account;
    enum store_result result = ledger_account_load(store, lease->account_id, &account);
    if (result != STORE_OK) {
        return result;
    }
    int64_t excess_micro = ledger_lease_excess(lease);
    int64_t left_micro = lease->granted_micro - lease->returned_micro - lease->settled_micro;
    int64_t verdict_micro = left_micro + excess_micro;
    lease->used_known_micro = lease->settled_micro;
    if (left_micro > 0) {
        int64_t book = 0;
        uint64_t number = 0;
        if (!ledger_fold_add(store, fold, "leased", account.currency, lease->incarnation,
                             -left_micro, &book)) {
            return store->failed;
        }
        struct ledger_transfer transfer = {
            .kind = "verdict",
            .debit = book,
            .credit = (int64_t)account.id,
            .amount_micro = left_micro,
            .account_id = account.id,
            .incarnation = lease->incarnation,
            .actor = actor,
            .reason = reason,
        };
        if (!ledger_batch_add(store, batch, &transfer, &account, &number)) {
            return store->failed;
        }
        lease->returned_micro += left_micro;
        account.book_micro += left_micro;
        account.leased_micro -= left_micro;
    }
    account.excess_micro += ledger_lease_excess(lease) - excess_micro;
    account.version++;
    bool is_done =
        ledger_lease_save(store, lease) && ledger_account_save(store, &account) &&
        store_run(store, sql, "uui", lease->incarnation, lease->account_id, verdict_micro);
    return is_done ? STORE_OK : store->failed;
}

static enum store_result list_unreleased(struct store *store, uint64_t incarnation,
                                         uint64_t accounts[FENCE_CHUNK], int *count)
{
    static const char sql[] =
        "SELECT account FROM lease WHERE id BETWEEN (?1 << 40) AND ((?1 + 1) << 40) - 1"
        " AND (granted - returned > settled OR used_known > settled) LIMIT ?2";
    struct statement *statement = store_query(store, sql, "ui", incarnation, (int64_t)FENCE_CHUNK);
    enum row_step step;
    int found = 0;
    while (found < FENCE_CHUNK && (step = store_step(store, statement)) != ROW_NONE) {
        if (step == ROW_FAILED) {
            return store->failed;
        }
        accounts[found] = column_u64(statement, 0);
        found++;
    }
    statement_reset(statement);
    *count = found;
    return STORE_OK;
}

/* A dead account's lease row cannot be: accounts with entries are never removed. */
static enum store_result release_chunk(struct store *store, uint64_t incarnation, const char *actor,
                                       const char *reason, int *count)
{
    uint64_t accounts[FENCE_CHUNK];
    *count = 0;
    enum store_result result = list_unreleased(store, incarnation, accounts, count);
    struct ledger_batch batch = {.chain = incarnation};
    struct ledger_fold fold = {0};
    for (int i = 0; i < *count && result == STORE_OK; i++) {
        struct ledger_lease lease;
        result = ledger_lease_load(store, incarnation, accounts[i], &lease)
                     ? release_lease(store, &batch, &fold, &lease, actor, reason)
                     : store->failed;
    }
    if (result == STORE_OK &&
        (!ledger_fold_save(store, &fold) || !ledger_batch_end(store, &batch))) {
        result = store->failed;
    }
    return result;
}

enum store_result ledger_fence(struct store *store, uint64_t incarnation, const char *actor,
                               const char *reason)
{
    if (actor == NULL || actor[0] == '\0' || reason == NULL || reason[0] == '\0') {
        return store_fail(store, STORE_REFUSED, "a death verdict names a person and a reason");
    }
    if (!store_begin(store, STORE_WRITE)) {
        return store_end(store, store->failed);
    }
    struct ledger_incarnation found;
    enum store_result result = ledger_incarnation_load(store, incarnation, &found);
    if (result == STORE_OK && !mark_dead(store, incarnation, actor, reason)) {
        result = store->failed;
    }
    result = store_end(store, result);
    /* Dead from here on; a release that was interrupted goes on at the next verdict. */
    int count = FENCE_CHUNK;
    while (result == STORE_OK && count == FENCE_CHUNK) {
        if (!store_begin(store, STORE_WRITE)) {
            return store_end(store, store->failed);
        }
        result = store_end(store, release_chunk(store, incarnation, actor, reason, &count));
    }
    return result;
}

static enum store_result check_nonce(struct store *store, uint64_t incarnation, const char *nonce)
{
    static const char sql[] = "SELECT nonce FROM incarnation WHERE number = ?1";
    char stored[33] = "";
    struct statement *statement = store_query(store, sql, "u", incarnation);
    switch (store_step(store, statement)) {
    case ROW_FOUND:
        column_text(statement, 0, stored, sizeof(stored));
        statement_reset(statement);
        return strcmp(stored, nonce) == 0
                   ? STORE_OK
                   : store_fail(store, STORE_FENCED, "incarnation %llu has another nonce",
                                (unsigned long long)incarnation);
    case ROW_NONE:
        return store_fail(store, STORE_ABSENT, "incarnation %llu was never registered here",
                          (unsigned long long)incarnation);
    case ROW_FAILED:
        break;
    }
    return store->failed;
}

/* The disk is not the one that spoke last, or not as far as that one was. */
static bool is_copy(const struct ledger_incarnation *found, const struct ledger_disk *disk)
{
    return found->session_used > disk->session ||
           (found->session_used == disk->session && found->disk_position > disk->position) ||
           found->high_water > disk->sequence;
}

static enum store_result open_session(struct store *store, const struct ledger_disk *disk,
                                      struct ledger_incarnation *found)
{
    static const char sql[] = "UPDATE incarnation SET session = session + 1 WHERE number = ?1";
    if (found->session < disk->session) {
        store_fail(store, STORE_UNKNOWN,
                   "session %llu of incarnation %llu is not known here: %s was put back",
                   (unsigned long long)disk->session, (unsigned long long)found->number,
                   store->name);
        (void)store_note_foreign(store);
        return STORE_UNKNOWN;
    }
    if (is_copy(found, disk)) {
        return STORE_OK; /* the session stays with who spoke last */
    }
    if (!store_run(store, sql, "u", found->number) || !let_in(store, found->number, disk)) {
        return store->failed;
    }
    found->session++;
    return STORE_OK;
}

/* In the words of an operator: what the ledger heard of that disk and the one here does not have.
 */
static void say_lost(const struct ledger_incarnation *found, const struct ledger_disk *disk,
                     char text[128])
{
    uint64_t from = (found->high_water > disk->sequence ? found->high_water : disk->sequence) + 1;
    if (found->disk_sequence >= from) {
        snprintf(text, 128,
                 "a copied or restored disk; usages %llu to %llu are lost with the other",
                 (unsigned long long)from, (unsigned long long)found->disk_sequence);
    } else {
        snprintf(text, 128, "a copied or restored disk: the ledger heard of what it does not hold");
    }
}

enum store_result ledger_open_disk(struct store *store, uint64_t incarnation,
                                   const struct ledger_disk *disk, struct ledger_opened *out)
{
    if (!store_begin(store, STORE_WRITE)) {
        return store_end(store, store->failed);
    }
    struct ledger_incarnation found = {0};
    enum store_result result = check_nonce(store, incarnation, disk->nonce);
    if (result == STORE_OK) {
        result = ledger_incarnation_load(store, incarnation, &found);
    }
    bool is_old = result == STORE_OK && is_copy(&found, disk);
    if (result == STORE_OK) {
        result = open_session(store, disk, &found);
    }
    result = store_end(store, result);
    if (result == STORE_OK && is_old) {
        char why[128];
        say_lost(&found, disk, why);
        result = ledger_fence(store, incarnation, "ledger", why);
    }
    if (result != STORE_OK) {
        return result;
    }
    *out = (struct ledger_opened){found.session, found.high_water, is_old};
    if (is_old) {
        return store_fail(store, STORE_FENCED, "this disk is a copy or an old state");
    }
    return found.is_dead ? store_fail(store, STORE_FENCED, "incarnation %llu is dead",
                                      (unsigned long long)incarnation)
                         : STORE_OK;
}

enum store_result ledger_open(struct store *store, uint64_t incarnation, const char nonce[33],
                              uint64_t last_sequence, uint64_t *session, uint64_t *high_water)
{
    struct ledger_disk disk = {.position = INT64_MAX, .sequence = last_sequence};
    struct ledger_opened opened = {0};
    struct ledger_incarnation found = {0};
    snprintf(disk.nonce, sizeof(disk.nonce), "%s", nonce);
    if (!store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    enum store_result result =
        store_end(store, ledger_incarnation_load(store, incarnation, &found));
    disk.session = found.session;
    if (result == STORE_OK) {
        result = ledger_open_disk(store, incarnation, &disk, &opened);
    }
    if (result == STORE_OK || (result == STORE_FENCED && opened.session != 0 && !opened.is_copy)) {
        *session = opened.session;
        *high_water = opened.high_water;
    }
    return result;
}
