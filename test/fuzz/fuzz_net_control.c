/* A process's control socket, with the real server behind it: every line of at most the limit gets
 * one answer, a JSON object, in its order; and the server lives on. */
#include "fuzz_dir.h"

#include "net/control.h"
#include "net/control_socket.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

static void handle(void *ctx, const char *command, const json_t *request,
                   struct control_answer *answer)
{
    (void)ctx;
    switch (command[0]) {
    case 'e':
        control_answer_error(answer, "no", "%s", command);
        break;
    case 'j':
        control_answer_json(answer, json_pack("{s:O}", "request", (json_t *)(uintptr_t)request));
        break;
    case 's':
        control_answer_events(answer);
        break;
    default:
        break;
    }
}

static void server_start(void)
{
    static struct control_server *server;
    char run_dir[128];
    if (server == NULL) {
        snprintf(run_dir, sizeof(run_dir), "%s/run", fuzz_dir("run"));
        struct control_options options = {.run_dir = run_dir, .name = "f.sock", .handle = handle};
        server = control_server_new(&options, NULL);
        FUZZ_CHECK(server != NULL);
    }
}

/* The fuzzer's own timer interrupts: that is no failure. */
static void wait_for(int fd, short events)
{
    struct pollfd wait = {.fd = fd, .events = events};
    int count = -1;
    while (count < 0) {
        count = poll(&wait, 1, 60000);
        FUZZ_CHECK(count == 1 || (count < 0 && errno == EINTR));
    }
}

static void send_all(int fd, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) {
            FUZZ_CHECK(errno == EAGAIN || errno == EINTR);
            wait_for(fd, POLLOUT);
            continue;
        }
        data += sent;
        size -= (size_t)sent;
    }
}

static void check_answer(struct slice line)
{
    json_t *answer = json_loadb(line.data, line.size, 0, NULL);
    FUZZ_CHECK(json_is_boolean(json_object_get(answer, "ok")));
    json_decref(answer);
}

static void read_answers(int fd, size_t count)
{
    static char block[4 << 20];
    size_t size = 0;
    size_t at = 0;
    while (count > 0) {
        wait_for(fd, POLLIN);
        ssize_t got = recv(fd, block + size, sizeof(block) - size, MSG_DONTWAIT);
        FUZZ_CHECK(got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)));
        size += got > 0 ? (size_t)got : 0;
        const char *end;
        while (at < size && (end = memchr(block + at, '\n', size - at)) != NULL) {
            FUZZ_CHECK(count-- > 0);
            check_answer(slice_make(block + at, (size_t)(end - block) - at));
            at = (size_t)(end - block) + 1;
        }
    }
    FUZZ_CHECK(at == size);
}

/* Sends the input and a last question; each line of them has its answer. */
static void converse(int fd, const uint8_t *data, size_t size)
{
    static const char last[] = "\n{\"do\":\"j\"}\n";
    size_t lines = 2;
    for (size_t i = 0; i < size; i++) {
        lines += data[i] == '\n' ? 1 : 0;
    }
    send_all(fd, data, size);
    send_all(fd, (const uint8_t *)last, sizeof(last) - 1);
    read_answers(fd, lines);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char run_dir[128];
    if (size > 4096) { /* all answers fit into the server's queue: nobody need read meanwhile */
        return 0;
    }
    server_start();
    snprintf(run_dir, sizeof(run_dir), "%s/run", fuzz_dir(NULL));
    int fd = control_socket_connect(run_dir, "f.sock");
    FUZZ_CHECK(fd >= 0);
    converse(fd, data, size);
    return 0;
}
