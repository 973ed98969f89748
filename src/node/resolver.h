/* resolver.h - where trunks with a host name are, looked up on a thread of its own (RFC 3263).
 *
 * A worker never waits for DNS: it reads the last answer. A name in the hosts file is what stands
 * there. Else NAPTR, SRV, A and AAAA are asked of the system's name servers, and again when the
 * shortest TTL is over. An answer is kept, of whatever age, while the servers are silent or fail:
 * that is not a "no". Only a name server's word that there is no such name takes it away. A file of
 * name servers that was replaced is read anew.
 */
#ifndef DT_NODE_RESOLVER_H
#define DT_NODE_RESOLVER_H

#include "base/tri.h"
#include "routing/target.h"

#include <stdbool.h>
#include <stdint.h>

struct resolver_options { /* all NULL: the system's */
    const char *hosts, *resolv_conf;
    const char *server; /* "127.0.0.1@5353": asked instead of those in resolv_conf */
    int64_t unused_us;  /* a name not looked at for so long is not asked for any more; 0: an hour */
};

struct resolver_ask {
    const char *host; /* a name; not kept */
    uint16_t port;    /* 0: DNS says; else only addresses are asked for (RFC 3263 4.2) */
    bool is_tcp;
    uint64_t seed; /* the same for each attempt of a call: the same order */
};

struct resolver;

/* The texts of the options must live as long as the resolver. NULL: no memory or no thread. */
struct resolver *resolver_new(const struct resolver_options *options);
void resolver_free(struct resolver *resolver);

/* PRESENT: *count targets (1 to TARGETS_MAX), in the order to try them. UNKNOWN: not answered yet
 * (it is being looked up from now on); ABSENT: there is no such name. Any thread. */
struct tri resolver_look(struct resolver *resolver, const struct resolver_ask *ask,
                         struct target out[TARGETS_MAX], int *count);

#endif
