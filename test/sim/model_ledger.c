#include "model_ledger.h"

#include <assert.h>
#include <string.h>

static int64_t max_i64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void model_copy(struct model_ledger *to, const struct model_ledger *from)
{
    size_t accounts = (size_t)from->account_count;
    to->identity = from->identity;
    to->version = from->version;
    to->timeline = from->timeline;
    to->branch = from->branch;
    to->branch_from = from->branch_from;
    to->mutation = from->mutation;
    to->account_count = from->account_count;
    to->has_applied_twice = from->has_applied_twice;
    memcpy(to->accounts, from->accounts, accounts * sizeof(to->accounts[0]));
    memcpy(to->committed_available_micro, from->committed_available_micro,
           accounts * sizeof(to->committed_available_micro[0]));
    for (int i = from->incarnation_count; i < to->incarnation_count; i++) {
        to->incarnations[i] = (struct model_incarnation){0};
        memset(to->leases[i], 0, sizeof(to->leases[i]));
        memset(to->applied[i], 0, (size_t)to->applied_top[i] / 8 + 1);
        to->applied_top[i] = 0;
    }
    for (int i = 0; i < from->incarnation_count; i++) {
        uint64_t top =
            to->applied_top[i] > from->applied_top[i] ? to->applied_top[i] : from->applied_top[i];
        to->incarnations[i] = from->incarnations[i];
        memcpy(to->leases[i], from->leases[i], accounts * sizeof(to->leases[i][0]));
        memcpy(to->applied[i], from->applied[i], (size_t)top / 8 + 1);
        to->applied_top[i] = from->applied_top[i];
    }
    to->incarnation_count = from->incarnation_count;
    memcpy(to->starts, from->starts, (size_t)from->start_count * sizeof(to->starts[0]));
    to->start_count = from->start_count;
}

static int64_t lease_outstanding(const struct model_lease *lease)
{
    int64_t set_aside_micro = lease->granted_micro - lease->returned_micro;
    return max_i64(set_aside_micro, lease->used_known_micro) - lease->settled_micro;
}

int64_t model_outstanding(const struct model_ledger *ledger, int account)
{
    int64_t sum_micro = 0;
    for (int i = 0; i < ledger->incarnation_count; i++) {
        sum_micro += lease_outstanding(&ledger->leases[i][account]);
    }
    return sum_micro;
}

int64_t model_available(const struct model_ledger *ledger, int account)
{
    const struct model_account *row = &ledger->accounts[account];
    return row->balance_micro + row->limit_micro - row->locked_micro -
           model_outstanding(ledger, account);
}

enum model_result model_register(struct model_ledger *ledger, uint64_t nonce, uint64_t *incarnation)
{
    for (int i = 0; i < ledger->incarnation_count; i++) {
        if (ledger->incarnations[i].nonce == nonce) {
            *incarnation = (uint64_t)i + 1;
            return ledger->incarnations[i].is_dead ? MODEL_FENCED : MODEL_OK;
        }
    }
    for (int i = 0; i < ledger->start_count; i++) {
        if (ledger->starts[i].nonce == nonce) {
            *incarnation = ledger->starts[i].incarnation;
            return MODEL_REFUSED;
        }
    }
    assert(ledger->incarnation_count < MODEL_INCARNATIONS);
    ledger->incarnations[ledger->incarnation_count].nonce = nonce;
    *incarnation = (uint64_t)++ledger->incarnation_count;
    return MODEL_OK;
}

static struct model_incarnation *find(struct model_ledger *ledger, uint64_t incarnation)
{
    if (incarnation == 0 || incarnation > (uint64_t)ledger->incarnation_count) {
        return NULL;
    }
    return &ledger->incarnations[incarnation - 1];
}

bool model_has_link(const struct model_ledger *ledger, uint64_t branch, uint64_t version)
{
    if (branch == ledger->branch) {
        return version <= ledger->version;
    }
    return branch == 1 && version <= ledger->branch_from;
}

bool model_is_copy(const struct model_ledger *ledger, uint64_t incarnation,
                   const struct model_disk *disk)
{
    const struct model_incarnation *row = &ledger->incarnations[incarnation - 1];
    if (ledger->mutation == SIM_OLD_DISK_SERVED) {
        return false;
    }
    bool is_behind = row->session_used > disk->session ||
                     (row->session_used == disk->session && row->disk_position > disk->position);
    if (ledger->mutation == SIM_DISK_UNMARKED) {
        is_behind = false;
    }
    return is_behind || row->high_water > disk->sequence;
}

enum model_result model_open(struct model_ledger *ledger, uint64_t incarnation,
                             const struct model_disk *disk, uint64_t *session, uint64_t *high_water)
{
    struct model_incarnation *row = find(ledger, incarnation);
    if (row == NULL) {
        return MODEL_UNKNOWN;
    }
    if (row->nonce != disk->nonce) {
        return MODEL_FENCED;
    }
    if (row->session < disk->session) {
        return MODEL_UNKNOWN; /* it was put back to before it gave that */
    }
    *high_water = row->high_water;
    if (model_is_copy(ledger, incarnation, disk)) {
        model_fence(ledger, incarnation);
        *session = row->session;
        return MODEL_FENCED;
    }
    for (int i = 0; i < disk->start_count; i++) {
        assert(ledger->start_count < MODEL_STARTS);
        ledger->starts[ledger->start_count].nonce = disk->starts[i];
        ledger->starts[ledger->start_count++].incarnation = incarnation;
    }
    *session = ++row->session;
    return row->is_dead ? MODEL_FENCED : MODEL_OK;
}

static enum model_result check_session(const struct model_ledger *ledger,
                                       const struct model_incarnation *row, uint64_t session,
                                       const struct model_disk *disk)
{
    if (row == NULL || row->nonce != disk->nonce || session > row->session) {
        return MODEL_UNKNOWN;
    }
    if (ledger->mutation == SIM_OLD_SESSION_SERVED) {
        return MODEL_OK;
    }
    return session < row->session ? MODEL_OLD_SESSION : MODEL_OK;
}

static void disk_save(struct model_incarnation *row, const struct model_disk *disk)
{
    if (disk->position > row->disk_position || disk->session != row->session_used) {
        row->session_used = disk->session;
        row->disk_position = disk->position;
        row->disk_sequence = disk->sequence;
    }
}

/* What a grant may take; deliberate faults see more than there is. */
static int64_t grantable(const struct model_ledger *ledger, int account)
{
    const struct model_account *row = &ledger->accounts[account];
    if (ledger->mutation == SIM_NOTHING_RESERVED) {
        return row->balance_micro + row->limit_micro;
    }
    if (ledger->mutation == SIM_READ_THEN_WRITE) {
        return ledger->committed_available_micro[account];
    }
    return model_available(ledger, account);
}

static void want_from_others(struct model_ledger *ledger, uint64_t incarnation, int account)
{
    for (int i = 0; i < ledger->incarnation_count; i++) {
        struct model_lease *lease = &ledger->leases[i][account];
        if ((uint64_t)i + 1 != incarnation && !ledger->incarnations[i].is_dead &&
            lease->granted_micro - lease->returned_micro > lease->used_known_micro) {
            lease->is_wanted = true;
        }
    }
}

static void lacks_less(struct model_ledger *ledger, int account)
{
    for (int i = 0; i < ledger->incarnation_count && model_available(ledger, account) >= 0; i++) {
        ledger->leases[i][account].is_wanted = false; /* who still lacks asks again */
    }
}

static void refill_one(struct model_ledger *ledger, uint64_t incarnation,
                       const struct lease_ask *ask, struct lease_answer *answer)
{
    int account = (int)ask->account_id - 1;
    struct model_account *row = &ledger->accounts[account];
    struct model_lease *lease = &ledger->leases[incarnation - 1][account];
    struct model_lease before = *lease;
    lease->used_known_micro = max_i64(lease->used_known_micro, ask->used_micro);
    int64_t returned_micro =
        ask->returned_micro < lease->granted_micro ? ask->returned_micro : lease->granted_micro;
    lease->returned_micro = max_i64(lease->returned_micro, returned_micro);
    int64_t room_micro = lease->granted_micro - lease->returned_micro - lease->used_known_micro;
    int64_t lacking_micro = ask->want_micro > 0 ? ask->want_micro - room_micro : 0;
    int64_t available_micro = grantable(ledger, account);
    int64_t grant_micro = lacking_micro < available_micro ? lacking_micro : available_micro;
    grant_micro = max_i64(grant_micro, 0);
    lease->granted_micro += grant_micro;
    if (lacking_micro > grant_micro) {
        want_from_others(ledger, incarnation, account);
    }
    bool is_lock_short = row->locked_micro > 0 && model_available(ledger, account) < 0;
    if ((lease->returned_micro > before.returned_micro && !is_lock_short) ||
        lease->granted_micro - lease->returned_micro <= lease->used_known_micro) {
        lease->is_wanted = false;
    }
    if (lease->granted_micro != before.granted_micro ||
        lease->returned_micro != before.returned_micro ||
        lease->used_known_micro != before.used_known_micro) {
        row->version++;
    }
    *answer = (struct lease_answer){
        .account_id = ask->account_id,
        .ask_number = ask->ask_number,
        .granted_micro = lease->granted_micro,
        .returned_micro = lease->returned_micro,
        .more = {model_available(ledger, account) > 0 ? TRI_PRESENT : TRI_ABSENT},
        .version = row->version,
        .is_wanted = lease->is_wanted,
        .is_locked = model_available(ledger, account) <= 0 &&
                     model_available(ledger, account) + row->locked_micro > 0,
    };
}

enum model_result model_refill(struct model_ledger *ledger, uint64_t incarnation, uint64_t session,
                               const struct model_disk *disk, const struct lease_ask *asks,
                               int count, struct lease_answer *answers)
{
    struct model_incarnation *row = find(ledger, incarnation);
    if (row != NULL && row->is_dead) {
        return MODEL_FENCED;
    }
    enum model_result result = check_session(ledger, row, session, disk);
    for (int i = 0; i < count && result == MODEL_OK; i++) {
        refill_one(ledger, incarnation, &asks[i], &answers[i]);
    }
    if (result == MODEL_OK && disk->position != 0) {
        disk_save(row, disk);
    }
    return result;
}

bool model_has_applied(const struct model_ledger *ledger, uint64_t incarnation, uint64_t sequence)
{
    return (ledger->applied[incarnation - 1][sequence / 8] >> sequence % 8 & 1) != 0;
}

static void apply(struct model_ledger *ledger, uint64_t incarnation,
                  const struct model_charge *charge)
{
    assert(charge->sequence < MODEL_SEQUENCES);
    if (model_has_applied(ledger, incarnation, charge->sequence)) {
        ledger->has_applied_twice = true;
    }
    ledger->applied[incarnation - 1][charge->sequence / 8] |= (uint8_t)(1U << charge->sequence % 8);
    if (charge->sequence > ledger->applied_top[incarnation - 1]) {
        ledger->applied_top[incarnation - 1] = charge->sequence;
    }
    struct model_account *row = &ledger->accounts[charge->account_id - 1];
    struct model_lease *lease = &ledger->leases[incarnation - 1][charge->account_id - 1];
    row->balance_micro -= charge->charge_micro;
    row->version++;
    lease->settled_micro += charge->charge_micro;
    int64_t used_micro = lease->settled_micro;
    if (!ledger->incarnations[incarnation - 1].is_dead) {
        used_micro = max_i64(used_micro, charge->ended_micro);
    }
    lease->used_known_micro = max_i64(lease->used_known_micro, used_micro);
}

enum model_result model_settle(struct model_ledger *ledger, uint64_t incarnation, uint64_t session,
                               const struct model_disk *disk, const struct model_charge *charges,
                               int count, uint64_t *high_water)
{
    struct model_incarnation *row = find(ledger, incarnation);
    enum model_result result = check_session(ledger, row, session, disk);
    if (result != MODEL_OK) {
        return result;
    }
    uint64_t before = row->high_water;
    for (int i = 0; i < count; i++) {
        if (row->is_dead && ledger->mutation == SIM_LATE_USAGE_DROPPED) {
            row->high_water = charges[i].sequence;
            continue;
        }
        if (ledger->mutation == SIM_NO_HIGH_WATER) {
            apply(ledger, incarnation, &charges[i]);
            row->high_water = charges[i].sequence;
            continue;
        }
        if (charges[i].sequence <= row->high_water) {
            continue;
        }
        if (charges[i].sequence != row->high_water + 1) {
            break; /* a gap */
        }
        apply(ledger, incarnation, &charges[i]);
        row->high_water = charges[i].sequence;
    }
    *high_water = row->high_water;
    if (disk->position != 0 && row->high_water != before) {
        disk_save(row, disk);
    }
    return MODEL_OK;
}

void model_fence(struct model_ledger *ledger, uint64_t incarnation)
{
    struct model_incarnation *row = find(ledger, incarnation);
    if (row == NULL || row->is_dead) {
        return;
    }
    row->is_dead = true;
    for (int i = 0; i < ledger->account_count; i++) {
        struct model_lease *lease = &ledger->leases[incarnation - 1][i];
        int64_t left_micro = lease->granted_micro - lease->returned_micro - lease->settled_micro;
        lease->returned_micro += max_i64(left_micro, 0);
        lease->used_known_micro = lease->settled_micro;
        lease->is_wanted = false;
        ledger->accounts[i].version++;
    }
}

void model_top_up(struct model_ledger *ledger, int account, int64_t amount_micro)
{
    ledger->accounts[account].balance_micro += amount_micro;
    ledger->accounts[account].version++;
    lacks_less(ledger, account);
}

bool model_move(struct model_ledger *ledger, int from, int to, int64_t amount_micro)
{
    if (model_available(ledger, from) < amount_micro) {
        return false;
    }
    ledger->accounts[from].balance_micro -= amount_micro;
    ledger->accounts[from].version++;
    model_top_up(ledger, to, amount_micro);
    lacks_less(ledger, from);
    return true;
}

void model_lock(struct model_ledger *ledger, int account, int64_t amount_micro)
{
    struct model_account *row = &ledger->accounts[account];
    row->locked_micro = amount_micro;
    row->version++;
    if (model_available(ledger, account) < 0) {
        want_from_others(ledger, 0, account);
        return;
    }
    lacks_less(ledger, account);
}

int model_wanted(const struct model_ledger *ledger, uint64_t incarnation, uint64_t *accounts,
                 int max)
{
    int count = 0;
    for (int i = 0; i < ledger->account_count && count < max; i++) {
        if (ledger->leases[incarnation - 1][i].is_wanted) {
            accounts[count++] = (uint64_t)i + 1;
        }
    }
    return count;
}
