/* zone_file.h - a time zone as this machine has it, in /usr/share/zoneinfo. */
#ifndef DT_API_ZONE_FILE_H
#define DT_API_ZONE_FILE_H

#include "rating/zone.h"

/* "Europe/Berlin"; out->name is set too. False: no such name, or its file cannot be read. */
MUST_CHECK bool zone_file_read(const char *name, struct zone *out);

#endif
