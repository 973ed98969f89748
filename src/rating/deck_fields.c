#include "rating/deck_reader.h"

#include "rating/deck_time.h"

#include <string.h>

/* At most so much of a bad value goes into a problem's text. */
static struct slice shortened(struct slice s)
{
    return slice_head(s, s.size < 40 ? s.size : 40);
}

bool deck_bad_value(const struct deck_reader *reader, const char *column, struct slice value,
                    const char *rule)
{
    struct slice shown = shortened(value);
    deck_problem_add(reader->build, reader->record->line, "%s \"" SLICE_FMT "\": %s", column,
                     SLICE_ARG(shown), rule);
    return false;
}

static struct slice field(const struct deck_reader *reader, enum deck_column column)
{
    uint32_t at = reader->columns.at[column];
    return at == COLUMN_NONE ? (struct slice){NULL, 0}
                             : slice_trim(reader->record->fields[at].text);
}

/* Digits as a key: each one more than it is, in four bits, from the top. */
static uint64_t key_of(struct slice digits)
{
    uint64_t key = 0;
    for (size_t i = 0; i < digits.size; i++) {
        key |= (uint64_t)(digits.data[i] - '0' + 1) << (60 - 4 * i);
    }
    return key;
}

static bool are_digits(struct slice text, size_t size_min, size_t size_max)
{
    bool is_good = text.size >= size_min && text.size <= size_max;
    for (size_t i = 0; is_good && i < text.size; i++) {
        is_good = text.data[i] >= '0' && text.data[i] <= '9';
    }
    return is_good;
}

static bool read_prefix(const struct deck_reader *reader, uint64_t *key)
{
    struct slice prefix = field(reader, COLUMN_PREFIX);
    if (!are_digits(prefix, 1, DECK_PREFIX_DIGITS_MAX)) {
        return deck_bad_value(reader, "prefix", prefix, "must be 1 to 15 digits and nothing else");
    }
    if (reader->kind == DECK_MESSAGES && prefix.data[0] == DECK_NETWORK_MARK) {
        return deck_bad_value(reader, "prefix", prefix, "must begin with a country code, not 0");
    }
    *key = key_of(prefix);
    return true;
}

static bool read_network(const struct deck_reader *reader, uint64_t *key)
{
    struct deck_network network = {.mcc = field(reader, COLUMN_MCC),
                                   .mnc = field(reader, COLUMN_MNC)};
    char digits[DECK_NETWORK_KEY_SIZE];
    if (!are_digits(network.mcc, 3, 3)) {
        return deck_bad_value(reader, "mcc", network.mcc, "must be 3 digits");
    }
    if (network.mnc.size > 0 && !are_digits(network.mnc, 2, 3)) {
        return deck_bad_value(reader, "mnc", network.mnc, "must be 2 or 3 digits");
    }
    struct slice prefix = field(reader, COLUMN_PREFIX);
    if (prefix.size > 0) {
        return deck_bad_value(reader, "prefix", prefix,
                              "a row has a prefix or a network, not both");
    }
    *key = key_of(slice_make(digits, deck_network_key(&network, digits)));
    return true;
}

bool deck_read_key(const struct deck_reader *reader, uint64_t *key)
{
    bool is_network = field(reader, COLUMN_MCC).size > 0 || field(reader, COLUMN_MNC).size > 0;
    return is_network ? read_network(reader, key) : read_prefix(reader, key);
}

static bool read_increment(const struct deck_reader *reader, enum deck_column column, uint16_t *out)
{
    struct slice text = field(reader, column);
    uint64_t value = 1;
    if (text.size > 0 && (!slice_to_u64(text, UINT16_MAX, &value) || value == 0)) {
        return deck_bad_value(reader, deck_column_name(column), text,
                              "must be whole seconds from 1 to 65535");
    }
    *out = (uint16_t)value;
    return true;
}

static bool read_money(const struct deck_reader *reader, enum deck_column column, int64_t *micro)
{
    struct slice text = field(reader, column);
    *micro = 0;
    if (text.size > 0 && !money_parse(text, micro)) {
        return deck_bad_value(reader, deck_column_name(column), text,
                              "must be a number with at most 6 decimals");
    }
    return *micro >= 0 ||
           deck_bad_value(reader, deck_column_name(column), text, "must not be negative");
}

static bool read_rate(const struct deck_reader *reader, struct deck_rate *out)
{
    struct slice rate = field(reader, COLUMN_RATE);
    if (!money_parse_nano(rate, &out->nano_per_min)) {
        return deck_bad_value(reader, "rate", rate, "must be a number with at most 9 decimals");
    }
    if (out->nano_per_min < 0) {
        return deck_bad_value(reader, "rate", rate, "must not be negative");
    }
    return read_money(reader, COLUMN_FEE, &out->fee_micro) &&
           read_increment(reader, COLUMN_FIRST, &out->first_s) &&
           read_increment(reader, COLUMN_NEXT, &out->next_s);
}

static bool read_date(const struct deck_reader *reader, int64_t *wall_s)
{
    struct slice text = field(reader, COLUMN_EFFECTIVE);
    *wall_s = DECK_DATE_ALWAYS;
    if (text.size > 0 && !deck_time_parse(text, wall_s)) {
        return deck_bad_value(reader, "effective", text,
                              "must be YYYY-MM-DD or like 2025-01-31T10:00:00Z");
    }
    return true;
}

/* Without doubled quotes; control characters become spaces. Ends with a NUL, which *size counts. */
static bool read_description(const struct deck_reader *reader,
                             char text[DECK_DESCRIPTION_SIZE_MAX + 1], uint32_t *size)
{
    uint32_t at = reader->columns.at[COLUMN_DESCRIPTION];
    bool has_doubled = at != COLUMN_NONE && reader->record->fields[at].has_doubled;
    struct slice raw = field(reader, COLUMN_DESCRIPTION);
    uint32_t length = 0;
    for (size_t i = 0; i < raw.size; i++) {
        if (length == DECK_DESCRIPTION_SIZE_MAX) {
            return deck_bad_value(reader, "description", raw, "must not be longer than 255 bytes");
        }
        unsigned char byte = (unsigned char)raw.data[i]; /* char has no sign on arm64 */
        char c = byte < ' ' || byte == 0x7f ? ' ' : raw.data[i];
        i += has_doubled && c == '"' ? 1 : 0;
        if (c != ' ' || length > 0) {
            text[length++] = c;
        }
    }
    while (length > 0 && text[length - 1] == ' ') {
        length--; /* a control character stood at the end, where trimming did not see a space */
    }
    text[length++] = '\0';
    *size = length;
    return true;
}

/* "600:0.05; 3600:0.02": from billed second 600 on 0.05 a minute, and so on. */
static bool read_steps(const struct deck_reader *reader, struct deck_extra *out)
{
    struct slice text = field(reader, COLUMN_STEPS);
    struct slice rest = text;
    while (rest.size > 0) {
        struct slice rate = slice_trim(slice_split(&rest, ';'));
        struct slice from = slice_trim(slice_split(&rate, ':'));
        rate = slice_trim(rate);
        uint64_t from_s = 0;
        int64_t nano = 0;
        uint32_t before_s = out->step_count > 0 ? out->step_from_s[out->step_count - 1] : 0;
        if (out->step_count == RATE_STEPS_MAX || !slice_to_u64(from, UINT32_MAX, &from_s) ||
            from_s <= before_s || !money_parse_nano(rate, &nano) || nano < 0) {
            return deck_bad_value(reader, "steps", text,
                                  "must be like 600:0.05;3600:0.02, rising, at most 3");
        }
        out->step_from_s[out->step_count] = (uint32_t)from_s;
        out->step_nano[out->step_count++] = nano;
    }
    return true;
}

static enum deck_read read_window(const struct deck_reader *reader, struct deck_extra *out)
{
    struct slice text = field(reader, COLUMN_WINDOW);
    struct window_span spans[WINDOW_SPANS_MAX + 1];
    uint32_t count = 0;
    if (text.size == 0) {
        return DECK_READ_OK;
    }
    if (!window_parse(text, spans, &count)) {
        deck_bad_value(reader, "window", text, "must be like mon-fri 08:00-20:00; sat 09:00-12:00");
        return DECK_READ_BAD;
    }
    spans[count] = (struct window_span){WINDOW_END, WINDOW_END};
    uint32_t first = 0;
    if (!intern_run(&reader->rows->spans, spans, count + 1, &first)) {
        return DECK_READ_NO_MEMORY;
    }
    out->window = first + 1;
    return DECK_READ_OK;
}

/* What few rows have; *index stays 0 where there is none of it. */
static enum deck_read read_extra(const struct deck_reader *reader, uint32_t *index)
{
    static const struct deck_extra nothing;
    struct deck_extra extra = {0};
    struct slice text = field(reader, COLUMN_FREE);
    uint64_t free_s = 0;
    if (text.size > 0 && !slice_to_u64(text, UINT16_MAX, &free_s)) {
        deck_bad_value(reader, "free_seconds", text, "must be whole seconds from 0 to 65535");
        return DECK_READ_BAD;
    }
    extra.free_s = (uint16_t)free_s;
    if (!read_money(reader, COLUMN_MINIMUM, &extra.minimum_micro) || !read_steps(reader, &extra)) {
        return DECK_READ_BAD;
    }
    enum deck_read result = read_window(reader, &extra);
    if (result != DECK_READ_OK || memcmp(&extra, &nothing, sizeof(extra)) == 0) {
        return result;
    }
    uint32_t at = 0;
    if (!intern_run(&reader->rows->extras, &extra, 1, &at)) {
        return DECK_READ_NO_MEMORY;
    }
    *index = at + 1;
    return DECK_READ_OK;
}

enum deck_read deck_read_terms(const struct deck_reader *reader, uint32_t *terms)
{
    struct deck_rate rate = {0};
    int64_t date = 0;
    char text[DECK_DESCRIPTION_SIZE_MAX + 1];
    uint32_t text_size = 0;
    if (!read_rate(reader, &rate) || !read_date(reader, &date) ||
        !read_description(reader, text, &text_size)) {
        return DECK_READ_BAD;
    }
    enum deck_read result = read_extra(reader, &rate.extra);
    if (result != DECK_READ_OK) {
        return result;
    }
    struct deck_rows *rows = reader->rows;
    struct deck_entry entry;
    bool is_ok = intern_run(&rows->rates, &rate, 1, &entry.rate) &&
                 intern_run(&rows->dates, &date, 1, &entry.date_more) &&
                 intern_run(&rows->text, text, text_size, &entry.description) &&
                 intern_run(&rows->terms, &entry, 1, terms);
    return is_ok ? DECK_READ_OK : DECK_READ_NO_MEMORY;
}
