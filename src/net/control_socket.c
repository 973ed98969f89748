#include "net/control_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 64
#define NUDGES_TAKEN 64

/* A socket address holds 107 bytes; a path through /proc reaches any directory that is open. */
static int open_in(const char *dir, const char *name, struct sockaddr_un *address)
{
    int dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0) {
        return -1;
    }
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    int size =
        snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/%s", dir_fd, name);
    if (size < 0 || (size_t)size >= sizeof(address->sun_path)) {
        close(dir_fd);
        errno = ENAMETOOLONG;
        return -1;
    }
    return dir_fd;
}

static int fail(int fd, int dir_fd)
{
    int saved = errno;
    if (fd >= 0) {
        close(fd);
    }
    close(dir_fd);
    errno = saved;
    return -1;
}

static int bind_in(const char *dir, const char *name, int type)
{
    struct sockaddr_un address;
    int dir_fd = open_in(dir, name, &address);
    if (dir_fd < 0) {
        return -1;
    }
    int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    /* The mode that the socket has before bind() is the mode of the file that bind() makes. */
    if (fd < 0 || fchmod(fd, 0600) != 0) {
        return fail(fd, dir_fd);
    }
    (void)unlinkat(dir_fd, name, 0);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        (type == SOCK_STREAM && listen(fd, BACKLOG) != 0)) {
        return fail(fd, dir_fd);
    }
    close(dir_fd);
    return fd;
}

int control_socket_listen(const char *dir, const char *name)
{
    return bind_in(dir, name, SOCK_STREAM);
}

int control_socket_hear(const char *dir, const char *name)
{
    return bind_in(dir, name, SOCK_DGRAM);
}

bool control_socket_was_nudged(int fd)
{
    char byte;
    bool was_nudged = false;
    for (int i = 0; fd >= 0 && i < NUDGES_TAKEN && recv(fd, &byte, 1, MSG_DONTWAIT) >= 0; i++) {
        was_nudged = true;
    }
    return was_nudged;
}

void control_socket_nudge(const char *dir, const char *name)
{
    struct sockaddr_un address;
    int dir_fd = open_in(dir, name, &address);
    if (dir_fd < 0) {
        return;
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        /* Not there, or full of nudges: it looks by itself, or will. */
        (void)sendto(fd, "", 1, 0, (struct sockaddr *)&address, sizeof(address));
        close(fd);
    }
    close(dir_fd);
}

int control_socket_connect(const char *dir, const char *name)
{
    struct sockaddr_un address;
    int dir_fd = open_in(dir, name, &address);
    if (dir_fd < 0) {
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        return fail(fd, dir_fd);
    }
    close(dir_fd);
    return fd;
}

void control_socket_remove(const char *dir, const char *name)
{
    int dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd >= 0) {
        (void)unlinkat(dir_fd, name, 0);
        close(dir_fd);
    }
}
