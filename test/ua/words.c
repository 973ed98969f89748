#include "words.h"

#include <string.h>

bool words_split(struct slice line, struct words *out)
{
    *out = (struct words){0};
    size_t at = 0;
    for (;;) {
        while (at < line.size && (line.data[at] == ' ' || line.data[at] == '\t' ||
                                  line.data[at] == '\r' || line.data[at] == '\n')) {
            at++;
        }
        if (at == line.size || line.data[at] == '#') {
            return true;
        }
        if (out->count == WORDS_MAX) {
            return false;
        }
        size_t start = at;
        if (line.data[at] == '"') {
            struct slice rest = slice_skip(line, at + 1);
            size_t size = slice_find(rest, '"');
            if (size == rest.size) {
                return false;
            }
            out->list[out->count++] = slice_head(rest, size);
            at += size + 2;
            continue;
        }
        while (at < line.size && strchr(" \t\r\n#", line.data[at]) == NULL) {
            at++;
        }
        out->list[out->count++] = slice_make(line.data + start, at - start);
    }
}

struct slice words_peek(const struct words *words)
{
    return words->at < words->count ? words->list[words->at] : (struct slice){0};
}

bool words_is(const struct words *words, const char *text)
{
    return words->at < words->count && slice_equal(words->list[words->at], slice_from_text(text));
}

bool words_take(struct words *words, const char *text)
{
    bool is_it = words_is(words, text);
    words->at += is_it;
    return is_it;
}

struct slice words_next(struct words *words)
{
    struct slice word = words_peek(words);
    words->at += words->at < words->count;
    return word;
}

bool words_number(struct slice text, int64_t max, int64_t *out)
{
    uint64_t value;
    if (!slice_to_u64(text, (uint64_t)max, &value)) {
        return false;
    }
    *out = (int64_t)value;
    return true;
}

bool words_duration(struct slice text, int64_t *out_us)
{
    size_t digits = 0;
    while (digits < text.size &&
           ((text.data[digits] >= '0' && text.data[digits] <= '9') || text.data[digits] == '.')) {
        digits++;
    }
    struct slice unit = slice_skip(text, digits);
    struct slice fraction = slice_head(text, digits);
    struct slice whole = slice_split(&fraction, '.');
    int64_t unit_us = 0;
    if (slice_equal(unit, SLICE("s"))) {
        unit_us = 1000000;
    } else if (slice_equal(unit, SLICE("ms"))) {
        unit_us = 1000;
    } else if (slice_equal(unit, SLICE("m"))) {
        unit_us = 60000000;
    }
    int64_t value, part = 0, scale = 1;
    if (unit_us == 0 || !words_number(whole, 1000000, &value) || fraction.size > 3 ||
        (fraction.size > 0 && !words_number(fraction, 999, &part))) {
        return false;
    }
    for (size_t i = 0; i < fraction.size; i++) {
        scale *= 10;
    }
    *out_us = value * unit_us + part * (unit_us / scale);
    return true;
}

bool words_address(struct slice text, struct ua_address *out)
{
    size_t colon = text.size;
    for (size_t i = 0; i < text.size; i++) {
        colon = text.data[i] == ':' ? i : colon;
    }
    int64_t port;
    if (colon == text.size || !words_number(slice_skip(text, colon + 1), 65535, &port)) {
        return false;
    }
    struct slice host = slice_head(text, colon);
    if (host.size > 2 && host.data[0] == '[' && host.data[host.size - 1] == ']') {
        host = slice_make(host.data + 1, host.size - 2);
    }
    struct ua_address address = {.port = (uint16_t)port};
    if (host.size == 0 || !slice_copy_text(host, address.host, sizeof(address.host))) {
        return false;
    }
    *out = address;
    return true;
}

struct ua_rule words_rule_default(void)
{
    return (struct ua_rule){.answer_after_us = 1000000};
}

static enum words_rule duration_after(struct words *words, int64_t *out_us)
{
    if (!words_take(words, "after") || !words_duration(words_peek(words), out_us)) {
        return WORDS_RULE_BAD;
    }
    words->at++;
    return WORDS_RULE_TAKEN;
}

static enum words_rule refusal(struct words *words, struct ua_rule *rule)
{
    int64_t status;
    if (!words_number(words_peek(words), 699, &status) || status < 300) {
        return WORDS_RULE_BAD;
    }
    words->at++;
    rule->how = UA_REJECT;
    rule->status = (int)status;
    rule->answer_after_us = 100000;
    return words_is(words, "after") ? duration_after(words, &rule->answer_after_us)
                                    : WORDS_RULE_TAKEN;
}

/* A clause of two fixed words. */
static enum words_rule second(struct words *words, const char *text)
{
    return words_take(words, text) ? WORDS_RULE_TAKEN : WORDS_RULE_BAD;
}

enum words_rule words_rule(struct words *words, struct ua_rule *rule)
{
    if (words_take(words, "answers")) {
        rule->how = UA_ANSWER;
        return duration_after(words, &rule->answer_after_us);
    }
    if (words_take(words, "refuses")) {
        return refusal(words, rule);
    }
    if (words_take(words, "busy")) {
        rule->how = UA_REJECT;
        rule->status = 486;
        rule->answer_after_us = 100000;
        return WORDS_RULE_TAKEN;
    }
    if (words_take(words, "rings")) {
        if (words_take(words, "only")) {
            rule->how = UA_RING_ONLY;
            return WORDS_RULE_TAKEN;
        }
        return duration_after(words, &rule->ring_after_us);
    }
    if (words_take(words, "silent")) {
        rule->how = UA_SILENT;
        return WORDS_RULE_TAKEN;
    }
    if (words_take(words, "never")) {
        rule->ring_after_us = UA_NEVER;
        return second(words, "rings");
    }
    if (words_take(words, "early")) {
        rule->has_early_media = true;
        return second(words, "media");
    }
    if (words_take(words, "reliably")) {
        rule->is_reliable = true;
        return WORDS_RULE_TAKEN;
    }
    if (words_take(words, "ignores")) {
        rule->is_deaf_to_cancel = true;
        return second(words, "cancel");
    }
    if (words_take(words, "hangs")) {
        return words_take(words, "up") ? duration_after(words, &rule->hangup_after_us)
                                       : WORDS_RULE_BAD;
    }
    return WORDS_RULE_NONE;
}
