/* acl.h - which trunk is this source? An index over all access lists, built once for a set. */
#ifndef DT_ACCOUNT_ACL_H
#define DT_ACCOUNT_ACL_H

#include "account/account.h"

struct acl_entry {
    uint8_t address[16]; /* bits beyond prefix_bits are 0 */
    uint8_t prefix_bits;
    bool is_disabled;
    uint32_t trunk_index;
};

/* Sorts the entries for acl_find. Where two trunks name the same network, an enabled one comes
 * first, then the lower index. */
void acl_sort(struct acl_entry *entries, uint32_t count);

/* The entry with the longest prefix that holds the address; NULL: none does. */
const struct acl_entry *acl_find(const struct acl_entry *entries, uint32_t count,
                                 const uint8_t address[16]);

void acl_mask(uint8_t address[16], uint8_t prefix_bits); /* clears the bits beyond */

#endif
