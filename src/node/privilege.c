#include "node/privilege.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEPTH_MAX 16 /* of folders below DIR; ours are two deep */
#define CAPABILITY_MAX 63
#define NO_CAPABILITY (CAPABILITY_MAX + 1)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED true
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED false
#endif

/* ---- whom ---- */

static void take_name(struct privilege_user *user)
{
    const struct passwd *known = getpwuid(user->uid);
    snprintf(user->name, sizeof(user->name), "%s", known == NULL ? "" : known->pw_name);
}

static bool find_named(const char *name, struct privilege_user *user, char *error,
                       size_t error_size)
{
    const struct passwd *known = getpwnam(name);
    if (known == NULL) {
        snprintf(error, error_size, "there is no user '%s' (the key 'user' of dialtone.conf)",
                 name);
        return false;
    }
    user->uid = known->pw_uid;
    user->gid = known->pw_gid;
    return true;
}

bool privilege_user_find(const char *dir, const char *user, struct privilege_user *out,
                         char *warning, size_t warning_size, char *error, size_t error_size)
{
    struct privilege_user found = {.uid = geteuid(), .gid = getegid()};
    struct stat status;
    warning[0] = '\0';
    if (stat(dir, &status) != 0) {
        snprintf(error, error_size, "%s: %s", dir, strerror(errno));
        return false;
    }
    bool is_root = found.uid == 0;
    if (user[0] != '\0' && !find_named(user, &found, error, error_size)) {
        return false;
    }
    if (user[0] == '\0' && is_root) {
        found.uid = status.st_uid;
        found.gid = status.st_gid;
    }
    if (!is_root && found.uid != geteuid()) {
        snprintf(warning, warning_size, "only root can become the user '%s': this goes on as %ld",
                 user, (long)geteuid());
        found.uid = geteuid();
        found.gid = getegid();
    } else if (is_root && found.uid == 0) {
        snprintf(warning, warning_size,
                 "%s belongs to root, so this stays root, without its capabilities: set 'user' in "
                 "dialtone.conf, or give the directory to a user of its own",
                 dir);
    }
    found.is_change = is_root && found.uid != 0;
    take_name(&found);
    *out = found;
    return true;
}

/* ---- DIR ---- */

struct adoption {
    uid_t uid, from_uid;
    gid_t gid;
    uint64_t changed_count;
};

/* `fd` is O_PATH: what it names cannot be exchanged between the look and the change. A file with a
 * second name is left alone, it may be one of the system's. */
static bool give(struct adoption *adoption, int fd, const struct stat *status)
{
    bool is_ours = status->st_uid == 0 || status->st_uid == adoption->from_uid;
    if (!is_ours || (status->st_uid == adoption->uid && status->st_gid == adoption->gid) ||
        (!S_ISDIR(status->st_mode) && status->st_nlink != 1)) {
        return true;
    }
    adoption->changed_count++;
    return fchownat(fd, "", adoption->uid, adoption->gid, AT_EMPTY_PATH) == 0;
}

static bool adopt_below(struct adoption *adoption, int dir_fd, int depth);

static bool adopt_one(struct adoption *adoption, int dir_fd, const char *name, int depth)
{
    struct stat status;
    int fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT;
    }
    bool is_done = fstat(fd, &status) == 0;
    if (is_done &&
        (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) || S_ISSOCK(status.st_mode))) {
        is_done = give(adoption, fd, &status);
    }
    if (is_done && S_ISDIR(status.st_mode) && depth < DEPTH_MAX) {
        int below_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        is_done = below_fd >= 0 && adopt_below(adoption, below_fd, depth + 1);
    }
    close(fd);
    return is_done;
}

/* Takes dir_fd. */
static bool adopt_below(struct adoption *adoption, int dir_fd, int depth)
{
    DIR *opened = fdopendir(dir_fd);
    if (opened == NULL) {
        close(dir_fd);
        return false;
    }
    const struct dirent *entry;
    bool is_done = true;
    while (is_done && (entry = readdir(opened)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            is_done = adopt_one(adoption, dirfd(opened), entry->d_name, depth);
        }
    }
    int saved = errno;
    closedir(opened);
    errno = saved;
    return is_done;
}

bool privilege_dir_adopt(const char *dir, const struct privilege_user *user,
                         uint64_t *changed_count, char *error, size_t error_size)
{
    struct stat status;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_done = fd >= 0 && fstat(fd, &status) == 0;
    if (is_done && (status.st_uid == geteuid() || geteuid() == 0) && (status.st_mode & 077) != 0) {
        is_done = fchmod(fd, status.st_mode & 0700) == 0;
    }
    struct adoption adoption = {.uid = user->uid, .gid = user->gid};
    if (is_done && user->is_change) {
        adoption.from_uid = status.st_uid;
        is_done = (status.st_uid == user->uid || fchown(fd, user->uid, user->gid) == 0) &&
                  adopt_below(&adoption, dup(fd), 0);
    }
    if (!is_done) {
        snprintf(error, error_size, "%s cannot be given to the user %ld: %s", dir, (long)user->uid,
                 strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
    *changed_count = adoption.changed_count;
    return is_done;
}

/* ---- becoming ---- */

static bool take_groups(const struct privilege_user *user)
{
    return user->name[0] != '\0' ? initgroups(user->name, user->gid) == 0
                                 : setgroups(1, &user->gid) == 0;
}

bool privilege_lower(const struct privilege_user *user)
{
    return !user->is_change ||
           (take_groups(user) && setegid(user->gid) == 0 && seteuid(user->uid) == 0);
}

bool privilege_raise(const struct privilege_user *user)
{
    return !user->is_change || (seteuid(0) == 0 && setegid(0) == 0);
}

/* What the bounding set lacks no program can get by being started. Without CAP_SETPCAP it cannot be
 * made smaller; then PR_SET_NO_NEW_PRIVS is what holds. */
static void drop_bounds(unsigned long but)
{
    for (unsigned long capability = 0; capability <= CAPABILITY_MAX; capability++) {
        if (capability != but && prctl(PR_CAPBSET_READ, capability) == 1) {
            (void)prctl(PR_CAPBSET_DROP, capability);
        }
    }
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

/* `mask`: of the first 32, those that are kept, and passed on. */
static bool keep_capabilities(uint32_t mask)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct kept[_LINUX_CAPABILITY_U32S_3] = {
        {.effective = mask, .permitted = mask, .inheritable = mask}};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && syscall(SYS_capset, &header, kept) == 0;
}

static bool become_for_good(const struct privilege_user *user)
{
    return !user->is_change ||
           (take_groups(user) && setresgid(user->gid, user->gid, user->gid) == 0 &&
            setresuid(user->uid, user->uid, user->uid) == 0 &&
            setuid(0) != 0); /* who can become root again has not become another */
}

bool privilege_drop(const struct privilege_user *user)
{
    if (!privilege_raise(user)) {
        return false;
    }
    drop_bounds(NO_CAPABILITY);
    return become_for_good(user) && keep_capabilities(0);
}

bool privilege_keep_net_admin(const struct privilege_user *user)
{
    if (!privilege_raise(user)) {
        return false;
    }
    drop_bounds(CAP_NET_ADMIN);
    return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0 && become_for_good(user) &&
           keep_capabilities(1U << CAP_NET_ADMIN) &&
           prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN, 0, 0) == 0;
}

/* ---- a role ---- */

static void forbid_core_dumps(void)
{
    /* A core that goes through a pipe to a collector heeds the second alone (core(5)). */
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

const char *privilege_state_name(enum privilege_state state)
{
    switch (state) {
    case PRIVILEGE_OFF:
        return "off";
    case PRIVILEGE_ON:
        return "on";
    case PRIVILEGE_MISSING:
        return "missing";
    }
    return "";
}

void privilege_role_confine(const struct privilege_terms *terms, struct privilege_report *report)
{
    memset(report, 0, sizeof(*report));
    if (!terms->has_core_dumps) {
        forbid_core_dumps();
    }
    drop_bounds(NO_CAPABILITY);
    (void)keep_capabilities(0);
    if (!terms->is_confined || IS_SANITIZED) {
        return; /* a sanitizer's run-time opens files and makes calls of its own */
    }
    report->files = privilege_files(terms->dir, &report->files_version, &report->files_errno);
    report->calls = privilege_calls(terms->role, &report->calls_errno);
}
