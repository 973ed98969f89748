#include "node/supervisor.h"

#include "base/clock.h"
#include "node/nft.h"
#include "node/supervisor_inside.h"
#include "node/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK_PATIENCE_US 500000 /* while it waits, no other role is started again */
#define STOP_US 3500000 /* roles that have not ended by then are killed: the whole is <= 5 s */

void supervisor_log(const char *role, const char *what, const char *why)
{
    char text[512];
    struct buf json;
    buf_init(&json, text, sizeof(text));
    buf_char(&json, '{');
    buf_json_i64(&json, "wall_us", clock_wall_us());
    buf_json_text(&json, "role", slice_from_text(role));
    buf_json_text(&json, "event", slice_from_text(what));
    if (why != NULL) {
        buf_json_text(&json, "why", slice_from_text(why));
    }
    buf_text(&json, "}\n");
    ssize_t written = write(STDERR_FILENO, text, json.size);
    (void)written;
}

/* ---- healing ---- */

static void feed(struct supervisor *supervisor, struct role *role, enum heal_event event);

static void act(struct supervisor *supervisor, struct role *role, struct heal_effect effect)
{
    if (effect.why != NULL) {
        supervisor_log(role->name, effect.is_alarm_raised ? "alarm" : "heal", effect.why);
    }
    switch (effect.act) {
    case HEAL_ACT_NONE:
        return;
    case HEAL_ACT_START:
        if (!supervisor_start_role(supervisor, role)) {
            feed(supervisor, role, HEAL_EVENT_DIED);
        }
        return;
    case HEAL_ACT_STOP:
        if (role->stop_fd >= 0) {
            close(role->stop_fd);
            role->stop_fd = -1;
        }
        return;
    case HEAL_ACT_KILL:
        if (role->pid > 0) {
            kill(role->pid, SIGKILL);
        }
        return;
    }
}

static void feed(struct supervisor *supervisor, struct role *role, enum heal_event event)
{
    act(supervisor, role, heal_feed(&role->heal, &supervisor->terms, event, clock_mono_us()));
}

/* ---- watching ---- */

static void reap(struct supervisor *supervisor)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == supervisor->nft_pid) {
            supervisor->nft_pid = 0; /* it had a right that we have given away: not started again */
            supervisor_log("nft", "ended", "bans go no longer to nft: `dialtone run` starts it");
        }
        for (int i = 0; i < ROLE_COUNT; i++) {
            struct role *role = &supervisor->roles[i];
            if (role->pid != pid) {
                continue;
            }
            role->pid = 0;
            role->last_exit = status;
            if (role->stop_fd >= 0) {
                close(role->stop_fd);
                role->stop_fd = -1;
            }
            char why[80];
            if (WIFSIGNALED(status)) {
                snprintf(why, sizeof(why), "killed by signal %d", WTERMSIG(status));
            } else if (WEXITSTATUS(status) == PRIVILEGE_EXIT_STATUS) {
                snprintf(why, sizeof(why), "a forbidden system call: its log names it");
            } else {
                snprintf(why, sizeof(why), "exit status %d", WEXITSTATUS(status));
            }
            supervisor_log(role->name, "ended", why);
            feed(supervisor, role, HEAL_EVENT_DIED);
        }
    }
}

static bool is_role_ready(struct role *role)
{
    json_t *answer = NULL;
    if (control_client_ask(role->client, "status", NULL, CHECK_PATIENCE_US, &answer) !=
        CONTROL_OK) {
        return false;
    }
    const char *state = json_string_value(json_object_get(answer, "state"));
    bool is_ready =
        state != NULL && (strcmp(state, "ready") == 0 || strcmp(state, "draining") == 0);
    bool is_it = json_integer_value(json_object_get(answer, "pid")) == (json_int_t)role->pid;
    json_decref(answer);
    return is_ready && is_it;
}

/* Outside the loop's own hold of the lock: the control thread reads what this changes. */
static void feed_locked(struct supervisor *supervisor, struct role *role, enum heal_event event)
{
    pthread_mutex_lock(&supervisor->lock);
    feed(supervisor, role, event);
    pthread_mutex_unlock(&supervisor->lock);
}

static void check(struct supervisor *supervisor, struct role *role)
{
    int64_t now_us = clock_mono_us();
    if (role->pid == 0 || now_us < role->check_at_us || atomic_load(&supervisor->is_stopping)) {
        return;
    }
    bool is_starting = role->heal.state == HEAL_STARTING;
    bool is_good = is_role_ready(role);
    role->check_at_us = clock_mono_us() +
                        (is_starting && !is_good ? STARTING_CHECK_US : supervisor->terms.check_us);
    if (is_starting) {
        if (is_good) {
            feed_locked(supervisor, role, HEAL_EVENT_CAME_UP);
            supervisor_log(role->name, "ready", NULL);
        }
        return;
    }
    if (is_good) {
        feed_locked(supervisor, role, HEAL_EVENT_CHECK_GOOD);
        return;
    }
    const struct heal *heals[ROLE_COUNT];
    for (int i = 0; i < ROLE_COUNT; i++) {
        heals[i] = &supervisor->roles[i].heal;
    }
    bool is_common =
        heal_is_common(heals, ROLE_COUNT, &role->heal, &supervisor->terms, clock_mono_us());
    feed_locked(supervisor, role,
                is_common ? HEAL_EVENT_CHECK_BAD_EVERYWHERE : HEAL_EVENT_CHECK_BAD);
}

static bool all_ready(struct supervisor *supervisor)
{
    for (int i = 0; i < ROLE_COUNT; i++) {
        enum heal_state state = supervisor->roles[i].heal.state;
        if (state != HEAL_READY && state != HEAL_SUSPECT) {
            return false;
        }
    }
    return true;
}

/* ---- control ---- */

static void do_status(struct supervisor *supervisor, struct control_answer *answer)
{
    json_t *roles = json_array();
    pthread_mutex_lock(&supervisor->lock);
    bool is_ready = all_ready(supervisor);
    for (int i = 0; i < ROLE_COUNT; i++) {
        const struct role *role = &supervisor->roles[i];
        json_array_append_new(
            roles, json_pack("{s:s,s:i,s:s,s:I,s:I,s:i}", "name", role->name, "pid", (int)role->pid,
                             "state", heal_state_name(role->heal.state), "restarts",
                             (json_int_t)(role->start_count > 0 ? role->start_count - 1 : 0),
                             "since_wall_us", (json_int_t)role->since_wall_us, "last_exit",
                             role->last_exit));
    }
    pthread_mutex_unlock(&supervisor->lock);
    control_answer_json(answer, json_pack("{s:s,s:i,s:b,s:o,s:s}", "role", "supervisor", "pid",
                                          (int)getpid(), "ready", is_ready, "roles", roles, "http",
                                          supervisor->sockets.http));
}

static void handle(void *ctx, const char *command, const json_t *request,
                   struct control_answer *answer)
{
    struct supervisor *supervisor = ctx;
    if (strcmp(command, "status") == 0) {
        do_status(supervisor, answer);
    } else if (strcmp(command, "stop") == 0) {
        kill(getpid(), SIGTERM);
    } else if (strcmp(command, "restart") == 0) {
        const char *name = json_string_value(json_object_get(request, "role"));
        pthread_mutex_lock(&supervisor->lock);
        bool is_known = false;
        for (int i = 0; name != NULL && i < ROLE_COUNT; i++) {
            struct role *role = &supervisor->roles[i];
            if (strcmp(role->name, name) == 0 && role->pid > 0) {
                is_known = true;
                close(role->stop_fd); /* it ends by itself and is started again */
                role->stop_fd = -1;
            }
        }
        pthread_mutex_unlock(&supervisor->lock);
        if (!is_known) {
            control_answer_error(answer, "not-found", "no running role of that name");
        }
    } else if (strcmp(command, "drain") == 0 || strcmp(command, "undrain") == 0) {
        control_answer_error(answer, "bad-request", "ask the edge: edge.sock");
    } else {
        control_answer_error(answer, "bad-request", "the supervisor knows no command '%s'",
                             command);
    }
}

/* ---- life ---- */

static bool make_dirs(const char *dir, char *error, size_t error_size)
{
    static const char *const names[] = {"run", "log", "edge", "web", "decks", "secrets"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        char path[1024];
        snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        if (mkdir(path, 0700) != 0 && errno != EEXIST) {
            snprintf(error, error_size, "%s: %s", path, strerror(errno));
            return false;
        }
    }
    return true;
}

static int take_lock(const char *dir)
{
    char path[1024];
    snprintf(path, sizeof(path), "%s/run.lock", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void write_addresses(const struct supervisor *supervisor)
{
    char path[1024];
    json_t *listen = json_array();
    int last = -1;
    for (int i = 0; i < supervisor->sockets.socket_count; i++) {
        const struct role_socket *socket = &supervisor->sockets.sockets[i];
        if (socket->listener == last) {
            continue;
        }
        last = socket->listener;
        char text[160];
        snprintf(text, sizeof(text), strchr(socket->host, ':') != NULL ? "%s:[%s]:%u" : "%s:%s:%u",
                 socket->transport == 1 ? "tcp" : "udp", socket->host, socket->port);
        json_array_append_new(listen, json_string(text));
    }
    json_t *whole = json_pack("{s:o,s:s,s:i}", "listen", listen, "http", supervisor->sockets.http,
                              "pid", (int)getpid());
    snprintf(path, sizeof(path), "%s/run/addresses.json", supervisor->options->dir);
    if (json_dump_file(whole, path, JSON_INDENT(2)) != 0) {
        supervisor_log("supervisor", "addresses.json cannot be written", strerror(errno));
    }
    json_decref(whole);
}

static void say_ready(struct supervisor *supervisor)
{
    if (supervisor->was_ready || !all_ready(supervisor)) { /* this thread alone changes it */
        return;
    }
    supervisor->was_ready = true;
    printf("dialtone is ready: console http://%s/\n", supervisor->sockets.http);
    fflush(stdout);
    supervisor_notify("READY=1");
}

static int next_timeout_ms(struct supervisor *supervisor)
{
    int64_t now_us = clock_mono_us();
    int64_t first_us = now_us + 1000000;
    for (int i = 0; i < ROLE_COUNT; i++) {
        const struct role *role = &supervisor->roles[i];
        int64_t heal_us = heal_deadline(&role->heal, &supervisor->terms);
        first_us = heal_us < first_us ? heal_us : first_us;
        if (role->pid != 0) {
            first_us = role->check_at_us < first_us ? role->check_at_us : first_us;
        }
    }
    return first_us <= now_us ? 0 : (int)((first_us - now_us + 999) / 1000);
}

/* Web first: it asks the edge. Then the edge; what is left after 3.5 s is killed. */
static void stop_all(struct supervisor *supervisor)
{
    int64_t end_us = clock_mono_us() + STOP_US;
    atomic_store(&supervisor->is_stopping, true);
    supervisor_notify("STOPPING=1");
    for (int i = ROLE_COUNT - 1; i >= 0; i--) {
        feed_locked(supervisor, &supervisor->roles[i], HEAL_EVENT_UNWANTED);
    }
    for (;;) {
        bool is_any = false;
        pthread_mutex_lock(&supervisor->lock);
        reap(supervisor);
        pthread_mutex_unlock(&supervisor->lock);
        for (int i = 0; i < ROLE_COUNT; i++) {
            struct role *role = &supervisor->roles[i];
            is_any = is_any || role->pid != 0;
            if (role->pid != 0 && clock_mono_us() >= end_us) {
                kill(role->pid, SIGKILL);
            }
        }
        if (!is_any) {
            return;
        }
        struct pollfd poller = {.fd = supervisor->signal_fd, .events = POLLIN};
        poll(&poller, 1, 50);
        struct signalfd_siginfo info;
        ssize_t got = read(supervisor->signal_fd, &info, sizeof(info));
        (void)got;
    }
}

/* Its elements stay: they end by themselves, and a start looks at them anew. */
static void stop_nft(struct supervisor *supervisor)
{
    if (supervisor->nft_pid > 0) {
        close(supervisor->nft_stop_fd);
        kill(supervisor->nft_pid, SIGKILL);
        waitpid(supervisor->nft_pid, NULL, 0);
    }
}

/* True: told to stop. */
static bool take_signals(struct supervisor *supervisor)
{
    struct signalfd_siginfo info;
    bool must_stop = false;
    while (read(supervisor->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        must_stop = must_stop || info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT ||
                    info.ssi_signo == SIGHUP;
    }
    return must_stop;
}

static void run_loop(struct supervisor *supervisor)
{
    for (;;) {
        struct pollfd poller = {.fd = supervisor->signal_fd, .events = POLLIN};
        pthread_mutex_lock(&supervisor->lock);
        int timeout_ms = next_timeout_ms(supervisor);
        pthread_mutex_unlock(&supervisor->lock);
        poll(&poller, 1, timeout_ms);
        if (take_signals(supervisor)) {
            return;
        }
        pthread_mutex_lock(&supervisor->lock);
        reap(supervisor);
        for (int i = 0; i < ROLE_COUNT; i++) {
            struct role *role = &supervisor->roles[i];
            if (heal_deadline(&role->heal, &supervisor->terms) <= clock_mono_us()) {
                feed(supervisor, role, HEAL_EVENT_TIME);
            }
        }
        pthread_mutex_unlock(&supervisor->lock);
        for (int i = 0; i < ROLE_COUNT; i++) {
            check(supervisor, &supervisor->roles[i]);
        }
        say_ready(supervisor);
        supervisor_watch(clock_mono_us(), supervisor->was_ready);
    }
}

static bool block_signals(struct supervisor *supervisor)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    signal(SIGPIPE, SIG_IGN);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    supervisor->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return supervisor->signal_fd >= 0;
}

/* The only thing that may need root: a port below 1024, a large buffer, the packet filter. Never
 * again afterwards. */
static bool bind_all(struct supervisor *supervisor, char *error, size_t error_size)
{
    const struct supervisor_options *options = supervisor->options;
    if (options->config.ban_nft_set[0] != '\0' && options->config.has_bans) {
        supervisor->nft_pid = nft_start(options->dir, options->config.ban_nft_set, &options->user,
                                        &supervisor->nft_stop_fd);
    }
    bool is_bound =
        privilege_raise(&options->user) && sockets_bind(&options->config, supervisor->worker_count,
                                                        &supervisor->sockets, error, error_size);
    if (!privilege_drop(&options->user)) {
        snprintf(error, error_size, "cannot become the user %ld: %s", (long)options->user.uid,
                 strerror(errno));
        return false;
    }
    return is_bound;
}

static bool begin(struct supervisor *supervisor, char *error, size_t error_size)
{
    const struct supervisor_options *options = supervisor->options;
    char run_dir[1024];
    char *why = NULL;
    supervisor->lock_fd = take_lock(options->dir);
    if (supervisor->lock_fd < 0) {
        snprintf(error, error_size,
                 "%s is in use by another dialtone (or cannot be written): see `dialtone status "
                 "%s`",
                 options->dir, options->dir);
        return false;
    }
    if (!upgrade_database(options->dir, error, error_size) ||
        !make_dirs(options->dir, error, error_size) || !bind_all(supervisor, error, error_size)) {
        return false;
    }
    if (supervisor->sockets.class_error[0] != '\0') {
        supervisor_log("supervisor",
                       "the kernel does not sort datagrams by kind: a flood of one kind "
                       "delays the others",
                       supervisor->sockets.class_error);
    }
    snprintf(run_dir, sizeof(run_dir), "%s/run", options->dir);
    struct control_options control = {
        .run_dir = run_dir, .name = "supervisor.sock", .ctx = supervisor, .handle = handle};
    static const char *const names[ROLE_COUNT] = {"edge", "web"};
    for (int i = 0; i < ROLE_COUNT; i++) { /* before anybody can ask for them */
        supervisor->roles[i].name = names[i];
        supervisor->roles[i].stop_fd = -1;
    }
    supervisor->control = control_server_new(&control, &why);
    if (supervisor->control == NULL || !block_signals(supervisor)) {
        snprintf(error, error_size, "no control socket: %s", why == NULL ? "" : why);
        free(why);
        return false;
    }
    for (int i = 0; i < ROLE_COUNT; i++) {
        char name[32];
        snprintf(name, sizeof(name), "%s.sock", names[i]);
        supervisor->roles[i].client = control_client_new(run_dir, name);
    }
    write_addresses(supervisor);
    return true;
}

bool supervisor_become(struct supervisor_options *options)
{
    char warning[1200];
    char error[1200];
    uint64_t changed_count = 0;
    umask(077);
    if (!privilege_user_find(options->dir, options->config.user, &options->user, warning,
                             sizeof(warning), error, sizeof(error)) ||
        !privilege_dir_adopt(options->dir, &options->user, &changed_count, error, sizeof(error))) {
        fprintf(stderr, "dialtone run: %s\n", error);
        return false;
    }
    if (!privilege_lower(&options->user)) {
        fprintf(stderr, "dialtone run: cannot become the user %ld: %s\n", (long)options->user.uid,
                strerror(errno));
        return false;
    }
    if (warning[0] != '\0') {
        supervisor_log("supervisor", "user", warning);
    }
    if (options->user.is_change) {
        snprintf(warning, sizeof(warning), "runs as %s (%ld); %llu files were given to it",
                 options->user.name, (long)options->user.uid, (unsigned long long)changed_count);
        supervisor_log("supervisor", "user", warning);
    }
    return true;
}

int supervisor_run(const struct supervisor_options *options)
{
    static struct supervisor supervisor;
    char error[1200];
    supervisor.options = options;
    supervisor.terms = heal_terms_default();
    supervisor.sockets.http_fd = -1;
    pthread_mutex_init(&supervisor.lock, NULL);
    supervisor.worker_count = options->config.workers;
    if (supervisor.worker_count == 0) {
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        supervisor.worker_count = processors < 1 ? 1 : processors > 32 ? 32 : (int)processors;
    }
    /* Before any thread is made: the control thread must not take our signals. */
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    signal(SIGCHLD, SIG_DFL); /* who started us may ignore it: then no death would be seen */
    if (!begin(&supervisor, error, sizeof(error))) {
        fprintf(stderr, "dialtone run: %s\n", error);
        return 1;
    }
    for (int i = 0; i < ROLE_COUNT; i++) {
        feed_locked(&supervisor, &supervisor.roles[i], HEAL_EVENT_WANTED);
    }
    run_loop(&supervisor);
    stop_all(&supervisor);
    control_server_free(supervisor.control);
    for (int i = 0; i < ROLE_COUNT; i++) {
        control_client_free(supervisor.roles[i].client);
    }
    sockets_close(&supervisor.sockets);
    stop_nft(&supervisor);
    close(supervisor.lock_fd);
    return 0;
}
