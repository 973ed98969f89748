/* program.h - the program as a process: runs a command line, keeps an installation running. */
#ifndef DT_TEST_PROGRAM_H
#define DT_TEST_PROGRAM_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PROGRAM_WORDS_MAX 24
#define PROGRAM_OUT_SIZE 16384

struct program_output {
    int status; /* exit status; -1: killed, or not ended in time */
    char out[PROGRAM_OUT_SIZE];
    char err[PROGRAM_OUT_SIZE];
};

/* Runs `dialtone` with the words of `line` (split at spaces; "%" stands for dir). */
void program_run(const char *line, const char *dir, struct program_output *output);

void program_dir(char dir[256]);      /* a fresh, empty directory */
void program_remove(const char *dir); /* with everything in it */
bool program_write(const char *dir, const char *name, const char *text);

/* `dialtone run DIR` on free ports, with more words; waits until it is ready. -1: it did not come
 * up in 10 s. */
pid_t program_start(const char *dir, const char *more);
pid_t program_launch(const char *dir, const char *more); /* the same, without waiting */
bool program_becomes_ready(const char *dir);             /* false: not in 10 s */
int program_stop(pid_t pid, int signal_number);        /* milliseconds that it took; -1: over 6 s */
json_t *program_status(const char *dir);               /* of `status DIR --json`; NULL: no JSON */
pid_t program_role(const char *dir, const char *role); /* 0: not running */

int64_t program_now_ms(void);
void program_sleep_ms(int ms);

#endif
