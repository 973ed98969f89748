#include "scn_inside.h"

#include "base/money.h"

static bool call(struct scn_reader *reader, struct scn_step *step)
{
    step->verb = SCN_CALL;
    step->times = 1;
    if (!scn_who(reader, &step->who) || !scn_text(reader, step->to, sizeof(step->to))) {
        return false;
    }
    while (reader->words.at < reader->words.count) {
        bool is_fine;
        if (words_take(&reader->words, "for")) {
            is_fine = scn_time(reader, &step->for_us);
        } else if (words_take(&reader->words, "times")) {
            is_fine = scn_count(reader, 1000, &step->times);
        } else if (words_take(&reader->words, "every")) {
            is_fine = scn_time(reader, &step->every_us);
        } else if (words_take(&reader->words, "from")) {
            is_fine = scn_text(reader, step->from, sizeof(step->from));
        } else if (words_take(&reader->words, "asserted")) {
            is_fine = scn_text(reader, step->asserted, sizeof(step->asserted));
        } else if (words_take(&reader->words, "cancel")) {
            is_fine = words_take(&reader->words, "after") ? scn_time(reader, &step->cancel_us)
                                                          : scn_fail(reader, "after");
        } else {
            is_fine = scn_fail(reader, "for, times, every, from, asserted or cancel after");
        }
        if (!is_fine) {
            return false;
        }
    }
    return true;
}

static bool store_fault(struct scn_reader *reader, struct scn_step *step)
{
    static const struct {
        const char *word;
        enum scn_fault fault;
    } faults[] = {{"stop", SCN_STOP}, {"start", SCN_START},   {"full", SCN_FULL},
                  {"lock", SCN_LOCK}, {"delete", SCN_DELETE}, {"replace", SCN_REPLACE},
                  {"slow", SCN_SLOW}};
    step->verb = SCN_STORE;
    for (size_t i = 0; i < ARRAY_COUNT(faults); i++) {
        if (words_take(&reader->words, faults[i].word)) {
            step->fault = faults[i].fault;
            return faults[i].fault != SCN_SLOW || scn_time(reader, &step->latency_us);
        }
    }
    if (words_take(&reader->words, "fails")) {
        if (words_take(&reader->words, "read")) {
            step->fault = SCN_FAIL_READ;
            return true;
        }
        step->fault = words_is(&reader->words, "sync") ? SCN_FAIL_SYNC : SCN_FAIL_WRITE;
        return words_take(&reader->words, "sync") || words_take(&reader->words, "write") ||
               scn_fail(reader, "read, write or sync");
    }
    return scn_fail(reader, "stop, start, slow TIME, fails, full, lock, delete or replace");
}

static bool role(struct scn_reader *reader, struct scn_step *step, enum scn_verb verb)
{
    step->verb = verb;
    step->fault = SCN_KILL;
    return words_take(&reader->words, "kill") || scn_fail(reader, "kill");
}

static bool money(struct scn_reader *reader, struct scn_step *step, enum scn_verb verb)
{
    step->verb = verb;
    return scn_account(reader, &step->account) && scn_money(reader, &step->amount_micro);
}

static bool send(struct scn_reader *reader, struct scn_step *step)
{
    step->verb = SCN_SEND;
    if (!scn_who(reader, &step->who) || !scn_method(reader, &step->method)) {
        return false;
    }
    return step->method != SIP_REFER || scn_text(reader, step->to, sizeof(step->to));
}

static bool meets(struct scn_reader *reader, struct scn_step *step)
{
    step->verb = SCN_RULE;
    step->rule = words_rule_default();
    if (!scn_who(reader, &step->who)) {
        return false;
    }
    while (reader->words.at < reader->words.count) {
        if (words_rule(&reader->words, &step->rule) != WORDS_RULE_TAKEN) {
            return scn_fail(reader, "how calls are met");
        }
    }
    return true;
}

static bool agent_verb(struct scn_reader *reader, struct scn_step *step)
{
    static const struct {
        const char *word;
        enum scn_verb verb;
    } verbs[] = {{"hangup", SCN_HANGUP},     {"cancel", SCN_CANCEL},
                 {"hold", SCN_HOLD},         {"resume", SCN_RESUME},
                 {"register", SCN_REGISTER}, {"unregister", SCN_UNREGISTER}};
    for (size_t i = 0; i < ARRAY_COUNT(verbs); i++) {
        if (words_take(&reader->words, verbs[i].word)) {
            step->verb = verbs[i].verb;
            return scn_who(reader, &step->who);
        }
    }
    return scn_fail(reader, "call, hangup, send, store, edge, ...");
}

static bool verb(struct scn_reader *reader, struct scn_step *step)
{
    struct words *words = &reader->words;
    if (words_take(words, "call")) {
        return call(reader, step);
    }
    if (words_take(words, "send")) {
        return send(reader, step);
    }
    if (words_take(words, "meet")) {
        return meets(reader, step);
    }
    if (words_take(words, "store")) {
        return store_fault(reader, step);
    }
    if (words_take(words, "edge")) {
        return role(reader, step, SCN_EDGE);
    }
    if (words_take(words, "web")) {
        return role(reader, step, SCN_WEB);
    }
    if (words_take(words, "topup")) {
        return money(reader, step, SCN_TOPUP);
    }
    if (words_take(words, "lock")) {
        return money(reader, step, SCN_LOCK_MONEY);
    }
    if (words_take(words, "suspend")) {
        step->verb = SCN_SUSPEND;
        return scn_account(reader, &step->account);
    }
    if (words_take(words, "unsuspend")) {
        step->verb = SCN_UNSUSPEND;
        return scn_account(reader, &step->account);
    }
    if (words_take(words, "operator")) {
        step->verb = SCN_END_CALLS;
        return (words_take(words, "ends") && words_take(words, "calls")) ||
               scn_fail(reader, "ends calls");
    }
    return agent_verb(reader, step);
}

bool scn_parse_at(struct scn_reader *reader)
{
    struct scn *scn = reader->scn;
    if (scn->step_count == SCN_STEPS_MAX) {
        return scn_fail(reader, "fewer steps");
    }
    struct scn_step *step = &scn->steps[scn->step_count];
    *step = (struct scn_step){.line = reader->line};
    if (!scn_time(reader, &step->at_us) || !verb(reader, step)) {
        return false;
    }
    scn->step_count++;
    return true;
}

/* ---- expectations ---- */

enum value_kind { VALUE_COUNT = 0, VALUE_TIME, VALUE_MONEY, VALUE_TEXT, VALUE_CLEAN };

static const struct {
    const char *word;
    enum scn_metric metric;
    enum value_kind kind;
} metrics[] = {
    {"talk", SCN_TALK, VALUE_TIME},         {"heard", SCN_HEARD, VALUE_TIME},
    {"placed", SCN_PLACED, VALUE_COUNT},    {"answered", SCN_ANSWERED, VALUE_COUNT},
    {"refused", SCN_REFUSED, VALUE_COUNT},  {"incoming", SCN_INCOMING, VALUE_COUNT},
    {"missed", SCN_MISSED, VALUE_COUNT},    {"code", SCN_CODE, VALUE_COUNT},
    {"byes", SCN_BYES_IN, VALUE_COUNT},     {"byes-refused", SCN_BYES_REFUSED, VALUE_COUNT},
    {"extra", SCN_EXTRA, VALUE_COUNT},      {"unacked", SCN_UNACKED, VALUE_COUNT},
    {"open", SCN_OPEN, VALUE_COUNT},        {"registered", SCN_REGISTERED, VALUE_COUNT},
    {"got", SCN_GOT, VALUE_COUNT},          {"ok", SCN_OK, VALUE_COUNT},
    {"failed", SCN_FAILED, VALUE_COUNT},    {"pdd", SCN_PDD, VALUE_TIME},
    {"reason", SCN_REASON, VALUE_TEXT},     {"from", SCN_FROM, VALUE_TEXT},
    {"asserted", SCN_ASSERTED, VALUE_TEXT}, {"balance", SCN_BALANCE, VALUE_MONEY},
    {"cdrs", SCN_CDRS, VALUE_COUNT},        {"audit", SCN_AUDIT, VALUE_CLEAN},
    {"alerted", SCN_ALERTED, VALUE_TIME},   {"back", SCN_BACK, VALUE_TIME}};

const char *scn_metric_name(enum scn_metric metric)
{
    for (size_t i = 0; i < ARRAY_COUNT(metrics); i++) {
        if (metrics[i].metric == metric) {
            return metrics[i].word;
        }
    }
    return "?";
}

static bool value(struct scn_reader *reader, enum value_kind kind, int64_t *out)
{
    switch (kind) {
    case VALUE_TIME:
        return scn_time(reader, out);
    case VALUE_MONEY:
        return scn_money(reader, out);
    case VALUE_COUNT:
    case VALUE_TEXT:
    case VALUE_CLEAN:
        break;
    }
    return scn_count(reader, 1000000, out);
}

static bool measure(struct scn_reader *reader, struct scn_expect *expect, enum value_kind kind)
{
    if (words_take(&reader->words, "at")) {
        expect->compare = words_is(&reader->words, "most") ? SCN_AT_MOST : SCN_AT_LEAST;
        if (!words_take(&reader->words, "most") && !words_take(&reader->words, "least")) {
            return scn_fail(reader, "least or most");
        }
    }
    if (!value(reader, kind, &expect->value)) {
        return false;
    }
    return !words_take(&reader->words, "tolerance") || value(reader, kind, &expect->tolerance);
}

static bool subject(struct scn_reader *reader, struct scn_expect *expect)
{
    int64_t code;
    switch (expect->metric) {
    case SCN_CODE:
        if (!scn_count(reader, 699, &code)) {
            return false;
        }
        expect->code = (int)code;
        break;
    case SCN_GOT:
    case SCN_OK:
    case SCN_FAILED:
        if (!scn_method(reader, &expect->method)) {
            return false;
        }
        break;
    case SCN_BALANCE:
    case SCN_ALERTED:
        return scn_account(reader, &expect->account);
    case SCN_CDRS:
        return !words_take(&reader->words, "of") || scn_account(reader, &expect->account);
    case SCN_AUDIT:
    case SCN_BACK:
        return true;
    case SCN_REASON:
    case SCN_FROM:
    case SCN_ASSERTED:
        return scn_who(reader, &expect->who);
    case SCN_TALK:
    case SCN_HEARD:
    case SCN_PLACED:
    case SCN_ANSWERED:
    case SCN_REFUSED:
    case SCN_INCOMING:
    case SCN_MISSED:
    case SCN_BYES_IN:
    case SCN_BYES_REFUSED:
    case SCN_EXTRA:
    case SCN_UNACKED:
    case SCN_OPEN:
    case SCN_REGISTERED:
    case SCN_PDD:
        break;
    }
    if (!scn_who_try(reader, &expect->who)) {
        expect->who = (struct scn_who){0, reader->scn->agent_count};
    }
    return true;
}

bool scn_parse_expect(struct scn_reader *reader)
{
    struct scn *scn = reader->scn;
    if (scn->expect_count == SCN_EXPECTS_MAX) {
        return scn_fail(reader, "fewer expectations");
    }
    struct scn_expect *expect = &scn->expects[scn->expect_count];
    *expect = (struct scn_expect){.line = reader->line, .account = -1};
    for (size_t i = 0; i < ARRAY_COUNT(metrics); i++) {
        if (!words_take(&reader->words, metrics[i].word)) {
            continue;
        }
        expect->metric = metrics[i].metric;
        if (!subject(reader, expect)) {
            return false;
        }
        bool is_fine = true;
        if (metrics[i].kind == VALUE_TEXT) {
            expect->is_absent = words_take(&reader->words, "without");
            is_fine = scn_text(reader, expect->text, sizeof(expect->text));
        } else if (metrics[i].kind == VALUE_CLEAN) {
            is_fine = words_take(&reader->words, "clean") || scn_fail(reader, "clean");
        } else {
            is_fine = measure(reader, expect, metrics[i].kind);
        }
        scn->expect_count += is_fine;
        return is_fine;
    }
    return scn_fail(reader, "talk, answered, refused, code, balance, audit, ...");
}
