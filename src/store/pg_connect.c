/* pg_connect.c - a session with PostgreSQL: made within a deadline, with settings of our own, and
 * trusted only when the database holds the ledger that we know, at a state that we know of. */
#include "base/clock.h"
#include "base/drill.h"
#include "store/pg.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAUSE_FIRST_US 50000
#define PAUSE_LAST_US 2000000
#define PASSWORD_SIZE 256
#define HOSTS_MAX 16
#define OPTIONS_MAX 16
#define SCHEME "postgresql://"

/* ---- the URL ---- */

struct target { /* of one try */
    const char *names[OPTIONS_MAX];
    const char *values[OPTIONS_MAX];
    int count;
    char host[256], hostaddr[256], port[16], password[PASSWORD_SIZE];
};

static void option(struct target *target, const char *name, const char *value)
{
    target->names[target->count] = name;
    target->values[target->count] = value;
    target->count++;
}

/* The item at `index` of a list with commas; its last one where it is shorter. */
static void pick(const char *list, int index, char *out, size_t out_size)
{
    struct slice rest = slice_from_text(list), item = {0};
    for (int i = 0; i <= index && (i == 0 || rest.size > 0); i++) {
        item = slice_split(&rest, ',');
    }
    snprintf(out, out_size, "%.*s", (int)item.size, item.data == NULL ? "" : item.data);
}

static int count_items(const char *list)
{
    int count = 1;
    for (const char *at = list; *at != '\0'; at++) {
        count += *at == ',';
    }
    return count;
}

static const char *value_of(const PQconninfoOption *options, const char *name)
{
    for (; options->keyword != NULL; options++) {
        if (strcmp(options->keyword, name) == 0) {
            return options->val == NULL ? "" : options->val;
        }
    }
    return "";
}

/* DIR/store.password: one line, for its owner alone. None: the server asks for none. */
static bool read_password(struct store *store, char password[PASSWORD_SIZE])
{
    char path[STORE_PATH_SIZE + 32];
    snprintf(path, sizeof(path), "%s/store.password", store->dir);
    password[0] = '\0';
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return errno == ENOENT || pg_give_up(store, "store.password cannot be read");
    }
    struct stat facts;
    ssize_t size = read(fd, password, PASSWORD_SIZE - 1);
    bool is_private = fstat(fd, &facts) == 0 && (facts.st_mode & 077) == 0;
    close(fd);
    if (!is_private || size < 0) {
        password[0] = '\0';
        return pg_give_up(store, "store.password has to be readable by its owner alone (mode 600)");
    }
    password[size] = '\0';
    password[strcspn(password, "\r\n")] = '\0';
    return true;
}

/* Each host is tried on its own: libpq waits for a dead machine as long as TCP does. */
static bool make_target(struct store *store, const PQconninfoOption *options, int index,
                        struct target *target)
{
    const char *host = value_of(options, "host"), *hostaddr = value_of(options, "hostaddr");
    memset(target, 0, sizeof(*target));
    pick(host, index, target->host, sizeof(target->host));
    pick(hostaddr, index, target->hostaddr, sizeof(target->hostaddr));
    pick(value_of(options, "port"), index, target->port, sizeof(target->port));
    if (!read_password(store, target->password)) {
        return false;
    }
    option(target, "dbname", store->pg->url);
    option(target, "host", target->host);
    option(target, "hostaddr", target->hostaddr);
    option(target, "port", target->port);
    option(target, "client_encoding", "UTF8");
    option(target, "application_name", "dialtone");
    /* A standby, or a primary that was demoted, is not asked at all. */
    option(target, "target_session_attrs", "read-write");
    if (target->password[0] != '\0') {
        option(target, "password", target->password);
    }
    return true;
}

/* ---- a session ---- */

static void on_notice(void *ctx, const PGresult *result)
{
    struct pg_store *pg = ctx;
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    pg->has_warning |= severity == NULL || strcmp(severity, "WARNING") == 0;
}

static bool wait_connected(struct store *store, int64_t until_us)
{
    PGconn *conn = pg_conn(store);
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK) {
        int64_t left_us = until_us - clock_mono_us();
        if (state == PGRES_POLLING_FAILED) {
            return pg_give_up(store, PQerrorMessage(conn));
        }
        if (left_us <= 0) {
            return pg_give_up(store, "cannot be reached in time");
        }
        struct pollfd wait = {.fd = PQsocket(conn),
                              .events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        if (poll(&wait, 1, (int)(left_us / 1000) + 1) > 0) {
            state = PQconnectPoll(conn);
        }
    }
    return true;
}

static bool exec_simple(struct store *store, const char *sql)
{
    PGresult *result;
    bool is_done = PQsendQuery(pg_conn(store), sql) != 0;
    while (is_done && (result = pg_next_result(store)) != NULL) {
        ExecStatusType status = PQresultStatus(result);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
            pg_note_error(store, result);
            is_done = false;
        }
        PQclear(result);
    }
    return is_done && !store->is_broken;
}

/* A drill's mistake: commits wait for no standby. */
static bool drill_set_up(struct store *store)
{
    return !drill_is("wrong/commit-without-standby") ||
           exec_simple(store, "SET synchronous_commit = local");
}

/* Nothing at the server may end a wait for a commit, whatever its administrator set for others. A
 * transaction that we left open by dying is ended by the server. Each statement has an index to go
 * by: what the server last counted in a table, perhaps when it was empty, is not to change that (an
 * audit of 400,000 entries read whole tables for each page, and took 350 s instead of 4). */
static bool set_up(struct store *store)
{
    char sql[1024];
    snprintf(sql, sizeof(sql),
             "SELECT set_config(s.name, w.value, false) FROM pg_settings s JOIN (VALUES"
             " ('statement_timeout', '0'), ('transaction_timeout', '0'),"
             " ('idle_session_timeout', '0'), ('idle_in_transaction_session_timeout', '10000'),"
             " ('lock_timeout', '%lld'), ('client_min_messages', 'warning'), ('jit', 'off'),"
             " ('enable_hashjoin', 'off'), ('enable_mergejoin', 'off'), ('enable_seqscan', 'off'),"
             " ('enable_bitmapscan', 'off'), ('max_parallel_workers_per_gather', '0'),"
             " ('plan_cache_mode', 'force_generic_plan')) AS w (name, value) ON w.name = s.name;"
             "SELECT set_config('synchronous_commit', 'on', false)"
             " WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')",
             (long long)(store->options.deadline_us * 3 / 4 / 1000 + 1));
    return exec_simple(store, sql) && drill_set_up(store) &&
           (PQenterPipelineMode(pg_conn(store)) != 0 || pg_give_up(store, "no pipeline mode"));
}

static bool try_target(struct store *store, const struct target *target, int64_t until_us)
{
    PGconn *conn = PQconnectStartParams(target->names, target->values, 1);
    if (conn == NULL) {
        return pg_give_up(store, "no memory");
    }
    store->connection = conn;
    store->is_broken = false;
    store->pg->is_failed = false;
    PQsetNoticeReceiver(conn, on_notice, store->pg);
    if (PQstatus(conn) == CONNECTION_BAD) {
        return pg_give_up(store, PQerrorMessage(conn));
    }
    return wait_connected(store, until_us) && PQsetnonblocking(conn, 1) == 0 && set_up(store);
}

void pg_disconnect(struct store *store)
{
    struct pg_store *pg = store->pg;
    store_finalize_statements(store);
    PQfinish(pg_conn(store));
    store->connection = NULL;
    store->is_broken = false;
    pg->is_failed = false;
    pg->sent_count = 0;
    pg->many_count = 0;
}

static bool try_hosts(struct store *store, const PQconninfoOption *options)
{
    const char *hosts =
        value_of(options, value_of(options, "hostaddr")[0] == '\0' ? "host" : "hostaddr");
    int count = count_items(hosts) < HOSTS_MAX ? count_items(hosts) : HOSTS_MAX;
    for (int i = 0; i < count; i++) {
        struct target target;
        int64_t now_us = clock_mono_us();
        int64_t until_us = now_us + (store->deadline_us - now_us) / (count - i);
        bool is_open = make_target(store, options, store->pg->host_at % count, &target) &&
                       try_target(store, &target, until_us);
        explicit_bzero(target.password, sizeof(target.password));
        if (is_open) {
            return true;
        }
        pg_disconnect(store);
        store->pg->host_at = (store->pg->host_at + 1) % count;
    }
    return false;
}

static bool try_url(struct store *store)
{
    char *error = NULL;
    PQconninfoOption *options = PQconninfoParse(store->pg->url, &error);
    if (options == NULL) {
        store_fail(store, STORE_UNKNOWN, "store: no URL of a PostgreSQL database: %.*s",
                   (int)strcspn(error == NULL ? "" : error, "\n"), error == NULL ? "" : error);
        PQfreemem(error);
        return false;
    }
    bool is_open = false;
    if (value_of(options, "password")[0] != '\0') {
        store_fail(store, STORE_UNKNOWN,
                   "store: a password stands in %s/store.password, not in the URL", store->dir);
    } else {
        is_open = try_hosts(store, options);
    }
    PQconninfoFree(options);
    return is_open;
}

bool pg_open(struct store *store)
{
    struct pg_store *pg = store->pg;
    int64_t now_us = clock_mono_us();
    if (pg->pause_us > 0 && now_us < pg->again_at_us) {
        store_fail(store, STORE_UNKNOWN, "%s", pg->why);
        return false;
    }
    if (try_url(store)) {
        pg->pause_us = 0;
        return true;
    }
    pg->pause_us = pg->pause_us == 0 ? PAUSE_FIRST_US : pg->pause_us * 2;
    pg->pause_us = pg->pause_us < PAUSE_LAST_US ? pg->pause_us : PAUSE_LAST_US;
    /* Not all at once, when a server comes back. */
    pg->again_at_us = clock_mono_us() + pg->pause_us / 2 +
                      (int64_t)((uint64_t)now_us * 2654435761u % (uint64_t)pg->pause_us) / 2;
    memcpy(pg->why, store->error, sizeof(pg->why));
    return false;
}

/* ---- what is in the database ---- */

bool pg_read_schema(struct store *store)
{
    static const char is_there[] =
        "SELECT CASE WHEN to_regclass('migration') IS NULL THEN 0 ELSE 1 END";
    static const char newest[] = "SELECT coalesce(max(number), 0) FROM migration";
    store->schema = 0;
    struct statement *statement = store_query(store, is_there, "");
    if (store_step(store, statement) != ROW_FOUND) {
        return false;
    }
    bool has_table = column_bool(statement, 0);
    statement_reset(statement);
    if (!has_table) {
        return true;
    }
    statement = store_query(store, newest, "");
    if (store_step(store, statement) != ROW_FOUND) {
        return false;
    }
    store->schema = (int)column_i64(statement, 0);
    statement_reset(statement);
    return true;
}

static bool check_identity(struct store *store)
{
    struct store_pin pin = {0};
    struct tri pinned = store_pin_read(store->dir, &pin);
    if (!store_check_identity(store, pinned, &pin)) {
        return false;
    }
    if (pinned.is != TRI_PRESENT || strcmp(pin.timeline, store->timeline) != 0) {
        memcpy(pin.identity, store->identity, sizeof(pin.identity));
        memcpy(pin.timeline, store->timeline, sizeof(pin.timeline));
        (void)store_pin_write(store->dir, &pin);
    }
    return true;
}

static bool is_alive(struct store *store)
{
    PGconn *conn = pg_conn(store);
    /* Twice: the reason for the end may stand before the end. */
    for (int i = 0; i < 2; i++) {
        struct pollfd look = {.fd = PQsocket(conn), .events = POLLIN};
        if (PQstatus(conn) == CONNECTION_BAD || look.fd < 0) {
            return false;
        }
        if (poll(&look, 1, 0) <= 0) {
            return true;
        }
        if (PQconsumeInput(conn) == 0) {
            return false;
        }
    }
    return PQstatus(conn) == CONNECTION_OK;
}

bool pg_connect(struct store *store)
{
    if (store->connection != NULL && is_alive(store)) {
        return true;
    }
    pg_disconnect(store);
    bool is_open = pg_open(store);
    bool is_good = is_open && pg_begin(store, STORE_READ) && pg_read_schema(store) &&
                   store_check_schema(store) && check_identity(store) && store_check_state(store);
    if (is_good) {
        pg_roll_back(store);
        is_good = !store->is_broken;
    }
    if (!is_good) {
        pg_disconnect(store);
    }
    return is_good;
}

bool pg_new(struct store *store)
{
    struct pg_store *pg = calloc(1, sizeof(*pg));
    if (pg == NULL) {
        return false;
    }
    store->engine = &pg_engine;
    store->pg = pg;
    int size = snprintf(pg->url, sizeof(pg->url), "%s", store->options.url);
    store->options.url = pg->url;
    /* The part behind an @ has no password. */
    const char *at = strchr(pg->url, '@');
    const char *place = at != NULL                      ? at + 1
                        : strstr(pg->url, "//") != NULL ? strstr(pg->url, "//") + 2
                                                        : "";
    snprintf(store->name, sizeof(store->name), "postgresql://%s", place);
    return size >= 0 && (size_t)size < sizeof(pg->url);
}
