#include "pg_server.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_S 30

static void stop_because(const char *what)
{
    fprintf(stderr, "the test's PostgreSQL: %s: %s\n", what, strerror(errno));
    abort();
}

static int64_t now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static void pause_a_little(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

/* The newest installed: Debian keeps the programs of each version apart. */
static void find_program(const char *name, char path[256])
{
    char pattern[64];
    glob_t found = {0};
    snprintf(pattern, sizeof(pattern), "/usr/lib/postgresql/*/bin/%s", name);
    if (glob(pattern, 0, NULL, &found) != 0 || found.gl_pathc == 0) {
        stop_because("postgresql is not installed (scripts/install-deps.sh check)");
    }
    snprintf(path, 256, "%s", found.gl_pathv[found.gl_pathc - 1]);
    globfree(&found);
}

static void server_user(uid_t *uid, gid_t *gid)
{
    const struct passwd *user = getpwnam("postgres");
    *uid = user == NULL ? 65534 : user->pw_uid;
    *gid = user == NULL ? 65534 : user->pw_gid;
}

/* In the child: not root, quiet, and gone with us. */
static void become(const struct pg_server *server, const char *log)
{
    uid_t uid;
    gid_t gid;
    server_user(&uid, &gid);
    if (geteuid() == 0 && (setgid(gid) != 0 || setuid(uid) != 0)) {
        _exit(125);
    }
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    char path[96];
    snprintf(path, sizeof(path), "%s/%s", server->dir, log);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (chdir(server->dir) != 0 || fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0) {
        _exit(126);
    }
}

static void make_data(struct pg_server *server)
{
    char program[256], data[80];
    find_program("initdb", program);
    snprintf(data, sizeof(data), "%s/data", server->dir);
    pid_t pid = fork();
    if (pid == 0) {
        become(server, "initdb.log");
        execl(program, "initdb", "-D", data, "-N", "-A", "trust", "-U", "dialtone", "-E", "UTF8",
              "--locale=C", (char *)NULL);
        _exit(127);
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        stop_because("initdb failed");
    }
}

void pg_server_start(struct pg_server *server)
{
    char program[256], data[80];
    find_program("postgres", program);
    snprintf(data, sizeof(data), "%s/data", server->dir);
    server->pid = fork();
    if (server->pid == 0) {
        become(server, "server.log");
        execl(program, "postgres", "-D", data, "-k", server->dir, "-c", "listen_addresses=", "-c",
              "fsync=off", "-c", "max_connections=40", "-c", "shared_buffers=32MB", "-c",
              "autovacuum=off", (char *)NULL);
        _exit(127);
    }
    char url[128];
    snprintf(url, sizeof(url), "postgresql://dialtone@/postgres?host=%s", server->dir);
    int64_t until_s = now_s() + PATIENCE_S;
    while (PQping(url) != PQPING_OK) {
        if (server->pid < 0 || now_s() > until_s || waitpid(server->pid, NULL, WNOHANG) != 0) {
            stop_because("does not start");
        }
        pause_a_little();
    }
}

static long long run_sql(const char *url, const char *sql)
{
    PGconn *conn = PQconnectdb(url);
    PGresult *quiet = PQexec(conn, "SET client_min_messages = warning");
    PQclear(quiet);
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        fprintf(stderr, "%s: %s\n", sql, PQerrorMessage(conn));
        abort();
    }
    long long number = status == PGRES_TUPLES_OK && PQntuples(result) > 0
                           ? strtoll(PQgetvalue(result, 0, 0), NULL, 10)
                           : 0;
    PQclear(result);
    PQfinish(conn);
    return number;
}

void pg_server_make(struct pg_server *server)
{
    uid_t uid;
    gid_t gid;
    server_user(&uid, &gid);
    snprintf(server->dir, sizeof(server->dir), "/tmp/dialtone-pg-XXXXXX");
    if (mkdtemp(server->dir) == NULL || chmod(server->dir, 0755) != 0 ||
        (geteuid() == 0 && chown(server->dir, uid, gid) != 0)) {
        stop_because("no directory");
    }
    make_data(server);
    pg_server_start(server);
    snprintf(server->url, sizeof(server->url), "postgresql://dialtone@/postgres?host=%s",
             server->dir);
    (void)run_sql(server->url, "CREATE DATABASE dialtone");
    snprintf(server->url, sizeof(server->url), "postgresql://dialtone@/dialtone?host=%s",
             server->dir);
}

void pg_server_freeze(struct pg_server *server, bool is_frozen)
{
    char command[128];
    const char *how = is_frozen ? "STOP" : "CONT";
    if (server->pid > 0) {
        /* One that ends meanwhile is no matter. */
        snprintf(command, sizeof(command),
                 "kill -%s %d $(ps -o pid= --ppid %d) 2>/dev/null || :", how, server->pid,
                 server->pid);
        if (system(command) != 0) {
            stop_because("cannot be frozen");
        }
    }
}

void pg_server_kill(struct pg_server *server)
{
    if (server->pid > 0) {
        kill(server->pid, SIGQUIT);
        kill(server->pid, SIGCONT);
        waitpid(server->pid, NULL, 0);
        server->pid = 0;
    }
}

void pg_server_done(struct pg_server *server)
{
    char command[128];
    pg_server_kill(server);
    snprintf(command, sizeof(command), "rm -rf %s", server->dir);
    if (system(command) != 0) {
        stop_because("its directory stays");
    }
}

long long pg_server_sql(const struct pg_server *server, const char *sql)
{
    return run_sql(server->url, sql);
}

void pg_server_admin(const struct pg_server *server, const char *sql)
{
    char url[128];
    snprintf(url, sizeof(url), "postgresql://dialtone@/postgres?host=%s", server->dir);
    (void)run_sql(url, sql);
}

void pg_server_keep(const struct pg_server *server)
{
    pg_server_admin(server, "DROP DATABASE IF EXISTS kept WITH (FORCE)");
    pg_server_admin(server, "CREATE DATABASE kept TEMPLATE dialtone");
}

void pg_server_put_back(const struct pg_server *server)
{
    pg_server_admin(server, "DROP DATABASE dialtone WITH (FORCE)");
    pg_server_admin(server, "CREATE DATABASE dialtone TEMPLATE kept");
}

struct pg_server pg_group;

int pg_group_start(void **state)
{
    (void)state;
    pg_server_make(&pg_group);
    return 0;
}

int pg_group_stop(void **state)
{
    (void)state;
    pg_server_done(&pg_group);
    return 0;
}
