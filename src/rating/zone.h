/* zone.h - a time zone: its distance to UTC at any time, from a TZif file (RFC 8536).
 *
 * A deck carries the changes of its zone, so that a price depends on the deck, the number and the
 * time alone, and is found again years later whatever the tables of the machine say by then.
 * Changes before 2020 are left out; rules "for ever" are carried out up to 2100.
 */
#ifndef DT_RATING_ZONE_H
#define DT_RATING_ZONE_H

#include "base/attr.h"
#include "base/slice.h"

#define ZONE_NAME_SIZE 40
#define ZONE_CHANGES_MAX 320

struct zone_change {
    int64_t from_s;   /* seconds since 1970; INT64_MIN in the first one */
    int32_t offset_s; /* local time less UTC */
    int32_t reserved; /* 0 */
};

struct zone {
    char name[ZONE_NAME_SIZE]; /* "Europe/Berlin"; empty: UTC, without any change */
    uint32_t change_count;
    struct zone_change changes[ZONE_CHANGES_MAX]; /* by rising time */
};

/* False: not a TZif file of version 2 or later, damaged, or with more changes than fit. */
MUST_CHECK bool zone_read(struct slice tzif, struct zone *out);

/* A name that can be a file below /usr/share/zoneinfo: no way out of it. */
bool zone_is_name(const char *name);

/* 0 without changes. */
int32_t zone_offset_s(const struct zone_change *changes, uint32_t count, int64_t wall_s);

/* Local minute of the week, 0 (Monday 00:00) to 10079. */
uint32_t zone_week_minute(const struct zone_change *changes, uint32_t count, int64_t wall_s);

#endif
