#include "rating/window.h"

#include <string.h>

#define DAY_COUNT 7
#define DAY_MINUTES (WINDOW_MINUTES / DAY_COUNT)

static const char day_names[DAY_COUNT][4] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

struct spans {
    struct window_span *at;
    uint32_t count;
};

static bool take_day(struct slice *rest, uint32_t *day)
{
    for (uint32_t i = 0; i < DAY_COUNT; i++) {
        if (slice_starts_with_nocase(*rest, slice_make(day_names[i], 3))) {
            *rest = slice_skip(*rest, 3);
            *day = i;
            return true;
        }
    }
    return false;
}

static bool take_char(struct slice *rest, char c)
{
    bool is_there = rest->size > 0 && rest->data[0] == c;
    *rest = slice_skip(*rest, is_there ? 1 : 0);
    return is_there;
}

/* "mon-wed,fri": one bit for each day. */
static bool take_days(struct slice *rest, uint32_t *days)
{
    *days = 0;
    do {
        uint32_t from = 0;
        uint32_t to = 0;
        if (!take_day(rest, &from)) {
            return false;
        }
        to = from;
        if (take_char(rest, '-') && !take_day(rest, &to)) {
            return false;
        }
        for (uint32_t day = from;; day = (day + 1) % DAY_COUNT) {
            *days |= 1u << day;
            if (day == to) {
                break;
            }
        }
    } while (take_char(rest, ','));
    return true;
}

/* "08:30"; "24:00" is the end of the day. */
static bool take_minute(struct slice *rest, uint32_t *minute)
{
    uint64_t hour = 0;
    uint64_t past = 0;
    if (rest->size < 5 || rest->data[2] != ':' || !slice_to_u64(slice_head(*rest, 2), 24, &hour) ||
        !slice_to_u64(slice_head(slice_skip(*rest, 3), 2), 59, &past) || (hour == 24 && past > 0)) {
        return false;
    }
    *rest = slice_skip(*rest, 5);
    *minute = (uint32_t)(hour * 60 + past);
    return true;
}

static bool add(struct spans *spans, uint32_t from, uint32_t to)
{
    if (spans->count == WINDOW_SPANS_MAX) {
        return false;
    }
    uint32_t at = spans->count++;
    while (at > 0 && spans->at[at - 1].from > from) {
        spans->at[at] = spans->at[at - 1];
        at--;
    }
    spans->at[at] = (struct window_span){.from = (uint16_t)from, .to = (uint16_t)to};
    return true;
}

/* Hours that reach past midnight belong to the day that they begin on. */
static bool add_hours(struct spans *spans, uint32_t day, uint32_t from, uint32_t to)
{
    uint32_t begin = day * DAY_MINUTES + from;
    uint32_t end = day * DAY_MINUTES + to + (to <= from ? DAY_MINUTES : 0);
    if (end <= WINDOW_MINUTES) {
        return add(spans, begin, end);
    }
    return add(spans, begin, WINDOW_MINUTES) && add(spans, 0, end - WINDOW_MINUTES);
}

static bool parse_part(struct slice text, struct spans *spans)
{
    struct slice rest = slice_trim(text);
    uint32_t days = (1u << DAY_COUNT) - 1;
    uint32_t from = 0;
    uint32_t to = DAY_MINUTES;
    bool has_days = rest.size > 0 && (rest.data[0] < '0' || rest.data[0] > '9');
    if (rest.size == 0 || (has_days && !take_days(&rest, &days))) {
        return false;
    }
    bool has_blank = rest.size > 0 && slice_is_blank(rest.data[0]);
    rest = slice_trim(rest);
    if (rest.size > 0 &&
        ((has_days && !has_blank) || !take_minute(&rest, &from) || !take_char(&rest, '-') ||
         !take_minute(&rest, &to) || rest.size > 0 || from == DAY_MINUTES || from == to)) {
        return false;
    }
    for (uint32_t day = 0; day < DAY_COUNT; day++) {
        if ((days >> day & 1) != 0 && !add_hours(spans, day, from, to)) {
            return false;
        }
    }
    return true;
}

/* Sorted already; those that meet or overlap become one. */
static void join(struct spans *spans)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < spans->count; i++) {
        struct window_span *last = count > 0 ? &spans->at[count - 1] : NULL;
        if (last != NULL && spans->at[i].from <= last->to) {
            last->to = spans->at[i].to > last->to ? spans->at[i].to : last->to;
        } else {
            spans->at[count++] = spans->at[i];
        }
    }
    spans->count = count;
}

/* As many as window_write makes of them. */
static uint32_t day_part_count(const struct spans *spans)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < spans->count; i++) {
        count += (spans->at[i].to - 1u) / DAY_MINUTES - spans->at[i].from / DAY_MINUTES + 1;
    }
    return count;
}

bool window_parse(struct slice text, struct window_span out[WINDOW_SPANS_MAX], uint32_t *count)
{
    struct spans spans = {.at = out};
    struct slice rest = text;
    do {
        if (!parse_part(slice_split(&rest, ';'), &spans)) {
            return false;
        }
    } while (rest.size > 0);
    join(&spans);
    *count = spans.count;
    return day_part_count(&spans) <= WINDOW_SPANS_MAX;
}

static void write_minute(struct buf *out, uint32_t minute)
{
    buf_printf(out, "%02u:%02u", (unsigned)(minute / 60), (unsigned)(minute % 60));
}

/* Part of a span that lies in one day. */
static void write_day(struct buf *out, uint32_t from, uint32_t to, bool is_first)
{
    uint32_t day = from / DAY_MINUTES;
    buf_text(out, is_first ? "" : "; ");
    buf_text(out, day_names[day]);
    if (to - from < DAY_MINUTES) {
        buf_char(out, ' ');
        write_minute(out, from % DAY_MINUTES);
        buf_char(out, '-');
        write_minute(out, to - day * DAY_MINUTES);
    }
}

void window_write(struct buf *out, const struct window_span *spans)
{
    bool is_first = true;
    for (; spans->from != WINDOW_END; spans++) {
        for (uint32_t from = spans->from; from < spans->to;) {
            uint32_t day_end = (from / DAY_MINUTES + 1) * DAY_MINUTES;
            uint32_t to = day_end < spans->to ? day_end : spans->to;
            write_day(out, from, to, is_first);
            is_first = false;
            from = to;
        }
    }
}

bool window_holds(const struct window_span *spans, uint32_t week_minute)
{
    for (; spans->from != WINDOW_END; spans++) {
        if (week_minute >= spans->from && week_minute < spans->to) {
            return true;
        }
    }
    return false;
}

bool window_overlaps(const struct window_span *a, const struct window_span *b)
{
    for (; a->from != WINDOW_END; a++) {
        for (const struct window_span *other = b; other->from != WINDOW_END; other++) {
            if (a->from < other->to && other->from < a->to) {
                return true;
            }
        }
    }
    return false;
}
