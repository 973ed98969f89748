#include "dialload/report.h"

#include <inttypes.h>

static double per_operation(int64_t amount, uint64_t operations)
{
    return operations > 0 ? (double)amount / (double)operations : 0;
}

static double per_second(const struct step_result *result)
{
    return result->elapsed_us > 0
               ? (double)result->stats.outcomes[OUTCOME_OK] * 1e6 / (double)result->elapsed_us
               : 0;
}

static void text_problems(FILE *out, const struct stats *stats)
{
    for (int status = 0; status < LOAD_STATUS_MAX; status++) {
        if (stats->statuses[status] > 0) {
            fprintf(out, "    refused with %d: %" PRIu64 "\n", status, stats->statuses[status]);
        }
    }
    for (enum flaw flaw = FLAW_VIA; flaw < FLAW_COUNT; flaw++) {
        if (stats->flaws[flaw] > 0) {
            fprintf(out, "    flaw %s: %" PRIu64 "\n", flaw_name(flaw), stats->flaws[flaw]);
        }
    }
}

void report_text(FILE *out, const struct options *options, const struct step_result *result)
{
    const struct stats *stats = &result->stats;
    uint64_t ok = stats->outcomes[OUTCOME_OK];
    fprintf(out,
            "%s: %" PRIu64 " ok in %.2f s = %.0f/s; failed %" PRIu64 ", timeout %" PRIu64
            ", flawed %" PRIu64 ", cut %" PRIu64 ", unfinished %" PRIu64 ", not started %" PRIu64
            "\n",
            result->step->label, ok, (double)result->elapsed_us / 1e6, per_second(result),
            stats->outcomes[OUTCOME_FAILED], stats->outcomes[OUTCOME_TIMEOUT], stats->flawed,
            stats->outcomes[OUTCOME_CUT], stats->outcomes[OUTCOME_UNFINISHED], stats->not_started);
    fprintf(out, "    latency p50 %" PRId64 " p99 %" PRId64 " p99.9 %" PRId64 " max %" PRId64 " us",
            hist_permille_us(&stats->latency, 500), hist_permille_us(&stats->latency, 990),
            hist_permille_us(&stats->latency, 999), stats->latency.max_us);
    if (stats->end_latency.count > 0) {
        fprintf(out, "; BYE p50 %" PRId64 " p99 %" PRId64 " us",
                hist_permille_us(&stats->end_latency, 500),
                hist_permille_us(&stats->end_latency, 990));
    }
    fprintf(out,
            "\n    datagrams %" PRIu64 " out %" PRIu64 " in; challenges %" PRIu64 " (stale %" PRIu64
            "), retransmits %" PRIu64 ", duplicates %" PRIu64 ", 180 behind 200 %" PRIu64
            ", 180 never %" PRIu64 ", strays %" PRIu64 ", unreadable %" PRIu64 "\n",
            result->counts.sent, result->counts.received, stats->challenges, stats->stale,
            stats->retransmits, stats->duplicates, stats->reordered, stats->ringing_missed,
            stats->strays, stats->unreadable);
    fprintf(out,
            "    kernel drops: server %" PRId64 ", dialload %" PRId64
            "; dialload's own CPU %.1f us an operation\n",
            result->drops_server, result->drops_own, per_operation(result->own_cpu_ns, ok) / 1e3);
    for (uint32_t i = 0; i < options->group_count; i++) {
        const struct group_usage *usage = &result->usage[i];
        if (!usage->is_known) {
            fprintf(out, "    %s: a process of it is gone\n", options->groups[i].name);
            continue;
        }
        fprintf(out, "    %s: CPU %.2f us an operation; PSS %" PRId64 " -> %" PRId64 " KiB\n",
                options->groups[i].name, per_operation(usage->cpu_ns, ok) / 1e3,
                usage->pss_before_kib, usage->pss_after_kib);
    }
    text_problems(out, stats);
}

static void json_hist(FILE *out, const char *name, const struct hist *hist)
{
    fprintf(out,
            "\"%s\":{\"count\":%" PRIu64 ",\"p50\":%" PRId64 ",\"p99\":%" PRId64
            ",\"p999\":%" PRId64 ",\"max\":%" PRId64 "},",
            name, hist->count, hist_permille_us(hist, 500), hist_permille_us(hist, 990),
            hist_permille_us(hist, 999), hist->max_us);
}

static void json_problems(FILE *out, const struct stats *stats)
{
    const char *comma = "";
    fprintf(out, "\"statuses\":{");
    for (int status = 0; status < LOAD_STATUS_MAX; status++) {
        if (stats->statuses[status] > 0) {
            fprintf(out, "%s\"%d\":%" PRIu64, comma, status, stats->statuses[status]);
            comma = ",";
        }
    }
    comma = "";
    fprintf(out, "},\"flaws\":{");
    for (enum flaw flaw = FLAW_VIA; flaw < FLAW_COUNT; flaw++) {
        if (stats->flaws[flaw] > 0) {
            fprintf(out, "%s\"%s\":%" PRIu64, comma, flaw_name(flaw), stats->flaws[flaw]);
            comma = ",";
        }
    }
    fprintf(out, "},");
}

static void json_counts(FILE *out, const struct step_result *result)
{
    const struct stats *stats = &result->stats;
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {
        {"started", stats->started},
        {"not_started", stats->not_started},
        {"ok", stats->outcomes[OUTCOME_OK]},
        {"failed", stats->outcomes[OUTCOME_FAILED]},
        {"timeouts", stats->outcomes[OUTCOME_TIMEOUT]},
        {"cut", stats->outcomes[OUTCOME_CUT]},
        {"unfinished", stats->outcomes[OUTCOME_UNFINISHED]},
        {"flawed", stats->flawed},
        {"challenges", stats->challenges},
        {"stale", stats->stale},
        {"retransmits", stats->retransmits},
        {"duplicates", stats->duplicates},
        {"reordered", stats->reordered},
        {"ringing_missed", stats->ringing_missed},
        {"strays", stats->strays},
        {"unreadable", stats->unreadable},
        {"probes", stats->probes},
        {"kept_calls", result->kept_count},
        {"sent", result->counts.sent},
        {"received", result->counts.received},
        {"send_failed", result->counts.send_failed},
        {"refused", result->counts.refused},
        {"drops_server", (uint64_t)result->drops_server},
        {"drops_own", (uint64_t)result->drops_own},
    };
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        fprintf(out, "\"%s\":%" PRIu64 ",", counts[i].name, counts[i].value);
    }
}

static void json_usage(FILE *out, const struct options *options, const struct step_result *result)
{
    const char *comma = "";
    uint64_t ok = result->stats.outcomes[OUTCOME_OK];
    fprintf(out, "\"usage\":{");
    for (uint32_t i = 0; i < options->group_count; i++) {
        const struct group_usage *usage = &result->usage[i];
        if (!usage->is_known) {
            fprintf(out, "%s\"%s\":null", comma, options->groups[i].name);
        } else {
            fprintf(out,
                    "%s\"%s\":{\"cpu_ns\":%" PRId64 ",\"cpu_us_per_operation\":%.3f"
                    ",\"pss_before_kib\":%" PRId64 ",\"pss_after_kib\":%" PRId64 "}",
                    comma, options->groups[i].name, usage->cpu_ns,
                    per_operation(usage->cpu_ns, ok) / 1e3, usage->pss_before_kib,
                    usage->pss_after_kib);
        }
        comma = ",";
    }
    fprintf(out, "}");
}

void report_json(FILE *out, const struct options *options, const struct step_result *results,
                 uint32_t count)
{
    fprintf(out, "{\"steps\":[");
    for (uint32_t i = 0; i < count; i++) {
        const struct step_result *result = &results[i];
        fprintf(out,
                "%s\n{\"label\":\"%s\",\"mode\":\"%s\",\"clean\":%s,\"elapsed_us\":%" PRId64
                ",\"per_second\":%.1f,\"own_cpu_us_per_operation\":%.3f,",
                i > 0 ? "," : "", result->step->label, step_mode_name(result->step->mode),
                steps_is_clean(result) ? "true" : "false", result->elapsed_us, per_second(result),
                per_operation(result->own_cpu_ns, result->stats.outcomes[OUTCOME_OK]) / 1e3);
        json_counts(out, result);
        json_hist(out, "latency_us", &result->stats.latency);
        json_hist(out, "end_latency_us", &result->stats.end_latency);
        json_problems(out, &result->stats);
        json_usage(out, options, result);
        fprintf(out, "}");
    }
    fprintf(out, "\n]}\n");
}
