#include "base/tri.h"

struct tri lookup(int key);
int refuse(int key);

struct tri lookup(int key)
{
    return (struct tri){key > 0 ? TRI_PRESENT : TRI_UNKNOWN};
}

int refuse(int key)
{
#ifdef AS_CONDITION
    /* Unknown would read as no, and a customer be refused because nobody answered. */
    if (!lookup(key)) {
        return 1;
    }
    if (lookup(key)) {
        return 0;
    }
    return 1;
#else
    switch (lookup(key).is) {
    case TRI_PRESENT:
    case TRI_UNKNOWN:
        return 0;
    case TRI_ABSENT:
        return 1;
    }
    return 0;
#endif
}
