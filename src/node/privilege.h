/* privilege.h - as whom the program runs, and what of the machine a role can reach.
 *
 * The supervisor may start as root: it looks after DIR as the user whom it is to become, is root
 * again for as long as it binds sockets, and then is that user for good, without capabilities. A
 * role starts from there and shuts itself in: no capability can come back, no other file than those
 * of DIR can be opened (Landlock), no other system call than a carrier needs is carried out
 * (seccomp). A kernel that lacks one of the two is said, and lived with. docs/security.md.
 */
#ifndef DT_NODE_PRIVILEGE_H
#define DT_NODE_PRIVILEGE_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- the supervisor ---- */

struct privilege_user {
    uid_t uid;
    gid_t gid;
    bool is_change; /* we are root, and this is somebody else */
    char name[64];  /* empty: a number without a name */
};

/* Whom to run as: `user` if we are root and it is not empty; else, as root, the owner of dir; else
 * who we are. `warning` is empty, or says what the operator should know (root's own DIR). False:
 * there is no such user, or no such directory; `error` says which. */
MUST_CHECK bool privilege_user_find(const char *dir, const char *user, struct privilege_user *out,
                                    char *warning, size_t warning_size, char *error,
                                    size_t error_size);

/* Gives what root or dir's owner has below dir to the user, follows no link, and closes dir to all
 * others (mode 0700). Without is_change only the mode. *changed_count: files that were given. */
MUST_CHECK bool privilege_dir_adopt(const char *dir, const struct privilege_user *user,
                                    uint64_t *changed_count, char *error, size_t error_size);

/* Be the user for now; be root again; be the user for ever, without capabilities and without a way
 * to get some. One thread only must be running. The first two do nothing without is_change. */
MUST_CHECK bool privilege_lower(const struct privilege_user *user);
MUST_CHECK bool privilege_raise(const struct privilege_user *user);
MUST_CHECK bool privilege_drop(const struct privilege_user *user);

/* Instead of the last: the user for ever, with CAP_NET_ADMIN alone, which programs that are started
 * keep. False: we have not got it. */
MUST_CHECK bool privilege_keep_net_admin(const struct privilege_user *user);

/* ---- a role ---- */

#define PRIVILEGE_EXIT_STATUS 159 /* 128 + SIGSYS: it made a call that only an intruder makes */

enum privilege_state {
    PRIVILEGE_OFF = 0, /* configured so, or a sanitizer build */
    PRIVILEGE_ON,
    PRIVILEGE_MISSING, /* this kernel does not have it, or refuses it */
};

struct privilege_report {
    enum privilege_state files; /* Landlock */
    enum privilege_state calls; /* seccomp */
    int files_version;          /* Landlock's */
    int files_errno, calls_errno;
};

struct privilege_terms {
    const char *dir;
    const char *role;    /* for the event of a forbidden call; kept */
    bool is_confined;    /* Landlock and seccomp */
    bool has_core_dumps; /* a core holds keys and digests of passwords */
};

/* For the whole process, before it has a second thread. Nothing of it can be taken back. */
void privilege_role_confine(const struct privilege_terms *terms, struct privilege_report *report);

const char *privilege_state_name(enum privilege_state state);

/* ---- parts of it, one file each ---- */

/* Only what is below dir can be opened, and a few files of the system for reading. */
enum privilege_state privilege_files(const char *dir, int *version, int *error);

/* Other calls than those listed are refused, or end the process, and an event names them. */
enum privilege_state privilege_calls(const char *role, int *error);

#endif
