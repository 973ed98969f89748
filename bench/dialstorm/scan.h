/* scan.h - a reader for a storm: it finds what the phones need and leaves the rest unread. dialload
 * checks messages; here their number counts.
 */
#ifndef DT_DIALSTORM_SCAN_H
#define DT_DIALSTORM_SCAN_H

#include "dialload/reader.h"

/* As reader_read, but Via and Record-Route stand one item a line as they came, Contact, Route,
 * Max-Forwards and Expires are not looked at, and the body's size is not checked. */
bool scan_message(struct slice datagram, struct message *message);

/* The branch of a Via; empty: it has none. */
struct slice scan_branch(struct slice via);

#endif
