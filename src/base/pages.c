#include "base/pages.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Below this a system call and a fault for each page cost more than to clear memory of the heap:
 * the small tables of a simulated node were a third of a simulation's time. */
#define FROM_KERNEL_SIZE 32768
#define CACHE_LINE 64

void *pages_take(size_t size)
{
    if (size < FROM_KERNEL_SIZE) {
        void *block = NULL;
        size = size == 0 ? 1 : size;
        return posix_memalign(&block, CACHE_LINE, size) == 0 ? memset(block, 0, size) : NULL;
    }
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

void pages_give(void *pages, size_t size)
{
    if (size < FROM_KERNEL_SIZE) {
        free(pages);
    } else if (pages != NULL) {
        munmap(pages, size);
    }
}
