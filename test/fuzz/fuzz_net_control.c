/* A process's control socket, with the real server behind it: every line of at most the limit gets
 * one answer, a JSON object, in its order; and the server lives on. */
#include "fuzz_dir.h"

#include "net/control.h"
#include "net/control_socket.h"

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

static void send_all(int fd, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        if (sent < 0) {
            FUZZ_CHECK(poll(&wait, 1, 5000) == 1);
            continue;
        }
        data += sent;
        size -= (size_t)sent;
    }
}

static void read_answer(FILE *file, char **line, size_t *line_max)
{
    ssize_t size = getline(line, line_max, file);
    FUZZ_CHECK(size > 0 && (*line)[size - 1] == '\n');
    json_t *answer = json_loadb(*line, (size_t)size, 0, NULL);
    FUZZ_CHECK(json_is_boolean(json_object_get(answer, "ok")));
    json_decref(answer);
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
    int flags = fcntl(fd, F_GETFL);
    FUZZ_CHECK(fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == 0);
    FILE *file = fdopen(fd, "r");
    char *line = NULL;
    size_t line_max = 0;
    FUZZ_CHECK(file != NULL);
    for (size_t i = 0; i < lines; i++) {
        read_answer(file, &line, &line_max);
    }
    free(line);
    fclose(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char run_dir[128];
    if (size > 4096) { /* all answers fit into the socket's buffers: nobody need read meanwhile */
        return 0;
    }
    server_start();
    snprintf(run_dir, sizeof(run_dir), "%s/run", fuzz_dir(NULL));
    int fd = control_socket_connect(run_dir, "f.sock");
    FUZZ_CHECK(fd >= 0);
    converse(fd, data, size);
    return 0;
}
