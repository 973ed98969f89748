/* upgrade.h - the database of an installation is brought to this program's schema before a role
 * opens it. */
#ifndef DT_NODE_UPGRADE_H
#define DT_NODE_UPGRADE_H

#include <stdbool.h>
#include <stddef.h>

/* Called by the one supervisor of DIR, which holds its lock. False, and why: the database was made
 * by a newer dialtone, and must not be used. A database that is away or locked is no reason not to
 * start: the roles go on from what they know, and the reason is told on stderr. */
bool upgrade_database(const char *dir, char *error, size_t error_size);

#endif
