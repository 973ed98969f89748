/* pin.c - DIR/store.identity: the ledger that this directory holds, and the files that it lay in.
 *
 * A database file that was replaced while its write-ahead log stayed would be read mixed with a log
 * that is not its own. The inode numbers tell: a whole directory that was moved or copied has a new
 * file and a new log, a replaced file has a new file and the old log.
 */
#include "store/internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NS_PER_S 1000000000u

static void pin_path(const char *dir, char path[STORE_PATH_SIZE + 32])
{
    snprintf(path, STORE_PATH_SIZE + 32, "%s/store.identity", dir);
}

struct tri store_pin_read(const char *dir, struct store_pin *out)
{
    char path[STORE_PATH_SIZE + 32];
    pin_path(dir, path);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return (struct tri){TRI_ABSENT};
    }
    struct store_pin pin = {0};
    unsigned long long db_inode, db_born, wal_inode, wal_born;
    int found = fscanf(file, "%32[0-9a-f] %llu %llu %llu %llu %32[0-9a-f]", pin.identity, &db_inode,
                       &db_born, &wal_inode, &wal_born, pin.timeline);
    fclose(file);
    if (found < 5 || strlen(pin.identity) != 32) {
        return (struct tri){TRI_UNKNOWN};
    }
    pin.db_inode = db_inode;
    pin.db_born_ns = db_born;
    pin.wal_inode = wal_inode;
    pin.wal_born_ns = wal_born;
    *out = pin;
    return (struct tri){TRI_PRESENT};
}

/* Inode and birth: an inode number alone may be given to the next file. */
static void look(const char *path, uint64_t *inode, uint64_t *born_ns)
{
    struct statx facts;
    *inode = 0;
    *born_ns = 0;
    if (statx(AT_FDCWD, path, 0, STATX_INO | STATX_BTIME, &facts) != 0) {
        return;
    }
    *inode = facts.stx_ino;
    if ((facts.stx_mask & STATX_BTIME) != 0) {
        *born_ns = (uint64_t)facts.stx_btime.tv_sec * NS_PER_S + facts.stx_btime.tv_nsec;
    }
}

void store_pin_look(const char *dir, struct store_pin *out)
{
    char path[STORE_PATH_SIZE + 32];
    snprintf(path, sizeof(path), "%s/dialtone.db", dir);
    look(path, &out->db_inode, &out->db_born_ns);
    snprintf(path, sizeof(path), "%s/dialtone.db-wal", dir);
    look(path, &out->wal_inode, &out->wal_born_ns);
}

bool store_pin_write(const char *dir, const struct store_pin *pin)
{
    char path[STORE_PATH_SIZE + 32];
    pin_path(dir, path);
    char part[STORE_PATH_SIZE + 64];
    snprintf(part, sizeof(part), "%s.%ld", path, (long)getpid());
    FILE *file = fopen(part, "we");
    if (file == NULL) {
        return false;
    }
    fprintf(file, "%s %llu %llu %llu %llu %s\n", pin->identity, (unsigned long long)pin->db_inode,
            (unsigned long long)pin->db_born_ns, (unsigned long long)pin->wal_inode,
            (unsigned long long)pin->wal_born_ns, pin->timeline);
    bool is_written = fflush(file) == 0 && fsync(fileno(file)) == 0;
    is_written = fclose(file) == 0 && is_written;
    if (!is_written || rename(part, path) != 0) {
        (void)unlink(part);
        return false;
    }
    return true;
}
