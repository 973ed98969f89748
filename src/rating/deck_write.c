#include "rating/deck_time.h"
#include "rating/deck_view.h"

struct writer {
    const struct deck *deck;
    struct buf *out;
    char digits[DECK_PREFIX_DIGITS_MAX];
};

/* In quotes where it has to be (RFC 4180 2). */
static void write_text(struct buf *out, struct slice text)
{
    bool has_special = slice_trim(text).size != text.size;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        has_special = has_special || c == ',' || c == '"' || c == '\n' || c == '\r';
    }
    if (!has_special) {
        buf_slice(out, text);
        return;
    }
    buf_char(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"') {
            buf_char(out, '"');
        }
        buf_char(out, text.data[i]);
    }
    buf_char(out, '"');
}

static void write_steps(struct buf *out, const struct deck_extra *extra)
{
    for (int i = 0; i < extra->step_count; i++) {
        buf_text(out, i > 0 ? ";" : "");
        buf_u64(out, extra->step_from_s[i]);
        buf_char(out, ':');
        money_write_nano(out, extra->step_nano[i]);
    }
}

/* The columns of a deck in which some row has such things; empty where this one has not. */
static void write_extra(const struct writer *writer, const struct deck_extra *extra)
{
    struct buf *out = writer->out;
    bool is_calls = writer->deck->header.kind == DECK_CALLS;
    if (extra != NULL && extra->minimum_micro > 0) {
        money_write_short(out, extra->minimum_micro);
    }
    buf_char(out, ',');
    if (is_calls) {
        if (extra != NULL && extra->free_s > 0) {
            buf_u64(out, extra->free_s);
        }
        buf_char(out, ',');
        if (extra != NULL) {
            write_steps(out, extra);
        }
        buf_char(out, ',');
    }
    if (extra != NULL && extra->window > 0) {
        window_write(out, &writer->deck->spans[extra->window - 1]);
    }
    buf_char(out, ',');
}

static void write_call_terms(const struct writer *writer, const struct deck_rate *rate)
{
    struct buf *out = writer->out;
    money_write_short(out, rate->fee_micro);
    buf_char(out, ',');
    buf_u64(out, rate->first_s);
    buf_char(out, ',');
    buf_u64(out, rate->next_s);
    buf_char(out, ',');
}

/* A network stands in the columns mcc and mnc, a number's prefix in its own. */
static void write_key(const struct writer *writer, size_t length)
{
    struct buf *out = writer->out;
    const char *digits = writer->digits;
    if (writer->deck->header.kind == DECK_CALLS) {
        buf_put(out, digits, length);
    } else if (digits[0] != DECK_NETWORK_MARK) {
        buf_put(out, digits, length);
        buf_text(out, ",,");
    } else {
        buf_char(out, ',');
        buf_put(out, digits + 1, length > 1 ? (length < 4 ? length : 4) - 1 : 0);
        buf_char(out, ',');
        buf_put(out, digits + 5, length > 5 ? length - 5 : 0);
    }
    buf_char(out, ',');
}

static void write_entry(const struct writer *writer, size_t length, const struct deck_entry *entry)
{
    struct buf *out = writer->out;
    const struct deck *deck = writer->deck;
    const struct deck_rate *rate = deck_entry_rate(deck, entry);
    int64_t date = deck_entry_date(deck, entry);
    write_key(writer, length);
    write_text(out, slice_from_text(deck->text + entry->description));
    buf_char(out, ',');
    money_write_nano(out, rate->nano_per_min);
    buf_char(out, ',');
    if (deck->header.kind == DECK_CALLS) {
        write_call_terms(writer, rate);
    }
    if (deck->header.extra_count > 0) {
        write_extra(writer, deck_rate_extra(deck, rate));
    }
    if (date != DECK_DATE_ALWAYS) {
        deck_time_write(out, date);
    }
    buf_char(out, '\n');
}

static void write_header(const struct deck *deck, struct buf *out)
{
    bool is_calls = deck->header.kind == DECK_CALLS;
    buf_text(out, is_calls ? "prefix," : "prefix,mcc,mnc,");
    buf_text(out, "description,rate,");
    buf_text(out, is_calls ? "connection_fee,first_increment,next_increment," : "");
    if (deck->header.extra_count > 0) {
        buf_text(out, "minimum_charge,");
        buf_text(out, is_calls ? "free_seconds,steps," : "");
        buf_text(out, "window,");
    }
    buf_text(out, "effective\n");
}

static void write_run(const struct writer *writer, size_t length, uint32_t value)
{
    const struct deck_entry *entry = &writer->deck->entries[value - 1];
    write_entry(writer, length, entry);
    while ((entry->date_more & DECK_ENTRY_MORE) != 0 && !writer->out->is_full) {
        entry++;
        write_entry(writer, length, entry);
    }
}

/* The prefix that ends at this node, then those below it; as deep as a prefix is long. */
static void write_node(struct writer *writer, uint32_t node_index, size_t depth)
{
    uint64_t node = writer->deck->nodes[node_index];
    if (deck_node_value(node) != 0) {
        write_run(writer, depth, deck_node_value(node));
    }
    if (depth == DECK_PREFIX_DIGITS_MAX) {
        return;
    }
    uint32_t child = deck_node_first_child(node);
    for (int digit = 0; digit < 10 && !writer->out->is_full; digit++) {
        if ((deck_node_children(node) >> digit & 1) != 0) {
            writer->digits[depth] = (char)('0' + digit);
            write_node(writer, child++, depth + 1);
        }
    }
}

bool deck_write_csv(const struct deck *deck, struct buf *out)
{
    write_header(deck, out);
    struct writer writer = {.deck = deck, .out = out};
    write_node(&writer, 0, 0);
    return !out->is_full;
}
