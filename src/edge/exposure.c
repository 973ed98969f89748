#include "edge/exposure.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[EXPOSURE_BY_COUNT] = {"account", "trunk", "destination", "country"};

const char *exposure_by_name(enum exposure_by by)
{
    return names[by];
}

bool exposure_by_parse(struct slice name, enum exposure_by *by)
{
    for (int i = 0; i < EXPOSURE_BY_COUNT; i++) {
        if (slice_equal(name, slice_from_text(names[i]))) {
            *by = (enum exposure_by)i;
            return true;
        }
    }
    return false;
}

bool exposure_init(struct exposure *exposure, enum exposure_by by, uint32_t row_max)
{
    memset(exposure, 0, sizeof(*exposure));
    exposure->by = by;
    exposure->row_max = row_max;
    exposure->rows = calloc(row_max, sizeof(exposure->rows[0]));
    if (exposure->rows == NULL || !map_init(&exposure->index, row_max)) {
        free(exposure->rows);
        return false;
    }
    return true;
}

void exposure_done(struct exposure *exposure)
{
    map_done(&exposure->index);
    free(exposure->rows);
}

/* What the call's row is found by; its sums are zeros. */
static struct exposure_row key_of(enum exposure_by by, const struct exposure_call *call)
{
    struct exposure_row key;
    memset(&key, 0, sizeof(key)); /* padding too: keys are hashed */
    memcpy(key.currency, call->currency, sizeof(key.currency));
    switch (by) {
    case EXPOSURE_BY_ACCOUNT:
        key.id = call->account_id;
        break;
    case EXPOSURE_BY_TRUNK:
        key.id = call->trunk_id;
        break;
    case EXPOSURE_BY_DESTINATION:
        memcpy(key.name, call->prefix, sizeof(call->prefix));
        break;
    case EXPOSURE_BY_COUNTRY:
    case EXPOSURE_BY_COUNT:
        memcpy(key.name, call->region, sizeof(call->region));
        break;
    }
    return key;
}

static bool is_same(const struct exposure_row *a, const struct exposure_row *b)
{
    return a->id == b->id && memcmp(a->name, b->name, sizeof(a->name)) == 0 &&
           memcmp(a->currency, b->currency, sizeof(a->currency)) == 0;
}

/* NULL: there is no room for another row. */
static struct exposure_row *row_of(struct exposure *exposure, const struct exposure_call *call)
{
    struct exposure_row key = key_of(exposure->by, call);
    uint64_t hash = hash_u64(hash_bytes(key.id, key.name, sizeof(key.name)), key.id) ^
                    hash_bytes(0, key.currency, sizeof(key.currency));
    struct map_cursor cursor;
    for (uint32_t at = map_first(&exposure->index, hash, &cursor); at != MAP_NONE;
         at = map_next(&exposure->index, &cursor)) {
        if (is_same(&exposure->rows[at], &key)) {
            return &exposure->rows[at];
        }
    }
    if (exposure->row_count == exposure->row_max ||
        !map_add(&exposure->index, hash, exposure->row_count)) {
        return NULL;
    }
    struct exposure_row *row = &exposure->rows[exposure->row_count++];
    *row = key;
    return row;
}

void exposure_add(struct exposure *exposure, const struct exposure_call *call)
{
    struct exposure_row *row = row_of(exposure, call);
    if (row == NULL) {
        exposure->calls_left_out++;
        return;
    }
    row->calls++;
    row->answered += call->is_answered;
    row->cost_micro = money_add_clamped(row->cost_micro, call->cost_micro);
    row->minute_micro = money_add_clamped(row->minute_micro, call->minute_micro);
    row->held_micro = money_add_clamped(row->held_micro, call->held_micro);
}

static int compare(const void *a, const void *b)
{
    const struct exposure_row *one = a;
    const struct exposure_row *other = b;
    if (one->minute_micro != other->minute_micro) {
        return one->minute_micro < other->minute_micro ? 1 : -1;
    }
    if (one->calls != other->calls) {
        return one->calls < other->calls ? 1 : -1;
    }
    if (one->id != other->id) {
        return one->id < other->id ? -1 : 1;
    }
    return strcmp(one->name, other->name);
}

void exposure_sort(struct exposure *exposure)
{
    qsort(exposure->rows, exposure->row_count, sizeof(exposure->rows[0]), compare);
}
