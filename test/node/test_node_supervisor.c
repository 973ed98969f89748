/* `dialtone run` as it is met by those who run it: real processes, real signals. */
#include "program.h"

#include "base/attr.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct program_output output;

struct running {
    char dir[256];
    pid_t pid;
};

static struct running start(void)
{
    struct running running;
    program_dir(running.dir);
    program_run("init %", running.dir, &output);
    assert_int_equal(output.status, 0);
    running.pid = program_start(running.dir, "");
    assert_true(running.pid > 0);
    return running;
}

static void stop(struct running *running)
{
    int took_ms = program_stop(running->pid, SIGTERM);
    assert_in_range(took_ms, 0, 5000);
    program_remove(running->dir);
}

/* Milliseconds until the role is ready in another process than `old`; -1: not within 10 s. */
static int wait_for_role(const char *dir, const char *role, pid_t old)
{
    int64_t begin_ms = program_now_ms();
    while (program_now_ms() - begin_ms < 10000) {
        json_t *status = program_status(dir);
        bool is_ready = json_is_true(json_object_get(status, "ready"));
        json_decref(status);
        if (is_ready && program_role(dir, role) != old) {
            return (int)(program_now_ms() - begin_ms);
        }
        program_sleep_ms(10);
    }
    return -1;
}

static int udp_port(const char *dir)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/run/addresses.json", dir);
    json_t *addresses = json_load_file(path, 0, NULL);
    const char *first = json_string_value(json_array_get(json_object_get(addresses, "listen"), 0));
    int port = first == NULL ? 0 : atoi(strrchr(first, ':') + 1);
    json_decref(addresses);
    return port;
}

/* One OPTIONS from a socket of ours; `port` is dialtone's. */
static int send_options(int port)
{
    static const char text[] = "OPTIONS sip:127.0.0.1 SIP/2.0\r\n"
                               "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKoptions1;rport\r\n"
                               "From: <sip:probe@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1>\r\n"
                               "Call-ID: options-1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n"
                               "Content-Length: 0\r\n\r\n";
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 3};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    assert_int_equal(sendto(fd, text, sizeof(text) - 1, 0, (struct sockaddr *)&to, sizeof(to)),
                     sizeof(text) - 1);
    return fd;
}

static bool is_answered(int fd)
{
    char text[2048];
    ssize_t got = recv(fd, text, sizeof(text), 0);
    close(fd);
    return got > 12 && strncmp(text, "SIP/2.0 ", 8) == 0;
}

/* ---- restart ---- */

static void an_edge_that_is_killed_answers_again_within_a_second(void **state)
{
    (void)state;
    struct running running = start();
    pid_t edge = program_role(running.dir, "edge");
    pid_t web = program_role(running.dir, "web");
    assert_int_equal(kill(edge, SIGKILL), 0);
    assert_in_range(wait_for_role(running.dir, "edge", edge), 0, 1000);
    assert_int_equal(program_role(running.dir, "web"), web); /* it was not touched */
    stop(&running);
}

static void a_death_is_seen_also_where_who_started_it_ignores_his_children(void **state)
{
    (void)state;
    struct running running = {.pid = -1};
    program_dir(running.dir);
    program_run("init %", running.dir, &output);
    assert_int_equal(output.status, 0);
    void (*before)(int) = signal(SIGCHLD, SIG_IGN); /* what is ignored stays so in a new program */
    running.pid = program_launch(running.dir, "");
    signal(SIGCHLD, before);
    assert_true(running.pid > 0);
    assert_true(program_becomes_ready(running.dir));
    pid_t edge = program_role(running.dir, "edge");
    assert_int_equal(kill(edge, SIGKILL), 0);
    assert_in_range(wait_for_role(running.dir, "edge", edge), 0, 9000);
    stop(&running);
}

static void a_datagram_sent_while_the_edge_is_dead_is_answered(void **state)
{
    (void)state;
    struct running running = start();
    int port = udp_port(running.dir);
    assert_true(is_answered(send_options(port)));
    pid_t edge = program_role(running.dir, "edge");
    assert_int_equal(kill(edge, SIGSTOP), 0); /* so that none of ours is in its hands */
    int fd = send_options(port);
    assert_int_equal(kill(edge, SIGKILL), 0);
    assert_true(is_answered(fd));
    assert_int_not_equal(program_role(running.dir, "edge"), edge);
    stop(&running);
}

static void a_web_that_is_killed_leaves_the_edge_alone(void **state)
{
    (void)state;
    struct running running = start();
    pid_t edge = program_role(running.dir, "edge");
    pid_t web = program_role(running.dir, "web");
    assert_int_equal(kill(web, SIGKILL), 0);
    assert_in_range(wait_for_role(running.dir, "web", web), 0, 2000);
    assert_int_equal(program_role(running.dir, "edge"), edge);
    program_run("account list --dir %", running.dir, &output);
    assert_int_equal(output.status, 0);
    stop(&running);
}

static void a_role_that_dies_often_waits_and_comes_back(void **state)
{
    (void)state;
    struct running running = start();
    for (int i = 0; i < 6; i++) {
        pid_t web = program_role(running.dir, "web");
        assert_true(web > 0);
        assert_int_equal(kill(web, SIGKILL), 0);
        assert_int_not_equal(wait_for_role(running.dir, "web", web), -1);
    }
    json_t *status = program_status(running.dir);
    const json_t *web = json_array_get(json_object_get(status, "roles"), 1);
    assert_int_equal(json_integer_value(json_object_get(web, "restarts")), 6);
    json_decref(status);
    char path[300];
    snprintf(path, sizeof(path), "%s/run.out", running.dir);
    FILE *file = fopen(path, "r");
    static char log[65536];
    assert_non_null(file);
    log[fread(log, 1, sizeof(log) - 1, file)] = '\0';
    fclose(file);
    assert_non_null(strstr(log, "\"event\":\"alarm\"")); /* said, and not only done */
    stop(&running);
}

static int count_files(pid_t pid)
{
    char path[64];
    int count = 0;
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    DIR *opened = opendir(path);
    assert_non_null(opened);
    while (readdir(opened) != NULL) {
        count++;
    }
    closedir(opened);
    return count;
}

static int count_zombies(pid_t parent)
{
    char command[160];
    snprintf(command, sizeof(command), "ps -o stat= --ppid %d | grep -c Z", (int)parent);
    FILE *out = popen(command, "r");
    int count = -1;
    assert_non_null(out);
    assert_int_equal(fscanf(out, "%d", &count), 1);
    pclose(out);
    return count;
}

static void restarts_leak_no_file_and_leave_no_zombie(void **state)
{
    (void)state;
    struct running running = start();
    pid_t first = program_role(running.dir, "web");
    kill(first, SIGKILL);
    assert_int_not_equal(wait_for_role(running.dir, "web", first), -1);
    program_sleep_ms(1200); /* each role's connection was checked once */
    int before = count_files(running.pid);
    for (int i = 0; i < 3; i++) {
        pid_t edge = program_role(running.dir, "edge");
        kill(edge, SIGKILL);
        assert_int_not_equal(wait_for_role(running.dir, "edge", edge), -1);
    }
    program_sleep_ms(1200);
    assert_int_equal(count_files(running.pid), before);
    assert_int_equal(count_zombies(running.pid), 0);
    stop(&running);
}

static void restart_by_command_starts_that_role_again(void **state)
{
    (void)state;
    struct running running = start();
    pid_t edge = program_role(running.dir, "edge");
    program_run("restart edge --dir %", running.dir, &output);
    assert_int_equal(output.status, 0);
    assert_int_not_equal(wait_for_role(running.dir, "edge", edge), -1);
    stop(&running);
}

static long size_of(const char *dir, const char *name)
{
    char path[600];
    struct stat status;
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return stat(path, &status) == 0 ? (long)status.st_size : -1;
}

static void a_log_that_is_full_is_put_aside_while_the_role_runs(void **state)
{
    (void)state;
    struct running running;
    char path[300];
    program_dir(running.dir);
    program_run("init %", running.dir, &output);
    assert_true(program_write(running.dir, "dialtone.conf",
                              "listen = [\"udp:127.0.0.1:0\"];\nlog_mb = 1;\n"));
    running.pid = program_start(running.dir, "");
    assert_true(running.pid > 0);
    pid_t web = program_role(running.dir, "web");
    snprintf(path, sizeof(path), "%s/log/web.log", running.dir);
    FILE *log = fopen(path, "a");
    assert_non_null(log);
    for (int i = 0; i < 40000; i++) {
        fputs("{\"event\":\"a line of a long day\"}\n", log);
    }
    fclose(log);
    for (int i = 0; i < 500 && size_of(running.dir, "log/web.log.1") < 0; i++) {
        program_sleep_ms(10);
    }
    assert_true(size_of(running.dir, "log/web.log.1") > 1 << 20);
    assert_in_range(size_of(running.dir, "log/web.log"), 0, 1 << 20);
    assert_int_equal(program_role(running.dir, "web"), web);
    stop(&running);
}

/* ---- starting ---- */

static void a_second_start_is_refused_and_the_first_goes_on(void **state)
{
    (void)state;
    struct running running = start();
    program_run("run % --listen udp:127.0.0.1:0 --http 127.0.0.1:0", running.dir, &output);
    assert_int_equal(output.status, 1);
    assert_non_null(strstr(output.err, "is in use by another dialtone"));
    json_t *status = program_status(running.dir);
    assert_true(json_is_true(json_object_get(status, "ready")));
    assert_int_equal(json_integer_value(json_object_get(status, "pid")), running.pid);
    json_decref(status);
    stop(&running);
}

static void a_port_in_use_is_named(void **state)
{
    (void)state;
    struct running running = start();
    char other[256];
    char line[300];
    int port = udp_port(running.dir);
    program_dir(other);
    program_run("init %", other, &output);
    snprintf(line, sizeof(line), "run %% --listen udp:127.0.0.1:%d --http 127.0.0.1:0", port);
    program_run(line, other, &output);
    assert_int_equal(output.status, 1);
    snprintf(line, sizeof(line),
             "dialtone run: cannot listen on udp:127.0.0.1 port %d: Address already in use (is "
             "another program running there?)\n",
             port);
    assert_non_null(strstr(output.err, line)); /* as root it says before that it stays root */
    pid_t pid = program_start(other, "");      /* nothing is left behind that would be in its way */
    assert_true(pid > 0);
    assert_in_range(program_stop(pid, SIGTERM), 0, 5000);
    program_remove(other);
    stop(&running);
}

static int change_schema(const char *dir, const char *number)
{
    char command[600];
    snprintf(command, sizeof(command), "sqlite3 %s/dialtone.db 'PRAGMA user_version = %s'", dir,
             number);
    return system(command);
}

static void a_database_of_a_newer_program_is_not_touched(void **state)
{
    (void)state;
    char dir[256];
    program_dir(dir);
    program_run("init %", dir, &output);
    if (change_schema(dir, "999") != 0) {
        program_remove(dir);
        skip(); /* no sqlite3 on this machine */
    }
    program_run("run % --listen udp:127.0.0.1:0 --http 127.0.0.1:0", dir, &output);
    assert_int_equal(output.status, 1);
    assert_non_null(strstr(output.err, "was made by a newer dialtone (schema 999)"));
    program_remove(dir);
}

static void without_a_database_it_starts_all_the_same(void **state)
{
    (void)state;
    struct running running = start();
    char path[300];
    char away[300];
    assert_in_range(program_stop(running.pid, SIGTERM), 0, 5000);
    snprintf(path, sizeof(path), "%s/dialtone.db", running.dir);
    snprintf(away, sizeof(away), "%s/away.db", running.dir);
    assert_int_equal(rename(path, away), 0);
    running.pid = program_start(running.dir, "");
    assert_true(running.pid > 0);
    assert_int_not_equal(access(path, F_OK), 0); /* and makes no new one */
    stop(&running);
}

/* As systemd's service manager would hear it. */
static int listen_as_manager(const char *dir)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = 10};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%.80s/notify", dir);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    setenv("WATCHDOG_USEC", "200000", 1);
    return fd;
}

static void hear(int fd, char *text, size_t size)
{
    ssize_t got = recv(fd, text, size - 1, 0);
    assert_true(got > 0);
    text[got] = '\0';
}

static bool is_edge_starting(const char *dir)
{
    json_t *status = program_status(dir);
    const char *state =
        json_string_value(json_object_get(json_object_get(status, "edge"), "state"));
    bool is_starting = state != NULL && strcmp(state, "starting") == 0;
    assert_false(is_starting && json_is_true(json_object_get(status, "ready")));
    json_decref(status);
    return is_starting;
}

/* There is no log of its own yet: until the database has told every row, nobody can call. */
static void a_first_start_is_ready_when_every_row_was_read(void **state)
{
    (void)state;
    char dir[256];
    char path[300];
    char away[300];
    char said[256];
    program_dir(dir);
    program_run("init %", dir, &output);
    snprintf(path, sizeof(path), "%s/dialtone.db", dir);
    snprintf(away, sizeof(away), "%s/away.db", dir);
    assert_int_equal(rename(path, away), 0);
    int fd = listen_as_manager(dir);
    pid_t pid = program_launch(dir, "");
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    int64_t end_ms = program_now_ms() + 10000;
    while (!is_edge_starting(dir) && program_now_ms() < end_ms) {
        program_sleep_ms(10);
    }
    assert_true(is_edge_starting(dir));
    for (int i = 0; i < 3; i++) {
        hear(fd, said, sizeof(said));
        assert_string_equal(said, "WATCHDOG=1\nEXTEND_TIMEOUT_USEC=60000000");
    }
    assert_int_equal(rename(away, path), 0);
    assert_true(program_becomes_ready(dir));
    do {
        hear(fd, said, sizeof(said));
    } while (strncmp(said, "WATCHDOG=1\nEXTEND", 17) == 0);
    assert_string_equal(said, "READY=1");
    hear(fd, said, sizeof(said));
    assert_string_equal(said, "WATCHDOG=1");
    close(fd);
    assert_in_range(program_stop(pid, SIGTERM), 0, 5000);
    program_remove(dir);
}

static bool becomes_priced(const char *dir)
{
    int64_t begin_ms = program_now_ms();
    do {
        program_sleep_ms(20);
        program_run("explain --dir % alice 03042123", dir, &output);
    } while (strstr(output.out, "a minute") == NULL && program_now_ms() - begin_ms < 10000);
    return strstr(output.out, "a minute") != NULL;
}

/* It is read again from the store: the accounts that it prices are not without a price for good. */
static void a_deck_file_that_is_lost_is_fetched_again(void **state)
{
    (void)state;
    struct running running;
    program_dir(running.dir);
    program_run("init % --demo", running.dir, &output);
    assert_int_equal(output.status, 0);
    running.pid = program_start(running.dir, "");
    assert_true(running.pid > 0);
    assert_true(becomes_priced(running.dir));
    assert_in_range(program_stop(running.pid, SIGTERM), 0, 5000);

    char decks[300];
    snprintf(decks, sizeof(decks), "%s/decks", running.dir);
    program_remove(decks);
    running.pid = program_start(running.dir, "");
    assert_true(running.pid > 0);
    assert_true(becomes_priced(running.dir));
    stop(&running);
}

static void a_wrong_configuration_is_not_started(void **state)
{
    (void)state;
    char dir[256];
    program_dir(dir);
    assert_true(
        program_write(dir, "dialtone.conf", "listen = [\"udp:127.0.0.1:0\"];\nlissen = 1;\n"));
    program_run("run %", dir, &output);
    assert_int_equal(output.status, 1);
    assert_non_null(strstr(output.err, "dialtone.conf:2: unknown key 'lissen'"));
    program_remove(dir);
}

static void ipv6_is_listened_on(void **state)
{
    (void)state;
    char dir[256];
    program_dir(dir);
    program_run("init %", dir, &output);
    pid_t pid = program_start(dir, "--listen udp:[::1]:0 --listen tcp:[::1]:0");
    assert_true(pid > 0);
    json_t *status = program_status(dir);
    const json_t *listeners = json_object_get(json_object_get(status, "edge"), "listeners");
    assert_int_equal(json_array_size(listeners), 4);
    assert_non_null(strstr(json_string_value(json_array_get(listeners, 2)), "udp:[::1]:"));
    json_decref(status);
    assert_in_range(program_stop(pid, SIGTERM), 0, 5000);
    program_remove(dir);
}

static void a_directory_with_a_long_name_runs(void **state)
{
    (void)state;
    char dir[256];
    char path[600];
    program_dir(dir);
    snprintf(path, sizeof(path), "%s/", dir);
    for (int i = 0; i < 120; i++) { /* longer than a socket address can hold */
        strcat(path, "d");
    }
    program_run("init %", path, &output);
    assert_int_equal(output.status, 0);
    pid_t pid = program_start(path, "");
    assert_true(pid > 0);
    assert_in_range(program_stop(pid, SIGTERM), 0, 5000);
    program_remove(dir);
}

/* ---- stopping ---- */

static void each_way_to_stop_ends_every_process(void **state)
{
    (void)state;
    static const int signals[] = {SIGTERM, SIGINT, 0};
    for (size_t i = 0; i < ARRAY_COUNT(signals); i++) {
        struct running running = start();
        pid_t edge = program_role(running.dir, "edge");
        pid_t web = program_role(running.dir, "web");
        if (signals[i] == 0) {
            program_run("stop %", running.dir, &output);
            assert_int_equal(output.status, 0);
        }
        assert_in_range(program_stop(running.pid, signals[i]), 0, 5000);
        assert_int_not_equal(kill(edge, 0), 0);
        assert_int_not_equal(kill(web, 0), 0);
        program_remove(running.dir);
    }
}

static void a_role_that_hangs_does_not_delay_the_stop(void **state)
{
    (void)state;
    struct running running = start();
    kill(program_role(running.dir, "edge"), SIGSTOP);
    stop(&running);
}

static void no_role_outlives_a_supervisor_that_is_killed(void **state)
{
    (void)state;
    struct running running = start();
    pid_t edge = program_role(running.dir, "edge");
    pid_t web = program_role(running.dir, "web");
    assert_in_range(program_stop(running.pid, SIGKILL), 0, 5000);
    for (int i = 0; i < 100 && (kill(edge, 0) == 0 || kill(web, 0) == 0); i++) {
        while (waitpid(-1, NULL, WNOHANG) > 0) { /* they are ours now: see main */
        }
        program_sleep_ms(10);
    }
    assert_int_not_equal(kill(edge, 0), 0);
    assert_int_not_equal(kill(web, 0), 0);
    running.pid = program_start(running.dir, ""); /* and it can be started again */
    assert_true(running.pid > 0);
    stop(&running);
}

int main(void)
{
    /* Orphans come to us instead of to a process 1 that may not collect them. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_edge_that_is_killed_answers_again_within_a_second),
        cmocka_unit_test(a_death_is_seen_also_where_who_started_it_ignores_his_children),
        cmocka_unit_test(a_datagram_sent_while_the_edge_is_dead_is_answered),
        cmocka_unit_test(a_web_that_is_killed_leaves_the_edge_alone),
        cmocka_unit_test(a_role_that_dies_often_waits_and_comes_back),
        cmocka_unit_test(restarts_leak_no_file_and_leave_no_zombie),
        cmocka_unit_test(restart_by_command_starts_that_role_again),
        cmocka_unit_test(a_log_that_is_full_is_put_aside_while_the_role_runs),
        cmocka_unit_test(a_second_start_is_refused_and_the_first_goes_on),
        cmocka_unit_test(a_port_in_use_is_named),
        cmocka_unit_test(a_database_of_a_newer_program_is_not_touched),
        cmocka_unit_test(without_a_database_it_starts_all_the_same),
        cmocka_unit_test(a_first_start_is_ready_when_every_row_was_read),
        cmocka_unit_test(a_deck_file_that_is_lost_is_fetched_again),
        cmocka_unit_test(a_wrong_configuration_is_not_started),
        cmocka_unit_test(ipv6_is_listened_on),
        cmocka_unit_test(a_directory_with_a_long_name_runs),
        cmocka_unit_test(each_way_to_stop_ends_every_process),
        cmocka_unit_test(a_role_that_hangs_does_not_delay_the_stop),
        cmocka_unit_test(no_role_outlives_a_supervisor_that_is_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
