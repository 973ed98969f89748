/* report.h - the figures of a run, for people and as JSON. */
#ifndef DT_DIALLOAD_REPORT_H
#define DT_DIALLOAD_REPORT_H

#include "dialload/steps.h"

#include <stdio.h>

void report_text(FILE *out, const struct options *options, const struct step_result *result);

/* One object: {"target", "steps": [...]}. Times in microseconds unless the name says otherwise. */
void report_json(FILE *out, const struct options *options, const struct step_result *results,
                 uint32_t count);

#endif
