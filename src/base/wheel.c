#include "base/wheel.h"

#include <assert.h>
#include <stddef.h>

/* A timer stands at the level of the highest byte in which its tick differs from now's. So all
 * timers of one tick are always in one list, and moving a list down keeps its order: this is what
 * makes equal deadlines fire in the order of their start. */

#define TICK_US 1000
#define LEVEL_BITS 8
#define SLOT_MASK (WHEEL_SLOTS - 1)
#define TOP_LEVEL (WHEEL_LEVELS - 1)
#define SPAN_BITS (WHEEL_LEVELS * LEVEL_BITS)
/* A timer beyond the top level's span waits in the top level's slot 0, which no other timer can
 * use, and is placed again when that span has passed. */
#define PARKED_SLOT 0

/* wheel_place: 0 is "not started". */
#define PLACE_DUE 1
#define PLACE_FIRST 2

_Static_assert(WHEEL_SLOTS == 1 << LEVEL_BITS, "a level is one byte of the tick");

static void list_init(struct wheel_timer *head)
{
    head->next = head;
    head->previous = head;
}

static void list_append(struct wheel_timer *head, struct wheel_timer *timer)
{
    timer->next = head;
    timer->previous = head->previous;
    head->previous->next = timer;
    head->previous = timer;
}

static void list_unlink(struct wheel_timer *timer)
{
    timer->previous->next = timer->next;
    timer->next->previous = timer->previous;
    timer->next = NULL;
    timer->previous = NULL;
}

static bool is_empty(const struct wheel_timer *head)
{
    return head->next == head;
}

/* Rounded up: never before its time. */
static int64_t tick_of(int64_t at_us)
{
    return at_us / TICK_US + (at_us % TICK_US > 0 ? 1 : 0);
}

static void place(struct wheel *wheel, struct wheel_timer *timer)
{
    int64_t tick = tick_of(timer->at_us);
    if (tick <= wheel->now_tick) {
        timer->wheel_place = PLACE_DUE;
        list_append(&wheel->due, timer);
        return;
    }
    uint64_t differing = (uint64_t)tick ^ (uint64_t)wheel->now_tick;
    unsigned level = (63U - (unsigned)__builtin_clzll(differing)) / LEVEL_BITS;
    unsigned slot = (unsigned)(tick >> (level * LEVEL_BITS)) & SLOT_MASK;
    if (level > TOP_LEVEL) {
        level = TOP_LEVEL;
        slot = PARKED_SLOT;
    }
    timer->wheel_place = PLACE_FIRST + level * WHEEL_SLOTS + slot;
    wheel->occupied[level][slot / 64] |= UINT64_C(1) << slot % 64;
    list_append(&wheel->slots[level][slot], timer);
}

static void unplace(struct wheel *wheel, struct wheel_timer *timer)
{
    uint64_t old = timer->wheel_place;
    list_unlink(timer);
    timer->wheel_place = 0;
    if (old < PLACE_FIRST) {
        return;
    }
    uint64_t level = (old - PLACE_FIRST) / WHEEL_SLOTS;
    uint64_t slot = (old - PLACE_FIRST) % WHEEL_SLOTS;
    if (is_empty(&wheel->slots[level][slot])) {
        wheel->occupied[level][slot / 64] &= ~(UINT64_C(1) << slot % 64);
    }
}

void wheel_init(struct wheel *wheel, int64_t now_us)
{
    assert(now_us >= 0);
    *wheel = (struct wheel){.now_tick = now_us / TICK_US};
    list_init(&wheel->due);
    for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
        for (unsigned slot = 0; slot < WHEEL_SLOTS; slot++) {
            list_init(&wheel->slots[level][slot]);
        }
    }
}

void wheel_start(struct wheel *wheel, struct wheel_timer *timer, int64_t at_us)
{
    wheel_stop(wheel, timer);
    timer->at_us = at_us;
    place(wheel, timer);
    wheel->count++;
}

void wheel_stop(struct wheel *wheel, struct wheel_timer *timer)
{
    if (wheel_is_started(timer)) {
        unplace(wheel, timer);
        wheel->count--;
    }
}

bool wheel_is_started(const struct wheel_timer *timer)
{
    return timer->wheel_place != 0;
}

/* The first occupied slot of a level after `slot`, or WHEEL_SLOTS. */
static unsigned next_occupied(const uint64_t occupied[], unsigned slot)
{
    unsigned from = slot + 1;
    for (unsigned word = from / 64; word < WHEEL_SLOTS / 64; word++) {
        uint64_t bits = occupied[word];
        if (word == from / 64) {
            bits &= ~UINT64_C(0) << from % 64;
        }
        if (bits != 0) {
            return word * 64 + (unsigned)__builtin_ctzll(bits);
        }
    }
    return WHEEL_SLOTS;
}

struct wheel_step {
    int64_t tick;   /* when the slot's time begins */
    unsigned level; /* at 0 its timers are due then, above they are placed again */
    unsigned slot;
};

/* The slot to look at next. All timers of a level come before all of the levels above it. */
static bool next_step(const struct wheel *wheel, struct wheel_step *step)
{
    for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
        unsigned now_slot = (unsigned)(wheel->now_tick >> (level * LEVEL_BITS)) & SLOT_MASK;
        unsigned slot = next_occupied(wheel->occupied[level], now_slot);
        if (slot < WHEEL_SLOTS) {
            unsigned span_bits = (level + 1) * LEVEL_BITS;
            int64_t span = wheel->now_tick >> span_bits << span_bits;
            *step = (struct wheel_step){
                .tick = span | (int64_t)slot << (level * LEVEL_BITS), .level = level, .slot = slot};
            return true;
        }
    }
    if ((wheel->occupied[TOP_LEVEL][PARKED_SLOT / 64] & 1) != 0) {
        *step = (struct wheel_step){.tick = ((wheel->now_tick >> SPAN_BITS) + 1) << SPAN_BITS,
                                    .level = TOP_LEVEL,
                                    .slot = PARKED_SLOT};
        return true;
    }
    return false;
}

/* Empties the slot: its timers are due or go to lower levels, in their order. */
static void take_step(struct wheel *wheel, const struct wheel_step *step)
{
    struct wheel_timer *head = &wheel->slots[step->level][step->slot];
    struct wheel_timer *timer = head->next;
    wheel->now_tick = step->tick;
    wheel->occupied[step->level][step->slot / 64] &= ~(UINT64_C(1) << step->slot % 64);
    list_init(head); /* before placing: parked timers may come back to this very list */
    while (timer != head) {
        struct wheel_timer *next = timer->next;
        place(wheel, timer);
        timer = next;
    }
}

struct wheel_timer *wheel_expire(struct wheel *wheel, int64_t now_us)
{
    int64_t now_tick = now_us / TICK_US;
    /* One slot at a time: what the caller starts between two calls finds its place in the order. */
    while (is_empty(&wheel->due)) {
        struct wheel_step step;
        if (now_tick <= wheel->now_tick) {
            return NULL;
        }
        if (!next_step(wheel, &step) || step.tick > now_tick) {
            wheel->now_tick = now_tick;
            return NULL;
        }
        take_step(wheel, &step);
    }
    struct wheel_timer *timer = wheel->due.next;
    unplace(wheel, timer);
    wheel->count--;
    return timer;
}

int64_t wheel_deadline(const struct wheel *wheel)
{
    struct wheel_step step;
    if (!is_empty(&wheel->due)) {
        return wheel->now_tick * TICK_US;
    }
    if (!next_step(wheel, &step) || step.tick > INT64_MAX / TICK_US) {
        return INT64_MAX;
    }
    return step.tick * TICK_US;
}
