#include "rating/deck_time.h"

#define S_PER_DAY INT64_C(86400)
#define TIME_SIZE 9         /* Thh:mm:ss */
#define ZONE_SIZE 6         /* +hh:mm */
#define DAYS_PER_ERA 146097 /* 400 years of the Gregorian calendar */
#define DAYS_TO_1970 719468 /* from 1 March of the year 0 */

/* Years begin in March here, so that the leap day is the last. */
int64_t deck_days_from_date(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2 ? 1 : 0;
    int64_t era = year / 400;
    int64_t year_of_era = year % 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
}

static void date_from_days(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
    days += DAYS_TO_1970;
    int64_t era = days / DAYS_PER_ERA;
    int64_t day_of_era = days % DAYS_PER_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    *day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    *month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    *year = year_of_era + era * 400 + (*month <= 2 ? 1 : 0);
}

int64_t deck_days_in_month(int64_t year, int64_t month)
{
    int64_t next_year = month == 12 ? year + 1 : year;
    int64_t next_month = month == 12 ? 1 : month + 1;
    return deck_days_from_date(next_year, next_month, 1) - deck_days_from_date(year, month, 1);
}

/* `size` digits at the start of *rest, then the separator (0: none); both are taken off. */
static bool take_number(struct slice *rest, size_t size, char separator, uint64_t max, int64_t *out)
{
    uint64_t value = 0;
    if (rest->size < size || !slice_to_u64(slice_head(*rest, size), max, &value)) {
        return false;
    }
    *rest = slice_skip(*rest, size);
    *out = (int64_t)value;
    if (separator == '\0') {
        return true;
    }
    if (rest->size == 0 || rest->data[0] != separator) {
        return false;
    }
    *rest = slice_skip(*rest, 1);
    return true;
}

static void skip_fraction(struct slice *rest)
{
    if (rest->size < 2 || rest->data[0] != '.') {
        return;
    }
    size_t size = 1;
    while (size < rest->size && rest->data[size] >= '0' && rest->data[size] <= '9') {
        size++;
    }
    *rest = slice_skip(*rest, size > 1 ? size : 0);
}

/* Time and zone behind the date (RFC 3339 5.6). */
static bool parse_time(struct slice rest, int64_t *seconds)
{
    int64_t hour = 0;
    int64_t minute = 0;
    int64_t second = 0;
    if (!take_number(&rest, 2, ':', 23, &hour) || !take_number(&rest, 2, ':', 59, &minute) ||
        !take_number(&rest, 2, '\0', 60, &second)) {
        return false;
    }
    skip_fraction(&rest);
    *seconds = hour * 3600 + minute * 60 + second;
    if (rest.size == 1 && (rest.data[0] | 0x20) == 'z') {
        return true;
    }
    if (rest.size != ZONE_SIZE || (rest.data[0] != '+' && rest.data[0] != '-')) {
        return false;
    }
    bool is_east = rest.data[0] == '+';
    rest = slice_skip(rest, 1);
    if (!take_number(&rest, 2, ':', 23, &hour) || !take_number(&rest, 2, '\0', 59, &minute)) {
        return false;
    }
    int64_t offset = hour * 3600 + minute * 60;
    *seconds += is_east ? -offset : offset;
    return true;
}

bool deck_time_parse(struct slice text, int64_t *wall_s)
{
    int64_t year = 0;
    int64_t month = 0;
    int64_t day = 0;
    struct slice rest = text;
    if (!take_number(&rest, 4, '-', 9999, &year) || !take_number(&rest, 2, '-', 12, &month) ||
        !take_number(&rest, 2, '\0', 31, &day)) {
        return false;
    }
    if (year < 1 || month < 1 || day < 1 || day > deck_days_in_month(year, month)) {
        return false;
    }
    int64_t seconds = 0;
    if (rest.size > 0) {
        bool has_time = rest.size >= TIME_SIZE && ((rest.data[0] | 0x20) == 't');
        if (!has_time || !parse_time(slice_skip(rest, 1), &seconds)) {
            return false;
        }
    }
    *wall_s = deck_days_from_date(year, month, day) * S_PER_DAY + seconds;
    return true;
}

void deck_time_write(struct buf *out, int64_t wall_s)
{
    int64_t days = wall_s / S_PER_DAY;
    int64_t seconds = wall_s % S_PER_DAY;
    if (seconds < 0) {
        seconds += S_PER_DAY;
        days--;
    }
    int64_t year = 0;
    int64_t month = 0;
    int64_t day = 0;
    date_from_days(days, &year, &month, &day);
    buf_printf(out, "%04d-%02d-%02d", (int)year, (int)month, (int)day);
    if (seconds != 0) {
        buf_printf(out, "T%02d:%02d:%02dZ", (int)(seconds / 3600), (int)(seconds / 60 % 60),
                   (int)(seconds % 60));
    }
}
