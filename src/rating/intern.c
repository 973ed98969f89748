#include "rating/intern.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

#define LIST_COUNT_FIRST 256
#define RUN_COUNT_FIRST 1024

bool list_add(struct list *list, const void *items, uint32_t count)
{
    if (count > list->count_max - list->count) {
        size_t wanted = list->count_max == 0 ? LIST_COUNT_FIRST : (size_t)list->count_max * 2;
        while (wanted < (size_t)list->count + count) {
            wanted *= 2;
        }
        if (wanted > UINT32_MAX) {
            return false;
        }
        char *grown = realloc(list->items, wanted * list->item_size);
        if (grown == NULL) {
            return false;
        }
        list->items = grown;
        list->count_max = (uint32_t)wanted;
    }
    memcpy(list->items + (size_t)list->count * list->item_size, items, count * list->item_size);
    list->count += count;
    return true;
}

void list_done(struct list *list)
{
    free(list->items);
    *list = (struct list){.item_size = list->item_size};
}

bool intern_init(struct intern *intern, size_t item_size)
{
    *intern = (struct intern){.list = {.item_size = item_size}};
    return map_init(&intern->by_content, RUN_COUNT_FIRST);
}

void intern_done(struct intern *intern)
{
    list_done(&intern->list);
    map_done(&intern->by_content);
}

/* Grows with what is in it: a map for the worst case would lose every look-up to cache misses. */
static bool grow(struct map *map)
{
    struct map larger;
    if (!map_init(&larger, map->count_max * 2)) {
        return false;
    }
    for (size_t i = 0; i < map->slot_count; i++) {
        const struct map_slot *slot = &map->slots[i];
        if (slot->hash != 0 && !map_add(&larger, slot->hash, slot->value)) {
            map_done(&larger);
            return false;
        }
    }
    map_done(map);
    *map = larger;
    return true;
}

bool intern_run(struct intern *intern, const void *run, uint32_t count, uint32_t *index)
{
    /* Not seeded by a secret: whoever imports a deck only slows down their own import. */
    struct list *list = &intern->list;
    size_t size = count * list->item_size;
    uint64_t hash = hash_bytes(0, run, size);
    struct map_cursor cursor;
    for (uint32_t at = map_first(&intern->by_content, hash, &cursor); at != MAP_NONE;
         at = map_next(&intern->by_content, &cursor)) {
        if (count <= list->count - at &&
            memcmp(list->items + (size_t)at * list->item_size, run, size) == 0) {
            *index = at;
            return true;
        }
    }
    uint32_t added = list->count;
    if (intern->by_content.count == intern->by_content.count_max && !grow(&intern->by_content)) {
        return false;
    }
    if (!list_add(list, run, count) || !map_add(&intern->by_content, hash, added)) {
        return false;
    }
    *index = added;
    return true;
}
