/* privilege_files.c - Landlock: the files that a role can open (landlock(7)). */
#include "node/privilege.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than the headers that this is built with. */
#define FS_TRUNCATE (UINT64_C(1) << 14)          /* version 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15)         /* version 5 */
#define SCOPE_ABSTRACT_SOCKET (UINT64_C(1) << 0) /* version 6 */
#define SCOPE_SIGNAL (UINT64_C(1) << 1)
#define VERSION_MIN 2 /* the first that lets a file be renamed into another folder */

struct ruleset { /* struct landlock_ruleset_attr as version 6 has it */
    uint64_t fs, net, scope;
};

#define READ_FILE LANDLOCK_ACCESS_FS_READ_FILE
#define READ_TREE (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_TREE                                                                                 \
    (READ_TREE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                   \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |  \
     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REFER | FS_TRUNCATE)
#define EVERYTHING                                                                                 \
    (WRITE_TREE | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |                      \
     LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

/* What names, certificates, time zones and the C library's modules are read from. Folders where
 * files are replaced while we run; /etc/resolv.conf alone, because its folder has passwords in it
 * (the supervisor says when it was replaced). */
static const struct readable {
    const char *path;
    uint64_t rights;
} readable[] = {
    {"/etc/resolv.conf", READ_FILE},
    {"/etc/hosts", READ_FILE},
    {"/etc/host.conf", READ_FILE},
    {"/etc/nsswitch.conf", READ_FILE},
    {"/etc/gai.conf", READ_FILE},
    {"/etc/services", READ_FILE},
    {"/etc/localtime", READ_FILE},
    {"/etc/ld.so.cache", READ_FILE},
    {"/etc/ssl/openssl.cnf", READ_FILE},
    {"/etc/ssl/certs", READ_TREE},
    {"/etc/gnutls", READ_TREE},
    {"/run/systemd/resolve", READ_TREE},
    {"/run/NetworkManager", READ_TREE},
    {"/run/resolvconf", READ_TREE},
    {"/lib", READ_TREE},
    {"/lib64", READ_TREE},
    {"/usr/lib", READ_TREE},
    {"/usr/share/zoneinfo", READ_TREE},
    {"/usr/share/ca-certificates", READ_TREE},
    {"/usr/local/share/ca-certificates", READ_TREE},
    {"/proc/self", READ_TREE},
    {"/proc/meminfo", READ_FILE},
    {"/proc/stat", READ_FILE},
    {"/sys/devices/system/cpu", READ_TREE},
    {"/dev/null", READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE},
    {"/dev/urandom", READ_FILE},
    {"/dev/random", READ_FILE},
};

static uint64_t handled_by(int version)
{
    uint64_t handled = EVERYTHING;
    handled &= version >= 3 ? ~UINT64_C(0) : ~FS_TRUNCATE;
    return version >= 5 ? handled | FS_IOCTL_DEV : handled;
}

/* A path that is not there needs no rule. */
static bool add_rule(int ruleset, const char *path, uint64_t rights)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = rights};
    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0) {
        return errno == ENOENT || errno == EACCES || errno == ENOTDIR;
    }
    struct stat status;
    if (fstat(rule.parent_fd, &status) == 0 && !S_ISDIR(status.st_mode)) {
        rule.allowed_access &= READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE;
    }
    bool is_added =
        syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    int saved = errno;
    close(rule.parent_fd);
    errno = saved;
    return is_added;
}

static bool add_rules(int ruleset, const char *dir, uint64_t handled)
{
    if (!add_rule(ruleset, dir, WRITE_TREE & handled)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++) {
        if (!add_rule(ruleset, readable[i].path, readable[i].rights)) {
            return false;
        }
    }
    return true;
}

enum privilege_state privilege_files(const char *dir, int *version, int *error)
{
    long found =
        syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);
    *version = found < 0 ? 0 : (int)found;
    *error = found < 0 ? errno : 0;
    if (*version < VERSION_MIN) {
        return PRIVILEGE_MISSING;
    }
    struct ruleset rules = {.fs = handled_by(*version)};
    size_t size = sizeof(rules.fs); /* an older kernel takes a shorter one */
    if (*version >= 6) {
        rules.scope = SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL;
        size = sizeof(rules);
    }
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0U);
    bool is_on = ruleset >= 0 && add_rules(ruleset, dir, rules.fs) &&
                 syscall(SYS_landlock_restrict_self, ruleset, 0U) == 0;
    *error = is_on ? 0 : errno;
    if (ruleset >= 0) {
        close(ruleset);
    }
    return is_on ? PRIVILEGE_ON : PRIVILEGE_MISSING;
}
