/* What a role may do to the machine it runs on: tried from inside, and looked at from outside. */
#include "dns_server.h"
#include "program.h"

#include "base/attr.h"
#include "node/privilege.h"
#include "node/resolver.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SURVIVED 0
#define NOT_CONFINED 77 /* this kernel, or a sanitizer build: nothing to see */

static struct program_output output;

/* ---- from inside ---- */

struct inside {
    int status;      /* of the child, as waitpid() has it */
    char said[4096]; /* its stderr */
};

/* Runs `act` in a process that shut itself in as a role does; its answer is the exit status. */
static struct inside run_inside(const char *dir, int (*act)(const char *dir))
{
    struct inside inside = {0};
    int said[2];
    assert_int_equal(pipe2(said, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct privilege_report report;
        struct privilege_terms terms = {.dir = dir, .role = "test", .is_confined = true};
        dup2(said[1], STDERR_FILENO);
        alarm(20);
        privilege_role_confine(&terms, &report);
        bool is_on = report.files == PRIVILEGE_ON && report.calls == PRIVILEGE_ON;
        _exit(is_on ? act(dir) : NOT_CONFINED);
    }
    close(said[1]);
    size_t size = 0;
    ssize_t got;
    while ((got = read(said[0], inside.said + size, sizeof(inside.said) - 1 - size)) > 0) {
        size += (size_t)got;
    }
    close(said[0]);
    assert_int_equal(waitpid(pid, &inside.status, 0), pid);
    if (WIFEXITED(inside.status) && WEXITSTATUS(inside.status) == NOT_CONFINED) {
        skip();
    }
    return inside;
}

static void assert_survives(int (*act)(const char *dir))
{
    char dir[256];
    program_dir(dir);
    assert_true(program_write(dir, "ours", "ours\n"));
    struct inside inside = run_inside(dir, act);
    program_remove(dir);
    assert_true(WIFEXITED(inside.status));
    assert_int_equal(WEXITSTATUS(inside.status), SURVIVED);
}

static void assert_ends(int (*act)(const char *dir), const char *call)
{
    char expected[64];
    struct inside inside = run_inside("/tmp", act);
    assert_true(WIFEXITED(inside.status));
    assert_int_equal(WEXITSTATUS(inside.status), PRIVILEGE_EXIT_STATUS);
    snprintf(expected, sizeof(expected), "\"call\":\"%s\"", call);
    assert_non_null(strstr(inside.said, expected));
}

static bool can_open(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

static int use_dir(const char *dir)
{
    char path[512];
    char other[512];
    snprintf(path, sizeof(path), "%s/ours", dir);
    snprintf(other, sizeof(other), "%s/below/moved", dir);
    bool is_read = can_open(path, O_RDONLY) && can_open(path, O_RDWR | O_APPEND);
    char below[512];
    snprintf(below, sizeof(below), "%s/below", dir);
    bool is_changed = mkdir(below, 0700) == 0 && rename(path, other) == 0 && unlink(other) == 0 &&
                      can_open(path, O_WRONLY | O_CREAT | O_TRUNC);
    return is_read && is_changed ? SURVIVED : 1;
}

static void what_is_its_own_it_reads_and_writes(void **state)
{
    (void)state;
    assert_survives(use_dir);
}

static int reach_outside(const char *dir)
{
    char path[512];
    static const char *const others[] = {"/etc/passwd", "/etc/shadow", "/root",
                                         "/home",       "/tmp",        "/proc/1/environ"};
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        if (can_open(others[i], O_RDONLY) || (errno != EACCES && errno != ENOENT)) {
            return 1;
        }
    }
    snprintf(path, sizeof(path), "%s/../dialtone-left-behind", dir);
    if (can_open(path, O_WRONLY | O_CREAT) || errno != EACCES) {
        return 2;
    }
    snprintf(path, sizeof(path), "%s/link", dir);
    return can_open(path, O_RDONLY) || errno != EACCES ? 3 : SURVIVED;
}

static void outside_of_its_directory_it_opens_nothing(void **state)
{
    (void)state;
    char dir[256];
    char path[300];
    program_dir(dir);
    snprintf(path, sizeof(path), "%s/link", dir); /* made by us: it could not */
    assert_int_equal(symlink("/etc/passwd", path), 0);
    struct inside inside = run_inside(dir, reach_outside);
    program_remove(dir);
    assert_true(WIFEXITED(inside.status));
    assert_int_equal(WEXITSTATUS(inside.status), SURVIVED);
}

static void *add_one(void *number)
{
    (*(int *)number)++;
    return NULL;
}

static struct dns_server names; /* outside */

static bool is_resolved(struct resolver *resolver, const char *host)
{
    struct resolver_ask ask = {.host = host, .port = 5060};
    struct target out[TARGETS_MAX];
    int count = 0;
    for (int i = 0; i < 500; i++) {
        if (resolver_look(resolver, &ask, out, &count).is == TRI_PRESENT) {
            return true;
        }
        usleep(20000); /* between looks, ten seconds at most */
    }
    return false;
}

static bool does_resolve(void)
{
    struct resolver_options options = {.server = names.address};
    struct resolver *resolver = resolver_new(&options);
    bool is_fine = resolver != NULL && is_resolved(resolver, "localhost") &&
                   is_resolved(resolver, "carrier.example");
    resolver_free(resolver);
    return is_fine;
}

static int do_daily_work(const char *dir)
{
    (void)dir;
    int number = 0;
    pthread_t thread;
    struct addrinfo *found = NULL;
    if (pthread_create(&thread, NULL, add_one, &number) != 0 || pthread_join(thread, NULL) != 0 ||
        number != 1) {
        return 1;
    }
    if (getaddrinfo("localhost", NULL, NULL, &found) != 0) {
        return 2;
    }
    freeaddrinfo(found);
    if (!does_resolve()) {
        return 4;
    }
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && close(fd) == 0 ? SURVIVED : 3;
}

static void threads_names_and_sockets_work(void **state)
{
    (void)state;
    static const struct dns_row row = {"carrier.example", DNS_A, 60, "\xc0\0\2\1", 4};
    dns_server_start(&names);
    dns_server_set(&names, DNS_WELL, &row, 1);
    assert_survives(do_daily_work);
    dns_server_stop(&names);
}

static int start_a_shell(const char *dir)
{
    (void)dir;
    execl("/bin/sh", "sh", "-c", "exit 0", (char *)NULL);
    return 1;
}

static int fork_off(const char *dir)
{
    (void)dir;
    return fork() < 0 ? 1 : 2;
}

static int trace_the_parent(const char *dir)
{
    (void)dir;
    return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0 ? 1 : 2;
}

static int exchange_the_handler(const char *dir)
{
    (void)dir;
    return sigaction(SIGSYS, &(struct sigaction){.sa_handler = SIG_IGN}, NULL) == 0 ? 1 : 2;
}

static int become_root(const char *dir)
{
    (void)dir;
    return setuid(0) == 0 ? 1 : 2;
}

static void an_intruders_calls_end_the_process_and_are_named(void **state)
{
    (void)state;
    assert_ends(start_a_shell, "execve");
    assert_ends(fork_off, "clone");
    assert_ends(trace_the_parent, "ptrace");
    assert_ends(exchange_the_handler, "rt_sigaction");
    assert_ends(become_root, "setuid");
}

static int try_harmless(const char *dir)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/node", dir);
    for (int i = 0; i < 2; i++) {
        if (mkfifo(path, 0600) == 0 || errno != EPERM) {
            return 1;
        }
    }
    if (mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
            MAP_FAILED ||
        errno != EPERM) {
        return 2;
    }
    return socket(AF_PACKET, SOCK_RAW, 0) < 0 && errno == EPERM ? SURVIVED : 3;
}

static void a_call_without_harm_is_refused_and_named_once(void **state)
{
    (void)state;
    struct inside inside = run_inside("/tmp", try_harmless);
    assert_true(WIFEXITED(inside.status));
    assert_int_equal(WEXITSTATUS(inside.status), SURVIVED);
    const char *first = strstr(inside.said, "\"call\":\"mknod");
    assert_non_null(first);
    assert_null(strstr(first + 1, "\"call\":\"mknod"));
    assert_non_null(strstr(inside.said, "\"call\":\"mmap\""));
    assert_non_null(strstr(inside.said, "\"call\":\"socket\""));
}

static int fail_an_assertion(const char *dir)
{
    (void)dir;
    abort();
}

static void abort_still_ends_as_abort(void **state)
{
    (void)state;
    struct inside inside = run_inside("/tmp", fail_an_assertion);
    assert_true(WIFSIGNALED(inside.status));
    assert_int_equal(WTERMSIG(inside.status), SIGABRT);
    assert_false(WCOREDUMP(inside.status));
}

static int look_at_core_limit(const char *dir)
{
    (void)dir;
    struct rlimit limit;
    return prctl(PR_GET_DUMPABLE) == 0 && getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0
               ? SURVIVED
               : 1;
}

static void no_core_is_written(void **state)
{
    (void)state;
    assert_survives(look_at_core_limit);
}

/* ---- from outside ---- */

/* A number of /proc/PID/status, in the base it is written in there; -1: it has no such line. */
static long status_of(pid_t pid, const char *name, int base)
{
    char path[64];
    char line[256];
    long value = -1;
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        size_t size = strlen(name);
        if (strncmp(line, name, size) == 0 && line[size] == ':') {
            value = strtol(line + size + 1, NULL, base);
        }
    }
    fclose(file);
    return value;
}

static void each_role_is_without_capabilities_and_behind_a_filter(void **state)
{
    (void)state;
    static const char *const roles[] = {"edge", "web"};
    static const char *const sets[] = {"CapEff", "CapPrm", "CapInh", "CapAmb"};
    char dir[256];
    struct inside inside = run_inside("/tmp", look_at_core_limit); /* skips where there is none */
    assert_int_equal(inside.status, 0);
    program_dir(dir);
    program_run("init %", dir, &output);
    pid_t pid = program_start(dir, "");
    assert_true(pid > 0);
    for (size_t i = 0; i < ARRAY_COUNT(roles); i++) {
        pid_t role = program_role(dir, roles[i]);
        assert_true(role > 0);
        for (size_t j = 0; j < ARRAY_COUNT(sets); j++) {
            assert_int_equal(status_of(role, sets[j], 16), 0);
        }
        assert_int_equal(status_of(role, "NoNewPrivs", 10), 1);
        assert_int_equal(status_of(role, "Seccomp", 10), 2);
    }
    assert_int_equal(status_of(pid, "CapEff", 16), 0);
    assert_in_range(program_stop(pid, SIGTERM), 0, 5000);
    program_remove(dir);
}

static void with_confine_off_only_the_capabilities_go(void **state)
{
    (void)state;
    char dir[256];
    program_dir(dir);
    program_run("init %", dir, &output);
    assert_true(program_write(dir, "dialtone.conf",
                              "listen = [\"udp:127.0.0.1:0\"];\nhttp = \"127.0.0.1:0\";\n"
                              "security = { confine = false; };\n"));
    pid_t pid = program_start(dir, "");
    assert_true(pid > 0);
    pid_t edge = program_role(dir, "edge");
    assert_int_equal(status_of(edge, "CapEff", 16), 0);
    assert_int_equal(status_of(edge, "Seccomp", 10), 0);
    assert_in_range(program_stop(pid, SIGTERM), 0, 5000);
    program_remove(dir);
}

/* ---- started as root ---- */

static const struct passwd *somebody(void)
{
    const struct passwd *nobody = getuid() == 0 ? getpwnam("nobody") : NULL;
    if (nobody == NULL) {
        skip();
    }
    return nobody;
}

static void assert_owned(const char *dir, const char *name, uid_t uid, mode_t mode)
{
    char path[600];
    struct stat status;
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    assert_int_equal(lstat(path, &status), 0);
    assert_int_equal(status.st_uid, uid);
    assert_int_equal(status.st_mode & 07777, mode);
}

static void assert_all_run_as(const char *dir, pid_t supervisor, uid_t uid)
{
    assert_int_equal(status_of(supervisor, "Uid", 10), uid);
    assert_int_equal(status_of(program_role(dir, "edge"), "Uid", 10), uid);
    assert_int_equal(status_of(program_role(dir, "web"), "Uid", 10), uid);
    assert_int_equal(status_of(supervisor, "CapEff", 16), 0);
    assert_int_equal(status_of(supervisor, "CapBnd", 16), 0);
    assert_owned(dir, ".", uid, 0700);
    assert_owned(dir, "run/edge.sock", uid, 0600);
    assert_owned(dir, "run/web.sock", uid, 0600);
    assert_owned(dir, "run/supervisor.sock", uid, 0600);
    assert_owned(dir, "dialtone.db", uid, 0600);
    assert_owned(dir, "log/edge.log", uid, 0600);
}

static void started_by_root_in_a_users_directory_it_is_that_user(void **state)
{
    (void)state;
    const struct passwd *user = somebody();
    uid_t uid = user->pw_uid;
    char dir[256];
    program_dir(dir);
    program_run("init %", dir, &output); /* by root: its files are root's */
    assert_int_equal(chown(dir, uid, user->pw_gid), 0);
    assert_int_equal(chmod(dir, 0755), 0);
    pid_t pid = program_start(dir, "--listen udp:127.0.77.1:997 --listen tcp:127.0.77.1:997");
    assert_true(pid > 0);
    assert_all_run_as(dir, pid, uid);
    pid_t edge = program_role(dir, "edge");
    kill(edge, SIGKILL); /* a role starts again without anybody being root */
    for (int i = 0;
         i < 500 && (program_role(dir, "edge") == edge || program_role(dir, "edge") == 0); i++) {
        program_sleep_ms(10);
    }
    assert_int_equal(status_of(program_role(dir, "edge"), "Uid", 10), uid);
    program_run("account list --dir %", dir, &output); /* root's own command line works */
    assert_int_equal(output.status, 0);
    assert_in_range(program_stop(pid, SIGTERM), 0, 5000);
    program_run("audit %", dir, &output);
    assert_int_equal(output.status, 0);
    program_remove(dir);
}

static void the_configured_user_gets_the_directory(void **state)
{
    (void)state;
    const struct passwd *user = somebody();
    uid_t uid = user->pw_uid;
    char dir[256];
    program_dir(dir);
    program_run("init %", dir, &output);
    assert_true(program_write(dir, "dialtone.conf",
                              "listen = [\"udp:127.0.0.1:0\"];\nuser = \"nobody\";\n"));
    pid_t pid = program_start(dir, "");
    assert_true(pid > 0);
    assert_all_run_as(dir, pid, uid);
    assert_in_range(program_stop(pid, SIGTERM), 0, 5000);
    program_remove(dir);
}

static void a_user_who_is_not_there_is_said(void **state)
{
    (void)state;
    char dir[256];
    program_dir(dir);
    assert_true(program_write(dir, "dialtone.conf",
                              "listen = [\"udp:127.0.0.1:0\"];\nuser = \"no-such-user\";\n"));
    program_run("run %", dir, &output);
    assert_int_equal(output.status, 1);
    assert_non_null(strstr(output.err, "there is no user 'no-such-user'"));
    program_remove(dir);
}

static void neither_a_link_nor_a_second_name_gives_a_file_away(void **state)
{
    (void)state;
    const struct passwd *nobody = somebody();
    struct privilege_user user = {
        .uid = nobody->pw_uid, .gid = nobody->pw_gid, .is_change = true, .name = "nobody"};
    char dir[256];
    char outside[256];
    char path[600];
    char error[300];
    uint64_t changed_count = 0;
    program_dir(dir);
    program_dir(outside);
    assert_true(program_write(outside, "secret", "root's\n"));
    assert_true(program_write(dir, "ours", "ours\n"));
    char secret[300];
    snprintf(secret, sizeof(secret), "%s/secret", outside);
    snprintf(path, sizeof(path), "%s/soft", dir);
    assert_int_equal(symlink(secret, path), 0);
    snprintf(path, sizeof(path), "%s/hard", dir);
    assert_int_equal(link(secret, path), 0);
    assert_true(privilege_dir_adopt(dir, &user, &changed_count, error, sizeof(error)));
    assert_int_equal(changed_count, 1);
    struct stat status;
    assert_int_equal(stat(secret, &status), 0);
    assert_int_equal(status.st_uid, 0);
    assert_owned(dir, "ours", nobody->pw_uid, 0644 & ~022);
    program_remove(dir);
    program_remove(outside);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_its_own_it_reads_and_writes),
        cmocka_unit_test(outside_of_its_directory_it_opens_nothing),
        cmocka_unit_test(threads_names_and_sockets_work),
        cmocka_unit_test(an_intruders_calls_end_the_process_and_are_named),
        cmocka_unit_test(a_call_without_harm_is_refused_and_named_once),
        cmocka_unit_test(abort_still_ends_as_abort),
        cmocka_unit_test(no_core_is_written),
        cmocka_unit_test(each_role_is_without_capabilities_and_behind_a_filter),
        cmocka_unit_test(with_confine_off_only_the_capabilities_go),
        cmocka_unit_test(started_by_root_in_a_users_directory_it_is_that_user),
        cmocka_unit_test(the_configured_user_gets_the_directory),
        cmocka_unit_test(a_user_who_is_not_there_is_said),
        cmocka_unit_test(neither_a_link_nor_a_second_name_gives_a_file_away),
    };
    return cmocka_run_group_tests_name("node_privilege", tests, NULL, NULL);
}
