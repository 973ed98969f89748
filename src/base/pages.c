#include "base/pages.h"

#include <sys/mman.h>

void *pages_take(size_t size)
{
    if (size == 0) {
        size = 1;
    }
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

void pages_give(void *pages, size_t size)
{
    if (pages != NULL) {
        munmap(pages, size == 0 ? 1 : size);
    }
}
