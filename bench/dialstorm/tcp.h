/* tcp.h - many connections held at once: what one costs, and what a message over it costs. */
#ifndef DT_DIALSTORM_TCP_H
#define DT_DIALSTORM_TCP_H

#include "dialstorm/plan.h"

/* Opens plan->connection_count connections, a phone on each; sends OPTIONS, first REGISTERs and
 * refreshes over them; prints JSON. False: something could not be done, and stderr says what. */
bool run_tcp(const struct plan *plan);

#endif
