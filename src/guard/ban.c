#include "guard/ban.h"

#include "base/hash.h"
#include "base/map.h"
#include "guard/suspect.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)
#define FILTER_SIZE 65536
#define LEVEL_MAX 30
#define CREDENTIALS_DOOR 10 /* guesses that a ban leaves to those who hold a nonce already */
#define USER_POINTS 2
#define USER_POINTS_MAX 100
#define MARKED_FACTOR 2

struct row {
    struct ban ban;
    bool is_used;
    bool is_in_force;
    int64_t until_us; /* monotonic */
    int64_t heard_us; /* last message that no door let in */
    int32_t door;     /* how many with a nonce may still try */
    struct limiter_rate known, emergency;
};

struct ban_table {
    struct ban_terms terms;
    uint64_t seed;
    struct suspects *suspects;
    pthread_mutex_t lock;   /* rows, index */
    struct map index;       /* hash of the source -> row */
    _Atomic uint32_t count; /* in force */
    uint32_t used;          /* rows ever used */
    struct row rows[BAN_ROWS_MAX];
    /* How many bans in force hash there: 0 answers without the lock. */
    _Atomic uint16_t filter[FILTER_SIZE];
};

struct ban_terms ban_terms_default(void)
{
    /* The first two weigh the same: when a ban begins must not tell which users there are. */
    return (struct ban_terms){.score_max = 100,
                              .weights = {[BAN_TRIED_USER] = 6,
                                          [BAN_TRIED_NOBODY] = 6,
                                          [BAN_WRONG] = 15,
                                          [BAN_PROBE] = 8,
                                          [BAN_PING] = 1},
                              .fall_us = 3 * SECOND_US,
                              .first_us = 60 * SECOND_US,
                              .last_us = 86400 * SECOND_US,
                              .forget_us = 86400 * SECOND_US,
                              .quiet_us = 30 * SECOND_US};
}

struct ban_table *ban_table_new(const struct ban_terms *terms, uint64_t seed)
{
    struct ban_table *table = calloc(1, sizeof(*table));
    if (table == NULL) {
        return NULL;
    }
    table->terms = *terms;
    table->seed = seed;
    pthread_mutex_init(&table->lock, NULL);
    table->suspects = suspects_new(seed, terms->fall_us);
    if (table->suspects == NULL || !map_init(&table->index, BAN_ROWS_MAX)) {
        ban_table_free(table);
        return NULL;
    }
    return table;
}

void ban_table_free(struct ban_table *table)
{
    if (table != NULL) {
        suspects_free(table->suspects);
        map_done(&table->index);
        pthread_mutex_destroy(&table->lock);
        free(table);
    }
}

/* ---- rows: under the lock ---- */

static uint64_t hash_of(const struct ban_table *table, const uint8_t source[16])
{
    return hash_bytes(table->seed, source, 16);
}

static struct row *find(struct ban_table *table, const uint8_t source[16])
{
    struct map_cursor cursor;
    uint64_t hash = hash_of(table, source);
    for (uint32_t i = map_first(&table->index, hash, &cursor); i != MAP_NONE;
         i = map_next(&table->index, &cursor)) {
        if (memcmp(table->rows[i].ban.source, source, 16) == 0) {
            return &table->rows[i];
        }
    }
    return NULL;
}

static void set_in_force(struct ban_table *table, struct row *row, bool is_in_force)
{
    if (row->is_in_force == is_in_force) {
        return;
    }
    row->is_in_force = is_in_force;
    _Atomic uint16_t *filter = &table->filter[hash_of(table, row->ban.source) % FILTER_SIZE];
    if (is_in_force) {
        atomic_fetch_add_explicit(filter, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&table->count, 1, memory_order_relaxed);
    } else {
        atomic_fetch_sub_explicit(filter, 1, memory_order_relaxed);
        atomic_fetch_sub_explicit(&table->count, 1, memory_order_relaxed);
    }
}

static void drop(struct ban_table *table, struct row *row)
{
    set_in_force(table, row, false);
    map_remove(&table->index, hash_of(table, row->ban.source), (uint32_t)(row - table->rows));
    row->is_used = false;
}

/* Of two that may go: what we found ourselves before what a person said, then what ends first. */
static bool goes_before(const struct row *row, const struct row *other)
{
    return row->ban.is_manual != other->ban.is_manual ? other->ban.is_manual
                                                      : row->until_us < other->until_us;
}

/* A free row, or that of a ban that goes. NULL: all are an operator's, and this is not. */
static struct row *room(struct ban_table *table, bool is_manual)
{
    if (table->used < BAN_ROWS_MAX) {
        return &table->rows[table->used++];
    }
    struct row *first = &table->rows[0];
    for (uint32_t i = 0; i < BAN_ROWS_MAX; i++) {
        struct row *row = &table->rows[i];
        if (!row->is_used) {
            return row;
        }
        first = goes_before(row, first) ? row : first;
    }
    if (first->ban.is_manual && !is_manual) {
        return NULL;
    }
    drop(table, first);
    return first;
}

static struct row *find_or_make(struct ban_table *table, const uint8_t source[16], bool is_manual)
{
    struct row *row = find(table, source);
    if (row != NULL) {
        return row;
    }
    row = room(table, is_manual);
    if (row == NULL) {
        return NULL;
    }
    memset(row, 0, sizeof(*row));
    row->is_used = true;
    memcpy(row->ban.source, source, sizeof(row->ban.source));
    bool is_added = map_add(&table->index, hash_of(table, source), (uint32_t)(row - table->rows));
    return is_added ? row : NULL; /* as many places as rows: there is one */
}

static bool is_in_force(const struct row *row, struct ban_now now)
{
    return row != NULL && row->is_in_force && now.mono_us < row->until_us;
}

static void begin(struct ban_table *table, struct row *row, int64_t for_us, struct ban_now now)
{
    bool was_in_force = is_in_force(row, now);
    row->until_us = now.mono_us + for_us;
    row->heard_us = now.mono_us;
    if (!was_in_force) { /* made longer, it leaves no more guesses */
        row->door = CREDENTIALS_DOOR;
    }
    row->ban.wall_since_us = now.wall_us;
    row->ban.wall_until_us = now.wall_us + for_us;
    set_in_force(table, row, true);
}

/* ---- evidence ---- */

static int64_t length_us(const struct ban_terms *terms, int level)
{
    int64_t for_us = terms->first_us;
    for (int i = 0; i < level && for_us < terms->last_us; i++) {
        for_us *= 2;
    }
    return for_us < terms->last_us ? for_us : terms->last_us;
}

static enum ban_verdict convict(struct ban_table *table, const uint8_t source[16], int32_t points,
                                enum ban_evidence evidence, struct ban_now now, struct ban *out)
{
    const struct ban_terms *terms = &table->terms;
    pthread_mutex_lock(&table->lock);
    struct row *row = find_or_make(table, source, false);
    bool was_in_force = is_in_force(row, now);
    /* While it is banned, what its doors let in counts on: as much again makes it longer. */
    bool is_enough = row != NULL && (!was_in_force || points >= 2 * terms->score_max);
    if (is_enough && (!was_in_force || !row->ban.is_manual)) {
        bool is_forgotten = row->until_us == 0 || now.mono_us - row->until_us > terms->forget_us;
        int level = is_forgotten                     ? 0
                    : row->ban.level < LEVEL_MAX - 1 ? row->ban.level + 1
                                                     : LEVEL_MAX;
        row->ban.level = (uint8_t)level;
        row->ban.is_manual = false;
        row->ban.actor[0] = '\0';
        snprintf(row->ban.reason, sizeof(row->ban.reason), "%s", ban_evidence_name(evidence));
        begin(table, row, length_us(terms, level), now);
        *out = row->ban;
    } else {
        is_enough = false;
    }
    pthread_mutex_unlock(&table->lock);
    if (!is_enough) {
        return BAN_NOTED;
    }
    suspect_set(table->suspects, source, terms->score_max, now.mono_us);
    return was_in_force ? BAN_PROLONGED : BAN_BEGUN;
}

enum ban_verdict ban_blame(struct ban_table *table, const uint8_t address[16],
                           enum ban_evidence evidence, uint32_t what, bool is_marked,
                           struct ban_now now, struct ban *out)
{
    uint8_t source[16];
    ban_source_of(address, source);
    int32_t weight = table->terms.weights[evidence] * (is_marked ? MARKED_FACTOR : 1);
    int32_t points = suspect_add(table->suspects, source, what, weight, now.mono_us);
    return points < table->terms.score_max ? BAN_NOTED
                                           : convict(table, source, points, evidence, now, out);
}

bool ban_praise(struct ban_table *table, const uint8_t address[16], uint32_t what,
                struct ban_now now, struct ban *out)
{
    uint8_t source[16];
    ban_source_of(address, source);
    int32_t points = suspect_take_back(table->suspects, source, what, now.mono_us);
    if (!ban_holds(table, address, now)) {
        return false;
    }
    pthread_mutex_lock(&table->lock);
    struct row *row = find(table, source);
    bool is_over = false;
    if (is_in_force(row, now)) {
        row->door = row->door + 2 < CREDENTIALS_DOOR ? row->door + 2 : CREDENTIALS_DOOR;
        is_over = points >= 0 && points <= table->terms.score_max / 2 && !row->ban.is_manual;
        if (is_over) { /* it was an office that booted, not a guesser */
            *out = row->ban;
            out->wall_until_us = 0;
            drop(table, row);
        }
    }
    pthread_mutex_unlock(&table->lock);
    return is_over;
}

bool ban_blame_user(struct ban_table *table, uint64_t user_hash, struct ban_now now)
{
    /* Among the sources, under a key that is no source: no address has such an end. */
    uint8_t key[16];
    memset(key, 0xff, sizeof(key));
    memcpy(key, &user_hash, sizeof(user_hash));
    uint32_t what = (uint32_t)now.mono_us ^ (uint32_t)user_hash;
    int32_t points = suspect_add(table->suspects, key, what, USER_POINTS, now.mono_us);
    if (points < USER_POINTS_MAX) {
        return false;
    }
    suspect_set(table->suspects, key, 0, now.mono_us);
    return true;
}

bool ban_may_answer_broken(struct ban_table *table, const uint8_t address[16], struct ban_now now)
{
    static const struct limiter_rate_terms terms = {.per_second = 10, .burst_count = 100};
    uint8_t source[16];
    ban_source_of(address, source);
    return suspect_may_answer(table->suspects, source, &terms, now.mono_us);
}

/* ---- asking ---- */

bool ban_holds(struct ban_table *table, const uint8_t address[16], struct ban_now now)
{
    if (atomic_load_explicit(&table->count, memory_order_relaxed) == 0) {
        return false;
    }
    uint8_t source[16];
    ban_source_of(address, source);
    const _Atomic uint16_t *filter = &table->filter[hash_of(table, source) % FILTER_SIZE];
    if (atomic_load_explicit(filter, memory_order_relaxed) == 0) {
        return false;
    }
    pthread_mutex_lock(&table->lock);
    bool holds = is_in_force(find(table, source), now);
    pthread_mutex_unlock(&table->lock);
    return holds;
}

static bool is_open(struct ban_table *table, struct row *row, enum ban_asks asks,
                    struct ban_now now)
{
    static const struct limiter_rate_terms known = {.per_second = 2, .burst_count = 60};
    static const struct limiter_rate_terms emergency = {.per_second = 10, .burst_count = 30};
    switch (asks) {
    case BAN_ASKS_CREDENTIALS:
        return row->door > 0 && row->door-- > 0;
    case BAN_ASKS_KNOWN:
        return limiter_rate_take(&row->known, &known, now.mono_us);
    case BAN_ASKS_EMERGENCY:
        return limiter_rate_take(&row->emergency, &emergency, now.mono_us);
    case BAN_ASKS_NOTHING:
        break;
    }
    bool was_quiet = now.mono_us - row->heard_us >= table->terms.quiet_us;
    row->heard_us = now.mono_us;
    return was_quiet;
}

bool ban_door(struct ban_table *table, const uint8_t address[16], enum ban_asks asks,
              struct ban_now now)
{
    uint8_t source[16];
    ban_source_of(address, source);
    pthread_mutex_lock(&table->lock);
    struct row *row = find(table, source);
    bool may = !is_in_force(row, now) || is_open(table, row, asks, now);
    if (!may) {
        row->ban.dropped_count++;
    }
    pthread_mutex_unlock(&table->lock);
    return may;
}

/* ---- operators, and the record ---- */

static void put(struct ban_table *table, const struct ban *ban, int64_t for_us, struct ban_now now,
                struct ban *out)
{
    pthread_mutex_lock(&table->lock);
    struct row *row = find_or_make(table, ban->source, ban->is_manual);
    if (row != NULL) {
        int64_t wall_since_us = ban->wall_since_us;
        uint64_t dropped_count = row->ban.dropped_count;
        row->ban = *ban;
        row->ban.dropped_count = dropped_count;
        begin(table, row, for_us, now);
        row->ban.wall_since_us = wall_since_us;
        if (for_us <= 0) { /* over: it counts when the next one's length is found */
            set_in_force(table, row, false);
        }
        *out = row->ban;
    }
    pthread_mutex_unlock(&table->lock);
}

void ban_put(struct ban_table *table, const uint8_t source[16], int64_t for_us, const char *reason,
             const char *actor, struct ban_now now, struct ban *out)
{
    struct ban ban = {.is_manual = true, .wall_since_us = now.wall_us};
    memcpy(ban.source, source, sizeof(ban.source));
    snprintf(ban.reason, sizeof(ban.reason), "%s", reason);
    snprintf(ban.actor, sizeof(ban.actor), "%s", actor);
    put(table, &ban, for_us, now, out);
}

bool ban_lift(struct ban_table *table, const uint8_t source[16], struct ban_now now,
              struct ban *out)
{
    pthread_mutex_lock(&table->lock);
    struct row *row = find(table, source);
    bool was_in_force = is_in_force(row, now);
    if (was_in_force) {
        *out = row->ban;
        out->wall_until_us = 0;
    }
    if (row != NULL) {
        drop(table, row);
    }
    pthread_mutex_unlock(&table->lock);
    suspect_set(table->suspects, source, 0, now.mono_us);
    return was_in_force;
}

int ban_list(struct ban_table *table, uint32_t *at, struct ban *out, int max, struct ban_now now)
{
    int count = 0;
    pthread_mutex_lock(&table->lock);
    uint32_t i = *at;
    for (; i < table->used && count < max; i++) {
        if (table->rows[i].is_used && is_in_force(&table->rows[i], now)) {
            out[count++] = table->rows[i].ban;
        }
    }
    *at = i < table->used ? i : UINT32_MAX;
    pthread_mutex_unlock(&table->lock);
    return count;
}

uint32_t ban_count(const struct ban_table *table)
{
    return atomic_load_explicit(&table->count, memory_order_relaxed);
}

bool ban_sweep(struct ban_table *table, struct ban_now now, struct ban *out)
{
    if (ban_count(table) == 0) {
        return false;
    }
    bool is_found = false;
    pthread_mutex_lock(&table->lock);
    for (uint32_t i = 0; i < table->used && !is_found; i++) {
        struct row *row = &table->rows[i];
        if (row->is_used && row->is_in_force && now.mono_us >= row->until_us) {
            set_in_force(table, row, false);
            *out = row->ban;
            is_found = true;
        }
    }
    pthread_mutex_unlock(&table->lock);
    return is_found;
}

void ban_replay(struct ban_table *table, const struct ban *ban, struct ban_now now)
{
    struct ban unused;
    if (ban->wall_until_us == 0) {
        (void)ban_lift(table, ban->source, now, &unused);
        return;
    }
    int64_t left_us = ban->wall_until_us - now.wall_us;
    int64_t longest_us = ban->is_manual ? INT64_MAX : table->terms.last_us;
    put(table, ban, left_us < longest_us ? left_us : longest_us, now, &unused);
}
