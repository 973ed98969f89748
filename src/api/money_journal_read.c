/* money_journal_read.c - the journal of money requests, for a database restored from a backup. */
#include "api/money_journal.h"

#include "base/hash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "money.journal"
#define FILES_MAX 4096
#define CRC_SIZE 8

struct reading {
    json_t *lines;  /* in order; one that was refused is null */
    json_t *by_key; /* key to its last index */
    uint64_t damaged_count;
};

/* Closed files have the second of their end in their name; the open one is the newest. */
static int list_files(const char *path, uint64_t *ends)
{
    DIR *dir = opendir(path);
    int count = 0;
    if (dir == NULL) {
        return errno == ENOENT ? 0 : -1;
    }
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL && count < FILES_MAX) {
        struct slice name = slice_from_text(entry->d_name);
        if (slice_equal(name, SLICE(FILE_NAME))) {
            ends[count++] = UINT64_MAX;
        } else if (slice_starts_with(name, SLICE(FILE_NAME ".")) &&
                   slice_to_u64(slice_skip(name, sizeof(FILE_NAME)), INT64_MAX, &ends[count])) {
            count++;
        }
    }
    closedir(dir);
    return count;
}

static int compare_ends(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

/* The JSON of a line whose checksum is right; NULL: damaged. */
static json_t *read_line(struct slice line)
{
    if (line.size < CRC_SIZE + 2 || line.data[line.size - CRC_SIZE - 1] != '\t') {
        return NULL;
    }
    struct slice json = slice_head(line, line.size - CRC_SIZE - 1);
    char wanted[CRC_SIZE + 1];
    snprintf(wanted, sizeof(wanted), "%08" PRIx32, crc32c(0, json.data, json.size));
    if (memcmp(wanted, line.data + line.size - CRC_SIZE, CRC_SIZE) != 0) {
        return NULL;
    }
    json_t *object = json_loadb(json.data, json.size, 0, NULL);
    return json_is_string(json_object_get(object, "key")) ? object : (json_decref(object), NULL);
}

static void take_line(struct reading *reading, struct slice line)
{
    json_t *object = read_line(line);
    if (object == NULL) {
        reading->damaged_count++;
        return;
    }
    const char *key = json_string_value(json_object_get(object, "key"));
    if (!json_is_true(json_object_get(object, "is_refused"))) {
        json_object_set_new(reading->by_key, key,
                            json_integer((json_int_t)json_array_size(reading->lines)));
        json_array_append_new(reading->lines, object);
        return;
    }
    const json_t *index = json_object_get(reading->by_key, key);
    if (index != NULL) {
        json_array_set_new(reading->lines, (size_t)json_integer_value(index), json_null());
    }
    json_decref(object);
}

static bool read_file(struct reading *reading, const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size_max = 0;
    ssize_t size;
    if (file == NULL) {
        return false;
    }
    while ((size = getline(&line, &size_max, file)) > 0) {
        size_t length = (size_t)size - (line[size - 1] == '\n' ? 1 : 0);
        if (length > 0) {
            take_line(reading, slice_make(line, length));
        }
    }
    bool is_read = ferror(file) == 0;
    free(line);
    fclose(file);
    return is_read;
}

static void copy_text(const json_t *object, const char *name, char *field, size_t size)
{
    const char *text = json_string_value(json_object_get(object, name));
    snprintf(field, size, "%s", text == NULL ? "" : text);
}

static struct money_request read_request(const json_t *object)
{
    struct money_request request = {
        .account_id = (uint64_t)json_integer_value(json_object_get(object, "account_id")),
        .amount_micro = json_integer_value(json_object_get(object, "amount_micro")),
        .linked_transfer = (uint64_t)json_integer_value(json_object_get(object, "linked_transfer")),
        .to_account_id = (uint64_t)json_integer_value(json_object_get(object, "to_account_id")),
        .wall_expires_us = json_integer_value(json_object_get(object, "wall_expires_us")),
    };
    copy_text(object, "kind", request.kind, sizeof(request.kind));
    copy_text(object, "key", request.key, sizeof(request.key));
    copy_text(object, "request_hash", request.request_hash, sizeof(request.request_hash));
    copy_text(object, "actor", request.actor, sizeof(request.actor));
    copy_text(object, "reason", request.reason, sizeof(request.reason));
    return request;
}

static bool read_files(struct reading *reading, const char *dir,
                       char error[MONEY_JOURNAL_ERROR_SIZE])
{
    char path[4096];
    static uint64_t ends[FILES_MAX];
    snprintf(path, sizeof(path), "%s/web", dir);
    int count = list_files(path, ends);
    bool is_read = count >= 0;
    qsort(ends, count > 0 ? (size_t)count : 0, sizeof(ends[0]), compare_ends);
    for (int i = 0; is_read && i < count; i++) {
        char name[4200];
        if (ends[i] == UINT64_MAX) {
            snprintf(name, sizeof(name), "%s/" FILE_NAME, path);
        } else {
            snprintf(name, sizeof(name), "%s/" FILE_NAME ".%" PRIu64, path, ends[i]);
        }
        is_read = read_file(reading, name);
    }
    if (!is_read) {
        snprintf(error, MONEY_JOURNAL_ERROR_SIZE, "%.180s: %s", path, strerror(errno));
    }
    return is_read;
}

bool money_journal_read(const char *dir,
                        bool (*each)(void *ctx, const struct money_request *request,
                                     int64_t wall_us),
                        void *ctx, uint64_t *damaged_count, char error[MONEY_JOURNAL_ERROR_SIZE])
{
    struct reading reading = {.lines = json_array(), .by_key = json_object()};
    bool is_read = read_files(&reading, dir, error);
    size_t index;
    json_t *object;
    json_array_foreach(reading.lines, index, object)
    {
        if (!is_read || json_is_null(object)) {
            continue;
        }
        struct money_request request = read_request(object);
        if (!each(ctx, &request, json_integer_value(json_object_get(object, "wall_us")))) {
            break;
        }
    }
    *damaged_count = reading.damaged_count;
    json_decref(reading.lines);
    json_decref(reading.by_key);
    return is_read;
}
