/* probe.h - what the measured program used: processor time, memory, datagrams lost in the kernel.
 *
 * Processor time is the time that the scheduler gave to every thread of a process, in nanoseconds
 * (/proc/PID/task/TID/schedstat); memory is the proportional set size (smaps_rollup), which counts
 * a page shared by N processes as 1/N to each; losses are the "drops" of /proc/net/udp and udp6.
 */
#ifndef DT_DIALLOAD_PROBE_H
#define DT_DIALLOAD_PROBE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PROBE_GROUPS_MAX 8
#define PROBE_PIDS_MAX 64

struct probe_group { /* processes whose figures are added up, under a name */
    char name[24];
    pid_t pids[PROBE_PIDS_MAX];
    uint32_t pid_count;
};

/* Scheduled time of all the group's threads so far, in ns; false: a process is gone. */
bool probe_cpu_ns(const struct probe_group *group, int64_t *cpu_ns);

/* Proportional set size of the group, in KiB; false: a process is gone. */
bool probe_pss_kib(const struct probe_group *group, int64_t *pss_kib);

/* Resident set size, shared pages counted for each process; cheap, so fit for a run under way. */
bool probe_rss_kib(const struct probe_group *group, int64_t *rss_kib);

/* Datagrams that the kernel dropped, so far, at UDP sockets bound to this port (host order). */
int64_t probe_port_drops(uint16_t port);

/* "NAME=PID[,PID...]"; false: not that. */
bool probe_group_parse(struct probe_group *group, const char *text);

#endif
