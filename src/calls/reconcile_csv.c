#include "calls/reconcile_csv.h"

#include "rating/csv.h"
#include "rating/deck_time.h"

#include <stdio.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)
#define NOT_THERE UINT32_MAX
#define NAMES_MAX 10

static const struct {
    const char *name;
    const char *known[NAMES_MAX]; /* compared without case, blanks, dots, dashes and underlines */
} columns[RECONCILE_COLUMN_COUNT] = {
    {"time",
     {"answertime", "answeredat", "connecttime", "time", "starttime", "start", "datetime",
      "calldate", "date"}},
    {"number",
     {"number", "callee", "called", "callednumber", "destinationnumber", "destination", "dst",
      "bnumber", "to"}},
    {"duration",
     {"billsec", "billedduration", "billedseconds", "talk", "duration", "seconds", "length"}},
    {"cost", {"cost", "charge", "amount", "total", "price"}},
    {"call-id", {"callid", "sipcallid"}},
};

const char *reconcile_column_name(enum reconcile_column column)
{
    return columns[column].name;
}

/* ---- values ---- */

/* Digits as a number, and in *rest what stands behind them. False: there is none, or too many. */
static bool take_number(struct slice *rest, uint64_t max, uint64_t *out)
{
    size_t size = 0;
    while (size < rest->size && rest->data[size] >= '0' && rest->data[size] <= '9') {
        size++;
    }
    bool is_good = size > 0 && slice_to_u64(slice_head(*rest, size), max, out);
    *rest = slice_skip(*rest, size);
    return is_good;
}

/* Behind a point: up to six digits count, more are dropped. */
static bool take_fraction(struct slice *rest, int64_t *us)
{
    int64_t unit_us = SECOND_US / 10;
    *us = 0;
    if (rest->size == 0 || rest->data[0] != '.') {
        return true;
    }
    *rest = slice_skip(*rest, 1);
    if (rest->size == 0 || rest->data[0] < '0' || rest->data[0] > '9') {
        return false;
    }
    while (rest->size > 0 && rest->data[0] >= '0' && rest->data[0] <= '9') {
        *us += (rest->data[0] - '0') * unit_us;
        unit_us /= 10;
        *rest = slice_skip(*rest, 1);
    }
    return true;
}

bool reconcile_duration(struct slice text, int64_t *us)
{
    uint64_t parts[3];
    int count = 0;
    int64_t fraction_us = 0;
    struct slice rest = text;
    do {
        if (!take_number(&rest, 100000000, &parts[count])) {
            return false;
        }
        count++;
    } while (count < 3 && rest.size > 0 && rest.data[0] == ':' &&
             (rest = slice_skip(rest, 1), true));
    if (!take_fraction(&rest, &fraction_us) || rest.size > 0) {
        return false;
    }
    uint64_t seconds = 0;
    for (int i = 0; i < count; i++) {
        if (i > 0 && parts[i] > 59) {
            return false;
        }
        seconds = seconds * 60 + parts[i];
    }
    *us = (int64_t)seconds * SECOND_US + fraction_us;
    return true;
}

static bool epoch_time(struct slice text, int64_t *wall_us)
{
    uint64_t number;
    int64_t fraction_us;
    struct slice rest = text;
    if (!take_number(&rest, INT64_MAX, &number) || !take_fraction(&rest, &fraction_us) ||
        rest.size > 0) {
        return false;
    }
    bool is_us = number >= UINT64_C(100000000000000);
    bool is_ms = !is_us && number >= UINT64_C(100000000000);
    *wall_us = is_us   ? (int64_t)number
               : is_ms ? (int64_t)number * 1000
                       : (int64_t)number * SECOND_US + fraction_us;
    return number >= 100000000; /* 1973; less is a mistake */
}

bool reconcile_time(struct slice text, int32_t offset_s, int64_t *wall_us)
{
    char zoned[48];
    int64_t wall_s;
    int64_t fraction_us = 0;
    if (epoch_time(text, wall_us)) {
        return true;
    }
    if (text.size < 16 || text.size > sizeof(zoned) - 5 ||
        (text.data[10] != ' ' && text.data[10] != 'T')) {
        return false;
    }
    size_t point = slice_find(text, '.');
    if (point < text.size) {
        struct slice rest = slice_skip(text, point);
        if (!take_fraction(&rest, &fraction_us)) {
            return false;
        }
    }
    memcpy(zoned, text.data, text.size);
    zoned[10] = 'T';
    size_t size = text.size;
    if (size == 16) { /* without seconds */
        memcpy(zoned + size, ":00", 3);
        size += 3;
    }
    bool has_zone = memchr(zoned + 16, 'Z', size - 16) != NULL ||
                    memchr(zoned + 16, '+', size - 16) != NULL ||
                    memchr(zoned + 16, '-', size - 16) != NULL;
    if (!has_zone) {
        zoned[size++] = 'Z';
    }
    if (!deck_time_parse(slice_make(zoned, size), &wall_s)) {
        return false;
    }
    *wall_us = (wall_s - (has_zone ? 0 : offset_s)) * SECOND_US + fraction_us;
    return true;
}

/* More than six decimals are cut off. */
static bool read_cost(struct slice text, int64_t *micro)
{
    size_t point = slice_find(text, '.');
    for (size_t i = point + 7; point < text.size && i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
    }
    return money_parse(slice_head(text, point + 7), micro);
}

/* ---- columns ---- */

/* Without what people put between words, in lower case. */
static size_t plain_name(struct slice text, char out[64])
{
    size_t size = 0;
    for (size_t i = 0; i < text.size && size < 63; i++) {
        char c = text.data[i];
        if (memchr(" _-.", c, 4) == NULL) {
            out[size++] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
        }
    }
    out[size] = '\0';
    return size;
}

static uint32_t find_name(const struct csv_record *header, struct slice name)
{
    char wanted[64];
    char shown[64];
    plain_name(name, wanted);
    for (uint32_t i = 0; i < header->field_count; i++) {
        plain_name(header->fields[i].text, shown);
        if (strcmp(wanted, shown) == 0) {
            return i;
        }
    }
    return NOT_THERE;
}

static uint32_t find_known(const struct csv_record *header, enum reconcile_column column)
{
    uint32_t at = NOT_THERE;
    for (int i = 0; at == NOT_THERE && i < NAMES_MAX && columns[column].known[i] != NULL; i++) {
        at = find_name(header, slice_from_text(columns[column].known[i]));
    }
    return at;
}

static bool find_columns(const struct csv_record *header, const struct reconcile_form *form,
                         uint32_t at[RECONCILE_COLUMN_COUNT], char error[200])
{
    for (int i = 0; i < RECONCILE_COLUMN_COUNT; i++) {
        enum reconcile_column column = (enum reconcile_column)i;
        struct slice name = form->names[i];
        bool is_given = name.size > 0;
        at[i] = is_given ? find_name(header, name) : find_known(header, column);
        if (at[i] == NOT_THERE && is_given) {
            snprintf(error, 200, "line %u: no column is called \"%.*s\"", header->line,
                     (int)(name.size < 60 ? name.size : 60), name.data);
            return false;
        }
        if (at[i] == NOT_THERE && column != RECONCILE_COST && column != RECONCILE_CALL_ID) {
            snprintf(error, 200, "line %u: no column looks like the %s: name it, --columns %s=NAME",
                     header->line, columns[i].name, columns[i].name);
            return false;
        }
    }
    return true;
}

/* ---- rows ---- */

static void fault(struct reconcile_faults *faults, uint32_t line, const char *what,
                  struct slice value)
{
    if (faults->count < RECONCILE_FAULTS_MAX) {
        struct reconcile_fault *row = &faults->rows[faults->count];
        char shown[41];
        size_t size = 0;
        for (; size < value.size && size < sizeof(shown) - 1; size++) {
            char c = value.data[size];
            shown[size] = (char)(c < ' ' || c == 0x7f ? '?' : c);
        }
        shown[size] = '\0';
        row->line = line;
        snprintf(row->why, sizeof(row->why), "%s: \"%s\"", what, shown);
    }
    faults->count++;
}

static struct slice value_at(const struct csv_record *record, uint32_t at)
{
    return at < record->field_count ? record->fields[at].text : slice_make("", 0);
}

static bool read_row(const struct csv_record *record, const uint32_t at[RECONCILE_COLUMN_COUNT],
                     int32_t offset_s, struct reconcile_call *out, struct reconcile_faults *faults)
{
    struct slice time = value_at(record, at[RECONCILE_TIME]);
    struct slice number = value_at(record, at[RECONCILE_NUMBER]);
    struct slice duration = value_at(record, at[RECONCILE_DURATION]);
    struct slice cost = value_at(record, at[RECONCILE_COST]);
    struct slice call_id = value_at(record, at[RECONCILE_CALL_ID]);
    memset(out, 0, sizeof(*out));
    out->ref = record->line;
    out->has_cost = cost.size > 0;
    if (record->fault != CSV_OK) {
        fault(faults, record->line, "this is no row of CSV", record->text);
    } else if (!reconcile_time(time, offset_s, &out->wall_answer_us)) {
        fault(faults, record->line, "the time is not like 2026-11-21 10:00:00", time);
    } else if (!reconcile_number(number, out->number)) {
        fault(faults, record->line, "this is no number", number);
    } else if (!reconcile_duration(duration, &out->talk_us)) {
        fault(faults, record->line, "the duration is neither seconds nor h:mm:ss", duration);
    } else if (out->has_cost && !read_cost(cost, &out->cost_micro)) {
        fault(faults, record->line, "the cost is no amount", cost);
    } else if (!slice_copy_text(call_id, out->call_id, sizeof(out->call_id))) {
        fault(faults, record->line, "the Call-ID is too long", call_id);
    } else {
        return true;
    }
    return false;
}

bool reconcile_csv_read(struct slice csv, const struct reconcile_form *form,
                        struct reconcile_calls *out, uint32_t *silent_count,
                        struct reconcile_faults *faults, char error[200])
{
    struct csv_reader reader;
    struct csv_record record;
    uint32_t at[RECONCILE_COLUMN_COUNT];
    memset(faults, 0, sizeof(*faults));
    *silent_count = 0;
    csv_init(&reader, csv);
    if (!csv_next(&reader, &record)) {
        snprintf(error, 200, "the file is empty");
        return false;
    }
    if (!find_columns(&record, form, at, error)) {
        return false;
    }
    while (csv_next(&reader, &record)) {
        struct reconcile_call call;
        if (!read_row(&record, at, form->offset_s, &call, faults)) {
            continue;
        }
        if (call.talk_us == 0) {
            (*silent_count)++;
        } else if (!reconcile_calls_add(out, &call)) {
            snprintf(error, 200, "line %u: no memory for more", record.line);
            return false;
        }
    }
    return true;
}
