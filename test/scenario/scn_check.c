#include "scn_check.h"

#include "base/money.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASK_EVERY_US 100000

static bool is_true(const struct scn_expect *expect, int64_t value)
{
    switch (expect->compare) {
    case SCN_AT_LEAST:
        return value >= expect->value - expect->tolerance;
    case SCN_AT_MOST:
        return value <= expect->value + expect->tolerance;
    case SCN_EQUAL:
        break;
    }
    return llabs(value - expect->value) <= expect->tolerance;
}

static bool is_time(enum scn_metric metric)
{
    return metric == SCN_TALK || metric == SCN_HEARD || metric == SCN_PDD || metric == SCN_BACK ||
           metric == SCN_ALERTED;
}

static void number_write(struct buf *buf, enum scn_metric metric, int64_t value)
{
    if (metric == SCN_BALANCE) {
        money_write_short(buf, value);
    } else if (is_time(metric)) {
        buf_printf(buf, "%.3fs", (double)value / 1e6);
    } else {
        buf_i64(buf, value);
    }
}

static void explain(const struct scn_expect *expect, int64_t value, char why[SCN_WHY_SIZE])
{
    static const char *const compares[] = {"", "at least ", "at most "};
    struct buf buf;
    buf_init(&buf, why, SCN_WHY_SIZE - 1);
    buf_printf(&buf, "line %d: %s is ", expect->line, scn_metric_name(expect->metric));
    number_write(&buf, expect->metric, value);
    buf_printf(&buf, ", expected %s", compares[expect->compare]);
    number_write(&buf, expect->metric, expect->value);
    if (expect->tolerance > 0) {
        buf_text(&buf, " with tolerance ");
        number_write(&buf, expect->metric, expect->tolerance);
    }
    why[buf.size] = 0;
}

static int64_t agent_value(const struct scn_expect *expect, const struct ua *ua, int64_t now_us)
{
    const struct ua_stats *stats = ua_stats(ua);
    switch (expect->metric) {
    case SCN_TALK:
        return ua_talk_us(ua, true, now_us);
    case SCN_HEARD:
        return ua_talk_us(ua, false, now_us);
    case SCN_PLACED:
        return (int64_t)stats->placed;
    case SCN_ANSWERED:
        return (int64_t)stats->answered_out;
    case SCN_REFUSED:
        return (int64_t)stats->refused_out;
    case SCN_INCOMING:
        return (int64_t)stats->incoming;
    case SCN_MISSED:
        return (int64_t)stats->missed;
    case SCN_CODE:
        return stats->finals[expect->code];
    case SCN_BYES_IN:
        return (int64_t)stats->bye_in;
    case SCN_BYES_REFUSED:
        return (int64_t)stats->bye_refused;
    case SCN_EXTRA:
        return (int64_t)stats->extra_2xx;
    case SCN_UNACKED:
        return (int64_t)stats->unacked;
    case SCN_OPEN:
        return ua_calls_open(ua);
    case SCN_REGISTERED:
        return ua_is_registered(ua);
    case SCN_GOT:
        return stats->got[expect->method];
    case SCN_OK:
        return stats->ok[expect->method];
    case SCN_FAILED:
        return stats->failed[expect->method];
    case SCN_PDD:
        return stats->pdd_max_us;
    case SCN_REASON:
    case SCN_FROM:
    case SCN_ASSERTED:
    case SCN_BALANCE:
    case SCN_CDRS:
    case SCN_AUDIT:
    case SCN_ALERTED:
    case SCN_BACK:
        break;
    }
    return 0;
}

static bool is_text(enum scn_metric metric)
{
    return metric == SCN_REASON || metric == SCN_FROM || metric == SCN_ASSERTED;
}

static bool text_check(const struct scn_expect *expect, const struct scn_world *world,
                       char why[SCN_WHY_SIZE])
{
    const struct ua_stats *stats = ua_stats(world->agent(world->ctx, expect->who.first));
    char seen[2 * UA_REASON_SIZE + 4];
    if (expect->metric == SCN_REASON) {
        snprintf(seen, sizeof(seen), "%s / %s", stats->last_reason, stats->last_x_reason);
    } else {
        snprintf(seen, sizeof(seen), "%s",
                 expect->metric == SCN_FROM ? stats->last_from : stats->last_asserted);
    }
    /* An empty text is looked for as such: the header must not be there. */
    bool has = expect->text[0] ? strstr(seen, expect->text) != NULL : seen[0] == 0;
    if (has == expect->is_absent) {
        snprintf(why, SCN_WHY_SIZE, "line %d: %s is \"%.200s\", expected %s\"%s\"", expect->line,
                 scn_metric_name(expect->metric), seen, expect->is_absent ? "without " : "",
                 expect->text);
        return false;
    }
    return true;
}

static bool is_of_ledger(enum scn_metric metric)
{
    return metric == SCN_BALANCE || metric == SCN_CDRS || metric == SCN_AUDIT ||
           metric == SCN_ALERTED;
}

bool scn_check_agents(const struct scn *scn, const struct scn_world *world, char why[SCN_WHY_SIZE])
{
    for (int i = 0; i < scn->expect_count; i++) {
        const struct scn_expect *expect = &scn->expects[i];
        int64_t value = 0;
        if (is_of_ledger(expect->metric)) {
            continue;
        }
        if (is_text(expect->metric)) {
            if (!text_check(expect, world, why)) {
                return false;
            }
            continue;
        }
        if (expect->metric == SCN_BACK) {
            value = world->back_us(world->ctx);
            if (value < 0) {
                snprintf(why, SCN_WHY_SIZE, "line %d: the edge did not answer after its death",
                         expect->line);
                return false;
            }
        }
        for (int a = expect->who.first; a < expect->who.first + expect->who.count; a++) {
            int64_t one =
                agent_value(expect, world->agent(world->ctx, a), world->now_us(world->ctx));
            value = expect->metric == SCN_PDD ? (one > value ? one : value) : value + one;
        }
        if (!is_true(expect, value)) {
            explain(expect, value, why);
            return false;
        }
    }
    return true;
}

/* One look at the ledger: true, false with `why`. */
static bool ledger_check(const struct scn_expect *expect, const struct scn_world *world,
                         int64_t origin_us, char why[SCN_WHY_SIZE])
{
    int64_t value = 0;
    struct tri known;
    char reason[SCN_WHY_SIZE - 40] = "";
    if (expect->metric == SCN_AUDIT) {
        known = world->audit(world->ctx, reason);
        snprintf(why, SCN_WHY_SIZE, "line %d: audit: %s", expect->line, reason);
        return known.is == TRI_PRESENT;
    }
    if (expect->metric == SCN_ALERTED) {
        known = world->alerted(world->ctx, expect->account, &value);
        if (known.is == TRI_ABSENT) {
            snprintf(why, SCN_WHY_SIZE, "line %d: no fraud was suspected", expect->line);
            return false;
        }
        value -= origin_us;
    } else {
        known = expect->metric == SCN_BALANCE ? world->balance(world->ctx, expect->account, &value)
                                              : world->cdrs(world->ctx, expect->account, &value);
    }
    if (known.is != TRI_PRESENT) {
        snprintf(why, SCN_WHY_SIZE, "line %d: %s is not known: the ledger did not answer",
                 expect->line, scn_metric_name(expect->metric));
        return false;
    }
    explain(expect, value, why);
    return is_true(expect, value);
}

bool scn_check_ledger(const struct scn *scn, const struct scn_world *world, int64_t origin_us,
                      char why[SCN_WHY_SIZE])
{
    int64_t until_us = world->now_us(world->ctx) + world->settle_us;
    for (int i = 0; i < scn->expect_count; i++) {
        const struct scn_expect *expect = &scn->expects[i];
        while (is_of_ledger(expect->metric) && !ledger_check(expect, world, origin_us, why)) {
            if (world->now_us(world->ctx) >= until_us || expect->metric == SCN_AUDIT) {
                return false;
            }
            world->advance(world->ctx, world->now_us(world->ctx) + ASK_EVERY_US);
        }
    }
    return true;
}
