#include "account/promotion.h"

#include <assert.h>

#define LOOK_SOON_US INT64_C(1000000)
#define LOOK_LATE_US INT64_C(60000000)

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t at_least_0(int64_t value)
{
    return value > 0 ? value : 0;
}

/* Answers what it takes. */
static int64_t lower(struct promotion *promotion, int64_t amount_micro)
{
    int64_t taken_micro = least(promotion->left_micro, amount_micro);
    promotion->left_micro -= taken_micro;
    return taken_micro;
}

/* Of one that ended only what edges held then can be used; each use or return makes that less. */
static void use(struct promotions *all, int64_t used_micro, int64_t returned_micro)
{
    int64_t rest_micro = used_micro;
    for (int i = 0; i < all->count; i++) {
        struct promotion *promotion = &all->rows[i];
        if (!promotion->has_ended) {
            rest_micro -= lower(promotion, rest_micro);
            continue;
        }
        rest_micro -= lower(promotion, least(rest_micro, promotion->held_micro));
        int64_t gone_micro = least(promotion->held_micro, used_micro);
        gone_micro += least(promotion->held_micro - gone_micro, returned_micro);
        promotion->held_micro -= gone_micro;
    }
}

void promotions_follow(struct promotions *all, const struct promotion_money *money)
{
    int64_t used_micro = at_least_0(money->used_micro - all->used_micro);
    int64_t returned_micro = at_least_0(money->returned_micro - all->returned_micro);
    use(all, used_micro, returned_micro);
    all->used_micro += used_micro;
    all->returned_micro += returned_micro;
    int64_t over_micro = promotions_left(all) - at_least_0(money->spendable_micro);
    for (int i = 0; i < all->count && over_micro > 0; i++) {
        over_micro -= lower(&all->rows[i], over_micro);
    }
}

void promotions_end(struct promotions *all, int64_t held_micro, int64_t wall_us)
{
    for (int i = 0; i < all->count; i++) {
        struct promotion *promotion = &all->rows[i];
        if (!promotion->has_ended && promotion->wall_ends_us <= wall_us) {
            promotion->has_ended = true;
            promotion->held_micro = least(promotion->left_micro, at_least_0(held_micro));
        }
    }
}

int64_t promotion_due(const struct promotion *promotion)
{
    return promotion->has_ended ? at_least_0(promotion->left_micro - promotion->held_micro) : 0;
}

int64_t promotions_due(const struct promotions *all)
{
    int64_t sum_micro = 0;
    for (int i = 0; i < all->count; i++) {
        sum_micro += promotion_due(&all->rows[i]);
    }
    return sum_micro;
}

void promotion_take(struct promotion *promotion, int64_t amount_micro)
{
    assert(amount_micro >= 0 && amount_micro <= promotion_due(promotion));
    promotion->left_micro -= amount_micro;
    promotion->taken_micro += amount_micro;
}

int64_t promotions_left(const struct promotions *all)
{
    int64_t sum_micro = 0;
    for (int i = 0; i < all->count; i++) {
        sum_micro += all->rows[i].left_micro;
    }
    return sum_micro;
}

int64_t promotion_next_look(const struct promotion *promotion, int64_t wall_us)
{
    if (!promotion->has_ended) {
        return promotion->wall_ends_us;
    }
    int64_t pause_us = at_least_0(wall_us - promotion->wall_ends_us) / 4;
    pause_us = pause_us < LOOK_SOON_US ? LOOK_SOON_US : least(pause_us, LOOK_LATE_US);
    return wall_us + pause_us;
}
