/* real_inside.h - what the files of the real world share. */
#ifndef DT_TEST_REAL_INSIDE_H
#define DT_TEST_REAL_INSIDE_H

#include "books.h"
#include "net/control.h"
#include "pg_server.h"
#include "real.h"
#include "ua_net.h"

#include <sqlite3.h>

#define REAL_PATH_SIZE 320

struct real {
    const struct scn *scn;
    struct real_options options;
    char dir[REAL_PATH_SIZE];
    char faults[REAL_PATH_SIZE + 32], database[REAL_PATH_SIZE + 32], log[REAL_PATH_SIZE + 32];
    char run_dir[REAL_PATH_SIZE + 32];
    struct ua_address listen[2]; /* IPv4, IPv6 (port 0: not used) */
    struct ua_net *net;
    struct books books;
    pid_t pid;
    struct pg_server server; /* pid 0: SQLite */
    struct control_client *supervisor, *edge;
    sqlite3 *lock; /* holds the database locked */
    enum scn_fault fault;
    int64_t fault_at_us;
    bool is_aside; /* the database was moved away */
    int probe_fd;  /* asks a killed edge whether it is back */
    bool is_probing;
    int64_t killed_at_us, back_us, probe_at_us;
};

bool real_act(void *ctx, const struct scn_step *step, char why[SCN_WHY_SIZE]); /* real_act.c */
void real_probe(struct real *real); /* one turn of the probe */
bool real_store_heal(struct real *real);
/* Pid of a role as the supervisor says; 0: no answer. */
pid_t real_role_pid(struct real *real, const char *role);

#endif
