#include "guard/budget.h"

#define RETRY_MICRO INT64_C(1000000)
#define PERCENT_MICRO INT64_C(10000)

struct budget_terms budget_terms_default(void)
{
    return (struct budget_terms){.percent = 10, .per_second = 1, .burst_count = 10};
}

static void pay_back(struct budget *budget, int64_t micro)
{
    budget->spent_micro = micro < budget->spent_micro ? budget->spent_micro - micro : 0;
}

static void rest(struct budget *budget, const struct budget_terms *terms, int64_t now_us)
{
    int64_t rested_us = now_us - budget->at_us;
    if (rested_us <= 0) {
        return;
    }
    budget->at_us = now_us;
    if (terms->per_second == 0) {
        return;
    }
    if (rested_us > budget->spent_micro / terms->per_second) {
        budget->spent_micro = 0;
        return;
    }
    pay_back(budget, rested_us * terms->per_second);
}

void budget_earn(struct budget *budget, const struct budget_terms *terms, int64_t now_us)
{
    rest(budget, terms, now_us);
    pay_back(budget, terms->percent * PERCENT_MICRO);
}

bool budget_take(struct budget *budget, const struct budget_terms *terms, int64_t now_us)
{
    rest(budget, terms, now_us);
    if (budget->spent_micro + RETRY_MICRO > terms->burst_count * RETRY_MICRO) {
        return false;
    }
    budget->spent_micro += RETRY_MICRO;
    return true;
}
