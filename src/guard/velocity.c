#include "guard/velocity.h"

#include "base/money.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)
#define SECONDS 10
#define WAYS 8
#define USUAL_PARTS 600 /* the usual follows by a 600th each second */
#define SUDDEN_TIMES 3

struct second {
    int32_t call_count, hot_count, refused_count;
    int64_t money_micro;
};

struct prefix {
    char digits[VELOCITY_PREFIX_SIZE];
    int32_t call_count; /* halved every ten seconds */
};

struct account_velocity {
    uint64_t account_id; /* 0: free */
    int64_t second;      /* of the newest entry in `seconds` */
    struct second seconds[SECONDS];
    int64_t usual_milli; /* calls a second, in thousandths, over minutes */
    struct prefix prefixes[VELOCITY_PREFIXES];
    int64_t since_us, seen_us; /* evidence: first and last; 0: none */
    unsigned why;
};

struct velocity_table {
    struct velocity_terms terms;
    pthread_mutex_t lock;
    int64_t made_us;
    uint32_t set_count; /* a power of two */
    struct account_velocity *accounts;
};

struct velocity_terms velocity_terms_default(void)
{
    return (struct velocity_terms){.limits_count = 20,
                                   .hot_count = 20,
                                   .sudden_count = 100,
                                   .learn_us = 600 * SECOND_US,
                                   .lift_us = 60 * SECOND_US};
}

struct velocity_table *velocity_table_new(const struct velocity_terms *terms, uint32_t count_max,
                                          int64_t now_us)
{
    struct velocity_table *table = calloc(1, sizeof(*table));
    if (table == NULL) {
        return NULL;
    }
    table->terms = *terms;
    table->made_us = now_us;
    table->set_count = 1;
    while (table->set_count * WAYS < count_max && table->set_count < (UINT32_C(1) << 20)) {
        table->set_count *= 2;
    }
    table->accounts = calloc((size_t)table->set_count * WAYS, sizeof(*table->accounts));
    if (table->accounts == NULL || pthread_mutex_init(&table->lock, NULL) != 0) {
        free(table->accounts);
        free(table);
        return NULL;
    }
    return table;
}

void velocity_table_free(struct velocity_table *table)
{
    if (table != NULL) {
        pthread_mutex_destroy(&table->lock);
        free(table->accounts);
        free(table);
    }
}

/* The seconds that passed since the newest are empty; what is usual follows slowly. */
static void roll(struct account_velocity *account, int64_t now_us)
{
    int64_t second = now_us / SECOND_US;
    if (second - account->second > 1000) {
        memset(account->seconds, 0, sizeof(account->seconds));
        account->usual_milli = 0;
        account->second = second;
    }
    while (account->second < second) {
        int64_t calls_milli =
            INT64_C(1000) * account->seconds[account->second % SECONDS].call_count;
        account->usual_milli += (calls_milli - account->usual_milli) / USUAL_PARTS;
        account->second++;
        account->seconds[account->second % SECONDS] = (struct second){0};
        for (int i = 0; account->second % SECONDS == 0 && i < VELOCITY_PREFIXES; i++) {
            account->prefixes[i].call_count /= 2;
        }
    }
}

static struct account_velocity *set_of(const struct velocity_table *table, uint64_t account_id)
{
    uint64_t place = (account_id * UINT64_C(0x9e3779b97f4a7c15)) >> 32;
    return &table->accounts[(size_t)(place & (table->set_count - 1)) * WAYS];
}

static struct account_velocity *find(struct velocity_table *table, uint64_t account_id,
                                     int64_t now_us)
{
    struct account_velocity *set = set_of(table, account_id);
    struct account_velocity *oldest = NULL;
    for (int i = 0; i < WAYS; i++) {
        if (set[i].account_id == account_id) {
            return &set[i];
        }
        bool is_free = set[i].account_id == 0 || set[i].since_us == 0;
        if (is_free && (oldest == NULL || set[i].second < oldest->second)) {
            oldest = &set[i];
        }
    }
    if (oldest != NULL) {
        *oldest = (struct account_velocity){.account_id = account_id, .second = now_us / SECOND_US};
    }
    return oldest; /* NULL: eight suspects at one place; they are told of already */
}

/* The least called makes room, and its count is taken over: a prefix that is called often is never
 * lost, and one that is not may be counted too high by what it displaced. */
static void count_prefix(struct account_velocity *account, const char *number)
{
    char digits[VELOCITY_PREFIX_SIZE] = "";
    for (size_t i = 0; i + 1 < sizeof(digits) && number[i] != '\0'; i++) {
        digits[i] = number[i];
    }
    struct prefix *least = &account->prefixes[0];
    for (int i = 0; i < VELOCITY_PREFIXES; i++) {
        struct prefix *prefix = &account->prefixes[i];
        if (strcmp(prefix->digits, digits) == 0) {
            prefix->call_count++;
            return;
        }
        least = prefix->call_count < least->call_count ? prefix : least;
    }
    memcpy(least->digits, digits, sizeof(digits));
    least->call_count++;
}

void velocity_note(struct velocity_table *table, const struct velocity_call *call, int64_t now_us)
{
    pthread_mutex_lock(&table->lock);
    struct account_velocity *account = find(table, call->account_id, now_us);
    if (account != NULL) {
        roll(account, now_us);
        struct second *second = &account->seconds[account->second % SECONDS];
        second->call_count++;
        second->hot_count += call->is_hot ? 1 : 0;
        second->refused_count += call->is_refused ? 1 : 0;
        if (!call->is_refused) {
            second->money_micro = money_add_clamped(second->money_micro, call->price_micro);
        }
        count_prefix(account, call->number);
    }
    pthread_mutex_unlock(&table->lock);
}

static struct second sum(const struct account_velocity *account)
{
    struct second all = {0};
    for (int i = 0; i < SECONDS; i++) {
        all.call_count += account->seconds[i].call_count;
        all.hot_count += account->seconds[i].hot_count;
        all.refused_count += account->seconds[i].refused_count;
        all.money_micro = money_add_clamped(all.money_micro, account->seconds[i].money_micro);
    }
    return all;
}

static unsigned evidence(const struct velocity_table *table, const struct account_velocity *account,
                         const struct second *all, int64_t now_us)
{
    const struct velocity_terms *terms = &table->terms;
    unsigned why = 0;
    why |= all->refused_count >= terms->limits_count ? VELOCITY_LIMITS : 0U;
    why |= all->hot_count >= terms->hot_count ? VELOCITY_HOT : 0U;
    bool is_sudden =
        all->call_count >= terms->sudden_count &&
        (int64_t)all->call_count * 1000 > account->usual_milli * SECONDS * SUDDEN_TIMES;
    bool has_learnt = now_us - table->made_us >= terms->learn_us;
    why |= is_sudden && has_learnt ? VELOCITY_SUDDEN : 0U;
    return why;
}

static void tell(const struct account_velocity *account, const struct second *all,
                 struct velocity_suspect *out)
{
    *out = (struct velocity_suspect){.account_id = account->account_id,
                                     .why = account->why,
                                     .since_us = account->since_us,
                                     .call_count = all->call_count,
                                     .refused_count = all->refused_count,
                                     .money_micro = all->money_micro};
    bool is_told[VELOCITY_PREFIXES] = {false};
    for (int place = 0; place < VELOCITY_PREFIXES; place++) {
        int best = -1;
        for (int i = 0; i < VELOCITY_PREFIXES; i++) {
            bool is_better =
                best < 0 || account->prefixes[i].call_count > account->prefixes[best].call_count;
            best = !is_told[i] && account->prefixes[i].call_count > 0 && is_better ? i : best;
        }
        if (best < 0) {
            return;
        }
        is_told[best] = true;
        memcpy(out->prefixes[place], account->prefixes[best].digits, VELOCITY_PREFIX_SIZE);
        out->prefix_calls[place] = account->prefixes[best].call_count;
        out->prefix_count++;
    }
}

int velocity_suspects(struct velocity_table *table, struct velocity_suspect *out, int max,
                      int64_t now_us)
{
    int count = 0;
    pthread_mutex_lock(&table->lock);
    for (uint32_t i = 0; i < table->set_count * WAYS; i++) {
        struct account_velocity *account = &table->accounts[i];
        if (account->account_id == 0) {
            continue;
        }
        roll(account, now_us);
        struct second all = sum(account);
        unsigned why = evidence(table, account, &all, now_us);
        if (why != 0) {
            account->why = why;
            account->seen_us = now_us;
            account->since_us = account->since_us == 0 ? now_us : account->since_us;
        } else if (now_us - account->seen_us >= table->terms.lift_us) {
            account->since_us = 0;
        }
        if (account->since_us != 0 && count < max) {
            tell(account, &all, &out[count++]);
        }
    }
    pthread_mutex_unlock(&table->lock);
    return count;
}

bool velocity_is_suspect(struct velocity_table *table, uint64_t account_id)
{
    bool is_suspect = false;
    pthread_mutex_lock(&table->lock);
    const struct account_velocity *set = set_of(table, account_id);
    for (int i = 0; i < WAYS; i++) {
        is_suspect = is_suspect || (set[i].account_id == account_id && set[i].since_us != 0);
    }
    pthread_mutex_unlock(&table->lock);
    return is_suspect;
}
