/* privilege_calls.c - seccomp: the system calls that a role can make (seccomp(2)).
 *
 * A filter in the kernel lets through what is listed and hands everything else to a handler of
 * ours, which names it in the log. What serves only who has taken the process over ends it. The
 * rest is refused: EPERM, or ENOSYS for a call that was not thought of, so that the C library does
 * what it did before that call existed. Nothing but the handler's own words comes of a call that
 * was trapped, and the handler cannot be exchanged: the filter forbids that too.
 */
#include "node/privilege.h"

#include "base/buf.h"
#include "base/clock.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define PROGRAM_MAX 1024
#define NUMBER_MAX 1024 /* of a call: what is above is said each time */
#define FROM_FILTER 1   /* si_code of a SIGSYS, SYS_SECCOMP in <asm-generic/siginfo.h> */

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#endif

#ifdef OUR_ARCH

struct call {
    int number;
    const char *name;
};

#define CALL(name)                                                                                 \
    {                                                                                              \
        SYS_##name, #name                                                                          \
    }

/* clang-format off */

/* What the roles, the C library below them, SQLite, OpenSSL and libmicrohttpd make, on kernels and
 * C libraries of some years. The kernel remembers the answer for these (since 5.11): no cost. */
static const struct call allowed[] = {
    /* bytes */
    CALL(read), CALL(write), CALL(readv), CALL(writev), CALL(pread64), CALL(pwrite64), CALL(preadv),
    CALL(pwritev), CALL(preadv2), CALL(pwritev2), CALL(sendfile), CALL(splice), CALL(lseek),
    CALL(close), CALL(close_range), CALL(dup), CALL(dup3), CALL(pipe2), CALL(fcntl),
    /* files */
    CALL(openat), CALL(openat2), CALL(fstat), CALL(newfstatat), CALL(statx), CALL(statfs),
    CALL(fstatfs), CALL(faccessat), CALL(faccessat2), CALL(readlinkat), CALL(getdents64),
    CALL(mkdirat), CALL(unlinkat), CALL(renameat), CALL(renameat2), CALL(ftruncate), CALL(truncate),
    CALL(fallocate), CALL(fsync), CALL(fdatasync), CALL(sync_file_range), CALL(fadvise64),
    CALL(flock), CALL(fchmod), CALL(fchmodat), CALL(fchown), CALL(utimensat), CALL(getcwd),
    CALL(umask), CALL(copy_file_range),
    /* the network */
    CALL(bind), CALL(listen), CALL(accept4), CALL(connect), CALL(getsockname), CALL(getpeername),
    CALL(getsockopt), CALL(setsockopt), CALL(sendto), CALL(recvfrom), CALL(sendmsg), CALL(recvmsg),
    CALL(sendmmsg), CALL(recvmmsg), CALL(shutdown), CALL(socketpair), CALL(accept),
    /* waiting */
    CALL(epoll_create1), CALL(epoll_ctl), CALL(epoll_pwait), CALL(epoll_pwait2), CALL(ppoll),
    CALL(pselect6), CALL(eventfd2), CALL(timerfd_create), CALL(timerfd_settime),
    CALL(timerfd_gettime), CALL(signalfd4), CALL(futex), CALL(nanosleep), CALL(clock_nanosleep),
    CALL(restart_syscall),
    /* memory */
    CALL(brk), CALL(munmap), CALL(mremap), CALL(madvise), CALL(msync), CALL(mlock), CALL(munlock),
    CALL(mincore), CALL(membarrier),
    /* threads and signals */
    CALL(set_robust_list), CALL(get_robust_list), CALL(set_tid_address), CALL(rseq),
    CALL(rt_sigprocmask), CALL(rt_sigreturn), CALL(rt_sigtimedwait), CALL(rt_sigpending),
    CALL(sigaltstack), CALL(sched_yield), CALL(sched_getaffinity), CALL(sched_setaffinity),
    CALL(sched_getparam), CALL(sched_getscheduler), CALL(sched_get_priority_max),
    CALL(sched_get_priority_min), CALL(getpriority), CALL(getcpu), CALL(exit), CALL(exit_group),
    /* who and when */
    CALL(getpid), CALL(gettid), CALL(getppid), CALL(getuid), CALL(geteuid), CALL(getgid),
    CALL(getegid), CALL(getresuid), CALL(getresgid), CALL(getgroups), CALL(capget), CALL(uname),
    CALL(sysinfo), CALL(getrusage), CALL(times), CALL(getrandom), CALL(clock_gettime),
    CALL(clock_getres), CALL(gettimeofday), CALL(getrlimit),
#ifdef __x86_64__ /* names from before the ...at() calls, which glibc still uses there */
    CALL(open), CALL(stat), CALL(lstat), CALL(access), CALL(readlink), CALL(mkdir), CALL(rmdir),
    CALL(unlink), CALL(rename), CALL(chmod), CALL(pipe), CALL(dup2), CALL(poll), CALL(select),
    CALL(epoll_wait), CALL(epoll_create), CALL(eventfd), CALL(time), CALL(getdents),
    CALL(arch_prctl), CALL(alarm),
#endif
};

/* Refused: a program may try them without meaning harm. */
static const struct call refused[] = {
    CALL(socket), CALL(mmap), CALL(mprotect), CALL(prctl), CALL(ioctl), CALL(prlimit64), CALL(kill),
    CALL(tkill), CALL(setpriority), CALL(sched_setscheduler), CALL(sched_setparam),
    CALL(sched_setattr), CALL(ioprio_set), CALL(setrlimit), CALL(fchownat), CALL(mknodat),
    CALL(symlinkat), CALL(linkat), CALL(setxattr), CALL(lsetxattr), CALL(fsetxattr), CALL(chdir),
    CALL(fchdir), CALL(sync), CALL(syncfs), CALL(mlockall), CALL(memfd_create), CALL(wait4),
    CALL(waitid), CALL(getitimer), CALL(setitimer), CALL(inotify_init1), CALL(inotify_add_watch),
    CALL(setsid), CALL(setpgid), CALL(getpgid), CALL(syslog), CALL(quotactl), CALL(mbind),
    CALL(set_mempolicy), CALL(get_mempolicy), CALL(pidfd_open), CALL(pidfd_send_signal),
    CALL(timer_create), CALL(rt_sigqueueinfo), CALL(shmget), CALL(semget), CALL(msgget),
#ifdef __x86_64__
    CALL(chown), CALL(lchown), CALL(link), CALL(symlink), CALL(mknod), CALL(getpgrp),
#endif
};

/* The process ends: nothing of ours makes them. */
static const struct call deadly[] = {
    CALL(execve), CALL(execveat), CALL(clone), CALL(ptrace), CALL(process_vm_readv),
    CALL(process_vm_writev), CALL(kcmp), CALL(pidfd_getfd), CALL(mount), CALL(umount2),
    CALL(pivot_root), CALL(chroot), CALL(unshare), CALL(setns), CALL(open_by_handle_at),
    CALL(name_to_handle_at), CALL(init_module), CALL(finit_module), CALL(delete_module),
    CALL(kexec_load), CALL(reboot), CALL(swapon), CALL(swapoff), CALL(bpf), CALL(perf_event_open),
    CALL(userfaultfd), CALL(add_key), CALL(request_key), CALL(keyctl), CALL(setuid), CALL(setgid),
    CALL(setreuid), CALL(setregid), CALL(setresuid), CALL(setresgid), CALL(setgroups),
    CALL(setfsuid), CALL(setfsgid), CALL(capset), CALL(personality), CALL(acct), CALL(settimeofday),
    CALL(clock_settime), CALL(adjtimex), CALL(clock_adjtime), CALL(sethostname),
    CALL(setdomainname), CALL(io_uring_setup), CALL(io_uring_enter), CALL(io_uring_register),
    CALL(rt_sigaction), CALL(tgkill), CALL(seccomp), CALL(vhangup), CALL(fanotify_init),
    CALL(move_mount), CALL(open_tree), CALL(fsopen), CALL(fsmount), CALL(process_madvise),
#ifdef __x86_64__
    CALL(fork), CALL(vfork), CALL(modify_ldt), CALL(iopl), CALL(ioperm),
#endif
};

/* clang-format on */

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* ---- the handler ---- */

static const char *role_name = "";
static _Atomic bool was_said[NUMBER_MAX];

static const struct call *find(const struct call *list, size_t count, int number)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].number == number) {
            return &list[i];
        }
    }
    return NULL;
}

/* In a signal handler: no lock, no memory, one write. */
static void say(int number, const char *name, bool is_deadly)
{
    char text[256];
    struct buf json;
    buf_init(&json, text, sizeof(text));
    buf_char(&json, '{');
    buf_json_i64(&json, "wall_us", clock_wall_us());
    buf_json_text(&json, "role", slice_from_text(role_name));
    buf_json_text(&json, "event", SLICE("forbidden-call"));
    buf_json_text(&json, "call", slice_from_text(name));
    buf_json_i64(&json, "number", number);
    buf_json_text(&json, "why", is_deadly ? SLICE("the role ends") : SLICE("refused"));
    buf_text(&json, "}\n");
    ssize_t written = write(STDERR_FILENO, text, json.size);
    (void)written;
}

static void on_trap(int signal_number, siginfo_t *info, void *context)
{
    ucontext_t *at = context;
    int number = info->si_syscall;
    (void)signal_number;
    const struct call *known = find(deadly, COUNT(deadly), number);
    if (known != NULL || info->si_code != FROM_FILTER) {
        say(number, known == NULL ? "?" : known->name, true);
        _exit(PRIVILEGE_EXIT_STATUS);
    }
    known = find(refused, COUNT(refused), number);
    if (number < 0 || number >= NUMBER_MAX || !atomic_exchange(&was_said[number], true)) {
        say(number, known == NULL ? "?" : known->name, false);
    }
    int error = known == NULL ? ENOSYS : EPERM;
#ifdef __x86_64__
    at->uc_mcontext.gregs[REG_RAX] = -error;
#else
    at->uc_mcontext.regs[0] = (unsigned long long)(long long)-error;
#endif
}

/* ---- the filter ---- */

struct program {
    struct sock_filter code[PROGRAM_MAX];
    unsigned short count;
};

static void put(struct program *program, uint16_t code, uint8_t if_true, uint8_t if_false,
                uint32_t value)
{
    if (program->count < PROGRAM_MAX) { /* the lists above are far from it */
        program->code[program->count++] =
            (struct sock_filter){.code = code, .jt = if_true, .jf = if_false, .k = value};
    }
}

static void put_load(struct program *program, size_t offset)
{
    put(program, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

static void put_return(struct program *program, uint32_t action)
{
    put(program, BPF_RET | BPF_K, 0, 0, action);
}

/* The call's number is loaded, before and after. */
static void put_call(struct program *program, int number, uint32_t action)
{
    put(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)number);
    put_return(program, action);
}

struct condition { /* on one argument's lower half: both machines are little-endian */
    int number;
    unsigned argument;
    uint32_t mask;
    const uint32_t *values; /* any of them */
    uint8_t value_count;
    bool is_forbidden; /* a match is what is refused; else what is let through */
};

static void put_condition(struct program *program, const struct condition *condition)
{
    uint32_t on_match = condition->is_forbidden ? SECCOMP_RET_TRAP : SECCOMP_RET_ALLOW;
    uint32_t on_none = condition->is_forbidden ? SECCOMP_RET_ALLOW : SECCOMP_RET_TRAP;
    uint8_t count = condition->value_count;
    put(program, BPF_JMP | BPF_JEQ | BPF_K, 0, (uint8_t)(count + 4), (uint32_t)condition->number);
    put_load(program, offsetof(struct seccomp_data, args) + 8 * condition->argument);
    put(program, BPF_ALU | BPF_AND | BPF_K, 0, 0, condition->mask);
    for (uint8_t i = 0; i < count; i++) {
        put(program, BPF_JMP | BPF_JEQ | BPF_K, (uint8_t)(count - i), 0, condition->values[i]);
    }
    put_return(program, on_none);
    put_return(program, on_match);
}

#define ANY_OF(list) .values = (list), .value_count = (uint8_t)COUNT(list)

static void put_conditions(struct program *program)
{
    static const uint32_t thread[] = {CLONE_THREAD | CLONE_VM | CLONE_SIGHAND};
    static const uint32_t sigsys[] = {SIGSYS};
    static const uint32_t write_exec[] = {PROT_WRITE | PROT_EXEC};
    static const uint32_t exec[] = {PROT_EXEC};
    static const uint32_t families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
    static const uint32_t self[] = {0};
    /* PR_SET_VMA: malloc of newer C libraries names its memory. */
    static const uint32_t process[] = {PR_SET_NAME,      PR_GET_NAME,     PR_SET_VMA,
                                       PR_GET_DUMPABLE,  PR_CAPBSET_READ, PR_GET_NO_NEW_PRIVS,
                                       PR_SET_TIMERSLACK};
    /* TCGETS asks whether a file is a terminal: the C library does before it buffers. */
    static const uint32_t controls[] = {TCGETS, FIONBIO, FIONREAD, FIOCLEX, FIONCLEX};
    const uint32_t us[] = {(uint32_t)getpid()};
    const struct condition conditions[] = {
        {.number = SYS_clone, .mask = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND, ANY_OF(thread)},
        {.number = SYS_rt_sigaction, .mask = UINT32_MAX, .is_forbidden = true, ANY_OF(sigsys)},
        {.number = SYS_mmap,
         .argument = 2,
         .mask = PROT_WRITE | PROT_EXEC,
         .is_forbidden = true,
         ANY_OF(write_exec)},
        {.number = SYS_mprotect,
         .argument = 2,
         .mask = PROT_EXEC,
         .is_forbidden = true,
         ANY_OF(exec)},
        {.number = SYS_socket, .mask = UINT32_MAX, ANY_OF(families)},
        {.number = SYS_prlimit64, .mask = UINT32_MAX, ANY_OF(self)},
        {.number = SYS_prctl, .mask = UINT32_MAX, ANY_OF(process)},
        {.number = SYS_ioctl, .argument = 1, .mask = UINT32_MAX, ANY_OF(controls)},
        {.number = SYS_tgkill, .mask = UINT32_MAX, ANY_OF(us)}, /* abort() */
    };
    for (size_t i = 0; i < COUNT(conditions); i++) {
        put_condition(program, &conditions[i]);
        put_load(program, offsetof(struct seccomp_data, nr));
    }
}

static void build(struct program *program)
{
    put_load(program, offsetof(struct seccomp_data, arch));
    put(program, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, OUR_ARCH);
    put_return(program, SECCOMP_RET_KILL_PROCESS);
    put_load(program, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
    put(program, BPF_JMP | BPF_JGE | BPF_K, 0, 1, 0x40000000); /* x32's numbers */
    put_return(program, SECCOMP_RET_KILL_PROCESS);
#endif
    for (size_t i = 0; i < COUNT(allowed); i++) {
        put_call(program, allowed[i].number, SECCOMP_RET_ALLOW);
    }
    put_conditions(program);
    /* Its flags lie in memory, where a filter cannot look: the C library then takes clone(2). */
    put_call(program, SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
    put_return(program, SECCOMP_RET_TRAP);
}

enum privilege_state privilege_calls(const char *role, int *error)
{
    static struct program program;
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_NODEFER};
    role_name = role;
    program.count = 0;
    build(&program);
    struct sock_fprog filter = {.len = program.count, .filter = program.code};
    sigemptyset(&action.sa_mask);
    bool is_on = sigaction(SIGSYS, &action, NULL) == 0 &&
                 prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                 prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
    *error = is_on ? 0 : errno;
    return is_on ? PRIVILEGE_ON : PRIVILEGE_MISSING;
}

#else

enum privilege_state privilege_calls(const char *role, int *error)
{
    (void)role;
    *error = ENOSYS; /* no list for this machine's calls */
    return PRIVILEGE_MISSING;
}

#endif
