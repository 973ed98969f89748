#include "store/tally.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES_FIRST 1024

static size_t slot_of(const struct tally *tally, uint64_t a, uint64_t b)
{
    uint64_t keys[2] = {a, b};
    size_t at = (size_t)hash_bytes(0, keys, sizeof(keys)) & (tally->slot_count - 1);
    while (tally->slots[at] != 0) {
        const struct tally_entry *entry = &tally->entries[tally->slots[at] - 1];
        if (entry->a == a && entry->b == b) {
            break;
        }
        at = (at + 1) & (tally->slot_count - 1);
    }
    return at;
}

static bool grow(struct tally *tally)
{
    size_t count_max = tally->count_max == 0 ? ENTRIES_FIRST : tally->count_max * 2;
    if (count_max > UINT32_MAX / 2) {
        return false;
    }
    struct tally_entry *entries = realloc(tally->entries, count_max * sizeof(*entries));
    if (entries == NULL) {
        return false;
    }
    tally->entries = entries;
    uint32_t *slots = calloc(count_max * 2, sizeof(*slots));
    if (slots == NULL) {
        return false;
    }
    free(tally->slots);
    tally->slots = slots;
    tally->slot_count = count_max * 2;
    tally->count_max = count_max;
    for (size_t i = 0; i < tally->count; i++) {
        slots[slot_of(tally, entries[i].a, entries[i].b)] = (uint32_t)i + 1;
    }
    return true;
}

struct tally_entry *tally_at(struct tally *tally, uint64_t a, uint64_t b)
{
    if (tally->count == tally->count_max && !grow(tally)) {
        return NULL;
    }
    size_t slot = slot_of(tally, a, b);
    if (tally->slots[slot] == 0) {
        tally->entries[tally->count] = (struct tally_entry){.a = a, .b = b};
        tally->count++;
        tally->slots[slot] = (uint32_t)tally->count;
    }
    return &tally->entries[tally->slots[slot] - 1];
}

void tally_done(struct tally *tally)
{
    free(tally->entries);
    free(tally->slots);
    memset(tally, 0, sizeof(*tally));
}
