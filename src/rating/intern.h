/* intern.h - lists that grow while a deck is compiled, and that keep equal things once. */
#ifndef DT_RATING_INTERN_H
#define DT_RATING_INTERN_H

#include "base/map.h"
#include "base/slice.h"

struct list { /* items of one size, one behind the other; zero but for item_size: empty */
    char *items;
    size_t item_size;
    uint32_t count;
    uint32_t count_max;
};

MUST_CHECK bool list_add(struct list *list, const void *items,
                         uint32_t count); /* false: no memory */
void list_done(struct list *list);

struct intern { /* runs of items of a list, found again by their content */
    struct list list;
    struct map by_content; /* hash to index of the run's first item */
};

MUST_CHECK bool intern_init(struct intern *intern, size_t item_size); /* false: no memory */
void intern_done(struct intern *intern);

/* Index of the first item of this run, which is added if it was not there. A run must not be the
 * beginning of another: its last item, or its size, says that it ends. False: no memory. */
MUST_CHECK bool intern_run(struct intern *intern, const void *run, uint32_t count, uint32_t *index);

#endif
