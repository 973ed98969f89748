/* Connections: how long one is held that says nothing, or not all. In virtual time, on a real one.
 */
#include "edge_harness.h"
#include "node/edge_role.h"
#include "node/role.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 5000
#define WHOLE                                                                                      \
    "SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n"    \
    "To: <sip:a@b>;tag=2\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
#define PART "SIP/2.0 200 OK\r\nVia: SIP"

struct world { /* a worker of the edge, its table of connections, and somebody who has one */
    struct harness *h;
    struct edge_role role;
    struct edge_thread thread;
    struct role_socket listener;
    struct sockaddr_in address;
    int client_fd;
};

/* What has come is taken, if it was something. */
static void turn(struct world *world)
{
    struct epoll_event event;
    assert_int_equal(epoll_wait(world->thread.epoll_fd, &event, 1, PATIENCE_MS), 1);
    stream_event(world->thread.streams, event.data.u64, event.events);
}

static int connect_one(struct world *world)
{
    struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    assert_int_equal(connect(fd, (struct sockaddr *)&world->address, sizeof(world->address)), 0);
    turn(world);
    return fd;
}

static int start(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    socklen_t size = sizeof(world->address);
    assert_non_null(world);
    world->h = h_new();
    memcpy(&world->role.edge, world->h->edge, sizeof(world->role.edge));
    world->role.worker_count = 1;
    world->role.threads = &world->thread;
    world->thread.role = &world->role;
    world->thread.engine = world->h->worker;
    world->thread.now = world->h->now;
    world->thread.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    world->thread.streams = stream_table_new(&world->thread);
    world->listener.transport = REG_TCP;
    world->listener.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    world->address.sin_family = AF_INET;
    world->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(world->listener.fd, (struct sockaddr *)&world->address, size), 0);
    assert_int_equal(listen(world->listener.fd, 8), 0);
    assert_int_equal(getsockname(world->listener.fd, (struct sockaddr *)&world->address, &size), 0);
    assert_true(stream_listen(world->thread.streams, &world->listener));
    world->client_fd = connect_one(world);
    *state = world;
    return 0;
}

static int stop(void **state)
{
    struct world *world = *state;
    close(world->client_fd);
    close(world->listener.fd);
    stream_table_free(world->thread.streams);
    close(world->thread.epoll_fd);
    h_free(world->h);
    free(world);
    return 0;
}

static void say(struct world *world, const char *text)
{
    assert_int_equal(send(world->client_fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    turn(world);
}

static void pass(struct world *world, int64_t seconds)
{
    world->thread.now.mono_us += seconds * H_S;
    stream_sweep(world->thread.streams, world->thread.now.mono_us);
}

static bool is_fd_closed(int fd)
{
    char byte;
    ssize_t got = recv(fd, &byte, 1, MSG_DONTWAIT);
    assert_true(got <= 0 && (got == 0 || errno == EAGAIN || errno == ECONNRESET));
    return got == 0 || errno == ECONNRESET;
}

static bool is_closed(const struct world *world)
{
    return is_fd_closed(world->client_fd);
}

static void who_never_says_anything_whole_is_cut_off(void **state)
{
    struct world *world = *state;
    say(world, PART);
    pass(world, 31);
    assert_false(is_closed(world));
    pass(world, 2);
    assert_true(is_closed(world));
}

static void who_said_something_whole_is_kept_as_long_as_he_likes(void **state)
{
    struct world *world = *state;
    say(world, WHOLE);
    pass(world, 86400);
    assert_false(is_closed(world));
    say(world, "\r\n"); /* half a keep-alive, as many phones send it */
    pass(world, 86400);
    assert_false(is_closed(world));
}

static void who_begins_a_message_has_to_end_it(void **state)
{
    struct world *world = *state;
    say(world, WHOLE PART);
    pass(world, 20);
    say(world, "/"); /* a little more now and then wins no time */
    pass(world, 11);
    assert_false(is_closed(world));
    pass(world, 2);
    assert_true(is_closed(world));
}

static void who_ends_it_in_time_is_kept(void **state)
{
    struct world *world = *state;
    say(world, WHOLE PART);
    pass(world, 30);
    say(world, &WHOLE[sizeof(PART) - 1]);
    pass(world, 86400);
    assert_false(is_closed(world));
}

#define GREEDY 48 /* each makes its buffer 64 KB; of 8 MB a quarter is theirs */
#define GREEDY_ROOM 32

/* Begins a message that is long, and takes in as much of it as has come. */
static int be_greedy(struct world *world)
{
    static char text[40000] = "SIP/2.0 200 OK\r\nContent-Length: 60000\r\n\r\n";
    int fd = connect_one(world);
    int left = 1;
    struct epoll_event event;
    assert_int_equal(send(fd, text, sizeof(text), MSG_NOSIGNAL), sizeof(text));
    for (int tries = PATIENCE_MS / 10; left > 0 && !is_fd_closed(fd); tries--) {
        assert_true(tries > 0);
        assert_int_equal(ioctl(fd, SIOCOUTQ, &left), 0);
        while (epoll_wait(world->thread.epoll_fd, &event, 1, left > 0 ? 10 : 0) == 1) {
            stream_event(world->thread.streams, event.data.u64, event.events);
        }
    }
    return fd;
}

static void long_messages_that_do_not_end_take_no_more_than_their_part(void **state)
{
    struct world *world = *state;
    int fds[GREEDY];
    int kept = 0;
    for (int i = 0; i < GREEDY; i++) {
        fds[i] = be_greedy(world);
        kept += is_fd_closed(fds[i]) ? 0 : 1;
    }
    assert_int_equal(kept, GREEDY_ROOM);
    assert_true(atomic_load(&world->thread.dropped_full) > 0);
    say(world, WHOLE PART); /* what is as long as most is let in all the same */
    say(world, &WHOLE[sizeof(PART) - 1]);
    assert_false(is_closed(world));
    pass(world, 33);
    for (int i = 0; i < GREEDY; i++) {
        assert_true(is_fd_closed(fds[i]));
        close(fds[i]);
    }
    int again = be_greedy(world); /* there is room again */
    assert_false(is_fd_closed(again));
    close(again);
    turn(world);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    static const struct CMUnitTest tests[] = {
        TEST(who_never_says_anything_whole_is_cut_off),
        TEST(who_said_something_whole_is_kept_as_long_as_he_likes),
        TEST(who_begins_a_message_has_to_end_it),
        TEST(who_ends_it_in_time_is_kept),
        TEST(long_messages_that_do_not_end_take_no_more_than_their_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
