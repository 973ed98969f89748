#include "rating/deck_view.h"

struct walk {
    const struct deck *deck;
    bool (*visit)(void *ctx, struct slice digits);
    void *ctx;
    char digits[DECK_PREFIX_DIGITS_MAX];
};

/* False: the visitor has enough. As deep as a prefix is long. */
static bool walk_node(struct walk *walk, uint32_t index, size_t depth)
{
    uint64_t node = walk->deck->nodes[index];
    if (deck_node_value(node) != 0 && !walk->visit(walk->ctx, slice_make(walk->digits, depth))) {
        return false;
    }
    if (depth == DECK_PREFIX_DIGITS_MAX) {
        return true;
    }
    uint32_t child = deck_node_first_child(node);
    for (int digit = 0; digit < 10; digit++) {
        if ((deck_node_children(node) >> digit & 1) != 0) {
            walk->digits[depth] = (char)('0' + digit);
            if (!walk_node(walk, child++, depth + 1)) {
                return false;
            }
        }
    }
    return true;
}

void deck_each_prefix(const struct deck *deck, bool (*visit)(void *ctx, struct slice digits),
                      void *ctx)
{
    struct walk walk = {.deck = deck, .visit = visit, .ctx = ctx};
    (void)!walk_node(&walk, 0, 0);
}

bool deck_has_prefix(const struct deck *deck, struct slice digits)
{
    uint64_t node = deck->nodes[0];
    for (size_t i = 0; i < digits.size; i++) {
        uint32_t digit = (uint32_t)(digits.data[i] - '0');
        uint32_t children = deck_node_children(node);
        if (digit > 9 || (children >> digit & 1) == 0) {
            return false;
        }
        node = deck->nodes[deck_node_first_child(node) +
                           deck_bit_count(children & ((1u << digit) - 1))];
    }
    return deck_node_value(node) != 0;
}
