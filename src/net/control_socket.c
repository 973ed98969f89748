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

int control_socket_listen(const char *dir, const char *name)
{
    struct sockaddr_un address;
    int dir_fd = open_in(dir, name, &address);
    if (dir_fd < 0) {
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    /* The mode that the socket has before bind() is the mode of the file that bind() makes. */
    if (fd < 0 || fchmod(fd, 0600) != 0) {
        return fail(fd, dir_fd);
    }
    (void)unlinkat(dir_fd, name, 0);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, BACKLOG) != 0) {
        return fail(fd, dir_fd);
    }
    close(dir_fd);
    return fd;
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
