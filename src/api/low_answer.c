#include "api/low_answer.h"

#include "base/money.h"

#include <stdio.h>
#include <string.h>

static void refuse(struct low_answer *out, const char *why)
{
    *out = (struct low_answer){.verdict = LOW_REFUSED};
    snprintf(out->note, sizeof(out->note), "%s", why);
}

static void read_amount(const json_t *object, const char *currency,
                        const struct api_low_terms *terms, struct low_answer *out)
{
    const json_t *amount = json_object_get(object, "amount");
    const json_t *given = json_object_get(object, "currency");
    const json_t *reference = json_object_get(object, "reference");
    int64_t micro = 0;
    if (!json_is_string(amount) ||
        !money_parse(slice_from_text(json_string_value(amount)), &micro) || micro <= 0) {
        refuse(out, "\"amount\" is a text like \"25.00\", more than zero");
    } else if (given != NULL &&
               (!json_is_string(given) || strcmp(json_string_value(given), currency) != 0)) {
        refuse(out, "it is in another currency than the account");
    } else if (reference != NULL &&
               !(json_is_string(reference) && json_string_length(reference) < sizeof(out->note))) {
        refuse(out, "\"reference\" is a text of at most 159 bytes");
    } else if (terms == NULL || terms->topup_max_micro == 0) {
        refuse(out, "dialtone.conf lets answers add nothing in this currency");
    } else if (micro > terms->topup_max_micro) {
        refuse(out, "it is more than one answer may add");
    } else {
        *out = (struct low_answer){.verdict = LOW_TOPUP, .topup_micro = micro};
        snprintf(out->note, sizeof(out->note), "%s",
                 reference == NULL ? "" : json_string_value(reference));
    }
}

void low_answer_read(struct slice body, const char *currency, const struct api_low_terms *terms,
                     struct low_answer *out)
{
    json_t *object =
        body.size == 0 ? NULL : json_loadb(body.data, body.size, JSON_REJECT_DUPLICATES, NULL);
    *out = (struct low_answer){0};
    if (json_is_object(object) && !json_is_null(json_object_get(object, "amount")) &&
        json_object_get(object, "amount") != NULL) {
        read_amount(object, currency, terms, out);
    }
    json_decref(object);
}
