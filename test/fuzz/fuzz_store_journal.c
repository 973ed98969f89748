/* The edge's journal after anything happened to its file: it opens with a beginning of what was
 * written, in order and unchanged, or says that it is damaged; and then it can be written again.
 * The input: records (kind, size), a zero, then damage (offset, byte), or the whole file's bytes.
 */
#include "fuzz_dir.h"

#include "store/journal.h"
#include "store/journal_segment.h"

#include <dirent.h>

#define RECORDS_MAX 24

struct written {
    enum journal_kind kind;
    size_t size;
    uint8_t fill;
};

struct seen {
    struct written records[RECORDS_MAX];
    int record_count;
    int at;
    bool is_foreign; /* the file was not written by us: nothing is known of its records */
};

static void clear(void)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/edge", fuzz_dir("edge"));
    DIR *folder = opendir(path);
    FUZZ_CHECK(folder != NULL);
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_type != DT_DIR) {
            unlinkat(dirfd(folder), entry->d_name, 0);
        }
    }
    closedir(folder);
}

static struct journal_file *open_file(char error[JOURNAL_ERROR_SIZE])
{
    struct journal_file_options options = {
        .dir = fuzz_dir("edge"), .segment_size = SEGMENT_SIZE_MIN, .ahead_count = 1};
    return journal_file_open(&options, error);
}

static bool look(void *ctx, const struct journal_entry *entry)
{
    struct seen *seen = ctx;
    if (seen->is_foreign) {
        return true;
    }
    FUZZ_CHECK(seen->at < seen->record_count);
    const struct written *record = &seen->records[seen->at++];
    FUZZ_CHECK(entry->kind == record->kind && entry->record.size == record->size);
    for (size_t i = 0; i < record->size; i++) {
        FUZZ_CHECK((uint8_t)entry->record.data[i] == record->fill);
    }
    return true;
}

static void append(struct journal_file *file, const struct written *record)
{
    static char block[4096];
    struct journal journal = journal_file_as_journal(file);
    memset(block, record->fill, record->size);
    journal.append(journal.ctx, record->kind, slice_make(block, record->size));
}

static size_t write_records(const uint8_t *data, size_t size, struct seen *seen)
{
    char error[JOURNAL_ERROR_SIZE];
    struct journal_file *file = open_file(error);
    FUZZ_CHECK(file != NULL);
    FUZZ_CHECK(journal_file_prepare(file, error));
    size_t at = 0;
    while (at + 2 < size && data[at] != 0 && seen->record_count < RECORDS_MAX) {
        struct written *record = &seen->records[seen->record_count++];
        *record = (struct written){.kind = data[at] % 2 == 0 ? JOURNAL_USAGE : JOURNAL_LEASE,
                                   .size = (size_t)data[at + 1] * (data[at] % 8) + 1,
                                   .fill = data[at + 2]};
        append(file, record);
        if (data[at] == 255) {
            FUZZ_CHECK(journal_file_sync(file, error));
        }
        at += 3;
    }
    journal_file_close(file);
    return at + 1;
}

static void damage(const uint8_t *data, size_t size)
{
    char path[192];
    snprintf(path, sizeof(path), "%s/edge/log.00000001", fuzz_dir(NULL));
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    for (size_t at = 0; at + 3 < size; at += 4) {
        off_t offset = (off_t)(data[at] | data[at + 1] << 8);
        if (data[at + 2] == 255 && data[at + 3] == 255) {
            FUZZ_CHECK(ftruncate(fd, offset) == 0);
        } else {
            FUZZ_CHECK(pwrite(fd, &data[at + 2], 1, offset) == 1);
        }
    }
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen seen = {0};
    char error[JOURNAL_ERROR_SIZE] = "";
    clear();
    if (size > 0 && data[0] == 0) {
        fuzz_dir_write("edge/log.00000001", data + 1, size - 1);
        seen.is_foreign = true;
    } else {
        size_t at = write_records(data, size, &seen);
        damage(data + (at < size ? at : size), at < size ? size - at : 0);
    }
    struct journal_file *file = open_file(error);
    if (file == NULL) {
        FUZZ_CHECK(error[0] != '\0');
        return 0;
    }
    FUZZ_CHECK(journal_file_replay(file, look, &seen, error));
    seen.record_count = seen.at;
    if (journal_file_prepare(file, error) && seen.record_count < RECORDS_MAX) {
        struct written more = {.kind = JOURNAL_LEASE, .size = 100, .fill = 7};
        append(file, &more);
        seen.records[seen.record_count++] = more;
    }
    journal_file_close(file);
    file = open_file(error);
    FUZZ_CHECK(file != NULL);
    seen.at = 0;
    FUZZ_CHECK(journal_file_replay(file, look, &seen, error));
    FUZZ_CHECK(seen.is_foreign || seen.at == seen.record_count);
    journal_file_close(file);
    return 0;
}
