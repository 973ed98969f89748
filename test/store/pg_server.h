/* pg_server.h - a PostgreSQL server of a test's own: in a directory under /tmp, on a Unix socket
 * there, as an unprivileged user when the test runs as root. It dies with the test. */
#ifndef DT_TEST_STORE_PG_SERVER_H
#define DT_TEST_STORE_PG_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

struct pg_server {
    char dir[64];  /* its data lie in dir/data, its socket in dir */
    char url[128]; /* of the database "dialtone" */
    pid_t pid;
};

/* Each fails the test (or ends the program outside of one) when it cannot be done in 30 s. */
void pg_server_make(struct pg_server *server); /* initdb, and started */
void pg_server_start(struct pg_server *server);
void pg_server_freeze(struct pg_server *server, bool is_frozen); /* all its processes */
void pg_server_kill(struct pg_server *server);                   /* as a crash */
void pg_server_done(struct pg_server *server); /* killed, and its directory removed */
/* A copy of the database is put aside; it is put in the database's place. Nobody is connected. */
void pg_server_keep(const struct pg_server *server);
void pg_server_put_back(const struct pg_server *server);
void pg_server_admin(const struct pg_server *server, const char *sql); /* in another database */
/* Runs SQL past the store; answers the first number of the first row, 0: none. */
long long pg_server_sql(const struct pg_server *server, const char *sql);

/* One server for all tests of a file (cmocka's group functions). */
extern struct pg_server pg_group;
int pg_group_start(void **state);
int pg_group_stop(void **state);

#endif
