/* low_answer.h - what the operator's server answered to a low balance: add so much, or nothing. */
#ifndef DT_API_LOW_ANSWER_H
#define DT_API_LOW_ANSWER_H

#include "api/api.h"
#include "store/low_balance.h"

enum low_verdict {
    LOW_NOTHING = 0, /* heard; nothing is to be added */
    LOW_TOPUP,       /* topup_micro is to be added */
    LOW_REFUSED      /* an amount that cannot be added: note says why */
};
struct low_answer {
    enum low_verdict verdict;
    int64_t topup_micro;
    char note[CROSSING_NOTE_SIZE]; /* the reference; of a refusal: why */
};

/* The body of an answer with a status of 2xx. `terms` are of the account's currency; NULL: it has
 * none, and nothing may be added. A body that is no JSON object, or has no "amount", adds nothing.
 */
void low_answer_read(struct slice body, const char *currency, const struct api_low_terms *terms,
                     struct low_answer *out);

#endif
