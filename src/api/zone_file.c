#include "api/zone_file.h"

#include <stdio.h>
#include <stdlib.h>

#define ZONE_FILE_MAX 65536

bool zone_file_read(const char *name, struct zone *out)
{
    char path[sizeof("/usr/share/zoneinfo/") + ZONE_NAME_SIZE];
    if (!zone_is_name(name)) {
        return false;
    }
    snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
    FILE *file = fopen(path, "rbe");
    char *block = malloc(ZONE_FILE_MAX);
    size_t size = file == NULL || block == NULL ? 0 : fread(block, 1, ZONE_FILE_MAX, file);
    bool is_read = size > 0 && size < ZONE_FILE_MAX && zone_read(slice_make(block, size), out);
    if (is_read && out->name != name) {
        snprintf(out->name, sizeof(out->name), "%s", name);
    }
    free(block);
    if (file != NULL) {
        fclose(file);
    }
    return is_read;
}
