/* The journal of accepted money requests: any line is read or counted as damaged, and what comes
 * out is text that ends. The first byte says whether each line gets a checksum that fits. */
#include "fuzz_dir.h"

#include "api/money_journal.h"
#include "base/hash.h"

static unsigned read_count;

static bool is_text(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

static bool look(void *ctx, const struct money_request *request, int64_t wall_us)
{
    (void)ctx;
    (void)wall_us;
    read_count++;
    FUZZ_CHECK(is_text(request->key, sizeof(request->key)));
    FUZZ_CHECK(is_text(request->kind, sizeof(request->kind)));
    FUZZ_CHECK(is_text(request->reason, sizeof(request->reason)));
    FUZZ_CHECK(is_text(request->actor, sizeof(request->actor)));
    return true;
}

static void write_lines(const uint8_t *data, size_t size)
{
    static char block[65536];
    size_t used = 0;
    while (size > 0) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t length = end == NULL ? size : (size_t)(end - data);
        if (used + length + 16 > sizeof(block)) {
            break;
        }
        memcpy(block + used, data, length);
        used += length;
        used += (size_t)snprintf(block + used, 16, "\t%08x\n", crc32c(0, data, length));
        size -= length + (end == NULL ? 0 : 1);
        data += length + (end == NULL ? 0 : 1);
    }
    fuzz_dir_write("web/money.journal", block, used);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t damaged_count = 0;
    char error[MONEY_JOURNAL_ERROR_SIZE] = "";
    if (size == 0) {
        return 0;
    }
    size_t lines = 1;
    for (size_t i = 0; i < size; i++) {
        lines += data[i] == '\n' ? 1 : 0;
    }
    fuzz_dir("web");
    if (data[0] % 2 == 0) {
        fuzz_dir_write("web/money.journal", data + 1, size - 1);
    } else {
        write_lines(data + 1, size - 1);
    }
    read_count = 0;
    FUZZ_CHECK(money_journal_read(fuzz_dir(NULL), look, NULL, &damaged_count, error));
    FUZZ_CHECK(read_count + damaged_count <= lines);
    return 0;
}
