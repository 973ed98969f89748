/* resolver.h - addresses of trunks' host names, looked up on a thread of its own.
 *
 * A worker never waits for DNS: it reads the last answer. Present while one is known, of whatever
 * age, because a name server that is silent has not said "no"; a name is looked up again every
 * minute, and sooner while there is no answer.
 */
#ifndef DT_NODE_RESOLVER_H
#define DT_NODE_RESOLVER_H

#include "base/tri.h"

#include <stdint.h>

struct resolver;

struct resolver *resolver_new(void); /* NULL: no memory or no thread */
void resolver_free(struct resolver *resolver);

/* UNKNOWN: not answered yet (it is being looked up from now on); ABSENT: the name does not exist.
 * Any thread. *port stays where no SRV record names one. */
struct tri resolver_look(struct resolver *resolver, const char *host, uint8_t address[16],
                         uint16_t *port);

#endif
