/* Runs a harness over files and over the files of folders, without libFuzzer. Each input lies in a
 * block of just its size, so that a sanitizer sees a read past its end. */
#include "fuzz.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

static unsigned long file_count;

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
    for (int i = 1; i < argc; i++) {
        folder_run(argv[i]);
    }
    printf("%lu files\n", file_count);
    return file_count > 0 ? 0 : 1; /* an empty corpus tests nothing */
}
