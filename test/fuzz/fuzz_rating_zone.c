/* Whatever is read as a time zone has changes that rise, and an offset at any time. */
#include "fuzz.h"

#include "rating/zone.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct zone zone;
    static const int64_t times[] = {INT64_MIN,  -1,         0,        1577836800,
                                    1800000000, 4102444800, INT64_MAX};
    memset(&zone, 0, sizeof(zone));
    if (!zone_read(slice_make((const char *)data, size), &zone)) {
        return 0;
    }
    FUZZ_CHECK(zone.change_count >= 1 && zone.change_count <= ZONE_CHANGES_MAX);
    FUZZ_CHECK(zone.changes[0].from_s == INT64_MIN);
    for (uint32_t i = 1; i < zone.change_count; i++) {
        FUZZ_CHECK(zone.changes[i].from_s > zone.changes[i - 1].from_s);
    }
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        int32_t offset_s = zone_offset_s(zone.changes, zone.change_count, times[i]);
        FUZZ_CHECK(offset_s <= 26 * 3600 && offset_s >= -26 * 3600);
        FUZZ_CHECK(zone_week_minute(zone.changes, zone.change_count, times[i]) < 10080);
    }
    return 0;
}
