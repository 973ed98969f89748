/* switch.c - of a build for drills: which mistake it makes, and where it dies.
 *
 * DIALTONE_MUTATION names mistakes ("wrong/..."), separated by commas. DIALTONE_DRILL_POINTS names
 * a file of 64 bytes: what a drill writes there is the point at which the process that comes to it
 * first ends; it is cleared by who dies. The file is mapped before main(), while it can still be
 * opened.
 */
#include "base/drill.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NAME_SIZE 64

static const char *mistakes;
static char *chosen; /* NULL: no points are used */

__attribute__((constructor)) static void drill_begin(void)
{
    mistakes = getenv("DIALTONE_MUTATION");
    const char *path = getenv("DIALTONE_DRILL_POINTS");
    int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
        void *page = mmap(NULL, NAME_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        chosen = page == MAP_FAILED ? NULL : page;
        close(fd);
    }
}

bool drill_is(const char *mistake)
{
    size_t size = strlen(mistake);
    for (const char *at = mistakes; at != NULL && *at != '\0';) {
        size_t length = strcspn(at, ",");
        if (length == size && memcmp(at, mistake, size) == 0) {
            return true;
        }
        at += length;
        at += *at == ',';
    }
    return false;
}

void drill_point(const char *name)
{
    if (chosen != NULL && chosen[0] != '\0' && strncmp(chosen, name, NAME_SIZE) == 0) {
        memset(chosen, 0, NAME_SIZE);
        /* The edge may send signals to itself alone, and by this call alone. */
        tgkill(getpid(), gettid(), SIGKILL);
        pause();
    }
}
