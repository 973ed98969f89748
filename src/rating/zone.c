#include "rating/zone.h"

#include "rating/deck_time.h"

#include <string.h>

#define S_PER_DAY INT64_C(86400)
#define MINUTES_PER_DAY 1440
#define MINUTES_PER_WEEK (7 * MINUTES_PER_DAY)
#define HEADER_SIZE 44 /* RFC 8536 3.1 */
#define TYPE_SIZE 6
#define TIME_SIZE 8
#define FROM_S INT64_C(1577836800) /* 2020-01-01: no call before it is rated */
#define YEAR_LAST 2100
#define OFFSET_MAX_S (26 * 3600)     /* RFC 8536 3.2 */
#define RULE_TIME_MAX_S (167 * 3600) /* RFC 8536 3.3.1 */

struct tables { /* of the 64-bit part of the file */
    const uint8_t *times, *indexes, *types;
    uint32_t time_count, type_count;
    struct slice rule; /* the POSIX text at its end */
};

static uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t read_i64(const uint8_t *at)
{
    return (int64_t)((uint64_t)read_u32(at) << 32 | read_u32(at + 4));
}

struct counts {
    uint64_t is_utc, is_standard, leap, time, type, text;
};

static bool read_header(struct slice *rest, struct counts *out)
{
    const uint8_t *at = (const uint8_t *)rest->data;
    if (rest->size < HEADER_SIZE || memcmp(at, "TZif", 4) != 0 || at[4] < '2') {
        return false;
    }
    *out = (struct counts){.is_utc = read_u32(at + 20),
                           .is_standard = read_u32(at + 24),
                           .leap = read_u32(at + 28),
                           .time = read_u32(at + 32),
                           .type = read_u32(at + 36),
                           .text = read_u32(at + 40)};
    *rest = slice_skip(*rest, HEADER_SIZE);
    return true;
}

static uint64_t body_size(const struct counts *counts, uint64_t time_size)
{
    return counts->time * (time_size + 1) + counts->type * TYPE_SIZE + counts->text +
           counts->leap * (time_size + 4) + counts->is_standard + counts->is_utc;
}

/* The part with 32-bit times is passed over. */
static bool find_tables(struct slice tzif, struct tables *out)
{
    struct counts counts;
    struct slice rest = tzif;
    if (!read_header(&rest, &counts) || body_size(&counts, 4) > rest.size) {
        return false;
    }
    rest = slice_skip(rest, (size_t)body_size(&counts, 4));
    if (!read_header(&rest, &counts) || body_size(&counts, TIME_SIZE) > rest.size ||
        counts.type == 0) {
        return false;
    }
    const uint8_t *at = (const uint8_t *)rest.data;
    *out = (struct tables){.times = at,
                           .indexes = at + counts.time * TIME_SIZE,
                           .types = at + counts.time * (TIME_SIZE + 1),
                           .time_count = (uint32_t)counts.time,
                           .type_count = (uint32_t)counts.type};
    rest = slice_skip(rest, (size_t)body_size(&counts, TIME_SIZE));
    if (rest.size < 2 || rest.data[0] != '\n') {
        return false;
    }
    rest = slice_skip(rest, 1);
    out->rule = slice_split(&rest, '\n');
    return true;
}

static bool add_change(struct zone *zone, int64_t from_s, int64_t offset_s)
{
    if (offset_s > OFFSET_MAX_S || offset_s < -OFFSET_MAX_S) {
        return false;
    }
    if (zone->change_count > 0 &&
        zone->changes[zone->change_count - 1].offset_s == (int32_t)offset_s) {
        return true;
    }
    if (zone->change_count == ZONE_CHANGES_MAX ||
        (zone->change_count > 0 && from_s <= zone->changes[zone->change_count - 1].from_s)) {
        return false;
    }
    zone->changes[zone->change_count++] =
        (struct zone_change){.from_s = from_s, .offset_s = (int32_t)offset_s};
    return true;
}

/* The changes that the file lists; *last_s is the time of the last of them. */
static bool add_listed(struct zone *zone, const struct tables *tables, int64_t *last_s)
{
    int64_t offset_s = (int32_t)read_u32(tables->types); /* before the first change */
    uint32_t at = 0;
    *last_s = INT64_MIN;
    for (bool is_first = true; at <= tables->time_count; at++) {
        bool is_end = at == tables->time_count;
        int64_t from_s = is_end ? INT64_MAX : read_i64(tables->times + (size_t)at * TIME_SIZE);
        if (!is_end && from_s < *last_s) {
            return false;
        }
        if (is_first && from_s >= FROM_S) {
            is_first = false;
            if (!add_change(zone, INT64_MIN, offset_s)) {
                return false;
            }
        }
        if (is_end) {
            return true;
        }
        if (tables->indexes[at] >= tables->type_count) {
            return false;
        }
        offset_s = (int32_t)read_u32(tables->types + (size_t)tables->indexes[at] * TYPE_SIZE);
        *last_s = from_s;
        if (!is_first && !add_change(zone, from_s, offset_s)) {
            return false;
        }
    }
    return true;
}

/* ---- the rule for ever: a POSIX TZ text, "CET-1CEST,M3.5.0,M10.5.0/3" ---- */

struct rule_day { /* M month.week.day (0: Sunday), J day (1..365, no leap day), or day (0..365) */
    char kind;    /* 'M', 'J', 'D' */
    int64_t month, week, day;
    int64_t time_s; /* local, after midnight; may be negative or days */
};

struct rule {
    int64_t standard_s, summer_s; /* local less UTC */
    bool has_summer;
    struct rule_day to_summer, to_standard;
};

static bool take_name(struct slice *rest)
{
    size_t size = 0;
    if (rest->size > 0 && rest->data[0] == '<') {
        size = slice_find(*rest, '>') + 1;
    } else {
        while (size < rest->size && ((rest->data[size] | 0x20) >= 'a') &&
               ((rest->data[size] | 0x20) <= 'z')) {
            size++;
        }
    }
    bool is_name = size >= 3 && size <= rest->size;
    *rest = slice_skip(*rest, size);
    return is_name;
}

static bool take_number(struct slice *rest, int64_t max, int64_t *out)
{
    size_t size = 0;
    while (size < rest->size && size < 4 && rest->data[size] >= '0' && rest->data[size] <= '9') {
        size++;
    }
    uint64_t value = 0;
    if (!slice_to_u64(slice_head(*rest, size), (uint64_t)max, &value)) {
        return false;
    }
    *rest = slice_skip(*rest, size);
    *out = (int64_t)value;
    return true;
}

static bool take_char(struct slice *rest, char c)
{
    bool is_there = rest->size > 0 && rest->data[0] == c;
    *rest = slice_skip(*rest, is_there ? 1 : 0);
    return is_there;
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(struct slice *rest, int64_t *seconds)
{
    bool is_negative = take_char(rest, '-');
    int64_t hours = 0;
    int64_t minutes = 0;
    int64_t further_s = 0;
    if (!is_negative) {
        take_char(rest, '+');
    }
    if (!take_number(rest, 167, &hours) ||
        (take_char(rest, ':') && (!take_number(rest, 59, &minutes) ||
                                  (take_char(rest, ':') && !take_number(rest, 59, &further_s))))) {
        return false;
    }
    *seconds = hours * 3600 + minutes * 60 + further_s;
    *seconds = is_negative ? -*seconds : *seconds;
    return *seconds <= RULE_TIME_MAX_S;
}

static bool take_day(struct slice *rest, struct rule_day *out)
{
    *out = (struct rule_day){.kind = 'D', .time_s = 2 * INT64_C(3600)};
    bool is_good = take_char(rest, ',');
    if (take_char(rest, 'M')) {
        out->kind = 'M';
        is_good = is_good && take_number(rest, 12, &out->month) && take_char(rest, '.') &&
                  take_number(rest, 5, &out->week) && take_char(rest, '.') &&
                  take_number(rest, 6, &out->day) && out->month >= 1 && out->week >= 1;
    } else if (take_char(rest, 'J')) {
        out->kind = 'J';
        is_good = is_good && take_number(rest, 365, &out->day) && out->day >= 1;
    } else {
        is_good = is_good && take_number(rest, 365, &out->day);
    }
    return is_good && (!take_char(rest, '/') || take_time(rest, &out->time_s));
}

static bool read_rule(struct slice text, struct rule *out)
{
    struct slice rest = text;
    int64_t west_s = 0;
    if (!take_name(&rest) || !take_time(&rest, &west_s)) {
        return false;
    }
    out->standard_s = -west_s; /* POSIX counts what must be added to reach UTC */
    out->has_summer = rest.size > 0;
    if (!out->has_summer) {
        return true;
    }
    out->summer_s = out->standard_s + 3600;
    if (!take_name(&rest)) {
        return false;
    }
    if (rest.size > 0 && rest.data[0] != ',') {
        if (!take_time(&rest, &west_s)) {
            return false;
        }
        out->summer_s = -west_s;
    }
    return take_day(&rest, &out->to_summer) && take_day(&rest, &out->to_standard) && rest.size == 0;
}

/* When this day of the rule begins in a year, as local seconds since 1970. */
static int64_t day_local_s(const struct rule_day *rule, int64_t year)
{
    int64_t day = 0;
    if (rule->kind == 'M') {
        int64_t first = deck_days_from_date(year, rule->month, 1);
        int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday; 0: Sunday */
        int64_t last = first + deck_days_in_month(year, rule->month) - 1;
        day = first + (rule->day - weekday + 7) % 7 + (rule->week - 1) * 7;
        while (day > last) {
            day -= 7;
        }
    } else if (rule->kind == 'J') {
        bool is_leap = deck_days_in_month(year, 2) == 29;
        day =
            deck_days_from_date(year, 1, 1) + rule->day - 1 + (is_leap && rule->day >= 60 ? 1 : 0);
    } else {
        day = deck_days_from_date(year, 1, 1) + rule->day;
    }
    return day * S_PER_DAY + rule->time_s;
}

static bool add_later(struct zone *zone, int64_t after_s, int64_t from_s, int64_t offset_s)
{
    return from_s <= after_s || from_s < FROM_S || add_change(zone, from_s, offset_s);
}

/* What the rule says after the listed changes, for each year up to YEAR_LAST. */
static bool add_by_rule(struct zone *zone, const struct rule *rule, int64_t after_s)
{
    if (!rule->has_summer) {
        return after_s == INT64_MIN || add_later(zone, after_s, after_s + 1, rule->standard_s);
    }
    for (int64_t year = 2020; year <= YEAR_LAST; year++) {
        int64_t summer_s = day_local_s(&rule->to_summer, year) - rule->standard_s;
        int64_t standard_s = day_local_s(&rule->to_standard, year) - rule->summer_s;
        bool is_north = summer_s < standard_s;
        if (!add_later(zone, after_s, is_north ? summer_s : standard_s,
                       is_north ? rule->summer_s : rule->standard_s) ||
            !add_later(zone, after_s, is_north ? standard_s : summer_s,
                       is_north ? rule->standard_s : rule->summer_s)) {
            return false;
        }
    }
    return true;
}

bool zone_read(struct slice tzif, struct zone *out)
{
    struct tables tables;
    struct rule rule = {0};
    int64_t last_s = 0;
    struct zone zone = {0};
    if (!find_tables(tzif, &tables) || !add_listed(&zone, &tables, &last_s)) {
        return false;
    }
    if (tables.rule.size > 0 &&
        (!read_rule(tables.rule, &rule) || !add_by_rule(&zone, &rule, last_s))) {
        return false;
    }
    memcpy(zone.name, out->name, sizeof(zone.name));
    *out = zone;
    return true;
}

bool zone_is_name(const char *name)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char more[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-";
    size_t size = strlen(name);
    if (size == 0 || size >= ZONE_NAME_SIZE) {
        return false;
    }
    struct slice rest = slice_make(name, size);
    while (rest.size > 0) {
        struct slice part = slice_split(&rest, '/');
        if (part.size == 0 || memchr(first, part.data[0], sizeof(first) - 1) == NULL) {
            return false;
        }
        for (size_t i = 0; i < part.size; i++) {
            if (memchr(more, part.data[i], sizeof(more) - 1) == NULL) {
                return false;
            }
        }
    }
    return name[size - 1] != '/';
}

int32_t zone_offset_s(const struct zone_change *changes, uint32_t count, int64_t wall_s)
{
    uint32_t low = 0; /* the last change that has begun is in low .. high - 1 */
    uint32_t high = count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (changes[middle].from_s <= wall_s) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return count == 0 ? 0 : changes[low].offset_s;
}

uint32_t zone_week_minute(const struct zone_change *changes, uint32_t count, int64_t wall_s)
{
    /* 1970-01-01 was a Thursday. Taken modulo the week first: no sum leaves 64 bits. */
    const int64_t week_s = INT64_C(60) * MINUTES_PER_WEEK;
    int64_t in_week_s =
        (wall_s % week_s + zone_offset_s(changes, count, wall_s) + 3 * S_PER_DAY + 2 * week_s) %
        week_s;
    return (uint32_t)(in_week_s / 60);
}
