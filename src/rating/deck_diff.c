#include "rating/deck_diff.h"

#include "rating/deck_view.h"

#include <string.h>

#define HOURS_MAX 64     /* hours of the week that are told apart */
#define MESSAGE_SCALE 60 /* a segment is compared as a second: 1/60 of the price of a minute */

const char *deck_change_name(enum deck_change change)
{
    switch (change) {
    case DECK_SAME:
        return "same";
    case DECK_UP:
        return "up";
    case DECK_DOWN:
        return "down";
    case DECK_MIXED:
        return "mixed";
    case DECK_NEW:
        return "new";
    case DECK_GONE:
        return "gone";
    case DECK_CHANGE_COUNT:
        break;
    }
    return "same";
}

struct comparison {
    struct deck_diff *diff;
    int64_t hours_s[HOURS_MAX]; /* one moment in each part of the week, as wall time */
    int hour_count;
    bool is_second_pass; /* over the prefixes that only the old deck names */
};

static void add_hour(struct comparison *comparison, int64_t wall_s)
{
    for (int i = 0; i < comparison->hour_count; i++) {
        if (comparison->hours_s[i] == wall_s) {
            return;
        }
    }
    if (comparison->hour_count < HOURS_MAX) {
        comparison->hours_s[comparison->hour_count++] = wall_s;
    }
}

/* Each beginning and end of a window, in the week that begins at the date. */
static void add_hours(struct comparison *comparison, const struct deck *deck)
{
    int64_t wall_s = comparison->diff->wall_s;
    uint32_t now = zone_week_minute(deck->changes, deck->header.change_count, wall_s);
    for (uint32_t i = 0; i < deck->header.span_count; i++) {
        const struct window_span *span = &deck->spans[i];
        for (int end = 0; end < 2 && span->from != WINDOW_END; end++) {
            uint32_t minute = end == 0 ? span->from : span->to;
            uint32_t ahead = (minute + WINDOW_MINUTES - now) % WINDOW_MINUTES;
            int64_t start_s = wall_s - wall_s % 60;
            add_hour(comparison, start_s + (int64_t)ahead * 60);
        }
    }
}

static void scale_message(struct rate *rate)
{
    int64_t scaled = 0;
    bool is_large = __builtin_mul_overflow(rate->nano_per_min, MESSAGE_SCALE, &scaled);
    rate->nano_per_min = is_large ? INT64_MAX : scaled;
}

static bool costs_more(const struct deck *deck, const struct rate *rate, const struct rate *than)
{
    if (deck->header.kind == DECK_CALLS) {
        return rate_is_dearer(rate, than);
    }
    struct rate a = *rate;
    struct rate b = *than;
    scale_message(&a);
    scale_message(&b);
    return rate_is_dearer(&a, &b);
}

/* What differs in one hour of the week, added to what is known of the others. */
static void compare_hour(const struct deck_diff *diff, int64_t hour_s, struct slice digits,
                         struct deck_difference *found, bool *is_up, bool *is_down)
{
    struct rate before = {0};
    struct rate after = {0};
    bool has_before = diff->before != NULL &&
                      deck_lookup_key(diff->before, digits, diff->wall_s, hour_s, &before);
    bool has_after = deck_lookup_key(diff->after, digits, diff->wall_s, hour_s, &after);
    /* A price that is there in some hours only is neither: "mixed", unless it is new or gone. */
    bool is_other = has_before != has_after;
    bool has_both = has_before && has_after;
    bool is_higher = is_other || (has_both && costs_more(diff->after, &after, &before));
    bool is_lower = is_other || (has_both && costs_more(diff->after, &before, &after));
    bool is_first = !*is_up && !*is_down;
    *is_up = *is_up || is_higher;
    *is_down = *is_down || is_lower;
    if (is_first) {
        found->before = before;
        found->after = after;
    }
    found->has_before = found->has_before || has_before;
    found->has_after = found->has_after || has_after;
}

static bool compare_prefix(void *ctx, struct slice digits)
{
    struct comparison *comparison = ctx;
    struct deck_diff *diff = comparison->diff;
    if (comparison->is_second_pass && deck_has_prefix(diff->after, digits)) {
        return true;
    }
    struct deck_difference found = {.digits = digits};
    bool is_up = false;
    bool is_down = false;
    for (int i = 0; i < comparison->hour_count; i++) {
        compare_hour(diff, comparison->hours_s[i], digits, &found, &is_up, &is_down);
    }
    if (!is_up && !is_down) {
        found.change = DECK_SAME;
    } else if (!found.has_before) {
        found.change = DECK_NEW;
    } else if (!found.has_after) {
        found.change = DECK_GONE;
    } else if (is_up && is_down) {
        found.change = DECK_MIXED;
    } else {
        found.change = is_up ? DECK_UP : DECK_DOWN;
    }
    diff->counts[found.change]++;
    if (found.change != DECK_SAME && diff->tell != NULL) {
        diff->tell(diff->ctx, &found);
    }
    return true;
}

void deck_compare(struct deck_diff *diff)
{
    struct comparison comparison = {.diff = diff};
    memset(diff->counts, 0, sizeof(diff->counts));
    add_hour(&comparison, diff->wall_s);
    add_hours(&comparison, diff->after);
    if (diff->before != NULL) {
        add_hours(&comparison, diff->before);
    }
    deck_each_prefix(diff->after, compare_prefix, &comparison);
    comparison.is_second_pass = true;
    if (diff->before != NULL) {
        deck_each_prefix(diff->before, compare_prefix, &comparison);
    }
}

int64_t deck_next_date(const struct deck *deck, int64_t after_s)
{
    int64_t next_s = INT64_MAX;
    for (uint32_t i = 0; i < deck->header.date_count; i++) {
        if (deck->dates[i] > after_s && deck->dates[i] < next_s) {
            next_s = deck->dates[i];
        }
    }
    return next_s;
}

bool deck_price_again(const struct deck *deck, struct slice digits, int64_t wall_s,
                      int64_t call_wall_s, int64_t talk_from_us, int64_t talk_to_us, int64_t *micro)
{
    struct rate rate;
    if (!deck_lookup_key(deck, digits, wall_s, call_wall_s, &rate)) {
        return false;
    }
    int64_t before_micro = talk_from_us > 0 ? rate_price(&rate, talk_from_us) : 0;
    *micro = rate_price(&rate, talk_to_us) - before_micro;
    return true;
}
