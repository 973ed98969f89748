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

static void write_entry(const struct writer *writer, size_t length, const struct deck_entry *entry)
{
    struct buf *out = writer->out;
    const struct deck_rate *rate = &writer->deck->rates[entry->rate];
    int64_t date = writer->deck->dates[entry->date_more & ~DECK_ENTRY_MORE];
    buf_put(out, writer->digits, length);
    buf_char(out, ',');
    write_text(out, slice_from_text(writer->deck->text + entry->description));
    buf_char(out, ',');
    money_write_nano(out, rate->nano_per_min);
    buf_char(out, ',');
    money_write_short(out, rate->fee_micro);
    buf_char(out, ',');
    buf_u64(out, rate->first_s);
    buf_char(out, ',');
    buf_u64(out, rate->next_s);
    buf_char(out, ',');
    if (date != DECK_DATE_ALWAYS) {
        deck_time_write(out, date);
    }
    buf_char(out, '\n');
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
    buf_text(out, "prefix,description,rate,connection_fee,first_increment,next_increment,"
                  "effective\n");
    struct writer writer = {.deck = deck, .out = out};
    write_node(&writer, 0, 0);
    return !out->is_full;
}
