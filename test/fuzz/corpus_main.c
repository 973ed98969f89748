/* Runs a harness over files and over the files of folders, without libFuzzer: [-mutated COUNT KEPT]
 * PATH... With a count, also that many damaged copies, shared out over the files: each depends on
 * its file alone, so that every machine tries the same. KEPT holds the input that is being run, and
 * goes when all ran well. Each input lies in a block of just its size, so that a sanitizer sees a
 * read past its end. */
#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHANGES_MAX 4u

static unsigned long file_count;
static unsigned long mutated_count; /* of each file */
static int kept_fd = -1;

static void run(const uint8_t *data, size_t size)
{
    if (kept_fd >= 0) {
        FUZZ_CHECK(pwrite(kept_fd, data, size, 0) == (ssize_t)size);
        FUZZ_CHECK(ftruncate(kept_fd, (off_t)size) == 0);
    }
    LLVMFuzzerTestOneInput(data, size);
}

static uint32_t random_next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

/* A byte is changed, taken out, or doubled. */
static size_t change(uint8_t *data, size_t size, uint64_t *state)
{
    size_t at = random_next(state) % size;
    switch (random_next(state) % 3) {
    case 0:
        data[at] = (uint8_t)random_next(state);
        return size;
    case 1:
        memmove(data + at, data + at + 1, size - at - 1);
        return size - 1;
    default:
        memmove(data + at + 1, data + at, size - at);
        return size + 1;
    }
}

static void mutated_run(const uint8_t *data, size_t size)
{
    uint64_t state = size;
    for (size_t i = 0; i < size; i++) {
        state = (state ^ data[i]) * UINT64_C(1099511628211);
    }
    for (unsigned long i = 0; i < mutated_count; i++) {
        uint8_t *copy = malloc(size + CHANGES_MAX);
        FUZZ_CHECK(copy != NULL);
        memcpy(copy, data, size);
        size_t copy_size = size;
        for (uint32_t left = 1 + random_next(&state) % CHANGES_MAX; left > 0 && copy_size > 0;
             left--) {
            copy_size = change(copy, copy_size, &state);
        }
        uint8_t *input = malloc(copy_size > 0 ? copy_size : 1);
        FUZZ_CHECK(input != NULL);
        memcpy(input, copy, copy_size);
        run(input, copy_size);
        free(input);
        free(copy);
    }
}

static void file_run(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    struct stat facts;
    FUZZ_CHECK(fstat(fileno(file), &facts) == 0);
    size_t size = (size_t)facts.st_size;
    uint8_t *data = malloc(size > 0 ? size : 1);
    FUZZ_CHECK(data != NULL && fread(data, 1, size, file) == size);
    fclose(file);
    run(data, size);
    mutated_run(data, size);
    free(data);
}

/* Calls `each` with every file that `path` names. */
static void files_walk(const char *path, void (*each)(const char *path))
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        each(path);
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        char inner[4096];
        int size = snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        FUZZ_CHECK(size > 0 && (size_t)size < sizeof inner);
        if (entry->d_name[0] != '.') {
            each(inner);
        }
    }
    closedir(folder);
}

static void file_count_one(const char *path)
{
    (void)path;
    file_count++;
}

int main(int argc, char **argv)
{
    int first = argc > 3 && strcmp(argv[1], "-mutated") == 0 ? 4 : 1;
    for (int i = first; i < argc; i++) {
        files_walk(argv[i], file_count_one);
    }
    if (file_count == 0) {
        puts("no files"); /* an empty corpus tests nothing */
        return 1;
    }
    if (first > 1) {
        mutated_count = strtoul(argv[2], NULL, 10) / file_count + 1;
        kept_fd = open(argv[3], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        FUZZ_CHECK(kept_fd >= 0);
    }
    for (int i = first; i < argc; i++) {
        files_walk(argv[i], file_run);
    }
    if (kept_fd >= 0) {
        close(kept_fd);
        unlink(argv[3]);
    }
    printf("%lu files, %lu damaged copies of each\n", file_count, mutated_count);
    return 0;
}
