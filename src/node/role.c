#include "node/role.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_EVERY_MS 2000

bool role_log_turn(const char *dir, const char *name, uint64_t log_max)
{
    char path[1024];
    char old[1040];
    struct stat ours;
    struct stat there;
    int size = snprintf(path, sizeof(path), "%s/log/%s.log", dir, name);
    if (size < 0 || (size_t)size >= sizeof(path) || fstat(STDERR_FILENO, &ours) != 0 ||
        (uint64_t)ours.st_size <= log_max || stat(path, &there) != 0 ||
        ours.st_ino != there.st_ino || ours.st_dev != there.st_dev) {
        return false;
    }
    snprintf(old, sizeof(old), "%s.1", path);
    if (rename(path, old) != 0) {
        return false; /* the log grows on: better than none */
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    /* A line that another thread writes meanwhile is in the one file or in the other, whole. */
    bool is_turned = dup2(fd, STDERR_FILENO) >= 0 && dup2(fd, STDOUT_FILENO) >= 0;
    close(fd);
    return is_turned;
}

void role_wait_for_stop(const struct role_options *options, const char *name)
{
    struct pollfd poller = {.fd = options->stop_fd, .events = POLLIN};
    int ready;
    do {
        ready = poll(&poller, 1, LOOK_EVERY_MS);
        (void)role_log_turn(options->dir, name, options->config->log_max);
    } while (ready == 0 || (ready < 0 && errno == EINTR));
}
