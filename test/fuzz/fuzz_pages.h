/* fuzz_pages.h - src/base/pages.c for harnesses that make a whole edge for each input, which takes
 * and gives back a thousand blocks of which it touches few: they lie side by side, and what was
 * touched goes back to the kernel in one call once all of them are given back. Between two lies
 * what nobody may touch. It takes the place of the library's object, which nothing else asks for.
 */
#ifndef DT_TEST_FUZZ_PAGES_H
#define DT_TEST_FUZZ_PAGES_H

#include "base/pages.h"

#include <sanitizer/asan_interface.h>
#include <sys/mman.h>

#define FUZZ_PAGES_SIZE ((size_t)1 << 33) /* addresses: memory is what is touched */
#define FUZZ_PAGES_GAP 64u

static char *fuzz_pages_block;
static size_t fuzz_pages_used;
static size_t fuzz_pages_out; /* blocks that are not given back */

static size_t fuzz_pages_whole(size_t size)
{
    return (size + 2 * FUZZ_PAGES_GAP - 1) & ~(size_t)(FUZZ_PAGES_GAP - 1);
}

void *pages_take(size_t size)
{
    size_t whole = fuzz_pages_whole(size);
    if (fuzz_pages_block == NULL) {
        void *block = mmap(NULL, FUZZ_PAGES_SIZE, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (block == MAP_FAILED) {
            return NULL;
        }
        (void)madvise(block, FUZZ_PAGES_SIZE, MADV_NOHUGEPAGE); /* a huge page is zeroed whole */
        fuzz_pages_block = block;
    }
    if (whole > FUZZ_PAGES_SIZE - fuzz_pages_used) {
        return NULL;
    }
    char *pages = fuzz_pages_block + fuzz_pages_used;
    fuzz_pages_used += whole;
    fuzz_pages_out++;
    ASAN_POISON_MEMORY_REGION(pages + size, whole - size);
    return pages;
}

void pages_give(void *pages, size_t size)
{
    if (pages == NULL) {
        return;
    }
    ASAN_UNPOISON_MEMORY_REGION((char *)pages + size, fuzz_pages_whole(size) - size);
    if (--fuzz_pages_out == 0) {
        (void)madvise(fuzz_pages_block, fuzz_pages_used, MADV_DONTNEED);
        fuzz_pages_used = 0;
    }
}

#endif
