/* pages.h - zeroed memory for tables, at a cache line's beginning: what is large comes straight
 * from the kernel, and is free of cost until it is touched. */
#ifndef DT_BASE_PAGES_H
#define DT_BASE_PAGES_H

#include "base/attr.h"

#include <stddef.h>

MUST_CHECK void *pages_take(size_t size);  /* NULL: no memory. Give back with the same size. */
void pages_give(void *pages, size_t size); /* NULL is fine */

#endif
