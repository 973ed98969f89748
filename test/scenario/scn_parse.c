#include "scn_inside.h"

#include "base/money.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUN_ON_US 3000000 /* after the last step, where no line "run" says more */

bool scn_fail(struct scn_reader *reader, const char *wanted)
{
    if (reader->wanted == NULL) {
        reader->wanted = wanted;
    }
    return false;
}

bool scn_text(struct scn_reader *reader, char *field, size_t size)
{
    if (reader->words.at >= reader->words.count ||
        !slice_copy_text(words_peek(&reader->words), field, size)) {
        return scn_fail(reader, "a short text");
    }
    reader->words.at++;
    return true;
}

bool scn_count(struct scn_reader *reader, int64_t max, int64_t *out)
{
    if (!words_number(words_peek(&reader->words), max, out)) {
        return scn_fail(reader, "a number");
    }
    reader->words.at++;
    return true;
}

bool scn_time(struct scn_reader *reader, int64_t *out_us)
{
    if (!words_duration(words_peek(&reader->words), out_us)) {
        return scn_fail(reader, "a time (10s, 250ms, 2m)");
    }
    reader->words.at++;
    return true;
}

bool scn_money(struct scn_reader *reader, int64_t *out_micro)
{
    if (!money_parse(words_peek(&reader->words), out_micro)) {
        return scn_fail(reader, "an amount (20.00)");
    }
    reader->words.at++;
    return true;
}

bool scn_account(struct scn_reader *reader, int *out)
{
    for (int i = 0; i < reader->scn->account_count; i++) {
        if (words_take(&reader->words, reader->scn->accounts[i].name)) {
            *out = i;
            return true;
        }
    }
    return scn_fail(reader, "the name of an account above");
}

static bool is_of_group(const char *name, struct slice group)
{
    size_t size = strlen(name);
    if (size <= group.size || memcmp(name, group.data, group.size) != 0) {
        return false;
    }
    return strspn(name + group.size, "0123456789") == size - group.size;
}

bool scn_who_try(struct scn_reader *reader, struct scn_who *out)
{
    const struct scn *scn = reader->scn;
    struct slice word = words_peek(&reader->words);
    struct scn_who who = {0};
    if (slice_equal(word, SLICE("all"))) {
        who = (struct scn_who){0, scn->agent_count};
    }
    for (int i = 0; i < scn->agent_count && who.count == 0; i++) {
        if (slice_equal(word, slice_from_text(scn->agents[i].name))) {
            who = (struct scn_who){i, 1};
        }
    }
    for (int i = 0; i < scn->agent_count; i++) {
        bool is_next = who.count == 0 || who.first + who.count == i;
        bool is_one_name = who.count == 1 && !is_of_group(scn->agents[who.first].name, word);
        if (word.size > 0 && is_next && !is_one_name && is_of_group(scn->agents[i].name, word)) {
            who.first = who.count == 0 ? i : who.first;
            who.count++;
        }
    }
    if (who.count == 0) {
        return false;
    }
    reader->words.at++;
    *out = who;
    return true;
}

bool scn_who(struct scn_reader *reader, struct scn_who *out)
{
    return scn_who_try(reader, out) || scn_fail(reader, "the name of a phone or carrier above");
}

bool scn_method(struct scn_reader *reader, enum sip_method *out)
{
    static const struct {
        const char *word;
        enum sip_method method;
    } methods[] = {{"info", SIP_INFO},     {"message", SIP_MESSAGE}, {"update", SIP_UPDATE},
                   {"refer", SIP_REFER},   {"options", SIP_OPTIONS}, {"prack", SIP_PRACK},
                   {"notify", SIP_NOTIFY}, {"invite", SIP_INVITE},   {"bye", SIP_BYE},
                   {"cancel", SIP_CANCEL}};
    for (size_t i = 0; i < ARRAY_COUNT(methods); i++) {
        if (words_take(&reader->words, methods[i].word)) {
            *out = methods[i].method;
            return true;
        }
    }
    return scn_fail(reader, "a method (info, message, update, refer, options, ...)");
}

static bool title(struct scn_reader *reader)
{
    return scn_text(reader, reader->scn->title, sizeof(reader->scn->title));
}

static bool only(struct scn_reader *reader)
{
    if (words_take(&reader->words, "sim")) {
        reader->scn->is_sim_only = true;
        return true;
    }
    reader->scn->is_real_only = words_take(&reader->words, "real");
    return reader->scn->is_real_only || scn_fail(reader, "sim or real");
}

static bool emergency(struct scn_reader *reader)
{
    return scn_text(reader, reader->scn->emergency, sizeof(reader->scn->emergency));
}

static bool drill(struct scn_reader *reader)
{
    reader->scn->is_drill = true;
    return true;
}

static bool run_for(struct scn_reader *reader)
{
    return scn_time(reader, &reader->scn->run_us);
}

static bool phone(struct scn_reader *reader)
{
    return scn_parse_phone(reader, false);
}

static bool phones(struct scn_reader *reader)
{
    return scn_parse_phone(reader, true);
}

static bool price(struct scn_reader *reader)
{
    return scn_parse_price(reader, SCN_DECK_SELL);
}

static bool inbound(struct scn_reader *reader)
{
    return words_take(&reader->words, "price") ? scn_parse_price(reader, SCN_DECK_INBOUND)
                                               : scn_fail(reader, "price");
}

static bool statement(struct scn_reader *reader)
{
    static const struct {
        const char *word;
        bool (*parse)(struct scn_reader *reader);
    } statements[] = {{"title", title},
                      {"only", only},
                      {"drill", drill},
                      {"account", scn_parse_account},
                      {"phone", phone},
                      {"phones", phones},
                      {"carrier", scn_parse_carrier},
                      {"rule", scn_parse_rule},
                      {"number", scn_parse_number},
                      {"price", price},
                      {"inbound", inbound},
                      {"onnet", scn_parse_on_net},
                      {"emergency", emergency},
                      {"network", scn_parse_network},
                      {"at", scn_parse_at},
                      {"run", run_for},
                      {"expect", scn_parse_expect}};
    for (size_t i = 0; i < ARRAY_COUNT(statements); i++) {
        if (words_take(&reader->words, statements[i].word)) {
            if (!statements[i].parse(reader)) {
                return false;
            }
            return reader->words.at == reader->words.count ||
                   scn_fail(reader, "nothing more on this line");
        }
    }
    return scn_fail(reader, "account, phone, carrier, price, at, expect, ...");
}

/* Stable: steps of one time keep the order of their lines. */
static void sort_steps(struct scn *scn)
{
    for (int i = 1; i < scn->step_count; i++) {
        struct scn_step step = scn->steps[i];
        int at = i;
        while (at > 0 && scn->steps[at - 1].at_us > step.at_us) {
            scn->steps[at] = scn->steps[at - 1];
            at--;
        }
        scn->steps[at] = step;
    }
}

bool scn_parse(struct slice text, struct scn *out, char *error, size_t error_size)
{
    memset(out, 0, sizeof(*out));
    for (int line = 1; text.size > 0; line++) {
        struct scn_reader reader = {.scn = out, .line = line};
        if (!words_split(slice_split(&text, '\n'), &reader.words)) {
            snprintf(error, error_size, "line %d: too many words, or a quote without its end",
                     line);
            return false;
        }
        if (reader.words.count == 0 || statement(&reader)) {
            continue;
        }
        struct slice word = words_peek(&reader.words);
        snprintf(error, error_size, "line %d: \"" SLICE_FMT "\" where %s should stand", line,
                 SLICE_ARG(word.size > 0 ? word : SLICE("end of line")), reader.wanted);
        return false;
    }
    sort_steps(out);
    int64_t last_us = out->step_count > 0 ? out->steps[out->step_count - 1].at_us : 0;
    if (out->run_us == 0) {
        out->run_us = last_us + RUN_ON_US;
    }
    if (out->run_us < last_us || out->expect_count == 0) {
        snprintf(error, error_size,
                 out->expect_count == 0 ? "a scenario that expects nothing cannot fail"
                                        : "a step comes after the end of the run");
        return false;
    }
    return true;
}
