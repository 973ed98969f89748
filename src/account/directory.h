/* directory.h - the configuration in memory: what every look-up of a call is answered from.
 *
 * Many threads read, one writes. Accounts, endpoints and numbers are replaced row by row under
 * striped locks held for a copy; trunks and routes are one immutable object, swapped by pointer
 * and freed through an epoch (each reader thread is online while it uses one).
 *
 * Until the first complete load (from the database or the snapshot on disk) is marked with
 * directory_set_loaded, what is not there is UNKNOWN; afterwards it is ABSENT.
 */
#ifndef DT_ACCOUNT_DIRECTORY_H
#define DT_ACCOUNT_DIRECTORY_H

#include "account/account.h"
#include "base/epoch.h"

struct directory;

struct directory_limits {
    uint32_t account_count_max;
    uint32_t endpoint_count_max;
    uint32_t number_count_max;
    uint64_t hash_seed;
};

struct directory *directory_new(const struct directory_limits *limits, struct epoch *epoch);
void directory_free(struct directory *directory); /* NULL is fine */

struct tri directory_account(const struct directory *directory, uint64_t id, struct account *out);
struct tri directory_endpoint(const struct directory *directory, struct slice user,
                              struct endpoint *out);
struct tri directory_number(const struct directory *directory, struct slice digits,
                            struct number *out);

/* What a call needs of an endpoint besides its key material, without copying the account row. */
struct trunk_set { /* immutable; valid while the reader's epoch is online */
    uint32_t trunk_count;
    const struct trunk *trunks; /* by rising id */
    uint32_t route_count;
    const struct route_row *routes; /* by prefix, then priority */
};
const struct trunk_set *directory_trunks(const struct directory *directory);
const struct trunk *trunk_set_by_id(const struct trunk_set *set, uint64_t id); /* NULL: none */

/* The trunk whose ACL holds this source (IPv4 mapped into IPv6), the longest prefix first. PRESENT
 * sets *out to its row in the set. */
struct tri directory_trunk_by_source(const struct directory *directory, const uint8_t address[16],
                                     const struct trunk **out);

/* Writer. Put replaces the row of the same id; false: the table is full (nothing changed). */
MUST_CHECK bool directory_put_account(struct directory *directory, const struct account *row);
MUST_CHECK bool directory_put_endpoint(struct directory *directory, const struct endpoint *row);
MUST_CHECK bool directory_put_number(struct directory *directory, const struct number *row);
void directory_remove_account(struct directory *directory, uint64_t id);
void directory_remove_endpoint(struct directory *directory, uint64_t id);
void directory_remove_number(struct directory *directory, uint64_t id);

/* Copies the rows into a new set and swaps it in. False: no memory; the old set stays. */
MUST_CHECK bool directory_swap_trunks(struct directory *directory, const struct trunk *trunks,
                                      uint32_t trunk_count, const struct route_row *routes,
                                      uint32_t route_count);
void directory_set_loaded(struct directory *directory);
bool directory_is_loaded(const struct directory *directory);

struct directory_counts {
    uint32_t accounts, endpoints, numbers, trunks, routes;
};
struct directory_counts directory_count(const struct directory *directory);

/* Calls `each` for every row, on the writer's thread; stops when it answers false. */
void directory_each_endpoint(const struct directory *directory,
                             bool (*each)(void *ctx, const struct endpoint *row), void *ctx);

#endif
