/* dialload - the project's load generator; `dialload --help` says what it does. */
#include "dialload/report.h"

#include <stdlib.h>
#include <string.h>

static bool write_json(const struct options *options, const struct step_result *results,
                       uint32_t count)
{
    bool is_standard = strcmp(options->json_path, "-") == 0;
    FILE *out = is_standard ? stdout : fopen(options->json_path, "we");
    if (out == NULL) {
        perror("dialload: --json");
        return false;
    }
    report_json(out, options, results, count);
    return (is_standard ? fflush(out) : fclose(out)) == 0;
}

static int run(struct load *load, const struct options *options, struct step_result *results)
{
    bool is_clean = true;
    bool is_json_standard = options->json_path != NULL && strcmp(options->json_path, "-") == 0;
    FILE *text_out = is_json_standard ? stderr : stdout;
    for (uint32_t i = 0; i < options->step_count; i++) {
        steps_run(load, &options->steps[i], &results[i]);
        report_text(text_out, options, &results[i]);
        fflush(text_out);
        is_clean = is_clean && steps_is_clean(&results[i]);
    }
    if (options->json_path != NULL && !write_json(options, results, options->step_count)) {
        is_clean = false;
    }
    return is_clean ? 0 : 1;
}

int main(int argc, char **argv)
{
    static struct options options;
    static struct load load;
    if (!options_read(&options, argc, argv)) {
        return 2;
    }
    struct step_result *results = calloc(options.step_count, sizeof(*results));
    int status = 2;
    if (results != NULL && load_init(&load, &options)) {
        status = run(&load, &options, results);
    }
    load_done(&load);
    free(results);
    return status;
}
