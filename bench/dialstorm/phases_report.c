#include "dialstorm/phases.h"

#include <inttypes.h>

#define WHOLE_PERMILLE 999 /* of the calls of a bin: 100 % but for one that the noise took */
#define WHOLE_BINS 10      /* well for so long is well again */

/* When, behind the begin of the last phase, everything was well again: the begin of the first bins
 * in a row of which none misses. -1: it never was. */
static int64_t recovery_ms(const struct phases *run, enum work work)
{
    const struct storm *storm = run->storm;
    uint32_t last = storm->plan->phase_count;
    int64_t begin = (run->samples[last - 1].at_us - storm->begin_us + BIN_US - 1) / BIN_US;
    int64_t end = (run->samples[last].at_us - storm->begin_us) / BIN_US;
    int64_t whole_count = 0;
    for (int64_t i = begin; i < end && i < BINS_MAX; i++) {
        const struct bin *bin = &storm->bins[work][i];
        bool is_whole = (uint64_t)bin->ok * 1000 >= (uint64_t)bin->started * WHOLE_PERMILLE;
        whole_count = is_whole ? whole_count + 1 : 0;
        if (whole_count == WHOLE_BINS) {
            return (i + 1 - WHOLE_BINS - begin) * BIN_US / 1000;
        }
    }
    return -1;
}

static void put_tally(FILE *out, const struct tally *tally, int64_t duration_us)
{
    fprintf(out,
            "{\"due\":%" PRIu64 ",\"started\":%" PRIu64 ",\"skipped\":%" PRIu64 ",\"ok\":%" PRIu64
            ",\"ended_ok\":%" PRIu64 ",\"ok_per_s\":%.1f,\"started_per_s\":%.1f,\"late\":%" PRIu64
            ",\"refused\":%" PRIu64 ",\"given_up\":%" PRIu64 ",\"timeouts\":%" PRIu64
            ",\"challenges\":%" PRIu64 ",\"sent\":%" PRIu64 ",\"retransmits\":%" PRIu64
            ",\"received\":%" PRIu64,
            tally->due, tally->started, tally->skipped, tally->ok, tally->ended_ok,
            (double)tally->ended_ok * 1e6 / (double)duration_us,
            (double)tally->started * 1e6 / (double)duration_us, tally->late, tally->refused,
            tally->given_up, tally->timeouts, tally->challenges, tally->sent, tally->retransmits,
            tally->received);
    fprintf(out,
            ",\"p50_us\":%" PRId64 ",\"p99_us\":%" PRId64 ",\"p999_us\":%" PRId64
            ",\"max_us\":%" PRId64,
            hist_permille_us(&tally->latency, 500), hist_permille_us(&tally->latency, 990),
            hist_permille_us(&tally->latency, 999), tally->latency.max_us);
    fprintf(out, ",\"sent_late_p99_us\":%" PRId64, hist_permille_us(&tally->lateness, 990));
    fprintf(out,
            ",\"retry_after\":{\"count\":%" PRIu64 ",\"min_s\":%" PRIu64 ",\"max_s\":%" PRIu64
            ",\"mean_s\":%.1f},\"statuses\":{",
            tally->retry_count, tally->retry_min_s, tally->retry_max_s,
            tally->retry_count > 0 ? (double)tally->retry_sum_s / (double)tally->retry_count : 0);
    const char *comma = "";
    for (int status = 0; status < STATUS_MAX; status++) {
        if (tally->statuses[status] > 0) {
            fprintf(out, "%s\"%d\":%" PRIu64, comma, status, tally->statuses[status]);
            comma = ",";
        }
    }
    fprintf(out, "}}");
}

static void put_groups(FILE *out, const struct plan *plan, const struct sample *before,
                       const struct sample *after)
{
    fprintf(out, "\"usage\":{");
    for (uint32_t i = 0; i < plan->group_count; i++) {
        fprintf(out,
                "%s\"%s\":{\"cpu_ns\":%" PRId64 ",\"rss_kib\":%" PRId64 ",\"pss_kib\":%" PRId64 "}",
                i > 0 ? "," : "", plan->groups[i].name, after->cpu_ns[i] - before->cpu_ns[i],
                after->rss_kib[i], after->pss_kib[i]);
    }
    fprintf(out, "}");
}

static void put_phase(const struct phases *run, uint32_t index)
{
    const struct storm *storm = run->storm;
    const struct plan *plan = storm->plan;
    const struct sample *before = &run->samples[index];
    const struct sample *after = &run->samples[index + 1];
    int64_t duration_us = after->at_us - before->at_us;
    FILE *out = plan->out;
    fprintf(out,
            "%s\n{\"name\":\"%s\",\"duration_us\":%" PRId64 ",\"lag_max_us\":%" PRId64
            ",\"own_cpu_share\":%.3f,\"drops_server\":%" PRId64 ",\"drops_own\":%" PRId64
            ",\"datagrams_out\":%" PRIu64 ",\"datagrams_in\":%" PRIu64 ",",
            index > 0 ? "," : "", plan->phases[index].name, duration_us, run->lag_max_us[index],
            (double)(after->own_cpu_ns - before->own_cpu_ns) / 1e3 / (double)duration_us,
            after->drops_server - before->drops_server, after->drops_own - before->drops_own,
            after->sent - before->sent, after->received - before->received);
    put_groups(out, plan, before, after);
    for (enum work work = 0; work < WORK_COUNT; work++) {
        const struct tally *tally = &storm->tallies[index + 1][work];
        if (tally->due + tally->started > 0) {
            fprintf(out, ",\n \"%s\":", work_name(work));
            put_tally(out, tally, duration_us);
        }
    }
    fprintf(out, "}");
}

void phases_report(const struct phases *run)
{
    const struct storm *storm = run->storm;
    const struct plan *plan = storm->plan;
    FILE *out = plan->out;
    fprintf(out, "{\"phases\":[");
    for (uint32_t i = 0; i < plan->phase_count; i++) {
        put_phase(run, i);
    }
    fprintf(out, "],\n\"recovery_ms\":{");
    for (enum work work = 0; work < WORK_DIALOG; work++) {
        fprintf(out, "%s\"%s\":%" PRId64, work > 0 ? "," : "", work_name(work),
                recovery_ms(run, work));
    }
    fprintf(out,
            "},\n\"dead\":{\"invites\":%" PRIu64 ",\"requests\":%" PRIu64 "},\"strays\":%" PRIu64
            ",\"unreadable\":%" PRIu64 "}\n",
            storm->dead_invites, storm->dead_requests, storm->strays, storm->unreadable);
    fflush(out);
}
