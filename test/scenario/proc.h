/* proc.h - child processes and the folders that they work in. */
#ifndef DT_TEST_PROC_H
#define DT_TEST_PROC_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Starts argv[0] with its output appended to `log_path`; it dies with us. -1: could not. */
pid_t proc_spawn(char *const argv[], const char *log_path);

/* Runs argv to its end, patience_us at most (then it is killed), with what it printed in `output`
 * (the end of it, where it is long). Returns its exit code; -1: killed, or could not be started. */
int proc_run(char *const argv[], char *output, size_t output_size, int64_t patience_us);

/* SIGTERM, then SIGKILL after patience_us. Returns how long it took, or -1: it had to be killed. */
int64_t proc_stop(pid_t pid, int64_t patience_us);

bool proc_file_write(const char *path, const char *text); /* whole, by rename */
void proc_remove_all(const char *dir);

#endif
