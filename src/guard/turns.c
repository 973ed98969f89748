#include "guard/turns.h"

#include <assert.h>

#define MEMORY_US 200000 /* busy time after which what was before counts half */

void turns_add(struct turns *turns, int rank, int64_t spent_us)
{
    assert(rank >= 0 && rank < TURNS_RANKS_MAX);
    assert(spent_us >= 0);
    turns->spent_us[rank] += spent_us;
    turns->total_us += spent_us;
    while (turns->total_us > MEMORY_US) {
        turns->total_us = 0;
        for (int i = 0; i < TURNS_RANKS_MAX; i++) {
            turns->spent_us[i] /= 2;
            turns->total_us += turns->spent_us[i];
        }
    }
}

bool turns_may(const struct turns *turns, int rank, bool is_higher_waiting)
{
    assert(rank >= 0 && rank < TURNS_RANKS_MAX);
    return !is_higher_waiting || turns->spent_us[rank] * TURNS_FLOOR <= turns->total_us;
}
