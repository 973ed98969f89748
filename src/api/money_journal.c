#include "api/money_journal.h"

#include "base/hash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_SIZE_MAX (64 * 1024 * 1024)
#define KEEP_S (INT64_C(35) * 86400)
#define FILE_NAME "money.journal"

struct money_journal {
    pthread_mutex_t lock;
    char dir[4096];
    int fd; /* -1: opened at the next use */
    off_t size;
};

struct money_journal *money_journal_new(const char *dir)
{
    struct money_journal *journal = calloc(1, sizeof(*journal));
    if (journal == NULL) {
        return NULL;
    }
    pthread_mutex_init(&journal->lock, NULL);
    snprintf(journal->dir, sizeof(journal->dir), "%s/web", dir);
    journal->fd = -1;
    return journal;
}

void money_journal_free(struct money_journal *journal)
{
    if (journal == NULL) {
        return;
    }
    if (journal->fd >= 0) {
        close(journal->fd);
    }
    pthread_mutex_destroy(&journal->lock);
    free(journal);
}

static bool sync_directory(const struct money_journal *journal)
{
    int fd = open(journal->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool is_synced = fsync(fd) == 0;
    close(fd);
    return is_synced;
}

static bool open_file(struct money_journal *journal)
{
    if (journal->fd >= 0) {
        return true;
    }
    char path[sizeof(journal->dir) + 32];
    snprintf(path, sizeof(path), "%s/%s", journal->dir, FILE_NAME);
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    struct stat found;
    if (fd < 0 || fstat(fd, &found) != 0 || !sync_directory(journal)) {
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    /* A line that a crash tore gets an end, so that it does not swallow the next. */
    char last = '\n';
    if (found.st_size > 0 && pread(fd, &last, 1, found.st_size - 1) == 1 && last != '\n' &&
        write(fd, "\n", 1) != 1) {
        close(fd);
        return false;
    }
    journal->fd = fd;
    journal->size = found.st_size;
    return true;
}

static void remove_old(const struct money_journal *journal, int64_t wall_s)
{
    DIR *dir = opendir(journal->dir);
    if (dir == NULL) {
        return;
    }
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        uint64_t closed_s = 0;
        struct slice name = slice_from_text(entry->d_name);
        if (slice_starts_with(name, SLICE(FILE_NAME ".")) &&
            slice_to_u64(slice_skip(name, sizeof(FILE_NAME)), INT64_MAX, &closed_s) &&
            (int64_t)closed_s < wall_s - KEEP_S) {
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
        }
    }
    closedir(dir);
}

static void rotate(struct money_journal *journal, int64_t wall_us)
{
    if (journal->size < FILE_SIZE_MAX) {
        return;
    }
    char from[sizeof(journal->dir) + 32];
    char to[sizeof(journal->dir) + 64];
    snprintf(from, sizeof(from), "%s/%s", journal->dir, FILE_NAME);
    snprintf(to, sizeof(to), "%s/%s.%" PRId64, journal->dir, FILE_NAME, wall_us / 1000000);
    if (rename(from, to) == 0) {
        close(journal->fd);
        journal->fd = -1;
        remove_old(journal, wall_us / 1000000);
    }
}

/* Takes `line`. A write that failed half-way closes the file: it is mended when opened again. */
static bool append(struct money_journal *journal, json_t *line, bool is_synced, int64_t wall_us)
{
    char *json = line == NULL ? NULL : json_dumps(line, JSON_COMPACT);
    json_decref(line);
    char *text = NULL;
    int size = json == NULL
                   ? -1
                   : asprintf(&text, "%s\t%08" PRIx32 "\n", json, crc32c(0, json, strlen(json)));
    free(json);
    if (size < 0) {
        return false;
    }
    bool is_written = open_file(journal) && write(journal->fd, text, (size_t)size) == size &&
                      (!is_synced || fdatasync(journal->fd) == 0);
    free(text);
    if (!is_written) {
        if (journal->fd >= 0) {
            close(journal->fd);
        }
        journal->fd = -1;
        return false;
    }
    journal->size += size;
    rotate(journal, wall_us);
    return true;
}

bool money_journal_add(struct money_journal *journal, const struct money_request *request,
                       int64_t wall_us)
{
    json_t *line =
        json_pack("{s:I,s:I,s:I,s:s,s:s,s:s,s:s,s:s,s:I}", "wall_us", (json_int_t)wall_us,
                  "account_id", (json_int_t)request->account_id, "amount_micro",
                  (json_int_t)request->amount_micro, "kind", request->kind, "key", request->key,
                  "request_hash", request->request_hash, "actor", request->actor, "reason",
                  request->reason, "linked_transfer", (json_int_t)request->linked_transfer);
    if (request->to_account_id != 0) {
        json_object_set_new(line, "to_account_id",
                            json_integer((json_int_t)request->to_account_id));
    }
    if (request->wall_expires_us != 0) {
        json_object_set_new(line, "wall_expires_us",
                            json_integer((json_int_t)request->wall_expires_us));
    }
    pthread_mutex_lock(&journal->lock);
    bool is_added = append(journal, line, true, wall_us);
    pthread_mutex_unlock(&journal->lock);
    return is_added;
}

void money_journal_refused(struct money_journal *journal, const struct money_request *request,
                           int64_t wall_us)
{
    json_t *line = json_pack("{s:I,s:s,s:s,s:b}", "wall_us", (json_int_t)wall_us, "key",
                             request->key, "request_hash", request->request_hash, "is_refused", 1);
    pthread_mutex_lock(&journal->lock);
    (void)!append(journal, line, false, wall_us);
    pthread_mutex_unlock(&journal->lock);
}
