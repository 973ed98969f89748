/* fuzz_pages.h - src/base/pages.c for harnesses that make a whole edge for each input, which takes
 * and gives back a thousand blocks: small ones are kept and used again instead of asking the
 * kernel. It takes the place of the library's object, which nothing else asks for.
 */
#ifndef DT_TEST_FUZZ_PAGES_H
#define DT_TEST_FUZZ_PAGES_H

#include "base/pages.h"

#include <string.h>
#include <sys/mman.h>

#define FUZZ_PAGE_SIZE 4096u
#define FUZZ_PAGES_KEPT_MAX 16u /* pages of one block */

struct fuzz_pages {
    struct fuzz_pages *next;
};

static struct fuzz_pages *fuzz_pages_kept[FUZZ_PAGES_KEPT_MAX + 1];

static size_t fuzz_pages_count(size_t size)
{
    return size == 0 ? 1 : (size + FUZZ_PAGE_SIZE - 1) / FUZZ_PAGE_SIZE;
}

void *pages_take(size_t size)
{
    size_t count = fuzz_pages_count(size);
    if (count <= FUZZ_PAGES_KEPT_MAX && fuzz_pages_kept[count] != NULL) {
        struct fuzz_pages *pages = fuzz_pages_kept[count];
        fuzz_pages_kept[count] = pages->next;
        memset(pages, 0, size > sizeof(*pages) ? size : sizeof(*pages));
        return pages;
    }
    void *pages = mmap(NULL, count * FUZZ_PAGE_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

void pages_give(void *pages, size_t size)
{
    size_t count = fuzz_pages_count(size);
    if (pages == NULL) {
        return;
    }
    if (count > FUZZ_PAGES_KEPT_MAX) {
        munmap(pages, count * FUZZ_PAGE_SIZE);
        return;
    }
    struct fuzz_pages *kept = pages;
    kept->next = fuzz_pages_kept[count];
    fuzz_pages_kept[count] = kept;
}

#endif
