/* supervisor.h - `dialtone run`: binds the sockets once, starts the roles, keeps them running.
 *
 * Started as root it is root only for as long as it binds (node/privilege.h). A role that dies is
 * started again (guard/heal.h says when); its UDP and listening sockets stay open here meanwhile.
 * Stops everything within 5 s on SIGTERM or SIGINT, or when the control socket says so.
 */
#ifndef DT_NODE_SUPERVISOR_H
#define DT_NODE_SUPERVISOR_H

#include "node/config.h"
#include "node/privilege.h"

struct supervisor_options {
    const char *dir;
    struct node_config config;  /* with the command line's changes in it */
    struct privilege_user user; /* whom supervisor_become() found */
};

/* First of all, with one thread: finds whom to run as, gives DIR to them and acts as them from here
 * on. False: it said on stderr why not. */
bool supervisor_become(struct supervisor_options *options);

/* Returns the exit status. */
int supervisor_run(const struct supervisor_options *options);

/* `dialtone role NAME DIR`: the process that the supervisor starts; reads its hand-over from the
 * file descriptor that DIALTONE_HANDOVER names. Not for people. */
int supervisor_role_main(const char *name, const char *dir);

#endif
