/* trunks.h - trunks, routes and access lists as one immutable object. */
#ifndef DT_ACCOUNT_TRUNKS_H
#define DT_ACCOUNT_TRUNKS_H

#include "account/acl.h"
#include "account/directory.h"

struct trunks { /* one allocation, with everything in it */
    struct trunk_set set;
    const struct acl_entry *acl;
    uint32_t acl_count;
};

/* Copies and sorts the rows; NULL: no memory. Freed with free(). */
struct trunks *trunks_new(const struct trunk *trunks, uint32_t trunk_count,
                          const struct route_row *routes, uint32_t route_count);

#endif
