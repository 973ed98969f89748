/* tri.h - what a look-up answers: present, absent, or "we do not know".
 *
 * A struct, so that `if (lookup(...))` does not compile; unknown is zero, so that zeroed memory
 * never reads as a "no". Switch over .is without default. (docs/principles.md, rule 1)
 */
#ifndef DT_BASE_TRI_H
#define DT_BASE_TRI_H

enum tri_is { TRI_UNKNOWN = 0, TRI_ABSENT, TRI_PRESENT };

struct tri {
    enum tri_is is;
};

const char *tri_name(struct tri answer); /* "unknown", "absent", "present" */

#endif
