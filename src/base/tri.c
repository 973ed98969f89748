#include "base/tri.h"

const char *tri_name(struct tri answer)
{
    switch (answer.is) {
    case TRI_UNKNOWN:
        return "unknown";
    case TRI_ABSENT:
        return "absent";
    case TRI_PRESENT:
        return "present";
    }
    return "unknown";
}
