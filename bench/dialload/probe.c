#include "dialload/probe.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool read_task_ns(pid_t pid, const char *task, int64_t *cpu_ns)
{
    char path[96];
    snprintf(path, sizeof(path), "/proc/%d/task/%.16s/schedstat", (int)pid, task);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    long long run_ns = 0;
    bool is_read = fscanf(file, "%lld", &run_ns) == 1;
    fclose(file);
    *cpu_ns += is_read ? run_ns : 0;
    return is_read;
}

static bool read_process_ns(pid_t pid, int64_t *cpu_ns)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *directory = opendir(path);
    if (directory == NULL) {
        return false;
    }
    bool is_alive = false;
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        if (entry->d_name[0] != '.' && read_task_ns(pid, entry->d_name, cpu_ns)) {
            is_alive = true;
        }
    }
    closedir(directory);
    return is_alive;
}

bool probe_cpu_ns(const struct probe_group *group, int64_t *cpu_ns)
{
    int64_t sum_ns = 0;
    for (uint32_t i = 0; i < group->pid_count; i++) {
        if (!read_process_ns(group->pids[i], &sum_ns)) {
            return false;
        }
    }
    *cpu_ns = sum_ns;
    return true;
}

static bool read_process_pss(pid_t pid, int64_t *pss_kib)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    char line[160];
    bool is_found = false;
    while (!is_found && fgets(line, sizeof(line), file) != NULL) {
        long long kib = 0;
        if (sscanf(line, "Pss: %lld kB", &kib) == 1) {
            *pss_kib += kib;
            is_found = true;
        }
    }
    fclose(file);
    return is_found;
}

bool probe_pss_kib(const struct probe_group *group, int64_t *pss_kib)
{
    int64_t sum_kib = 0;
    for (uint32_t i = 0; i < group->pid_count; i++) {
        if (!read_process_pss(group->pids[i], &sum_kib)) {
            return false;
        }
    }
    *pss_kib = sum_kib;
    return true;
}

bool probe_rss_kib(const struct probe_group *group, int64_t *rss_kib)
{
    int64_t sum_kib = 0;
    for (uint32_t i = 0; i < group->pid_count; i++) {
        char path[64];
        long long pages = 0;
        snprintf(path, sizeof(path), "/proc/%d/statm", (int)group->pids[i]);
        FILE *file = fopen(path, "re");
        bool is_read = file != NULL && fscanf(file, "%*d %lld", &pages) == 1;
        if (file != NULL) {
            fclose(file);
        }
        if (!is_read) {
            return false;
        }
        sum_kib += pages * (sysconf(_SC_PAGESIZE) / 1024);
    }
    *rss_kib = sum_kib;
    return true;
}

static int64_t read_table_drops(const char *path, uint16_t port)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return 0;
    }
    int64_t sum = 0;
    char line[512];
    while (fgets(line, sizeof(line), file) != NULL) {
        char address[64];
        unsigned line_port = 0;
        /* The drops are the last word of a line; the columns before it differ between kernels. */
        if (sscanf(line, " %*[0-9]: %63[0-9A-F]:%x", address, &line_port) != 2 ||
            line_port != port) {
            continue;
        }
        size_t size = strcspn(line, "\n");
        while (size > 0 && line[size - 1] == ' ') {
            size--;
        }
        line[size] = '\0';
        const char *last = strrchr(line, ' ');
        sum += last != NULL ? atoll(last + 1) : 0;
    }
    fclose(file);
    return sum;
}

int64_t probe_port_drops(uint16_t port)
{
    return read_table_drops("/proc/net/udp", port) + read_table_drops("/proc/net/udp6", port);
}

bool probe_group_parse(struct probe_group *group, const char *text)
{
    const char *equals = strchr(text, '=');
    size_t name_size = equals != NULL ? (size_t)(equals - text) : 0;
    if (name_size == 0 || name_size >= sizeof(group->name)) {
        return false;
    }
    *group = (struct probe_group){.pid_count = 0};
    memcpy(group->name, text, name_size);
    const char *rest = equals + 1;
    while (*rest != '\0' && group->pid_count < PROBE_PIDS_MAX) {
        char *end = NULL;
        long pid = strtol(rest, &end, 10);
        if (end == rest || pid <= 0 || (*end != ',' && *end != '\0')) {
            return false;
        }
        group->pids[group->pid_count++] = (pid_t)pid;
        rest = *end == ',' ? end + 1 : end;
    }
    return group->pid_count > 0 && *rest == '\0';
}
