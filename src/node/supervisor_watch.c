/* supervisor_watch.c - what the supervisor tells systemd, and what it sees of the system. */
#include "node/supervisor_inside.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define RESOLV_CONF "/etc/resolv.conf"
#define LOOK_EVERY_US 10000000
/* To start a role again does not bring its rows, or the database, any sooner. */
#define MORE_TIME "EXTEND_TIMEOUT_USEC=60000000"

void supervisor_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = path == NULL ? 0 : strlen(path);
    if (size < 2 || size >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@')) {
        return;
    }
    memcpy(address.sun_path, path, size);
    if (path[0] == '@') {
        address.sun_path[0] = '\0'; /* an abstract name */
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0) {
        ssize_t sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
                              (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size));
        (void)sent; /* a manager that does not listen is no reason to stop */
        close(fd);
    }
}

/* Half of what systemd allows; 0: it does not watch us. */
static int64_t watchdog_us(void)
{
    const char *text = getenv("WATCHDOG_USEC");
    uint64_t limit_us;
    return text != NULL && slice_to_u64(slice_from_text(text), INT64_MAX, &limit_us)
               ? (int64_t)(limit_us / 2)
               : 0;
}

/* Landlock allows the file that was there when the roles started. The addresses that they know stay
 * in use; new names are asked nowhere until they start again. */
static void look_at_name_servers(void)
{
    static struct stat last; /* of this process alone, and one thread */
    struct stat now;
    if (stat(RESOLV_CONF, &now) != 0) {
        return;
    }
    if (last.st_ino != 0 && (last.st_ino != now.st_ino || last.st_dev != now.st_dev)) {
        supervisor_log("supervisor", "name-servers-replaced",
                       RESOLV_CONF " is another file: dialtone restart edge reads it");
    }
    last = now;
}

void supervisor_watch(int64_t now_us, bool is_ready)
{
    static int64_t told_at_us;
    static int64_t looked_at_us;
    int64_t every_us = watchdog_us();
    if (every_us > 0 && now_us - told_at_us >= every_us) {
        supervisor_notify(is_ready ? "WATCHDOG=1" : "WATCHDOG=1\n" MORE_TIME);
        told_at_us = now_us;
    }
    if (looked_at_us == 0 || now_us - looked_at_us >= LOOK_EVERY_US) {
        look_at_name_servers();
        looked_at_us = now_us;
    }
}
