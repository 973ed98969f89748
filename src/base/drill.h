/* drill.h - where a drill may break the program: mistakes made on purpose, and points to die at.
 *
 * Only in a build made for it (cmake -DDIALTONE_MUTANT=ON; test/drill/switch.c says how a name is
 * chosen). In every other build nothing is left of it, not even the names: test drill/none_shipped.
 */
#ifndef DT_BASE_DRILL_H
#define DT_BASE_DRILL_H

#include <stdbool.h>

#ifdef DIALTONE_MUTANT

/* Is this mistake to be made? */
bool drill_is(const char *mistake);

/* The process ends here as by kill -9, once, if the drill chose this point. */
void drill_point(const char *name);

#else

static inline bool drill_is(const char *mistake)
{
    (void)mistake;
    return false;
}

static inline void drill_point(const char *name)
{
    (void)name;
}

#endif
#endif
