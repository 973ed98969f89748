/* Runs a harness over files and over the files of folders, without libFuzzer: [-mutated COUNT]
 * PATH... With a count, also that many damaged copies of each, which depend on the file alone: for
 * harnesses where what is covered, and with it what libFuzzer would try, is not the same each time.
 * Each input lies in a block of just its size, so that a sanitizer sees a read past its end. */
#include "fuzz.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#define CHANGES_MAX 4u

static unsigned long file_count;
static unsigned long mutated_count; /* of each file */

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
        LLVMFuzzerTestOneInput(input, copy_size);
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
    LLVMFuzzerTestOneInput(data, size);
    mutated_run(data, size);
    free(data);
    file_count++;
}

static void folder_run(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        file_run(path);
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        char inner[4096];
        int size = snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        FUZZ_CHECK(size > 0 && (size_t)size < sizeof inner);
        if (entry->d_name[0] != '.') {
            file_run(inner);
        }
    }
    closedir(folder);
}

int main(int argc, char **argv)
{
    int first = 1;
    if (argc > 2 && strcmp(argv[1], "-mutated") == 0) {
        mutated_count = strtoul(argv[2], NULL, 10);
        first = 3;
    }
    for (int i = first; i < argc; i++) {
        folder_run(argv[i]);
    }
    printf("%lu files\n", file_count);
    return file_count > 0 ? 0 : 1; /* an empty corpus tests nothing */
}
