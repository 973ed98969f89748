#include "real_inside.h"

#include "base/clock.h"
#include "proc.h"
#include "ua_sock.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ASK_US 2000000
#define PROBE_EVERY_US 20000
#define NOTICED_US 6000000 /* a fault that lasts that long is seen by the edge */

static const char *const database_parts[] = {"", "-wal", "-shm"};

/* Moves the database and what belongs to it away, or back. */
static bool move_database(const struct real *real, bool is_away)
{
    char here[REAL_PATH_SIZE + 64], aside[REAL_PATH_SIZE + 64];
    bool is_fine = true;
    for (size_t i = 0; i < ARRAY_COUNT(database_parts); i++) {
        snprintf(here, sizeof(here), "%s%s", real->database, database_parts[i]);
        snprintf(aside, sizeof(aside), "%s.aside%s", real->database, database_parts[i]);
        if (!is_away) {
            (void)unlink(here); /* what stands there now is not the ledger */
        }
        int result = is_away ? rename(here, aside) : rename(aside, here);
        is_fine = is_fine && (result == 0 || i > 0);
    }
    return is_fine;
}

static bool replace_database(const struct real *real)
{
    sqlite3 *other = NULL;
    bool is_fine = move_database(real, true) && sqlite3_open(real->database, &other) == SQLITE_OK &&
                   sqlite3_exec(other, "CREATE TABLE stranger(x)", NULL, NULL, NULL) == SQLITE_OK;
    sqlite3_close(other);
    return is_fine;
}

static bool lock_database(struct real *real)
{
    if (sqlite3_open(real->database, &real->lock) != SQLITE_OK) {
        return false;
    }
    sqlite3_busy_timeout(real->lock, 3000);
    return sqlite3_exec(real->lock, "BEGIN EXCLUSIVE", NULL, NULL, NULL) == SQLITE_OK;
}

/* A server hangs, or is gone. */
static bool server_fault(struct real *real, enum scn_fault fault, char why[SCN_WHY_SIZE])
{
    if (fault == SCN_STOP) {
        pg_server_freeze(&real->server, true);
    } else if (fault == SCN_DELETE) {
        pg_server_kill(&real->server);
    } else {
        snprintf(why, SCN_WHY_SIZE, "a database server knows only stop and delete");
        return false;
    }
    return true;
}

bool real_store_heal(struct real *real)
{
    if (real->options.is_on_server) {
        if (real->server.pid == 0) {
            pg_server_start(&real->server);
        }
        pg_server_freeze(&real->server, false);
        return true;
    }
    (void)unlink(real->faults);
    if (real->lock != NULL) {
        sqlite3_exec(real->lock, "ROLLBACK", NULL, NULL, NULL);
        sqlite3_close(real->lock);
        real->lock = NULL;
    }
    bool is_fine = !real->is_aside || move_database(real, false);
    real->is_aside = false;
    return is_fine;
}

/* What the edge says of its store: a fault that it did not notice would prove nothing. */
static bool is_noticed(struct real *real)
{
    json_t *answer = NULL;
    if (control_client_ask(real->edge, "status", NULL, ASK_US, &answer) != CONTROL_OK) {
        return false;
    }
    const char *state =
        json_string_value(json_object_get(json_object_get(answer, "store"), "state"));
    bool is_it = state != NULL && strcmp(state, "unknown") == 0;
    json_decref(answer);
    return is_it;
}

static bool store_fault(struct real *real, const struct scn_step *step, char why[SCN_WHY_SIZE])
{
    char text[64];
    int64_t lasted_us = clock_mono_us() - real->fault_at_us;
    if (step->fault == SCN_START && real->fault != SCN_SLOW && lasted_us > NOTICED_US &&
        !is_noticed(real)) {
        snprintf(why, SCN_WHY_SIZE, "the edge did not notice what its database suffered");
        return false;
    }
    real->fault = step->fault;
    real->fault_at_us = clock_mono_us();
    if (real->options.is_on_server && step->fault != SCN_START) {
        return server_fault(real, step->fault, why);
    }
    snprintf(why, SCN_WHY_SIZE, "the fault of the database could not be made");
    switch (step->fault) {
    case SCN_STOP:
        return proc_file_write(real->faults, "fail all\n");
    case SCN_FAIL_READ:
        return proc_file_write(real->faults, "fail read\n");
    case SCN_FAIL_WRITE:
        return proc_file_write(real->faults, "fail write\n");
    case SCN_FAIL_SYNC:
        return proc_file_write(real->faults, "fail sync\n");
    case SCN_FULL:
        return proc_file_write(real->faults, "full\n");
    case SCN_SLOW:
        snprintf(text, sizeof(text), "latency_ms %d\n", (int)(step->latency_us / 1000));
        return proc_file_write(real->faults, text);
    case SCN_LOCK:
        return lock_database(real);
    case SCN_DELETE:
        real->is_aside = true;
        return move_database(real, true);
    case SCN_REPLACE:
        real->is_aside = true;
        return replace_database(real);
    case SCN_START:
        return real_store_heal(real);
    case SCN_KILL:
        break;
    }
    return false;
}

pid_t real_role_pid(struct real *real, const char *role)
{
    json_t *answer = NULL;
    pid_t pid = 0;
    if (control_client_ask(real->supervisor, "status", NULL, ASK_US, &answer) != CONTROL_OK) {
        return 0;
    }
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(answer, "roles"), i, row)
    {
        const char *name = json_string_value(json_object_get(row, "name"));
        if (name != NULL && strcmp(name, role) == 0) {
            pid = (pid_t)json_integer_value(json_object_get(row, "pid"));
        }
    }
    json_decref(answer);
    return pid;
}

static bool kill_role(struct real *real, const char *role, char why[SCN_WHY_SIZE])
{
    pid_t pid = real_role_pid(real, role);
    if (pid <= 1 || kill(pid, SIGKILL) != 0) {
        snprintf(why, SCN_WHY_SIZE, "no process of role %s to kill", role);
        return false;
    }
    if (strcmp(role, "edge") == 0) {
        real->killed_at_us = real->probe_at_us = clock_mono_us();
        real->is_probing = true;
    }
    return true;
}

/* Asks by OPTIONS from an address that is nobody's: any answer means that the edge is back. */
void real_probe(struct real *real)
{
    char bytes[4096];
    struct ua_address from;
    int64_t now_us = clock_mono_us();
    while (ua_sock_receive(real->probe_fd, bytes, sizeof(bytes), &from) >= 0) {
        if (real->is_probing) {
            int64_t gap_us = now_us - real->killed_at_us;
            real->back_us = gap_us > real->back_us ? gap_us : real->back_us;
            real->is_probing = false;
        }
    }
    if (!real->is_probing || now_us < real->probe_at_us) {
        return;
    }
    real->probe_at_us = now_us + PROBE_EVERY_US;
    int size = snprintf(bytes, sizeof(bytes),
                        "OPTIONS sip:%s SIP/2.0\r\n"
                        "Via: SIP/2.0/UDP 127.0.0.9:9;branch=z9hG4bKprobe%ld;rport\r\n"
                        "From: <sip:probe@%s>;tag=p\r\nTo: <sip:%s>\r\nCall-ID: probe-%ld\r\n"
                        "CSeq: 1 OPTIONS\r\nMax-Forwards: 5\r\nContent-Length: 0\r\n\r\n",
                        SCN_DOMAIN, (long)now_us, SCN_DOMAIN, SCN_DOMAIN, (long)now_us);
    ua_sock_send(real->probe_fd, slice_make(bytes, (size_t)size), &real->listen[0]);
}

static bool end_calls(struct real *real, char why[SCN_WHY_SIZE])
{
    json_t *answer = NULL, *call;
    size_t i;
    if (control_client_ask(real->edge, "calls", NULL, ASK_US, &answer) != CONTROL_OK) {
        snprintf(why, SCN_WHY_SIZE, "the edge did not list its calls");
        return false;
    }
    bool is_fine = json_array_size(json_object_get(answer, "calls")) > 0;
    json_array_foreach(json_object_get(answer, "calls"), i, call)
    {
        json_t *ended = NULL;
        json_t *members =
            json_pack("{s:O,s:s}", "key", json_object_get(call, "key"), "actor", "scenario");
        enum control_result result =
            control_client_ask(real->edge, "call_end", members, ASK_US, &ended);
        is_fine = is_fine && result == CONTROL_OK;
        json_decref(members);
        json_decref(ended);
    }
    json_decref(answer);
    if (!is_fine) {
        snprintf(why, SCN_WHY_SIZE, "the edge had no call to end, or did not end one");
    }
    return is_fine;
}

bool real_act(void *ctx, const struct scn_step *step, char why[SCN_WHY_SIZE])
{
    struct real *real = ctx;
    switch (step->verb) {
    case SCN_STORE:
        return store_fault(real, step, why);
    case SCN_EDGE:
        return kill_role(real, "edge", why);
    case SCN_WEB:
        return kill_role(real, "web", why);
    case SCN_TOPUP:
    case SCN_LOCK_MONEY:
    case SCN_SUSPEND:
    case SCN_UNSUSPEND:
        return books_act(&real->books, step, why);
    case SCN_END_CALLS:
        return end_calls(real, why);
    case SCN_CALL:
    case SCN_HANGUP:
    case SCN_CANCEL:
    case SCN_HOLD:
    case SCN_RESUME:
    case SCN_SEND:
    case SCN_REGISTER:
    case SCN_UNREGISTER:
    case SCN_RULE:
        break;
    }
    return false;
}
