#include "phones.h"

#include <stdio.h>
#include <string.h>

static bool text_next(struct words *words, char *field, size_t size)
{
    return words->at < words->count && slice_copy_text(words_next(words), field, size);
}

static int agent_find(const struct phones_file *file, struct slice name)
{
    for (int i = 0; i < file->agent_count; i++) {
        if (slice_equal(name, slice_from_text(file->agents[i].config.user))) {
            return i;
        }
    }
    return -1;
}

static bool port_next(struct words *words, uint16_t *port)
{
    int64_t value;
    if (!words_number(words_next(words), 65535, &value)) {
        return false;
    }
    *port = (uint16_t)value;
    return true;
}

static bool agent_parse(struct phones_file *file, struct words *words, bool is_carrier)
{
    if (file->agent_count == PHONES_AGENTS_MAX) {
        return false;
    }
    struct phones_agent *agent = &file->agents[file->agent_count];
    *agent = (struct phones_agent){.is_carrier = is_carrier, .rule_count = 1};
    agent->rules[0] = words_rule_default();
    agent->config.is_any_user = is_carrier;
    agent->config.expires_s = 120;
    agent->config.call_count_max = is_carrier ? 256 : 32;
    agent->config.follows_refer = agent->config.has_100rel = true;
    if (!text_next(words, agent->config.user, sizeof(agent->config.user))) {
        return false;
    }
    while (words->at < words->count) {
        bool is_fine = true;
        int64_t expires_us;
        if (words_take(words, "password")) {
            is_fine = text_next(words, agent->config.password, sizeof(agent->config.password));
        } else if (words_take(words, "tcp")) {
            agent->config.local.is_tcp = true;
        } else if (words_take(words, "port")) {
            is_fine = port_next(words, &agent->config.local.port);
        } else if (words_take(words, "expires")) {
            is_fine = words_duration(words_next(words), &expires_us);
            agent->config.expires_s = is_fine ? (uint32_t)(expires_us / 1000000) : 0;
        } else {
            is_fine = words_rule(words, &agent->rules[0]) == WORDS_RULE_TAKEN;
        }
        if (!is_fine) {
            return false;
        }
    }
    file->agent_count++;
    return true;
}

static bool rule_parse(struct phones_file *file, struct words *words)
{
    int index = agent_find(file, words_next(words));
    if (index < 0 || file->agents[index].rule_count == UA_RULES_MAX || !words_take(words, "to")) {
        return false;
    }
    struct phones_agent *agent = &file->agents[index];
    struct ua_rule *rule = &agent->rules[agent->rule_count];
    *rule = words_rule_default();
    if (!text_next(words, rule->suffix, sizeof(rule->suffix))) {
        return false;
    }
    while (words->at < words->count) {
        if (words_rule(words, rule) != WORDS_RULE_TAKEN) {
            return false;
        }
    }
    agent->rule_count++;
    return true;
}

static bool plan_parse(struct phones_file *file, struct words *words)
{
    if (file->plan_count == PHONES_PLANS_MAX) {
        return false;
    }
    struct phones_plan *plan = &file->plans[file->plan_count];
    *plan = (struct phones_plan){.agent = agent_find(file, words_next(words))};
    if (plan->agent < 0 || !words_take(words, "to") ||
        !text_next(words, plan->to, sizeof(plan->to)) || !words_take(words, "every") ||
        !words_duration(words_next(words), &plan->every_us) || !words_take(words, "for") ||
        !words_duration(words_next(words), &plan->hold_us) || plan->every_us == 0) {
        return false;
    }
    file->plan_count++;
    return true;
}

static bool line_parse(struct phones_file *file, struct words *words)
{
    if (words_take(words, "registrar")) {
        return words_address(words_next(words), &file->registrar);
    }
    if (words_take(words, "domain")) {
        return text_next(words, file->domain, sizeof(file->domain));
    }
    if (words_take(words, "bind")) {
        return text_next(words, file->bind, sizeof(file->bind));
    }
    if (words_take(words, "audio")) {
        file->has_audio = words_is(words, "on");
        return words_take(words, "on") || words_take(words, "off");
    }
    if (words_take(words, "phone")) {
        return agent_parse(file, words, false);
    }
    if (words_take(words, "carrier")) {
        return agent_parse(file, words, true);
    }
    if (words_take(words, "rule")) {
        return rule_parse(file, words);
    }
    return words_take(words, "calls") && plan_parse(file, words);
}

/* What stands for all agents may stand anywhere in the file, so it is filled in at the end. */
static void fill_in(struct phones_file *file)
{
    for (int i = 0; i < file->agent_count; i++) {
        struct ua_config *config = &file->agents[i].config;
        memcpy(config->domain, file->domain, sizeof(config->domain));
        memcpy(config->local.host, file->bind, sizeof(config->local.host));
        bool is_tcp = config->local.is_tcp;
        config->proxy = file->registrar;
        config->proxy.is_tcp = is_tcp;
        config->seed = (uint64_t)i + 1;
    }
}

bool phones_file_parse(struct slice text, struct phones_file *out, char *error, size_t error_size)
{
    *out = (struct phones_file){.bind = "127.0.0.1", .domain = "localhost"};
    for (int line = 1; text.size > 0; line++) {
        struct words words;
        struct slice bytes = slice_split(&text, '\n');
        if (!words_split(bytes, &words)) {
            snprintf(error, error_size, "line %d: too many words, or a quote without its end",
                     line);
            return false;
        }
        if (words.count == 0) {
            continue;
        }
        if (!line_parse(out, &words) || words.at < words.count) {
            int at = words.at < words.count ? words.at : words.count - 1;
            snprintf(error, error_size, "line %d: cannot be read, at or before \"" SLICE_FMT "\"",
                     line, SLICE_ARG(words.list[at]));
            return false;
        }
    }
    if (out->registrar.port == 0 && out->agent_count > 0) {
        snprintf(error, error_size, "no line \"registrar ADDRESS:PORT\"");
        return false;
    }
    fill_in(out);
    return true;
}
