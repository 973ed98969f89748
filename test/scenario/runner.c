/* dialtone-scenario [--real|--sim] [--program PATH] [--jobs N] [--drill] [--keep]
 * [--postgresql] FILES...: plays
 * scenarios and says PASS or FAIL for each. Real ones run in parallel, each in a process and an
 * installation of its own. */
#include "real.h"
#include "virtual.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FILES_MAX 500
#define JOBS_MAX 32

enum outcome { OUTCOME_NONE = 0, OUTCOME_PASS, OUTCOME_FAIL, OUTCOME_SKIP };

struct result { /* in memory that the children share */
    enum outcome outcome;
    double seconds;
    char why[SCN_WHY_SIZE];
};

struct runner {
    bool is_sim, has_drills, is_kept, is_on_server;
    const char *program;
    int jobs;
    uint64_t seed;
    const char *files[FILES_MAX];
    int file_count;
    struct result *results;
    pid_t children[FILES_MAX];
};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool load(const char *path, struct scn *out, char why[SCN_WHY_SIZE])
{
    static char text[65536];
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        snprintf(why, SCN_WHY_SIZE, "cannot be read");
        return false;
    }
    size_t size = fread(text, 1, sizeof(text), file);
    fclose(file);
    return scn_parse(slice_make(text, size), out, why, SCN_WHY_SIZE);
}

static enum outcome play_real(const struct runner *runner, const struct scn *scn,
                              char why[SCN_WHY_SIZE])
{
    struct real_options options = {.program = runner->program,
                                   .is_on_server = runner->is_on_server,
                                   .is_kept = runner->is_kept};
    struct real *real = real_new(scn, &options, why);
    if (real == NULL) {
        return OUTCOME_FAIL;
    }
    struct scn_world world;
    real_world(real, &world);
    enum scn_verdict verdict = scn_run(scn, &world, why);
    bool is_clean = real_free(real, verdict == SCN_PASS, why);
    return verdict == SCN_PASS && is_clean ? OUTCOME_PASS : OUTCOME_FAIL;
}

static void play(const struct runner *runner, const char *path, struct result *result)
{
    static struct scn scn;
    double start_s = now_s();
    result->outcome = OUTCOME_FAIL;
    if (!load(path, &scn, result->why)) {
        return;
    }
    bool is_elsewhere = runner->is_sim ? scn.is_real_only : scn.is_sim_only;
    if (is_elsewhere || (scn.is_drill && !runner->is_sim && !runner->has_drills)) {
        snprintf(result->why, SCN_WHY_SIZE, "%s",
                 is_elsewhere ? "not for this world" : "a drill: runs with --drill");
        result->outcome = OUTCOME_SKIP;
        return;
    }
    if (runner->is_sim) {
        struct virtual_totals totals;
        enum scn_verdict verdict = virtual_play(&scn, runner->seed, &totals, result->why);
        result->outcome = verdict == SCN_PASS ? OUTCOME_PASS : OUTCOME_FAIL;
    } else {
        result->outcome = play_real(runner, &scn, result->why);
    }
    result->seconds = now_s() - start_s;
}

static void report(const struct runner *runner, int index)
{
    static const char *const names[] = {"FAIL", "PASS", "FAIL", "SKIP"};
    const struct result *result = &runner->results[index];
    const char *name = strrchr(runner->files[index], '/');
    name = name != NULL ? name + 1 : runner->files[index];
    bool is_died = result->outcome == OUTCOME_NONE;
    printf("%s %-44s %6.1f s%s%s\n", names[result->outcome], name, result->seconds,
           result->outcome == OUTCOME_PASS ? "" : "  ",
           is_died                           ? "the runner itself died"
           : result->outcome == OUTCOME_PASS ? ""
                                             : result->why);
    fflush(stdout);
}

static void reap(struct runner *runner, int *running)
{
    int status;
    pid_t pid = waitpid(-1, &status, 0);
    for (int i = 0; i < runner->file_count; i++) {
        if (pid > 0 && runner->children[i] == pid) {
            runner->children[i] = 0;
            (*running)--;
            report(runner, i);
        }
    }
}

static void play_all(struct runner *runner)
{
    int running = 0;
    for (int i = 0; i < runner->file_count; i++) {
        while (running >= runner->jobs) {
            reap(runner, &running);
        }
        fflush(NULL);
        pid_t pid = fork();
        if (pid == 0) {
            play(runner, runner->files[i], &runner->results[i]);
            fflush(NULL);
            _exit(0);
        }
        runner->children[i] = pid;
        running += pid > 0;
    }
    while (running > 0) {
        reap(runner, &running);
    }
}

static int usage(void)
{
    fprintf(stderr, "usage: dialtone-scenario [--real | --sim] [options] FILES...\n"
                    "  --real           against the real program over loopback (the default)\n"
                    "  --sim            in the simulator, in virtual time\n"
                    "  --program PATH   the program; default: dialtone beside this one\n"
                    "  --jobs N         real scenarios at once; default 4\n"
                    "  --seed N         of the simulator's network; default 1\n"
                    "  --drill          also those that take longer than half a minute\n"
                    "  --postgresql     real ones with the ledger in a PostgreSQL of their own\n"
                    "  --keep           keep the installations of scenarios that passed\n");
    return 2;
}

static bool options_read(struct runner *runner, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        bool has_value = i + 1 < argc;
        if (strcmp(argv[i], "--real") == 0 || strcmp(argv[i], "--sim") == 0) {
            runner->is_sim = argv[i][2] == 's';
        } else if (strcmp(argv[i], "--drill") == 0) {
            runner->has_drills = true;
        } else if (strcmp(argv[i], "--keep") == 0) {
            runner->is_kept = true;
        } else if (strcmp(argv[i], "--postgresql") == 0) {
            runner->is_on_server = true;
        } else if (strcmp(argv[i], "--program") == 0 && has_value) {
            runner->program = argv[++i];
        } else if (strcmp(argv[i], "--jobs") == 0 && has_value) {
            runner->jobs = atoi(argv[++i]);
        } else if (strcmp(argv[i], "--seed") == 0 && has_value) {
            runner->seed = strtoull(argv[++i], NULL, 10);
        } else if (argv[i][0] != '-' && runner->file_count < FILES_MAX) {
            runner->files[runner->file_count++] = argv[i];
        } else {
            return false;
        }
    }
    return runner->file_count > 0 && runner->jobs >= 1 && runner->jobs <= JOBS_MAX;
}

int main(int argc, char **argv)
{
    static struct runner runner = {.jobs = 4, .seed = 1};
    static char beside[512];
    if (!options_read(&runner, argc, argv)) {
        return usage();
    }
    if (runner.program == NULL) {
        ssize_t size = readlink("/proc/self/exe", beside, sizeof(beside) - 16);
        char *slash = size > 0 ? strrchr(beside, '/') : NULL;
        snprintf(slash != NULL ? slash + 1 : beside, 16, "dialtone");
        runner.program = beside;
    }
    signal(SIGPIPE, SIG_IGN);
    runner.results = mmap(NULL, sizeof(struct result) * FILES_MAX, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (runner.results == MAP_FAILED) {
        return 1;
    }
    play_all(&runner);
    int counts[4] = {0};
    for (int i = 0; i < runner.file_count; i++) {
        counts[runner.results[i].outcome]++;
    }
    int failed = counts[OUTCOME_FAIL] + counts[OUTCOME_NONE];
    printf("%d passed, %d failed, %d skipped\n", counts[OUTCOME_PASS], failed,
           counts[OUTCOME_SKIP]);
    return failed > 0 ? 1 : 0;
}
