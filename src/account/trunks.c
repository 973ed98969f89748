#include "account/trunks.h"

#include <stdlib.h>
#include <string.h>

static int by_number(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int by_id(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int trunk_compare(const void *left, const void *right)
{
    return by_id(((const struct trunk *)left)->id, ((const struct trunk *)right)->id);
}

static int route_compare(const void *left, const void *right)
{
    const struct route_row *a = left;
    const struct route_row *b = right;
    int order = strcmp(a->prefix, b->prefix);
    if (order == 0) {
        order = by_number(a->priority, b->priority);
    }
    return order != 0 ? order : by_id(a->id, b->id);
}

static uint32_t acl_count_of(const struct trunk *trunks, uint32_t trunk_count)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < trunk_count; i++) {
        count += trunks[i].acl_count;
    }
    return count;
}

static void acl_fill(struct acl_entry *acl, const struct trunk *trunks, uint32_t trunk_count)
{
    for (uint32_t i = 0; i < trunk_count; i++) {
        for (int j = 0; j < trunks[i].acl_count; j++) {
            struct acl_entry *entry = acl++;
            *entry = (struct acl_entry){.prefix_bits = trunks[i].acl[j].prefix_bits,
                                        .is_disabled = trunks[i].is_disabled,
                                        .trunk_index = i};
            memcpy(entry->address, trunks[i].acl[j].address, sizeof(entry->address));
            acl_mask(entry->address, entry->prefix_bits);
        }
    }
}

struct trunks *trunks_new(const struct trunk *trunks, uint32_t trunk_count,
                          const struct route_row *routes, uint32_t route_count)
{
    uint32_t acl_count = acl_count_of(trunks, trunk_count);
    size_t trunks_size = trunk_count * sizeof(struct trunk);
    size_t routes_size = route_count * sizeof(struct route_row);
    struct trunks *made =
        calloc(1, sizeof(*made) + trunks_size + routes_size + acl_count * sizeof(struct acl_entry));
    if (made == NULL) {
        return NULL;
    }
    struct trunk *own_trunks = (struct trunk *)(void *)(made + 1);
    struct route_row *own_routes = (struct route_row *)(void *)(own_trunks + trunk_count);
    struct acl_entry *acl = (struct acl_entry *)(void *)(own_routes + route_count);
    if (trunk_count > 0) {
        memcpy(own_trunks, trunks, trunks_size);
        qsort(own_trunks, trunk_count, sizeof(*own_trunks), trunk_compare);
    }
    if (route_count > 0) {
        memcpy(own_routes, routes, routes_size);
        qsort(own_routes, route_count, sizeof(*own_routes), route_compare);
    }
    acl_fill(acl, own_trunks, trunk_count);
    acl_sort(acl, acl_count);
    made->set = (struct trunk_set){.trunk_count = trunk_count,
                                   .trunks = own_trunks,
                                   .route_count = route_count,
                                   .routes = own_routes};
    made->acl = acl;
    made->acl_count = acl_count;
    return made;
}

const struct trunk *trunk_set_by_id(const struct trunk_set *set, uint64_t id)
{
    struct trunk wanted = {.id = id};
    return set->trunk_count == 0 ? NULL
                                 : bsearch(&wanted, set->trunks, set->trunk_count,
                                           sizeof(*set->trunks), trunk_compare);
}
