#include "routing/steps.h"

#include "base/hash.h"

#include <string.h>

#define CANDIDATES_MAX 64 /* trunks looked at for one prefix: the best by priority */
#define COST_UNKNOWN INT64_MAX
#define TYPICAL_TALK_US INT64_C(90000000) /* beyond the first increment of any usual deck */
#define LOOK_AWAY 32                      /* one call of so many does not look at quality */

struct candidate {
    const struct trunk *trunk;
    int32_t priority;
    int32_t weight;
    int64_t cost_micro; /* of a typical call; COST_UNKNOWN: after those whose cost is known */
    bool has_cost;
    bool is_comparable; /* its cost is in the price's currency */
    struct rate cost;
};

bool steps_is_usable(const struct trunk *trunk)
{
    return !trunk->is_disabled && trunk->host[0] != '\0';
}

static bool is_in_plan(const struct route_plan *plan, const struct trunk *trunk)
{
    for (int i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].trunk_id == trunk->id) {
            return true;
        }
    }
    return false;
}

bool steps_add(struct route_plan *plan, const struct trunk *trunk, struct slice digits,
               bool may_plus, const struct rate *cost)
{
    if (plan->step_count == ROUTE_STEPS_MAX) {
        return false;
    }
    if (is_in_plan(plan, trunk)) {
        return false;
    }
    struct route_step *step = &plan->steps[plan->step_count];
    *step = (struct route_step){.trunk_id = trunk->id, .has_cost = cost != NULL};
    if (cost != NULL) {
        step->cost = *cost;
    }
    struct buf number;
    buf_init(&number, step->number, sizeof(step->number) - 1);
    buf_text(&number, trunk->tech_prefix);
    if (trunk->sends_plus && may_plus) {
        buf_char(&number, '+');
    }
    buf_slice(&number, digits);
    step->number[number.size] = '\0';
    if (number.is_full) {
        return false;
    }
    plan->step_count++;
    return true;
}

static struct slice row_prefix(const struct route_row *row)
{
    return slice_from_text(row->prefix);
}

/* Order of a route's prefix and the prefix looked for, as the set is sorted. */
static int prefix_compare(const struct route_row *row, struct slice prefix)
{
    struct slice own = row_prefix(row);
    size_t size = own.size < prefix.size ? own.size : prefix.size;
    int order = size > 0 ? memcmp(own.data, prefix.data, size) : 0;
    return order != 0 ? order : (own.size > prefix.size) - (own.size < prefix.size);
}

/* The first route of that prefix; route_count if there is none. */
static uint32_t first_route(const struct trunk_set *set, struct slice prefix)
{
    uint32_t low = 0;
    uint32_t high = set->route_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (prefix_compare(&set->routes[middle], prefix) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool is_found = low < set->route_count && prefix_compare(&set->routes[low], prefix) == 0;
    return is_found ? low : set->route_count;
}

/* Fills in what the trunk charges for the number. False: its deck has no price for it, so it does
 * not take the call. A deck that is not here leaves the cost unknown. */
static bool fill_cost(const struct steps_query *query, struct candidate *candidate)
{
    candidate->cost_micro = COST_UNKNOWN;
    const struct deck *deck = candidate->trunk->cost_deck == 0
                                  ? NULL
                                  : deck_set_find(query->decks, candidate->trunk->cost_deck);
    if (deck == NULL) {
        return true;
    }
    switch (deck_lookup(deck, query->digits, query->wall_s, &candidate->cost).is) {
    case TRI_ABSENT:
        return false;
    case TRI_UNKNOWN:
        return true;
    case TRI_PRESENT:
        break;
    }
    candidate->has_cost = true;
    candidate->is_comparable =
        query->price == NULL || strcmp(query->price->currency, candidate->cost.currency) == 0;
    if (candidate->is_comparable) {
        candidate->cost_micro = rate_price(&candidate->cost, TYPICAL_TALK_US);
    }
    return true;
}

static int gather(const struct steps_query *query, struct slice prefix,
                  struct candidate candidates[CANDIDATES_MAX], struct steps_report *report)
{
    int count = 0;
    for (uint32_t i = first_route(query->set, prefix);
         i < query->set->route_count && count < CANDIDATES_MAX; i++) {
        const struct route_row *row = &query->set->routes[i];
        if (!slice_equal(row_prefix(row), prefix)) {
            break;
        }
        const struct trunk *trunk = trunk_set_by_id(query->set, row->trunk_id);
        if (trunk == NULL || !steps_is_usable(trunk) || trunk->id == query->from_trunk_id) {
            continue;
        }
        report->candidate_count++;
        candidates[count] = (struct candidate){
            .trunk = trunk, .priority = row->priority, .weight = row->weight > 0 ? row->weight : 1};
        if (fill_cost(query, &candidates[count])) {
            count++;
        } else {
            report->unpriced_count++;
        }
    }
    return count;
}

static int rank_compare(const struct candidate *a, const struct candidate *b)
{
    if (a->priority != b->priority) {
        return a->priority < b->priority ? -1 : 1;
    }
    return (a->cost_micro > b->cost_micro) - (a->cost_micro < b->cost_micro);
}

/* Insertion: few, and nearly in order already. */
static void sort(struct candidate *candidates, int count)
{
    for (int i = 1; i < count; i++) {
        struct candidate moved = candidates[i];
        int at = i;
        while (at > 0 && rank_compare(&candidates[at - 1], &moved) > 0) {
            candidates[at] = candidates[at - 1];
            at--;
        }
        candidates[at] = moved;
    }
}

/* Among equals: each place goes to one of those left, with the chance of its weight. */
static void shuffle(struct candidate *equals, int count, uint64_t random)
{
    for (int place = 0; place + 1 < count; place++) {
        uint64_t weight_sum = 0;
        for (int i = place; i < count; i++) {
            weight_sum += (uint64_t)equals[i].weight;
        }
        uint64_t drawn = hash_u64(random, (uint64_t)place) % weight_sum;
        int chosen = place;
        while (drawn >= (uint64_t)equals[chosen].weight) {
            drawn -= (uint64_t)equals[chosen].weight;
            chosen++;
        }
        struct candidate other = equals[place];
        equals[place] = equals[chosen];
        equals[chosen] = other;
    }
}

/* No call, however short or long, may cost more than it sells for. */
static bool is_too_dear(const struct steps_query *query, const struct candidate *candidate)
{
    return query->price != NULL && candidate->has_cost && candidate->is_comparable &&
           rate_is_dearer(&candidate->cost, query->price);
}

/* Among those of one priority and cost: the poor ones go behind, in their order. */
static void put_poor_last(const struct steps_query *query, struct candidate *equals, int count)
{
    struct quality peers[CANDIDATES_MAX];
    struct candidate poor[CANDIDATES_MAX];
    int poor_count = 0;
    if (query->quality == NULL || count < 2 || query->random % LOOK_AWAY == LOOK_AWAY - 1) {
        return;
    }
    for (int i = 0; i < count; i++) {
        uint64_t id = equals[i].trunk->id;
        uint64_t word = id >= query->quality_count
                            ? 0
                            : atomic_load_explicit(&query->quality[id], memory_order_relaxed);
        peers[i] = quality_read(word);
    }
    int kept = 0;
    for (int i = 0; i < count; i++) {
        if (quality_is_poor(&peers[i], peers, count)) {
            poor[poor_count++] = equals[i];
        } else {
            equals[kept++] = equals[i];
        }
    }
    memcpy(equals + kept, poor, (size_t)poor_count * sizeof(poor[0]));
}

static void add_candidates(const struct steps_query *query, struct candidate *candidates, int count,
                           struct route_plan *plan, struct steps_report *report)
{
    sort(candidates, count);
    for (int from = 0, to = 0; from < count; from = to) {
        while (to < count && rank_compare(&candidates[from], &candidates[to]) == 0) {
            to++;
        }
        shuffle(candidates + from, to - from, query->random + (uint64_t)from);
        put_poor_last(query, candidates + from, to - from);
    }
    for (int i = 0; i < count; i++) {
        const struct candidate *candidate = &candidates[i];
        if (is_too_dear(query, candidate)) {
            report->dear_count++;
            continue;
        }
        bool is_added = steps_add(plan, candidate->trunk, query->digits, true,
                                  candidate->has_cost ? &candidate->cost : NULL);
        if (is_added && candidate->has_cost && !candidate->is_comparable) {
            report->other_currency_count++;
        }
    }
}

void steps_by_route(const struct steps_query *query, struct route_plan *plan,
                    struct steps_report *report)
{
    *report = (struct steps_report){0};
    for (size_t size = query->digits.size + 1; size-- > 0 && plan->step_count < ROUTE_STEPS_MAX;) {
        struct candidate candidates[CANDIDATES_MAX];
        int count = gather(query, slice_head(query->digits, size), candidates, report);
        add_candidates(query, candidates, count, plan, report);
    }
}

/* A customer's trunk gets other people's emergency calls only if its row says so. */
static bool is_for_emergency(const struct steps_query *query, const struct route_plan *plan,
                             const struct trunk *trunk, bool takes_emergency)
{
    bool is_wanted = takes_emergency ? trunk->takes_emergency : trunk->account_id == 0;
    return is_wanted && steps_is_usable(trunk) && trunk->id != query->from_trunk_id &&
           !is_in_plan(plan, trunk);
}

/* The next by the best priority of any of its routes; after those, the ones without a route. */
static const struct trunk *next_for_emergency(const struct steps_query *query,
                                              const struct route_plan *plan, bool takes_emergency)
{
    const struct trunk *best = NULL;
    int32_t best_priority = INT32_MAX;
    for (uint32_t i = 0; i < query->set->route_count; i++) {
        const struct route_row *row = &query->set->routes[i];
        if (best != NULL && row->priority >= best_priority) {
            continue;
        }
        const struct trunk *trunk = trunk_set_by_id(query->set, row->trunk_id);
        if (trunk != NULL && is_for_emergency(query, plan, trunk, takes_emergency)) {
            best = trunk;
            best_priority = row->priority;
        }
    }
    for (uint32_t i = 0; best == NULL && i < query->set->trunk_count; i++) {
        const struct trunk *trunk = &query->set->trunks[i];
        if (is_for_emergency(query, plan, trunk, takes_emergency)) {
            best = trunk;
        }
    }
    return best;
}

static void add_emergency_trunks(const struct steps_query *query, bool takes_emergency,
                                 struct route_plan *plan)
{
    while (plan->step_count < ROUTE_STEPS_MAX) {
        const struct trunk *trunk = next_for_emergency(query, plan, takes_emergency);
        if (trunk == NULL || !steps_add(plan, trunk, query->digits, false, NULL)) {
            return;
        }
    }
}

void steps_for_emergency(const struct steps_query *query, struct route_plan *plan)
{
    add_emergency_trunks(query, true, plan);
    add_emergency_trunks(query, false, plan);
}
