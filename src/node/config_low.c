#include "node/config_low.h"

#include "base/money.h"
#include "base/slice.h"

#include <string.h>

static bool is_currency(const char *text)
{
    return text != NULL && strlen(text) == 3 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
}

static int64_t *amount_of(struct config_low *low, const char *name)
{
    return strcmp(name, "below") == 0       ? &low->below_micro
           : strcmp(name, "topup_max") == 0 ? &low->topup_max_micro
           : strcmp(name, "topup_day") == 0 ? &low->topup_day_micro
                                            : NULL;
}

static const char *read_member(const config_setting_t *member, struct config_low *low)
{
    const char *name = config_setting_name(member);
    const char *text = config_setting_get_string(member);
    int64_t *amount = amount_of(low, name);
    int64_t micro = 0;
    if (strcmp(name, "currency") == 0) {
        if (!is_currency(text)) {
            return "a group whose currency is three capital letters, like \"EUR\"";
        }
        memcpy(low->currency, text, sizeof(low->currency));
        return NULL;
    }
    if (amount == NULL) {
        return "groups of currency, below, topup_max and topup_day";
    }
    if (text == NULL || !money_parse(slice_from_text(text), &micro) || micro < 0) {
        return "groups with amounts in quotes, like \"5.00\"";
    }
    *amount = micro;
    return NULL;
}

static const char *read_one(const config_setting_t *group, struct config_low *low,
                            const config_setting_t **at)
{
    if (!config_setting_is_group(group)) {
        return "a list of groups: ( { currency = \"EUR\"; below = \"5.00\"; } )";
    }
    for (int i = 0; i < config_setting_length(group); i++) {
        *at = config_setting_get_elem(group, (unsigned)i);
        const char *wrong = read_member(*at, low);
        if (wrong != NULL) {
            return wrong;
        }
    }
    *at = group;
    if (low->currency[0] == '\0') {
        return "groups that name their currency";
    }
    if ((low->topup_max_micro > 0) != (low->topup_day_micro > 0) ||
        low->topup_max_micro > low->topup_day_micro) {
        return "groups where topup_max and topup_day go together, topup_day at least topup_max";
    }
    return NULL;
}

const char *config_low_read(const config_setting_t *list, struct node_config *config,
                            const config_setting_t **at)
{
    int count = config_setting_length(list);
    *at = list;
    if (!config_setting_is_list(list) || count > CONFIG_LOW_MAX) {
        return "a list of up to 16 groups: ( { currency = \"EUR\"; below = \"5.00\"; } )";
    }
    for (int i = 0; i < count; i++) {
        struct config_low low = {0};
        *at = config_setting_get_elem(list, (unsigned)i);
        const char *wrong = read_one(*at, &low, at);
        if (wrong != NULL) {
            return wrong;
        }
        for (int before = 0; before < i; before++) {
            if (strcmp(config->low[before].currency, low.currency) == 0) {
                return "a list with one group for each currency";
            }
        }
        config->low[i] = low;
    }
    config->low_count = count;
    return NULL;
}
