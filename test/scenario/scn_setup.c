#include "scn_inside.h"

#include "base/money.h"

#include <stdio.h>
#include <string.h>

bool scn_parse_account(struct scn_reader *reader)
{
    struct scn *scn = reader->scn;
    if (scn->account_count == SCN_ACCOUNTS_MAX) {
        return scn_fail(reader, "fewer accounts");
    }
    struct scn_account *account = &scn->accounts[scn->account_count];
    *account = (struct scn_account){
        .grace_micro = 0, .day_micro = NO_LIMIT, .channels_max = NO_LIMIT, .cps_max = NO_LIMIT};
    if (!scn_text(reader, account->name, sizeof(account->name))) {
        return false;
    }
    while (reader->words.at < reader->words.count) {
        bool is_fine = true;
        int64_t value = 0;
        if (words_take(&reader->words, "balance")) {
            is_fine = scn_money(reader, &account->balance_micro);
        } else if (words_take(&reader->words, "grace")) {
            is_fine = scn_money(reader, &account->grace_micro);
        } else if (words_take(&reader->words, "day")) {
            is_fine = scn_money(reader, &account->day_micro);
        } else if (words_take(&reader->words, "minute")) {
            is_fine = scn_money(reader, &account->minute_micro);
        } else if (words_take(&reader->words, "ceiling")) {
            is_fine = scn_money(reader, &account->ceiling_micro);
        } else if (words_take(&reader->words, "opens")) {
            is_fine = scn_text(reader, account->opens, sizeof(account->opens));
        } else if (words_take(&reader->words, "channels")) {
            is_fine = scn_count(reader, 100000, &value);
            account->channels_max = (int32_t)value;
        } else if (words_take(&reader->words, "cps")) {
            is_fine = scn_count(reader, 100000, &value);
            account->cps_max = (int32_t)value;
        } else if (words_take(&reader->words, "new")) {
            account->is_new = true;
        } else if (words_take(&reader->words, "suspended")) {
            account->is_suspended = true;
        } else {
            is_fine = scn_fail(
                reader,
                "balance, grace, day, minute, ceiling, opens, channels, cps, new or suspended");
        }
        if (!is_fine) {
            return false;
        }
    }
    scn->account_count++;
    return true;
}

static struct scn_agent *agent_take(struct scn_reader *reader)
{
    struct scn *scn = reader->scn;
    if (scn->agent_count == SCN_AGENTS_MAX) {
        (void)scn_fail(reader, "fewer phones");
        return NULL;
    }
    struct scn_agent *agent = &scn->agents[scn->agent_count];
    *agent = (struct scn_agent){.account = -1, .target_of = -1, .expires_s = 300, .rule_count = 1};
    agent->rules[0] = words_rule_default();
    return agent;
}

static bool rule_clause(struct scn_reader *reader, struct ua_rule *rule)
{
    switch (words_rule(&reader->words, rule)) {
    case WORDS_RULE_TAKEN:
        return true;
    case WORDS_RULE_BAD:
        return scn_fail(reader, "the rest of how calls are met");
    case WORDS_RULE_NONE:
        break;
    }
    return scn_fail(reader, "a property, or how calls are met (answers after 1s, busy, ...)");
}

static bool phone_clause(struct scn_reader *reader, struct scn_agent *agent)
{
    struct words *words = &reader->words;
    int64_t value_us;
    if (words_take(words, "account")) {
        return scn_account(reader, &agent->account);
    }
    if (words_take(words, "user")) { /* another device of that endpoint */
        agent->is_second = true;
        return scn_text(reader, agent->user, sizeof(agent->user));
    }
    if (words_take(words, "identity")) {
        return scn_text(reader, agent->identity, sizeof(agent->identity));
    }
    if (words_take(words, "wrong")) {
        agent->has_wrong_password = true;
        return words_take(words, "password") || scn_fail(reader, "password");
    }
    if (words_take(words, "expires")) {
        bool is_fine = scn_time(reader, &value_us);
        agent->expires_s = is_fine ? (uint32_t)(value_us / 1000000) : 0;
        return is_fine;
    }
    if (words_take(words, "unregistered")) {
        agent->stays_away = true;
        return true;
    }
    if (words_take(words, "tcp")) {
        agent->is_tcp = true;
        return true;
    }
    if (words_take(words, "ipv6")) {
        agent->is_ipv6 = true;
        return true;
    }
    return rule_clause(reader, &agent->rules[0]);
}

/* "caller 1..100": the same phone that many times. */
static bool group_next(struct scn_reader *reader, int64_t *from, int64_t *to)
{
    struct slice word = words_peek(&reader->words);
    struct slice last = word;
    struct slice first = slice_split(&last, '.');
    if (last.size < 2 || last.data[0] != '.' || !words_number(first, SCN_AGENTS_MAX, from) ||
        !words_number(slice_skip(last, 1), SCN_AGENTS_MAX, to) || *from > *to) {
        return scn_fail(reader, "a range (1..10)");
    }
    reader->words.at++;
    return true;
}

bool scn_parse_phone(struct scn_reader *reader, bool is_group)
{
    struct scn *scn = reader->scn;
    char name[SCN_NAME_SIZE - 8];
    int64_t from = 0, to = 0;
    struct scn_agent *agent = agent_take(reader);
    if (agent == NULL || !scn_text(reader, name, sizeof(name)) ||
        (is_group && !group_next(reader, &from, &to))) {
        return false;
    }
    while (reader->words.at < reader->words.count) {
        if (!phone_clause(reader, agent)) {
            return false;
        }
    }
    if (agent->account < 0) {
        return scn_fail(reader, "account NAME");
    }
    struct scn_agent model = *agent;
    for (int64_t i = from; i <= to; i++) {
        agent = agent_take(reader);
        if (agent == NULL) {
            return false;
        }
        *agent = model;
        if (is_group) {
            snprintf(agent->name, sizeof(agent->name), "%s%d", name, (int)i);
        } else {
            snprintf(agent->name, sizeof(agent->name), "%s", name);
        }
        if (!agent->is_second) {
            snprintf(agent->user, sizeof(agent->user), "%s", agent->name);
        }
        snprintf(agent->password, sizeof(agent->password), "pw-%s", agent->user);
        scn->agent_count++;
    }
    return true;
}

static bool carrier_clause(struct scn_reader *reader, struct scn_agent *agent)
{
    struct words *words = &reader->words;
    int64_t value;
    if (words_take(words, "prefix")) {
        agent->has_prefix = true;
        return scn_text(reader, agent->prefix, sizeof(agent->prefix));
    }
    if (words_take(words, "priority")) {
        bool is_fine = scn_count(reader, 1000, &value);
        agent->priority = is_fine ? (int32_t)value : 0;
        return is_fine;
    }
    if (words_take(words, "cps")) {
        bool is_fine = scn_count(reader, 100000, &value);
        agent->cps_limit = is_fine ? (int32_t)value : 0;
        return is_fine;
    }
    if (words_take(words, "costs")) {
        return scn_parse_cost(reader, reader->scn->agent_count);
    }
    if (words_take(words, "account")) { /* a customer's own trunk */
        return scn_account(reader, &agent->account);
    }
    if (words_take(words, "target")) {
        struct scn_who who;
        if (!words_take(words, "of") || !scn_who(reader, &who)) {
            return scn_fail(reader, "of, and the name of a carrier above");
        }
        agent->target_of = who.first;
        reader->scn->agents[who.first].is_named = true;
        return true;
    }
    if (words_take(words, "challenges")) {
        return scn_text(reader, agent->trunk_user, sizeof(agent->trunk_user)) &&
               scn_text(reader, agent->trunk_password, sizeof(agent->trunk_password));
    }
    if (words_take(words, "identity")) {
        return scn_text(reader, agent->identity, sizeof(agent->identity));
    }
    if (words_take(words, "emergency")) {
        agent->takes_emergency = true;
        return true;
    }
    if (words_take(words, "dead")) {
        agent->is_dead = true;
        return true;
    }
    if (words_take(words, "tcp")) {
        agent->is_tcp = true;
        return true;
    }
    if (words_take(words, "ipv6")) {
        agent->is_ipv6 = true;
        return true;
    }
    return rule_clause(reader, &agent->rules[0]);
}

bool scn_parse_carrier(struct scn_reader *reader)
{
    struct scn_agent *agent = agent_take(reader);
    if (agent == NULL || !scn_text(reader, agent->name, sizeof(agent->name))) {
        return false;
    }
    agent->is_carrier = true;
    agent->priority = 10;
    memcpy(agent->user, agent->name, sizeof(agent->user));
    while (reader->words.at < reader->words.count) {
        if (!carrier_clause(reader, agent)) {
            return false;
        }
    }
    reader->scn->agent_count++;
    return true;
}

bool scn_parse_rule(struct scn_reader *reader)
{
    struct scn_who who;
    if (!scn_who(reader, &who)) {
        return false;
    }
    struct scn_agent *agent = &reader->scn->agents[who.first];
    if (agent->rule_count == UA_RULES_MAX || !words_take(&reader->words, "to")) {
        return scn_fail(reader, "to SUFFIX");
    }
    struct ua_rule *rule = &agent->rules[agent->rule_count];
    *rule = words_rule_default();
    if (!scn_text(reader, rule->suffix, sizeof(rule->suffix))) {
        return false;
    }
    while (reader->words.at < reader->words.count) {
        if (!rule_clause(reader, rule)) {
            return false;
        }
    }
    agent->rule_count++;
    return true;
}

bool scn_parse_number(struct scn_reader *reader)
{
    struct scn *scn = reader->scn;
    struct scn_who who;
    if (scn->number_count == SCN_NUMBERS_MAX) {
        return scn_fail(reader, "fewer numbers");
    }
    struct scn_number *number = &scn->numbers[scn->number_count];
    if (!scn_text(reader, number->digits, sizeof(number->digits))) {
        return false;
    }
    if (!words_take(&reader->words, "account") || !scn_account(reader, &number->account)) {
        return scn_fail(reader, "account NAME");
    }
    if (!words_take(&reader->words, "to") || !scn_who(reader, &who)) {
        return scn_fail(reader, "to PHONE");
    }
    number->agent = who.first;
    scn->number_count++;
    return true;
}

/* "1.00 per second|minute [fee 0.10] [increments 60/60] [minimum 0.10] [free 30s] [steps TEXT]
 * [window TEXT] [from DATE]" */
static bool price_rest(struct scn_reader *reader, struct scn_price *price)
{
    int64_t nano;
    if (!money_parse_nano(words_peek(&reader->words), &nano)) {
        return scn_fail(reader, "a price (0.60)");
    }
    reader->words.at++;
    if (!words_take(&reader->words, "per")) {
        return scn_fail(reader, "per");
    }
    if (words_take(&reader->words, "second")) {
        nano *= 60;
    } else if (!words_take(&reader->words, "minute")) {
        return scn_fail(reader, "second or minute");
    }
    price->nano_per_min = nano;
    price->first_s = price->next_s = 1;
    while (reader->words.at < reader->words.count) {
        int64_t first, next;
        struct slice rest;
        if (words_take(&reader->words, "fee")) {
            if (!scn_money(reader, &price->fee_micro)) {
                return false;
            }
        } else if (words_take(&reader->words, "prefix")) {
            if (!scn_text(reader, price->prefix, sizeof(price->prefix))) {
                return false;
            }
        } else if (words_take(&reader->words, "minimum")) {
            if (!scn_money(reader, &price->minimum_micro)) {
                return false;
            }
        } else if (words_take(&reader->words, "free")) {
            int64_t free_us;
            if (!scn_time(reader, &free_us)) {
                return false;
            }
            price->free_s = free_us / 1000000;
        } else if (words_take(&reader->words, "steps")) {
            if (!scn_text(reader, price->steps, sizeof(price->steps))) {
                return false;
            }
        } else if (words_take(&reader->words, "window")) {
            if (!scn_text(reader, price->window, sizeof(price->window))) {
                return false;
            }
        } else if (words_take(&reader->words, "from")) {
            if (!scn_text(reader, price->effective, sizeof(price->effective))) {
                return false;
            }
        } else if (words_take(&reader->words, "increments")) {
            rest = words_peek(&reader->words);
            if (!words_number(slice_split(&rest, '/'), 3600, &first) ||
                !words_number(rest, 3600, &next)) {
                return scn_fail(reader, "increments (60/1)");
            }
            reader->words.at++;
            price->first_s = (int)first;
            price->next_s = (int)next;
        } else {
            return scn_fail(reader,
                            "prefix, fee, increments, minimum, free, steps, window or from");
        }
    }
    return true;
}

bool scn_parse_price(struct scn_reader *reader, enum scn_deck deck)
{
    struct scn *scn = reader->scn;
    if (scn->price_count == SCN_PRICES_MAX) {
        return scn_fail(reader, "fewer prices");
    }
    struct scn_price *price = &scn->prices[scn->price_count];
    *price = (struct scn_price){.deck = deck};
    if (!price_rest(reader, price)) {
        return false;
    }
    scn->price_count++;
    return true;
}

/* The rest of a carrier's line: a price that it charges. */
bool scn_parse_cost(struct scn_reader *reader, int agent)
{
    if (!scn_parse_price(reader, SCN_DECK_COST)) {
        return false;
    }
    reader->scn->prices[reader->scn->price_count - 1].agent = agent;
    return true;
}

bool scn_parse_on_net(struct scn_reader *reader)
{
    if (!words_take(&reader->words, "price")) {
        return scn_fail(reader, "price");
    }
    reader->scn->on_net = (struct scn_price){0};
    return price_rest(reader, &reader->scn->on_net);
}

static bool percent(struct scn_reader *reader, uint32_t *out_ppm)
{
    struct slice word = words_peek(&reader->words);
    int64_t value;
    if (word.size < 2 || word.data[word.size - 1] != '%' ||
        !words_number(slice_head(word, word.size - 1), 100, &value)) {
        return scn_fail(reader, "a share (5%)");
    }
    reader->words.at++;
    *out_ppm = (uint32_t)value * 10000;
    return true;
}

bool scn_parse_network(struct scn_reader *reader)
{
    struct scn_network *network = &reader->scn->network;
    while (reader->words.at < reader->words.count) {
        bool is_fine;
        if (words_take(&reader->words, "loss")) {
            is_fine = percent(reader, &network->loss_ppm);
        } else if (words_take(&reader->words, "repeat")) {
            is_fine = percent(reader, &network->repeat_ppm);
        } else if (words_take(&reader->words, "reorder")) {
            is_fine = percent(reader, &network->reorder_ppm);
        } else if (words_take(&reader->words, "delay")) {
            is_fine = scn_time(reader, &network->delay_us);
        } else {
            is_fine = scn_fail(reader, "loss, repeat, reorder or delay");
        }
        if (!is_fine) {
            return false;
        }
    }
    return true;
}

static bool has_more(const struct scn_price *price)
{
    return price->minimum_micro > 0 || price->free_s > 0 || price->steps[0] != 0 ||
           price->window[0] != 0 || price->effective[0] != 0;
}

/* With a row for every digit, so that a price without a prefix prices every number. */
static void price_row(struct buf *out, const struct scn_price *price, const char *prefix,
                      bool is_long)
{
    buf_printf(out, "%s,", prefix);
    money_write_nano(out, price->nano_per_min);
    buf_text(out, ",");
    money_write(out, price->fee_micro);
    buf_printf(out, ",%d,%d", price->first_s, price->next_s);
    if (is_long) {
        buf_text(out, ",");
        money_write(out, price->minimum_micro);
        buf_printf(out, ",%d,%s,%s,%s", (int)price->free_s, price->steps, price->window,
                   price->effective);
    }
    buf_text(out, "\n");
}

static bool is_in(const struct scn_price *price, enum scn_deck deck, int agent)
{
    return price->deck == deck && (deck != SCN_DECK_COST || price->agent == agent);
}

static void write_csv(const struct scn *scn, enum scn_deck deck, int agent, struct buf *out)
{
    bool has_any = false;
    bool is_long = false;
    for (int i = 0; i < scn->price_count; i++) {
        is_long = is_long || (is_in(&scn->prices[i], deck, agent) && has_more(&scn->prices[i]));
    }
    for (int i = 0; i < scn->price_count; i++) {
        const struct scn_price *price = &scn->prices[i];
        if (!is_in(price, deck, agent)) {
            continue;
        }
        if (!has_any) {
            buf_text(out, "prefix,rate,connection_fee,first_increment,next_increment");
            buf_text(out, is_long ? ",minimum_charge,free_seconds,steps,window,effective\n" : "\n");
            has_any = true;
        }
        for (char digit = '0'; price->prefix[0] == 0 && digit <= '9'; digit++) {
            price_row(out, price, (char[]){digit, 0}, is_long);
        }
        if (price->prefix[0] != 0) {
            price_row(out, price, price->prefix, is_long);
        }
    }
}

void scn_deck_csv(const struct scn *scn, enum scn_deck deck, struct buf *out)
{
    write_csv(scn, deck, 0, out);
}

void scn_cost_csv(const struct scn *scn, int agent, struct buf *out)
{
    write_csv(scn, SCN_DECK_COST, agent, out);
}
