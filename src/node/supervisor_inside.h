/* supervisor_inside.h - what supervisor.c and supervisor_start.c share. */
#ifndef DT_NODE_SUPERVISOR_INSIDE_H
#define DT_NODE_SUPERVISOR_INSIDE_H

#include "guard/heal.h"
#include "net/control.h"
#include "node/sockets.h"
#include "node/supervisor.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#define ROLE_COUNT 2
#define STARTING_CHECK_US 20000

struct role {
    const char *name;
    pid_t pid;   /* 0: not running */
    int stop_fd; /* we hold the write end; closing it tells the role to stop */
    struct heal heal;
    int64_t check_at_us;
    int64_t since_wall_us;
    int last_exit;
    uint64_t start_count;
    struct control_client *client;
};

struct supervisor {
    const struct supervisor_options *options;
    struct node_sockets sockets;
    int worker_count;
    int lock_fd, signal_fd;
    pid_t nft_pid; /* node/nft.h; 0: none */
    int nft_stop_fd;
    struct role roles[ROLE_COUNT];
    struct heal_terms terms;
    struct control_server *control;
    pthread_mutex_t lock; /* roles, for the control thread */
    _Atomic bool is_stopping;
    bool was_ready;
    char drain_request[16]; /* asked by the control socket, carried out by the main thread */
};

/* Forks and starts the role's process, and hands it its sockets. False: it could not be started. */
bool supervisor_start_role(struct supervisor *supervisor, struct role *role);

/* One line of JSON on stderr. `why` may be NULL. */
void supervisor_log(const char *role, const char *what, const char *why);

/* Tells systemd's service manager, when it started us (sd_notify(3)): "READY=1". */
void supervisor_notify(const char *state);

/* To be called each second or so: keeps systemd's watchdog calm, asks it for more time until all is
 * ready, and says when the system's list of name servers was replaced: the roles can open the old
 * one only. */
void supervisor_watch(int64_t now_us, bool is_ready);

#endif
