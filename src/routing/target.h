/* target.h - where a SIP peer with a host name is reached: what DNS says, and the order to try it
 * in (RFC 3263 4, RFC 2782, RFC 3403).
 *
 * Records are read from the rdata of DNS answers, whose names are not compressed. Ports are in host
 * order; addresses have 16 bytes, IPv4 mapped (RFC 4291 2.5.5.2). Nothing here asks anybody.
 */
#ifndef DT_ROUTING_TARGET_H
#define DT_ROUTING_TARGET_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define TARGET_NAME_SIZE 256   /* a DNS name as text, without the last dot */
#define TARGET_RECORDS_MAX 8   /* SRV records of a name that are followed */
#define TARGET_ADDRESSES_MAX 4 /* of each and address family */
#define TARGETS_MAX 8          /* that a call tries */

struct target_srv {
    uint16_t priority, weight, port;
    char name[TARGET_NAME_SIZE]; /* "": the service is not there (RFC 2782) */
};

struct target_naptr {
    uint16_t order, preference;
    bool is_tcp;                 /* SIP+D2T, else SIP+D2U */
    char name[TARGET_NAME_SIZE]; /* whose SRV records to ask for */
};

struct target_record { /* an SRV record, or the host itself, with its addresses */
    uint16_t priority, weight, port;
    uint8_t v4_count, v6_count;
    uint8_t v4[TARGET_ADDRESSES_MAX][16], v6[TARGET_ADDRESSES_MAX][16];
};

struct target_set {
    int count;
    struct target_record records[TARGET_RECORDS_MAX];
};

struct target {
    uint8_t address[16];
    uint16_t port;
};

/* False: damaged, or (NAPTR) not one that leads to SRV records of SIP over UDP or TCP. */
bool target_read_srv(struct slice rdata, struct target_srv *out);
bool target_read_naptr(struct slice rdata, struct target_naptr *out);

/* Adds an address of 4 or 16 bytes to a record; another length and what has no room is left out. */
void target_add_address(struct target_record *record, struct slice rdata);

/* The order for one call: rising priority; within one by weight; of a record IPv4 first. The same
 * seed gives the same order. Returns the count written to out. */
int target_order(const struct target_set *set, uint64_t seed, struct target out[TARGETS_MAX]);

/* Addresses of a name in a file as /etc/hosts; returns their count, 0: it is not there. */
int target_hosts_find(struct slice file, struct slice name, struct target_record *out);

#endif
